"""The guide in both languages has the same steps, and its pictures exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.docs_pictures import PICTURES, STUDY
from tests.test_readme import commands, names

DOCS = Path(__file__).resolve().parents[1] / "docs"
ENGLISH, JAPANESE = ((DOCS / name).read_text(encoding="utf-8") for name in ("guide.md", "guide.ja.md"))


@pytest.mark.parametrize(("text", "folder"), [(ENGLISH, "pictures"), (JAPANESE, "pictures/ja")], ids=["en", "ja"])
def test_guide__shows_every_picture_of_the_study(text: str, folder: str) -> None:
    """Each screen of the study is shown once, in the language of the guide."""
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert sorted(shown) == sorted(f"{folder}/{name}.png" for name in STUDY)
    assert all((PICTURES.parent / path).is_file() for path in shown)


def test_guide__both_say_the_same() -> None:
    """The same number of steps, the same calls, files and numbers."""
    assert len(re.findall(r"^## \d", ENGLISH, re.MULTILINE)) == len(re.findall(r"^## \d", JAPANESE, re.MULTILINE)) == 9
    assert commands(ENGLISH) == commands(JAPANESE)
    assert names(ENGLISH) == names(JAPANESE)
    assert sorted(re.findall(r"\.\d{3}\b", ENGLISH)) == sorted(re.findall(r"\.\d{3}\b", JAPANESE))
