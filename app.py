"""FossilViT Explorer: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

ICON = Path(__file__).parent / "ui" / "icon.png"

if __name__ == "__main__":
    from ui.frame import app_pages, begin_session, show_screen

    st.set_page_config(page_title="FossilViT Explorer", page_icon=str(ICON), layout="wide", initial_sidebar_state=264)
    begin_session()
    show_screen(st.navigation(app_pages(), position="hidden"))
else:
    # Streamlit finds this in the source, imports the module and serves it. Each session runs the part above.
    from ui.frame import announce, guard

    app = st.App(__file__, middleware=guard(), lifespan=announce)
