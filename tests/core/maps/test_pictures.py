"""Tests of drawings of a map: colours, regions, scene, page and SVG."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.foundation import InputError
from core.maps import (
    MapPicture,
    as_scene,
    colour_by_groups,
    colour_by_numbers,
    find_regions,
    map_page,
    map_svg,
    write_map_page,
)
from core.maps.colouring import MOST_GROUPS
from core.maps.pictures import write_map_svg


def two_groups(n: int = 60) -> tuple[np.ndarray, list[str]]:
    """Return two groups of points far apart, and their names."""
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + 20]).astype(np.float32)
    return points, ["left"] * n + ["right"] * n


def picture(dimensions: int = 2) -> MapPicture:
    """Return a small map with names that contain markup."""
    ids = ("A/<b>1</b>", "A/</script>2", 'B/"3"&')
    coordinates = np.arange(3 * dimensions, dtype=np.float32).reshape(3, dimensions)
    return MapPicture(ids, coordinates, colour_by_groups("kind", ["<i>", "<i>", "x"]), "T <&>", "made by <me>")


@given(st.lists(st.text(max_size=3), min_size=1, max_size=80))
def test_colour_by_groups__every_specimen_is_counted_once(values: list[str]) -> None:
    """Counts sum to the specimens, and equal values share a code, grey if unnamed."""
    found = colour_by_groups("c", values)
    assert sum(found.counts) == len(values)
    assert all((code == -1) >= (value == "") for code, value in zip(found.codes.tolist(), values, strict=True))
    assert len({(value, code) for value, code in zip(values, found.codes.tolist(), strict=True)}) == len(set(values))


def test_colour_by_groups__numbers_in_the_order_of_numbers() -> None:
    """Cluster 10 comes after cluster 9, and beyond 24 groups the rarest are grey."""
    names = [str(number) for number in range(30) for _ in range(31 - number)]
    found = colour_by_groups("cluster", names)
    assert found.names == tuple(str(number) for number in range(MOST_GROUPS))
    assert found.codes[names.index("29")] == -1


def test_colour_by_numbers__low_to_high() -> None:
    """The lowest number has the first colour, the highest the last, None is grey."""
    found = colour_by_numbers("age", [2.0, None, 4.0, 3.0])
    assert found.codes.tolist() == [0, -1, 254, 127]
    assert found.range == ("2", "4")


def test_colour_by_numbers__a_constant_column() -> None:
    """All the same number is one colour, not an error."""
    assert len(set(colour_by_numbers("age", [7.0, 7.0]).codes.tolist())) == 1


def test_find_regions__two_groups() -> None:
    """Each group is named after its specimens and has a close contour."""
    points, names = two_groups()
    found = find_regions(points, names)
    assert {label.text for label in found.labels} == {"left", "right"}
    half = [contour.line for contour in found.contours if contour.share == 0.5]
    assert all(line.max() < 4 or line.min() > 16 for line in half)


def test_find_regions__noise_names_none() -> None:
    """A region of noise has no name."""
    points, _ = two_groups()
    assert find_regions(points, ["noise"] * len(points), ("noise",)).labels == ()


def test_find_regions__too_few_points() -> None:
    """Few or identical points have no regions."""
    assert find_regions(np.zeros((50, 2)), ["a"] * 50) == find_regions(np.eye(2), ["a", "b"])


def test_find_regions__refuses_three_dimensions() -> None:
    """The advice is to choose two dimensions."""
    with pytest.raises(InputError, match="two dimensions"):
        find_regions(np.zeros((3, 3)), ["a"] * 3)


def test_map_picture__refuses_what_does_not_belong_together() -> None:
    """Two ids, three places."""
    with pytest.raises(InputError, match="same specimens"):
        MapPicture(("a", "b"), np.zeros((3, 2), np.float32), colour_by_groups("c", ["x"] * 3))


def test_as_scene__coordinates_come_back() -> None:
    """The browser unpacks the same coordinates, and only the look has the colours."""
    one = picture()
    scene = as_scene(one)
    raw = base64.b64decode(str(scene["coordinates"]))
    assert np.array_equal(np.frombuffer(raw, "<f4").reshape(3, 2), one.coordinates)
    other = as_scene(MapPicture(one.ids, one.coordinates, colour_by_groups("kind", ["a", "b", "c"])))
    assert other["key"] == scene["key"]
    assert other["look"] != scene["look"]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_map_page__needs_nothing_from_elsewhere(tmp_path: Path, dimensions: int) -> None:
    """One file without addresses, and no name breaks out of the script."""
    write_map_page(tmp_path / "map.html", picture(dimensions), {"A/<b>1</b>": "data:image/png;base64,AA"})
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+", page) == []
    assert page.count("</script>") == 2
    scene = json.loads(page.split('type="application/json">')[1].split("</script>")[0])
    assert scene["ids"].split("\n") == list(picture(dimensions).ids)
    assert "T &lt;&amp;&gt;" in page


def test_map_page__keeps_a_limit_of_pictures() -> None:
    """A page stays small enough to open."""
    page = map_page(picture(), {f"id{number}": "data:," for number in range(4000)})
    assert '"id2999"' in page
    assert '"id3000"' not in page


def test_map_svg__is_well_formed(tmp_path: Path) -> None:
    """An XML parser reads it, and every specimen has a mark."""
    write_map_svg(tmp_path / "map.svg", picture())
    root = ElementTree.parse(tmp_path / "map.svg").getroot()
    paths = [node.get("d", "") for node in root.iter("{http://www.w3.org/2000/svg}path") if node.get("fill-opacity")]
    assert sum(path.count("M") for path in paths) == 3
    assert "made by <me>" in "".join(root.itertext())


@pytest.mark.parametrize("note", ["化石の三次元形状、" * 40, "by tooth_" + "x" * 300 + " and more" * 30])
def test_map_svg__breaks_a_note_within_the_page(note: str) -> None:
    """The whole note is there, and no line is wider than the drawing."""
    root = ElementTree.fromstring(map_svg(replace(picture(), note=note)))
    lines = [node for node in root.iter("{http://www.w3.org/2000/svg}text") if node.get("font-size") == "9"]
    texts = [node.text or "" for node in sorted(lines, key=lambda node: float(node.get("y", "0")))]
    assert "".join("".join(texts).split()) == "".join(note.split())
    width = float(root.get("width", "0"))
    assert all(sum(9.0 if letter > "\u2fff" else 4.8 for letter in text) <= width for text in texts)


def test_map_svg__refuses_three_dimensions() -> None:
    """The advice is to choose two dimensions."""
    with pytest.raises(InputError, match="Choose two dimensions"):
        map_svg(picture(3))
