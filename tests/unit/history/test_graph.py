"""The contact graph of one child: nodes and dated ties, each from a record."""

from __future__ import annotations

import datetime as dt

import networkx as nx
import pytest

from earlywarn.errors import ArgumentError
from earlywarn.history.chronology import chronology
from earlywarn.history.graph import ContactGraph
from earlywarn.history.view import View
from tests.unit.history.test_view import record, records, told


@pytest.fixture(scope="module")
def view():
    person = dict(child_id="c1", person_id="p1", role="partner", record_id="a", valid_to=dt.date(2026, 3, 5))
    return View(
        records(
            record("a", "police", org_id="station 4", place_id="home"),
            record("b", "police", 2, held_by="social_care", kind="referral", worker_id="w1"),
            record("other", "gp", child_id="c2"),
            sharing=[told("a", "school", 3), told("a", "gp", 3, "withheld")],
            people=[person],
        ),
        "2026-04-01",
    )


def test_nodes_are_those_of_the_records_of_this_child(view):
    graph = ContactGraph(view, "c1")
    kinds = {kind: {n for _, n in graph.of_kind(kind)} for kind in ("child", "agency", "worker", "person", "place")}
    assert kinds == {
        "child": {"c1"},
        "agency": {"police", "social_care", "school"},
        "worker": {"w1"},
        "person": {"p1"},
        "place": {"home"},
    }
    assert set(graph.of_kind("organisation")) == {("organisation", "station 4")}


def test_ties_are_dated_and_name_their_record(view):
    graph = ContactGraph(view, "c1")
    contacts = graph.get_edge_data(("agency", "police"), ("child", "c1"))
    assert {d["record_id"] for d in contacts.values()} == {"a", "b"}
    assert all(d["at"] and d["kind"] for _, _, d in graph.edges(data=True))
    [shared] = graph.get_edge_data(("agency", "police"), ("agency", "school")).values()
    assert (shared["kind"], shared["extent"], shared["at"].day) == ("shared", "full", 4)
    assert not graph.has_node(("agency", "gp")), "what was withheld told nobody"
    [relation] = graph.get_edge_data(("person", "p1"), ("child", "c1")).values()
    assert relation["ended"]


def test_a_narrower_view_has_a_smaller_graph(view):
    pooled, school = (ContactGraph(View(view.records, view.day, v), "c1") for v in ("pooled", "school"))
    assert set(school.edges(keys=True)) < set(pooled.edges(keys=True))


def test_it_is_a_networkx_graph(view):
    graph = ContactGraph(view, "c1")
    assert isinstance(graph, nx.MultiDiGraph)
    assert graph.copy().number_of_edges() == graph.number_of_edges()
    assert nx.is_weakly_connected(graph)
    assert graph.subgraph([("child", "c1"), ("agency", "police")]).number_of_edges() == 2


def test_an_unknown_child_is_refused(view):
    with pytest.raises(ArgumentError, match="no record of this child"):
        ContactGraph(view, "nobody")


def test_the_chronology_says_who_knew_what_when(view):
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
    view = View(of, "2026-04-01")
    knew = {
        (r["record_id"], r["agency"]): (r["told"], r["known_at"].day) for r in chronology(view, "c1").known.to_dicts()
    }
    assert knew == {("new", "school"): (False, 1), ("new", "gp"): (True, 2), ("new", "police"): (True, 3)}
    graph = ContactGraph(view, "c1")
    acts = [(head[1], d["at"].day) for _, head, d in graph.edges(data=True) if d["kind"] == "shared"]
    assert sorted(acts) == [("gp", 2), ("gp", 6), ("police", 3)]


def test_one_agency_is_not_shown_whom_the_others_told():
    of = records(record("r", "police"), sharing=[told("r", "school", 1), told("r", "gp", 2)])
    story = chronology(View(of, "2026-04-01", "school"), "c1")
    assert set(story.known["agency"]) == {"police", "school"}
