"""Clusters: which groups there are.

HDBSCAN works on unit vectors after PCA and, if asked, UMAP; other methods share the same interface.
A cache lets sliders and sweeps reuse neighbours and trees. Labels judge clusters, they never choose
them.

=============  =============================================
`clustering`   embeddings → clusters
`settings`     `ClusterSettings`
`methods`      k-means, agglomerative and others
`cache`        what several clusterings share
`members`      representatives, borderline members, outliers
`assignment`   new specimens → existing clusters
`agreement`    clusters compared with labels
`advice`       what to try if much is noise
`sweep`        many settings compared
`sweep_jobs`   sweeps as background jobs
`dendrograms`  cluster trees as drawings
`outputs`      clusters as files
`hdbscan`      neighbourhoods, spanning tree, condensed tree
=============  =============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
