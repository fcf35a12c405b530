"""Groups of specimens: HDBSCAN on unit vectors, after PCA and, if asked, UMAP."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from core.embeddings import Embeddings
from core.errors import InputError, MissingStageError
from core.reduction import (
    NORMALIZATIONS,
    PrincipalComponents,
    check_at_least,
    check_choice,
    check_pca,
    fit_pca,
    normalise_rows,
)
from core.storage import write_csv, write_json

METHODS = ("hdbscan",)
METRICS = ("cosine", "euclidean")
SELECTION_METHODS = ("leaf", "eom")
NOISE = -1


@dataclass(frozen=True)
class ClusterSettings:
    """How specimens are put into groups.

    Parameters
    ----------
    method : str
        Which method; see `METHODS`.
    normalize : str
        `l2` gives every embedding length 1 first; `none` leaves lengths as they are.
    metric : str
        `cosine` compares directions: vectors of length 1 under Euclidean distance, which orders
        pairs as cosine does (‖a − b‖² = 2 − 2 cos). It normalises whatever `normalize` says.
        `euclidean` takes the vectors as `normalize` leaves them.
    pca : float
        0 none; a whole number of components; or a fraction below 1 of the variance to keep.
        More than the data allow is reduced to min(N − 1, D) with a note.
    min_cluster_size : int
        Smallest group that counts as a cluster, at least 2.
    min_samples : int
        As `hdbscan` means it: the distance to this many-th *other* specimen is how sparse the
        surroundings of a specimen are. scikit-learn counts the specimen itself, so that its
        `min_samples` is one more. Higher is more careful and leaves more noise.
    cluster_selection_method : str
        `leaf` takes the finest groups of the tree, `eom` the most persistent ones.
    cluster_selection_epsilon : float
        Groups that part below this distance stay together (Malzer & Baum, 2020). In the units
        of the clustered vectors; for a cosine distance c that is √(2c).
    umap : bool
        Whether UMAP comes between PCA and clustering.
    umap_n_components, umap_n_neighbors, umap_min_dist, umap_metric
        UMAP's own settings.
    seed : int
        Seed of whatever uses chance.
    """

    method: str = "hdbscan"
    normalize: str = "l2"
    metric: str = "cosine"
    pca: float = 64
    min_cluster_size: int = 10
    min_samples: int = 1
    cluster_selection_method: str = "leaf"
    cluster_selection_epsilon: float = 0.0
    umap: bool = False
    umap_n_components: int = 15
    umap_n_neighbors: int = 30
    umap_min_dist: float = 0.0
    umap_metric: str = "cosine"
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every setting."""
        check_choice("method", self.method, METHODS)
        check_choice("normalize", self.normalize, NORMALIZATIONS)
        check_choice("metric", self.metric, METRICS)
        check_choice("umap_metric", self.umap_metric, METRICS)
        check_choice("cluster_selection_method", self.cluster_selection_method, SELECTION_METHODS)
        check_pca(self.pca)
        check_at_least("min_cluster_size", self.min_cluster_size, 2)
        check_at_least("min_samples", self.min_samples, 1)
        check_at_least("cluster_selection_epsilon", self.cluster_selection_epsilon, 0)
        check_at_least("umap_n_components", self.umap_n_components, 1)
        check_at_least("umap_n_neighbors", self.umap_n_neighbors, 2)
        check_at_least("umap_min_dist", self.umap_min_dist, 0)
        check_at_least("seed", self.seed, 0)


@dataclass(frozen=True)
class Clustering:
    """Which group every specimen is in.

    Parameters
    ----------
    ids : tuple of str
        Specimen ids, in row order of the embeddings.
    labels : (n,) int64
        Cluster of every specimen, 0 for the largest, -1 for noise; read-only.
    probabilities : (n,) float64
        Membership strength from 0 to 1, not a calibrated probability; 0 for noise; read-only.
    explained_variance_ratio : (k,) float64 or None
        Share of the variance of each principal component; None without PCA.
    settings : ClusterSettings
        What was asked for.
    notes : tuple of str
        What was done otherwise than asked and what to think of it, in sentences.
    """

    ids: tuple[str, ...]
    labels: Int[np.ndarray, " n"]
    probabilities: Float[np.ndarray, " n"]
    explained_variance_ratio: Float[np.ndarray, " k"] | None
    settings: ClusterSettings
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Protect the arrays from change."""
        self.labels.setflags(write=False)
        self.probabilities.setflags(write=False)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Return the number of specimens in cluster 0, 1, …; never growing."""
        return tuple(int(size) for size in np.bincount(self.labels[self.labels >= 0]))

    @property
    def n_clusters(self) -> int:
        """Return the number of clusters."""
        return len(self.sizes)

    @property
    def n_noise(self) -> int:
        """Return the number of specimens in no cluster."""
        return int(np.count_nonzero(self.labels < 0))

    @property
    def noise_ratio(self) -> float:
        """Return the share of specimens in no cluster, 0 to 1."""
        return self.n_noise / max(len(self.ids), 1)

    @property
    def mean_prob(self) -> float:
        """Return the mean membership strength of the specimens in clusters; 0 where there are none."""
        inside = self.labels >= 0
        return float(self.probabilities[inside].mean()) if inside.any() else 0.0


@dataclass(frozen=True)
class Prepared:
    """The vectors that are clustered, under Euclidean distance.

    Parameters
    ----------
    vectors : (n, k) float32
        After normalising, PCA and UMAP, as far as they were asked for.
    pca : PrincipalComponents or None
        What PCA found.
    notes : tuple of str
        What was done otherwise than asked.
    """

    vectors: Float[np.ndarray, "n k"]
    pca: PrincipalComponents | None
    notes: tuple[str, ...]


def cluster(embeddings: Embeddings, settings: ClusterSettings | None = None) -> Clustering:
    """Put specimens into groups by the density of their embeddings.

    HDBSCAN (Campello, Moulavi & Sander, 2013; McInnes & Healy, 2017). Clusters are numbered by
    falling size, ties by the smallest specimen id, so that the same groups always have the same
    numbers.

    Raises
    ------
    InputError
        Where there are no embeddings.
    """
    settings = settings if settings is not None else ClusterSettings()
    prepared = prepare(embeddings, settings)
    labels, probabilities, notes = _hdbscan(prepared.vectors, settings)
    return _clustering(embeddings.ids, labels, probabilities, prepared, settings, notes)


def prepare(embeddings: Embeddings, settings: ClusterSettings) -> Prepared:
    """Normalise, reduce by PCA and by UMAP, as the settings ask.

    Raises
    ------
    InputError
        Where there are no embeddings.
    """
    if len(embeddings) == 0:
        raise InputError("There are no embeddings to cluster.", advice="Run `python -m core pool` first.")
    notes: list[str] = []
    unit = settings.metric == "cosine" or settings.normalize == "l2"
    if unit and settings.normalize == "none":
        notes.append("Cosine compares directions, so lengths were set to 1; choose metric euclidean to let them count.")
    vectors = normalise_rows(embeddings.matrix, "l2" if unit else "none")
    pca = fit_pca(vectors, settings.pca) if settings.pca > 0 and len(embeddings) > 1 else None
    if pca is not None:
        notes.extend(pca.notes)
    if settings.umap:
        vectors = _umap_vectors(vectors, pca, settings, notes)
    elif pca is not None:
        vectors = pca.coordinates
    return Prepared(vectors, pca, tuple(notes))


def write_clustering(folder: Path, clustering: Clustering, pca_report: Path | None = None) -> None:
    """Write `clusters.csv`, `summary.json` and, after PCA, `pca_report.csv` into a folder.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    clustering : Clustering
        What is written.
    pca_report : Path or None
        Where the PCA report goes instead of `pca_report.csv` in the folder.

    Raises
    ------
    WorkspaceError
        Where a file cannot be written.
    """
    rows = zip(clustering.ids, clustering.labels.tolist(), (f"{p:.6f}" for p in clustering.probabilities), strict=True)
    write_csv(folder / "clusters.csv", ("specimen_id", "cluster_id", "prob"), rows)
    write_json(folder / "summary.json", summarise(clustering))
    if clustering.explained_variance_ratio is not None:
        ratio = clustering.explained_variance_ratio
        lines = zip(range(1, len(ratio) + 1), ratio.tolist(), np.cumsum(ratio).tolist(), strict=True)
        write_csv(
            pca_report or folder / "pca_report.csv",
            ("component", "explained_variance_ratio", "cumulative"),
            ((number, f"{share:.8f}", f"{whole:.8f}") for number, share, whole in lines),
        )


def summarise(clustering: Clustering) -> dict[str, object]:
    """Return what `summary.json` holds."""
    return {
        "n_total": len(clustering.ids),
        "n_noise": clustering.n_noise,
        "noise_ratio": clustering.noise_ratio,
        "n_clusters": clustering.n_clusters,
        "mean_prob": clustering.mean_prob,
        "sizes": list(clustering.sizes),
        "settings": asdict(clustering.settings),
        "notes": list(clustering.notes),
    }


def read_clusters(path: Path) -> tuple[tuple[str, ...], Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return ids, cluster labels and membership strengths from a `clusters.csv`.

    Raises
    ------
    MissingStageError
        Where the file is not there.
    InputError
        Where it does not have the columns `specimen_id,cluster_id,prob`.
    """
    if not path.is_file():
        raise MissingStageError(f"{path} is not there.", advice="Run `python -m core cluster` first.")
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        ids = tuple(row["specimen_id"] for row in rows)
        labels = np.array([int(row["cluster_id"]) for row in rows], dtype=np.int64)
        probabilities = np.array([float(row["prob"]) for row in rows], dtype=np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} does not hold the columns specimen_id,cluster_id,prob as it should ({error}).",
            advice="Make it again with `python -m core cluster --overwrite`.",
        ) from error
    return ids, labels, probabilities


def canonical_order(ids: tuple[str, ...], labels: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Return labels numbered by falling size, ties by smallest id; noise stays -1."""
    members: dict[int, list[str]] = {}
    for name, label in zip(ids, labels.tolist(), strict=True):
        if label >= 0:
            members.setdefault(label, []).append(name)
    order = sorted(members, key=lambda label: (-len(members[label]), min(members[label])))
    new = {label: number for number, label in enumerate(order)}
    return np.array([new.get(label, NOISE) for label in labels.tolist()], dtype=np.int64)


def _umap_vectors(
    vectors: Float[np.ndarray, "n d"],
    pca: PrincipalComponents | None,
    settings: ClusterSettings,
    notes: list[str],
) -> Float[np.ndarray, "n k"]:
    from core.maps import fit_umap

    if pca is not None:
        vectors = pca.with_origin() if settings.umap_metric == "cosine" else pca.coordinates
    coordinates, umap_notes = fit_umap(
        vectors,
        dimensions=settings.umap_n_components,
        n_neighbors=settings.umap_n_neighbors,
        min_dist=settings.umap_min_dist,
        metric=settings.umap_metric,
        seed=settings.seed,
    )
    notes.extend(umap_notes)
    return coordinates


def _hdbscan(
    vectors: Float[np.ndarray, "n k"], settings: ClusterSettings
) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"], tuple[str, ...]]:
    n_specimens = vectors.shape[0]
    noise = np.full(n_specimens, NOISE, dtype=np.int64)
    if n_specimens < settings.min_cluster_size:
        note = (
            f"The collection has fewer specimens ({n_specimens}) than 'min_cluster_size' ({settings.min_cluster_size}), "
            "so there can be no cluster; choose a smaller one."
        )
        return noise, np.zeros(n_specimens), (note,)
    if not np.ptp(vectors, axis=0).any():
        note = "All embeddings are the same, so all specimens are one cluster."
        return np.zeros(n_specimens, dtype=np.int64), np.ones(n_specimens), (note,)
    import hdbscan

    model = hdbscan.HDBSCAN(
        min_cluster_size=settings.min_cluster_size,
        min_samples=settings.min_samples,
        metric="euclidean",
        cluster_selection_method=settings.cluster_selection_method,
        cluster_selection_epsilon=float(settings.cluster_selection_epsilon),
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    ).fit(np.asarray(vectors, dtype=np.float64))
    notes = () if model.labels_.max(initial=NOISE) >= 0 else ("No group was dense enough to be a cluster.",)
    return model.labels_, model.probabilities_, notes


def _clustering(
    ids: tuple[str, ...],
    labels: Int[np.ndarray, " n"],
    probabilities: Float[np.ndarray, " n"],
    prepared: Prepared,
    settings: ClusterSettings,
    notes: tuple[str, ...],
) -> Clustering:
    return Clustering(
        ids=ids,
        labels=canonical_order(ids, labels),
        probabilities=np.asarray(probabilities, dtype=np.float64),
        explained_variance_ratio=None if prepared.pca is None else prepared.pca.explained_variance_ratio,
        settings=settings,
        notes=prepared.notes + notes,
    )
