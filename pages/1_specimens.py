"""Specimens: bring them in, start a run, watch it, look at what is there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core.backbones import REGISTRY
from core.duplicates import Duplicates, DuplicateSettings, find_duplicates
from core.errors import CoreError
from core.features import TOKENS
from core.jobs import current_job, start_run
from core.pooling import POOLINGS
from core.workers import default_workers
from ui import state
from ui.bring_in import choose_source
from ui.frame import require_router
from ui.gallery import Card, show_gallery
from ui.job_panel import show_failures, show_last_job, watch_job

PER_PAGE = 48
MOST_GROUPS = 30


def main() -> None:
    """Show the screen."""
    st.title("Specimens")
    has_run = bool(state.runs())
    with st.expander("Bring specimens in and start a run", expanded=not has_run, icon=":material/add_circle:"):
        folder = choose_source()
        start_form(folder)
    watch_job()
    show_last_job()
    chosen = state.chosen_run()
    if chosen is None:
        if not has_run and current_job(state.workspace()) is None:
            st.caption("When the run is done, your specimens appear here.")
        return
    there = state.collection()
    if current_job(state.workspace()) is None:
        show_failures(str(there.config.get("input", "")))
    show_collection(there)


def start_form(folder: Path | None) -> None:
    """Ask for the few settings that matter and start a run."""
    backbone, views, size = st.columns(3)
    model = backbone.selectbox(
        "Backbone",
        ["auto", *REGISTRY],
        help="The network that looks at every view. auto takes DINOv2 ViT-S/14 where its weights are on this machine, "
        "else EfficientNet-Lite2, which is built in. classical needs no network.",
    )
    count = views.slider("Views per specimen", 4, 42, 12, help="More views see more sides, and take longer.")
    pixels = size.select_slider(
        "Image size (pixels)",
        (224, 336, 448, 518),
        224,
        help="What the backbone sees. 518 shows finer detail and takes about seven times as long as 224.",
    )
    with st.expander("More settings"):
        left, middle, right = st.columns(3)
        name = left.text_input("Name of the run", placeholder="made from backbone, views and size")
        tokens = middle.selectbox("Tokens", TOKENS, help="Class token, mean of the patch tokens, or both joined.")
        pool = right.selectbox("Pooling over views", POOLINGS, help="How the views become one embedding.")
        workers = left.number_input("Rendering processes", 0, 64, default_workers())
        download = middle.checkbox(
            "Allow fetching weights",
            value=False,
            help="Off: nothing is ever fetched. On: weights may come from the hub.",
        )
    busy = current_job(state.workspace())
    if not st.button("Start the run", type="primary", disabled=folder is None or busy is not None):
        if busy is not None:
            st.caption("A run is at work; it can be cancelled below.")
        return
    arguments = ["--in", str(folder), "--model", model, "--views", str(count), "--pool", pool, "--tokens", tokens]
    arguments += ["--workers", str(workers), *([] if download else ["--no-download"])]
    if model != "classical":
        arguments += ["--image-size", str(_allowed_size(model, pixels))]
    title = name.strip() or f"{model}_{count}views_{pixels}px"
    arguments += ["--name", title]
    try:
        state.workspace().run(title)
        start_run(state.workspace(), arguments, title)
    except CoreError as error:
        state.show_error(error)
        return
    st.session_state["run"] = title
    st.rerun()


def _allowed_size(model: str, pixels: int) -> int:
    """Return the size nearest to the one chosen that the backbone's patches allow."""
    patch = REGISTRY[model].patch_size if model in REGISTRY else 14
    return round(pixels / patch) * patch if patch else pixels


def show_collection(there: state.Collection) -> None:
    """Show the specimens of the run as pictures and as a table."""
    st.subheader(f"{len(there.ids)} specimens in “{there.run.name}”")
    st.caption(there.made_by)
    search, category = st.columns([2, 1])
    text = search.text_input("Find", placeholder="part of an id", key="find_text", icon=":material/search:")
    chosen = category.selectbox("Category", ["All categories", *there.categories], key="find_category")
    shown = [
        name
        for name, its in zip(there.ids, there.embeddings.categories, strict=True)
        if text.strip().casefold() in name.casefold() and (chosen == "All categories" or its == chosen)
    ]
    gallery, table, alike = st.tabs(["Gallery", "Table", "Look-alikes"])
    with gallery:
        show_page(there, shown)
    with table:
        show_table(there, shown)
    with alike:
        show_look_alikes(there)


def show_page(there: state.Collection, shown: list[str]) -> None:
    """Show one page of pictures."""
    if not shown:
        st.info("No specimen fits. Clear the search or choose another category.", icon=":material/search_off:")
        return
    pages = -(-len(shown) // PER_PAGE)
    caption, turn = st.columns([1, 1], vertical_alignment="center")
    caption.caption("Click a specimen to see the most similar ones.")
    with turn.container(horizontal_alignment="right"):
        # Keyed by the number of pages, so that a narrower search begins on its first page.
        number = st.pagination(pages, key=f"gallery_page_{pages}") if pages > 1 else 1
    in_hand = state.chosen_specimen(there)
    cards = [
        Card(name, state.short_name(name), state.category(name), there.thumbnail(name), chosen=name == in_hand)
        for name in shown[(number - 1) * PER_PAGE : number * PER_PAGE]
    ]
    show_gallery(cards, key="specimen_gallery", label="Specimens", on_pick=open_specimen)


def open_specimen(specimen_id: str) -> None:
    """Take a specimen in hand; the page then goes to Search."""
    state.choose_specimen(specimen_id)
    st.session_state["go_to_search"] = True


def show_look_alikes(there: state.Collection) -> None:
    """Show groups of specimens that may be the same scan under several names."""
    threshold = st.slider(
        "Nearer than",
        0.0,
        0.02,
        0.002,
        0.0005,
        format="%.4f",
        help="Cosine distance of a pair. Files that are identical byte by byte are listed whatever their distance.",
    )
    found = _look_alikes(there.run.name, there.run.matrix_path.stat().st_mtime_ns, threshold, there)
    if not found.pairs:
        st.success("No two specimens are that alike.", icon=":material/check_circle:")
        return
    count = len(found.groups)
    st.caption(
        f"{count} group{'s' if count != 1 else ''}. The same scan under two names, a copy that was saved again, or a "
        "left and a right of one animal: look before you delete. Nothing is deleted here."
    )
    table = pd.DataFrame([vars(pair) for pair in found.pairs])
    st.download_button(
        "Download CSV", table.to_csv(index=False).encode(), "duplicates.csv", "text/csv", icon=":material/download:"
    )
    kinds = {pair.specimen_id: pair.kind for pair in found.pairs} | {pair.other_id: pair.kind for pair in found.pairs}
    for number, members in enumerate(found.groups[:MOST_GROUPS], start=1):
        cards = [
            Card(name, state.short_name(name), state.category(name), there.thumbnail(name), badge=kinds[name])
            for name in members
        ]
        show_gallery(cards, key=f"alike_{number}", label=f"Group {number}", on_pick=open_specimen, width=130)
    if len(found.groups) > MOST_GROUPS:
        st.caption(f"The first {MOST_GROUPS} groups are shown; the CSV has all.")


@st.cache_data(show_spinner=False, max_entries=8)
def _look_alikes(name: str, stamp: int, threshold: float, _there: state.Collection) -> Duplicates:
    del name, stamp  # part of the key only
    hashes = {specimen_id: record.sha256 for specimen_id, record in _there.records.items()}
    return find_duplicates(_there.embeddings, DuplicateSettings(threshold=threshold), hashes)


def show_table(there: state.Collection, shown: list[str]) -> None:
    """Show facts about specimens; a click on a row takes it in hand."""
    records = [there.records.get(name) for name in shown]
    frame = pd.DataFrame(
        {
            "specimen": shown,
            "category": [state.category(name) for name in shown],
            "kind": [record.kind if record else "" for record in records],
            "vertices": [record.n_vertices if record else 0 for record in records],
            "faces": [record.n_faces if record else 0 for record in records],
            "x": [record.extent_x if record else 0.0 for record in records],
            "y": [record.extent_y if record else 0.0 for record in records],
            "z": [record.extent_z if record else 0.0 for record in records],
            "notes": [record.notes if record else "" for record in records],
        }
    )
    lengths = {axis: st.column_config.NumberColumn(f"{axis} (file units)", format="%.4g") for axis in "xyz"}
    event = st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        height=520,
        on_select="rerun",
        selection_mode="single-row",
        column_config=lengths,
        key="specimen_table",
    )
    rows = event.selection.rows
    left, right = st.columns([1, 5])
    left.download_button(
        "Download CSV", frame.to_csv(index=False).encode(), "specimens.csv", "text/csv", icon=":material/download:"
    )
    if rows and right.button(f"Find similar to {state.short_name(shown[rows[0]])}", type="primary"):
        state.choose_specimen(shown[rows[0]])
        st.switch_page("pages/2_search.py")


require_router(__file__)
if st.session_state.pop("go_to_search", False):
    st.switch_page("pages/2_search.py")
main()
