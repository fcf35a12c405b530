"""Flags that several commands share, and the settings made from them."""

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
    "backend": BACKENDS,
    "appearance": APPEARANCES,
    "shading": SHADINGS,
    "layout": ("fibonacci", "dodecahedron", "icosahedron", "ring", "faces"),
}


def add_view_flags(parser: argparse.ArgumentParser, *, size: int | None) -> None:
    """Add how specimens are rendered."""
    group = parser.add_argument_group("views")
    group.add_argument("--views", type=whole_number, default=12, help="images a specimen (12)")
    help_of_size = f"height and width in pixels ({size})" if size else "height and width in pixels (the backbone's own)"
    group.add_argument("--size", type=whole_number, default=size, help=help_of_size)
    for name, choices in VIEW_CHOICES.items():
        group.add_argument(f"--{name}", choices=choices, default=getattr(ViewSettings(), name), help=listed(choices))
    group.add_argument("--background", default="white", help="white, black, gray, or a colour like #20304a (white)")
    group.add_argument("--align", action="store_true", help="turn specimens to their principal axes first")
    group.add_argument("--mixed", action="store_true", help="turn them so for every second view only")


def view_settings(options: argparse.Namespace) -> ViewSettings:
    """Return view settings; a size of None leaves the default, to be replaced later."""
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
    """Add the backbone and how it is run."""
    group = parser.add_argument_group("backbone")
    group.add_argument("--model", default=model, help=f"a backbone, a timm name, or auto ({model})")
    group.add_argument("--weights", type=Path, help="a weights file, or a folder that holds it")
    group.add_argument("--no-download", action="store_true", help="never fetch weights from the hub")
    group.add_argument("--image-size", type=whole_number, help="pixels that the backbone sees (its own default)")
    group.add_argument("--model-weights", help="how much each of joined backbones A+B counts, like 2,1 (all alike)")
    group.add_argument(
        "--tokens",
        choices=(*TOKENS, BEST),
        default="cls",
        help=f"{listed(TOKENS)} (cls), or {BEST}: what found best with the backbone (docs/retrieval.md)",
    )
    group.add_argument("--patch-pool", choices=PATCH_POOLINGS, default="mean", help=listed(PATCH_POOLINGS))
    group.add_argument(
        "--patch-mask",
        action="store_true",
        help="patches, or cells of layers, count by how much of the specimen they show",
    )
    group.add_argument(
        "--layer", type=whole_number, default=-1, help="block that tokens come from, 0 the first (-1, the last)"
    )
    group.add_argument("--facet", choices=FACETS, default="token", help=listed(FACETS))
    group.add_argument("--dense", action="store_true", help="keep all tokens, float16 [V, 1 + P, D], in tokens/")
    group.add_argument("--engine", choices=ENGINES, default="auto", help=listed(ENGINES))
    group.add_argument("--device", default="auto", help=f"{listed(DEVICES)}, cuda:1 … (auto)")
    group.add_argument("--precision", choices=PRECISIONS, default="auto", help=listed(PRECISIONS))
    group.add_argument("--batch-size", type=whole_number, default=16, help="images in one pass of PyTorch (16)")
    group.add_argument("--engine-threads", type=whole_number, default=0, help="threads of the CPU it uses (0, all)")


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
    """Add how views become an embedding."""
    parser.add_argument("--pool", choices=POOLINGS, default="mean", help=listed(POOLINGS))


def add_embedding_flags(parser: argparse.ArgumentParser) -> None:
    """Add the matrix and its ids."""
    parser.add_argument("--emb", type=Path, default=Path("data/embeddings/embeddings.npy"), help="the matrix")
    parser.add_argument("--ids", type=Path, default=Path("data/embeddings/ids.txt"), help="its ids, one a line")


def add_search_flags(parser: argparse.ArgumentParser) -> None:
    """Add how neighbours are found."""
    parser.add_argument("--topk", type=whole_number, default=10, help="neighbours of a specimen (10)")
    parser.add_argument("--metric", choices=NEIGHBOUR_METRICS, default="cosine", help=listed(NEIGHBOUR_METRICS))


def search_settings(options: argparse.Namespace) -> SearchSettings:
    """Return search settings."""
    return SearchSettings(topk=options.topk, metric=options.metric)


def add_cluster_flags(parser: argparse.ArgumentParser, *, with_metric: bool = True) -> None:
    """Add how specimens are grouped; `run` has one `--metric` for search and clusters."""
    group = parser.add_argument_group("clusters")
    group.add_argument("--method", choices=METHODS, default="hdbscan", help=listed(METHODS))
    group.add_argument("--normalize", choices=NORMALIZATIONS, default="l2", help=listed(NORMALIZATIONS))
    if with_metric:
        group.add_argument("--metric", choices=CLUSTER_METRICS, default="cosine", help=listed(CLUSTER_METRICS))
    group.add_argument("--pca", type=_pca, default=64, help="0 none, components, or the share of variance to keep (64)")
    group.add_argument("--min-cluster-size", type=whole_number, default=10, help="smallest cluster (10)")
    group.add_argument("--min-samples", type=whole_number, default=1, help="as hdbscan counts them (1)")
    group.add_argument("--cluster-selection-method", choices=SELECTION_METHODS, default="leaf", help="leaf, eom")
    group.add_argument("--cluster-selection-epsilon", type=number, default=0.0, help="groups nearer than this stay one")
    group.add_argument("--pca-report", type=Path, help="where to write the explained variance (in --out)")
    group.add_argument("--umap", action=argparse.BooleanOptionalAction, default=False, help="reduce by UMAP as well")
    group.add_argument("--umap-n-components", type=whole_number, default=15, help="dimensions after UMAP (15)")
    group.add_argument("--umap-n-neighbors", type=whole_number, default=30, help="UMAP's neighbourhood (30)")
    group.add_argument("--umap-min-dist", type=number, default=0.0, help="UMAP's smallest distance (0.0)")
    group.add_argument("--umap-metric", choices=CLUSTER_METRICS, default="cosine", help=listed(CLUSTER_METRICS))


def cluster_settings(options: argparse.Namespace) -> ClusterSettings:
    """Return cluster settings."""
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
    """Add which of the many settings are tried, and how the best is chosen."""
    group = parser.add_argument_group("sweep")
    for name in SWEPT:
        usual = ",".join(_as_word(value) for value in getattr(SweepSettings(), name))
        group.add_argument(f"--try-{name.replace('_', '-')}", help=f"values to try, with commas ({usual})")
    group.add_argument("--n-random", type=whole_number, default=0, help="try only so many, drawn at random (0: all)")
    group.add_argument("--n-resamples", type=whole_number, default=0, help="samples to measure stability on (0)")
    group.add_argument("--choose-by", choices=CHOICES, default="score", help=f"{listed(CHOICES)} (score)")
    weights = ",".join(f"{name}={weight}" for name, weight in vars(ScoreWeights()).items())
    group.add_argument("--weights", help=f"how much each part of the score counts ({weights})")


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
    """Return the values of a list like 16,32,0.9, as the setting takes them."""
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
            f"'weights' knows {', '.join(allowed)}, each with a number from 0 (got {name}={text}).",
            advice="coverage=0.4,balance=1, say.",
        )
    return weight


def add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
    """Add by which labels and measures neighbours are judged."""
    usual = EvaluationSettings()
    parser.add_argument("--labels", default="category", help="a CSV specimen_id,label or the word category")
    group = parser.add_argument_group("measures")
    group.add_argument("--level", type=whole_number, help="folders of the category that count, 1 the first only (all)")
    group.add_argument("--metric", choices=EVALUATION_METRICS, default=usual.metric, help=listed(EVALUATION_METRICS))
    group.add_argument("--depths", default="1,5,10", help="the k of every P@k, like 1,5,10")
    group.add_argument(
        "--votes", type=whole_number, default=usual.n_votes, help=f"neighbours that vote ({usual.n_votes})"
    )
    group.add_argument(
        "--bootstrap", type=whole_number, default=usual.n_bootstrap, help=f"draws for intervals ({usual.n_bootstrap})"
    )


def evaluation_settings(options: argparse.Namespace) -> EvaluationSettings:
    """Return evaluation settings."""
    try:
        depths = tuple(int(part) for part in str(options.depths).split(","))
    except ValueError as error:
        raise SettingError(f"'depths' must be whole numbers (got {options.depths}).", advice="1,5,10, say.") from error
    return EvaluationSettings(
        metric=options.metric,
        depths=depths,
        n_votes=options.votes,
        n_bootstrap=options.bootstrap,
        seed=options.seed,
    )


def evaluation_of_run(options: argparse.Namespace) -> EvaluationSettings:
    """Return how `run` judges neighbours: by its own metric where that is one of a matrix."""
    metric = options.metric if options.metric in EVALUATION_METRICS else EvaluationSettings().metric
    return EvaluationSettings(metric=metric, seed=options.seed)


def labels_of(options: argparse.Namespace) -> str:
    """Return the labels asked for, with the level of the category where one is given."""
    if options.level is None:
        return str(options.labels)
    if options.labels != "category":
        raise SettingError(
            f"'level' goes with labels from categories (got labels {options.labels}).", advice="Leave one of them out."
        )
    if options.level < 1:
        raise SettingError(f"'level' must be at least 1 (got {options.level}).", advice="1 is the first folder.")
    return f"category:{options.level}"


def add_overwrite_flag(parser: argparse.ArgumentParser) -> None:
    """Add what forces finished work to be done again."""
    parser.add_argument("--overwrite", action="store_true", help="do finished work again")


def each(given: list[str] | str | None) -> tuple[str, ...]:
    """Return what a repeated flag holds; a configuration holds a single one as it is."""
    return (given,) if isinstance(given, str) else tuple(given or ())


def _model_weights(text: object) -> tuple[float, ...]:
    """Return the numbers of a list like 2,1."""
    if text is None:
        return ()
    try:
        return tuple(float(part) for part in str(text).split(","))
    except ValueError as error:
        raise SettingError(f"'model-weights' must be numbers (got {text}).", advice="2,1, say.") from error


def _pca(text: str) -> float:
    """Return an int for a dimension and a float for a share of the variance."""
    try:
        number = float(text)
    except ValueError as error:
        raise SettingError(f"'pca' must be a number (got {text}).", advice="0, 64 or 0.95, say.") from error
    return int(number) if number.is_integer() else number
