"""What holds of every feature of the catalogue alike: no leak, no order, and nothing without its records."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.features.catalogue import catalogue
from earlywarn.features.engine import build_features
from earlywarn.features.everyone import everyone, needs_of_all
from earlywarn.history.days import as_day
from earlywarn.records.reading import records_from_frames
from tests.catalogue_strategies import AS_OF, to_frames, whole_tables
from tests.changes import only_what_was_known, shuffled, without_records
from tests.histories import on_draws
from tests.together import together

ALL = catalogue()
WHOLE = st.lists(whole_tables(), min_size=6, max_size=6).map(together)


def counted(records, **also):
    return build_features(records, AS_OF, features=ALL, **also)


@on_draws(WHOLE, few=3)
def test_nothing_known_later_changes_a_feature_or_its_records(drawn):
    now, then = (
        counted(records_from_frames(to_frames(tables)), viewers="all")
        for tables in (drawn, only_what_was_known(drawn, AS_OF))
    )
    assert now.to_polars().equals(then.to_polars())
    assert now.coverage.equals(then.coverage)
    rows = now.values["row"]
    assert now.evidence_of(rows, now.names).equals(then.evidence_of(rows, then.names))


@on_draws(WHOLE, st.integers(0, 2**16), few=3)
def test_the_order_of_rows_changes_nothing(drawn, seed):
    records = records_from_frames(to_frames(drawn))
    one, other = (counted(r, viewers=["pooled", "school"]) for r in (records, shuffled(records, seed)))
    assert one.to_polars().equals(other.to_polars())
    rows = one.values["row"]
    assert one.evidence_of(rows, one.names).equals(other.evidence_of(rows, other.names))


@on_draws(WHOLE, few=1)
def test_a_child_alone_is_as_among_all(drawn):
    records = records_from_frames(to_frames(drawn))
    whole = counted(records)
    for child in whole.values["child_id"][::5]:
        alone = counted(records, children=[child])
        assert alone.to_polars().equals(whole.only([child]).to_polars())
        assert _cited(alone, child) == _cited(whole, child)


def _cited(table, child) -> list[tuple[str, str]]:
    rows = table.only([child]).values["row"]
    return table.evidence_of(rows, table.names).select("feature", "record_id").rows()


STANDS = {
    "independent_convergence": "a concern that was told of by another, now gone, was no echo",
    "handover_gap_days": "the day a successor saw the child, once gone, leaves a longer gap",
    "visit_overdue_days": "without the plan that is open, an older one that is open too counts",
    "selective_engagement": "with some appointments gone the shares of the others differ more",
}
"""Features that rest on what is there beside their records, and why taking those away may leave a value."""

UNCOVERED = {"contacts", "agency_days", "contact_days", "agency_ties", "others_days", "strands"}
"""Frames in which a record may stand behind one that is taken away: a telling behind the agency's own contact, a
concern behind the record that concluded it. It is taken away in its turn."""


@on_draws(WHOLE, few=2)
def test_without_its_records_a_feature_is_empty_or_further_from_its_extreme(drawn):
    records = records_from_frames(to_frames(drawn))
    table = counted(records)
    known = everyone(records, [as_day(AS_OF)], needs_of_all(ALL))
    wrong = []
    for feature in ALL:
        told = _first_told(table, feature)
        if told is not None and feature.name not in STANDS:
            wrong += _stands(records, feature, known, *told)
    assert not wrong


def _stands(records, feature, known, child: str, value: float) -> list[str]:
    """Say what is wrong if the value stands without its records."""
    left: float | None = value
    for _ in range(3 if feature.over in UNCOVERED else 1):
        table = build_features(records, AS_OF, features=[feature], others=known, children=[child])
        cited = set(table.evidence(child, feature.name))
        if not cited:
            return [f"{feature.name} of {child} is {left} and rests on nothing"]
        records = without_records(records, cited)
        bare = build_features(records, AS_OF, features=[feature], others=known, children=[child])
        left = next(iter(bare.values[feature.name]), None)
        if left is None or left == EMPTY.get(feature.name, 0) or (feature.sets is not None and left != value):
            return []
    return [f"{feature.name} of {child}: {value}, and {left} without its records"]


EMPTY = {"contact_tempo_ratio": 1}
"""What is said of nothing, where that is not 0."""


def _first_told(table, feature) -> tuple[str, float] | None:
    """The first child of whom the feature says something that it does not say of nothing."""
    told = table.values.select("child_id", feature.name).drop_nulls()
    told = told.filter(pl.col(feature.name) != EMPTY.get(feature.name, 0))
    return told.row(0) if told.height else None


@settings(max_examples=3)
@given(WHOLE)
def test_the_upper_part_of_a_share_is_among_what_it_is_a_share_of(drawn):
    shares = [f for f in ALL if f.part is not None]
    table = build_features(records_from_frames(to_frames(drawn)), AS_OF, features=shares)
    names = [f.name for f in shares]
    upper, lower = (table.evidence_of(table.values["row"], names, part=p) for p in ("numerator", "denominator"))
    assert upper.join(lower, on=upper.columns, how="anti").is_empty()
    assert upper.height < lower.height
