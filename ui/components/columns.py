"""Columns of values per specimen, to colour, judge and filter by."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import streamlit as st
from pandas.api.types import is_string_dtype

from core.collection import Labels, labels_of_categories, read_labels
from core.foundation import CoreError
from core.maps import Colouring, colour_by_groups, colour_by_numbers
from core.storage import as_plain
from ui.components.table_filters import column_name
from ui.session import keep_file, state
from ui.words import language, say

_LABELS = "labels_given"


def columns_of(collection: state.Collection) -> dict[str, tuple[str, ...]]:
    """Return the columns of a collection by name, one value per specimen or empty."""
    return _columns(columns_stamp(collection), collection)


def columns_stamp(collection: state.Collection) -> tuple[object, ...]:
    """Return a key that changes with any name or value of `columns_of`."""
    data = st.session_state.get(_LABELS)
    return (*state.stamp_of(collection), hashlib.sha256(data).hexdigest() if data is not None else "", language())


@st.cache_resource(show_spinner=False, max_entries=4)
def _columns(stamp: tuple[object, ...], _collection: state.Collection) -> dict[str, tuple[str, ...]]:
    del stamp  # the key
    categories = _collection.embeddings.categories
    depth = max((name.count("/") + 1 for name in categories if name), default=0)
    columns: dict[str, tuple[str, ...]] = {}
    if depth > 1:
        columns[say("columns-top")] = tuple(name.split("/")[0] for name in categories)
    for level in range(2, depth):
        columns[say("columns-level", level=level)] = tuple("/".join(name.split("/")[:level]) for name in categories)
    if depth:
        columns[say("columns-category")] = tuple(categories)
    noise = say("columns-noise")
    table = state.specimen_table(_collection)
    for name in table.columns:
        values = table[name]
        known = values.fillna("") if is_string_dtype(values) else map(_text, values.tolist())
        texts = tuple(known)
        if name == "cluster":
            columns[say("columns-cluster")] = tuple(noise if text == "-1" else text for text in texts)
        elif name != "category" and any(texts):
            columns[column_name(name)] = texts
    labels = given_labels(_collection)
    if labels is not None:
        columns[say("columns-labels")] = tuple(value or "" for value in labels.values)  # noqa: PD011 no table
    return columns


def colouring_of(collection: state.Collection, column: str) -> Colouring:
    """Return the colours of specimens by a column.

    Numbers are coloured by a ramp, other values by a colour per group.
    """
    return _colouring(columns_stamp(collection), column, collection)


@st.cache_resource(show_spinner=False, max_entries=16)
def _colouring(stamp: tuple[object, ...], column: str, _collection: state.Collection) -> Colouring:
    del stamp  # part of the key only
    values = columns_of(_collection).get(column, ("",) * len(_collection.ids))
    numbers = [_number(value) for value in values]
    known = {value for value in values if value}
    is_cluster = column == say("columns-cluster")
    if not is_cluster and len(known) > 1 and all(_number(value) is not None for value in known):
        return colour_by_numbers(column, numbers)
    return colour_by_groups(column, values, ("", say("columns-noise")))


def given_labels(collection: state.Collection) -> Labels | None:
    """Return the labels given in this session, None if they do not fit this run."""
    data = st.session_state.get(_LABELS)
    if data is None:
        return None
    try:
        return _read(collection, data)
    except CoreError:
        return None


def ask_for_labels_file(key: str) -> None:
    """Let the user give labels as CSV, which every screen then offers."""
    file = st.file_uploader(
        say("columns-labels-file"), type=["csv", "tsv", "txt"], key=key, help=say("columns-labels-file-help")
    )
    if file is not None:
        st.session_state[_LABELS] = file.getvalue()


def choose_labels(collection: state.Collection, *, key: str) -> Labels:
    """Ask for the labels to judge by: a level of the category, or a file.

    Raises
    ------
    CoreError
        If the file cannot be read or knows none of the specimens, or there are no categories.
    """
    ways = [say("columns-category"), say("columns-top"), say("columns-labels-file-choice")]
    how = st.segmented_control(say("columns-judge"), ways, default=ways[0], key=key, help=say("columns-judge-help"))
    if how != ways[2]:
        return labels_of_categories(collection.ids, 1 if how == ways[1] else None)
    ask_for_labels_file(f"{key}_file")
    data = st.session_state.get(_LABELS)
    if data is None:
        st.info(say("columns-labels-missing"), icon=":material/label:")
        return Labels(collection.ids, (None,) * len(collection.ids), "")
    return _read(collection, data)


def _read(collection: state.Collection, data: bytes) -> Labels:
    return read_labels(keep_file("labels.csv", data), collection.ids)


def _text(value: Any) -> str:
    """Return a cell as text, empty if it holds nothing."""
    if value is None or pd.isna(value):
        return ""
    return as_plain(value) if isinstance(value, float) else str(value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
