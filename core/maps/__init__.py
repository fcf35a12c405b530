"""Maps of a collection: each specimen is a point in two or three dimensions.

Coordinates come from PCA, UMAP, t-SNE or PaCMAP, with their trustworthiness. Colours are safe for
colour-blind readers. A map is written as CSV, as an HTML page that needs no network, and as SVG.

=================  =====================================
`coordinates`      coordinates and their trustworthiness
`manifold`         UMAP, t-SNE, PaCMAP
`density_regions`  contours around dense regions
`colouring`        colours of the points
`palettes`         colours and symbols
`pictures`         scene, page and SVG
`outputs`          files of a map
`page`             scripts of the page
=================  =====================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
