"""Files given by users, kept outside of every collection while the server runs."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.collection import check_photographs
from core.storage import write_bytes

PHOTOGRAPHS = "photographs"


def keep_file(name: str, data: bytes) -> Path:
    """Keep a file in a folder named by its content, and return its path."""
    path = _own_folder() / hashlib.sha256(data).hexdigest()[:16] / name
    if not path.is_file():  # caches compare its time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)
    return path


def keep_photographs(files: Mapping[str, bytes]) -> Path:
    """Keep several photographs of one specimen, and return their folder.

    Files are numbered in the order of their names.

    Raises
    ------
    InputError
        If one of them is no photograph.
    """
    check_photographs(files)
    together = hashlib.sha256()
    for name in sorted(files):
        together.update(hashlib.sha256(files[name]).digest())
    folder = _own_folder() / together.hexdigest()[:16] / PHOTOGRAPHS
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(sorted(files)):
        path = folder / f"{number:04d}{Path(name).suffix.lower()}"
        if not path.is_file():
            write_bytes(path, files[name])
    return folder


@st.cache_resource(show_spinner=False)
def _own_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fossilvit-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
