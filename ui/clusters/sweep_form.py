"""Starting a sweep, and its progress while it runs in the background."""

from __future__ import annotations

import math

import streamlit as st

from core.clusters import SweepSettings, cancel_sweep, is_sweeping, last_log_line, start_sweep
from core.foundation import CoreError
from ui.session import state
from ui.words import say

_CHOICES: dict[str, tuple[object, ...]] = {
    "pca": (0, 8, 16, 32, 64, 128, 0.8, 0.9, 0.95),
    "min_cluster_size": (2, 3, 4, 5, 8, 10, 15, 20, 30, 50),
    "min_samples": (1, 2, 3, 5, 8, 10),
    "cluster_selection_method": ("leaf", "eom"),
    "cluster_selection_epsilon": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    "umap": ("no", "yes"),
}


def start_from_form(collection: state.Collection) -> None:
    """Ask which settings are tried, and start."""
    given = _ask_for_values()
    random, resamples, labels = st.columns(3)
    n_random = int(random.number_input(say("sweep-random"), 0, 10_000, 0, help=say("sweep-random-help")))
    n_resamples = int(resamples.number_input(say("sweep-resamples"), 0, 20, 0, help=say("sweep-resamples-help")))
    with_labels = labels.toggle(say("sweep-labels"), help=say("sweep-labels-help"))
    count = math.prod(len(values) for values in given.values())
    count = min(count, n_random) if n_random else count
    st.caption(say("sweep-count", count=count))
    if not st.button(say("sweep-start"), type="primary", disabled=count == 0, icon=":material/play_arrow:"):
        return
    arguments = ["--n-random", str(n_random), "--n-resamples", str(n_resamples)]
    for name, values in given.items():
        arguments += [f"--try-{name.replace('_', '-')}", ",".join(str(value) for value in values)]
    arguments += ["--labels", "category"] if with_labels and len(collection.categories) > 1 else []
    try:
        start_sweep(collection.run, arguments)
    except CoreError as error:
        state.show_error(error)
        return
    st.rerun()


@st.fragment(run_every=2)
def watch_sweep(collection: state.Collection) -> None:
    """Show the progress of the sweep until it is done, with a button that cancels it."""
    if not is_sweeping(collection.run):
        st.rerun()
    words, cancel = st.columns([5, 1], vertical_alignment="center")
    words.info(f"{say('sweep-running')} {state.plain(last_log_line(collection.run))}", icon=":material/hourglass_top:")
    if cancel.button(say("sweep-cancel"), width="stretch"):
        cancel_sweep(collection.run)
        st.rerun()


def show_failure(collection: state.Collection, *, done: bool) -> None:
    """Show the last output of a sweep that left no result or ended with an error."""
    output = last_log_line(collection.run)
    if not done and output:
        st.error(say("sweep-failed", said=state.plain(output)))
    elif output.startswith("Error:"):
        st.warning(say("sweep-failed", said=state.plain(output)))


def _ask_for_values() -> dict[str, list[object]]:
    """Ask for the values to try of every setting."""
    usual = SweepSettings()
    given: dict[str, list[object]] = {}
    columns = st.columns(2)
    for place, (name, choices) in enumerate(_CHOICES.items()):
        first = [("yes" if one else "no") if isinstance(one, bool) else one for one in getattr(usual, name)]
        given[name] = columns[place % 2].multiselect(
            say(f"sweep-try-{name.replace('_', '-')}"),
            choices,
            first,
            key=f"sweep_try_{name}",
            format_func=lambda value: say(f"sweep-{value}") if value in _CHOICES["umap"] else str(value),
        )
    return given
