from .catalogue import Catalogue as Catalogue
from .history import history_of as history_of
from .jobs import (
    JobProgress as JobProgress,
    cancel as cancel,
    current_job as current_job,
    last_lines as last_lines,
    log_of as log_of,
    queue_job as queue_job,
    queue_specimens as queue_specimens,
    queued_jobs as queued_jobs,
    resume as resume,
    run_queue as run_queue,
    start_next_job as start_next_job,
    write_ids as write_ids,
)
from .paths import (
    CONFIG_FORMAT as CONFIG_FORMAT,
    RunFolder as RunFolder,
    Workspace as Workspace,
    embeddings_made_with as embeddings_made_with,
    features_made_with as features_made_with,
    open_workspace as open_workspace,
)
from .places import inside as inside, present_input as present_input
from .preferences import (
    PREFERENCES_FILE as PREFERENCES_FILE,
    put_preference as put_preference,
    read_preferences as read_preferences,
)
from .records import (
    DamagedRowError as DamagedRowError,
    JobRecord as JobRecord,
    SpecimenRecord as SpecimenRecord,
    StageProgress as StageProgress,
)
from .runs import (
    COMPLETE as COMPLETE,
    NOTES_FILE as NOTES_FILE,
    RunFacts as RunFacts,
    delete_run as delete_run,
    describe_run as describe_run,
    existing_run as existing_run,
    finish_deletions as finish_deletions,
    hashes_of as hashes_of,
    list_runs as list_runs,
    mapping_of as mapping_of,
    pictures_of_run as pictures_of_run,
    rename_run as rename_run,
    size_on_disk as size_on_disk,
    write_notes as write_notes,
)
from .selections import new_token as new_token, read_selection as read_selection, write_selection as write_selection
from .time_estimates import estimate_time as estimate_time, time_left as time_left
