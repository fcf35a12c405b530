"""The screen Search.

A specimen, several of them or a file is the query; neighbours are shown as cards beside a 3D
viewer. Differences in form are aligned meshes with distances.

==================  ===========================
`search_form`       the settings of a search
`queries`           runs the query
`form_differences`  query and neighbour aligned
==================  ===========================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
