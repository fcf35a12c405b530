from .explanation import (
    PAINTED as PAINTED,
    SHOWN as SHOWN,
    ViewPair as ViewPair,
    as_png as as_png,
    draw_pairs as draw_pairs,
    explain as explain,
    painted_by as painted_by,
    picture_of_where as picture_of_where,
    write_picture as write_picture,
)
from .loading import about_matching as about_matching, open_matcher as open_matcher, ranking_by as ranking_by
from .patch_similarity import PatchReader as PatchReader, open_patches as open_patches
from .reranking import k_reciprocal as k_reciprocal
from .rotations import turns_of_views as turns_of_views
from .view_sets import (
    MATCHES as MATCHES,
    FeatureFolder as FeatureFolder,
    Matcher as Matcher,
    MatchSettings as MatchSettings,
    set_distances as set_distances,
)
from .whitening import fit_projection as fit_projection
