"""Notes: what was done otherwise than asked, as lines that still know their sentences and values.

A screen says them in its own language, as it does errors (`core.foundation.errors`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from core.foundation.errors import Reason, Sentences, plain_value, sentences_from_json


def note(sentence: str, **values: object) -> Reason:
    """Return a note on what was done otherwise than asked.

    Values are given by name, as an error's are; one may be a note itself.
    """
    said = Sentences(sentence, values={name: plain_value(value) for name, value in values.items()})
    return Reason(said.filled(sentence), said)


def joined(notes: Sequence[str]) -> str:
    """Return notes as one line that still knows their sentences; empty where there are none."""
    if len(notes) < 2:
        return notes[0] if notes else ""
    return note("{first} {rest}", first=notes[0], rest=joined(notes[1:]))


def few_of(names: Collection[str], most: int = 3) -> str:
    """Return names in order, as many as asked for, and how many more there are."""
    first = ", ".join([*names][:most])
    return note("{names} and {more} more", names=first, more=len(names) - most) if len(names) > most else first


def notes_as_json(notes: Sequence[str]) -> dict[str, Any]:
    """Return notes as a file can hold them: what they say, and the sentences beside it."""
    said = [one.sentences if isinstance(one, Reason) else Sentences(one) for one in notes]
    return {"notes": [str(one) for one in notes], "note_sentences": [one.as_json() for one in said]}


def notes_from_json(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what `notes_as_json` gave; files of earlier versions hold the notes alone.

    Raises
    ------
    KeyError, TypeError, AttributeError
        Where it is something else.
    """
    notes = [str(one) for one in found["notes"]]
    said = found.get("note_sentences")
    if said is None or len(said) != len(notes):
        return tuple(notes)
    return tuple(Reason(one, sentences_from_json(its)) for one, its in zip(notes, said, strict=True))
