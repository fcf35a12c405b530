"""Specimens that cannot be used, with the kinds of their reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.workspace import SpecimenRecord

OTHER = "other"
# The first matching pattern counts. The words of the screens explain each kind.
_KINDS = (
    ("gone", r"No such file|is no longer|does not exist|is not in its folder"),
    ("access", r"Permission denied|Check that it exists and its permissions|pipe|socket|device"),
    ("changing", r"chang(es|ed|ing) while|is being (written|copied)|under (our|its) hands"),
    ("crashed", r"took its process down|was not ready after|was given up"),
    ("large", r"memory|megapixels|more than .* (GB|MB|faces|vertices)"),
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
        r"damaged|contradicts itself|content of the file is|not (a|an) \w+ (file|mesh)|version 2.0 is read|"
        r"shows no mesh|cannot be (read|understood)|refers to a vertex|"
        r"where a number|header|is not read|numbers, others|promises a negative|not a mesh format",
    ),
)


@dataclass(frozen=True)
class Quarantined:
    """A specimen that cannot be used.

    Parameters
    ----------
    specimen_id, path : str
        Its id, and the path of its file.
    kind : str
        Kind of the reason, such as `cut` or `empty`; `other` if none matches.
    reason : str
        The reason, in a sentence.
    """

    specimen_id: str
    path: str
    kind: str
    reason: str


def quarantined(records: Mapping[str, SpecimenRecord]) -> tuple[Quarantined, ...]:
    """Return the specimens that cannot be used.

    They are sorted by kind, the commonest first, then by id.

    Examples
    --------
    >>> from core.collection import quarantined
    >>> from core.workspace import SpecimenRecord
    >>> broken = SpecimenRecord("/scans", "rib", "/scans/rib.ply", error="The file is empty (0 bytes).")
    >>> [(one.specimen_id, one.kind) for one in quarantined({"rib": broken})]
    [('rib', 'empty')]
    """
    found = [
        Quarantined(record.specimen_id, record.path, kind_of(record.error), record.error)
        for record in records.values()
        if record.error
    ]
    kinds = [one.kind for one in found]
    return tuple(sorted(found, key=lambda one: (-kinds.count(one.kind), one.kind, one.specimen_id)))


def kind_of(reason: str) -> str:
    """Return the kind of a reason, `other` if none matches."""
    return next((kind for kind, pattern in _KINDS if re.search(pattern, reason)), OTHER)


def kinds() -> tuple[str, ...]:
    """Return all kinds."""
    return (*(kind for kind, _ in _KINDS), OTHER)
