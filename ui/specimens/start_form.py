"""The main settings of a run, and the button that starts or queues it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.backbones import BEST, REGISTRY, TOKENS
from core.embeddings import POOLINGS
from core.foundation import CoreError, SettingError
from core.pipeline import default_workers
from core.workspace import current_job, queue_job, queued_jobs
from ui.session import state
from ui.specimens.folder_picker import remember_folder
from ui.words import say


def show_start_form(folder: Path | None) -> None:
    """Ask for the main settings and start a run."""
    arguments, title = _settings(folder)
    busy = current_job(state.workspace()) is not None or bool(queued_jobs(state.workspace()))
    label = say("start-queue") if busy else say("start-run")
    if folder is None:
        st.button(label, type="primary", disabled=True, help=say("start-no-folder"))
        return
    if busy:
        st.caption(say("start-busy"))
    if not st.button(label, type="primary", icon=":material/play_arrow:"):
        return
    try:
        _check_name(title, folder)
        queue_job(state.workspace(), ["--in", str(folder), *arguments, "--name", title], title)
        remember_folder(folder)
    except CoreError as error:
        state.show_error(error)
        return
    if not busy:
        state.choose_run(title)
    st.rerun()


def _settings(folder: Path | None) -> tuple[list[str], str]:
    """Return the flags of a run and its name."""
    backbone, views, size = st.columns(3)
    model = backbone.selectbox(say("start-backbone"), ["auto", *REGISTRY], help=say("start-backbone-help"))
    count = views.slider(say("start-views"), 4, 42, 12, help=say("start-views-help"))
    pixels = size.select_slider(say("start-size"), (224, 336, 448, 518), 224, help=say("start-size-help"))
    with st.expander(say("start-more")):
        mixed = st.toggle(say("start-mixed"), key="start_mixed", help=say("start-mixed-help"))
        left, middle, right = st.columns(3)
        tokens = middle.selectbox(
            say("start-tokens"), (BEST, *TOKENS), key="start_tokens", help=say("start-tokens-help")
        )
        parts = model, f"{count}views", f"{pixels}px", *(["mixed"] if mixed else []), tokens.replace("+", "_")
        usual = _usual_name("_".join(parts), folder)
        name = left.text_input(say("start-name"), placeholder=usual, help=say("start-name-help"))
        pool = right.selectbox(say("start-pool"), POOLINGS, help=say("start-pool-help"))
        workers = left.number_input(say("start-workers"), 0, 64, default_workers(), help=say("start-workers-help"))
        download = middle.checkbox(say("start-download"), value=False, help=say("start-download-help"))
    arguments = ["--model", model, "--views", str(count), "--pool", pool, "--tokens", tokens]
    arguments += ["--mixed"] if mixed else []
    arguments += ["--workers", str(workers), *([] if download else ["--no-download"])]
    if model != "classical":
        arguments += ["--image-size", str(_allowed_size(model, pixels))]
    return arguments, name.strip() or usual


def _usual_name(name: str, folder: Path | None) -> str:
    """Return a name made from the settings, with the folder if the name is taken."""
    if folder is None or _input_of(name) in ("", str(folder)):
        return name
    own = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in folder.name)
    return f"{name}_{own}"[:64].rstrip("._ ")


def _check_name(name: str, folder: Path) -> None:
    """Raise an error if a run of another folder has this name.

    Raises
    ------
    SettingError
        If the run exists with another input folder, or the name cannot be a folder's.
    """
    before = _input_of(name)
    if before not in ("", str(folder)):
        raise SettingError(say("start-other-folder", name=name, folder=before), advice=say("start-other-folder-advice"))


def _input_of(name: str) -> str:
    run = state.workspace().run(name)
    try:
        return str(run.config().get("input", "")) if run.config_path.is_file() else ""
    except CoreError:
        return ""


def _allowed_size(model: str, pixels: int) -> int:
    """Return the size nearest to the one chosen that the backbone's patches allow."""
    patch = REGISTRY[model].patch_size if model in REGISTRY else 14
    return round(pixels / patch) * patch if patch else pixels
