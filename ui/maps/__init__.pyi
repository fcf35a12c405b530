from .map_view import MapView as MapView, show_map as show_map
