"""A score is the sum of its points, every reason names records its viewer knew, and without them the flag falls."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from earlywarn.datasets.synthetic import make_cohort
from earlywarn.features.engine import build_features
from earlywarn.history.knowledge import knowledge
from earlywarn.records.reading import records_from_frames
from earlywarn.review.flags import raise_flags
from earlywarn.scoring.card import StartingCard
from tests.changes import without_records
from tests.strategies import AS_OF, tables, to_frames

DAY = dt.date(2026, 11, 1)


@settings(max_examples=20)
@given(tables())
def test_intercept_and_points_are_the_score(drawn):
    scored = StartingCard().score(build_features(records_from_frames(to_frames(drawn)), AS_OF, viewers="all"))
    points = pl.sum_horizontal(pl.selectors.starts_with("points__"))
    assert scored.select((pl.col("intercept") + points == pl.col("score")).all()).item()


@pytest.fixture(scope="module", params=[0, 5])
def flagged(request):
    records = make_cohort(200, seed=request.param).records
    return records, raise_flags(records, DAY, capacity=25)


def test_reasons_sum_to_the_score_and_none_is_empty(flagged):
    for flag in flagged[1]:
        assert flag.intercept + sum(r.points for r in flag.reasons) == flag.score
        assert any(r.points > 0 for r in flag.reasons)
        assert all(r.record_ids and r.sentence and r.points for r in flag.reasons)


def test_every_record_cited_exists_is_the_childs_and_was_known(flagged):
    records, flags = flagged
    midnight = dt.datetime.combine(DAY, dt.time(0))
    indexed = records.frames["contacts"].with_row_index("record")
    known = knowledge(records).filter((pl.col("viewer") == "pooled") & (pl.col("known_at") < midnight))
    owner = dict(known.join(indexed, on="record").select("record_id", "child_id").iter_rows())
    for flag in flags:
        assert {owner.get(i) for r in flag.reasons for i in r.record_ids} == {flag.child_id}


def test_without_the_records_cited_the_flag_falls(flagged):
    """Taking away what the reasons for reading cite leaves none of those reasons standing."""
    records, flags = flagged
    for flag in flags[:15]:
        cited = {i for r in flag.reasons if r.points > 0 for i in r.record_ids}
        bare = without_records(records.only([flag.child_id]), cited)
        again = StartingCard().score(build_features(bare, DAY)) if bare.children else None
        if again is None or again.is_empty():
            continue
        row = again.row(0, named=True)
        assert row["score"] < flag.score
        gone = [r.feature for r in flag.reasons if r.points > 0 and row[f"points__{r.feature}"] >= r.points]
        assert gone == [], f"{gone} stand without their records"


def test_the_list_is_no_longer_than_can_be_read(flagged):
    _, flags = flagged
    households = {flag.household for flag in flags}
    assert flags.households == len(households) <= flags.capacity
    assert [f.score for f in flags[:1]] == [max(f.score for f in flags)]
