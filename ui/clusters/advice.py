"""Advice on a clustering with much noise, and what the last advice changed."""

from __future__ import annotations

import streamlit as st

from core.clusters import Advice, Clustering, advise_on
from ui.clusters.clustering_cache import clustering_cache
from ui.clusters.settings_form import take_settings
from ui.session import state
from ui.words import say

_BEFORE = "before_step"


def show_advice(collection: state.Collection, clustering: Clustering) -> None:
    """Show what the last step changed, and steps to try next if much is noise."""
    _show_change(clustering)
    steps = advise_on(clustering_cache(collection), clustering)
    if not steps:
        return
    with st.container(border=True):
        why = "clusters-much-noise" if clustering.n_clusters > 1 else "clusters-no-groups"
        share = say(why, noise=f"{clustering.noise_ratio:.0%}", count=len(clustering.ids))
        st.markdown(f":material/lightbulb: {share} {say('clusters-try-next')}")
        for number, step in enumerate(steps):
            words, button = st.columns([6, 1], vertical_alignment="center")
            words.caption(f"{_step_in_words(step.kind)} {_outcome_in_words(step, clustering)}")
            button.button(
                say("clusters-try"), key=f"try_{number}", on_click=_try, args=(step, clustering), width="stretch"
            )


def _show_change(clustering: Clustering) -> None:
    """Show what the last step changed, with a button that undoes it."""
    before = st.session_state.get(_BEFORE)
    if before is None or before[1] == clustering.settings:
        return
    kind, settings, n_clusters, noise_ratio = before
    words, undo = st.columns([6, 1], vertical_alignment="center")
    change = say(
        "clusters-step-change",
        before=n_clusters,
        noise=f"{noise_ratio:.0%}",
        now=clustering.n_clusters,
        left=f"{clustering.noise_ratio:.0%}",
    )
    words.success(f"{_step_in_words(kind)} {change}", icon=":material/compare_arrows:")
    undo.button(say("clusters-undo"), on_click=take_settings, args=(settings,), width="stretch")


def _try(step: Advice, clustering: Clustering) -> None:
    st.session_state[_BEFORE] = (step.kind, clustering.settings, clustering.n_clusters, clustering.noise_ratio)
    take_settings(step.settings)


def _step_in_words(kind: str) -> str:
    return say(f"clusters-step-{kind}")


def _outcome_in_words(step: Advice, before: Clustering) -> str:
    if step.outcome is None:
        return ""
    if not step.helps(before):
        return say("clusters-step-no-help")
    outcome = step.outcome
    return say("clusters-step-outcome", count=outcome.n_clusters, noise=f"{outcome.noise_ratio:.0%}")
