"""What is known of every specimen, as columns to colour, judge and filter by."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import streamlit as st
from pandas.api.types import is_string_dtype

from core.collection import Labels, labels_of_categories, read_labels
from core.foundation import CoreError
from core.maps import Colouring, colour_by_groups, colour_by_numbers
from ui.components.table_filters import column_name
from ui.session import keep_file, state
from ui.words import language, say

_LABELS = "labels_given"


def columns_of(there: state.Collection) -> dict[str, tuple[str, ...]]:
    """Return the columns of a collection by name, each with a value a specimen, empty where there is none."""
    return _columns(columns_stamp(there), there)


def columns_stamp(there: state.Collection) -> tuple[object, ...]:
    """Return what changes with any name or value of `columns_of`."""
    data = st.session_state.get(_LABELS)
    return (*state.stamp_of(there), hashlib.sha256(data).hexdigest() if data is not None else "", language())


@st.cache_resource(show_spinner=False, max_entries=4)
def _columns(stamp: tuple[object, ...], _there: state.Collection) -> dict[str, tuple[str, ...]]:
    del stamp  # the key
    categories = _there.embeddings.categories
    depth = max((name.count("/") + 1 for name in categories if name), default=0)
    columns: dict[str, tuple[str, ...]] = {}
    if depth > 1:
        columns[say("columns-top")] = tuple(name.split("/")[0] for name in categories)
    for level in range(2, depth):
        columns[say("columns-level", level=level)] = tuple("/".join(name.split("/")[:level]) for name in categories)
    if depth:
        columns[say("columns-category")] = tuple(categories)
    noise = say("columns-noise")
    table = state.specimen_table(_there)
    for name in table.columns:
        values = table[name]
        known = values.fillna("") if is_string_dtype(values) else map(_text, values.tolist())
        texts = tuple(known)
        if name == "cluster":
            columns[say("columns-cluster")] = tuple(noise if text == "-1" else text for text in texts)
        elif name != "category" and any(texts):
            columns[column_name(name)] = texts
    labels = given_labels(_there)
    if labels is not None:
        columns[say("columns-labels")] = tuple(value or "" for value in labels.values)  # noqa: PD011 no table
    return columns


def colouring_of(there: state.Collection, column: str) -> Colouring:
    """Return what colours specimens by a column: a ramp for numbers, else a colour a group."""
    return _colouring(columns_stamp(there), column, there)


@st.cache_resource(show_spinner=False, max_entries=16)
def _colouring(stamp: tuple[object, ...], column: str, _there: state.Collection) -> Colouring:
    del stamp  # part of the key only
    values = columns_of(_there).get(column, ("",) * len(_there.ids))
    numbers = [_number(value) for value in values]
    known = {value for value in values if value}
    is_cluster = column == say("columns-cluster")
    if not is_cluster and len(known) > 1 and all(_number(value) is not None for value in known):
        return colour_by_numbers(column, numbers)
    return colour_by_groups(column, values, ("", say("columns-noise")))


def given_labels(there: state.Collection) -> Labels | None:
    """Return the labels that the user gave in this session, where they know this collection's specimens."""
    data = st.session_state.get(_LABELS)
    if data is None:
        return None
    try:
        return _read(there, data)
    except CoreError:
        return None


def ask_for_labels_file(key: str) -> None:
    """Let the user give labels as CSV; every screen then offers them."""
    file = st.file_uploader(
        say("columns-labels-file"), type=["csv", "tsv", "txt"], key=key, help=say("columns-labels-file-help")
    )
    if file is not None:
        st.session_state[_LABELS] = file.getvalue()


def choose_labels(there: state.Collection, *, key: str) -> Labels:
    """Ask what specimens are judged by: a level of the category, or labels from a file.

    Raises
    ------
    CoreError
        Where the file cannot be read or knows none of the specimens, or there are no categories.
    """
    ways = [say("columns-category"), say("columns-top"), say("columns-labels-file-choice")]
    how = st.segmented_control(say("columns-judge"), ways, default=ways[0], key=key, help=say("columns-judge-help"))
    if how != ways[2]:
        return labels_of_categories(there.ids, 1 if how == ways[1] else None)
    ask_for_labels_file(f"{key}_file")
    data = st.session_state.get(_LABELS)
    if data is None:
        st.info(say("columns-labels-missing"), icon=":material/label:")
        return Labels(there.ids, (None,) * len(there.ids), "")
    return _read(there, data)


def _read(there: state.Collection, data: bytes) -> Labels:
    return read_labels(keep_file("labels.csv", data), there.ids)


def _text(value: Any) -> str:
    """Return a cell as it is read; empty where it holds nothing."""
    if value is None or pd.isna(value):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
