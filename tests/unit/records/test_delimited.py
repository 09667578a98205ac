"""Every row of a text file is in the frame or set aside, with the row a person counts and the line an editor shows."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.opening import surveying
from earlywarn.records.opening.delimited import Split, read_delimited
from earlywarn.records.opening.lines import line_of
from earlywarn.records.tables import QUARANTINE_SCHEMA

CANARY = "CANARY-7c1"
few = settings(deadline=None, max_examples=150)


def split(place: Path, content: str | bytes, delimiter: str = ",") -> Split:
    path = place / "a.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_delimited(path, "a", delimiter=delimiter, known=("id", "note", "day"))


def rows_of(found: Split) -> list[tuple[object, ...]]:
    return found.frame.rows()


def places(found: Split) -> list[tuple[str, str, str, str]]:
    assert found.aside.schema == QUARANTINE_SCHEMA
    return found.aside.select("row", "line", "column", "rule").rows()


def refused(place: Path, content: str | bytes, delimiter: str = ",") -> SourceError:
    with pytest.raises(SourceError) as error:
        split(place, content, delimiter)
    assert error.value.expected
    assert error.value.fix
    assert CANARY not in error.value.message
    assert error.value.__suppress_context__ or error.value.__context__ is None, "the cause may quote a cell"
    return error.value


# --- rows and lines ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end", "end end"])
def test_rows_are_numbered_as_an_editor_numbers_lines(tmp_path: Path, end: str, last: str) -> None:
    lines = ["id,note", "1,a", "2", "", "3,b"]
    found = split(tmp_path, end.join(lines) + last.replace("end", end).replace(" ", ""))
    assert rows_of(found) == [(2, "1", "a"), (4, "", ""), (5, "3", "b")]
    assert places(found) == [("3", "3", "", "EW-R16")]
    assert line_of(found.frame[ROW], found.lines).to_list() == ["2", "4", "5"]


def test_line_ends_of_several_kinds_are_each_an_end_and_noted(tmp_path: Path) -> None:
    found = split(tmp_path, "id,note\r\n1,a\n2,b\r3,c,d\r\n\r\n4,e")
    assert rows_of(found) == [(2, "1", "a"), (3, "2", "b"), (5, "", ""), (6, "4", "e")]
    assert places(found) == [("4", "4", "", "EW-R16")]
    assert "different ways" in found.notes[0]


def test_line_breaks_within_cells_part_rows_from_lines(tmp_path: Path) -> None:
    found = split(
        tmp_path,
        '"id","no\nte"\n1,"a\r\nb\nc"\n2\n"x","y","z\n\n"\n3,"d\re"\n\n4,f\n',
    )
    assert found.names == ["id", "no te"]
    assert rows_of(found) == [(2, "1", "a\r\nb\nc"), (5, "3", "d\re"), (6, "", ""), (7, "4", "f")]
    assert places(found) == [("3", "6", "", "EW-R16"), ("4", "7", "", "EW-R16")]
    assert line_of(found.frame[ROW], found.lines).to_list() == ["3", "10", "12", "13"]


letters = st.sampled_from('ab,;"\r\n é€ \t=') | st.characters(codec="utf-8", exclude_characters="\0\ufdd0")
cells = st.text(letters, max_size=6)


def written(row: tuple[str, ...], *, every: bool) -> str:
    """One row as the standard says, quoted where it must be."""
    quoted = ('"' + cell.replace('"', '""') + '"' for cell in row)
    return ",".join(q if every or set(cell) & set(',"\r\n') else cell for cell, q in zip(row, quoted, strict=True))


@given(st.lists(st.tuples(cells, cells, cells), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
@example([("", "", "")], "\r", True)
@few
def test_what_was_written_is_read_cell_by_cell_and_line_by_line(
    rows: list[tuple[str, str, str]],
    end: str,
    every: bool,
) -> None:
    texts = [written(row, every=every) + end for row in [("id", "note", "day"), *rows]]
    with tempfile.TemporaryDirectory() as place:
        found = split(Path(place), "".join(texts))
    starts = [1 + len("".join(texts[:at]).encode().splitlines()) for at in range(1, len(texts))]
    filled = max((at for at, row in enumerate(rows, start=1) if any(row)), default=0)
    totals = {int(row) for row, _, _, rule in places(found) if rule == "EW-R25"}
    expected = [(at, *row) for at, row in enumerate(rows[:filled], start=2) if at not in totals]
    assert rows_of(found) == expected
    assert line_of(found.frame[ROW], found.lines).to_list() == [str(starts[at - 2]) for at, *_ in expected]
    assert len(totals) == found.aside.height


def test_rows_are_numbered_right_over_many_blocks(tmp_path: Path) -> None:
    lines = ["id,note", *(f"{n},{'x' * 90}" for n in range(2, 120_000))]
    odd = {7, 40_000, 40_001, 90_000, 119_999}
    for row in odd:
        lines[row - 1] = f"{row}"
    found = split(tmp_path, "\n".join(lines))
    assert {int(row) for row, *_ in places(found)} == odd
    assert (found.frame[ROW].cast(pl.String) == found.frame["id"]).all()
    assert found.frame.height == 119_998 - len(odd)


# --- rows that are set aside -------------------------------------------------------------------------------------


def test_rows_that_do_not_split_are_kept_as_they_stand(tmp_path: Path) -> None:
    found = split(tmp_path, f'id,note,day\n1,{CANARY}\n2,b,c,d\n3,e,f\n"4\n",g\n')
    assert found.aside["content"].to_list() == [f"1,{CANARY}", "2,b,c,d", '"4\n",g']
    assert [rule for *_, rule in places(found)] == ["EW-R16"] * 3
    assert rows_of(found) == [(4, "3", "e", "f")]


def test_bad_bytes_take_their_row_aside_and_no_other(tmp_path: Path) -> None:
    found = split(tmp_path, "id,note\n1,café\n".encode() + b"2,caf\xe9\n3,a\0b\n\xff,\0\n4,\xe9,x\n" + "5,ü\n".encode())
    assert places(found) == [
        ("3", "3", "note", "EW-R23"),
        ("4", "4", "note", "EW-R23"),
        ("5", "5", "id", "EW-R23"),
        ("6", "6", "", "EW-R23"),
    ]
    assert rows_of(found) == [(2, "1", "café"), (7, "5", "ü")]
    contents = found.aside["content"].to_list()
    assert [json.loads(c) for c in contents[:3]] == [
        {"id": "2", "note": r"caf\xe9"},
        {"id": "3", "note": r"a\x00b"},
        {"id": r"\xff", "note": r"\x00"},
    ]
    assert contents[3] == r"4,\xe9,x"


def test_nul_alone_does_not_make_another_code_page(tmp_path: Path) -> None:
    found = split(tmp_path, b"id,note\n1,a\n2,\0\n")
    assert places(found) == [("3", "3", "note", "EW-R23")]


def test_a_header_within_the_file_is_no_record(tmp_path: Path) -> None:
    found = split(tmp_path, "id , note\n1,a\nid,note\n2,note\nid,b\n")
    assert places(found) == [("3", "3", "", "EW-R24")]
    assert [row[1] for row in rows_of(found)] == ["1", "2", "id"]


@pytest.mark.parametrize(
    "line",
    [
        "Total: 4,120", "Total,,", "TOTAL,4120,", ",Grand total,17", '"Sub-total: ",,"1,200"', "Sum,1,2", "Count: 3,,",
        "End of report", "*** END OF FILE ***", "-- end of the extract --,,",
    ],
)  # fmt: skip
def test_a_totals_line_is_no_record(tmp_path: Path, line: str) -> None:
    found = split(tmp_path, f"id,note,day\n1,a,b\n{line}\n2,c,d\n")
    assert places(found) == [("3", "3", "", "EW-R25")]
    assert found.frame.height == 2


@pytest.mark.parametrize("line", ["Total,all of it,x", "Totally,,", "1,total,", "Count Basie,Dracula,", "7,,"])
def test_a_record_that_begins_like_a_total_is_a_record(tmp_path: Path, line: str) -> None:
    found = split(tmp_path, f"id,note,day\n{line}\n")
    assert places(found) == []
    assert found.frame.height == 1


def test_a_byte_order_mark_and_a_header_alone_are_noted(tmp_path: Path) -> None:
    found = split(tmp_path, "\ufeffid,note\n")
    assert found.frame.columns == [ROW, "id", "note"]
    assert found.frame.is_empty()
    assert ["byte-order" in found.notes[0], "header alone" in found.notes[1]] == [True, True]
    assert split(tmp_path, "id,note\n1,a\n").notes == ()


def test_a_header_is_trimmed_and_that_is_said(tmp_path: Path) -> None:
    found = split(tmp_path, '\u00a0id ,\'no\u00a0 te\',"""day"""\n1,a,b\n')
    assert found.frame.columns == [ROW, "id", "no te", "day"]
    assert "3 column names" in found.notes[0]


# --- files that are refused --------------------------------------------------------------------------------------

LONG = "x" * (surveying.MAX_LINE + 1)
REFUSED: dict[str, tuple[str | bytes, str, str]] = {
    "no byte": (b"", "EW-F02", "empty"),
    "a byte-order mark alone": (b"\xef\xbb\xbf", "EW-F02", "empty"),
    "an empty first line": ("\nid,note\n", "EW-F08", "first line"),
    "a Windows code page": (f"id,note\n1,a\n2,{CANARY} café\n".encode("cp1252"), "EW-F03", "line 3, byte 28"),
    "a Windows code page in the header": ("id,café\n1,ü\n".encode("cp1252") + "2,ü\n".encode(), "EW-F03", "line 1"),
    "NUL in the header": (b"i\0d,note\n1,a\n", "EW-F03", "line 1"),
    "UTF-16 without a mark": ("id,note\n1,a\n".encode("utf-16-le"), "EW-F03", "line 1"),
    "a quote never closed": (f'id,note\n1,a\n2,"{CANARY}\n3,b\n4,c\n', "EW-F04", "row 3 (line 3)"),
    "a quote never closed at the very end": (f'id,note\n1,a\n2,"{CANARY}', "EW-F04", "row 3 (line 3)"),
    "a quote never closed below a cell of two lines": ('id,note\n1,"a\nb"\n2,"c\n3,d\n', "EW-F04", "row 3 (line 4)"),
    "a quote never closed above good ones": ('id,note\n1,"a\n2,"b"\n3,"c"\n', "EW-F04", "row 2 (line 2)"),
    "two quotes never closed": ('id,note,day\n1,"a,b\n2,"c,d\n3,e,f\n', "EW-F04", "row 2 (line 2)"),
    "a quote never closed in the header": (f'id,"note\n{CANARY},b\n', "EW-F04", "row 1 (line 1)"),
    "one cell more in every row": ("id,note\n" + f"1,{CANARY},\n" * 3, "EW-F05", "3 cells in every row, and 2"),
    "one cell less in every row": ("id,note,day\n" + f"1,{CANARY}\n" * 3, "EW-F05", "2 cells in every row, and 3"),
    "one cell more in every row, and a total": ("id,note\n1,a,\n2,b,\nTotal: 2\n\n", "EW-F05", "3 cells"),
    "semicolons": (f"id;note\n1;{CANARY}\n", "EW-F06", "semicolons"),
    "tabs": ("id\tnote\n1\ta\n", "EW-F06", ".tsv"),
    "vertical bars": ("id|note\n", "EW-F06", "vertical bars"),
    "a column twice": ("id,note,note\n1,a,b\n", "EW-F07", "note"),
    "a column twice but for capitals and blanks": ("id,Note, note\n1,a,b\n", "EW-F07", "Note, note"),
    "no header, and two equal cells": (f"{CANARY},{CANARY}\n", "EW-F07", "column A, column B"),
    "a line too long": (f"id,note\n1,a\n2,{CANARY}{LONG}\n", "EW-F10", "line 3"),
    "a cell too long, in many lines": ('id,note\n1,a\n2,"' + "x\n" * surveying.MAX_CELL + '"\n', "EW-F10", "row 3"),
    "columns without end": (",".join(f"c{n}" for n in range(20_000)) + "\n", "EW-F10", "20,000 columns"),
    "a workbook": (b"PK\x03\x04" + CANARY.encode(), "EW-F21", "workbook"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "rule", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_by_rule_and_place(
    tmp_path: Path, content: str | bytes, rule: str, said: str
) -> None:
    error = refused(tmp_path, content)
    assert error.rule == rule, error.message
    assert said in error.message


def test_tabs_are_read_where_they_are_expected_and_commas_then_are_not(tmp_path: Path) -> None:
    assert rows_of(split(tmp_path, "id\tnote\n1\ta,b\n", "\t")) == [(2, "1", "a,b")]
    assert refused(tmp_path, "id,note\n1,a\n", "\t").rule == "EW-F06"


@pytest.mark.parametrize("content", ["id\n1;2\n", "id;note\n1\n", "id\na|b\n"])
def test_one_column_is_no_wrong_delimiter(tmp_path: Path, content: str) -> None:
    assert split(tmp_path, content).frame.height == 1


def test_a_quote_within_a_cell_written_twice_is_one(tmp_path: Path) -> None:
    assert rows_of(split(tmp_path, 'id,note\n1,"5"" pipe"\n')) == [(2, "1", '5" pipe')]


def test_a_giant_field_is_refused_with_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as handle:
        handle.write(b"id,note\n1,")
        for _ in range(200):
            handle.write(b"x" * (1 << 20))
    tracemalloc.start()
    with pytest.raises(SourceError, match="EW-F10"):
        read_delimited(path, "a")
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
