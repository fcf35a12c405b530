"""Storage: atomic files, manifests, tables.

A file is written under a temporary name and renamed when it is complete. A manifest records what a
stage finished and from which inputs, so that finished work is not done again. Tables are read from
CSV in several encodings and from Excel.

==============  ===============================================
`files`         atomic writes of bytes, JSON, CSV and arrays
`fingerprints`  hashes of settings, inputs and files
`durability`    files and folders that survive a power failure
`manifest`      what a stage finished in a folder, with size and hash
`outputs`       results that are written once per fingerprint
`caches`        the folder of results that can be recomputed
`tables`        CSV and Excel tables
`encodings`     text in UTF-8, UTF-16, Windows-1252, Shift-JIS
`delimited`     rows of CSV files and their separator
`workbooks`     rows of Excel files, within bounds
`shown`         numbers as a spreadsheet shows them
`numbers`       columns of text as numbers
`headers`       names of columns that tell the specimen
`spreadsheets`  CSV that a spreadsheet does not run as formulas
`images`        limits and suffixes of image files, opening
==============  ===============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
