from .neighbour_list import show_neighbours as show_neighbours
from .pair_view import show_pair as show_pair
from .queries import Question as Question, answer as answer
from .query_files import (
    QueryFile as QueryFile,
    current_query_file as current_query_file,
    embedding_of_query_file as embedding_of_query_file,
    show_query_file as show_query_file,
)
from .query_form import (
    ask_for_specimen as ask_for_specimen,
    offer_specimens as offer_specimens,
    take_selection as take_selection,
)
from .search_form import WHITENED as WHITENED, ask_question as ask_question
