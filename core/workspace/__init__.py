"""The workspace: its folders, catalogue, runs and jobs.

The catalogue is one SQLite file of specimens and jobs; runs are folders with a `config.json`. Long
computations run as jobs in child processes and report to the catalogue. This package does not know
how a mesh is read or an embedding is computed.

================  ====================================================
`paths`           the folders of a workspace and of a run
`places`          paths that stay right if a workspace is moved
`relocation`      rows that follow their files when a workspace is moved
`catalogue`       specimens, their state and errors, and jobs
`records`         rows of the catalogue, checked when read
`runs`            listing, renaming, deleting and annotating runs
`jobs`            background jobs: start, queue, watch, cancel, resume
`time_estimates`  rate of a stage and time left
`history`         the runs that hold a specimen
`selections`      selections of the screens, kept for a while
`preferences`     preferences of the app, such as its language
================  ====================================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
