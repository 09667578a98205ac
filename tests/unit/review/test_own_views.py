"""What each organisation had of what a flag cites, and the other ids a child goes by."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from earlywarn.errors import ArgumentError
from earlywarn.history.knowledge import knowledge
from earlywarn.history.view import View
from earlywarn.review.flags import explain_child, raise_flags
from tests.changes import empty_records, with_rows

DAY = "2026-11-01"


def record(record_id: str, agency: str = "police", **more) -> dict:
    said = dict(record_id=record_id, child_id="c1", agency=agency, held_by=agency, kind="incident", about="child")
    said |= dict(occurred_precision="day", recorded_basis="source", source="s", source_row="1")
    return said | dict(known_at=dt.datetime(2026, 10, 1)) | more


def concern(record_id: str, **more) -> dict:
    said = dict(concern_id=f"of {record_id}", child_id="c1", record_id=record_id, category="neglect")
    return said | dict(closing="recorded") | more


def told(record_id: str, to: str, **more) -> dict:
    said = dict(record_id=record_id, to_agency=to, shared_at=dt.datetime(2026, 10, 5), decision="shared")
    return said | dict(extent="full") | more


def the_flag(**rows):
    [flag] = raise_flags(with_rows(empty_records(), **rows), DAY, capacity=1)
    return flag


def test_it_counts_what_each_held_or_was_told_before_the_day():
    rows = {
        "contacts": [record("a"), record("b", "school"), record("c", "gp")],
        "concerns": [concern("a"), concern("b", category="self_harm")],
        "sharing": [
            told("a", "school"),
            told("b", "police", decision="withheld"),
            told("b", "social_care", shared_at=dt.datetime(2026, 11, 1)),
        ],
    }
    flag = the_flag(**rows)
    assert flag.cited == ("a", "b")
    assert dict(flag.cited_known) == {"police": 1, "school": 2, "gp": 0}
    assert "2 records cited" in flag.who_knew_in_words()


def test_who_was_told_of_an_older_version_has_been_told():
    newer = record("a2", follows="a", known_at=dt.datetime(2026, 10, 20))
    rows = {"contacts": [record("a"), newer], "concerns": [concern("a")], "sharing": [told("a", "gp")]}
    flag = the_flag(**rows)
    assert flag.cited == ("a2",)
    assert dict(flag.cited_known) == {"police": 1, "gp": 1}


def test_a_flag_of_one_organisation_says_nothing_of_the_others():
    rows = with_rows(empty_records(), contacts=[record("a")], concerns=[concern("a")], sharing=[told("a", "gp")])
    [flag] = raise_flags(rows, DAY, capacity=1, viewer="police")
    assert dict(flag.cited_known) == {}
    assert flag.who_knew_in_words() == ""


def test_it_agrees_with_the_relation_of_knowledge(example):
    """For every flag of the example: the same counts as from `knowledge`, record by record."""
    known = knowledge(example).filter(pl.col("known_at") < dt.datetime(2026, 11, 1))
    ids = example.frames["contacts"]["record_id"]
    knew = {}
    for number, viewer in known.select("record", "viewer").iter_rows():
        knew.setdefault(viewer, set()).add(ids[number])
    newer = set(example.frames["contacts"].drop_nulls("follows")["record_id"])
    for flag in raise_flags(example, DAY, capacity=10):
        plain = [i for i in flag.cited if i not in newer]
        for agency, count in flag.cited_known.items():
            assert count >= len(knew[agency].intersection(plain))
            assert count <= len(flag.cited)
        if len(plain) == len(flag.cited):
            assert dict(flag.cited_known) == {a: len(knew[a].intersection(plain)) for a in flag.cited_known}


@pytest.fixture
def two_ids():
    """A child the police call c1 and a hospital c2; that they are one was found out on 10 October."""
    rows = {
        "contacts": [record("a"), record("b", "hospital", child_id="c2")],
        "concerns": [concern("a"), concern("b", child_id="c2", category="physical_abuse")],
        "links": [dict(child_id="c2", same_as="c1", known_at=dt.datetime(2026, 10, 10), method="same number")],
    }
    return with_rows(empty_records(), **rows)


def test_linked_ids_are_one_child_on_one_list_from_the_day_after(two_ids):
    before = raise_flags(two_ids, "2026-10-10", capacity=5)
    after = raise_flags(two_ids, "2026-10-11", capacity=5)
    assert sorted(f.child_id for f in before) == ["c1", "c2"]
    assert [(f.child_id, f.other_ids, f.cited) for f in after] == [("c1", ("c2",), ("a", "b"))]
    assert "also recorded as c2" in after[0].heading()


@pytest.mark.parametrize("asked", ["c1", "c2"])
def test_a_linked_child_is_found_by_either_id(two_ids, asked):
    flag, _ = explain_child(two_ids, asked, DAY)
    assert flag.child_id == "c1"
    view = View(two_ids, DAY).only([asked])
    assert view.children == ["c1"]
    assert view.ids(asked) == ("c1", "c2")


def test_an_id_nobody_had_recorded_is_refused(two_ids):
    with pytest.raises(ArgumentError, match="No record of this child"):
        explain_child(two_ids, "c7", DAY)
