"""The rows of a PLY file, binary or ASCII, as columns by property."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.foundation import SpecimenError, njit
from core.meshes.formats.raw import cut_short
from core.meshes.formats.text import numbers_by_line


@dataclass(frozen=True)
class Property:
    """A number in every row, or a list of numbers if it has a `count_type`.

    Parameters
    ----------
    name : str
        Name in the header.
    type : str
        NumPy type of the numbers, without byte order.
    count_type : str, optional
        NumPy type of the length of a list, without byte order.
    """

    name: str
    type: str
    count_type: str | None = None


@dataclass
class Element:
    """The declaration of vertices, faces or others in the header.

    Parameters
    ----------
    name : str
        Name in the header.
    count : int
        Number of rows.
    properties : list of Property
        Properties of every row, in order.
    """

    name: str
    count: int
    properties: list[Property] = field(default_factory=list)


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
        If the file is cut short.
    """
    columns: dict[str, Columns] = {}
    for element in elements:
        if not element.properties or not element.count:
            continue
        room = (len(data) - at) // max(1, _smallest_row(element))
        if element.count > room:
            raise cut_short(_name_of(element), element.count, max(0, room))
        lists = [p for p in element.properties if p.count_type]
        if not lists:
            row = np.dtype([(p.name, order + p.type) for p in element.properties])
            table = np.frombuffer(data, row, element.count, at)
            columns[element.name] = {p.name: table[p.name] for p in element.properties}
            at += row.itemsize * element.count
        else:
            columns[element.name], at = _read_lists(data, at, element, order)
    return columns


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
        raise cut_short(_name_of(element), element.count, rows)
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


def read_ascii(data: bytes, start: int, elements: list[Element]) -> dict[str, Columns]:
    """Return the columns of every element, read from text from byte `start` on.

    Raises
    ------
    SpecimenError
        If the file is cut short, or holds something other than numbers.
    """
    values, _, stopped = numbers_by_line(np.frombuffer(data, np.uint8), start)
    columns: dict[str, Columns] = {}
    at = 0
    for element in elements:
        if not element.properties or not element.count:
            continue
        width = len(element.properties)
        room = (len(values) - at) // width
        if element.count > room:
            _raise_if_unreadable(data, stopped, element)
            raise cut_short(_name_of(element), element.count, room)
        if not any(p.count_type for p in element.properties):
            table = values[at : at + element.count * width].reshape(-1, width)
            columns[element.name] = {p.name: table[:, k] for k, p in enumerate(element.properties)}
            at += element.count * width
            continue
        is_list = np.array([p.count_type is not None for p in element.properties])
        places, counts, rows, at = _walk_numbers(values, at, element.count, is_list)
        if rows < element.count:
            _raise_if_unreadable(data, stopped, element)
            raise cut_short(_name_of(element), element.count, rows)
        columns[element.name] = {}
        for column, prop in enumerate(element.properties):
            raw = _gather(values.view(np.uint8), places[:, column] * 8, counts[:, column], 8).view(np.float64)
            columns[element.name][prop.name] = Lists(counts[:, column], raw) if prop.count_type else raw
    for element in elements:
        _to_declared_types(columns.get(element.name, {}), element)
    return columns


def _raise_if_unreadable(data: bytes, stopped: int, element: Element) -> None:
    if stopped < len(data):
        line = data.count(b"\n", 0, stopped) + 1
        text = data[stopped : stopped + 20].decode("latin-1").split("\n")[0]
        raise SpecimenError(
            "Line {line} of the PLY file holds {text!r} where a number of its {kind} should stand.",
            advice="Export the mesh again.",
            line=line,
            text=text,
            kind=_name_of(element),
        )


def _to_declared_types(columns: Columns, element: Element) -> None:
    """Convert columns to the integer types that the header declares.

    The range of colours depends on the type: white is 255 as a byte and 1.0 as a float.
    """
    for prop in element.properties:
        values = columns.get(prop.name)
        if isinstance(values, np.ndarray) and prop.type in ("u1", "u2"):
            columns[prop.name] = np.clip(np.nan_to_num(values), 0, np.iinfo(prop.type).max).astype(prop.type)


@njit(cache=True, nogil=True)
def _walk_numbers(
    values: np.ndarray, at: int, rows: int, is_list: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int, int]:
    width = is_list.size
    places = np.zeros((rows, width), np.int64)
    counts = np.ones((rows, width), np.int64)
    for row in range(rows):
        for column in range(width):
            if is_list[column]:
                if at >= values.size or not (0 <= values[at] <= values.size - at - 1):
                    return places, counts, row, at
                counts[row, column] = np.int64(values[at])
                at += 1
            places[row, column] = at
            if at + counts[row, column] > values.size:
                return places, counts, row, at
            at += counts[row, column]
    return places, counts, rows, at


def _smallest_row(element: Element) -> int:
    return sum(np.dtype(p.count_type or p.type).itemsize for p in element.properties)


def _name_of(element: Element) -> str:
    return {"vertex": "vertices", "face": "faces", "tristrips": "triangle strips"}.get(element.name, element.name)
