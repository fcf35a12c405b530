"""Sweep: many cluster settings at once, ranked by a score that can be weighed."""

from __future__ import annotations

import math

import streamlit as st

from core.clusters import SweepSettings, cancel_sweep, is_sweeping, last_words, read_sweep, start_sweep, sweep_folder
from core.foundation import CoreError
from ui.clusters import show_sweep
from ui.frame import require_router
from ui.session import state
from ui.words import say

CHOICES: dict[str, tuple[object, ...]] = {
    "pca": (0, 8, 16, 32, 64, 128, 0.8, 0.9, 0.95),
    "min_cluster_size": (2, 3, 4, 5, 8, 10, 15, 20, 30, 50),
    "min_samples": (1, 2, 3, 5, 8, 10),
    "cluster_selection_method": ("leaf", "eom"),
    "cluster_selection_epsilon": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    "umap": ("no", "yes"),
}


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title(say("sweep-title"))
    st.caption(say("sweep-what"))
    done = (sweep_folder(there.run) / "sweep_results.csv").is_file()
    if is_sweeping(there.run):
        watch(there)
    else:
        with st.expander(say("sweep-new"), expanded=not done, icon=":material/tune:"):
            ask_and_start(there)
        tell_failure(there, done=done)
    if done:
        try:
            tried = read_sweep(sweep_folder(there.run))
        except CoreError as error:
            state.show_error(error)
            return
        show_sweep(there, tried)


def ask_and_start(there: state.Collection) -> None:
    """Ask which settings are tried, and start."""
    usual = SweepSettings()
    given: dict[str, list[object]] = {}
    columns = st.columns(2)
    for place, (name, choices) in enumerate(CHOICES.items()):
        first = [("yes" if one else "no") if isinstance(one, bool) else one for one in getattr(usual, name)]
        given[name] = columns[place % 2].multiselect(
            say(f"sweep-try-{name.replace('_', '-')}"),
            choices,
            first,
            key=f"sweep_try_{name}",
            format_func=lambda value: say(f"sweep-{value}") if value in CHOICES["umap"] else str(value),
        )
    random, resamples, labels = st.columns(3)
    n_random = int(random.number_input(say("sweep-random"), 0, 10_000, 0, help=say("sweep-random-help")))
    n_resamples = int(resamples.number_input(say("sweep-resamples"), 0, 20, 0, help=say("sweep-resamples-help")))
    with_labels = labels.toggle(say("sweep-labels"), help=say("sweep-labels-help"))
    count = math.prod(len(values) for values in given.values())
    count = min(count, n_random) if n_random else count
    st.caption(say("sweep-count", count=count))
    if st.button(say("sweep-start"), type="primary", disabled=count == 0, icon=":material/play_arrow:"):
        arguments = ["--n-random", str(n_random), "--n-resamples", str(n_resamples)]
        for name, values in given.items():
            arguments += [f"--try-{name.replace('_', '-')}", ",".join(str(value) for value in values)]
        arguments += ["--labels", "category"] if with_labels and len(there.categories) > 1 else []
        try:
            start_sweep(there.run, arguments)
        except CoreError as error:
            state.show_error(error)
            return
        st.rerun()


@st.fragment(run_every=2)
def watch(there: state.Collection) -> None:
    """Show how far the sweep is, until it is done."""
    if not is_sweeping(there.run):
        st.rerun()
    words, cancel = st.columns([5, 1], vertical_alignment="center")
    words.info(f"{say('sweep-running')} {state.plain(last_words(there.run))}", icon=":material/hourglass_top:")
    if cancel.button(say("sweep-cancel"), width="stretch"):
        cancel_sweep(there.run)
        st.rerun()


def tell_failure(there: state.Collection, *, done: bool) -> None:
    """Say what the last sweep said where it left no result."""
    said = last_words(there.run)
    if not done and said:
        st.error(say("sweep-failed", said=state.plain(said)))
    elif said.startswith("Error:"):
        st.warning(say("sweep-failed", said=state.plain(said)))


require_router(__file__)
main()
