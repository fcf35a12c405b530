"""3D scenes: specimens for the viewer on the screen.

PyVista makes scenes in a child process with a time limit, and vtk.js shows them. Previews are
decimated copies. Colours come from the scan, curvature or distances. Turntables are GIF or MP4.

===================  ======================================
`builder`            requests scenes from the child process
`child`              the child process and its time limit
`worker`             the code of the child process
`export`             PyVista scene → vtk.js
`surface_colours`    colours by scan, curvature, distance
`previews`           decimated copies
`textures`           textures for previews, baked from scans
`ambient_occlusion`  ambient occlusion of vertices
`turntable`          one rotation of a specimen as GIF, MP4
===================  ======================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
