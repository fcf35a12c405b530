"""Every error that `core` raises on purpose.

An error has two parts: the *problem* (what was wrong and what was given) and the
*advice* (what to do about it). Screens and the command line show both. Values are given beside
the sentences, so that the screens can say them in another language; `core.foundation.messages` are made likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Value = str | int | float | None


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


class CoreError(Exception):
    """Base of all errors that a user can do something about.

    Values are given by name: `InputError("There is no {path}.", path=path)`.
    """

    def __init__(self, problem: str, *, advice: str = "", **values: object) -> None:
        self.sentences = Sentences(problem, advice, {name: plain_value(value) for name, value in values.items()})
        self.problem = self.sentences.filled(problem)
        self.advice = self.sentences.filled(advice)
        super().__init__(self.problem, self.advice)

    def __str__(self) -> str:
        """Return the problem and, where there is one, the advice as one line."""
        return f"{self.problem} {self.advice}".strip()

    @property
    def reason(self) -> Reason:
        """Return the line that `str` gives, for whoever keeps it where a screen finds it later."""
        return Reason(str(self), self.sentences)

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a child process."""
        return (error_saying, (type(self), self.sentences))


def plain_value(value: object) -> Value:
    """Return a value as a file can hold it: text or a number."""
    item = getattr(value, "item", None)
    value = item() if callable(item) and getattr(value, "shape", None) == () else value
    return value if value is None or isinstance(value, str | int | float) else str(value)


def error_saying(kind: type[CoreError], said: Sentences) -> CoreError:
    """Return an error of a kind that says these sentences."""
    return kind(said.problem, advice=said.advice, **said.values)


class SettingError(CoreError):
    """A setting is outside of what is allowed."""


class InputError(CoreError):
    """An input folder or file is missing, empty or of the wrong kind."""


class SpecimenError(CoreError):
    """One specimen cannot be used; the others can."""


class UnknownSpecimenError(CoreError):
    """A specimen id is not in the collection."""


class MisalignedEmbeddingsError(CoreError):
    """An embedding matrix and its ids do not belong together."""


class MissingStageError(CoreError):
    """An earlier stage has to run first."""


class WeightsError(CoreError):
    """The weights of a backbone are missing, or are not what they should be."""


class DeviceError(CoreError):
    """A device or engine was asked for that does not work here."""


class RendererError(CoreError):
    """A renderer does not work here, or drew nothing."""


class WorkspaceError(CoreError):
    """A workspace cannot be opened, read or written."""


class NewerVersionError(WorkspaceError):
    """A file was written by a newer version of this program, which this one leaves alone."""


class BusyError(CoreError):
    """Somebody else is already working on the same thing."""
