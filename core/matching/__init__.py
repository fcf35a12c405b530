"""View-by-view matching: sets of views compared instead of one vector.

The best candidates of a search are compared again, view with view. Whitening takes out what all
views of a collection share; rotations bring two layouts of cameras together. Explanations show
which views and which parts matched.

==================  ===================================
`view_sets`         similarity of two sets of views
`loading`           a matcher for a run on disk
`rotations`         rotations between camera layouts
`whitening`         centring and whitening of views
`whitening_files`   whitening kept with a fingerprint
`reranking`         re-ranking by shared neighbours
`explanation`       the pairs of views that matched
`patch_similarity`  the parts of two views that matched
==================  ===================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
