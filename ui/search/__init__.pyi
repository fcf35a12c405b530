from .form_differences import settings_of_form as settings_of_form, show_differences as show_differences
from .queries import (
    Outsider as Outsider,
    Question as Question,
    answer as answer,
    ask_for_file as ask_for_file,
    forget_outsider as forget_outsider,
    matching_views as matching_views,
    outsider_in_hand as outsider_in_hand,
)
from .search_form import WHITENED as WHITENED, ask_how as ask_how, describe_filters as describe_filters
