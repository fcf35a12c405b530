"""What works on this machine and in this workspace, and how to mend it.

The machine is probed in child processes: renderers, devices, engines, weights, viewer. A workspace
is looked over for damage, and what can be made again is. A damaged catalogue keeps every row that
can be read.

===========  =====================================
`machine`    what works here and what is missing
`probes`     small trials, each in a child process
`workspace`  damage in a workspace, and its repair
`catalogue`  rows saved from a damaged catalogue
===========  =====================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
