from .flags import cluster_settings as cluster_settings
from .main import build_parser as build_parser, main as main, parse as parse
