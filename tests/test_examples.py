"""The examples of docstrings and of docs/library.md run, and give what they show."""

from __future__ import annotations

import doctest
import importlib
import re
import shutil
from pathlib import Path

import pytest

from core.collection import SampleSettings, make_samples
from tests.fakes import PROJECT

MODULES = [
    ".".join(path.relative_to(PROJECT).with_suffix("").parts)
    for path in sorted((PROJECT / "core").rglob("*.py"))
    if re.search(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring__examples_give_what_they_show(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert tried > 0
    assert failed == 0


def test_library__example_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a folder of scans to a table of clusters, with the built-in network."""
    text = (PROJECT / "docs" / "library.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    make_samples(tmp_path / "samples", SampleSettings(per_category=2))
    for place in ("Corals", "Teeth"):
        shutil.copytree(tmp_path / "samples" / place, tmp_path / "scans" / place)
    monkeypatch.chdir(tmp_path)
    # The child processes that read scans would import the test runner's main script.
    names: dict[str, object] = {}
    exec(compile(example, "docs/library.md", "exec"), names)  # noqa: S102
    ids = sorted(
        path.relative_to("scans").with_suffix("").as_posix() for path in Path("scans").rglob("*.*") if path.is_file()
    )
    table = names["table"]
    assert sorted(table["specimen_id"]) == ids  # type: ignore[index]
    assert f"{len(ids)} described, 0 skipped" in capsys.readouterr().out
