"""Synthetic specimens by taxon: each draws parameters and builds a surface."""
