"""The minimum spanning tree under mutual reachability, exactly and fast: what HDBSCAN stands on.

The tree is first guessed from nearest neighbours; then every pair of specimens that could
improve the guess is looked at, so that the result is the true tree, not an approximate one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from core.clusters.hdbscan.neighbourhoods import (
    Blocks,
    Neighbourhoods,
    cut_into_blocks,
    exact_distances,
    in_threads,
    where_true,
)
from core.foundation import SettingError

_GUESSED_FROM = 10
_CONNECT_TO = 3
_CONNECT_SAMPLE = 256


@dataclass(frozen=True)
class SpanningTree:
    """A minimum spanning tree of specimens under mutual reachability distance.

    Parameters
    ----------
    ends : (n - 1, 2) int64
        Rows of the two specimens of every edge, shortest edge first; read-only.
    lengths : (n - 1,) float64
        Mutual reachability distance along every edge, never falling; read-only.
    core_distances : (n,) float64
        Distance of every specimen to its `min_samples`-th other one; read-only.
    """

    ends: Int[np.ndarray, "m 2"]
    lengths: Float[np.ndarray, " m"]
    core_distances: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        """Protect the arrays from change."""
        for array in (self.ends, self.lengths, self.core_distances):
            array.setflags(write=False)


@dataclass(frozen=True)
class _Edges:
    """Edges between rows: their ends, mutual reachability distances, and distances.

    Many edges are equally long where a core distance decides; the distance then says which
    comes first, so that the tree does not depend on the order of the rows.
    """

    ends: Int[np.ndarray, "m 2"]
    lengths: Float[np.ndarray, " m"]
    distances: Float[np.ndarray, " m"]


def find_spanning_tree(neighbourhoods: Neighbourhoods, min_samples: int) -> SpanningTree:
    """Return the minimum spanning tree under mutual reachability.

    The mutual reachability distance of two specimens is the largest of their distance and
    their core distances (Campello, Moulavi & Sander, 2013).

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
        Must hold at least `min_samples` others, or all there are, and be exact where that is above 1.
    min_samples : int
        At least 1; more than n - 1 counts as n - 1, as in `hdbscan`.

    Raises
    ------
    SettingError
        Where the neighbourhoods do not suffice.
    """
    vectors = neighbourhoods.vectors
    n_rows, width = neighbourhoods.rows.shape
    if min_samples > 1 and (not neighbourhoods.exact or width < min(min_samples, n_rows - 1)):
        raise SettingError(
            f"'min_samples' {min_samples} needs as many exact neighbours (got {width}).",
            advice="Find the neighbourhoods with count=min_samples and exact=True.",
        )
    # No two specimens are nearer than the nearest other one, so for 1 it adds nothing to a distance.
    core = neighbourhoods.distances[:, min(min_samples, width) - 1].copy() if min_samples > 1 else np.zeros(n_rows)
    edges = _reduce(n_rows, _nearest_edges(neighbourhoods, core))
    while edges.lengths.size < n_rows - 1:
        bridges = _measure(vectors, core, _bridges(vectors, core, edges.ends))
        edges = _reduce(n_rows, _joined([edges, bridges]))
    edges = _improve(vectors, core, edges, _known_within(neighbourhoods))
    if min_samples == 1:
        # The way to the nearest other one is always part of the tree.
        core = np.full(n_rows, np.inf)
        np.minimum.at(core, edges.ends, edges.lengths[:, None])
    return SpanningTree(edges.ends, edges.lengths, core)


def join_in_order(tree: SpanningTree) -> Float[np.ndarray, "m 4"]:
    """Return the single-linkage tree in SciPy's format: left, right, distance, size; float64."""
    # hdbscan takes a second to import, which only those who cluster should wait for.
    from hdbscan._hdbscan_linkage import label

    edges = np.column_stack([tree.ends, tree.lengths]).astype(np.float64)
    return np.asarray(label(edges), dtype=np.float64).reshape(len(edges), 4)


def _nearest_edges(neighbourhoods: Neighbourhoods, core: Float[np.ndarray, " n"]) -> _Edges:
    """Return the edges to the nearest others, from which the tree is guessed."""
    rows = neighbourhoods.rows[:, :_GUESSED_FROM]
    distances = neighbourhoods.distances[:, :_GUESSED_FROM].ravel()
    one, other = np.repeat(np.arange(rows.shape[0]), rows.shape[1]), rows.ravel()
    lengths = np.maximum(distances, np.maximum(core[one], core[other]))
    return _Edges(np.stack([one, other], axis=1), lengths, distances)


def _known_within(neighbourhoods: Neighbourhoods) -> Float[np.ndarray, " n"]:
    """Return how far around every row the tree was guessed from all there is; 0 where some may be missing."""
    if not neighbourhoods.exact:
        return np.zeros(neighbourhoods.rows.shape[0])
    return np.asarray(neighbourhoods.distances[:, :_GUESSED_FROM][:, -1])


def _measure(vectors: Float[np.ndarray, "n k"], core: Float[np.ndarray, " n"], ends: Int[np.ndarray, "m 2"]) -> _Edges:
    distances = exact_distances(vectors, ends[:, 0], ends[:, 1])
    lengths = np.maximum(distances, np.maximum(core[ends[:, 0]], core[ends[:, 1]]))
    return _Edges(ends, np.asarray(lengths), distances)


def _joined(edges: Sequence[_Edges]) -> _Edges:
    return _Edges(
        np.concatenate([some.ends for some in edges]),
        np.concatenate([some.lengths for some in edges]),
        np.concatenate([some.distances for some in edges]),
    )


def _reduce(n_rows: int, edges: _Edges) -> _Edges:
    """Return the minimum spanning forest of some edges, shortest first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    low, high = edges.ends.min(axis=1), edges.ends.max(axis=1)
    # The same edge twice would be added up by the sparse matrix.
    _, once = np.unique(low * n_rows + high, return_index=True)
    # They are in the order of their ends now, which settles what lengths and distances leave open.
    order = once[np.lexsort((edges.distances[once], edges.lengths[once]))]
    # Places in the order stand for lengths: zeros would count as no edge, and ties are settled.
    places = np.arange(1, order.size + 1, dtype=np.float64)
    links = coo_array((places, (low[order], high[order])), shape=(n_rows, n_rows))
    forest = minimum_spanning_tree(links.tocsr())
    kept = order[np.sort(forest.data.astype(np.int64)) - 1]
    return _Edges(np.stack([low[kept], high[kept]], axis=1), edges.lengths[kept], edges.distances[kept])


def _bridges(
    vectors: Float[np.ndarray, "n k"], core: Float[np.ndarray, " n"], ends: Int[np.ndarray, "m 2"]
) -> Int[np.ndarray, "e 2"]:
    """Return short edges from every component of a forest to the components nearest to it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_rows = vectors.shape[0]
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n_rows, n_rows))
    n_parts, part_of = connected_components(links, directed=False)
    members = np.split(np.argsort(part_of, kind="stable"), np.cumsum(np.bincount(part_of))[:-1])
    centres = np.stack([vectors[rows].mean(axis=0) for rows in members])
    found = set()
    for part in range(n_parts):
        away = np.linalg.norm(centres - centres[part], axis=1)
        away[part] = np.inf
        for other in np.argsort(away, kind="stable")[: min(_CONNECT_TO, n_parts - 1)].tolist():
            found.add((min(part, other), max(part, other)))
    bridges = []
    for part, other in sorted(found):
        one = _nearest_to(vectors, members[part], centres[other])
        two = _nearest_to(vectors, members[other], centres[part])
        between = _distances_by_product(vectors[one], vectors[two])
        between = np.maximum(between, np.maximum(core[one][:, None], core[two][None, :]))
        row, column = np.unravel_index(int(np.argmin(between)), between.shape)
        bridges.append((one[row], two[column]))
    return np.array(bridges, dtype=np.int64)


def _distances_by_product(one: Float[np.ndarray, "a k"], two: Float[np.ndarray, "b k"]) -> Float[np.ndarray, "a b"]:
    origin = two.mean(axis=0)
    one, two = one - origin, two - origin
    squares = np.einsum("ij,ij->i", one, one)[:, None] + np.einsum("ij,ij->i", two, two) - 2.0 * (one @ two.T)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def _nearest_to(
    vectors: Float[np.ndarray, "n k"], rows: Int[np.ndarray, " m"], point: Float[np.ndarray, " k"]
) -> Int[np.ndarray, " s"]:
    if rows.size <= _CONNECT_SAMPLE:
        return rows
    away = np.linalg.norm(vectors[rows] - point, axis=1)
    return np.asarray(rows[np.argpartition(away, _CONNECT_SAMPLE)[:_CONNECT_SAMPLE]])


def _improve(
    vectors: Float[np.ndarray, "n k"],
    core: Float[np.ndarray, " n"],
    edges: _Edges,
    known_within: Float[np.ndarray, " n"],
) -> _Edges:
    """Return the minimum spanning tree, given any spanning tree.

    An edge belongs into the tree in place of another where it is shorter than the longest edge
    on the tree's path between its ends. In the order of the leaves of the tree's dendrogram
    that longest edge is the largest of the gaps between the two leaves, so that it is known
    for whole blocks of pairs at once. A pair whose longest edge lies within what is known of
    one of its ends was among those that the tree was guessed from.
    """
    order, gaps = _leaves(edges)
    blocks = cut_into_blocks(vectors, order)

    def look(rows: slice) -> _Edges:
        own, other, longest = _shortcuts(blocks, gaps, rows)
        one, two = order[own], order[other]
        is_new = longest >= np.maximum(known_within[one], known_within[two])
        one, two, longest = one[is_new], two[is_new], longest[is_new]
        found = _measure(vectors, core, np.stack([one, two], axis=1))
        # An edge as long as the one it would replace may still come first by distance.
        useful = found.lengths <= longest
        return _Edges(found.ends[useful], found.lengths[useful], found.distances[useful])

    return _reduce(vectors.shape[0], _joined([edges, *in_threads(look, blocks)]))


def _shortcuts(
    blocks: Blocks, gaps: Float[np.ndarray, " m"], rows: slice
) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    """Return pairs that may be nearer than the longest edge between them, and that edge's length.

    A pair is a position in this block and a later one. The largest gap between them is the
    larger of two: from the one to the end of its block, and from there to the other.
    """
    n_rows = blocks.order.size
    number = int(np.searchsorted(blocks.edges, rows.start))
    inside = gaps[rows.start : rows.stop]
    to_end = np.maximum.accumulate(inside[::-1])[::-1]
    # beyond_end[j]: the largest gap between the first position after the block and the j-th after it.
    beyond_end = np.maximum.accumulate(np.concatenate([np.zeros(1), gaps[rows.stop :]]))
    own, other, longest = _within(blocks, inside, rows)
    if rows.stop < n_rows:
        last_of_block = blocks.edges[number + 2 :] - 1 - rows.stop
        reach = np.maximum(to_end[:, None], beyond_end[last_of_block])
        needed = np.zeros(blocks.radii.size, dtype=bool)
        needed[number + 1 :] = np.any(blocks.beyond(rows)[:, number + 1 :] < reach, axis=0)
        columns = blocks.columns(needed)
        far_own, place = blocks.pairs_within(rows, columns, to_end, beyond_end[columns - rows.stop])
        far_longest = np.maximum(to_end[far_own], beyond_end[columns[place] - rows.stop])
        own, other = np.concatenate([own, far_own]), np.concatenate([other, columns[place]])
        longest = np.concatenate([longest, far_longest])
    return own + rows.start, other, longest


def _within(
    blocks: Blocks, inside: Float[np.ndarray, " m"], rows: slice
) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    """Return such pairs inside of one block: a place in it, a position, and the longest edge between."""
    size = rows.stop - rows.start
    longest = np.zeros((size, size))
    for place in range(size - 1):
        longest[place, place + 1 :] = np.maximum.accumulate(inside[place : size - 1])
    limit = np.where(longest > 0, longest * longest * (1 + 1e-6), -np.inf).astype(np.float32)
    squares = blocks.squared_distances(rows, np.arange(rows.start, rows.stop))
    own, other = where_true(squares < limit)
    return own, other + rows.start, longest[own, other]


def _leaves(edges: _Edges) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " m"]]:
    """Return the leaves of the dendrogram in order, and the height at which each and the next are joined."""
    n_edges = edges.lengths.size
    joined = join_in_order(SpanningTree(edges.ends, edges.lengths, np.empty(0)))
    merges = joined[:, :2].astype(np.int64).tolist()
    size = [1] * (n_edges + 1) + joined[:, 3].astype(np.int64).tolist()
    start = [0] * (2 * n_edges + 1)
    gaps = np.empty(n_edges)
    for step in range(n_edges - 1, -1, -1):
        left, right = merges[step]
        start[left] = start[n_edges + 1 + step]
        start[right] = start[left] + size[left]
        gaps[start[right] - 1] = edges.lengths[step]
    order = np.empty(n_edges + 1, dtype=np.int64)
    order[start[: n_edges + 1]] = np.arange(n_edges + 1)
    return order, gaps
