"""3D scenes: specimens for the viewer on the screen.

Scenes are made by PyVista in a child process with a time limit and read by vtk.js. Previews are
decimated copies; colours come from the scan, curvature or distances. Turntables are GIF or MP4.

===================  ======================================
`builder`            asks the child process for a scene
`child`              the child process and its time limit
`worker`             what runs in the child process
`export`             PyVista scene → vtk.js
`surface_colours`    what colours a surface
`previews`           decimated copies
`textures`           the scan's colours laid over a preview
`ambient_occlusion`  how much sky a vertex sees
`turntable`          a specimen that turns once around
===================  ======================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
