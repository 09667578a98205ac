"""Part by part is as all at once."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from earlywarn.errors import OutputError, SourceError
from earlywarn.features.catalogue import catalogue
from earlywarn.features.engine import build_features
from earlywarn.features.parts import features_in_parts, write_features
from earlywarn.history.days import day_after
from earlywarn.records.parted import RecordsInParts
from earlywarn.records.reading import read_records
from tests.changes import with_rows

ALL = catalogue()
DAYS = ["2025-06-01", "2026-11-01"]


@pytest.fixture(scope="module")
def folder(example, tmp_path_factory):
    """The example, in no order of children, with two ids that are found out to be one child."""
    place = tmp_path_factory.mktemp("records")
    last = example.frames["contacts"]["child_id"].max()
    link = dict(child_id="c0001", same_as=last, method="number", known_at=dt.datetime(2026, 1, 5))
    for name, frame in with_rows(example, links=[link]).frames.items():
        frame.sample(fraction=1.0, shuffle=True, seed=7).write_parquet(place / f"{name}.parquet")
    return place


@pytest.mark.parametrize("checked", [True, False])
def test_parts_together_are_the_whole(folder, checked):
    whole = build_features(read_records(folder), DAYS, viewers="all", features=ALL)
    records = RecordsInParts(folder, 61, households_together=True, checked=checked)
    assert len(records) == 4
    steps: list[tuple[int, int]] = []
    parts = features_in_parts(
        records, DAYS, viewers="all", features=ALL, progress=lambda done, of: steps.append((done, of))
    )
    found = pl.concat(part.to_polars() for part in parts)
    keys = ["as_of", "viewer", "child_id"]
    assert found.sort(keys).equals(whole.to_polars().sort(keys))
    assert steps == [(done, 8) for done in range(1, 9)]


def test_one_file_whole_or_none(folder, tmp_path):
    out = tmp_path / "features.parquet"
    rows = write_features(RecordsInParts(folder, 61), DAYS[1], out)
    assert pl.read_parquet(out).height == rows > 100
    with pytest.raises(OutputError, match="exists"):
        write_features(RecordsInParts(folder, 61), DAYS[1], out)


def test_one_part_is_the_whole(folder):
    (only,) = features_in_parts(RecordsInParts(folder), DAYS[1])
    assert only.to_polars().equals(build_features(read_records(folder), DAYS[1]).to_polars())


def test_a_record_id_of_two_children_is_refused_though_no_part_holds_both(example, tmp_path):
    contacts = example.frames["contacts"].sort("child_id")
    twin = contacts.tail(1).with_columns(record_id=pl.lit(contacts["record_id"][0]))
    pl.concat([contacts.slice(0, contacts.height - 1), twin]).write_parquet(tmp_path / "contacts.parquet")
    with pytest.raises(SourceError, match="several children share"):
        list(features_in_parts(RecordsInParts(tmp_path, 61), DAYS[1]))


def test_a_folder_of_csv_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "contacts.csv").write_text("record_id\n")
    with pytest.raises(SourceError, match="no contacts as Parquet"):
        RecordsInParts(tmp_path)


def test_a_table_beside_the_others_that_is_no_parquet_is_not_passed_over(folder, example, tmp_path):
    example.frames["contacts"].write_parquet(tmp_path / "contacts.parquet")
    example.frames["concerns"].write_csv(tmp_path / "concerns.csv")
    with pytest.raises(SourceError, match="no concerns as Parquet"):
        RecordsInParts(tmp_path)


def test_an_unknown_column_is_refused_as_when_read_whole(example, tmp_path):
    example.frames["contacts"].with_columns(shoe_size=pl.lit(4)).write_parquet(tmp_path / "contacts.parquet")
    for read in (read_records, lambda place: RecordsInParts(place, 61).part(0)):
        with pytest.raises(SourceError, match="shoe_size"):
            read(tmp_path)


def test_what_is_no_parquet_is_refused(tmp_path):
    (tmp_path / "contacts.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        RecordsInParts(tmp_path)


def test_refused_rows_are_counted_whoever_they_are_of(example, tmp_path):
    """Of nobody, of a child without contacts, between two parts and after the last: none is lost."""
    contacts = example.frames["contacts"]
    nobody = contacts.head(1).with_columns(child_id=pl.lit(None, pl.String), record_id=pl.lit("of-nobody"))
    pl.concat([contacts, nobody]).write_parquet(tmp_path / "contacts.parquet")
    astray = example.frames["concerns"].head(3).with_columns(child_id=pl.Series(["aaa", "c0061x", "zzz"]))
    astray = astray.with_columns(concern_id="astray-" + pl.col("concern_id"))
    pl.concat([example.frames["concerns"], astray]).write_parquet(tmp_path / "concerns.parquet")
    act = example.frames["sharing"].head(1).with_columns(record_id=pl.lit("of-no-record"))
    pl.concat([example.frames["sharing"], act]).write_parquet(tmp_path / "sharing.parquet")
    records = RecordsInParts(tmp_path, 61)
    assert list(features_in_parts(records, DAYS[1], features=ALL))
    assert sum(records.refused.values()) == read_records(tmp_path).refused == 5


def test_a_table_that_is_believed_is_read_when_asked_for(folder):
    part = RecordsInParts(folder, 61, checked=False).part(0)
    assert part.frames["facts"].height
    assert part.frames["contacts"]["source"].null_count() == part.frames["contacts"].height, "nobody needs it"
    assert day_after(part) > dt.date(2026, 1, 1)
