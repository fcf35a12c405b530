"""Table of all data of specimens, for sorting, filtering and export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.collection.curation import Curation
from core.collection.metadata import metadata_table
from core.foundation import category_of
from core.workspace import Catalogue, SpecimenRecord

if TYPE_CHECKING:
    import pandas as pd

FACTS = ("category", "kind", "vertices", "faces", "extent_x", "extent_y", "extent_z", "file_notes")
CURATED = ("tags", "sets", "notes")


def build_specimen_table(
    ids: Sequence[str], records: Mapping[str, SpecimenRecord], catalogue: Catalogue
) -> pd.DataFrame:
    """Return a table of file facts, tags, sets, notes and metadata of specimens.

    Parameters
    ----------
    ids : sequence of str
        N specimen ids, in the order of the rows.
    records : mapping
        Records of their files, by id; lengths in the units of the file.
    catalogue : Catalogue
        The catalogue of the workspace.

    Returns
    -------
    pandas.DataFrame
        N rows indexed by id (`specimen_id`): the columns `FACTS`, `CURATED`, then the metadata. A
        column of the metadata with the name of an earlier column is called `name (metadata)`.
    """
    import pandas as pd

    known = [records.get(name) or SpecimenRecord("", name, "") for name in ids]
    facts = {
        "category": [category_of(name) for name in ids],
        "kind": [record.kind for record in known],
        "vertices": [record.n_vertices for record in known],
        "faces": [record.n_faces for record in known],
        "extent_x": [record.extent_x for record in known],
        "extent_y": [record.extent_y for record in known],
        "extent_z": [record.extent_z for record in known],
        "file_notes": [record.notes for record in known],
    }
    curated = Curation(catalogue).table(ids)
    metadata = metadata_table(catalogue, ids)
    taken = {"specimen_id", *FACTS, *CURATED}
    metadata.columns = pd.Index([f"{name} (metadata)" if name in taken else name for name in metadata.columns])
    return pd.concat([pd.DataFrame(facts, index=curated.index), curated, metadata], axis=1)
