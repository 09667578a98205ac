"""Pictures in a real browser: ink where the paper says that something is, none where it says nothing, legible in grey.

Needs Chromium, which continuous integration installs; where there is none these tests skip and say so.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from earlywarn.plots import _graph, _ring, _timeline
from earlywarn.plots._axis import axis_of
from earlywarn.plots._paper import house_style
from tests.unit.plots.making import graph, made

if TYPE_CHECKING:
    from earlywarn.plots._paper import Paper, Thing

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
SCALE = 4
"""Dots a point."""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: install Debian's chromium to run these")


def a_timeline() -> Paper:
    told = made(120, strands=9, ahead=2, plans=3, every=4)
    return _timeline.draw(_timeline.layout_of(told, axis_of(told, 24), ("housing", "justice")))


def a_graph_within_another() -> Paper:
    own, whole = graph(60, agencies=3, people=2, viewer="gp"), graph(60, agencies=9, people=7, households=1)
    parts = _graph._placed(own, whole), _ring.tells_of(own), _ring.feet_of(own, whole)
    return _graph.draw(*parts, _ring.not_there(own))


@dataclass(frozen=True)
class Seen:
    """A picture as the paper has it, and as the browser shows it without colour: 0 is black, 255 is white."""

    paper: Paper
    grey: np.ndarray

    def of(self, thing: Thing, *, around: float = 0.0) -> np.ndarray:
        return self.grey[self._part(thing, around)]

    def without(self, things: list[Thing]) -> np.ndarray:
        rest = self.grey.copy()
        for thing in things:
            rest[self._part(thing, 2.5)] = 255
        return rest

    def _part(self, thing: Thing, around: float) -> tuple[slice, slice]:
        left, top, right, bottom = (round(v * SCALE) for v in thing.box)
        more = round(around * SCALE)
        return slice(max(top - more, 0), bottom + more), slice(max(left - more, 0), right + more)


@pytest.fixture(scope="module", params=[a_timeline, a_graph_within_another], ids=["timeline", "contact graph"])
def seen(request, tmp_path_factory) -> Seen:
    with house_style():
        paper = request.param()
        svg = paper.finish("a picture", "a picture").svg
    folder = tmp_path_factory.mktemp("picture")
    width, height = (int(side * SCALE) for side in (paper.width, paper.height))
    style = f"body{{margin:0;background:white;filter:grayscale(1)}}svg{{display:block;width:{width}px;height:auto}}"
    (folder / "page.html").write_text(f"<!doctype html><style>{style}</style>{svg}", encoding="utf-8")
    shot = folder / "shot.png"
    words = [str(BROWSER), *QUIET, f"--user-data-dir={folder / 'profile'}", f"--screenshot={shot}"]
    words += [f"--window-size={width},{height}", (folder / "page.html").as_uri()]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return Seen(paper, np.asarray(Image.open(shot).convert("L")))


def test_everything_the_paper_remembers_is_there_and_dark_enough_without_colour(seen):
    shapes = [t for t in seen.paper.things if t.kind in {"text", "mark"}]
    assert len(shapes) > 40
    assert [t.what for t in shapes if seen.of(t).min() > 190] == []
    words = [t for t in shapes if t.kind == "text"]
    assert [t.what for t in words if int(seen.of(t).max()) - int(seen.of(t).min()) < 90] == []


def test_nothing_is_where_the_paper_remembers_nothing(seen):
    assert (seen.without(seen.paper.things) > 250).all()


def test_the_check_sees_what_is_not_remembered(seen):
    texts = [t for t in seen.paper.things if t.kind == "text"]
    assert (seen.without(texts) < 200).any()
