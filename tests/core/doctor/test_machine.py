"""The doctor: looks at everything, and whatever a probe does, goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli import main
from core.doctor import MISSING, WORKS, examine_machine, machine as doctor
from core.doctor.machine import OPTIONAL, TRIALS, Finding, Trial
from core.doctor.probes import PROBES

HANGING = "import time; time.sleep(600)"
WITH_A_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
CRASHING = "import os; os.kill(os.getpid(), 11)"
RAISING = "raise ImportError('libusb-1.0.so.0: cannot open shared object file: No such file or directory')"


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finding]:
    """Return a function that runs Python code as a probe."""

    def tried(code: str, *, needed: bool = True, seconds: float = 60.0) -> Finding:
        popen = doctor.subprocess.Popen

        def instead(command: list[str], **settings: object) -> object:
            return popen([command[0], "-c", code], **settings)  # type: ignore[call-overload]

        with monkeypatch.context() as patch:
            patch.setattr(doctor.subprocess, "Popen", instead)
            return doctor._run_trial(Trial("x", "a part", needed, "bring it", seconds))

    return tried


@pytest.mark.parametrize("code", [HANGING, WITH_A_CHILD, STUBBORN])
def test_run_trial__gives_up_a_probe_that_hangs(probe: Callable[..., Finding], code: str) -> None:
    """Also one whose child holds the pipes, and one that will not end when asked."""
    assert probe(code, seconds=1.0) == Finding("a part", MISSING, "no answer within 1 s", "bring it")


def test_run_trial__outlives_a_probe_that_crashes(probe: Callable[..., Finding]) -> None:
    """A segmentation fault stays in the child."""
    assert probe(CRASHING) == Finding("a part", MISSING, "it crashed (signal 11)", "bring it")


def test_run_trial__names_the_package_of_a_library(probe: Callable[..., Finding]) -> None:
    """What the system lacks is a command away."""
    finding = probe(RAISING, needed=False)
    assert (finding.state, finding.remedy) == (OPTIONAL, "apt-get install libusb-1.0-0")
    assert "cannot open shared object" in finding.detail


def test_run_trial__returns_the_output_of_the_probe(probe: Callable[..., Finding]) -> None:
    """The last line of output if it works, the exit status without output."""
    assert probe("print('noise'); print('Version 3')") == Finding("a part", WORKS, "Version 3")
    assert probe("raise SystemExit(7)").detail == "it ended with status 7"


def test_trials__have_a_probe_each() -> None:
    """And every probe is tried."""
    assert {trial.probe for trial in TRIALS} == set(PROBES)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes long."""
    monkeypatch.setattr(doctor, "TRIALS", tuple(trial for trial in TRIALS if trial.probe == "openvino"))


@pytest.mark.usefixtures("quick")
def test_examine_machine__looks_at_everything(tmp_path: Path) -> None:
    """Machine, parts, weights and folders are checked, and what works has no remedy."""
    findings = {finding.name: finding for finding in examine_machine(tmp_path / "new" / "workspace")}
    assert {"Python", "memory", "engine openvino", "backbone 'auto'", "workspace", "cache"} <= set(findings)
    assert findings["workspace"].state == WORKS
    assert not (tmp_path / "new").exists()
    assert all(finding.remedy for finding in findings.values() if finding.state == MISSING)


@pytest.mark.usefixtures("quick")
def test_examine_machine__finds_a_workspace_that_cannot_be(tmp_path: Path) -> None:
    """A file in its place."""
    (tmp_path / "file").touch()
    found = next(finding for finding in examine_machine(tmp_path / "file" / "below") if finding.name == "workspace")
    assert found.state == MISSING
    assert "is a file" in found.detail


def test_examine_machine__can_be_left_early() -> None:
    """Ctrl-C in the middle does not try the rest."""
    stream = examine_machine(Path("somewhere"))
    next(stream)
    stream.close()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("quick")
def test_doctor__says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 0 if all works, else 1 with an arrow and the command to run."""
    assert main(["doctor", "--workspace", str(tmp_path)]) == 0
    assert "Everything that is needed works." in capsys.readouterr().out
    monkeypatch.setattr(doctor, "TRIALS", (Trial("nonsense", "a part", True, "pip install part"),))
    assert main(["doctor", "--workspace", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "→ pip install part" in out
    assert "1 needed part(s) are missing" in out
