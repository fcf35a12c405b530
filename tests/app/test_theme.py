"""Colours of groups and of the theme."""

from __future__ import annotations

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.maps import NOISE_COLOUR, OKABE_ITO, colours_of, palette, symbols
from core.maps.palettes import _as_seen, _rgb_of

CONFIG = tomllib.loads((Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    rgb = _rgb_of(colour)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2, from 1 to 21."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@given(st.integers(0, 120), st.integers(0, 120))
def test_palette__begins_with_every_smaller_one(n: int, m: int) -> None:
    """A category keeps its colour if others are added, and no two share one."""
    few, many = sorted([n, m])
    assert palette(many)[:few] == palette(few)
    assert len(set(palette(many))) == many


def test_palette__any_number() -> None:
    """Thousands of categories get colours, some of them twice."""
    assert len(palette(5000)) == 5000


def test_palette__apart_for_every_observer() -> None:
    """The first ten are well apart in Oklab, also without red or green cones."""
    seen = [_as_seen(_rgb_of(colour)[None])[:, 0] for colour in palette(10)]
    closest = min(np.linalg.norm(one - other, axis=1).min() for one, other in combinations(seen, 2))
    assert closest > 0.05


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_palette__stands_out_from_the_ground(ground: str) -> None:
    """Every category is visible on both grounds."""
    background = CONFIG["theme"][ground]["backgroundColor"]
    assert min(contrast(colour, background) for colour in (*palette(60), NOISE_COLOUR)) > 2.1


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_theme__text_has_contrast(ground: str) -> None:
    """Text, links, and white on the accent reach 4.5 to 1 (WCAG 2, AA)."""
    theme = CONFIG["theme"][ground]
    for background in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["textColor"], background) >= 7.0
        assert contrast(theme["linkColor"], background) >= 4.5
    assert contrast("#ffffff", theme["primaryColor"]) >= 4.5


def test_theme__no_fonts_from_elsewhere() -> None:
    """The configuration names no address but localhost, and statistics are off."""
    assert "http" not in str(CONFIG)
    assert CONFIG["browser"]["gatherUsageStats"] is False


def test_colours_of__noise_is_grey_and_takes_no_colour() -> None:
    """Noise gets the grey, the others get the palette in their order."""
    assert colours_of(["b", "-1", "a", "b"]) == {"b": OKABE_ITO[0], "a": OKABE_ITO[1], "-1": NOISE_COLOUR}


def test_symbols__change_when_colours_run_out() -> None:
    """Circles as long as the first six colours last, then squares."""
    assert symbols(7) == ("circle",) * 6 + ("square",)
