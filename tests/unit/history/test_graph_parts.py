"""What a contact graph is made of: every kind of node and edge, each from a record."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings

from earlywarn.history import _graph_parts as parts
from earlywarn.history.graph import ContactGraph
from earlywarn.history.view import View
from earlywarn.records.codes import ROLES
from earlywarn.records.reading import records_from_frames
from tests.strategies import AS_OF, tables, to_frames
from tests.unit.history.test_view import record, records, told

DAY = "2026-04-01"
PAGE = Path(__file__).parents[3] / "docs" / "contact-graph.md"
CHILD = ("child", "c1")


def agency(code: str) -> tuple[str, str]:
    return ("agency", code)


def graph_of(*contacts, viewer: str = "pooled", day: str = DAY, **more) -> ContactGraph:
    return ContactGraph(View(records(*contacts, **more), day, viewer), "c1")


def drawn(graph: ContactGraph, kind: str) -> list[tuple[str, str, str]]:
    """Edges of one kind: from, to, record."""
    return sorted((tail[1], head[1], said["record_id"]) for tail, head, said in graph.edges_of(kind))


def said_of(graph: ContactGraph, kind: str, record_id: str) -> dict:
    [said] = [said for _, _, said in graph.edges_of(kind) if said["record_id"] == record_id]
    return said


def person(person_id: str, role: str, record_id: str, **more) -> dict:
    return dict(child_id="c1", person_id=person_id, role=role, record_id=record_id) | more


def everything():
    """Records with at least one of every kind of node and edge."""
    return records(
        record("a", "police", org_id="station 4", place_id="home", handling="shielded"),
        record("b", "police", 2, held_by="social_care", kind="referral", worker_id="w1"),
        record("c", "family", 3, held_by="social_care", kind="contact"),
        record("d", "social_care", 4, kind="visit", worker_id="w2", planned=True, occurred_at=dt.datetime(2026, 5, 1)),
        record("other", "dentistry", child_id="c2", worker_id="w9", place_id="elsewhere"),
        sharing=[
            told("a", "school", 3),
            told("a", "gp", 3, "withheld"),
            told("b", "midwifery", 4, "asked"),
            told("a", "hospital", 5, "shared", "existence"),
        ],
        people=[
            person("p1", "partner", "a", valid_to=dt.date(2026, 3, 5)),
            person("p1", "adult_visitor", "b"),
            person("p2", "sibling", "b"),
        ],
        households=[dict(child_id="c1", household_id="h1", record_id="b", valid_from=dt.date(2025, 1, 1))],
        facts=[
            dict(record_id="b", key="team", value="North"),
            dict(record_id="a", key="team", value="Response"),
            dict(record_id="a", key="attendee", value="ambulance"),
        ],
    )


@pytest.fixture(scope="module")
def view():
    return View(everything(), DAY)


@pytest.fixture(scope="module")
def graph(view):
    return ContactGraph(view, "c1")


def test_nodes_are_those_of_the_records_of_this_child(graph):
    assert {kind: {name for _, name in graph.of_kind(kind)} for kind in parts.NODE_KINDS} == {
        "child": {"c1"},
        "agency": {"police", "social_care", "family", "school", "gp", "midwifery", "hospital"},
        "organisation": {"station 4"},
        "team": {"social_care:North", "police:Response"},
        "worker": {"w1", "w2"},
        "person": {"p1", "p2"},
        "household": {"h1"},
        "place": {"home"},
    }


@pytest.mark.parametrize(
    ("kind", "edges"),
    [
        ("contact", [("family", "c1", "c"), ("police", "c1", "a"), ("police", "c1", "b"), ("social_care", "c1", "d")]),
        ("raised_with", [("family", "social_care", "c"), ("police", "social_care", "b")]),
        ("shared", [("police", "school", "a")]),
        ("not_told", [("police", "gp", "a"), ("police", "hospital", "a"), ("social_care", "midwifery", "b")]),
        ("works_for", [("w1", "social_care", "b"), ("w2", "social_care", "d")]),
        ("in_team", [("w1", "social_care:North", "b")]),
        (
            "part_of",
            [
                ("police:Response", "police", "a"),
                ("social_care:North", "social_care", "b"),
                ("station 4", "police", "a"),
            ],
        ),
        ("at_place", [("home", "c1", "a")]),
        ("relation", [("p1", "c1", "a"), ("p1", "c1", "b"), ("p2", "c1", "b")]),
        ("lives_in", [("c1", "h1", "b")]),
    ],
)
def test_edges_name_who_and_which_record(graph, kind, edges):
    assert drawn(graph, kind) == edges


def test_these_are_all_the_kinds_there_are(graph):
    assert {said["kind"] for *_, said in graph.edges(data=True)} == set(parts.EDGE_KINDS)
    assert {about["kind"] for _, about in graph.nodes(data=True)} == set(parts.NODE_KINDS)


def test_nodes_and_edges_have_the_documented_attributes_and_no_others(graph):
    for _, about in graph.nodes(data=True):
        assert set(about) == {*parts.ON_EVERY_NODE, *parts.NODE_ATTRIBUTES.get(about["kind"], ())}
    for *_, said in graph.edges(data=True):
        assert set(said) == {*parts.ON_EVERY_EDGE, *parts.EDGE_ATTRIBUTES[said["kind"]]}


def test_the_page_documents_every_kind_attribute_and_measure(graph):
    page = PAGE.read_text(encoding="utf-8")
    named = {name for names in (*parts.NODE_ATTRIBUTES.values(), *parts.EDGE_ATTRIBUTES.values()) for name in names}
    every = {*parts.NODE_KINDS, *parts.EDGE_KINDS, *parts.ON_EVERY_NODE, *parts.ON_EVERY_EDGE, *named}
    rows = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    assert {*every, *graph.measures(), *graph.graph} - rows == set()


def test_an_edge_says_what_its_record_says(graph):
    contact = said_of(graph, "contact", "b")
    assert (contact["what"], contact["held_by"], contact["at"]) == (
        "referral",
        "social_care",
        dt.datetime(2026, 3, 3, 12),
    )
    assert said_of(graph, "contact", "a")["handling"] == "shielded"
    assert said_of(graph, "works_for", "b")["raised_by"] == "police"
    assert said_of(graph, "shared", "a") == {
        **dict(kind="shared", record_id="a", at=dt.datetime(2026, 3, 4, 12)),
        **dict(decision="shared", extent="full"),
    }
    refused = {head[1]: (said["decision"], said["extent"]) for _, head, said in graph.edges_of("not_told")}
    assert refused == {"gp": ("withheld", "full"), "midwifery": ("asked", "full"), "hospital": ("shared", "existence")}
    lives = said_of(graph, "lives_in", "b")
    assert (lives["valid_from"], lives["valid_to"], lives["ended"]) == (dt.date(2025, 1, 1), None, False)
    assert said_of(graph, "relation", "a")["ended"]


def test_what_is_planned_for_the_day_or_later_is_ahead(graph):
    assert {said["record_id"]: said["ahead"] for *_, said in graph.edges_of("contact")} == {
        "a": False,
        "b": False,
        "c": False,
        "d": True,
    }


@pytest.mark.parametrize(
    ("hour", "ahead"), [(dt.datetime(2026, 3, 31, 23, 59), False), (dt.datetime(2026, 4, 1), True)]
)
def test_ahead_begins_at_the_midnight_that_starts_the_day(hour, ahead):
    made = graph_of(record("r", "gp", planned=True, occurred_at=hour))
    assert said_of(made, "contact", "r")["ahead"] is ahead


@pytest.mark.parametrize(
    ("last_day", "ended"), [(dt.date(2026, 3, 31), True), (dt.date(2026, 4, 1), False), (None, False)]
)
def test_a_tie_has_ended_where_its_last_day_is_before_the_day(last_day, ended):
    made = graph_of(record("r", "gp"), people=[person("p", "mother", "r", valid_to=last_day)])
    assert said_of(made, "relation", "r")["ended"] is ended


def test_nodes_say_what_their_edges_say_of_them(graph):
    police, school, gp = (graph.nodes[agency(code)] for code in ("police", "school", "gp"))
    assert (police["sector"], police["organisation"], police["records"], police["told"]) == ("police", True, 2, 0)
    assert (school["records"], school["told"]) == (0, 1)
    assert (gp["records"], gp["told"]) == (0, 0), "what was withheld told nobody"
    assert not graph.nodes[agency("family")]["organisation"]
    assert graph.nodes[agency("social_care")]["records"] == 3, "raised or held, each record once"
    assert (police["first_at"], police["last_at"]) == (dt.datetime(2026, 3, 1, 12), dt.datetime(2026, 3, 6, 12))


def test_a_person_has_every_role_the_records_give(graph):
    partner, sibling = graph.nodes["person", "p1"], graph.nodes["person", "p2"]
    assert (partner["roles"], partner["label"]) == (
        ("partner", "adult_visitor"),
        "partner of a parent or adult who visits",
    )
    assert (partner["adult"], partner["around"]) == (True, "around")
    assert (sibling["adult"], sibling["around"]) == (False, "household")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_whether_a_person_is_in_the_household(role):
    made = graph_of(record("r", "gp"), people=[person("p", role, "r")])
    elsewhere = {"partner", "grandparent", "adult_relative", "adult_visitor", "other", "unknown"}
    assert made.nodes["person", "p"]["around"] == ("around" if role in elsewhere else "household")
    assert made.nodes["person", "p"]["adult"] is ROLES[role].adult


def test_a_role_not_stated_is_said_only_where_no_other_is(graph):
    of = record("r", "gp"), record("s", "gp", 1)
    made = graph_of(*of, people=[person("p", "unknown", "r"), person("p", "carer", "s"), person("q", "unknown", "r")])
    assert made.nodes["person", "p"]["label"] == "carer"
    assert made.nodes["person", "q"]["label"] == "person, role not stated"


def test_no_label_holds_an_id(graph):
    names = {name for kind, name in graph if kind != "agency"} | {"North", "Response"}
    assert not [about["label"] for _, about in graph.nodes(data=True) if about["label"] in names]
    assert {about["label"] for _, about in graph.nodes(data=True) if about["kind"] == "worker"} == {"worker"}


def test_a_person_and_a_place_with_one_id_stay_two():
    made = graph_of(
        record("r", "gp", place_id="x", worker_id="x", org_id="x"),
        people=[person("x", "mother", "r")],
        households=[dict(child_id="c1", household_id="x", record_id="r")],
    )
    assert {kind for kind, name in made if name == "x"} == {"place", "worker", "organisation", "person", "household"}


def test_two_roles_in_one_record_are_two_ties():
    made = graph_of(record("r", "gp"), people=[person("p", "partner", "r"), person("p", "carer", "r")])
    assert sorted(said["role"] for *_, said in made.edges_of("relation")) == ["carer", "partner"]


def test_a_record_taken_back_has_no_edge():
    of = (
        record("r", "police", worker_id="w"),
        record("s", "gp"),
        record("back", "police", 5, kind="withdrawal", follows="r"),
    )
    acts, lives = [told("r", "school", 1)], [dict(child_id="c1", household_id="h", record_id="r")]
    before, after = (graph_of(*of, day=d, sharing=acts, households=lives) for d in ("2026-03-06", DAY))
    assert "r" in {said["record_id"] for *_, said in before.edges(data=True)}
    assert "r" not in {said["record_id"] for *_, said in after.edges(data=True)}
    assert ("worker", "w") not in after
    assert ("household", "h") not in after
    assert not list(after.edges_of("shared"))


def test_ties_of_a_corrected_record_are_those_of_its_correction():
    of = record("old", "school", place_id="x"), record("new", "school", 10, follows="old", place_id="y")
    acts = [told("old", "gp", 1), told("old", "gp", 5), told("old", "police", 2)]
    made = graph_of(*of, sharing=acts, people=[person("p", "mother", "old"), person("p", "mother", "new")])
    assert drawn(made, "contact") == [("school", "c1", "new")]
    assert drawn(made, "at_place") == [("y", "c1", "new")]
    assert drawn(made, "relation") == [("p", "c1", "new")], "said twice of one record is one tie"
    assert sorted((head[1], said["at"].day) for _, head, said in made.edges_of("shared")) == [
        ("gp", 2),
        ("gp", 6),
        ("police", 3),
    ]


@settings(max_examples=15)
@given(tables())
def test_it_holds_every_row_of_the_view_about_the_child_and_no_other(rows):
    seen = View(records_from_frames(to_frames(rows)), AS_OF)
    for child in seen.children:
        made, own = ContactGraph(seen, child), seen.frames["contacts"].filter(pl.col("child_id") == child)
        assert Counter(said["record_id"] for *_, said in made.edges_of("contact")) == Counter(own["record_id"])
        assert {tail[1] for tail, _, _ in made.edges_of("works_for")} == set(own["worker_id"].drop_nulls())
        people = seen.frames["people"].filter(pl.col("child_id") == child)
        assert {name for _, name in made.of_kind("person")} == set(people["person_id"])
        acts = (
            seen.frames["sharing"].join(own, on="record_id", how="semi").select("record_id", "to_agency", "shared_at")
        )
        drawn_acts = [e for kind in ("shared", "not_told") for e in made.edges_of(kind)]
        assert {(said["record_id"], head[1], said["at"]) for _, head, said in drawn_acts} == set(acts.iter_rows())
        assert all(made.degree(node) for node in made)
