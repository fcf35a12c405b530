"""The screens Specimens and Specimen.

Adding specimens, starting a run, the list of all specimens, and the sheet of one. Folders can be
watched; what failed is listed with its reason.

=================  ========================================
`folder_picker`    choose a folder
`upload_form`      upload files
`start_form`       settings of a run
`watch_panel`      a watched folder
`metadata_import`  a table of metadata
`quarantine`       specimens that failed
`specimen_list`    all specimens as cards or table
`specimen_header`  name and 3D view of one specimen
`specimen_sheet`   its measurements, views and history
`view_pictures`    its views
`curation_form`    its tags, sets and note
`duplicates`       the same scan under two names
=================  ========================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
