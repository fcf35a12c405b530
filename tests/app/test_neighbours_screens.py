"""The search and evaluate screens show the results of `core`."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.collection import resolve_labels
from core.embeddings import read_embeddings
from core.evaluation import RobustnessResult, compare_runs, evaluate
from core.foundation import category_of
from core.matching import MATCHES, SHOWN, FeatureFolder, Matcher, MatchSettings
from core.neighbours import SearchSettings, find_neighbours, search_several
from core.workspace import Workspace
from tests.app.screens import TOOTH, open_page
from tests.prepared import RUN_NAME
from ui.evaluation import comparison_figure, confusion_figure, difference_figure, robustness_figure
from ui.words import say_in


def shown(screen: AppTest) -> list[str]:
    """Return the neighbours that the screen selects by its button."""
    screen.button(key="select_neighbours").click().run()
    assert not screen.exception
    return list(screen.session_state["selection"])


def test_search__shows_what_the_core_finds(searching: AppTest, in_workspace: Workspace) -> None:
    """By embeddings, by views and with filters, the same as `core` gives."""
    run = in_workspace.run(RUN_NAME)
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    assert shown(searching) == list(find_neighbours(embeddings, TOOTH, SearchSettings(12)).ids)
    searching.toggle(key="elsewhere").set_value(True).run()
    assert all(category_of(name) != category_of(TOOTH) for name in shown(searching))
    searching.toggle(key="elsewhere").set_value(False).run()
    searching.session_state["match"] = "maxsim"
    searching.run()
    settings = MatchSettings("maxsim", whiten=min(128, len(embeddings)))
    matcher = Matcher(embeddings, FeatureFolder(run.features), SearchSettings(12), settings)
    assert shown(searching) == list(matcher.nearest(TOOTH).ids)


def test_search__asks_with_the_selection(searching: AppTest, in_workspace: Workspace) -> None:
    """Neighbours are like the selected ones, unlike one of them, and none of these."""
    run = in_workspace.run(RUN_NAME)
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    others = [name for name in embeddings.ids if name != TOOTH][:3]
    searching.session_state["selection"] = tuple(others)
    searching.run()
    searching.toggle(key="several").set_value(True).run()
    searching.multiselect(key="unlike").set_value([others[2]]).run()
    expected = search_several(embeddings, (TOOTH, *others[:2]), (others[2],), SearchSettings(12))
    assert shown(searching) == list(expected.ids)


def test_search__says_if_filters_leave_nothing(searching: AppTest) -> None:
    """A largest distance of 0 leaves no neighbour."""
    searching.toggle(key="limit").set_value(True).run()
    searching.number_input(key="farthest_cosine").set_value(0.0).run()
    assert not searching.exception
    assert say_in("en", "search-nobody") in [box.value for box in searching.info]


def test_evaluate__judges_by_categories_and_levels(in_workspace: Workspace) -> None:
    """The measures are those of `core` for every level."""
    run = in_workspace.run(RUN_NAME)
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    screen = open_page("5_evaluate")
    assert not screen.exception
    for how in ("category:top", "category"):
        screen.selectbox(key="judge_by").set_value(how).run()
        found = evaluate(embeddings, resolve_labels(how, embeddings.ids))
        values = [metric.value for metric in screen.metric]
        assert values[:1] == [f"{found.overall['NN']:.3f}"]
        assert values[5:7] == [f"{found.overall['mAP']:.3f}", f"{found.vote_accuracy:.3f}"]
    assert not any("level" in table.value.columns for table in screen.dataframe)
    screen.session_state["evaluate_levels_en"] = True
    screen.run()
    (levels,) = [table.value for table in screen.dataframe if "level" in table.value.columns]
    for level in (1, 2):
        found = evaluate(embeddings, resolve_labels(f"category:{level}", embeddings.ids))
        assert levels.set_index("level").loc[level, "mAP"] == pytest.approx(found.overall["mAP"])
    screen.selectbox(key="judge_by").set_value("file").run()
    assert say_in("en", "evaluate-file-first") in [box.value for box in screen.info]


def test_figures__show_every_pair_and_every_run(in_workspace: Workspace) -> None:
    """Squares carry their classes, equal runs differ by 0, shares are those measured."""
    run = in_workspace.run(RUN_NAME)
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    found = evaluate(embeddings, resolve_labels("category", embeddings.ids))
    squares = confusion_figure(found).data[0].customdata
    assert {(a, b): n for a, b, n in squares} == found.confusion
    comparison = compare_runs({"one": embeddings, "other": embeddings})
    assert len(comparison_figure(comparison, ["NN", "mAP"]).data) == 2
    assert list(difference_figure(comparison, ["NN", "mAP"]).data[0].y) == [0, 0]
    bars = robustness_figure([RobustnessResult("turned", 4, 0.5, 4, 0.75)]).data
    assert [list(bar.y) for bar in bars] == [[0.5], [0.75]]


def test_words__name_every_way_of_comparing() -> None:
    """Messages whose keys are made from settings exist in every language."""
    keys = [f"search-by-{match}" for match in MATCHES]
    keys += [f"search-why-{shown}{end}" for shown in SHOWN for end in ("", "-help")]
    keys += [f"evaluate-{name}-help" for name in ("NN", "first-tier", "second-tier", "E", "DCG", "mAP")]
    keys += [f"search-combine-{name}" for name in ("mean", "any")]
    keys += [f"search-form-{name}" for name in ("neighbour", "rms", "hausdorff", "scale", "outcome")]
    for code in ("en", "ja"):
        assert all(isinstance(say_in(code, key, metric="cosine", axes=3), str) for key in keys)
