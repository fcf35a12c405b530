"""The screen Map.

All specimens as points, drawn in the browser. Points are selected by clicks, lassos and legends.

===============  ===============================
`map_form`       method, dimensions and colours
`map_cache`      maps of a run, computed once
`map_view`       the map
`map_caption`    its trustworthiness and files
`map_galleries`  nearest specimens and selection
`map_component`  the map in the browser
===============  ===============================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
