"""Bring specimens in: a folder on this machine, an upload, or samples."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import CoreError, InputError, SettingError
from core.inventory import IMAGE_SUFFIXES, take_inventory
from core.meshes import SUFFIXES
from core.samples import SampleSettings, make_samples
from core.samples.collection import METADATA_FILE
from core.storage import write_bytes
from ui import state

ROOTS_VARIABLE = "FOSSILVIT_ROOTS"
_UNSAFE = re.compile(r"[\x00-\x1f<>:\"/\\|?*]")


def roots() -> list[Path]:
    """Return the folders below which the app may look: `FOSSILVIT_ROOTS`, else the home folder."""
    given = os.environ.get(ROOTS_VARIABLE, "")
    folders = [Path(part) for part in given.split(os.pathsep) if part] or [Path.home()]
    return [folder.expanduser().resolve() for folder in (*folders, state.workspace().root)]


def choose_source() -> Path | None:
    """Let the user choose where specimens come from; return the input folder, once there is one."""
    how = st.segmented_control(
        "Where are the specimens?",
        ("Folder on this machine", "Upload files", "Sample specimens"),
        default="Folder on this machine",
        key="source_kind",
        help="Your files are only read, never changed. Nothing leaves this machine.",
    )
    if how == "Upload files":
        return _upload()
    if how == "Sample specimens":
        return _samples()
    return _folder()


def allowed_folder(text: str) -> Path:
    """Return a folder below one of the roots.

    Raises
    ------
    SettingError, InputError
        Where it lies elsewhere, or is no folder.
    """
    path = Path(text.strip().strip('"')).expanduser()
    resolved = path.resolve()
    if not any(resolved.is_relative_to(root) for root in roots()):
        named = ", ".join(str(root) for root in roots())
        raise SettingError(
            f"The folder {path} is outside of what this app may look at ({named}).",
            advice=f"Set {ROOTS_VARIABLE} to the folders of your collections before starting the app.",
        )
    if not resolved.is_dir():
        raise InputError(f"There is no folder {path}.", advice="Check the path, or pick a folder below.")
    return resolved


def _samples() -> Path | None:
    """Offer to make the sample collection where it is not there yet."""
    st.caption(
        "Synthetic ammonoids, snails, bivalves, corals and more, grown by this program from Raup's coiling model. "
        "Some are broken, some are point clouds, as real scans are."
    )
    folder = state.workspace().meshes
    if not (folder / METADATA_FILE).is_file() and st.button("Make 112 sample specimens", icon=":material/spa:"):
        with st.spinner("Growing shells … some ten seconds."):
            try:
                make_samples(folder, SampleSettings())
            except CoreError as error:
                state.show_error(error)
                return None
    return _checked(folder)


def _folder() -> Path | None:
    typed = st.text_input(
        "Folder",
        value=st.session_state.get("folder", str(state.workspace().meshes)),
        key="folder_text",
        help="A folder of .ply .obj .stl .off files. Its subfolders become categories.",
    )
    try:
        folder = allowed_folder(typed)
    except CoreError as error:
        state.show_error(error)
        folder = roots()[0]
        _browse(folder)
        return None
    _browse(folder)
    return _checked(folder)


def _browse(folder: Path) -> None:
    """Offer the subfolders and the folder above; a click goes there."""
    with st.popover("Browse …", icon=":material/folder_open:"):
        st.caption(f"`{folder}`")
        inside = any(folder.parent.is_relative_to(root) for root in roots())
        if inside:
            st.button("↑ Up", on_click=_go_to, args=(folder.parent,), key="folder_up")
        try:
            below = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
        except OSError:
            below = []
        for path in below[:60]:
            st.button(
                path.name,
                on_click=_go_to,
                args=(path,),
                key=f"folder_{path}",
                width="stretch",
                icon=":material/folder:",
            )
        if len(below) > 60:
            st.caption(f"… and {len(below) - 60} more; type the path.")
        if not below:
            st.caption("No folders in here.")


def _go_to(folder: Path) -> None:
    st.session_state["folder"] = st.session_state["folder_text"] = str(folder)


def _upload() -> Path | None:
    kinds = [suffix.lstrip(".") for suffix in SUFFIXES]
    category = st.text_input(
        "Category", value="Uploads", help="The folder that these files go into, such as Molars/Tarsius."
    )
    files = st.file_uploader("Meshes and point clouds", type=kinds, accept_multiple_files=True, key="uploads")
    if files and st.button(f"Add {len(files)} file(s) to the workspace", type="primary"):
        try:
            kept, refused = keep_uploads(files, category)
        except CoreError as error:
            state.show_error(error)
            return None
        if kept:
            st.success(f"{kept} file(s) added to {state.plain(category)}.")
        for name, why in refused:
            st.warning(f"{state.plain(name)} was not added: {why}")
    return _checked(state.workspace().meshes)


def keep_uploads(files: Sequence[UploadedFile], category: str) -> tuple[int, list[tuple[str, str]]]:
    """Store uploads below the workspace's `meshes`, never elsewhere and never over a file.

    Returns
    -------
    int, list of (str, str)
        How many were kept; name and reason of those that were not.

    Raises
    ------
    SettingError
        Where the category could not be a folder.
    """
    folder = state.workspace().meshes.joinpath(*_safe_parts(category))
    kept, refused = 0, []
    for file in files:
        name = _safe_name(Path(file.name).name)
        if Path(name).suffix.lower() not in SUFFIXES:
            refused.append((file.name, f"only {' '.join(SUFFIXES)} are read."))
        elif (folder / name).exists():
            refused.append((file.name, "a file of that name is already there; rename it first."))
        else:
            write_bytes(folder / name, file.getvalue())
            kept += 1
    return kept, refused


def _safe_parts(category: str) -> list[str]:
    parts = [_safe_name(part) for part in category.split("/") if part.strip()]
    if any(part.strip(". ") == "" for part in parts):
        raise SettingError(
            f"{category!r} cannot be a category.", advice="Take folder names like Molars/Tarsius, without .. in them."
        )
    return parts


def _safe_name(name: str) -> str:
    return _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip()[:180]


def _checked(folder: Path) -> Path | None:
    """Return the folder where it holds specimens, and say how many."""
    try:
        count, images, warnings = _count(str(folder), _stamp(folder))
    except CoreError as error:
        st.info(f"{state.plain(error.problem)} {state.plain(error.advice)}", icon=":material/folder_off:")
        return None
    st.caption(
        f":material/check: {count} specimens found" + (f", {images} of them folders of photographs" if images else "")
    )
    for warning in warnings:
        st.caption(f":material/warning: {state.plain(warning)}")
    return folder


def _stamp(folder: Path) -> int:
    """Return when the folder last changed at its top; deeper changes are seen when a run starts."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_data(show_spinner="Looking for specimens …", ttl=20)
def _count(folder: str, stamp: int) -> tuple[int, int, list[str]]:
    del stamp  # part of the key only
    found = take_inventory(Path(folder))
    return len(found.specimens), sum(s.is_image_folder for s in found.specimens), list(found.warnings[:5])


__all__ = ["IMAGE_SUFFIXES", "allowed_folder", "choose_source", "keep_uploads", "roots"]
