"""Preservation: colours of shell, bone and stone that follow the sculpture."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from core.collection.synthetic.shapes.sculpture import ramp
from core.collection.synthetic.shapes.surfaces import Surface, extent_of, noise_field

# For each mode of preservation: hollows, plain surface, crests, stain; red, green, blue from 0 to 255.
PALETTES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "limestone": ((128, 112, 88), (196, 183, 156), (226, 217, 196), (158, 124, 82)),
    "grey limestone": ((88, 87, 84), (150, 148, 142), (190, 188, 181), (122, 112, 96)),
    "calcite shell": ((140, 108, 78), (206, 178, 142), (238, 224, 200), (176, 120, 74)),
    "ironstone": ((74, 46, 32), (138, 88, 58), (178, 124, 82), (96, 42, 28)),
    "pyrite": ((62, 54, 38), (132, 116, 72), (190, 170, 110), (84, 66, 44)),
    "dark shale": ((58, 58, 60), (100, 99, 97), (140, 137, 132), (110, 94, 74)),
    "chalk": ((170, 164, 150), (220, 216, 205), (240, 238, 230), (198, 178, 142)),
    "phosphate": ((84, 70, 58), (128, 110, 90), (178, 160, 134), (92, 68, 50)),
    "enamel": ((124, 98, 72), (156, 128, 96), (214, 198, 166), (112, 82, 58)),
    "fresh shell": ((186, 160, 128), (226, 208, 180), (246, 238, 222), (206, 158, 112)),
}


def colours(surface: Surface, palette: str, rng: np.random.Generator) -> UInt8[np.ndarray, "n 3"]:
    """Return vertex colours: tinted by the sculpture, stained in patches, grainy."""
    hollow, plain, crest, stain = (np.array(tone, dtype=np.float64) for tone in PALETTES[palette])
    extent = extent_of(surface)
    level = np.clip(surface.tint, -1.0, 1.0)[:, None]
    tone = np.where(level < 0, plain + (hollow - plain) * -level, plain + (crest - plain) * level)
    patches = noise_field(rng, 0.35 * extent)(surface.vertices) + 0.4 * noise_field(rng, 0.08 * extent)(
        surface.vertices
    )
    amount = 0.55 * ramp(patches, 0.5, 1.8)[:, None]
    tone = tone + (stain - tone) * amount
    grain = (
        1.0
        + 0.035 * rng.normal(size=(len(tone), 1))
        + 0.05 * noise_field(rng, 0.15 * extent)(surface.vertices)[:, None]
    )
    return np.asarray(np.clip(np.round(tone * grain), 0, 255), dtype=np.uint8)
