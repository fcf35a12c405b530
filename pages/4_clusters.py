"""Clusters: tune HDBSCAN while looking at what comes of it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.clusters import METHODS, Advice, Clustering, ClusterSettings, advise_on, assign, write_clustering
from core.embeddings import Embeddings
from core.foundation import CoreError
from core.storage import csv_for_people
from ui.clusters import (
    CONTROLS,
    found_clusters,
    groundwork,
    kept_clusters,
    name_of,
    show_agreement,
    show_components,
    show_groups,
    show_misfits,
    show_noise,
    show_soft,
    show_trees,
    sizes_figure,
    take_settings,
)
from ui.components import show_figure
from ui.frame import require_router
from ui.search import outsider_in_hand
from ui.session import state
from ui.words import problem_of, say

VIEWS: dict[str, Callable[[state.Collection, Clustering], None]] = {
    "groups": show_groups,
    "noise": show_noise,
    "soft": show_soft,
    "trees": show_trees,
    "components": show_components,
    "agreement": show_agreement,
    "misfits": show_misfits,
}


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title(say("clusters-title"))
    controls, results = st.columns([1, 3], gap="large")
    with controls:
        settings = ask_how(there)
    with results:
        try:
            with st.spinner(say("clusters-working")):
                clustering = found_clusters(there, settings)
        except CoreError as error:
            state.show_error(error)
            return
        show_figures(there, clustering)
        show_advice(there, clustering)
        show_newcomer(there, clustering)
        view = st.segmented_control(
            say("clusters-view"),
            tuple(VIEWS),
            default="groups",
            key="clusters_view",
            persist_state="session",
            format_func=lambda name: say(f"clusters-view-{name}"),
            label_visibility="collapsed",
        )
        VIEWS[view or "groups"](there, clustering)


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
    st.subheader(say("clusters-settings"))
    pca = st.slider(
        say("clusters-pca"), 0, most, key="clusters_pca", help=say("clusters-pca-help"), persist_state="session"
    )
    size = st.slider(
        say("clusters-size"),
        2,
        largest,
        key="clusters_min_cluster_size",
        help=say("clusters-size-help"),
        persist_state="session",
    )
    samples = st.slider(
        say("clusters-samples"),
        1,
        30,
        key="clusters_min_samples",
        help=say("clusters-samples-help"),
        persist_state="session",
    )
    selection = st.segmented_control(
        say("clusters-selection"),
        ("leaf", "eom"),
        key="clusters_cluster_selection_method",
        help=say("clusters-selection-help"),
        persist_state="session",
    )
    with st.expander(say("clusters-more")):
        method = st.selectbox(
            say("clusters-method"),
            METHODS,
            key="clusters_method",
            help=say("clusters-method-help"),
            persist_state="session",
        )
        epsilon = st.slider(
            say("clusters-epsilon"),
            0.0,
            1.5,
            step=0.01,
            key="clusters_cluster_selection_epsilon",
            help=say("clusters-epsilon-help"),
            persist_state="session",
        )
        umap = st.toggle(
            say("clusters-umap"), key="clusters_umap", help=say("clusters-umap-help"), persist_state="session"
        )
        parts = st.slider(
            say("clusters-umap-dimensions"),
            2,
            50,
            key="clusters_umap_n_components",
            disabled=not umap,
            persist_state="session",
        )
        neighbours = st.slider(
            say("clusters-umap-neighbours"),
            2,
            100,
            key="clusters_umap_n_neighbors",
            disabled=not umap,
            persist_state="session",
        )
        st.caption(say("clusters-cosine"))
    return ClusterSettings(
        method=method,
        pca=pca,
        min_cluster_size=size,
        min_samples=samples,
        cluster_selection_method=selection or "leaf",
        cluster_selection_epsilon=epsilon,
        umap=umap,
        umap_n_components=parts,
        umap_n_neighbors=neighbours,
    )


def show_figures(there: state.Collection, clustering: Clustering) -> None:
    """Show the numbers, the sizes, and the ways to keep them."""
    noise, strength = f"{clustering.noise_ratio:.0%}", f"{clustering.mean_prob:.2f}"
    with st.container(horizontal=True, gap="medium"):
        st.metric(say("clusters-number"), clustering.n_clusters, width="content")
        st.metric(say("clusters-noise"), noise, help=say("clusters-noise-share-help"), width="content")
        st.metric(say("clusters-inside"), len(clustering.ids) - clustering.n_noise, width="content")
        st.metric(say("clusters-mean-strength"), strength, help=say("clusters-mean-strength-help"), width="content")
    state.show_notes(clustering.notes)
    show_figure(sizes_figure(clustering.sizes, clustering.n_noise), "cluster_sizes", key="sizes")
    st.caption(f"{state.plain(there.run.name)} · {state.plain(there.made_by)}")
    with st.container(horizontal=True):
        st.download_button(
            say("common-download-csv"),
            csv_for_people(as_table(clustering)),
            "clusters.csv",
            "text/csv",
            icon=":material/download:",
        )
        if st.button(say("clusters-keep"), help=say("clusters-keep-help"), icon=":material/save:"):
            write_clustering(there.run.results, clustering, there.run.results / "pca_report.csv")
            st.toast(say("clusters-kept"))
    _tell_of_kept(there, clustering)


def _tell_of_kept(there: state.Collection, clustering: Clustering) -> None:
    """Say where the run keeps other clusters than those shown, and offer them."""
    kept = kept_clusters(there)
    n, d = there.embeddings.matrix.shape
    if kept is None or kept.are_of(clustering.settings, min(n - 1, d)):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        words = say("clusters-run-keeps", count=kept.n_clusters, noise=f"{kept.noise_ratio:.0%}")
        st.caption(f":material/info: {words}", width="content")
        work = groundwork(there)
        st.button(say("clusters-run-keeps-show"), on_click=take_settings, args=(kept.settings, work))


def as_table(clustering: Clustering) -> pd.DataFrame:
    """Return the rows of `clusters.csv`."""
    return pd.DataFrame(
        {"specimen_id": clustering.ids, "cluster_id": clustering.labels, "prob": clustering.probabilities.round(6)}
    )


def show_advice(there: state.Collection, clustering: Clustering) -> None:
    """Where much is noise, say which step to try next; after a step, what it changed."""
    before = st.session_state.get("before_step")
    if before is not None and before[1] != clustering.settings:
        kind, settings, n_clusters, noise_ratio = before
        words, undo = st.columns([6, 1], vertical_alignment="center")
        change = say(
            "clusters-step-change",
            before=n_clusters,
            noise=f"{noise_ratio:.0%}",
            now=clustering.n_clusters,
            left=f"{clustering.noise_ratio:.0%}",
        )
        words.success(f"{_step(kind)} {change}", icon=":material/compare_arrows:")
        undo.button(say("clusters-undo"), on_click=take_settings, args=(settings,), width="stretch")
    steps = advise_on(groundwork(there), clustering)
    if not steps:
        return
    with st.container(border=True):
        why = "clusters-much-noise" if clustering.n_clusters > 1 else "clusters-no-groups"
        share = say(why, noise=f"{clustering.noise_ratio:.0%}", count=len(clustering.ids))
        st.markdown(f":material/lightbulb: {share} {say('clusters-try-next')}")
        for number, step in enumerate(steps):
            words, button = st.columns([6, 1], vertical_alignment="center")
            words.caption(f"{_step(step.kind)} {_outcome(step, clustering)}")
            button.button(
                say("clusters-try"), key=f"try_{number}", on_click=_try, args=(step, clustering), width="stretch"
            )


def _step(kind: str) -> str:
    return say(f"clusters-step-{kind}")


def _outcome(step: Advice, before: Clustering) -> str:
    if step.outcome is None:
        return ""
    if not step.helps(before):
        return say("clusters-step-no-help")
    outcome = step.outcome
    return say("clusters-step-outcome", count=outcome.n_clusters, noise=f"{outcome.noise_ratio:.0%}")


def _try(step: Advice, clustering: Clustering) -> None:
    st.session_state["before_step"] = (step.kind, clustering.settings, clustering.n_clusters, clustering.noise_ratio)
    take_settings(step.settings)


def show_newcomer(there: state.Collection, clustering: Clustering) -> None:
    """Say which cluster the file from outside would join that is searched with."""
    outsider = outsider_in_hand(there)
    if outsider is None:
        return
    newcomer = Embeddings((outsider.path.name,), outsider.newcomer.embedding[None].copy())
    try:
        found = assign(groundwork(there), clustering, newcomer)
    except CoreError as error:
        st.caption(f":material/upload_file: {state.plain(problem_of(error))}")
        return
    where, nearest = name_of(int(found.labels[0])), state.plain(found.nearest_ids[0])
    text = say(
        "clusters-newcomer",
        name=state.plain(outsider.path.name),
        where=where,
        strength=f"{found.strengths[0]:.2f}",
        nearest=nearest,
    )
    st.info(text, icon=":material/upload_file:")


require_router(__file__)
main()
