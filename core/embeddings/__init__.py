"""Embeddings: one vector a specimen, with ids in row order.

Views are pooled into one vector, and the vectors of a collection form one matrix. Matrix and ids are
read, checked and written together. Unit vectors and principal components prepare the matrix for
clusters and maps.

======================  ============================
`matrix`                `Embeddings`: ids and matrix
`pairing`               which ids and rows belong together
`assembly`              ids, matrix and record are written
`pooling`               view features → embedding
`vectors`               rows of length one
`principal_components`  PCA with explained variance
`derived_files`         files computed from embeddings
======================  ============================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
