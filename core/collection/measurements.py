"""Measurements of specimens, kept in the catalogue by the SHA-256 of the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

from core.meshes import Measurements, Mesh, measure
from core.workspace import Catalogue

# Raise it if a measurement changes, so that specimens are measured again.
VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS measurements (sha256 TEXT, version INTEGER, found TEXT, PRIMARY KEY (sha256, version));
"""


def measured(catalogue: Catalogue, sha256: str, read: Callable[[], Mesh]) -> Measurements:
    """Return the measurements of a file, computed once for its content.

    Parameters
    ----------
    catalogue : Catalogue
        The catalogue of the workspace, which keeps them.
    sha256 : str
        SHA-256 of the specimen's file.
    read : callable
        Reads the mesh if it has no measurements yet.

    Raises
    ------
    SpecimenError
        If the mesh cannot be read.
    """
    with catalogue.transaction(_SCHEMA) as connection:
        query = "SELECT found FROM measurements WHERE sha256 = ? AND version = ?"
        row = connection.execute(query, (sha256, VERSION)).fetchone()
    if row is not None:
        return Measurements(**json.loads(row[0]))
    measurements = measure(read())
    with catalogue.transaction(_SCHEMA) as connection:
        row = (sha256, VERSION, json.dumps(asdict(measurements)))
        connection.execute("INSERT OR REPLACE INTO measurements VALUES (?, ?, ?)", row)
    return measurements
