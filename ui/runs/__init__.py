"""The screen Runs.

Runs with their settings, jobs with their progress, and reports.

==============  ===================
`run_list`      the runs
`job_panel`     the job in progress
`job_history`   jobs that ended
`report_panel`  makes a report
==============  ===================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
