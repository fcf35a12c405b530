"""Members of clusters: representatives, borderline, noise, soft membership."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import streamlit as st

from core.clusters import (
    BORDERLINE,
    EXEMPLAR,
    MEDOID,
    ClusterFacts,
    Clustering,
    Members,
    representatives,
    soft_membership,
)
from core.foundation import CoreError
from core.storage import csv_for_people
from ui.clusters.clustering_cache import cached_facts, cached_members, clustering_cache
from ui.components import Card, card_of, show_gallery
from ui.session import search_from, select, selected_in, state
from ui.words import say

MOST_CLUSTERS = 20
MOST_PICTURES = 48
_ROLES = {MEDOID: "clusters-medoid", EXEMPLAR: "clusters-typical", BORDERLINE: "clusters-borderline"}


def show_groups(collection: state.Collection, clustering: Clustering) -> None:
    """Show every cluster with its medoid, its exemplars and its borderline members."""
    _show_selection(collection, clustering)
    known = cached_facts(collection, clustering.settings)
    if not known:
        st.info(say("clusters-none"), icon=":material/bubble_chart:")
        return
    shown = known
    if len(known) > MOST_CLUSTERS:
        page = st.number_input(
            say("clusters-page", shown=MOST_CLUSTERS, count=len(known)), 1, -(-len(known) // MOST_CLUSTERS), 1
        )
        start = (int(page) - 1) * MOST_CLUSTERS
        shown = known[start : start + MOST_CLUSTERS]
    for one in shown:
        _show_group(collection, clustering, one)


def _show_selection(collection: state.Collection, clustering: Clustering) -> None:
    """Show in which clusters the selected specimens are."""
    names = selected_in(collection.ids)
    if not names:
        return
    where = Counter(int(clustering.labels[collection.embeddings.row_of[name]]) for name in names)
    parts = [f"{name_of(label)}: {count}" for label, count in where.most_common(8)]
    st.caption(f":material/check_box: {say('clusters-selected', count=len(names))} {' · '.join(parts)}")


def name_of(label: int) -> str:
    """Return the name of a cluster on the screens."""
    return say("clusters-noise") if label < 0 else say("clusters-one", number=label)


def _show_group(collection: state.Collection, clustering: Clustering, one: ClusterFacts) -> None:
    rows = np.flatnonzero(clustering.labels == one.cluster_id)
    names = [clustering.ids[row] for row in rows.tolist()]
    title, act, everything = st.columns([6, 2, 2], vertical_alignment="bottom")
    title.markdown(f"#### {say('clusters-group', number=one.cluster_id, count=one.size)}")
    act.button(
        say("clusters-select-all"),
        key=f"select_{one.cluster_id}",
        on_click=select,
        args=(names,),
        width="stretch",
        icon=":material/check_box:",
    )
    common = Counter(state.category(name) for name in names).most_common()
    mostly = ", ".join(f"{state.plain(name)} {count}" for name, count in common[:3])
    more = say("clusters-more-categories", count=len(common) - 3) if len(common) > 3 else ""
    lasts = "" if one.persistence is None else say("clusters-persistence", value=f"{one.persistence:.2f}")
    st.caption(f"{mostly}{more} · {say('clusters-strength', value=f'{one.mean_prob:.2f}')}{lasts}")
    every = len(names) > 12 and everything.toggle(say("clusters-show-all"), key=f"all_{one.cluster_id}")
    strengths = dict(zip(clustering.ids, clustering.probabilities.tolist(), strict=True))
    if every:
        ordered = sorted(names, key=lambda name: (-strengths[name], name))[:MOST_PICTURES]
        badges = dict.fromkeys(ordered, "")
    else:
        badges = _representatives(one)
    cards = [card_of(collection, name, badge=badge, value=f"{strengths[name]:.2f}") for name, badge in badges.items()]
    show_gallery(cards, key=f"cluster_{one.cluster_id}", label=name_of(one.cluster_id), on_pick=search_from, width=116)
    if every and len(names) > MOST_PICTURES:
        st.caption(say("clusters-first-shown", shown=MOST_PICTURES, count=len(names)))


def _representatives(one: ClusterFacts) -> dict[str, str]:
    """Return the representatives of a cluster, each with its role in words."""
    return {name: say(_ROLES[role]) for name, role in representatives(one).items()}


def show_noise(collection: state.Collection, clustering: Clustering) -> None:
    """Show the noise with its nearest clusters, and offer all members as CSV."""
    known = cached_members(collection, clustering.settings)
    st.caption(
        say(
            "clusters-validity",
            silhouette=f"{known.silhouette:.2f}",
            dbcv="–" if known.validity is None else f"{known.validity:.2f}",
        )
    )
    noise = np.flatnonzero(clustering.labels < 0)
    if noise.size == 0:
        st.success(say("clusters-no-noise"), icon=":material/check_circle:")
    ordered = noise[np.argsort(known.nearest_distance[noise], kind="stable")]
    cards = [_noise_card(collection, known, row) for row in ordered[:MOST_PICTURES].tolist()]
    if cards:
        st.markdown(f"#### {say('clusters-noise-title', count=int(noise.size))}")
        st.caption(say("clusters-noise-help"))
        show_gallery(cards, key="noise", label=say("clusters-noise"), on_pick=search_from, width=112)
    table = pd.DataFrame(
        {
            "specimen_id": clustering.ids,
            "cluster_id": clustering.labels,
            "prob": clustering.probabilities.round(6),
            "nearest_cluster": known.nearest_cluster,
            "nearest_distance": known.nearest_distance.round(6),
        }
    )
    if known.outlier_scores is not None:
        table["outlier_score"] = known.outlier_scores.round(6)
    st.download_button(
        say("clusters-members-csv"), csv_for_people(table), "members.csv", "text/csv", icon=":material/download:"
    )


def _noise_card(collection: state.Collection, known: Members, row: int) -> Card:
    """Return the card of a specimen in no cluster, with its nearest cluster."""
    cluster, distance = int(known.nearest_cluster[row]), known.nearest_distance[row]
    return card_of(
        collection,
        collection.ids[row],
        subtitle=say("clusters-nearest-one", name=name_of(cluster)) if cluster >= 0 else None,
        value=f"{distance:.3f}" if np.isfinite(distance) else "",
    )


def show_soft(collection: state.Collection, clustering: Clustering) -> None:
    """Show the soft membership of the chosen specimen, and offer all as CSV."""
    if clustering.n_clusters == 0:
        st.info(say("clusters-none"), icon=":material/bubble_chart:")
        return
    try:
        shares = soft_membership(clustering_cache(collection), clustering)
    except CoreError as error:
        state.show_error(error)
        return
    st.caption(say("clusters-soft-help"))
    name = state.chosen_specimen(collection)
    if name is None:
        st.info(say("clusters-soft-choose"), icon=":material/ads_click:")
    else:
        row = collection.embeddings.row_of[name]
        order = np.argsort(-shares[row], kind="stable")[:15]
        st.markdown(f"**{state.plain(state.short_name(name))}**")
        table = pd.DataFrame(
            {
                say("clusters-column-cluster"): [name_of(int(label)) for label in order],
                say("clusters-column-share"): shares[row][order],
                say("clusters-column-its-own"): ["✓" if label == clustering.labels[row] else "" for label in order],
            }
        )
        config = {
            say("clusters-column-share"): st.column_config.ProgressColumn(format="%.3f", min_value=0, max_value=1)
        }
        st.dataframe(table, hide_index=True, column_config=config, width="content")
    columns = {f"cluster_{label}": shares[:, label].round(6) for label in range(clustering.n_clusters)}
    st.download_button(
        say("common-download-csv"),
        csv_for_people(pd.DataFrame({"specimen_id": clustering.ids, **columns})),
        "soft_membership.csv",
        "text/csv",
        icon=":material/download:",
    )
