from .alignment import aligned as aligned
from .curvature import (
    KINDS as KINDS,
    CurvatureSettings as CurvatureSettings,
    curvature_of as curvature_of,
    robust_limit as robust_limit,
)
from .formats.named_files import files_beside as files_beside
from .formats.obj import read_obj_surface as read_obj_surface
from .formats.ply import needs_double as needs_double
from .measurements import CLOSED as CLOSED, OPEN as OPEN, Measurements as Measurements, measure as measure
from .mesh import Mesh as Mesh, vertex_colours_of as vertex_colours_of
from .normalisation import normalise as normalise, normalise_with_body as normalise_with_body
from .reading import decimate as decimate, read_mesh as read_mesh, write_ply as write_ply
from .registration import (
    Registration as Registration,
    RegistrationSettings as RegistrationSettings,
    register as register,
)
from .simplification import warm_up_decimation as warm_up_decimation
from .suffixes import SUFFIXES as SUFFIXES, is_mesh as is_mesh, stem_of as stem_of, suffix_of as suffix_of
from .welding import weld as weld
