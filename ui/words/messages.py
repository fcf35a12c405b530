"""Messages of the screens in English and Japanese.

The messages stand in `ui/words/<language>/<screen>.ftl`, in the format of Project Fluent
(https://projectfluent.org), which knows plurals and numbers. Screens hold no words of their own.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import streamlit as st
from fluent.runtime import FluentBundle, FluentResource

LANGUAGES = {"en": "English", "ja": "日本語"}
LANGUAGE_VARIABLE = "FOSSILVIT_LANGUAGE"
FOLDER = Path(__file__).resolve().parent
_STATE = "language"


def say(key: str, /, **values: str | int | float) -> str:
    """Return a message in the language of the session.

    Parameters
    ----------
    key : str
        The message's identifier; its first word is the file that holds it.
    **values : str, int or float
        Values of the message's variables.

    Raises
    ------
    KeyError
        If no catalogue has the message, or a variable of it was not given.
    """
    return say_in(language(), key, **values)


def say_in(code: str, key: str, /, **values: str | int | float) -> str:
    """Return a message in a given language, in English if it is not translated."""
    bundle = catalogue(code)
    if not bundle.has_message(key):
        bundle = catalogue("en")
    message = bundle.get_message(key) if bundle.has_message(key) else None
    if message is None or message.value is None:
        msg = f"there is no message {key!r} in {FOLDER}"
        raise KeyError(msg)
    text, problems = bundle.format_pattern(message.value, values)
    if problems:
        msg = f"the message {key!r}: {problems[0]}"
        raise KeyError(msg)
    return str(text)


def language() -> str:
    """Return the language of the session."""
    return str(st.session_state.get(_STATE) or _wished(None))


def settle_language(remembered: str | None) -> None:
    """Set the language of a new session.

    The first known of these counts: address, remembered language, environment, browser.
    """
    if st.session_state.get(_STATE) not in LANGUAGES:
        st.session_state[_STATE] = _wished(remembered)


def _wished(remembered: str | None) -> str:
    wishes = (st.query_params.get("lang"), remembered, os.environ.get(LANGUAGE_VARIABLE), st.context.locale)
    return next((code for code in ((wish or "")[:2].lower() for wish in wishes) if code in LANGUAGES), "en")


def choose_language(code: str) -> None:
    """Set the language of the session."""
    st.session_state[_STATE] = code


@cache
def catalogue(code: str) -> FluentBundle:
    """Return all messages of a language."""
    bundle = FluentBundle([code], use_isolating=False)
    for path in sorted((FOLDER / code).glob("*.ftl")):
        bundle.add_resource(FluentResource(path.read_text(encoding="utf-8")))
    return bundle
