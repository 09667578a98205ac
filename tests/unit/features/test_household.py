"""The household: who was met, which other children live there, and that a child alone is told the same as among all."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from earlywarn.features.catalogue import household
from earlywarn.features.engine import build_features
from earlywarn.features.settings import Settings
from earlywarn.records.reading import records_from_frames
from tests.catalogue_strategies import AS_OF, to_frames, whole_tables
from tests.changes import empty_records, with_rows

DAY = dt.date(2026, 11, 1)


def ago(days: float) -> dt.datetime:
    return dt.datetime(2026, 11, 1, 12) - dt.timedelta(days=days)


def record(name: str, child: str = "c", days: float = 30, kind: str = "contact", **cells) -> dict:
    row = dict(record_id=name, child_id=child, agency="gp", held_by="gp", kind=kind, about="child", source="t")
    row |= dict(occurred_at=ago(days), known_at=ago(days), occurred_precision="instant", recorded_basis="source")
    return row | dict(source_row=name) | cells


def person(name: str, role: str, by: str, **cells) -> dict:
    return dict(child_id="c", person_id=name, role=role, record_id=by) | cells


def home(child: str, by: str, household_id: str = "h", **cells) -> dict:
    return dict(child_id=child, household_id=household_id, record_id=by) | cells


def features_of(chosen: Settings | None = None, only: list[str] | None = None, **rows):
    records = with_rows(empty_records(), **rows)
    return build_features(records, DAY, features=household.features(chosen or Settings()), children=only)


def value(table, name: str, child: str = "c"):
    return table.values.filter(pl.col("child_id") == child)[name][0]


INFANT = dict(
    contacts=[record("v", kind="visit"), record("r"), record("m", kind="visit", attendance="no_access")],
    people=[
        *(person("mum", "mother", "v"), person("mum", "mother", "r"), person("dad", "father", "r")),
        *(person("gran", "grandparent", "r"), person("late", "partner", "m")),
    ],
    children=[dict(child_id="c", birth_on=dt.date(2026, 3, 1))],
)


def test_carers_whom_no_visit_names():
    """The mother was visited; a visit to a closed door met nobody; a grandparent is no carer."""
    table = features_of(**INFANT)
    assert value(table, "carer_never_engaged") == 2
    assert table.evidence("c", "carer_never_engaged") == ["m", "r"]
    said = table.feature("carer_never_engaged").sentence.say(2)
    assert said == "2 parents or carers named in the records are named in no record of a visit or meeting."


def test_an_older_child_is_not_asked_of_nor_one_who_ended():
    older = features_of(Settings(infant_below_months=6), **INFANT)
    assert value(older, "carer_never_engaged") is None
    assert not older.parts["carer_never_engaged__arises"][0]
    left = person("dad", "father", "z", valid_to=dt.date(2026, 10, 1))
    newer = dict(contacts=[*INFANT["contacts"], record("z", days=2)], people=[*INFANT["people"], left])
    ended = features_of(**{**INFANT, **newer})
    assert ended.evidence("c", "carer_never_engaged") == ["m"]


def lived_with(**sibling) -> dict:
    """A child, and another of the household with an enquiry three years ago."""
    contacts = [record("a"), record("b", "s", **sibling), record("q", "s", 1000, "strategy_enquiry")]
    return dict(contacts=contacts, households=[home("c", "a"), home("s", "b")])


def test_another_child_of_the_household_had_an_enquiry():
    table = features_of(**lived_with())
    assert value(table, "linked_child_history") == 1
    assert value(table, "linked_child_history", "s") == 0  # the enquiry is the other child's, not its sibling's
    assert table.evidence("c", "linked_child_history") == ["a", "b", "q"]
    assert "This says nothing of this child" in table.feature("linked_child_history").sentence.say(1)
    assert value(features_of(Settings(linked_years_days=900), **lived_with()), "linked_child_history") == 0


def test_a_protection_plan_counts_by_the_day_it_started():
    plan = dict(episode_id="e", child_id="s", kind="protection_plan", started_by="b", start_on=dt.date(2020, 1, 1))
    rows = lived_with()
    rows["contacts"] = rows["contacts"][:2]
    assert value(features_of(**rows, episodes=[plan]), "linked_child_history") == 0
    recent = plan | dict(start_on=dt.date(2025, 1, 1))
    assert value(features_of(**rows, episodes=[recent]), "linked_child_history") == 1


@pytest.mark.parametrize("whose", ["a", "b"])
def test_what_a_shielded_record_says_joins_nobody(whose):
    rows = lived_with()
    rows["contacts"] = [r | dict(handling="shielded") if r["record_id"] == whose else r for r in rows["contacts"]]
    assert value(features_of(**rows), "linked_child_history") == (None if whose == "a" else 0)


def test_one_who_has_left_is_not_of_the_household():
    rows = lived_with()
    rows["households"][1] |= dict(valid_to=dt.date(2026, 10, 1))
    assert value(features_of(**rows), "linked_child_history") == 0


def test_alone_as_among_all_also_where_a_link_makes_two_households_one():
    link = dict(child_id="h", same_as="h2", known_at=ago(5), method="told", subject="household")
    rows = lived_with()
    rows["households"][1] |= dict(household_id="h2")
    assert value(features_of(**rows), "linked_child_history") == 0
    for only in (None, ["c"]):
        table = features_of(only=only, **rows, links=[link])
        assert value(table, "linked_child_history") == 1
        assert table.evidence("c", "linked_child_history") == ["a", "b", "q"]


@settings(max_examples=5)
@given(whole_tables(4))
def test_a_child_looked_at_alone_is_told_the_same(drawn):
    records = records_from_frames(to_frames(drawn))
    features, viewers = household.features(Settings()), ["pooled", "social_care", "gp"]
    together = build_features(records, AS_OF, viewers=viewers, features=features).to_polars()
    for child in together["child_id"].unique():
        alone = build_features(records, AS_OF, viewers=viewers, features=features, children=[child]).to_polars()
        assert alone.equals(together.filter(pl.col("child_id") == child))


def test_kinds_of_concern_about_adults():
    raised = [record(name, days=days) for name, days in (("a", 30), ("b", 20), ("d", 100))]
    named = [("a", "domestic_abuse"), ("b", "domestic_abuse"), ("b", "neglect"), ("d", "substance_parent")]
    concerns = [dict(concern_id=f"{r}{c}", child_id="c", record_id=r, category=c, closing="recorded") for r, c in named]
    table = features_of(contacts=raised, concerns=concerns)
    assert value(table, "adult_factors") == 2
    assert table.evidence("c", "adult_factors") == ["a", "b", "d"]
    blind = [row | dict(closing="not_recordable") for row in concerns[:1]]
    other = dict(concerns[3], child_id="o", record_id="o")
    assert value(features_of(contacts=[*raised, record("o", "o")], concerns=[*blind, other]), "adult_factors") is None
