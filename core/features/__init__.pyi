from .base import Extractor as Extractor, fit_images as fit_images
from .classical import describe_views as describe_views
from .dense_tokens import (
    TOKENS_FOLDER as TOKENS_FOLDER,
    extract_with_tokens as extract_with_tokens,
    open_tokens as open_tokens,
)
from .extractors import NetworkExtractor as NetworkExtractor
from .files import read_features as read_features, store_features as store_features
from .loading import open_extractor as open_extractor, views_at_once as views_at_once
from .settings import FeatureSettings as FeatureSettings
