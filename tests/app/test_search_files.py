"""Searches with a file from outside: a mesh, a photograph, a broken file."""

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
from tests.app.screens import TOOTH, again, open_page, texts
from tests.prepared import RUN_NAME
from ui.words import of_file_named, problem_of, say_in

OTHER = "other"


def give(screen: AppTest, name: str, data: bytes) -> AppTest:
    """Give a file to the current field."""
    field = screen.file_uploader(key=f"outsider_file_{screen.session_state['outsiders_given']}")
    field.set_value((name, data, "application/octet-stream")).run()
    assert not screen.exception
    return screen


def a_scan(workspace: Workspace) -> bytes:
    """Return the file of a horn coral."""
    return next((workspace.meshes / "Corals" / "Horn").glob("*.ply")).read_bytes()


def nearest(screen: AppTest) -> str:
    """Return the first neighbour that the button selects."""
    screen.button(key="select_neighbours").click().run()
    assert not screen.exception
    return str(screen.session_state["selection"][0])


def test_file__can_be_given_again_after_it_was_closed(prepared: Workspace, in_workspace: Workspace) -> None:
    """The file alone is the query until it is closed, then the field is empty."""
    screen = give(open_page("2_search", specimen=TOOTH), "unknown.ply", a_scan(prepared))
    assert nearest(screen).startswith("Corals/Horn")
    screen.run()
    assert say_in("en", "search-several-no-file") in [box.value for box in screen.info]
    close = next(button for button in screen.button if button.label == say_in("en", "search-close-file"))
    close.click().run()
    assert "unknown.ply" not in texts(screen)
    give(screen, "unknown.ply", a_scan(prepared))
    assert "unknown\\.ply" in texts(screen)


def test_file__is_described_by_the_run_that_is_looked_at(prepared: Workspace, in_own_workspace: Workspace) -> None:
    """Another run describes the file again, since features of two backbones differ."""
    features = FeatureSettings(model="classical", download=False)
    run_pipeline(in_own_workspace, RunSettings(name=OTHER, features=features, workers=0), meshes=prepared.meshes)
    screen = open_page("2_search", specimen=TOOTH)
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
    """The error shows its name, not its path, and the query before is gone."""
    screen = give(open_page("2_search", specimen=TOOTH), "unknown.ply", a_scan(prepared))
    give(screen, "torn.ply", a_scan(prepared)[:300])
    assert "outsider" not in screen.session_state
    (error,) = screen.error
    assert error.value.startswith("torn\\.ply cannot be used")
    assert "unknown" not in texts(screen)


def test_file__that_is_a_photograph_has_no_form(in_workspace: Workspace) -> None:
    """It is the query, and no mesh is read from it."""
    picture = io.BytesIO()
    Image.effect_mandelbrot((128, 128), (-2.0, -1.5, 1.0, 1.5), 40).convert("RGB").save(picture, "PNG")
    screen = give(open_page("2_search", specimen=TOOTH), "photo.png", picture.getvalue())
    assert nearest(screen)
    said = texts(screen.run())
    assert say_in("en", "search-form-no-file") in said
    assert say_in("en", "search-no-3d") in said
    assert not screen.error


def test_files__of_one_specimen_are_asked_with_together(prepared: Workspace, in_workspace: Workspace) -> None:
    """Several photographs are one query, and a mesh among them is refused."""
    pictures = []
    for number, name in enumerate(sorted(in_workspace.thumbnails.rglob("*.*"))[:3]):
        stream = io.BytesIO()
        Image.open(name).convert("RGB").save(stream, "PNG")
        pictures.append((f"side_{number}.png", stream.getvalue(), "image/png"))
    screen = open_page("2_search", specimen=TOOTH)
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
    """A limit that keeps all neighbours, and one that keeps none."""
    screen = open_page("2_search", specimen=TOOTH)
    screen.selectbox(key="metric").set_value(metric).run()
    screen.toggle(key="limit").set_value(True).run()
    screen.number_input(key=f"farthest_{metric}").set_value(enough).run()
    assert not screen.exception
    assert say_in("en", "search-most-similar", count=12) in texts(screen)
    if metric != "cosine":
        screen.number_input(key=f"farthest_{metric}").set_value(0.0 if metric == "euclidean" else -1e9).run()
        assert say_in("en", "search-nobody") in texts(screen)


def test_filters__stay_when_another_screen_was_looked_at(in_workspace: Workspace) -> None:
    """Filters and neighbours are the same after another screen."""
    screen = open_page("2_search", specimen=TOOTH)
    screen.toggle(key="elsewhere").set_value(True).run()
    before = nearest(screen)
    again(screen, "pages/3_map.py")
    again(screen, "pages/2_search.py")
    assert screen.toggle(key="elsewhere").value is True
    assert nearest(screen) == before


def test_of_file_named__knows_the_file_in_whatever_tells_of_it(tmp_path: Path) -> None:
    """The path is replaced in the sentence, in values, and in a reason among them."""
    path = tmp_path / "a.ply"
    inner = SpecimenError("The file {path} is empty.", path=path)
    error = InputError("{path} cannot be used: {reason}", path=path, reason=inner.reason)
    named = of_file_named(error, path)
    assert isinstance(named, InputError)
    assert problem_of(named) == "a.ply cannot be used: The file a.ply is empty."
    assert str(of_file_named(InputError(f"{path} is odd."), path)) == "a.ply is odd."
