"""Flags that several commands share, and the settings that they give."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.backbones import BEST, DEVICES, ENGINES, FACETS, PATCH_POOLINGS, PRECISIONS, TOKENS, EngineSettings
from core.cli.console import listed, number, whole_number
from core.clusters import (
    CHOICES,
    CLUSTER_METRICS,
    METHODS,
    SELECTION_METHODS,
    SWEPT,
    ClusterSettings,
    ScoreWeights,
    SweepSettings,
)
from core.embeddings import NORMALIZATIONS, POOLINGS
from core.evaluation import EVALUATION_METRICS, EvaluationSettings
from core.features import FeatureSettings
from core.foundation import SettingError
from core.neighbours import NEIGHBOUR_METRICS, SearchSettings
from core.views import APPEARANCES, BACKENDS, SHADINGS, ViewSettings

VIEW_CHOICES = {
    "backend": (BACKENDS, "renderer"),
    "appearance": (APPEARANCES, "what a view shows of the surface"),
    "shading": (SHADINGS, "light and shadow"),
    "layout": (("fibonacci", "dodecahedron", "icosahedron", "ring", "faces"), "arrangement of the cameras"),
}


def add_view_flags(parser: argparse.ArgumentParser, *, size: int | None) -> None:
    """Add the flags of rendering."""
    group = parser.add_argument_group("views")
    group.add_argument("--views", type=whole_number, default=12, help="images of each specimen (12)")
    help_of_size = f"height and width in pixels ({size})" if size else "height and width in pixels (the backbone's own)"
    group.add_argument("--size", type=whole_number, default=size, help=help_of_size)
    for name, (choices, meaning) in VIEW_CHOICES.items():
        usual = getattr(ViewSettings(), name)
        group.add_argument(f"--{name}", choices=choices, default=usual, help=f"{meaning} ({usual})")
    group.add_argument("--background", default="white", help="white, black, gray, or a colour like #20304a (white)")
    group.add_argument("--align", action="store_true", help="rotate specimens to their principal axes first")
    group.add_argument("--mixed", action="store_true", help="rotate to the principal axes for every second view only")


def view_settings(options: argparse.Namespace) -> ViewSettings:
    """Return view settings.

    Without --size they have the default size, which the backbone's own replaces later.
    """
    return ViewSettings(
        views=options.views,
        size=ViewSettings().size if options.size is None else options.size,
        backend=options.backend,
        appearance=options.appearance,
        shading=options.shading,
        background=options.background,
        layout=options.layout,
        align=options.align,
        mixed=options.mixed,
    )


def add_feature_flags(parser: argparse.ArgumentParser, *, model: str) -> None:
    """Add the flags of the backbone and of its engine."""
    group = parser.add_argument_group("backbone")
    group.add_argument("--model", default=model, help=f"name of a backbone or of a timm model, or auto ({model})")
    group.add_argument("--weights", type=Path, help="weights file, or the folder that holds it")
    group.add_argument("--no-download", action="store_true", help="never download weights")
    group.add_argument(
        "--image-size", type=whole_number, help="side of the backbone's input in pixels (the backbone's default)"
    )
    group.add_argument("--model-weights", help="weights of joined backbones A+B, for example 2,1 (equal)")
    group.add_argument(
        "--tokens",
        choices=(*TOKENS, BEST),
        default="cls",
        help=f"tokens to use (cls); {BEST}: those with the best retrieval for the backbone (docs/retrieval.md)",
    )
    group.add_argument(
        "--patch-pool",
        choices=PATCH_POOLINGS,
        default="mean",
        help="pooling of patch tokens (mean)",
    )
    group.add_argument(
        "--patch-mask",
        action="store_true",
        help="weight patches, or cells of layers, by how much of the specimen they show",
    )
    group.add_argument(
        "--layer", type=whole_number, default=-1, help="block to take tokens from, 0 is the first (-1, the last)"
    )
    group.add_argument("--facet", choices=FACETS, default="token", help="output of the block (token)")
    group.add_argument("--dense", action="store_true", help="keep all tokens, float16 [V, 1 + P, D], in tokens/")
    group.add_argument("--engine", choices=ENGINES, default="auto", help="library that runs the backbone (auto)")
    group.add_argument("--device", default="auto", help=f"{listed(DEVICES)}, or a GPU by number, like cuda:1 (auto)")
    group.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="floating-point type of the backbone (auto)"
    )
    group.add_argument("--batch-size", type=whole_number, default=16, help="images in one batch with PyTorch (16)")
    group.add_argument("--engine-threads", type=whole_number, default=0, help="CPU threads of the engine (0, all)")


def feature_settings(options: argparse.Namespace) -> FeatureSettings:
    """Return feature settings."""
    return FeatureSettings(
        model=options.model,
        weights=options.weights,
        download=not options.no_download,
        image_size=options.image_size,
        tokens=options.tokens,
        patch_pool=options.patch_pool,
        patch_mask=options.patch_mask,
        layer=options.layer,
        facet=options.facet,
        dense=options.dense,
        model_weights=_model_weights(options.model_weights),
        engine=EngineSettings(
            options.engine, options.device, options.precision, options.batch_size, options.engine_threads
        ),
    )


def add_pool_flag(parser: argparse.ArgumentParser) -> None:
    """Add how views are pooled into an embedding."""
    parser.add_argument("--pool", choices=POOLINGS, default="mean", help="pooling of views (mean)")


def add_embedding_flags(parser: argparse.ArgumentParser) -> None:
    """Add the embedding matrix and its ids."""
    parser.add_argument("--emb", type=Path, default=Path("data/embeddings/embeddings.npy"), help="embedding matrix")
    parser.add_argument(
        "--ids", type=Path, default=Path("data/embeddings/ids.txt"), help="specimen ids of its rows, one a line"
    )


def add_search_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of search."""
    parser.add_argument("--topk", type=whole_number, default=10, help="number of neighbours (10)")
    parser.add_argument(
        "--metric",
        choices=NEIGHBOUR_METRICS,
        default="cosine",
        help="distance or similarity between embeddings (cosine)",
    )


def search_settings(options: argparse.Namespace) -> SearchSettings:
    """Return search settings."""
    return SearchSettings(topk=options.topk, metric=options.metric)


def add_cluster_flags(parser: argparse.ArgumentParser, *, with_metric: bool = True) -> None:
    """Add the flags of clustering.

    The command `run` has one `--metric` for search and clusters.
    """
    group = parser.add_argument_group("clusters")
    group.add_argument("--method", choices=METHODS, default="hdbscan", help="clustering method (hdbscan)")
    group.add_argument("--normalize", choices=NORMALIZATIONS, default="l2", help="scaling of the embeddings (l2)")
    if with_metric:
        group.add_argument(
            "--metric", choices=CLUSTER_METRICS, default="cosine", help="distance between embeddings (cosine)"
        )
    group.add_argument(
        "--pca", type=_pca, default=64, help="0: none; number of components; or share of variance to keep (64)"
    )
    group.add_argument(
        "--min-cluster-size", type=whole_number, default=10, help="smallest number of specimens in a cluster (10)"
    )
    group.add_argument("--min-samples", type=whole_number, default=1, help="min_samples of hdbscan (1)")
    group.add_argument(
        "--cluster-selection-method",
        choices=SELECTION_METHODS,
        default="leaf",
        help="how hdbscan selects clusters (leaf)",
    )
    group.add_argument(
        "--cluster-selection-epsilon",
        type=number,
        default=0.0,
        help="do not split clusters closer than this distance (0.0)",
    )
    group.add_argument("--pca-report", type=Path, help="file for the explained variance (pca_report.csv in --out)")
    group.add_argument(
        "--umap", action=argparse.BooleanOptionalAction, default=False, help="reduce dimensions by UMAP as well"
    )
    group.add_argument(
        "--umap-n-components", type=whole_number, default=15, help="number of dimensions after UMAP (15)"
    )
    group.add_argument("--umap-n-neighbors", type=whole_number, default=30, help="n_neighbors of UMAP (30)")
    group.add_argument("--umap-min-dist", type=number, default=0.0, help="min_dist of UMAP (0.0)")
    group.add_argument("--umap-metric", choices=CLUSTER_METRICS, default="cosine", help="distance of UMAP (cosine)")


def cluster_settings(options: argparse.Namespace) -> ClusterSettings:
    """Return cluster settings.

    Examples
    --------
    >>> from core.cli import parse
    >>> cluster_settings(parse(["cluster", "--min-cluster-size", "5"])).min_cluster_size
    5
    """
    metric = options.metric if options.metric in CLUSTER_METRICS else "cosine"
    return ClusterSettings(
        method=options.method,
        normalize=options.normalize,
        metric=metric,
        pca=options.pca,
        min_cluster_size=options.min_cluster_size,
        min_samples=options.min_samples,
        cluster_selection_method=options.cluster_selection_method,
        cluster_selection_epsilon=options.cluster_selection_epsilon,
        umap=options.umap,
        umap_n_components=options.umap_n_components,
        umap_n_neighbors=options.umap_n_neighbors,
        umap_min_dist=options.umap_min_dist,
        umap_metric=options.umap_metric,
        seed=options.seed,
    )


def add_sweep_flags(parser: argparse.ArgumentParser) -> None:
    """Add which settings a sweep tries, and how it chooses the best."""
    group = parser.add_argument_group("sweep")
    for name in SWEPT:
        usual = ",".join(_as_word(value) for value in getattr(SweepSettings(), name))
        group.add_argument(f"--try-{name.replace('_', '-')}", help=f"values to try, separated by commas ({usual})")
    group.add_argument(
        "--n-random", type=whole_number, default=0, help="try this many settings, drawn at random (0: all)"
    )
    group.add_argument("--n-resamples", type=whole_number, default=0, help="random samples for measuring stability (0)")
    group.add_argument("--choose-by", choices=CHOICES, default="score", help="how the best setting is chosen (score)")
    weights = ",".join(f"{name}={weight}" for name, weight in vars(ScoreWeights()).items())
    group.add_argument("--weights", help=f"weights of the parts of the score ({weights})")


def sweep_settings(options: argparse.Namespace) -> SweepSettings:
    """Return sweep settings."""
    tried: dict[str, Any] = {name: _values(name, getattr(options, f"try_{name}")) for name in SWEPT}
    return SweepSettings(
        **{name: values for name, values in tried.items() if values},
        n_random=options.n_random,
        n_resamples=options.n_resamples,
        choose_by=options.choose_by,
        weights=_score_weights(options.weights),
        seed=options.seed,
    )


def _as_word(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _values(name: str, text: object) -> tuple[Any, ...]:
    """Return the values of a list like 16,32,0.9, in the type of the setting."""
    if text is None:
        return ()
    words = [str(word).strip() for word in (text if isinstance(text, list) else str(text).split(","))]
    usual = getattr(SweepSettings(), name)[0]
    try:
        if isinstance(usual, bool):
            return tuple({"yes": True, "true": True, "no": False, "false": False}[word.lower()] for word in words)
        if name == "pca":
            return tuple(_pca(word) for word in words)
        return tuple(type(usual)(word) for word in words)
    except (KeyError, ValueError) as error:
        kind = "yes or no" if isinstance(usual, bool) else "numbers"
        raise SettingError(f"'try-{name}' must be {kind} (got {text}).", advice="Separate them with commas.") from error


def _score_weights(text: object) -> ScoreWeights:
    """Return the weights of a list like coverage=0.4,balance=1."""
    if text is None:
        return ScoreWeights()
    pairs = [part.partition("=") for part in str(text).split(",")]
    given = {name.strip(): _weight(name.strip(), value) for name, _, value in pairs}
    return replace(ScoreWeights(), **given)


def _weight(name: str, text: str) -> float:
    allowed = tuple(vars(ScoreWeights()))
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if name not in allowed or weight < 0:
        raise SettingError(
            f"'weights' takes {', '.join(allowed)}, each with a number of 0 or more (got {name}={text}).",
            advice="An example: coverage=0.4,balance=1.",
        )
    return weight


def add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
    """Add the labels and measures of evaluation."""
    usual = EvaluationSettings()
    parser.add_argument("--labels", default="category", help="a CSV specimen_id,label, or the word category")
    group = parser.add_argument_group("measures")
    group.add_argument(
        "--level", type=whole_number, help="number of folders of the category to use; 1: the first only (all)"
    )
    group.add_argument(
        "--metric",
        choices=EVALUATION_METRICS,
        default=usual.metric,
        help=f"distance between embeddings ({usual.metric})",
    )
    group.add_argument("--depths", default="1,5,10", help="values of k for P@k, for example 1,5,10")
    group.add_argument(
        "--votes", type=whole_number, default=usual.n_votes, help=f"neighbours that vote ({usual.n_votes})"
    )
    group.add_argument(
        "--bootstrap",
        type=whole_number,
        default=usual.n_bootstrap,
        help=f"bootstrap samples for confidence intervals ({usual.n_bootstrap})",
    )


def evaluation_settings(options: argparse.Namespace) -> EvaluationSettings:
    """Return evaluation settings."""
    try:
        depths = tuple(int(part) for part in str(options.depths).split(","))
    except ValueError as error:
        raise SettingError(
            f"'depths' must be whole numbers (got {options.depths}).", advice="An example: 1,5,10."
        ) from error
    return EvaluationSettings(
        metric=options.metric,
        depths=depths,
        n_votes=options.votes,
        n_bootstrap=options.bootstrap,
        seed=options.seed,
    )


def evaluation_of_run(options: argparse.Namespace) -> EvaluationSettings:
    """Return the evaluation settings of `run`.

    The metric is that of the run, if evaluation has it.
    """
    metric = options.metric if options.metric in EVALUATION_METRICS else EvaluationSettings().metric
    return EvaluationSettings(metric=metric, seed=options.seed)


def labels_of(options: argparse.Namespace) -> str:
    """Return the chosen labels, with the level of the category if one is given."""
    if options.level is None:
        return str(options.labels)
    if options.labels != "category":
        raise SettingError(
            f"'level' needs labels from categories (got labels {options.labels}).", advice="Leave one of them out."
        )
    if options.level < 1:
        raise SettingError(f"'level' must be at least 1 (got {options.level}).", advice="1 is the first folder.")
    return f"category:{options.level}"


def add_overwrite_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag that repeats finished work."""
    parser.add_argument("--overwrite", action="store_true", help="do finished work again")


def each(given: list[str] | str | None) -> tuple[str, ...]:
    """Return the values of a repeated flag.

    A configuration may hold a single string.
    """
    return (given,) if isinstance(given, str) else tuple(given or ())


def _model_weights(text: object) -> tuple[float, ...]:
    """Return the numbers of a list like 2,1."""
    if text is None:
        return ()
    try:
        return tuple(float(part) for part in str(text).split(","))
    except ValueError as error:
        raise SettingError(f"'model-weights' must be numbers (got {text}).", advice="An example: 2,1.") from error


def _pca(text: str) -> float:
    """Return an int for a dimension and a float for a share of the variance."""
    try:
        number = float(text)
    except ValueError as error:
        raise SettingError(f"'pca' must be a number (got {text}).", advice="Examples: 0, 64 or 0.95.") from error
    return int(number) if number.is_integer() else number
