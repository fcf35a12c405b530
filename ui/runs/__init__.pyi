from .job_history import show_job_history as show_job_history
from .job_panel import (
    last_job_of as last_job_of,
    show_failure as show_failure,
    show_job as show_job,
    show_job_in_sidebar as show_job_in_sidebar,
    show_last_job as show_last_job,
    watch_job as watch_job,
)
from .run_list import choose_from_runs as choose_from_runs, show_run as show_run
