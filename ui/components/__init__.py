"""Parts that several screens are made of.

Galleries, plots, tables and the 3D viewer know nothing of the screen that shows them. Parts that
run in the browser have a folder with their script. Every plot can be saved as PNG and SVG.

===================  =======================================
`gallery`            cards of specimens
`long_gallery`       any number of cards, those in sight
`figures`            plots with buttons
`keys`               keyboard shortcuts
`viewer`             the 3D viewer
`viewer_specimens`   what it shows: specimens and their files
`viewer_header`      its header: names, colours, distances
`viewer_stpyvista`   an alternative viewer by stpyvista
`columns`            columns of tables
`notices`            notifications of the desktop
`table_filters`      filters over a table
`figure_component`   saves a plot
`gallery_component`  draws cards
`keys_component`     listens to keys
`notice_component`   shows notifications
`viewer_component`   the page of the viewer
===================  =======================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
