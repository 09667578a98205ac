"""What a viewer saw equals the plain reading of `tests.history_reference`: every table, row and cell of it."""

from __future__ import annotations

import datetime as dt
import inspect
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import Phase, given, settings

from earlywarn.history.knowledge import indexed_contacts, knowledge
from earlywarn.history.lookback import look_back
from earlywarn.history.view import View
from earlywarn.history.viewers import check_viewer
from earlywarn.records.codes import ORGANISATIONS
from earlywarn.records.reading import records_from_frames
from tests import history_reference as plain
from tests.histories import VIEWERS, History, histories, on_draws, viewers
from tests.seeing import TABLES, midnight_of, records_of
from tests.strategies import to_frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def cells(rows: Iterable[plain.Row], columns: Sequence[str]) -> Counter[tuple]:
    return Counter(tuple(row[c] for c in columns) for row in rows)


def test_the_reference_can_be_read_in_one_sitting():
    assert len(inspect.getsource(plain).splitlines()) < 120


@on_draws(histories())
def test_what_is_drawn_keeps_every_rule_of_the_contract(history):
    assert records_from_frames(to_frames(history.tables)).quarantine["rule"].to_list() == []


@on_draws(histories(), viewers, few=25)
def test_views_hold_what_the_plain_reading_says(history, viewer):
    seen = View(records_of(history), history.day, viewer).frames
    want = plain.view(history.tables, history.day, viewer)
    assert set(want) == set(TABLES) <= set(seen)
    for table in TABLES:
        columns = seen[table].columns
        assert cells(seen[table].to_dicts(), columns) == cells(want[table], columns), table


@on_draws(histories(), viewers)
def test_knowledge_is_that_of_the_plain_reading(history, viewer):
    """Who knew which record from when: each organisation, pooled, and the set or sector asked for."""
    records = records_of(history)
    found = knowledge(records, [viewer]).join(indexed_contacts(records).select("record", "record_id"), on="record")
    got = {(r, v): at for r, v, at in found.select("record_id", "viewer", "known_at").iter_rows()}
    assert len(got) == found.height, "one row for each record and viewer"
    want = dict(plain.knowledge(history.tables))
    for several in {"pooled", viewer} - set(ORGANISATIONS):
        mine = plain.members(several)
        of_each = [(r, at) for (r, who), at in plain.knowledge(history.tables).items() if who in mine]
        want |= {(r, check_viewer(several)): min(at for other, at in of_each if other == r) for r, _ in of_each}
    assert got == want


@on_draws(histories())
def test_linked_ids_are_those_of_the_plain_reading(history):
    view = View(records_of(history), history.day)
    same = plain.identities(history.tables, midnight_of(history.day))
    seen = plain.view(history.tables, history.day, "pooled")["contacts"]
    for name in ("c1", "c2", "c3", "c8", "c9"):
        ids, want = view.ids(name), same.get(("child_id", name), [name])
        assert set(ids) == set(want)
        assert len(ids) == len(want)
        if want[0] in {row["child_id"] for row in seen}:
            assert ids[0] == want[0], "the one that stands in the tables of the view comes first"


@on_draws(histories(), viewers)
def test_the_spine_has_every_child_that_anyone_knew_of(history, viewer):
    """With the state of life that the days of all its ids agree on, whoever looks."""
    look = look_back(records_of(history), [history.day], [viewer])
    mine = look.spine.filter(pl.col("viewer") == check_viewer(viewer)).join(look.children, on="row")
    midnight = midnight_of(history.day)
    want = plain.children(history.tables, midnight)
    assert mine["child_id"].sort().to_list() == sorted(want)
    for row in mine.to_dicts():
        birth, expected, death = (want[row["child_id"]][day] for day in plain.DAYS)
        unborn = birth >= history.day if birth else bool(expected and expected >= history.day)
        assert (row["unborn"], row["died"]) == (unborn, bool(death and death < history.day))
        assert (row["age_months"] is None) == (birth is None or unborn)


@on_draws(histories())
def test_one_childs_view_is_its_part_of_the_whole(history):
    """`only` changes nothing but what is there: asked by any id of the child."""
    view = View(records_of(history), history.day)
    for child in view.children:
        contacts = view.frames["contacts"].filter(pl.col("child_id") == child)["record_id"].to_list()
        for name in view.ids(child):
            part = view.only([name]).frames
            for table in TABLES[:-1]:
                of_child = pl.col("child_id") == child if "child_id" in part[table].columns else None
                mine = pl.col("record_id").is_in(contacts) if of_child is None else of_child
                whole = view.frames[table].filter(mine)
                assert Counter(part[table].rows()) == Counter(whole.rows()), table


@pytest.mark.slow
def test_the_draws_reach_what_the_definitions_turn_on():
    """One pass, always the same draws: what no draw reaches, no test that draws can find wrong."""
    reached: Counter[str] = Counter()

    @settings(max_examples=300, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(histories())
    def look(history: History) -> None:
        reached.update(turns(history))

    look()
    assert not [turn for turn in TURNS if reached[turn] < 3], reached


TURNS = (
    *(f"{column} at the midnight" for column in ("known_at", "shared_at", "found_out")),
    *(f"{column} on the eve" for column in ("known_at", "shared_at", "found_out")),
    *(f"linked {subject}" for subject in ("child_id", "person_id", "household_id")),
    *("three ids of one", "linked to an id without records", "births of one child that differ"),
    *("corrected by another agency", "knows the correction alone", "two corrections", "a correction taken back"),
    *("raised by no organisation", "told of a correction only", "a set that knows more than each", "two of one sector"),
)


def turns(history: History) -> Iterable[str]:
    tables, day = history
    midnight = midnight_of(day)
    for table, column in (("contacts", "known_at"), ("sharing", "shared_at"), ("links", "known_at")):
        named = "found_out" if table == "links" else column
        moments = {row[column] for row in tables[table]}
        yield from [f"{named} at the midnight"] * (midnight in moments)
        yield from [f"{named} on the eve"] * (midnight - dt.timedelta(microseconds=1) in moments)
    yield from turns_of_links(tables, midnight)
    yield from turns_of_corrections(tables, midnight)


def turns_of_links(tables: plain.Tables, midnight: dt.datetime) -> Iterable[str]:
    in_records = {row["child_id"] for row in tables["contacts"]}
    born = {row["child_id"]: row["birth_on"] for row in tables["children"]}
    for (column, _), ids in plain.identities(tables, midnight).items():
        if column != "child_id" or set(ids) & in_records:
            yield f"linked {column}"
        if column == "child_id" and set(ids) & in_records:
            yield from ["three ids of one"] * (len(ids) > 2)
            yield from ["linked to an id without records"] * (not set(ids) <= in_records)
            yield from ["births of one child that differ"] * (len({born.get(i) for i in ids} - {None}) > 1)


def turns_of_corrections(tables: plain.Tables, midnight: dt.datetime) -> Iterable[str]:
    by_id = {row["record_id"]: row for row in tables["contacts"]}
    knows = {viewer: plain.known(tables, midnight, viewer) for viewer in VIEWERS}
    corrections = [r for r in by_id.values() if r["follows"] and r["kind"] != "conclusion" and r["known_at"] < midnight]
    followed = Counter(row["follows"] for row in corrections)
    for row in corrections:
        older = by_id[row["follows"]]
        yield from ["corrected by another agency"] * (row["held_by"] not in (older["agency"], older["held_by"]))
        yield from ["a correction taken back"] * (row["kind"] == "withdrawal" and older in corrections)
        for viewer in VIEWERS:
            alone = row["record_id"] in knows[viewer] and older["record_id"] not in knows[viewer]
            yield from ["knows the correction alone"] * alone
            yield from ["told of a correction only"] * (alone and viewer not in (row["agency"], row["held_by"]))
    yield from ["two corrections"] * any(count > 1 for count in followed.values())
    yield from ["raised by no organisation"] * any(r["agency"] not in ORGANISATIONS for r in by_id.values())
    yield from ["two of one sector"] * bool(knows["gp"] and knows["hospital"])
    both = knows["police+social_care"]
    yield from ["a set that knows more than each"] * (both > knows["police"] and both > knows["social_care"])
