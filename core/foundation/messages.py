"""Notes: what was done otherwise than asked, as lines that still know their sentences and values.

A screen says them in its own language, as it does errors (`core.foundation.errors`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Value = str | int | float | None


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


@dataclass(frozen=True)
class Sentences:
    """What an error says, as it was written: with names in braces where it tells values.

    So that a screen can say the same in another language; the keys of its words are these sentences.

    Parameters
    ----------
    problem, advice : str
        In English. Names stand in braces as `str.format` takes them; where `values` is empty,
        braces are braces.
    values : mapping
        What the names stand for; a `Reason` where an error tells of another one.
    """

    problem: str
    advice: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    def filled(self, sentence: str) -> str:
        """Return a sentence with the values in their places."""
        return sentence.format_map(self.values) if self.values else sentence

    def as_json(self) -> dict[str, Any]:
        """Return them as a file can hold them; see `sentences_from_json`."""
        values = {
            name: {"text": str(value), **value.sentences.as_json()} if isinstance(value, Reason) else value
            for name, value in self.values.items()
        }
        return {"problem": self.problem, "advice": self.advice, "values": values}


def sentences_from_json(found: Mapping[str, Any]) -> Sentences:
    """Return what `Sentences.as_json` gave.

    Raises
    ------
    KeyError, TypeError, AttributeError
        Where it is something else.
    """
    values = {
        str(name): Reason(value["text"], sentences_from_json(value)) if isinstance(value, dict) else value
        for name, value in found["values"].items()
    }
    return Sentences(found["problem"] + "", found["advice"] + "", values)


class Reason(str):
    """An error, or a note, as one line of English that still knows the sentences it was made from."""

    sentences: Sentences

    def __new__(cls, text: str, sentences: Sentences | None = None) -> Reason:
        """Make it; without sentences, the text is its own problem."""
        made = super().__new__(cls, text)
        made.sentences = sentences or Sentences(text)
        return made


def plain_value(value: object) -> Value:
    """Return a value as a file can hold it: text or a number."""
    item = getattr(value, "item", None)
    value = item() if callable(item) and getattr(value, "shape", None) == () else value
    return value if value is None or isinstance(value, str | int | float) else str(value)
