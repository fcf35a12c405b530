"""Numbers and sizes of a clustering, and the clusters that the run keeps."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.clusters import Clustering, ClusterSettings, write_clustering
from core.foundation import CoreError
from core.storage import csv_for_people, read_json
from ui.clusters.charts import sizes_figure
from ui.clusters.clustering_cache import clustering_cache
from ui.clusters.settings_form import CONTROLS, take_settings
from ui.components import show_figure
from ui.session import state
from ui.words import say


@dataclass(frozen=True)
class KeptClusters:
    """The clusters that a run keeps, by which other screens colour, judge and filter."""

    settings: ClusterSettings
    n_clusters: int
    noise_ratio: float

    def are_of(self, settings: ClusterSettings, most: int) -> bool:
        """Return whether settings of the screen give the same clusters.

        Parameters
        ----------
        settings : ClusterSettings
            The settings of the screen.
        most : int
            The largest number of principal components that the collection allows.
        """
        return _compared(self.settings, most) == _compared(settings, most)


def kept_clusters(collection: state.Collection) -> KeptClusters | None:
    """Return the clusters that a run keeps, None if there are none to read."""
    path = collection.run.results / "summary.json"
    if not path.is_file():
        return None
    try:
        summary = read_json(path)
        settings = ClusterSettings(**summary["settings"])
        return KeptClusters(settings, int(summary["n_clusters"]), float(summary["noise_ratio"]))
    except (CoreError, KeyError, TypeError, ValueError):
        return None


def show_summary(collection: state.Collection, clustering: Clustering) -> None:
    """Show numbers and sizes, and offer to download or keep the clusters."""
    _show_numbers(clustering)
    state.show_notes(clustering.notes)
    show_figure(sizes_figure(clustering.sizes, clustering.n_noise), "cluster_sizes", key="sizes")
    st.caption(f"{state.plain(collection.run.name)} · {state.plain(collection.made_by)}")
    with st.container(horizontal=True):
        st.download_button(
            say("common-download-csv"),
            csv_for_people(as_table(clustering)),
            "clusters.csv",
            "text/csv",
            icon=":material/download:",
        )
        if st.button(say("clusters-keep"), help=say("clusters-keep-help"), icon=":material/save:"):
            results = collection.run.results
            write_clustering(results, clustering, results / "pca_report.csv")
            st.toast(say("clusters-kept"))
    _offer_kept(collection, clustering)


def as_table(clustering: Clustering) -> pd.DataFrame:
    """Return the rows of `clusters.csv`."""
    return pd.DataFrame(
        {"specimen_id": clustering.ids, "cluster_id": clustering.labels, "prob": clustering.probabilities.round(6)}
    )


def _show_numbers(clustering: Clustering) -> None:
    noise, strength = f"{clustering.noise_ratio:.0%}", f"{clustering.mean_prob:.2f}"
    with st.container(horizontal=True, gap="medium"):
        st.metric(say("clusters-number"), clustering.n_clusters, width="content")
        st.metric(say("clusters-noise"), noise, help=say("clusters-noise-share-help"), width="content")
        st.metric(say("clusters-inside"), len(clustering.ids) - clustering.n_noise, width="content")
        st.metric(say("clusters-mean-strength"), strength, help=say("clusters-mean-strength-help"), width="content")


def _offer_kept(collection: state.Collection, clustering: Clustering) -> None:
    """Offer the clusters that the run keeps if they differ from those shown."""
    kept = kept_clusters(collection)
    n, d = collection.embeddings.matrix.shape
    if kept is None or kept.are_of(clustering.settings, min(n - 1, d)):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        words = say("clusters-run-keeps", count=kept.n_clusters, noise=f"{kept.noise_ratio:.0%}")
        st.caption(f":material/info: {words}", width="content")
        cache = clustering_cache(collection)
        st.button(say("clusters-run-keeps-show"), on_click=take_settings, args=(kept.settings, cache))


def _compared(settings: ClusterSettings, most: int) -> tuple[object, ...]:
    unused = () if settings.umap else ("umap_n_components", "umap_n_neighbors")
    values = {name: getattr(settings, name) for name in CONTROLS if name not in unused}
    return tuple(values.items()) if settings.pca < 1 else tuple((values | {"pca": min(settings.pca, most)}).items())
