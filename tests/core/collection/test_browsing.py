"""Folders that the app may read: only below the roots, counted within a time limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.collection import (
    SpecimenCount,
    allowed_folder,
    configured_roots,
    count_specimens,
    list_folder,
    take_inventory,
)
from core.foundation import InputError, SettingError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with a collection, and a secret beside it."""
    for name in ("root/Teeth/a.ply", "root/Teeth/deep/b.OFF", "root/photo/1.png", "root/photo/2.png", "secret/c.ply"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "root" / ".hidden").mkdir()
    (tmp_path / "root" / "out").symlink_to(tmp_path / "secret")
    (tmp_path / "root" / "within").symlink_to(tmp_path / "root" / "Teeth")
    return tmp_path / "root"


def test_list_folder__shows_what_lies_below_and_the_way_there(root: Path) -> None:
    """Hidden folders, and links that lead out, are not offered."""
    listing = list_folder(root, [root])
    assert [path.name for path in listing.below] == ["photo", "Teeth", "within"]
    assert (listing.trail, listing.parent, listing.n_left_out) == ((root,), None, 1)
    deeper = list_folder(root / "Teeth" / "deep", [root])
    assert deeper.trail == (root, root / "Teeth", root / "Teeth" / "deep")
    assert deeper.parent == root / "Teeth"
    assert list_folder(root / "Teeth", [root / "Teeth", root]).trail == (root, root / "Teeth")


@pytest.mark.parametrize("path", ["..", "out", "Teeth/../../secret", "/etc", "~nobody-at-all"])
def test_allowed_folder__never_leaves_the_roots(root: Path, path: str) -> None:
    """By a link, by climbing, by an absolute path."""
    with pytest.raises((SettingError, InputError), match=r"outside of what this app may look at|is not a path"):
        allowed_folder(str(root / path) if not path.startswith("~") else path, [root])


def test_allowed_folder__says_what_is_wrong(root: Path) -> None:
    """A file, a missing folder, and a path pasted with quotes."""
    with pytest.raises(InputError, match="is a file, not a folder"):
        allowed_folder(root / "Teeth" / "a.ply", [root])
    with pytest.raises(InputError, match=r"There is no folder .* Check the path"):
        allowed_folder(root / "nowhere", [root])
    assert allowed_folder(f' "{root}" ', [root]) == root
    assert allowed_folder(root / "within", [root]) == root / "Teeth"


def test_configured_roots__are_the_home_folder_unless_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several are joined as in PATH.

    The workspace always belongs to them.
    """
    monkeypatch.delenv("FOSSILVIT_ROOTS", raising=False)
    assert configured_roots(root) == (Path.home().resolve(), root)
    monkeypatch.setenv("FOSSILVIT_ROOTS", f"{root}:{root / 'Teeth'}")
    assert configured_roots(root) == (root, root / "Teeth")


def test_count_specimens__counts_as_the_inventory_does(root: Path) -> None:
    """Meshes in any case, a folder of photographs as one.

    `is_whole` is False without time.
    """
    assert count_specimens(root) == SpecimenCount(3, is_whole=True)
    (root / "out").unlink()
    assert count_specimens(root).found == len(take_inventory(root).specimens)
    assert not count_specimens(root, seconds=-1.0).is_whole
    assert count_specimens(root / "nowhere") == SpecimenCount(0, is_whole=True)
