"""Search indexes of faiss for large collections, with files and their checks."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from core.embeddings import (
    Embeddings,
    description_path,
    fingerprint_of_embeddings,
    read_description,
    write_described,
)
from core.foundation import InputError, MisalignedEmbeddingsError, SettingError, WorkspaceError
from core.neighbours.exact import NEIGHBOUR_METRICS, NearestRows, ranks_of
from core.neighbours.search import Neighbours, unknown_specimen
from core.storage import read_json, sha256_of_file, write_atomically

KINDS = ("flat", "ivfpq", "hnsw")
_FEWEST_FOR_CODES = 1000
# Candidates from an index per neighbour; exact distances decide among them.
_SPARE = 8
_SEED = 42


@dataclass(frozen=True)
class IndexSettings:
    """Kind of an index and its parameters.

    A parameter of 0 is chosen by the number of specimens.

    Parameters
    ----------
    kind : {"flat", "ivfpq", "hnsw"}
        `flat` compares with all specimens. `ivfpq` searches a few of many lists of short codes
        (Jégou, Douze & Schmid 2011, Product quantization); it needs the least memory. `hnsw` walks
        along a graph of neighbours (Malkov & Yashunin 2020); it is the fastest and needs twice the
        memory.
    metric : {"cosine", "euclidean", "inner_product"}
        As for search.
    lists, probes : int
        Number of lists of `ivfpq`, and how many of them a query searches.
    code_bytes : int
        Length of a code of `ivfpq`; must divide the dimensions.
    links : int
        Links of every specimen in the graph of `hnsw`.
    effort : int
        Number of candidates that a walk through the graph keeps.
    """

    kind: str = "flat"
    metric: str = "cosine"
    lists: int = 0
    probes: int = 0
    code_bytes: int = 0
    links: int = 32
    effort: int = 0

    def __post_init__(self) -> None:
        """Check every setting."""
        for name, given, allowed in (("type", self.kind, KINDS), ("metric", self.metric, NEIGHBOUR_METRICS)):
            if given not in allowed:
                raise SettingError(f"'{name}' must be one of {', '.join(allowed)} (got {given}).")
        for name in ("lists", "probes", "code_bytes", "effort"):
            if getattr(self, name) < 0:
                raise SettingError(f"'{name.replace('_', '-')}' must be at least 0 (got {getattr(self, name)}).")
        if self.links < 2:
            raise SettingError(f"'links' must be at least 2 (got {self.links}).", advice="32 is usual.")


@dataclass(frozen=True)
class Index:
    """An index and its embeddings.

    Parameters
    ----------
    embeddings : Embeddings
        The collection, from which exact distances are computed.
    settings : IndexSettings
        With every parameter chosen.
    engine : object
        The index of faiss.
    """

    embeddings: Embeddings
    settings: IndexSettings
    engine: Any

    def nearest(self, query_id: str, topk: int) -> Neighbours:
        """Return neighbours of a specimen of the collection, given by its exact id."""
        row = self.embeddings.row_of.get(query_id)
        if row is None:
            raise unknown_specimen(query_id, self.embeddings.ids)
        return self._search(np.asarray(self.embeddings.matrix[row]), query_id, topk, row)

    def nearest_to_vector(self, vector: Float[np.ndarray, " d"], name: str, topk: int) -> Neighbours:
        """Return neighbours of an embedding that is not part of the collection."""
        return self._search(vector, name, topk, -1)

    def _search(self, vector: np.ndarray, name: str, topk: int, own: int) -> Neighbours:
        if topk < 1:
            raise SettingError(f"'topk' must be at least 1 (got {topk}).")
        query = _prepared(vector[None], self.settings.metric)
        candidates = self.engine.search(query, min(_SPARE * topk + 1, len(self.embeddings)))[1][0]
        rows = np.sort(candidates[(candidates >= 0) & (candidates != own)])
        ids = [self.embeddings.ids[row] for row in rows]
        part = NearestRows(np.asarray(self.embeddings.matrix[rows]), self.settings.metric, ranks_of(ids))
        places, distances = part.of_vectors(vector[None].astype(np.float32), topk)
        return Neighbours(name, tuple(ids[place] for place in places[0]), distances[0])


def build_index(embeddings: Embeddings, settings: IndexSettings | None = None) -> Index:
    """Build an index of a collection.

    `flat` and `ivfpq` are deterministic; a graph depends on the order in which threads add to it.

    Raises
    ------
    SettingError
        If there are too few specimens for this kind, or a parameter does not fit them.

    Examples
    --------
    >>> embeddings = Embeddings(("a", "b", "c"), np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32))
    >>> build_index(embeddings).nearest("a", topk=1).ids
    ('c',)
    """
    import faiss

    settings = _chosen(settings or IndexSettings(), len(embeddings), embeddings.matrix.shape[1])
    points = _prepared(np.asarray(embeddings.matrix), settings.metric)
    engine: Any
    kind = faiss.METRIC_L2 if settings.metric == "euclidean" else faiss.METRIC_INNER_PRODUCT
    width = points.shape[1]
    if settings.kind == "flat":
        engine = faiss.IndexFlat(width, kind)
    elif settings.kind == "hnsw":
        engine = faiss.IndexHNSWFlat(width, settings.links, kind)
        engine.hnsw.efConstruction = max(200, 2 * settings.links)
        engine.hnsw.efSearch = settings.effort
    else:
        bits = min(8, int(math.log2(len(points) / 39)))
        coarse = faiss.IndexFlat(width, kind)
        engine = faiss.IndexIVFPQ(coarse, width, settings.lists, settings.code_bytes, bits, kind)
        engine.cp.seed = engine.pq.cp.seed = _SEED
        engine.nprobe = settings.probes
        engine.train(points)
    engine.add(points)
    return Index(embeddings, settings, engine)


def write_index(path: Path, index: Index) -> None:
    """Write an index, and its settings, ids and fingerprint to `FILE.json`.

    Raises
    ------
    WorkspaceError
        If it cannot be written.
    """
    import faiss

    def write(target: Path) -> None:
        write_atomically(target, lambda temporary: faiss.write_index(index.engine, str(temporary)))

    def describe() -> dict[str, object]:
        return {
            "settings": asdict(index.settings),
            "fingerprint": fingerprint_of_embeddings(index.embeddings),
            "ids": list(index.embeddings.ids),
            "sha256": sha256_of_file(path),
        }

    write_described(path, write, describe)


def read_index(path: Path, embeddings: Embeddings) -> Index:
    """Read an index and check that it belongs to these embeddings.

    Raises
    ------
    MissingStageError
        If the index or its description is missing.
    MisalignedEmbeddingsError
        If it belongs to other embeddings.
    InputError, WorkspaceError
        If it is damaged.
    """
    import faiss

    about = read_description(path, advice="Make it with `python -m core index`.")
    try:
        settings, belongs = IndexSettings(**about["settings"]), about["fingerprint"]
    except (KeyError, TypeError) as error:
        raise InputError(f"{description_path(path)} does not describe an index.", advice="Make it again.") from error
    if belongs != fingerprint_of_embeddings(embeddings):
        raise MisalignedEmbeddingsError(
            f"The index {path} belongs to other embeddings ({len(about.get('ids', ()))} specimens) than these "
            f"({len(embeddings)}).",
            advice="Make it again with `python -m core index`.",
        )
    damaged = InputError(f"{path} is damaged and cannot be read.", advice="Make it again with `python -m core index`.")
    # faiss does not check the numbers in a file; a wrong one could crash the process.
    if about.get("sha256") != sha256_of_file(path):
        raise damaged
    try:
        engine = faiss.read_index(str(path))
    except (RuntimeError, MemoryError) as error:
        raise damaged from error
    if engine.d != embeddings.matrix.shape[1] or engine.ntotal != len(embeddings):
        raise damaged
    return Index(embeddings, settings, engine)


def measure_recall(index: Index, topk: int = 10, sample: int = 200) -> float:
    """Return the share of exact neighbours that an index finds.

    Parameters
    ----------
    index : Index
        The index.
    topk : int
        Number of neighbours of a query.
    sample : int
        Number of queries, spread evenly over the collection.
    """
    embeddings = index.embeddings
    rows = np.unique(np.linspace(0, len(embeddings) - 1, min(sample, len(embeddings))).astype(np.int64))
    exact = NearestRows(embeddings.matrix, index.settings.metric, ranks_of(embeddings.ids)).of_rows(rows, topk)[0]
    if exact.size == 0:
        return 1.0
    found = 0
    for row, expected in zip(rows.tolist(), exact.tolist(), strict=True):
        ids = set(index.nearest(embeddings.ids[row], topk).ids)
        found += sum(embeddings.ids[other] in ids for other in expected)
    return found / exact.size


def is_written(path: Path, embeddings: Embeddings, settings: IndexSettings) -> bool:
    """Return whether this index is already written and undamaged."""
    about_path = description_path(path)
    if not path.is_file() or not about_path.is_file():
        return False
    try:
        about = read_json(about_path)
    except WorkspaceError:
        return False
    chosen = asdict(_chosen(settings, len(embeddings), embeddings.matrix.shape[1]))
    return (
        isinstance(about, dict)
        and about.get("settings") == chosen
        and about.get("fingerprint") == fingerprint_of_embeddings(embeddings)
        and about.get("sha256") == sha256_of_file(path)
    )


def _chosen(settings: IndexSettings, count: int, width: int) -> IndexSettings:
    """Return settings with every open parameter chosen for the collection."""
    if settings.kind == "hnsw":
        return replace(settings, effort=settings.effort or 256)
    if settings.kind == "flat":
        return settings
    if count < _FEWEST_FOR_CODES:
        raise SettingError(
            f"'type' ivfpq needs at least {_FEWEST_FOR_CODES} specimens to learn from (there are {count}).",
            advice="Use flat, which is fast for so few.",
        )
    # faiss asks for at least 39 specimens per list to train it.
    lists = settings.lists or max(1, min(int(4 * math.sqrt(count)), count // 39))
    if lists > count:
        raise SettingError(f"'lists' must be at most the number of specimens, {count} (got {lists}).")
    code_bytes = settings.code_bytes or max(size for size in range(1, max(1, width // 4) + 1) if width % size == 0)
    if width % code_bytes:
        raise SettingError(f"'code-bytes' must divide the {width} dimensions (got {code_bytes}).")
    probes = settings.probes or max(1, math.ceil(lists / 12))
    return replace(settings, lists=lists, code_bytes=code_bytes, probes=min(probes, lists))


def _prepared(vectors: np.ndarray, metric: str) -> np.ndarray:
    return NearestRows(vectors[:0], metric, np.zeros(0, dtype=np.int64)).prepared(vectors)
