from .columns import (
    ask_for_labels_file as ask_for_labels_file,
    choose_labels as choose_labels,
    colouring_of as colouring_of,
    columns_of as columns_of,
    columns_stamp as columns_stamp,
)
from .figures import show_figure as show_figure
from .gallery import Card as Card, card_of as card_of, data_uri as data_uri, show_gallery as show_gallery
from .keys import FIND_KEY as FIND_KEY, listen_to_keys as listen_to_keys
from .long_gallery import show_long_gallery as show_long_gallery
from .notices import tell_of_ends as tell_of_ends
from .table_filters import browse as browse, column_name as column_name, listed as listed
from .viewer import show_specimens as show_specimens, warm_up_viewer as warm_up_viewer
from .viewer_specimens import (
    ViewerSpecimen as ViewerSpecimen,
    choose_beside as choose_beside,
    viewer_specimen as viewer_specimen,
)
