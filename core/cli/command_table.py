"""The table of commands: which module holds each, and what `--help` says of it."""

# Module → command → what it does, in the order in which `--help` lists them.
COMMANDS = {
    "prepare": {
        "samples": "make synthetic specimens to try everything with",
        "render": "meshes → views",
        "extract": "views → view features",
        "pool": "view features → embeddings",
        "run": "all stages as one stream into a named run",
    },
    "search": {
        "search": "the nearest specimens of one specimen, or of a file",
    },
    "retrieve": {
        "index": "an index, so that large collections answer fast",
        "explain": "a picture of the views by which two match",
        "register": "one mesh laid onto another, and their differences",
        "duplicates": "the same scan under two names",
    },
    "judge": {
        "compare": "several runs judged by the same queries",
        "robustness": "who still finds itself when turned or damaged",
    },
    "analyse": {
        "search-all": "the nearest specimens of every specimen",
        "cluster": "which groups there are",
        "cluster-sweep": "many cluster settings, and the best of them",
        "evaluate": "how good the neighbours are, judged by labels",
    },
    "maps": {
        "map": "where every specimen lies, near to what it is like",
    },
    "curate": {
        "metadata": "bring metadata in from a CSV or Excel file",
        "measure": "extents, area, volume, centroid size of specimens",
        "table": "everything known of specimens as CSV: files, tags, sets, notes, metadata",
    },
    "sets": {
        "tags": "the tags of specimens; add, remove, write as CSV",
        "sets": "named sets of specimens; keep, delete, write as CSV",
    },
    "manage": {
        "jobs": "what is at work, what waits, what ended how",
        "runs": "the runs of a workspace; rename, delete, annotate one",
        "reproduce": "a run once more from its --config …/config.json",
        "watch": "take up scans that come into a folder",
        "report": "a page and all tables of a run, for a supplement",
    },
    "pictures": {
        "turntable": "a specimen that turns once around, GIF or MP4",
    },
    "machine": {
        "doctor": "what works on this machine, what is missing",
        "repair": "make damaged parts of a workspace again",
        "backbones": "the backbones and what is at hand",
    },
}
