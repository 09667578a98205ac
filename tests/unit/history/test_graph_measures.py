"""Measures of one child's graph: each by hand on a few records, and once more from the tables."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from earlywarn.errors import ArgumentError
from earlywarn.history.graph import ContactGraph
from earlywarn.history.view import View
from earlywarn.records.codes import ORGANISATIONS
from earlywarn.records.reading import records_from_frames
from tests.strategies import AS_OF, tables, to_frames
from tests.unit.history.test_graph_parts import DAY, everything, graph_of
from tests.unit.history.test_view import record, told


@pytest.fixture(scope="module")
def graph():
    return ContactGraph(View(everything(), DAY), "c1")


def spread(*days: int, **by) -> list[dict]:
    """One record so many days before the as-of day, for each."""
    midnight = dt.datetime(2026, 4, 1)
    name = f"{by.get('worker_id')}, {by['agency']}"
    return [record(f"{name} {d}", occurred_at=midnight - dt.timedelta(days=d), **by) for d in days]


def test_ties_are_those_of_the_window_before_the_day():
    made = graph_of(
        *spread(365, agency="gp", worker_id="on the edge"),
        *spread(366, agency="police", worker_id="too old"),
        *spread(1, agency="school"),
        *spread(1, agency="family", held_by="housing"),
    )
    assert made.ties(DAY).agencies == ("gp", "school"), "held_by raised nothing, and a relative is no organisation"
    assert made.ties(DAY).workers == ("on the edge",)
    assert made.ties(DAY, window=366).workers == ("on the edge", "too old")
    assert made.ties("2025-04-01", window=1).agencies == ("police",)
    assert made.ties("2025-03-31").agencies == ()


def test_a_contact_on_the_day_itself_is_not_among_the_days_before():
    made = graph_of(record("r", "gp", planned=True, occurred_at=dt.datetime(2026, 4, 1)))
    assert made.ties(DAY).agencies == ()


def test_what_was_gained_and_lost_between_two_days():
    made = graph_of(
        *spread(1, 400, agency="gp", worker_id="stayed"),
        *spread(10, agency="school", worker_id="came"),
        *spread(500, agency="police", worker_id="left"),
    )
    moved = made.changed("2025-04-01", DAY)
    assert (moved.gained.agencies, moved.gained.workers) == (("school",), ("came",))
    assert (moved.lost.agencies, moved.lost.workers) == (("police",), ("left",))
    back = made.changed(DAY, "2025-04-01")
    assert (back.gained, back.lost) == (moved.lost, moved.gained)


@pytest.mark.parametrize(("day", "window"), [("2026-04-02", 365), (DAY, 0), ("yesterday", 365)])
def test_days_the_graph_cannot_speak_of_are_refused(graph, day, window):
    with pytest.raises(ArgumentError):
        graph.ties(day, window)


def test_measures_of_everything_by_hand(graph):
    """Police tells social care by raising with it, and the school by an act; nobody else is told anything."""
    assert graph.measures() == {
        **dict(records=4, agencies=2, agencies_told=1, organisations=1, teams=2, workers=2),
        **dict(people=2, adults=1, households=1, places=1),
        **dict(tells=2, silos=1, centralisation=1.0, reciprocity=0.0, bridged_pairs=1),
        **dict(agencies_gained_365d=1, agencies_lost_365d=0, workers_gained_365d=1, workers_lost_365d=0),
    }


def test_measures_that_have_no_meaning_are_none():
    made = graph_of(record("r", "gp")).measures()
    assert (made["centralisation"], made["reciprocity"]) == (None, None)
    assert (made["silos"], made["tells"], made["agencies"]) == (1, 0, 1)


def test_a_record_that_no_organisation_raised_is_held_by_one():
    made = graph_of(record("r", "family", held_by="social_care")).measures()
    assert (made["records"], made["agencies"], made["tells"], made["agencies_gained_365d"]) == (1, 1, 0, 0)


def test_what_confers_nothing_counts_in_no_measure():
    own = record("r", "gp"), record("s", "police")
    acts = [told("r", "school", 1, "withheld"), told("r", "police", 1, "asked"), told("s", "gp", 1, extent="existence")]
    without, with_acts = graph_of(*own), graph_of(*own, sharing=acts)
    assert with_acts.measures() == without.measures()
    assert with_acts.silos() == [{"gp"}, {"police"}]
    assert len(list(with_acts.edges_of("not_told"))) == 3


def test_telling_goes_from_holder_to_told_and_from_raiser_to_holder():
    made = graph_of(record("r", "gp", held_by="social_care"), sharing=[told("r", "school", 1), told("r", "school", 2)])
    assert set(made.telling().edges) == {("gp", "social_care"), ("social_care", "school")}
    assert (made.measures()["tells"], made.measures()["agencies_told"]) == (2, 1)


def test_an_agency_told_of_its_own_record_told_nobody():
    made = graph_of(record("r", "gp"), sharing=[told("r", "gp", 1)])
    assert made.measures()["tells"] == 0


def star(*pairs: tuple[str, str]):
    """Tell one organisation of a record of another, for each pair."""
    own = [record(f"r{i}", teller) for i, (teller, _) in enumerate(pairs)]
    return graph_of(*own, sharing=[told(f"r{i}", to, 1) for i, (_, to) in enumerate(pairs)])


@pytest.mark.parametrize(
    ("pairs", "centralisation", "reciprocity", "silos"),
    [
        ([("gp", "police")], None, 0.0, 1),
        ([("gp", "police"), ("police", "gp")], None, 1.0, 1),
        ([("gp", "police"), ("gp", "school"), ("gp", "housing")], 1.0, 0.0, 1),
        ([("gp", "police"), ("police", "school"), ("school", "gp")], 0.0, 0.0, 1),
        ([("gp", "police"), ("police", "school"), ("school", "housing")], 1 / 3, 0.0, 1),
        ([("gp", "police"), ("police", "gp"), ("gp", "school")], 1.0, 2 / 3, 1),
        ([("gp", "police"), ("school", "housing")], 0.0, 0.0, 2),
    ],
)
def test_the_shape_of_telling(pairs, centralisation, reciprocity, silos):
    made = star(*pairs).measures()
    assert made["centralisation"] == (None if centralisation is None else pytest.approx(centralisation))
    assert (made["reciprocity"], made["silos"]) == (pytest.approx(reciprocity), silos)


def test_silos_are_the_parts_the_largest_first():
    made = star(("police", "school"), ("school", "housing"), ("gp", "dentistry"))
    assert made.silos() == [{"police", "school", "housing"}, {"gp", "dentistry"}]


def test_a_bridge_is_the_one_worker_two_agencies_have_in_common():
    made = graph_of(
        record("a", "gp", held_by="social_care", worker_id="one"),
        record("b", "school", held_by="social_care", worker_id="two"),
        record("c", "school", 1, held_by="social_care", worker_id="three"),
        record("d", "police", worker_id="one"),
        record("e", "family", held_by="housing", worker_id="four"),
    )
    assert made.bridges() == [("gp", "police", "one"), ("social_care", "gp", "one"), ("social_care", "police", "one")]
    assert made.measures()["bridged_pairs"] == 3, "two workers join the school and social care"


def test_neighbours_of_the_child_by_kind(graph):
    assert graph.degree_by_kind() == {"agency": 3, "person": 2, "household": 1, "place": 1}


@settings(max_examples=15)
@given(tables())
def test_measures_agree_with_counts_made_from_the_tables(rows):
    """Written once more from the tables of the view, without the graph."""
    seen = View(records_from_frames(to_frames(rows)), AS_OF)
    for child in seen.children:
        own = seen.frames["contacts"].filter(pl.col("child_id") == child).to_dicts()
        holder = {r["record_id"]: r["held_by"] for r in own}
        acts = [a for a in seen.frames["sharing"].to_dicts() if a["record_id"] in holder]
        acts = [a for a in acts if a["decision"] == "shared" and a["extent"] != "existence"]
        pairs = {(holder[a["record_id"]], a["to_agency"]) for a in acts} | {(r["agency"], r["held_by"]) for r in own}
        pairs = {(a, b) for a, b in pairs if a != b and a in ORGANISATIONS}
        among = {code for r in own for code in (r["agency"], r["held_by"])} & set(ORGANISATIONS)
        found = ContactGraph(seen, child).measures()
        assert (found["records"], found["agencies"], found["tells"]) == (len(own), len(among), len(pairs))
        assert found["agencies_told"] == len({b for _, b in pairs} - among)
        back = sum((b, a) in pairs for a, b in pairs)
        assert found["reciprocity"] == (pytest.approx(back / len(pairs)) if pairs else None)
