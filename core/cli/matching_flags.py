"""Flags of view-by-view matching, for `search`, `search-all`, `evaluate` and `compare`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.cli.console import whole_number
from core.cli.inputs import run_of
from core.collection import file_of
from core.embeddings import Embeddings, read_embeddings
from core.foundation import SettingError
from core.matching import MATCHES, Matcher, MatchSettings, about_matching, open_matcher, ranking_by
from core.neighbours import Ranking, SearchSettings
from core.pipeline import Describer
from core.workspace import RunFolder


@dataclass(frozen=True)
class Collection:
    """Embeddings that a command works with, their run, view features and projections."""

    embeddings: Embeddings
    run: RunFolder | None
    features: Path
    projections: Path

    @property
    def results(self) -> Path:
        """Return the folder of clusters and other results."""
        return self.projections.parent / "results"


def add_match_flags(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add how the best candidates are compared again, view by view.

    For a command with `several` runs, the flags of a single run are left out.
    """
    usual = MatchSettings()
    group = parser.add_argument_group("view by view")
    group.add_argument(
        "--match",
        choices=MATCHES,
        default=usual.match,
        help=f"what is compared: embeddings (pooled), or views ({usual.match})",
    )
    if not several:
        group.add_argument(
            "--features", type=Path, help="folder of view features (features, beside the folder of --emb)"
        )
    group.add_argument(
        "--candidates",
        type=whole_number,
        default=usual.candidates,
        help=f"specimens to compare view by view, the nearest by embedding ({usual.candidates})",
    )
    group.add_argument("--center", action="store_true", help="subtract the mean view of the collection")
    group.add_argument(
        "--whiten",
        type=whole_number,
        default=usual.whiten,
        help="number of half-whitened axes, for example 128 (0, none)",
    )
    if not several:
        group.add_argument(
            "--projection",
            type=Path,
            help="projection file that --center or --whiten wrote before (found automatically)",
        )
    group.add_argument("--k-reciprocal", action="store_true", help="re-rank by shared neighbours (k-reciprocal)")
    group.add_argument(
        "--expand",
        type=whole_number,
        default=usual.expand,
        help="nearest neighbours to add to the query, for example 3 (0, none)",
    )
    group.add_argument("--mirror", action="store_true", help="match mirror images as well (needs --run)")
    group.add_argument("--weights", type=Path, help="weights file of the backbone, if a file has to be described")
    group.add_argument("--no-download", action="store_true", help="never download weights")


def match_settings(options: argparse.Namespace) -> MatchSettings:
    """Return how candidates are compared again.

    Raises
    ------
    SettingError
        If --mirror has no views or no run, or --projection neither --center nor --whiten.
    """
    if options.mirror and options.match == "pooled":
        raise SettingError(
            "--mirror compares views, but --match pooled compares embeddings.", advice="Add --match maxsim."
        )
    if options.mirror and getattr(options, "run_folders", None) is None and options.run_folder is None:
        raise SettingError("--mirror needs the settings of a run.", advice="Give its folder with --run.")
    if getattr(options, "projection", None) is not None and not (options.center or options.whiten):
        raise SettingError("--projection needs --center or --whiten.", advice="Add the one it was made with.")
    return MatchSettings(
        options.match, options.candidates, options.center, options.whiten, options.k_reciprocal, options.expand
    )


def collection_of(options: argparse.Namespace, *, mapped: bool = True) -> Collection:
    """Return the collection of --run, or of --emb and --ids."""
    if options.run_folder is not None:
        collection = collection_of_run(run_of(options.run_folder), mapped=mapped)
        return replace(collection, features=options.features or collection.features)
    embeddings = read_embeddings(options.emb, options.ids, mapped=mapped)
    beside = options.emb.resolve().parent.parent
    return Collection(embeddings, None, options.features or beside / "features", beside / "projections")


def collection_of_run(run: RunFolder, *, mapped: bool = True) -> Collection:
    """Return the collection of a run."""
    embeddings = read_embeddings(run.matrix_path, run.ids_path, mapped=mapped)
    return Collection(embeddings, run, run.features, run.root / "projections")


def matcher_of(
    options: argparse.Namespace, collection: Collection, search: SearchSettings, part: Embeddings | None = None
) -> Matcher:
    """Return the matcher of a collection, or of a part of it if one is given."""
    given = getattr(options, "projection", None)
    return open_matcher(
        collection.embeddings,
        collection.features,
        collection.projections,
        search,
        match_settings(options),
        part=part,
        given=given,
    )


def mirrored_of(options: argparse.Namespace, collection: Collection) -> Callable[[str], np.ndarray] | None:
    """Return a function that describes the mirrored views of a specimen.

    Without --mirror, it is None.
    """
    if not options.mirror or collection.run is None:
        return None
    run, describer = (
        collection.run,
        Describer(collection.run, weights=options.weights, download=not options.no_download),
    )
    return lambda name: describer.mirrored(file_of(run, name))


def ranking_of(options: argparse.Namespace, collection: Collection, metric: str) -> Ranking | None:
    """Return a function that re-ranks all candidates, or None if embeddings are compared."""
    if match_settings(options) == MatchSettings():
        return None
    matcher = matcher_of(options, collection, SearchSettings(options.candidates, metric))
    return ranking_by(matcher, mirrored_of(options, collection))


def about(options: argparse.Namespace, matcher: Matcher) -> dict[str, object]:
    """Return the matching settings to record with the neighbours."""
    return about_matching(matcher, mirror=bool(options.mirror))
