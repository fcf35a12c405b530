"""Nearest neighbours among embeddings, exactly.

A search compares a query with the whole collection and settles ties by order of ids. Half precision
and pruning make it fast without changing the result; faiss indexes serve collections too large for
that. Filters apply before the search.

==================  ======================================
`search`            neighbours of specimens or of vectors
`exact`             nearest rows of a matrix
`pruning`           pairs ruled out in half precision
`pruning_kernels`   compiled loops of both
`half_precision`    rounding and its error bounds
`indexes`           faiss indexes with ids and fingerprint
`combined_queries`  several specimens as one query
`filters`           which specimens may be found
`ranking`           another order of the neighbours
`duplicates`        the same scan under two names
==================  ======================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
