"""Searching with a file from outside: a mesh, a photograph, a broken one; one run after another."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.features import FeatureSettings
from core.foundation import InputError, SpecimenError
from core.pipeline import RunSettings, run_pipeline
from core.workspace import Workspace
from tests.app.test_neighbours_screens import TOOTH
from tests.app.test_screens import again, app, texts
from tests.prepared import RUN_NAME
from ui.words import of_file_named, problem_of, say_in

OTHER = "other"


def open_search() -> AppTest:
    """Return the search screen with a tooth in hand and nothing asked yet."""
    screen = app()
    screen.session_state["specimen"] = TOOTH
    screen.run()
    return screen.switch_page("pages/2_search.py").run()


def give(screen: AppTest, name: str, data: bytes) -> AppTest:
    """Give a file to search with, in the field that is there now."""
    field = screen.file_uploader(key=f"outsider_file_{screen.session_state['outsiders_given']}")
    field.set_value((name, data, "application/octet-stream")).run()
    assert not screen.exception
    return screen


def a_scan(workspace: Workspace) -> bytes:
    """Return a horn coral's file."""
    return next((workspace.meshes / "Corals" / "Horn").glob("*.ply")).read_bytes()


def nearest(screen: AppTest) -> str:
    """Return the first neighbour that is selected when all are."""
    screen.button(key="select_neighbours").click().run()
    assert not screen.exception
    return str(screen.session_state["selection"][0])


def test_file__can_be_given_again_after_it_was_closed(prepared: Workspace, in_workspace: Workspace) -> None:
    """The field is empty then; while the file is in hand it asks alone, and the screen says so."""
    screen = give(open_search(), "unknown.ply", a_scan(prepared))
    assert nearest(screen).startswith("Corals/Horn")
    screen.run()
    assert say_in("en", "search-several-no-file") in [box.value for box in screen.info]
    close = next(button for button in screen.button if button.label == say_in("en", "search-close-file"))
    close.click().run()
    assert "unknown.ply" not in texts(screen)
    give(screen, "unknown.ply", a_scan(prepared))
    assert "unknown\\.ply" in texts(screen)


def test_file__is_described_by_the_run_that_is_looked_at(prepared: Workspace, in_own_workspace: Workspace) -> None:
    """A run of another backbone describes it anew; numbers of two backbones are never compared."""
    features = FeatureSettings(model="classical", download=False)
    run_pipeline(in_own_workspace, RunSettings(name=OTHER, features=features, workers=0), meshes=prepared.meshes)
    screen = open_search()
    screen.session_state["run"] = RUN_NAME
    give(screen.run(), "unknown.ply", a_scan(prepared))
    before = screen.session_state["outsider"].newcomer.embedding.shape
    screen.session_state["run"] = OTHER
    screen.run()
    assert not screen.exception
    assert not screen.error
    assert screen.session_state["outsider"].newcomer.embedding.shape != before
    assert nearest(screen).startswith("Corals/Horn")


def test_file__that_is_broken_leaves_none_in_hand(prepared: Workspace, in_workspace: Workspace) -> None:
    """Its own name is told, not where it was kept; what was searched with before is not shown as if it were it."""
    screen = give(open_search(), "unknown.ply", a_scan(prepared))
    give(screen, "torn.ply", a_scan(prepared)[:300])
    assert "outsider" not in screen.session_state
    (error,) = screen.error
    assert error.value.startswith("torn\\.ply cannot be used")
    assert "unknown" not in texts(screen)


def test_file__that_is_a_photograph_has_no_form(in_workspace: Workspace) -> None:
    """It is searched with; nothing tries to read a mesh from it."""
    picture = io.BytesIO()
    Image.effect_mandelbrot((128, 128), (-2.0, -1.5, 1.0, 1.5), 40).convert("RGB").save(picture, "PNG")
    screen = give(open_search(), "photo.png", picture.getvalue())
    assert nearest(screen)
    said = texts(screen.run())
    assert say_in("en", "search-form-no-file") in said
    assert say_in("en", "search-no-3d") in said
    assert not screen.error


def test_files__of_one_specimen_are_asked_with_together(prepared: Workspace, in_workspace: Workspace) -> None:
    """Several photographs are one query of as many views; a mesh among them is refused by its name."""
    pictures = []
    for number, name in enumerate(sorted(in_workspace.thumbnails.rglob("*.*"))[:3]):
        stream = io.BytesIO()
        Image.open(name).convert("RGB").save(stream, "PNG")
        pictures.append((f"side_{number}.png", stream.getvalue(), "image/png"))
    screen = open_search()
    screen.file_uploader(key=f"outsider_file_{screen.session_state['outsiders_given']}").set_value(pictures).run()
    assert not screen.exception
    assert len(screen.session_state["outsider"].newcomer.features) == 3
    assert nearest(screen)
    mixed = [pictures[0], ("a.ply", a_scan(prepared), "application/octet-stream")]
    screen.file_uploader(key=f"outsider_file_{screen.session_state['outsiders_given']}").set_value(mixed).run()
    (error,) = screen.error
    assert error.value.startswith("a\\.ply is no photograph")
    assert "outsider" not in screen.session_state


@pytest.mark.parametrize(("metric", "enough"), [("cosine", 2.0), ("euclidean", 500.0), ("inner_product", 0.0)])
def test_distance__goes_as_far_as_the_metric_does(in_workspace: Workspace, metric: str, enough: float) -> None:
    """A limit that everybody keeps to, and one that nobody does."""
    screen = open_search()
    screen.selectbox(key="metric").set_value(metric).run()
    screen.toggle(key="limit").set_value(True).run()
    screen.number_input(key=f"farthest_{metric}").set_value(enough).run()
    assert not screen.exception
    assert say_in("en", "search-most-similar", count=12) in texts(screen)
    if metric != "cosine":
        screen.number_input(key=f"farthest_{metric}").set_value(0.0 if metric == "euclidean" else -1e9).run()
        assert say_in("en", "search-nobody") in texts(screen)


def test_filters__stay_when_another_screen_was_looked_at(in_workspace: Workspace) -> None:
    """Who may be found is the same on the way back, and so are those that are."""
    screen = open_search()
    screen.toggle(key="elsewhere").set_value(True).run()
    before = nearest(screen)
    again(screen, "pages/3_map.py")
    again(screen, "pages/2_search.py")
    assert screen.toggle(key="elsewhere").value is True
    assert nearest(screen) == before


def test_of_file_named__knows_the_file_in_whatever_tells_of_it(tmp_path: Path) -> None:
    """In the sentence, among the values, in a reason among them."""
    path = tmp_path / "a.ply"
    inner = SpecimenError("The file {path} is empty.", path=path)
    error = InputError("{path} cannot be used: {reason}", path=path, reason=inner.reason)
    named = of_file_named(error, path)
    assert isinstance(named, InputError)
    assert problem_of(named) == "a.ply cannot be used: The file a.ply is empty."
    assert str(of_file_named(InputError(f"{path} is odd."), path)) == "a.ply is odd."
