"""The contents of a report on a run."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from core.backbones import REGISTRY
from core.clusters import (
    Agreement,
    Clustering,
    ClusteringCache,
    ClusterSettings,
    Members,
    Misfit,
    cluster_on,
    compare_with_labels,
    describe_members,
    find_misfits,
)
from core.collection import Labels, Quarantined, labels_of_column, quarantined, read_unread, resolve_labels
from core.embeddings import Embeddings, read_embeddings
from core.evaluation import Evaluation, evaluate
from core.foundation import (
    CoreError,
    InputError,
    MissingStageError,
    Progress,
    check_at_least,
    check_choice,
    silent,
)
from core.maps import MapResult, MapSettings, map_in, trustworthiness
from core.neighbours import Duplicates, SearchSettings, find_duplicates
from core.report.phrases import LANGUAGES
from core.storage import read_json
from core.workspace import Catalogue, RunFacts, SpecimenRecord, Workspace, describe_run


@dataclass(frozen=True)
class ReportSettings:
    """Language and size of a report, whose CSV tables are always complete.

    Parameters
    ----------
    language : {"en", "ja"}
        Language of the page.
    labels : str
        The labels for groups and evaluation: `category`, `category:1` for the first folder and so
        on, `column:NAME` for a column of the metadata, or the path of a CSV.
    n_pictures : int
        Number of pictures per cluster.
    most_clusters, most_rows : int
        Number of clusters with pictures and of table rows on the page, which limit its size for
        large collections.
    pixels : int
        Height and width of a picture in pixels.
    map : MapSettings
        Settings of the map.

    Examples
    --------
    >>> from core.report import ReportSettings
    >>> ReportSettings(language="ja", labels="category:1").n_pictures
    8
    """

    language: str = "en"
    labels: str = "category"
    n_pictures: int = 8
    most_clusters: int = 40
    most_rows: int = 40
    pixels: int = 120
    map: MapSettings = MapSettings()  # noqa: RUF009 frozen

    def __post_init__(self) -> None:
        """Check every setting."""
        check_choice("language", self.language, LANGUAGES)
        for name in ("n_pictures", "most_clusters", "most_rows", "pixels"):
            check_at_least(name, getattr(self, name), 1)


@dataclass(frozen=True)
class Facts:
    """The contents of a report, with an evaluation if there are enough labels."""

    workspace: Workspace
    run: RunFacts
    embeddings: Embeddings
    records: Mapping[str, SpecimenRecord]
    labels: Labels
    groups: tuple[tuple[str, int], ...]
    map: MapResult
    map_trust: float
    clustering: Clustering
    members: Members
    evaluation: Evaluation | None
    agreement: Agreement | None
    misfits: tuple[Misfit, ...]
    duplicates: Duplicates
    failures: tuple[Quarantined, ...]
    unread: tuple[str, ...]
    search: SearchSettings
    versions: tuple[tuple[str, str], ...]
    citations: tuple[str, ...]

    def thumbnail(self, specimen_id: str) -> Path | None:
        """Return the path of the small picture of a specimen, if its file is known."""
        record = self.records.get(specimen_id)
        return self.workspace.thumbnail_of(record.sha256) if record is not None and record.sha256 else None


def gather_facts(
    workspace: Workspace, name: str, settings: ReportSettings | None = None, *, progress: Progress = silent
) -> Facts:
    """Compute the contents of a report, with the clusters last kept for the run.

    Raises
    ------
    MissingStageError
        If there is no such run, or it has no embeddings yet.
    WorkspaceError, MisalignedEmbeddingsError, InputError
        If the run is damaged, or the requested labels are missing.
    SettingError
        If there is no such column of the metadata.
    """
    settings = settings if settings is not None else ReportSettings()
    run = workspace.run(name)
    config = run.config()
    if not run.is_complete:
        raise MissingStageError("The run {name!r} has no embeddings yet.", advice="Let it finish first.", name=name)
    steps = iter(progress(range(5), 5, "Report"))
    next(steps)
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    catalogue = Catalogue(workspace.catalogue_path)
    records = catalogue.specimens(str(config.get("input", "")))
    labels = _labels(settings.labels, catalogue, embeddings.ids)
    cache = ClusteringCache(embeddings)
    clustering = cluster_on(cache, _cluster_settings(run.results / "summary.json", config))
    next(steps)
    members = describe_members(cache, clustering, settings.n_pictures)
    next(steps)
    map_result = map_in(run.results / "maps", embeddings, settings.map)
    next(steps)
    evaluation, agreement, misfits = _evaluate(embeddings, clustering, labels)
    next(steps)
    hashes = {specimen_id: record.sha256 for specimen_id, record in records.items()}
    facts = Facts(
        workspace=workspace,
        run=describe_run(run),
        embeddings=embeddings,
        records=records,
        labels=labels,
        groups=tuple(sorted(Counter(value or "" for value in labels.values).items())),
        map=map_result,
        map_trust=trustworthiness(embeddings, map_result),
        clustering=clustering,
        members=members,
        evaluation=evaluation,
        agreement=agreement,
        misfits=misfits,
        duplicates=find_duplicates(embeddings, sha256=hashes),
        failures=quarantined(records),
        unread=read_unread(run.root),
        search=SearchSettings(**_known(SearchSettings, config.get("search", {}))),
        versions=_versions(config),
        citations=_citations(config, clustering.settings, settings.map),
    )
    next(steps, None)
    return facts


def _labels(given: str, catalogue: Catalogue, ids: tuple[str, ...]) -> Labels:
    """Return the requested labels.

    If categories are requested and there are none, every label is None.
    """
    word, _, column = given.partition(":")
    if word == "column":
        return labels_of_column(catalogue, column, ids)
    try:
        labels = resolve_labels(given, ids)
        # The path of the file is private.
        return labels if word == "category" else replace(labels, source=Path(given).name)
    except InputError:
        if word != "category":
            raise
        return Labels(ids, (None,) * len(ids), given)


def _evaluate(
    embeddings: Embeddings, clustering: Clustering, labels: Labels
) -> tuple[Evaluation | None, Agreement | None, tuple[Misfit, ...]]:
    """Evaluate by labels, if at least two of them have two or more specimens."""
    with suppress(InputError):
        agreement = compare_with_labels(clustering.labels, labels)
        misfits = find_misfits(embeddings, clustering, labels)
        with suppress(InputError):
            return evaluate(embeddings, labels), agreement, misfits
        return None, agreement, misfits
    return None, None, ()


def _cluster_settings(summary: Path, config: Mapping[str, Any]) -> ClusterSettings:
    """Return the settings of the clusters last kept, else those of the run."""
    given: object = None
    with suppress(CoreError):
        values = read_json(summary) if summary.is_file() else {}
        given = values.get("settings") if isinstance(values, dict) else None
    values = given if isinstance(given, dict) else config.get("clusters", {})
    return ClusterSettings(**_known(ClusterSettings, values))


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _versions(config: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    recorded = config.get("versions", {})
    return (
        *sorted((str(name), str(version)) for name, version in recorded.items()),
        ("system", f"{platform.system()} {platform.machine()}"),
    )


def _citations(config: Mapping[str, Any], clusters: ClusterSettings, drawn: MapSettings) -> tuple[str, ...]:
    """Return the references for a paper on this run: the backbone and the methods."""
    features = config.get("features", {})
    names = str(features.get("backbone", "")).split("+")
    references = [REGISTRY[name].citation for name in names if name in REGISTRY]
    if any(name != "classical" for name in names):
        references.append("Wightman (2019) PyTorch Image Models. doi:10.5281/zenodo.4414861.")
    if clusters.method.startswith("hdbscan"):
        references.append(
            "Campello, Moulavi & Sander (2013) Density-based clustering based on hierarchical density estimates. "
            "PAKDD; McInnes, Healy & Astels (2017) hdbscan: Hierarchical density based clustering. JOSS 2(11)."
        )
    if clusters.umap or drawn.method == "umap":
        references.append(
            "McInnes, Healy & Melville (2018) UMAP: Uniform manifold approximation and projection. JOSS 3(29)."
        )
    if drawn.method == "tsne":
        references.append("van der Maaten & Hinton (2008) Visualizing data using t-SNE. JMLR 9.")
    references += [
        "Shilane, Min, Kazhdan & Funkhouser (2004) The Princeton Shape Benchmark. Shape Modeling International.",
        "Venna & Kaski (2001) Neighborhood preservation in nonlinear projection methods. ICANN.",
    ]
    return tuple(dict.fromkeys(references))
