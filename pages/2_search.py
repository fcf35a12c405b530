"""Search: a specimen, its nearest, and the two of them in 3D."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import CoreError, UnknownSpecimenError
from core.filters import Filters
from core.matching import MatchSettings
from core.neighbours import COLUMNS, METRICS, Neighbours, SearchSettings, file_name_of_search, resolve_id
from ui import state
from ui.frame import require_router
from ui.gallery import Card, show_gallery
from ui.neighbourhood import (
    Outsider,
    Question,
    answer,
    ask_for_file,
    forget_outsider,
    matching_views,
    outsider_in_hand,
)
from ui.viewer import ViewerSpecimen, show_specimens

MOST_IN_LIST = 5000
# Principal axes of the views that MaxSim looks at, see docs/retrieval.md.
WHITENED = 128


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title("Search")
    specimen = ask_for_specimen(there)
    query = outsider_in_hand() or specimen
    if query is None:
        offer_some(there)
        return
    left, right = st.columns([11, 10], gap="medium")
    with left:
        question = ask_how(there)
        try:
            neighbours = answer(there, query, question)
        except CoreError as error:
            state.show_error(error)
            return
        show_neighbours(there, neighbours, question)
    with right:
        show_pair(there, query, neighbours)


def ask_for_specimen(there: state.Collection) -> str | None:
    """Let the user name a specimen; return the one in hand."""
    query = state.chosen_specimen(there)
    back, field, file = st.columns([2, 10, 4], vertical_alignment="bottom")
    back.button(
        "Back",
        on_click=state.go_back,
        disabled=not st.session_state.get("visited"),
        icon=":material/arrow_back:",
        width="stretch",
        help="Return to the specimen before",
    )
    with field:
        if len(there.ids) <= MOST_IN_LIST:
            st.selectbox(
                "Specimen",
                there.ids,
                index=there.embeddings.row_of[query] if query is not None else None,
                placeholder="Type part of an id …",
                key=f"query_list_{query}",
                on_change=_take_from_list,
                args=(f"query_list_{query}",),
            )
        else:
            st.text_input("Specimen", value=query or "", key=f"query_text_{query}", placeholder="an id, or its end")
            typed = st.session_state[f"query_text_{query}"].strip()
            if typed and typed != query:
                _take_typed(there, typed)
    with file:
        ask_for_file(there)
    outsider = st.session_state.get("outsider")
    if outsider is not None:
        words, close = st.columns([6, 1], vertical_alignment="center")
        words.info(f"Searching with the file {state.plain(outsider.path.name)}.", icon=":material/upload_file:")
        close.button("Close", on_click=forget_outsider, width="stretch")
    return query


def _take_from_list(key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen is not None:
        open_specimen(chosen)


def _take_typed(there: state.Collection, typed: str) -> None:
    try:
        found = resolve_id(typed, there.ids)
    except UnknownSpecimenError as error:
        state.show_error(error)
        return
    open_specimen(found)
    st.rerun()


def open_specimen(specimen_id: str) -> None:
    """Search from a specimen of the collection."""
    forget_outsider()
    state.choose_specimen(specimen_id)


def offer_some(there: state.Collection) -> None:
    """Offer one specimen of every category to begin with."""
    st.info("Choose a specimen: type part of its id above, or click one of these.", icon=":material/image_search:")
    first_of: dict[str, str] = {}
    for name, category in zip(there.ids, there.embeddings.categories, strict=True):
        first_of.setdefault(category, name)
    cards = [
        Card(name, state.short_name(name), state.category(name), there.thumbnail(name))
        for name in list(first_of.values())[:36]
    ]
    show_gallery(cards, key="offer", label="One specimen of every category", on_pick=open_specimen)


def ask_how(there: state.Collection) -> Question:
    """Ask for the number of neighbours and how they are compared."""
    count, how, more = st.columns([3, 5, 3], vertical_alignment="bottom")
    most = max(1, min(100, len(there.ids) - 1))
    k = int(count.number_input("Neighbours", 1, most, min(12, most), key="topk"))
    by_views = how.segmented_control(
        "Compare",
        ("Whole", "View by view"),
        default="Whole",
        help="Whole: one embedding a specimen. View by view: the best candidates are compared again by their sets of "
        "views (MaxSim), which finds parts that match; slower.",
    )
    with more.popover("More"):
        metric = st.selectbox(
            "Distance",
            METRICS,
            key="metric",
            help="Cosine distance is 1 − similarity: 0 means the same direction in feature space. "
            "Distances of different runs cannot be compared.",
        )
        category = st.selectbox("Only from category", ["All", *there.categories])
        elsewhere = st.toggle("Not from its own category", help="Who else looks like this?")
        regroup = st.toggle(
            "Look for whole groups",
            disabled=by_views != "View by view",
            help="k-reciprocal re-ranking (Zhong et al. 2017): candidates that share the query's neighbours come "
            "nearer. Finds more of a group, and now and then a worse first neighbour.",
        )
    match = MatchSettings()
    if by_views == "View by view":
        match = MatchSettings(match="maxsim", whiten=min(WHITENED, len(there.ids)), k_reciprocal=regroup)
    only = "" if category == "All" else category
    return Question(SearchSettings(topk=k, metric=metric), match, Filters(only, elsewhere))


def show_neighbours(there: state.Collection, neighbours: Neighbours, question: Question) -> None:
    """Show the ranking as cards, and give it as CSV."""
    st.subheader(f"The {len(neighbours.ids)} most similar")
    beside = chosen_beside(neighbours)
    cards = [
        Card(
            name,
            state.short_name(name),
            state.category(name),
            there.thumbnail(name),
            badge=str(rank),
            value=f"{distance:.3f}",
            beside=name == beside,
        )
        for rank, (name, distance) in enumerate(zip(neighbours.ids, neighbours.distances, strict=True), start=1)
    ]
    show_gallery(
        cards,
        key="neighbours",
        label="Nearest specimens",
        on_pick=open_specimen,
        on_side=_put_beside,
        side=("Compare in 3D", "Shown in 3D"),
        width=132,
    )
    measure = f"{question.search.metric.capitalize()} distance"
    if question.match.match != "pooled":
        measure = f"MaxSim distance of views, {question.match.whiten} half-whitened axes"
    st.caption(f"Click a card to search from it. {measure}; {there.made_by}.")
    table = pd.DataFrame(neighbours.rows, columns=list(COLUMNS))
    st.download_button(
        "Download CSV",
        table.to_csv(index=False, lineterminator="\n").encode(),
        file_name_of_search(neighbours.query_id),
        "text/csv",
        icon=":material/download:",
    )


def chosen_beside(neighbours: Neighbours) -> str | None:
    """Return the neighbour that is shown in 3D: the chosen one, else the nearest."""
    wanted = st.session_state.get("beside")
    if wanted in neighbours.ids:
        return str(wanted)
    return neighbours.ids[0] if neighbours.ids else None


def _put_beside(specimen_id: str) -> None:
    st.session_state["beside"] = specimen_id


def show_pair(there: state.Collection, query: str | Outsider, neighbours: Neighbours) -> None:
    """Show query and neighbour in 3D, turning together, and by which views they match."""
    beside = chosen_beside(neighbours)
    shown = [viewer_specimen(there, query)] if isinstance(query, str) else [ViewerSpecimen(query.path.name, query.path)]
    shown += [viewer_specimen(there, beside)] if beside is not None else []
    there_are = [specimen for specimen in shown if specimen is not None]
    if len(there_are) < len(shown):
        st.caption("A specimen whose file is no longer there, or that is photographs, has no 3D view.")
    if there_are:
        show_specimens(there_are, key="pair", height=480)
        st.caption("Drag to turn both, wheel to zoom. Both are scaled to the same size; the bars tell the real one.")
    if isinstance(query, str) and beside is not None:
        show_why(there, query, beside)
    for name in (query, beside):
        if isinstance(name, str):
            show_facts(there, name)


def viewer_specimen(there: state.Collection, name: str) -> ViewerSpecimen | None:
    """Return what the viewer needs of a specimen, None where its file is gone."""
    path = there.mesh_path(name)
    if path is None:
        return None
    return ViewerSpecimen(state.short_name(name), path, there.thumbnail(name), there.preview(name))


def show_why(there: state.Collection, query: str, other: str) -> None:
    """Show the pairs of views that match best, where it is asked for."""
    if not st.toggle("Show which views match", key="show_why"):
        return
    try:
        with st.spinner("Rendering the views of both …"):
            picture = matching_views(there, query, other)
    except CoreError as error:
        state.show_error(error)
        return
    if picture is None:
        st.caption("Views can be drawn only where both files are still there.")
        return
    st.image(picture, width="stretch")
    st.caption("The best pairs of views, the query above; between them the cosine similarity of their features.")


def show_facts(there: state.Collection, name: str) -> None:
    """Say what is known of a specimen's file."""
    record = there.records.get(name)
    if record is None or not record.kind:
        return
    size = " × ".join(f"{value:.4g}" for value in (record.extent_x, record.extent_y, record.extent_z))
    counts = f"{record.n_faces:,} faces" if record.n_faces else f"{record.n_vertices:,} points"
    facts = f"**{state.plain(state.short_name(name))}**: {record.kind}, {counts}, {size} file units"
    st.caption(facts + (f" · :material/build: {state.plain(record.notes)}" if record.notes else ""))


require_router(__file__)
main()
