"""The contact graph of one child as a whole: whose it is, copies, slices, what it prints."""

from __future__ import annotations

import datetime as dt
import itertools
import re

import networkx as nx
import pytest

from earlywarn.errors import ArgumentError
from earlywarn.history import _graph_parts as parts
from earlywarn.history.chronology import chronology
from earlywarn.history.graph import ContactGraph
from earlywarn.history.view import View
from tests.changes import shuffled
from tests.unit.history.test_graph_parts import CHILD, DAY, agency, drawn, everything, graph_of
from tests.unit.history.test_view import record, records, told


@pytest.fixture(scope="module")
def view():
    return View(everything(), DAY)


@pytest.fixture(scope="module")
def graph(view):
    return ContactGraph(view, "c1")


def test_a_narrower_view_has_a_smaller_graph(view):
    pooled, school = (ContactGraph(View(view.records, view.day, v), "c1") for v in ("pooled", "school"))
    assert set(school.edges(keys=True)) < set(pooled.edges(keys=True))
    assert school.graph["viewer"] == "school"


def test_one_agency_sees_its_own_acts_of_sharing_alone():
    of, acts = record("r", "police"), [told("r", "school", 1), told("r", "gp", 2), told("r", "hospital", 2, "withheld")]
    school = graph_of(of, sharing=acts, viewer="school")
    assert drawn(school, "shared") == [("police", "school", "r")]
    assert not list(school.edges_of("not_told"))


def test_a_child_is_found_by_any_of_its_ids():
    links = [dict(child_id="c1", same_as="c2", known_at=dt.datetime(2026, 3, 20), method="by hand")]
    of = records(record("a", "gp"), record("b", "police", 1, child_id="c2"), links=links)
    one, other = (ContactGraph(View(of, DAY), name) for name in ("c1", "c2"))
    assert drawn(one, "contact") == [("gp", "c1", "a"), ("police", "c1", "b")]
    assert nx.utils.graphs_equal(one, other)
    assert (one.graph["child_id"], one.ids) == ("c1", ("c1", "c2"))
    earlier = ContactGraph(View(of, "2026-03-20"), "c2")
    assert drawn(earlier, "contact") == [("police", "c2", "b")], "the link was found out on that day"


def test_an_unknown_child_is_refused(view):
    for name, viewer in (("nobody", "pooled"), ("c1", "cafcass")):
        with pytest.raises(ArgumentError, match="no record of this child"):
            ContactGraph(View(view.records, DAY, viewer), name)


def test_it_is_a_networkx_graph(graph):
    assert isinstance(graph, nx.MultiDiGraph)
    assert nx.is_weakly_connected(graph)
    few = graph.subgraph([CHILD, agency("police")])
    assert few.number_of_edges() == 2
    assert [name for _, name in few.of_kind("agency")] == ["police"]
    assert few.measures()["records"] == 2


def test_a_copy_is_equal_and_its_own(graph):
    twin = graph.copy()
    assert isinstance(twin, ContactGraph)
    assert nx.utils.graphs_equal(twin, graph)
    assert twin.measures() == graph.measures()
    twin.remove_node(agency("police"))
    assert agency("police") in graph


def test_the_order_of_rows_changes_nothing(view, graph):
    for seed in range(5):
        other = ContactGraph(View(shuffled(view.records, seed), DAY), "c1")
        assert list(other.nodes(data=True)) == list(graph.nodes(data=True))
        assert list(other.edges(keys=True, data=True)) == list(graph.edges(keys=True, data=True))


def test_a_slice_begins_with_its_first_day_and_ends_before_its_last():
    first, last = dt.datetime(2026, 3, 10), dt.datetime(2026, 3, 20)
    eve = dt.timedelta(microseconds=1)
    times = {"early": first - eve, "first": first, "late": last - eve, "after": last}
    made = graph_of(*(record(name, "gp", occurred_at=at) for name, at in times.items()))
    part = made.between("2026-03-10", dt.date(2026, 3, 20))
    assert {said["record_id"] for *_, said in part.edges(data=True)} == {"first", "late"}
    assert {said["record_id"] for *_, said in made.before("2026-03-10").edges(data=True)} == {"early"}
    assert {said["record_id"] for *_, said in made.between("2026-03-20", None).edges(data=True)} == {"after"}
    assert part.between("2026-03-01", "2026-03-15").graph["first"] == dt.date(2026, 3, 10)


def test_nodes_without_an_edge_left_go_and_the_child_stays(graph):
    part = graph.before("2026-03-02")
    assert set(part) == {
        *(CHILD, agency("police"), ("organisation", "station 4"), ("team", "police:Response")),
        *(("place", "home"), ("person", "p1")),
    }
    empty = graph.before("2020-01-01")
    assert list(empty.nodes) == [CHILD]
    assert (empty.nodes[CHILD]["first_at"], empty.measures()["records"], empty.silos()) == (None, 0, [])


def test_the_attributes_of_a_slice_speak_of_the_slice(graph):
    part = graph.between("2026-03-02", "2026-03-04")
    assert part.nodes["person", "p1"]["roles"] == ("adult_visitor",)
    assert part.nodes[agency("police")]["records"] == 1
    assert part.nodes[agency("police")]["first_at"] == dt.datetime(2026, 3, 3, 12)
    assert graph.nodes[agency("police")]["records"] == 2, "the whole graph is as it was"
    assert "from 2026-03-02 before 2026-03-04" in repr(part)


@pytest.mark.parametrize("days", [("2026-03-02", "2026-03-01"), ("March", None), (None, "2026-03-01T10:00")])
def test_days_that_are_no_span_are_refused(graph, days):
    with pytest.raises(ArgumentError):
        graph.between(*days)


def test_slices_side_by_side_hold_every_edge_once(graph):
    days = [None, "2026-03-02", "2026-03-04", "2026-04-01", None]
    parted = [graph.between(a, b).number_of_edges() for a, b in itertools.pairwise(days)]
    assert sum(parted) == graph.number_of_edges()
    assert all(parted)


def test_it_prints_one_sentence_and_the_counts_by_kind(graph):
    said = str(graph).splitlines()
    assert said[0].startswith("Contact graph of c1 as of 2026-04-01, by pooled: 4 records, known before the midnight")
    assert len(said) == 1 + len(parts.NODE_KINDS) + len(parts.EDGE_KINDS)
    assert re.search(r"nodes\s+agency\s+7$", str(graph), re.MULTILINE)
    assert "nobody" in repr(ContactGraph())


def test_pages_of_a_notebook_are_escaped():
    made = graph_of(record("<r>", "gp", child_id="c1"))
    made.graph["child_id"] = "<b>c1</b>"
    assert "<b>" not in made._repr_html_()
    assert "<td" in made._repr_html_()
    assert made.minus(made)._repr_html_().count("<tr>") == 1 + 3


def test_the_chronology_says_who_knew_what_when():
    own = record("a", "police"), record("b", "police", 2, held_by="social_care", kind="referral")
    view = View(records(*own, sharing=[told("a", "school", 3), told("a", "gp", 3, "withheld")]), DAY)
    story = chronology(view, "c1")
    assert story.events["record_id"].to_list() == ["a", "b"]
    knew = {(r["record_id"], r["agency"]): r["told"] for r in story.known.iter_rows(named=True)}
    assert knew == {("a", "police"): False, ("b", "police"): False, ("b", "social_care"): False, ("a", "school"): True}
    assert story.agencies == ("social_care", "police")


def test_the_chronology_of_an_unknown_child_is_refused(view):
    with pytest.raises(ArgumentError, match="no record of this child"):
        chronology(view, "nobody")


def test_who_was_told_of_the_older_version_has_been_told():
    """Two acts of telling, then a correction: the chronology and the graph both still show who was told, and when."""
    of = records(
        record("old", "school"),
        record("new", "school", 10, follows="old"),
        sharing=[told("old", "gp", 1), told("old", "gp", 5), told("old", "police", 2)],
    )
    view = View(of, DAY)
    knew = {
        (r["record_id"], r["agency"]): (r["told"], r["known_at"].day) for r in chronology(view, "c1").known.to_dicts()
    }
    assert knew == {("new", "school"): (False, 1), ("new", "gp"): (True, 2), ("new", "police"): (True, 3)}
    graph = ContactGraph(view, "c1")
    acts = [(head[1], d["at"].day) for _, head, d in graph.edges_of("shared")]
    assert sorted(acts) == [("gp", 2), ("gp", 6), ("police", 3)]


def test_one_agency_is_not_shown_whom_the_others_told():
    of = records(record("r", "police"), sharing=[told("r", "school", 1), told("r", "gp", 2)])
    story = chronology(View(of, "2026-04-01", "school"), "c1")
    assert set(story.known["agency"]) == {"police", "school"}
