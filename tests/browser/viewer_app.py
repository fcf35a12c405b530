"""A small app with the specimens of a folder in the 3D viewer, for tests."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from ui.components import ViewerSpecimen, show_specimens, warm_up_viewer
from ui.frame import apply_css

st.set_page_config(page_title="Viewer", layout="wide")
apply_css()
warm_up_viewer()
folder = Path(os.environ["VIEWER_TEST_FOLDER"])
files = sorted(folder.glob("*.ply"))
first = st.number_input("First", 0, len(files) - 1, 0)
count = st.number_input("Count", 0, 6, 2)
picture = folder / "picture.png"
show_specimens(
    [ViewerSpecimen(file.stem, file, picture) for file in files[first : first + count]], key="test", unit="mm"
)
st.write("The page goes on.")
