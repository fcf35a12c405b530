"""Tests of explanations: pairs of views, parts of views, images."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.cli import main
from core.foundation import SettingError
from core.matching import draw_pairs, explain, fit_whitening, write_picture
from core.matching.explanation import occlusion_map, overlay_heatmap
from tests.fakes import FakeExtractor, write_specimens


def test_explain__names_the_views_that_match() -> None:
    """Shuffled views of the same specimen are paired, also after whitening."""
    views = np.random.default_rng(1).normal(size=(5, 8)).astype(np.float32)
    order = [3, 1, 4, 0, 2]
    for whitening in (None, fit_whitening(views, 3)):
        pairs = explain(views[order], views, count=9, whitening=whitening)
        assert {(pair.query_view, pair.other_view) for pair in pairs} == set(enumerate(order))
        assert all(pair.similarity == pytest.approx(1, abs=1e-5) for pair in pairs)
    with pytest.raises(SettingError, match=r"'pairs' must be at least 1 \(got 0\)"):
        explain(views, views, count=0)


def test_occlusion_map__finds_the_similar_part() -> None:
    """Only one bright corner is shared, and covering it lowers the similarity."""
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    image[40:60, 40:60] = 250
    target = np.zeros(16, dtype=np.float32)
    target[[10, 11, 14, 15]] = 1
    where = occlusion_map(FakeExtractor(), image, target)
    assert where.shape == (64, 64)
    assert where[40:60, 40:60].mean() > 0.6 > 0.1 > where[:24, :24].max()
    painted = overlay_heatmap(image, where)
    assert np.array_equal(painted[:8, :8], image[:8, :8])
    assert not np.array_equal(painted[44:56, 44:56], image[44:56, 44:56])


def test_occlusion_map__leaves_the_background_out() -> None:
    """Covered pixels leave the mask, as for a run without background."""
    seen: list[np.ndarray] = []

    class KeepsMasks(FakeExtractor):
        def __call__(
            self, images: np.ndarray, masks: np.ndarray | None = None, depth: np.ndarray | None = None
        ) -> np.ndarray:
            assert masks is not None
            seen.append(masks)
            return super().__call__(images, masks, depth)

    image = np.full((64, 64, 3), 250, dtype=np.uint8)
    mask = np.zeros((64, 64), dtype=bool)
    mask[16:48, 16:48] = True
    image[mask] = 90
    target = np.ones(16, dtype=np.float32)
    target[5] = 0
    where = occlusion_map(KeepsMasks(), image, target, mask=mask)
    assert where[mask].max() == 1.0
    assert not where[~mask].any()
    areas = seen[0].sum(axis=(1, 2))
    assert areas[-1] == mask.sum() == areas.max()
    assert areas.min() == mask.sum() - 16 * 16


def test_occlusion_map__says_what_it_cannot_do() -> None:
    """Too few cells, or a backbone that uses depth."""

    class SeesDepth(FakeExtractor):
        @property
        def identity(self) -> dict[str, object]:
            return {"uses_depth": True}

    image = np.zeros((8, 8, 3), dtype=np.uint8)
    with pytest.raises(SettingError, match="'cells' must be at least 2"):
        occlusion_map(FakeExtractor(), image, np.ones(16, np.float32), cells=1)
    with pytest.raises(SettingError, match="uses depth"):
        occlusion_map(SeesDepth(), image, np.ones(16, np.float32))


def test_draw_pairs__puts_one_view_above_the_other(tmp_path: Path) -> None:
    """A column per pair, and the same image after reading."""
    red, blue = (np.full((2, 30, 30, 3), colour, dtype=np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    views = np.eye(2, dtype=np.float32)
    picture = draw_pairs(explain(views, views), red, blue)
    assert picture.shape == (82, 68, 3)
    assert picture[10, 10].tolist() == [255, 0, 0] and picture[70, 60].tolist() == [0, 0, 255]
    write_picture(tmp_path / "pairs.png", picture)
    assert np.array_equal(cv2.imread(str(tmp_path / "pairs.png"))[..., ::-1], picture)


def test_explain__on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run's own specimens, by the ends of their ids."""
    write_specimens(tmp_path / "w" / "meshes", "A/one A/two B/three")
    made = ["run", "--workspace", str(tmp_path / "w"), "--name", "r", "--model", "efficientnet_lite2", "--no-download"]
    assert main([*made, "--views=3", "--size=64", "--image-size=64", "--workers=0", "--min-cluster-size=2"]) == 0
    call = ["explain", "--run", str(tmp_path / "w" / "runs" / "r"), "--query", "one", "--other", "two"]
    assert main([*call, "--pairs", "2", "--where", "--out", str(tmp_path / "out")]) == 0
    assert "Views of A/one and A/two that match best:" in capsys.readouterr().out
    assert (tmp_path / "out" / "explain_A__one_and_A__two_where.png").is_file()
    assert main([*call, "--pairs", "2", "--where", "--out", str(tmp_path / "out")]) == 0
    assert "Explain: nothing to do" in capsys.readouterr().out
    for shown in ("patches", "attention"):
        assert main([*call, "--pairs", "1", "--show", shown, "--out", str(tmp_path / "out")]) == 0
        assert (tmp_path / "out" / f"explain_A__one_and_A__two_{shown}.png").is_file()
