"""README has the same commands, files, names and pictures in both languages."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from core.cli import build_parser

PROJECT = Path(__file__).resolve().parents[1]
ENGLISH, JAPANESE = ((PROJECT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ja.md"))
COMMENT = re.compile(r"\s+#.*$", re.MULTILINE)


def commands(text: str) -> list[str]:
    """Return the calls in blocks of code, without what is said of them."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in COMMENT.sub("", block).splitlines()]
    return [line for line in lines if line.startswith(("make ", "python "))]


def names(text: str) -> Counter[str]:
    """Return everything in the type of code within sentences, and how often."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return Counter(re.findall(r"`([^`\n]+)`", outside))


def test_readme__both_name_the_same_commands() -> None:
    """The blocks of code hold the same calls in the same order."""
    assert commands(ENGLISH) == commands(JAPANESE)
    assert len(commands(ENGLISH)) > 10


def test_readme__both_name_the_same_files_flags_and_settings() -> None:
    """What is in the type of code in one is in the other, as often."""
    assert names(ENGLISH) - names(JAPANESE) == Counter()
    assert names(JAPANESE) - names(ENGLISH) == Counter()


@pytest.mark.parametrize("pattern", [r"^#+ ", r"^\d\. ", r"^- ", r"^\|", r"^!\["], ids=str)
def test_readme__both_have_the_same_parts(pattern: str) -> None:
    """As many headings, steps, points, rows of tables and pictures."""
    counts = [len(re.findall(pattern, text, re.MULTILINE)) for text in (ENGLISH, JAPANESE)]
    assert counts[0] == counts[1] > 0


def test_readme__its_commands_exist() -> None:
    """Every `python -m core` command that README names is one."""
    known = set(build_parser()[1])
    named = set(re.findall(r"python -m core ([a-z][a-z-]*)", ENGLISH))
    assert named <= known
    assert {"run", "metadata", "doctor"} <= named
