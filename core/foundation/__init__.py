"""Foundation: errors, messages, progress and processes.

Errors carry a problem, an advice and their values, so that a screen can translate them. Progress is
one small protocol. This package knows nothing of specimens but their ids and imports no other
package of `core`.

===============  ==============================================
`errors`         the errors that `core` raises on purpose
`messages`       sentences with values: problems, advice, notes
`progress`       the progress protocol of long computations
`processes`      processors, child processes, ending them
`memory`         the memory that one process may take
`offline`        packages blocked from calling other machines
`versions`       versions of installed packages
`specimen_ids`   ids, their categories, their file names
`validation`     checks of settings
`compiled_code`  the folder of compiled functions
`compiling`      Numba with a cache that stops nothing
===============  ==============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
