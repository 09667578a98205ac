"""Two graphs of one child side by side."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import polars as pl
import pytest

from earlywarn.errors import ArgumentError
from earlywarn.history.graph import ContactGraph
from earlywarn.history.view import View
from tests.unit.history.test_graph_parts import DAY, everything, graph_of
from tests.unit.history.test_view import record, records, told


@pytest.fixture(scope="module")
def view():
    return View(everything(), DAY)


@pytest.fixture(scope="module")
def graph(view):
    return ContactGraph(view, "c1")


def test_a_difference_says_what_each_view_shows(view, graph):
    school = ContactGraph(View(view.records, DAY, "school"), "c1")
    apart = graph.minus(school)
    assert (apart.this, apart.other) == ("all together", "school alone")
    assert set(apart.edges.filter(pl.col("where") == "both")["record_id"]) == {"a"}
    assert apart.nodes.filter(pl.col("where") == "other").is_empty()
    assert repr(apart) == (
        "What all together show that school alone does not: 4 agencies, 1 other source, 1 team, 2 workers, "
        "1 other person, 1 household, 3 records.\n"
        "What school alone shows that all together do not: nothing.\n"
        "In both: 2 agencies, 1 organisation, 1 team, 1 adult, 1 place, 1 record, 1 act of telling."
    )
    assert set(apart["nodes"].columns) == set(apart.nodes.columns)
    assert len(apart["edges"]) == apart.edges.height == graph.number_of_edges()


def test_a_difference_counts_every_node_and_edge_once(view, graph):
    one, other = (ContactGraph(View(view.records, DAY, v), "c1") for v in ("police", "social_care"))
    apart = one.minus(other)
    for frame, of in ((apart.nodes, "nodes"), (apart.edges, "edges")):
        where = Counter(frame["where"])
        assert where["this"] + where["both"] == len(getattr(one, of))
        assert where["other"] + where["both"] == len(getattr(other, of))
        assert set(where) == {"this", "both", "other"}
    swapped = other.minus(one)
    assert (
        swapped.counts()
        .rename({"this": "other", "other": "this"})
        .select(apart.counts().columns)
        .equals(apart.counts())
    )


def test_a_graph_differs_from_itself_in_nothing(graph):
    assert set(graph.minus(graph.copy()).edges["where"]) == {"both"}


def test_a_narrower_view_may_show_what_all_together_do_not_any_more():
    of = record("old", "gp"), record("new", "gp", 10, follows="old")
    acts = [told("old", "school", 1)]
    pooled, school = (graph_of(*of, sharing=acts, viewer=v) for v in ("pooled", "school"))
    assert "that all together do not: 1 record, 1 act of telling" in repr(pooled.minus(school))


def test_two_days_of_one_view_are_compared_and_named(view, graph):
    earlier = ContactGraph(View(view.records, "2026-03-02"), "c1")
    said = repr(graph.minus(earlier))
    assert "all together as of 2026-04-01 show that all together as of 2026-03-02 do not" in said
    assert "that all together as of 2026-04-01 do not: nothing" in said


@pytest.mark.parametrize(
    ("viewer", "words"),
    [
        ("police+social_care", "children's social care and police together"),
        ("sector:police", "police together"),
        ("gp+police+school", "GP, school and police together"),
    ],
)
def test_a_viewer_is_named_in_words(view, graph, viewer, words):
    of = records(record("r", "police"), record("s", "gp"))
    one = ContactGraph(View(of, DAY, viewer), "c1")
    assert one.minus(one).this == words


def test_a_child_that_goes_by_another_id_is_the_same_child():
    links = [dict(child_id="c1", same_as="c2", known_at=dt.datetime(2026, 3, 20), method="by hand")]
    of = records(record("a", "gp"), record("b", "police", 1, child_id="c2"), links=links)
    now, then = ContactGraph(View(of, DAY), "c2"), ContactGraph(View(of, "2026-03-10"), "c2")
    apart = now.minus(then)
    assert set(apart.nodes.filter(pl.col("kind") == "child")["where"]) == {"both"}
    assert set(apart.edges.filter(pl.col("where") == "both")["record_id"]) == {"b"}


def test_different_children_are_not_compared(view, graph):
    with pytest.raises(ArgumentError, match="different children"):
        graph.minus(ContactGraph(view, "c2"))


def test_a_difference_has_two_frames(graph):
    with pytest.raises(ArgumentError, match="no such frame"):
        graph.minus(graph)["people"]


def test_a_page_of_a_notebook_has_a_row_for_each_kind():
    made = graph_of(record("r", "gp"))
    page = made.minus(made)._repr_html_()
    assert page.count("<tr>") == 1 + 3, "the head, the child, the agency, the contact"
    assert "only the first" in page
