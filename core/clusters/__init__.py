"""Clustering of embeddings, and the comparison of clusters with labels.

HDBSCAN works on unit vectors after PCA and optional UMAP; other methods share the same interface.
A cache lets sliders and sweeps reuse neighbours and trees. Labels judge clusters, they never choose
them.

=============  =============================================
`clustering`   embeddings → clusters
`settings`     `ClusterSettings`
`methods`      k-means, agglomerative and others
`cache`        steps that several clusterings share
`members`      representatives, borderline members, outliers
`assignment`   new specimens → existing clusters
`agreement`    clusters compared with labels
`advice`       settings to try if there is much noise
`sweep`        clusterings with many settings, compared
`sweep_jobs`   sweeps as background jobs
`dendrograms`  cluster trees as drawings
`outputs`      clusters as files
`hdbscan`      neighbourhoods, spanning tree, condensed tree
=============  =============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
