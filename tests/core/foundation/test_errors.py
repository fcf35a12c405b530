"""Errors: a problem, an advice, and the way back from a child process."""

from __future__ import annotations

import json
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.foundation import CoreError, SettingError, error_from_sentences, errors, sentences_from_json
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


def test_core_error__fills_values_in_and_keeps_them() -> None:
    """Values stay numbers and text through a child process and through JSON."""
    inner = CoreError("{path} is {size:,} long.", path=PROJECT, size=np.int64(1234))
    error = CoreError("{name!r}: {reason}", advice="Mend {name}.", name="a{b}", reason=inner.reason)
    assert str(error) == f"'a{{b}}': {PROJECT} is 1,234 long. Mend a{{b}}."
    back = pickle.loads(pickle.dumps(error.reason))  # noqa: S301 our own bytes
    again = sentences_from_json(json.loads(json.dumps(error.sentences.as_json())))
    for said in (back.sentences, again):
        assert said == error.sentences
        assert said.values["reason"].sentences.values == {"path": str(PROJECT), "size": 1234}
    assert str(error_from_sentences(SettingError, again)) == str(error)


def test_core_error__leaves_braces_alone_without_values() -> None:
    """A path in a sentence that was put together already may hold anything."""
    assert str(CoreError("/a{b}/{0}", advice="{")) == "/a{b}/{0} {"


@pytest.mark.parametrize("kind", KINDS)
def test_core_error__is_the_base_of_all(kind: type[CoreError]) -> None:
    """`except CoreError` catches all of them, and none derives from a builtin error."""
    assert kind.__mro__[-3:] == (Exception, BaseException, object)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not CoreError])
def test_errors__the_prose_of_every_kind_is_tested(kind: type[CoreError]) -> None:
    """Somewhere a test expects this error and the words that a user would read."""
    expected = re.compile(rf"raises\(\s*\(?[\w\s,]*\b{kind.__name__}\b[\w\s,]*\)?,\s*match=", re.DOTALL)
    texts = (path.read_text(encoding="utf-8") for path in (PROJECT / "tests").rglob("test_*.py"))
    assert any(expected.search(text) for text in texts)
