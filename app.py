"""FossilViT Explorer: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ui.frame import app_pages, begin_session, show_screen

ICON = Path(__file__).parent / "ui" / "icon.png"
st.set_page_config(page_title="FossilViT Explorer", page_icon=str(ICON), layout="wide", initial_sidebar_state=264)
begin_session()
show_screen(st.navigation(app_pages(), position="hidden"))
