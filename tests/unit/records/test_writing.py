"""What is written reads back the same; what was refused is kept apart, privately, under a name of our own making."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings

from earlywarn.errors import ArgumentError
from earlywarn.records.reading import read_records
from earlywarn.records.tables import QUARANTINE_SCHEMA, Records, no_quarantine
from earlywarn.records.writing import write_quarantine, write_tables
from tests.changes import empty_records
from tests.strategies import Tables, tables, to_frames
from tests.unit.records.test_reading import CANARY, contact, fact

few = settings(deadline=None, max_examples=25)


@given(tables())
@few
def test_parquet_reads_back_the_same(drawn: Tables) -> None:
    frames = to_frames(drawn)
    with tempfile.TemporaryDirectory() as place:
        write_tables(frames, Path(place))
        found = read_records(place)
    assert found.refused == 0
    assert all(found.frames[name].equals(frame) for name, frame in frames.items())


@given(tables())
@few
def test_csv_reads_back_the_same(drawn: Tables) -> None:
    frames = to_frames(drawn)
    with tempfile.TemporaryDirectory() as place:
        for name, frame in frames.items():
            frame.write_csv(Path(place) / f"{name}.csv")
        found = read_records(place)
    assert found.refused == 0
    assert all(found.frames[name].equals(frame) for name, frame in frames.items())


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_only_tables_with_rows_are_written_and_contacts_always(tmp_path: Path, form: str) -> None:
    write_tables(empty_records().frames, tmp_path / "new", form=form)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [f"contacts.{form}"]
    assert read_records(tmp_path / "new").children == 0


def test_a_csv_is_written_as_the_contract_asks(tmp_path: Path) -> None:
    when = dt.datetime(2026, 3, 2, 10)
    rows = [
        {"child_id": "é", "same_as": "00123", "known_at": when, "method": "=1+1", "weight": 1e-7, "probability": 1.0},
        {
            "child_id": "c1",
            "same_as": "c2",
            "known_at": when.replace(microsecond=5),
            "method": 'a "q",\nb',
            "weight": None,
        },
    ]
    records = {"children": pl.DataFrame({"child_id": ["c1"], "birth_on": [when.date()]}), "links": pl.DataFrame(rows)}
    write_tables(records, tmp_path, form="csv")
    assert (tmp_path / "children.csv").read_bytes() == b"child_id,birth_on\nc1,2026-03-02\n"
    assert (tmp_path / "links.csv").read_bytes().decode() == (
        "child_id,same_as,known_at,method,weight,probability\n"
        "é,00123,2026-03-02T10:00:00,=1+1,0.0000001,1\n"
        'c1,c2,2026-03-02T10:00:00.000005,"a ""q"",\nb",,\n'
    )


def test_another_form_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no form"):
        write_tables(empty_records().frames, tmp_path / "new", form="xlsx")
    assert not (tmp_path / "new").exists()


def test_true_and_false_are_written_in_small_letters(tmp_path: Path) -> None:
    contacts = pl.DataFrame({"planned": [True, False, None], "kind": ["visit", "contact", "visit"]})
    write_tables({"contacts": contacts}, tmp_path, form="csv")
    assert (tmp_path / "contacts.csv").read_bytes() == b"planned,kind\ntrue,visit\nfalse,contact\n,visit\n"


def quarantined(*cells: tuple[str, str, str]) -> pl.DataFrame:
    """Refused rows: file, table, content."""
    line = dict.fromkeys(QUARANTINE_SCHEMA, "x")
    return pl.DataFrame(
        [line | {"file": file, "table": table, "content": content} for file, table, content in cells],
        schema=QUARANTINE_SCHEMA,
    )


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_nothing_refused_writes_nothing(tmp_path: Path) -> None:
    assert write_quarantine(no_quarantine(), tmp_path / "quarantine") == []
    assert not (tmp_path / "quarantine").exists()


def test_refused_rows_stand_beside_the_reason(tmp_path: Path) -> None:
    records = Records.from_frames(
        contacts=pl.DataFrame([contact("r1"), contact("00123", kind="x", source='a "q",\nb')]),
        facts=pl.DataFrame([fact(record_id="r9")]),
    )
    written = write_quarantine(records.quarantine, tmp_path)
    assert [path.name for path in written] == ["contacts.csv", "facts.csv"]
    [line] = lines_of(written[0])
    assert list(line)[:9] == ["file", "table", "row", "line", "column", "rule", "problem", "fix", "also"]
    assert (line["row"], line["column"], line["rule"]) == ("2", "kind", "EW-R05")
    assert (line["row__record_id"], line["row__child_id"], line["row__source"]) == ("00123", CANARY, 'a "q",\nb')


def test_a_quarantine_begins_with_a_byte_order_mark_and_is_its_owners_alone(tmp_path: Path) -> None:
    [path] = write_quarantine(quarantined(("a.csv", "contacts", '{"x": "é"}')), tmp_path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    if os.name == "nt":
        pytest.skip("Windows has no modes")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["a,ragged,row", "[1, 2]", '"text"', "7", "{broken", "", "[" * 10_000])
def test_what_is_no_table_stays_in_one_column(tmp_path: Path, content: str) -> None:
    [path] = write_quarantine(quarantined(("a.csv", "contacts", content)), tmp_path)
    assert [line["row__text"] for line in lines_of(path)] == [content]


def test_rows_of_different_shape_share_a_file(tmp_path: Path) -> None:
    contents = [{"a": "1", "b": None}, {"b": ["x", "y"], "file": "of the row itself"}]
    rows = quarantined(*(("a.csv", "contacts", json.dumps(content)) for content in contents))
    [path] = write_quarantine(rows, tmp_path)
    assert [(li["row__a"], li["row__b"], li["row__file"], li["file"]) for li in lines_of(path)] == [
        ("1", "", "", "a.csv"),
        ("", '["x", "y"]', "of the row itself", "a.csv"),
    ]


HOSTILE = (
    "../../etc/passwd",
    "..\\..\\x.csv",
    "/abs/contacts.csv",
    "C:\\x",
    "a:b",
    ".",
    "..",
    "",
    "x" * 300,
    "a\nb",
    ".csv",
)


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_a_hostile_source_name_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    place = tmp_path / "deep" / "quarantine"
    [path] = write_quarantine(quarantined((name, "contacts", "{}")), place)
    assert path.parent == place
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]
    assert not set(path.name) & set('/\\:*?"<>|\n')
    assert not path.name.startswith(".")
    assert path.suffix == ".csv"
    assert [line["file"] for line in lines_of(path)] == [name]


def test_two_sources_whose_names_come_out_alike_are_both_kept(tmp_path: Path) -> None:
    rows = quarantined(("a/b.csv", "facts", '{"x": "1"}'), ("a:b.csv", "facts", '{"x": "2"}'))
    written = write_quarantine(rows, tmp_path)
    assert sorted(line["row__x"] for path in set(written) for line in lines_of(path)) == ["1", "2"]
