"""Files that are whole or not there, and what is noted beside them.

A file is written under a temporary name and renamed when it is complete. A manifest records what a
stage finished and from which inputs, so that finished work is not done again. Tables are read as
people write them: CSV in several encodings, Excel.

==============  ===============================================
`files`         atomic writes of bytes, JSON, CSV and arrays
`fingerprints`  hashes of settings, inputs and files
`manifest`      what a stage finished in a folder
`outputs`       an answer that is there is not made again
`caches`        folders of what can be made again
`tables`        CSV and Excel tables
`spreadsheets`  CSV that a spreadsheet does not run as formulas
`images`        limits and suffixes of image files
==============  ===============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
