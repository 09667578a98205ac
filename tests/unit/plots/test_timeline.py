"""The knowledge timeline: every event once in each lane that can say, nothing overlaps, nothing is empty."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections import Counter
from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn import plots
from earlywarn.datasets import load_example
from earlywarn.history.chronology import Chronology, chronology
from earlywarn.history.view import View
from earlywarn.plots import _bands, _lanes, _signs, _strands, _timeline
from earlywarn.plots._axis import LEFT, RIGHT, axis_of, ticks_of
from earlywarn.plots._paper import width_of
from earlywarn.records.codes import AGENCIES, ORGANISATIONS, Agency
from tests.unit.plots.looking import drawn, faults, of_kind
from tests.unit.plots.making import AS_OF, DAY, KNOWN, MIDNIGHT, made, planned


def paper_of(told: Chronology, *, absent: tuple[str, ...] = (), months: int = 24):
    return _timeline.draw(_timeline.layout_of(told, axis_of(told, months), absent))


def on_one_day(count: int) -> Chronology:
    told = made(count)
    moment = MIDNIGHT - DAY * 9
    return dataclasses.replace(told, events=told.events.with_columns(at=pl.lit(moment)))


def silent() -> Chronology:
    """Make a chronology of records that all lie ahead."""
    return made(0, ahead=5)


ODD = {
    "one event": lambda: made(1),
    "no event": lambda: made(0),
    "only planned": silent,
    "many planned": lambda: made(500, ahead=7, every=1),
    "25 agencies": lambda: made(200, agencies=ORGANISATIONS[:25], strands=60),
    "12 agencies": lambda: made(200, agencies=ORGANISATIONS[:12], strands=40, plans=6),
    "all on one day": lambda: on_one_day(200),
    "the longest names": lambda: made(30, agencies=("camhs", "probation_courts", "substance_misuse"), strands=9),
    "one agency": lambda: made(60, agencies=("gp",), viewer="gp"),
    "a set": lambda: made(60, viewer="gp+school", strands=6),
    "a sector": lambda: made(60, viewer="sector:health", strands=6),
    "an hour apart": lambda: made(300, every=0.04),
    "a thousand": lambda: made(1000, every=0.7, strands=80, plans=14),
}


@pytest.mark.parametrize(("what", "months"), [*((w, 24) for w in ODD), ("a thousand", 1), ("only planned", 1)])
def test_nothing_meets_and_nothing_is_cut(what: str, months: int) -> None:
    assert faults(paper_of(ODD[what](), absent=("housing", "justice"), months=months)) == []


@settings(max_examples=15)
@given(
    count=st.integers(0, 250),
    every=st.sampled_from([0.01, 0.3, 1.0, 2.5, 9.0, 40.0]),
    agencies=st.lists(st.sampled_from(ORGANISATIONS), min_size=1, max_size=9, unique=True),
    ahead=st.integers(0, 9),
    strands=st.integers(0, 30),
    plans=st.integers(0, 9),
)
def test_nothing_meets_whatever_is_drawn(count, every, agencies, ahead, strands, plans) -> None:
    shape = {"every": every, "agencies": tuple(agencies), "ahead": ahead, "strands": strands * (count > 0)}
    assert faults(paper_of(made(count, **shape, plans=plans))) == []


@pytest.mark.parametrize("number", [5, 60, 200, 260])
@pytest.mark.parametrize("viewer", ["pooled", "social_care", "police+hospital"])
def test_children_of_the_example_are_drawn_without_a_fault(number: int, viewer: str) -> None:
    paper = paper_of(of_about(number, viewer), absent=("justice",))
    assert faults(paper) == []
    assert paper.height <= _timeline.MOST_HEIGHT


@cache
def of_about(number: int, viewer: str = "pooled") -> Chronology:
    """Return the chronology of the child of the example of whom a viewer knows about so many records."""
    view = View(load_example(), AS_OF, viewer)
    counts = view.frames["contacts"].group_by("child_id").len()
    return chronology(view, counts.sort((pl.col("len").cast(pl.Int64) - number).abs(), "child_id")["child_id"][0])


def test_two_hundred_contacts_of_twelve_agencies_stay_on_half_a_page() -> None:
    crowded = made(200, agencies=ORGANISATIONS[:12], strands=40, plans=6)
    assert paper_of(crowded, absent=("housing",)).height <= 520


def expected(told: Chronology, agency: str, months: int = 24) -> Counter[str]:
    """Say what one lane must show, from the frames and in plain loops."""
    axis = axis_of(told, months)
    knew = {r["record_id"]: r for r in told.known.filter(pl.col("agency") == agency).iter_rows(named=True)}
    counts: Counter[str] = Counter()
    for event in told.events.iter_rows(named=True):
        row = knew.get(event["record_id"])
        day = row["known_at"] if row and row["told"] else event["at"]
        if not axis.shows(day):
            continue
        if row is None:
            counts["hollow"] += agency in told.agencies and not event["ahead"]
        elif row["told"]:
            counts["told"] += 1
        else:
            counts["planned" if event["ahead"] else "own"] += 1
    return +counts


def shown(paper, agency: str) -> Counter[str]:
    """Count the marks of a lane, those that raise a concern among the others."""
    plain = {"concern": "own", "hollow concern": "hollow"}
    counts: Counter[str] = Counter()
    for shape, number in drawn(paper, agency).items():
        counts[plain.get(shape, shape)] += number
    return counts


@pytest.mark.parametrize("what", ["one event", "only planned", "many planned", "12 agencies", "all on one day"])
def test_every_event_is_one_mark_in_each_lane(what: str) -> None:
    told = ODD[what]()
    paper = paper_of(told)
    assert told.organisations
    for agency in told.organisations:
        assert shown(paper, agency) == expected(told, agency), agency


@pytest.mark.parametrize("number", [5, 60, 200, 260])
def test_every_event_of_the_example_is_one_mark_in_each_lane(number: int) -> None:
    told = of_about(number)
    paper = paper_of(told)
    for agency in told.organisations:
        assert shown(paper, agency) == expected(told, agency), agency
    assert sum(shown(paper, a)["own"] for a in told.organisations) > 0


def test_a_concern_keeps_its_shape_where_known_and_where_not() -> None:
    told = made(8, agencies=("gp", "school"), every=40)
    lane = drawn(paper_of(told), "gp") + drawn(paper_of(told), "school")
    assert lane == {"concern": 2, "own": 6, "told": 2, "hollow": 5, "hollow concern": 1}
    once = made(2, agencies=("gp", "school"), every=40)
    untold = dataclasses.replace(once, known=once.known.filter(~pl.col("told")))
    assert drawn(paper_of(untold), "school") == {"own": 1, "hollow concern": 1}


def test_no_hollow_mark_where_the_view_cannot_say() -> None:
    gp = made(9, viewer="gp")
    foreign = gp.events.with_columns(agency=pl.lit("police"), held_by=pl.lit("police"))
    of_the_police = dataclasses.replace(gp, events=foreign, known=gp.known.head(0).vstack(known_by("police", gp)))
    paper = paper_of(dataclasses.replace(of_the_police, agencies=("social_care", "police")))
    assert not drawn(paper, "social_care")
    assert drawn(paper, "police").total() == 9


def known_by(agency: str, told: Chronology) -> pl.DataFrame:
    rows = [(i, agency, at, False) for i, at in told.events.select("record_id", "known_at").iter_rows()]
    return pl.DataFrame(rows, schema=KNOWN, orient="row")


def test_a_telling_has_a_line_from_the_lane_that_holds_the_record() -> None:
    told = made(1, agencies=("gp", "school"))
    paper = paper_of(told)
    lanes = [t for t in of_kind(paper, "line") if t.what == "lane"]
    line = next(t for t in of_kind(paper, "line") if t.what == "telling")
    mark = next(t for t in of_kind(paper, "mark") if t.what == "told" and t.part == "school")
    assert line.path[0][1] == pytest.approx(next(t for t in lanes if t.part == "gp").path[0][1])
    assert mark.box[1] < line.path[1][1] < mark.box[3]
    assert mark.box[0] < line.path[1][0] < mark.box[2]


def test_acts_that_told_nothing_draw_nothing() -> None:
    told = made(6)
    acts = [("<r1>", "gp", "police", MIDNIGHT - DAY, "withheld", "full", False)]
    withheld = dataclasses.replace(told, acts=pl.DataFrame(acts, schema=told.acts.schema, orient="row"))
    assert plots.timeline(withheld).svg == plots.timeline(told).svg


def test_concerns_are_bars_under_the_lane_that_raised_them() -> None:
    told = made(12, strands=4, every=20)
    axis, paper = axis_of(told, 24), paper_of(told)
    bars = [t for t in of_kind(paper, "line") if t.what == "strand" and t.part != "legend"]
    assert sorted(b.part for b in bars) == ["gp", "school", "social_care"], "the fourth is context"
    open_one, over = (next(b for b in bars if b.part == a) for a in ("social_care", "gp"))
    assert open_one.path[-1][0] == pytest.approx(axis.x(AS_OF))
    assert over.path[0][0] == pytest.approx(axis.x(MIDNIGHT - DAY * 37))
    assert over.path[-1][0] == pytest.approx(axis.x(MIDNIGHT - DAY * 17))
    lane = next(t for t in of_kind(paper, "line") if t.what == "lane" and t.part == "gp")
    assert over.path[0][1] > lane.path[0][1]


def test_a_concluded_concern_ends_on_its_day_and_many_are_joined_in_the_last_row() -> None:
    axis = axis_of(made(100), 24)
    bars = [_strands.Bar(axis.left, axis.right, "open") for _ in range(5)]
    packed = _strands._packed(bars, 2)
    assert [(b.row, b.state, b.count) for b in packed] == [(0, "open", 1), (1, "joined", 4)]
    apart = [_strands.Bar(200, 210, "concluded"), _strands.Bar(220, 230, "open")]
    assert [b.row for b in _strands._packed(apart, 2)] == [0, 0]


def test_a_concern_raised_by_no_lane_stands_with_who_holds_the_record() -> None:
    told = made(3, strands=1)
    from_the_public = dataclasses.replace(told, concerns=told.concerns.with_columns(agency=pl.lit("public")))
    bars = _strands.bars_of(from_the_public, axis_of(told, 24), list(told.organisations), 3)
    assert {agency: len(own) for agency, own in bars.items()} == {"social_care": 1, "gp": 0, "school": 0}


def test_plans_stand_in_rows_and_those_without_a_row_are_counted() -> None:
    told = made(20)
    axis = axis_of(told, 24)
    many = pl.concat([planned(1)] * 7)
    assert len(_bands.bands_of(many, axis)) == _bands.MOST_ROWS
    assert "3 more plans" in plots.timeline(dataclasses.replace(told, plans=many)).alt
    assert {b.row for b in _bands.bands_of(planned(1), axis)} == {0}


def test_marks_that_would_touch_become_one_and_none_is_lost() -> None:
    axis = axis_of(made(300, every=2), 24)
    marks = [_lanes.Mark("hollow", axis.left + i * 1.3) for i in range(200)]
    joined = _lanes.together(marks, axis)
    assert sum(m.count for m in joined) == 200
    assert len(joined) < 60
    assert not any(a.touches(b) for a, b in itertools.pairwise(joined))
    apart = [_lanes.Mark("hollow", axis.left + 20 * i) for i in range(1, 20)]
    assert _lanes.together(apart, axis) == apart


def test_one_that_raises_a_concern_gives_the_whole_number_its_shape() -> None:
    axis = axis_of(made(300), 24)
    near = [_lanes.Mark("hollow", 300), _lanes.Mark("hollow concern", 301), _lanes.Mark("hollow", 302)]
    assert [(m.shape, m.count) for m in _lanes.together(near, axis)] == [("hollow concern", 3)]


def test_what_is_older_than_the_window_is_counted() -> None:
    picture = plots.timeline(made(400))
    assert "Timeline from 1 Nov 2024" in picture.alt
    assert "Timeline from 1 Nov 2025" in plots.timeline(made(400), months=12).alt
    inside = made(400).events.filter(pl.col("at") >= dt.datetime(2024, 11, 1)).height
    assert f": {inside} records" in picture.alt
    assert f"Not drawn: {400 - inside} older records" in picture.alt


def test_the_words_say_what_each_lane_shows() -> None:
    told = made(60)
    alt = plots.timeline(told, absent=("housing", "justice")).alt
    for agency in told.organisations:
        lane = expected(told, agency)
        assert (
            f"{AGENCIES[agency].label}, {lane['own']} in its own records, {lane['told']} told, "
            f"{lane['hollow']} that had happened and are not in its records"
        ) in alt
    assert "No records from: housing, justice" in alt


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_short_history_is_drawn_too(count: int) -> None:
    assert plots.timeline(made(count)).svg.startswith("<svg")


def test_what_is_planned_lies_past_the_as_of_day_and_is_hollow_nowhere() -> None:
    told = made(3, ahead=2)
    axis, paper = axis_of(told, 24), paper_of(told)
    assert axis.end == AS_OF + DAY * 18
    assert axis.x(AS_OF) < RIGHT
    planned_marks = [t for t in of_kind(paper, "mark") if t.what == "planned" and t.part != "legend"]
    assert len(planned_marks) == 2
    assert all(t.box[0] > axis.x(AS_OF) for t in planned_marks)
    assert all(t.box[2] < axis.x(AS_OF) for t in of_kind(paper, "mark") if t.what == "own" and t.part != "legend")


def test_a_legend_names_only_what_is_shown() -> None:
    quiet = made(1, agencies=("gp",), plans=0)
    words = [t.what for t in of_kind(paper_of(quiet), "text") if t.part == "legend"]
    assert words == ["in its own records, raising a concern"]
    crowded = {t.what for t in of_kind(paper_of(made(200, strands=9)), "text") if t.part == "legend"}
    assert {"as many close together", "a concern with no recorded conclusion"} < crowded


def test_ticks_name_the_year_where_it_begins() -> None:
    words = [w for _, w in ticks_of(axis_of(made(400), 24))]
    assert words[:5] == ["Jan 2025", "Apr", "Jul", "Oct", "Jan 2026"]
    assert [w for _, w in ticks_of(axis_of(made(40), 24))][:2] == ["Mar 2026", "Apr"]


def test_a_name_longer_than_any_in_the_code_list_is_broken(monkeypatch) -> None:
    words = "the county wide multi disciplinary intensive family and community support service of the north"
    longer = dict(AGENCIES) | {"gp": Agency(words, "health")}
    monkeypatch.setattr(_lanes, "AGENCIES", longer)
    paper = paper_of(made(9, agencies=("gp", "school")))
    assert faults(paper) == []
    assert max(width_of(t.what) for t in of_kind(paper, "text") if t.part == "gp" and t.bare) < LEFT


def test_the_checker_sees_marks_that_meet(monkeypatch) -> None:
    monkeypatch.setattr(_lanes.Mark, "touches", lambda self, other: False)
    assert any(f.startswith("two marks meet") for f in faults(paper_of(made(200))))


def test_the_checker_sees_lanes_that_meet(monkeypatch) -> None:
    monkeypatch.setattr(_lanes.Lane, "below", property(lambda self: -4.0))
    assert any(f.startswith("two texts meet") for f in faults(paper_of(made(30))))


def test_the_checker_sees_a_number_that_does_not_fit_its_mark(monkeypatch) -> None:
    monkeypatch.setattr(_signs, "_number_width", lambda count: 1.0)
    assert any(f.startswith("a text on a mark") for f in faults(paper_of(made(200, every=0.2))))


def test_the_checker_sees_what_is_cut(monkeypatch) -> None:
    monkeypatch.setattr(_timeline, "WIDTH", 500.0)
    assert any(f.startswith("outside the picture") for f in faults(paper_of(made(30))))
