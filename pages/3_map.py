"""Map: where every specimen lies; click to search, lasso to a list."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.clusters import read_clusters
from core.errors import CoreError
from core.maps import MapResult, MapSettings, map_in, trustworthiness
from core.neighbours import SearchSettings
from ui import state
from ui.charts import NOISE_NAME, map_figure
from ui.frame import require_router
from ui.gallery import Card, show_gallery

MOST_PICTURES = 60
METHODS = {"UMAP": "umap", "PCA": "pca", "t-SNE": "tsne"}
READING = {
    "umap": "UMAP tells who is near whom; the size of a group and the space between groups mean little.",
    "pca": "PCA is a straight projection: what lies far apart is far apart, what lies together may still differ.",
    "tsne": "t-SNE tells who is near whom; the size of a group and the space between groups mean little.",
}
DRAG_MODES = {"Click": "pan", "Lasso": "lasso", "Box": "select"}


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title("Map")
    settings, colour, drag = ask_how(there)
    with st.spinner("Drawing the map … the first UMAP takes some twenty seconds."):
        try:
            drawn, trust = drawn_map(there, settings)
        except CoreError as error:
            state.show_error(error)
            return
    plot, panel = st.columns([7, 2], gap="medium")
    with plot:
        selected = show_map(there, drawn, trust, colour, drag)
    with panel:
        show_panel(there)
    show_selection(there, selected)


def ask_how(there: state.Collection) -> tuple[MapSettings, str, str]:
    """Ask for method, dimensions, what colours the points and what the mouse does."""
    method, dimensions, mouse, colour, more = st.columns([5, 3, 5, 5, 3], vertical_alignment="bottom")
    how = method.segmented_control(
        "Method",
        ("UMAP", "PCA", "t-SNE"),
        default="UMAP",
        help="UMAP keeps neighbours together; distances between far groups mean little. "
        "PCA is a straight projection: far apart is far apart.",
    )
    number = dimensions.segmented_control("Dimensions", (2, 3), default=2)
    drag = mouse.segmented_control(
        "Mouse",
        DRAG_MODES,
        default="Click",
        help="Click: a click takes a specimen in hand, dragging moves the map. Lasso and Box collect specimens.",
    )
    levels = ["category", "top category"] if len(there.categories) <= 12 else ["top category", "category"]
    options = [*levels, *(["cluster"] if clusters_of(there) else [])]
    by = colour.selectbox("Colour by", options, help="Clusters are those of the run, or the ones saved under Clusters.")
    with more.popover("Settings"):
        neighbours = st.slider("UMAP neighbours", 2, 100, 15, help="More shows the whole, fewer shows details.")
        spread = st.slider("UMAP min. distance", 0.0, 0.99, 0.1, help="How near to each other points may lie.")
        seed = int(st.number_input("Seed", 0, 2**31 - 1, 42, help="The same seed draws the same map."))
    settings = MapSettings(
        method=METHODS[how or "UMAP"], dimensions=number or 2, n_neighbors=neighbours, min_dist=spread, seed=seed
    )
    return settings, by, DRAG_MODES[drag or "Click"]


def drawn_map(there: state.Collection, settings: MapSettings) -> tuple[MapResult, float]:
    """Return the map and its trustworthiness; drawn once for the same embeddings and settings."""
    return _draw(str(there.run.root), there.run.matrix_path.stat().st_mtime_ns, settings, there)


@st.cache_resource(show_spinner=False, max_entries=16)
def _draw(root: str, stamp: int, settings: MapSettings, _there: state.Collection) -> tuple[MapResult, float]:
    del root, stamp  # part of the key only
    drawn = map_in(_there.run.results / "maps", _there.embeddings, settings)
    return drawn, trustworthiness(_there.embeddings, drawn)


def clusters_of(there: state.Collection) -> dict[str, str]:
    """Return the cluster of every specimen, as the run has it."""
    path = there.run.results / "clusters.csv"
    try:
        ids, labels, _ = read_clusters(path)
    except CoreError:
        return {}
    names = (NOISE_NAME if label < 0 else str(label) for label in labels)
    return dict(zip(ids, names, strict=True))


def show_map(there: state.Collection, drawn: MapResult, trust: float, colour: str, drag: str) -> list[str]:
    """Draw the map and return the ids that were selected on it."""
    if colour == "cluster":
        its = clusters_of(there)
        groups = [its.get(name, "new") for name in drawn.ids]
    else:
        pick = state.top_category if colour == "top category" else state.category
        groups = [pick(name) for name in drawn.ids]
    figure = map_figure(
        drawn.ids,
        drawn.coordinates,
        groups,
        axis=drawn.settings.method.upper(),
        chosen=state.chosen_specimen(there),
        drag=drag,
    )
    st.plotly_chart(
        figure,
        key=f"map_{drag}",
        on_select=partial(_take_point, f"map_{drag}"),
        selection_mode=("points", "box", "lasso"),
        config={"displaylogo": False, "scrollZoom": True},
    )
    for note in drawn.notes:
        st.caption(f":material/info: {state.plain(note)}")
    st.caption(
        f"{there.made_by}. Trustworthiness {trust:.2f}: how far neighbours here are neighbours indeed, 1 at best. "
        + READING[drawn.settings.method]
    )
    return _selected(f"map_{drag}")


def _selected(key: str) -> list[str]:
    """Return the ids of the points that are selected, each once."""
    selection = (st.session_state.get(key) or {}).get("selection", {})
    ids = [point["customdata"][0] for point in selection.get("points", []) if point.get("customdata")]
    return list(dict.fromkeys(ids))


def _take_point(key: str) -> None:
    """Take a point that was clicked in hand, before the page runs again."""
    ids = _selected(key)
    if len(ids) == 1:
        state.choose_specimen(ids[0])


def show_panel(there: state.Collection) -> None:
    """Show who is nearest to the specimen in hand."""
    name = state.chosen_specimen(there)
    if name is None:
        st.info("Click a point to see what it is and who is nearest to it.", icon=":material/ads_click:")
        return
    nearest = state.neighbours_of(there, name, SearchSettings(topk=8))
    st.markdown(f"**Nearest to {state.plain(state.short_name(name))}**")
    cards = [
        Card(other, state.short_name(other), state.category(other), there.thumbnail(other), value=f"{distance:.3f}")
        for other, distance in zip(nearest.ids, nearest.distances, strict=True)
    ]
    show_gallery(cards, key="map_nearest", label="Nearest specimens", on_pick=state.choose_specimen, width=88)


def show_selection(there: state.Collection, selected: list[str]) -> None:
    """List what was drawn around, as pictures and CSV."""
    if len(selected) < 2:
        return
    st.subheader(f"{len(selected)} specimens selected")
    table = pd.DataFrame(
        {
            "specimen_id": selected,
            "category": [there.embeddings.categories[there.embeddings.row_of[n]] for n in selected],
        }
    )
    st.download_button(
        "Download CSV", table.to_csv(index=False).encode(), "selection.csv", "text/csv", icon=":material/download:"
    )
    cards = [
        Card(name, state.short_name(name), state.category(name), there.thumbnail(name))
        for name in selected[:MOST_PICTURES]
    ]
    show_gallery(cards, key="map_selection", label="Selected specimens", on_pick=state.choose_specimen, width=120)
    if len(selected) > MOST_PICTURES:
        st.caption(f"The first {MOST_PICTURES} are shown; the CSV has all {len(selected)}.")


require_router(__file__)
main()
