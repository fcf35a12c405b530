"""How clusters agree with labels, and which specimens contradict theirs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from core.clusters.clustering import Clustering
from core.clusters.hdbscan.neighbourhoods import find_neighbourhoods
from core.collection import Labels
from core.embeddings import Embeddings, normalise_rows
from core.foundation import InputError
from core.storage import write_csv, write_json


@dataclass(frozen=True)
class Agreement:
    """Figures that compare clusters with labels, over the specimens that have a label.

    Noise counts as one more group in all but the purity, as it does where scripts hand the
    column `cluster_id` to scikit-learn.

    Parameters
    ----------
    ari : float
        Adjusted Rand index (Hubert & Arabie, 1985): pairs kept together or apart alike, 0 by
        chance, 1 at best; below 0 is worse than chance.
    nmi, ami : float
        Normalised and adjusted mutual information (arithmetic mean; Vinh, Epps & Bailey, 2010).
    homogeneity, completeness : float
        Whether clusters hold one label, and labels lie in one cluster (Rosenberg & Hirschberg, 2007).
    purity : float
        Share of the specimens in clusters whose label is the commonest of their cluster; noise is
        left out, so read it beside the share of noise.
    n_labelled : int
        Number of specimens compared.
    """

    ari: float
    nmi: float
    ami: float
    homogeneity: float
    completeness: float
    purity: float
    n_labelled: int


@dataclass(frozen=True)
class Misfit:
    """A specimen whose label its surroundings contradict.

    Parameters
    ----------
    specimen_id : str
        Which specimen.
    label : str
        What it is filed as.
    cluster_id : int
        Its cluster, -1 for noise.
    cluster_label : str
        Commonest label of its cluster; empty for noise.
    cluster_share : float
        Share of its cluster's labelled specimens with that label, 0 to 1.
    neighbour_label : str
        Commonest label among its nearest neighbours.
    neighbour_share : float
        Share of the nearest neighbours with that label, 0 to 1.
    """

    specimen_id: str
    label: str
    cluster_id: int
    cluster_label: str
    cluster_share: float
    neighbour_label: str
    neighbour_share: float

    @property
    def evidence(self) -> float:
        """Return how strongly cluster and neighbours together contradict the label, 0 to 1."""
        by_cluster = self.cluster_share if self.cluster_label not in ("", self.label) else 0.0
        by_neighbours = self.neighbour_share if self.neighbour_label != self.label else 0.0
        return (by_cluster + by_neighbours) / 2


def compare(clusters: Int[np.ndarray, " n"], labels: Labels) -> Agreement:
    """Compare cluster labels with what researchers say.

    Raises
    ------
    InputError
        Where there are as good as no labels, or they belong to other specimens.
    """
    if len(labels.ids) != clusters.shape[0]:
        raise InputError(
            f"There are {clusters.shape[0]} clustered specimens but {len(labels.ids)} in the labels.",
            advice="Read the labels for the ids of this clustering.",
        )
    known = labels.codes >= 0
    if not known.any():
        raise InputError("No specimen has a label.", advice="Give a CSV with the columns specimen_id,label.")
    from sklearn import metrics

    truth, found = labels.codes[known], clusters[known]
    inside = found >= 0
    table = contingency(found[inside], truth[inside])
    return Agreement(
        ari=float(metrics.adjusted_rand_score(truth, found)),
        nmi=float(metrics.normalized_mutual_info_score(truth, found)),
        ami=float(metrics.adjusted_mutual_info_score(truth, found)),
        homogeneity=float(metrics.homogeneity_score(truth, found)),
        completeness=float(metrics.completeness_score(truth, found)),
        purity=float(table.max(axis=1).sum() / table.sum()) if inside.any() else 0.0,
        n_labelled=int(known.sum()),
    )


def write_agreement(path: Path, agreement: Agreement, labels: Labels) -> None:
    """Write the figures as JSON, with where the labels come from and what is odd about them."""
    write_json(path, {**asdict(agreement), "labels": labels.source, "notes": list(labels.notes)})


def contingency(clusters: Int[np.ndarray, " n"], codes: Int[np.ndarray, " n"]) -> Int[np.ndarray, "c l"]:
    """Return how many specimens every cluster (rows) has of every label code (columns)."""
    if clusters.size == 0:
        return np.zeros((1, 1), dtype=np.int64)
    table = np.zeros((int(clusters.max()) + 1, int(codes.max()) + 1), dtype=np.int64)
    np.add.at(table, (clusters, codes), 1)
    return table


def find_misfits(
    embeddings: Embeddings, clustering: Clustering, labels: Labels, n_neighbours: int = 5
) -> tuple[Misfit, ...]:
    """Return specimens whose label is contradicted, strongest evidence first, ties by id.

    A specimen is listed where the commonest label of its cluster is another one, or the
    commonest label among its nearest labelled neighbours by cosine is. It may be misfiled,
    damaged, or simply odd: the list says where to look.

    Raises
    ------
    InputError
        Where the three do not belong to the same specimens.
    """
    if not (embeddings.ids == clustering.ids == labels.ids):
        raise InputError("Embeddings, clusters and labels belong to different specimens.")
    rows = np.flatnonzero(labels.codes >= 0)
    if rows.size < 2:
        return ()
    codes, found = labels.codes[rows], clustering.labels[rows]
    near = find_neighbourhoods(normalise_rows(embeddings.matrix[rows]), n_neighbours).rows[:, :n_neighbours]
    near_code, near_share = _commonest(codes[near], len(labels.names))
    inside = found >= 0
    table = contingency(found[inside], codes[inside])
    misfits = []
    for place, row in enumerate(rows.tolist()):
        cluster_label, cluster_share = "", 0.0
        if found[place] >= 0:
            counts = table[found[place]]
            cluster_label = labels.names[int(counts.argmax())]
            cluster_share = float(counts.max() / counts.sum())
        misfit = Misfit(
            embeddings.ids[row],
            labels.names[codes[place]],
            int(found[place]),
            cluster_label,
            cluster_share,
            labels.names[near_code[place]],
            float(near_share[place]),
        )
        if misfit.evidence > 0:
            misfits.append(misfit)
    return tuple(sorted(misfits, key=lambda misfit: (-misfit.evidence, misfit.specimen_id)))


def write_misfits(path: Path, misfits: tuple[Misfit, ...]) -> None:
    """Write possibly misfiled specimens as CSV, strongest evidence first."""
    header = (
        "specimen_id",
        "label",
        "cluster_id",
        "cluster_label",
        "cluster_share",
        "neighbour_label",
        "neighbour_share",
        "evidence",
    )
    rows = (
        (
            misfit.specimen_id,
            misfit.label,
            misfit.cluster_id,
            misfit.cluster_label,
            f"{misfit.cluster_share:.4f}",
            misfit.neighbour_label,
            f"{misfit.neighbour_share:.4f}",
            f"{misfit.evidence:.4f}",
        )
        for misfit in misfits
    )
    write_csv(path, header, rows)


def crosstab(clustering: Clustering, labels: Labels) -> Int[np.ndarray, "k l"]:
    """Return how many specimens every cluster (rows, noise last) has of every label (columns)."""
    known = labels.codes >= 0
    last = clustering.n_clusters
    shifted = np.where(clustering.labels[known] < 0, last, clustering.labels[known])
    table = np.zeros((last + 1, len(labels.names)), dtype=np.int64)
    np.add.at(table, (shifted, labels.codes[known]), 1)
    return table


def write_crosstab(path: Path, clustering: Clustering, labels: Labels) -> None:
    """Write a table of clusters (rows, noise last) against labels (columns) as CSV."""
    names = [*map(str, range(clustering.n_clusters)), "-1"]
    counts = crosstab(clustering, labels).tolist()
    write_csv(path, ("cluster_id", *labels.names), ((name, *row) for name, row in zip(names, counts, strict=True)))


def _commonest(codes: Int[np.ndarray, "n k"], n_codes: int) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the commonest code of each row, among equals the nearest one's, and its share."""
    counts = np.zeros((codes.shape[0], n_codes), dtype=np.int64)
    np.add.at(counts, (np.arange(codes.shape[0])[:, None], codes), 1)
    places = np.argmax(np.take_along_axis(counts, codes, axis=1), axis=1)
    commonest = codes[np.arange(codes.shape[0]), places]
    share = counts[np.arange(codes.shape[0]), commonest] / codes.shape[1]
    return commonest, share
