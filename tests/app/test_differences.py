"""Differences in form on the search screen: measured, kept and shown."""

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
from tests.app.screens import TOOTH, open_page
from tests.prepared import RUN_NAME
from ui.session import Collection
from ui.words import say_in

COUNT = 3
FOUND = Registration(np.eye(4), 1.25, False, np.zeros(3, np.float32), 0.0123456, 0.5, 0.9)


class Register:
    """A fake registration with given outcomes that records its settings."""

    def __init__(self, *outcomes: Registration | SpecimenError) -> None:
        self.outcomes, self.settings = list(outcomes), list[RegistrationSettings]()

    def __call__(self, query: Mesh, other: Mesh, settings: RegistrationSettings) -> Registration:
        """Return or raise the next outcome."""
        del query, other
        self.settings.append(settings)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, SpecimenError):
            raise outcome
        return outcome


@pytest.fixture
def search_of_three(in_workspace: Workspace) -> AppTest:
    """Return the search screen with a tooth and its three nearest."""
    return open_page("2_search", specimen=TOOTH, topk=COUNT)


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


def test_show_differences__measures_the_one_beside(search_of_three: AppTest, in_workspace: Workspace) -> None:
    """Nothing is measured at first, then the nearest alone, as `core` measures."""
    assert rows(search_of_three) == []
    assert say_in("en", "search-form-empty") in [caption.value for caption in search_of_three.caption]
    search_of_three.button(key="form_one").click().run()
    assert not search_of_three.exception
    (row,) = rows(search_of_three)
    first = nearest(in_workspace)[0]
    files = {one.specimen_id: one.path for one in take_inventory(in_workspace.meshes).specimens}
    expected = register(read_mesh(files[TOOTH]), read_mesh(files[first]), RegistrationSettings())
    assert row["neighbour"] == first
    assert (row["rms"], row["hausdorff"]) == tuple(float(f"{v:.4g}") for v in (expected.rms, expected.hausdorff))
    assert say_in("en", "search-form-in-viewer") in [caption.value for caption in search_of_three.caption]


def test_show_differences__the_viewer_lays_on_as_the_table_does(
    search_of_three: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are mirrored, or neither is."""
    given: list[RegistrationSettings | None] = []
    monkeypatch.setattr(
        ui.search.pair_view, "show_specimens", lambda *_, registration=None, **__: given.append(registration)
    )
    search_of_three.run()
    search_of_three.toggle(key="form_mirror").set_value(True).run()
    assert not search_of_three.exception
    assert given == [RegistrationSettings(mirror=False), RegistrationSettings(mirror=True)]


def test_show_differences__measures_each_neighbour_once(
    search_of_three: AppTest, in_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are measured once, and once more with mirror images."""
    stand_in = Register(*[FOUND] * COUNT, replace(FOUND, is_mirrored=True))
    monkeypatch.setattr(ui.search.form_differences, "register", stand_in)
    for button in ("form_one", "form_all", "form_all"):
        search_of_three.button(key=button).click().run()
    assert [row["neighbour"] for row in rows(search_of_three)] == nearest(in_workspace)
    assert {row["outcome"] for row in rows(search_of_three)} == {say_in("en", "search-form-laid-on")}
    assert [row["rms"] for row in rows(search_of_three)] == [0.01235] * COUNT
    assert [settings.mirror for settings in stand_in.settings] == [False] * COUNT
    search_of_three.toggle(key="form_mirror").set_value(True).run()
    assert rows(search_of_three) == []
    search_of_three.button(key="form_one").click().run()
    assert [row["outcome"] for row in rows(search_of_three)] == [say_in("en", "search-form-mirrored")]
    assert stand_in.settings[-1].mirror
    search_of_three.toggle(key="form_mirror").set_value(False).run()
    assert len(rows(search_of_three)) == COUNT


def test_show_differences__says_why_there_is_no_number(
    search_of_three: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Surfaces apart and unusable specimens get a sentence, the others numbers."""
    failed = replace(FOUND, overlap=0.3)
    monkeypatch.setattr(
        ui.search.form_differences, "register", Register(failed, SpecimenError("It has no extent."), FOUND)
    )
    search_of_three.button(key="form_all").click().run()
    assert not search_of_three.exception
    outcomes = [row["outcome"] for row in rows(search_of_three)]
    assert outcomes == [
        say_in("en", "search-form-failed", share=30),
        "It has no extent.",
        say_in("en", "search-form-laid-on"),
    ]
    assert [np.isnan(float(str(row["rms"]))) for row in rows(search_of_three)] == [True, True, False]


def test_show_differences__says_where_files_are_gone(
    search_of_three: AppTest, in_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing file of a neighbour is shown in its row, of the query alone."""
    gone = {nearest(in_workspace)[0]}
    before = Collection.mesh_path
    monkeypatch.setattr(Collection, "mesh_path", lambda self, name: None if name in gone else before(self, name))
    search_of_three.button(key="form_one").click().run()
    assert [row["outcome"] for row in rows(search_of_three)] == [say_in("en", "search-form-gone")]
    gone.add(TOOTH)
    search_of_three.run()
    assert not search_of_three.exception
    assert say_in("en", "search-form-no-file") in [caption.value for caption in search_of_three.caption]
    assert "form_one" not in [button.key for button in search_of_three.button]
