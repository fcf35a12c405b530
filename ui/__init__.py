"""The parts of the screens.

Besides the pages, only this package imports Streamlit.
"""
