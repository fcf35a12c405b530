from .builder import (
    LIGHTS as LIGHTS,
    MOST_SPECIMENS as MOST_SPECIMENS,
    Scene as Scene,
    SceneBuilder as SceneBuilder,
    SceneConfig as SceneConfig,
    SceneSource as SceneSource,
    viewer_page as viewer_page,
)
from .previews import MOST_FACES as MOST_FACES, PREVIEW_FACES as PREVIEW_FACES, read_preview as read_preview
from .surface_colours import (
    CURVATURES as CURVATURES,
    MODES as MODES,
    Legend as Legend,
    colours_of_distances as colours_of_distances,
    draw_differences as draw_differences,
    with_distances as with_distances,
)
from .turntable import (
    TurntableSettings as TurntableSettings,
    check_suffix as check_suffix,
    write_turntable as write_turntable,
)
