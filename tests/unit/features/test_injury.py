"""Injuries: which count, what is one occasion, whose explanation differs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from earlywarn.features.catalogue import injury
from earlywarn.features.settings import Settings
from tests.unit.features.test_seeing import counted, days_ago, record, say, value

BABY = {"child_id": "c", "birth_on": days_ago(200)}


def fact(record_id: str, **said: str) -> list[dict]:
    return [{"record_id": record_id, "key": key, "value": word} for key, word in said.items()]


def concern(record_id: str, category: str) -> dict:
    return dict(concern_id=record_id, child_id="c", record_id=record_id, category=category, closing="recorded")


def table(contacts: list[dict], facts: list[dict], settings: Settings | None = None, **tables):
    return counted(injury.features(settings or Settings()), contacts, facts=facts, **tables)


def test_an_injury_before_the_child_could_move_about():
    rows = [record("baby", 100, agency="gp"), record("older", 10, agency="gp"), record("said", 5, agency="gp")]
    facts = [f for r in ("baby", "older") for f in fact(r, injury_site="arm")]
    said = [concern("said", "injury_not_mobile")]
    built = table(rows, facts, children=[BABY], concerns=said)
    assert value(built, "injury_not_mobile_365d") == 2
    assert built.evidence("c", "injury_not_mobile_365d") == ["baby", "said"]
    younger = table(rows, facts, Settings(not_mobile_below_days=100), children=[BABY], concerns=said)
    assert younger.evidence("c", "injury_not_mobile_365d") == ["said"]


def test_of_an_age_not_known_only_what_is_said_counts():
    rows = [record("a", 100), record("b", 50)]
    facts = fact("a", injury_site="arm")
    silent = table(rows, facts, children=[])
    assert value(silent, "injury_not_mobile_365d") is None
    assert silent.evidence("c", "injury_not_mobile_365d") == []
    told = table(rows, facts, children=[], concerns=[concern("b", "injury_not_mobile")])
    assert value(told, "injury_not_mobile_365d") == 1
    assert told.evidence("c", "injury_not_mobile_365d") == ["b"]


REPEATED = [record("a", 60), record("b", 54), record("c", 53), record("d", 40)]
SITES = [*fact("a", injury_site="arm"), *fact("b", injury_site=" ARM "), *fact("c", injury_site="back")]
FITS_NOT = fact("d", injury_site="arm", injury_explained="No")


def test_occasions_of_injury():
    """Day 54 belongs to the occasion of day 60; day 53 begins another; the one not explained counts twice."""
    built = table(REPEATED, [*SITES, *FITS_NOT])
    assert value(built, "repeat_injury_180d") == 4
    assert built.evidence("c", "repeat_injury_180d") == ["a", "b", "c", "d"]
    assert say(built, "repeat_injury_180d") == (
        "Injuries are recorded again in the last 180 days: 4 occasions, counting twice one whose explanation does not "
        "fit."
    )
    assert value(table(REPEATED, [*SITES, *FITS_NOT], Settings(injury_apart_days=6)), "repeat_injury_180d") == 4
    assert value(table(REPEATED, [*SITES, *FITS_NOT], Settings(injury_within_days=54)), "repeat_injury_180d") == 3


def test_one_site_told_by_one_agency_is_no_repeat():
    facts = [f for r in ("a", "d") for f in fact(r, injury_site="arm")]
    built = table(REPEATED, facts)
    assert value(built, "repeat_injury_180d") == 0
    assert built.evidence("c", "repeat_injury_180d") == []
    elsewhere = [REPEATED[0], record("d", 40, agency="hospital")]
    assert value(table(elsewhere, facts), "repeat_injury_180d") == 2


def test_occasions_equal_a_plain_count():
    """Many children at once, against a loop over the days of each."""
    draw = np.random.default_rng(1)
    days = [sorted(draw.integers(1, 181, draw.integers(0, 12)).tolist(), reverse=True) for _ in range(300)]
    grave = [[bool(draw.integers(0, 2)) for _ in child] for child in days]
    rows = [
        [{"days_ago": d, "unexplained": u} for d, u in zip(*child, strict=True)]
        for child in zip(days, grave, strict=True)
    ]
    dtype = pl.List(pl.Struct({"days_ago": pl.Int32, "unexplained": pl.Boolean}))
    got = injury._occasions(pl.Series(rows, dtype=dtype), apart=7)

    def plainly(child: list[dict]) -> int:
        occasions: list[list[dict]] = []
        for each in child:
            if not occasions or occasions[-1][0]["days_ago"] - each["days_ago"] >= 7:
                occasions.append([])
            occasions[-1].append(each)
        return sum(1 + any(each["unexplained"] for each in occasion) for occasion in occasions)

    assert got.to_list() == [plainly(child) for child in rows]


@pytest.mark.parametrize(
    ("said", "late"), [("2026-10-25T10:00", 0), ("2026-10-25T09:59", 1), ("2026-10-25", 0), ("2026-10-24", 1)]
)
def test_brought_late(said, late):
    """The record is of Monday 26 October, ten o'clock; a day is taken to its end."""
    built = table([record("a", 6)], fact("a", injured_at=said))
    assert value(built, "late_presentation_365d") == late
    assert built.evidence("c", "late_presentation_365d") == ["a"] * late
    patient = table([record("a", 6)], fact("a", injured_at=said), Settings(late_presentation_hours=40))
    assert value(patient, "late_presentation_365d") == 0
    assert "40 hours" in say(patient, "late_presentation_365d")


def explained(record_id: str, site: str, word: str) -> list[dict]:
    return fact(record_id, injury_site=site, injury_explained=word)


def test_explanations_that_differ():
    rows = [record("a", 60), record("b", 46, agency="hospital"), record("c", 31, agency="gp"), record("d", 46)]
    facts = [*explained("a", "arm", "yes"), *explained("b", "Arm", "FALSE"), *explained("c", "arm", "no")]
    built = table(rows, [*facts, *explained("d", "back", "yes")])
    assert value(built, "explanation_conflict") == 1
    assert built.evidence("c", "explanation_conflict") == ["a", "b"]
    longer = table(rows, facts, Settings(same_injury_days=15))
    assert longer.evidence("c", "explanation_conflict") == ["a", "b", "c"]
    shorter = table(rows, facts, Settings(same_injury_days=13))
    assert value(shorter, "explanation_conflict") == 0
    assert shorter.evidence("c", "explanation_conflict") == []


def test_one_agency_that_changes_its_mind_is_no_conflict():
    rows = [record("a", 60), record("b", 50)]
    assert (
        value(table(rows, [*explained("a", "arm", "yes"), *explained("b", "arm", "no")]), "explanation_conflict") == 0
    )


def test_injuries_are_told_of_in_concerns_or_in_facts():
    rows = [record("a", 60)]
    assert value(table(rows, []), "repeat_injury_180d") is None
    assert value(table(rows, fact("a", injury_site="arm")), "repeat_injury_180d") == 0
    assert value(table(rows, [], concerns=[concern("a", "neglect")]), "repeat_injury_180d") == 0
