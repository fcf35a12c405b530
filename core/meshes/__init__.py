"""Meshes and point clouds: read, checked, repaired, measured.

Each file format has its reader, and all files go through the same checks. A mesh is a frozen `Mesh`,
in the units of its file until it is normalised to the unit sphere. Registration and measurements
work on the same class.

================  ==================================================
`reading`         a file → a checked `Mesh`, by one of the `formats`
`mesh`            the class `Mesh`
`checks`          repairs, and notes on what was left out
`bodies`          the main body without stray fragments
`normalisation`   centre and scale to the unit sphere
`welding`         vertices at exactly the same position
`simplification`  fewer faces, fast
`alignment`       principal axes
`curvature`       mean or Gaussian curvature at every vertex
`measurements`    extents, area, volume, centroid size
`registration`    one mesh aligned to another, and their distances
`formats`         PLY, OBJ, STL, OFF, glTF
`suffixes`        the suffixes of mesh files
================  ==================================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
