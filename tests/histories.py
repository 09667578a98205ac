"""Tables of which much became known about one day: drawn for what `earlywarn.history` must get right."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.records.schema import RECORD_TABLES
from tests.strategies import (
    AGENCIES,
    AS_OF,
    Row,
    Tables,
    a_concern,
    a_household,
    a_person,
    a_record,
    an_act_of_sharing,
    known_before,
    tables,
    without_twins,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class History(NamedTuple):
    """Tables, and a day about which much of what they hold became known."""

    tables: Tables
    day: dt.date


SOURCES = ("family", "family", "public", "anonymous", "child_self", "unknown")
HISTORY_AGENCIES = (*AGENCIES, "hospital")
LINKED_IDS = {
    "child": ("c1", "c2", "c3", "c8", "c9"),
    "person": ("p1", "p2", "p3", "p9"),
    "household": ("h1", "h2", "h9"),
}
"""Ids that links name. Those with a number above 4 are in no record, or in none of most draws."""


def about(day: dt.date) -> st.SearchStrategy[dt.datetime]:
    """Draw a moment about the midnight that starts a day: mostly the last before it and the first after it."""
    midnight = dt.datetime.combine(day, dt.time())
    hours = (dt.timedelta(days=-30), dt.timedelta(days=-1), dt.timedelta(hours=9), dt.timedelta(days=40))
    eve = midnight - dt.timedelta(microseconds=1)
    return st.sampled_from((eve, eve, midnight, *(midnight + step for step in hours)))


@st.composite
def a_record_about(draw: st.DrawFn, record_id: str, day: dt.date, earlier: list[Row]) -> Row:
    """Draw a record that became known about a day: often a correction, a withdrawal, or of something long ago."""
    followed = draw(st.sampled_from((*earlier, *earlier[-2:])))
    record = draw(a_record(record_id, followed["child_id"], []))
    kind = draw(st.sampled_from((record["kind"], record["kind"], "withdrawal", "conclusion")))
    record |= {"kind": kind, "known_at": draw(about(day))}
    if kind in ("withdrawal", "conclusion") or draw(st.booleans()):
        record |= {"follows": followed["record_id"], "known_at": max(record["known_at"], followed["known_at"])}
    if not record["planned"] and record["occurred_at"] and record["occurred_at"] > record["known_at"]:
        record["occurred_at"] = None
    return record


@st.composite
def a_link(draw: st.DrawFn, day: dt.date, way: int) -> Row:
    """Draw one link, found out about a day. ``way`` keeps all links of one draw from leading round in a circle."""
    subject = draw(st.sampled_from((None, None, "child", "person", "household")))
    ends = draw(st.lists(st.sampled_from(LINKED_IDS[subject or "child"]), min_size=2, max_size=2, unique=True))
    return {
        **dict.fromkeys(RECORD_TABLES["links"].schema),
        **dict(zip(("child_id", "same_as"), sorted(ends)[::way], strict=True)),
        "known_at": draw(about(day)),
        "method": "a number",
        "subject": subject,
    }


@st.composite
def a_fact(draw: st.DrawFn, records: list[Row]) -> Row:
    """Draw one row of facts."""
    key, value = draw(st.sampled_from((("injury_site", "arm"), ("injury_site", "back"), ("attendee", "police"))))
    return {"record_id": draw(st.sampled_from(records))["record_id"], "key": key, "value": value}


def moments(drawn: Tables) -> list[dt.datetime]:
    """When anything was known or told."""
    return [row[c] for row in (*drawn["contacts"], *drawn["sharing"]) for c in ("known_at", "shared_at") if row.get(c)]


def with_other_agencies(drawn: Tables, names: dict[str, str]) -> Tables:
    """Draw again with other agencies in the places of some."""
    parties = ("agency", "held_by", "to_agency")
    return {
        table: [{c: names.get(v, v) if c in parties else v for c, v in row.items()} for row in rows]
        for table, rows in drawn.items()
    }


@st.composite
def born_before(draw: st.DrawFn, child: Row, records: list[Row]) -> Row:
    """Draw a birth long before, on one of two days, where a record says that the child was there or nothing is said."""
    own = [row for row in records if row["child_id"] == child["child_id"]]
    there = any(known_before(row, AS_OF - dt.timedelta(days=298)) for row in own)
    stated = child["birth_on"] or child["expected_birth_on"]
    if (there and stated) or (not child["birth_on"] and draw(st.booleans())):
        return child | {"birth_on": AS_OF - dt.timedelta(days=draw(st.sampled_from((2000, 2100))))}
    return child


@st.composite
def histories(draw: st.DrawFn, max_children: int = 3, max_records: int = 10) -> History:
    """Draw tables of which much became known, was corrected, told or linked about the day drawn with them.

    Besides what `tables` draws: links of children, persons and households; corrections and withdrawals by any agency,
    and things long past, known about the day; acts of sharing about the day; more than one agency of one sector;
    records raised by those who are no organisation; facts.
    """
    drawn = draw(tables(max_children, max_records))
    others = {"family": draw(st.sampled_from(SOURCES)), "school": draw(st.sampled_from(("school", "hospital")))}
    drawn = with_other_agencies(drawn, others)
    day = draw(st.sampled_from((AS_OF, *sorted({moment.date() for moment in moments(drawn)})[::-1])))
    contacts = drawn["contacts"]
    for number in range(draw(st.integers(0, 4))):
        contacts.append(draw(a_record_about(f"s{number}", day, list(contacts))))
    drawn["concerns"] += [
        draw(a_concern(f"m{n}", contacts)) | {"closed_by": None} for n in range(draw(st.integers(0, 2)))
    ]
    drawn["people"] += draw(st.lists(a_person(contacts), max_size=2))
    drawn["households"] += draw(st.lists(a_household(contacts), max_size=2))
    drawn["facts"] += draw(st.lists(a_fact(contacts), max_size=3))
    told = draw(st.lists(st.tuples(an_act_of_sharing(contacts), about(day)), max_size=3))
    known_at = {row["record_id"]: row["known_at"] for row in contacts}
    drawn["sharing"] += [act | {"shared_at": max(when, known_at[act["record_id"]])} for act, when in told]
    drawn["links"] += draw(st.lists(a_link(day, draw(st.sampled_from((1, -1)))), max_size=4))
    for name in ("people", "sharing", "households", "facts", "links"):
        drawn[name] = without_twins(drawn[name])
    drawn["children"] = [draw(born_before(row, contacts)) for row in drawn["children"]]
    return History(drawn, day)


VIEWERS = ("pooled", *HISTORY_AGENCIES, "police+social_care", "school+gp", "sector:health", "sector:education")
viewers = st.sampled_from(VIEWERS)

MANY = pytest.param(250, id="many draws", marks=pytest.mark.slow)
FEW = pytest.param(4, id="few draws")


def on_draws(*strategies: st.SearchStrategy[Any], few: int = 4) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make two tests of one check: on few draws for everyone, on many in the slow tier."""

    def both(check: Callable[..., None]) -> Callable[..., None]:
        @pytest.mark.parametrize("examples", [pytest.param(few, id="few draws"), MANY])
        def test(examples: int) -> None:
            settings(max_examples=examples)(given(*strategies)(check))()

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return both
