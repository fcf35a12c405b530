from .explanation import (
    PAINTED as PAINTED,
    SHOWN as SHOWN,
    ViewPair as ViewPair,
    as_png as as_png,
    draw_pairs as draw_pairs,
    explain as explain,
    occlusion_picture as occlusion_picture,
    paint_views as paint_views,
    write_picture as write_picture,
)
from .loading import about_matching as about_matching, open_matcher as open_matcher, ranking_by as ranking_by
from .patch_similarity import PatchReader as PatchReader, open_patches as open_patches
from .reranking import k_reciprocal as k_reciprocal
from .rotations import rotations_of_views as rotations_of_views
from .view_sets import (
    MATCHES as MATCHES,
    FeatureFolder as FeatureFolder,
    Matcher as Matcher,
    MatchSettings as MatchSettings,
    set_distances as set_distances,
)
from .whitening import fit_whitening as fit_whitening
