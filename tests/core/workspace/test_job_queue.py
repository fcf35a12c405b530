"""The queue: one job at a time, in order, without an open page, and resumed."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from core.cli import main
from core.foundation import BusyError, InputError
from core.workspace import (
    Catalogue,
    Workspace,
    cancel,
    current_job,
    delete_run,
    last_lines,
    log_of,
    queue_job,
    queued_jobs,
    resume,
    start_next_job,
)
from tests.waiting import claimed_job, job_of, wait_for

FLAGS = ("--model", "classical", "--size", "64", "--min-cluster-size", "2", "--pca", "0", "--workers", "0")
# Ends within a second, before anything heavy is loaded.
SHORT = ("--no-such-flag",)
pytestmark = pytest.mark.specimens("a b c d")


def test_queue_job__runs_one_after_the_other_without_a_page(workspace: Workspace) -> None:
    """A separate process starts each job after the one before, in order."""
    with workspace.locked():
        jobs = [queue_job(workspace, SHORT, name) for name in ("first", "second", "third")]
        catalogue = Catalogue(workspace.catalogue_path)
        catalogue.put_first(jobs[2])
        assert [job.run_name for job in queued_jobs(workspace)] == ["third", "first", "second"]
        assert start_next_job(workspace) is None
        assert [job_of(workspace, job).state for job in jobs] == ["queued"] * 3
    wait_for(lambda: not catalogue.queued_jobs(), "the caretaker")
    wait_for(lambda: current_job(workspace) is None, "the last job")
    begun = {job_of(workspace, job).run_name: job_of(workspace, job).created for job in jobs}
    assert sorted(begun, key=begun.__getitem__) == ["third", "first", "second"]
    ended = {job_of(workspace, job).run_name: job_of(workspace, job).finished for job in jobs}
    assert ended["third"] <= begun["first"]
    assert ended["first"] <= begun["second"]


def test_queue_job__continues_after_all_its_processes_are_killed(workspace: Workspace) -> None:
    """The next poll starts the next job, because ended processes hold no lock."""
    long = queue_job(workspace, [*FLAGS, "--name", "long", "--views", "400"], "long")
    after = queue_job(workspace, SHORT, "after")
    lock = workspace.root / ".caretaker.lock"
    wait_for(lock.exists, "the caretaker")
    wait_for(lambda: workspace.is_locked() or current_job(workspace) is None, "the first job")
    from core.foundation import processes

    for child in [job_of(workspace, long).pid, *(child.pid for child in processes.CHILDREN)]:
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue
    wait_for(lambda: (start_next_job(workspace), job_of(workspace, after).is_over)[1], "the next job")
    assert job_of(workspace, long).state == "stopped"


def test_cancel__is_not_taken_for_a_stop_by_polls(workspace: Workspace) -> None:
    """A poll while the processes end does not mark the job as stopped."""
    job_id = queue_job(workspace, [*FLAGS, "--name", "long", "--views", "400"], "long")
    wait_for(lambda: workspace.is_locked() or current_job(workspace) is None, "the job")
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            current_job(workspace)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        cancel(workspace, job_id)
    finally:
        stop.set()
        looking.join()
    assert (job_of(workspace, job_id).state, workspace.is_locked()) == ("cancelled", False)


def test_cancel__takes_a_job_out_of_the_queue(workspace: Workspace) -> None:
    """It never begins, and says so."""
    with workspace.locked():
        job_id = queue_job(workspace, SHORT, "unwanted")
        cancel(workspace, job_id)
        assert (job_of(workspace, job_id).state, job_of(workspace, job_id).pid) == ("cancelled", 0)
        assert job_of(workspace, job_id).message == "Taken out of the queue before it began."
        assert queued_jobs(workspace) == []


def test_resume__starts_with_the_same_flags_and_only_what_is_left(workspace: Workspace) -> None:
    """A job that was done finds nothing to do, and a running job cannot be resumed."""
    first = queue_job(workspace, [*FLAGS, "--name", "run"], "run")
    with pytest.raises(InputError, match=r"The job 1 is not over\. Wait until it is done, or cancel it\."):
        resume(workspace, first)
    wait_for(lambda: current_job(workspace) is None, "the first")
    second = resume(workspace, first)
    wait_for(lambda: current_job(workspace) is None, "the second")
    assert job_of(workspace, second).arguments == job_of(workspace, first).arguments
    assert [job_of(workspace, job).state for job in (first, second)] == ["done", "done"]
    assert any("nothing to do, 4 specimens already there" in line for line in last_lines(workspace, second))


def test_queue_job__takes_other_commands_than_run(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Robustness of a run is counted, listed, given a reason if it fails, and resumed."""
    name = "study"
    assert main(["run", "--workspace", str(workspace.root), *FLAGS, "--name", name, "--views", "2", "--quiet"]) == 0
    run, out = workspace.run(name), workspace.root / "out"
    flags = ["--run", str(run.root), "--out", str(out), "--changes", "none,noise", "--specimens", "3"]
    done = queue_job(workspace, ["robustness", *flags], name)
    wait_for(lambda: current_job(workspace) is None, "the measurement")
    job = job_of(workspace, done)
    assert (job.kind, job.run_name, job.state) == ("robustness", name, "done"), job.message
    assert [(stage.label, stage.done, stage.total) for stage in job.stages] == [("Robustness", 3, 3)]
    assert (out / "robustness.csv").is_file()
    failing = queue_job(workspace, ["robustness", *flags[:-4], "--changes", "burnt"], name)
    wait_for(lambda: current_job(workspace) is None, "its failure")
    assert job_of(workspace, failing).state == "failed"
    assert "'changes' must be of none, turned" in job_of(workspace, failing).message
    again = resume(workspace, done)
    wait_for(lambda: current_job(workspace) is None, "the same once more")
    assert job_of(workspace, again).arguments == job_of(workspace, done).arguments
    assert any("Robustness: nothing to do" in line for line in last_lines(workspace, again))
    with workspace.locked():
        waiting = queue_job(workspace, ["robustness", *flags], name)
        with pytest.raises(BusyError, match=r"A job uses the run 'study'\."):
            delete_run(workspace, name)
        cancel(workspace, waiting)
    assert main(["jobs", "--workspace", str(workspace.root)]) == 0
    assert "robustness of study" in capsys.readouterr().out


def test_cancel__ends_other_commands_too(workspace: Workspace) -> None:
    """A measurement cancelled in the middle leaves the earlier result unchanged."""
    name = "study"
    assert main(["run", "--workspace", str(workspace.root), *FLAGS, "--name", name, "--views", "60", "--quiet"]) == 0
    out = workspace.root / "out"
    flags = ["--run", str(workspace.run(name).root), "--out", str(out)]
    assert main(["robustness", *flags, "--changes", "none", "--specimens", "1", "--quiet"]) == 0
    before = (out / "robustness.csv").read_bytes()
    job_id = queue_job(workspace, ["robustness", *flags], name)
    wait_for(lambda: bool(job_of(workspace, job_id).stages) or current_job(workspace) is None, "its beginning")
    cancel(workspace, job_id)
    assert (job_of(workspace, job_id).state, job_of(workspace, job_id).message) == ("cancelled", "Cancelled.")
    assert current_job(workspace) is None
    assert (out / "robustness.csv").read_bytes() == before


def test_resume__says_what_it_cannot_do(workspace: Workspace) -> None:
    """An unknown job, and one of an earlier version that kept no flags."""
    with pytest.raises(InputError, match=r"There is no job 7 in .*`python -m core jobs` lists them"):
        resume(workspace, 7)
    catalogue = Catalogue(workspace.catalogue_path)
    job_id = claimed_job(catalogue, "old")
    catalogue.end_job(job_id, "cancelled")
    with pytest.raises(InputError, match="What the job 1 was started with is not known"):
        resume(workspace, job_id)


def test_claim_queued_job__is_given_to_one_only(workspace: Workspace) -> None:
    """A job is claimed once, and no other job while it is active."""
    catalogue = Catalogue(workspace.catalogue_path)
    catalogue.queue_job("a", SHORT)
    catalogue.queue_job("b", SHORT)
    claimed = catalogue.claim_queued_job()
    assert claimed is not None
    assert claimed.run_name == "a"
    assert catalogue.claim_queued_job() is None


def test_last_lines__reads_the_end_of_a_long_log(workspace: Workspace) -> None:
    """The end is read of a long log, and nothing without a log."""
    path = log_of(workspace, 5)
    assert last_lines(workspace, 5) == []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"line {number}\n" for number in range(200_000)), encoding="utf-8")
    assert last_lines(workspace, 5, count=3) == ["line 199997", "line 199998", "line 199999"]


def test_jobs__lists_and_cancels_on_the_command_line(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """What is at work, what waits, what ended how."""
    words = ["jobs", "--workspace", str(workspace.root)]
    assert main(words) == 0
    assert capsys.readouterr().out == "There are no jobs yet.\n"
    with workspace.locked():
        job_id = queue_job(workspace, SHORT, "my run")
        assert main([*words, "--cancel", str(job_id)]) == 0
    assert f"{job_id:>4}  " in (said := capsys.readouterr().out)
    assert "cancelled" in said
    assert "my run  Taken out of the queue before it began." in said
    assert main([*words, "--resume", "99"]) == 1
    assert "There is no job 99" in capsys.readouterr().err
