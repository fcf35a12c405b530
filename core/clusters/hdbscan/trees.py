"""HDBSCAN's single-linkage tree, built once, and the clusters extracted from it.

The tree depends on the vectors and `min_samples`. The later steps (condensing for a
`min_cluster_size`, selecting clusters) take milliseconds, so that a slider can change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from core.clusters.hdbscan.neighbourhoods import Neighbourhoods
from core.clusters.hdbscan.spanning_tree import find_spanning_tree, linkage_matrix
from core.foundation import note

NOISE = -1


@dataclass(frozen=True)
class Grouping:
    """Groups of vectors, not yet numbered by size.

    Parameters
    ----------
    labels : (n,) int64
        Group of every vector, -1 for noise; read-only.
    probabilities : (n,) float64
        Membership strength, 0 to 1; read-only.
    persistence : tuple of float or None
        Persistence of each group over all densities, 0 to 1; None if the method has none.
    notes : tuple of str
        Remarks on the grouping, in sentences.
    """

    labels: Int[np.ndarray, " n"]
    probabilities: Float[np.ndarray, " n"]
    persistence: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Protect the arrays from change."""
        self.labels.setflags(write=False)
        self.probabilities.setflags(write=False)


@dataclass(frozen=True, eq=False)
class SingleLinkageTree:
    """A single-linkage tree under mutual reachability distance.

    Parameters
    ----------
    linkage : (n - 1, 4) float64
        In SciPy's format: left, right, distance, size; read-only.
    core_distances : (n,) float64
        Distance of every vector to its `min_samples`-th other one; read-only.
    """

    linkage: Float[np.ndarray, "m 4"]
    core_distances: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        """Protect the tree from change."""
        self.linkage.setflags(write=False)
        self.core_distances.setflags(write=False)

    def condensed(self, min_cluster_size: int) -> np.ndarray:
        """Return the condensed tree in the format of `hdbscan`.

        The fields are parent, child, lambda_val and child_size. Lambda is 1 / distance. Children
        below n are vectors.
        """
        return _condense(self, min_cluster_size)[0].copy()

    def outlier_scores(self, min_cluster_size: int) -> Float[np.ndarray, " n"]:
        """Return outlier scores from 0 to 1 by GLOSH (Campello et al., 2015)."""
        scores = _hdbscan_tree().outlier_scores(self.condensed(min_cluster_size))
        return np.nan_to_num(np.asarray(scores, dtype=np.float64))


def single_linkage_tree(neighbourhoods: Neighbourhoods, min_samples: int) -> SingleLinkageTree:
    """Return the single-linkage tree under mutual reachability distance."""
    tree = find_spanning_tree(neighbourhoods, min_samples)
    return SingleLinkageTree(linkage_matrix(tree), tree.core_distances)


def extract_clusters(
    tree: SingleLinkageTree, min_cluster_size: int, selection_method: str, epsilon: float | int
) -> Grouping:
    """Condense a tree and choose clusters from it, as `hdbscan` does.

    Parameters
    ----------
    tree : ClusterTree
        From `single_linkage_tree`.
    min_cluster_size : int
        At least 2.
    selection_method : str
        `leaf` or `eom`.
    epsilon : float
        Clusters that split below this distance stay together.
    """
    condensed, stability = _condense(tree, min_cluster_size)
    labels, probabilities, persistence = _hdbscan_tree().get_clusters(
        condensed.copy(), dict(stability), selection_method, False, False, float(epsilon), 0
    )
    notes = () if labels.max(initial=NOISE) >= 0 else (note("No group stood out as a cluster."),)
    return Grouping(
        np.asarray(labels, dtype=np.int64),
        np.asarray(probabilities, dtype=np.float64),
        tuple(np.nan_to_num(persistence).tolist()),
        notes,
    )


@lru_cache(maxsize=32)
def _condense(tree: SingleLinkageTree, min_cluster_size: int) -> tuple[np.ndarray, dict[float, float]]:
    functions = _hdbscan_tree()
    condensed = functions.condense_tree(tree.linkage.copy(), min_cluster_size)
    return condensed, functions.compute_stability(condensed)


@lru_cache(maxsize=1)
def _hdbscan_tree() -> Any:
    # Imported here because hdbscan takes a second to load.
    from hdbscan import _hdbscan_tree as functions

    return functions
