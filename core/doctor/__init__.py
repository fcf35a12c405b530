"""Checks of this machine and of a workspace, with remedies and repair.

The machine is probed in child processes: renderers, devices, engines, weights, viewer. A workspace
is examined for damage, and files that can be recomputed are repaired. A new catalogue keeps every
row of a damaged one that can be read.

===========  =====================================
`machine`    what works here and what is missing
`probes`     small probes, each in a child process
`workspace`  damage in a workspace, and its repair
`files`      damaged files of runs and specimens
`catalogue`  rows recovered from a damaged catalogue
===========  =====================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
