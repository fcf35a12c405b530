"""A process that has everything loaded and forks a run for every line it reads, to be killed or hindered.

    python -m tests.unbreakable.nursery

Reads a line of JSON for every run and answers with one:

- `arguments`: the words of the command;
- `below`: the folder whose files are counted;
- `kill_at`: kill the run before its n-th change to a file below that folder, counted from 1;
- `kill_after`: kill the run and all its children so many seconds after its start;
- `full_at`: from the n-th change on, no file may grow (a full disk);
- `denied_at`: from the n-th change on, nothing may be opened for writing (a read-only disk).
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import psutil

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND


class Moments:
    """Counts what a run changes below a folder, and strikes at a chosen moment."""

    def __init__(self, order: dict[str, Any], report: Path) -> None:
        self.below = order["below"]
        self.report = report
        self.count = 0
        self.is_denied = False
        self.order = order

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be told by the interpreter of everything that it is about to do."""
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & _WRITING:
                return
        elif event in CHANGES:
            path = arguments[0]
        else:
            return
        if not isinstance(path, str | Path) or not str(path).startswith(self.below):
            return
        self.count += 1
        if self.count == self.order.get("kill_at"):
            os.killpg(os.getpid(), signal.SIGKILL)
        if self.count == self.order.get("full_at"):
            # Python ignores SIGXFSZ, so that a write beyond it fails with an error, as on a full disk.
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        if self.count == self.order.get("denied_at"):
            self.is_denied = True
        if self.is_denied:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def load() -> None:
    """Import what a run needs, so that its children are there at once."""
    import hdbscan  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sklearn.decomposition  # noqa: F401

    import core.cli.commands.prepare
    import core.features.classical
    import core.pipeline.run
    import core.views.renderers.raster  # noqa: F401


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Fork a run and tell how it ended: its status, minus the signal where it was killed."""
    report = Path(order["report"])
    child = os.fork()
    if child == 0:
        _be_the_run(order, report)
    started = time.monotonic()
    if order.get("kill_after"):
        while time.monotonic() - started < order["kill_after"]:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return {"status": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - started}
            time.sleep(0.002)
        family = psutil.Process(child).children(recursive=True)
        os.killpg(child, signal.SIGKILL)
        psutil.wait_procs(family, timeout=30)
    _, status = os.waitpid(child, 0)
    return {"status": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - started}


def _be_the_run(order: dict[str, Any], report: Path) -> None:
    from core.cli import main

    os.setsid()
    moments = Moments(order, report)
    sys.addaudithook(moments.hook)
    # In memory: the report must not feel what is done to the disk.
    with io.StringIO() as said, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            status = main(order["arguments"])
        except BaseException:  # noqa: BLE001  what the run did not foresee is what the tests look for
            traceback.print_exc()
            status = 99
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        report.write_text(said.getvalue(), encoding="utf-8")
    report.with_suffix(".count").write_text(str(moments.count), encoding="ascii")
    os._exit(status)


def main() -> None:
    """Serve until there is nothing more to read."""
    load()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
