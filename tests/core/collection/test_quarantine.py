"""Quarantine: every reason of the program has a kind, and every kind has its words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.collection import quarantined, take_inventory
from core.collection.quarantine import kind_of, kinds
from core.foundation import SpecimenError
from core.meshes import read_mesh
from core.views import read_photographs
from core.workspace import SpecimenRecord

BROKEN = {
    "empty.ply": (b"", "empty"),
    "no_vertices.ply": (b"ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nend_header\n", "empty"),
    "other.ply": (b"solid", "damaged"),
    "cut.off": (b"OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n", "cut"),
    "head.ply": (b"ply\nformat ascii 1.0\nelement vertex 3\n", "cut"),
    "one_place.off": (b"OFF\n3 1 0\n1 1 1\n1 1 1\n1 1 1\n3 0 1 2\n", "shape"),
    "beyond.off": (b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 9\n", "damaged"),
    "few.obj": (b"v 0 0 0\nv 1 0 0\nv 0 1 0\n", "shape"),
    "nothing.obj": (b"# a comment\n", "empty"),
    "short.stl": (b"12345", "damaged"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_kind_of__knows_what_readers_say(tmp_path: Path, name: str) -> None:
    """Return the reason that the reader gives."""
    data, kind = BROKEN[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SpecimenError) as caught:
        read_mesh(tmp_path / name)
    assert (kind_of(str(caught.value)), str(caught.value)) == (kind, str(caught.value))


def test_kind_of__knows_the_dirty_scans(shared: Path) -> None:
    """Every reason of the broken test files has a kind."""
    reasons = []
    for specimen in take_inventory(shared / "dirty_meshes").specimens:
        if specimen.is_image_folder:
            continue
        try:
            read_mesh(specimen.path)
        except SpecimenError as error:
            reasons.append(str(error))
    assert len(reasons) >= 5
    assert [reason for reason in reasons if kind_of(reason) == "other"] == []


def test_kind_of__knows_pictures_processes_and_memory(tmp_path: Path) -> None:
    """Reasons from outside the readers."""
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(SpecimenError) as caught:
        read_photographs([tmp_path / "a.png"], 32)
    assert kind_of(str(caught.value)) == "picture"
    said = {
        "crashed": "Reading or rendering it took its process down (abnormal termination).",
        "large": "There was not enough memory for it.",
        "changing": "The file changed while it was being read. Start the run again when nothing writes to it.",
        "numbers": "The backbone gave NaN or infinite values for it; try --precision fp32.",
        "invisible": "Nothing of the specimen can be seen in any view. Check the mesh in a viewer.",
        "access": "The file cannot be read (Permission denied).",
        "other": "Something nobody thought of.",
    }
    assert {kind: kind_of(reason) for kind, reason in said.items()} == {kind: kind for kind in said}


def test_kinds__have_words_in_every_language() -> None:
    """Every kind has an explanation and an advice."""
    from ui.words import LANGUAGES, say_in

    for code in LANGUAGES:
        for kind in kinds():
            for what in ("why", "do"):
                assert say_in(code, f"quarantine-{what}-{kind}")


def test_quarantined__sorts_by_kind() -> None:
    """The commonest kind comes first.

    Usable specimens are not included.
    """
    rng = np.random.default_rng(0)
    errors = {f"s{n}": "The file is cut short: it promises." for n in range(3)} | {"e": "The file is empty (0 bytes)."}
    names = [*errors, "good"]
    rng.shuffle(names)
    records = {name: SpecimenRecord("/in", name, f"/in/{name}.ply", error=errors.get(name, "")) for name in names}
    found = quarantined(records)
    assert [(one.specimen_id, one.kind) for one in found] == [
        ("s0", "cut"),
        ("s1", "cut"),
        ("s2", "cut"),
        ("e", "empty"),
    ]
    assert (found[3].reason, found[3].path) == ("The file is empty (0 bytes).", "/in/e.ply")
