"""What a report tells of a run."""

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
    ClusterSettings,
    Groundwork,
    Members,
    Misfit,
    cluster_on,
    compare as compare_with_labels,
    describe_members,
    find_misfits,
)
from core.collection import Labels, Quarantined, labels_of_column, quarantined, resolve_labels
from core.embeddings import Embeddings, read_embeddings
from core.evaluation import Evaluation, evaluate
from core.foundation import CoreError, InputError, MissingStageError, Progress, SettingError, silent
from core.maps import MapResult, MapSettings, map_in, trustworthiness
from core.neighbours import Duplicates, SearchSettings, find_duplicates
from core.report.phrases import LANGUAGES
from core.storage import read_json
from core.workspace import Catalogue, RunFacts, SpecimenRecord, Workspace, describe_run


@dataclass(frozen=True)
class ReportSettings:
    """What a report shows; its tables as CSV are always whole.

    Parameters
    ----------
    language : {"en", "ja"}
        Of the page.
    labels : str
        What groups and judges specimens: `category`, `category:1` for the first folder and so on,
        `column:NAME` for a column of the metadata, or the path of a CSV.
    n_pictures : int
        Pictures of a cluster.
    most_clusters, most_rows : int
        Clusters shown with pictures, and rows of a table, so that the page stays small whatever the
        size of the collection.
    pixels : int
        Height and width of a picture.
    map : MapSettings
        How the map is drawn.
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
        if self.language not in LANGUAGES:
            raise SettingError(
                "'language' must be one of {allowed} (got {language}).",
                allowed=", ".join(LANGUAGES),
                language=self.language,
            )
        for name in ("n_pictures", "most_clusters", "most_rows", "pixels"):
            if getattr(self, name) < 1:
                raise SettingError("'{name}' must be at least 1 (got {value}).", name=name, value=getattr(self, name))


@dataclass(frozen=True)
class Facts:
    """Everything that a report tells; an evaluation only where labels say enough to judge by."""

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
    search: SearchSettings
    versions: tuple[tuple[str, str], ...]
    citations: tuple[str, ...]

    def thumbnail(self, specimen_id: str) -> Path | None:
        """Return the small picture of a specimen, where there is one."""
        record = self.records.get(specimen_id)
        return self.workspace.thumbnail_of(record.sha256) if record is not None and record.sha256 else None


def gather_facts(
    workspace: Workspace, name: str, settings: ReportSettings | None = None, *, progress: Progress = silent
) -> Facts:
    """Work out what a report tells; clusters are those that were last kept for the run.

    Raises
    ------
    MissingStageError
        Where there is no such run, or it has no embeddings yet.
    WorkspaceError, MisalignedEmbeddingsError, InputError
        Where the run is damaged, or the labels that were asked for are not there.
    SettingError
        Where there is no such column of the metadata.
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
    work = Groundwork(embeddings)
    clustering = cluster_on(work, _cluster_settings(run.results / "summary.json", config))
    next(steps)
    members = describe_members(work, clustering, settings.n_pictures)
    next(steps)
    drawn = map_in(run.results / "maps", embeddings, settings.map)
    next(steps)
    evaluation, agreement, misfits = _judge(embeddings, clustering, labels)
    next(steps)
    hashes = {specimen_id: record.sha256 for specimen_id, record in records.items()}
    facts = Facts(
        workspace=workspace,
        run=describe_run(run),
        embeddings=embeddings,
        records=records,
        labels=labels,
        groups=tuple(sorted(Counter(value or "" for value in labels.values).items())),
        map=drawn,
        map_trust=trustworthiness(embeddings, drawn),
        clustering=clustering,
        members=members,
        evaluation=evaluation,
        agreement=agreement,
        misfits=misfits,
        duplicates=find_duplicates(embeddings, sha256=hashes),
        failures=quarantined(records),
        search=SearchSettings(**_known(SearchSettings, config.get("search", {}))),
        versions=_versions(config),
        citations=_citations(config, clustering.settings, settings.map),
    )
    next(steps, None)
    return facts


def _labels(given: str, catalogue: Catalogue, ids: tuple[str, ...]) -> Labels:
    """Return the labels that were asked for; none of any specimen where it is categories and there are none."""
    word, _, column = given.partition(":")
    if word == "column":
        return labels_of_column(catalogue, column, ids)
    try:
        found = resolve_labels(given, ids)
        # Where somebody keeps the file is nobody's business.
        return found if word == "category" else replace(found, source=Path(given).name)
    except InputError:
        if word != "category":
            raise
        return Labels(ids, (None,) * len(ids), given)


def _judge(
    embeddings: Embeddings, clustering: Clustering, labels: Labels
) -> tuple[Evaluation | None, Agreement | None, tuple[Misfit, ...]]:
    """Judge by labels, where two of them have two specimens or more."""
    with suppress(InputError):
        agreement = compare_with_labels(clustering.labels, labels)
        misfits = find_misfits(embeddings, clustering, labels)
        with suppress(InputError):
            return evaluate(embeddings, labels), agreement, misfits
        return None, agreement, misfits
    return None, None, ()


def _cluster_settings(summary: Path, config: Mapping[str, Any]) -> ClusterSettings:
    """Return the settings of the clusters that were last kept, else those of the run."""
    given: object = None
    with suppress(CoreError):
        found = read_json(summary) if summary.is_file() else {}
        given = found.get("settings") if isinstance(found, dict) else None
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
    """Return what a paper that uses this run cites: the backbone, and the methods that were used."""
    features = config.get("features", {})
    names = str(features.get("backbone", "")).split("+")
    found = [REGISTRY[name].citation for name in names if name in REGISTRY]
    if any(name != "classical" for name in names):
        found.append("Wightman (2019) PyTorch Image Models. doi:10.5281/zenodo.4414861.")
    if clusters.method.startswith("hdbscan"):
        found.append(
            "Campello, Moulavi & Sander (2013) Density-based clustering based on hierarchical density estimates. "
            "PAKDD; McInnes, Healy & Astels (2017) hdbscan: Hierarchical density based clustering. JOSS 2(11)."
        )
    if clusters.umap or drawn.method == "umap":
        found.append(
            "McInnes, Healy & Melville (2018) UMAP: Uniform manifold approximation and projection. JOSS 3(29)."
        )
    if drawn.method == "tsne":
        found.append("van der Maaten & Hinton (2008) Visualizing data using t-SNE. JMLR 9.")
    found += [
        "Shilane, Min, Kazhdan & Funkhouser (2004) The Princeton Shape Benchmark. Shape Modeling International.",
        "Venna & Kaski (2001) Neighborhood preservation in nonlinear projection methods. ICANN.",
    ]
    return tuple(dict.fromkeys(found))
