"""Renderers: four backends with one interface.

Every backend has a function or method `render(surface, cameras, look)` that returns images and masks.

==================  ====================================================
`surface`           what renderers take: surface, cameras, look
`surface_building`  a mesh → `Surface`
`surfels`           point clouds as small discs
`geometry`          vertex normals, bounds of what a camera sees
`raster`            scan conversion into a depth buffer
`raycast`           ray casting by Embree
`vtk`, `filament`   renderers that need a graphics driver
`isolation`         runs `vtk` and `filament` in a child process
`worker`            the child process
`projection`        cameras and surfaces for graphics libraries
`shading`           colours of hits
`compositing`       cavities, occlusion, edges, background (compiled)
`culling`           clusters of faces that may be visible (compiled)
`scan_conversion`   faces to samples of a depth buffer (compiled)
`kernels`           work a face, sample or pixel (compiled)
==================  ====================================================
"""
