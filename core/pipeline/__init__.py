"""The pipeline: from files to embeddings, neighbours and clusters, as one stream.

Child processes read and render specimens; this process extracts, pools and stores them in order. A
killed run loses the current specimen at most and resumes from its manifests. The same settings give
the same bytes.

==============  ========================================================
`run`           all stages as one named run
`configuration` what a run was made with, and what is being made
`stream`        specimens from file to embedding, one after the other
`preparation`   one specimen: read, check, render
`thumbnails`    small pictures, damaged ones found
`workers`       preparation in child processes
`stages`        single stages, folder to folder
`token_folders` dense tokens, kept apart from the features
`newcomers`     embeddings of files that are not part of a run
`reproduction`  repeat a run from its `config.json`
==============  ========================================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
