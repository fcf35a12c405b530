"""CSS that Streamlit's theme has no setting for.

The theme itself (ground, text, accent, fonts) is in `.streamlit/config.toml`; the colours of groups
are in `core.maps`.
"""

from __future__ import annotations

import streamlit as st

_CSS = """
<style>
.block-container { padding: 2.2rem 2.4rem 3rem; max-width: 1900px; }
@media (min-width: 2400px) { .block-container { max-width: min(3000px, 88%); } }
h1, h2, h3 { letter-spacing: -0.01em; text-wrap: balance; }
.st-key-specimen_in_hand { gap: 0.6rem; }
.st-key-specimen_in_hand strong { font-size: 0.875rem; }
.st-key-specimen_in_hand [data-testid="stMarkdownContainer"] { overflow-wrap: anywhere; }
.st-key-screens { gap: 0.15rem; }
.st-key-selection_uses { column-gap: 0.9rem; row-gap: 0; }
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
[data-testid="stImage"] img, [data-testid="stImageContainer"] img { border-radius: 0.4rem; }
/* Streamlit's own shade of captions is too faint (WCAG 2.2, 1.4.3). */
.stApp [data-testid="stCaptionContainer"] { color: inherit; opacity: 0.78; overflow-wrap: anywhere; }
</style>
"""
# The accent carries white text and is then too dark to be read on a dark ground: what is chosen
# there takes the colour of links (`.streamlit/config.toml`).
_CSS_OF_DARK = """
<style>
.stApp [role="tab"][aria-selected="true"], .stApp [role="tab"][aria-selected="true"] *,
.stApp button[data-variant][data-selected="true"],
.stApp button[data-variant][data-selected="true"] *,
.stApp [data-testid="stSliderThumbValue"], .stApp [data-testid="stSliderThumbValue"] * { color: #e3a170; }
</style>
"""


def apply_css() -> None:
    """Add the project's CSS to the page. The router calls this once."""
    st.html(_CSS + (_CSS_OF_DARK if st.context.theme.type == "dark" else ""))
