"""FossilViT Explorer: 3D scans of fossils to similar fossils, groups and maps.

    mesh → views → features → embedding → neighbours, clusters, map

A package imports only from packages above it in this table. The `__init__` of a package documents
it and exports its public names; code outside the package imports these names alone. `lint-imports`
checks both rules.

==============  =============================================================
`foundation`    errors, messages, progress, processes
`storage`       atomic files, manifests, tables
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
`doctor`        checks of this machine, repair of workspaces
`cli`           the command line
==============  =============================================================

Nothing here imports streamlit. Heavy packages are imported by the functions that use them.
"""

from core.foundation import place_compiled_code

__version__ = "0.1.0"

place_compiled_code()
