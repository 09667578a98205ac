"""The chronology of one child: every record in order, who knew it from when, concerns with their life, gaps."""

from __future__ import annotations

import datetime as dt
import itertools
from html import unescape
from typing import Any

import polars as pl
import pytest

from earlywarn.errors import ArgumentError
from earlywarn.features.engine import build_features
from earlywarn.history.chronology import Chronology, chronology
from earlywarn.history.view import View
from earlywarn.records.codes import CONCERNS, COUNTED_CONCERNS, ORGANISATIONS
from earlywarn.records.reading import records_from_frames
from earlywarn.records.tables import Records
from tests import history_reference as reference
from tests.changes import empty_records, only_what_was_known, shuffled, with_rows
from tests.histories import History, histories, on_draws, viewers
from tests.strategies import to_frames

NOON = dt.datetime(2026, 3, 1, 12)
DAY = "2026-11-01"


def given_as(history: History) -> Records:
    return records_from_frames(to_frames(history.tables))


def day(number: int) -> dt.datetime:
    return NOON + dt.timedelta(days=number)


def record(record_id: str, agency: str, days: int = 0, **more: Any) -> dict[str, Any]:
    said = dict(record_id=record_id, child_id="c1", agency=agency, held_by=agency, kind="incident", about="child")
    fixed = dict(occurred_precision="day", recorded_basis="source", source="s", source_row="1")
    return said | fixed | dict(occurred_at=day(days), known_at=day(days)) | more


def told(record_id: str, to: str, days: int, decision: str = "shared", extent: str = "full") -> dict[str, Any]:
    return dict(record_id=record_id, to_agency=to, shared_at=day(days), decision=decision, extent=extent)


def concern(concern_id: str, record_id: str, category: str = "neglect", **more: Any) -> dict[str, Any]:
    fixed = dict(concern_id=concern_id, child_id="c1", record_id=record_id, category=category, closing="recorded")
    return fixed | more


def of(*contacts: dict[str, Any], viewer: str = "pooled", as_of: str = DAY, **more: Any) -> Chronology:
    return chronology(View(with_rows(empty_records(), contacts=list(contacts), **more), as_of, viewer), "c1")


def how(made: Chronology) -> dict[tuple[str, str], str]:
    return {(r, a): h for r, a, h in made.by_agency().select("record_id", "agency", "how").iter_rows()}


# --- events and who knew them --------------------------------------------------------------------------------------


def test_events_are_in_order_of_when_they_happened_with_the_days_between_and_the_days_to_know():
    late = record("late", "gp", 3, known_at=day(10))
    made = of(record("first", "school", 5), late, record("then", "police", 9, known_at=day(9)))
    rows = made.events.select("record_id", "gap_days", "delay_days").rows()
    assert rows == [("late", None, 7), ("first", 2, 0), ("then", 4, 0)]
    assert made.events.schema["gap_days"] == made.events.schema["delay_days"] == pl.Int32


@pytest.mark.parametrize(
    "more",
    [
        {"occurred_at": None},
        {"occurred_precision": "month"},
        {"recorded_basis": "extract"},
        {"recorded_basis": "assumed_lag"},
        {"planned": True, "occurred_at": day(50)},
    ],
)
def test_a_delay_is_said_only_where_both_days_were_written_down(more):
    made = of(record("r", "gp", **({"known_at": day(4)} | more)))
    assert made.events["delay_days"].to_list() == [None]


def test_what_is_planned_for_the_day_or_later_is_ahead_and_raises_no_concern_yet():
    ahead = record("r", "gp", planned=True, occurred_at=dt.datetime(2026, 11, 1, 9))
    made = of(ahead, concerns=[concern("k", "r")])
    assert made.events["ahead"].to_list() == [True]
    assert made.concerns.is_empty()
    assert of(ahead, as_of="2026-11-02", concerns=[concern("k", "r")]).concerns.height == 1


def test_who_was_told_of_an_older_version_has_been_told_and_its_holder_knew_from_then():
    made = of(
        record("old", "gp", known_at=day(1)),
        record("new", "gp", known_at=day(20), follows="old"),
        sharing=[told("old", "school", 5)],
    )
    assert made.events.select("record_id", "known_at").rows() == [("new", day(1))]
    assert made.known.rows() == [("new", "gp", day(1), False), ("new", "school", day(5), True)]


@pytest.mark.parametrize(("decision", "extent"), [("withheld", "full"), ("asked", "full"), ("shared", "existence")])
def test_an_act_that_told_nothing_is_listed_and_confers_nothing(decision, extent):
    made = of(record("r", "police"), record("s", "school", 2), sharing=[told("r", "school", 3, decision, extent)])
    assert made.acts.rows() == [("r", "police", "school", day(3), decision, extent, False)]
    assert how(made)["r", "school"] == "not in its records"


def test_one_agencys_view_shows_whom_it_told_and_not_what_others_told_each_other():
    contacts = [record("p", "police"), record("s", "school", 1), record("g", "gp", 2)]
    sharing = [told("p", "school", 3), told("s", "gp", 4), told("s", "police", 5)]
    made = of(*contacts, viewer="police", sharing=sharing)
    assert made.known.filter("told").select("record_id", "agency").rows() == [("p", "school"), ("s", "police")]
    whole = of(*contacts, sharing=sharing).known.filter("told").height
    assert whole == 3


def test_not_in_its_records_is_said_only_where_the_view_could_have_known():
    contacts = [record("p", "police"), record("s", "school", 1), record("g", "gp", 2)]
    sharing = [told("s", "police", 5), told("p", "housing", 6)]
    pooled, police = (of(*contacts, viewer=v, sharing=sharing) for v in ("pooled", "police"))
    assert how(pooled)["p", "gp"] == "not in its records"
    assert how(pooled)["s", "housing"] == "cannot tell", "none of its own records are here"
    assert ("p", "gp") not in how(police), "the police hold nothing of the GP"
    assert how(police)["p", "school"] == "not in its records", "the police would have told it"
    assert how(police)["s", "police"] == "told"
    both = of(*contacts, viewer="police+gp", sharing=sharing)
    assert how(both)["s", "gp"] == "not in its records"
    school_held = of(*contacts, record("x", "police", 3, held_by="school"), viewer="police", sharing=sharing)
    assert how(school_held)["p", "school"] == "not in its records"
    assert how(school_held)["s", "housing"] == "cannot tell", "the school may have told it"


def test_a_chronology_carries_what_its_agencies_did_in_words():
    seen = record("r", "gp", kind="visit", mode="in_person", attendance="no_access", child_seen=False, about="carer")
    made = of(
        seen, record("e", "gp", 3, kind="conclusion", follows="r", outcome="advice"), concerns=[concern("k", "r")]
    )
    first, last = made.events.to_dicts()
    assert (first["what"], first["concerns"]) == ("visit", "neglect")
    assert first["detail"] == "about the carer; in person; no access; child not seen"
    assert (last["follows"], last["outcome"], last["detail"]) == ("r", "advice", None)


def test_a_child_not_in_the_view_is_refused():
    with pytest.raises(ArgumentError, match="no record of this child"):
        of(record("r", "gp"), viewer="police")


def test_linked_ids_are_one_child_from_the_day_the_link_was_found_out():
    link = dict(child_id="c1", same_as="c2", known_at=day(10), method="m")
    contacts = [record("a", "gp"), record("b", "police", 1, child_id="c2")]
    made = of(*contacts, links=[link])
    assert (made.child_id, made.ids, made.events.height) == ("c1", ("c1", "c2"), 2)
    assert of(*contacts, links=[link], as_of="2026-03-05").events["record_id"].to_list() == ["a"]


@on_draws(histories(), viewers, few=4)
def test_a_chronology_is_what_plain_loops_find(history, viewer):
    drawn, records, midnight = history.tables, given_as(history), dt.datetime.combine(history.day, dt.time())
    view, seen = View(records, history.day, viewer), reference.view(drawn, history.day, viewer)
    means = reference.meanings(drawn, reference.known(drawn, midnight, viewer))
    own = set(reference.members(viewer))
    for child in view.children:
        made = chronology(view, child)
        mine = {r["record_id"] for r in seen["contacts"] if r["child_id"] == child}
        true: dict[tuple[str, str], dt.datetime] = {}
        for (record_id, who), when in reference.knowledge(drawn).items():
            if means[record_id] in mine and when < midnight:
                key = (means[record_id], who)
                true[key] = min(when, true.get(key, when))
        found = {(r, a): when for r, a, when, _ in made.known.iter_rows()}
        assert set(made.events["record_id"]) == mine
        assert found == true if viewer == "pooled" else found.keys() <= true.keys()
        assert {r for r, a in found if a in own} == mine, "what a viewer sees, one of its members knew"
        assert not [k for k, h in how(made).items() if h == "not in its records" and k in true]


# --- strands -------------------------------------------------------------------------------------------------------


def test_rows_of_a_category_at_most_28_days_apart_are_one_strand():
    contacts = [record(f"r{n}", "gp", n) for n in (0, 28, 57)]
    made = of(*contacts, concerns=[concern(f"k{n}", f"r{n}") for n in (0, 28, 57)])
    assert made.concerns.select("rows", "again", "raised_at").rows() == [(2, False, day(0)), (1, True, day(57))]
    assert made.concerns["record_ids"].to_list() == [["r0", "r28"], ["r57"]]


@pytest.mark.parametrize(
    ("closings", "category", "closed_on", "state"),
    [
        (["recorded"], "neglect", 5, "concluded"),
        (["recorded"], "neglect", None, "no conclusion recorded"),
        (["not_recordable"], "neglect", None, "cannot tell"),
        (["not_recordable", "recorded"], "neglect", None, "no conclusion recorded"),
        (["recorded", "recorded"], "neglect", 1, "no conclusion recorded"),
        (["recorded", "recorded"], "neglect", 2, "concluded"),
        (["recorded"], "young_carer", 5, "context"),
        (["recorded"], "our_local_code", None, "context"),
    ],
)
def test_a_strand_is_concluded_on_its_last_day_or_later(closings, category, closed_on, state):
    contacts = [record(f"r{2 * n}", "gp", 2 * n) for n in range(len(closings))]
    contacts += [record("end", "gp", closed_on, kind="conclusion", follows="r0")] if closed_on is not None else []
    closed_by = "end" if closed_on is not None else None
    rows = [concern(f"k{n}", f"r{2 * n}", category, closing=c, closed_by=closed_by) for n, c in enumerate(closings)]
    [strand] = of(*contacts, concerns=rows).concerns.to_dicts()
    assert strand["state"] == state
    ended = (day(closed_on), "end") if state == "concluded" else (None, None)
    assert (strand["concluded_at"], strand["concluded_by"]) == ended


def test_a_strand_says_who_raised_it_first_who_knew_and_when_one_was_told():
    contacts = [record("a", "school"), record("b", "gp", 9)]
    made = of(*contacts, concerns=[concern("1", "b"), concern("2", "a")], sharing=[told("a", "police", 4)])
    [strand] = made.concerns.to_dicts()
    assert (strand["agency"], strand["told"]) == ("school", ["gp", "school", "police"])
    assert strand["first_told_at"] == day(4)


@on_draws(histories(), viewers, few=4)
def test_strands_are_what_plain_loops_find(history, viewer):
    view, seen = View(given_as(history), history.day, viewer), reference.view(history.tables, history.day, viewer)
    columns = ("category", "raised_at", "last_at", "rows", "state", "concluded_at", "again")
    for child in view.children:
        found = chronology(view, child).concerns
        assert found["raised_at"].is_sorted()
        rows = found.select(columns).rows()
        assert sorted(rows, key=str) == sorted(strands_by_loops(seen, child, history.day), key=str)


def strands_by_loops(seen: reference.Tables, child: str, as_of: dt.date) -> list[tuple[Any, ...]]:
    """Strands of one child in a view of `tests.history_reference`, by loops."""
    midnight = dt.datetime.combine(as_of, dt.time())
    at = {r["record_id"]: r["occurred_at"] or r["known_at"] for r in seen["contacts"]}
    at = {record_id: when for record_id, when in at.items() if when < midnight}
    strands = []
    for category in {row["category"] for row in seen["concerns"]}:
        rows = [r for r in seen["concerns"] if r["category"] == category and r["child_id"] == child]
        rows = sorted((r for r in rows if r["record_id"] in at), key=lambda r: at[r["record_id"]])
        groups: list[list[dict[str, Any]]] = []
        for row in rows:
            near = groups and (at[row["record_id"]].date() - at[groups[-1][-1]["record_id"]].date()).days <= 28
            groups[-1].append(row) if near else groups.append([row])
        for number, group in enumerate(groups):
            times = [at[r["record_id"]] for r in group]
            ends = [at[r["closed_by"]] for r in group if r["closed_by"] in at]
            ends = [end for end in ends if end.date() >= max(times).date()]
            state = "no conclusion recorded" if any(r["closing"] == "recorded" for r in group) else "cannot tell"
            state = "concluded" if ends else state
            if category not in CONCERNS or CONCERNS[category].group == "context":
                state, ends = "context", []
            ended = max(ends) if ends else None
            strands.append((category, min(times), max(times), len(group), state, ended, number > 0))
    return strands


def test_strands_without_a_conclusion_are_those_the_features_count(example):
    counted = build_features(example, DAY).to_polars().select("child_id", "unresolved_concerns")
    view = View(example, DAY)
    newest = dt.datetime(2026, 11, 1) - dt.timedelta(days=730)
    busy = counted.drop_nulls().sort("unresolved_concerns", "child_id", descending=True).head(12)
    for child, number in busy.iter_rows():
        strands = chronology(view, child).concerns.filter(pl.col("category").is_in(COUNTED_CONCERNS))
        recent = strands.filter(pl.col("last_at") >= newest)
        assert (recent["state"] == "no conclusion recorded").sum() == number
    assert busy["unresolved_concerns"].min() > 3


# --- tables --------------------------------------------------------------------------------------------------------


def test_the_table_has_a_column_an_agency_with_the_day_it_knew(example):
    made = chronology(View(example, DAY), "c0142")
    table, pandas = made.to_frame(), made.to_pandas()
    assert table.height == made.events.height == len(pandas)
    assert tuple(table.columns[-len(made.organisations) :]) == made.organisations
    assert made.organisations == tuple(a for a in ORGANISATIONS if a in made.organisations), "in the code list's order"
    days = {(r, a): when.date() for r, a, when, _ in made.known.iter_rows()}
    for row, agency in itertools.product(table.iter_rows(named=True), made.organisations):
        assert row[agency] == days.get((row["record_id"], agency))
    assert list(pandas.columns) == table.columns


def test_gaps_are_times_without_a_record_and_the_last_one_may_last():
    ahead = record("plan", "gp", 1, planned=True, occurred_at=dt.datetime(2027, 1, 1))
    made = of(record("a", "gp"), record("b", "gp", 89), record("c", "police", 179), ahead)
    assert made.gaps().select("record_id", "days", "lasting").rows() == [("b", 90, False)]
    assert made.gaps(66).rows()[-1] == ("c", day(179).date(), dt.date(2026, 11, 1), 66, True)
    assert made.gaps(89)["record_id"].to_list() == ["a", "b"]


def test_delays_are_counted_by_agency_to_record_and_to_be_told():
    contacts = [record("a", "gp", 0, known_at=day(2)), record("b", "gp", 5, known_at=day(9))]
    made = of(*contacts, sharing=[told("a", "police", 12), told("b", "police", 10)])
    assert made.delays().rows() == [("gp", "recorded", 2, 3.0, 4), ("police", "told", 2, 5.5, 10)]


def test_a_notebook_shows_the_newest_rows_escaped_and_says_how_many_are_older(example):
    made = chronology(View(example, DAY), "c0142")
    page = made._repr_html_()
    assert page.count("<tr>") == 21
    assert f"{made.events.height - 20} older records not shown" in page
    assert "259 records, held by 8 agencies" in repr(made)
    hostile = of(record("r", "gp"), concerns=[concern("k", "r", "<b>x</b>")])._repr_html_()
    assert "<b>x" not in hostile
    assert "<b>x</b>" in unescape(hostile)


# --- what must not matter ------------------------------------------------------------------------------------------


def same(a: Chronology, b: Chronology) -> bool:
    frames = ("events", "known", "plans", "acts", "concerns")
    values = ("child_id", "as_of", "agencies", "ids", "viewer")
    return all(getattr(a, n).equals(getattr(b, n)) for n in frames) and all(
        getattr(a, n) == getattr(b, n) for n in values
    )


@on_draws(histories(), viewers, few=4)
def test_what_became_known_later_changes_nothing(history, viewer):
    then = History(only_what_was_known(history.tables, history.day), history.day)
    midnight = dt.datetime.combine(history.day, dt.time())
    then.tables["links"] = [link for link in history.tables["links"] if link["known_at"] < midnight]
    past = View(given_as(then), history.day, viewer)
    for child in past.children:
        assert same(chronology(View(given_as(history), history.day, viewer), child), chronology(past, child))


@pytest.mark.parametrize("viewer", ["pooled", "social_care"])
def test_the_order_of_rows_does_not_matter(example, viewer):
    mixed = shuffled(example, 7)
    assert same(*(chronology(View(r, DAY, viewer), "c0142") for r in (example, mixed)))


def test_other_children_do_not_matter(example):
    alone = Records(example.only(["c0029"]).frames)
    assert same(*(chronology(View(r, DAY), "c0029") for r in (example, alone)))
