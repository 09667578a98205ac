"""What the strategy draws is valid by the rules, converts to frames, and reaches the edges it is for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from hypothesis import Phase, given, settings

from earlywarn.records import codes
from earlywarn.records.schema import RECORD_TABLES
from tests.reference import FEATURES, current, known, reference_features, visible
from tests.strategies import AS_OF, VIEWERS, Tables, day_of, tables, to_frames

drawn = given(tables())


def exists(table: str, cell: Any, column: str) -> bool:
    """Whether a cell keeps to the codes and bounds its column declares."""
    declared = RECORD_TABLES[table][column]
    if cell is None:
        return declared.nullable or column in ("org_id", "source", "source_row")
    listed = declared.codes is None or declared.open_codes or cell in declared.codes
    return listed and (declared.bounds is None or declared.bounds[0] <= cell <= declared.bounds[1])


@drawn
@settings(deadline=None)
def test_cells_keep_to_the_schema(found: Tables) -> None:
    for table, rows in found.items():
        for row in rows:
            assert set(row) == set(RECORD_TABLES[table].schema)
            assert all(exists(table, cell, column) for column, cell in row.items()), row


@drawn
@settings(deadline=None)
def test_frames_hold_the_same_rows_in_the_dtypes_of_the_schema(found: Tables) -> None:
    frames = to_frames(found)
    assert set(frames) == set(RECORD_TABLES)
    for table, frame in frames.items():
        assert frame.schema == RECORD_TABLES[table].schema
        assert frame.to_dicts() == [{column: row[column] for column in frame.columns} for row in found[table]]


def test_frames_of_nothing_are_empty() -> None:
    assert all(frame.is_empty() and isinstance(frame, pl.DataFrame) for frame in to_frames({}).values())


@drawn
@settings(deadline=None)
def test_records_follow_and_happen_in_order(found: Tables) -> None:
    record = {row["record_id"]: row for row in found["contacts"]}
    assert len(record) == len(found["contacts"])
    for row in found["contacts"]:
        assert row["planned"] is True or row["occurred_at"] is None or row["occurred_at"] <= row["known_at"]
        assert row["held_by"] in codes.ORGANISATIONS
        if row["kind"] in ("conclusion", "withdrawal"):
            assert row["follows"] is not None
        if row["follows"] is not None:
            followed = record[row["follows"]]
            assert row["follows"] != row["record_id"]
            assert followed["child_id"] == row["child_id"]
            assert followed["known_at"] <= row["known_at"]


@drawn
@settings(deadline=None)
def test_references_name_records_of_the_same_child(found: Tables) -> None:
    child_of = {row["record_id"]: row["child_id"] for row in found["contacts"]}
    columns = {
        "concerns": ("record_id", "closed_by"),
        "people": ("record_id",),
        "households": ("record_id",),
        "episodes": ("started_by", "ended_by"),
    }
    for table, references in columns.items():
        for row in found[table]:
            for column in references:
                assert row[column] is None or child_of[row[column]] == row["child_id"]
    for table, key in (("concerns", "concern_id"), ("episodes", "episode_id"), ("children", "child_id")):
        assert len({row[key] for row in found[table]}) == len(found[table])


@drawn
@settings(deadline=None)
def test_spans_end_after_they_start_and_telling_comes_after_knowing(found: Tables) -> None:
    known_at = {row["record_id"]: row["known_at"] for row in found["contacts"]}
    assert all(row["shared_at"] >= known_at[row["record_id"]] for row in found["sharing"])
    for row in found["episodes"]:
        assert (row["ended_by"] is None) == (row["end_on"] is None)
        assert row["end_on"] is None or row["start_on"] <= row["end_on"]
    for row in (*found["people"], *found["households"]):
        assert None in (row["valid_from"], row["valid_to"]) or row["valid_from"] <= row["valid_to"]
    for table in ("people", "sharing", "households"):
        assert all(row not in found[table][:number] for number, row in enumerate(found[table]))


@drawn
@settings(deadline=None)
def test_the_oracle_answers_for_every_child_and_viewer(found: Tables) -> None:
    children = {row["child_id"] for row in found["contacts"] if row["known_at"].date() < AS_OF}
    features = reference_features(found, AS_OF, list(VIEWERS))
    assert set(features) == {(child, viewer) for child in children for viewer in VIEWERS}
    assert all(value is None or value >= 0 for row in features.values() for value in row.values())


@drawn
@settings(deadline=None)
def test_the_oracle_sees_no_more_than_it_knows(found: Tables) -> None:
    for viewer in VIEWERS:
        knows, sees = known(found, AS_OF, viewer), visible(found, AS_OF, viewer)
        assert sees <= knows <= known(found, AS_OF, "pooled")
        assert set(current(found, AS_OF, viewer).values()) <= sees | {None}


def test_it_reaches_the_edges_and_the_rare_values() -> None:
    """One pass, always the same draws: what no draw reaches, no test that draws can find wrong."""
    days_seen, values, midnights = set(), set(), set()
    midnight = dt.datetime.combine(AS_OF, dt.time())

    @settings(max_examples=300, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @drawn
    def look(found: Tables) -> None:
        days_seen.update((AS_OF - day_of(row)).days for row in found["contacts"])
        midnights.update(
            table
            for table, column in (("contacts", "known_at"), ("sharing", "shared_at"))
            if any(row[column] == midnight for row in found[table])
        )
        for row in reference_features(found, AS_OF, ["pooled"]).values():
            values.update(row.items())

    look()
    assert days_seen >= {0, 1, 30, 31, 90, 91, 365, 366, 730, 731}
    assert midnights == {"contacts", "sharing"}
    for name in FEATURES:
        assert len({value for feature, value in values if feature == name}) >= 3, name
        assert (name, None) in values or name.startswith(("contacts", "unplanned", "agencies", "closed")), name
