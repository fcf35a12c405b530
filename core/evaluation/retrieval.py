"""Evaluation of nearest neighbours by labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from core.collection import Labels
from core.embeddings import Embeddings, normalise_rows
from core.evaluation.metrics import MEASURES, measure_queries
from core.foundation import InputError, SettingError, check_at_least, check_choice, few_of, note
from core.neighbours import Ranking
from core.storage import write_csv, write_json

EVALUATION_METRICS = ("cosine", "euclidean")
EVALUATION_FILES = ("retrieval.json", "retrieval.csv", "queries.csv", "confusion.csv")


@dataclass(frozen=True)
class EvaluationSettings:
    """Settings of an evaluation.

    Parameters
    ----------
    metric : str
        `cosine` or `euclidean`.
    depths : tuple of int
        The k of every P@k.
    n_votes : int
        Number of nearest neighbours that vote in the leave-one-out classification.
    n_bootstrap : int
        Number of bootstrap resamples of the queries for the intervals; 0 for none.
    confidence : float
        Share of the resamples inside of an interval, above 0 and below 1.
    seed : int
        Seed of the resamples.
    """

    metric: str = "cosine"
    depths: tuple[int, ...] = (1, 5, 10)
    n_votes: int = 5
    n_bootstrap: int = 1000
    confidence: float = 0.95
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every setting."""
        check_choice("metric", self.metric, EVALUATION_METRICS)
        for depth in self.depths:
            check_at_least("depths", depth, 1)
        check_at_least("votes", self.n_votes, 1)
        check_at_least("bootstrap", self.n_bootstrap, 0)
        if not 0 < self.confidence < 1:
            raise SettingError(
                "'confidence' must be above 0 and below 1 (got {confidence}).",
                advice="0.95 is customary.",
                confidence=self.confidence,
            )
        check_at_least("seed", self.seed, 0)

    @property
    def measures(self) -> tuple[str, ...]:
        """Return the names of the measures, in the order of the reports."""
        return (*MEASURES, *(f"P@{k}" for k in self.depths))


@dataclass(frozen=True)
class Evaluation:
    """Measures of every query for finding the other members of its class.

    Parameters
    ----------
    ids : tuple of str
        The queries: labelled specimens of classes with at least two members.
    labels : tuple of str
        Label of every query.
    values : (q, m) float64
        Every measure of every query, 0 to 1; read-only.
    nearest_ids, nearest_labels : tuple of str
        Nearest neighbour of every query, and its label.
    voted_labels : tuple of str
        Majority label of the nearest neighbours of every query, without the query itself.
    vote_accuracies : mapping of int to float
        Share of queries with their own label as the majority of the k nearest neighbours, for
        `VOTES` and the k of the settings.
    settings : EvaluationSettings
        The settings.
    source : str
        Source of the labels.
    notes : tuple of str
        Specimens that were left out, in sentences.
    ranking : mapping, optional
        Settings of the ranking, if it is not that of embedding distances.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    values: Float[np.ndarray, "q m"]
    nearest_ids: tuple[str, ...]
    nearest_labels: tuple[str, ...]
    voted_labels: tuple[str, ...]
    vote_accuracies: Mapping[int, float]
    settings: EvaluationSettings
    source: str
    notes: tuple[str, ...] = ()
    ranking: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        """Make the values read-only."""
        self.values.setflags(write=False)

    @property
    def overall(self) -> dict[str, float]:
        """Return every measure, averaged over queries."""
        return self._named(self.values.mean(axis=0))

    @cached_property
    def per_class(self) -> dict[str, dict[str, float]]:
        """Return every measure by class, averaged over the queries of the class."""
        names, codes, sizes = self._classes
        sums = np.stack([np.bincount(codes, weights=column, minlength=len(names)) for column in self.values.T], axis=1)
        return {name: self._named(row) for name, row in zip(names, sums / sizes[:, None], strict=True)}

    @cached_property
    def class_sizes(self) -> dict[str, int]:
        """Return the number of queries of every class."""
        names, _, sizes = self._classes
        return dict(zip(names, sizes.tolist(), strict=True))

    @cached_property
    def _classes(self) -> tuple[list[str], Int[np.ndarray, " q"], Int[np.ndarray, " c"]]:
        """Return the sorted classes, the class index of every query, and class sizes."""
        names = sorted(set(self.labels))
        place_of = {name: place for place, name in enumerate(names)}
        codes = np.array([place_of[name] for name in self.labels], dtype=np.intp)
        return names, codes, np.bincount(codes, minlength=len(names))

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Return the percentile bootstrap interval of every measure (Efron, 1979).

        Queries are resampled.
        """
        settings = self.settings
        if settings.n_bootstrap == 0:
            return {}
        rng = np.random.default_rng(settings.seed)
        n_queries = len(self.ids)
        draws = np.stack(
            [self.values[rng.integers(0, n_queries, n_queries)].mean(axis=0) for _ in range(settings.n_bootstrap)]
        )
        tail = (1.0 - settings.confidence) / 2.0
        low, high = np.quantile(draws, [tail, 1.0 - tail], axis=0)
        return {name: (float(a), float(b)) for name, a, b in zip(settings.measures, low, high, strict=True)}

    @property
    def vote_accuracy(self) -> float:
        """Return the share of queries with their own label as the majority."""
        return self.vote_accuracies[self.settings.n_votes]

    @cached_property
    def confusion(self) -> dict[tuple[str, str], int]:
        """Return how often each label has each label as its nearest neighbour."""
        counts: dict[tuple[str, str], int] = {}
        for pair in zip(self.labels, self.nearest_labels, strict=True):
            counts[pair] = counts.get(pair, 0) + 1
        return dict(sorted(counts.items()))

    def worst(self, count: int = 10) -> tuple[str, ...]:
        """Return the queries with the lowest average precision, worst first, ties by id."""
        precision = self.values[:, self.settings.measures.index("mAP")]
        order = sorted(range(len(self.ids)), key=lambda row: (precision[row], self.ids[row]))
        return tuple(self.ids[row] for row in order[:count])

    def _named(self, values: Float[np.ndarray, " m"]) -> dict[str, float]:
        return dict(zip(self.settings.measures, values.tolist(), strict=True))


def evaluate(
    embeddings: Embeddings,
    labels: Labels,
    settings: EvaluationSettings | None = None,
    ranking: Ranking | None = None,
) -> Evaluation:
    """Evaluate nearest neighbours by labels, as the Princeton Shape Benchmark does.

    Every labelled specimen of a class with at least two members is a query among all other
    labelled ones. With R other members of its class, and neighbours in order of distance (Shilane,
    Min, Kazhdan & Funkhouser, 2004):

    - NN: whether the first neighbour is of the class.
    - First and second tier: the share of the R among the first R and 2R neighbours.
    - E: the harmonic mean of precision and recall among the first 32.
    - DCG: Σ 1/log₂(rank) over the R (rank 1 counts 1), divided by the largest possible value.

    In addition, mAP is the mean of the precision at each of the R, and P@k the share of the class
    among the first k. All measures are between 0 and 1, higher is better, and they are averaged
    over queries, so that large classes weigh more.

    Parameters
    ----------
    embeddings : Embeddings
        The collection.
    labels : Labels
        A label or none for each of its ids.
    settings : EvaluationSettings, optional
        Metric, measures and intervals.
    ranking : Ranking, optional
        Order of the neighbours, if it is not that of embedding distances.

    Raises
    ------
    InputError
        If labels belong to other specimens, or no class has two members.

    Examples
    --------
    >>> from core.collection import labels_of_categories
    >>> ids = ("A/1", "A/2", "B/1", "B/2")
    >>> embeddings = Embeddings(ids, np.array([[1, 0], [2, 1], [0, 1], [1, 3]], dtype=np.float32))
    >>> evaluation = evaluate(embeddings, labels_of_categories(ids))
    >>> evaluation.nearest_ids, evaluation.overall["NN"]
    (('A/2', 'A/1', 'B/2', 'B/1'), 1.0)
    """
    settings = settings if settings is not None else EvaluationSettings()
    if labels.ids != embeddings.ids:
        raise InputError("The labels belong to other specimens.", advice="Read them for the ids of these embeddings.")
    rows = _labelled_rows_in_id_order(labels)
    codes = labels.codes[rows]
    sizes = np.bincount(codes, minlength=len(labels.names))
    queries = np.flatnonzero(sizes[codes] >= 2)
    if queries.size == 0:
        raise InputError(
            "No label of {source} is shared by two specimens, so there is nothing to find.",
            advice="Give labels that group specimens, or a coarser level such as category:1.",
            source=labels.source,
        )
    vectors = _points(embeddings.matrix[rows], settings.metric)
    ids = [labels.ids[row] for row in rows]
    measured = measure_queries(
        vectors, codes, queries, settings.depths, settings.n_votes, None if ranking is None else _places(ranking, ids)
    )
    return Evaluation(
        ids=tuple(ids[row] for row in queries),
        labels=tuple(labels.names[code] for code in codes[queries]),
        values=measured.values,
        nearest_ids=tuple(ids[row] for row in measured.nearest),
        nearest_labels=tuple(labels.names[code] for code in codes[measured.nearest]),
        voted_labels=tuple(labels.names[code] for code in measured.voted),
        vote_accuracies=measured.vote_accuracies,
        settings=settings,
        source=labels.source,
        notes=labels.notes + _alone(labels, sizes),
        ranking=None if ranking is None else ranking.about,
    )


def write_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Write the files of an evaluation into a folder.

    These are `retrieval.json`, `retrieval.csv`, `queries.csv` and `confusion.csv`.

    Raises
    ------
    WorkspaceError
        If a file cannot be written.
    """
    measures = evaluation.settings.measures
    write_json(folder / "retrieval.json", summarise(evaluation))
    lines: list[Sequence[object]] = [("overall", "", len(evaluation.ids), *_digits(evaluation.overall))]
    lines += [
        ("class", name, evaluation.class_sizes[name], *_digits(by_measure))
        for name, by_measure in evaluation.per_class.items()
    ]
    write_csv(folder / "retrieval.csv", ("scope", "label", "n_queries", *measures), lines)
    table = zip(
        evaluation.ids,
        evaluation.labels,
        evaluation.nearest_ids,
        evaluation.nearest_labels,
        evaluation.voted_labels,
        evaluation.values.tolist(),
        strict=True,
    )
    header = ("specimen_id", "label", "nearest_id", "nearest_label", "voted_label", *measures)
    write_csv(folder / "queries.csv", header, ((*names, *(f"{v:.6f}" for v in row)) for *names, row in table))
    pairs = ((*pair, count) for pair, count in evaluation.confusion.items())
    write_csv(folder / "confusion.csv", ("label", "nearest_label", "count"), pairs)


def summarise(evaluation: Evaluation) -> dict[str, object]:
    """Return the content of `retrieval.json`."""
    return {
        "n_queries": len(evaluation.ids),
        "n_classes": len(evaluation.per_class),
        "labels": evaluation.source,
        "overall": evaluation.overall,
        "intervals": {name: list(pair) for name, pair in evaluation.intervals.items()},
        "per_class": {
            name: {"n_queries": evaluation.class_sizes[name], **by_measure}
            for name, by_measure in evaluation.per_class.items()
        },
        "knn_accuracy": evaluation.vote_accuracy,
        "worst_queries": list(evaluation.worst()),
        "settings": asdict(evaluation.settings),
        "ranking": evaluation.ranking,
        "notes": list(evaluation.notes),
    }


def _places(ranking: Ranking, ids: list[str]) -> Callable[[int, list[int]], list[int]]:
    """Return the reordering of a ranking, by indices into ids."""
    place_of = {name: place for place, name in enumerate(ids)}

    def reorder(query: int, others: list[int]) -> list[int]:
        return [place_of[name] for name in ranking.reorder(ids[query], [ids[place] for place in others])]

    return reorder


def _labelled_rows_in_id_order(labels: Labels) -> Int[np.ndarray, " n"]:
    rows = [row for row in sorted(range(len(labels.ids)), key=labels.ids.__getitem__) if labels.codes[row] >= 0]
    return np.array(rows, dtype=np.intp)


def _points(matrix: Float[np.ndarray, "n d"], metric: str) -> Float[np.ndarray, "n e"]:
    """Return points with Euclidean distances in the order of the metric."""
    if metric != "cosine":
        return normalise_rows(matrix, "none")
    points = normalise_rows(matrix)
    # A vector of zeros is at a cosine distance of 1 from all others, so it gets a dimension of its own.
    directionless = np.flatnonzero(~points.any(axis=1))
    if directionless.size == 0:
        return points
    beside = np.zeros((len(points), directionless.size), dtype=np.float32)
    beside[directionless, np.arange(directionless.size)] = 1.0
    return np.concatenate([points, beside], axis=1)


def _alone(labels: Labels, sizes: Int[np.ndarray, " c"]) -> tuple[str, ...]:
    alone = [name for name, size in zip(labels.names, sizes.tolist(), strict=True) if size == 1]
    if not alone:
        return ()
    told = "{count} labels have a single member, which is found by others but does not query: {named}."
    return (note(told, count=len(alone), named=few_of(alone)),)


def _digits(by_measure: dict[str, float]) -> list[str]:
    return [f"{value:.6f}" for value in by_measure.values()]
