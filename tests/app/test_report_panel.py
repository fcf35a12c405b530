"""The report of a run on the screen of runs: asked for, written by a job, downloaded."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.collection import put_metadata
from core.foundation import SettingError
from core.workspace import Catalogue, Workspace, current_job
from tests.app.test_screens import app, texts
from tests.prepared import RUN_NAME
from tests.waiting import claimed_job, wait_for
from ui.words import say_in

TOOTH = "Teeth/Conical/tooth_conical_001"


def runs_screen() -> AppTest:
    """Return the screen of runs."""
    return app().run().switch_page("pages/6_runs.py").run()


def test_report__is_written_by_a_job_by_the_column_chosen(in_own_workspace: Workspace) -> None:
    """The queue gets what was chosen; when it is done, there is something to download."""
    catalogue = Catalogue(in_own_workspace.catalogue_path)
    put_metadata(catalogue, {TOOTH: {"genus": "Acrodus"}})
    screen = runs_screen()
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
    again = runs_screen()
    assert not again.exception
    assert any(button.label == say_in("en", "report-download") for button in again.get("download_button"))


def test_report__says_why_the_last_one_was_not_written(in_own_workspace: Workspace) -> None:
    """A job that failed is told of with its reason; another one can be asked for."""
    catalogue = Catalogue(in_own_workspace.catalogue_path)
    number = claimed_job(catalogue, RUN_NAME, ["report", "--name", RUN_NAME])
    error = SettingError("There is no column {column!r}.", column="genus")
    catalogue.end_job(number, "failed", error.reason)
    screen = runs_screen()
    assert "The last report was not written. There is no column 'genus'\\." in texts(screen)
    assert screen.button(key=f"report_{RUN_NAME}")
