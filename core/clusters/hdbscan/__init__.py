"""HDBSCAN in steps that can be cached: neighbours, spanning tree, condensed tree."""
