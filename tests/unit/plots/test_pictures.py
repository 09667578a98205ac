"""Pictures: the same value gives the same bytes, nothing overlaps, and no id of a record is drawn."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import polars as pl
import pytest

from earlywarn import plots
from earlywarn.datasets import load_example
from earlywarn.errors import OutputError
from earlywarn.history.chronology import Chronology, chronology
from earlywarn.history.graph import ContactGraph
from earlywarn.history.view import View
from earlywarn.plots import _graph, _timeline
from earlywarn.plots._axis import RIGHT, axis_of, ticks_of
from earlywarn.plots._curves import bend
from earlywarn.plots._picture import width_of, wrapped
from earlywarn.records.codes import AGENCIES, ORGANISATIONS

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = dt.date(2026, 11, 1)
MIDNIGHT = dt.datetime(2026, 11, 1)


def made(count: int, *, agencies: tuple[str, ...] = ("social_care", "gp", "school"), every: float = 3.0) -> Chronology:
    """Make a chronology of ``count`` records going back from the as-of day, each third told to the next agency."""
    days = [MIDNIGHT - dt.timedelta(days=1 + every * i) for i in range(count)]
    holders = [agencies[i % len(agencies)] for i in range(count)]
    events = pl.DataFrame(
        {
            "record_id": [f"<r{i}>" for i in range(count)],
            "at": days,
            "agency": holders,
            "held_by": holders,
            "kind": ["contact"] * count,
            "what": ["contact"] * count,
            "concerns": ["neglect" if i % 4 == 0 else None for i in range(count)],
            "outcome": pl.Series([None] * count, dtype=pl.String),
            "ahead": pl.Series([False] * count, dtype=pl.Boolean),
        }
    ).sort("at", "record_id")
    own = [(f"<r{i}>", holders[i], days[i], False) for i in range(count)]
    told = [(f"<r{i}>", agencies[(i + 1) % len(agencies)], days[i], True) for i in range(0, count, 3)]
    known = pl.DataFrame([*own, *told], schema=["record_id", "agency", "known_at", "told"], orient="row")
    plans = pl.DataFrame(
        {"kind": ["child_in_need"], "start_on": [dt.date(2026, 3, 1)], "end_on": [None]},
        schema_overrides={"end_on": pl.Date},
    )
    return Chronology("<child>", AS_OF, events, known, plans, agencies)


def graph(count: int, *, agencies: int = 5, people: int = 3, workers: int = 2) -> ContactGraph:
    """Make a graph with ``count`` contacts, tellings from each agency to the next, and people."""
    made, child = ContactGraph(), ("child", "<child>")
    made.graph.update(child_id="<child>", as_of=AS_OF, viewer="pooled")
    made.add_node(child, kind="child", label="the child")
    codes = ORGANISATIONS[:agencies]
    for code in codes:
        made.add_node(("agency", code), kind="agency", label=AGENCIES[code].label, sector=AGENCIES[code].sector)
    for i in range(count):
        agency = ("agency", codes[i % agencies])
        made.add_edge(agency, child, kind="contact", record_id=str(i), at=MIDNIGHT, what="contact")
        worker = ("worker", f"<w{i % workers}>")
        made.add_node(worker, kind="worker", label="worker")
        made.add_edge(worker, agency, kind="works_for", record_id=str(i), at=MIDNIGHT)
    for teller, told in itertools.pairwise(codes):
        made.add_edge(("agency", teller), ("agency", told), kind="shared", record_id="1", at=MIDNIGHT)
    for i in range(people):
        person = ("person", f"<p{i}>")
        made.add_node(person, kind="person", label="mother")
        ended = i % 2 == 1
        made.add_edge(
            person, child, kind="relation", role="adult_in_household", record_id="1", at=MIDNIGHT, ended=ended
        )
    made.add_node(("place", "<x>"), kind="place", label="place")
    return made


@pytest.mark.parametrize("count", [5, 200])
def test_a_timeline_is_one_svg_element_with_its_text_and_no_id(count: int) -> None:
    picture = plots.timeline(made(count), absent=("housing", "justice"))
    assert ET.fromstring(picture.svg).get("role") == "img"  # noqa: S314 (drawn here)
    assert ET.fromstring(picture.svg).get("aria-label") == picture.alt  # noqa: S314 (drawn here)
    assert f"{count} records" in picture.alt
    assert "No records from: housing, justice" in picture.alt
    assert "\n" not in repr(picture)
    assert "child>" not in picture.svg
    assert "r1" not in picture.alt


@pytest.mark.parametrize("count", [5, 200])
def test_a_contact_graph_is_one_svg_element_with_its_text_and_no_id(count: int) -> None:
    picture = plots.contact_graph(graph(count))
    assert ET.fromstring(picture.svg).get("aria-label") == picture.alt  # noqa: S314 (drawn here)
    assert "Contact graph" in picture.alt
    assert "other adult in the household" in picture.alt
    assert "child>" not in picture.svg
    assert "\n" not in repr(picture)


@pytest.mark.parametrize("draw", [lambda: plots.timeline(made(60)), lambda: plots.contact_graph(graph(60))])
def test_the_same_value_gives_the_same_bytes(draw: object) -> None:
    assert callable(draw)
    assert draw().svg == draw().svg


def test_pictures_leave_nothing_behind_and_load_nothing() -> None:
    svg = plots.timeline(made(20)).svg + plots.contact_graph(graph(20)).svg
    assert set(re.findall(r"https?://[^\"]*", svg)) == {"http://www.w3.org/2000/svg"}
    assert "<style" not in svg, "a style sheet inside a picture would reach the page around it"
    assert "<?xml" not in svg
    assert "matplotlib.pyplot" not in sys.modules


def test_ids_of_two_pictures_never_meet() -> None:
    def ids(svg: str) -> set[str]:
        return set(re.findall(r"\sid=\"([^\"]+)\"", svg))

    one, other = plots.timeline(made(20)), plots.timeline(made(21))
    twin = plots.timeline(Chronology("another", *(getattr(made(20), n) for n in FIELDS)))
    assert ids(one.svg)
    assert not ids(one.svg) & ids(other.svg)
    assert not ids(one.svg) & ids(twin.svg), "equal drawings of two children can stand in one page"
    for svg in (one.svg, other.svg):
        assert set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", svg)) <= ids(svg)


FIELDS = ("as_of", "events", "known", "plans", "agencies")


def test_a_picture_is_saved_whole_and_never_over_another(tmp_path: Path) -> None:
    picture = plots.timeline(made(5))
    picture.save(tmp_path / "picture.svg")
    assert ET.parse(tmp_path / "picture.svg").getroot().tag.endswith("svg")  # noqa: S314 (drawn here)
    assert picture._repr_svg_() == picture.svg
    with pytest.raises(OutputError):
        picture.save(tmp_path / "picture.svg")


@pytest.mark.parametrize(("count", "every"), [(200, 3.0), (300, 0.5), (80, 0.01)])
def test_marks_of_a_lane_never_overlap(count: int, every: float) -> None:
    told = made(count, agencies=("social_care", "gp"), every=every)
    axis = axis_of(told, _timeline.MONTHS)
    for marks in _timeline._marks(told, axis).values():
        boxes = [(axis.x(m.day), m.level, m.count) for m in _timeline._stacked(marks, axis)]
        ends = [(x + 2.6 + (width_of(str(n), 7.0, bold=True) if n > 1 else 0), level) for x, level, n in boxes]
        for (x, level, _), (end, other) in itertools.product(boxes, ends):
            is_left_of_it = end - 2.6 < x
            assert not (is_left_of_it and level == other and x - 2.6 < end - 1e-9)


def test_a_crowded_week_becomes_a_mark_with_a_number_and_loses_none() -> None:
    told = made(80, agencies=("gp",), every=0.01)
    axis = axis_of(told, _timeline.MONTHS)
    marks = _timeline._stacked(_timeline._marks(told, axis)["gp"], axis)
    assert len(marks) < 8
    assert sum(m.count for m in marks) == 80 + 27


def test_what_is_older_than_two_years_is_counted() -> None:
    picture = plots.timeline(made(400))
    assert "Timeline from 1 Nov 2024" in picture.alt
    assert "from 1 Nov 2020" not in plots.timeline(made(400), months=12).alt
    assert "Timeline from 1 Nov 2025" in plots.timeline(made(400), months=12).alt
    drawn = made(400).events.filter(pl.col("at") >= dt.datetime(2024, 11, 1)).height
    assert f"{drawn} records" in picture.alt


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_short_history_is_drawn_too(count: int) -> None:
    assert plots.timeline(made(count)).svg.startswith("<svg")


def test_what_is_planned_lies_past_the_as_of_day() -> None:
    told = made(3)
    later = told.events.with_columns(at=pl.lit(MIDNIGHT + dt.timedelta(days=20)), ahead=pl.lit(value=True))
    axis = axis_of(Chronology("c", AS_OF, later, told.known, told.plans, told.agencies), 24)
    assert axis.end == AS_OF + dt.timedelta(days=27)
    assert axis.x(AS_OF) < RIGHT


def test_ticks_name_the_year_where_it_begins() -> None:
    words = [w for _, w in ticks_of(axis_of(made(400), 24))]
    assert words[:5] == ["Jan 2025", "Apr", "Jul", "Oct", "Jan 2026"]
    assert [w for _, w in ticks_of(axis_of(made(40), 24))][:2] == ["Mar 2026", "Apr"]


@pytest.mark.parametrize("agencies", [1, 2, 7, 15, 30])
def test_labels_of_the_ring_never_meet_and_stay_on_the_paper(agencies: int) -> None:
    left, right = _graph._agencies(graph(60, agencies=agencies))
    for side, spots in ((-1, left), (1, right)):
        tall = max(sum(s.height for s in spots), 130.0)
        placed = _graph._around(spots, 0, tall, side)
        for above, below in itertools.pairwise(placed):
            assert above.y + above.height / 2 <= below.y - below.height / 2 + 1e-6
        for spot in placed:
            width = max(width_of(line) for line in spot.name)
            assert spot.x - 7 - width >= -1 if side < 0 else spot.x + 7 + width <= _graph.WIDTH + 1


def test_the_curve_of_a_telling_keeps_clear_of_the_child_and_inside_the_ring() -> None:
    left, right = _graph._agencies(graph(60, agencies=12))
    spots = [*_graph._around(left, 0, 300, -1), *_graph._around(right, 0, 300, 1)]
    middle = (_graph._MIDDLE, 150.0)
    for a, b in itertools.permutations(spots, 2):
        points = bend((a.x, a.y), (b.x, b.y), middle, 19.0, beside=a.side == b.side)
        assert min(((x - middle[0]) ** 2 + (y - middle[1]) ** 2) ** 0.5 for x, y in points) > 19.0
        assert all(abs(x - middle[0]) <= _graph._RADIUS + 3 for x, _ in points)


@pytest.mark.parametrize(("people", "drawn"), [(0, 1), (8, 9), (9, 9), (40, 9)])
def test_many_people_become_one_sign_that_says_how_many(people: int, drawn: int) -> None:
    feet = _graph._people(graph(5, people=people))
    assert len(feet) == drawn
    grouped = [f.text for f in feet if f.text.startswith("+")]
    assert grouped == ([f"+ {people - 7} more people"] if people > 8 else [])
    assert feet[-1].text == "1 place"


def test_no_picture_names_more_than_fifty() -> None:
    many = graph(200, agencies=len(ORGANISATIONS), people=60, workers=70)
    left, right = _graph._agencies(many)
    assert len(left) + len(right) + len(_graph._people(many)) + 1 <= 50
    assert plots.contact_graph(many).svg.startswith("<svg")


def test_a_person_is_named_by_every_role_and_the_newest_record_says_whether_it_ended() -> None:
    said = [{"role": "unknown", "ended": False}, {"role": "partner", "ended": True}, {"role": "father", "ended": False}]
    assert _graph._person(said)[1] == _graph._Foot("father or partner of a parent", ended=False)


def test_text_is_broken_to_a_width() -> None:
    lines = wrapped("child and adolescent mental health", 80)
    assert " ".join(lines) == "child and adolescent mental health"
    assert all(width_of(line) <= 80 for line in lines)


def test_every_child_of_the_example_can_be_drawn() -> None:
    view = View(load_example(), "2026-11-01")
    for child in view.children[::12]:
        assert plots.timeline(chronology(view, child), absent=("justice",)).alt
        assert plots.contact_graph(ContactGraph(view, child)).alt
