"""The labels that neighbours are judged by: categories, a column, or a file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import streamlit as st

from ui.session import keep_file, state
from ui.words import say

_LABELS = "labels_kept"
_NOT_LABELS = ("category", "file_notes", "notes", "kind")


def ask_for_labels(collection: state.Collection) -> tuple[str, str]:
    """Ask for the labels that specimens are judged by.

    If a file is chosen and none is given, the page stops here.

    Returns
    -------
    labels : str
        As `core.collection.resolve_labels` takes it.
    words : str
        The same in words.
    """
    table = state.specimen_table(collection)
    columns = {f"column:{name}": str(name) for name in table.columns if _can_judge(table[name])}
    choices = _choices(collection, columns)
    how = st.selectbox(
        say("evaluate-by"),
        tuple(choices),
        format_func=choices.__getitem__,
        key="judge_by",
        help=say("evaluate-by-help"),
        persist_state="session",
    )
    if how in columns:
        return str(_file_of_column(table[columns[how]])), choices[how]
    if how == "file":
        path = _ask_for_file()
        return str(path), state.plain(path.name)
    return how, choices[how]


def _choices(collection: state.Collection, columns: dict[str, str]) -> dict[str, str]:
    """Return the choices with their words: levels of folders, columns, a file."""
    depth = max((name.count("/") for name in collection.ids), default=0)
    choices = {"category:top": say("evaluate-top"), "category": say("evaluate-category")}
    choices |= {f"category:{level}": say("evaluate-level", level=level) for level in range(2, depth)}
    choices |= {key: say("evaluate-column", name=state.plain(name)) for key, name in columns.items()}
    return choices | {"file": say("evaluate-file")}


def _can_judge(cells: pd.Series) -> bool:
    """Return whether a column groups specimens: text, some of it repeated."""
    if cells.name in _NOT_LABELS or pd.api.types.is_numeric_dtype(cells):
        return False
    filled = _filled(cells)
    return 1 < len(set(filled)) < len(filled)


def _filled(cells: pd.Series) -> pd.Series:
    """Return the cells that hold text."""
    texts = cells.dropna().astype(str)
    return texts[texts.str.strip() != ""]


def _file_of_column(cells: pd.Series) -> Path:
    """Write the values of a column as a file of labels, and return its path."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("specimen_id", "label"), *_filled(cells).items()])
    return keep_file("labels_of_column.csv", text.getvalue().encode("utf-8"))


def _ask_for_file() -> Path:
    """Ask for a file of labels, and stop the page if none is given."""
    file = st.file_uploader(say("evaluate-file-choose"), type=["csv", "txt"], key="labels_file")
    if file is not None:
        st.session_state[_LABELS] = keep_file(Path(file.name).name, file.getvalue())
    # The field is empty when the screen is opened again; the labels stay until others are given.
    path: Path | None = st.session_state.get(_LABELS)
    if path is None:
        st.info(say("evaluate-file-first"), icon=":material/label:")
        st.stop()
    if file is None:
        st.caption(say("evaluate-file-kept", name=state.plain(path.name)))
    return path
