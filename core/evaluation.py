"""How good the neighbours are, judged by labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from core.embeddings import Embeddings
from core.errors import InputError, SettingError
from core.labels import Labels
from core.reduction import check_at_least, check_choice, normalise_rows
from core.storage import write_csv, write_json

METRICS = ("cosine", "euclidean")
EVALUATION_FILES = ("retrieval.json", "retrieval.csv", "queries.csv", "confusion.csv")
# How many nearest neighbours vote, beside the number that is asked for.
VOTES = (1, 3, 5, 10)
_E_DEPTH = 32
_QUERIES_AT_ONCE = 256
# Beyond, not all others are put in order.
_MANY = 3000


@dataclass(frozen=True)
class EvaluationSettings:
    """How neighbours are judged.

    Parameters
    ----------
    metric : str
        `cosine` or `euclidean`.
    depths : tuple of int
        The k of every P@k.
    n_votes : int
        How many nearest neighbours vote in the leave-one-out classification.
    n_bootstrap : int
        How many times the queries are drawn again for the intervals; 0 for none.
    confidence : float
        Share of the draws inside of an interval, above 0 and below 1.
    seed : int
        Seed of the draws.
    """

    metric: str = "cosine"
    depths: tuple[int, ...] = (1, 5, 10)
    n_votes: int = 5
    n_bootstrap: int = 1000
    confidence: float = 0.95
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every setting."""
        check_choice("metric", self.metric, METRICS)
        for depth in self.depths:
            check_at_least("depths", depth, 1)
        check_at_least("n_votes", self.n_votes, 1)
        check_at_least("n_bootstrap", self.n_bootstrap, 0)
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
        return ("NN", "first_tier", "second_tier", "E", "DCG", "mAP", *(f"P@{k}" for k in self.depths))


@dataclass(frozen=True)
class Ranking:
    """Another order of neighbours than that of the distances of embeddings, see `core.matching`.

    Parameters
    ----------
    reorder : callable
        Takes the id of a query and the ids of all others, nearest by embedding first, and returns
        these in their new order.
    about : mapping
        What made the order, to be recorded.
    """

    reorder: Callable[[str, Sequence[str]], Sequence[str]]
    about: Mapping[str, object]


@dataclass(frozen=True)
class Evaluation:
    """How well every query found the other members of its class.

    Parameters
    ----------
    ids : tuple of str
        The queries: labelled specimens whose class has at least two members.
    labels : tuple of str
        Label of every query.
    values : (q, m) float64
        Every measure of every query, 0 to 1; read-only.
    nearest_ids, nearest_labels : tuple of str
        Nearest neighbour of every query, and its label.
    voted_labels : tuple of str
        What the nearest neighbours of every query vote for, the query itself left out.
    vote_accuracies : mapping of int to float
        Share of the queries whose k nearest neighbours vote for their own label, for `VOTES` and
        the k that was asked for.
    settings : EvaluationSettings
        What was asked for.
    source : str
        Where the labels come from.
    notes : tuple of str
        What was left out, in sentences.
    ranking : mapping, optional
        What put neighbours in order, where it was not the distance of embeddings alone.
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
        """Protect the values from change."""
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
        """Return the classes in order, the place of every query's, and how many queries each has."""
        names = sorted(set(self.labels))
        place_of = {name: place for place, name in enumerate(names)}
        codes = np.array([place_of[name] for name in self.labels], dtype=np.intp)
        return names, codes, np.bincount(codes, minlength=len(names))

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Return a percentile bootstrap interval over queries of every measure (Efron, 1979)."""
        settings = self.settings
        if settings.n_bootstrap == 0:
            return {}
        chance = np.random.default_rng(settings.seed)
        n_queries = len(self.ids)
        draws = np.stack(
            [self.values[chance.integers(0, n_queries, n_queries)].mean(axis=0) for _ in range(settings.n_bootstrap)]
        )
        tail = (1.0 - settings.confidence) / 2.0
        low, high = np.quantile(draws, [tail, 1.0 - tail], axis=0)
        return {name: (float(a), float(b)) for name, a, b in zip(settings.measures, low, high, strict=True)}

    @property
    def vote_accuracy(self) -> float:
        """Return the share of queries whose neighbours vote for their own label."""
        return self.vote_accuracies[self.settings.n_votes]

    @cached_property
    def confusion(self) -> dict[tuple[str, str], int]:
        """Return how often a query of one label has a nearest neighbour of another (or the same) label."""
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
    """Judge nearest neighbours by labels, as the Princeton Shape Benchmark does.

    Every labelled specimen of a class with at least two members queries all other labelled
    ones. With R other members of its class, and neighbours in order of distance (Shilane,
    Min, Kazhdan & Funkhouser, 2004): NN, whether the first is of its class; first and second
    tier, the share of the R found among the first R and 2R; E, the harmonic mean of precision
    and recall among the first 32; DCG, Σ 1/log₂(rank) over the R (rank 1 counts 1), divided
    by the most possible. Beyond that, mAP, the mean of the precision at each of the R; and
    P@k, the share of the class among the first k. All lie between 0 and 1, more is better, and are
    averaged over queries, so that large classes weigh more.

    Raises
    ------
    InputError
        Where labels belong to other specimens, or no class has two members.
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
    vectors = normalise_rows(embeddings.matrix[rows], "l2" if settings.metric == "cosine" else "none")
    ids = [labels.ids[row] for row in rows]
    judged = _judge(vectors, codes, queries, settings, None if ranking is None else (ranking, ids))
    return Evaluation(
        ids=tuple(ids[row] for row in queries),
        labels=tuple(labels.names[code] for code in codes[queries]),
        values=judged.values,
        nearest_ids=tuple(ids[row] for row in judged.nearest),
        nearest_labels=tuple(labels.names[code] for code in codes[judged.nearest]),
        voted_labels=tuple(labels.names[code] for code in judged.voted),
        vote_accuracies=judged.vote_accuracies,
        settings=settings,
        source=labels.source,
        notes=labels.notes + _alone(labels, sizes),
        ranking=None if ranking is None else ranking.about,
    )


def write_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Write `retrieval.json`, `retrieval.csv`, `queries.csv` and `confusion.csv` into a folder.

    Raises
    ------
    WorkspaceError
        Where a file cannot be written.
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
    """Return what `retrieval.json` holds."""
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


def measure_rankings(relevant: Bool[np.ndarray, "q n"], settings: EvaluationSettings) -> Float[np.ndarray, "q m"]:
    """Return every measure of rankings that are given as hits and misses.

    Parameters
    ----------
    relevant : (q, n) bool
        Whether the result at each rank is of the query's class, nearest first, the query
        itself left out. Every row has at least one hit.
    settings : EvaluationSettings
        Names the measures.

    Returns
    -------
    (q, m) float64
        Columns as in `settings.measures`.
    """
    ranks = np.nonzero(relevant)[1] + 1
    return _measures_of_ranks(ranks, np.count_nonzero(relevant, axis=1), relevant.shape[1], settings)


def _measures_of_ranks(
    ranks: Int[np.ndarray, " h"], totals: Int[np.ndarray, " q"], n_results: int, settings: EvaluationSettings
) -> Float[np.ndarray, "q m"]:
    """Return every measure from the ranks of the hits, from 1, ascending, one query after the other."""
    starts = np.cumsum(totals) - totals
    gains = 1.0 / np.log2(np.maximum(np.arange(1, n_results + 1), 2))

    def found_within(depth: Int[np.ndarray, " q"] | int) -> Int[np.ndarray, " q"]:
        last = np.repeat(np.broadcast_to(depth, totals.shape), totals)
        return np.asarray(np.add.reduceat(ranks <= last, starts, dtype=np.int64))

    early = found_within(_E_DEPTH)
    found = np.arange(1, ranks.size + 1) - np.repeat(starts, totals)
    columns = [
        ranks[starts] == 1,
        found_within(totals) / totals,
        found_within(2 * totals) / totals,
        # The harmonic mean of early/depth and early/total.
        2.0 * early / (min(_E_DEPTH, n_results) + totals),
        np.add.reduceat(gains[ranks - 1], starts) / np.cumsum(gains)[totals - 1],
        np.add.reduceat(found / ranks, starts) / totals,
        *(found_within(depth) / min(depth, n_results) for depth in settings.depths),
    ]
    return np.stack(columns, axis=1).astype(np.float64)


@dataclass(frozen=True)
class _Judged:
    """Measures, nearest row and voted class of every query, and how often votes are right, by their number."""

    values: Float[np.ndarray, "q m"]
    nearest: Int[np.ndarray, " q"]
    voted: Int[np.ndarray, " q"]
    vote_accuracies: dict[int, float]


def _judge(
    vectors: Float[np.ndarray, "n d"],
    codes: Int[np.ndarray, " n"],
    queries: Int[np.ndarray, " q"],
    settings: EvaluationSettings,
    reordered: tuple[Ranking, list[str]] | None,
) -> _Judged:
    n_results = len(codes) - 1
    voters = sorted({*VOTES, settings.n_votes})
    n_nearest = min(voters[-1], n_results)
    if reordered is None and len(codes) > _MANY:
        from core.ranks import Ranks

        parts = Ranks(vectors, codes).of(queries, n_nearest)
    else:
        parts = _by_order(vectors, codes, queries, n_nearest, reordered)
    values, nearest, voted = [], [], []
    right, start = dict.fromkeys(voters, 0), 0
    for ranks, totals, near in parts:
        own = codes[queries[start : start + len(totals)]]
        start += len(totals)
        values.append(_measures_of_ranks(ranks, totals, n_results, settings))
        nearest.append(near[:, 0])
        for count in voters:
            votes = _vote(codes[near[:, :count]])
            right[count] += int((votes == own).sum())
            if count == settings.n_votes:
                voted.append(votes)
    accuracies = {count: number / queries.size for count, number in right.items()}
    return _Judged(np.concatenate(values), np.concatenate(nearest), np.concatenate(voted), accuracies)


def _by_order(
    vectors: Float[np.ndarray, "n d"],
    codes: Int[np.ndarray, " n"],
    queries: Int[np.ndarray, " q"],
    n_nearest: int,
    reordered: tuple[Ranking, list[str]] | None,
) -> Iterator[tuple[Int[np.ndarray, " h"], Int[np.ndarray, " b"], Int[np.ndarray, "b k"]]]:
    """Yield what `core.ranks.Ranks.of` does, from all others in order."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    for start in range(0, queries.size, _QUERIES_AT_ONCE):
        asked = queries[start : start + _QUERIES_AT_ONCE]
        distances = squares[None, :] - 2.0 * (vectors[asked] @ vectors.T)
        distances[np.arange(asked.size), asked] = -np.inf
        # Rows are in id order, so a stable sort leaves ties in id order.
        order = np.argsort(distances, axis=1, kind="stable")[:, 1:]
        if reordered is not None:
            order = _reordered(*reordered, asked, order)
        relevant = codes[order] == codes[asked][:, None]
        # Copied, since a part of the order would keep all of it.
        yield np.nonzero(relevant)[1] + 1, np.count_nonzero(relevant, axis=1), order[:, :n_nearest].copy()


def _reordered(
    ranking: Ranking, ids: list[str], asked: Int[np.ndarray, " q"], order: Int[np.ndarray, "q n"]
) -> Int[np.ndarray, "q n"]:
    place_of = {name: place for place, name in enumerate(ids)}
    return np.array(
        [
            [place_of[name] for name in ranking.reorder(ids[query], [ids[place] for place in row])]
            for query, row in zip(asked.tolist(), order.tolist(), strict=True)
        ],
        dtype=np.intp,
    ).reshape(order.shape)


def _vote(neighbours: Int[np.ndarray, "q k"]) -> Int[np.ndarray, " q"]:
    """Return the commonest code of each row; among equals, the one that comes first."""
    counts = (neighbours[:, :, None] == neighbours[:, None, :]).sum(axis=2)
    winners = np.argmax(counts, axis=1)
    return np.asarray(neighbours[np.arange(neighbours.shape[0]), winners])


def _labelled_rows_in_id_order(labels: Labels) -> Int[np.ndarray, " n"]:
    rows = [row for row in sorted(range(len(labels.ids)), key=labels.ids.__getitem__) if labels.codes[row] >= 0]
    return np.array(rows, dtype=np.intp)


def _alone(labels: Labels, sizes: Int[np.ndarray, " c"]) -> tuple[str, ...]:
    alone = [name for name, size in zip(labels.names, sizes.tolist(), strict=True) if size == 1]
    if not alone:
        return ()
    named = ", ".join(alone[:3]) + (f" and {len(alone) - 3} more" if len(alone) > 3 else "")
    return (f"{len(alone)} labels have a single member, which is found by others but does not query: {named}.",)


def _digits(by_measure: dict[str, float]) -> list[str]:
    return [f"{value:.6f}" for value in by_measure.values()]
