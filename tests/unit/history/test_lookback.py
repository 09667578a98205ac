"""Many days and viewers at once: in numbers, with wide columns fetched when asked for."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from earlywarn.errors import ArgumentError
from earlywarn.features.engine import build_features
from earlywarn.features.feature import Feature, Sentence
from earlywarn.history.days import day_after
from earlywarn.history.lookback import look_back
from earlywarn.history.view import View
from tests.changes import empty_records, with_rows

DAYS = [dt.date(2025, 6, 1), dt.date(2026, 11, 1)]
VIEWERS = ["pooled", "hospital+police", "sector:health"]


@pytest.fixture(scope="module")
def look(example):
    return look_back(example, DAYS, VIEWERS)


def test_what_multiplies_with_days_and_viewers_is_numbers_alone(look):
    assert all(dtype.is_integer() for dtype in look.held.schema.values())
    assert look.held.width == 4
    assert look.held["row"].is_sorted()


def test_a_frame_fetches_the_columns_asked_for(look):
    narrow = look.records.select("row", "kind").collect()
    assert narrow.equals(look.records.collect().select("row", "kind"))
    assert "child_seen" not in look.records.select("row", "kind").explain(optimized=True)


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("day", DAYS)
def test_together_they_say_what_each_view_says_alone(example, look, day, viewer):
    rows = look.spine.filter((pl.col("as_of") == day) & (pl.col("viewer") == viewer)).select("row", "child_id")
    frame = look.records.collect().join(rows, on="row").select("child_id", "record_id").sort(pl.all())
    alone = View(example, day, viewer).frames["contacts"].select("child_id", "record_id").sort(pl.all())
    assert frame.height
    assert frame.equals(alone)


def test_a_view_of_some_children_is_those_children_of_the_whole(example):
    whole = View(example, "2026-11-01", "sector:health")
    some = whole.children[3:60:9]
    part = whole.only(some)
    assert part.children == some
    ids = set(part.frames["contacts"]["record_id"])
    for name, frame in part.frames.items():
        if "child_id" in frame.columns:
            mine = whole.frames[name].filter(pl.col("child_id").is_in(some))
        else:
            mine = whole.frames[name].filter(pl.col("record_id").is_in(ids))
        assert frame.sort(pl.all()).equals(mine.sort(pl.all())), name


def test_the_day_after_is_after_everything_even_what_was_told_or_linked_last():
    record = dict(record_id="r", child_id="c", agency="gp", held_by="gp", kind="encounter", about="child")
    record |= dict(occurred_precision="day", recorded_basis="source", source="s", source_row="1")
    record |= dict(known_at=dt.datetime(2026, 3, 1, 9))
    act = dict(record_id="r", to_agency="police", decision="shared", extent="full")
    link = dict(child_id="c", same_as="d", method="number", known_at=dt.datetime(2026, 7, 31))
    rows = {"contacts": [record]}
    assert day_after(with_rows(empty_records(), **rows)) == dt.date(2026, 3, 2)
    rows["sharing"] = [act | dict(shared_at=dt.datetime(2026, 5, 4, 23, 59))]
    assert day_after(with_rows(empty_records(), **rows)) == dt.date(2026, 5, 5)
    assert day_after(with_rows(empty_records(), **rows, links=[link])) == dt.date(2026, 8, 1)


def test_there_is_no_day_after_nothing():
    with pytest.raises(ArgumentError, match="no record"):
        day_after(empty_records())


def test_a_feature_may_ask_for_columns_by_a_pattern(example):
    said = Sentence("None.", "1.", "{n}.", "Not known.")
    any_sight = pl.col("^child_seen$|^seen_alone$").cast(pl.Boolean).sum()
    asked = Feature("sights", "records", None, pl.sum_horizontal(any_sight), 365, 0, (), "records", 0, said, "own")
    plain = pl.col("child_seen").sum() + pl.col("seen_alone").sum()
    named = Feature("sights", "records", None, plain, 365, 0, (), "records", 0, said, "own")
    one, other = (build_features(example, DAYS[1], features=[f]).to_polars() for f in (asked, named))
    assert one["sights"].sum()
    assert one.equals(other)
