from .charts import sizes_figure as sizes_figure
from .components import show_components as show_components
from .labels import show_agreement as show_agreement, show_misfits as show_misfits
from .members import name_of as name_of, show_groups as show_groups, show_noise as show_noise, show_soft as show_soft
from .sweep_charts import brushed_trials as brushed_trials, sweep_parallel as sweep_parallel
from .sweep_view import show_sweep as show_sweep
from .trees import show_trees as show_trees
from .work import (
    CONTROLS as CONTROLS,
    found_clusters as found_clusters,
    groundwork as groundwork,
    kept_clusters as kept_clusters,
    take_settings as take_settings,
)
