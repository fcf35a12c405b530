"""Repeatable flags as a list in a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from core.cli import main

QUERY, ALSO = "Teeth/s00", ["Teeth/s01", "Teeth/s02"]


def test_config__a_repeated_flag_takes_each_of_a_list(tmp_path: Path, embeddings: list[str]) -> None:
    """The list gives the same neighbours as repeated flags."""
    typed = [part for name in ALSO for part in ("--also", name)]
    assert main(["search", *embeddings, "--query", QUERY, *typed, "--out", str(tmp_path / "typed")]) == 0
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"query": QUERY, "also": ALSO}), encoding="utf-8")
    assert main(["search", *embeddings, "--config", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "given")]) == 0
    (one,), (other,) = (sorted((tmp_path / name).glob("knn_*.csv")) for name in ("typed", "given"))
    assert one.read_bytes() == other.read_bytes()


def test_config__a_single_value_of_a_repeated_flag_is_one(
    tmp_path: Path, embeddings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A comma is part of the value."""
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"query": QUERY, "also": "Teeth/s01,x"}), encoding="utf-8")
    assert main(["search", *embeddings, "--config", str(tmp_path / "c.yaml"), "--out", str(tmp_path)]) == 1
    assert "Teeth/s01,x" in capsys.readouterr().err
