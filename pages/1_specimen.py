"""Specimen: one of them, and everything that is known of it."""

from __future__ import annotations

import streamlit as st

from ui.components import Card, ViewerSpecimen, listed, listen_to_keys, show_gallery, show_specimens
from ui.frame import require_router
from ui.session import go_to, selected, state, toggle_selected
from ui.specimens import edit_curation, edit_metadata, show_history, show_measurements, show_surroundings, show_views
from ui.words import language, say

OFFERED = 36


def main() -> None:
    """Show the screen."""
    there = state.collection()
    specimen = state.chosen_specimen(there)
    if specimen is None:
        offer_some(there)
        return
    show_head(there, specimen)
    left, right = st.columns([11, 9], gap="medium")
    with left:
        show_body(there, specimen)
        show_rest(there, specimen)
    with right:
        edit_curation(specimen)
        st.subheader(say("specimen-neighbours"))
        show_surroundings(there, specimen)


def offer_some(there: state.Collection) -> None:
    """Say what to do, and offer the first of the list."""
    st.title(say("frame-screen-specimen"))
    st.info(say("specimen-none"), icon=":material/view_in_ar:")
    cards = [
        Card(name, state.short_name(name), state.category(name), there.thumbnail(name))
        for name in listed(there)[:OFFERED]
    ]
    show_gallery(cards, key="offered_specimens", label=say("specimen-none"), on_pick=state.choose_specimen)


def show_head(there: state.Collection, specimen: str) -> None:
    """Show its name, and the ways to the ones before and after it in the list."""
    ids = [name for name in listed(there) if name in there.embeddings.row_of]
    if specimen not in ids:
        ids = list(there.ids)
    place = ids.index(specimen)
    before, after = ids[place - 1], ids[(place + 1) % len(ids)]
    title, ways = st.columns([3, 2], vertical_alignment="center")
    with title:
        st.title(state.plain(state.short_name(specimen)))
        st.caption(
            say("specimen-place", category=state.plain(state.category(specimen)), place=place + 1, total=len(ids))
        )
    with ways.container(horizontal=True, horizontal_alignment="right"):
        st.button(say("specimen-before"), on_click=state.choose_specimen, args=(before,), icon=":material/arrow_back:")
        st.button(say("specimen-after"), on_click=state.choose_specimen, args=(after,), icon=":material/arrow_forward:")
        is_selected = specimen in selected()
        st.button(
            say("specimen-unselect") if is_selected else say("specimen-select"),
            on_click=toggle_selected,
            args=(specimen,),
            icon=":material/check_box:" if is_selected else ":material/check_box_outline_blank:",
            key="specimen_select",
        )
        if st.button(say("common-find-similar"), type="primary", icon=":material/image_search:", key="specimen_search"):
            go_to("search")
    listen_to_keys(
        {
            "ArrowLeft": lambda: state.choose_specimen(before),
            "ArrowRight": lambda: state.choose_specimen(after),
        },
        key="specimen_keys",
    )


def show_body(there: state.Collection, specimen: str) -> None:
    """Show it in 3D, where it is a mesh or point cloud that is still there."""
    path, record = there.mesh_path(specimen), there.records.get(specimen)
    if path is None:
        picture = there.thumbnail(specimen)
        if picture is not None and picture.is_file():
            st.image(str(picture), width=420, alt=state.short_name(specimen))
        st.caption(say("specimen-no-mesh"))
        return
    faces = record.n_faces if record is not None else None
    shown = ViewerSpecimen(
        state.short_name(specimen), path, there.thumbnail(specimen), there.preview(specimen), faces=faces
    )
    show_specimens([shown], key="specimen", height=460)


def show_rest(there: state.Collection, specimen: str) -> None:
    """Show measurements, metadata, views and history; only what is looked at is worked out."""
    names = [say(f"specimen-{name}") for name in ("measurements", "metadata", "views", "history")]
    parts = (
        lambda: show_measurements(there, specimen),
        lambda: edit_metadata(specimen),
        lambda: show_views(there, specimen),
        lambda: show_history(there, specimen),
    )
    for tab, show in zip(st.tabs(names, on_change="rerun", key=f"sheet_{language()}"), parts, strict=True):
        with tab:
            if tab.open:
                show()


require_router(__file__)
main()
