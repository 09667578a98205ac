"""Seeing the child: which records stand behind a value, and what a standard of one's own changes."""

from __future__ import annotations

import datetime as dt

import pytest

from earlywarn.features.catalogue import seeing
from earlywarn.features.engine import build_features
from earlywarn.features.settings import Settings
from tests.changes import empty_records, with_rows

DAY = dt.date(2026, 11, 1)
BORN = {"child_id": "c", "birth_on": dt.date(2020, 1, 1)}


def days_ago(number: int) -> dt.date:
    return DAY - dt.timedelta(days=number)


def record(record_id: str, ago: int, kind: str = "visit", agency: str = "social_care", **cells) -> dict:
    """A record of one child, ten o'clock in the morning so many days ago."""
    when = dt.datetime.combine(days_ago(ago), dt.time(10))
    fixed = dict(about="child", occurred_precision="instant", recorded_basis="source", source="s", source_row="1")
    said = dict(record_id=record_id, child_id="c", agency=agency, held_by=agency, kind=kind)
    return fixed | said | dict(occurred_at=when, known_at=when) | cells


def plan(start: int) -> dict:
    return dict(episode_id="e", child_id="c", kind="protection_plan", started_by="start", start_on=days_ago(start))


def counted(features, contacts: list[dict], **tables):
    records = with_rows(empty_records(), contacts=contacts, **{"children": [BORN], **tables})
    return build_features(records, DAY, features=features)


def table(contacts: list[dict], settings: Settings | None = None, **tables):
    return counted(seeing.features(settings or Settings()), contacts, **tables)


def value(built, name: str):
    return built.values[name][0]


def say(built, name: str) -> str:
    of = built.parts[f"{name}__of"][0] if f"{name}__of" in built.parts.columns else None
    return built.feature(name).sentence.say(value(built, name), of)


def test_a_share_names_the_records_of_both_its_parts():
    seen = [record(f"r{n}", 10 * n, planned=True, child_seen=n != 2) for n in (1, 2, 3)]
    built = table([*seen, record("unplanned", 5, child_seen=False)])
    assert value(built, "planned_unseen_share") == pytest.approx(1 / 3)
    assert built.evidence("c", "planned_unseen_share") == ["r1", "r2", "r3"]
    assert built.evidence("c", "planned_unseen_share", part="numerator") == ["r2"]
    assert say(built, "planned_unseen_share") == (
        "Of 1 of 3 planned contacts in person of the last 90 days the records say that the child was not seen."
    )


def test_a_share_is_not_told_where_most_records_do_not_say():
    told = [record(f"r{n}", n, planned=True, child_seen=False) for n in (1, 2)]
    silent = [record(f"s{n}", n, planned=True) for n in (1, 2, 3)]
    assert value(table([*told, *silent[:2]]), "planned_unseen_share") == 1
    built = table([*told, *silent])
    assert value(built, "planned_unseen_share") is None
    assert (
        say(built, "planned_unseen_share") == "Whether the child was seen at planned contacts: the records do not say."
    )
    assert value(table([*told, *silent], Settings(least_told=0.4)), "planned_unseen_share") == 1


def test_a_run_rests_on_the_contacts_since_the_child_was_seen():
    rows = [record("seen", 30, child_seen=True), record("old", 40, child_seen=False)]
    unseen = [record("a", 20, child_seen=False), record("b", 20, child_seen=False), record("c", 3, child_seen=False)]
    built = table([*rows, *unseen])
    assert value(built, "unseen_run") == 2
    assert built.evidence("c", "unseen_run") == ["a", "b", "c"]
    assert value(table(rows), "unseen_run") == 0


def test_seen_alone_names_all_that_was_looked_through():
    built = table(
        [record("a", 90, seen_alone=True), record("b", 20, seen_alone=True), record("c", 5, seen_alone=False)]
    )
    assert value(built, "days_since_seen_alone") == 20
    assert built.evidence("c", "days_since_seen_alone") == ["a", "b", "c"]


def test_never_seen_alone_counts_from_the_case_and_names_its_start():
    rows = [record("a", 90, seen_alone=False), record("start", 50, "plan_start")]
    built = table(rows, episodes=[plan(50)])
    assert value(built, "days_since_seen_alone") == 50
    assert built.evidence("c", "days_since_seen_alone") == ["a", "start"]
    assert value(table(rows), "days_since_seen_alone") == 90


def test_seen_alone_is_asked_from_an_age_on():
    rows = [record("a", 20, seen_alone=True)]
    assert value(table(rows, Settings(alone_from_months=83)), "days_since_seen_alone") is None
    built = table(rows, Settings(alone_from_months=82))
    assert value(built, "days_since_seen_alone") == 20
    assert "82 months" in built.feature("days_since_seen_alone").definition


VISITS = [record("start", 60, "plan_start"), record("seen", 24, child_seen=True), record("not", 2, child_seen=False)]


def test_a_visit_past_the_standard_names_the_visit_and_the_plan():
    built = table(VISITS, episodes=[plan(60)])
    assert value(built, "visit_overdue_days") == 7  # from Thursday 8 October to Sunday: 17 working days
    assert built.evidence("c", "visit_overdue_days") == ["seen", "start"]
    assert say(built, "visit_overdue_days") == (
        "A visit under the protection plan is 7 working days past the standard of 10. "
        "This describes the service, not the family."
    )
    assert built.parts["visit_overdue_days__arises"][0]


def test_without_a_visit_the_plan_sets_it_and_without_a_plan_it_does_not_arise():
    assert value(table([VISITS[0], VISITS[2]], episodes=[plan(60)]), "visit_overdue_days") == 33
    gone = {**plan(60), "ended_by": "not", "end_on": days_ago(2)}
    built = table(VISITS, episodes=[gone])
    assert value(built, "visit_overdue_days") is None
    assert not built.parts["visit_overdue_days__arises"][0]


def test_a_local_standard_and_another_nation_change_it():
    assert (
        value(table(VISITS, Settings(visit_standard_working_days=15), episodes=[plan(60)]), "visit_overdue_days") == 2
    )
    late_summer = [record("start", 70, "plan_start"), record("seen", 63, child_seen=True)]  # England's bank holiday
    days = [
        value(table(late_summer, Settings(nation=nation), episodes=[plan(70)]), "visit_overdue_days")
        for nation in ("ENG", "SCT")
    ]
    assert days == [34, 35]
    scottish = table(late_summer, Settings(nation="SCT"), episodes=[plan(70)])
    assert scottish.evidence("c", "visit_overdue_days") == ["seen", "start"]


def test_without_access_since_the_last_that_took_place():
    rows = [record("held", 50, planned=True, attendance="attended")]
    gone = [record(f"r{n}", n, planned=True, attendance="no_access") for n in (80, 40, 30)]
    cancelled = [record("x", 10, planned=True, attendance="cancelled_by_carer", agency="gp")]
    built = table([*rows, *gone, *cancelled])
    assert value(built, "no_access_run") == 3
    assert built.evidence("c", "no_access_run") == ["r30", "r40", "x"]
    assert value(built, "cancelled_by_carer_365d") == 1
    assert built.evidence("c", "cancelled_by_carer_365d") == ["x"]


@pytest.mark.parametrize(("ago", "said"), [(60, 0), (61, 1)])
def test_out_of_sight_where_a_concern_stands(ago, said):
    rows = [record("phone", 3, child_seen=True, mode="phone"), record("seen", ago, child_seen=True)]
    stands = dict(concern_id="y", child_id="c", record_id="seen", category="neglect", closing="recorded")
    built = table(rows, concerns=[stands])
    assert value(built, "out_of_sight") == said
    assert built.evidence("c", "out_of_sight") == ["phone", "seen"]
    assert value(table(rows, Settings(out_of_sight_days_concern=61), concerns=[stands]), "out_of_sight") == 0
    assert value(table(rows), "out_of_sight") is None


def test_out_of_sight_of_a_young_child_never_seen():
    young = {"child_id": "c", "birth_on": dt.date(2024, 1, 1)}
    rows = [record("a", 95, child_seen=False), record("b", 5, child_seen=False)]
    built = table(rows, children=[young])
    assert value(built, "out_of_sight") == 1
    assert built.evidence("c", "out_of_sight") == ["a", "b"]
    assert say(built, "out_of_sight") == (
        "For more than 60 days where a concern stands, or 90 days where the child is young, no record says that the "
        "child was seen in person."
    )
