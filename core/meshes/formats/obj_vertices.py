"""Vertex lines of OBJ files: positions, weights and colours.

A line holds x y z, x y z w, x y z r g b, or x y z w r g b. Some exporters write the opacity of a colour
last (x y z r g b a), some write normals (x y z nx ny nz).
"""

from __future__ import annotations

import re

import numpy as np

from core.foundation import SpecimenError, note
from core.meshes.formats.raw import as_colour_bytes

_KINDS = ({3, 4}, {3, 6}, {3, 7}, {4, 7})  # counts of numbers that lines of one file may have
_WITH_COLOUR = 6
_LARGEST_COLOUR = 255
_UNIT = 1.001


def read_vertices(
    rows: np.ndarray, widths: np.ndarray, data: np.ndarray, notes: list[str], warnings: list[str]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return positions, and colours if every vertex has one.

    Parameters
    ----------
    rows : (n, 7) float64
        The numbers of every vertex line.
    widths : (n,) int64
        How many they are.
    data : (k,) uint8
        The text, to name a line.
    notes, warnings : list of str
        Take sentences on what is left out.

    Raises
    ------
    SpecimenError
        If there are no vertices, or what the numbers mean is not known.
    """
    if not len(rows):
        raise SpecimenError("The OBJ file holds no vertices.", advice="Export the mesh again.")
    positions = rows[:, :3].copy()
    present = set(np.unique(widths).tolist())
    if len(present) > 1 and not any(present <= kind for kind in _KINDS):
        common = int(np.bincount(widths).argmax())
        odd = int(np.argmax(widths != common))
        raise SpecimenError(
            "Line {line:,} of the OBJ file holds {found} numbers for a vertex, most lines {common}.",
            advice="Export the mesh again.",
            line=line_of_vertex(data, odd),
            found=int(widths[odd]),
            common=common,
        )
    width = max(present)
    if width not in (3, 4, 6, 7):
        sentence = "Every vertex line holds {count} numbers; the first three are taken as the position."
        warnings.append(note(sentence, count=width))
        return positions, None
    if width == 3:
        return positions, None
    first_colour = _first_colour(rows, widths, width)
    if first_colour != 3:
        _check_weights(rows[:, 3], widths, data, warnings)
    if width < _WITH_COLOUR:
        return positions, None
    coloured = widths >= _WITH_COLOUR
    colours = _as_colours(rows[:, first_colour : first_colour + 3], coloured, data, notes)
    if colours is not None and not coloured.all():
        sentence = "{count:,} of {all:,} vertices have no colour; the colours of the others are left out."
        notes.append(note(sentence, count=int((~coloured).sum()), all=len(rows)))
        return positions, None
    return positions, colours


def _first_colour(rows: np.ndarray, widths: np.ndarray, width: int) -> int:
    """Return the column of red: 3, or 4 behind a weight."""
    if width < 7:
        return 4 if width == 4 else 3
    full = rows[widths == width]
    if (full[:, 3] == 1).all():
        return 4
    opacity = full[0, 6]
    if opacity in (1, _LARGEST_COLOUR) and (full[:, 6] == opacity).all() and 4 not in widths:
        return 3
    raise SpecimenError(
        "The vertex lines of the OBJ file hold seven numbers, and whether the fourth is a weight is not known.",
        advice="Export positions alone, or positions and red, green and blue.",
    )


def _check_weights(weights: np.ndarray, widths: np.ndarray, data: np.ndarray, warnings: list[str]) -> None:
    """Raise a `SpecimenError` if weights differ: whether to divide by them is not known.

    The specification gives them to rational curves. Some programs divide by them, some do not, and some
    write another quantity in their place.
    """
    weights = np.where(widths == 3, 1.0, weights)
    if (weights == weights[0]).all():
        if weights[0] != 1:
            sentence = "The fourth number of every vertex line is {weight:g}; positions are taken as they are."
            warnings.append(note(sentence, weight=float(weights[0])))
        return
    odd = int(np.argmax(weights != weights[0]))
    raise SpecimenError(
        "The fourth numbers of the vertex lines differ (weights, from {lowest:g} to {highest:g}; line {line:,}): "
        "whether positions are to be divided by them is not known.",
        advice="Export positions alone.",
        lowest=float(weights.min()),
        highest=float(weights.max()),
        line=line_of_vertex(data, odd),
    )


def _as_colours(values: np.ndarray, coloured: np.ndarray, data: np.ndarray, notes: list[str]) -> np.ndarray | None:
    """Return colours as bytes, None if the numbers are normals.

    Raises
    ------
    SpecimenError
        If the numbers are neither.
    """
    seen = np.nan_to_num(values[coloured], nan=0.0, posinf=0.0, neginf=0.0)
    lowest, highest = float(seen.min()), float(seen.max())
    if lowest >= 0 and highest <= _LARGEST_COLOUR:
        return as_colour_bytes(values) if coloured.all() else np.empty((0, 3), np.uint8)
    if -_UNIT <= lowest < 0 and highest <= _UNIT:
        notes.append(note("The numbers behind the positions of the vertices are taken as normals, not colours."))
        return None
    odd = int(np.flatnonzero(coloured)[int(np.argmax(((seen < 0) | (seen > _LARGEST_COLOUR)).any(axis=1)))])
    raise SpecimenError(
        "Line {line:,} of the OBJ file holds six numbers or more, and those behind the position are no colour.",
        advice="Numbers need a decimal point and blanks between them: export positions alone, or colours from 0 to 1.",
        line=line_of_vertex(data, odd),
    )


def line_of_vertex(data: np.ndarray, row: int) -> int:
    """Return the number of the line of a vertex."""
    lines = re.finditer(rb"(?:\A|\r\n|\r|\n)[ \t\v\f]*(v(?=[\x00-\x20]))?", data.tobytes())
    seen = -1
    for number, line in enumerate(lines, 1):
        seen += line.group(1) is not None
        if seen == row:
            return number
    return 0
