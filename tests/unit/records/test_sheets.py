"""Files of every kind as tables of text: nothing is guessed, nothing lost, and what was put right is said."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.opening.sheets import Sheet, looks_excel_damaged, read_sheets
from earlywarn.records.tables import QUARANTINE_SCHEMA
from earlywarn.records.writing import write_quarantine

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "CANARY-7c1"


def one(path: Path, content: str | bytes) -> Sheet:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    [sheet] = read_sheets(path)
    assert sheet.frame.schema == {ROW: pl.UInt32(), **dict.fromkeys(sheet.frame.columns[1:], pl.String())}
    return sheet


# --- text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "delimiter"),
    [("contacts.csv", ","), ("contacts.TSV", "\t"), ("contacts.txt", "\t"), ("contacts.csv.gz", ",")],
)
def test_text_is_read_by_its_suffix(tmp_path: Path, name: str, delimiter: str) -> None:
    content = f"UPN{delimiter}note\n0012{delimiter}NULL\n".encode()
    sheet = one(tmp_path / name, gzip.compress(content) if name.endswith(".gz") else content)
    assert (sheet.file, sheet.name) == (name, "contacts")
    assert sheet.frame.rows() == [(2, "0012", "NULL")]
    assert sheet.notes == ()


def test_blank_cells_are_missing_and_blank_rows_left_out(tmp_path: Path) -> None:
    sheet = one(tmp_path / "a.b.csv", 'UPN,,note,\n1,,"",\n\n ,\t,\u00a0,\n2,, a ,\n\n')
    assert sheet.name == "a.b"
    assert sheet.frame.rows() == [(2, "1", None), (5, "2", " a ")]
    assert sheet.frame.columns == [ROW, "UPN", "note"], "a column without a name and a cell is none"
    assert sheet.notes == ("2 blank rows left out",)


def test_a_column_without_a_name_that_holds_cells_is_kept_under_its_letter(tmp_path: Path) -> None:
    sheet = one(tmp_path / "a.csv", "UPN,,_row\n1,x,y\n")
    assert sheet.frame.columns == [ROW, "UPN", "column B", "column C"]


def test_a_row_tells_its_line(tmp_path: Path) -> None:
    sheet = one(tmp_path / "a.csv", 'UPN,note\n1,"a\nb"\n2,c\n3\n')
    assert sheet.line_of(sheet.frame[ROW]).to_list() == ["2", "4"]
    assert sheet.aside.select("file", "table", "row", "line", "rule", "content").rows() == [
        ("a.csv", "a", "4", "5", "EW-R16", "3")
    ]


@pytest.mark.parametrize(
    ("name", "rule", "said"),
    [
        ("a.xls", "EW-F20", "old Excel"),
        ("a.xlsm", "EW-F20", "macros"),
        ("a.xlsb", "EW-F20", "binary"),
        ("a.ods", "EW-F20", "OpenDocument"),
        ("a.docx", "EW-F21", "suffix"),
        ("a", "EW-F21", "suffix"),
        ("gone.csv", "EW-F01", "no file"),
        ("gone.xlsx", "EW-F01", "no file"),
        ("gone.parquet", "EW-F01", "no file"),
        ("folder.csv", "EW-F01", "a folder"),
        ("folder.parquet", "EW-F01", "a folder"),
        ("semicolons.csv", "EW-F06", "semicolons"),
    ],
)
def test_what_is_not_read_is_refused_by_rule(tmp_path: Path, name: str, rule: str, said: str) -> None:
    if name.startswith("a"):
        (tmp_path / name).write_text("UPN,note\n1,2\n")
    for folder in ("folder.csv", "folder.parquet"):
        (tmp_path / folder).mkdir()
    (tmp_path / "semicolons.csv").write_text("UPN;note\n1;2\n")
    with pytest.raises(SourceError, match=said) as refused:
        read_sheets(tmp_path / name)
    assert refused.value.rule == rule


# --- Parquet -----------------------------------------------------------------------------------------------------


def test_parquet_becomes_text(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "id": ["007", None, " "],
            "whole": [9212044.0, 1.5, float("nan")],
            "many": [1.2345e17, None, -3.0],
            "n": [1, None, 3],
            "yes": [True, False, None],
            "day": [dt.date(2024, 5, 1), None, None],
            "at": [dt.datetime(2024, 5, 1), dt.datetime(2024, 5, 1, 9, 30), dt.datetime(2024, 5, 1, 9, 30, 0, 5)],
            "code": pl.Series(["a", "b", None], dtype=pl.Categorical),
            "nothing": [None, None, None],
        }
    )
    written = io.BytesIO()
    frame.write_parquet(written)
    sheet = one(tmp_path / "a.parquet", written.getvalue())
    assert sheet.frame.rows() == [
        (1, "007", "9212044", "1.2345E+17", "1", "true", "2024-05-01", "2024-05-01", "a", None),
        (2, None, "1.5", None, None, "false", None, "2024-05-01 09:30:00", "b", None),
        (3, None, None, "-3", "3", None, None, "2024-05-01 09:30:00.000005", None, None),
    ]
    assert sheet.line_of(sheet.frame[ROW]).to_list() == ["", "", ""]


def test_a_time_with_an_offset_keeps_it(tmp_path: Path) -> None:
    written = io.BytesIO()
    local = pl.Series("at", [dt.datetime(2024, 5, 1)]).dt.replace_time_zone("Europe/London")
    local.to_frame().write_parquet(written)
    assert one(tmp_path / "a.parquet", written.getvalue()).frame["at"].to_list() == ["2024-05-01 00:00:00+01:00"]


@pytest.mark.parametrize("cell", [["x"], {"a": 1}, b"x"], ids=["a list", "an object", "bytes"])
def test_parquet_with_more_than_a_value_in_a_cell_is_refused(tmp_path: Path, cell: object) -> None:
    pl.DataFrame({"id": ["1"], "deep": [cell]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match='column "deep"') as refused:
        read_sheets(tmp_path / "a.parquet")
    assert refused.value.rule == "EW-F15"


# --- ids that a spreadsheet changed ------------------------------------------------------------------------------


def test_ids_that_a_spreadsheet_changed_are_told_from_ids() -> None:
    changed = ["1.23457E+11", "1E+05", "1,23457E+11", "-1.2e+10", "02-Jan", "1-feb-2024", "Mar-21", "2024-02-01"]
    ids = ["00123", "1E5", "E+11", "12E+11", "1.5", "301-9212044", "2024-02-01-7", "02-Janet", "A-02-Jan", "1.23457E11"]
    assert looks_excel_damaged(pl.Series(changed)).to_list() == [True] * len(changed)
    assert looks_excel_damaged(pl.Series(ids)).to_list() == [False] * len(ids)
    assert looks_excel_damaged(pl.Series([None], dtype=pl.String)).to_list() == [None]


# --- the quarantine comes back -----------------------------------------------------------------------------------


def refused_row(table: str, content: str, **more: str) -> dict[str, str]:
    line = dict.fromkeys(QUARANTINE_SCHEMA, "x") | {"file": "sent.csv", "rule": "EW-R02", "row": "7"}
    return line | {"table": table, "content": content} | more


def test_mended_rows_come_back_as_the_table_they_were_of(tmp_path: Path) -> None:
    rows = [{"UPN": "00123", "note": "=1+1\n2", "text": None}, {"UPN": "-5", "note": "'quoted", "file": "own"}]
    lines = [refused_row("pupils", json.dumps(row)) for row in rows]
    [path] = write_quarantine(pl.DataFrame(lines, schema=QUARANTINE_SCHEMA), tmp_path)
    [sheet] = read_sheets(path)
    assert (sheet.file, sheet.name) == (path.name, "pupils")
    assert sheet.frame.to_dicts() == [
        {ROW: 2, "UPN": "00123", "note": "=1+1\n2", "file": None},
        {ROW: 3, "UPN": "-5", "note": "'quoted", "file": "own"},
    ]
    assert sheet.line_of(sheet.frame[ROW]).to_list() == ["2", "4"]
    assert "2 mended rows of sent.csv" in sheet.notes


def test_several_tables_in_one_file_come_apart(tmp_path: Path) -> None:
    files = [
        write_quarantine(pl.DataFrame([refused_row(table, json.dumps(row))], schema=QUARANTINE_SCHEMA), tmp_path)[0]
        for table, row in (("pupils", {"UPN": "1", "note": "a"}), ("sessions", {"UPN": "2", "day": "b"}))
    ]
    pl.concat([pl.read_csv(f, infer_schema=False) for f in files], how="diagonal").write_csv(tmp_path / "all.csv")
    first, second = read_sheets(tmp_path / "all.csv")
    assert (first.name, first.frame.to_dicts()) == ("pupils", [{ROW: 2, "UPN": "1", "note": "a"}])
    assert (second.name, second.frame.to_dicts()) == ("sessions", [{ROW: 3, "UPN": "2", "day": "b"}])


def test_a_row_that_never_split_is_set_aside_again(tmp_path: Path) -> None:
    lines = [
        refused_row("pupils", json.dumps({"UPN": "1", "text": "a note"})),
        refused_row("pupils", f"2,{CANARY},too,many", rule="EW-R16"),
        refused_row("pupils", json.dumps({"text": "a note alone"}), rule="EW-R01"),
    ]
    [path] = write_quarantine(pl.DataFrame(lines, schema=QUARANTINE_SCHEMA), tmp_path)
    [sheet] = read_sheets(path)
    assert sheet.frame.to_dicts() == [
        {ROW: 2, "UPN": "1", "text": "a note"},
        {ROW: 4, "UPN": None, "text": "a note alone"},
    ]
    assert sheet.aside.select("table", "row", "rule", "content").rows() == [
        ("pupils", "3", "EW-R16", f"2,{CANARY},too,many")
    ]


def test_a_table_that_only_looks_a_little_like_a_quarantine_is_itself(tmp_path: Path) -> None:
    sheet = one(tmp_path / "a.csv", "file,table,row,row__x\n1,2,3,4\n")
    assert (sheet.name, sheet.frame.columns) == ("a", [ROW, "file", "table", "row", "row__x"])
