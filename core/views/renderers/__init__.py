"""Poses × surface → images: three backends behind one interface.

Every backend offers `render(surface, cameras, look)` and returns images and masks: see
`core.views.renderers.surface` for what goes in.
"""
