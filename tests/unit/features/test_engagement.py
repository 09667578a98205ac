"""Engagement: a pattern to discuss, and steps down while a concern stands."""

from __future__ import annotations

from earlywarn.features.catalogue import engagement
from earlywarn.features.settings import Settings
from tests.unit.features.test_seeing import counted, days_ago, record, say, value


def table(contacts: list[dict], settings: Settings | None = None, **tables):
    return counted(engagement.features(settings or Settings()), contacts, **tables)


def booked(prefix: str, agency: str, *ago: int, attendance: str = "attended") -> list[dict]:
    return [record(f"{prefix}{n}", n, "appointment", agency, attendance=attendance) for n in ago]


REVIEW = record("review", 100, "review")
PATTERN = [
    REVIEW,
    *booked("g", "gp", 100, 110, 114),
    *booked("s", "school", 115, 99, 50, attendance="was_not_brought"),
]


def test_attendance_that_differs_and_is_better_before_a_review():
    built = table(PATTERN)
    assert value(built, "selective_engagement") == 1
    assert built.evidence("c", "selective_engagement") == sorted(r["record_id"] for r in PATTERN)
    assert say(built, "selective_engagement").endswith("a pattern to discuss.")


def test_too_few_records_are_no_pattern():
    assert value(table(PATTERN[:-1]), "selective_engagement") is None
    assert value(table(PATTERN[:-1], Settings(engagement_least=2)), "selective_engagement") == 1
    assert value(table(PATTERN[1:]), "selective_engagement") is None


def test_thresholds_of_ones_own():
    mixed = [*PATTERN, *booked("k", "school", 40, 30, 20)]  # school 3 of 6, as are all not before the review
    assert value(table(mixed), "selective_engagement") == 1
    for name in ("engagement_spread", "engagement_before_review"):
        built = table(mixed, Settings(**{name: 0.51}))
        assert value(built, "selective_engagement") == 0
        assert "0.51" in built.feature("selective_engagement").definition


def concern(record_id: str, **cells) -> dict:
    fixed = dict(concern_id=record_id, child_id="c", record_id=record_id, category="neglect", closing="recorded")
    return fixed | cells


def test_it_is_no_pattern_where_fewer_concerns_come_back():
    told = [record(f"t{n}", n, "contact") for n in (400, 300, 250)]
    fewer = [*PATTERN, *told], [concern(r["record_id"]) for r in told]
    assert value(table(fewer[0], concerns=fewer[1]), "selective_engagement") == 0
    again = [record(f"t{n}", n, "contact") for n in (170, 90)]
    rows = [*fewer[0], *again]
    built = table(rows, concerns=[*fewer[1], *(concern(r["record_id"]) for r in again)])
    assert value(built, "selective_engagement") == 1


ENDED = [record("raised", 150, "contact"), record("start", 300, "plan_start"), record("end", 100, "plan_end")]
PLAN = dict(
    episode_id="e", child_id="c", kind="protection_plan", started_by="start", start_on=days_ago(300),
    ended_by="end", end_on=days_ago(100),
)  # fmt: skip


def test_stepped_down_while_a_concern_stood():
    built = table(ENDED, episodes=[PLAN], concerns=[concern("raised")])
    assert value(built, "optimism_gap") == 1
    assert built.evidence("c", "optimism_gap") == ["end", "raised"]


def test_not_where_it_was_concluded_by_then_or_a_higher_kind_ran_on():
    concluded = record("done", 100, "conclusion")
    by_then = table([*ENDED, concluded], episodes=[PLAN], concerns=[concern("raised", closed_by="done")])
    assert value(by_then, "optimism_gap") == 0
    care = dict(episode_id="f", child_id="c", kind="looked_after", started_by="end", start_on=days_ago(99))
    assert value(table(ENDED, episodes=[PLAN, care], concerns=[concern("raised")]), "optimism_gap") == 0
    lower = care | {"kind": "child_in_need"}
    assert value(table(ENDED, episodes=[PLAN, lower], concerns=[concern("raised")]), "optimism_gap") == 1


def test_a_concern_concluded_later_stood_then():
    later = record("done", 99, "conclusion")
    built = table([*ENDED, later], episodes=[PLAN], concerns=[concern("raised", closed_by="done")])
    assert value(built, "optimism_gap") == 1
