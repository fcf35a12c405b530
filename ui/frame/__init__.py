"""The frame around every screen.

Navigation, theme, the finder, the selection, and what is shown if a screen fails. Loading in
advance and garbage collection happen here.

=================  ====================================
`frame`            runs a screen and catches its errors
`door`             which requests the server answers
`door_token`       the token in the address and its cookie
`door_pages`       pages shown in place of the app
`routes`           addresses of the screens
`theme`            colours and fonts
`finder`           find a specimen by name
`selection_panel`  what is selected
`health`           warnings about disk and memory
`warming`          loads and compiles in the background
`garbage`          garbage collected once a minute
=================  ====================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
