"""Sentences with values, kept apart so that a screen can translate them.

Errors (`core.foundation.CoreError`) and notes are both made of them. A note says what was done
otherwise than asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Value = str | int | float | None


@dataclass(frozen=True)
class Sentences:
    """A problem and an advice with the names of their values in braces.

    Translations are looked up by these sentences.

    Parameters
    ----------
    problem, advice : str
        In English. Names stand in braces as `str.format` takes them. If `values` is empty, braces
        are plain text.
    values : mapping
        The value of each name; a `Reason` if one error reports another.
    """

    problem: str
    advice: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    def filled(self, sentence: str) -> str:
        """Return a sentence with the values in place of their names."""
        return sentence.format_map(self.values) if self.values else sentence

    def as_json(self) -> dict[str, Any]:
        """Return the sentences as JSON values, the inverse of `sentences_from_json`."""
        values = {
            name: {"text": str(value), **value.sentences.as_json()} if isinstance(value, Reason) else value
            for name, value in self.values.items()
        }
        return {"problem": self.problem, "advice": self.advice, "values": values}


class Reason(str):
    """An error or a note as one line of English, together with its sentences."""

    sentences: Sentences

    def __new__(cls, text: str, sentences: Sentences | None = None) -> Reason:
        """Create a reason, whose problem is the text itself without sentences."""
        reason = super().__new__(cls, text)
        reason.sentences = sentences or Sentences(text)
        return reason


def note(sentence: str, **values: object) -> Reason:
    """Return a note on what was done otherwise than asked.

    Values are given by name, as those of an error are; a value may itself be a note.

    Examples
    --------
    >>> from core.foundation import note
    >>> note("{count:,} faces without area left out.", count=1200)
    '1,200 faces without area left out.'
    """
    sentences = Sentences(sentence, values={name: plain_value(value) for name, value in values.items()})
    return Reason(sentences.filled(sentence), sentences)


def joined(notes: Sequence[str]) -> str:
    """Return notes as one line that keeps their sentences, empty without notes."""
    if len(notes) < 2:
        return notes[0] if notes else ""
    return note("{first} {rest}", first=notes[0], rest=joined(notes[1:]))


def few_of(names: Collection[str], most: int = 3) -> str:
    """Return the first few names, and how many more there are.

    Examples
    --------
    >>> from core.foundation import few_of
    >>> few_of(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    first = ", ".join([*names][:most])
    return note("{names} and {more} more", names=first, more=len(names) - most) if len(names) > most else first


def notes_as_json(notes: Sequence[str]) -> dict[str, Any]:
    """Return notes as JSON values: their text, and the sentences beside it."""
    sentences = [one.sentences if isinstance(one, Reason) else Sentences(one) for one in notes]
    return {"notes": [str(one) for one in notes], "note_sentences": [one.as_json() for one in sentences]}


def notes_from_json(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the notes that `notes_as_json` was given.

    Files of earlier versions hold the text alone.

    Raises
    ------
    KeyError, TypeError, AttributeError
        If the values have another form.
    """
    notes = [str(one) for one in values["notes"]]
    sentences = values.get("note_sentences")
    if sentences is None or len(sentences) != len(notes):
        return tuple(notes)
    return tuple(Reason(one, sentences_from_json(its)) for one, its in zip(notes, sentences, strict=True))


def sentences_from_json(found: Mapping[str, Any]) -> Sentences:
    """Return the sentences whose `as_json` was given.

    Raises
    ------
    KeyError, TypeError, AttributeError
        If the values have another form.
    """
    values = {
        str(name): Reason(value["text"], sentences_from_json(value)) if isinstance(value, dict) else value
        for name, value in found["values"].items()
    }
    return Sentences(found["problem"] + "", found["advice"] + "", values)


def plain_value(value: object) -> Value:
    """Return a value as text or a number, which JSON can hold."""
    item = getattr(value, "item", None)
    value = item() if callable(item) and getattr(value, "shape", None) == () else value
    if isinstance(value, Reason):
        return value
    return value if value is None or isinstance(value, int | float) else readable(str(value))


def readable(text: str) -> str:
    r"""Return text in which the bytes of file names that are no text are written as digits.

    Examples
    --------
    >>> from core.foundation import readable
    >>> readable("caf\udce9.ply")
    'caf\\xe9.ply'
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(sign if not 0xD800 <= ord(sign) <= 0xDFFF else f"\\x{ord(sign) & 0xFF:02x}" for sign in text)
    return text


def path_from_readable(text: str) -> Path:
    """Return the path that `readable` was given, if the text is not itself the path of a file."""
    path = Path(text)
    if "\\x" not in text or path.exists():
        return path
    return Path(re.sub(r"\\x([89a-f][0-9a-f])", lambda found: chr(0xDC00 + int(found[1], 16)), text))
