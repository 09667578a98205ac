"""Protective: which records are behind a value, what settings change, and how it is said."""

from __future__ import annotations

import datetime as dt

import pytest

from earlywarn.features.catalogue import protective
from earlywarn.features.engine import build_features
from earlywarn.features.settings import Settings
from tests.changes import empty_records, with_rows

DAY = dt.date(2026, 11, 1)


def ago(days: float) -> dt.datetime:
    return dt.datetime(2026, 11, 1, 12) - dt.timedelta(days=days)


def record(name: str, agency: str, days: float, kind: str = "contact", **cells) -> dict:
    row = dict(record_id=name, child_id="c", agency=agency, held_by=agency, kind=kind, about="child", source="t")
    row |= dict(occurred_at=ago(days), known_at=ago(days), occurred_precision="instant", recorded_basis="source")
    return row | dict(source_row=name) | cells


def worker(name: str, days: float, kind: str = "involvement_start") -> dict:
    return record(f"{kind}_{name}_{days}", "social_care", days, kind, worker_id=name)


def visit(name: str, days: float, *, seen: bool = True) -> dict:
    return record(name, "social_care", days, "visit", child_seen=seen)


def table_of(settings: Settings | None = None, **rows):
    records = with_rows(empty_records(), **rows)
    return build_features(records, DAY, features=protective.features(settings or Settings()))


def value(table, name: str):
    return table.values[name][0]


def said(table, name: str) -> str:
    of = table.parts[f"{name}__of"][0] if f"{name}__of" in table.parts.columns else None
    return table.feature(name).sentence.say(value(table, name), of)


STAYED = [worker("w0", 400), worker("w0", 300, "involvement_end"), worker("w", 200), visit("v1", 20), visit("v2", 150)]


def test_one_worker_who_saw_the_child():
    table = table_of(contacts=STAYED)
    assert value(table, "same_worker_seen") == 1
    assert table.evidence("c", "same_worker_seen") == ["involvement_start_w_200", "v1", "v2"]
    assert said(table, "same_worker_seen").startswith("The same worker has been allocated for at least 180 days")
    assert value(table_of(Settings(same_worker_days=201), contacts=STAYED), "same_worker_seen") == 0


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (worker("w", 10, "involvement_end"), 0),
        (worker("w9", 10, "involvement_end"), 1),
        (worker("w9", 200), 0),
        (visit("v3", 30, seen=False), 0),
        (visit("v3", 30, seen=False) | dict(attendance="no_access"), 1),
    ],
)
def test_what_undoes_it(more: dict, wanted: int):
    assert value(table_of(contacts=[*STAYED, more]), "same_worker_seen") == wanted


def test_one_visit_says_nothing():
    assert value(table_of(contacts=STAYED[:-1]), "same_worker_seen") is None


QUIET = dict(
    contacts=[
        record("a", "gp", 400),
        record("a_closed", "social_care", 200, "review"),
        record("b", "gp", 390),
        record("b_closed", "social_care", 300, "review"),
        record("b_again", "gp", 100),
    ],
    concerns=[
        dict(concern_id=n, child_id="c", record_id=n, category=category, closing="recorded", closed_by=closed)
        for n, category, closed in (
            ("a", "neglect", "a_closed"),
            ("b", "missing", "b_closed"),
            ("b_again", "missing", None),
        )
    ],
)


def test_concluded_and_not_raised_again():
    table = table_of(**QUIET)
    assert value(table, "concluded_and_quiet") == 1
    assert table.evidence("c", "concluded_and_quiet") == ["a", "a_closed"]
    assert value(table_of(Settings(quiet_days=201), **QUIET), "concluded_and_quiet") == 0


def told(days: int, attendance: str) -> dict:
    return record(f"t{days}", "gp", days, "appointment", attendance=attendance)


BEFORE = [told(100, "no_access"), told(200, "was_not_brought"), told(150, "attended")]


def test_attendance_that_came_back():
    table = table_of(contacts=[*BEFORE, told(10, "attended"), told(20, "attended")])
    assert value(table, "attendance_recovered") == 1
    assert table.evidence("c", "attendance_recovered") == ["t10", "t100", "t20", "t200"]
    assert value(table_of(contacts=[*BEFORE, told(10, "no_access"), told(20, "attended")]), "attendance_recovered") == 0


def test_where_nothing_was_missed_before_it_does_not_arise():
    few = table_of(contacts=BEFORE)
    none = table_of(contacts=BEFORE[1:])
    assert (value(few, "attendance_recovered"), value(none, "attendance_recovered")) == (None, None)
    assert few.parts["attendance_recovered__arises"][0]
    assert not none.parts["attendance_recovered__arises"][0]


def test_who_acknowledged_the_plan():
    contacts = [
        record("old", "social_care", 50, "review"),
        record("plan", "social_care", 30, "plan_start"),
        record("said", "social_care", 29, "conclusion", follows="plan"),
        record("g", "gp", 40),
        record("s", "school", 80),
        record("h", "hospital", 91, "encounter"),
    ]
    facts = [
        dict(record_id=name, key="acknowledged_by", value=agency)
        for name, agency in (("said", "gp"), ("old", "school"), ("plan", "police"))
    ]
    table = table_of(contacts=contacts, facts=facts)
    assert value(table, "plan_acknowledged_share") == 0.5
    assert said(table, "plan_acknowledged_share").startswith("1 of 2 other agencies in contact is recorded")
    assert table.evidence("c", "plan_acknowledged_share", part="numerator") == ["g", "plan", "said"]
    assert table.evidence("c", "plan_acknowledged_share") == ["g", "plan", "s", "said"]
