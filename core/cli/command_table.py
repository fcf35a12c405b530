"""Table of all commands: the module of each, and its line in `--help`."""

# Module → command → help text, in the order of `--help`.
COMMANDS = {
    "prepare": {
        "samples": "make synthetic specimens for trying out the program",
        "render": "render meshes into views",
        "extract": "extract view features from views",
        "pool": "pool view features into embeddings",
        "run": "run all stages as one stream, into a named run",
    },
    "search": {
        "search": "list the nearest specimens of one specimen, or of a file",
    },
    "retrieve": {
        "index": "build an index for fast search in large collections",
        "explain": "draw the pairs of views by which two specimens match best",
        "register": "align one mesh to another and measure their differences",
        "duplicates": "find scans that are in the collection twice",
    },
    "judge": {
        "compare": "compare the retrieval quality of several runs, by the same queries",
        "robustness": "search for specimens after turning or damaging them",
    },
    "analyse": {
        "search-all": "list the nearest specimens of every specimen",
        "cluster": "group similar specimens into clusters",
        "cluster-sweep": "try many cluster settings and keep the best",
        "evaluate": "measure retrieval quality against labels",
    },
    "maps": {
        "map": "map all specimens in 2 or 3 dimensions, similar ones close together",
    },
    "curate": {
        "metadata": "import metadata from a CSV or Excel file",
        "measure": "measure extents, area, volume and centroid size of specimens",
        "table": "write all data on specimens as CSV: files, tags, sets, notes, metadata",
    },
    "sets": {
        "tags": "list, add and remove tags of specimens; write them as CSV",
        "sets": "list, create and delete named sets of specimens; write them as CSV",
    },
    "manage": {
        "jobs": "list background jobs; cancel or resume one",
        "runs": "list the runs of a workspace; rename, delete or annotate one",
        "reproduce": "repeat a run from its --config …/config.json",
        "watch": "process new scans in a folder as they arrive",
        "report": "write a page and all tables of a run, for a supplement",
    },
    "pictures": {
        "turntable": "animate one full rotation of a specimen, as GIF or MP4",
    },
    "machine": {
        "doctor": "check what works on this machine and what is missing",
        "repair": "find damaged parts of a workspace and make them again",
        "backbones": "list the backbones, and which weights are on this machine",
    },
}
