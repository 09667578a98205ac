"""Pictures: the same value gives the same bytes, nothing is left behind, and no id of a record is drawn."""

from __future__ import annotations

import dataclasses
import re
import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import matplotlib as mpl
import pytest

from earlywarn import plots
from earlywarn.datasets import load_example
from earlywarn.errors import OutputError
from earlywarn.history.chronology import chronology
from earlywarn.history.graph import ContactGraph
from earlywarn.history.view import View
from earlywarn.plots._paper import Paper, width_of, wrapped
from tests.spec.test_words import offending
from tests.unit.plots.looking import crosses, faults, of_kind
from tests.unit.plots.making import graph, made

if TYPE_CHECKING:
    from pathlib import Path

DRAWINGS = {
    "timeline": lambda: plots.timeline(made(60, strands=8, ahead=2, plans=3), absent=("housing", "justice")),
    "contact graph": lambda: plots.contact_graph(graph(60, households=1)),
    "contact graph within": lambda: plots.contact_graph(
        graph(60, agencies=3, viewer="gp"), within=graph(60, agencies=6)
    ),
}


@pytest.mark.parametrize("what", DRAWINGS)
def test_a_picture_is_one_svg_element_with_its_words_and_no_id(what: str) -> None:
    picture = DRAWINGS[what]()
    element = ET.fromstring(picture.svg)  # noqa: S314 (drawn here)
    assert element.get("role") == "img"
    assert element.get("aria-label") == picture.alt == repr(picture)
    assert "\n" not in picture.alt
    assert not re.search(r"child>|<[rpwhx]\d*>|&lt;", picture.svg)
    assert offending(picture.alt) == []


@pytest.mark.parametrize("what", DRAWINGS)
def test_the_same_value_gives_the_same_bytes_whatever_was_drawn_or_set_before(what: str) -> None:
    first = DRAWINGS[what]().svg
    changed = {"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "none", "lines.markersize": 20, "axes.grid": True}
    changed |= {"text.color": "red", "patch.linewidth": 5, "path.simplify": True, "lines.antialiased": False}
    changed |= {"patch.force_edgecolor": True, "hatch.color": "green", "svg.hashsalt": "other", "savefig.dpi": 300}
    changed |= {"lines.dash_capstyle": "round", "lines.scale_dashes": False, "lines.solid_joinstyle": "bevel"}
    changed |= {"savefig.facecolor": "blue", "savefig.bbox": "tight", "savefig.transparent": True}
    with mpl.rc_context(changed):
        for other in DRAWINGS.values():
            other()
        assert DRAWINGS[what]().svg == first


def test_pictures_leave_nothing_behind_and_load_nothing() -> None:
    svg = "".join(draw().svg for draw in DRAWINGS.values())
    assert set(re.findall(r"https?://[^\"]*", svg)) == {"http://www.w3.org/2000/svg"}
    assert "<style" not in svg, "a style sheet inside a picture would reach the page around it"
    assert "<?xml" not in svg
    assert "matplotlib.pyplot" not in sys.modules


def test_ids_of_two_pictures_never_meet() -> None:
    def ids(svg: str) -> set[str]:
        return set(re.findall(r"\sid=\"([^\"]+)\"", svg))

    one, other = plots.timeline(made(20)), plots.timeline(made(21))
    twin = plots.timeline(dataclasses.replace(made(20), child_id="another"))
    assert ids(one.svg)
    assert not ids(one.svg) & ids(other.svg)
    assert not ids(one.svg) & ids(twin.svg), "equal drawings of two children can stand in one page"
    for svg in (one.svg, other.svg):
        assert set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", svg)) <= ids(svg)


def test_a_picture_is_saved_whole_and_never_over_another(tmp_path: Path) -> None:
    picture = plots.timeline(made(5))
    picture.save(tmp_path / "picture.svg")
    assert ET.parse(tmp_path / "picture.svg").getroot().tag.endswith("svg")  # noqa: S314 (drawn here)
    assert picture._repr_svg_() == picture.svg
    with pytest.raises(OutputError):
        picture.save(tmp_path / "picture.svg")


def test_text_is_broken_to_a_width() -> None:
    lines = wrapped("child and adolescent mental health", 80)
    assert " ".join(lines) == "child and adolescent mental health"
    assert all(width_of(line) <= 80 for line in lines)


def test_the_paper_remembers_where_things_are() -> None:
    paper = Paper(100, 50)
    paper.text(10, 20, "word", size=8, ha="right")
    paper.marks([(30, 20), (40, 20)], "o", 4, "dot")
    paper.line([0, 100], [20, 20], "line")
    text, *dots, line = paper.things
    assert text.box[2] == pytest.approx(10)
    assert text.box[2] - text.box[0] == pytest.approx(width_of("word"))
    assert [d.box[0] for d in dots] == pytest.approx([27.7, 37.7])
    assert line.path == ((0, 20), (100, 20))


def test_the_checker_tells_good_from_bad() -> None:
    good, bad = Paper(100, 50), Paper(100, 50)
    for paper, right in ((good, 60), (bad, 20)):
        paper.text(10, 20, "word")
        paper.text(right, 20, "another")
        paper.marks([(50, 40), (52 if paper is bad else 80, 40)], "o", 4, "dot")
    assert [f for f in faults(good) if not f.startswith("outside")] == []
    assert [f.split(":")[0] for f in faults(bad)] == ["two texts meet", "two marks meet"]
    good.line([0, 100], [30, 30])
    good.line([0, 100], [20, 20])
    text = of_kind(good, "text")[0]
    assert [crosses(line, text.box) for line in of_kind(good, "line")] == [False, True]
    assert not crosses(of_kind(good, "line")[0], text.box)


def test_every_child_of_the_example_can_be_drawn() -> None:
    view = View(load_example(), "2026-11-01")
    for child in view.children[::24]:
        assert plots.timeline(chronology(view, child), absent=("justice",)).alt
        assert plots.contact_graph(ContactGraph(view, child)).alt
