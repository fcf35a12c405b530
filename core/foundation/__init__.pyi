from .compiled_code import place_compiled_code as place_compiled_code
from .compiling import guarded_numba as guarded_numba, njit as njit
from .errors import (
    BusyError as BusyError,
    CoreError as CoreError,
    DeviceError as DeviceError,
    InputError as InputError,
    MisalignedEmbeddingsError as MisalignedEmbeddingsError,
    MissingStageError as MissingStageError,
    NewerVersionError as NewerVersionError,
    RendererError as RendererError,
    SettingError as SettingError,
    SpecimenError as SpecimenError,
    UnknownSpecimenError as UnknownSpecimenError,
    WeightsError as WeightsError,
    WorkspaceError as WorkspaceError,
    error_from_sentences as error_from_sentences,
)
from .memory import memory_share as memory_share, share_memory as share_memory
from .messages import (
    Reason as Reason,
    Sentences as Sentences,
    Value as Value,
    few_of as few_of,
    joined as joined,
    note as note,
    notes_as_json as notes_as_json,
    notes_from_json as notes_from_json,
    path_from_readable as path_from_readable,
    readable as readable,
    sentences_from_json as sentences_from_json,
)
from .offline import keep_offline as keep_offline
from .processes import (
    PROJECT as PROJECT,
    end_process_tree as end_process_tree,
    kill_process_group as kill_process_group,
    processors as processors,
    reap_children as reap_children,
    start_child as start_child,
)
from .progress import Progress as Progress, on_terminal as on_terminal, silent as silent
from .specimen_ids import (
    as_specimen_id as as_specimen_id,
    category_of as category_of,
    escaped_id as escaped_id,
    file_of_specimen as file_of_specimen,
    ids_of_names as ids_of_names,
    is_taken_id as is_taken_id,
    top_category_of as top_category_of,
)
from .validation import check_at_least as check_at_least, check_choice as check_choice
from .versions import installed_version as installed_version
