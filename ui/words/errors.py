"""Errors of `core` in the language of the session.

`core` says everything in English. For other languages, `ui/words/<language>/errors/*.toml` holds its
sentences, each with its translation, and `terms.toml` the words among their values. A sentence
without translation is shown in English, and marked as such.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from core.foundation import CoreError, Reason, Sentences, Value, error_from_sentences
from core.workspace import Catalogue
from ui.words.messages import FOLDER, language, say

TERMS = "terms"


def problem_of(error: CoreError) -> str:
    """Return the problem of an error."""
    return _in_words(error.sentences.problem, error.sentences) or say("frame-in-english", text=error.problem)


def advice_of(error: CoreError) -> str:
    """Return the advice of an error, empty if it has none."""
    return _in_words(error.sentences.advice, error.sentences) or error.advice


def as_line(text: str) -> str:
    """Return an error, or another line of `core`, as one line."""
    sentences = text.sentences if isinstance(text, Reason) else Sentences(text)
    problem = _in_words(sentences.problem, sentences)
    if problem is None:
        return say("frame-in-english", text=str(text))
    advice = _in_words(sentences.advice, sentences)
    return f"{problem}{advice or ''}" if language() == "ja" else f"{problem} {advice or ''}".strip()


def as_lines(texts: Iterable[str], catalogue: Catalogue) -> list[str]:
    """Return errors and messages of a catalogue, each as one line."""
    texts = list(texts)
    known = catalogue.reasons(texts) if language() != "en" else {}
    return [as_line(known.get(text, text)) if text else "" for text in texts]


def of_file_named(error: CoreError, path: Path) -> CoreError:
    """Return an error with the name of a given file in place of its path."""
    return error_from_sentences(type(error), _named(error.sentences, str(path), path.name))


def _named(said: Sentences, path: str, name: str) -> Sentences:
    values: dict[str, Value] = {}
    for key, value in said.values.items():
        if isinstance(value, Reason):
            values[key] = Reason(value.replace(path, name), _named(value.sentences, path, name))
        else:
            values[key] = value.replace(path, name) if isinstance(value, str) else value
    return Sentences(said.problem.replace(path, name), said.advice.replace(path, name), values)


@cache
def translations(code: str) -> dict[str, str]:
    """Return the sentences of `core` with their translations into a language."""
    paths = [path for path in sorted((FOLDER / code / "errors").glob("*.toml")) if path.stem != TERMS]
    return {key: text for path in paths for key, text in tomllib.loads(path.read_text(encoding="utf-8")).items()}


@cache
def terms(code: str) -> dict[str, str]:
    """Return the words among values with their translations into a language."""
    path = FOLDER / code / "errors" / f"{TERMS}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _in_words(sentence: str, said: Sentences) -> str | None:
    """Return a sentence in the language of the session, None if untranslated."""
    code = language()
    if code == "en":
        return said.filled(sentence)
    translated = translations(code).get(sentence)
    if translated is None:
        return None
    values = {name: _value_in_words(value, code) for name, value in said.values.items()}
    return translated.format_map(values) if values else translated


def _value_in_words(value: Value, code: str) -> Value:
    if isinstance(value, Reason):
        return as_line(value)
    return terms(code).get(value, value) if isinstance(value, str) else value
