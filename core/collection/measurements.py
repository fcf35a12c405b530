"""Measurements of specimens, kept in the catalogue by the SHA-256 of the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

from core.meshes import Measurements, Mesh, measure
from core.workspace import Catalogue

# Raise it where a number would come out otherwise: what was kept before is measured again.
VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS measurements (sha256 TEXT, version INTEGER, found TEXT, PRIMARY KEY (sha256, version));
"""


def measured(catalogue: Catalogue, sha256: str, read: Callable[[], Mesh]) -> Measurements:
    """Return the measurements of a file, taken once for its content.

    Parameters
    ----------
    catalogue : Catalogue
        Of the workspace, where they are kept.
    sha256 : str
        Of the specimen's file.
    read : callable
        Reads it, where it was not measured yet.

    Raises
    ------
    SpecimenError
        Where it cannot be read.
    """
    with catalogue.transaction(_SCHEMA) as connection:
        query = "SELECT found FROM measurements WHERE sha256 = ? AND version = ?"
        row = connection.execute(query, (sha256, VERSION)).fetchone()
    if row is not None:
        return Measurements(**json.loads(row[0]))
    found = measure(read())
    with catalogue.transaction(_SCHEMA) as connection:
        kept = (sha256, VERSION, json.dumps(asdict(found)))
        connection.execute("INSERT OR REPLACE INTO measurements VALUES (?, ?, ?)", kept)
    return found
