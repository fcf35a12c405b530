"""The screen Specimen shows measurements and history, and keeps notes and tags."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.collection import Curation
from core.workspace import Catalogue, Workspace
from tests.app.screens import OTHER_TOOTH, TOOTH, again, app, texts


def sheet(**state: object) -> AppTest:
    """Return the screen Specimen with its frame."""
    screen = app(**state).run()
    again(screen, "pages/1_specimen.py")
    assert not screen.exception
    return screen


def test_specimen__without_one_says_what_to_do(in_workspace: Workspace) -> None:
    """The screen offers some specimens if none is chosen."""
    assert "Choose a specimen" in texts(sheet())


def test_specimen__shows_measurements(in_workspace: Workspace) -> None:
    """Extents and centroid sizes, and the reason if there is no volume."""
    screen = sheet(specimen=TOOTH)
    assert "tooth\\_conical\\_001" in texts(screen)
    table = next(frame.value for frame in screen.dataframe if "Measurement" in frame.value)
    names = set(table["Measurement"])
    assert {"Extent along x", "Surface area", "Centroid size of the vertices (Bookstein 1991)", "Faces"} <= names
    assert ("Volume" in names) != ("No volume" in texts(screen))


def test_specimen__notes_and_tags_are_kept(in_own_workspace: Workspace) -> None:
    """Notes and tags are kept for another session."""
    screen = sheet(specimen=TOOTH)
    screen.text_area(key=f"note_{TOOTH}").set_value("left, worn").run()
    screen.multiselect(key=f"tags_{TOOTH}").set_value(["check"]).run()
    curation = Curation(Catalogue(in_own_workspace.catalogue_path))
    assert curation.notes() == {TOOTH: "left, worn"}
    assert curation.tags() == {TOOTH: ("check",)}
    assert sheet(specimen=TOOTH).text_area(key=f"note_{TOOTH}").value == "left, worn"


def test_specimen__leads_to_the_next_and_selects(in_workspace: Workspace) -> None:
    """The next specimen follows, and a button selects and unselects it."""
    screen = sheet(specimen=TOOTH)
    next(button for button in screen.button if button.label == "Next").click().run()
    assert screen.session_state["specimen"] == OTHER_TOOTH
    screen.button(key="specimen_select").click().run()
    assert screen.session_state["selection"] == (OTHER_TOOTH,)
    screen.button(key="specimen_select").click().run()
    assert screen.session_state["selection"] == ()


def test_specimen__history_names_the_run(in_workspace: Workspace) -> None:
    """The history shows the run and its date."""
    screen = sheet(specimen=TOOTH, sheet_en="History")
    table = next(frame.value for frame in screen.dataframe if "Run" in frame.value)
    assert table["Run"].tolist() == ["prepared"]
    assert table["Finished"].str.match(r"\d{4}-\d\d-\d\d \d\d:\d\d").all()
