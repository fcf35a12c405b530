"""Settings to try if a clustering has much noise or no groups."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.clusters.cache import ClusteringCache
from core.clusters.clustering import Clustering, cluster_on
from core.clusters.settings import ClusterSettings

HIGH_NOISE = 0.3
# Up to this many specimens each step is tried before it is advised, which takes milliseconds.
_TRIED_UP_TO = 2_000


@dataclass(frozen=True)
class Advice:
    """A change of the settings to try.

    Parameters
    ----------
    kind : str
        `fewer-samples`, `smaller-clusters`, `leaf`, `eom` or `unfold`.
    text : str
        What to change and why, in a sentence or two.
    settings : ClusterSettings
        The settings with that change.
    flags : str
        The same as flags of the command line.
    outcome : Clustering or None
        The clustering with that change; None if it was not tried.
    """

    kind: str
    text: str
    settings: ClusterSettings
    flags: str
    outcome: Clustering | None = None

    def helps(self, before: Clustering) -> bool:
        """Return whether the tried step finds groups for the first time, or less noise."""
        if self.outcome is None or self.outcome.n_clusters < 2:
            return False
        return before.n_clusters < 2 or self.outcome.n_noise < before.n_noise


def advise(clustering: Clustering) -> tuple[Advice, ...]:
    """Return the steps to try, the next one first.

    Empty if there are groups and little noise. The steps go from the mildest to the one that
    changes most: lower `min_samples`, smaller `min_cluster_size`, the other selection method,
    PCA to 50 dimensions and UMAP to 15.
    """
    if clustering.noise_ratio <= HIGH_NOISE and clustering.n_clusters > 1:
        return ()
    settings, n_specimens = clustering.settings, len(clustering.ids)
    if not settings.method.startswith("hdbscan") or n_specimens < 3:
        return ()
    steps = [_fewer_samples(settings), _smaller_clusters(settings), _other_selection(settings)]
    steps.append(_unfold(settings, n_specimens))
    return tuple(step for step in steps if step is not None)


def advise_on(cache: ClusteringCache, clustering: Clustering) -> tuple[Advice, ...]:
    """Return the steps to try, each with its outcome, helpful steps first.

    Otherwise the order is that of `advise`. `min_samples` is halved until that helps. UMAP is not
    tried because it takes too long; in a collection of more than 2,000 no step is tried.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import ClusteringCache, ClusterSettings, advise_on, cluster_on
    >>> from core.embeddings import Embeddings
    >>> points = np.eye(3, dtype=np.float32).repeat(8, axis=0)
    >>> points[:, 0] += np.tile(np.linspace(0, 0.1, 8, dtype=np.float32), 3)
    >>> cache = ClusteringCache(Embeddings(tuple(f"bone{row:02d}" for row in range(24)), points))
    >>> clustering = cluster_on(cache, ClusterSettings(min_cluster_size=10))
    >>> clustering.n_clusters
    0
    >>> step = advise_on(cache, clustering)[0]
    >>> step.flags, step.outcome.n_clusters
    ('--min-cluster-size 5', 3)
    """
    steps = advise(clustering)
    if len(clustering.ids) > _TRIED_UP_TO:
        return steps
    tried = [step if step.settings.umap else _try(cache, step, clustering) for step in steps]
    return tuple(sorted(tried, key=lambda step: not (step.outcome is None or step.helps(clustering))))


def _try(cache: ClusteringCache, step: Advice, before: Clustering) -> Advice:
    while True:
        tried = replace(step, outcome=cluster_on(cache, step.settings))
        further = _fewer_samples(step.settings) if step.kind == "fewer-samples" else None
        if further is None or tried.helps(before):
            return tried
        step = further


def explain_outcome(step: Advice, before: Clustering) -> str:
    """Return the outcome of a step in a few words, empty if it was not tried."""
    if step.outcome is None:
        return ""
    if not step.helps(before):
        return "no help here"
    return f"leads to {step.outcome.n_clusters} clusters and {step.outcome.noise_ratio:.0%} noise"


def explain_noise(clustering: Clustering) -> str:
    """Return one sentence on the amount of noise, empty if there is little."""
    if not advise(clustering):
        return ""
    if clustering.n_clusters < 2:
        return f"No groups stand out among the {len(clustering.ids)} specimens with these settings."
    return (
        f"{clustering.noise_ratio:.0%} of the specimens are noise: they lie in no region dense enough for a cluster "
        "with these settings. That can be true of a collection; it can also be the settings."
    )


def _fewer_samples(settings: ClusterSettings) -> Advice | None:
    if settings.min_samples <= 1:
        return None
    fewer = max(1, settings.min_samples // 2)
    return Advice(
        "fewer-samples",
        f"Lower min_samples from {settings.min_samples} to {fewer}: surroundings then count as dense sooner.",
        replace(settings, min_samples=fewer),
        f"--min-samples {fewer}",
    )


def _smaller_clusters(settings: ClusterSettings) -> Advice | None:
    if settings.min_cluster_size <= 3:
        return None
    smaller = max(3, settings.min_cluster_size // 2)
    return Advice(
        "smaller-clusters",
        f"Lower min_cluster_size from {settings.min_cluster_size} to {smaller}: small groups then count.",
        replace(settings, min_cluster_size=smaller),
        f"--min-cluster-size {smaller}",
    )


def _other_selection(settings: ClusterSettings) -> Advice:
    if settings.cluster_selection_method == "eom":
        return Advice(
            "leaf",
            "Choose clusters by leaf: this shows the groups inside one group that holds most specimens.",
            replace(settings, cluster_selection_method="leaf"),
            "--cluster-selection-method leaf",
        )
    return Advice(
        "eom",
        "Choose clusters by eom: coarser groups, which keep much of what lies between the finest ones.",
        replace(settings, cluster_selection_method="eom"),
        "--cluster-selection-method eom",
    )


def _unfold(settings: ClusterSettings, n_specimens: int) -> Advice | None:
    if settings.umap or n_specimens < 20:
        return None
    return Advice(
        "unfold",
        "Reduce by PCA to 50 and by UMAP to 15 dimensions first: UMAP draws neighbours together. It also makes "
        "groups look further apart than they are, so check what it finds against the pictures.",
        replace(settings, pca=50, umap=True, umap_n_components=15),
        "--pca 50 --umap --umap-n-components 15",
    )
