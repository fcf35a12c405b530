"""The source of specimens: a folder on this machine, an upload, or samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.collection import METADATA_FILE, Intake, SampleSettings, make_samples, take_inventory, take_uploads
from core.foundation import CoreError, path_from_readable, readable
from core.meshes import SUFFIXES, is_mesh
from core.storage import IMAGE_SUFFIXES, is_image
from ui.session import state
from ui.specimens.folder_picker import pick_folder
from ui.words import as_line, say

_ROUND, _OUTCOME = "upload_round", "upload_outcome"
_NAMED_AT_MOST = 20


def choose_source() -> Path | None:
    """Let the user choose a source, and return its folder, None without specimens."""
    kinds = {
        "folder": say("bring-kind-folder"),
        "upload": say("bring-kind-upload"),
        "samples": say("bring-kind-samples"),
    }
    how = st.segmented_control(
        say("bring-where"),
        list(kinds),
        format_func=kinds.__getitem__,
        default="folder",
        key="source_kind",
        help=say("bring-where-help"),
        required=True,
    )
    if how == "upload":
        return _upload()
    if how == "samples":
        return _samples()
    folder = pick_folder(state.workspace().meshes)
    return None if folder is None else _checked(folder)


def _samples() -> Path | None:
    """Offer to make the sample collection if it does not exist yet."""
    st.caption(say("bring-samples-about"))
    folder = state.workspace().meshes
    if not (folder / METADATA_FILE).is_file() and st.button(say("bring-samples-make"), icon=":material/spa:"):
        with st.spinner(say("bring-samples-making")):
            try:
                make_samples(folder, SampleSettings())
            except CoreError as error:
                state.show_error(error)
                return None
    return _checked(folder)


def _upload() -> Path | None:
    category = st.text_input(say("bring-category"), value="Uploads", help=say("bring-category-help"))
    number = st.session_state.setdefault(_ROUND, 0)
    files = st.file_uploader(
        say("bring-files"),
        type=[suffix.lstrip(".") for suffix in (*SUFFIXES, *IMAGE_SUFFIXES, ".mtl", ".bin", ".zip")],
        accept_multiple_files=True,
        key=f"uploads_{number}",
        help=say("bring-files-help"),
    )
    pictures = [file for file in files if is_image(file.name)]
    has_meshes = any(is_mesh(file.name) for file in files)
    specimen = ""
    if pictures and not has_meshes:
        specimen = st.text_input(say("bring-photographed"), value="specimen", help=say("bring-photographed-help"))
    if files and st.button(say("bring-add", count=len(files)), type="primary", icon=":material/add:"):
        try:
            st.session_state[_OUTCOME] = _take(files, pictures, category, specimen)
        except CoreError as error:
            state.show_error(error)
            return None
        # A new key empties the field, so that the same files are not sent twice.
        st.session_state[_ROUND] = number + 1
        st.rerun()
    for outcome in st.session_state.get(_OUTCOME, ()):
        _show_outcome(outcome)
    return _checked(state.workspace().meshes)


def _take(
    files: Sequence[UploadedFile], pictures: Sequence[UploadedFile], category: str, specimen: str
) -> tuple[Intake, ...]:
    """Store uploads, photographs of one specimen in a folder of its name."""
    meshes = state.workspace().meshes
    if not specimen:
        return (take_uploads(meshes, files, category),)
    others = [file for file in files if file not in pictures]
    outcomes = [take_uploads(meshes, pictures, f"{category}/{specimen}")]
    return (*outcomes, take_uploads(meshes, others, category)) if others else tuple(outcomes)


def _show_outcome(outcome: Intake) -> None:
    if outcome.kept:
        where = state.plain(outcome.folder.name)
        st.success(say("bring-added", count=len(outcome.kept), folder=where), icon=":material/check_circle:")
    if outcome.unchanged:
        st.info(say("bring-unchanged", count=len(outcome.unchanged)), icon=":material/info:")
    if outcome.refused:
        lines = [
            f"- **{state.plain(refusal.name)}**: {state.plain(as_line(refusal.reason))}"
            for refusal in outcome.refused[:_NAMED_AT_MOST]
        ]
        if len(outcome.refused) > _NAMED_AT_MOST:
            lines.append(f"- {say('bring-refused-more', count=len(outcome.refused) - _NAMED_AT_MOST)}")
        st.warning("\n".join([say("bring-refused", count=len(outcome.refused)), "", *lines]), icon=":material/block:")
    if outcome.n_others:
        st.caption(say("bring-others", count=outcome.n_others))


def _checked(folder: Path) -> Path | None:
    """Return the folder if it holds specimens, and show how many."""
    try:
        count, images, warnings, unread = _count(readable(str(folder)), _stamp(folder))
    except CoreError as error:
        st.info(state.plain(as_line(error.reason)), icon=":material/folder_off:")
        return None
    found = say("bring-found", count=count)
    st.caption(f":material/check: {found}" + (f" {say('bring-found-photographs', count=images)}" if images else ""))
    for sentence in unread:
        st.warning(state.plain(as_line(sentence)), icon=":material/file_open:")
    for warning in warnings:
        st.caption(f":material/warning: {state.plain(as_line(warning))}")
    return folder


def _stamp(folder: Path) -> int:
    """Return the time of the last change at the top of the folder, 0 if unknown.

    Deeper changes are noticed when a run starts.
    """
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_data(show_spinner=False, ttl=20)
def _count(folder: str, stamp: int) -> tuple[int, int, list[str], list[str]]:
    del stamp  # part of the key only
    found = take_inventory(path_from_readable(folder))
    images = sum(specimen.is_image_folder for specimen in found.specimens)
    return len(found.specimens), images, list(found.warnings[:5]), [one.reason for one in found.unread]
