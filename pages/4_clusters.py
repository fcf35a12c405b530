"""Clusters: tune HDBSCAN while looking at what comes of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.agreement import find_misfits
from core.clusters import Clustering, ClusterSettings, cluster_on, write_clustering
from core.errors import CoreError
from core.groundwork import Groundwork
from core.guidance import Advice, advise, explain_noise
from core.labels import resolve_labels
from ui import state
from ui.charts import sizes_figure, variance_figure
from ui.frame import require_router
from ui.gallery import Card, show_gallery

PICTURES = 12
MOST_MISFITS = 48
# The settings that have a control; its key is this name behind "clusters_".
CONTROLS = (
    "pca",
    "min_cluster_size",
    "min_samples",
    "cluster_selection_method",
    "cluster_selection_epsilon",
    "umap",
    "umap_n_components",
    "umap_n_neighbors",
)


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title("Clusters")
    controls, results = st.columns([1, 3], gap="large")
    with controls:
        settings = ask_how(there)
    with results:
        try:
            clustering = found_clusters(there, settings)
        except CoreError as error:
            state.show_error(error)
            return
        show_figures(there, clustering)
        show_advice(there, clustering)
        groups, misfiled = st.tabs(["Pictures of the clusters", "Possibly misfiled"])
        with groups:
            show_members(there, clustering)
        with misfiled:
            show_misfits(there, clustering)


def ask_how(there: state.Collection) -> ClusterSettings:
    """Ask for the settings; every control says what it does."""
    n, d = there.embeddings.matrix.shape
    most, largest = max(1, min(256, n - 1, d)), max(3, min(100, n // 2))
    first = ClusterSettings(pca=min(64, most), min_cluster_size=min(5 if n < 300 else 10, largest))
    for name in CONTROLS:
        st.session_state.setdefault(f"clusters_{name}", getattr(first, name))
    # What a larger collection allowed may be too much for this one.
    st.session_state["clusters_pca"] = min(int(st.session_state["clusters_pca"]), most)
    st.session_state["clusters_min_cluster_size"] = min(st.session_state["clusters_min_cluster_size"], largest)
    st.subheader("Settings")
    pca = st.slider(
        "PCA dimensions", 0, most, key="clusters_pca", help="Principal components kept first; 0 keeps everything."
    )
    size = st.slider(
        "Smallest cluster",
        2,
        largest,
        key="clusters_min_cluster_size",
        help="A group of fewer specimens is no cluster. Smaller finds finer groups.",
    )
    samples = st.slider(
        "Min. samples",
        1,
        30,
        key="clusters_min_samples",
        help="How dense the surroundings of a specimen must be: the distance to this many-th other specimen counts. "
        "Higher leaves more noise.",
    )
    selection = st.segmented_control(
        "Which groups",
        ("leaf", "eom"),
        key="clusters_cluster_selection_method",
        help="leaf: the finest groups. eom: the most persistent ones.",
    )
    with st.expander("More settings"):
        epsilon = st.slider(
            "Merge below distance",
            0.0,
            1.5,
            step=0.01,
            key="clusters_cluster_selection_epsilon",
            help="Groups that part below this distance stay together; for a cosine distance c it is √(2c).",
        )
        umap = st.toggle(
            "UMAP before clustering", key="clusters_umap", help="Often less noise; takes longer, groups become rounder."
        )
        parts = st.slider("UMAP dimensions", 2, 50, key="clusters_umap_n_components", disabled=not umap)
        neighbours = st.slider("UMAP neighbours", 2, 100, key="clusters_umap_n_neighbors", disabled=not umap)
    return ClusterSettings(
        pca=pca,
        min_cluster_size=size,
        min_samples=samples,
        cluster_selection_method=selection or "leaf",
        cluster_selection_epsilon=epsilon,
        umap=umap,
        umap_n_components=parts,
        umap_n_neighbors=neighbours,
    )


def found_clusters(there: state.Collection, settings: ClusterSettings) -> Clustering:
    """Return the clustering of these settings; computed once."""
    return _cluster(str(there.run.root), there.run.matrix_path.stat().st_mtime_ns, settings, there)


@st.cache_resource(show_spinner="Clustering …", max_entries=64)
def _cluster(root: str, stamp: int, settings: ClusterSettings, _there: state.Collection) -> Clustering:
    del root, stamp  # part of the key only
    return cluster_on(_groundwork(_there), settings)


def _groundwork(there: state.Collection) -> Groundwork:
    """Return what all settings share (PCA, neighbourhoods, trees), kept while the run stays the same."""
    return _lay_groundwork(str(there.run.root), there.run.matrix_path.stat().st_mtime_ns, there)


@st.cache_resource(show_spinner=False, max_entries=4)
def _lay_groundwork(root: str, stamp: int, _there: state.Collection) -> Groundwork:
    del root, stamp  # part of the key only
    return Groundwork(_there.embeddings)


def show_figures(there: state.Collection, clustering: Clustering) -> None:
    """Show the numbers, the sizes, the explained variance, and the ways to keep them."""
    counts = st.columns(4)
    counts[0].metric("Clusters", clustering.n_clusters)
    counts[1].metric("Noise", f"{clustering.noise_ratio:.0%}", help="Share of specimens that belong to no cluster.")
    counts[2].metric("Specimens in clusters", len(clustering.ids) - clustering.n_noise)
    counts[3].metric(
        "Mean membership", f"{clustering.mean_prob:.2f}", help="HDBSCAN's membership strength; not a probability."
    )
    for note in clustering.notes:
        st.caption(f":material/info: {state.plain(note)}")
    sizes, variance = st.tabs(["Cluster sizes", "Explained variance"])
    sizes.plotly_chart(sizes_figure(clustering.sizes, clustering.n_noise), key="sizes")
    if clustering.explained_variance_ratio is not None:
        variance.plotly_chart(variance_figure(clustering.explained_variance_ratio), key="variance")
    else:
        variance.caption("No PCA, so there are no components.")
    table = as_table(clustering)
    download, save, _ = st.columns([2, 2, 3])
    download.download_button(
        "Download CSV",
        table.to_csv(index=False).encode(),
        "clusters.csv",
        "text/csv",
        icon=":material/download:",
        width="stretch",
    )
    if save.button("Keep in the run", width="stretch", help="The map then colours by these clusters."):
        write_clustering(there.run.results, clustering, there.run.results / "pca_report.csv")
        st.toast("Kept: clusters.csv, summary.json and pca_report.csv in the run's results.")


def show_advice(there: state.Collection, clustering: Clustering) -> None:
    """Where much is noise, say which step to try next; after a step, what it changed."""
    before = st.session_state.get("before_step")
    if before is not None and before[1] != clustering.settings:
        text, settings, n_clusters, noise_ratio = before
        words, undo = st.columns([6, 1], vertical_alignment="center")
        words.success(
            f"{state.plain(text)} Before: {n_clusters} clusters, {noise_ratio:.0%} noise. "
            f"Now: {clustering.n_clusters} clusters, {clustering.noise_ratio:.0%} noise.",
            icon=":material/compare_arrows:",
        )
        undo.button("Undo", on_click=_take_settings, args=(settings,), width="stretch")
    steps = advise(clustering)
    if not steps:
        return
    with st.container(border=True):
        st.markdown(f":material/lightbulb: {state.plain(explain_noise(clustering))} To try next:")
        for number, step in enumerate(steps):
            words, button = st.columns([6, 1], vertical_alignment="center")
            words.caption(state.plain(step.text))
            button.button("Try it", key=f"try_{number}", on_click=_try, args=(step, clustering), width="stretch")


def _try(step: Advice, clustering: Clustering) -> None:
    st.session_state["before_step"] = (step.text, clustering.settings, clustering.n_clusters, clustering.noise_ratio)
    _take_settings(step.settings)


def _take_settings(settings: ClusterSettings) -> None:
    """Move the sliders to some settings."""
    for name in CONTROLS:
        st.session_state[f"clusters_{name}"] = getattr(settings, name)


def show_misfits(there: state.Collection, clustering: Clustering) -> None:
    """List the specimens whose category is contradicted by their cluster or their neighbours."""
    level = st.segmented_control(
        "Judge by", ("category", "top category"), default="category", help="The folders that a specimen lies in."
    )
    labels = resolve_labels("category:top" if level == "top category" else "category", there.ids)
    misfits = find_misfits(there.embeddings, clustering, labels)
    if not misfits:
        st.success("No specimen contradicts its category.", icon=":material/check_circle:")
        return
    st.caption(
        f"{len(misfits)} specimens lie among others of another category, by cluster or by their nearest neighbours; "
        "the strongest evidence first. They may be misfiled, damaged, or simply odd: this says where to look."
    )
    table = pd.DataFrame([vars(misfit) for misfit in misfits])
    st.download_button(
        "Download CSV",
        table.to_csv(index=False).encode(),
        "possibly_misfiled.csv",
        "text/csv",
        icon=":material/download:",
    )
    cards = [
        Card(
            misfit.specimen_id,
            state.short_name(misfit.specimen_id),
            f"like {misfit.neighbour_label.replace('/', ' › ')}",
            there.thumbnail(misfit.specimen_id),
        )
        for misfit in misfits[:MOST_MISFITS]
    ]
    show_gallery(cards, key="misfits", label="Possibly misfiled", on_pick=_open, width=120)


def as_table(clustering: Clustering) -> pd.DataFrame:
    """Return the rows of `clusters.csv`."""
    return pd.DataFrame(
        {"specimen_id": clustering.ids, "cluster_id": clustering.labels, "prob": clustering.probabilities.round(6)}
    )


def show_members(there: state.Collection, clustering: Clustering) -> None:
    """Show the pictures of every cluster, its most typical members first."""
    table = as_table(clustering).sort_values(["cluster_id", "prob", "specimen_id"], ascending=[True, False, True])
    for label, members in table.groupby("cluster_id"):
        if label >= 0:
            show_group(there, f"Cluster {label}", members, f"cluster_{label}")
    noise = table[table["cluster_id"] < 0]
    if len(noise):
        show_group(there, "Noise", noise, "cluster_noise")


def show_group(there: state.Collection, title: str, members: pd.DataFrame, key: str) -> None:
    """Show the pictures of one group."""
    names = list(members["specimen_id"])
    common = members["specimen_id"].map(state.category).value_counts()
    mostly = ", ".join(f"{state.plain(str(name))} {count}" for name, count in common.head(3).items())
    st.markdown(f"#### {title} · {len(names)} specimens")
    st.caption(mostly + (f" and {len(common) - 3} more categories" if len(common) > 3 else ""))
    everything = len(names) > PICTURES and st.toggle(f"Show all {len(names)}", key=f"{key}_all")
    shown = members if everything else members.head(PICTURES)
    cards = [
        Card(
            row.specimen_id,
            state.short_name(row.specimen_id),
            state.category(row.specimen_id),
            there.thumbnail(row.specimen_id),
            value=f"{row.prob:.2f}" if row.prob > 0 else "",
        )
        for row in shown.itertuples()
    ]
    show_gallery(cards, key=key, label=title, on_pick=_open, width=104)


def _open(specimen_id: str) -> None:
    state.choose_specimen(specimen_id)
    st.session_state["go_to_search"] = True


require_router(__file__)
if st.session_state.pop("go_to_search", False):
    st.switch_page("pages/2_search.py")
main()
