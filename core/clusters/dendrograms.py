"""Trees of clusters as drawings: where every branch lies, and which specimens hang on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from core.clusters.hdbscan.trees import NOISE, ClusterTree
from core.foundation import InputError

_MOST_BRANCHES = 400


@dataclass(frozen=True)
class Branch:
    """A branch of a condensed tree: a group from where it parts from others to where it falls apart.

    Parameters
    ----------
    node : int
        Its number in the condensed tree.
    parent : int or None
        The branch it parts from; None for the trunk.
    cluster_id : int
        The cluster that was chosen here; -1 where none was.
    size : int
        Specimens on it where it begins.
    left, right : float
        Its place across, in specimens.
    begins, ends : float
        Distances at which it parts from its sibling and falls apart, `begins` the larger.
    """

    node: int
    parent: int | None
    cluster_id: int
    size: int
    left: float
    right: float
    begins: float
    ends: float


@dataclass(frozen=True)
class Joint:
    """A place in a single-linkage tree where two groups join, or a leaf that stands for a group.

    Parameters
    ----------
    node : int
        Its number in the tree: specimens first, then merges in order.
    size : int
        Specimens below.
    x, height : float
        Where it lies; the height is the distance at which its two groups join, or for a leaf the
        one at which its own specimens do.
    below : tuple of int
        The two joints that join here; empty for a leaf.
    """

    node: int
    size: int
    x: float
    height: float
    below: tuple[int, ...] = ()


def lay_out_condensed(tree: ClusterTree, min_cluster_size: int, labels: Int[np.ndarray, " n"]) -> tuple[Branch, ...]:
    """Return the branches of a condensed tree, the trunk first, at most the 400 largest.

    Parameters
    ----------
    tree : ClusterTree
        From `grow_tree`.
    min_cluster_size : int
        For which it is condensed.
    labels : (n,) int
        The clusters that were chosen, to be marked.
    """
    condensed = tree.condensed(min_cluster_size)
    n_rows = tree.linkage.shape[0] + 1
    is_branch = condensed["child"] >= n_rows
    parent_of = dict(zip(condensed["child"][is_branch].tolist(), condensed["parent"][is_branch].tolist(), strict=True))
    size_of = dict(
        zip(condensed["child"][is_branch].tolist(), condensed["child_size"][is_branch].tolist(), strict=True)
    )
    born = dict(zip(condensed["child"][is_branch].tolist(), condensed["lambda_val"][is_branch].tolist(), strict=True))
    size_of[n_rows] = n_rows
    dies: dict[int, float] = {}
    for node, density in zip(condensed["parent"].tolist(), condensed["lambda_val"].tolist(), strict=True):
        dies[node] = max(dies.get(node, 0.0), density)
    chosen = _chosen_nodes(condensed, n_rows, labels, parent_of, size_of)
    lefts = _lefts(n_rows, parent_of, size_of)
    highest = float(tree.linkage[-1, 2])
    kept = sorted(size_of, key=lambda node: (-size_of[node], node))[:_MOST_BRANCHES]
    return tuple(
        Branch(
            node=node,
            parent=parent_of.get(node),
            cluster_id=chosen.get(node, NOISE),
            size=int(size_of[node]),
            left=lefts[node],
            right=lefts[node] + size_of[node],
            begins=highest * 1.05 if node == n_rows else _distance(born[node]),
            ends=_distance(dies.get(node, np.inf)),
        )
        for node in kept
    )


def rows_of_branch(tree: ClusterTree, min_cluster_size: int, node: int) -> Int[np.ndarray, " m"]:
    """Return the rows of the specimens on a branch of the condensed tree, sorted.

    Raises
    ------
    InputError
        Where the tree has no such branch.
    """
    condensed = tree.condensed(min_cluster_size)
    n_rows = tree.linkage.shape[0] + 1
    if not np.any(condensed["parent"] == node):
        raise InputError(f"The tree has no branch {node}.", advice="Choose one of the branches that are drawn.")
    reached = {node}
    # Children are numbered after their parents, so one pass in that order reaches all.
    for parent, child in zip(condensed["parent"].tolist(), condensed["child"].tolist(), strict=True):
        if parent in reached:
            reached.add(child)
    return np.array(sorted(name for name in reached if name < n_rows), dtype=np.int64)


def lay_out_linkage(tree: ClusterTree, n_leaves: int = 60) -> tuple[Joint, ...]:
    """Return the upper part of a single-linkage tree, the last merge first; groups below become leaves.

    Parameters
    ----------
    tree : ClusterTree
        From `grow_tree`.
    n_leaves : int
        How many leaves are drawn at most.
    """
    n_merges = tree.linkage.shape[0]
    n_rows = n_merges + 1
    first = n_rows + max(0, n_merges - max(1, n_leaves - 1))
    linkage = tree.linkage

    def about(node: int) -> tuple[int, float]:
        if node < n_rows:
            return 1, 0.0
        return int(linkage[node - n_rows, 3]), float(linkage[node - n_rows, 2])

    places: dict[int, float] = {}
    stack, order = [n_rows + n_merges - 1], []
    while stack:
        node = stack.pop()
        order.append(node)
        if node >= first:
            stack += [int(linkage[node - n_rows, 1]), int(linkage[node - n_rows, 0])]
        else:
            places[node] = float(len(places))
    joints: list[Joint] = []
    for node in reversed(order):
        size, height = about(node)
        below: tuple[int, ...] = ()
        if node >= first:
            below = (int(linkage[node - n_rows, 0]), int(linkage[node - n_rows, 1]))
            places[node] = (places[below[0]] + places[below[1]]) / 2
        joints.append(Joint(node, size, places[node], height, below))
    return tuple(reversed(joints))


def rows_of_joint(tree: ClusterTree, node: int) -> Int[np.ndarray, " m"]:
    """Return the rows of the specimens below a place of the single-linkage tree, sorted.

    Raises
    ------
    InputError
        Where the tree has no such place.
    """
    n_rows = tree.linkage.shape[0] + 1
    if not 0 <= node < 2 * n_rows - 1:
        raise InputError(f"The tree has no place {node}.", advice="Choose one of those that are drawn.")
    found, stack = [], [int(node)]
    while stack:
        one = stack.pop()
        if one < n_rows:
            found.append(one)
        else:
            stack += tree.linkage[one - n_rows, :2].astype(int).tolist()
    return np.array(sorted(found), dtype=np.int64)


def _distance(density: float) -> float:
    return 1.0 / density if density > 0 and np.isfinite(density) else 0.0


def _chosen_nodes(
    condensed: np.ndarray,
    n_rows: int,
    labels: Int[np.ndarray, " n"],
    parent_of: dict[int, int],
    size_of: dict[int, int],
) -> dict[int, int]:
    """Return the branch of every cluster: the one above its members that is as large as it."""
    is_leaf = condensed["child"] < n_rows
    home = dict(zip(condensed["child"][is_leaf].tolist(), condensed["parent"][is_leaf].tolist(), strict=True))
    chosen = {}
    for label, size in zip(*np.unique(labels[labels >= 0], return_counts=True), strict=True):
        node: int | None = home.get(int(np.flatnonzero(labels == label)[0]))
        while node is not None and size_of[node] < size:
            node = parent_of.get(node)
        if node is not None and size_of[node] == size:
            chosen[node] = int(label)
    return chosen


def _lefts(trunk: int, parent_of: dict[int, int], size_of: dict[int, int]) -> dict[int, float]:
    """Return where every branch begins across: children side by side in the middle of their parent."""
    children: dict[int, list[int]] = {}
    for node, parent in parent_of.items():
        children.setdefault(parent, []).append(node)
    lefts = {trunk: 0.0}
    for node in sorted(size_of):
        below = sorted(children.get(node, ()), key=lambda child: (-size_of[child], child))
        at = lefts[node] + (size_of[node] - sum(size_of[child] for child in below)) / 2
        for child in below:
            lefts[child] = at
            at += size_of[child]
    return lefts
