"""Concerns: which records are behind a value, what settings change, and how it is said."""

from __future__ import annotations

import datetime as dt

import pytest

from earlywarn.features.catalogue import concerns
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


def fact(name: str, key: str, value: str) -> dict:
    return dict(record_id=name, key=key, value=value)


def due(name: str, days: int) -> dict:
    return fact(name, "action_due", str(DAY - dt.timedelta(days=days)))


def case(start: int, end: int | None = None) -> dict:
    row = dict(episode_id="e", child_id="c", kind="child_in_need", started_by="case")
    row |= dict(start_on=DAY - dt.timedelta(days=start))
    return row if end is None else row | dict(ended_by="ended", end_on=DAY - dt.timedelta(days=end))


def table_of(settings: Settings | None = None, **rows):
    records = with_rows(empty_records(), **rows)
    return build_features(records, DAY, features=concerns.features(settings or Settings()))


def value(table, name: str):
    return table.values[name][0]


def said(table, name: str) -> str:
    of = table.parts[f"{name}__of"][0] if f"{name}__of" in table.parts.columns else None
    return table.feature(name).sentence.say(value(table, name), of)


STANDING = dict(
    contacts=[
        record("a", "gp", 91),
        record("b", "school", 60),
        record("case", "social_care", 300, "plan_start"),
        record("ended", "social_care", 70, "plan_end"),
    ],
    concerns=[concern("a", severity=2), concern("b", "domestic_abuse", severity=3)],
    episodes=[case(300, 70)],
)


def test_how_long_concerns_stand():
    table = table_of(**STANDING)
    assert value(table, "unresolved_severity_days") == 2 * 91 + 3 * 60
    assert value(table, "unresolved_past_standard") == 1
    assert table.evidence("c", "unresolved_past_standard") == ["a"]
    assert said(table, "unresolved_past_standard").startswith("1 concern has gone more than 90 days")


def test_the_standard_is_a_setting():
    table = table_of(Settings(conclude_within_days=59), **STANDING)
    assert value(table, "unresolved_past_standard") == 2
    assert "59 days" in table.feature("unresolved_past_standard").definition
    assert "59 days" in said(table, "unresolved_past_standard")


def test_a_case_closed_while_a_concern_stood_names_the_record_that_closed_it():
    table = table_of(**STANDING)
    assert value(table, "closed_case_unconcluded") == 1
    assert table.evidence("c", "closed_case_unconcluded") == ["a", "ended"]
    still_open = table_of(**STANDING | dict(episodes=[case(300)]))
    assert value(still_open, "closed_case_unconcluded") == 0


CAME_BACK = dict(
    contacts=[
        record("a", "gp", 400),
        record("a_closed", "social_care", 350, "review"),
        record("a_again", "police", 200),
        record("b", "gp", 300),
        record("b_closed", "social_care", 250, "review"),
    ],
    concerns=[
        concern("a", closed_by="a_closed"),
        concern("a_again"),
        concern("b", "domestic_abuse", closed_by="b_closed"),
    ],
)


def test_a_concern_raised_again_names_both_strands_and_the_closing():
    table = table_of(**CAME_BACK)
    assert value(table, "reraised_after_conclusion") == 1
    assert table.evidence("c", "reraised_after_conclusion") == ["a", "a_again", "a_closed"]
    assert value(table, "reraised_share") == 0.5
    assert said(table, "reraised_share") == "Of 2 concluded concerns 1 was raised again within 180 days."
    assert table.evidence("c", "reraised_share", part="numerator") == ["a", "a_again", "a_closed"]
    assert {"b", "b_closed"} < set(table.evidence("c", "reraised_share", part="denominator"))


def test_how_soon_is_a_setting():
    table = table_of(Settings(reraised_within_days=149), **CAME_BACK)
    assert value(table, "reraised_after_conclusion") == 0
    assert said(table, "reraised_after_conclusion") == "No concern was raised again within 149 days of its conclusion."


def test_a_share_of_no_concluded_concerns_does_not_arise():
    table = table_of(**STANDING)
    assert value(table, "reraised_share") is None
    assert not table.parts["reraised_share__arises"][0]


def told(name: str, to: str, days: float, decision: str = "shared") -> dict:
    return dict(record_id=name, to_agency=to, shared_at=ago(days), decision=decision, extent="full")


APART = dict(
    contacts=[record("g", "gp", 50), record("p", "police", 40), record("s", "school", 20)],
    concerns=[concern("g"), concern("p", "domestic_abuse"), concern("s")],
)


@pytest.mark.parametrize(
    ("act", "kinds", "records"),
    [
        (told("g", "police", 45), 1, ["g", "s"]),  # an echo: the police had been told
        (told("g", "police", 40), 2, ["g", "p", "s"]),  # at the very moment is not before
        (told("g", "police", 45, "withheld"), 2, ["g", "p", "s"]),
        (told("p", "gp", 30), 2, ["g", "p", "s"]),  # told after it had raised its own
    ],
)
def test_agencies_that_raise_concerns_apart(act: dict, kinds: int, records: list[str]):
    table = table_of(**APART, sharing=[act])
    assert value(table, "independent_convergence") == kinds
    assert table.evidence("c", "independent_convergence") == records


def test_what_an_agency_was_told_of_long_before_makes_no_echo():
    act = dict(sharing=[told("g", "school", 45)])
    assert value(table_of(Settings(convergence_days=49), **APART, **act), "independent_convergence") == 2
    assert value(table_of(Settings(convergence_days=50), **APART, **act), "independent_convergence") == 2
    only_two = dict(contacts=APART["contacts"][::2], concerns=APART["concerns"][::2])
    assert value(table_of(**only_two, **act), "independent_convergence") == 0
    assert value(table_of(**only_two), "independent_convergence") == 1


ACTIONS = dict(
    contacts=[
        record("plan", "social_care", 200, "review"),
        record("other", "social_care", 180, "review"),
        record("done", "social_care", 100, "conclusion", follows="plan"),
    ],
    facts=[
        *(due("plan", days) for days in (150, 120, 30, -20)),
        due("other", 90),
        fact("done", "action_done", str(DAY - dt.timedelta(days=110))),
        fact("plan", "action_done", "soon"),
    ],
)


def test_actions_past_their_day():
    table = table_of(**ACTIONS)
    assert value(table, "overdue_actions") == 3
    assert value(table, "overdue_action_share") == 0.75
    assert value(table, "overdue_action_worst_days") == 120
    assert table.evidence("c", "overdue_actions") == ["other", "plan"]
    assert table.evidence("c", "overdue_action_worst_days") == ["plan"]
    assert table.evidence("c", "overdue_action_share", part="denominator") == ["done", "other", "plan"]
    assert said(table, "overdue_action_worst_days").startswith(
        "The agreed action longest past its day was due 3 months"
    )
    assert said(table, "overdue_action_share") == "Of 4 agreed actions that were due, 3 are not recorded as done."


def test_where_none_is_overdue_how_long_does_not_arise():
    table = table_of(contacts=ACTIONS["contacts"], facts=[due("plan", -5)])
    assert value(table, "overdue_actions") == 0
    assert value(table, "overdue_action_worst_days") is None
    assert not table.parts["overdue_action_worst_days__arises"][0]
    assert not table.parts["overdue_action_share__arises"][0]


VOICES = [
    record("f1", "family", 300, held_by="social_care", outcome="no_further_action"),
    record("f2", "public", 200, "referral", held_by="social_care", outcome="advice"),
    record("f3", "child_self", 100, held_by="police"),
]


def test_family_that_came_forward():
    table = table_of(contacts=VOICES)
    assert value(table, "family_voice_closed") == 2
    assert table.evidence("c", "family_voice_closed") == ["f1", "f2"]
    assert value(table_of(Settings(family_voice_least=3), contacts=VOICES), "family_voice_closed") == 0
    assert value(table_of(Settings(least_told=0.7), contacts=VOICES), "family_voice_closed") is None


def test_no_action_since_the_last_assessment():
    assessed = record("as", "social_care", 250, "assessment")
    table = table_of(contacts=[*VOICES, assessed])
    assert value(table, "no_action_run_24m") == 1
    assert table.evidence("c", "no_action_run_24m") == ["f2"]
    assert said(table, "no_action_run_24m").startswith("On 1 day in the last two years, since the last assessment")
