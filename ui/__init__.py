"""What the screens are made of; beside the pages, the only place that imports Streamlit."""
