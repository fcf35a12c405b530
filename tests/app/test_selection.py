"""The selection on every screen: kept as sets and tags, exported, filtered."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.collection import Curation, build_specimen_table, read_metadata
from core.workspace import Catalogue, Workspace
from tests.app.screens import OTHER_TOOTH, TOOTH, again, app, texts
from ui.components.long_gallery import _ranges
from ui.frame import matches


def curation_of(workspace: Workspace) -> Curation:
    """Return the sets, tags and notes of a workspace."""
    return Curation(Catalogue(workspace.catalogue_path))


@pytest.mark.parametrize("page", ["pages/1_specimens.py", "pages/1_specimen.py"])
def test_selection__is_shown_on_every_screen(in_own_workspace: Workspace, page: str) -> None:
    """The sidebar shows its size, and the number of specimens not in this run."""
    screen = app(selection=(TOOTH, OTHER_TOOTH, "elsewhere/x")).run()
    again(screen, page)
    assert not screen.exception
    assert "3 selected" in texts(screen)
    assert "One of them is not in this run." in texts(screen)


def test_selection__clear(in_own_workspace: Workspace) -> None:
    """Nothing is left, and the sidebar shows how to select."""
    screen = app(selection=(TOOTH,)).run()
    screen.button(key="selection_clear").click()
    again(screen)
    assert screen.session_state["selection"] == ()
    assert "Nothing is selected" in texts(screen)


def test_selection__is_kept_as_a_set_and_taken_again(in_own_workspace: Workspace) -> None:
    """A named set outlives the session, and another of its name does not replace it."""
    screen = app(selection=(TOOTH, OTHER_TOOTH)).run()
    screen.text_input(key="selection_set_name").set_value("my teeth")
    press(screen, "Keep as a set")
    assert curation_of(in_own_workspace).sets() == {"my teeth": (TOOTH, OTHER_TOOTH)}
    screen.text_input(key="selection_set_name").set_value("my teeth")
    press(screen, "Keep as a set")
    assert any("a set 'my teeth' already" in error.value for error in screen.error)
    another = app().run()
    press(another, "Select this set")
    assert another.session_state["selection"] == (TOOTH, OTHER_TOOTH)


def test_selection__is_tagged(in_own_workspace: Workspace) -> None:
    """A tag is added to all of it and removed from all of it."""
    screen = app(selection=(TOOTH, OTHER_TOOTH)).run()
    screen.text_input(key="selection_tag_name").set_value("left")
    press(screen, "Add tag")
    assert curation_of(in_own_workspace).tags() == {TOOTH: ("left",), OTHER_TOOTH: ("left",)}
    screen.text_input(key="selection_tag_name").set_value("left")
    press(screen, "Remove tag")
    assert curation_of(in_own_workspace).tags() == {}


def test_selection__outlives_the_session_by_its_address(in_own_workspace: Workspace) -> None:
    """A session with the same address has it, and changes only its own."""
    curation_of(in_own_workspace).put_set("teeth", [TOOTH, OTHER_TOOTH])
    first = app().run()
    press(first, "Select this set")
    token = first.session_state["kept_selection"]
    second = at_address(token).run()
    assert second.session_state["selection"] == (TOOTH, OTHER_TOOTH)
    press(second, "Take it from the selection")
    press(second, "Select this set")
    assert second.session_state["kept_selection"] not in ("", token)
    assert at_address(token).run().session_state["selection"] == (TOOTH, OTHER_TOOTH)
    for odd in ("nonsense", "0" * 32, "<script>"):
        assert at_address(odd).run().session_state["selection"] == ()


def at_address(token: str) -> AppTest:
    """Return the app opened at an address that names a selection, not yet run."""
    screen = app()
    screen.query_params["selection"] = token
    return screen


def press(screen: AppTest, label: str) -> None:
    """Press the button with this label."""
    next(button for button in screen.button if button.label == label).click()
    again(screen)
    assert not screen.exception


def test_specimen_table__has_everything_known(in_own_workspace: Workspace) -> None:
    """The export has tags, sets, notes and metadata beside the facts."""
    curation, catalogue = curation_of(in_own_workspace), Catalogue(in_own_workspace.catalogue_path)
    curation.put_note(TOOTH, "worn")
    records = catalogue.specimens(catalogue.sources()[0])
    table = build_specimen_table([TOOTH, "elsewhere/x"], records, catalogue)
    assert table.index.tolist() == [TOOTH, "elsewhere/x"]
    assert table.loc[TOOTH, "notes"] == "worn"
    assert table.loc[TOOTH, "category"] == "Teeth/Conical"
    assert table.loc[TOOTH, "vertices"] == records[TOOTH].n_vertices > 0
    assert table.loc["elsewhere/x", "vertices"] == 0


def test_specimens__filters_by_a_tag(in_own_workspace: Workspace) -> None:
    """A chosen column becomes a control that filters the rows."""
    curation_of(in_own_workspace).add_tag("left", [TOOTH])
    screen = app().run()
    screen.multiselect(key="filter_columns").set_value(["tags"]).run()
    screen.multiselect(key="filter_tags").set_value(["left"]).run()
    assert "1 of 42 fit." in texts(screen)
    screen.text_input(key="find_text").set_value("coral").run()
    assert "No specimen fits" in texts(screen)


def test_import_metadata__shows_what_fits_before_it_writes(in_own_workspace: Workspace) -> None:
    """An Excel file matched by file name: the report first, then the values."""
    file = io.BytesIO()
    pd.DataFrame({"file": ["tooth_conical_001", "nobody"], "age": [12.5, 3]}).to_excel(file, index=False)
    screen = app()
    screen.session_state["specimen_tabs_en"] = "Metadata"
    screen.run()
    screen.file_uploader(key="metadata_file_0").set_value(("ages.xlsx", file.getvalue(), "application/xlsx")).run()
    assert {metric.label: metric.value for metric in screen.metric} == {
        "Specimens matched": "1",
        "Rows of no specimen": "1",
        "Ambiguous rows": "0",
        "Specimens without a row": "41",
    }
    assert any("1 of 2 rows fit in this way" in warning.value for warning in screen.warning)
    assert "tooth_conical_001" in [frame.value.iloc[0, 0] for frame in screen.dataframe]
    catalogue = Catalogue(in_own_workspace.catalogue_path)
    assert read_metadata(catalogue) == {}
    press(screen, "Keep 2 values")
    assert [name for name in read_metadata(catalogue) if name.endswith("tooth_conical_001")] == list(
        read_metadata(catalogue)
    )
    assert "2 values were kept for 1 specimen." in [message.value for message in screen.success]


def test_matches__words_in_any_order_and_whole_names_first() -> None:
    """A whole name is the only match, otherwise every word must occur."""
    ids = ("Teeth/a_1", "Teeth/a_10", "Corals/tooth_a_1x", "Corals/b")
    assert matches(ids, "A_1") == ["Teeth/a_1"]
    assert matches(ids, "a_1 tee") == ["Teeth/a_1", "Teeth/a_10"]
    assert matches(ids, "a_") == ["Teeth/a_1", "Teeth/a_10", "Corals/tooth_a_1x"]
    assert matches(ids, " ") == matches(ids, "zebra") == []


def test_ranges__say_the_same_places() -> None:
    """Consecutive places become ranges of their first and last."""
    assert _ranges([0, 1, 2, 5, 7, 8]) == [[0, 2], [5, 5], [7, 8]]
