"""Files that change under finished work: photographs, textures, materials and dense tokens."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.backbones import EngineSettings, TokenSettings, open_engine
from core.cli import main
from core.clusters import ClusterSettings
from core.features import FeatureSettings, NetworkExtractor, open_tokens
from core.foundation import SettingError
from core.meshes import read_mesh
from core.pipeline import RunReport, RunSettings, extract_folder, pool_folder, run_pipeline
from core.storage import Manifest, sha256_of_file
from core.views import ViewSettings
from core.workspace import Catalogue, SpecimenRecord, Workspace
from tests.core.networks import tiny_backbone
from tests.fakes import FakeExtractor, write_specimen

COLOURED = RunSettings(
    views=ViewSettings(views=2, appearance="colour"),
    name="run",
    workers=0,
    clusters=ClusterSettings(min_cluster_size=2, pca=0),
)
PLAIN = replace(COLOURED, views=ViewSettings(views=2))
_LATER = ("stamp", "beside", "own_sha256")


def picture(path: Path, colour: tuple[int, int, int]) -> None:
    """Write an uncompressed picture, whose size does not depend on its colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 32), colour).save(path)


def model(folder: Path) -> None:
    """Write a tetrahedron as OBJ with a material and a red texture."""
    folder.mkdir(parents=True, exist_ok=True)
    corners = "v 1 1 1\nv 1 -1 -1\nv -1 1 -1\nv -1 -1 1\nvt 0 0\nvt 1 0\nvt 0 1\n"
    faces = "".join(f"f {a}/1 {b}/2 {c}/3\n" for a, b, c in ((1, 2, 3), (1, 4, 2), (1, 3, 4), (2, 4, 3)))
    (folder / "tooth.obj").write_text(f"mtllib tooth.mtl\n{corners}usemtl skin\n{faces}")
    (folder / "tooth.mtl").write_text("newmtl skin\nKd 1 1 1\nmap_Kd skin.bmp\n")
    picture(folder / "skin.bmp", (220, 20, 20))


def run(workspace: Workspace, settings: RunSettings = PLAIN) -> RunReport:
    """Run with the fake extractor."""
    return run_pipeline(workspace, settings, extractor=FakeExtractor())


def features(workspace: Workspace, name: str) -> np.ndarray:
    """Return the stored view features of a specimen."""
    return np.asarray(np.load(workspace.run("run").features / f"{name}.npy"))


def as_of_an_earlier_version(workspace: Workspace) -> None:
    """Take what this version added from the rows of the catalogue."""
    with closing(sqlite3.connect(workspace.catalogue_path)) as connection, connection:
        rows = connection.execute("SELECT specimen_id, sha256, own_sha256 FROM specimens").fetchall()
        for name, sha256, own in rows:
            connection.execute("UPDATE specimens SET sha256 = ? WHERE specimen_id = ?", (own or sha256, name))
            for suffix in (".webp",):
                before, after = (workspace.thumbnail_of(it).with_suffix(suffix) for it in (sha256, own or sha256))
                if before.is_file() and before != after:
                    after.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(before, after)
        for column in _LATER:
            connection.execute(f"ALTER TABLE specimens DROP COLUMN {column}")


def swap(one: Path, other: Path) -> None:
    """Give two files each other's name."""
    aside = one.with_name("aside.tmp")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


@pytest.mark.specimens("a b c")
def test_run__sees_photographs_that_swap_their_names(workspace: Workspace) -> None:
    """Sizes and times of the folder stay the same; the views change places."""
    folder = workspace.meshes / "crab"
    picture(folder / "1.bmp", (220, 20, 20))
    picture(folder / "2.bmp", (20, 20, 90))
    for path in folder.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    run(workspace)
    before = features(workspace, "crab")
    swap(folder / "1.bmp", folder / "2.bmp")
    report = run(workspace)
    assert (report.done, report.unchanged) == (1, 3)
    assert np.array_equal(features(workspace, "crab"), before[::-1])
    assert not np.array_equal(before, before[::-1])


@pytest.mark.specimens("a b")
def test_run__sees_specimens_whose_folders_swap_their_names(workspace: Workspace) -> None:
    """Two folders of one scan each, of the same size and time."""
    for name in ("one", "two"):
        write_specimen(workspace.meshes / name / f"{name}.off")
        (workspace.meshes / name / f"{name}.off").rename(workspace.meshes / name / "scan.off")
        os.utime(workspace.meshes / name / "scan.off", ns=(10**18, 10**18))
    run(workspace)
    one, two = features(workspace, "one/scan"), features(workspace, "two/scan")
    swap(workspace.meshes / "one", workspace.meshes / "two")
    assert run(workspace).done == 2
    assert np.array_equal(features(workspace, "one/scan"), two)
    assert np.array_equal(features(workspace, "two/scan"), one)


@pytest.mark.specimens("a b c")
@pytest.mark.parametrize("older", [False, True])
def test_run__sees_a_file_of_the_same_size_and_an_older_time(workspace: Workspace, older: bool) -> None:
    """A photograph that is replaced, whatever its time says."""
    folder = workspace.meshes / "crab"
    picture(folder / "1.bmp", (220, 20, 20))
    picture(folder / "2.bmp", (20, 20, 90))
    run(workspace)
    time = (folder / "1.bmp").stat().st_mtime_ns
    picture(folder / "new.tmp.bmp", (20, 220, 20))
    (folder / "new.tmp.bmp").replace(folder / "1.bmp")
    os.utime(folder / "1.bmp", ns=(time - 10**15 if older else time,) * 2)
    report = run(workspace)
    assert (report.done, report.unchanged) == (1, 3)


CHANGES: dict[str, Callable[[Path], object]] = {
    "texture": lambda folder: picture(folder / "skin.bmp", (20, 20, 90)),
    "material": lambda folder: (folder / "tooth.mtl").write_text("newmtl skin\nKd 0 0 0.3\n"),
    "texture taken away": lambda folder: (folder / "skin.bmp").unlink(),
}


@pytest.mark.specimens("a b c")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_run__sees_what_a_model_depends_on(workspace: Workspace, change: Callable[[Path], object]) -> None:
    """A texture or a material of an untouched OBJ, with the time that it had."""
    model(workspace.meshes / "teeth")
    assert run(workspace, COLOURED).failures == ()
    before = features(workspace, "teeth/tooth")
    times = {path: path.stat().st_mtime_ns for path in (workspace.meshes / "teeth").iterdir()}
    change(workspace.meshes / "teeth")
    for path, time in times.items():
        if path.exists():
            os.utime(path, ns=(time, time))
    report = run(workspace, COLOURED)
    assert (report.done, report.unchanged) == (1, 3)
    assert not np.allclose(features(workspace, "teeth/tooth"), before)
    assert run(workspace, COLOURED).done == 0


@pytest.mark.specimens("a b c")
def test_run__sees_a_texture_that_is_added_later(workspace: Workspace) -> None:
    """A model whose texture was missing is drawn in its colours once the texture is there."""
    model(workspace.meshes / "teeth")
    (workspace.meshes / "teeth" / "skin.bmp").unlink()
    run(workspace, COLOURED)
    picture(workspace.meshes / "teeth" / "textures" / "skin.bmp", (20, 20, 90))
    assert run(workspace, COLOURED).done == 1
    assert run(workspace, COLOURED).done == 0


@pytest.mark.specimens("a b c")
def test_thumbnail__is_that_of_the_texture(workspace: Workspace) -> None:
    """Two models of one form with different textures have a picture each."""
    model(workspace.meshes / "red")
    model(workspace.meshes / "blue")
    picture(workspace.meshes / "blue" / "skin.bmp", (20, 20, 90))
    run(workspace, COLOURED)
    records = Catalogue(workspace.catalogue_path).specimens(str(workspace.meshes))
    red, blue = records["red/tooth"], records["blue/tooth"]
    assert red.own_sha256 == blue.own_sha256 == sha256_of_file(workspace.meshes / "red" / "tooth.obj")
    pictures = [np.asarray(Image.open(workspace.thumbnail_of(it.sha256)).convert("RGB")) for it in (red, blue)]
    assert not np.array_equal(*pictures)


@pytest.mark.specimens("a b c")
@pytest.mark.parametrize("settings", [PLAIN, COLOURED], ids=["gray", "colour"])
def test_run__keeps_the_work_of_an_earlier_version(workspace: Workspace, settings: RunSettings) -> None:
    """Rows without stamps: the files are read once, and nothing is made again."""
    model(workspace.meshes / "teeth")
    picture(workspace.meshes / "crab" / "1.bmp", (220, 20, 20))
    before = run(workspace, settings)
    if settings is COLOURED:
        _sign_as_earlier(workspace, settings)
    as_of_an_earlier_version(workspace)
    report = run(workspace, settings)
    assert (before.done, report.done, report.unchanged) == (5, 0, 5)
    records = Catalogue(workspace.catalogue_path).specimens(str(workspace.meshes))
    assert all(record.stamp for record in records.values())
    assert run(workspace, settings).done == 0


def _sign_as_earlier(workspace: Workspace, settings: RunSettings) -> None:
    """Give the model the fingerprint that an earlier version gave it, of the OBJ alone."""
    from core.pipeline.preparation import fingerprint_of_views
    from core.pipeline.stages import POOLING_VERSION
    from core.storage import fingerprint

    run_folder, name = workspace.run("run"), "teeth/tooth"
    size = run_folder.config()["views"]["size"]
    views = fingerprint_of_views(
        replace(settings.views, size=size), sha256_of_file(workspace.meshes / "teeth" / "tooth.obj")
    )
    of_features = fingerprint("features", FakeExtractor().identity, views)
    of_embedding = fingerprint("embedding", POOLING_VERSION, settings.pool, of_features)
    for folder, made_from in ((run_folder.features, of_features), (run_folder.embeddings, of_embedding)):
        manifest = Manifest(folder, ".npy")
        entry = dict(manifest.get(name) or {})
        facts = {key: entry[key] for key in ("views", "made_with") if key in entry}
        manifest.add(name, made_from, **facts)
        manifest.keep_only(manifest.ids)


@pytest.mark.specimens("a b c")
def test_run__reads_files_of_an_earlier_version_that_swapped(workspace: Workspace) -> None:
    """Size and time alone do not make them finished."""
    folder = workspace.meshes / "crab"
    picture(folder / "1.bmp", (220, 20, 20))
    picture(folder / "2.bmp", (20, 20, 90))
    run(workspace)
    as_of_an_earlier_version(workspace)
    swap(folder / "1.bmp", folder / "2.bmp")
    assert run(workspace).done == 1


def test_preview__is_that_of_the_file_now(tmp_path: Path) -> None:
    """The preview of another file of the same name is not shown, whatever the times say."""
    from core.scenes import read_preview

    one, kept = tmp_path / "scan.off", tmp_path / "previews" / "p.ply"
    write_specimen(one)
    read_preview(one, kept)
    write_specimen(tmp_path / "other.off", stretch=3)
    os.utime(tmp_path / "other.off", ns=(10**17, 10**17))
    (tmp_path / "other.off").replace(one)
    shown = read_preview(one, kept)
    assert np.allclose(np.ptp(shown.vertices, axis=0), np.ptp(read_mesh(one).vertices, axis=0), atol=1e-5)


def dense(size: int = 56) -> NetworkExtractor:
    """Return an extractor with a small vision transformer for views of a size."""
    backbone = tiny_backbone(size)
    settings = EngineSettings("torch", "cpu", "fp32")
    return NetworkExtractor(backbone, open_engine(backbone, TokenSettings(), settings, dense=True), TokenSettings())


def views_in(renders: Path, names: str = "a b", seed: int = 0) -> Path:
    """Write two views of each specimen."""
    rng = np.random.default_rng(seed)
    for name in names.split():
        for number in range(2):
            path = renders / f"{name}_view{number:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 255, (56, 56, 3), dtype=np.uint8)).save(path)
    return renders


def test_extract__keeps_tokens_of_two_folders_apart(tmp_path: Path) -> None:
    """Each below its own --out, with a manifest: neither overwrites the other, both are done."""
    renders, one, two = views_in(tmp_path / "renders"), tmp_path / "one", tmp_path / "two"
    networks = {one: dense(56), two: dense(70)}
    for folder, extractor in networks.items():
        assert extract_folder(renders, folder, extractor, tokens=folder / "tokens").done == 2
    for folder, extractor in networks.items():
        report = extract_folder(renders, folder, extractor, tokens=folder / "tokens")
        assert (report.done, report.unchanged) == (0, 2)
        tokens = open_tokens(folder / "tokens" / "a.npy")
        assert np.allclose(tokens[:, 0], np.load(folder / "a.npy"), atol=1e-2)
    assert [np.load(folder / "tokens" / "a.npy").shape for folder in (one, two)] == [(2, 17, 48), (2, 26, 48)]


def test_extract__makes_tokens_of_other_settings_again(tmp_path: Path) -> None:
    """Tokens of an earlier backbone do not count as those of this one, and are told about."""
    renders, out = views_in(tmp_path / "renders"), tmp_path / "features"
    extract_folder(renders, out, dense(56), tokens=out / "tokens")
    report = extract_folder(renders, out, dense(70))
    assert report.warnings[0].startswith("The tokens of 2 specimens in ")
    assert extract_folder(renders, out, dense(70), tokens=out / "tokens").done == 2
    assert np.allclose(open_tokens(out / "tokens" / "a.npy")[:, 0], np.load(out / "a.npy"), atol=1e-2)


def test_extract__leaves_tokens_of_an_earlier_version_alone(tmp_path: Path) -> None:
    """They lie beside --out, and a sentence names them."""
    renders, out = views_in(tmp_path / "renders"), tmp_path / "features"
    (tmp_path / "tokens").mkdir()
    np.save(tmp_path / "tokens" / "a.npy", np.zeros((2, 5, 8), np.float16))
    report = extract_folder(renders, out, dense(), tokens=out / "tokens")
    assert str(tmp_path / "tokens") in report.warnings[0]
    assert not np.load(tmp_path / "tokens" / "a.npy").any()


def test_pool__takes_no_tokens_for_features(tmp_path: Path) -> None:
    """Tokens below the features are no specimens."""
    renders, out = views_in(tmp_path / "renders"), tmp_path / "features"
    extract_folder(renders, out, dense(), tokens=out / "tokens")
    assert pool_folder(out, tmp_path / "embeddings").done == 2
    assert (tmp_path / "embeddings" / "ids.txt").read_text() == "a\nb\n"


def test_extract__refuses_a_category_of_the_name_of_the_tokens(tmp_path: Path) -> None:
    """Features of one specimen would lie where the tokens of another lie."""
    renders = views_in(tmp_path / "renders", "a tokens/a")
    with pytest.raises(SettingError, match="The category 'tokens' has the name of the folder"):
        extract_folder(renders, tmp_path / "out", dense(), tokens=tmp_path / "out" / "tokens")
    extract_folder(renders, tmp_path / "out", dense())
    assert pool_folder(tmp_path / "out", tmp_path / "embeddings").done == 2


@pytest.mark.specimens("a b c")
def test_run__makes_tokens_of_other_settings_again(workspace: Workspace) -> None:
    """Tokens that were kept before the settings changed are no tokens of the new features."""
    kept = replace(PLAIN, features=FeatureSettings(model="dinov2_vits14", dense=True))
    tokens = workspace.run("run").root / "tokens" / "a.npy"
    run_pipeline(workspace, kept, extractor=dense(56))
    run_pipeline(workspace, PLAIN, extractor=dense(70))
    assert not tokens.exists()
    assert run_pipeline(workspace, kept, extractor=dense(70)).done == 3
    assert np.allclose(open_tokens(tokens)[:, 0], features(workspace, "a"), atol=1e-2)
    (tokens.parent / "manifest.jsonl").unlink()  # as an earlier version left them
    assert run_pipeline(workspace, kept, extractor=dense(70)).done == 0
    assert json.loads((tokens.parent / "manifest.jsonl").read_text().splitlines()[0])["id"] == "a"


def test_extract__writes_tokens_below_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command refuses a network without tokens, and writes nothing beside its folder."""
    renders = views_in(tmp_path / "renders")
    call = ["extract", "--renders", str(renders), "--out", str(tmp_path / "f"), "--dense"]
    assert main([*call, "--model", "classical"]) == 1
    assert capsys.readouterr().err
    assert not (tmp_path / "tokens").exists()


def test_record__of_an_earlier_version_has_no_stamp() -> None:
    """A row without stamp is compared by size and time alone where nothing else is known."""
    from core.collection import Stamp, is_as_recorded

    record = SpecimenRecord("s", "a", "a.ply", size=3, mtime_ns=5)
    assert is_as_recorded(record, Stamp(3, 5, "new"))
    assert not is_as_recorded(replace(record, stamp="old"), Stamp(3, 5, "new"))
