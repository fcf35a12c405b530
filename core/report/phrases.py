"""The messages of reports in English and Japanese, as Project Fluent files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource

LANGUAGES = ("en", "ja")
FOLDER = Path(__file__).resolve().parent / "words"


class Phrases:
    """The messages of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._bundle = _bundle(language)

    def __call__(self, key: str, /, **values: str | int | float) -> str:
        """Return a message with its values.

        Raises
        ------
        KeyError
            If there is no such message, or a value of it is missing.
        """
        message = self._bundle.get_message(key) if self._bundle.has_message(key) else None
        if message is None or message.value is None:
            raise KeyError(key)
        text, problems = self._bundle.format_pattern(message.value, values)
        if problems:
            raise KeyError(f"{key}: {problems[0]}")
        return str(text)


@cache
def _bundle(language: str) -> FluentBundle:
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource((FOLDER / f"{language}.ftl").read_text(encoding="utf-8")))
    return bundle
