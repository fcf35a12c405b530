"""Filters over the table of specimens: words, conditions on columns, the order."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.collection import SEVERAL, Between, Condition, Contains, OneOf, choose_rows, values_of
from ui.session import state
from ui.words import say

# A column of more different texts than this is searched, not ticked.
MOST_VALUES = 200
BY_ID = "specimen_id"
_LISTED = "listed_specimens"
_NAMED = {
    "specimen_id",
    "category",
    "kind",
    "cluster",
    "vertices",
    "faces",
    "extent_x",
    "extent_y",
    "extent_z",
    "file_notes",
    "tags",
    "sets",
    "notes",
}


def column_name(column: str) -> str:
    """Return the name of a column on the screens.

    Columns of metadata keep their own names.
    """
    return say(f"specimens-column-{column.replace('_', '-')}") if column in _NAMED else column


def browse(collection: state.Collection) -> pd.DataFrame:
    """Let the user find, filter and sort specimens, and return the rows left."""
    table = state.specimen_table(collection)
    find, category, order, more = st.columns([5, 4, 4, 3], vertical_alignment="bottom")
    words = find.text_input(
        say("specimens-find"),
        placeholder=say("specimens-find-hint"),
        key="find_text",
        icon=":material/search:",
        persist_state="session",
    )
    categories = category.multiselect(
        column_name("category"),
        collection.categories,
        format_func={name: name.replace("/", " › ") or say("frame-no-category") for name in collection.categories}.get,
        placeholder=say("specimens-all-categories"),
        key="find_category",
        persist_state="session",
    )
    names = {column: column_name(column) for column in (BY_ID, *table.columns)}
    by = order.selectbox(
        say("specimens-sort"), list(names), format_func=names.get, key="sort_by", persist_state="session"
    )
    with more.popover(say("specimens-filter"), icon=":material/filter_list:", width="stretch"):
        conditions = _ask_for_conditions(table)
        falling = st.toggle(say("specimens-falling"), key="sort_falling", persist_state="session")
    if categories:
        conditions.append(OneOf("category", tuple(categories)))
    chosen = choose_rows(table, conditions)
    wanted = words.casefold().split()
    if wanted:
        chosen = chosen[[all(word in name.casefold() for word in wanted) for name in chosen.index]]
    found = _sorted(chosen, by, falling)
    st.session_state[_LISTED] = tuple(found.index)
    return found


def listed(collection: state.Collection) -> tuple[str, ...]:
    """Return the ids as they were listed last, or all ids of the run."""
    return tuple(st.session_state.get(_LISTED) or collection.ids)


def _ask_for_conditions(table: pd.DataFrame) -> list[Condition]:
    """Offer a control for every column that is to be filtered by."""
    names = {column: column_name(column) for column in table.columns}
    columns = st.multiselect(
        say("specimens-filter-by"),
        [column for column in names if column != "category"],
        format_func=names.get,
        key="filter_columns",
        placeholder=say("specimens-filter-by-hint"),
        help=say("specimens-filter-by-help"),
        persist_state="session",
    )
    found = [_ask_for_condition(table, column) for column in columns]
    return [condition for condition in found if condition is not None]


def _ask_for_condition(table: pd.DataFrame, column: str) -> Condition | None:
    key, cells = f"filter_{column}", table[column]
    if pd.api.types.is_numeric_dtype(cells):
        low, high = float(cells.min()), float(cells.max())
        if not low < high:
            st.caption(say("specimens-filter-one-value", column=column_name(column)))
            return None
        given = st.slider(column_name(column), low, high, (low, high), key=key, persist_state="session")
        return Between(column, *given) if given != (low, high) else None
    values = values_of(table, column)
    if len(values) <= MOST_VALUES or column in SEVERAL:
        ticked = st.multiselect(
            column_name(column),
            values,
            format_func={value: value or say("specimens-filter-empty") for value in values}.get,
            placeholder=say("specimens-filter-any"),
            key=key,
            persist_state="session",
        )
        return OneOf(column, tuple(ticked)) if ticked else None
    words = st.text_input(
        column_name(column), placeholder=say("specimens-filter-words"), key=key, persist_state="session"
    )
    return Contains(column, words) if words.strip() else None


def _sorted(table: pd.DataFrame, by: str, falling: bool) -> pd.DataFrame:
    if by == BY_ID or by not in table.columns:
        return table[::-1] if falling else table
    return table.sort_values(by, ascending=not falling, kind="stable", na_position="last")
