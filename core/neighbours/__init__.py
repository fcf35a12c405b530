"""Exact nearest neighbours over embeddings.

A search compares a query with the whole collection and orders ties by id. Pruning in half precision
makes it faster without changing the result. Indexes of faiss serve larger collections. Filters apply
before the search.

==================  ======================================
`search`            neighbours of specimens or of vectors
`exact`             nearest rows of a matrix
`pruning`           pairs ruled out in half precision
`pruning_kernels`   compiled loops of pruning
`half_precision`    vectors and their error bounds
`indexes`           faiss indexes with ids and fingerprint
`combined_queries`  several specimens as one query
`filters`           restrictions of a collection
`ranking`           another order of the neighbours
`duplicates`        copies of the same scan
==================  ======================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
