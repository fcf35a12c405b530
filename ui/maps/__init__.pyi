from .map_cache import cached_map as cached_map, picture_of as picture_of, placed as placed
from .map_caption import offer_files as offer_files, show_trust as show_trust
from .map_form import ask_for_settings as ask_for_settings
from .map_galleries import show_nearest as show_nearest, show_selected as show_selected
from .map_view import MapView as MapView, show_map as show_map
