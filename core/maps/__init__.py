"""Maps: every specimen as a point in two or three dimensions.

Coordinates come from PCA, UMAP, t-SNE or PaCMAP, with a measure of how far neighbours are kept.
Colours are safe for colour-blind eyes. A map is a CSV, a page that needs no network, and an SVG.

=================  =====================================
`coordinates`      coordinates and their trustworthiness
`manifold`         UMAP, t-SNE, PaCMAP
`density_regions`  contours around dense regions
`colouring`        what colours the points
`palettes`         colours and symbols
`pictures`         scene, page and SVG
`outputs`          a map as files
`page`             the page in the browser
=================  =====================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
