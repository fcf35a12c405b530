"""A run's `config.json` as default values of flags."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from core.pipeline import RunSettings, read_recipe

_VIEW_FLAGS = ("views", "size", "backend", "appearance", "layout", "align", "mixed")
_FEATURE_FLAGS = ("model", "image_size", "tokens", "patch_pool", "patch_mask", "layer", "facet", "dense")
_CLUSTER_FLAGS = (
    "method",
    "normalize",
    "pca",
    "min_cluster_size",
    "min_samples",
    "cluster_selection_method",
    "cluster_selection_epsilon",
    "umap",
    "umap_n_components",
    "umap_n_neighbors",
    "umap_min_dist",
    "umap_metric",
)


def take_recipe(parser: argparse.ArgumentParser, path: Path) -> None:
    """Set the defaults of the command `run` from a run's `config.json`."""
    settings = (recipe := read_recipe(path)).settings
    features, engine = settings.features, settings.features.engine
    shares = ",".join(map(repr, features.model_weights)) or None
    parser.set_defaults(
        recipe=path,
        meshes=recipe.input,
        **{name: getattr(settings.views, name) for name in _VIEW_FLAGS},
        **{name: getattr(features, name) for name in _FEATURE_FLAGS},
        model_weights=shares,
        engine=engine.engine,
        device=engine.device,
        precision=engine.precision,
        pool=settings.pool,
        keep_renders=settings.keep_renders,
        topk=settings.search.topk,
        **{name: getattr(settings.clusters, name) for name in _CLUSTER_FLAGS},
        metric=settings.search.metric,
        seed=settings.clusters.seed,
    )


def with_recipe(settings: RunSettings, recipe: RunSettings) -> RunSettings:
    """Return the settings of the flags, completed from a recipe where there is no flag."""
    search, clusters = settings.search, settings.clusters
    metric = recipe.clusters.metric if search.metric == recipe.search.metric else clusters.metric
    return replace(
        settings,
        views=replace(recipe.views, **{name: getattr(settings.views, name) for name in _VIEW_FLAGS}),
        clusters=replace(
            recipe.clusters,
            **{name: getattr(clusters, name) for name in _CLUSTER_FLAGS},
            metric=metric,
            seed=clusters.seed,
        ),
        evaluation=replace(recipe.evaluation, metric=settings.evaluation.metric, seed=settings.evaluation.seed),
    )
