"""The workspace: its folders, its catalogue and what is remembered in it.

The catalogue is one SQLite file of specimens and jobs; runs are folders with a `config.json`. Long
work runs as jobs in child processes and reports to the catalogue. Nothing here knows how a mesh or
an embedding is made.

================  ====================================================
`paths`           which folder of a workspace holds what
`catalogue`       specimens, their state and errors, and jobs
`records`         rows of the catalogue, checked when read
`runs`            listing, renaming, deleting and annotating runs
`jobs`            background jobs: start, queue, watch, cancel, resume
`time_estimates`  speed of a stage and time left
`history`         which runs hold a specimen, since when
`selections`      selections of the screens, kept for a while
`preferences`     what the app remembers about a workspace
================  ====================================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
