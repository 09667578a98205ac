"""Nothing known on or after the day changes anything shown for the day: the gravest bug this library could have.

Of views, chronologies and graphs `test_history` says it.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from earlywarn.batch import score_records
from earlywarn.features.engine import build_features
from earlywarn.history.view import View
from earlywarn.records.reading import records_from_frames
from earlywarn.reports.html import report_html
from earlywarn.reports.run_folder import flags_frame
from tests.changes import only_what_was_known, with_rows, without_records
from tests.histories import on_draws
from tests.strategies import AS_OF, tables, to_frames


def both(drawn):
    """The records as drawn, and as they stood when nothing later had been written."""
    return records_from_frames(to_frames(drawn)), records_from_frames(to_frames(only_what_was_known(drawn, AS_OF)))


@on_draws(tables(), few=4)
def test_features_and_evidence_are_those_of_the_past_alone(drawn):
    now, then = (build_features(records, AS_OF, viewers="all") for records in both(drawn))
    assert now.to_polars().equals(then.to_polars())
    assert now.coverage.equals(then.coverage)
    rows = now.values["row"]
    assert now.evidence_of(rows, now.names).equals(then.evidence_of(rows, then.names))


@on_draws(tables(), few=4)
def test_scores_and_flags_are_those_of_the_past_alone(drawn):
    now, then = (score_records(records, AS_OF, viewers="all", capacity=2) for records in both(drawn))
    assert now.scores.equals(then.scores)
    assert now.flags == then.flags
    assert flags_frame(now.flags).equals(flags_frame(then.flags))


@settings(max_examples=3)
@given(tables(max_children=2))
def test_the_page_is_that_of_the_past_alone(drawn):
    now, then = (score_records(records, AS_OF, capacity=2) for records in both(drawn))
    pages = [report_html(r.flags, View(r.records, AS_OF)) for r in (now, then)]
    assert pages[0] == pages[1]


def test_the_page_of_the_example_is_that_of_the_past_alone(example):
    """Half way through the example's years, with and without everything written later."""
    day = dt.date(2025, 6, 1)
    later = example.frames["contacts"].filter(pl.col("known_at") >= dt.datetime(2025, 6, 1))["record_id"]
    shared = example.frames["sharing"].filter(pl.col("shared_at") < dt.datetime(2025, 6, 1))
    past = without_records(type(example)({**example.frames, "sharing": shared}), set(later), follow=False)
    now, then = (score_records(records, day, viewers="all", capacity=3) for records in (example, past))
    assert now.flags == then.flags
    assert len(now.flags)
    assert report_html(now.flags, View(example, day)) == report_html(then.flags, View(past, day))


@pytest.mark.parametrize("days_later", [0, 1, 400])
def test_a_child_first_known_later_is_not_there(example, days_later):
    """Adding a whole child, with a birth and a record known on the day or after, changes no row."""
    day = dt.date(2026, 11, 1)
    known_at = dt.datetime.combine(day, dt.time(0)) + dt.timedelta(days=days_later)
    record = dict(record_id="later", child_id="new", agency="police", held_by="police", kind="incident", about="child")
    record |= dict(occurred_precision="day", recorded_basis="source", source="test", source_row="1", known_at=known_at)
    record |= dict(occurred_at=dt.datetime(2026, 1, 1), attendance="attended", child_seen=False, worker_id="w")
    child = dict(child_id="new", birth_on=dt.date(2020, 1, 1))
    more = with_rows(example, contacts=[record], children=[child])
    before, after = (score_records(r, day, viewers="all", capacity=5) for r in (example, more))
    assert before.scores.equals(after.scores)
    assert before.flags == after.flags


def test_the_boundary_is_the_midnight_that_starts_the_day(example):
    """A record known one microsecond before midnight is in; at midnight it is not."""
    midnight = dt.datetime(2026, 11, 1)
    child = example.frames["contacts"]["child_id"][0]
    record = dict(
        child_id=child, agency="gp", held_by="gp", kind="encounter", about="child", source="t", source_row="1"
    )
    record |= dict(occurred_precision="day", recorded_basis="source")
    rows = [
        record | dict(record_id="in", known_at=midnight - dt.timedelta(microseconds=1)),
        record | dict(record_id="out", known_at=midnight),
    ]
    seen = set(View(with_rows(example, contacts=rows), "2026-11-01")["contacts"]["record_id"])
    assert "in" in seen
    assert "out" not in seen
