"""Exact minimum spanning tree under mutual reachability distance, for HDBSCAN.

A first tree is built from nearest neighbours. Then every pair of specimens that could replace one
of its edges is examined, so that the result is the exact minimum spanning tree.
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
    true_positions,
)
from core.foundation import SettingError

_NEIGHBOURS_OF_FIRST_TREE = 10
_NEAREST_COMPONENTS = 3
_MOST_PER_COMPONENT = 256


@dataclass(frozen=True)
class SpanningTree:
    """A minimum spanning tree of specimens under mutual reachability distance.

    Parameters
    ----------
    ends : (n - 1, 2) int64
        Rows of the two specimens of every edge, shortest edge first; read-only.
    lengths : (n - 1,) float64
        Mutual reachability distance of every edge, ascending; read-only.
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
    """Edges between rows: their ends, mutual reachability distances and distances.

    Many edges have equal lengths because a core distance is the largest term. The plain distance
    breaks these ties, so that the tree does not depend on the order of the rows.
    """

    ends: Int[np.ndarray, "m 2"]
    lengths: Float[np.ndarray, " m"]
    distances: Float[np.ndarray, " m"]


def find_spanning_tree(neighbourhoods: Neighbourhoods, min_samples: int) -> SpanningTree:
    """Return the minimum spanning tree under mutual reachability distance.

    The mutual reachability distance of two specimens is the largest of their distance and
    their core distances (Campello, Moulavi & Sander, 2013).

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
        Neighbourhoods with at least `min_samples` or n - 1 neighbours, exact if `min_samples` is
        above 1.
    min_samples : int
        At least 1; more than n - 1 counts as n - 1, as in `hdbscan`.

    Raises
    ------
    SettingError
        If the neighbourhoods have too few or inexact neighbours.
    """
    vectors = neighbourhoods.vectors
    n_rows, width = neighbourhoods.rows.shape
    if min_samples > 1 and (not neighbourhoods.exact or width < min(min_samples, n_rows - 1)):
        raise SettingError(
            f"'min_samples' {min_samples} needs as many exact neighbours (got {width}).",
            advice="Find the neighbourhoods with count=min_samples and exact=True.",
        )
    # With `min_samples` 1, no distance is below a core distance, so these can be 0 here.
    core = neighbourhoods.distances[:, min(min_samples, width) - 1].copy() if min_samples > 1 else np.zeros(n_rows)
    edges = _spanning_forest(n_rows, _nearest_edges(neighbourhoods, core))
    while edges.lengths.size < n_rows - 1:
        connecting = _with_lengths(vectors, core, _connecting_ends(vectors, core, edges.ends))
        edges = _spanning_forest(n_rows, _concatenated([edges, connecting]))
    edges = _exact_tree(vectors, core, edges, _examined_radii(neighbourhoods))
    if min_samples == 1:
        # The edge to the nearest neighbour is always part of the tree.
        core = np.full(n_rows, np.inf)
        np.minimum.at(core, edges.ends, edges.lengths[:, None])
    return SpanningTree(edges.ends, edges.lengths, core)


def linkage_matrix(tree: SpanningTree) -> Float[np.ndarray, "m 4"]:
    """Return the single-linkage tree as SciPy's linkage matrix, float64.

    The columns are left, right, distance and size.
    """
    # Imported here because hdbscan takes a second to load.
    from hdbscan._hdbscan_linkage import label

    edges = np.column_stack([tree.ends, tree.lengths]).astype(np.float64)
    return np.asarray(label(edges), dtype=np.float64).reshape(len(edges), 4)


def _nearest_edges(neighbourhoods: Neighbourhoods, core: Float[np.ndarray, " n"]) -> _Edges:
    """Return the edges to the nearest neighbours, for the first tree."""
    rows = neighbourhoods.rows[:, :_NEIGHBOURS_OF_FIRST_TREE]
    distances = neighbourhoods.distances[:, :_NEIGHBOURS_OF_FIRST_TREE].ravel()
    one, other = np.repeat(np.arange(rows.shape[0]), rows.shape[1]), rows.ravel()
    lengths = np.maximum(distances, np.maximum(core[one], core[other]))
    return _Edges(np.stack([one, other], axis=1), lengths, distances)


def _examined_radii(neighbourhoods: Neighbourhoods) -> Float[np.ndarray, " n"]:
    """Return the radius around every row within which the first tree saw all pairs.

    It is 0 if the neighbourhoods are not exact.
    """
    if not neighbourhoods.exact:
        return np.zeros(neighbourhoods.rows.shape[0])
    return np.asarray(neighbourhoods.distances[:, :_NEIGHBOURS_OF_FIRST_TREE][:, -1])


def _with_lengths(
    vectors: Float[np.ndarray, "n k"], core: Float[np.ndarray, " n"], ends: Int[np.ndarray, "m 2"]
) -> _Edges:
    distances = exact_distances(vectors, ends[:, 0], ends[:, 1])
    lengths = np.maximum(distances, np.maximum(core[ends[:, 0]], core[ends[:, 1]]))
    return _Edges(ends, np.asarray(lengths), distances)


def _concatenated(edges: Sequence[_Edges]) -> _Edges:
    return _Edges(
        np.concatenate([some.ends for some in edges]),
        np.concatenate([some.lengths for some in edges]),
        np.concatenate([some.distances for some in edges]),
    )


def _spanning_forest(n_rows: int, edges: _Edges) -> _Edges:
    """Return the minimum spanning forest of some edges, shortest first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    low, high = edges.ends.min(axis=1), edges.ends.max(axis=1)
    # The sparse matrix would add the values of a repeated edge.
    _, once = np.unique(low * n_rows + high, return_index=True)
    # `np.unique` sorts by the ends, which breaks ties of lengths and distances.
    order = once[np.lexsort((edges.distances[once], edges.lengths[once]))]
    # Ranks take the place of lengths, because a length of 0 would mean no edge and ties are broken.
    ranks = np.arange(1, order.size + 1, dtype=np.float64)
    links = coo_array((ranks, (low[order], high[order])), shape=(n_rows, n_rows))
    forest = minimum_spanning_tree(links.tocsr())
    kept = order[np.sort(forest.data.astype(np.int64)) - 1]
    return _Edges(np.stack([low[kept], high[kept]], axis=1), edges.lengths[kept], edges.distances[kept])


def _connecting_ends(
    vectors: Float[np.ndarray, "n k"], core: Float[np.ndarray, " n"], ends: Int[np.ndarray, "m 2"]
) -> Int[np.ndarray, "e 2"]:
    """Return ends of short edges from every component to the nearest components."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_rows = vectors.shape[0]
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n_rows, n_rows))
    n_components, component_of = connected_components(links, directed=False)
    members = np.split(np.argsort(component_of, kind="stable"), np.cumsum(np.bincount(component_of))[:-1])
    centres = np.stack([vectors[rows].mean(axis=0) for rows in members])
    pairs = set()
    for component in range(n_components):
        distances = np.linalg.norm(centres - centres[component], axis=1)
        distances[component] = np.inf
        for other in np.argsort(distances, kind="stable")[: min(_NEAREST_COMPONENTS, n_components - 1)].tolist():
            pairs.add((min(component, other), max(component, other)))
    ends_of_edges = []
    for component, other in sorted(pairs):
        one = _nearest_to(vectors, members[component], centres[other])
        two = _nearest_to(vectors, members[other], centres[component])
        between = _distances_by_product(vectors[one], vectors[two])
        between = np.maximum(between, np.maximum(core[one][:, None], core[two][None, :]))
        row, column = np.unravel_index(int(np.argmin(between)), between.shape)
        ends_of_edges.append((one[row], two[column]))
    return np.array(ends_of_edges, dtype=np.int64)


def _distances_by_product(one: Float[np.ndarray, "a k"], two: Float[np.ndarray, "b k"]) -> Float[np.ndarray, "a b"]:
    origin = two.mean(axis=0)
    one, two = one - origin, two - origin
    squares = np.einsum("ij,ij->i", one, one)[:, None] + np.einsum("ij,ij->i", two, two) - 2.0 * (one @ two.T)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def _nearest_to(
    vectors: Float[np.ndarray, "n k"], rows: Int[np.ndarray, " m"], point: Float[np.ndarray, " k"]
) -> Int[np.ndarray, " s"]:
    if rows.size <= _MOST_PER_COMPONENT:
        return rows
    away = np.linalg.norm(vectors[rows] - point, axis=1)
    return np.asarray(rows[np.argpartition(away, _MOST_PER_COMPONENT)[:_MOST_PER_COMPONENT]])


def _exact_tree(
    vectors: Float[np.ndarray, "n k"],
    core: Float[np.ndarray, " n"],
    edges: _Edges,
    examined_radii: Float[np.ndarray, " n"],
) -> _Edges:
    """Return the minimum spanning tree, given any spanning tree.

    An edge replaces another if it is shorter than the longest edge on the tree's path between its
    ends. In the leaf order of the tree's dendrogram, that longest edge is the largest merge height
    between the two leaves, so that it is known for whole blocks of pairs at once. A pair whose
    longest edge lies within the examined radius of one of its ends was available to the first tree.
    """
    order, heights = _leaf_order(edges)
    blocks = cut_into_blocks(vectors, order)

    def shorter_edges(rows: slice) -> _Edges:
        own, other, longest = _candidate_pairs(blocks, heights, rows)
        one, two = order[own], order[other]
        is_new = longest >= np.maximum(examined_radii[one], examined_radii[two])
        one, two, longest = one[is_new], two[is_new], longest[is_new]
        found = _with_lengths(vectors, core, np.stack([one, two], axis=1))
        # An edge of equal length may still replace the other because of its shorter plain distance.
        useful = found.lengths <= longest
        return _Edges(found.ends[useful], found.lengths[useful], found.distances[useful])

    return _spanning_forest(vectors.shape[0], _concatenated([edges, *in_threads(shorter_edges, blocks)]))


def _candidate_pairs(
    blocks: Blocks, heights: Float[np.ndarray, " m"], rows: slice
) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    """Return pairs that may be nearer than the longest edge between them.

    The third array is that edge's length. A pair is a position in this block and a later one. The
    largest height between them is the larger of two maxima: from the one to the end of its block,
    and from there to the other.
    """
    n_rows = blocks.order.size
    number = int(np.searchsorted(blocks.edges, rows.start))
    inside = heights[rows.start : rows.stop]
    to_end = np.maximum.accumulate(inside[::-1])[::-1]
    # beyond_end[j]: largest height between the first position after the block and the j-th after it.
    beyond_end = np.maximum.accumulate(np.concatenate([np.zeros(1), heights[rows.stop :]]))
    own, other, longest = _candidate_pairs_within(blocks, inside, rows)
    if rows.stop < n_rows:
        last_of_block = blocks.edges[number + 2 :] - 1 - rows.stop
        longest_edges = np.maximum(to_end[:, None], beyond_end[last_of_block])
        needed = np.zeros(blocks.radii.size, dtype=bool)
        needed[number + 1 :] = np.any(blocks.lower_bounds(rows)[:, number + 1 :] < longest_edges, axis=0)
        columns = blocks.columns(needed)
        far_own, place = blocks.pairs_within(rows, columns, to_end, beyond_end[columns - rows.stop])
        far_longest = np.maximum(to_end[far_own], beyond_end[columns[place] - rows.stop])
        own, other = np.concatenate([own, far_own]), np.concatenate([other, columns[place]])
        longest = np.concatenate([longest, far_longest])
    return own + rows.start, other, longest


def _candidate_pairs_within(
    blocks: Blocks, inside: Float[np.ndarray, " m"], rows: slice
) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    """Return candidate pairs within one block: index, position and longest edge."""
    size = rows.stop - rows.start
    longest = np.zeros((size, size))
    for place in range(size - 1):
        longest[place, place + 1 :] = np.maximum.accumulate(inside[place : size - 1])
    limit = np.where(longest > 0, longest * longest * (1 + 1e-6), -np.inf).astype(np.float32)
    squares = blocks.squared_distances(rows, np.arange(rows.start, rows.stop))
    own, other = true_positions(squares < limit)
    return own, other + rows.start, longest[own, other]


def _leaf_order(edges: _Edges) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " m"]]:
    """Return the leaf order of the dendrogram, and merge heights of adjacent leaves."""
    n_edges = edges.lengths.size
    linkage = linkage_matrix(SpanningTree(edges.ends, edges.lengths, np.empty(0)))
    merges = linkage[:, :2].astype(np.int64).tolist()
    size = [1] * (n_edges + 1) + linkage[:, 3].astype(np.int64).tolist()
    start = [0] * (2 * n_edges + 1)
    heights = np.empty(n_edges)
    for step in range(n_edges - 1, -1, -1):
        left, right = merges[step]
        start[left] = start[n_edges + 1 + step]
        start[right] = start[left] + size[left]
        heights[start[right] - 1] = edges.lengths[step]
    order = np.empty(n_edges + 1, dtype=np.int64)
    order[start[: n_edges + 1]] = np.arange(n_edges + 1)
    return order, heights
