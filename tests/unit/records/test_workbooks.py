"""Workbooks as text: dates as days, ids without fractions, errors kept; traps refused before anything is unpacked."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.opening import archives
from earlywarn.records.opening.sheets import Sheet, looks_excel_damaged, read_sheets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CANARY = "CANARY-7c1"


def workbook(path: Path, fill: Callable[[Any], None]) -> Path:
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"})
    fill(book)
    book.close()
    return path


def rows(*lines: list[Any], name: str = "Pupils", top: int = 0) -> Callable[[Any], None]:
    """Fill one worksheet with rows from a line on."""

    def fill(book: Any) -> None:
        sheet = book.add_worksheet(name)
        for number, line in enumerate(lines, start=top):
            sheet.write_row(number, 0, line)

    return fill


def one(path: Path, fill: Callable[[Any], None], **options: Any) -> Sheet:
    [sheet] = read_sheets(workbook(path / "book.xlsx", fill), **options)
    return sheet


def refused(path: Path, **options: Any) -> SourceError:
    with pytest.raises(SourceError) as error:
        read_sheets(path, **options)
    assert error.value.expected
    assert error.value.fix
    assert CANARY not in error.value.message
    return error.value


# --- what is read ------------------------------------------------------------------------------------------------


def test_cells_become_text_by_what_they_are(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("A b")
        sheet.write_row(0, 0, ["id", "share", "yes", "day", "at", "time", "span", "sum", "error", "text"])
        sheet.write_row(1, 0, [9212044.0, 6.138261464750171, True, dt.date(2015, 1, 25)])
        sheet.write_datetime(1, 4, dt.datetime(2020, 9, 16, 14, 5), book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
        sheet.write_datetime(1, 5, dt.time(9, 30), book.add_format({"num_format": "hh:mm"}))
        sheet.write_number(1, 6, 1.5, book.add_format({"num_format": "[h]:mm"}))
        sheet.write_formula(1, 7, "=1+1", None, 2)
        sheet.write_formula(1, 8, "=NA()", None, "#N/A")
        sheet.write_string(1, 9, "=1+1")

    sheet = one(tmp_path, fill)
    assert (sheet.file, sheet.name) == ("book.xlsx", "A b")
    assert sheet.frame.rows() == [
        (2, "9212044", "6.138261464750171", "true", "2015-01-25", "2020-09-16 14:05:00", "09:30:00", "36:00:00", "2",
         "#N/A", "=1+1")
    ]  # fmt: skip
    assert sheet.notes == ("1 cell with an error such as #N/A; read as that text",)
    assert sheet.line_of(sheet.frame[ROW]).to_list() == [""]


def test_numbers_that_lost_digits_show_it(tmp_path: Path) -> None:
    sheet = one(tmp_path, rows(["id"], [1234567890123456789], [999999999999999], [-1e15]))
    assert sheet.frame["id"].to_list() == ["1.234568E+18", "999999999999999", "-1.000000E+15"]
    assert looks_excel_damaged(sheet.frame["id"]).to_list() == [True, False, True]


def test_rows_are_numbered_as_the_worksheet_numbers_them(tmp_path: Path) -> None:
    sheet = one(tmp_path, rows(["id", "note"], [1, "a"], [], [2, "b"], ["id", "note"], ["Total", 2], [3, "c"], top=4))
    assert sheet.frame.rows() == [(6, "1", "a"), (8, "2", "b"), (11, "3", "c")]
    assert sheet.aside.select("table", "row", "line", "rule").rows() == [
        ("Pupils", "9", "", "EW-R24"),
        ("Pupils", "10", "", "EW-R25"),
    ]
    assert "1 blank row left out" in sheet.notes


def test_each_worksheet_that_holds_anything_is_a_table(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        rows(["a"], [1], name="List 1")(book)
        book.add_worksheet("Empty")
        rows(["b"], name="List 2")(book)
        rows(["c"], [3], name="Old")(book)
        book.get_worksheet_by_name("Old").hide()
        book.add_chartsheet("Chart").set_chart(_chart(book))

    sheets = read_sheets(workbook(tmp_path / "book.xlsx", fill))
    assert [(s.name, s.frame.height) for s in sheets] == [("List 1", 1), ("List 2", 0), ("Old", 1)]
    assert [any("hidden" in note for note in s.notes) for s in sheets] == [False, False, True]


def _chart(book: Any) -> Any:
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "='List 1'!$A$1:$A$2"})
    return chart


def test_the_header_is_found_below_its_titles(tmp_path: Path) -> None:
    titles = [["Pupils of the school, autumn"], ["UPN", "as of", "2024"], []]
    lines = [*titles, ["upn\u00a0", " Date  of birth", "Note"], [1, 2, 3]]
    expected = [["Other"], ["UPN", "Date of birth", "Sex"]]
    sheet = one(tmp_path, rows(*lines), expected=expected)
    assert sheet.frame.columns == [ROW, "upn", "Date of birth", "Note"]
    assert sheet.frame.rows() == [(5, "1", "2", "3")]
    assert "2 rows above the header left out" in sheet.notes
    assert "blanks or quotes in or around 2 column names were taken away" in sheet.notes
    plain = one(tmp_path, rows(*lines[3:], top=2), expected=[["Somewhere", "Else"]])
    assert plain.frame.columns == [ROW, "upn", "Date of birth", "Note"], "else the first row that is filled"


def test_the_header_is_not_looked_for_among_the_records(tmp_path: Path) -> None:
    lines = [["a", "b"], *([n, "x"] for n in range(25)), ["UPN", "Sex"], [1, 2]]
    assert one(tmp_path, rows(*lines), expected=[["UPN", "Sex"]]).frame.columns == [ROW, "a", "b"]


def test_what_a_reader_cannot_see_is_said(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Pupils")
        sheet.merge_range(0, 0, 0, 1, "Child")
        sheet.write_row(1, 0, ["UPN", "Sex"])
        sheet.write_row(2, 0, ["1", "F"])
        sheet.merge_range(3, 0, 4, 0, "2")
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.autofilter(1, 0, 4, 1)

    sheet = one(tmp_path, fill, expected=[["UPN", "Sex"]])
    assert sheet.frame.rows() == [(3, "1", "F"), (4, "2", None)]
    said = " | ".join(sheet.notes)
    for words in ("columns are hidden", "a filter is set", "two header rows", "first of them holds", "1 row above"):
        assert words in said


@pytest.mark.parametrize("name", ["annex_a/Annex_A.xlsx", "family_context/Common Data Model.xlsx"])
def test_sample_workbooks_are_read_whole(samples: Path, name: str) -> None:
    sheets = read_sheets(samples / name)
    assert len(sheets) == (11 if "annex" in name else 4)
    assert all(s.frame.height >= 5 for s in sheets)
    assert {rule for s in sheets for rule in s.aside["rule"]} == (set() if "annex" in name else {"EW-R24"})
    if "annex" in name:
        assert sheets[0].frame["Child Unique ID"].str.contains(r"^\d+$").all()
        assert sheets[0].frame["Date of Birth"].drop_nulls().str.contains(r"^\d{4}-\d\d-\d\d$").all()


# --- what is refused ---------------------------------------------------------------------------------------------


def test_a_column_twice_is_refused_by_worksheet(tmp_path: Path) -> None:
    error = refused(workbook(tmp_path / "b.xlsx", rows(["UPN", "upn "], [1, 2])), expected=[["UPN"]])
    assert error.rule == "EW-F07"
    assert 'worksheet "Pupils"' in error.message


def zipped(path: Path, **parts: bytes) -> Path:
    """Add parts to a sound workbook, ``__`` for a slash."""
    workbook(path, rows(["id"], [CANARY]))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def test_a_workbook_made_to_fill_the_memory_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "b.xlsx", xl__worksheets__sheet9=b" " * (200 << 20))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    error = refused(path)
    assert (error.rule, "200 MB" in error.message) == ("EW-F19", True)


def test_a_part_larger_than_its_directory_says_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.xlsx", **{"xl__extra.xml": b"x" * 400_000})
    content = bytearray(path.read_bytes())
    size = struct.pack("<I", 400_000)
    assert content.count(size) == 2, "in the part's own header and in the directory"
    path.write_bytes(content.replace(size, struct.pack("<I", 400)))
    assert refused(path).rule == "EW-F20"


@pytest.mark.parametrize("name", ["../evil.xml", "xl/../../evil.xml", "/etc/evil", "C:\\evil.xml", "..\\evil.xml"])
def test_parts_that_point_outside_are_refused(tmp_path: Path, name: str) -> None:
    assert refused(zipped(tmp_path / "b.xlsx", **{name: b"x"})).rule == "EW-F19"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.xml", "xl/worksheets/SHEET1.xml"])
def test_a_part_that_is_there_twice_is_refused(tmp_path: Path, name: str) -> None:
    error = refused(zipped(tmp_path / "b.xlsx", **{name: b"<worksheet/>"}))
    assert (error.rule, "twice" in error.message) == ("EW-F19", True)


def test_too_many_worksheets_are_refused(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        for number in range(archives.MAX_SHEETS + 1):
            book.add_worksheet(f"s{number}")

    error = refused(workbook(tmp_path / "b.xlsx", fill))
    assert (error.rule, "201 worksheets" in error.message) == ("EW-F19", True)


def test_one_cell_far_away_does_not_fill_the_memory(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "id")
        sheet.write(1_048_575, 16_383, CANARY)

    error = refused(workbook(tmp_path / "b.xlsx", fill))
    assert (error.rule, "spread" in error.message) == ("EW-F19", True)


@pytest.mark.parametrize("cell", ['<c r="XFD1048576">', "<c r='XFD1048576'>", '<c t="n"  r = "xfd1048576" >'])
def test_a_far_cell_is_found_however_it_is_written(tmp_path: Path, cell: str) -> None:
    path = workbook(tmp_path / "b.xlsx", rows(["id"], [7]))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b'<c r="A2">', cell.encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert refused(path).rule == "EW-F19"


def _macros() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/vbaProject.bin", CANARY)
    return made.getvalue()


def _archive(**parts: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return made.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
NO_WORKBOOKS = {
    "nothing": (b"", "empty"),
    "text": (f"id,note\n1,{CANARY}\n".encode(), "no workbook"),
    "a web page": (f"\n <HTML><table><tr><td>{CANARY}".encode(), "web page"),
    "a table of a web page": (f"<table><tr><td>{CANARY}".encode(), "web page"),
    "an XML spreadsheet": (b"<?xml version='1.0'?><Workbook>", "XML"),
    "an old workbook": (OLE + b"\0" * 5000, "old Excel"),
    "an encrypted workbook": (OLE + b"\0" * (1 << 20) + "EncryptedPackage".encode("utf-16-le"), "password"),
    "macros": (_macros(), "macros"),
    "a binary workbook": (_archive(xl__workbook_dot_bin="x"), ".xlsb"),
    "OpenDocument": (_archive(mimetype="application/x", content_dot_xml="x"), ".ods"),
    "another archive": (_archive(a_dot_txt=CANARY), "no workbook"),
    "a workbook without a part that must be there": (_archive(xl__styles_dot_xml="x"), "broken"),
}


@pytest.mark.parametrize(("content", "said"), NO_WORKBOOKS.values(), ids=NO_WORKBOOKS)
def test_what_is_no_workbook_is_called_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "b.xlsx").write_bytes(content)
    error = refused(tmp_path / "b.xlsx")
    assert error.rule == "EW-F20"
    assert said in error.message


def test_a_workbook_cut_off_or_damaged_anywhere_is_refused_or_read_and_never_a_bug(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "b.xlsx", rows(["id", "note"], *([n, CANARY] for n in range(20)))).read_bytes()
    for at in range(0, len(whole), 97):
        for content in (whole[:at], whole[:at] + b"\xff\0<&" + whole[at + 4 :]):
            (tmp_path / "c.xlsx").write_bytes(content)
            try:
                read_sheets(tmp_path / "c.xlsx")
            except SourceError as error:
                assert error.rule in {"EW-F07", "EW-F19", "EW-F20"}  # noqa: PT017 (either ending is right)
                assert CANARY not in error.message  # noqa: PT017


def test_damaged_xml_within_a_sound_archive_is_refused_or_read_and_never_a_bug(tmp_path: Path) -> None:
    path = workbook(tmp_path / "b.xlsx", rows(["id", "note"], [1, CANARY]))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name.startswith("xl/w")}
        rest = {name: archive.read(name) for name in archive.namelist() if name not in parts}
    for name, content in parts.items():
        for at in range(0, len(content), 41):
            with zipfile.ZipFile(tmp_path / "c.xlsx", "w") as archive:
                for other, whole in (rest | parts | {name: content[:at] + b"</x>&" + content[at + 3 :]}).items():
                    archive.writestr(other, whole)
            try:
                read_sheets(tmp_path / "c.xlsx")
            except SourceError as error:
                assert error.rule in {"EW-F19", "EW-F20"}  # noqa: PT017 (either ending is right)


def test_a_document_type_in_a_workbook_opens_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(CANARY)
    book = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{secret.as_uri()}">]><workbook><sheet name="&a;"/></workbook>'
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", book)
        archive.writestr("xl/_rels/workbook.xml.rels", "<Relationships/>")
    assert refused(tmp_path / "b.xlsx").rule == "EW-F20"
