"""The collection: the specimens of an input folder and their data.

An inventory lists the specimens of an input folder with their ids; files come in by uploads,
archives or a watched folder. Labels, metadata, tags, notes and measurements are kept by specimen
id. Input files are never changed.

===================  ==========================================
`inventory`          specimens of a folder and their ids
`file_kinds`         kinds of files that are not read, by suffix
`known`              specimens in a folder or in a run
`stamps`             states of files, without reading them
`unread`             files of an input folder that are not read
`model_pictures`     textures and previews of models
`uploads`            uploaded files, checked by content
`archives`           ZIP files unpacked safely
`browsing`           folders that the app may read
`watching`           watch a folder for new scans
`quarantine`         specimens that cannot be used, by reason
`labels`             labels from a CSV or from categories
`metadata`           columns of numbers and text by specimen id
`metadata_matching`  rows of a table → specimens
`column_choice`      the column that tells the specimens
`matching_ways`      by id, file name, catalogue number
`conditions`         conditions on columns
`curation`           named sets, tags, notes
`measurements`       measurements kept by file content
`specimen_table`     all data of specimens as one table
`synthetic`          synthetic specimens with metadata
===================  ==========================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
