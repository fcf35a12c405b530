"""From a folder of 3D scans to similar fossils, groups and maps.

    meshes → views → features → embeddings → neighbours
    (files)  (images) (per view)  (per specimen) ↘ clusters
                                                 ↘ map

Every stage is a module that reads alike: settings, result, one public verb, helpers.

=============  =======================================================================
`inventory`    what is in an input folder: specimens and their ids
`meshes`       read, check and normalise a specimen; knows the file formats
`poses`        where the cameras stand
`views`        a specimen → images, by one of the `renderers`
`backbones`    the registry of networks, their `weights` and `positions`; `classical` has none
`features`     images → view features (V, D), run by one of the `engines`
`pooling`      view features → embedding (D,)
`embeddings`   ids and matrix, read and written together
`neighbours`   who is like whom
`evaluation`   how good that is, judged by `labels`
`clusters`     which groups there are, after `reduction`; `sweep` tries many settings
`maps`         where everything lies in two or three dimensions
`samples`      synthetic specimens to try all of this with
`stages`       one folder to the next; `workers` prepare specimens in child processes
`pipeline`     all stages in order as one stream into a `workspace`, noted in its `catalogue`
`jobs`         a run in a child process: start, watch, cancel
`doctor`       what works on this machine
=============  =======================================================================

Nothing here imports streamlit, and nothing heavy is imported before it is used.
"""

__version__ = "0.1.0"
