"""Tests of the rotations of camera layouts: those of the solids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.foundation import SettingError, WorkspaceError
from core.matching import rotations_of_views
from core.matching.rotations import layout_beside, rotations_for_matching
from core.storage import write_json
from core.views import camera_poses


@pytest.mark.parametrize(
    ("layout", "count", "rotations", "mirrored"),
    [("dodecahedron", 20, 60, 60), ("icosahedron", 12, 60, 60), ("faces", 6, 24, 24), ("ring", 7, 7, 7)],
)
def test_rotations_of_views__are_those_of_the_solids(layout: str, count: int, rotations: int, mirrored: int) -> None:
    """As many as the solid has, each keeps all angles, and they form a group."""
    directions = camera_poses(count, layout)[:, :3, 3]
    angles = directions @ directions.T
    for flipped, expected in ((False, rotations), (True, mirrored)):
        found = rotations_of_views(layout, count, mirrored=flipped)
        assert found.shape == (expected, count)
        assert all(np.allclose(angles[np.ix_(rotation, rotation)], angles) for rotation in found)
    proper = {tuple(rotation) for rotation in rotations_of_views(layout, count).tolist()}
    assert tuple(range(count)) in proper
    assert all(tuple(np.argsort(rotation).tolist()) in proper for rotation in proper)
    assert {tuple(rotation) for rotation in found.tolist()}.isdisjoint(proper)


def test_rotations_for_matching__refuses_layouts_without_rotations() -> None:
    """The error names layouts that have some."""
    with pytest.raises(SettingError, match=r"12 in the layout 'fibonacci' do not.*dodecahedron --views 20"):
        rotations_for_matching("fibonacci", 12)


def test_layout_beside__reads_what_the_run_or_render_recorded(tmp_path: Path) -> None:
    """A run's configuration, else the settings of the renders, else an error."""
    features = tmp_path / "features"
    with pytest.raises(SettingError, match=r"Nothing beside .*--run"):
        layout_beside(features)
    write_json(tmp_path / "renders/settings.json", {"layout": "ring", "views": 8})
    assert layout_beside(features) == ("ring", 8)
    write_json(tmp_path / "config.json", {"views": {"layout": "dodecahedron", "views": 20}})
    assert layout_beside(features) == ("dodecahedron", 20)
    write_json(tmp_path / "config.json", {"views": {}})
    with pytest.raises(WorkspaceError, match="does not say how views were laid out"):
        layout_beside(features)
