"""Progress: items pass through unchanged, whatever is reported."""

from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from core.foundation import Progress, on_terminal, silent
from core.foundation.progress import as_lines
from core.workspace import Catalogue, JobProgress


@pytest.mark.parametrize("progress", [silent, on_terminal, as_lines])
@given(items=st.lists(st.integers()))
def test_progress__passes_every_item_in_order(progress: Progress, items: list[int]) -> None:
    """Nothing is lost, doubled or turned around."""
    assert list(progress(items, len(items), "Items")) == items


def test_job_progress__passes_every_item_in_order(tmp_path: Path) -> None:
    """The one that writes into the catalogue does so too, and notes the end."""
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    job_id = catalogue.queue_job("a run", [])
    assert list(JobProgress(catalogue, job_id)(iter("abc"), 3, "Letters")) == ["a", "b", "c"]
    job = catalogue.job(job_id)
    assert job is not None
    assert [(stage.label, stage.done, stage.total) for stage in job.stages] == [("Letters", 3, 3)]


def test_as_lines__ends_with_a_summary() -> None:
    """A log says how many were done, also if the total is not known."""
    out = io.StringIO()
    list(as_lines("ab", None, "Letters", stream=out))
    assert out.getvalue().startswith("Letters: 2 in ")


def test_as_lines__tells_how_far_it_is() -> None:
    """With no pause between lines every item gets one."""
    out = io.StringIO()
    list(as_lines("ab", 2, "Letters", seconds=0.0, stream=out))
    assert [line.split(",")[0].split(" in ")[0] for line in out.getvalue().splitlines()] == [
        "Letters: 1/2",
        "Letters: 2/2",
        "Letters: 2/2",
    ]


def test_as_lines__tells_views_a_second() -> None:
    """If items stand for views, their rate is reported, by which backbones are compared."""
    out = io.StringIO()
    list(as_lines([SimpleNamespace(n_views=12)] * 2, 2, "Features", seconds=0.0, stream=out))
    assert [re.sub(r"[\d.]+", "N", line) for line in out.getvalue().splitlines()] == [
        "Features: N/N, N/s, N views/s",
        "Features: N/N, N/s, N views/s",
        "Features: N/N in N s, N views/s",
    ]


def test_silent__takes_items_only_as_they_are_wanted() -> None:
    """A stage may stream: nothing is read ahead."""
    taken: list[int] = []

    def source() -> object:
        for number in range(5):
            taken.append(number)
            yield number

    stream = silent(source(), 5, "Items")
    next(stream)
    assert taken == [0]
