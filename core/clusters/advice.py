"""What to try next when a clustering leaves much as noise, or shows no groups."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.clusters.cache import Groundwork
from core.clusters.clustering import Clustering, cluster_on
from core.clusters.settings import ClusterSettings

HIGH_NOISE = 0.3
# Up to so many specimens a step is tried before it is advised: it takes milliseconds.
_TRIED_UP_TO = 2_000


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
    outcome : Clustering or None
        What the step leads to, where it was tried.
    """

    kind: str
    text: str
    settings: ClusterSettings
    flags: str
    outcome: Clustering | None = None

    def helps(self, before: Clustering) -> bool:
        """Return whether the step was tried and shows groups where there were none, or leaves less as noise."""
        if self.outcome is None or self.outcome.n_clusters < 2:
            return False
        return before.n_clusters < 2 or self.outcome.n_noise < before.n_noise


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


def advise_on(groundwork: Groundwork, clustering: Clustering) -> tuple[Advice, ...]:
    """Return what to try next, each step with what it leads to, those that help before those that do not.

    Among them the order of `advise` stays. `min_samples` is halved until that helps. UMAP takes
    too long to be tried unasked, and so does any step in a collection of more than 2,000.
    """
    steps = advise(clustering)
    if len(clustering.ids) > _TRIED_UP_TO:
        return steps
    tried = [step if step.settings.umap else _try(groundwork, step, clustering) for step in steps]
    return tuple(sorted(tried, key=lambda step: not (step.outcome is None or step.helps(clustering))))


def _try(groundwork: Groundwork, step: Advice, before: Clustering) -> Advice:
    while True:
        tried = replace(step, outcome=cluster_on(groundwork, step.settings))
        further = _fewer_samples(step.settings) if step.kind == "fewer-samples" else None
        if further is None or tried.helps(before):
            return tried
        step = further


def explain_outcome(step: Advice, before: Clustering) -> str:
    """Return in a few words what a step leads to; empty where it was not tried."""
    if step.outcome is None:
        return ""
    if not step.helps(before):
        return "no help here"
    return f"leads to {step.outcome.n_clusters} clusters and {step.outcome.noise_ratio:.0%} noise"


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
