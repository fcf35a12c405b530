from .advice import show_advice as show_advice
from .assignment import show_assignment as show_assignment
from .clustering_cache import cached_clustering as cached_clustering
from .components import show_components as show_components
from .labels import show_agreement as show_agreement, show_misfits as show_misfits
from .members import show_groups as show_groups, show_noise as show_noise, show_soft as show_soft
from .settings_form import CONTROLS as CONTROLS, ask_for_settings as ask_for_settings
from .summary import show_summary as show_summary
from .sweep_charts import brushed_trials as brushed_trials, sweep_parallel as sweep_parallel
from .sweep_form import (
    show_failure as show_failure,
    start_from_form as start_from_form,
    watch_sweep as watch_sweep,
)
from .sweep_view import show_sweep as show_sweep
from .trees import show_trees as show_trees
