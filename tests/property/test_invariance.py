"""Row order, duplicates, names, and what is computed together change nothing."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import strategies as st

from earlywarn.batch import score_records
from earlywarn.features.engine import build_features
from earlywarn.records.reading import records_from_frames
from earlywarn.reports.run_folder import flags_frame
from tests.changes import renamed, shuffled
from tests.histories import on_draws
from tests.strategies import AS_OF, tables, to_frames

DAY = "2026-11-01"


@on_draws(tables(), st.integers(0, 2**16), few=4)
def test_row_order_changes_nothing(drawn, seed):
    records = records_from_frames(to_frames(drawn))
    one, other = (score_records(r, AS_OF, viewers="all", capacity=2) for r in (records, shuffled(records, seed)))
    assert one.scores.equals(other.scores)
    assert one.flags == other.flags


@on_draws(tables(), few=4)
def test_feeding_every_row_twice_changes_nothing(drawn):
    frames = to_frames(drawn)
    once = records_from_frames(frames)
    twice = records_from_frames({name: pl.concat([frame, frame]) for name, frame in frames.items()})
    assert twice.refused == 0
    assert (
        build_features(once, AS_OF, viewers="all")
        .to_polars()
        .equals(build_features(twice, AS_OF, viewers="all").to_polars())
    )


@on_draws(tables(), few=4)
def test_renaming_children_and_records_permutes_outputs_only(drawn):
    """New names that sort the other way round: the same cells under the new names, the same records as evidence."""
    records = records_from_frames(to_frames(drawn))
    backwards = {str(n): f"x{999 - i:03}-{n}" for i, n in enumerate(_ids(records))}
    columns = {"child_id", "record_id", "follows", "closed_by", "started_by", "ended_by", "person_id", "worker_id"}
    new = renamed(records, columns, backwards.__getitem__)
    one, other = (build_features(r, AS_OF, viewers="all") for r in (records, new))
    moved = one.to_polars().with_columns(pl.col("child_id").replace_strict(backwards, return_dtype=pl.String))
    keys = ["as_of", "viewer", "child_id"]
    assert moved.sort(keys).equals(other.to_polars().sort(keys))
    evidence = [_evidence(table) for table in (one, other)]
    assert {(backwards[c], v, f, backwards[r]) for c, v, f, r in evidence[0]} == evidence[1]


def _ids(records) -> list[str]:
    named = {"child_id", "record_id", "person_id", "worker_id"}
    found = (frame[c].drop_nulls().to_list() for frame in records.frames.values() for c in frame.columns if c in named)
    return sorted({i for ids in found for i in ids})


def _evidence(table) -> set[tuple]:
    rows = table.values.select("row", "child_id", "viewer")
    return set(
        table.evidence_of(rows["row"], table.names)
        .join(rows, on="row")
        .select("child_id", "viewer", "feature", "record_id")
        .iter_rows()
    )


def test_days_and_viewers_together_give_what_each_gives_alone(example):
    days = [dt.date(2025, 3, 1), dt.date(2026, 11, 1)]
    together = build_features(example, days, viewers=["pooled", "police", "school"]).to_polars()
    keys = ["child_id", "as_of", "viewer"]
    alone = [
        build_features(example, day, viewers=viewer).to_polars()
        for day in days
        for viewer in ("pooled", "police", "school")
    ]
    assert together.sort(keys).equals(pl.concat(alone).sort(keys))


def test_some_children_give_what_all_give(example):
    whole = build_features(example, DAY, viewers="all")
    some = sorted(whole.values["child_id"].unique())[::7]
    part = build_features(example, DAY, viewers="all", children=some)
    assert part.to_polars().equals(whole.to_polars().filter(pl.col("child_id").is_in(some)))


@pytest.mark.parametrize("shift", [1, 91, 400])
def test_moving_every_date_and_the_day_together_changes_no_feature(example, shift):
    days = pl.duration(days=shift)
    temporal = pl.selectors.temporal()
    later = type(example)({n: f.with_columns(temporal + days) for n, f in example.frames.items()})
    one = build_features(example, dt.date(2026, 11, 1), viewers="all").to_polars().drop("as_of")
    other = (
        build_features(later, dt.date(2026, 11, 1) + dt.timedelta(days=shift), viewers="all").to_polars().drop("as_of")
    )
    assert one.equals(other)


def test_a_second_run_gives_the_same_flags(example):
    one, other = (score_records(example, DAY, viewers="all", capacity=20) for _ in range(2))
    assert one.flags == other.flags
    assert flags_frame(one.flags).equals(flags_frame(other.flags))
