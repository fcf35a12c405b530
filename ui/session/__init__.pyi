from .given_files import keep_file as keep_file, keep_photographs as keep_photographs
from .navigation import (
    SCREENS as SCREENS,
    ask_for_screen as ask_for_screen,
    go_to as go_to,
    go_where_asked as go_where_asked,
    link_to as link_to,
    screen_of as screen_of,
    search_from as search_from,
)
from .selection import (
    add_to_selection as add_to_selection,
    is_used_on as is_used_on,
    name_selection_in_address as name_selection_in_address,
    recall_selection as recall_selection,
    select as select,
    selected as selected,
    selected_in as selected_in,
    take_from_selection as take_from_selection,
    toggle_selected as toggle_selected,
    use_selection_on as use_selection_on,
)
from .state import (
    PROJECT as PROJECT,
    WORKSPACE_VARIABLE as WORKSPACE_VARIABLE,
    Collection as Collection,
    unusual_in_words as unusual_in_words,
)
