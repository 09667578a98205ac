"""Valid tables, drawn by Hypothesis where the definitions turn: days at the edge of a window, corrections of
corrections, tellings beside an agency's own contact, acts of sharing on the eve.

Tables are dicts of lists of rows, as `tests.reference` reads them; `to_frames` turns them into what the library reads.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from hypothesis import strategies as st

from earlywarn.records.schema import RECORD_TABLES

Row = dict[str, Any]
Tables = dict[str, list[Row]]

AS_OF = dt.date(2026, 11, 1)
AGENCIES = ("social_care", "police", "gp", "school")
VIEWERS = ("pooled", *AGENCIES)

EDGES = (0, 1, 7, 8, 28, 29, 30, 31, 90, 91, 365, 366, 730, 731)
YEARS = (365, 366, 730, 731)
STEPS = (0, 1, 7, 8, 28, 29, 364, 365, 365, 366)
TIMES = (dt.time(), dt.time(9, 30), dt.time(23, 59, 59, 999999))
LAGS = (dt.timedelta(), dt.timedelta(hours=5), dt.timedelta(days=1), dt.timedelta(days=30), dt.timedelta(days=366))

SHAPES: tuple[Row, ...] = (
    {"kind": "visit", "mode": "in_person", "attendance": "attended", "child_seen": True},
    {"kind": "visit", "mode": "in_person", "attendance": "attended", "child_seen": False},
    {"kind": "visit", "mode": "in_person", "attendance": "no_access", "child_seen": False},
    {"kind": "appointment", "attendance": "was_not_brought"},
    {"kind": "encounter", "child_seen": True},
    {"kind": "encounter", "about": "household"},
    {"kind": "contact", "mode": "phone", "outcome": "no_further_action"},
    {"kind": "contact", "mode": "phone", "child_seen": False},
    {"kind": "referral", "held_by": "social_care"},
    {"kind": "referral", "held_by": "social_care"},
    {"kind": "referral", "held_by": "social_care", "outcome": "advice"},
    {"kind": "involvement_start", "held_by": "social_care", "worker_id": "w1"},
    {"kind": "involvement_start", "held_by": "social_care", "worker_id": "w2"},
    {"kind": "involvement_start", "held_by": "social_care", "worker_id": "w3"},
    {"kind": "information_check"},
    {"kind": "conclusion"},
    {"kind": "conclusion", "outcome": "no_further_action"},
    {"kind": "withdrawal"},
)
"""What records usually look like. Each is drawn as it stands, or with one thing about it changed."""

TWISTS: tuple[Row, ...] = (
    *({"kind": kind} for kind in ("contact", "visit", "referral", "involvement_start", "conference", "other")),
    *({"about": about} for about in ("household", "carer", "place")),
    *({"mode": mode} for mode in (None, "in_person", "phone")),
    *({"attendance": code} for code in (None, "attended", "was_not_brought", "no_access", "cancelled_by_carer")),
    *({"child_seen": seen} for seen in (None, True, False)),
    *({"outcome": outcome} for outcome in ("no_further_action", "advice", "assessment")),
    *({"worker_id": worker} for worker in (None, "w1", "w2")),
    *({"held_by": holder} for holder in AGENCIES),
)

CATEGORIES = ("neglect", "neglect", "neglect", "domestic_abuse", "missing", "young_carer", "our_local_code")
ROLES = ("mother", "mother", "partner", "partner", "adult_visitor", "adult_visitor", "sibling", "unknown")


def rarely(*values: object, of: int = 4) -> st.SearchStrategy[Any]:
    """None, and one time in so many (or so) one of the values."""
    return st.one_of(*[st.none()] * (of - 1), st.sampled_from(values))


def mostly(value: object, *others: object) -> st.SearchStrategy[Any]:
    """One value half of the time, else one of the others."""
    return st.sampled_from((*[value] * len(others), *others))


AFTER = (-1, -10)
DAYS_BEFORE = st.one_of(
    st.sampled_from((*EDGES * 4, *AFTER)), st.sampled_from(EDGES[1:9]), st.sampled_from(YEARS), st.integers(0, 900)
)
"""Days before AS_OF: mostly at the edges of the windows, seldom after AS_OF."""


@st.composite
def days(draw: st.DrawFn, others: tuple[dt.date, ...] = ()) -> dt.date:
    """Draw a day: by its distance from AS_OF, or by one of the steps that matter from another day."""
    if not others or draw(st.sampled_from((True, True, False))):
        return AS_OF - dt.timedelta(days=draw(DAYS_BEFORE))
    other = draw(st.sampled_from(others))
    step = dt.timedelta(days=draw(st.sampled_from(STEPS)))
    return other + step if other + step < AS_OF and draw(st.booleans()) else other - step


def day_of(record: Row) -> dt.date:
    """Day on which it happened, else became known."""
    return (record["occurred_at"] or record["known_at"]).date()


@st.composite
def timing(draw: st.DrawFn, others: tuple[dt.date, ...]) -> Row:
    """When it happened and when it was known: later, or the same instant, unless it is planned, as for after AS_OF."""
    if draw(st.integers(0, 9)) == 9:
        ahead = AS_OF + dt.timedelta(days=draw(st.sampled_from((0, 1, 10))))
        agreed = AS_OF - dt.timedelta(days=draw(st.sampled_from((1, 30))))
        noon = dt.time(12)
        happens, known = dt.datetime.combine(ahead, noon), dt.datetime.combine(agreed, noon)
        return {"planned": True, "occurred_at": happens, "known_at": known}
    happened = dt.datetime.combine(draw(days(others)), draw(st.sampled_from(TIMES)))
    planned = draw(st.sampled_from((None, None, False, True)))
    if planned and draw(st.booleans()):
        known = happened - draw(st.sampled_from(LAGS))
    else:
        known = happened + draw(st.sampled_from((*LAGS[:1] * 10, *LAGS)))
    return {
        "planned": planned,
        "occurred_at": happened if draw(st.sampled_from((True, True, True, False))) else None,
        "known_at": known,
    }


@st.composite
def a_telling(draw: st.DrawFn, own: Row) -> Row:
    """Draw what makes a record one agency's telling of another's contact, about a week after it."""
    happened = dt.datetime.combine(day_of(own) + dt.timedelta(days=draw(st.sampled_from((0, 7, 7, 8)))), dt.time(9))
    others = [agency for agency in AGENCIES if agency != own["agency"]]
    return {
        "kind": "contact",
        "agency": own["agency"],
        "held_by": draw(st.sampled_from(others)),
        "attendance": None,
        "occurred_at": happened,
        "known_at": happened,
    }


@st.composite
def a_record(draw: st.DrawFn, record_id: str, child_id: str, earlier: list[Row]) -> Row:
    """Draw one row of contacts. What it follows is among the earlier rows of the child."""
    agency = draw(st.sampled_from((*AGENCIES, *AGENCIES, "social_care", "family")))
    own = agency in AGENCIES and draw(st.sampled_from((True, True, False)))
    record = {
        **dict.fromkeys(RECORD_TABLES["contacts"].schema),
        "record_id": record_id,
        "child_id": child_id,
        "agency": agency,
        "held_by": agency if own else draw(st.sampled_from(AGENCIES)),
        "about": "child",
        "occurred_precision": "instant",
        "recorded_basis": "source",
        "source": "drawn.csv",
        "source_row": record_id,
        **draw(timing(tuple(day_of(row) for row in earlier))),
        **draw(st.sampled_from(SHAPES)),
    }
    if draw(st.sampled_from((False, False, True))):
        record |= draw(st.sampled_from(TWISTS))
    if earlier and draw(st.integers(0, 5)) == 5:
        record |= draw(a_telling(draw(st.sampled_from(earlier))))
    must_follow = record["kind"] in ("conclusion", "withdrawal")
    if earlier and (must_follow or draw(st.integers(0, 5)) == 5):
        target = draw(st.sampled_from(earlier))
        record["follows"] = target["record_id"]
        record["known_at"] = max(record["known_at"], target["known_at"])
    elif must_follow:
        record["kind"] = "contact"
    return record


@st.composite
def a_concern(draw: st.DrawFn, concern_id: str, records: list[Row]) -> Row:
    """Draw one concern of the child whose records these are, closed by one of them or not."""
    record = draw(st.sampled_from(records))
    ids = tuple(row["record_id"] for row in records)
    return {
        "concern_id": concern_id,
        "child_id": record["child_id"],
        "record_id": record["record_id"],
        "category": draw(st.sampled_from(CATEGORIES)),
        "code": None,
        "severity": draw(st.sampled_from((None, None, 0, 1, 2, 3))),
        "closing": draw(mostly("recorded", "recorded", "not_recordable")),
        "closed_by": draw(st.sampled_from(ids)) if draw(st.integers(0, 2)) == 2 else None,
    }


@st.composite
def valid_days(draw: st.DrawFn) -> Row:
    """Draw valid_from and valid_to, around AS_OF, in order where both are there."""
    after = (-400, -1, 0, 0, 0, 1)
    start = draw(rarely(*after))
    end = draw(rarely(*(number for number in after if start is None or number >= start), of=2))
    return {
        "valid_from": None if start is None else AS_OF + dt.timedelta(days=start),
        "valid_to": None if end is None else AS_OF + dt.timedelta(days=end),
    }


@st.composite
def a_person(draw: st.DrawFn, records: list[Row]) -> Row:
    """Draw one row of people."""
    record = draw(st.sampled_from(records))
    return {
        "child_id": record["child_id"],
        "person_id": draw(st.sampled_from(("p1", "p2", "p3", "p4"))),
        "role": draw(st.sampled_from(ROLES)),
        "record_id": record["record_id"],
        **draw(valid_days()),
    }


@st.composite
def an_episode(draw: st.DrawFn, episode_id: str, records: list[Row]) -> Row:
    """Draw one episode; its days lie about the days of records, so that referrals fall on its edges."""
    start = draw(st.sampled_from(records))
    some_days = tuple(sorted({day_of(row) for row in records}))
    start_on = draw(st.sampled_from(some_days)) + dt.timedelta(days=draw(st.sampled_from((-30, -1, -1, 0, 0, 1))))
    ended = draw(st.sampled_from((True, True, False)))
    ends = [max(start_on, day + dt.timedelta(days=step)) for day in some_days for step in (0, 1)]
    return {
        "episode_id": episode_id,
        "child_id": start["child_id"],
        "kind": draw(st.sampled_from(("child_in_need", "protection_plan", "looked_after", "early_help"))),
        "category": None,
        "started_by": start["record_id"],
        "start_on": start_on,
        "ended_by": draw(st.sampled_from(records))["record_id"] if ended else None,
        "end_on": draw(st.sampled_from(ends)) if ended else None,
    }


@st.composite
def an_act_of_sharing(draw: st.DrawFn, records: list[Row]) -> Row:
    """Draw one row of sharing: at once, later, or on the eve of AS_OF and the midnight that starts it."""
    record = draw(st.sampled_from(records))
    midnight = dt.datetime.combine(AS_OF, dt.time())
    eve = (midnight - dt.timedelta(microseconds=1), midnight)
    when = draw(st.sampled_from((*eve, *(record["known_at"] + lag for lag in LAGS))))
    return {
        "record_id": record["record_id"],
        "to_agency": draw(st.sampled_from(AGENCIES)),
        "shared_at": max(when, record["known_at"]),
        "decision": draw(mostly("shared", "shared", "withheld", "asked")),
        "extent": draw(mostly("full", "summary", "existence")),
        "basis": None,
        "told_family": None,
    }


@st.composite
def a_household(draw: st.DrawFn, records: list[Row]) -> Row:
    """Draw one row of households."""
    record = draw(st.sampled_from(records))
    household = draw(st.sampled_from(("h1", "h2")))
    return {
        "child_id": record["child_id"],
        "household_id": household,
        "record_id": record["record_id"],
        **draw(valid_days()),
    }


def known_before(row: Row, day: dt.date) -> bool:
    """Whether a record about the child happened, or was known, before that day."""
    times = (row["known_at"], row["occurred_at"] or row["known_at"])
    return bool(row["about"] == "child" and min(times).date() < day)


@st.composite
def a_child(draw: st.DrawFn, child_id: str, records: list[Row]) -> Row:
    """Draw one row of children: born long ago, about AS_OF, expected about AS_OF, or not stated.

    Nobody knows of a child more than 300 days before birth (EW-R21): one with older records was born long ago.
    """
    born = draw(st.sampled_from((-2000, -2000, -2000, None, None, -1, 0, 1)))
    expected = draw(st.sampled_from((None, -1, 0, 1)))
    if any(known_before(row, AS_OF - dt.timedelta(days=298)) for row in records):
        born, expected = (None, None) if born is None else (-2000, expected)
    return {
        "child_id": child_id,
        "birth_on": None if born is None else AS_OF + dt.timedelta(days=born),
        "expected_birth_on": None if expected is None else AS_OF + dt.timedelta(days=expected),
        "death_on": None,
    }


def without_twins(rows: list[Row]) -> list[Row]:
    """Rows without those equal to one before: reading would collapse them."""
    return [row for number, row in enumerate(rows) if row not in rows[:number]]


def many(most: int) -> st.SearchStrategy[int]:
    """At least one, and more often many than few."""
    return st.sampled_from(sorted((*range(1, most + 1), *range(most // 2 + 1, most + 1))))


def add_rows_of_child(draw: st.DrawFn, drawn: Tables, child_id: str) -> None:
    """Draw what the records of one child carry, in every other table."""
    records = [row for row in drawn["contacts"] if row["child_id"] == child_id]
    if draw(st.integers(0, 3)):
        drawn["children"].append(draw(a_child(child_id, records)))
    if not records:
        return
    for _ in range(draw(st.integers(0, 6))):
        drawn["concerns"].append(draw(a_concern(f"n{len(drawn['concerns']) + 1}", records)))
    for _ in range(draw(st.integers(0, 2))):
        drawn["episodes"].append(draw(an_episode(f"e{len(drawn['episodes']) + 1}", records)))
    drawn["people"] += draw(st.lists(a_person(records), min_size=draw(st.sampled_from((0, 3))), max_size=5))
    drawn["sharing"] += draw(st.lists(an_act_of_sharing(records), max_size=4))
    drawn["households"] += draw(st.lists(a_household(records), max_size=1))


def blanks() -> st.SearchStrategy[list[str]]:
    """Columns that no record fills, so that what needs them cannot be told."""
    column = st.sampled_from(("attendance", "child_seen", "worker_id"))
    return st.one_of(st.just([]), st.just([]), st.just([]), st.lists(column, unique=True))


@st.composite
def tables(draw: st.DrawFn, max_children: int = 3, max_records: int = 14) -> Tables:
    """Draw valid tables: every table and column is there, and every rule of `earlywarn.records.rules` is kept.

    Parameters
    ----------
    max_children : int
        Children with a record, at most.
    max_records : int
        Records of all children together, at most.

    """
    drawn: Tables = {name: [] for name in RECORD_TABLES}
    contacts = drawn["contacts"]
    child_ids = [f"c{number}" for number in range(1, draw(st.sampled_from((1, *range(1, max_children + 1)))) + 1)]
    for number in range(1, draw(many(max_records)) + 1):
        child_id = draw(st.sampled_from((*child_ids, "c1")))
        earlier = [row for row in contacts if row["child_id"] == child_id]
        contacts.append(draw(a_record(f"r{number}", child_id, earlier)))
    for child_id in child_ids:
        add_rows_of_child(draw, drawn, child_id)
    for name in ("people", "sharing", "households"):
        drawn[name] = without_twins(drawn[name])
    for column in draw(blanks()):
        for row in contacts:
            row[column] = None
    return drawn


def to_frames(drawn: Tables) -> dict[str, pl.DataFrame]:
    """Frames of the library's dtypes, one for every table of the records, with or without rows."""
    return {name: pl.DataFrame(drawn.get(name, []), schema=table.schema) for name, table in RECORD_TABLES.items()}
