"""Flags of `search`, `search-all`, `evaluate` and `compare`: which collection, and how its neighbours are compared."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.cli.console import listed, whole_number
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
    """Embeddings that a command works with, and where their run, view features and projections are."""

    embeddings: Embeddings
    run: RunFolder | None
    features: Path
    projections: Path

    @property
    def results(self) -> Path:
        """Return where clusters and the like lie."""
        return self.projections.parent / "results"


def add_match_flags(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add how the best candidates are compared again, view by view; without what belongs to one run for several."""
    usual = MatchSettings()
    group = parser.add_argument_group("view by view")
    group.add_argument("--match", choices=MATCHES, default=usual.match, help=f"{listed(MATCHES)} ({usual.match})")
    if not several:
        group.add_argument("--features", type=Path, help="view features (beside the folder of --emb)")
    group.add_argument(
        "--candidates", type=whole_number, default=usual.candidates, help=f"best by embedding ({usual.candidates})"
    )
    group.add_argument("--center", action="store_true", help="take the collection's mean view out")
    group.add_argument(
        "--whiten", type=whole_number, default=usual.whiten, help="half-whitened axes, 128 say (0, none)"
    )
    if not several:
        group.add_argument("--projection", type=Path, help="what --center or --whiten kept before (found by itself)")
    group.add_argument("--k-reciprocal", action="store_true", help="let those that share neighbours come nearer")
    group.add_argument(
        "--expand", type=whole_number, default=usual.expand, help="nearest that are added to the query, 3 say (0, none)"
    )
    group.add_argument("--mirror", action="store_true", help="match mirror images, too (needs --run)")
    group.add_argument("--weights", type=Path, help="the backbone's weights, where a file is described")
    group.add_argument("--no-download", action="store_true", help="never fetch weights from the hub")


def match_settings(options: argparse.Namespace) -> MatchSettings:
    """Return how candidates are compared again."""
    if options.mirror and options.match == "pooled":
        raise SettingError("--mirror compares views, but embeddings are compared.", advice="Add --match maxsim.")
    if options.mirror and getattr(options, "run_folders", None) is None and options.run_folder is None:
        raise SettingError("--mirror needs the settings of a run.", advice="Give its folder with --run.")
    if getattr(options, "projection", None) is not None and not (options.center or options.whiten):
        raise SettingError("--projection is taken by --center or --whiten.", advice="Add the one it was made with.")
    return MatchSettings(
        options.match, options.candidates, options.center, options.whiten, options.k_reciprocal, options.expand
    )


def collection_of(options: argparse.Namespace, *, mapped: bool = True) -> Collection:
    """Return the embeddings of --run, or of --emb and --ids, and where what belongs to them lies."""
    if options.run_folder is not None:
        there = collection_of_run(run_of(options.run_folder), mapped=mapped)
        return replace(there, features=options.features or there.features)
    embeddings = read_embeddings(options.emb, options.ids, mapped=mapped)
    beside = options.emb.resolve().parent.parent
    return Collection(embeddings, None, options.features or beside / "features", beside / "projections")


def collection_of_run(run: RunFolder, *, mapped: bool = True) -> Collection:
    """Return the embeddings of a run, and where what belongs to them lies."""
    embeddings = read_embeddings(run.matrix_path, run.ids_path, mapped=mapped)
    return Collection(embeddings, run, run.features, run.root / "projections")


def matcher_of(
    options: argparse.Namespace, there: Collection, search: SearchSettings, part: Embeddings | None = None
) -> Matcher:
    """Return what compares view by view, within part of a collection where one is given."""
    given = getattr(options, "projection", None)
    return open_matcher(
        there.embeddings, there.features, there.projections, search, match_settings(options), part=part, given=given
    )


def mirrored_of(options: argparse.Namespace, there: Collection) -> Callable[[str], np.ndarray] | None:
    """Return what describes the mirrored views of a specimen, or None where --mirror was not given."""
    if not options.mirror or there.run is None:
        return None
    run, describer = there.run, Describer(there.run, weights=options.weights, download=not options.no_download)
    return lambda name: describer.mirrored(file_of(run, name))


def ranking_of(options: argparse.Namespace, there: Collection, metric: str) -> Ranking | None:
    """Return what puts the whole ranking of a query in another order, or None where embeddings decide."""
    if match_settings(options) == MatchSettings():
        return None
    matcher = matcher_of(options, there, SearchSettings(options.candidates, metric))
    return ranking_by(matcher, mirrored_of(options, there))


def about(options: argparse.Namespace, matcher: Matcher) -> dict[str, object]:
    """Return what must be recorded with neighbours that were compared again, in words and numbers."""
    return about_matching(matcher, mirror=bool(options.mirror))
