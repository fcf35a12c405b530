"""Synthetic specimens: honest shapes, invented individuals, so that the product has something to show.

make_samples → a Form draws its parameters, builds a Surface (coiling, shells, valves, others)
             → weathered, scaled to millimetres, broken, coloured, tilted → .ply .obj .stl .off, samples.csv
"""

from core.collection.synthetic.collection import SampleReport, SampleSettings, make_samples

__all__ = ["SampleReport", "SampleSettings", "make_samples"]
