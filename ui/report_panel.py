"""The report on a run: made with a click, kept with the run, downloaded."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import streamlit as st

from core.errors import CoreError
from core.report import ReportSettings, gather_facts, write_report
from core.runs import RunFacts
from ui import state
from ui.words import language, say

T = TypeVar("T")


def offer_report(facts: RunFacts) -> None:
    """Offer to make the report of a run in the language of the screens, and to download the one that is there."""
    path = _path_of(facts)
    with st.container(border=True):
        words, make, take = st.columns([4, 1, 1], vertical_alignment="center")
        words.markdown(f"**{say('report-title')}**  \n{say('report-about')}")
        if make.button(say("report-make"), icon=":material/description:", width="stretch", key=f"report_{facts.name}"):
            _make(facts, path)
        if path.is_file():
            when = datetime.datetime.fromtimestamp(path.stat().st_mtime).astimezone().strftime("%Y-%m-%d %H:%M")
            take.download_button(
                say("report-download"),
                lambda: path.read_bytes(),
                path.name,
                "application/zip",
                icon=":material/download:",
                help=say("report-made", date=when),
                width="stretch",
                type="primary",
                key=f"report_zip_{facts.name}",
                on_click="ignore",
            )


def _make(facts: RunFacts, path: Path) -> None:
    bar = st.progress(0.0, text=say("report-making"))

    def progress(iterable: Iterable[T], total: int | None, label: str) -> Iterator[T]:
        del label
        for done, item in enumerate(iterable):
            bar.progress(min(done / total, 1.0) if total else 0.0, text=say("report-making"))
            yield item

    settings = ReportSettings(language=language())
    try:
        write_report(path, gather_facts(state.workspace(), facts.name, settings, progress=progress), settings)
    except CoreError as error:
        state.show_error(error)
    bar.empty()


def _path_of(facts: RunFacts) -> Path:
    return state.workspace().run(facts.name).root / "reports" / f"report_{facts.name}_{language()}.zip"
