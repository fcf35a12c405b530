"""The command `search`: by one or several specimens, or by a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli import flags, matching_flags
from core.cli.console import DONE, add_command, number, say, whole_number
from core.clusters import ids_in_cluster
from core.collection import file_of, ids_where, metadata_table, table_of_file
from core.embeddings import fingerprint_of_embeddings
from core.foundation import SettingError
from core.neighbours import (
    COMBINATIONS,
    Filters,
    Neighbours,
    SeveralSettings,
    apply_filters,
    file_name_of_search,
    read_index,
    resolve_id,
    search_several,
    write_neighbours,
)
from core.pipeline import Describer, Newcomer
from core.storage import write_json
from core.workspace import Catalogue

if TYPE_CHECKING:
    import pandas as pd


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add this command to the parser."""
    parser = add_command(commands, "search", common)
    flags.add_embedding_flags(parser)
    parser.add_argument("--run", dest="run_folder", type=Path, help="folder of a run, instead of --emb and --ids")
    parser.add_argument("--query", metavar="ID", help="a specimen id, or the end of one")
    parser.add_argument(
        "--file", type=Path, help="a mesh, photograph or folder of photographs outside the collection (needs --run)"
    )
    flags.add_search_flags(parser)
    parser.add_argument("--index", type=Path, help="an index written by `index`; its metric is used")
    parser.add_argument("--out", type=Path, default=Path("results"), help="output folder (results)")
    flags.add_overwrite_flag(parser)
    _add_several_flags(parser)
    _add_filter_flags(parser)
    matching_flags.add_match_flags(parser)
    parser.set_defaults(run=_search)


def _add_several_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("several queries")
    group.add_argument(
        "--also", metavar="ID", action="append", help="another specimen that neighbours should resemble; repeatable"
    )
    group.add_argument(
        "--unlike", metavar="ID", action="append", help="a specimen that neighbours should not resemble; repeatable"
    )
    group.add_argument(
        "--combine",
        choices=COMBINATIONS,
        default="mean",
        help="mean: near the mean of the queries; any: near any of them (mean)",
    )


def _add_filter_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("filters")
    group.add_argument("--only-category", default="", help="only specimens of this category and the folders below it")
    group.add_argument("--not-same-category", action="store_true", help="no specimens of the query's own category")
    group.add_argument("--max-distance", type=number, help="no specimens farther than this")
    group.add_argument(
        "--where",
        metavar="CONDITION",
        action="append",
        help="condition on metadata, repeatable: period=Miocene, length=3..5, remarks~left",
    )
    group.add_argument("--metadata", type=Path, help="table of metadata (the catalogue of the run's workspace)")
    group.add_argument("--cluster", type=whole_number, help="only members of this cluster, -1 for noise")
    group.add_argument("--clusters", type=Path, help="clusters.csv (in the results of --run)")


def _search(options: argparse.Namespace) -> int:
    _check_search(options)
    collection = matching_flags.collection_of(options)
    filters = _filters(options, collection)
    several = bool(options.also or options.unlike)
    neighbours, method = (_search_by_several if several else _search_by_one)(options, collection, filters)
    path = options.out / file_name_of_search(neighbours.query_id)
    is_new = write_neighbours(path, neighbours, overwrite=options.overwrite)
    write_json(path.with_suffix(".json"), {**method, "topk": options.topk, **_about(options, collection, filters)})
    measure = options.metric if options.match == "pooled" else f"{options.match} of views"
    if not neighbours.ids and options.max_distance is not None:
        say(
            options, f"No specimen is within a {measure} distance of {options.max_distance:g} of {neighbours.query_id}."
        )
    else:
        say(options, f"Nearest to {neighbours.query_id} ({measure} distance):")
    for rank, (name, distance) in enumerate(zip(neighbours.ids, neighbours.distances, strict=True), start=1):
        say(options, f"{rank:4d}  {distance:.4f}  {name}")
    say(options, f"Written to {path}" if is_new else f"Search: nothing to write, {path} is up to date")
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
            "--also and --unlike need --query and embeddings (--match pooled).", advice="Leave them out."
        )
    if options.run_folder is None and options.file is not None:
        raise SettingError("--file needs the settings of a run.", advice="Give its folder with --run.")
    matching_flags.match_settings(options)
    if options.index is not None and (several or options.expand or options.match != "pooled" or _is_filtered(options)):
        raise SettingError(
            "--index needs --query or --file alone: it holds the whole collection.", advice="Leave --index out."
        )
    if options.file is not None and options.not_same_category:
        raise SettingError(
            "--not-same-category: a file outside the collection has no category.", advice="Leave it out."
        )


def _is_filtered(options: argparse.Namespace) -> bool:
    """Return whether the search covers only part of the collection."""
    return bool(options.only_category or options.not_same_category or options.where) or options.cluster is not None


def _search_by_several(
    options: argparse.Namespace, collection: matching_flags.Collection, filters: Filters
) -> tuple[Neighbours, dict[str, object]]:
    like = (options.query, *flags.each(options.also))
    ids = collection.embeddings.ids
    named = tuple(resolve_id(name, ids) for name in (*like, *flags.each(options.unlike)))
    part = apply_filters(collection.embeddings, filters, named)
    found = search_several(
        part, like, flags.each(options.unlike), flags.search_settings(options), SeveralSettings(options.combine)
    )
    return filters.within(found), {"metric": "cosine", "match": "pooled", "combine": options.combine}


def _search_by_one(
    options: argparse.Namespace, collection: matching_flags.Collection, filters: Filters
) -> tuple[Neighbours, dict[str, object]]:
    query = None if options.query is None else resolve_id(options.query, collection.embeddings.ids)
    part = apply_filters(collection.embeddings, filters, () if query is None else (query,))
    newcomer = _newcomer(options, collection, query)
    if options.index is not None:
        index = read_index(options.index, part)
        options.metric = index.settings.metric
        if newcomer is not None:
            found = index.nearest_to_vector(newcomer.embedding, newcomer.name, options.topk)
        else:
            found = index.nearest(str(query), options.topk)
        return filters.within(found), {"metric": options.metric, "match": "pooled", "index": index.settings.kind}
    matcher = matching_flags.matcher_of(options, collection, flags.search_settings(options), part)
    if query is not None:
        found = matcher.nearest(query, None if newcomer is None else newcomer.mirrored)
    elif newcomer is not None:
        found = matcher.nearest_to_views(newcomer.features, newcomer.embedding, newcomer.name, newcomer.mirrored)
    else:  # pragma: no cover - _check_search has checked it
        raise SettingError("--file needs the settings of a run.", advice="Give its folder with --run.")
    return filters.within(found), {"metric": options.metric, **matching_flags.about(options, matcher)}


def _newcomer(options: argparse.Namespace, collection: matching_flags.Collection, query: str | None) -> Newcomer | None:
    """Return the description of the given file, or of the query with its mirror image."""
    if collection.run is None or (options.file is None and not options.mirror):
        return None
    describer = Describer(collection.run, weights=options.weights, download=not options.no_download)
    path = options.file if query is None else file_of(collection.run, query)
    return describer.describe(path, mirror=options.mirror)


def _filters(options: argparse.Namespace, collection: matching_flags.Collection) -> Filters:
    among: set[str] | None = None
    if options.where:
        among = set(ids_where(_metadata(options, collection), flags.each(options.where)))
    if options.cluster is not None:
        if options.clusters is None and collection.run is None:
            raise SettingError("--cluster needs the clusters.", advice="Give --run, or --clusters FILE.")
        members = set(ids_in_cluster(options.clusters or collection.results / "clusters.csv", options.cluster))
        among = members if among is None else among & members
    chosen = None if among is None else tuple(sorted(among))
    return Filters(options.only_category, options.not_same_category, options.max_distance, chosen)


def _metadata(options: argparse.Namespace, collection: matching_flags.Collection) -> pd.DataFrame:
    """Return the metadata of specimens, from a table or from the workspace of a run."""
    ids = collection.embeddings.ids
    if options.metadata is not None:
        return table_of_file(options.metadata, ids)
    if collection.run is None:
        raise SettingError("--where needs the metadata.", advice="Give --run, or --metadata FILE.")
    return metadata_table(Catalogue(collection.run.root.parent.parent / "catalogue.sqlite"), ids)


def _about(options: argparse.Namespace, collection: matching_flags.Collection, filters: Filters) -> dict[str, object]:
    """Return the settings recorded with the neighbours: embeddings, run and filters."""
    return {
        "embeddings": fingerprint_of_embeddings(collection.embeddings),
        "run": None if collection.run is None else collection.run.name,
        "only_category": filters.only_category,
        "not_same_category": filters.not_same_category,
        "max_distance": filters.max_distance,
        "where": list(flags.each(options.where)),
        "cluster": options.cluster,
    }
