"""Evaluation of nearest neighbours by labels.

Every labelled specimen is a query; measures count how many of the nearest share its label. Runs are
compared on the same queries. Robustness is measured with rotated, decimated and damaged specimens.

============  ====================================
`retrieval`   NN, tiers, E, DCG, mAP, P@k
`metrics`     measures from ranks
`ranks`       ranks of the members of a class
`comparison`  runs on the same queries
`robustness`  searches for changed specimens
`outputs`     files
============  ====================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
