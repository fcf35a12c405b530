"""Speed of feature extraction: the default engine against plain timm.

    python -m benchmarks.bench_features [--rounds 5] [--retrieval]

Plain timm: torch in fp32, batches of 16, pixels normalised before. With `--retrieval` also how
well backbones without a download retrieve the same label among `../shared/dog_bones` (folder = label).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from core.backbones import (
    Backbone,
    EngineSettings,
    TokenSettings,
    build_network,
    describe,
    driver_sees_gpu,
    find_weights,
    load_backbone,
    open_engine,
)
from core.collection import labels_of_categories, take_inventory
from core.embeddings import Embeddings, pool_views
from core.evaluation import evaluate
from core.features import FeatureSettings, open_extractor
from core.foundation import WeightsError
from core.pipeline import Failure, Task, prepare_all
from core.views import ViewSettings

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
BATCH = 16
TARGETS = {"efficientnet_lite2": {"fp32": 4.0, "bf16": 7.0}, "dinov2_vits14": {"fp32": 1.8, "bf16": 3.5}}


def main() -> None:
    """Print a line for every backbone and size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--retrieval", action="store_true")
    options = parser.parse_args()
    for name in TARGETS:
        for size in (224, 518):
            against_timm(name, size, options.rounds)
    if driver_sees_gpu():
        for name in ("dinov2_vits14", "dinov2_vitl14"):
            for size in (224, 518):
                on_gpu(name, size)
    if options.retrieval:
        retrieval()


def against_timm(name: str, size: int, rounds: int) -> None:
    """Print the speed relative to plain timm, and the similarity of the features."""
    backbone = some_backbone(name, size)
    images = np.random.default_rng(0).integers(0, 256, (48 if size < 300 else 16, size, size, 3), dtype=np.uint8)
    yardstick = plain_timm(backbone)
    engines = {
        precision: open_engine(backbone, TokenSettings(), EngineSettings(device="cpu", precision=precision))
        for precision in ("fp32", "bf16")
    }
    wanted = yardstick(images)
    near = {precision: smallest_cosine(engine.run(images), wanted) for precision, engine in engines.items()}
    theirs, *ours = in_turns(
        rounds, lambda: yardstick(images), *(lambda engine=engine: engine.run(images) for engine in engines.values())
    )
    said = ", ".join(
        f"{precision} {theirs / seconds:5.2f} × (wanted {TARGETS[name][precision]:g}), cosine {near[precision]:.5f}"
        for precision, seconds in zip(engines, ours, strict=True)
    )
    print(f"{name} {size} px | plain timm {len(images) / theirs:6.1f} images/s | {said}", flush=True)


def on_gpu(name: str, size: int) -> None:
    """Print views a second in bf16 on the GPU, its name, and its busy time."""
    engine = open_engine(some_backbone(name, size), TokenSettings(), EngineSettings(device="cuda"))
    images = np.random.default_rng(0).integers(0, 256, (2048 if size < 300 else 512, size, size, 3), dtype=np.uint8)
    engine.run(images)
    start = time.perf_counter()
    engine.run(images)
    seconds = time.perf_counter() - start
    with profile(activities=[ProfilerActivity.CUDA]) as watched:
        start = time.perf_counter()
        engine.run(images)
        watched_seconds = time.perf_counter() - start
    kernels = (event for event in watched.key_averages() if not event.key.startswith(("Memcpy", "Memset")))
    busy = sum(event.self_device_time_total for event in kernels) / 1e6 / watched_seconds
    print(
        f"{name} {size} px | {engine.identity['device']}, bf16, {engine.images_at_once} at once: "
        f"{len(images) / seconds:7.1f} views/s, the GPU computes {busy:.0%} of the time",
        flush=True,
    )


def retrieval() -> None:
    """Print NN, first tier and mAP of mean-pooled features by cosine distance."""
    inventory = take_inventory(SHARED / "dog_bones")
    asked = [FeatureSettings("efficientnet_lite2"), FeatureSettings("classical")]
    try:
        find_weights(describe("dinov2_vits14"), download=False)
        dinov2 = FeatureSettings("dinov2_vits14", download=False)
        patches = replace(dinov2, tokens="patch")
        masked = replace(patches, patch_mask=True)
        asked += [dinov2, patches, masked, replace(patches, patch_pool="gem"), replace(masked, patch_pool="gem")]
    except WeightsError as error:
        print(f"dog_bones | tokens of DINOv2 are not compared: {error.problem}")
    for settings in asked:
        extractor = open_extractor(settings)
        views = ViewSettings(size=extractor.image_size)
        tasks = [Task(specimen, views, with_depth=True) for specimen in inventory.specimens]
        rows: dict[str, np.ndarray] = {}
        for item in prepare_all(tasks, 1):
            if not isinstance(item, Failure):
                shown = item.views
                rows[item.record.specimen_id] = pool_views(extractor(shown.images, shown.masks, shown.depth))
        embeddings = Embeddings(tuple(rows), np.stack(list(rows.values())))
        found = evaluate(embeddings, labels_of_categories(embeddings.ids, 1)).overall
        said = ", ".join(f"{measure} {found[measure]:.3f}" for measure in ("NN", "first_tier", "mAP"))
        name = " ".join([settings.model, *(f"{what} {how}" for what, how in settings.token_settings.identity.items())])
        print(f"dog_bones, {len(rows)} specimens | {name}: {said}", flush=True)


def some_backbone(name: str, size: int) -> Backbone:
    """Return a backbone with its built-in weights, else with random weights."""
    if name == "efficientnet_lite2":
        return load_backbone(name, image_size=size, download=False)
    torch.manual_seed(0)
    return Backbone(describe(name), size, network=build_network(describe(name), size))


def plain_timm(backbone: Backbone) -> Callable[[np.ndarray], np.ndarray]:
    """Return the plain way: normalise, batches of 16, the model called as it is."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (backbone.spec.mean, backbone.spec.std))
    network = backbone.module

    def run(images: np.ndarray) -> np.ndarray:
        parts = []
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                pixels = torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2).float().div(255)
                parts.append(network((pixels - mean) / std).numpy())
        return np.concatenate(parts)

    return run


def smallest_cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Return the smallest cosine between rows."""
    dots = (one * other).sum(axis=1)
    return float((dots / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)).min())


def in_turns(rounds: int, *works: Callable[[], object]) -> list[float]:
    """Return the median seconds of each function.

    The functions alternate, so that other load on the machine affects all alike.
    """
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, taken, strict=True):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return [median(times) for times in taken]


if __name__ == "__main__":
    main()
