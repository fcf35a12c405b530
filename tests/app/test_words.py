"""The catalogue of messages is complete in every language."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast as fluent

from ui.words import FOLDER, LANGUAGES, say_in

PROJECT = Path(__file__).resolve().parents[2]
CODE = [PROJECT / "app.py", *sorted((PROJECT / "pages").glob("*.py")), *sorted((PROJECT / "ui").rglob("*.py"))]
OTHERS = sorted(set(LANGUAGES) - {"en"})


def messages(code: str) -> dict[str, fluent.Message]:
    """Return the messages of a language by key."""
    entries = [
        entry
        for path in sorted((FOLDER / code).glob("*.ftl"))
        for entry in FluentParser().parse(path.read_text(encoding="utf-8")).body
    ]
    broken = [entry.content for entry in entries if isinstance(entry, fluent.Junk)]
    assert broken == []
    keys = [entry.id.name for entry in entries if isinstance(entry, fluent.Message)]
    assert len(keys) == len(set(keys))
    return {entry.id.name: entry for entry in entries if isinstance(entry, fluent.Message)}


def spoken() -> dict[str, set[str]]:
    """Return the keys in the code with the names of their values."""
    found: dict[str, set[str]] = {}
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.setdefault(first.value, set()).update(word.arg for word in node.keywords if word.arg)
    return found


@pytest.mark.parametrize("code", OTHERS)
def test_words__every_language_has_every_message(code: str) -> None:
    """No language lacks a message, and none has one too many."""
    assert set(messages(code)) == set(messages("en"))


def test_words__every_message_said_is_in_the_catalogue() -> None:
    """Every key in the code exists."""
    assert set(spoken()) - set(messages("en")) == set()


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_say__every_message_can_be_said_with_the_values_that_the_code_gives(code: str) -> None:
    """The code fills every variable of a message."""
    for key, given in spoken().items():
        assert say_in(code, key, **dict.fromkeys(given, 2))
