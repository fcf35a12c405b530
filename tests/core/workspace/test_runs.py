"""Runs are listed, renamed and deleted atomically, apart from specimen files."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from core.backbones import TokenSettings
from core.foundation import BusyError, SettingError
from core.pipeline import unusual_settings
from core.views import ViewSettings
from core.workspace import (
    Catalogue,
    SpecimenRecord,
    Workspace,
    cancel,
    delete_run,
    finish_deletions,
    list_runs,
    open_workspace,
    queue_job,
    rename_run,
    size_on_disk,
    write_notes,
)
from core.workspace.runs import read_notes
from tests.fakes import bytes_below
from ui.session import unusual_in_words

CONFIG = {
    "format": 1,
    "features": {"backbone": "classical", "engine": "opencv", "precision": "fp32"},
    "views": {"views": 12, "size": 64},
    "pool": "mean",
}


def make_run(workspace: Workspace, name: str, **more: object) -> None:
    """Write the least of a run."""
    run = workspace.run(name)
    run.embeddings.mkdir(parents=True)
    run.config_path.write_text(json.dumps({**CONFIG, "input": str(workspace.meshes), **more}), encoding="utf-8")
    run.ids_path.write_text("a\nb\nc\n", encoding="utf-8")
    run.matrix_path.write_bytes(bytes(5000))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace of two runs."""
    workspace = open_workspace(tmp_path)
    for name in ("one", "two"):
        make_run(workspace, name)
    return workspace


def test_list_runs__tells_what_made_each(workspace: Workspace) -> None:
    """Backbone, settings and specimens, also of unfinished and damaged runs."""
    workspace.run("one").matrix_path.unlink()
    broken = workspace.run("broken")
    broken.root.mkdir()
    broken.config_path.write_text("{", encoding="utf-8")
    by_name = {facts.name: facts for facts in list_runs(workspace)}
    assert {name: facts.state for name, facts in by_name.items()} == {
        "one": "unfinished",
        "two": "complete",
        "broken": "damaged",
    }
    two = by_name["two"]
    assert (two.backbone, two.engine, two.pool) == ("classical", "opencv fp32", "mean")
    assert (two.views, two.pixels, two.n_specimens) == (12, 64, 3)
    assert two.input == str(workspace.meshes)


def test_unusual_settings__tells_what_else_decides_the_numbers() -> None:
    """Nothing for default settings, recorded or not, otherwise views and tokens."""
    assert unusual_settings(CONFIG) == []
    usual = {"views": asdict(ViewSettings()), "features": TokenSettings().identity}
    assert unusual_settings(usual) == []
    views = asdict(ViewSettings(mixed=True, shading="occlusion"))
    features = TokenSettings("layers", "gem", patch_mask=True).identity
    told = unusual_settings({"views": views, "features": features})
    assert told == [
        ("tokens", "layers"),
        ("patch_pool", "gem"),
        ("patch_mask", "True"),
        ("mixed", "True"),
        ("shading", "occlusion"),
    ]
    assert len(unusual_in_words({"views": views, "features": features})) == 5


def test_rename_run__keeps_every_byte(workspace: Workspace) -> None:
    """The folder is renamed, its bytes are unchanged, and the old name is free."""
    write_notes(workspace.run("one"), "Teeth only. 歯のみ。")
    before = bytes_below(workspace.run("one").root)
    renamed = rename_run(workspace, "one", " first try ")
    assert renamed.name == "first try"
    assert bytes_below(renamed.root) == before
    assert read_notes(renamed) == "Teeth only. 歯のみ。"
    assert not workspace.run("one").root.exists()


@pytest.mark.parametrize(
    ("new", "prose"),
    [
        ("two", "There is a run called 'two' already"),
        ("TWO", "There is a run called 'TWO' already"),
        ("a/b", "cannot be the name of a run"),
        ("..", "cannot be the name of a run"),
        ("", "cannot be the name of a run"),
    ],
)
def test_rename_run__refuses_names(workspace: Workspace, new: str, prose: str) -> None:
    """Existing names in any letter case and invalid folder names are refused."""
    with pytest.raises(SettingError, match=prose):
        rename_run(workspace, "one", new)
    assert {facts.name for facts in list_runs(workspace)} == {"one", "two"}


def test_rename_run__may_change_capitals(workspace: Workspace) -> None:
    """A run does not stand in its own way."""
    assert rename_run(workspace, "one", "One").name == "One"


def test_delete_run__frees_what_it_says_and_leaves_the_rest(workspace: Workspace) -> None:
    """Its own folder only."""
    (workspace.meshes / "a.ply").write_bytes(b"ply")
    two = bytes_below(workspace.run("two").root)
    size = size_on_disk(workspace.run("one").root)
    assert size >= 5000
    assert delete_run(workspace, "one") == size
    assert [facts.name for facts in list_runs(workspace)] == ["two"]
    assert bytes_below(workspace.run("two").root) == two
    assert (workspace.meshes / "a.ply").read_bytes() == b"ply"
    assert [path.name for path in workspace.runs_folder.iterdir()] == ["two"]


def test_delete_run__is_over_at_once_even_when_cut_short(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill during deletion, the run is not listed and is removed later."""

    def die(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", die)
        with pytest.raises(KeyboardInterrupt):
            delete_run(workspace, "one")
    assert [facts.name for facts in list_runs(workspace)] == ["two"]
    finish_deletions(workspace)
    assert [path.name for path in workspace.runs_folder.iterdir()] == ["two"]


def test_delete_run__refuses_where_specimens_are_read_from_within(workspace: Workspace) -> None:
    """The views of a run may be the input of another run or of the catalogue."""
    make_run(workspace, "three", input=str(workspace.run("one").renders))
    with pytest.raises(SettingError, match=r"'one' was not deleted: specimens are read from .*renders, which lies"):
        delete_run(workspace, "one")
    inside = str(workspace.run("two").renders)
    Catalogue(workspace.catalogue_path).put_specimens([SpecimenRecord(inside, "a", f"{inside}/a")])
    with pytest.raises(SettingError, match="'two' was not renamed: specimens are read from"):
        rename_run(workspace, "two", "four")


def test_delete_run__follows_no_link(workspace: Workspace, tmp_path: Path) -> None:
    """A run that lies elsewhere loses its link only."""
    elsewhere = tmp_path / "elsewhere"
    workspace.run("one").root.rename(elsewhere)
    workspace.run("one").root.symlink_to(elsewhere)
    delete_run(workspace, "one")
    assert (elsewhere / "config.json").is_file()
    assert [facts.name for facts in list_runs(workspace)] == ["two"]


def test_delete_run__refuses_while_a_job_uses_it(workspace: Workspace) -> None:
    """A queued job prevents deletion, and so does a command in a terminal."""
    with workspace.locked():
        job_id = queue_job(workspace, ["--no-such-flag"], "one")
        with pytest.raises(BusyError, match=r"A job uses the run 'one'\. Wait until it is done, or cancel it\."):
            delete_run(workspace, "one")
        with pytest.raises(BusyError, match="Another run is working on the workspace"):
            rename_run(workspace, "two", "three")
        cancel(workspace, job_id)
    assert delete_run(workspace, "one") > 0


def test_delete_run__names_one_that_is_not_there(workspace: Workspace) -> None:
    """The error says which command lists the runs."""
    with pytest.raises(SettingError, match=r"There is no run called 'three'\. `python -m core runs` lists them\."):
        delete_run(workspace, "three")


def test_write_notes__has_an_end(workspace: Workspace) -> None:
    """Notes are limited in length, and empty if none were written."""
    assert read_notes(workspace.run("one")) == ""
    with pytest.raises(SettingError, match="The notes have 20,001 characters"):
        write_notes(workspace.run("one"), "x" * 20_001)
