"""The screen Search.

A specimen, several of them or a file is the query; neighbours are shown as cards beside a 3D
viewer. Differences in form are aligned meshes with distances.

==================  ============================================
`query_form`        choose the query
`query_files`       a file from outside as the query
`search_form`       the settings of a search
`queries`           runs the query
`neighbour_list`    the ranking as cards
`pair_view`         query and neighbour in 3D
`form_differences`  query and neighbour aligned
`explanations`      the pairs of views that match best
==================  ============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
