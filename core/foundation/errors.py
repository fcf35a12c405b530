"""The errors that `core` raises on purpose.

An error has two parts: the *problem* (what was wrong and what was given) and the *advice* (what to
do about it). Screens and the command line show both. Values are kept beside the sentences, so that
a screen can translate them; see `core.foundation.Sentences`.
"""

from __future__ import annotations

from core.foundation.messages import Reason, Sentences, plain_value, readable


class CoreError(Exception):
    """Base class of all errors that a user can act on.

    Parameters
    ----------
    problem, advice : str
        Sentences in English, with the names of their values in braces.
    **values : object
        The values, by name.

    Examples
    --------
    >>> from core.foundation import InputError
    >>> error = InputError("There is no {path}.", advice="Check the path.", path="scans")
    >>> str(error)
    'There is no scans. Check the path.'
    >>> error.sentences.problem
    'There is no {path}.'
    """

    def __init__(self, problem: str, *, advice: str = "", **values: object) -> None:
        # Sentences of f-strings may hold the name of a file that is no text.
        problem, advice = readable(problem), readable(advice)
        self.sentences = Sentences(problem, advice, {name: plain_value(value) for name, value in values.items()})
        self.problem = self.sentences.filled(problem)
        self.advice = self.sentences.filled(advice)
        super().__init__(self.problem, self.advice)

    def __str__(self) -> str:
        """Return the problem and, if there is one, the advice as one line."""
        return f"{self.problem} {self.advice}".strip()

    @property
    def reason(self) -> Reason:
        """Return the line that `str` gives, with its sentences for a later translation."""
        return Reason(str(self), self.sentences)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the error with its sentences, so that a child process can return it."""
        return (error_from_sentences, (type(self), self.sentences))


def error_from_sentences(kind: type[CoreError], sentences: Sentences) -> CoreError:
    """Return an error of a kind with these sentences."""
    return kind(sentences.problem, advice=sentences.advice, **sentences.values)


class SettingError(CoreError):
    """A setting is outside of what is allowed."""


class InputError(CoreError):
    """An input folder or file is missing, empty or of the wrong kind."""


class SpecimenError(CoreError):
    """One specimen cannot be used, the others can."""


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
    """A file was written by a newer version of this program and is left unchanged."""


class BusyError(CoreError):
    """Another process is already working on the same thing."""
