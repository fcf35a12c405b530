"""FossilViT Explorer: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ui.frame import begin_session, show_screen
from ui.screens import SCREENS
from ui.words import say

ICON = Path(__file__).parent / "ui" / "icon.png"
st.set_page_config(page_title="FossilViT Explorer", page_icon=str(ICON), layout="wide", initial_sidebar_state=264)
begin_session()
page = st.navigation(
    [
        st.Page(
            screen.path,
            title=say(f"frame-screen-{screen.name}"),
            icon=screen.icon,
            url_path=screen.name,
            default=screen is SCREENS[0],
        )
        for screen in SCREENS
    ],
    position="hidden",
)
show_screen(page)
