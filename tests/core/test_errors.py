"""Errors: a problem, an advice, and the way back from a child process."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import errors
from core.errors import CoreError
from tests.fakes import PROJECT

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CoreError)]


def test_core_error__reads_as_one_line() -> None:
    """A screen shows both parts, one after the other."""
    assert str(CoreError("It is broken.", advice="Mend it.")) == "It is broken. Mend it."


def test_core_error__needs_no_advice() -> None:
    """Without advice there is no blank at the end."""
    assert str(CoreError("It is broken.")) == "It is broken."


@pytest.mark.parametrize("kind", KINDS)
@given(problem=st.text(), advice=st.text())
def test_core_error__survives_pickling(kind: type[CoreError], problem: str, advice: str) -> None:
    """Children send their errors back whole, as the kind they are."""
    back = pickle.loads(pickle.dumps(kind(problem, advice=advice)))  # noqa: S301 our own bytes
    assert (type(back), back.problem, back.advice) == (kind, problem, advice)


@pytest.mark.parametrize("kind", KINDS)
def test_core_error__is_the_base_of_all(kind: type[CoreError]) -> None:
    """Who catches CoreError catches all of them, and none hides behind a builtin."""
    assert kind.__mro__[-3:] == (Exception, BaseException, object)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not CoreError])
def test_errors__the_prose_of_every_kind_is_tested(kind: type[CoreError]) -> None:
    """Somewhere a test expects this error and the words that a user would read."""
    expected = re.compile(rf"raises\(\s*\(?[\w\s,]*\b{kind.__name__}\b[\w\s,]*\)?,\s*match=", re.DOTALL)
    texts = (path.read_text(encoding="utf-8") for path in (PROJECT / "tests").rglob("test_*.py"))
    assert any(expected.search(text) for text in texts)
