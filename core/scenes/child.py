"""The child process that makes scenes, and requests to it with a time limit."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from core.foundation import PROJECT, RendererError


class SceneChild:
    """`core.scenes.worker` as a process, and a thread that reads its replies."""

    def __init__(self) -> None:
        # Not multiprocessing: a spawned process runs the parent's main script again, which is
        # the app under Streamlit; a forked process inherits threads and locks.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.scenes.worker"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self._replies: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True, name="scene-replies").start()

    @property
    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
        """Return the reply to a request.

        Raises
        ------
        RendererError
            If the reply took too long, or the process ended. The process has ended in both cases.
        """
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
            line = self._replies.get(timeout=timeout_seconds)
        except queue.Empty:
            self.kill()
            raise RendererError(
                f"The 3D scene was not ready after {timeout_seconds:g} s.",
                advice="Try again, or look at the rendered views.",
            ) from None
        except OSError:
            line = ""
        if not line:
            self.kill()
            raise RendererError(
                f"The process that makes 3D scenes ended (status {self._process.poll()}).",
                advice="Run `python -m core doctor` to see what the viewer lacks on this machine.",
            )
        reply: dict[str, Any] = json.loads(line)
        return reply

    def kill(self) -> None:
        """End the process and wait for its end, so that it does not stay as a zombie."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)

    def _read(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as stream:
                for line in stream:
                    self._replies.put(line)
        self._replies.put("")
