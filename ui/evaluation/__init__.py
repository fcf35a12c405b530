"""The screen Evaluate.

Measures of retrieval by labels, several runs compared, and robustness to turning and damage.

===================  ============
`evaluation_charts`  plots
`comparison_panel`   several runs
`robustness_panel`   robustness
===================  ============
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
