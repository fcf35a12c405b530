"""A specimen's own page shows what is known of it and keeps what is written."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.collection import Curation
from core.workspace import Catalogue, Workspace
from tests.app.test_screens import again, app, texts

TOOTH = "Teeth/Conical/tooth_conical_001"


def page_of(specimen: str | None) -> AppTest:
    """Return the page of a specimen."""
    screen = app()
    if specimen is not None:
        screen.session_state["specimen"] = specimen
    screen.run()
    again(screen, "pages/1_specimen.py")
    assert not screen.exception
    return screen


def test_specimen__without_one_says_what_to_do(in_workspace: Workspace) -> None:
    """The page offers some where none is in hand."""
    assert "Choose a specimen" in texts(page_of(None))


def test_specimen__shows_measurements(in_workspace: Workspace) -> None:
    """Extents and centroid sizes, and why there is no volume where there is none."""
    screen = page_of(TOOTH)
    assert "tooth\\_conical\\_001" in texts(screen)
    table = next(frame.value for frame in screen.dataframe if "Measurement" in frame.value)
    names = set(table["Measurement"])
    assert {"Extent along x", "Surface area", "Centroid size of the vertices (Bookstein 1991)", "Faces"} <= names
    assert ("Volume" in names) != ("No volume" in texts(screen))


def test_specimen__notes_and_tags_are_kept(in_own_workspace: Workspace) -> None:
    """What is written on the page is there in another session."""
    screen = page_of(TOOTH)
    screen.text_area(key=f"note_{TOOTH}").set_value("left, worn").run()
    screen.multiselect(key=f"tags_{TOOTH}").set_value(["check"]).run()
    curation = Curation(Catalogue(in_own_workspace.catalogue_path))
    assert curation.notes() == {TOOTH: "left, worn"}
    assert curation.tags() == {TOOTH: ("check",)}
    assert page_of(TOOTH).text_area(key=f"note_{TOOTH}").value == "left, worn"


def test_specimen__leads_to_the_next_and_selects(in_workspace: Workspace) -> None:
    """The list goes round; the selection takes the specimen in and lets it go."""
    screen = page_of(TOOTH)
    next(button for button in screen.button if button.label == "Next").click().run()
    assert screen.session_state["specimen"] == "Teeth/Conical/tooth_conical_002"
    screen.button(key="specimen_select").click().run()
    assert screen.session_state["selection"] == ("Teeth/Conical/tooth_conical_002",)
    screen.button(key="specimen_select").click().run()
    assert screen.session_state["selection"] == ()


def test_specimen__history_names_the_run(in_workspace: Workspace) -> None:
    """The history knows file and run."""
    screen = app()
    screen.session_state["specimen"] = TOOTH
    screen.session_state["sheet_en"] = "History"
    screen.run()
    again(screen, "pages/1_specimen.py")
    assert not screen.exception
    table = next(frame.value for frame in screen.dataframe if "Run" in frame.value)
    assert table["Run"].tolist() == ["prepared"]
    assert table["Finished"].str.match(r"\d{4}-\d\d-\d\d \d\d:\d\d").all()
