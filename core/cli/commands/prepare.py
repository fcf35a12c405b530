"""Commands from meshes to embeddings: samples, render, extract, pool, run."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from core.cli import flags, recipes
from core.cli.console import DONE, add_command, log_into, progress_of, report, say, whole_number
from core.cli.job_progress import add_job_flag, as_job
from core.features import TOKENS_FOLDER, open_extractor
from core.foundation import Progress
from core.pipeline import (
    RunSettings,
    default_workers,
    extract_folder,
    pool_folder,
    read_recipe,
    render_folder,
    run_pipeline,
)
from core.storage import decode_text
from core.workspace import open_workspace


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    _add_samples(commands, common)
    _add_render(commands, common)
    _add_extract(commands, common)
    _add_pool(commands, common)
    _add_run(commands, common)


def _add_samples(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "samples", common)
    parser.add_argument("--out", type=Path, default=Path("data/meshes"), help="output folder (data/meshes)")
    parser.add_argument("--per-category", type=whole_number, default=8, help="specimens in each category (8)")
    parser.add_argument("--overwrite", action="store_true", help="make existing specimens again")
    parser.set_defaults(run=_samples)


def _samples(options: argparse.Namespace) -> int:
    from core.collection import SampleSettings, make_samples

    settings = SampleSettings(per_category=options.per_category, seed=options.seed)
    result = make_samples(options.out, settings, progress=progress_of(options), overwrite=options.overwrite)
    if result.written:
        say(options, f"Samples: {len(result.written)} specimens made, {result.skipped_existing} were already there.")
        say(options, f"Their parameters: {result.metadata_path}")
    else:
        say(options, f"Samples: nothing to do, all {result.skipped_existing} are already in {options.out}")
    return DONE


def _add_render(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "render", common)
    parser.add_argument(
        "--in", dest="meshes", type=Path, default=Path("data/meshes"), help="folder of scans (data/meshes)"
    )
    parser.add_argument("--out", type=Path, default=Path("data/renders"), help="output folder (data/renders)")
    flags.add_view_flags(parser, size=768)
    _add_worker_flags(parser)
    parser.set_defaults(run=_render)


def _render(options: argparse.Namespace) -> int:
    settings = flags.view_settings(options)
    log_into(options.out / "render.log")
    stage = render_folder(
        options.meshes,
        options.out,
        settings,
        workers=default_workers(alone=True) if options.workers is None else options.workers,
        overwrite=options.overwrite,
        progress=progress_of(options),
    )
    return report(options, stage, "Render", options.out)


def _add_extract(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "extract", common)
    parser.add_argument("--renders", type=Path, default=Path("data/renders"), help="folder of views (data/renders)")
    parser.add_argument("--out", type=Path, default=Path("data/features"), help="output folder (data/features)")
    flags.add_feature_flags(parser, model="dinov2_vits14")
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_extract)


def _extract(options: argparse.Namespace) -> int:
    settings = flags.feature_settings(options)
    log_into(options.out / "extract.log")
    extractor = open_extractor(settings)
    stage = extract_folder(
        options.renders,
        options.out,
        extractor,
        tokens=options.out / TOKENS_FOLDER if options.dense else None,
        overwrite=options.overwrite,
        progress=progress_of(options),
    )
    say(options, f"Backbone: {_backbone_line(extractor.identity)}")
    return report(options, stage, "Extract", options.out)


def _add_pool(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "pool", common)
    parser.add_argument(
        "--features", type=Path, default=Path("data/features"), help="folder of view features (data/features)"
    )
    parser.add_argument("--out", type=Path, default=Path("data/embeddings"), help="output folder (data/embeddings)")
    flags.add_pool_flag(parser)
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_pool)


def _pool(options: argparse.Namespace) -> int:
    log_into(options.out / "pool.log")
    stage = pool_folder(
        options.features, options.out, options.pool, overwrite=options.overwrite, progress=progress_of(options)
    )
    return report(options, stage, "Pool", options.out)


def _add_run(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "run", common)
    parser.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")
    parser.add_argument("--name", default="", help="name of the run (made from backbone, views and size)")
    parser.add_argument("--in", dest="meshes", type=Path, help="folder of scans (the workspace's meshes)")
    parser.add_argument(
        "--keep-renders", action=argparse.BooleanOptionalAction, help="keep the views as files (if 768 px or larger)"
    )
    parser.add_argument(
        "--only", type=Path, metavar="FILE", help="process only the specimen ids in this file, one a line"
    )
    add_job_flag(parser)
    flags.add_view_flags(parser, size=None)
    flags.add_feature_flags(parser, model="auto")
    flags.add_pool_flag(parser)
    flags.add_search_flags(parser)
    flags.add_cluster_flags(parser, with_metric=False)
    _add_worker_flags(parser)
    parser.set_defaults(run=_run, recipe=None, take_recipe=recipes.take_recipe)


def _run(options: argparse.Namespace) -> int:
    return as_job(options, options.workspace, lambda progress: _run_once(options, progress))


def _run_once(options: argparse.Namespace, progress: Progress) -> int:
    settings = RunSettings(
        views=flags.view_settings(options),
        size=options.size,
        features=flags.feature_settings(options),
        pool=options.pool,
        search=flags.search_settings(options),
        clusters=flags.cluster_settings(options),
        evaluation=flags.evaluation_of_run(options),
        name=options.name,
        keep_renders=options.keep_renders,
        workers=options.workers,
    )
    if options.recipe is not None:
        settings = recipes.with_recipe(settings, read_recipe(options.recipe).settings)
    workspace = open_workspace(options.workspace)
    log_into(workspace.logs / "run.log")
    result = run_pipeline(
        workspace,
        settings,
        meshes=options.meshes,
        overwrite=options.overwrite,
        only=None if options.only is None else _ids_in(options.only),
        progress=progress,
    )
    status = report(options, result, f"Run {result.run.name}", result.run.root)
    say(options, f"Backbone: {_backbone_line(result.run.config()['features'])}")
    return status


def _ids_in(path: Path) -> frozenset[str]:
    return frozenset(line for line in re.split(r"[\r\n]+", decode_text(path, code_pages=False)[0]) if line)


def _add_worker_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=whole_number, help="number of rendering processes (one fewer than processors)"
    )
    flags.add_overwrite_flag(parser)


def _backbone_line(identity: dict[str, object]) -> str:
    return (
        f"{identity['backbone']} at {identity['image_size']} px by {identity['engine']} in {identity['precision']} "
        f"on {identity['device']}; weights: {identity['weights_source']}"
    )
