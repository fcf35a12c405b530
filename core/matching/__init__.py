"""View-by-view matching: comparison of sets of views instead of single vectors.

The best candidates of a search are compared again, view with view. Whitening removes what all views
of a collection share. Rotations of the camera layout align two specimens. Explanations show which
views and which parts matched.

==================  ===================================
`view_sets`         similarity of two sets of views
`loading`           matchers of runs on disk
`rotations`         rotations between camera layouts
`whitening`         centring and whitening of views
`whitening_files`   whitening in files
`reranking`         re-ranking by shared neighbours
`explanation`       pairs of views that matched
`patch_similarity`  parts of two views that matched
==================  ===================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
