"""The reference of the catalogue answers for every feature, on draws that reach what the features turn on."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict

import pytest
from hypothesis import Phase, given, settings

from earlywarn.records.reading import records_from_frames
from tests.catalogue_reference import FEATURES, NEEDS, catalogue_reference_features
from tests.catalogue_reference.terms import as_day, as_number, as_time, quantile, working_days, yes_or_no
from tests.catalogue_strategies import AS_OF, Tables, to_frames, whole_tables

EMPTY = {"contact_tempo_ratio": 1.0}
"""What a feature says where nothing is counted, if not 0."""

CANNOT_BE_EMPTY = {"days_since_seen_alone", "unshared_oldest_days", "overdue_action_worst_days"}
"""Where nothing is counted, these do not arise."""

NEVER_NULL = {name for name, needs in NEEDS.items() if needs == (("contacts",),)} - {
    "education_exit",
    "return_interview_share_365d",
}
"""They need nothing but a record."""


def always_the_same(examples: int) -> settings:
    """So many draws, always the same."""
    return settings(max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate])


def draw_values(examples: int) -> dict[str, Counter]:
    values: dict[str, Counter] = defaultdict(Counter)

    @always_the_same(examples)
    @given(whole_tables())
    def look(found: Tables) -> None:
        for row in catalogue_reference_features(found, AS_OF, ["pooled"]).values():
            for name, value in row.items():
                values[name][value] += 1

    look()
    return values


@pytest.fixture(scope="module")
def values() -> dict[str, Counter]:
    """How often each feature took each value, over the draws."""
    return draw_values(300)


@pytest.mark.parametrize("name", FEATURES)
def test_each_feature_is_null_empty_and_more_in_a_fair_share_of_draws(name: str, values: dict[str, Counter]) -> None:
    told = {value: number for value, number in values[name].items() if value is not None}
    empty = EMPTY.get(name, 0)
    assert (None in values[name]) != (name in NEVER_NULL)
    assert empty in told or name in CANNOT_BE_EMPTY
    assert sum(number for value, number in told.items() if value != empty) >= 4


@always_the_same(15)
@given(whole_tables(6))
def test_draws_keep_the_contract(found: Tables) -> None:
    assert records_from_frames(to_frames(found)).quarantine.is_empty()


@pytest.mark.slow
@settings(max_examples=500)
@given(whole_tables())
def test_draws_keep_the_contract_at_length(found: Tables) -> None:
    assert records_from_frames(to_frames(found)).quarantine.is_empty()


def test_every_child_known_to_anyone_has_a_row_for_each_viewer() -> None:
    @always_the_same(10)
    @given(whole_tables(6))
    def look(found: Tables) -> None:
        rows = catalogue_reference_features(found, AS_OF, ["pooled", "gp"])
        children = {row["child_id"] for row in found["contacts"] if row["known_at"].date() < AS_OF}
        assert set(rows) == {(child, viewer) for child in children for viewer in ("pooled", "gp")}
        assert all(list(row) == list(FEATURES) for row in rows.values())

    look()


def test_of_the_pooled_view_alone() -> None:
    pooled = {"pair_coverage_365d", "unshared_concerns_365d", "unshared_oldest_days", "lead_told_share_365d"}

    @always_the_same(20)
    @given(whole_tables(6))
    def look(found: Tables) -> None:
        for row in catalogue_reference_features(found, AS_OF, ["social_care"]).values():
            assert {row[name] for name in pooled} == {None}

    look()


@pytest.mark.parametrize(
    ("start", "end", "number"),
    [
        (dt.date(2026, 10, 5), dt.date(2026, 10, 12), 5),
        (dt.date(2026, 10, 9), dt.date(2026, 10, 12), 1),
        (dt.date(2026, 8, 28), dt.date(2026, 9, 2), 2),  # the last Monday of August is a bank holiday
        (dt.date(2026, 12, 24), dt.date(2026, 12, 30), 2),  # and so are Christmas, and the Monday for Boxing Day
        (dt.date(2026, 10, 5), dt.date(2026, 10, 5), 0),
        (dt.date(2026, 10, 6), dt.date(2026, 10, 5), 0),
    ],
)
def test_working_days(start: dt.date, end: dt.date, number: int) -> None:
    assert working_days(start, end) == number


def test_facts_are_read_or_not() -> None:
    assert [yes_or_no(word) for word in ("Yes", "1", "FALSE", "n", "perhaps")] == [True, True, False, False, None]
    assert as_day("2026-10-01") == dt.date(2026, 10, 1)
    assert as_day("01/10/2026") is None
    assert as_time("2026-10-01") == dt.datetime(2026, 10, 2)
    assert as_time("2026-10-01T09:30") == dt.datetime(2026, 10, 1, 9, 30)
    assert as_time("last week") is None
    assert (as_number("12.5"), as_number("nan"), as_number("overnight")) == (12.5, None, None)


def test_quantile_lies_straight_between_two_values() -> None:
    assert quantile([1.0, 2.0, 4.0], 0.9) == pytest.approx(3.6)
