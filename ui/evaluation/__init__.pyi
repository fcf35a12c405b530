from .charts import (
    comparison_figure as comparison_figure,
    confusion_figure as confusion_figure,
    difference_figure as difference_figure,
    robustness_figure as robustness_figure,
)
from .comparison_panel import as_table as as_table, show_comparison as show_comparison
from .confusion_panel import show_confusion as show_confusion, show_worst as show_worst
from .evaluation_cache import cached_evaluation as cached_evaluation
from .labels_form import ask_for_labels as ask_for_labels
from .measures_panel import (
    show_classes as show_classes,
    show_levels as show_levels,
    show_measures as show_measures,
    show_votes as show_votes,
)
from .robustness_panel import show_robustness as show_robustness
