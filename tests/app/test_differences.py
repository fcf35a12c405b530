"""The difference in form on the search screen, without a browser: what is measured, kept and said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import ui.search.form_differences
import ui.search.pair_view
from core.collection import take_inventory
from core.embeddings import read_embeddings
from core.foundation import SpecimenError
from core.meshes import Mesh, Registration, RegistrationSettings, read_mesh, register
from core.neighbours import SearchSettings, find_neighbours
from core.workspace import Workspace
from tests.fakes import PROJECT
from tests.prepared import RUN_NAME
from ui.session import Collection
from ui.words import say_in

TOOTH = "Teeth/Conical/tooth_conical_001"
COUNT = 3
FOUND = Registration(np.eye(4), 1.25, False, np.zeros(3, np.float32), 0.0123456, 0.5, 0.9)


class Register:
    """Stands in for the registration: what comes of each call, in order, and how it was called."""

    def __init__(self, *outcomes: Registration | SpecimenError) -> None:
        self.outcomes, self.settings = list(outcomes), list[RegistrationSettings]()

    def __call__(self, query: Mesh, other: Mesh, settings: RegistrationSettings) -> Registration:
        """Return or raise what is next."""
        del query, other
        self.settings.append(settings)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, SpecimenError):
            raise outcome
        return outcome


@pytest.fixture
def searching(in_workspace: Workspace) -> AppTest:
    """Return the search screen with a tooth in hand and its three nearest."""
    screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    screen.session_state["specimen"] = TOOTH
    screen.session_state["topk"] = COUNT
    screen.run()
    return screen.switch_page("pages/2_search.py").run()


def nearest(workspace: Workspace) -> list[str]:
    """Return the tooth's three nearest."""
    run = workspace.run(RUN_NAME)
    return list(find_neighbours(read_embeddings(run.matrix_path, run.ids_path), TOOTH, SearchSettings(COUNT)).ids)


def rows(screen: AppTest) -> list[dict[str, object]]:
    """Return the rows of the table of differences."""
    names = {
        say_in("en", f"search-form-{name}"): name for name in ("neighbour", "outcome", "rms", "hausdorff", "scale")
    }
    return [
        row
        for table in screen.dataframe
        if list(table.value.columns) == list(names)
        for row in table.value.rename(columns=names).to_dict("records")
    ]


def test_show_differences__measures_the_one_beside(searching: AppTest, in_workspace: Workspace) -> None:
    """Nothing unasked; then the distances that the core measures, of the nearest alone."""
    assert rows(searching) == []
    assert say_in("en", "search-form-empty") in [caption.value for caption in searching.caption]
    searching.button(key="form_one").click().run()
    assert not searching.exception
    (row,) = rows(searching)
    first = nearest(in_workspace)[0]
    files = {one.specimen_id: one.path for one in take_inventory(in_workspace.meshes).specimens}
    expected = register(read_mesh(files[TOOTH]), read_mesh(files[first]), RegistrationSettings())
    assert row["neighbour"] == first
    assert (row["rms"], row["hausdorff"]) == tuple(float(f"{v:.4g}") for v in (expected.rms, expected.hausdorff))
    assert say_in("en", "search-form-in-viewer") in [caption.value for caption in searching.caption]


def test_show_differences__the_viewer_lays_on_as_the_table_does(
    searching: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mirrored in both, or in neither."""
    given: list[RegistrationSettings | None] = []
    monkeypatch.setattr(
        ui.search.pair_view, "show_specimens", lambda *_, registration=None, **__: given.append(registration)
    )
    searching.run()
    searching.toggle(key="form_mirror").set_value(True).run()
    assert not searching.exception
    assert given == [RegistrationSettings(mirror=False), RegistrationSettings(mirror=True)]


def test_show_differences__measures_each_neighbour_once(
    searching: AppTest, in_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, those that are known not again; with mirror images they are asked for anew."""
    stand_in = Register(*[FOUND] * COUNT, replace(FOUND, is_mirrored=True))
    monkeypatch.setattr(ui.search.form_differences, "register", stand_in)
    for button in ("form_one", "form_all", "form_all"):
        searching.button(key=button).click().run()
    assert [row["neighbour"] for row in rows(searching)] == nearest(in_workspace)
    assert {row["outcome"] for row in rows(searching)} == {say_in("en", "search-form-laid-on")}
    assert [row["rms"] for row in rows(searching)] == [0.01235] * COUNT
    assert [settings.mirror for settings in stand_in.settings] == [False] * COUNT
    searching.toggle(key="form_mirror").set_value(True).run()
    assert rows(searching) == []
    searching.button(key="form_one").click().run()
    assert [row["outcome"] for row in rows(searching)] == [say_in("en", "search-form-mirrored")]
    assert stand_in.settings[-1].mirror
    searching.toggle(key="form_mirror").set_value(False).run()
    assert len(rows(searching)) == COUNT


def test_show_differences__says_why_there_is_no_number(searching: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Surfaces that do not meet, and a specimen that cannot be used; the others are measured all the same."""
    failed = replace(FOUND, overlap=0.3)
    monkeypatch.setattr(
        ui.search.form_differences, "register", Register(failed, SpecimenError("It has no extent."), FOUND)
    )
    searching.button(key="form_all").click().run()
    assert not searching.exception
    outcomes = [row["outcome"] for row in rows(searching)]
    assert outcomes == [
        say_in("en", "search-form-failed", share=30),
        "It has no extent.",
        say_in("en", "search-form-laid-on"),
    ]
    assert [np.isnan(float(str(row["rms"]))) for row in rows(searching)] == [True, True, False]


def test_show_differences__says_where_files_are_gone(
    searching: AppTest, in_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The neighbour's: in its row. The query's: there is nothing to lay anything onto."""
    gone = {nearest(in_workspace)[0]}
    before = Collection.mesh_path
    monkeypatch.setattr(Collection, "mesh_path", lambda self, name: None if name in gone else before(self, name))
    searching.button(key="form_one").click().run()
    assert [row["outcome"] for row in rows(searching)] == [say_in("en", "search-form-gone")]
    gone.add(TOOTH)
    searching.run()
    assert not searching.exception
    assert say_in("en", "search-form-no-file") in [caption.value for caption in searching.caption]
    assert "form_one" not in [button.key for button in searching.button]
