"""Views: images of one specimen from many camera poses.

Cameras stand on a sphere around the normalised specimen. Renderers turn a surface into images.
Photographs are views too. Rendering is deterministic and needs neither a screen nor a GPU.

=============  ===========================================
`rendering`    a mesh → `Views`, by one of the `renderers`
`cameras`      camera poses on a sphere
`framing`      the window that each camera shows
`photographs`  photographs of a specimen as its views
`files`        view files (PNG): find, read, write
`packing`      compact views for other processes
`renderers`    raster, ray caster, VTK, Filament
=============  ===========================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
