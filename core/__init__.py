"""FossilViT Explorer: from a folder of 3D scans to similar fossils, groups and maps.

    mesh → views → features → embedding → neighbours, clusters, map

Data flow down one stair: a package imports only from packages above it in this table. Every package
has a face, its `__init__`, which says what it holds and hands its public names on; code outside
imports from the face alone. `lint-imports` checks both.

==============  =============================================================
`foundation`    errors, messages, progress, processes
`storage`       files that are whole or not there, manifests, tables
`workspace`     folders, catalogue, runs, jobs
`meshes`        reading, checks, measurements, registration
`backbones`     networks, weights, engines
`embeddings`    ids and matrix, pooling, principal components
`views`         cameras, renderers, photographs
`collection`    inventory, uploads, labels, metadata, synthetic specimens
`features`      extractors: images → view features
`neighbours`    exact search, indexes, filters, duplicates
`matching`      view-by-view comparison, re-ranking, explanation
`maps`          coordinates, colours, pictures
`scenes`        3D viewer, previews, turntables
`evaluation`    retrieval by labels, comparison of runs, robustness
`clusters`      HDBSCAN and others, members, sweeps
`pipeline`      all stages as one stream, reproduction
`report`        a run as a page for a supplement
`doctor`        what works on this machine; damaged workspaces
`cli`           the command line
==============  =============================================================

Nothing here imports streamlit. Heavy packages are imported by the functions that use them.
"""

__version__ = "0.1.0"
