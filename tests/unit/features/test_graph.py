"""The graph of the agencies in contact: which records are behind a value, and how it is said."""

from __future__ import annotations

import datetime as dt

import pytest

from earlywarn.features.catalogue import graph
from earlywarn.features.engine import build_features
from earlywarn.features.settings import Settings
from earlywarn.history.measures import graph_measures
from tests.changes import empty_records, with_rows

DAY = dt.date(2026, 11, 1)


def ago(days: float) -> dt.datetime:
    return dt.datetime(2026, 11, 1, 12) - dt.timedelta(days=days)


def record(name: str, agency: str, days: float, held_by: str | None = None) -> dict:
    row = dict(record_id=name, child_id="c", agency=agency, held_by=held_by or agency, kind="contact", about="child")
    row |= dict(occurred_at=ago(days), known_at=ago(days), occurred_precision="instant", recorded_basis="source")
    return row | dict(source="t", source_row=name)


def told(name: str, to: str, days: float) -> dict:
    return dict(record_id=name, to_agency=to, shared_at=ago(days), decision="shared", extent="summary")


AGENCIES = ("gp", "school", "police", "hospital", "social_care")
ROWS = dict(
    contacts=[record(code, code, 30 + n) for n, code in enumerate(AGENCIES)],
    sharing=[told("gp", "school", 20), told("school", "gp", 19), told("school", "police", 18), told("gp", "camhs", 9)],
)


def table_of(viewers: str = "pooled", **rows):
    records = with_rows(empty_records(), **rows)
    return build_features(records, DAY, viewers=viewers, features=graph.features(Settings()))


def value(table, name: str):
    return table.values[name][0]


def said(table, name: str) -> str:
    of = table.parts[f"{name}__of"][0] if f"{name}__of" in table.parts.columns else None
    return table.feature(name).sentence.say(value(table, name), of)


def test_parts_of_the_agencies_in_contact():
    """GP, school and police are one part; the hospital and social care stand apart; CAMHS is in no contact."""
    table = table_of(**ROWS)
    assert value(table, "agency_groups_365d") == 3
    assert value(table, "agencies_apart_365d") == 2
    assert table.evidence("c", "agencies_apart_365d") == ["hospital", "social_care"]
    assert said(table, "agency_groups_365d").startswith("The agencies in contact in the last year form 3 groups")


def test_pairs_that_told_one_another():
    table = table_of(**ROWS)
    assert value(table, "told_pairs_share_365d") == pytest.approx(0.2)
    assert said(table, "told_pairs_share_365d").endswith("telling the other: 2 of 10.")
    assert table.evidence("c", "told_pairs_share_365d", part="numerator") == ["gp", "police", "school"]
    assert table.evidence("c", "told_pairs_share_365d") == sorted(AGENCIES)


def test_a_telling_of_long_ago_joins_nobody():
    old = record("old", "gp", 500)
    table = table_of(contacts=[*ROWS["contacts"], old], sharing=[told("old", "school", 400), told("old", "police", 9)])
    assert value(table, "agency_groups_365d") == 4
    assert table.evidence("c", "told_pairs_share_365d", part="numerator") == ["gp", "old", "police"]


def test_within_a_year_it_agrees_with_the_contact_graph():
    """Where all agencies told, or told of, are in contact, the parts are the silos of the contact graph."""
    rows = {**ROWS, "sharing": ROWS["sharing"][:3]}
    measured = graph_measures(with_rows(empty_records(), **rows), DAY)
    assert measured["silos"][0] == value(table_of(**rows), "agency_groups_365d")


def test_one_agency_alone_and_none():
    alone = table_of(contacts=ROWS["contacts"][:1], sharing=ROWS["sharing"][:1])
    assert [value(alone, n) for n in ("agency_groups_365d", "agencies_apart_365d")] == [1, 0]
    assert alone.evidence("c", "agencies_apart_365d") == []
    assert value(alone, "told_pairs_share_365d") is None
    nobody = table_of(contacts=[record("old", "gp", 500)], sharing=[told("old", "school", 400)])
    assert [value(nobody, n) for n in ("agency_groups_365d", "agencies_apart_365d")] == [0, 0]


def test_what_social_care_knows_of_the_contacts_of_others():
    rows = dict(ROWS, contacts=[*ROWS["contacts"], record("written", "probation", 10, held_by="social_care")])
    table = table_of(**{**rows, "sharing": [told("gp", "social_care", 20)]})
    assert value(table, "lead_told_share_365d") == pytest.approx(2 / 5)
    assert table.evidence("c", "lead_told_share_365d", part="numerator") == ["gp", "written"]
    assert said(table, "lead_told_share_365d").endswith("social care records we were given: 2 of 5.")
    assert value(table_of(viewers="gp", **rows), "lead_told_share_365d") is None


def test_nobody_can_say_what_reached_social_care_without_a_record_of_its():
    assert value(table_of(contacts=ROWS["contacts"][:4]), "lead_told_share_365d") is None
