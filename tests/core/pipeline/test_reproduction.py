"""Repetition of a run from its configuration: the same bytes, or a stated reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import main, parse
from core.foundation import SettingError, WeightsError
from core.pipeline import changes_of_input, free_name, read_recipe, reproduce
from core.workspace import Workspace, open_workspace
from tests.fakes import bytes_below, write_specimens

FLAGS = "--model classical --size 64 --views 5 --layout ring --appearance colour --min-cluster-size 2 --pca 3 --topk 2"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace of a run with unusual settings."""
    workspace = open_workspace(tmp_path_factory.mktemp("reproduction"))
    write_specimens(workspace.meshes, "A/a A/b A/c B/d B/e")
    words = ["run", "--workspace", str(workspace.root), "--name", "first", "--workers", "0", "--quiet", "--seed", "7"]
    assert main([*words, "--pool", "max", "--keep-renders", *FLAGS.split()]) == 0
    return workspace


def made(workspace: Workspace, name: str) -> dict[str, bytes]:
    """Return the bytes of a run, without files that depend on the request only."""
    return {path: data for path, data in bytes_below(workspace.run(name).root).items() if path != "config.json"}


def config_of(workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a run's configuration."""
    found: dict[str, Any] = json.loads(workspace.run(name).config_path.read_text(encoding="utf-8"))
    return found


def test_reproduce__gives_the_same_bytes(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """The command repeats views, features, embeddings, neighbours, clusters and configuration."""
    config = workspace.run("first").config_path
    words = ["reproduce", "--config", str(config), "--workspace", str(workspace.root), "--workers", "0"]
    assert main(words) == 0
    assert "Run first 2: 5 specimens done" in capsys.readouterr().out
    assert made(workspace, "first 2") == made(workspace, "first")
    assert config_of(workspace, "first 2") == config_of(workspace, "first")
    assert len(made(workspace, "first")) > 40


def test_run__takes_a_configuration_of_a_run(workspace: Workspace) -> None:
    """`run --config …/config.json` does the same.

    A flag beside it wins.
    """
    words = ["run", "--config", str(workspace.run("first").config_path), "--workspace", str(workspace.root), "--quiet"]
    assert main([*words, "--name", "again", "--workers", "0"]) == 0
    assert made(workspace, "again") == made(workspace, "first")
    assert main([*words, "--name", "other", "--workers", "0", "--pool", "mean"]) == 0
    other, first = config_of(workspace, "other"), config_of(workspace, "first")
    assert (other.pop("pool"), first.pop("pool")) == ("mean", "max")
    assert other == first


def test_parse__other_commands_do_not_take_it(workspace: Workspace) -> None:
    """They say who does."""
    with pytest.raises(SettingError, match=r"which this command does not take\. `python -m core run --config"):
        parse(["cluster", "--config", str(workspace.run("first").config_path)])


def test_read_recipe__keeps_what_no_flag_says(workspace: Workspace, tmp_path: Path) -> None:
    """A setting that only a script can choose is in the recipe, and `run --config` keeps it, too."""
    config = config_of(workspace, "first")
    config["views"]["antialias"] = 1
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert read_recipe(tmp_path).settings.views.antialias == 1
    words = ["run", "--config", str(tmp_path / "config.json"), "--workspace", str(workspace.root), "--quiet"]
    assert main([*words, "--name", "jagged", "--workers", "0"]) == 0
    assert config_of(workspace, "jagged")["views"]["antialias"] == 1


@pytest.mark.parametrize(
    ("change", "prose"),
    [
        ({"format": 99}, r"has the format 99; this version knows 1\. Update"),
        ({"views": {"views": 3, "unheard": 1}}, "has unknown entries .*unknown: unheard"),
        ({"pool": "median"}, "'pool' must be one of mean, max"),
        ({"clusters": None}, "is incomplete"),
    ],
)
def test_read_recipe__says_what_is_wrong(
    workspace: Workspace, tmp_path: Path, change: dict[str, object], prose: str
) -> None:
    """Another version, a foreign setting, a value that is not allowed."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**config_of(workspace, "first"), **change}), encoding="utf-8")
    with pytest.raises(SettingError, match=prose):
        read_recipe(path)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(SettingError, match=r"is not the configuration of a run\. Give runs/NAME/config\.json"):
        read_recipe(path)


def test_reproduce__refuses_other_weights(workspace: Workspace, tmp_path: Path) -> None:
    """Embeddings of other weights would be called the same run."""
    config = config_of(workspace, "first")
    config["features"]["weights_sha256"] = "f" * 64
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(WeightsError, match="The run was made with other weights: ffff"):
        reproduce(workspace, read_recipe(tmp_path), "wrong")
    assert not workspace.run("wrong").root.exists()


def test_read_recipe__names_other_versions(workspace: Workspace, tmp_path: Path) -> None:
    """Other versions are a warning, because they may change the last digits."""
    config = config_of(workspace, "first")
    config["versions"]["numpy"] = "1.0"
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert read_recipe(workspace.run("first").root).warnings == ()
    assert read_recipe(tmp_path).warnings[0].startswith("Made with other versions, numbers may differ")
    assert "numpy 1.0 → " in read_recipe(tmp_path).warnings[0]


def test_changes_of_input__names_who_came_and_went(workspace: Workspace, tmp_path: Path) -> None:
    """A changed input folder explains why the bytes differ."""
    write_specimens(tmp_path, "A/a A/b A/c B/d C/new")
    run = workspace.run("first")
    assert changes_of_input(run, workspace.meshes) == ()
    assert changes_of_input(run, tmp_path) == (
        f"No longer in {tmp_path}: B/e.",
        f"New since the run in {tmp_path}: C/new.",
    )


def test_free_name__is_nobodys(workspace: Workspace) -> None:
    """The name is unused and valid for a folder, however often it is requested."""
    assert free_name(workspace, "first") not in {run.name for run in workspace.runs()}
    workspace.run(free_name(workspace, "x" * 64))
