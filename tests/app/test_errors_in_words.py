"""Errors of `core` on the screens, in the language of the session."""

from __future__ import annotations

import ast
import json
import string
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pytest
import trimesh

from core.foundation import CoreError, InputError, SpecimenError, errors, joined, note, notes_as_json, notes_from_json
from core.meshes import read_mesh
from core.workspace import Catalogue, SpecimenRecord, Workspace
from tests.app.screens import app
from ui.words import LANGUAGES, advice_of, as_line, as_lines, problem_of, terms, translations

PROJECT = Path(__file__).resolve().parents[2]
CORE = sorted((PROJECT / "core").rglob("*.py"))
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, CoreError)}
NOTE = note.__name__
OTHERS = sorted(set(LANGUAGES) - {"en"})
# Whoever works with the screens meets what these modules say; all of it is translated.
MET_ON_SCREENS = (
    "meshes/checks",
    "meshes/formats/lines",
    "meshes/formats/content",
    "meshes/formats/gltf",
    "meshes/formats/gltf_header",
    "meshes/formats/obj",
    "meshes/formats/obj_vertices",
    "meshes/formats/off",
    "meshes/formats/ply",
    "meshes/formats/ply_header",
    "meshes/formats/ply_rows",
    "meshes/formats/ply_text",
    "meshes/formats/commas",
    "meshes/formats/signatures",
    "meshes/formats/raw",
    "meshes/formats/stl",
    "meshes/reading",
    "meshes/bodies",
    "meshes/normalisation",
    "views/photographs",
    "pipeline/preparation",
    "pipeline/workers",
    "collection/inventory",
    "collection/model_pictures",
    "collection/browsing",
    "collection/uploads",
    "collection/archives",
    "workspace/catalogue",
    "collection/curation",
    "collection/conditions",
    "neighbours/filters",
    "workspace/jobs",
    "collection/labels",
    "collection/metadata",
    "collection/metadata_matching",
    "neighbours/combined_queries",
    "workspace/runs",
    "scenes/builder",
    "scenes/worker",
    "storage/tables",
    "storage/delimited",
    "storage/encodings",
    "storage/numbers",
    "storage/workbooks",
    "collection/column_choice",
    "views/rendering",
    "workspace/paths",
    "embeddings/pairing",
)
# Their notes are, too; their errors appear only with settings of one's own.
NOTED_ON_SCREENS = (
    "meshes/formats/mtl", "meshes/formats/ply_textures", "clusters/methods", "clusters/hdbscan/trees",
    "evaluation/comparison",
    "neighbours/duplicates", "evaluation/retrieval", "clusters/cache", "maps/manifold",
    "embeddings/principal_components", "pipeline/reproduction",
)  # fmt: skip


def calls(path: Path, names: Collection[str] = frozenset({*KINDS, NOTE})) -> Iterator[ast.Call]:
    """Yield the calls that create an error or a note."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
            yield node


def sentences_in(node: ast.expr | None) -> list[str]:
    """Return the literal sentences that an argument may be."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    return [*sentences_in(node.body), *sentences_in(node.orelse)] if isinstance(node, ast.IfExp) else []


def notes_in(path: Path) -> set[str]:
    """Return the literal sentences of a module's notes, including named ones."""
    first = [call.args[0] for call in calls(path, {NOTE})]
    names = {node.id for node in first if isinstance(node, ast.Name)}
    named = [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and {getattr(target, "id", "") for target in node.targets} & names
    ]
    return {sentence for node in (*first, *named) for sentence in sentences_in(node)}


def advice_in(call: ast.Call) -> ast.expr | None:
    """Return the argument that holds the advice."""
    return next((word.value for word in call.keywords if word.arg == "advice"), None)


def fields_of(sentence: str) -> set[str]:
    """Return the names of the values in a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.fixture
def in_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the language to Japanese."""
    monkeypatch.setenv("FOSSILVIT_LANGUAGE", "ja")


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_core__gives_the_values_that_its_sentences_tell(path: Path) -> None:
    """Every name has a value, and no sentence has its values filled in already."""
    for call in calls(path):
        given = {word.arg for word in call.keywords} - {"advice", None}
        if not given or any(word.arg is None for word in call.keywords):
            continue
        for argument in (call.args[0], advice_in(call)):
            parts = ast.walk(argument) if argument is not None else ()
            assert not any(isinstance(part, ast.JoinedStr) for part in parts), f"line {call.lineno}"
        for sentence in (*sentences_in(call.args[0]), *sentences_in(advice_in(call))):
            assert fields_of(sentence) <= given, f"line {call.lineno}"


@pytest.mark.parametrize("code", OTHERS)
def test_translations__are_of_sentences_that_core_says(code: str) -> None:
    """Every key is a sentence of `core`, and its translation has the same values."""
    said = {
        node.value
        for path in CORE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(translations(code)) - said == set()
    for sentence, translated in translations(code).items():
        assert fields_of(translated) <= fields_of(sentence), sentence
        assert translated.strip() == translated != ""
    assert terms(code)


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("module", MET_ON_SCREENS)
def test_translations__have_all_that_users_of_the_screens_meet(code: str, module: str) -> None:
    """Every literal sentence of these modules is translated."""
    said = {
        sentence
        for call in calls(PROJECT / "core" / f"{module}.py")
        for argument in (call.args[0], advice_in(call))
        for sentence in sentences_in(argument)
    }
    assert said - set(translations(code)) == set()


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("module", MET_ON_SCREENS + NOTED_ON_SCREENS)
def test_translations__have_all_notes(code: str, module: str) -> None:
    """Every note is translated into every language."""
    said = notes_in(PROJECT / "core" / f"{module}.py")
    assert said or module not in NOTED_ON_SCREENS
    assert said - set(translations(code)) == set()


def test_notes__in_japanese(in_japanese: None) -> None:
    """One note, several in a line, notes among values, and notes read from a file."""
    umap = note(
        "UMAP was asked for {asked} neighbours; {count} specimens allow {allowed}.", asked=15, count=9, allowed=8
    )
    assert umap == "UMAP was asked for 15 neighbours; 9 specimens allow 8."
    assert as_line(umap) == "UMAPに近傍数15が指定されましたが、9標本では8までです。"
    faces = note("{faces} without area left out.", faces=note("{count:,} {noun}", count=1200, noun="faces"))
    both = joined([faces, umap, note("No group stood out as a cluster.")])
    assert both == f"1,200 faces without area left out. {umap} No group stood out as a cluster."
    assert as_line(both).startswith("面積のない面1,200個を除きました。UMAP")
    assert joined([]) == ""
    kept = notes_from_json(json.loads(json.dumps(notes_as_json([both, "Of old."]))))
    assert [as_line(one) for one in kept] == [as_line(both), "（英語での説明）Of old."]
    assert notes_from_json({"notes": ["Of old."]}) == ("Of old.",)


def test_catalogue__keeps_notes_on_repairs(in_japanese: None, tmp_path: Path) -> None:
    """Notes on a mesh are in the language of the screen."""
    scan = trimesh.creation.icosphere(1)
    scan.vertices = np.vstack([scan.vertices, [[np.nan, 0, 0]]])
    (tmp_path / "scan.obj").write_text(
        "".join(f"v {x} {y} {z}\n" for x, y, z in scan.vertices)
        + "".join(f"f {a} {b} {c}\n" for a, b, c in scan.faces + 1),
        encoding="utf-8",
    )
    mesh = read_mesh(tmp_path / "scan.obj")
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    catalogue.put_specimens([SpecimenRecord("s", "scan", "scan.obj", notes=joined(mesh.notes))])
    kept = catalogue.specimens("s")["scan"].notes
    assert kept == "1 vertex with NaN or infinite positions left out."
    assert as_lines([kept], catalogue) == ["位置がNaNまたは無限大の頂点1個を除きました。"]


def test_problem_and_advice__in_japanese(in_japanese: None) -> None:
    """Errors keep their values, terms among them, and errors within errors."""
    error = InputError("There is no folder {path}.", advice="Check its permissions.", path=Path("/a{b}"))
    assert (problem_of(error), advice_of(error)) == ("フォルダー/a{b}はありません。", "権限を確かめてください。")
    assert str(error) == "There is no folder /a{b}. Check its permissions."
    cut = SpecimenError(
        "The file is cut short: it promises {promised:,} {what}, but only {found:,} are there.",
        promised=1200,
        what="faces",
        found=7,
    )
    whole = SpecimenError("{file}: {reason}", file="a.ply", reason=cut.reason)
    assert problem_of(whole) == "a.ply：ファイルが途中で切れています。面は1,200個のはずですが、7個しかありません。"


def test_problem__without_a_translation_is_english_and_says_so(in_japanese: None) -> None:
    """Untranslated text is kept, and braces in names are no fields."""
    assert problem_of(InputError("Never {seen} before.")) == "（英語での説明）Never {seen} before."
    assert as_line("worker 3 said {0}") == "（英語での説明）worker 3 said {0}"


def test_as_lines__of_what_a_catalogue_kept(in_japanese: None, tmp_path: Path) -> None:
    """A kept reason is in the current language, and older text stays as it is."""
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    empty = SpecimenError("The file is empty (0 bytes).", advice="Copy or export it again.")
    line = SpecimenError(
        "Line {line:,} of the OBJ file holds {found} numbers for a vertex, most lines {common}.",
        line=3,
        found=2,
        common=4,
    )
    records = [SpecimenRecord("s", name, name, error=error.reason) for name, error in (("a", empty), ("b", line))]
    catalogue.put_specimens(records)
    kept = [record.error for record in catalogue.specimens("s").values()]
    assert kept == [str(empty), str(line)]
    assert as_lines([*kept, "Before."], catalogue) == [
        "ファイルが空です（0バイト）。コピーし直すか、書き出し直してください。",
        "OBJファイルの3行目の頂点には数値が2個ありますが、ほとんどの行は4個です。",
        "（英語での説明）Before.",
    ]


def test_quarantine__speaks_japanese(in_own_workspace: Workspace, in_japanese: None) -> None:
    """The reason of an unusable scan is shown in Japanese."""
    catalogue = Catalogue(in_own_workspace.catalogue_path)
    source = catalogue.sources()[0]
    error = SpecimenError("The PLY header has no end.", advice="Export the mesh again.")
    catalogue.put_specimens([SpecimenRecord(source, "Teeth/broken", f"{source}/broken.ply", error=error.reason)])
    screen = app().run()
    assert not screen.exception
    tables = [frame.value for frame in screen.dataframe]
    shown = [str(cell) for table in tables for cell in table.to_numpy().ravel()]
    assert "PLYのヘッダーに終わりがありません。メッシュを書き出し直してください。" in shown
