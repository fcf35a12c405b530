from .colouring import (
    Colouring as Colouring,
    colour_by_groups as colour_by_groups,
    colour_by_numbers as colour_by_numbers,
)
from .coordinates import (
    MAP_METHODS as MAP_METHODS,
    MAP_METRICS as MAP_METRICS,
    MapResult as MapResult,
    MapSettings as MapSettings,
    make_map as make_map,
    map_in as map_in,
    place_on_map as place_on_map,
    read_map as read_map,
    trustworthiness as trustworthiness,
    write_map as write_map,
)
from .density_regions import Regions as Regions, find_regions as find_regions
from .manifold import fit_umap as fit_umap
from .outputs import (
    CATEGORY as CATEGORY,
    METHOD_NAMES as METHOD_NAMES,
    NOISE_NAME as NOISE_NAME,
    map_into as map_into,
    reading_of as reading_of,
)
from .palettes import (
    ACCENT_COLOUR as ACCENT_COLOUR,
    NOISE_COLOUR as NOISE_COLOUR,
    OKABE_ITO as OKABE_ITO,
    colours_of as colours_of,
    palette as palette,
    ramp as ramp,
    symbols as symbols,
)
from .pictures import (
    MOST_PICTURES as MOST_PICTURES,
    PAGE as PAGE,
    WORDS as WORDS,
    MapPicture as MapPicture,
    as_scene as as_scene,
    map_page as map_page,
    map_script as map_script,
    map_svg as map_svg,
    write_map_page as write_map_page,
)
