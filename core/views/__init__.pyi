from .cameras import camera_poses as camera_poses
from .files import (
    drop_views_from as drop_views_from,
    find_views as find_views,
    read_view_files as read_view_files,
    view_paths as view_paths,
    view_suffix as view_suffix,
    write_views as write_views,
)
from .packing import PackedViews as PackedViews, pack_views as pack_views, unpack_views as unpack_views
from .photographs import read_photographs as read_photographs
from .renderers.geometry import bounds_in_windows as bounds_in_windows
from .renderers.surface import (
    APPEARANCES as APPEARANCES,
    BACKENDS as BACKENDS,
    SHADINGS as SHADINGS,
    Cameras as Cameras,
    Look as Look,
)
from .renderers.surface_building import surface_of as surface_of
from .rendering import (
    VIEWS_VERSION as VIEWS_VERSION,
    Views as Views,
    ViewSettings as ViewSettings,
    colour_of as colour_of,
    draw_surface as draw_surface,
    render_views as render_views,
)
