"""Evaluation: how good the neighbours are, judged by labels.

Every labelled specimen is a query; measures count how many of the nearest share its label. Runs are
compared on the same queries. Robustness turns, thins and damages specimens and looks for them
again.

============  ====================================
`retrieval`   NN, tiers, E, DCG, mAP, P@k
`metrics`     the measures from ranks
`ranks`       ranks of the members of a class
`comparison`  several runs on the same queries
`robustness`  changed specimens searched for again
`outputs`     all of it as files
============  ====================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
