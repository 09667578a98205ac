"""Visibility and movement: which records are behind a value, what settings change, and how it is said."""

from __future__ import annotations

import datetime as dt

import pytest

from earlywarn.features.catalogue import visibility
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


def concern(name: str) -> dict:
    return dict(concern_id=name, child_id="c", record_id=name, category="neglect", closing="recorded")


def fact(name: str, key: str, value: str) -> dict:
    return dict(record_id=name, key=key, value=value)


def born(months: int) -> dict:
    return dict(child_id="c", birth_on=dt.date(2026 - months // 12, 11, 1))


def school(name: str, days: float, kind: str = "involvement_start", org: str = "o1") -> dict:
    return record(name, "school", days, kind, org_id=org)


def table_of(settings: Settings | None = None, **rows):
    records = with_rows(empty_records(), **rows)
    return build_features(records, DAY, features=visibility.features(settings or Settings()))


def value(table, name: str):
    return table.values[name][0]


def said(table, name: str) -> str:
    of = table.parts[f"{name}__of"][0] if f"{name}__of" in table.parts.columns else None
    return table.feature(name).sentence.say(value(table, name), of)


LEFT = school("left", 100, "involvement_end")
STARTED = record("case", "social_care", 600, "plan_start")
ENDED = record("ended", "social_care", 300, "plan_end")
CASE = dict(episode_id="e", child_id="c", kind="child_in_need", started_by="case", ended_by="ended")
CASE |= dict(start_on=dt.date(2025, 3, 11), end_on=dt.date(2026, 1, 5))


def test_leaving_school_alone_says_nothing():
    table = table_of(contacts=[LEFT])
    assert value(table, "education_exit") == 0
    assert table.evidence("c", "education_exit") == []


def test_leaving_school_with_a_concern_or_after_a_case():
    with_concern = table_of(contacts=[LEFT, record("r", "gp", 20)], concerns=[concern("r")])
    assert value(with_concern, "education_exit") == 1
    assert with_concern.evidence("c", "education_exit") == ["left", "r"]
    after_case = dict(contacts=[LEFT, STARTED, ENDED], episodes=[CASE])
    table = table_of(**after_case)
    assert value(table, "education_exit") == 1
    assert table.evidence("c", "education_exit") == ["ended", "left"]
    assert value(table_of(Settings(exit_after_case_days=199), **after_case), "education_exit") == 0


@pytest.mark.parametrize(("next_school", "wanted"), [(107, 0), (108, 1), (1, 0)])
def test_a_school_begun_at_since(next_school: int, wanted: int):
    contacts = [LEFT, school("next", next_school, org="o2"), record("r", "gp", 20)]
    assert value(table_of(contacts=contacts, concerns=[concern("r")]), "education_exit") == wanted


def test_a_child_of_sixteen_may_leave_school():
    table = table_of(contacts=[LEFT, record("r", "gp", 20)], concerns=[concern("r")], children=[born(192)])
    assert value(table, "education_exit") is None
    assert not table.parts["education_exit__arises"][0]


def entry(name: str, days: float, code: str, sessions: int) -> tuple[dict, list[dict]]:
    row = record(name, "school", days, "school_attendance")
    return row, [fact(name, "attendance_code", code), fact(name, "sessions", f"{sessions}.0")]


REGISTER = [entry("a", 200, "/", 30), entry("b", 50, "\\", 15), entry("c", 49, "O", 5), entry("d", 48, "#", 99)]


def register(settings: Settings | None = None):
    return table_of(settings, contacts=[row for row, _ in REGISTER], facts=[f for _, told in REGISTER for f in told])


def test_attendance_that_fell():
    table = register()
    assert value(table, "attendance_fall") == 25
    assert table.evidence("c", "attendance_fall") == ["a", "b", "c"]
    assert said(table, "attendance_fall").endswith("is 25 percentage points below that of the year before.")
    assert value(register(Settings(least_sessions=21)), "attendance_fall") is None
    assert value(register(Settings(attendance_recent_days=49)), "attendance_fall") is None


def test_moves_between_schools():
    contacts = [
        school("s1", 900),
        school("s2", 500, org="o2"),
        school("again", 400, org="o2"),
        school("s3", 90, org="o3"),
    ]
    table = table_of(contacts=contacts)
    assert value(table, "school_moves_24m") == 2
    assert table.evidence("c", "school_moves_24m") == ["again", "s2", "s3"]
    assert value(table_of(contacts=contacts[1:]), "school_moves_24m") == 1
    at_eleven = table_of(contacts=contacts, children=[born(132)])  # 500 days ago 3518 days old, 90 days ago 3928
    assert value(at_eleven, "school_moves_24m") == 1


def named(name: str, days: float, authority: str, **cells) -> tuple[dict, dict]:
    return record(name, "social_care", days, "other", **cells), fact(name, "authority", authority)


ACROSS = [named("n", 200, "Northshire"), named("w", 60, " westshire "), named("w2", 30, "Westshire")]


def moved(settings: Settings | None = None, *more: dict, told: tuple[dict, ...] = ()):
    contacts = [row for row, _ in ACROSS] + [record("r", "gp", 80), *more]
    return table_of(settings, contacts=contacts, facts=[f for _, f in ACROSS] + [*told], concerns=[concern("r")])


def test_another_authority_while_a_concern_stands():
    table = moved()
    assert value(table, "cross_border_open") == 1
    assert table.evidence("c", "cross_border_open") == ["n", "r", "w"]
    assert value(moved(Settings(receipt_working_days=45)), "cross_border_open") == 0


def test_received_in_time_or_by_a_shielded_record():
    met = record("met", "other_authority", 40, "conference")
    assert value(moved(None, met), "cross_border_open") == 0
    assert value(moved(Settings(receipt_working_days=10), met), "cross_border_open") == 1
    assert value(moved(None, met | dict(handling="shielded")), "cross_border_open") == 1
    said_so = record("got", "social_care", 50, "other")
    assert value(moved(None, said_so, told=(fact("got", "acknowledged_by", "gp"),)), "cross_border_open") == 0


def test_moves_between_households_leave_out_what_is_shielded():
    contacts = [record("h1", "gp", 400), record("h2", "gp", 100), record("h3", "gp", 50, handling="shielded")]
    homes = [dict(child_id="c", household_id=n, record_id=n) for n in ("h1", "h2", "h3")]
    table = table_of(contacts=contacts, households=homes)
    assert value(table, "household_moves_365d") == 1
    assert table.evidence("c", "household_moves_365d") == ["h2"]


GONE = dict(
    contacts=[
        record("m1", "police", 300, "missing"),
        record("m2", "police", 200, "missing"),
        record("m3", "police", 100, "missing"),
        record("m1_done", "police", 290, "conclusion", follows="m1"),
        record("seen", "social_care", 186, "return_interview"),
    ],
    facts=[
        fact("m1", "missing_hours", "12.5"),
        fact("m2", "missing_hours", "all night"),
        fact("m1_done", "return_interview_accepted", "No"),
    ],
)


def test_times_missing():
    table = table_of(**GONE)
    assert value(table, "missing_episodes_365d") == 3
    assert value(table, "missing_hours_365d") == 12.5
    assert table.evidence("c", "missing_hours_365d") == ["m1"]
    assert (
        said(table, "missing_hours_365d")
        == "The records show the child missing for 12.5 hours in all in the last year."
    )


def test_return_interviews():
    table = table_of(**GONE)
    assert value(table, "return_interview_share_365d") == 0.5
    assert table.evidence("c", "return_interview_share_365d") == ["m1", "m1_done", "m2", "seen"]
    assert table.evidence("c", "return_interview_share_365d", part="numerator") == ["m2", "seen"]
    assert said(table, "return_interview_share_365d").startswith("A return interview is recorded after 1 of 2 times")
    assert value(table_of(Settings(least_told=0.7), **GONE), "return_interview_share_365d") is None
