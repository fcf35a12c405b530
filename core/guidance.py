"""What to try next when a clustering leaves much as noise, or shows no groups."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.clusters import Clustering, ClusterSettings

HIGH_NOISE = 0.3


@dataclass(frozen=True)
class Advice:
    """A step to try.

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
    """

    kind: str
    text: str
    settings: ClusterSettings
    flags: str


def advise(clustering: Clustering) -> tuple[Advice, ...]:
    """Return what to try, the next step first; nothing where there are groups and little noise.

    The order of the steps, from the mildest to the one that changes most: fewer `min_samples`,
    a smaller `min_cluster_size`, the other way of choosing clusters, PCA to 50 and UMAP to 15.
    """
    if clustering.noise_ratio <= HIGH_NOISE and clustering.n_clusters > 1:
        return ()
    settings, n_specimens = clustering.settings, len(clustering.ids)
    if not settings.method.startswith("hdbscan") or n_specimens < 3:
        return ()
    steps = [_fewer_samples(settings), _smaller_clusters(settings), _other_selection(settings)]
    steps.append(_unfold(settings, n_specimens))
    return tuple(step for step in steps if step is not None)


def explain_noise(clustering: Clustering) -> str:
    """Return one sentence on how much is noise and whether that is much; empty where it is not."""
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
            "Choose clusters by leaf: groups inside of a group that swallows all others then show.",
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
