"""Layouts of trees: every branch holds its specimens, selected clusters are marked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.clusters import (
    ClusteringCache,
    ClusterSettings,
    cluster_on,
    lay_out_condensed,
    lay_out_linkage,
    rows_of_branch,
    rows_of_linkage_node,
)
from core.embeddings import extreme_rows
from core.foundation import InputError
from tests.core.points import embeddings_of, grouped_points

SETTINGS = ClusterSettings(pca=0, min_cluster_size=5)


@given(st.integers(12, 90), st.integers(2, 6), st.sampled_from(["leaf", "eom"]))
@settings(max_examples=25, deadline=None)
def test_lay_out_condensed__branches_hold_their_specimens(n_specimens: int, size: int, selection: str) -> None:
    """The rows and the extent of a branch lie within its parent's.

    It has `size` rows.
    """
    cache = ClusteringCache(embeddings_of(grouped_points(n_specimens)))
    how = ClusterSettings(pca=0, min_cluster_size=size, cluster_selection_method=selection)
    found = cluster_on(cache, how)
    tree = cache.tree(how)
    branches = {branch.node: branch for branch in lay_out_condensed(tree, size, found.labels)}
    rows = {node: set(rows_of_branch(tree, size, node).tolist()) for node in branches}
    for node, branch in branches.items():
        assert len(rows[node]) == branch.size
        assert branch.begins >= branch.ends >= 0
        if branch.parent is not None:
            assert rows[node] <= rows[branch.parent]
            assert branches[branch.parent].left <= branch.left
            assert branch.right <= branches[branch.parent].right
        if branch.cluster_id >= 0:
            assert rows[node] == set(np.flatnonzero(found.labels == branch.cluster_id).tolist())
    assert {branch.cluster_id for branch in branches.values()} - {-1} == set(range(found.n_clusters))


def test_lay_out_linkage__every_specimen_once() -> None:
    """The leaves of the drawing hold all specimens, none twice.

    A node holds the rows of its children.
    """
    cache = ClusteringCache(embeddings_of(grouped_points(80)))
    tree = cache.tree(SETTINGS)
    joints = {joint.node: joint for joint in lay_out_linkage(tree, 12)}
    leaves = [joint for joint in joints.values() if not joint.below]
    assert len(leaves) == 12
    assert sorted(row for leaf in leaves for row in rows_of_linkage_node(tree, leaf.node).tolist()) == list(range(80))
    for joint in joints.values():
        assert rows_of_linkage_node(tree, joint.node).size == joint.size
        assert all(joints[below].height <= joint.height for below in joint.below)


def test_lay_out_linkage__two_specimens() -> None:
    """The smallest tree has one merge and two leaves."""
    tree = ClusteringCache(embeddings_of(np.eye(2))).tree(ClusterSettings(pca=0, min_cluster_size=2))
    assert [len(joint.below) for joint in lay_out_linkage(tree)] == [2, 0, 0]


def test_rows_of__an_unknown_node() -> None:
    """An unknown node is an error with a sentence."""
    tree = ClusteringCache(embeddings_of(grouped_points(20))).tree(SETTINGS)
    with pytest.raises(InputError, match="no branch 999"):
        rows_of_branch(tree, 5, 999)
    with pytest.raises(InputError, match="no node 999"):
        rows_of_linkage_node(tree, 999)


def test_extreme_rows__lowest_and_highest() -> None:
    """Most extreme first, and none at both ends."""
    column = np.array([[3.0], [-1.0], [7.0], [0.0]])
    assert extreme_rows(column, 0, 2) == ([1, 3], [2, 0])
    assert extreme_rows(column[:3], 0, 5) == ([1], [2])
