"""Retrieval quality of views, features and re-ranking on labelled collections.

Run `python -m benchmarks.bench_retrieval FOLDER …`; the categories of a folder are its labels, and
`FOLDER:1` takes the first folder level only. Without a folder the samples are used, which are easier
than bones. Views and features are cached in `--keep`, so that a new trial costs only itself. A trial is
the same for all collections: one that gains on one and loses on another is not better.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.backbones import EMBEDDED, load_backbone
from core.collection import SampleSettings, make_samples, take_inventory
from core.embeddings import unit_rows
from core.evaluation import EvaluationSettings, measures_of_ranks
from core.features import describe_views
from core.foundation import category_of, keep_offline
from core.matching import fit_whitening, k_reciprocal, set_distances
from core.meshes import read_mesh
from core.views import ViewSettings, render_views

AXES = 128
GEM_POWER = 3.0
LAYERS = (2, 4, 5, 6)
Features = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Drawing:
    """Settings of views: number, half of them along the principal axes, and size."""

    views: int = 12
    size: int = 224
    close: bool = False  # every view cut to the specimen, so that it fills the picture

    @property
    def name(self) -> str:
        """Return a name for files and tables."""
        return f"{self.views} x {self.size}{' close' if self.close else ''}"


@dataclass(frozen=True)
class Trial:
    """A way from features of views to a set of vectors for each specimen."""

    name: str
    drawing: Drawing
    rows: Callable[[Features], np.ndarray]


def one(name: str) -> Callable[[Features], np.ndarray]:
    """Return a function that selects one kind of features."""
    return lambda features: features[name]


def joined(*names: str) -> Callable[[Features], np.ndarray]:
    """Return a function that joins kinds of features of a view, each normalised."""
    return lambda features: np.concatenate([unit_rows(features[name]) for name in names], axis=1)


def stacked(*names: str) -> Callable[[Features], np.ndarray]:
    """Return a function that stacks kinds of features as if each were a separate view."""
    return lambda features: np.concatenate([features[name].reshape(-1, features[name].shape[-1]) for name in names])


USUAL, LARGE, LARGEST, MANY, CLOSE = Drawing(), Drawing(size=448), Drawing(size=518), Drawing(42), Drawing(close=True)
LAYERS_MASKED = joined("masked mean", *(f"masked layer {number}" for number in LAYERS))
LAYERS_GEM = joined("masked gem", *(f"masked layer {number}" for number in LAYERS))
TRIALS = (
    Trial("as it is", USUAL, one("mean")),
    Trial("background left out", USUAL, one("masked mean")),
    Trial("GeM", USUAL, one("gem")),
    Trial("GeM, background left out", USUAL, one("masked gem")),
    Trial("last and middle layers", USUAL, joined("mean", "layer 4", "layer 5", "layer 6")),
    Trial("last and middle, background left out", USUAL, LAYERS_MASKED),
    Trial("last by GeM and middle, background left out", USUAL, LAYERS_GEM),
    Trial("whole and quarters of the map", USUAL, stacked("mean", "quarters")),
    Trial("with the classical descriptor", USUAL, joined("mean", "classical")),
    Trial("views cut to the specimen", CLOSE, one("mean")),
    Trial("views cut to the specimen, last by GeM and middle, background left out", CLOSE, LAYERS_GEM),
    Trial("24 views", Drawing(24), one("mean")),
    Trial("24 views, GeM, background left out", Drawing(24), one("masked gem")),
    Trial("24 views, last and middle, background left out", Drawing(24), LAYERS_MASKED),
    Trial("24 views, last by GeM and middle, background left out", Drawing(24), LAYERS_GEM),
    Trial("42 views", MANY, one("mean")),
    Trial("42 views, last by GeM and middle, background left out", MANY, LAYERS_GEM),
    Trial("448 px", LARGE, one("mean")),
    Trial("448 px, background left out", LARGE, one("masked mean")),
    Trial("448 px, last by GeM and middle, background left out", LARGE, LAYERS_GEM),
    Trial("518 px", LARGEST, one("mean")),
    Trial("518 px, last by GeM and middle, background left out", LARGEST, LAYERS_GEM),
)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", help="labelled collections, FOLDER or FOLDER:LEVEL")
    parser.add_argument("--only", help="trials whose names hold this")
    parser.add_argument("--keep", type=Path, help="where features are kept for another call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        keep = options.keep or Path(temporary) / "features"
        folders = options.folders or [_samples(Path(temporary) / "samples")]
        for folder in folders:
            path, _, level = folder.partition(":")
            print(f"\n{Path(path).name}, NN / first tier / mAP; mAP with k-reciprocal; seconds a specimen", flush=True)
            for trial in TRIALS:
                if options.only is None or options.only in trial.name:
                    measure(trial, Path(path), int(level or 0), keep)


def measure(trial: Trial, folder: Path, level: int, keep: Path) -> None:
    """Describe a collection by a trial, and print its retrieval measures."""
    described, seconds = described_by(trial.drawing, folder, keep)
    ids = sorted(described)
    labels = [name.split("/")[level - 1] if level else category_of(name) for name in ids]
    sets = [trial.rows(described[name]) for name in ids]
    pooled = unit_rows(np.stack([one_set.mean(axis=0) for one_set in sets]))
    whitening = fit_whitening(np.concatenate(sets), AXES)
    ready = [whitening(one_set) for one_set in sets]
    apart = np.stack([set_distances(one_set, ready) for one_set in ready])
    figures = {
        "whole": judged(1 - pooled @ pooled.T, labels),
        "by views": judged(apart, labels),
        "k-reciprocal": judged(k_reciprocal(apart), labels),
        "k-reciprocal 20, 6": judged(k_reciprocal(apart, 20, 6), labels),
    }
    cells = [" / ".join(f"{value:.3f}"[1:] if value < 1 else "1.000" for value in row) for row in figures.values()]
    print(f"| {trial.drawing.name}, {trial.name} | {' | '.join(cells)} | {seconds:.2f} |", flush=True)


def judged(apart: np.ndarray, labels: Sequence[str]) -> tuple[float, float, float]:
    """Return NN, first tier and mAP of distances, by the measures of `core.evaluation`."""
    codes = np.unique(labels, return_inverse=True)[1]
    queries = np.flatnonzero(np.bincount(codes)[codes] >= 2)
    near = np.round(apart[queries], 6)
    near[np.arange(len(queries)), queries] = -np.inf
    order = np.argsort(near, axis=1, kind="stable")[:, 1:]
    settings = EvaluationSettings()
    is_hit = codes[order] == codes[queries][:, None]
    ranks, totals = np.nonzero(is_hit)[1] + 1, np.count_nonzero(is_hit, axis=1)
    values = measures_of_ranks(ranks, totals, is_hit.shape[1], settings.depths).mean(axis=0)
    return tuple(float(values[settings.measures.index(name)]) for name in ("NN", "first_tier", "mAP"))  # type: ignore[return-value]


def described_by(drawing: Drawing, folder: Path, keep: Path) -> tuple[dict[str, Features], float]:
    """Return the features of every specimen of a collection, and the seconds for one."""
    path = keep / f"{folder.name} {drawing.name}.npz"
    if not path.is_file():
        network = Network(drawing.size)
        found: dict[str, np.ndarray] = {}
        started = time.perf_counter()
        specimens = take_inventory(folder).specimens
        for specimen in specimens:
            for name, values in network(*drawn(specimen.path, drawing)).items():
                found[f"{specimen.specimen_id}|{name}"] = values.astype(np.float32)
        found["|seconds"] = np.array((time.perf_counter() - started) / len(specimens))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **found)
    described: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as file:
        seconds = float(file["|seconds"])
        for key in file.files:
            name, _, kind = key.partition("|")
            if name:
                described.setdefault(name, {})[kind] = file[key]
    return dict(described), seconds


def drawn(path: Path, drawing: Drawing) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return views, masks and depth of a specimen."""
    size = 2 * drawing.size if drawing.close else drawing.size
    views = render_views(read_mesh(path), ViewSettings(views=drawing.views, size=size, mixed=True), with_depth=True)
    if not drawing.close:
        return views.images, views.masks, views.depth
    images, masks = zip(
        *(_cut(image, mask, drawing.size) for image, mask in zip(views.images, views.masks, strict=True)), strict=True
    )
    return np.stack(images), np.stack(masks), None


def _cut(image: np.ndarray, mask: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the square around a specimen, with a margin of 1/20, resized."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        rows = columns = np.arange(len(mask))
    side = int(1.1 * max(np.ptp(rows), np.ptp(columns))) + 2
    top, left = (round((ends[0] + ends[-1] - side) / 2) for ends in (rows, columns))
    ahead = max(0, -top, -left)
    after = max(0, top + side - len(mask), left + side - len(mask))
    wide = np.pad(image, ((ahead, after), (ahead, after), (0, 0)), constant_values=255)
    seen = np.pad(mask, (ahead, after))
    part = slice(top + ahead, top + ahead + side), slice(left + ahead, left + ahead + side)
    import cv2

    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return cv2.resize(wide[part], (size, size), interpolation=how), cv2.resize(
        seen[part].astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST
    ).astype(bool)


class Pooled(nn.Module):
    """The built-in network with several poolings of its feature maps."""

    def __init__(self) -> None:
        super().__init__()
        self.network: Any = load_backbone(EMBEDDED, download=False).module
        middle = [f"{masked}layer {number}" for number in LAYERS for masked in ("", "masked ")]
        self.names = (*middle, "mean", "masked mean", "gem", "masked gem", "quarters")

    def forward(self, images: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Map images and masks to pooled features.

        (b, s, s, 3) uint8 and (b, 1, s, s) float32 give one (b, d) for each name, the last (b, 4 d).
        """
        network = self.network
        maps = network.bn1(network.conv_stem(images.permute(0, 3, 1, 2).float() / 127.5 - 1))
        pooled: list[torch.Tensor] = []
        for number, block in enumerate(network.blocks):
            maps = block(maps)
            if number in LAYERS:
                pooled += [maps.mean(dim=(2, 3)), _within(maps, mask)]
        maps = network.bn2(network.conv_head(maps))
        sharp = maps.clamp(min=1e-6) ** GEM_POWER
        pooled += [maps.mean(dim=(2, 3)), _within(maps, mask)]
        pooled += [sharp.mean(dim=(2, 3)) ** (1 / GEM_POWER), _within(sharp, mask) ** (1 / GEM_POWER)]
        half = (maps.shape[2] + 1) // 2
        quarters = [
            part[..., s].mean(dim=(2, 3))
            for part in (maps[:, :, :half], maps[:, :, -half:])
            for s in (slice(half), slice(-half, None))
        ]
        return (*pooled, torch.cat(quarters, dim=1))


def _within(maps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean of maps, cells weighted by their share of the specimen."""
    shares = functional.adaptive_avg_pool2d(mask, maps.shape[2:]) + 1e-6
    return (maps * shares).sum(dim=(2, 3)) / shares.sum(dim=(2, 3))


class Network:
    """The network run by OpenVINO in single precision, and the classical descriptor."""

    def __init__(self, size: int) -> None:
        keep_offline()
        import openvino as ov

        module = Pooled().eval().requires_grad_(False)
        self.names = module.names
        example = torch.zeros((1, size, size, 3), dtype=torch.uint8), torch.ones((1, 1, size, size))
        model = ov.convert_model(module, example_input=example, input=[list(part.shape) for part in example])
        self._compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def __call__(self, images: np.ndarray, masks: np.ndarray, depth: np.ndarray | None) -> dict[str, np.ndarray]:
        """Return features of views by name, (v, d) each, the quarters (v, 4, d)."""
        outputs = [
            list(self._compiled([image[None], mask[None, None].astype(np.float32)]).values())
            for image, mask in zip(images, masks, strict=True)
        ]
        found = {name: np.concatenate(part) for name, part in zip(self.names, zip(*outputs, strict=True), strict=True)}
        found["quarters"] = found["quarters"].reshape(len(images), 4, -1)
        if depth is not None and images.shape[1] == USUAL.size:
            found["classical"] = describe_views(images, masks, depth)
        return found


def _samples(folder: Path) -> str:
    make_samples(folder, SampleSettings(per_category=4))
    return str(folder)


if __name__ == "__main__":
    main()
