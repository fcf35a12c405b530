"""Single stages: only changes are processed again, and a broken specimen affects no other."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.embeddings import Embeddings, read_embeddings
from core.features import read_features
from core.foundation import InputError, MisalignedEmbeddingsError, MissingStageError, SpecimenError
from core.neighbours import SearchSettings
from core.pipeline import extract_folder, pool_folder, render_folder, search_folder
from core.pipeline.stages import StageReport
from core.storage import Manifest, write_npy
from core.views import ViewSettings, find_views, read_view_files
from tests.fakes import PIXELS, FakeExtractor, bytes_below, write_specimen, write_specimens

TWO_VIEWS = ViewSettings(views=2, size=PIXELS)
NAMES = "Molars/Tarsius/a Molars/b Shells/c"


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Return the folders of meshes with three specimens and of the stages."""
    write_specimens(tmp_path / "meshes", NAMES)
    return {name: tmp_path / name for name in ("meshes", "renders", "features", "embeddings", "knn")}


def counts(report: StageReport) -> tuple[int, int, list[str]]:
    """Return the numbers of processed and unchanged specimens, and the ids of skipped ones."""
    return report.done, report.unchanged, [failure.specimen_id for failure in report.failures]


def through(folders: dict[str, Path], extractor: FakeExtractor | None = None) -> Embeddings:
    """Take everything from meshes to embeddings."""
    render_folder(folders["meshes"], folders["renders"], TWO_VIEWS)
    extract_folder(folders["renders"], folders["features"], extractor or FakeExtractor())
    pool_folder(folders["features"], folders["embeddings"])
    return read_embeddings(folders["embeddings"] / "embeddings.npy", folders["embeddings"] / "ids.txt")


def test_stages__write_the_files_of_the_contract(folders: dict[str, Path]) -> None:
    """Names, shapes and types, with the folders of the input kept."""
    embeddings = through(folders)
    search_folder(embeddings, folders["knn"], SearchSettings(2))
    assert embeddings.ids == ("Molars/Tarsius/a", "Molars/b", "Shells/c")
    for name in embeddings.ids:
        assert (folders["renders"] / f"{name}_view00.png").is_file()
        assert (folders["renders"] / f"{name}_view01.png").is_file()
        features = np.load(folders["features"] / f"{name}.npy", allow_pickle=False)
        assert (features.shape, features.dtype) == ((2, 16), np.float32)
        vector = np.load(folders["embeddings"] / f"{name}.npy", allow_pickle=False)
        assert (vector.shape, vector.dtype) == ((16,), np.float32)
        assert np.allclose(vector, features.mean(axis=0))
        assert np.array_equal(vector, embeddings.matrix[embeddings.row_of[name]])
        with (folders["knn"] / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert list(rows[0]) == ["query_id", "neighbor_id", "distance"]
        assert {row["neighbor_id"] for row in rows} == set(embeddings.ids) - {name}
    assert (folders["embeddings"] / "embeddings.parquet").is_file()
    assert "3 specimens, topk 2, metric cosine" in (folders["knn"] / "search_all.log").read_text(encoding="utf-8")


def test_stages__do_nothing_twice(folders: dict[str, Path]) -> None:
    """A second identical call touches no file at all."""
    embeddings = through(folders)
    search_folder(embeddings, folders["knn"], SearchSettings(2))
    before = stamps(folders)
    extractor = FakeExtractor()
    reports = [
        render_folder(folders["meshes"], folders["renders"], TWO_VIEWS),
        extract_folder(folders["renders"], folders["features"], extractor),
        pool_folder(folders["features"], folders["embeddings"]),
        search_folder(embeddings, folders["knn"], SearchSettings(2)),
    ]
    assert [counts(report) for report in reports] == [(0, 3, [])] * 4
    assert extractor.calls == 0
    assert stamps(folders) == before


def stamps(folders: dict[str, Path]) -> dict[str, tuple[int, int]]:
    """Return inode and time of every file: rewriting a file changes both."""
    files = [path for folder in folders.values() for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def test_stages__are_forced_by_overwrite(folders: dict[str, Path]) -> None:
    """Everything is done again, with the same result."""
    embeddings = through(folders)
    search_folder(embeddings, folders["knn"], SearchSettings(2))
    before = {name: bytes_below(folder) for name, folder in folders.items()}
    reports = [
        render_folder(folders["meshes"], folders["renders"], TWO_VIEWS, overwrite=True),
        extract_folder(folders["renders"], folders["features"], FakeExtractor(), overwrite=True),
        pool_folder(folders["features"], folders["embeddings"], overwrite=True),
        search_folder(embeddings, folders["knn"], SearchSettings(2), overwrite=True),
    ]
    assert [counts(report) for report in reports] == [(3, 0, [])] * 4
    assert {name: bytes_below(folder) for name, folder in folders.items()} == before


def test_render_folder__renders_again_only_what_changed(folders: dict[str, Path]) -> None:
    """A touched file is the same file; changed content is not; a lost view is made again."""
    meshes, renders = folders["meshes"], folders["renders"]
    assert counts(render_folder(meshes, renders, TWO_VIEWS)) == (3, 0, [])
    os.utime(meshes / "Molars" / "b.off")
    assert counts(render_folder(meshes, renders, TWO_VIEWS)) == (0, 3, [])
    write_specimen(meshes / "Molars" / "b.off", stretch=2)
    assert counts(render_folder(meshes, renders, TWO_VIEWS)) == (1, 2, [])
    (renders / "Shells" / "c_view01.png").unlink()
    assert counts(render_folder(meshes, renders, TWO_VIEWS)) == (1, 2, [])
    write_specimen(meshes / "d.off")
    assert counts(render_folder(meshes, renders, TWO_VIEWS)) == (1, 3, [])


def test_render_folder__leaves_no_views_of_a_larger_set(folders: dict[str, Path]) -> None:
    """Fewer views than before: the later ones go."""
    render_folder(folders["meshes"], folders["renders"], ViewSettings(views=4, size=PIXELS))
    render_folder(folders["meshes"], folders["renders"], TWO_VIEWS)
    assert len(list(folders["renders"].rglob("*.png"))) == 6


def test_render_folder__passes_over_broken_files(folders: dict[str, Path]) -> None:
    """Good specimens are processed, bad ones are reported with a reason."""
    (folders["meshes"] / "bad.ply").write_bytes(b"nonsense")
    (folders["meshes"] / "empty.obj").touch()
    report = render_folder(folders["meshes"], folders["renders"], TWO_VIEWS)
    assert counts(report) == (3, 0, ["bad", "empty"])
    assert "The file is empty" in report.failures[1].reason
    assert list(find_views(folders["renders"])) == NAMES.split()


def test_stages__forget_what_is_gone(folders: dict[str, Path]) -> None:
    """No stage keeps results of a file that was removed or is broken now."""
    embeddings = through(folders)
    search_folder(embeddings, folders["knn"], SearchSettings(2))
    (folders["meshes"] / "Molars" / "b.off").unlink()
    (folders["meshes"] / "Shells" / "c.off").write_bytes(b"OFF nonsense")
    embeddings = through(folders)
    search_folder(embeddings, folders["knn"], SearchSettings(2))
    assert embeddings.ids == ("Molars/Tarsius/a",)
    left = {path.name for folder in list(folders.values())[1:] for path in folder.rglob("*") if path.is_file()}
    assert left == {
        *("a_view00.png", "a_view01.png", "a.npy", "a.csv", "embeddings.npy", "ids.txt"),
        *("embeddings.json", "embeddings.parquet", "manifest.jsonl", "settings.json", "search_all.log"),
    }


def test_stages__keep_what_another_folder_gave(folders: dict[str, Path], tmp_path: Path) -> None:
    """Two input folders may be rendered into one."""
    write_specimens(tmp_path / "more", "x")
    render_folder(tmp_path / "more", folders["renders"], TWO_VIEWS)
    render_folder(folders["meshes"], folders["renders"], TWO_VIEWS)
    assert list(find_views(folders["renders"])) == sorted([*NAMES.split(), "x"])


def test_extract_folder__passes_over_what_the_backbone_cannot_use(folders: dict[str, Path]) -> None:
    """A refusal and a NaN are two reasons.

    Rows stay with their ids.
    """
    render_folder(folders["meshes"], folders["renders"], TWO_VIEWS)
    whole = through({**folders, "features": folders["features"] / "whole", "embeddings": folders["knn"]})
    report = extract_folder(folders["renders"], folders["features"] / "part", FakeExtractor(fails_at=1, gives_nan_at=3))
    assert counts(report) == (1, 0, ["Molars/Tarsius/a", "Shells/c"])
    assert [failure.reason.split(";")[0] for failure in report.failures] == [
        "It does not fit the fake.",
        "The backbone gave NaN or infinite values for it",
    ]
    pool_folder(folders["features"] / "part", folders["embeddings"])
    part = read_embeddings(folders["embeddings"] / "embeddings.npy", folders["embeddings"] / "ids.txt")
    assert part.ids == ("Molars/b",)
    assert np.array_equal(part.matrix[0], whole.matrix[1])


def test_extract_folder__extracts_again_for_another_backbone(folders: dict[str, Path]) -> None:
    """The identity of the extractor is part of the fingerprint of features."""
    through(folders)
    other = FakeExtractor("other")
    assert counts(extract_folder(folders["renders"], folders["features"], other)) == (3, 0, [])
    settings = json.loads((folders["features"] / "settings.json").read_text(encoding="utf-8"))
    assert settings["backbone"] == "other"


def test_extract_folder__names_a_broken_view(folders: dict[str, Path]) -> None:
    """A picture cut short, and one of another size."""
    render_folder(folders["meshes"], folders["renders"], TWO_VIEWS)
    (folders["renders"] / "Shells" / "c_view01.png").write_bytes(b"\x89PNG")
    shutil.copy(folders["renders"] / "Shells" / "c_view00.png", folders["renders"] / "Molars" / "b_view02.png")
    render_folder(folders["meshes"], folders["knn"], ViewSettings(views=1, size=32))
    shutil.copy(folders["knn"] / "Molars" / "b_view00.png", folders["renders"] / "Molars" / "b_view00.png")
    report = extract_folder(folders["renders"], folders["features"], FakeExtractor())
    assert [failure.reason for failure in report.failures] == [
        "Its views differ in size; render it again with --overwrite.",
        "c_view01.png is not a readable picture; render it again with --overwrite.",
    ]


def test_extract_folder__takes_views_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """View 100 comes after view 99, not after 10."""
    for number in (0, 2, 10, 99, 100):
        (tmp_path / f"a_view{number:02d}.png").touch()
    (tmp_path / "a_view1.png").touch()
    (tmp_path / "other.png").touch()
    names = [path.name for path in find_views(tmp_path)["a"]]
    assert names == ["a_view00.png", "a_view02.png", "a_view10.png", "a_view99.png", "a_view100.png"]


def test_find_views__says_which_stage_is_missing(tmp_path: Path) -> None:
    """An empty folder, and none at all."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(MissingStageError, match=r"no views in .*_view00\.png.*Run `python -m core render` first"):
            find_views(folder)


def test_read_view_files__refuses_an_empty_file(tmp_path: Path) -> None:
    """As a full disk leaves it."""
    (tmp_path / "a_view00.png").touch()
    with pytest.raises(SpecimenError, match="is not a readable picture"):
        read_view_files([tmp_path / "a_view00.png"])


def test_pool_folder__says_which_stage_is_missing(tmp_path: Path) -> None:
    """No features yet."""
    with pytest.raises(MissingStageError, match=r"no features in .*Run `python -m core extract` first"):
        pool_folder(tmp_path / "nowhere", tmp_path)


def test_pool_folder__refuses_a_mixture_of_backbones(tmp_path: Path) -> None:
    """Vectors of different lengths are an error."""
    write_npy(tmp_path / "features" / "a.npy", np.ones((2, 4), dtype=np.float32))
    write_npy(tmp_path / "features" / "b.npy", np.ones((2, 5), dtype=np.float32))
    with pytest.raises(MisalignedEmbeddingsError, match=r"different lengths lie in one folder \(4, 5\)"):
        pool_folder(tmp_path / "features", tmp_path / "out")


def test_pool_folder__pools_again_for_another_pooling(folders: dict[str, Path]) -> None:
    """The largest instead of the mean, and back."""
    mean = through(folders)
    report = pool_folder(folders["features"], folders["embeddings"], "max")
    assert counts(report) == (3, 0, [])
    largest = read_embeddings(folders["embeddings"] / "embeddings.npy", folders["embeddings"] / "ids.txt")
    assert (largest.matrix >= mean.matrix).all()
    assert not np.array_equal(largest.matrix, mean.matrix)


@pytest.mark.parametrize(
    ("array", "prose"),
    [
        (np.ones(3, dtype=np.float32), r"does not hold view features \(V, D\)"),
        (np.ones((0, 3), dtype=np.float32), r"does not hold view features \(V, D\)"),
        (np.ones((2, 3), dtype=np.int64), r"does not hold view features \(V, D\)"),
        (np.full((2, 3), np.inf), "holds NaN or infinite values; extract it again"),
        (np.array([{}], dtype=object), "pickled Python objects"),
    ],
)
def test_read_features__says_what_is_wrong(tmp_path: Path, array: np.ndarray, prose: str) -> None:
    """One bad file is skipped with a reason, the others are pooled."""
    np.save(tmp_path / "bad.npy", array)
    write_npy(tmp_path / "good.npy", np.ones((2, 3), dtype=np.float32))
    with pytest.raises(SpecimenError, match=prose):
        read_features(tmp_path / "bad.npy")
    assert counts(pool_folder(tmp_path, tmp_path / "out")) == (1, 0, ["bad"])


def test_pool_folder__passes_by_files_that_are_being_written(tmp_path: Path) -> None:
    """A killed extraction leaves no specimen called `.writing-…`."""
    write_npy(tmp_path / "features" / "good.npy", np.ones((2, 3), dtype=np.float32))
    (tmp_path / "features" / ".writing-x-1-abc.npy").write_bytes(b"half")
    assert counts(pool_folder(tmp_path / "features", tmp_path / "out")) == (1, 0, [])


def test_search_folder__searches_again_when_the_collection_changed(folders: dict[str, Path]) -> None:
    """A new specimen changes the neighbours of all others."""
    search_folder(through(folders), folders["knn"], SearchSettings(3))
    write_specimens(folders["meshes"], "Shells/d")
    embeddings = through(folders)
    assert counts(search_folder(embeddings, folders["knn"], SearchSettings(3))) == (4, 0, [])
    assert counts(search_folder(embeddings, folders["knn"], SearchSettings(2))) == (4, 0, [])
    (folders["knn"] / "Shells" / "d.csv").unlink()
    assert counts(search_folder(embeddings, folders["knn"], SearchSettings(2))) == (4, 0, [])


def test_stages__do_again_what_was_being_replaced(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage killed while overwriting does not take the new files for old results."""
    through(folders)
    before = bytes_below(folders["features"])
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            extract_folder(folders["renders"], folders["features"], FakeExtractor("other", gives_nan_at=9))
    (folders["features"] / "Molars" / "Tarsius" / "a.npy").write_bytes(b"what the other one gave")
    report = extract_folder(folders["renders"], folders["features"], FakeExtractor())
    assert counts(report) == (1, 2, [])
    assert bytes_below(folders["features"]) == before


def killed(*_: object, **__: object) -> None:
    """End like a killed process."""
    raise KeyboardInterrupt


def test_stages__want_an_input_folder(tmp_path: Path) -> None:
    """A wrong path is an error before anything is written."""
    with pytest.raises(InputError, match="does not exist"):
        render_folder(tmp_path / "nowhere", tmp_path / "out", TWO_VIEWS)
    assert not (tmp_path / "out").exists()


def test_search_folder__is_not_done_without_its_log(tmp_path: Path) -> None:
    """A stage killed between its last table and its log writes the log the next time."""
    embeddings = Embeddings(("a", "b"), np.eye(2, dtype=np.float32))
    search_folder(embeddings, tmp_path, SearchSettings())
    before = bytes_below(tmp_path)
    (tmp_path / "search_all.log").unlink()
    search_folder(embeddings, tmp_path, SearchSettings())
    assert bytes_below(tmp_path) == before


@pytest.mark.parametrize("workers", [0, 1])
def test_render_folder__tells_of_specimens_that_lost_much(folders: dict[str, Path], workers: int) -> None:
    """What repair took of a specimen is a warning of the stage; the specimen is used."""
    text = "OFF\n8 12 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 1 1\n" + "nan nan nan\n" * 3
    (folders["meshes"] / "holey.off").write_text(text + "3 0 1 2\n3 0 1 3\n3 1 2 4\n" + "3 0 1 5\n" * 9)
    (folders["meshes"] / "holed.off").write_text(text.replace("8 12 0", "8 6 0") + "3 0 1 2\n3 0 1 3\n3 1 2 4\n" * 2)
    report = render_folder(folders["meshes"], folders["renders"], TWO_VIEWS, workers=workers)
    assert counts(report) == (4, 0, ["holey"])
    assert report.warnings == ("holed: 3 vertices with NaN or infinite positions left out.",)
