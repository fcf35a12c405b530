from .alignment import aligned as aligned
from .curvature import (
    KINDS as KINDS,
    CurvatureSettings as CurvatureSettings,
    curvature_of as curvature_of,
    robust_limit as robust_limit,
)
from .formats.dependencies import files_beside as files_beside, textures_of_models as textures_of_models
from .formats.named_files import TEXTURE_FOLDERS as TEXTURE_FOLDERS
from .formats.ply import needs_double as needs_double
from .measurements import CLOSED as CLOSED, OPEN as OPEN, Measurements as Measurements, measure as measure
from .mesh import Mesh as Mesh, vertex_colours_of as vertex_colours_of
from .normalisation import normalise as normalise, normalise_with_body as normalise_with_body
from .reading import (
    decimate as decimate,
    read_mesh as read_mesh,
    textured_surface as textured_surface,
    write_ply as write_ply,
)
from .registration import (
    Registration as Registration,
    RegistrationSettings as RegistrationSettings,
    register as register,
)
from .simplification import warm_up_decimation as warm_up_decimation
from .suffixes import SUFFIXES as SUFFIXES, is_mesh as is_mesh, stem_of as stem_of, suffix_of as suffix_of
from .welding import weld as weld
