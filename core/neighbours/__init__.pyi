from .combined_queries import (
    COMBINATIONS as COMBINATIONS,
    SeveralSettings as SeveralSettings,
    search_several as search_several,
)
from .duplicates import (
    IDENTICAL as IDENTICAL,
    Duplicates as Duplicates,
    DuplicateSettings as DuplicateSettings,
    duplicates_into as duplicates_into,
    find_duplicates as find_duplicates,
    write_duplicates as write_duplicates,
)
from .exact import NEIGHBOUR_METRICS as NEIGHBOUR_METRICS, NearestRows as NearestRows, ranks_of as ranks_of
from .filters import Filters as Filters, apply_filters as apply_filters
from .indexes import (
    KINDS as KINDS,
    IndexSettings as IndexSettings,
    build_index as build_index,
    is_written as is_written,
    measure_recall as measure_recall,
    read_index as read_index,
    write_index as write_index,
)
from .ranking import Ranking as Ranking
from .search import (
    COLUMNS as COLUMNS,
    Neighbours as Neighbours,
    Searcher as Searcher,
    SearchSettings as SearchSettings,
    file_name_of_search as file_name_of_search,
    find_neighbours as find_neighbours,
    resolve_id as resolve_id,
    unknown_specimen as unknown_specimen,
    write_neighbours as write_neighbours,
)
