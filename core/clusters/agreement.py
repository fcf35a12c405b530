"""Agreement of clusters with labels, and specimens that contradict their label."""

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
    """Measures of agreement between clusters and labels.

    Only specimens that have a label are compared. Noise counts as one more group in all but the
    purity, as it does if a script passes the column `cluster_id` to scikit-learn.

    Parameters
    ----------
    ari : float
        Adjusted Rand index (Hubert & Arabie, 1985): agreement over pairs, 0 by chance,
        1 at best; below 0 is worse than chance.
    nmi, ami : float
        Normalised and adjusted mutual information (arithmetic mean; Vinh, Epps & Bailey, 2010).
    homogeneity, completeness : float
        Whether clusters hold one label, and labels lie in one cluster (Rosenberg & Hirschberg, 2007).
    purity : float
        Share of the specimens in clusters whose label is the commonest of their cluster; noise is
        left out, so that it must be read beside the share of noise.
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
    """A specimen whose label contradicts its cluster or neighbours.

    Parameters
    ----------
    specimen_id : str
        The specimen.
    label : str
        Its own label.
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
        """Return how strongly cluster and neighbours contradict the label, 0 to 1."""
        by_cluster = self.cluster_share if self.cluster_label not in ("", self.label) else 0.0
        by_neighbours = self.neighbour_share if self.neighbour_label != self.label else 0.0
        return (by_cluster + by_neighbours) / 2


def compare_with_labels(clusters: Int[np.ndarray, " n"], labels: Labels) -> Agreement:
    """Compare cluster labels with the researchers' labels.

    Parameters
    ----------
    clusters : (n,) int
        Cluster of every specimen, -1 for noise.
    labels : Labels
        Labels of the same specimens, in the same order.

    Raises
    ------
    InputError
        If no specimen has a label, or the labels belong to other specimens.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import compare_with_labels
    >>> from core.collection import Labels
    >>> labels = Labels(("a", "b", "c", "d", "e"), ("femur", "femur", "skull", "skull", "skull"), "by hand")
    >>> agreement = compare_with_labels(np.array([0, 0, 1, 1, 1]), labels)
    >>> agreement.ari, agreement.purity, agreement.n_labelled
    (1.0, 1.0, 5)
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
    """Write the measures as JSON, with the source of the labels and their notes."""
    write_json(path, {**asdict(agreement), "labels": labels.source, "notes": list(labels.notes)})


def contingency(clusters: Int[np.ndarray, " n"], codes: Int[np.ndarray, " n"]) -> Int[np.ndarray, "c l"]:
    """Return counts of specimens by cluster (rows) and label code (columns)."""
    if clusters.size == 0:
        return np.zeros((1, 1), dtype=np.int64)
    table = np.zeros((int(clusters.max()) + 1, int(codes.max()) + 1), dtype=np.int64)
    np.add.at(table, (clusters, codes), 1)
    return table


def find_misfits(
    embeddings: Embeddings, clustering: Clustering, labels: Labels, n_neighbours: int = 5
) -> tuple[Misfit, ...]:
    """Return specimens whose label is contradicted, strongest evidence first.

    A specimen is listed if the commonest label of its cluster, or the commonest label among its
    nearest labelled neighbours by cosine, is another one. It may be misfiled, damaged or unusual.
    Ties are ordered by id.

    Raises
    ------
    InputError
        If embeddings, clusters and labels do not belong to the same specimens.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import ClusterSettings, cluster, find_misfits
    >>> from core.collection import Labels
    >>> from core.embeddings import Embeddings
    >>> points = np.eye(2, 16, dtype=np.float32).repeat(8, axis=0)
    >>> embeddings = Embeddings(tuple(f"bone{row:02d}" for row in range(16)), points)
    >>> clustering = cluster(embeddings, ClusterSettings(pca=0, min_cluster_size=4))
    >>> labels = Labels(embeddings.ids, ("femur",) * 7 + ("skull",) * 9, "by hand")
    >>> (misfit,) = find_misfits(embeddings, clustering, labels)
    >>> misfit.specimen_id, misfit.label, misfit.cluster_label
    ('bone07', 'skull', 'femur')
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
    """Return counts of specimens by cluster (rows, noise last) and label (columns).

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import Clustering, ClusterSettings, crosstab
    >>> from core.collection import Labels
    >>> ids = ("a", "b", "c", "d")
    >>> clustering = Clustering(ids, np.array([0, 0, 1, -1]), np.ones(4), None, ClusterSettings())
    >>> crosstab(clustering, Labels(ids, ("femur", "femur", "skull", "skull"), "by hand"))
    array([[2, 0],
           [0, 1],
           [0, 1]])
    """
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
    """Return the commonest code of each row and its share, ties by the nearest."""
    counts = np.zeros((codes.shape[0], n_codes), dtype=np.int64)
    np.add.at(counts, (np.arange(codes.shape[0])[:, None], codes), 1)
    places = np.argmax(np.take_along_axis(counts, codes, axis=1), axis=1)
    commonest = codes[np.arange(codes.shape[0]), places]
    share = counts[np.arange(codes.shape[0]), commonest] / codes.shape[1]
    return commonest, share
