"""Principal components: explained variance, the cut, and extreme specimens."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.clusters import Clustering
from core.embeddings import extreme_rows
from core.storage import csv_for_people
from ui.clusters.charts import variance_figure
from ui.clusters.clustering_cache import clustering_cache
from ui.components import card_of, show_figure, show_gallery
from ui.session import search_from, state
from ui.words import say

_EACH_END = 6


def show_components(collection: state.Collection, clustering: Clustering) -> None:
    """Show the scree plot with the cut, and the extreme specimens of a component."""
    cache = clustering_cache(collection)
    pca = cache.prepare(clustering.settings).pca
    if pca is None:
        st.info(say("clusters-no-pca"), icon=":material/tune:")
        return
    variances = cache.spectrum(clustering.settings).variances
    shares = variances / max(float(variances.sum()), 1e-300)
    allowed = max(1, min(len(collection.ids) - 1, shares.size))
    show_figure(variance_figure(shares[:allowed], pca.n_components), "pca", key="variance")
    st.caption(say("clusters-pca-cut", kept=pca.n_components, share=f"{pca.cumulative[-1]:.1%}"))
    table = pd.DataFrame(
        {
            "component": np.arange(1, pca.n_components + 1),
            "explained_variance_ratio": pca.explained_variance_ratio,
            "cumulative": pca.cumulative,
        }
    )
    st.download_button(
        say("clusters-pca-csv"), csv_for_people(table), "pca_report.csv", "text/csv", icon=":material/download:"
    )
    number = int(
        st.number_input(say("clusters-component"), 1, pca.n_components, 1, help=say("clusters-component-help"))
    )
    lowest, highest = extreme_rows(pca.coordinates, number - 1, _EACH_END)
    for title, rows, key in (
        (say("clusters-lowest"), lowest, "lowest"),
        (say("clusters-highest"), highest, "highest"),
    ):
        st.markdown(f"**{title}**")
        cards = [
            card_of(collection, collection.ids[row], value=f"{pca.coordinates[row, number - 1]:+.2f}") for row in rows
        ]
        show_gallery(cards, key=f"extreme_{key}", label=title, on_pick=search_from, width=118)
