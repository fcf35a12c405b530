"""The structure of the code that import-linter does not see: faces and their stubs, scripts, what a command loads."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import PROJECT

FACES = sorted(path.parent for folder in ("core", "ui") for path in (PROJECT / folder).glob("*/__init__.pyi"))
SCRIPTS = [
    PROJECT / "app.py",
    *(path for folder in ("pages", "benchmarks", "scripts") for path in sorted((PROJECT / folder).glob("*.py"))),
]
# Modules that are imported whole, since their names are read as `state.collection` and the like.
NAMESPACES = {"ui.session": {"state", "selection"}}
HEAVY = {"numpy", "scipy", "numba", "pandas", "torch", "sklearn", "open3d", "pyvista", "streamlit", "yaml", "tqdm"}


def name_of(folder: Path) -> str:
    """Return the dotted name of a package by its folder."""
    return ".".join(folder.relative_to(PROJECT).parts)


def handed_on(folder: Path) -> dict[str, str]:
    """Return the names of a face's stub with the module that each comes from."""
    stub = ast.parse((folder / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(stub) if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


@pytest.mark.parametrize("folder", FACES, ids=name_of)
def test_face__names_every_module_in_its_docstring(folder: Path) -> None:
    """The table in the docstring lists what lies in the folder, and nothing else."""
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    listed = {line.split("`")[1] for line in text.splitlines() if line.startswith("`")}
    data = {"templates", "words", "en", "ja", "__pycache__", "guard"}
    there = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert listed == there - data - {"__init__"}


@pytest.mark.parametrize("folder", [face for face in FACES if face.parent.name == "core"], ids=name_of)
def test_face__hands_on_what_its_stub_names(folder: Path) -> None:
    """Every name is there, under the module that the stub says."""
    face = importlib.import_module(name_of(folder))
    for name, module in handed_on(folder).items():
        assert getattr(face, name) is getattr(importlib.import_module(f"{name_of(folder)}.{module}"), name)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_script__imports_from_faces_alone(path: Path) -> None:
    """Pages, benchmarks and scripts are packages of no root, so that import-linter does not look at them."""
    behind = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("core.", "ui.")):
            package = node.module or ""
            modules = {alias.name for alias in node.names} - NAMESPACES.get(package, set())
            inside = PROJECT / package.replace(".", "/")
            behind += [package] if package.count(".") > 1 else []
            behind += [f"{package}.{name}" for name in modules if (inside / f"{name}.py").is_file()]
    assert behind == []


@pytest.mark.parametrize("words", [["--version"], ["--help"]], ids=" ".join)
def test_command_line__loads_nothing_of_the_field(words: list[str]) -> None:
    """What answers at once imports neither numpy nor anything else that takes a while."""
    script = (
        "import sys\nfrom core.cli.main import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    child = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(child.stderr.split())


@pytest.mark.parametrize("folder", [face for face in FACES if face.parent.name == "core"], ids=name_of)
def test_face__loads_nothing_of_the_field(folder: Path) -> None:
    """Importing a face costs nothing until a name of it is asked for."""
    script = f"import sys\nimport {name_of(folder)}\nprint(*sys.modules)"
    child = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(name.partition(".")[0] for name in child.stdout.split())
