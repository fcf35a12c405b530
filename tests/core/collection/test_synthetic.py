"""Synthetic specimens: coiling model, forms, damage, files, metadata."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings, strategies as st

from core.collection import METADATA_FILE, SampleSettings, make_samples
from core.collection.synthetic.collection import CATALOGUE, CATEGORIES, SampleReport
from core.collection.synthetic.damage import break_off
from core.collection.synthetic.preservation import PALETTES, colours
from core.collection.synthetic.scanning import scan
from core.collection.synthetic.shapes.coiling import Coil, coil_points, generating_curve, growth_angles, spread
from core.collection.synthetic.shapes.surfaces import ellipsoid, signed_volume, vertex_normals, weather
from core.foundation import SettingError, WorkspaceError
from tests.fakes import bytes_below, rows_of

coils = st.builds(
    Coil,
    w=st.floats(1.1, 1000.0),
    d=st.floats(0.0, 0.7),
    t=st.floats(0.0, 8.0),
    s=st.floats(0.3, 2.5),
)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleReport]:
    """Make the default collection once for all tests that only read it."""
    out = tmp_path_factory.mktemp("samples")
    return out, make_samples(out, SampleSettings(per_category=8))


# ---- Raup's model


@given(coil=coils, angle=st.floats(-20.0, -7.0))
@settings(max_examples=60, deadline=None)
def test_coil_points__one_turn_is_larger_by_w(coil: Coil, angle: float) -> None:
    """Every point of the curve is W times as far from the apex one turn later, and at the same azimuth."""
    curve = generating_curve(coil, spread(24, crowding=0.3), squareness=2.2, taper=0.2, slant=0.1)
    now, later = coil_points(coil, curve, np.array([angle, angle + 2 * np.pi]))
    np.testing.assert_allclose(later, coil.w * now, rtol=1e-9, atol=1e-9 * np.abs(later).max())


@given(coil=coils)
@settings(max_examples=60, deadline=None)
def test_generating_curve__has_the_d_and_s_it_was_asked_for(coil: Coil) -> None:
    """D is inner over outer distance from the axis, S is breadth over height of the curve."""
    curve = generating_curve(coil, np.linspace(-np.pi, np.pi, 721))
    away, along = curve.T
    assert away.min() / away.max() == pytest.approx(coil.d, abs=1e-6)
    assert np.ptp(along) / np.ptp(away) == pytest.approx(coil.s, rel=1e-6)


@given(coil=coils)
@settings(max_examples=60, deadline=None)
def test_coil_points__centre_moves_along_the_axis_by_t(coil: Coil) -> None:
    """T is movement along the axis over movement away from it, of the curve's centre."""
    centre = np.array([[1.0, -coil.t]])
    path = coil_points(coil, centre, np.linspace(-12.0, 0.0, 7))[:, 0]
    along, away = path[:, 2], np.hypot(path[:, 0], path[:, 1])
    np.testing.assert_allclose(-np.diff(along), coil.t * np.diff(away), rtol=1e-9, atol=1e-12)


def test_coil_points__planispiral_shell_is_symmetrical() -> None:
    """With T of 0 the two sides of a shell are mirror images."""
    coil = Coil(2.0, 0.3, 0.0, 0.8)
    angles = np.linspace(-1.0, 1.0, 9)
    right, left = (coil_points(coil, generating_curve(coil, k * angles), np.array([-3.0, 0.0])) for k in (1, -1))
    np.testing.assert_allclose(right, left * np.array([1.0, 1.0, -1.0]), atol=1e-12)


def test_coil_points__seen_from_the_apex_growth_runs_clockwise() -> None:
    """Gastropods come out dextral."""
    coil = Coil(1.5, 0.1, 2.0, 1.0)
    path = coil_points(coil, np.array([[1.0, -coil.t]]), np.linspace(-2.0, 0.0, 50))[:, 0]
    turned = np.unwrap(np.arctan2(path[:, 1], path[:, 0]))
    assert (np.diff(turned) < 0).all()
    assert (np.diff(path[:, 2]) < 0).all()


def test_growth_angles__reach_back_as_far_as_asked_and_end_at_the_aperture() -> None:
    """The last angle is 0, the first lies beyond the wanted number of whorls."""
    angles = growth_angles(Coil(1.6, 0.4, 0.0, 1.0), 3.5, 120)
    assert angles[-1] == 0.0
    assert angles[0] <= -2 * np.pi * 3.5
    assert (np.diff(angles) > 0).all()


# ---- forms


@pytest.mark.parametrize("form", [form for form, _ in CATALOGUE], ids=lambda form: form.__name__)
def test_build__every_style_is_finite_closed_and_of_reasonable_size(form: type) -> None:
    """Each style of each form is a surface of 5,000 to 40,000 faces without a hole in its volume."""
    for number, style in enumerate(form.styles):
        drawn = form.draw(number, np.random.default_rng(number))
        surface = form.build(drawn, np.random.default_rng(number))
        assert drawn.style == style
        assert np.isfinite(surface.vertices).all()
        assert np.isfinite(surface.tint).all()
        assert np.abs(surface.tint).max() <= 1.0
        assert 5_000 <= len(surface.faces) <= 40_000
        assert surface.faces.min() >= 0
        assert surface.faces.max() < len(surface.vertices)
        assert signed_volume(surface) > 0.0


@pytest.mark.parametrize("form", [form for form, _ in CATALOGUE], ids=lambda form: form.__name__)
def test_draw__specimens_of_a_category_differ(form: type) -> None:
    """No two of eight specimens have the same parameters."""
    drawn = {str(asdict(form.draw(number % 3, np.random.default_rng(number)))) for number in range(8)}
    assert len(drawn) == 8


@pytest.mark.parametrize("form", [form for form, _ in CATALOGUE[:3]], ids=lambda form: form.__name__)
def test_draw__whorls_of_ammonoids_touch(form: type) -> None:
    """W is below 1/D (Raup 1967), so that no ammonoid is an open coil."""
    for number in range(200):
        drawn = form.draw(number, np.random.default_rng(number))
        assert drawn.raup_w * drawn.raup_d < 1.0


def test_weather__keeps_the_form() -> None:
    """Weathering moves vertices by a few hundredths of the extent at most."""
    ball = ellipsoid(np.zeros(3), np.ones(3), 2000)
    moved = np.linalg.norm(weather(ball, np.random.default_rng(1)).vertices - ball.vertices, axis=1)
    assert 0.0 < moved.mean() < 0.05
    assert moved.max() < 0.12


# ---- damage, colours, scans


@given(share=st.floats(0.05, 0.5), seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_break_off__takes_about_that_share_and_closes_the_cut(share: float, seed: int) -> None:
    """Volume falls, the rest of a closed surface is closed, and its faces point outwards."""
    ball = ellipsoid(np.zeros(3), np.array([1.0, 0.8, 0.6]), 1500)
    rest = break_off(ball, np.random.default_rng(seed), share)
    mesh = trimesh.Trimesh(rest.vertices, rest.faces, process=False)
    assert 0.0 < signed_volume(rest) < signed_volume(ball)
    edges = np.sort(mesh.edges, axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 2).mean() > 0.995
    old = np.linalg.norm(mesh.triangles_center / np.array([1.0, 0.8, 0.6]), axis=1) > 0.97
    whole = trimesh.Trimesh(ball.vertices, ball.faces, process=False).area
    assert mesh.area_faces[old].sum() / whole == pytest.approx(1.0 - share, abs=0.06)


def test_colours__hollows_are_darker_than_crests() -> None:
    """For every mode of preservation, tint -1 is darker than tint 1."""
    ball = ellipsoid(np.zeros(3), np.ones(3), 3000)
    low = type(ball)(ball.vertices, ball.faces, np.full(3000, -1.0))
    high = type(ball)(ball.vertices, ball.faces, np.full(3000, 1.0))
    for palette in PALETTES:
        dark, light = (colours(one, palette, np.random.default_rng(0)) for one in (low, high))
        assert dark.dtype == np.uint8
        assert dark.mean() < light.mean()


def test_scan__points_lie_on_what_can_be_seen() -> None:
    """A ball inside of a ball stays unseen, and normals point outwards."""
    outer, inner = ellipsoid(np.zeros(3), np.ones(3), 3000), ellipsoid(np.zeros(3), 0.5 * np.ones(3), 500)
    both = type(outer)(
        np.concatenate([outer.vertices, inner.vertices]),
        np.concatenate([outer.faces, inner.faces + 3000]),
        np.zeros(3500),
    )
    cloud = scan(both, np.full((3500, 3), 120, dtype=np.uint8), np.random.default_rng(0))
    distances = np.linalg.norm(cloud.points, axis=1)
    assert len(cloud.points) > 5_000
    assert distances.min() > 0.98
    assert (np.einsum("ij,ij->i", cloud.points, cloud.normals) > 0).all()
    assert (cloud.colours == 120).all()


def test_vertex_normals__of_a_ball_point_away_from_its_middle() -> None:
    """Normals of a ball are its positions."""
    ball = ellipsoid(np.zeros(3), np.ones(3), 2000)
    assert (np.einsum("ij,ij->i", vertex_normals(ball), ball.vertices) > 0.99).all()


# ---- the collection


def test_make_samples__has_every_category_in_two_levels(collection: tuple[Path, SampleReport]) -> None:
    """Fourteen categories, eight specimens in each."""
    out, report = collection
    assert len(report.written) == 8 * len(CATEGORIES) == 112
    for category in CATEGORIES:
        assert category.count("/") == 1
        assert len([path for path in (out / category).iterdir() if path.is_file()]) == 8


def test_make_samples__writes_files_that_others_read(collection: tuple[Path, SampleReport]) -> None:
    """Every file is read by trimesh as a finite, non-empty mesh or cloud of the size in the metadata."""
    out, _ = collection
    formats = set()
    for row in rows_of(out / METADATA_FILE):
        loaded = trimesh.load(out / row["file"], process=False)
        formats.add(row["format"])
        assert isinstance(loaded, trimesh.PointCloud) == (row["point_cloud"] == "yes")
        assert len(loaded.vertices) > 2_000
        assert np.isfinite(loaded.vertices).all()
        extent, size = float(np.ptp(loaded.vertices, axis=0).max()), float(row["size_mm"])
        assert 0.3 * size < extent < 1.7 * size
        if row["point_cloud"] == "no":
            assert len(loaded.faces) >= 4_000
        if row["format"] == "ply":
            colour = loaded.colors if row["point_cloud"] == "yes" else loaded.visual.vertex_colors
            assert len(np.unique(np.asarray(colour)[:, :3], axis=0)) > 50
    assert formats == {"ply", "obj", "stl", "off"}


def test_make_samples__metadata_matches_the_files(collection: tuple[Path, SampleReport]) -> None:
    """One row a file in id order, the id is the path without suffix, and some are broken, some clouds."""
    out, report = collection
    rows = rows_of(out / METADATA_FILE)
    ids = [row["specimen_id"] for row in rows]
    files = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()} - {METADATA_FILE}
    assert next(iter(rows[0])) == "specimen_id"
    assert report.metadata_path == out / METADATA_FILE
    assert ids == sorted(ids) == sorted(report.written)
    assert {row["file"] for row in rows} == files
    for row in rows:
        assert row["file"] == f"{row['specimen_id']}.{row['format']}"
        assert row["specimen_id"].startswith(f"{row['category']}/")
        assert (row["damage"] == "none") == (float(row["lost_share"]) == 0.0)
        assert (row["raup_w"] != "") == (row["raup_s"] != "")
    assert sum(row["damage"] != "none" for row in rows) == 28
    assert sum(row["point_cloud"] == "yes" for row in rows) == 14


def test_make_samples__is_small_on_disk(collection: tuple[Path, SampleReport]) -> None:
    """The default collection stays below 90 MB."""
    out, _ = collection
    assert sum(len(data) for data in bytes_below(out).values()) < 90_000_000


def test_make_samples__fewer_are_the_first_of_more(collection: tuple[Path, SampleReport], tmp_path: Path) -> None:
    """A collection of two in a category equals the first two of eight, to the byte."""
    out, _ = collection
    make_samples(tmp_path, SampleSettings(per_category=2))
    few, many = bytes_below(tmp_path), bytes_below(out)
    few.pop(METADATA_FILE)
    assert len(few) == 2 * len(CATEGORIES)
    assert all(many[name] == data for name, data in few.items())
    described = {row["specimen_id"]: row for row in rows_of(out / METADATA_FILE)}
    assert all(described[row["specimen_id"]] == row for row in rows_of(tmp_path / METADATA_FILE))


def test_make_samples__another_seed_makes_other_specimens(
    collection: tuple[Path, SampleReport], tmp_path: Path
) -> None:
    """No mesh is the same under another seed."""
    out, _ = collection
    make_samples(tmp_path, SampleSettings(per_category=1, seed=7))
    many = bytes_below(out)
    assert all(many[name] != data for name, data in bytes_below(tmp_path).items())


def test_make_samples__second_call_writes_nothing(tmp_path: Path) -> None:
    """Nothing is touched, not even the metadata."""
    chosen = SampleSettings(per_category=1)
    first = make_samples(tmp_path, chosen)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    second = make_samples(tmp_path, chosen)
    assert len(first.written) == second.skipped_existing == len(CATEGORIES)
    assert second.written == ()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_make_samples__fills_gaps_and_keeps_what_is_there(tmp_path: Path) -> None:
    """A lost file is made again as it was; kept ones keep their row under another seed."""
    make_samples(tmp_path, SampleSettings(per_category=1))
    before = bytes_below(tmp_path)
    lost = rows_of(tmp_path / METADATA_FILE)[3]["file"]
    (tmp_path / lost).unlink()
    assert len(make_samples(tmp_path, SampleSettings(per_category=1)).written) == 1
    assert bytes_below(tmp_path) == before
    assert make_samples(tmp_path, SampleSettings(per_category=1, seed=5)).written == ()
    assert bytes_below(tmp_path) == before


def test_make_samples__overwrite_makes_all_again(tmp_path: Path) -> None:
    """With `overwrite` a changed file is put right."""
    make_samples(tmp_path, SampleSettings(per_category=1))
    before = bytes_below(tmp_path)
    (tmp_path / rows_of(tmp_path / METADATA_FILE)[0]["file"]).write_bytes(b"not a mesh")
    report = make_samples(tmp_path, SampleSettings(per_category=1), overwrite=True)
    assert len(report.written) == len(CATEGORIES)
    assert bytes_below(tmp_path) == before


def test_make_samples__interrupted_work_is_described(tmp_path: Path) -> None:
    """What was written before an interruption has its row, and the next call goes on from there."""

    def impatient(iterable, total, label):
        for done, item in enumerate(iterable):
            if done == 3:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        make_samples(tmp_path, SampleSettings(per_category=1), progress=impatient)
    assert len(rows_of(tmp_path / METADATA_FILE)) == 3
    report = make_samples(tmp_path, SampleSettings(per_category=1))
    assert (report.skipped_existing, len(report.written)) == (3, len(CATEGORIES) - 3)


def test_make_samples__folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file where the folder should be is an error that names it."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(WorkspaceError, match="taken"):
        make_samples(tmp_path / "taken", SampleSettings(per_category=1))


@pytest.mark.parametrize(
    ("per_category", "seed", "words"),
    [(0, 42, "per_category"), (1000, 42, "1 to 999"), (1, -1, "seed"), (2.5, 42, "whole number")],
)
def test_sample_settings__prose_of_errors(per_category: int, seed: int, words: str) -> None:
    """A bad number is named with what was given and what is allowed."""
    with pytest.raises(SettingError, match=words) as caught:
        SampleSettings(per_category=per_category, seed=seed)
    assert f"got {per_category if seed == 42 else seed}" in caught.value.problem
    assert caught.value.advice
