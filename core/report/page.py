"""The facts of a report as one self-contained HTML page."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import core
from core.clusters import ClusterFacts
from core.maps import NOISE_COLOUR
from core.pipeline import unusual_settings
from core.report.drawings import bars_svg, colours_of_clusters, map_svg, picture_of, share_colour
from core.report.facts import Facts, ReportSettings
from core.report.phrases import Phrases

TEMPLATES = Path(__file__).resolve().parent / "templates"
_COMPONENTS_SHOWN = 64


@dataclass(frozen=True)
class Pictured:
    """A specimen with its short name, category and picture as a data URI."""

    specimen_id: str
    name: str
    category: str
    picture: str


@dataclass(frozen=True)
class PicturedCluster:
    """A cluster with pictures of its strongest members, and the counts of its labels."""

    facts: ClusterFacts
    colour: str
    members: tuple[Pictured, ...]
    groups: tuple[tuple[str, int], ...]


def render_page(facts: Facts, settings: ReportSettings, *, date: datetime.datetime | None = None) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    facts : Facts
        Contents of the report.
    settings : ReportSettings
        Language and size of the page.
    date : datetime, optional
        The date on the page; now if None.
    """
    say = Phrases(settings.language)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    pictured = _Pictures(facts, settings)
    colours = colours_of_clusters(facts.clustering.n_clusters)
    return environment.get_template(
        "report.html.j2"
    ).render(
        say=say,
        facts=facts,
        settings=settings,
        version=core.__version__,
        made=(date or datetime.datetime.now().astimezone()).strftime("%Y-%m-%d %H:%M"),
        folder=Path(facts.run.input).name,
        label=_label(facts, say),
        shown=lambda name: _shown(name, facts, say),
        plain_words=_in_plain_words(facts, say),
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 our own file
        map_svg=Markup(map_svg(facts.map.coordinates, facts.clustering.labels, say("map-title"))),  # noqa: S704 escaped
        sizes_svg=Markup(_sizes(facts, colours, say)),  # noqa: S704 escaped
        variance_svg=Markup(_variance(facts, say)),  # noqa: S704 escaped
        clusters=_clusters(facts, settings, colours, pictured),
        noise=pictured.several(_noise(facts)[: settings.n_pictures * 2]),
        misfits=[(one, pictured.one(one.specimen_id)) for one in facts.misfits[: settings.most_rows]],
        duplicates=[
            (pair, pictured.one(pair.specimen_id), pictured.one(pair.other_id))
            for pair in facts.duplicates.pairs[: settings.most_rows]
        ],
        failures=facts.failures[: settings.most_rows],
        failure_kinds=_counts([one.kind for one in facts.failures]),
    )


class _Pictures:
    """Pictures of specimens, each read once."""

    def __init__(self, facts: Facts, settings: ReportSettings) -> None:
        self._facts, self._pixels = facts, settings.pixels
        self._read: dict[str, Pictured] = {}

    def one(self, specimen_id: str) -> Pictured:
        if specimen_id not in self._read:
            category, _, name = specimen_id.rpartition("/")
            uri = picture_of(self._facts.thumbnail(specimen_id), self._pixels)
            self._read[specimen_id] = Pictured(specimen_id, name, category.replace("/", " › "), uri)
        return self._read[specimen_id]

    def several(self, specimen_ids: tuple[str, ...]) -> tuple[Pictured, ...]:
        return tuple(map(self.one, specimen_ids))


def _label(facts: Facts, say: Phrases) -> str:
    """Return the name of the labels within a sentence."""
    word, _, column = facts.labels.source.partition(":")
    if word == "column":
        return say("label-column", column=column)
    return say("label-category") if word == "category" else say("label")


def _shown(name: str, facts: Facts, say: Phrases) -> str:
    """Return a label as it is displayed."""
    if not facts.labels.source.startswith("category"):
        return name or say("no-label")
    return name.replace("/", " › ") or say("no-category")


def _in_plain_words(facts: Facts, say: Phrases) -> list[str]:
    """Return the settings as sentences."""
    views, features = facts.run.config.get("views", {}), facts.run.config.get("features", {})
    clusters = facts.clustering.settings
    described = ("tokens", "layout", "appearance")  # by other sentences
    unusual = [
        say(f"unusual-{name.replace('_', '-')}", value=value)
        for name, value in unusual_settings(facts.run.config)
        if name not in described
    ]
    sentences = [
        say(
            "words-views",
            views=facts.run.views,
            pixels=facts.run.pixels,
            layout=str(views.get("layout", "")),
            appearance=str(views.get("appearance", "")),
        ),
        say(
            "words-features",
            backbone=facts.run.backbone,
            tokens=str(features.get("tokens", "")),
            engine=facts.run.engine,
            dimensions=int(facts.embeddings.matrix.shape[1]),
        ),
        *([say("words-unusual", what=", ".join(unusual))] if unusual else []),
        say(
            "words-weights",
            source=str(features.get("weights_source", "")),
            sha=str(features.get("weights_sha256") or "–"),
        ),
        say("words-pool", pool=facts.run.pool),
        say("words-search", metric=facts.search.metric, topk=facts.search.topk),
        say(
            "words-clusters",
            method=clusters.method,
            metric=clusters.metric,
            pca=f"{clusters.pca:g}",
            smallest=clusters.min_cluster_size,
            samples=clusters.min_samples,
            selection=clusters.cluster_selection_method,
            umap="yes" if clusters.umap else "no",
            seed=str(clusters.seed),
        ),
        say("words-map", method=facts.map.settings.method.upper(), neighbours=facts.map.settings.n_neighbors),
    ]
    return [sentence for sentence in sentences if sentence]


def _clusters(
    facts: Facts, settings: ReportSettings, colours: tuple[str, ...], pictured: _Pictures
) -> list[PicturedCluster]:
    clusters = []
    rows: dict[int, list[str]] = {}
    for value, cluster in zip(facts.labels.values, facts.clustering.labels.tolist(), strict=True):
        rows.setdefault(cluster, []).append(value or "")
    for one in facts.members.clusters[: settings.most_clusters]:
        shown = pictured.several(one.exemplars[: settings.n_pictures])
        clusters.append(PicturedCluster(one, colours[one.cluster_id], shown, _counts(rows[one.cluster_id])[:6]))
    return clusters


def _noise(facts: Facts) -> tuple[str, ...]:
    labels = facts.clustering.labels.tolist()
    return tuple(name for name, label in zip(facts.clustering.ids, labels, strict=True) if label < 0)


def _sizes(facts: Facts, colours: tuple[str, ...], say: Phrases) -> str:
    values = [float(size) for size in (*facts.clustering.sizes, facts.clustering.n_noise)]
    return bars_svg(values, (*colours, NOISE_COLOUR), say("clusters-sizes"))


def _variance(facts: Facts, say: Phrases) -> str:
    ratios = facts.clustering.explained_variance_ratio
    if ratios is None:
        return ""
    shown = [float(value) for value in ratios[:_COMPONENTS_SHOWN]]
    return bars_svg(shown, [share_colour()] * len(shown), say("clusters-variance"))


def _counts(names: list[Any]) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
