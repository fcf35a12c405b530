"""Ids, matrix, their record and `embeddings.parquet`, written together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.embeddings.matrix import Embeddings, read_embeddings, sha256_of_rows
from core.embeddings.pairing import is_parquet_sound, pairing_of, pairing_path, read_pairing
from core.foundation import CoreError, MisalignedEmbeddingsError
from core.storage import json_bytes, write_bytes, write_together

if TYPE_CHECKING:
    import pyarrow as pa


def write_embeddings(
    folder: Path, embeddings: Embeddings, *, made_with: str = "", first: Mapping[Path, bytes] | None = None
) -> None:
    """Write `embeddings.npy`, `ids.txt`, their record and `embeddings.parquet` into `folder`.

    All files are complete before the first is put in place, and `ids.txt` is put in place last. A
    process that ends in between leaves no ids, so that no other files are used with them.

    Parameters
    ----------
    folder : Path
        The folder.
    embeddings : Embeddings
        Ids and matrix.
    made_with : str
        Fingerprint of the settings of the embeddings, which the record keeps.
    first : mapping of Path to bytes, optional
        Other files that are put in place together with these, first.
    """
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    matrix_path, ids_path, parquet = folder / "embeddings.npy", folder / "ids.txt", folder / "embeddings.parquet"
    text = "".join(f"{name}\n" for name in embeddings.ids).encode("utf-8")
    rows = np.ascontiguousarray(embeddings.matrix, dtype=np.float32)
    record: dict[str, object] = {}

    def write_table(path: Path) -> None:
        # Arrow itself opens no path with bytes that are no text.
        with path.open("wb") as stream:
            pq.write_table(_as_table(embeddings), stream)
        record.update(pairing_of(embeddings.ids, sha256_of_rows(rows), path, made_with))

    def write_rows(path: Path) -> None:
        with path.open("wb") as stream:
            np.save(stream, rows, allow_pickle=False)

    write_together(
        [
            *((path, partial(Path.write_bytes, data=data)) for path, data in (first or {}).items()),
            (parquet, write_table),
            (matrix_path, write_rows),
            (pairing_path(matrix_path), lambda path: path.write_bytes(json_bytes(record))),
            (ids_path, lambda path: path.write_bytes(text)),
        ],
        withdrawn=ids_path,
    )


def assemble(
    out: Path,
    ids: Sequence[str],
    vectors: dict[str, np.ndarray],
    *,
    made_with: str = "",
    first: Mapping[Path, bytes] | None = None,
) -> Embeddings:
    """Write the embeddings of specimens in the order given, and return them.

    If the folder already holds exactly these embeddings, they are not written.

    Parameters
    ----------
    out : Path
        Folder of `embeddings.npy`, `ids.txt` and `embeddings.parquet`.
    ids : sequence of str
        Specimen ids, in row order.
    vectors : dict of str to (d,) float
        Embedding of every id.
    made_with : str
        As in `write_embeddings`.
    first : mapping of Path to bytes, optional
        As in `write_embeddings`; these files are written in any case.

    Raises
    ------
    MisalignedEmbeddingsError
        If vectors differ in length.
    """
    widths = {vectors[name].shape for name in ids}
    if len(widths) > 1:
        raise MisalignedEmbeddingsError(
            "Embeddings of different lengths lie in one folder ({widths}).",
            advice="They come from different backbones: pool them into folders of their own.",
            widths=", ".join(str(w[0]) for w in sorted(widths)),
        )
    embeddings = Embeddings(tuple(ids), np.stack([vectors[name] for name in ids]).astype(np.float32))
    if not _is_written(out, embeddings, made_with):
        write_embeddings(out, embeddings, made_with=made_with, first=first)
    else:
        for path, data in (first or {}).items():
            write_bytes(path, data)
    return embeddings


def _as_table(embeddings: Embeddings) -> pa.Table:
    import pyarrow as pa

    width = embeddings.matrix.shape[1]
    flat = pa.array(np.ascontiguousarray(embeddings.matrix, dtype=np.float32).ravel())
    return pa.table(
        {
            "id": pa.array(embeddings.ids, pa.string()),
            "category": pa.array(embeddings.categories, pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(flat, width),
        }
    )


def _is_written(out: Path, embeddings: Embeddings, made_with: str) -> bool:
    """Return whether a folder already holds exactly these embeddings, and their record."""
    matrix_path = out / "embeddings.npy"
    try:
        stored = read_embeddings(matrix_path, out / "ids.txt")
        record = read_pairing(matrix_path)
    except CoreError:
        return False
    if record is None or record.get("made_with", "") != made_with or not is_parquet_sound(matrix_path):
        return False
    return stored.ids == embeddings.ids and np.array_equal(stored.matrix, embeddings.matrix)
