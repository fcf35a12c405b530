"""A fork server with fault injection: it forks a run for every request and disturbs it.

    python -m tests.unbreakable.fork_server

All modules are imported before the first fork. A request is one line of JSON, and so is its answer:

- `arguments`: the arguments of the command;
- `below`: the folder in which changes to files are counted;
- `report`: the file for the output of the run;
- `kill_at`: kill the run before its n-th change to a file below that folder, counted from 1;
- `kill_after`: kill the run and all its children this many seconds after its start;
- `full_at`: from the n-th change on, no file can grow (a full disk);
- `denied_at`: from the n-th change on, no file can be opened for writing (a read-only disk).
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


class FaultInjector:
    """An audit hook that counts changes below a folder and injects a fault at one."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.below = request["below"]
        self.count = 0
        self.is_denied = False
        self.request = request

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Handle an audit event.

        The interpreter raises it before the action.
        """
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
        if self.count == self.request.get("kill_at"):
            os.killpg(os.getpid(), signal.SIGKILL)
        if self.count == self.request.get("full_at"):
            # Python ignores SIGXFSZ, so a write beyond the limit raises an error, as on a full disk.
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        if self.count == self.request.get("denied_at"):
            self.is_denied = True
        if self.is_denied:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def load() -> None:
    """Import what a run needs, so that a forked run starts at once."""
    import hdbscan  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sklearn.decomposition  # noqa: F401

    import core.cli.commands.prepare
    import core.features.classical
    import core.pipeline.run
    import core.views.renderers.raster  # noqa: F401


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Fork a run.

    Return its duration and its exit status, or minus the signal that killed it.
    """
    child = os.fork()
    if child == 0:
        _execute(request)
    started = time.monotonic()
    if request.get("kill_after"):
        while time.monotonic() - started < request["kill_after"]:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return {"status": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - started}
            time.sleep(0.002)
        descendants = psutil.Process(child).children(recursive=True)
        os.killpg(child, signal.SIGKILL)
        psutil.wait_procs(descendants, timeout=30)
    _, status = os.waitpid(child, 0)
    return {"status": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - started}


def _execute(request: dict[str, Any]) -> None:
    """Run the command in this process and end the process."""
    from core.cli import main

    os.setsid()
    report, injector = Path(request["report"]), FaultInjector(request)
    sys.addaudithook(injector.hook)
    # In memory: the injected faults of the disk must not affect the report.
    with io.StringIO() as output, contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            status = main(request["arguments"])
        except BaseException:  # noqa: BLE001  the tests look for unhandled exceptions
            traceback.print_exc()
            status = 99
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        report.write_text(output.getvalue(), encoding="utf-8")
    report.with_suffix(".count").write_text(str(injector.count), encoding="ascii")
    os._exit(status)


def main() -> None:
    """Serve requests until standard input ends."""
    load()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
