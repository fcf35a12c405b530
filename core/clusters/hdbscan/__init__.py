"""HDBSCAN in parts that a cache can keep: neighbourhoods, spanning tree, condensed tree."""
