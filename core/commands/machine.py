"""Commands about this machine: doctor and backbones."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.backbones import REGISTRY, BackboneSpec
from core.cli import DONE, NOTHING_DONE
from core.doctor import MISSING, WORKS, examine
from core.errors import WeightsError
from core.weights import find_weights


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    doctor = commands.add_parser("doctor", parents=[common], help="what works on this machine, what is missing")
    doctor.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")
    doctor.set_defaults(run=_doctor)
    backbones = commands.add_parser("backbones", parents=[common], help="the backbones and what is at hand")
    backbones.set_defaults(run=_backbones)


def _doctor(options: argparse.Namespace) -> int:
    missing = 0
    for finding in examine(options.workspace):
        missing += finding.state == MISSING
        print(f"{finding.state:9} {finding.name:28} {finding.detail}", flush=True)
        if finding.state != WORKS and finding.remedy:
            print(f"{'':9} {'':28} → {finding.remedy}", flush=True)
    if missing:
        print(f"\n{missing} needed part(s) are missing; the arrows say what brings them.")
        return NOTHING_DONE
    print("\nEverything that is needed works.")
    return DONE


def _backbones(options: argparse.Namespace) -> int:
    del options
    print(f"{'name':20} {'D':>5} {'pixels':>6} {'sizes':>9}  {'licence':52} weights")
    for spec in REGISTRY.values():
        sizes = f"n x {spec.patch_size}" if spec.patch_size else "any"
        print(
            f"{spec.name:20} {spec.dimensions:>5} {spec.image_size:>6} {sizes:>9}  {spec.licence:52} {_at_hand(spec)}",
            flush=True,
        )
    print("\nMethods:")
    for citation in dict.fromkeys(spec.citation for spec in REGISTRY.values()):
        names = ", ".join(spec.name for spec in REGISTRY.values() if spec.citation == citation)
        print(f"  {names}: {citation}")
    print(
        "\nAny other name that timm knows works as well; A+B joins two. docs/backbones.md tells how to bring weights."
    )
    return DONE


def _at_hand(spec: BackboneSpec) -> str:
    if not spec.is_network:
        return "none needed"
    try:
        return find_weights(spec, download=False).source
    except WeightsError:
        return "not on this machine"
