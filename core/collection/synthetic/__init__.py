"""Synthetic specimens: a sample collection with realistic shapes.

make_samples → a Form draws its parameters and builds a Surface (coiling, shells, valves, others)
             → weathered, scaled to millimetres, broken, coloured, tilted → .ply .obj .stl .off, samples.csv

==============  ==============================================
`collection`    the specimens, their files and their metadata
`taxa`          parameters and surfaces by taxon
`shapes`        coils, shells, valves, sculpture
`damage`        a piece broken off
`preservation`  colours of shell, bone and stone
`scanning`      surfaces → point clouds
`files`         PLY, OBJ, STL, OFF
==============  ==============================================
"""

from core.collection.synthetic.collection import SampleReport, SampleSettings, make_samples

__all__ = ["SampleReport", "SampleSettings", "make_samples"]
