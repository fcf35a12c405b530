"""Commands about this machine and the state of a workspace: doctor, repair, backbones."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.backbones import REGISTRY, BackboneSpec, find_weights
from core.cli.console import DONE, NOTHING_DONE, SOME_PASSED_OVER, add_command, progress_of, say, whole_number
from core.doctor import MISSING, WORKS, examine_machine, examine_workspace, repair_workspace
from core.foundation import InputError, WeightsError
from core.pipeline import default_workers
from core.workspace import open_workspace


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    doctor = add_command(commands, "doctor", common)
    doctor.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")
    doctor.set_defaults(run=_doctor)
    repair = add_command(commands, "repair", common)
    repair.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")
    repair.add_argument("--dry-run", action="store_true", help="print what is damaged, and repair nothing")
    repair.add_argument(
        "--workers", type=whole_number, help="number of child processes that read files (one fewer than processors)"
    )
    repair.set_defaults(run=_repair)
    backbones = add_command(commands, "backbones", common)
    backbones.set_defaults(run=_backbones)


def _doctor(options: argparse.Namespace) -> int:
    missing = 0
    for finding in examine_machine(options.workspace):
        missing += finding.state == MISSING
        print(f"{finding.state:9} {finding.name:28} {finding.detail}", flush=True)
        if finding.state != WORKS and finding.remedy:
            print(f"{'':9} {'':28} → {finding.remedy}", flush=True)
    if missing:
        print(f"\n{missing} needed part(s) are missing; the arrows show how to get them.")
        return NOTHING_DONE
    print("\nEverything that is needed works.")
    return DONE


def _repair(options: argparse.Namespace) -> int:
    if not options.workspace.is_dir():
        raise InputError(
            "There is no workspace {path}.", advice="Give the folder of one with --workspace.", path=options.workspace
        )
    workspace = open_workspace(options.workspace)
    if options.dry_run:
        found = examine_workspace(workspace)
    else:
        workers = default_workers() if options.workers is None else options.workers
        result = repair_workspace(workspace, workers=workers, progress=progress_of(options))
        found = result.left
        for sentence in result.done:
            say(options, sentence)
    for damage in found:
        print(f"{damage.place}: {damage.problem} {damage.remedy}", file=sys.stderr)
    if found:
        return SOME_PASSED_OVER
    say(options, f"The workspace {workspace.root} is undamaged.")
    return DONE


def _backbones(options: argparse.Namespace) -> int:
    del options
    print(f"{'name':20} {'D':>5} {'pixels':>6} {'sizes':>9}  {'licence':52} weights")
    for spec in REGISTRY.values():
        sizes = f"n x {spec.patch_size}" if spec.patch_size else "any"
        print(
            f"{spec.name:20} {spec.dimensions:>5} {spec.image_size:>6} {sizes:>9}  {spec.licence:52} "
            f"{_weights_source(spec)}",
            flush=True,
        )
    print("\nMethods:")
    for citation in dict.fromkeys(spec.citation for spec in REGISTRY.values()):
        names = ", ".join(spec.name for spec in REGISTRY.values() if spec.citation == citation)
        print(f"  {names}: {citation}")
    print("\nAny other name that timm knows works as well; A+B joins two. docs/backbones.md says how to get weights.")
    return DONE


def _weights_source(spec: BackboneSpec) -> str:
    if not spec.is_network:
        return "none needed"
    try:
        return find_weights(spec, download=False).source
    except WeightsError:
        return "not on this machine"
