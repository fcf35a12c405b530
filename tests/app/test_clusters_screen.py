"""The screens on clusters and maps: views, buttons, labels, the sweep."""

from __future__ import annotations

import shutil

import pytest

from core.clusters import ClusterSettings, SweepSettings, run_sweep, sweep_folder, write_sweep
from core.embeddings import read_embeddings
from core.storage import read_json
from core.workspace import Workspace
from tests.app.screens import TOOTH, open_page, texts
from tests.prepared import RUN_NAME
from ui.clusters import CONTROLS
from ui.words import say_in


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("groups", "Cluster 0 · "),
        ("noise", "Silhouette"),
        ("soft", "all shares add up to 1"),
        ("trees", "Every bar is a group"),
        ("components", "The dashed line is the cut"),
        ("agreement", "labelled specimens"),
        ("misfits", "label"),
    ],
)
def test_clusters__every_view_draws(in_workspace: Workspace, view: str, said: str) -> None:
    """No exception, no error, and its text."""
    screen = open_page("4_clusters", clusters_view=view, clusters_min_cluster_size=3, specimen=TOOTH)
    assert not screen.exception
    assert not screen.error
    assert said in "\n".join([texts(screen), *(str(one.value) for one in screen.success)])


def test_clusters__single_linkage(in_workspace: Workspace) -> None:
    """The single-linkage tree draws."""
    screen = open_page("4_clusters", clusters_view="trees", clusters_tree="linkage", clusters_min_cluster_size=3)
    assert not screen.exception
    assert "Groups join at the height" in texts(screen)


def test_clusters__select_all_is_the_selection_of_all_screens(in_workspace: Workspace) -> None:
    """The button of a cluster selects its specimens."""
    screen = open_page("4_clusters", clusters_min_cluster_size=3)
    next(button for button in screen.button if button.key == "select_0").click().run()
    assert len(screen.session_state["selection"]) >= 3
    assert "selected specimens are in Cluster 0" in texts(screen)


def test_clusters__tries_a_step_and_shows_the_difference(in_workspace: Workspace) -> None:
    """If all is noise, a step can be tried, shows its change, and can be undone."""
    screen = open_page("4_clusters", clusters_min_cluster_size=20)
    before = {name: screen.session_state[f"clusters_{name}"] for name in CONTROLS}
    next(button for button in screen.button if button.key == "try_0").click().run()
    assert not screen.exception
    assert "Before: " in "\n".join(str(one.value) for one in screen.success)
    assert {name: screen.session_state[f"clusters_{name}"] for name in CONTROLS} != before
    next(button for button in screen.button if button.label == "Undo").click().run()
    assert {name: screen.session_state[f"clusters_{name}"] for name in CONTROLS} == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("specimen_id,label\nTeeth/Conical/tooth_conical_001,x\n", "specimens have no label and are left out"),
        ("specimen_id,label\nnobody,x\nTeeth/Conical/tooth_conical_001,x\n", "are not in the collection"),
        ("Teeth/Conical/tooth_conical_001,歯\nTeeth/Conical/tooth_conical_001,角\n", "two different labels"),
        ("specimen_id,label\nnobody,x\n", "None of the 1 ids in"),
    ],
)
def test_clusters__labels_from_a_file(in_workspace: Workspace, text: str, said: str) -> None:
    """Half of the ids, unknown ids, conflicts, Shift-JIS: each has its sentence."""
    screen = open_page(
        "4_clusters",
        clusters_view="agreement",
        labels_agreement="labels from a file",
        labels_given=text.encode("cp932"),
        clusters_min_cluster_size=3,
    )
    assert not screen.exception
    assert said in texts(screen)


def test_map__draws_by_every_method(in_workspace: Workspace) -> None:
    """PCA in two and three dimensions, and coloured by a column of numbers."""
    for state in ({"map_dimensions": 3}, {"map_colour": "vertices"}):
        screen = open_page("3_map", map_method="pca", **state)
        assert not screen.exception
        assert not screen.error
        assert "Trustworthiness" in texts(screen)


def test_cluster_settings__sliders_begin_where_the_core_does() -> None:
    """The choices of the screen are settings that `core` accepts."""
    assert ClusterSettings(pca=1, min_cluster_size=2, cluster_selection_epsilon=1.5)


def test_sweep__ranks_anew_and_opens_a_clustering(in_workspace: Workspace) -> None:
    """A weight changes the score at once, and the best trial opens on Clusters."""
    run = in_workspace.run("prepared")
    settings = SweepSettings(pca=(8, 0.9), min_samples=(1,), min_cluster_size=(3, 4))
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    write_sweep(sweep_folder(run), run_sweep(embeddings, settings))
    screen = open_page("4_sweep")
    assert not screen.exception
    before = next(text.value for text in screen.markdown if "The best of 8 settings" in str(text.value))
    next(one for one in screen.slider if one.key == "sweep_weight_number").set_value(1.0).run()
    after = next(text.value for text in screen.markdown if "The best of 8 settings" in str(text.value))
    assert before != after
    next(button for button in screen.button if button.key == "sweep_open_best").click().run()
    assert not screen.exception
    assert screen.session_state["clusters_min_cluster_size"] in (3, 4)


def test_sweep__without_one_offers_to_start(in_workspace: Workspace) -> None:
    """The form counts the settings that will be tried."""
    shutil.rmtree(sweep_folder(in_workspace.run("prepared")), ignore_errors=True)
    screen = open_page("4_sweep")
    assert not screen.exception
    assert "96 settings" in texts(screen)


def test_clusters__says_that_the_run_keeps_others_and_shows_them(in_workspace: Workspace) -> None:
    """Kept clusters that differ from the controls are named and can be shown."""
    kept = read_json(in_workspace.run(RUN_NAME).results / "summary.json")
    screen = open_page("4_clusters", clusters_min_cluster_size=12)
    words = say_in("en", "clusters-run-keeps", count=kept["n_clusters"], noise=f"{kept['noise_ratio']:.0%}")
    assert words in texts(screen)
    show = next(button for button in screen.button if button.label == say_in("en", "clusters-run-keeps-show"))
    show.click().run()
    assert screen.session_state["clusters_min_cluster_size"] == kept["settings"]["min_cluster_size"]
    assert words not in texts(screen)
