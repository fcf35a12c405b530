"""Differences in form of a query and its neighbours, measured on demand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from core.foundation import CoreError
from core.meshes import Registration, RegistrationSettings, read_mesh, register
from core.storage import csv_for_people
from ui.session import state
from ui.words import problem_of, say

_MIRROR = "form_mirror"


def settings_of_form() -> RegistrationSettings:
    """Return the settings of alignment, the same for the table and the viewer."""
    return RegistrationSettings(mirror=bool(st.session_state.get(_MIRROR, False)))


def show_differences(
    collection: state.Collection, query: str, path: Path | None, names: Sequence[str], beside: str
) -> bool:
    """Offer to align neighbours to the query, and show the differences so far.

    Returns
    -------
    bool
        Whether the neighbour beside the query has been aligned.
    """
    st.markdown(f"**{say('search-form-title')}**", help=say("search-form-help"))
    if path is None:
        st.caption(say("search-form-no-file"))
        return False
    one, every, mirror = st.columns([4, 4, 3], vertical_alignment="center")
    mirror.toggle(say("search-form-mirror"), key=_MIRROR, persist_state="session")
    settings = settings_of_form()
    wanted: Sequence[str] = ()
    if one.button(say("search-form-one"), key="form_one", width="stretch", icon=":material/compare:"):
        wanted = [beside]
    if every.button(say("search-form-all", count=len(names)), key="form_all", width="stretch"):
        wanted = names
    kept: dict[tuple[Path, str, RegistrationSettings], Registration | str] = st.session_state.setdefault("laid_on", {})
    if wanted:
        _measure(collection, path, wanted, settings, kept)
    rows = [_row(name, kept[path, name, settings]) for name in names if (path, name, settings) in kept]
    if not rows:
        st.caption(say("search-form-empty"))
        return False
    table = pd.DataFrame(rows)
    st.dataframe(
        table.rename(columns={name: say(f"search-form-{name}") for name in table.columns}),
        hide_index=True,
        width="stretch",
    )
    st.caption(say("search-form-units", name=state.plain(state.short_name(query))))
    st.download_button(
        say("common-download-csv"), csv_for_people(table), "difference_in_form.csv", "text/csv", key="form_csv"
    )
    return isinstance(kept.get((path, beside, settings)), Registration)


def _measure(
    collection: state.Collection,
    path: Path,
    names: Sequence[str],
    settings: RegistrationSettings,
    kept: dict[tuple[Path, str, RegistrationSettings], Registration | str],
) -> None:
    bar = st.progress(0.0, say("search-form-wait"))
    for done, name in enumerate(names):
        bar.progress(done / len(names), say("search-form-wait-for", name=state.plain(state.short_name(name))))
        if (path, name, settings) not in kept:
            other = collection.mesh_path(name)
            try:
                kept[path, name, settings] = (
                    say("search-form-gone") if other is None else register(read_mesh(path), read_mesh(other), settings)
                )
            except CoreError as error:
                kept[path, name, settings] = problem_of(error)
    bar.empty()


def _row(name: str, found: Registration | str) -> dict[str, object]:
    row: dict[str, object] = {"neighbour": name, "outcome": "", "rms": None, "hausdorff": None, "scale": None}
    if isinstance(found, str):
        return row | {"outcome": found}
    if found.has_failed:
        return row | {"outcome": say("search-form-failed", share=round(100 * found.overlap))}
    outcome = say("search-form-mirrored") if found.is_mirrored else say("search-form-laid-on")
    numbers = {"rms": found.rms, "hausdorff": found.hausdorff, "scale": found.scale}
    return row | {key: float(f"{value:.4g}") for key, value in numbers.items()} | {"outcome": outcome}
