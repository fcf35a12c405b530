"""Settings and fixtures of all tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

if TYPE_CHECKING:
    from core.workspace import RunFolder, Workspace

# The hook must be there before any test module imports these. Signatures are checked by beartype in
# tests only. `Embeddings` checks itself with clearer messages; protocols cannot be checked.
install_import_hook(
    [
        "core.evaluation.retrieval",
        "core.matching.view_sets",
        "core.neighbours.exact",
        "core.neighbours.search",
        "core.views.photographs",
        "core.embeddings.pooling",
        "core.views.cameras",
        "core.matching.reranking",
        "core.matching.whitening",
    ],
    "beartype.beartype",
)

settings.register_profile(
    "project", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that gives the fixture `workspace` its specimens."""
    config.addinivalue_line("markers", "specimens(names): the specimens in the fixture `workspace` (none)")


@pytest.fixture
def workspace(tmp_path: Path, request: pytest.FixtureRequest) -> Workspace:
    """Return a workspace with the specimens of the marker `specimens`, a tetrahedron each."""
    from core.workspace import open_workspace
    from tests.fakes import write_specimens

    made = open_workspace(tmp_path / "workspace")
    marker = request.node.get_closest_marker("specimens")
    write_specimens(made.meshes, marker.args[0] if marker else "")
    return made


@pytest.fixture
def run(workspace: Workspace) -> RunFolder:
    """Return a run of the fixture `workspace` by the fake extractor, with three views."""
    from core.features import FeatureSettings
    from core.pipeline import RunSettings, run_pipeline
    from core.views import ViewSettings
    from tests.fakes import FakeExtractor

    settings = RunSettings(views=ViewSettings(views=3), features=FeatureSettings(model="efficientnet_lite2"), workers=0)
    return run_pipeline(workspace, settings, extractor=FakeExtractor()).run


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real scans beside the project, or skip the test."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"the real scans in {folder.name}/ beside the project are not here")
    return folder
