"""The panels of the evaluate screen: runs compared, and robustness."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import ui.evaluation.comparison_panel
from core.embeddings import Embeddings, read_embeddings, write_embeddings
from core.evaluation import (
    CHANGES,
    MEASURES,
    Comparison,
    RobustnessResult,
    compare_runs,
    read_robustness,
    write_robustness,
)
from core.foundation import file_of_specimen
from core.matching import MatchSettings, open_matcher, ranking_by
from core.neighbours import SearchSettings
from core.storage import write_npy
from core.workspace import Catalogue, RunFolder, Workspace, current_job, queued_jobs
from tests.app.screens import again, open_page
from tests.prepared import RUN_NAME
from tests.waiting import wait_for
from ui.evaluation import as_table
from ui.words import say_in

OTHER = "other"


@pytest.fixture
def two_runs(in_own_workspace: Workspace) -> Workspace:
    """Return a workspace with a second, older run by the first three views."""
    run, other = in_own_workspace.run(RUN_NAME), in_own_workspace.run(OTHER)
    shutil.copytree(run.root, other.root)
    os.utime(other.config_path, ns=(1, run.config_path.stat().st_mtime_ns - 10**9))
    ids = read_embeddings(run.matrix_path, run.ids_path).ids
    means = []
    for name in ids:
        path = file_of_specimen(other.features, name, ".npy")
        few = np.load(path)[:3]
        write_npy(path, few)
        means.append(few.mean(axis=0))
    write_embeddings(other.embeddings, Embeddings(ids, np.stack(means)))
    return in_own_workspace


def evaluating(tab: str) -> AppTest:
    """Return a tab of the evaluate screen, judged by the whole category."""
    opened = say_in("en", f"evaluate-{tab}")
    return open_page("5_evaluate", run=RUN_NAME, judge_by="category", evaluate_tabs_en=opened)


def tables(screen: AppTest) -> list[list[list[object]]]:
    """Return the cells of every table on the screen."""
    return [table.value.to_numpy().tolist() for table in screen.dataframe]


def cells(comparison: Comparison) -> list[list[str]]:
    """Return the cells of a comparison: a row per measure, a column per run."""
    by_run = [
        [name.replace("_", " ") for name in MEASURES],
        *(row[1:] for row in as_table(comparison).to_numpy().tolist()),
    ]
    return [list(row) for row in zip(*by_run, strict=True)]


def in_both(workspace: Workspace, ranking: Callable[[RunFolder, Embeddings], object]) -> tuple[dict, dict]:  # type: ignore[type-arg]
    """Return matrices and rankings of both runs by name, the newer first."""
    runs = {name: workspace.run(name) for name in (RUN_NAME, OTHER)}
    matrices = {name: read_embeddings(run.matrix_path, run.ids_path) for name, run in runs.items()}
    return matrices, {name: ranking(runs[name], matrices[name]) for name in runs}


def test_compare__shows_what_the_core_finds(two_runs: Workspace) -> None:
    """By embeddings and by views, the same in both runs, with the flags for it."""
    screen = evaluating("runs")
    assert not screen.exception
    matrices, _ = in_both(two_runs, lambda run, embeddings: None)
    assert cells(compare_runs(matrices)) in tables(screen)
    assert any("`compare --match pooled`" in caption.value for caption in screen.caption)
    by = say_in("en", "evaluate-judged-by", labels=say_in("en", "evaluate-category"))
    assert by in [caption.value for caption in screen.caption]

    screen.session_state["compare_match"] = "maxsim"
    screen.run()
    screen.toggle(key="compare_regroup").set_value(True).run()
    assert not screen.exception
    settings = MatchSettings("maxsim", whiten=len(matrices[RUN_NAME]), k_reciprocal=True)

    def by_views(run: RunFolder, embeddings: Embeddings) -> object:
        search = SearchSettings(settings.candidates)
        return ranking_by(open_matcher(embeddings, run.features, run.root / "projections", search, settings))

    assert cells(compare_runs(matrices, rankings=in_both(two_runs, by_views)[1])) in tables(screen)
    flags = f"`compare --match maxsim --whiten {settings.whiten} --k-reciprocal`"
    assert any(flags in caption.value for caption in screen.caption)


def test_compare__leaves_to_the_command_line_what_takes_long(
    two_runs: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The duration and the command are shown, and no comparison starts."""
    monkeypatch.setattr(ui.evaluation.comparison_panel, "_PATIENCE", 0.5)
    screen = evaluating("runs")
    screen.session_state["compare_match"] = "maxsim"
    screen.run()
    assert not screen.exception
    assert say_in("en", "evaluate-compare-long", minutes=2) in [box.value for box in screen.info]
    (command,) = [block.value for block in screen.code if "python -m core compare" in block.value]
    assert f'--run "{two_runs.run(RUN_NAME).root}" --run "{two_runs.run(OTHER).root}" --match maxsim' in command
    assert not any("`compare" in caption.value for caption in screen.caption)


def test_compare__without_another_run_says_what_to_do(two_runs: Workspace) -> None:
    """No run is chosen, and no other run exists."""
    screen = evaluating("runs")
    screen.multiselect(key="compare_with").set_value([]).run()
    assert say_in("en", "evaluate-choose-runs") in [box.value for box in screen.info]
    shutil.rmtree(two_runs.run(OTHER).root)
    assert say_in("en", "evaluate-one-run") in [box.value for box in evaluating("runs").info]


def test_robustness__is_measured_by_a_job_and_shown_in_place(in_own_workspace: Workspace) -> None:
    """The button queues it, the panel shows progress, the result is that of the file."""
    screen = evaluating("robustness")
    screen.number_input(key="robust_n").set_value(2).run()
    screen.button(key="robust_go").click().run()
    assert not screen.exception
    (job,) = Catalogue(in_own_workspace.catalogue_path).jobs()
    assert (job.kind, job.run_name, job.is_over) == ("robustness", RUN_NAME, False)
    assert "robust_go" not in [button.key for button in screen.button]
    wait_for(lambda: current_job(in_own_workspace) is None, "the measurement")
    screen.run()
    assert not screen.exception
    found = read_robustness(in_own_workspace.run(RUN_NAME).results / "robustness" / "robustness.csv")
    assert [one.change for one in found] == list(CHANGES)
    assert (found[0].n_specimens, found[0].finds_itself) == (2, 1.0)
    shown = [[say_in("en", f"evaluate-change-{one.change}"), *list(vars(one).values())[1:]] for one in found]
    assert shown in tables(screen)
    assert screen.button(key="robust_go").label == say_in("en", "evaluate-robustness-again")


def test_robustness__waits_its_turn_and_can_be_taken_out(in_own_workspace: Workspace) -> None:
    """While another job runs it waits in the queue, and can be removed."""
    with in_own_workspace.locked():
        screen = evaluating("robustness")
        screen.button(key="robust_go").click().run()
        (waiting,) = queued_jobs(in_own_workspace)
        assert say_in("en", "evaluate-robustness-waits", count=0) in [box.value for box in screen.info]
        screen.button(key="robust_out").click().run()
        assert queued_jobs(in_own_workspace) == []
        screen.run()
        assert say_in("en", "evaluate-robustness-cancelled") in [box.value for box in screen.info]
        screen.button(key="robust_go").click().run()
        assert [job.job_id for job in queued_jobs(in_own_workspace)] == [waiting.job_id + 1]
        screen.button(key="robust_out").click().run()


def test_robustness__says_why_it_failed(in_own_workspace: Workspace) -> None:
    """The reason of the job is shown, the failure of another run is not."""
    catalogue = Catalogue(in_own_workspace.catalogue_path)
    for name, reason in ((RUN_NAME, "None of these specimens is a mesh."), ("elsewhere", "Not for you.")):
        catalogue.queue_job(name, ["robustness"])
        claimed = catalogue.claim_queued_job()
        assert claimed is not None
        catalogue.end_job(claimed.job_id, "failed", reason)
    said = [box.value for box in evaluating("robustness").error]
    assert said == [f"{say_in('en', 'evaluate-robustness-failed')} None of these specimens is a mesh\\."]


def test_robustness__tells_of_results_that_are_old_or_damaged(in_own_workspace: Workspace) -> None:
    """A result older than the run has a warning, a broken file an error."""
    run = in_own_workspace.run(RUN_NAME)
    path = run.results / "robustness.csv"
    nan = float("nan")
    write_robustness(path, (RobustnessResult("turned", 4, 0.5, 4, nan), RobustnessResult("burnt", 1, 0.0, 0, nan)))
    os.utime(path, ns=(1, run.matrix_path.stat().st_mtime_ns - 10**9))
    screen = evaluating("robustness")
    assert not screen.exception
    assert say_in("en", "evaluate-robustness-stale") in [box.value for box in screen.warning]
    assert [row[0] for table in tables(screen) for row in table if row[-1:] != row[:1]].count("burnt") == 1
    path.write_text("change\nturned\n", encoding="utf-8")
    os.utime(path)
    screen = evaluating("robustness")
    assert not screen.exception
    assert any("does not hold what was measured" in box.value for box in screen.error)


def test_words__name_every_change() -> None:
    """Each has a name of its own in every language."""
    for code in ("en", "ja"):
        names = {say_in(code, f"evaluate-change-{change}") for change in CHANGES}
        assert len(names) == len(CHANGES)


def test_evaluate__keeps_the_labels_that_were_given(in_workspace: Workspace) -> None:
    """A file of labels outlives a change of screens, and errors show its name."""
    run = in_workspace.run(RUN_NAME)
    ids = read_embeddings(run.matrix_path, run.ids_path).ids
    lines = "\n".join(f"{name},{'half' if place % 2 else 'other'}" for place, name in enumerate(ids))
    screen = open_page("5_evaluate", judge_by="file")
    screen.file_uploader(key="labels_file").set_value(("halves.csv", lines.encode(), "text/csv")).run()
    assert not screen.exception
    figures = [figure.value for figure in screen.metric]
    assert len(figures) == len(MEASURES) + 1
    again(screen, "pages/3_map.py")
    again(screen, "pages/5_evaluate.py")
    assert [figure.value for figure in screen.metric] == figures
    assert say_in("en", "evaluate-file-kept", name="halves\\.csv") in [caption.value for caption in screen.caption]
    screen.file_uploader(key="labels_file").set_value(("none.csv", b"nobody,a\nnoone,a\n", "text/csv")).run()
    (error,) = screen.error
    assert "none\\.csv" in error.value
    assert "fossilvit" not in error.value
