"""The measures of every child at once equal those of one child after another, by networkx and by the contact graph."""

from __future__ import annotations

import datetime as dt
import math
import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import networkx as nx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.datasets import make_cohort
from earlywarn.errors import ArgumentError
from earlywarn.history.graph import ContactGraph
from earlywarn.history.measures import MEASURES, graph_measures
from earlywarn.history.view import View
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import AGENCIES, ROLES
from earlywarn.records.reading import records_from_frames
from tests.changes import renamed, shuffled
from tests.strategies import AS_OF, tables, to_frames
from tests.unit.history.test_view import record, records, told

DAY = dt.date(2026, 4, 1)
COUNTS = [name for name in MEASURES if name not in ("centralisation", "reciprocity")]


# --- the reference: one child after another, from the definitions -------------------------------------------------


def of_child(view: View) -> dict[str, dict[str, list[dict]]]:
    """Rows of a view by child and table; facts with the record that carries them, acts with who told."""
    contacts = view.frames["contacts"]
    carried = {"contacts": contacts, "people": view.frames["people"], "households": view.frames["households"]}
    carried["facts"] = view.frames["facts"].join(contacts.select("record_id", "child_id", "held_by"), on="record_id")
    carried["sharing"] = view.acts.join(contacts.select("record_id", "child_id"), on="record_id")
    held: dict[str, dict[str, list[dict]]] = {}
    for name, frame in carried.items():
        for row in frame.iter_rows(named=True):
            held.setdefault(row["child_id"], {table: [] for table in carried})[name].append(row)
    return held


def is_organisation(code: str) -> bool:
    return AGENCIES[code].organisation


def by_networkx(rows: dict[str, list[dict]], day: dt.date) -> dict[str, float | None]:
    contacts = rows["contacts"]
    tells = telling(rows)
    holders = {code for row in contacts for code in (row["agency"], row["held_by"]) if is_organisation(code)}
    graph = tells.to_undirected()
    graph.add_nodes_from(holders)
    pairs = tells.number_of_edges()
    return {
        "records": len(contacts),
        "agencies": len(holders),
        "agencies_told": len(set(tells) - holders),
        "organisations": len({row["org_id"] for row in contacts} - {None}),
        "teams": len({(row["held_by"], row["value"]) for row in rows["facts"] if row["key"] == "team"}),
        "workers": len({row["worker_id"] for row in contacts} - {None}),
        "people": len({row["person_id"] for row in rows["people"]}),
        "adults": len({row["person_id"] for row in rows["people"] if ROLES[row["role"]].adult}),
        "households": len({row["household_id"] for row in rows["households"]}),
        "places": len({row["place_id"] for row in contacts} - {None}),
        "tells": pairs,
        "silos": nx.number_connected_components(graph),
        "centralisation": freeman(graph),
        "reciprocity": nx.overall_reciprocity(tells) if pairs else None,
        "bridged_pairs": sum(workers == 1 for workers in meetings(contacts).values()),
        **moved(contacts, day),
    }


def telling(rows: dict[str, list[dict]]) -> nx.DiGraph:
    tells = nx.DiGraph()
    told_of = [(row["agency"], row["held_by"]) for row in rows["contacts"]]
    conferring = [r for r in rows["sharing"] if r["decision"] == "shared" and r["extent"] in ("full", "summary")]
    told_of += [(row["teller"], row["to_agency"]) for row in conferring]
    tells.add_edges_from((a, b) for a, b in told_of if a != b and is_organisation(a) and is_organisation(b))
    return tells


def freeman(graph: nx.Graph) -> float | None:
    degrees = [degree for _, degree in graph.degree()]
    n = len(degrees)
    return sum(max(degrees) - degree for degree in degrees) / ((n - 1) * (n - 2)) if n >= 3 else None


def meetings(contacts: list[dict]) -> Counter:
    """How many workers are tied to both of two organisations."""
    tied = defaultdict(set)
    for row in contacts:
        tied[row["worker_id"]] |= {code for code in (row["agency"], row["held_by"]) if is_organisation(code)}
    return Counter(pair for worker, codes in tied.items() if worker for pair in combinations(sorted(codes), 2))


def moved(contacts: list[dict], day: dt.date) -> dict[str, int]:
    def between(first: int, last: int) -> tuple[set, set]:
        """Agencies and workers of the records from so many days before the day to so many."""
        ago = [(day - (row["occurred_at"] or row["known_at"]).date()).days for row in contacts]
        near = [row for row, days in zip(contacts, ago, strict=True) if first <= days <= last]
        agencies = {row["agency"] for row in near if is_organisation(row["agency"])}
        return agencies, {row["worker_id"] for row in near} - {None}

    (agencies, workers), (older_agencies, older_workers) = between(1, 365), between(366, 730)
    return {
        "agencies_gained_365d": len(agencies - older_agencies),
        "agencies_lost_365d": len(older_agencies - agencies),
        "workers_gained_365d": len(workers - older_workers),
        "workers_lost_365d": len(older_workers - workers),
    }


NOTHING = {"contacts": [], "people": [], "households": [], "sharing": [], "facts": []}


def assert_equal_to_networkx(of, day: dt.date, viewers: list[str]) -> int:
    """Hold every row to the reference; return how many there were."""
    table = graph_measures(of, day, viewers=viewers)
    children = {viewer: of_child(View(of, day, viewer)) for viewer in (POOLED, *viewers)}
    assert set(table.select("child_id", "viewer").rows()) == {(c, v) for c in children[POOLED] for v in viewers}
    for row in table.iter_rows(named=True):
        rows = children[row["viewer"]].get(row["child_id"], NOTHING)
        assert_same(row, by_networkx(rows, day))
    return table.height


def assert_same(row: dict, want: dict[str, float | None]) -> None:
    assert set(want) == set(MEASURES)
    for name, value in want.items():
        cell = row[name]
        same = cell is None if value is None else cell is not None and math.isclose(cell, value, abs_tol=1e-12)
        assert same, f"{name} of {row['child_id']} by {row['viewer']}: {cell}, by networkx {value}"


# --- equal, child by child ----------------------------------------------------------------------------------------


@st.composite
def drawn_records(draw):
    """Records drawn where the definitions turn, with places, organisations and teams among them."""
    drawn = draw(tables(max_children=4, max_records=20))
    some = {column: st.sampled_from((None, f"{column}1", f"{column}2")) for column in ("org_id", "place_id")}
    drawn["contacts"] = [row | {c: draw(value) for c, value in some.items()} for row in drawn["contacts"]]
    workers = st.sampled_from((None, "w1", "w1", "w2", "w3"))
    drawn["contacts"] = [row | {"worker_id": draw(workers)} for row in drawn["contacts"]]
    ids = st.sampled_from([row["record_id"] for row in drawn["contacts"]])
    team = st.fixed_dictionaries(
        {"record_id": ids, "key": st.sampled_from(("team", "team", "attendee")), "value": st.sampled_from("ab")}
    )
    drawn["facts"] = draw(st.lists(team, max_size=5))
    return records_from_frames(to_frames(drawn))


@settings(max_examples=8)
@given(drawn_records())
def test_drawn_children_measure_as_networkx_measures_them(of):
    assert_equal_to_networkx(of, AS_OF, [POOLED, "police", "gp+school"])


@pytest.mark.slow
@settings(max_examples=250, derandomize=False)
@given(drawn_records())
def test_drawn_children_measure_as_networkx_measures_them_at_length(of):
    assert_equal_to_networkx(of, AS_OF, [POOLED, "social_care", "police", "sector:health", "gp+school"])


def test_a_thousand_children_measure_as_networkx_measures_them():
    made = make_cohort(1100, seed=11).records
    compared = assert_equal_to_networkx(made, dt.date(2026, 11, 1), [POOLED, "social_care", "police", "hospital"])
    assert compared >= 4 * 1000


def test_children_of_an_earlier_day_measure_as_networkx_measures_them(example):
    assert_equal_to_networkx(example, dt.date(2025, 3, 15), [POOLED, "social_care", "school"])


def test_children_measure_as_their_contact_graphs_do(example):
    assert_equal_to_graphs(example, ["c0001", "c0080", "c0160"], [POOLED, "police"])


@pytest.mark.slow
def test_a_thousand_children_measure_as_their_contact_graphs_do():
    made = make_cohort(1100, seed=12).records
    assert assert_equal_to_graphs(made, View(made, "2026-11-01").children[:1000], [POOLED, "social_care"]) >= 1200


def assert_equal_to_graphs(of, children: list[str], viewers: list[str]) -> int:
    table = graph_measures(of, "2026-11-01", viewers=viewers, children=children)
    views = {viewer: View(of, "2026-11-01", viewer) for viewer in viewers}
    known = table.filter(pl.col("records") > 0)
    assert set(table["child_id"]) == set(children)
    for row in known.iter_rows(named=True):
        assert_same(row, ContactGraph(views[row["viewer"]], row["child_id"]).measures())
    return known.height


# --- by hand ------------------------------------------------------------------------------------------------------


def measured(of, viewer: str = POOLED, day: dt.date = DAY) -> dict:
    [row] = graph_measures(of, day, viewers=viewer).iter_rows(named=True)
    return row


def test_a_star_a_pair_and_one_alone():
    of = records(
        record("a", "police"),
        record("b", "gp"),
        record("c", "school", held_by="social_care"),
        sharing=[told("a", "housing", 1), told("a", "school", 1), told("b", "camhs", 1), told("b", "police", 1)],
    )
    row = measured(of)
    assert (row["agencies"], row["agencies_told"], row["tells"], row["silos"]) == (4, 2, 5, 1)
    # degrees: police 3, gp 2, school 2, housing 1, camhs 1, social_care 1
    assert row["centralisation"] == pytest.approx((6 * 3 - 10) / (5 * 4))
    assert row["reciprocity"] == 0.0


def test_a_whole_star_is_1_and_a_ring_is_0():
    around = ["gp", "school", "housing"]
    star = records(record("a", "police"), sharing=[told("a", to, 1) for to in around])
    ring = ["police", *around]
    told_on = zip(ring, [*around, "police"], strict=True)
    of = records(*(record(code, code) for code in ring), sharing=[told(a, b, 1) for a, b in told_on])
    assert measured(star)["centralisation"] == 1.0
    assert measured(of)["centralisation"] == 0.0


def test_told_back_in_one_of_two_pairs():
    of = records(
        record("a", "police"),
        record("b", "gp"),
        sharing=[told("a", "gp", 1), told("a", "gp", 2), told("b", "police", 1), told("b", "school", 1)],
    )
    row = measured(of)
    assert row["tells"] == 3
    assert row["reciprocity"] == pytest.approx(2 / 3)


def test_without_telling_every_agency_is_a_silo_and_nothing_is_told_back():
    row = measured(records(record("a", "police"), record("b", "gp"), record("c", "family", held_by="gp")))
    assert (row["silos"], row["tells"], row["centralisation"], row["reciprocity"]) == (2, 0, None, None)


def test_acts_that_tell_nothing_count_in_no_measure():
    quiet = [told("a", "gp", 1, "withheld"), told("a", "school", 1, "asked"), told("a", "camhs", 1, extent="existence")]
    assert measured(records(record("a", "police"), sharing=quiet)) == measured(records(record("a", "police")))


def test_a_pair_is_bridged_while_one_worker_alone_is_tied_to_both():
    one = [record("a", "police", worker_id="w1"), record("b", "gp", worker_id="w1")]
    other = [record("c", "police", worker_id="w2"), record("d", "gp", worker_id="w2")]
    third = record("e", "school", held_by="gp", worker_id="w1")
    assert measured(records(*one))["bridged_pairs"] == 1
    assert measured(records(*one, *other))["bridged_pairs"] == 0
    assert measured(records(*one, *other, third))["bridged_pairs"] == 2
    assert measured(records(record("f", "family", held_by="gp", worker_id="w1")))["bridged_pairs"] == 0


@pytest.mark.parametrize(
    ("ago", "gained", "lost"), [(0, 0, 0), (1, 1, 0), (365, 1, 0), (366, 0, 1), (730, 0, 1), (731, 0, 0)]
)
def test_a_tie_is_gained_or_lost_by_the_days_of_its_records(ago, gained, lost):
    when = dt.datetime.combine(DAY, dt.time(9)) - dt.timedelta(days=ago)
    known = min(when, dt.datetime.combine(DAY, dt.time()) - dt.timedelta(days=1))
    row = measured(records(record("a", "police", occurred_at=when, known_at=known, planned=True, worker_id="w1")))
    assert (row["agencies_gained_365d"], row["agencies_lost_365d"]) == (gained, lost)
    assert (row["workers_gained_365d"], row["workers_lost_365d"]) == (gained, lost)
    assert (row["records"], row["workers"]) == (1, 1)


def test_a_tie_of_both_years_is_neither_gained_nor_lost():
    before = dt.datetime(2025, 1, 1)
    row = measured(records(record("a", "police"), record("b", "police", known_at=before, worker_id="w1")))
    assert (row["agencies_gained_365d"], row["agencies_lost_365d"]) == (0, 0)
    assert (row["workers_gained_365d"], row["workers_lost_365d"]) == (0, 1)


def test_a_team_is_named_within_the_agency_that_holds_the_record():
    facts = [dict(record_id=r, key="team", value="north") for r in ("a", "b", "c")]
    of = records(record("a", "police"), record("b", "police", held_by="gp"), record("c", "gp"), facts=facts)
    assert measured(of)["teams"] == 2


def test_an_adult_by_one_record_is_an_adult():
    people = [
        dict(child_id="c1", person_id="p1", role=role, record_id="a") for role in ("unknown", "partner", "partner")
    ]
    people.append(dict(child_id="c1", person_id="p2", role="sibling", record_id="a"))
    row = measured(records(record("a", "police"), people=people))
    assert (row["people"], row["adults"]) == (2, 1)


def test_what_was_taken_back_is_measured_no_more():
    of = records(
        record("a", "police", place_id="x", worker_id="w1"),
        record("b", "police", 1, kind="withdrawal", follows="a"),
        record("c", "gp", 1),
    )
    row = measured(of)
    assert (row["places"], row["workers"], row["agencies"]) == (0, 0, 2)


# --- rows ---------------------------------------------------------------------------------------------------------


def test_every_viewer_has_a_row_and_zeros_where_it_knows_nothing():
    of = records(record("a", "police"), record("b", "gp", child_id="c2"))
    table = graph_measures(of, DAY, viewers=["gp", "police"])
    assert table.select("child_id", "viewer", "records", "silos").rows() == [
        ("c1", "gp", 0, 0),
        ("c2", "gp", 1, 1),
        ("c1", "police", 1, 1),
        ("c2", "police", 0, 0),
    ]
    nothing = table.row(0, named=True)
    assert all(nothing[name] == 0 for name in COUNTS)
    assert nothing["centralisation"] is None
    assert nothing["reciprocity"] is None


def test_all_viewers_are_pooled_and_those_who_knew_a_record():
    of = records(record("a", "police"), sharing=[told("a", "gp", 1)])
    assert graph_measures(of, DAY, viewers="all")["viewer"].unique().sort().to_list() == ["gp", "police", "pooled"]


def test_days_are_measured_each_by_itself(example):
    days = ["2026-11-01", "2025-11-01"]
    both = graph_measures(example, days)
    one_by_one = pl.concat([graph_measures(example, day) for day in sorted(days)])
    assert both.equals(one_by_one)


def test_children_asked_for_measure_as_among_all(example):
    some = ["c0007", "c0001"]
    among_all = graph_measures(example, "2026-11-01", viewers=[POOLED, "gp"]).filter(pl.col("child_id").is_in(some))
    assert graph_measures(example, "2026-11-01", viewers=[POOLED, "gp"], children=some).equals(among_all)
    assert graph_measures(example, "2026-11-01", children=[]).is_empty()


def test_two_ids_found_to_be_one_child_measure_as_one():
    when = dt.datetime(2026, 3, 10)
    link = dict(child_id="c1", same_as="c2", known_at=when, method="number")
    of = records(record("a", "police"), record("b", "gp", 1, child_id="c2"), links=[link])
    assert graph_measures(of, "2026-03-10")["agencies"].to_list() == [1, 1]
    assert measured(of)["agencies"] == 2
    by_either = [graph_measures(of, DAY, children=[child]) for child in ("c1", "c2")]
    assert by_either[0].equals(by_either[1])
    assert by_either[0]["child_id"].to_list() == ["c1"]


def test_records_of_nobody_measure_nothing():
    empty = graph_measures(records(), DAY)
    assert empty.is_empty()
    assert empty.columns == ["child_id", "as_of", "viewer", *MEASURES]
    assert empty.schema == graph_measures(records(record("a", "police")), DAY).schema


def test_a_later_record_changes_nothing():
    of = records(record("a", "police"))
    later = records(record("a", "police"), record("b", "gp", 31, follows="a"), sharing=[told("a", "gp", 31)])
    assert measured(later) == measured(of)


def test_neither_the_order_of_rows_nor_names_matter(example):
    as_is = graph_measures(example, "2026-11-01")
    assert graph_measures(shuffled(example, 3), "2026-11-01").equals(as_is)
    other = renamed(
        example, {"worker_id", "person_id", "place_id", "household_id", "org_id"}, lambda name: f"z{name}"[::-1]
    )
    assert graph_measures(other, "2026-11-01").equals(as_is)


def test_more_rows_than_one_block_measure_as_in_one(example, monkeypatch):
    as_is = graph_measures(example, "2026-11-01")
    monkeypatch.setattr("earlywarn.history._agency_bits.BLOCK", 7)
    assert graph_measures(example, "2026-11-01").equals(as_is)


@pytest.mark.parametrize("viewers", [[], "polise", ["gp", "nobody"]])
def test_a_viewer_that_is_none_is_refused(viewers):
    with pytest.raises(ArgumentError):
        graph_measures(records(record("a", "police")), DAY, viewers=viewers)


def test_a_day_that_is_none_is_refused():
    with pytest.raises(ArgumentError, match="not a day"):
        graph_measures(records(record("a", "police")), "1/4/2026")


# --- the benchmark ------------------------------------------------------------------------------------------------

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "graph.py"


@pytest.mark.skipif(not BENCHMARK.exists(), reason="the benchmark is not part of what is installed")
class TestBenchmark:
    def test_drawn_records_keep_every_rule(self, monkeypatch):
        monkeypatch.syspath_prepend(BENCHMARK.parent)
        from drawn import draw_records

        drawn = draw_records(100)
        read = records_from_frames({name: frame for name, frame in drawn.frames.items() if frame.height})
        assert read.refused == 0
        assert read.children == 100
        assert read.frames["contacts"].height == drawn.frames["contacts"].height

    @pytest.mark.slow
    @pytest.mark.skipif(os.name == "nt", reason="Windows does not say how much memory a process has held")
    def test_it_runs_and_holds_the_sample_to_networkx(self):
        options = ["--children=40", "--sample=5", "--rounds=1", "--in-memory=600"]
        run = subprocess.run(
            [sys.executable, str(BENCHMARK), *options], capture_output=True, text=True, check=False, timeout=300
        )
        assert run.returncode == 0, run.stderr[-2000:]
        assert "the values of the sample are equal" in run.stdout
        assert "view and chronology" in run.stdout
        assert "WiderGraph" in run.stdout
