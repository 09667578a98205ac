"""What does not matter to a view: the order of rows, rows given twice, names, other children, the calendar."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import strategies as st

from earlywarn.history.view import View
from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Records
from tests.changes import joined, moved, renamed, shuffled
from tests.histories import LINKED_IDS, histories, on_draws, viewers
from tests.seeing import TABLES, records_of, rows_of, seen, told_of
from tests.strategies import to_frames


@on_draws(histories(), viewers, st.integers(0, 2**16))
def test_the_order_of_rows_does_not_matter(history, viewer, seed):
    records = records_of(history)
    views = [View(each, history.day, viewer) for each in (records, shuffled(records, seed))]
    assert seen(records, history.day, viewer) == seen(views[1].records, history.day, viewer)
    assert told_of(views[0]) == told_of(views[1])


@on_draws(histories(), viewers)
def test_feeding_every_row_twice_changes_nothing(history, viewer):
    once = to_frames(history.tables)
    twice = records_from_frames({name: pl.concat([frame, frame]) for name, frame in once.items()})
    assert twice.refused == 0
    assert seen(twice, history.day, viewer) == seen(Records(once), history.day, viewer)


EVERY_ID = {
    *("child_id", "same_as", "person_id", "household_id", "worker_id", "place_id", "org_id"),
    *(c.name for table in RECORD_TABLES.values() for c in table.columns if c.names_record),
    *("concern_id", "episode_id", "record_id"),
}


@on_draws(histories(2, 6), histories(2, 6), viewers)
def test_children_with_nothing_in_common_are_read_alone_as_together(one, other, viewer):
    """The second, on the day of the first, under other ids: read with the first or by itself, the rows are the same."""
    first, second = records_of(one), renamed(records_of(other), EVERY_ID, lambda name: f"x{name}")
    alone = [seen(each, one.day, viewer) for each in (first, second)]
    together = seen(joined(first, second), one.day, viewer)
    assert together == {table: alone[0][table] + alone[1][table] for table in TABLES}


@on_draws(histories(), viewers)
def test_new_names_in_the_same_order_change_names_alone(history, viewer):
    records = records_of(history)
    named = renamed(records, EVERY_ID, lambda name: f"x{name}")
    shown = View(records, history.day, viewer).frames
    want = renamed(Records(shown), EVERY_ID, lambda name: f"x{name}").frames
    assert seen(named, history.day, viewer) == {table: rows_of(want[table]) for table in TABLES}


@on_draws(histories(), viewers)
def test_names_in_another_order_matter_only_where_times_are_equal(history, viewer):
    """Records told apart by their times, then children and records renamed so that they sort the other way round."""
    apart = told_apart(records_of(history))
    names = sorted({*apart.frames["contacts"]["record_id"], *LINKED_IDS["child"]})
    backwards = {name: f"x{len(names) - i:02}" for i, name in enumerate(names)}
    columns = EVERY_ID - {"person_id", "household_id"}
    new = renamed(apart, columns, lambda name: backwards.get(name, name))
    want = renamed(Records(View(apart, history.day, viewer).frames), columns, lambda name: backwards.get(name, name))
    assert seen(new, history.day, viewer) == {table: rows_of(want.frames[table]) for table in TABLES}


def told_apart(records: Records) -> Records:
    """Records of which no two became known at one moment: each some microseconds sooner, in the order of the rows."""
    sooner = pl.duration(microseconds=pl.len() - pl.int_range(pl.len()))
    contacts = records.frames["contacts"].with_columns(pl.col("known_at") - sooner)
    return Records({**records.frames, "contacts": contacts})


@on_draws(histories(), viewers, st.integers(-800, 800))
def test_moving_every_date_and_the_day_together_moves_the_view(history, viewer, days):
    records, step = records_of(history), dt.timedelta(days=days)
    shown = View(records, history.day, viewer).frames
    want = moved(Records(shown), step).frames
    assert seen(moved(records, step), history.day + step, viewer) == {table: rows_of(want[table]) for table in TABLES}
