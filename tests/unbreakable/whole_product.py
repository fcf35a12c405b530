"""Samples, a run, searches, clusters, an evaluation, and every screen, in one process.

python tests/unbreakable/whole_product.py FOLDER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))


def main() -> None:
    """Use every command and screen once."""
    from core.cli import main as command

    folder = Path(sys.argv[1])
    workspace = folder / "workspace"
    run = workspace / "runs" / "run"
    where = ["--emb", str(run / "embeddings" / "embeddings.npy"), "--ids", str(run / "embeddings" / "ids.txt")]
    query = "Teeth/Conical/tooth_conical_001"
    out = ["--out", str(folder / "out")]
    few = ["--views", "2", "--workers", "1", "--min-cluster-size", "2", "--no-download"]
    for words in (
        ["samples", "--out", str(workspace / "meshes"), "--per-category", "1"],
        ["run", "--workspace", str(workspace), "--name", "run", *few],
        ["search", *where, "--query", query, *out],
        ["search-all", *where, *out],
        ["cluster", *where, "--min-cluster-size", "2", *out],
        ["evaluate", *where, "--labels", "category:1", *out],
        ["backbones"],
    ):
        status = command([*words, *(["--quiet"] if words[0] != "backbones" else [])])
        if status not in (0, 3):
            sys.exit(f"{words[0]} ended with status {status}")
    _show_every_screen(workspace)
    print("everything was used")


def _show_every_screen(workspace: Path) -> None:
    from streamlit.testing.v1 import AppTest

    os.environ["FOSSILVIT_WORKSPACE"] = str(workspace)
    screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=300).run()
    for page in sorted((PROJECT / "pages").glob("*.py")):
        screen.switch_page(f"pages/{page.name}").run()
        if screen.exception:
            sys.exit(f"{page.name}: {screen.exception}")


if __name__ == "__main__":
    main()
