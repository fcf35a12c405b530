"""Layouts of the condensed tree and the single-linkage tree for drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from core.clusters.hdbscan.trees import NOISE, SingleLinkageTree
from core.foundation import InputError

_MOST_BRANCHES = 400


@dataclass(frozen=True)
class Branch:
    """A branch of a condensed tree: a group from its birth to its death.

    Parameters
    ----------
    node : int
        Its number in the condensed tree.
    parent : int or None
        The branch it splits from; None for the root.
    cluster_id : int
        The cluster that was selected here; -1 if none was.
    size : int
        Number of specimens at its birth.
    left, right : float
        Its horizontal extent, in specimens.
    begins, ends : float
        Distances at its birth (split from its sibling) and death; `begins` is the larger.
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
class LinkageNode:
    """A node of a single-linkage tree: a merge of two groups, or a leaf.

    A leaf of the drawing may stand for a group.

    Parameters
    ----------
    node : int
        Its number in the tree: specimens first, then merges in order, as in SciPy.
    size : int
        Number of specimens below it.
    x, height : float
        Its position. The height is the distance at which its two groups merge, or for a leaf the
        one at which its own specimens do.
    below : tuple of int
        The two nodes that merge here; empty for a leaf.
    """

    node: int
    size: int
    x: float
    height: float
    below: tuple[int, ...] = ()


def lay_out_condensed(
    tree: SingleLinkageTree, min_cluster_size: int, labels: Int[np.ndarray, " n"]
) -> tuple[Branch, ...]:
    """Return the 400 largest branches of a condensed tree, the root first.

    Parameters
    ----------
    tree : ClusterTree
        From `single_linkage_tree`.
    min_cluster_size : int
        Smallest group that is a branch of its own.
    labels : (n,) int
        The selected clusters, which are marked.
    """
    condensed = tree.condensed(min_cluster_size)
    n_rows = tree.linkage.shape[0] + 1
    branches = condensed[condensed["child"] >= n_rows]
    children = branches["child"].tolist()
    parent_of = dict(zip(children, branches["parent"].tolist(), strict=True))
    size_of = dict(zip(children, branches["child_size"].tolist(), strict=True))
    lambda_birth = dict(zip(children, branches["lambda_val"].tolist(), strict=True))
    size_of[n_rows] = n_rows
    lambda_death: dict[int, float] = {}
    for node, lambda_value in zip(condensed["parent"].tolist(), condensed["lambda_val"].tolist(), strict=True):
        lambda_death[node] = max(lambda_death.get(node, 0.0), lambda_value)
    chosen = _chosen_nodes(condensed, n_rows, labels, parent_of, size_of)
    lefts = _left_edges(n_rows, parent_of, size_of)
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
            begins=highest * 1.05 if node == n_rows else _distance(lambda_birth[node]),
            ends=_distance(lambda_death.get(node, np.inf)),
        )
        for node in kept
    )


def rows_of_branch(tree: SingleLinkageTree, min_cluster_size: int, node: int) -> Int[np.ndarray, " m"]:
    """Return the rows of the specimens on a branch of the condensed tree, sorted.

    Raises
    ------
    InputError
        If the tree has no such branch.
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


def lay_out_linkage(tree: SingleLinkageTree, n_leaves: int = 60) -> tuple[LinkageNode, ...]:
    """Return the upper part of a single-linkage tree, the last merge first.

    Groups below the last merges become leaves.

    Parameters
    ----------
    tree : ClusterTree
        From `single_linkage_tree`.
    n_leaves : int
        Largest number of leaves to draw.
    """
    n_merges = tree.linkage.shape[0]
    n_rows = n_merges + 1
    first = n_rows + max(0, n_merges - max(1, n_leaves - 1))
    linkage = tree.linkage

    def size_and_height(node: int) -> tuple[int, float]:
        if node < n_rows:
            return 1, 0.0
        return int(linkage[node - n_rows, 3]), float(linkage[node - n_rows, 2])

    xs: dict[int, float] = {}
    stack, order = [n_rows + n_merges - 1], []
    while stack:
        node = stack.pop()
        order.append(node)
        if node >= first:
            stack += [int(linkage[node - n_rows, 1]), int(linkage[node - n_rows, 0])]
        else:
            xs[node] = float(len(xs))
    nodes: list[LinkageNode] = []
    for node in reversed(order):
        size, height = size_and_height(node)
        below: tuple[int, ...] = ()
        if node >= first:
            below = (int(linkage[node - n_rows, 0]), int(linkage[node - n_rows, 1]))
            xs[node] = (xs[below[0]] + xs[below[1]]) / 2
        nodes.append(LinkageNode(node, size, xs[node], height, below))
    return tuple(reversed(nodes))


def rows_of_linkage_node(tree: SingleLinkageTree, node: int) -> Int[np.ndarray, " m"]:
    """Return the sorted rows of the specimens below a node of the linkage tree.

    Raises
    ------
    InputError
        If the tree has no such node.
    """
    n_rows = tree.linkage.shape[0] + 1
    if not 0 <= node < 2 * n_rows - 1:
        raise InputError(f"The tree has no node {node}.", advice="Choose one of those that are drawn.")
    found, stack = [], [int(node)]
    while stack:
        one = stack.pop()
        if one < n_rows:
            found.append(one)
        else:
            stack += tree.linkage[one - n_rows, :2].astype(int).tolist()
    return np.array(sorted(found), dtype=np.int64)


def _distance(lambda_value: float) -> float:
    return 1.0 / lambda_value if lambda_value > 0 and np.isfinite(lambda_value) else 0.0


def _chosen_nodes(
    condensed: np.ndarray,
    n_rows: int,
    labels: Int[np.ndarray, " n"],
    parent_of: dict[int, int],
    size_of: dict[int, int],
) -> dict[int, int]:
    """Return the node of every cluster: the ancestor of its members with its size."""
    is_leaf = condensed["child"] < n_rows
    parent_of_row = dict(zip(condensed["child"][is_leaf].tolist(), condensed["parent"][is_leaf].tolist(), strict=True))
    chosen = {}
    for label, size in zip(*np.unique(labels[labels >= 0], return_counts=True), strict=True):
        node: int | None = parent_of_row.get(int(np.flatnonzero(labels == label)[0]))
        while node is not None and size_of[node] < size:
            node = parent_of.get(node)
        if node is not None and size_of[node] == size:
            chosen[node] = int(label)
    return chosen


def _left_edges(root: int, parent_of: dict[int, int], size_of: dict[int, int]) -> dict[int, float]:
    """Return the left edge of every branch, children centred under their parent."""
    children: dict[int, list[int]] = {}
    for node, parent in parent_of.items():
        children.setdefault(parent, []).append(node)
    lefts = {root: 0.0}
    for node in sorted(size_of):
        below = sorted(children.get(node, ()), key=lambda child: (-size_of[child], child))
        left = lefts[node] + (size_of[node] - sum(size_of[child] for child in below)) / 2
        for child in below:
            lefts[child] = left
            left += size_of[child]
    return lefts
