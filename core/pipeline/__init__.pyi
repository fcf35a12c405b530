from .newcomers import Describer as Describer, Newcomer as Newcomer, feature_settings_of as feature_settings_of
from .preparation import Failure as Failure, Prepared as Prepared, Task as Task, prepare as prepare
from .reproduction import (
    changes_of_input as changes_of_input,
    free_name as free_name,
    is_run_config as is_run_config,
    read_recipe as read_recipe,
    reproduce as reproduce,
)
from .run import (
    RunReport as RunReport,
    RunSettings as RunSettings,
    run_pipeline as run_pipeline,
    unusual_settings as unusual_settings,
)
from .stages import (
    extract_folder as extract_folder,
    manifest_of_views as manifest_of_views,
    pool_folder as pool_folder,
    render_folder as render_folder,
    search_folder as search_folder,
)
from .thumbnails import Thumbnails as Thumbnails
from .workers import default_workers as default_workers, prepare_all as prepare_all
