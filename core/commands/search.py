"""The command `search`: by a specimen, several of them, or a file; by embedding or view by view."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli import DONE, listed, number, say, whole_number
from core.commands import flags
from core.embeddings import Embeddings, read_embeddings
from core.errors import SettingError
from core.filters import Filters, choose
from core.indexes import read_index
from core.matching import MATCHES, FeatureFolder, Matcher, MatchSettings
from core.neighbours import Neighbours, file_name_of_search, resolve_id, write_neighbours
from core.newcomers import Describer, file_of
from core.queries import COMBINATIONS, SeveralSettings, search_several
from core.workspace import RunFolder


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add this command to the parser."""
    parser = commands.add_parser("search", parents=[common], help="the nearest specimens of one specimen, or of a file")
    flags.add_embedding_flags(parser)
    parser.add_argument("--run", dest="run_folder", type=Path, help="a run's folder, instead of --emb and --ids")
    parser.add_argument("--query", metavar="ID", help="a specimen id, or the end of one")
    parser.add_argument(
        "--file", type=Path, help="a mesh, photograph or folder of photographs from outside (needs --run)"
    )
    flags.add_search_flags(parser)
    parser.add_argument("--index", type=Path, help="an index that `index` made; its metric holds")
    parser.add_argument("--out", type=Path, default=Path("results"), help="where to (results)")
    flags.add_overwrite_flag(parser)
    _add_several_flags(parser)
    _add_filter_flags(parser)
    _add_match_flags(parser)
    parser.set_defaults(run=_search)


def _add_several_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("several at once")
    group.add_argument("--also", metavar="ID", action="append", help="one more specimen that neighbours should be like")
    group.add_argument("--unlike", metavar="ID", action="append", help="a specimen that they should not be like")
    group.add_argument("--combine", choices=COMBINATIONS, default="mean", help="near their mean, or near any of them")


def _add_filter_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("who may be found")
    group.add_argument("--only-category", default="", help="only specimens of this category and the folders below it")
    group.add_argument("--not-same-category", action="store_true", help="none of the query's own category")
    group.add_argument("--max-distance", type=number, help="none that is farther")


def _add_match_flags(parser: argparse.ArgumentParser) -> None:
    usual = MatchSettings()
    group = parser.add_argument_group("view by view")
    group.add_argument("--match", choices=MATCHES, default=usual.match, help=listed(MATCHES))
    group.add_argument("--features", type=Path, help="view features (beside the folder of --emb)")
    group.add_argument(
        "--candidates", type=whole_number, default=usual.candidates, help=f"best by embedding ({usual.candidates})"
    )
    group.add_argument("--center", action="store_true", help="take the collection's mean view out")
    group.add_argument(
        "--whiten", type=whole_number, default=usual.whiten, help="half-whitened axes, 128 say (0, none)"
    )
    group.add_argument("--k-reciprocal", action="store_true", help="let those that share neighbours come nearer")
    group.add_argument("--mirror", action="store_true", help="match mirror images, too (needs --run)")
    group.add_argument("--weights", type=Path, help="the backbone's weights, for --file and --mirror")
    group.add_argument("--no-download", action="store_true", help="never fetch weights from the hub")


def _search(options: argparse.Namespace) -> int:
    _check_search(options)
    run = None if options.run_folder is None else RunFolder(options.run_folder.resolve())
    embeddings = read_embeddings(run.matrix_path if run else options.emb, run.ids_path if run else options.ids)
    neighbours = _several(options, embeddings) if options.also or options.unlike else _one(options, embeddings, run)
    path = options.out / file_name_of_search(neighbours.query_id)
    is_new = write_neighbours(path, neighbours, overwrite=options.overwrite)
    measure = options.metric if options.match == "pooled" else f"{options.match} of views"
    say(options, f"Nearest to {neighbours.query_id} ({measure} distance):")
    for rank, (name, distance) in enumerate(zip(neighbours.ids, neighbours.distances, strict=True), start=1):
        say(options, f"{rank:4d}  {distance:.4f}  {name}")
    say(options, f"Written to {path}" if is_new else f"Nothing to write, {path} says so already")
    return DONE


def _check_search(options: argparse.Namespace) -> None:
    if options.query is None and options.file is None:
        raise SettingError(
            "The following arguments are required: --query, or --file.", advice="See `python -m core search --help`."
        )
    if options.query is not None and options.file is not None:
        raise SettingError("Both --query and --file are given.", advice="Leave one of them out.")
    several = bool(options.also or options.unlike)
    if several and (options.file is not None or options.match != "pooled"):
        raise SettingError(
            "--also and --unlike go with --query and with embeddings (match pooled) only.", advice="Leave them out."
        )
    if options.run_folder is None and (options.file is not None or options.mirror):
        flag = "--file" if options.file is not None else "--mirror"
        raise SettingError(f"{flag} needs the settings of a run.", advice="Give its folder with --run.")
    if options.mirror and options.match == "pooled":
        raise SettingError("--mirror compares views, but embeddings are compared.", advice="Add --match maxsim.")
    if options.index is not None and (several or options.match != "pooled" or _filters(options).chooses):
        raise SettingError(
            "--index goes with --query or --file alone: it holds the whole collection.", advice="Leave --index out."
        )
    if options.file is not None and options.not_same_category:
        raise SettingError("--not-same-category: a file from outside has no category.", advice="Leave it out.")


def _several(options: argparse.Namespace, embeddings: Embeddings) -> Neighbours:
    like = (options.query, *flags.each(options.also))
    named = tuple(resolve_id(name, embeddings.ids) for name in (*like, *flags.each(options.unlike)))
    filters = _filters(options)
    part = choose(embeddings, filters, named)
    several = SeveralSettings(options.combine)
    return filters.within(
        search_several(part, like, flags.each(options.unlike), flags.search_settings(options), several)
    )


def _one(options: argparse.Namespace, embeddings: Embeddings, run: RunFolder | None) -> Neighbours:
    filters = _filters(options)
    query = None if options.query is None else resolve_id(options.query, embeddings.ids)
    part = choose(embeddings, filters, () if query is None else (query,))
    settings = MatchSettings(options.match, options.candidates, options.center, options.whiten, options.k_reciprocal)
    folder = options.features or (run.features if run else options.emb.resolve().parent.parent / "features")
    newcomer = None
    if run is not None and (options.file is not None or options.mirror):
        describer = Describer(run, weights=options.weights, download=not options.no_download)
        path = options.file if query is None else file_of(run, query)
        newcomer = describer.describe(path, mirror=options.mirror)
    if options.index is not None:
        index = read_index(options.index, part)
        options.metric = index.settings.metric
        if newcomer is not None:
            return filters.within(index.nearest_to_vector(newcomer.embedding, newcomer.name, options.topk))
        return filters.within(index.nearest(str(query), options.topk))
    matcher = Matcher(part, FeatureFolder(folder), flags.search_settings(options), settings)
    if query is not None:
        return filters.within(matcher.nearest(query, None if newcomer is None else newcomer.mirrored))
    if newcomer is None:  # pragma: no cover - _check_search has seen to it
        raise SettingError("--file needs the settings of a run.", advice="Give its folder with --run.")
    return filters.within(
        matcher.nearest_to_views(newcomer.features, newcomer.embedding, newcomer.name, newcomer.mirrored)
    )


def _filters(options: argparse.Namespace) -> Filters:
    return Filters(options.only_category, options.not_same_category, options.max_distance)
