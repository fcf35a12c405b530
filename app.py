"""FossilViT Explorer: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ui.frame import begin

ICON = Path(__file__).parent / "ui" / "icon.png"
st.set_page_config(page_title="FossilViT Explorer", page_icon=str(ICON), layout="wide", initial_sidebar_state=248)
page = st.navigation(
    [
        st.Page(
            "pages/1_specimens.py", title="Specimens", icon=":material/shelves:", url_path="specimens", default=True
        ),
        st.Page("pages/2_search.py", title="Search", icon=":material/image_search:", url_path="search"),
        st.Page("pages/3_map.py", title="Map", icon=":material/scatter_plot:", url_path="map"),
        st.Page("pages/4_clusters.py", title="Clusters", icon=":material/bubble_chart:", url_path="clusters"),
        st.Page("pages/5_evaluate.py", title="Evaluate", icon=":material/fact_check:", url_path="evaluate"),
    ]
)
begin(page.url_path)
page.run()
