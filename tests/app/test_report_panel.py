"""The report on the screen Runs: requested, written by a job, downloaded."""

from __future__ import annotations

from core.collection import put_metadata
from core.foundation import SettingError
from core.workspace import Catalogue, Workspace, current_job
from tests.app.screens import TOOTH, open_page, texts
from tests.prepared import RUN_NAME
from tests.waiting import claimed_job, wait_for
from ui.words import say_in


def test_report__is_written_by_a_job_by_the_column_chosen(in_own_workspace: Workspace) -> None:
    """The job gets the chosen column, and its report can be downloaded."""
    catalogue = Catalogue(in_own_workspace.catalogue_path)
    put_metadata(catalogue, {TOOTH: {"genus": "Acrodus"}})
    screen = open_page("6_runs")
    labels = screen.selectbox(key=f"report_labels_{RUN_NAME}")
    assert labels.options == ["category", "top category", "genus"]
    labels.set_value("column:genus").run()
    screen.button(key=f"report_{RUN_NAME}").click().run()
    assert not screen.exception
    job = catalogue.jobs()[0]
    assert (job.kind, job.run_name, job.arguments[-2:]) == ("report", RUN_NAME, ("--labels", "column:genus"))
    wait_for(lambda: current_job(in_own_workspace) is None, "the report")
    screen.run()
    assert screen.selectbox(key=f"report_labels_{RUN_NAME}").value == "column:genus"
    ended = catalogue.job(job.job_id)
    assert ended is not None
    assert (ended.state, ended.message) == ("done", "")
    report = in_own_workspace.run(RUN_NAME).root / "reports" / f"report_{RUN_NAME}_en.zip"
    assert report.is_file()
    again = open_page("6_runs")
    assert not again.exception
    assert any(button.label == say_in("en", "report-download") for button in again.get("download_button"))


def test_report__says_why_the_last_one_was_not_written(in_own_workspace: Workspace) -> None:
    """A failed job is shown with its reason, and another can be started."""
    catalogue = Catalogue(in_own_workspace.catalogue_path)
    number = claimed_job(catalogue, RUN_NAME, ["report", "--name", RUN_NAME])
    error = SettingError("There is no column {column!r}.", column="genus")
    catalogue.end_job(number, "failed", error.reason)
    screen = open_page("6_runs")
    assert "The last report was not written. There is no column 'genus'\\." in texts(screen)
    assert screen.button(key=f"report_{RUN_NAME}")
