from .comparison import Comparison as Comparison, compare_runs as compare_runs
from .metrics import MEASURES as MEASURES, measures_of_ranks as measures_of_ranks
from .outputs import (
    comparison_into as comparison_into,
    evaluate_categories_into as evaluate_categories_into,
    evaluate_into as evaluate_into,
    robustness_into as robustness_into,
)
from .retrieval import (
    EVALUATION_METRICS as EVALUATION_METRICS,
    Evaluation as Evaluation,
    EvaluationSettings as EvaluationSettings,
    evaluate as evaluate,
    write_evaluation as write_evaluation,
)
from .robustness import (
    CHANGES as CHANGES,
    RobustnessResult as RobustnessResult,
    RobustnessSettings as RobustnessSettings,
    read_robustness as read_robustness,
    write_robustness as write_robustness,
)
