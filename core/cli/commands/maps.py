"""The command that lays all specimens out in two or three dimensions: map."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli import flags
from core.cli.inputs import run_of
from core.cli.main import DONE, listed, number, say, whole_number
from core.embeddings.matrix import read_embeddings
from core.maps.coordinates import MAP_METHODS, METRICS, MapSettings
from core.maps.outputs import CATEGORY, METHOD_NAMES, colouring_by, map_into, pictures_of_run, reading_of


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    usual = MapSettings()
    parser = commands.add_parser("map", parents=[common], help="where every specimen lies, near to what it is like")
    flags.add_embedding_flags(parser)
    parser.add_argument("--run", dest="run_folder", type=Path, help="a run's folder, instead of --emb and --ids")
    parser.add_argument("--out", type=Path, default=Path("results/map"), help="where to (results/map)")
    parser.add_argument("--method", choices=MAP_METHODS, default=usual.method, help=f"{listed(MAP_METHODS)} (umap)")
    parser.add_argument("--dimensions", type=whole_number, choices=(2, 3), default=usual.dimensions, help="2, 3 (2)")
    parser.add_argument(
        "--n-neighbors",
        type=whole_number,
        default=usual.n_neighbors,
        help=f"neighbours that hold a specimen in place; t-SNE's perplexity ({usual.n_neighbors})",
    )
    parser.add_argument(
        "--min-dist", type=number, default=usual.min_dist, help=f"UMAP: how near points may lie ({usual.min_dist})"
    )
    parser.add_argument("--metric", choices=METRICS, default=usual.metric, help=listed(METRICS))
    parser.add_argument(
        "--colour",
        default=CATEGORY,
        metavar="WHAT",
        help="of page and drawing: category, category:1 …, a clusters.csv, or a CSV specimen_id,label (category)",
    )
    parser.add_argument("--html", action="store_true", help="write map.html, too: a page that needs no network")
    parser.add_argument("--svg", action="store_true", help="write map.svg, too; of two dimensions")
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_map)


def _map(options: argparse.Namespace) -> int:
    run = None if options.run_folder is None else run_of(options.run_folder)
    embeddings = read_embeddings(run.matrix_path if run else options.emb, run.ids_path if run else options.ids)
    settings = MapSettings(
        method=options.method,
        dimensions=options.dimensions,
        n_neighbors=options.n_neighbors,
        min_dist=options.min_dist,
        metric=options.metric,
        seed=options.seed,
    )
    colouring, odd = colouring_by(str(options.colour), embeddings.ids)
    found = map_into(
        options.out,
        embeddings,
        settings,
        colouring,
        name=run.name if run else "",
        pictures=pictures_of_run(run) if run and options.html else None,
        page=options.html,
        drawing=options.svg,
        overwrite=options.overwrite,
    )
    if not found.written:
        say(options, f"Map: nothing to do, map.csv is already there, in {options.out}")
        return DONE
    for note in (*found.result.notes, *(odd if options.html or options.svg else ())):
        say(options, f"Note: {note}")
    say(
        options,
        f"{METHOD_NAMES[settings.method]} of {len(found.result.ids)} specimens in {settings.dimensions} dimensions, "
        f"trustworthiness {found.trustworthiness:.2f}",
    )
    say(options, reading_of(settings.method))
    say(options, f"Written to {options.out}: {', '.join(path.name for path in found.written)}")
    return DONE
