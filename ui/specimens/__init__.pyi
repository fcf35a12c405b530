from .curation_form import edit_curation as edit_curation, edit_metadata as edit_metadata
from .duplicates import MOST_OF_A_GROUP as MOST_OF_A_GROUP, show_look_alikes as show_look_alikes
from .metadata_import import import_metadata as import_metadata
from .quarantine import show_quarantine as show_quarantine
from .specimen_header import (
    offer_specimens as offer_specimens,
    show_header as show_header,
    show_in_3d as show_in_3d,
)
from .specimen_list import show_pictures as show_pictures, show_table as show_table
from .specimen_sheet import (
    show_history as show_history,
    show_measurements as show_measurements,
    show_surroundings as show_surroundings,
    show_views as show_views,
)
from .start_form import show_start_form as show_start_form
from .upload_form import choose_source as choose_source
from .watch_panel import choose_watching as choose_watching, show_new_specimens as show_new_specimens
