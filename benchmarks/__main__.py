"""Run every benchmark, or those named: `python -m benchmarks [render features …]`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    """Run each benchmark in a separate process.

    Return the worst exit status.
    """
    available = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    wanted = sys.argv[1:] or [name for name in available if name != "scale"]  # that one has a target of its own
    unknown = [name for name in wanted if name not in available]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(available)}.", file=sys.stderr)
        return 1
    worst = 0
    for name in wanted:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.bench_{name}"]
        worst = max(worst, subprocess.run(command, cwd=FOLDER.parent, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
