"""The command line: `python -m core COMMAND`.

A command reads its flags, calls one function of `core`, and prints the result. Only the modules of
the called command are imported. Exit status: 0 done, 1 nothing done or a wrong argument, 3 some
specimens skipped.

================  ===================================
`main`            the parser; runs a command
`console`         progress, result lines, exit status
`config_file`     `--config`
`flags`           flags that several commands share
`matching_flags`  flags of view-by-view matching
`inputs`          files and runs given as arguments
`recipes`         a run's `config.json` as flags
`job_progress`    commands that run as jobs
`command_table`   which module holds a command
`commands`        the commands
================  ===================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
