"""Pathway: which records are behind a value, what settings change, and how it is said."""

from __future__ import annotations

import datetime as dt

import pytest

from earlywarn.features.catalogue import pathway
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


def concern(name: str, category: str = "neglect", **cells) -> dict:
    row = dict(concern_id=f"{name}-{category}", child_id="c", record_id=name, category=category, closing="recorded")
    return row | cells


def episode(kind: str, start: int, end: int | None = None) -> tuple[dict, list[dict]]:
    """An episode, and the records that start and end it, called after the days."""
    name = f"{kind}_{start}"
    day = {n: DAY - dt.timedelta(days=n) for n in (start, end) if n is not None}
    row = dict(episode_id=name, child_id="c", kind=kind, started_by=name, start_on=day[start])
    carriers = [record(name, "social_care", start, "plan_start")]
    if end is not None:
        row |= dict(ended_by=f"{name}_end", end_on=day[end])
        carriers.append(record(f"{name}_end", "social_care", end, "plan_end"))
    return row, carriers


def rows_of(*told: tuple[dict, list[dict]], more: tuple[dict, ...] = (), **rows) -> dict:
    contacts = [each for _, carriers in told for each in carriers]
    return dict(contacts=[*contacts, *more], episodes=[row for row, _ in told], **rows)


def table_of(settings: Settings | None = None, **rows):
    records = with_rows(empty_records(), **rows)
    return build_features(records, DAY, features=pathway.features(settings or Settings()))


def value(table, name: str):
    return table.values[name][0]


def said(table, name: str) -> str:
    of = table.parts[f"{name}__of"][0] if f"{name}__of" in table.parts.columns else None
    return table.feature(name).sentence.say(value(table, name), of)


def test_a_concern_after_a_step_down():
    raised = record("r", "gp", 100)
    stepped = rows_of(
        episode("protection_plan", 700, 250), episode("child_in_need", 250), more=(raised,), concerns=[concern("r")]
    )
    table = table_of(**stepped)
    assert value(table, "start_again") == 1
    assert table.evidence("c", "start_again") == ["protection_plan_700_end", "r"]
    assert value(table_of(Settings(start_again_days=149), **stepped), "start_again") == 0


def test_no_step_down_where_a_higher_kind_ran_on():
    raised = record("r", "gp", 100)
    up = rows_of(
        episode("child_in_need", 700, 250), episode("looked_after", 249), more=(raised,), concerns=[concern("r")]
    )
    assert value(table_of(**up), "start_again") == 0


PLANS = rows_of(
    episode("protection_plan", 1500, 1300), episode("protection_plan", 900, 700), episode("protection_plan", 400)
)


def test_plans_again():
    table = table_of(**PLANS)
    assert value(table, "repeat_plans") == 2
    assert said(table, "repeat_plans") == "The records show 2 child protection plans after the first."
    assert value(table, "repeat_plan_24m") == 1
    assert table.evidence("c", "repeat_plan_24m") == [
        "protection_plan_400",
        "protection_plan_900",
        "protection_plan_900_end",
    ]
    assert value(table_of(Settings(repeat_plan_within_days=299), **PLANS), "repeat_plan_24m") == 0


LONG = [
    record("a", "social_care", 70, "assessment"),
    record("a_done", "social_care", 6, "conclusion", follows="a"),
    record("b", "social_care", 60, "assessment"),
    record("b_done", "social_care", 5, "conclusion", follows="b"),
    record("c1", "social_care", 62, "assessment"),
]


# From 23 August to 26 October there are 45 weekdays, as from 31 August on; the last Monday of August is a bank holiday,
# and not in Scotland.
@pytest.mark.parametrize(
    ("settings", "records"),
    [
        (Settings(), []),
        (Settings(assessment_working_days=44), []),
        (Settings(assessment_working_days=43), ["a", "a_done", "c1"]),
        (Settings(assessment_working_days=44, nation="SCT"), ["a", "a_done", "c1"]),
    ],
)
def test_assessments_over_the_standard(settings: Settings, records: list[str]):
    table = table_of(settings, contacts=LONG)
    assert value(table, "assessments_over_standard_365d") == len([r for r in records if "done" not in r])
    assert table.evidence("c", "assessments_over_standard_365d") == records
    definition = table.feature("assessments_over_standard_365d").definition
    assert f"exceed {settings.assessment_working_days}. Bank holidays: {settings.nation}." in definition


def test_a_conference_late_or_awaited():
    enquiries = [
        record("late", "social_care", 100, "strategy_enquiry"),
        record("met", "social_care", 60, "conference"),
        record("awaited", "social_care", 40, "strategy_enquiry", outcome="conference"),
        record("none", "social_care", 39, "strategy_enquiry"),
    ]
    table = table_of(contacts=enquiries)
    assert value(table, "conference_over_standard_365d") == 2
    assert table.evidence("c", "conference_over_standard_365d") == ["awaited", "late", "met"]
    slower = table_of(Settings(conference_working_days=27), contacts=enquiries)
    assert slower.evidence("c", "conference_over_standard_365d") == ["awaited"]


MISSED = tuple(record(f"m{days}", "gp", days, "appointment", attendance="no_access") for days in (100, 110, 128, 131))


def test_closed_after_missed_appointments():
    closed = rows_of(episode("child_in_need", 300, 100), more=MISSED)
    table = table_of(**closed)
    assert value(table, "closed_on_non_engagement") == 1
    assert table.evidence("c", "closed_on_non_engagement") == ["child_in_need_300_end", "m100", "m110", "m128"]
    assert value(table_of(Settings(missed_before_closing=4), **closed), "closed_on_non_engagement") == 0
    wider = Settings(missed_before_closing=4, missed_before_closing_days=32)
    assert value(table_of(wider, **closed), "closed_on_non_engagement") == 1
    assert said(table, "closed_on_non_engagement").startswith("Once in the last year a case or early help was closed")


def test_closed_while_a_concern_stood_and_not_where_a_case_ran_on():
    raised = dict(more=(record("r", "gp", 120),), concerns=[concern("r")])
    table = table_of(**rows_of(episode("early_help", 300, 100), **raised))
    assert value(table, "closed_on_non_engagement") == 1
    assert table.evidence("c", "closed_on_non_engagement") == ["early_help_300_end", "r"]
    ran_on = rows_of(episode("early_help", 300, 100), episode("child_in_need", 99), **raised)
    assert value(table_of(**ran_on), "closed_on_non_engagement") == 0
