"""Commands about neighbours: search, duplicates."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli import DONE, number, say
from core.commands import flags
from core.duplicates import DuplicateSettings, find_duplicates, hashes_of, write_duplicates
from core.embeddings import read_embeddings
from core.neighbours import file_name_of_search, search, write_neighbours
from core.workspace import RunFolder


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    _add_search(commands, common)
    _add_duplicates(commands, common)


def _add_search(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("search", parents=[common], help="the nearest specimens of one specimen")
    flags.add_embedding_flags(parser)
    parser.add_argument("--query", required=True, metavar="ID", help="a specimen id, or the end of one")
    flags.add_search_flags(parser)
    parser.add_argument("--out", type=Path, default=Path("results"), help="where to (results)")
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_search)


def _search(options: argparse.Namespace) -> int:
    embeddings = read_embeddings(options.emb, options.ids)
    neighbours = search(embeddings, options.query, flags.search_settings(options))
    path = options.out / file_name_of_search(neighbours.query_id)
    is_new = write_neighbours(path, neighbours, overwrite=options.overwrite)
    say(options, f"Nearest to {neighbours.query_id} ({options.metric} distance):")
    for rank, (name, distance) in enumerate(zip(neighbours.ids, neighbours.distances, strict=True), start=1):
        say(options, f"{rank:4d}  {distance:.4f}  {name}")
    say(options, f"Written to {path}" if is_new else f"Nothing to write, {path} says so already")
    return DONE


def _add_duplicates(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("duplicates", parents=[common], help="the same scan under two names")
    flags.add_embedding_flags(parser)
    usual = DuplicateSettings()
    parser.add_argument(
        "--threshold", type=number, default=usual.threshold, help=f"greatest distance of a pair ({usual.threshold})"
    )
    parser.add_argument("--metric", choices=("cosine", "euclidean"), default=usual.metric, help="cosine, euclidean")
    parser.add_argument("--run", dest="run_folder", type=Path, help="a run, whose catalogue knows identical files")
    parser.add_argument("--out", type=Path, default=Path("results"), help="where to (results)")
    parser.set_defaults(run=_duplicates)


def _duplicates(options: argparse.Namespace) -> int:
    if options.run_folder is None:
        embeddings, sha256 = read_embeddings(options.emb, options.ids, mapped=True), None
    else:
        run = RunFolder(options.run_folder.resolve())
        embeddings, sha256 = read_embeddings(run.matrix_path, run.ids_path, mapped=True), hashes_of(run)
    settings = DuplicateSettings(threshold=options.threshold, metric=options.metric)
    found = find_duplicates(embeddings, settings, sha256)
    path = options.out / "duplicates.csv"
    write_duplicates(path, found)
    for note in found.notes:
        say(options, f"Note: {note}")
    for pair in found.pairs:
        say(options, f"{pair.group:4d}  {pair.distance:.4f}  {pair.specimen_id}  =  {pair.other_id}  ({pair.kind})")
    say(options, f"{len(found.pairs)} pairs in {len(found.groups)} groups within {options.threshold:g}, in {path}")
    return DONE
