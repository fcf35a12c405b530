"""The screens Clusters and Sweep.

Sliders tune a clustering that shares a cache. Labels of clusters, members, trees and advice stand
beside it. A sweep tries many settings in the background.

==============  ===================================
`components`    what both screens share
`work`          the clustering shown, and its cache
`labels`        agreement with labels
`members`       members of a cluster
`trees`         condensed tree and dendrogram
`charts`        plots of clusters
`sweep_view`    the sweep
`sweep_charts`  plots of a sweep
==============  ===================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
