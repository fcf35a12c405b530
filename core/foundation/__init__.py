"""What every other package needs and nothing of the field.

Errors carry a problem, an advice and their values, so that a screen can translate them. Progress is
one small protocol. This package imports no other package of `core`.

==============  ==============================================
`errors`        the errors that `core` raises on purpose
`messages`      sentences with values: problems, advice, notes
`progress`      how long work tells how far it is
`processes`     processors, child processes, how they end
`offline`       packages kept from calling other machines
`specimen_ids`  ids, their categories, their file names
`validation`    checks of settings
==============  ==============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
