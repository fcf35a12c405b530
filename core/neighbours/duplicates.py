"""The same scan under two names: identical files, and embeddings that are nearer than chance would have them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int

from core.embeddings import Embeddings, fingerprint_of_results
from core.foundation import SettingError, note
from core.neighbours.exact import NEIGHBOUR_METRICS, NearestRows, ranks_of
from core.storage import once, write_csv

COLUMNS = ("group", "specimen_id", "other_id", "distance", "kind")
IDENTICAL, NEAR = "identical file", "near-duplicate"
_QUERIES_AT_ONCE = 16_384


@dataclass(frozen=True)
class DuplicateSettings:
    """What counts as the same scan.

    Parameters
    ----------
    threshold : float
        Greatest distance of a pair, in the metric. Re-saved and decimated copies lie below 0.002
        in cosine distance with the embedded network; so do a left and a right bone now and then.
    metric : {"cosine", "euclidean"}
        As for search.
    most : int
        Neighbours of a specimen that are looked at: a thousand copies of one scan would be half a
        million pairs.
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
    """Two specimens that may be one: their group, counted from 1, ids in order, and why."""

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
        Every pair once. Specimens that are joined by pairs are one group.
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
    """Find pairs of specimens that are nearer than the threshold, or whose files are identical.

    Parameters
    ----------
    embeddings : Embeddings
        The collection; its matrix may be memory-mapped.
    settings : DuplicateSettings, optional
        What counts as the same.
    sha256 : mapping, optional
        SHA-256 of every specimen's file by id, as the catalogue has it; unknown where missing or
        empty. Identical files are reported whatever their distance.
    """
    settings = settings or DuplicateSettings()
    hashes = sha256 or {}
    nearest = NearestRows(embeddings.matrix, settings.metric, ranks_of(embeddings.ids))
    found, is_cut = _near_pairs(nearest, settings)
    pairs = {pair: (distance, NEAR) for pair, distance in found.items()}
    same = _identical(embeddings, hashes)
    for (one_row, other_row), distance in zip(same.tolist(), nearest.between(*same.T).tolist(), strict=True):
        pairs[one_row, other_row] = (distance, IDENTICAL)
    names = _groups(list(pairs), len(embeddings))
    first: dict[int, str] = {}
    for row, group in enumerate(names):
        first[group] = min(first.get(group, embeddings.ids[row]), embeddings.ids[row])
    paired = sorted({names[one] for one, _ in pairs}, key=first.__getitem__)
    number = {group: place for place, group in enumerate(paired, start=1)}
    listed = []
    for (row, other_row), (distance, kind) in pairs.items():
        one, other = sorted((embeddings.ids[row], embeddings.ids[other_row]))
        listed.append(DuplicatePair(number[names[row]], one, other, distance, kind))
    listed.sort(key=lambda pair: (pair.group, pair.distance, pair.specimen_id, pair.other_id))
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
    return Duplicates(tuple(listed), notes)


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
    """Return the rows of every specimen and of the first one whose file is the same."""
    same: defaultdict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(embeddings.ids):
        if hashes.get(name):
            same[hashes[name]].append(row)
    pairs = [(rows[0], row) for rows in same.values() for row in rows[1:]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _groups(pairs: list[tuple[int, int]], count: int) -> list[int]:
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
    """Write `duplicates.csv` into a folder, or return None where exactly this one is there already.

    Raises
    ------
    WorkspaceError
        Where it cannot be written.
    """

    def make() -> Duplicates:
        found = find_duplicates(embeddings, settings, sha256)
        write_duplicates(out / "duplicates.csv", found)
        return found

    made_from = fingerprint_of_results(embeddings, asdict(settings), dict(sha256 or {}))
    return once(out, "duplicates", made_from, [out / "duplicates.csv"], make, overwrite)
