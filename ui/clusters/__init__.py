"""The screens Clusters and Sweep.

Sliders tune a clustering that shares a cache. Labels of clusters, members, trees and advice stand
beside it. A sweep tries many settings in the background.

==================  ===================================
`settings_form`     the controls
`clustering_cache`  clusterings of a run, computed once
`summary`           numbers, sizes, clusters kept
`advice`            steps to try if much is noise
`assignment`        the cluster of a file from outside
`members`           members of a cluster
`trees`             condensed tree and dendrogram
`components`        principal components
`labels`            agreement with labels
`charts`            plots of clusters
`sweep_form`        starts a sweep and watches it
`sweep_view`        the result of a sweep
`sweep_charts`      plots of a sweep
==================  ===================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
