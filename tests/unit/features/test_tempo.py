"""Tempo: the child's own rate, unscheduled visits, contacts close together."""

from __future__ import annotations

import math

import pytest

from earlywarn.features.catalogue import tempo
from earlywarn.features.settings import Settings
from tests.unit.features.test_seeing import counted, plan, record, say, value


def table(contacts: list[dict], settings: Settings | None = None, **tables):
    return counted(tempo.features(settings or Settings()), contacts, **tables)


def seen_by_the_gp(*ago: int) -> list[dict]:
    return [record(f"r{n}", n, "appointment", "gp") for n in ago]


def test_a_rate_is_set_against_the_childs_own():
    """Over 365 days before: 3 contacts, so 3 · 60 / 365 expected; 2 came."""
    built = table([record("first", 425, "other"), *seen_by_the_gp(400, 300, 200, 20, 10)])
    expected = (2 + 2) / (2 + 3 * 60 / 365)
    assert value(built, "contact_tempo_ratio") == pytest.approx(expected)
    assert built.evidence("c", "contact_tempo_ratio") == ["r10", "r20", "r200", "r300", "r400"]
    assert say(built, "contact_tempo_ratio") == (
        "Contacts in the last 60 days, apart from what a plan asks for, came 1.6 times as often as before, "
        "by this child's own rate."
    )


def test_what_a_plan_asks_for_is_left_out():
    """A planned visit by social care while a case ran; not one before it, nor one with an unplanned record beside."""
    first = record("start", 425, "plan_start")
    visits = [record(f"v{n}", n, planned=True) for n in (30, 20)]
    alone = table([first, *visits, *seen_by_the_gp(10)], episodes=[plan(425)])
    assert alone.evidence("c", "contact_tempo_ratio") == ["r10"]
    beside = table([first, *visits, record("u", 20, planned=False)], episodes=[plan(425)])
    assert beside.evidence("c", "contact_tempo_ratio") == ["u", "v20"]
    before = table([first, *visits], episodes=[plan(25)])
    assert before.evidence("c", "contact_tempo_ratio") == ["v30"]
    assert value(table([first, *visits], episodes=[plan(425)]), "contact_tempo_ratio") == 1


def test_a_rate_needs_time_on_record():
    assert value(table(seen_by_the_gp(149, 10)), "contact_tempo_ratio") is None
    assert value(table(seen_by_the_gp(150, 10)), "contact_tempo_ratio") == pytest.approx(3 / (2 + 60 / 90))
    assert value(table(seen_by_the_gp(149, 10), Settings(tempo_least_days=89)), "contact_tempo_ratio") is not None


def test_a_prior_of_ones_own_draws_less():
    rows = seen_by_the_gp(425, 10, 20)
    weak, usual = (value(table(rows, Settings(tempo_prior=a)), "contact_tempo_ratio") for a in (0.5, 2.0))
    assert weak > usual > 1


WALK_IN = [
    record("a", 5, "encounter", "emergency", org_id="north"),
    record("b", 9, "encounter", "urgent_care", planned=True, org_id="west"),
    record("c", 9, "encounter", "gp", planned=False),
    record("d", 9, "encounter", "gp", org_id="east"),
    record("e", 7, "encounter", "hospital", planned=False, org_id="south"),
]


def test_unscheduled_visits_and_their_sites():
    built = table(WALK_IN)
    assert value(built, "unscheduled_health_90d") == 3
    assert built.evidence("c", "unscheduled_health_90d") == ["a", "c", "e"]
    assert value(built, "unscheduled_health_sites_90d") == 2
    assert built.evidence("c", "unscheduled_health_sites_90d") == ["a", "e"]
    assert value(table(WALK_IN, Settings(least_told=0.7)), "unscheduled_health_sites_90d") is None


def test_contacts_close_together_by_hand():
    """Of 4 contacts 3 in 14 of 180 days; two of them on days 13 apart, the last two on one day by two agencies."""
    rows = [*seen_by_the_gp(100, 43, 30), record("x", 30, "encounter", "hospital")]
    built = table(rows)
    share = 14 / 180
    three = 4 * share**3 * (1 - share)
    chance = (3 / share - 5) * three + 2 * (three + share**4)
    assert value(built, "contact_burst") == pytest.approx(-math.log10(chance))
    assert built.evidence("c", "contact_burst") == ["r100", "r30", "r43", "x"]
    apart = table([*seen_by_the_gp(100, 44, 30), rows[-1]])
    assert value(apart, "contact_burst") < value(built, "contact_burst")
    assert value(table(rows, Settings(burst_days=180)), "contact_burst") == 0


def test_too_few_contacts_are_no_pattern():
    rows = seen_by_the_gp(1, 2)
    assert value(table(rows), "contact_burst") is None
    assert say(table(rows), "contact_burst") == "Whether contacts came close together: there are too few to say."
    assert value(table(rows, Settings(burst_least_contacts=2)), "contact_burst") > 0
