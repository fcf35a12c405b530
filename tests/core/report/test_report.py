"""The report: a self-contained page, escaped text, all tables, the same bytes."""

from __future__ import annotations

import csv
import datetime
import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from fluent.syntax import FluentParser, ast as fluent

from core.cli import main
from core.clusters import ClusterFacts, Clustering, Members
from core.collection import Labels, put_metadata
from core.embeddings import Embeddings
from core.foundation import InputError, MissingStageError, SettingError
from core.maps import MapResult, MapSettings
from core.report import LANGUAGES, ReportSettings, gather_facts, write_report
from core.report.drawings import map_svg
from core.report.facts import Facts
from core.report.page import TEMPLATES, render_page
from core.report.phrases import FOLDER, Phrases
from core.workspace import Catalogue, Workspace, open_workspace, write_notes
from tests.fakes import bytes_below, rows_of, write_specimens

NAMES = [f"{category}/s{number}" for category in ("A<b>ad", "B & co", "C") for number in range(5)]
ON_THIS_DAY = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
SETTINGS = ReportSettings(map=MapSettings(method="pca"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace of a run with HTML in names and notes, and one broken file."""
    workspace = open_workspace(tmp_path_factory.mktemp("report"))
    write_specimens(workspace.meshes, NAMES)
    (workspace.meshes / "C" / "broken.ply").write_bytes(b"ply")
    flags = "--model classical --size 64 --views 4 --min-cluster-size 2 --pca 3 --workers 0 --quiet --name run"
    assert main(["run", "--workspace", str(workspace.root), *flags.split()]) == 3
    write_notes(workspace.run("run"), "<script>alert('notes')</script> 歯のみ")
    return workspace


@pytest.fixture(scope="module")
def facts(workspace: Workspace) -> Facts:
    """Return the facts of the run."""
    return gather_facts(workspace, "run", SETTINGS)


class Page(HTMLParser):
    """What a page holds: its tags, what it points at, its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and what it points at."""
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "xlink:href"):
                self.targets.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
def test_render_page__needs_nothing_else(facts: Facts, language: str) -> None:
    """No script and no external address, links and pictures inside the page."""
    page = Page(render_page(facts, replace(SETTINGS, language=language), date=ON_THIS_DAY))
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert all(target.startswith(("#", "data:image/webp;base64,")) for target in page.targets)
    assert {target[1:] for target in page.targets if target.startswith("#")} <= set(page.ids)
    assert page.tags.count("img") >= 4
    assert page.tags.count("svg") == 3


def test_render_page__escapes_what_people_wrote(facts: Facts) -> None:
    """Names of folders, notes and reasons are text, never tags."""
    html = render_page(facts, SETTINGS, date=ON_THIS_DAY)
    words = "".join(Page(html).words)
    assert "<script>alert('notes')</script> 歯のみ" in words
    assert "A<b>ad" in words
    assert "B & co" in words
    assert "<b>ad" not in html


def test_render_page__tells_what_made_it(facts: Facts) -> None:
    """Backbone, settings in sentences, failures with reasons, versions, citations."""
    words = " ".join("".join(Page(render_page(facts, SETTINGS, date=ON_THIS_DAY)).words).split())
    for said in (
        "Report on the run “run”",
        "Made on 2026-01-02 03:04",
        "4 views of 64 × 64 pixels were made of every specimen (layout: fibonacci, appearance: gray).",
        "classical",
        "smallest cluster 2",
        "C/broken",
        "The PLY header has no end.",
        "Khotanzad & Hong (1990)",
        "numpy",
    ):
        assert said in words


def test_write_report__holds_all_tables_and_the_same_bytes_again(facts: Facts, tmp_path: Path) -> None:
    """A row for every specimen, and a report of the same date has the same bytes."""
    folder = write_report(tmp_path / "report", facts, SETTINGS, date=ON_THIS_DAY)
    again = write_report(tmp_path / "again", facts, SETTINGS, date=ON_THIS_DAY)
    assert bytes_below(folder) == bytes_below(again)
    names = {path.name for path in (folder / "tables").iterdir()}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r"tables/(\w+\.csv)", page)) == {name for name in names if name.endswith(".csv")}
    tables = ("specimens", "clusters", "map", "members", "queries", "failures", "neighbours")
    rows = {name: rows_of(folder / "tables" / f"{name}.csv", encoding="utf-8-sig") for name in tables}
    for name in ("specimens", "clusters", "map", "members"):
        assert sorted(row["specimen_id"] for row in rows[name]) == sorted(NAMES)
    assert [row["specimen_id"] for row in rows["failures"]] == ["C/broken"]
    assert len(rows["neighbours"]) == 15 * 10
    zipped = [write_report(tmp_path / f"{name}.zip", facts, SETTINGS, date=ON_THIS_DAY) for name in ("one", "two")]
    with zipfile.ZipFile(zipped[0]) as archive:
        assert {name.split("/", 1)[1] for name in archive.namelist()} == set(bytes_below(folder))
        assert archive.read("one/report.html") == (folder / "report.html").read_bytes()


def test_write_report__leaves_out_the_path_of_the_scans(facts: Facts, workspace: Workspace, tmp_path: Path) -> None:
    """A supplement is public, so that only the name of the folder is in it."""
    folder = write_report(tmp_path / "report", facts, SETTINGS, date=ON_THIS_DAY)
    for name, data in bytes_below(folder).items():
        assert str(workspace.root).encode() not in data, name
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["input"] == "meshes"


def test_write_report__replaces_a_report_only(facts: Facts, tmp_path: Path) -> None:
    """A folder with other files is left unchanged."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(SettingError, match="is there already and holds no report"):
        write_report(tmp_path / "mine", facts, SETTINGS)
    folder = write_report(tmp_path / "report", facts, SETTINGS, date=ON_THIS_DAY)
    (folder / "report.html").write_text("old", encoding="utf-8")
    write_report(tmp_path / "report", facts, SETTINGS, date=ON_THIS_DAY)
    assert (folder / "report.html").read_text(encoding="utf-8") != "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "report"]


def test_render_page__stays_small_for_twenty_thousand(facts: Facts) -> None:
    """Only representatives are shown, so that the page stays below 3 MB."""
    chance = np.random.default_rng(0)
    count, groups = 20_000, 200
    ids = tuple(f"Group{number % 500}/specimen_with_a_rather_long_name_{number:06d}" for number in range(count))
    labels = chance.integers(-1, groups, count)
    clustering = Clustering(ids, labels, np.ones(count), np.full(64, 1 / 64), facts.clustering.settings)
    named = {label: np.flatnonzero(labels == label) for label in range(groups)}
    clusters = tuple(
        ClusterFacts(label, len(rows), ids[rows[0]], tuple(ids[row] for row in rows[:8]), (), 0.5, 0.1)
        for label, rows in named.items()
    )
    records = {name: replace(facts.records[NAMES[0]], specimen_id=name) for name in ids}
    large = replace(
        facts,
        embeddings=Embeddings(ids, np.ones((count, 4), dtype=np.float32)),
        records=records,
        labels=Labels(ids, tuple(name.split("/")[0] for name in ids), "category"),
        groups=tuple((f"Group{number}", 40) for number in range(500)),
        map=MapResult(ids, chance.normal(size=(count, 2)).astype(np.float32), MapSettings()),
        clustering=clustering,
        members=Members(clusters, labels, np.zeros(count), None, 0.1, None),
        misfits=facts.misfits * 500,
        failures=facts.failures * 2000,
    )
    assert len(render_page(large, SETTINGS).encode("utf-8")) < 3_000_000


def test_map_svg__draws_every_specimen_once() -> None:
    """An empty map draws nothing."""
    points = np.random.default_rng(1).normal(size=(50, 2))
    drawn = map_svg(points, np.arange(50) % 4 - 1, "A <map> & more")
    assert drawn.count("h0") == 50
    assert "<title>A &lt;map&gt; &amp; more</title>" in drawn
    assert map_svg(np.zeros((0, 2)), np.zeros(0, dtype=int), "empty").count("h0") == 0


def test_gather_facts__does_without_categories_and_needs_a_run(workspace: Workspace, tmp_path: Path) -> None:
    """Specimens in one folder have no evaluation, and a missing run is named."""
    with pytest.raises(MissingStageError, match="There is no run called 'nothing' here"):
        gather_facts(workspace, "nothing")
    flat = open_workspace(tmp_path)
    write_specimens(flat.meshes, "a b c d e f")
    flags = "--model classical --size 64 --views 4 --min-cluster-size 2 --pca 0 --workers 0 --quiet --name run"
    assert main(["run", "--workspace", str(tmp_path), *flags.split()]) == 0
    facts = gather_facts(flat, "run", SETTINGS)
    assert (facts.evaluation, facts.agreement, facts.misfits) == (None, None, ())
    page = render_page(facts, SETTINGS)
    assert "No category is shared by two specimens, so there is nothing to judge by." in page
    assert "queries.csv" not in page


def test_report__groups_and_judges_by_a_column(workspace: Workspace, tmp_path: Path) -> None:
    """A metadata column gives the labels, and an unknown one is an error."""
    column = "<i>genus</i> & age"
    values = {name: {column: int(name[-1]) % 2} for name in NAMES[:-1]}
    put_metadata(Catalogue(workspace.catalogue_path), values)
    settings = replace(SETTINGS, labels=f"column:{column}")
    facts = gather_facts(workspace, "run", settings)
    assert facts.groups == (("", 1), ("0", 8), ("1", 6))
    assert facts.evaluation is not None
    assert sorted(facts.evaluation.per_class) == ["0", "1"]
    html = render_page(facts, settings, date=ON_THIS_DAY)
    words = " ".join("".join(Page(html).words).split())
    assert f"the nearest specimen is of the same “{column}”" in words
    assert "(no value)" in words
    assert "<i>" not in html
    with (write_report(tmp_path / "r", facts, settings) / "tables" / "queries.csv").open(encoding="utf-8") as stream:
        assert len(list(csv.DictReader(stream))) == 14
    with pytest.raises(SettingError, match=r"There is no column 'family'\. There are <i>genus</i> & age\."):
        gather_facts(workspace, "run", replace(SETTINGS, labels="column:family"))
    with pytest.raises(InputError, match=r"The labels 'nowhere\.csv' are not there"):
        gather_facts(workspace, "run", replace(SETTINGS, labels="nowhere.csv"))


def test_report__by_a_file_of_labels_tells_nobody_where_it_lies(workspace: Workspace, tmp_path: Path) -> None:
    """Only the file's name."""
    (tmp_path / "mine.csv").write_text("".join(f"{name},{name[-1]}\n" for name in NAMES), encoding="utf-8")
    settings = replace(SETTINGS, labels=str(tmp_path / "mine.csv"))
    folder = write_report(tmp_path / "report", gather_facts(workspace, "run", settings), settings)
    assert not [name for name, data in bytes_below(folder).items() if str(tmp_path).encode() in data]


def test_report__is_a_command(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It writes a Japanese ZIP, and without a run it says which command makes one."""
    out = tmp_path / "r.zip"
    words = ["report", "--workspace", str(workspace.root), "--name", "run", "--out", str(out)]
    words += ["--language", "ja", "--map", "pca"]
    assert main([*words, "--quiet"]) == 0
    with zipfile.ZipFile(out) as archive:
        assert 'lang="ja"' in archive.read("r/report.html").decode("utf-8")
    assert main(["report", "--workspace", str(tmp_path / "none")]) == 1
    assert "`python -m core run` makes one." in capsys.readouterr().err


def test_report_settings__say_what_is_allowed() -> None:
    """Languages and numbers."""
    with pytest.raises(SettingError, match=r"'language' must be one of en, ja \(got 'fr'\)"):
        ReportSettings(language="fr")
    with pytest.raises(SettingError, match=r"'pixels' must be at least 1 \(got 0\)"):
        ReportSettings(pixels=0)


def test_phrases__are_the_same_in_every_language_and_all_there() -> None:
    """Every message of template and page exists, and every message is used."""
    keys = {}
    for code in LANGUAGES:
        body = FluentParser().parse((FOLDER / f"{code}.ftl").read_text(encoding="utf-8")).body
        assert [entry.content for entry in body if isinstance(entry, fluent.Junk)] == []
        keys[code] = [entry.id.name for entry in body if isinstance(entry, fluent.Message)]
    assert len(set(map(tuple, map(sorted, keys.values())))) == 1
    code = (TEMPLATES / "report.html.j2").read_text(encoding="utf-8")
    code += (Path(TEMPLATES).parent / "page.py").read_text(encoding="utf-8")
    said = set(re.findall(r'say\(\s*"([\w-]+)"[,)]', code))
    assert said - set(keys["en"]) == set()
    with pytest.raises(KeyError):
        Phrases("en")("no-such-message")


def test_facts__have_pictures_only_of_what_is_known(facts: Facts) -> None:
    """A specimen that the catalogue forgot has none."""
    path = facts.thumbnail(NAMES[0])
    assert path is not None
    assert path.is_file()
    assert facts.thumbnail("nobody") is None
