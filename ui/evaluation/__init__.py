"""The screen Evaluate.

Measures of retrieval by labels, several runs compared, and robustness to turning and damage.

==================  ======================================
`labels_form`       the labels to judge by
`evaluation_cache`  measures of a run, computed once
`measures_panel`    measures overall, by class, by level
`confusion_panel`   confusion matrix and worst queries
`comparison_panel`  several runs
`robustness_panel`  robustness
`charts`            plots
==================  ======================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
