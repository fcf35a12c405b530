"""Settings of all tests: checked shapes of boundary functions, hypothesis without deadlines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

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


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real scans beside the project, or skip the test."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"the real scans in {folder.name}/ beside the project are not here")
    return folder
