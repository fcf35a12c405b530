"""Duplicates: identical files, and embeddings nearer than a threshold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int

from core.embeddings import Embeddings, fingerprint_of_results
from core.foundation import SettingError, note
from core.neighbours.exact import NEIGHBOUR_METRICS, NearestRows, ranks_of
from core.storage import write_csv, write_once

COLUMNS = ("group", "specimen_id", "other_id", "distance", "kind")
IDENTICAL, NEAR = "identical file", "near-duplicate"
_QUERIES_AT_ONCE = 16_384


@dataclass(frozen=True)
class DuplicateSettings:
    """Settings of the search for duplicates.

    Parameters
    ----------
    threshold : float
        Largest distance of a pair, in the metric. With the embedded network, re-saved and decimated
        copies are below 0.002 in cosine distance; a left and a right bone sometimes are too.
    metric : {"cosine", "euclidean"}
        As for search.
    most : int
        Neighbours of a specimen that are compared. It bounds the number of pairs, because a
        thousand copies of one scan would give half a million.
    """

    threshold: float = 0.002
    metric: str = "cosine"
    most: int = 32

    def __post_init__(self) -> None:
        """Check every setting."""
        if not self.threshold >= 0:
            raise SettingError("'threshold' must be at least 0 (got {threshold}).", threshold=self.threshold)
        if self.metric not in NEIGHBOUR_METRICS[:2]:
            raise SettingError(
                "'metric' must be one of {allowed} (got {metric}).",
                allowed=", ".join(NEIGHBOUR_METRICS[:2]),
                metric=self.metric,
            )
        if self.most < 1:
            raise SettingError("'most' must be at least 1 (got {most}).", most=self.most)


@dataclass(frozen=True)
class DuplicatePair:
    """Two specimens that may be the same scan.

    Parameters
    ----------
    group : int
        Number of their group, from 1.
    specimen_id, other_id : str
        Ids in sorted order.
    distance : float
        In the metric of the settings.
    kind : {"identical file", "near-duplicate"}
        Why they are a pair.
    """

    group: int
    specimen_id: str
    other_id: str
    distance: float
    kind: str


@dataclass(frozen=True)
class Duplicates:
    """Pairs by group, nearest first within one.

    Parameters
    ----------
    pairs : tuple of DuplicatePair
        Every pair once. Specimens connected by pairs form one group.
    notes : tuple of str
        What was left out, in sentences.
    """

    pairs: tuple[DuplicatePair, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the specimens of every group, sorted."""
        members: defaultdict[int, set[str]] = defaultdict(set)
        for pair in self.pairs:
            members[pair.group].update((pair.specimen_id, pair.other_id))
        return tuple(tuple(sorted(members[group])) for group in sorted(members))


def find_duplicates(
    embeddings: Embeddings, settings: DuplicateSettings | None = None, sha256: Mapping[str, str] | None = None
) -> Duplicates:
    """Find pairs of specimens within the threshold or with identical files.

    Parameters
    ----------
    embeddings : Embeddings
        The collection; its matrix may be memory-mapped.
    settings : DuplicateSettings, optional
        Threshold and metric.
    sha256 : mapping, optional
        SHA-256 of every specimen's file by id, as in the catalogue; unknown if missing or empty.
        Identical files are reported at any distance.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0, 1], [2, 0]], dtype=np.float32)
    >>> find_duplicates(Embeddings(("a", "b", "copy of a"), vectors)).groups
    (('a', 'copy of a'),)
    """
    settings = settings or DuplicateSettings()
    hashes = sha256 or {}
    nearest = NearestRows(embeddings.matrix, settings.metric, ranks_of(embeddings.ids))
    distances, is_cut = _near_pairs(nearest, settings)
    pairs = {pair: (distance, NEAR) for pair, distance in distances.items()}
    same = _identical(embeddings, hashes)
    for (one_row, other_row), distance in zip(same.tolist(), nearest.between(*same.T).tolist(), strict=True):
        pairs[one_row, other_row] = (distance, IDENTICAL)
    listed = _in_groups(pairs, embeddings.ids)
    notes = (
        (
            note(
                "Some specimens have more than {most} near-duplicates; only that many of each are listed.",
                most=settings.most,
            ),
        )
        if is_cut
        else ()
    )
    return Duplicates(listed, notes)


def write_duplicates(path: Path, duplicates: Duplicates) -> None:
    """Write `group,specimen_id,other_id,distance,kind`, distances with six decimals."""
    rows = ((p.group, p.specimen_id, p.other_id, f"{p.distance:.6f}", p.kind) for p in duplicates.pairs)
    write_csv(path, COLUMNS, rows)


def _near_pairs(nearest: NearestRows, settings: DuplicateSettings) -> tuple[dict[tuple[int, int], float], bool]:
    pairs: dict[tuple[int, int], float] = {}
    is_cut = False
    for start in range(0, len(nearest), _QUERIES_AT_ONCE):
        queries = np.arange(start, min(start + _QUERIES_AT_ONCE, len(nearest)))
        rows, distances = nearest.of_rows(queries, settings.most)
        within = distances <= np.float32(settings.threshold)
        is_cut |= settings.most < len(nearest) - 1 and bool(within[:, -1:].any())
        for place, column in zip(*np.nonzero(within), strict=True):
            one, other = int(queries[place]), int(rows[place, column])
            pairs[min(one, other), max(one, other)] = float(distances[place, column])
    return pairs, is_cut


def _identical(embeddings: Embeddings, hashes: Mapping[str, str]) -> Int[np.ndarray, "p 2"]:
    """Return pairs of rows with identical files, each with the first such row."""
    same: defaultdict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(embeddings.ids):
        if hashes.get(name):
            same[hashes[name]].append(row)
    pairs = [(rows[0], row) for rows in same.values() for row in rows[1:]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _in_groups(pairs: Mapping[tuple[int, int], tuple[float, str]], ids: Sequence[str]) -> tuple[DuplicatePair, ...]:
    """Return pairs of ids, with groups numbered in the order of their first ids."""
    components = _components(list(pairs), len(ids))
    first: dict[int, str] = {}
    for row, component in enumerate(components):
        first[component] = min(first.get(component, ids[row]), ids[row])
    paired = sorted({components[one] for one, _ in pairs}, key=first.__getitem__)
    group_of = {component: number for number, component in enumerate(paired, start=1)}
    listed = []
    for (row, other_row), (distance, kind) in pairs.items():
        one, other = sorted((ids[row], ids[other_row]))
        listed.append(DuplicatePair(group_of[components[row]], one, other, distance, kind))
    listed.sort(key=lambda pair: (pair.group, pair.distance, pair.specimen_id, pair.other_id))
    return tuple(listed)


def _components(pairs: list[tuple[int, int]], count: int) -> list[int]:
    """Return the number of the connected component of every specimen."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(count, count))
    labels: list[int] = connected_components(graph, directed=False)[1].tolist()
    return labels


def duplicates_into(
    out: Path,
    embeddings: Embeddings,
    settings: DuplicateSettings,
    sha256: Mapping[str, str] | None = None,
    *,
    overwrite: bool = False,
) -> Duplicates | None:
    """Write `duplicates.csv` into a folder, or return None if it is up to date.

    Raises
    ------
    WorkspaceError
        If it cannot be written.
    """

    def make() -> Duplicates:
        duplicates = find_duplicates(embeddings, settings, sha256)
        write_duplicates(out / "duplicates.csv", duplicates)
        return duplicates

    made_from = fingerprint_of_results(embeddings, asdict(settings), dict(sha256 or {}))
    return write_once(out, "duplicates", made_from, [out / "duplicates.csv"], make, overwrite)
