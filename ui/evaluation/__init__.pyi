from .comparison_panel import as_table as as_table, show_comparison as show_comparison
from .evaluation_charts import (
    comparison_figure as comparison_figure,
    confusion_figure as confusion_figure,
    difference_figure as difference_figure,
    robustness_figure as robustness_figure,
)
from .robustness_panel import show_robustness as show_robustness
