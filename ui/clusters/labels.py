"""Clusters beside labels: agreement, table of counts, misfiled specimens."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.clusters import Clustering, Misfit, compare_with_labels, crosstab, find_misfits
from core.collection import Labels
from core.foundation import CoreError
from core.storage import csv_for_people
from ui.clusters.members import name_of
from ui.components import card_of, choose_labels, show_gallery
from ui.session import search_from, select, state
from ui.words import say

_MOST_MISFITS = 48
_MEASURES = ("ari", "nmi", "ami", "purity", "homogeneity", "completeness")


def show_agreement(collection: state.Collection, clustering: Clustering) -> None:
    """Show how clusters agree with labels.

    A click on a row or a cell of the table selects its specimens.
    """
    labels = _labels(collection, "agreement")
    if labels is None:
        return
    found = compare_with_labels(clustering.labels, labels)
    # On a narrow screen they wrap.
    with st.container(horizontal=True, gap="medium"):
        for name in _MEASURES:
            help_text = say(f"clusters-{name}-help")
            st.metric(say(f"clusters-{name}"), f"{getattr(found, name):.3f}", help=help_text, width="content")
    st.caption(say("clusters-agreement-note", count=found.n_labelled, source=state.plain(labels.source)))
    counts = crosstab(clustering, labels)
    clusters = [*range(clustering.n_clusters), -1]
    table = pd.DataFrame(counts, columns=list(labels.names), index=[name_of(label) for label in clusters])
    st.caption(say("clusters-table-help"))
    event = st.dataframe(
        table,
        key="crosstab",
        on_select=lambda: _take_cell(clustering, labels, clusters),
        selection_mode=["multi-row", "multi-cell"],
        width="stretch",
    )
    del event
    table.index.name = "cluster_id"
    st.download_button(
        say("common-download-csv"),
        csv_for_people(table.reset_index()),
        "clusters_by_labels.csv",
        "text/csv",
        icon=":material/download:",
    )


def show_misfits(collection: state.Collection, clustering: Clustering) -> None:
    """List the specimens whose label contradicts their cluster or their neighbours."""
    labels = _labels(collection, "misfits")
    if labels is None:
        return
    misfits = find_misfits(collection.embeddings, clustering, labels)
    if not misfits:
        st.success(say("clusters-no-misfits"), icon=":material/check_circle:")
        return
    st.caption(say("clusters-misfits-help", count=len(misfits)))
    table = pd.DataFrame([{**vars(misfit), "evidence": misfit.evidence} for misfit in misfits])
    csv, choose, _ = st.columns([2, 2, 4])
    csv.download_button(
        say("common-download-csv"),
        csv_for_people(table),
        "possibly_misfiled.csv",
        "text/csv",
        icon=":material/download:",
        width="stretch",
    )
    choose.button(
        say("clusters-select-all"),
        on_click=select,
        args=([misfit.specimen_id for misfit in misfits],),
        key="select_misfits",
        icon=":material/check_box:",
        width="stretch",
    )
    cards = [
        card_of(collection, misfit.specimen_id, subtitle=_in_words(misfit), value=f"{misfit.evidence:.0%}")
        for misfit in misfits[:_MOST_MISFITS]
    ]
    show_gallery(cards, key="misfits", label=say("clusters-view-misfits"), on_pick=search_from, width=128)


def _in_words(misfit: Misfit) -> str:
    """Return its label and the one that contradicts it, of neighbours or cluster."""
    other = misfit.neighbour_label if misfit.neighbour_label != misfit.label else misfit.cluster_label
    return say("clusters-misfit", label=misfit.label.replace("/", " › "), like=other.replace("/", " › "))


def _labels(collection: state.Collection, key: str) -> Labels | None:
    """Return the labels to judge by, None if there are none yet."""
    try:
        labels = choose_labels(collection, key=f"labels_{key}")
    except CoreError as error:
        state.show_error(error)
        return None
    state.show_notes(labels.notes)
    return labels if labels.n_labelled else None


def _take_cell(clustering: Clustering, labels: Labels, clusters: list[int]) -> None:
    """Select the specimens of the rows and cells that were clicked."""
    chosen = (st.session_state.get("crosstab") or {}).get("selection") or {}
    rows = chosen.get("rows") or []
    wanted = np.isin(clustering.labels, [clusters[row] for row in rows if row < len(clusters)])
    for row, column in chosen.get("cells") or []:
        if row < len(clusters) and column in labels.names:
            is_label = labels.codes == labels.names.index(column)
            wanted |= (clustering.labels == clusters[row]) & is_label
    if wanted.any():
        select(clustering.ids[row] for row in np.flatnonzero(wanted).tolist())
