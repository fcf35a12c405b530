"""Specimens that could not be used: which, why in a few kinds, as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.storage import write_csv
from core.workspace import SpecimenRecord

COLUMNS = ("specimen_id", "kind", "reason", "path")
OTHER = "other"
# The first that fits counts. What is said of each kind, and what to do, stands with the screens' words.
_KINDS = (
    ("gone", r"No such file|is no longer|does not exist"),
    ("access", r"Permission denied|Check that it exists and its permissions|pipe|socket|device"),
    ("changing", r"chang(es|ed|ing) while|is being (written|copied)|under (our|its) hands"),
    ("crashed", r"took its process down|was not ready after|was given up"),
    ("large", r"memory|megapixels|more than .* (GB|faces|vertices)"),
    ("picture", r"not a readable picture"),
    ("cut", r"cut short|has no end|ends (too early|before|in the middle)|promises"),
    ("empty", r"is empty|holds no (vertices|faces|points|complete face)|no complete face"),
    (
        "shape",
        r"lie in one place|too few to show|no shape|None of the [\d,]+ faces|no finite position|has a finite|"
        r"four or n dimensions|no extent",
    ),
    ("invisible", r"can be seen in any view|blank"),
    ("numbers", r"NaN or infinite"),
    (
        "damaged",
        r"damaged|not (a|an) \w+ (file|mesh)|cannot be (read|understood)|refers to a vertex|"
        r"where a number|header|is not read|numbers, others|promises a negative|not a mesh format",
    ),
)


@dataclass(frozen=True)
class Quarantined:
    """A specimen that could not be used.

    Parameters
    ----------
    specimen_id, path : str
        Which, and its file.
    kind : str
        One of a few, such as `cut` or `empty`; `other` where none fits.
    reason : str
        In a sentence for a person.
    """

    specimen_id: str
    path: str
    kind: str
    reason: str


def quarantined(records: Mapping[str, SpecimenRecord]) -> tuple[Quarantined, ...]:
    """Return the specimens that could not be used, by kind, those with most specimens first, then by id."""
    found = [
        Quarantined(record.specimen_id, record.path, kind_of(record.error), record.error)
        for record in records.values()
        if record.error
    ]
    kinds = [one.kind for one in found]
    return tuple(sorted(found, key=lambda one: (-kinds.count(one.kind), one.kind, one.specimen_id)))


def kind_of(reason: str) -> str:
    """Return the kind of a reason."""
    return next((kind for kind, pattern in _KINDS if re.search(pattern, reason)), OTHER)


def kinds() -> tuple[str, ...]:
    """Return every kind that there is."""
    return (*(kind for kind, _ in _KINDS), OTHER)


def write_quarantine(path: Path, specimens: tuple[Quarantined, ...]) -> None:
    """Write them as CSV.

    Raises
    ------
    WorkspaceError
        Where it cannot be written.
    """
    write_csv(path, COLUMNS, ((one.specimen_id, one.kind, one.reason, one.path) for one in specimens))
