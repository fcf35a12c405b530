"""From a folder of 3D scans to similar fossils, groups and maps.

    meshes → views → features → embeddings → neighbours
    (files)  (images) (per view)  (per specimen) ↘ clusters
                                                 ↘ map

Every stage is a module that reads alike: settings, result, one public verb, helpers.

===============  =====================================================================
`inventory`      what is in an input folder: specimens and their ids
`meshes`         read, check and normalise a specimen; knows the file `formats`
`poses`          where the cameras stand
`views`          a specimen → images, by one of the `renderers`; `photographs` are views too
`backbones`      the registry of networks; `weights`, `checkpoints`, `positions`, `joined`
`features`       images → view features (V, D): `tokens` by one of the `engines`, `classical`, `dense`
`pooling`        view features → embedding (D,)
`embeddings`     ids and matrix, read and written together
`neighbours`     who is like whom: `nearest` exactly (`screening`), by `indexes`, several `queries`, within `filters`
`matching`       sets of views instead of embeddings: `whitening` (kept: `projections`), `turns`, `reranking`;
                 `explanation` says why, `patches` where
`newcomers`      files from outside, described as a run describes its own; `registration` lays them on
`duplicates`     the same scan under several names
`evaluation`     how good neighbours are, judged by `labels`; `comparison` of runs
`reduction`      normalising and PCA; `blocks`, `spanning`, `cluster_trees`, `groundwork` are shared by
`clusters`       which groups there are (`cluster_settings`, `cluster_methods`); `sweep` tries many
`members`        who stands for a group; `assignment`, `agreement` with labels, `guidance`
`maps`           where everything lies in two or three dimensions; `map_files`, `cluster_files` write answers
`samples`        synthetic specimens to try all of this with
`previews`       decimated meshes for the screen; `scenes` and `openness` make them 3D pictures
`curvature`      how much a surface bends; `textures` are laid over previews; `turntable` turns once around
`stages`         one folder to the next; `workers` prepare specimens in child processes
`pipeline`       all stages in order as one `stream` into a `workspace`, noted in its `catalogue`
`jobs`           a run in a child process: start, watch, cancel; `processes`, `progress`
`metadata`       what people know of specimens, from `tables` by `metadata_matching`; `conditions` choose
`curation`       named sets, tags, notes; `measurements`, `history`; all in one `build_specimen_table`
`results`        what a command has answered is not worked out again; `storage`, `caches`, `errors`, `preferences`
`doctor`         what works on this machine, by `probes`; `cli` and `commands` are the command line
===============  =====================================================================

Nothing here imports streamlit, and nothing heavy is imported before it is used.
"""

__version__ = "0.1.0"
