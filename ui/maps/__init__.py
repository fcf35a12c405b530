"""The screen Map.

All specimens as points, drawn in the browser. Points are selected by clicks, lassos and legends.

===============  ======================
`map_view`       the map
`map_component`  the map in the browser
===============  ======================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
