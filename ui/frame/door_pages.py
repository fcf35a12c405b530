"""Pages that the server shows in place of the app."""

from __future__ import annotations

import os
from html import escape

from starlette.requests import HTTPConnection

from ui.words import LANGUAGE_VARIABLE, LANGUAGES, say_in

_LONGEST_HOST = 80
_STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.6 "Source Sans", "Noto Sans", system-ui, sans-serif; max-width: 40rem; margin: 12vh auto 0;
       padding: 0 1.5rem; background: #fbf9f4; color: #2a2520 }
h1 { font-size: 1.6rem; font-weight: 650; line-height: 1.3 }
code { background: #f1ede4; padding: .1em .35em; border-radius: .3rem; overflow-wrap: anywhere }
a { color: #7d3c14 }
@media (prefers-color-scheme: dark) {
  body { background: #1c1a17; color: #ece5d8 } code { background: #282520 } a { color: #e3a170 }
}
"""


def language_of(request: HTTPConnection | None) -> str:
    """Return the language by address, environment and browser, in this order."""
    asked = request.query_params.get("lang") if request is not None else None
    browser = request.headers.get("accept-language", "") if request is not None else ""
    wishes = [asked, os.environ.get(LANGUAGE_VARIABLE), *browser.split(",")]
    codes = ((wish or "").strip()[:2].lower() for wish in wishes)
    return next((code for code in codes if code in LANGUAGES), "en")


def refusal_page(reason: str, language: str, *, host: str = "") -> str:
    """Return the page that says why the app does not answer, and what to do.

    Parameters
    ----------
    reason : {"host", "origin", "token", "wrong-token"}
        What was wrong.
    language : str
        Its code.
    host : str
        Name that the request was for, shown if that is the reason.
    """
    shown = host[:_LONGEST_HOST]
    paragraphs = [line for line in _message(language, f"{reason}-about", host=shown).splitlines() if line.strip()]
    if reason in ("token", "wrong-token"):
        paragraphs += [line for line in _message(language, "token-advice").splitlines() if line.strip()]
    if reason == "token":
        # A strict cookie is not sent if a link on another page leads here; from this page it is.
        paragraphs.append(f'<a href="">{_message(language, "again")}</a>')
    return _html(_message(language, f"{reason}-title"), paragraphs, language)


def entry_page(address: str, language: str) -> str:
    """Return a page that leads on to an address at once.

    A redirect would not do: browsers count it to the page that the reader came from, and keep a strict
    cookie back.
    """
    link = f'<a href="{escape(address)}">{_message(language, "go-on")}</a>'
    refresh = f'<meta http-equiv="refresh" content="0; url={escape(address)}">'
    return _html("FossilViT Explorer", [link], language, head=refresh)


def _message(language: str, key: str, **values: str) -> str:
    """Return a message as HTML, with code between its backticks."""
    parts = escape(say_in(language, f"door-{key}", **values)).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _html(title: str, paragraphs: list[str], language: str, *, head: str = "") -> str:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">{head}'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )
