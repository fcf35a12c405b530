"""The header of a scene for the 3D viewer: titles, choices, legend, words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.scenes import CURVATURES, LIGHTS, MOST_FACES, PREVIEW_FACES, Legend, Scene
from ui.words import say

_SECTION_COLOUR = (0.78, 0.50, 0.36)
_WORDS = (
    "viewer show views toggles tools link perspective section reset snapshot fullscreen axis axis-x axis-y axis-z "
    "axis-view offset flip outline area open front back left right top bottom"
)


def choice_of(scene_mode: str, against: int) -> str:
    """Return the name of a scene in the list of choices."""
    return f"{scene_mode}:{against}" if scene_mode == "distance" else scene_mode


def header_of(
    scene: Scene,
    *,
    titles: Sequence[str],
    paths: Sequence[Path],
    faces: Sequence[int | None],
    detail: str,
    against: int,
    height: int,
    unit: str,
) -> dict[str, Any]:
    """Return what the page needs to know.

    Parameters
    ----------
    scene
        The scene that is shown.
    titles, paths, faces
        Name, file and number of faces (None if unknown) of each specimen.
    detail
        `preview` or `full`.
    against
        Place of the neighbour that distances are measured to.
    height
        Least height of the canvas in pixels.
    unit
        What lengths in the files mean.
    """
    query = say("viewer-query") if len(titles) > 1 else say("viewer-specimen")
    return {
        "fingerprint": scene.fingerprint,
        "subject": str(paths[0]),
        "subjects": subjects_of(paths),
        "label": say("viewer-label", names=", ".join(titles)),
        "titles": list(titles),
        "badges": [query, *(str(rank) for rank in range(1, len(titles)))],
        "radii": scene.radii,
        "clouds": scene.clouds,
        "spacings": scene.spacings,
        "textured": scene.textured,
        "lights": [light.position for light in LIGHTS],
        "choice": choice_of(scene.mode if scene.mode in scene.modes else "clay", against),
        "choices": _choices(scene, titles),
        "legend": None if scene.legend is None else _legend(scene, scene.legend, titles[against:][:1], unit),
        "notes": _notes(scene, faces, detail),
        "fullResolution": _full_resolution(scene, paths, faces) if detail == "preview" else "",
        "reach": 1.0,
        "sectionColour": _SECTION_COLOUR,
        "height": height,
        "unit": unit,
        "words": {name: say(f"viewer-{name}") for name in _WORDS.split()}
        | {"scale-middle": say("viewer-scale-middle", length="LENGTH")},
    }


def subjects_of(paths: Sequence[Path]) -> str:
    """Return a string that identifies a set of specimens."""
    return "\n".join(map(str, paths))


def _choices(scene: Scene, titles: Sequence[str]) -> list[tuple[str, str]]:
    choices = [(mode, say(f"viewer-{mode}")) for mode in scene.modes if mode != "distance"]
    if "distance" in scene.modes:
        choices += [
            (choice_of("distance", rank), say("viewer-distance", rank=rank, name=titles[rank]))
            for rank in range(1, len(titles))
        ]
    if not all(scene.clouds):
        choices.append(("wireframe", say("viewer-wireframe")))
        choices.append(("points", say("viewer-points")))
    return choices


def _legend(scene: Scene, legend: Legend, neighbour: Sequence[str], unit: str) -> dict[str, Any]:
    if scene.mode in CURVATURES:
        of = say("viewer-per-square", unit=unit) if scene.mode == "gaussian-curvature" else say("viewer-per", unit=unit)
        title = say("viewer-legend-curvature", name=say(f"viewer-{scene.mode}"), unit=of)
        lines = [say(f"viewer-legend-{scene.mode}"), say("viewer-legend-percentile")]
        lines += [say("viewer-legend-relative")] if len(scene.counts) > 1 else []
    else:
        title = say("viewer-legend-distance", name="".join(neighbour), unit=unit)
        lines = [
            say("viewer-rms", value=_number(legend.rms), unit=unit),
            say("viewer-hausdorff", value=_number(legend.hausdorff), unit=unit),
            say("viewer-overlap", share=f"{legend.overlap or 0:.0%}"),
        ]
        lines += [say("viewer-scaled", factor=_number(legend.scale))] if legend.scale else []
        lines += [say("viewer-mirrored")] if legend.is_mirrored else []
    return {
        "title": title,
        "low": f"−{_number(legend.limit)}",
        "high": f"+{_number(legend.limit)}",
        "stops": legend.stops,
        "lines": lines,
        "warning": say("viewer-not-laid-on") if legend.has_failed else "",
    }


def _notes(scene: Scene, faces: Sequence[int | None], detail: str) -> list[str]:
    """Return how many of all faces or points are drawn."""
    count = sum(scene.counts)
    whole = sum(known or 0 for known in faces)
    if detail == "full":
        return [say("viewer-all", count=count)] if count >= whole else [say("viewer-most", count=count, whole=whole)]
    if whole > count and None not in faces:
        return [say("viewer-preview", count=count, whole=whole)]
    return []


def _full_resolution(scene: Scene, paths: Sequence[Path], faces: Sequence[int | None]) -> str:
    """Return the label of the button for full resolution, empty if all is drawn."""
    if all(cloud or count < 0.9 * PREVIEW_FACES for cloud, count in zip(scene.clouds, scene.counts, strict=True)):
        return ""
    megabytes = sum(path.stat().st_size for path in paths if path.is_file()) / 1e6
    if None in faces:
        return say("viewer-full-file", megabytes=f"{megabytes:.1f}")
    count = sum(min(known or 0, MOST_FACES) for known in faces)
    return say("viewer-full", count=count, megabytes=f"{megabytes:.1f}")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
