"""Inventory: every specimen below a folder, its id, and what was left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from core.collection import take_inventory
from core.foundation import InputError, file_of_specimen


def touch(folder: Path, *names: str | bytes) -> None:
    """Make empty files."""
    for name in names:
        path = Path(os.fsdecode(os.path.join(os.fsencode(folder), os.fsencode(name))))  # noqa: PTH118 bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def ids_of(folder: Path) -> list[str]:
    """Return the ids below a folder."""
    return [specimen.specimen_id for specimen in take_inventory(folder).specimens]


def test_take_inventory__names_specimens_by_folder_and_stem(tmp_path: Path) -> None:
    """All formats, any case, at any depth, sorted by id."""
    touch(tmp_path, "b.PLY", "Molars/Tarsius/a1.obj", "Molars/a.v2.Stl", "Shells/x.off", "notes.txt", "Shells/x.mtl")
    assert ids_of(tmp_path) == ["Molars/Tarsius/a1", "Molars/a.v2", "Shells/x", "b"]


def test_take_inventory__leaves_out_what_is_hidden(tmp_path: Path) -> None:
    """Files of the system and files that are being written are no specimens."""
    touch(tmp_path, "a.ply", ".b.ply", ".writing-1-x.ply", ".cache/c.ply", "._a.ply")
    assert ids_of(tmp_path) == ["a"]


def test_take_inventory__lets_doubles_keep_their_suffix(tmp_path: Path) -> None:
    """Two files of one id keep their suffix, and a warning says so."""
    touch(tmp_path, "M/a.ply", "M/a.obj", "M/b.ply")
    inventory = take_inventory(tmp_path)
    assert [specimen.specimen_id for specimen in inventory.specimens] == ["M/a.obj", "M/a.ply", "M/b"]
    assert inventory.warnings == ("a.obj, a.ply would share the id M/a; they keep their suffix in their ids.",)


def test_take_inventory__lets_doubles_of_doubles_keep_theirs(tmp_path: Path) -> None:
    """An id made longer may be another file's own: that one becomes longer too."""
    touch(tmp_path, "a.ply", "a.obj", "a.ply.obj")
    assert ids_of(tmp_path) == ["a.obj", "a.ply", "a.ply.obj"]


@given(
    names=st.sets(
        st.sampled_from(
            [
                f"{stem}{end}"
                for stem in ("a", "a.ply", "d/a")
                for end in (".ply", ".PLY", ".obj", ".obj.ply", "/1.png", ".ply/2.jpg")
            ]
        ),
        min_size=1,
    )
)
def test_take_inventory__never_gives_an_id_twice(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    """However the names collide, ids are unique and none is lost."""
    folder = tmp_path_factory.mktemp("inventory")
    files = [name for name in sorted(names) if not any(other.startswith(f"{name}/") for other in names)]
    touch(folder, *files)
    inventory = take_inventory(folder)
    ids = [specimen.specimen_id for specimen in inventory.specimens]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    meshes = [name for name in files if not name.endswith((".png", ".jpg"))]
    assert sum(not specimen.is_image_folder for specimen in inventory.specimens) == len(meshes)


def test_take_inventory__takes_a_folder_of_images_for_one_specimen(tmp_path: Path) -> None:
    """Its images are the views.

    Beside meshes they are textures.
    """
    touch(tmp_path, "Crabs/c1/front.jpg", "Crabs/c1/back.TIF", "Crabs/c2/scan.ply", "Crabs/c2/skin.png")
    inventory = take_inventory(tmp_path)
    assert [specimen.specimen_id for specimen in inventory.specimens] == ["Crabs/c1", "Crabs/c2/scan"]
    assert [path.name for path in inventory.specimens[0].images] == ["back.TIF", "front.jpg"]


@pytest.mark.parametrize(
    "name", ["a\nb.ply", "a\rb.ply", "a\u2028b.ply", "a\\b.ply", b"a\xffb.ply", "\x1b[31m.ply", "\ufeffa.ply"]
)
def test_take_inventory__writes_impossible_characters_as_digits(tmp_path: Path, name: str | bytes) -> None:
    """Names that would break ids.txt or leave a folder still give a usable id."""
    touch(tmp_path, name)
    (found,) = ids_of(tmp_path)
    assert "%" in found
    assert found.encode("utf-8").decode().splitlines() == [found]
    file_of_specimen(tmp_path, found, ".npy")


def test_take_inventory__leaves_out_links_to_elsewhere(tmp_path: Path) -> None:
    """Links out of the input folder are left out with a warning."""
    touch(tmp_path, "outside.ply", "in/a.ply")
    (tmp_path / "in" / "link.ply").symlink_to(tmp_path / "outside.ply")
    (tmp_path / "in" / "inner.ply").symlink_to(tmp_path / "in" / "a.ply")
    inventory = take_inventory(tmp_path / "in")
    assert [specimen.specimen_id for specimen in inventory.specimens] == ["a", "inner"]
    assert inventory.warnings == ("link.ply is a link out of the input folder and was left out.",)


def test_take_inventory__leaves_out_pictures_from_elsewhere_and_circles(tmp_path: Path) -> None:
    """Links of photographs are checked like those of meshes.

    So are circular links.
    """
    touch(tmp_path, "outside.png", "in/a/1.png")
    (tmp_path / "in" / "a" / "2.png").symlink_to(tmp_path / "outside.png")
    (tmp_path / "in" / "b").mkdir()
    (tmp_path / "in" / "b" / "1.png").symlink_to(tmp_path / "outside.png")
    (tmp_path / "in" / "circle.ply").symlink_to(tmp_path / "in" / "circle.ply")
    inventory = take_inventory(tmp_path / "in")
    assert [(its.specimen_id, [path.name for path in its.images]) for its in inventory.specimens] == [("a", ["1.png"])]
    names = ("circle.ply", "a/2.png", "b/1.png")
    assert inventory.warnings == tuple(f"{name} is a link out of the input folder and was left out." for name in names)


def test_take_inventory__tells_of_folders_it_cannot_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without permission is a warning."""
    touch(tmp_path, "a.ply", "locked/b.ply")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    inventory = take_inventory(tmp_path)
    assert len(inventory.specimens) == 1
    assert "locked cannot be read (Permission denied) and was left out" in inventory.warnings[0]


@pytest.mark.parametrize(
    ("files", "prose"),
    [
        ((), r"The input folder .* is empty\. Meshes and point clouds end in \.ply \.obj \.stl or \.off"),
        (("a.txt", "b.txt", "c.md", "README"), r"holds no specimens, only other files \(2 \.txt, 1 "),
        (("a.jpg",), r"only other files \(1 \.jpg\).*Photographs of a specimen go into a folder of their own"),
    ],
)
def test_take_inventory__says_what_it_found_instead(tmp_path: Path, files: tuple[str, ...], prose: str) -> None:
    """Empty folders and folders with other files have different messages."""
    touch(tmp_path, *files)
    with pytest.raises(InputError, match=prose):
        take_inventory(tmp_path)


def test_take_inventory__tells_a_missing_folder_from_a_file(tmp_path: Path) -> None:
    """A wrong path is an error."""
    touch(tmp_path, "a.ply")
    with pytest.raises(InputError, match="nowhere does not exist"):
        take_inventory(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"is a file, not a folder. Give the folder that holds your scans"):
        take_inventory(tmp_path / "a.ply")
