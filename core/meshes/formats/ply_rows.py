"""The rows of a binary PLY file as columns by property."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.foundation import SpecimenError, njit
from core.meshes.formats.ply_header import Element
from core.meshes.formats.raw import cut_short

_PADDING, _LARGEST_PADDING = b"\0 \t\r\n\x1a", 64
_STRANGE_LISTS = 0.1  # share of lists of lengths that no polygon has, from which on they are no lists
_LONG_LIST, _LONGEST_LIST = 8, 64


@dataclass(frozen=True)
class Lists:
    """A list property: the length in every row, and all entries one after another."""

    counts: np.ndarray
    entries: np.ndarray


Columns = dict[str, "np.ndarray | Lists"]


def read_binary(data: bytes, at: int, elements: list[Element], order: str) -> dict[str, Columns]:
    """Return the columns of every element, read from binary data.

    Parameters
    ----------
    data : bytes
        The whole file.
    at : int
        First byte behind the header.
    elements : list of Element
        Declarations in the header.
    order : {"<", ">"}
        Byte order.

    Raises
    ------
    SpecimenError
        If the file is cut short, or holds other bytes than the header declares.
    """
    try:
        columns, end = _columns(data, at, elements, order)
    except SpecimenError:
        _raise_if_other_type(data, at, elements, order)
        raise
    left = len(data) - end
    if left > _LARGEST_PADDING or data[end:].strip(_PADDING):
        _raise_if_other_type(data, at, elements, order)
        raise SpecimenError(
            "By its header the file has {promised:,} bytes, but it has {found:,}.",
            advice="Its counts or number types are wrong, or two files are in one: export the mesh again.",
            promised=end,
            found=len(data),
        )
    return columns


def _columns(data: bytes, at: int, elements: list[Element], order: str) -> tuple[dict[str, Columns], int]:
    """Return the columns of every element, and the byte behind them."""
    columns: dict[str, Columns] = {}
    for element in elements:
        if not element.properties or not element.count:
            continue
        room = (len(data) - at) // max(1, _smallest_row(element))
        if element.count > room:
            raise cut_short(element.noun, element.count, max(0, room))
        lists = [p for p in element.properties if p.count_type]
        if not lists:
            row = np.dtype([(p.name, order + p.type) for p in element.properties])
            table = np.frombuffer(data, row, element.count, at)
            columns[element.name] = {p.name: table[p.name] for p in element.properties}
            at += row.itemsize * element.count
        else:
            columns[element.name], at = _read_lists(data, at, element, order)
    return columns, at


def _raise_if_other_type(data: bytes, at: int, elements: list[Element], order: str) -> None:
    """Raise an error that names the type of the coordinates with which the body has the right size."""
    for declared, actual, name in (("f4", "f8", "double"), ("f8", "f4", "float")):
        others = [
            Element(
                element.name,
                element.count,
                [replace(p, type=actual) if p.type == declared and not p.count_type else p for p in element.properties],
            )
            for element in elements
        ]
        if others == elements:
            continue
        try:
            _, end = _columns(data, at, others, order)
        except SpecimenError:
            continue
        if end == len(data):
            raise SpecimenError(
                "The numbers of the PLY file are {actual}, but its header says {declared}: by that it would have "
                "{promised:,} bytes, and it has {found:,}.",
                advice="Correct its header, or export the mesh again.",
                actual=name,
                declared="float" if name == "double" else "double",
                promised=end
                - sum(_smallest_row(one) * one.count for one in others)
                + sum(_smallest_row(one) * one.count for one in elements),
                found=len(data),
            )


def _read_lists(data: bytes, at: int, element: Element, order: str) -> tuple[Columns, int]:
    """Read rows that hold lists, at once if their lists all have the same lengths."""
    fixed = _read_uniform(data, at, element, order)
    if fixed is not None:
        return fixed
    sizes = np.array([np.dtype(p.type).itemsize for p in element.properties], np.int64)
    count_sizes = np.array(
        [np.dtype(p.count_type).itemsize if p.count_type else 0 for p in element.properties], np.int64
    )
    buffer = np.frombuffer(data, np.uint8)
    places, counts, rows, end = _walk(buffer, at, element.count, sizes, count_sizes, order == ">")
    if rows < element.count:
        _raise_if_strange(counts[: rows + 1], places[: rows + 1], element)
        raise cut_short(element.noun, element.count, rows)
    columns: Columns = {}
    for column, prop in enumerate(element.properties):
        dtype = np.dtype(order + prop.type)
        raw = _gather(buffer, places[:, column], counts[:, column], dtype.itemsize)
        values = raw.view(dtype)
        columns[prop.name] = Lists(counts[:, column], values) if prop.count_type else values
    return columns, end


def _read_uniform(data: bytes, at: int, element: Element, order: str) -> tuple[Columns, int] | None:
    """Read rows whose lists have the lengths of the first row's, or return None."""
    fields: list[tuple[str, str, int] | tuple[str, str]] = []
    lengths: dict[str, int] = {}
    offset = at
    for prop in element.properties:
        if prop.count_type is None:
            fields.append((prop.name, order + prop.type))
            offset += np.dtype(prop.type).itemsize
            continue
        count_dtype = np.dtype(order + prop.count_type)
        if offset + count_dtype.itemsize > len(data):
            return None
        length = int(np.frombuffer(data, count_dtype, 1, offset)[0])
        if not 0 < length <= 64:
            return None
        lengths[prop.name] = length
        fields.append((f"{prop.name} count", count_dtype.str))
        fields.append((prop.name, order + prop.type, length))
        offset += count_dtype.itemsize + length * np.dtype(prop.type).itemsize
    row = np.dtype(fields)
    if at + row.itemsize * element.count > len(data):
        return None
    table = np.frombuffer(data, row, element.count, at)
    columns: Columns = {}
    for prop in element.properties:
        if prop.count_type is None:
            columns[prop.name] = table[prop.name]
            continue
        length = lengths[prop.name]
        if (table[f"{prop.name} count"] != length).any():
            return None
        entries = table[prop.name].reshape(-1)
        columns[prop.name] = Lists(np.full(element.count, length, np.int64), entries)
    return columns, at + row.itemsize * element.count


@njit(cache=True, nogil=True)
def _walk(
    data: np.ndarray, at: int, rows: int, sizes: np.ndarray, count_sizes: np.ndarray, big: bool
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Return the position and the number of entries of every property of every row.

    The last two values are the number of rows read, and the byte behind them.
    """
    width = sizes.size
    places = np.zeros((rows, width), np.int64)
    counts = np.ones((rows, width), np.int64)
    for row in range(rows):
        for column in range(width):
            if count_sizes[column] > 0:
                if at + count_sizes[column] > data.size:
                    return places, counts, row, at
                count = np.int64(0)
                for k in range(count_sizes[column]):
                    byte = data[at + k] if big else data[at + count_sizes[column] - 1 - k]
                    count = count * 256 + np.int64(byte)
                if count < 0:
                    return places, counts, row, at
                at += count_sizes[column]
                counts[row, column] = count
            places[row, column] = at
            if counts[row, column] > (data.size - at) // sizes[column]:
                return places, counts, row, at
            at += counts[row, column] * sizes[column]
    return places, counts, rows, at


@njit(cache=True, nogil=True)
def _gather(data: np.ndarray, places: np.ndarray, counts: np.ndarray, size: int) -> np.ndarray:
    out = np.empty(counts.sum() * size, np.uint8)
    filled = 0
    for row in range(places.size):
        length = counts[row] * size
        out[filled : filled + length] = data[places[row] : places[row] + length]
        filled += length
    return out


def _raise_if_strange(counts: np.ndarray, places: np.ndarray, element: Element) -> None:
    """Raise an error if the lists of faces have lengths that faces do not have."""
    column = [p.count_type is not None for p in element.properties].index(True)
    lists = counts[:, column]
    strange = ((lists < 3) | (lists > _LONGEST_LIST)) & (places[:, column] > 0)
    if places[-1, column] > 0:  # the row at which the file ends has no longer list than those before it
        strange[-1] |= lists[-1] > max(_LONG_LIST, int(lists[:-1].max(initial=0)))
    if element.name == "face" and strange.mean() > _STRANGE_LISTS:
        row = int(np.argmax(strange))
        raise SpecimenError(
            "By its header, face {row:,} of the PLY file has {count:,} corners: the body does not fit the header.",
            advice="Its counts or number types are wrong: export the mesh again.",
            row=row + 1,
            count=int(lists[row]),
        )


def _smallest_row(element: Element) -> int:
    return sum(np.dtype(p.count_type or p.type).itemsize for p in element.properties)
