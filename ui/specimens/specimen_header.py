"""The top of the screen Specimen: name, steps through the list, 3D view."""

from __future__ import annotations

import streamlit as st

from ui.components import card_of, listed, listen_to_keys, show_gallery, show_specimens, viewer_specimen
from ui.session import go_to, selected, state, toggle_selected
from ui.words import say

_OFFERED = 36


def offer_specimens(collection: state.Collection) -> None:
    """Show what to do if no specimen is chosen, and offer the first of the list."""
    st.title(say("frame-screen-specimen"))
    st.info(say("specimen-none"), icon=":material/view_in_ar:")
    cards = [card_of(collection, name) for name in listed(collection)[:_OFFERED]]
    show_gallery(cards, key="offered_specimens", label=say("specimen-none"), on_pick=state.choose_specimen)


def show_header(collection: state.Collection, specimen: str) -> None:
    """Show its name, and buttons for the specimens before and after it in the list."""
    ids = [name for name in listed(collection) if name in collection.embeddings.row_of]
    if specimen not in ids:
        ids = list(collection.ids)
    place = ids.index(specimen)
    before, after = ids[place - 1], ids[(place + 1) % len(ids)]
    title, buttons = st.columns([3, 2], vertical_alignment="center")
    with title:
        st.title(state.plain(state.short_name(specimen)))
        st.caption(
            say("specimen-place", category=state.plain(state.category(specimen)), place=place + 1, total=len(ids))
        )
    with buttons.container(horizontal=True, horizontal_alignment="right"):
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


def show_in_3d(collection: state.Collection, specimen: str) -> None:
    """Show it in the 3D viewer, or as a picture if it has no mesh."""
    shown = viewer_specimen(collection, specimen)
    if shown is not None:
        show_specimens([shown], key="specimen", height=460)
        return
    picture = collection.thumbnail(specimen)
    if picture is not None and picture.is_file():
        st.image(str(picture), width=420, alt=state.short_name(specimen))
    st.caption(say("specimen-no-mesh"))
