"""The command `map`: all specimens in two or three dimensions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli import flags
from core.cli.console import DONE, add_command, number, say, whole_number
from core.cli.inputs import run_of
from core.clusters import NOISE, read_clusters
from core.collection import resolve_labels
from core.embeddings import read_embeddings
from core.foundation import InputError, category_of, note
from core.maps import (
    CATEGORY,
    MAP_METHODS,
    MAP_METRICS,
    METHOD_NAMES,
    NOISE_NAME,
    Colouring,
    MapSettings,
    colour_by_groups,
    map_into,
    reading_of,
)
from core.storage import decode_text
from core.workspace import pictures_of_run


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    usual = MapSettings()
    parser = add_command(commands, "map", common)
    flags.add_embedding_flags(parser)
    parser.add_argument("--run", dest="run_folder", type=Path, help="folder of a run, instead of --emb and --ids")
    parser.add_argument("--out", type=Path, default=Path("results/map"), help="output folder (results/map)")
    parser.add_argument(
        "--method", choices=MAP_METHODS, default=usual.method, help=f"method of the map ({usual.method})"
    )
    parser.add_argument(
        "--dimensions", type=whole_number, choices=(2, 3), default=usual.dimensions, help="number of dimensions (2)"
    )
    parser.add_argument(
        "--n-neighbors",
        type=whole_number,
        default=usual.n_neighbors,
        help=f"number of neighbours of UMAP and PaCMAP, perplexity of t-SNE ({usual.n_neighbors})",
    )
    parser.add_argument("--min-dist", type=number, default=usual.min_dist, help=f"min_dist of UMAP ({usual.min_dist})")
    parser.add_argument(
        "--metric", choices=MAP_METRICS, default=usual.metric, help=f"distance between embeddings ({usual.metric})"
    )
    parser.add_argument(
        "--colour",
        default=CATEGORY,
        metavar="WHAT",
        help="colours of the points: category, category:1 …, a clusters.csv, or a CSV specimen_id,label (category)",
    )
    parser.add_argument("--html", action="store_true", help="also write map.html, a page that needs no network")
    parser.add_argument("--svg", action="store_true", help="also write map.svg; 2 dimensions only")
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
    colouring, notes = colouring_by(str(options.colour), embeddings.ids)
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
    for line in (*found.result.notes, *(notes if options.html or options.svg else ())):
        say(options, f"Note: {line}")
    say(
        options,
        f"{METHOD_NAMES[settings.method]} of {len(found.result.ids)} specimens in {settings.dimensions} dimensions, "
        f"trustworthiness {found.trustworthiness:.2f}",
    )
    say(options, reading_of(settings.method))
    say(options, f"Written to {options.out}: {', '.join(path.name for path in found.written)}")
    return DONE


def colouring_by(given: str, ids: tuple[str, ...]) -> tuple[Colouring, tuple[str, ...]]:
    """Return the colouring of a map, and notes on problems with it.

    Parameters
    ----------
    given : str
        `category`, `category:1` … for its first folders, a `clusters.csv`, or a CSV
        `specimen_id,label`.
    ids : tuple of str
        Specimen ids in row order.

    Raises
    ------
    InputError, SettingError
        If the file cannot be read, has none of the specimens, or there is no such level.
    """
    if given == CATEGORY:
        return colour_by_groups(CATEGORY, [category_of(name) for name in ids]), ()
    path = Path(given)
    if path.is_file() and "cluster_id" in decode_text(path)[0].partition("\n")[0]:
        return _colouring_by_clusters(path, ids)
    labels = resolve_labels(given, ids)
    column = CATEGORY if given.startswith(f"{CATEGORY}:") else "label"
    return colour_by_groups(column, [value or "" for value in labels.values]), labels.notes


def _colouring_by_clusters(path: Path, ids: tuple[str, ...]) -> tuple[Colouring, tuple[str, ...]]:
    clustered_ids, numbers, _ = read_clusters(path)
    cluster_of = dict(zip(clustered_ids, numbers.tolist(), strict=True))
    without = sum(name not in cluster_of for name in ids)
    if without == len(ids):
        raise InputError(
            f"None of the specimens is in {path}.", advice="Give the clusters of these embeddings, or cluster them."
        )
    named = {NOISE: NOISE_NAME, None: ""}
    values = [named.get(number, str(number)) for number in map(cluster_of.get, ids)]
    sentence = "{without} of {count} specimens are not in {path} and are grey."
    notes = (note(sentence, without=without, count=len(ids), path=path),) if without else ()
    return colour_by_groups("cluster", values, ("", NOISE_NAME)), notes
