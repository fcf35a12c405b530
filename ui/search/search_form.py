"""The settings of a search: number, comparison, filters, several queries."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.collection import Between, Condition, OneOf, choose_rows, values_of
from core.matching import MatchSettings, rotations_of_views
from core.neighbours import COMBINATIONS, NEIGHBOUR_METRICS, Filters, SearchSettings, SeveralSettings
from ui.components import column_name
from ui.search.queries import Question
from ui.session import selected_in, state
from ui.words import say

# Principal axes of the views that are compared, see docs/retrieval.md.
WHITENED = 128
_MOST_ON_SCREEN = 100
_FEWEST_ROTATIONS = 4
# Of a distance: the least, the greatest, what is first offered as far, and a step; see `core.neighbours`.
_DISTANCES: dict[str, tuple[float | None, float | None, float, float]] = {
    "cosine": (0.0, 2.0, 0.2, 0.01),
    "euclidean": (0.0, None, 1.0, 0.1),
    "inner_product": (None, None, 0.0, 1.0),
}


def ask_question(collection: state.Collection, query: str | None) -> Question:
    """Ask for the number of neighbours, how they are compared, and filters."""
    # In a narrow window they wrap instead of losing their words.
    asked = st.container(horizontal=True, vertical_alignment="bottom")
    menus = st.container(horizontal=True)
    most = max(1, min(_MOST_ON_SCREEN, len(collection.ids) - 1))
    if st.session_state.get("topk", 1) > most:  # kept from a larger collection
        del st.session_state["topk"]
    k = int(
        asked.number_input(
            say("search-count"),
            1,
            most,
            min(12, most),
            key="topk",
            help=say("search-count-help"),
            width=150,
            persist_state="session",
        )
    )
    match, metric, mirror = _ask_match(collection, asked, menus)
    with menus.popover(say("search-filters"), icon=":material/filter_alt:"):
        # Views are compared by cosine whatever embeddings are compared by.
        filters = _ask_filters(collection, metric if match.match == "pooled" else "cosine")
    with menus.popover(say("search-several"), icon=":material/join:"):
        like, unlike, combine = _ask_several(collection, query)
    search = SearchSettings(topk=k, metric=metric)
    return Question(search, match, filters, like, unlike, SeveralSettings(combine), mirror)


def describe_filters(filters: Filters) -> str:
    """Return the filters in one line, empty if there are none."""
    said = []
    if filters.only_category:
        said.append(say("search-only-in", category=state.plain(filters.only_category)))
    if filters.not_same_category:
        said.append(say("search-elsewhere-only"))
    if filters.among is not None:
        said.append(say("search-among", count=len(filters.among)))
    if filters.max_distance is not None:
        said.append(say("search-up-to", distance=f"{filters.max_distance:g}"))
    return " · ".join(said)


def _ask_match(
    collection: state.Collection, choice: DeltaGenerator, more: DeltaGenerator
) -> tuple[MatchSettings, str, bool]:
    """Ask how neighbours are compared: settings, metric, and whether to mirror."""
    words = {"pooled": say("search-whole"), "maxsim": say("search-view-by-view")}
    views = collection.config.get("views", {})
    if len(rotations_of_views(str(views.get("layout", "fibonacci")), int(views.get("views", 1)))) >= _FEWEST_ROTATIONS:
        words["aligned"] = say("search-aligned")
    match = choice.segmented_control(
        say("search-compare"),
        tuple(words),
        default="pooled",
        format_func=words.__getitem__,
        key="match",
        help=say("search-compare-help"),
        persist_state="session",
    )
    match = match or "pooled"
    with more.popover(say("search-more"), icon=":material/tune:"):
        metric = st.selectbox(
            say("search-metric"),
            NEIGHBOUR_METRICS,
            key="metric",
            help=say("search-metric-help"),
            persist_state="session",
        )
        expand = st.toggle(say("search-expand"), key="expand", help=say("search-expand-help"), persist_state="session")
        by_views = match != "pooled"
        regroup = st.toggle(
            say("search-regroup"),
            key="regroup",
            disabled=not by_views,
            help=say("search-regroup-help"),
            persist_state="session",
        )
        mirror = st.toggle(
            say("search-mirror"),
            key="mirror",
            disabled=not by_views,
            help=say("search-mirror-help"),
            persist_state="session",
        )
    if not by_views:
        return MatchSettings(expand=3 if expand else 0), metric, False
    whiten = min(WHITENED, len(collection.ids))
    return MatchSettings(match, whiten=whiten, k_reciprocal=regroup, expand=3 if expand else 0), metric, mirror


def _ask_filters(collection: state.Collection, metric: str) -> Filters:
    st.caption(say("search-filters-help"))
    category = st.selectbox(
        say("search-category"),
        ("", *collection.categories),
        format_func=lambda name: name or say("search-all"),
        key="only",
        persist_state="session",
    )
    elsewhere = st.toggle(
        say("search-elsewhere"), key="elsewhere", help=say("search-elsewhere-help"), persist_state="session"
    )
    near = st.toggle(say("search-limit"), key="limit", help=say("search-limit-help"), persist_state="session")
    farthest = _ask_farthest(metric) if near else None
    table = state.specimen_table(collection)
    columns = [str(name) for name in table.columns if name != "category" and table[name].map(_is_filled).any()]
    chosen = st.multiselect(
        say("search-columns"),
        columns,
        format_func=column_name,
        key="filter_columns",
        help=say("search-columns-help"),
        persist_state="session",
    )
    conditions = [found for found in (_ask_condition(table, name) for name in chosen) if found is not None]
    own = selected_in(collection.ids)
    within = st.toggle(
        say("search-within-selection", count=len(own)),
        disabled=not own,
        key="within",
        help=say("search-within-help"),
        persist_state="session",
    )
    among: set[str] | None = set(choose_rows(table, conditions).index) if conditions else None
    if within and own:
        among = set(own) if among is None else among & set(own)
    return Filters(category or "", elsewhere, farthest, None if among is None else tuple(sorted(among)))


def _ask_farthest(metric: str) -> float:
    """Ask for the largest distance of neighbours, in the range of the metric."""
    low, high, usual, step = _DISTANCES[metric]
    return float(
        st.number_input(
            say("search-farthest"),
            low,
            high,
            usual,
            step,
            format="%.3f",
            key=f"farthest_{metric}",
            persist_state="session",
        )
    )


def _ask_condition(table: pd.DataFrame, column: str) -> Condition | None:
    cells = table[column]
    if pd.api.types.is_numeric_dtype(cells):
        low, high = float(cells.min()), float(cells.max())
        if not low < high:
            return None
        is_count = bool((cells.dropna() % 1 == 0).all())
        between = st.slider(
            column_name(column),
            low,
            high,
            (low, high),
            step=1.0 if is_count else None,
            format="%.0f" if is_count else None,
            key=f"filter_{column}",
            persist_state="session",
        )
        return Between(column, *between)
    values = st.multiselect(
        column_name(column),
        values_of(table, column),
        format_func=lambda value: value or say("search-no-value"),
        key=f"filter_{column}",
        persist_state="session",
    )
    return OneOf(column, tuple(values)) if values else None


def _is_filled(cell: object) -> bool:
    return cell is not None and cell == cell and cell != ""


def _ask_several(collection: state.Collection, query: str | None) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Ask which selected specimens neighbours should be like, and which not."""
    own = selected_in(collection.ids)
    st.caption(say("search-several-help"))
    if not own:
        st.info(say("search-several-empty"), icon=":material/check_box:")
        return (), (), COMBINATIONS[0]
    if query is None:
        st.info(say("search-several-no-file"), icon=":material/upload_file:")
        return (), (), COMBINATIONS[0]
    use = st.toggle(say("search-several-use", count=len(own)), key="several", persist_state="session")
    unlike = st.multiselect(
        say("search-unlike"),
        own,
        format_func=state.short_name,
        key="unlike",
        help=say("search-unlike-help"),
        persist_state="session",
    )
    words = {name: say(f"search-combine-{name}") for name in COMBINATIONS}
    combine = st.radio(
        say("search-combine"),
        COMBINATIONS,
        format_func=words.__getitem__,
        key="combine",
        help=say("search-combine-help"),
        persist_state="session",
    )
    if not use:
        return (), (), combine
    like = tuple(name for name in dict.fromkeys((query, *own)) if name not in unlike)
    return like, tuple(unlike), combine
