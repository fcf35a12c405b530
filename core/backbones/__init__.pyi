from .checkpoints import read_state as read_state
from .engines.base import (
    DEVICES as DEVICES,
    ENGINES as ENGINES,
    PRECISIONS as PRECISIONS,
    Dense as Dense,
    Engine as Engine,
    EngineSettings as EngineSettings,
)
from .engines.choice import open_engine as open_engine
from .engines.devices import driver_sees_gpu as driver_sees_gpu
from .engines.feature_module import FeatureHead as FeatureHead
from .loading import (
    Backbone as Backbone,
    build_network as build_network,
    choose_auto as choose_auto,
    load_backbone as load_backbone,
)
from .registry import (
    AUTO as AUTO,
    EMBEDDED as EMBEDDED,
    REGISTRY as REGISTRY,
    BackboneSpec as BackboneSpec,
    describe as describe,
)
from .tokens import (
    BEST as BEST,
    FACETS as FACETS,
    PATCH_POOLINGS as PATCH_POOLINGS,
    TOKENS as TOKENS,
    TokenSettings as TokenSettings,
    grid_of as grid_of,
    patch_shares as patch_shares,
)
from .weights import WEIGHTS_VARIABLE as WEIGHTS_VARIABLE, find_weights as find_weights
