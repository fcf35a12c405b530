"""Every error that `core` raises on purpose.

An error has two parts: the *problem* (what was wrong and what was given) and the
*advice* (what to do about it). Screens and the command line show both. Values are given beside
the sentences, so that the screens can say them in another language; `core.foundation.messages` are made likewise.
"""

from __future__ import annotations

from core.foundation.messages import Reason, Sentences, plain_value


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
