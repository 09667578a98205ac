"""Workbooks: traps in the archive, other kinds under the name, and what a spreadsheet hides or has changed."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import TYPE_CHECKING, Any

import xlsxwriter

from tests.malformed import CANARY, Case
from tests.malformed.files import HEAD, aside, document, error, table, taken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.malformed.files import Build, Content


def workbook(*rows: list[Any], change: Callable[[Any, Any], None] = lambda *_: None) -> Content:
    """An Excel workbook of one worksheet."""

    def write(path: Path) -> None:
        book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet("Visits")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        change(book, sheet)
        book.close()

    return write


def with_part(name: str, content: bytes) -> Content:
    """A sound workbook with one more part in it."""

    def write(path: Path) -> None:
        SOUND(path)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)

    return write


HEADER, ROW = HEAD.split(","), ["K1", date(2024, 5, 1), "north"]
OTHER = ["K2", *ROW[1:]]
SECRET = [CANARY, date(2024, 5, 1), "north"]
SOUND: Any = workbook(HEADER, SECRET)


def book(*rows: list[Any], change: Callable[[Any, Any], None] = lambda *_: None) -> Build:
    """An Excel workbook, read by the mapping."""
    return table(workbook(*rows, change=change), "a.xlsx")


def _merged(_: Any, sheet: Any) -> None:
    sheet.merge_range(1, 0, 2, 0, "K1")


def _hidden(_: Any, sheet: Any) -> None:
    sheet.set_row(1, None, None, {"hidden": True})
    sheet.autofilter(0, 0, 2, 2)


def _formula(_: Any, sheet: Any) -> None:
    sheet.write_formula(1, 0, '="K"&1', None, "K1")
    sheet.write_formula(2, 2, "=NA()", None, "#N/A")


def _two_headers(_: Any, sheet: Any) -> None:
    sheet.merge_range(0, 0, 0, 1, "Child")


def _many_sheets(book: Any, _: Any) -> None:
    for number in range(200):
        book.add_worksheet(f"s{number}")


def _far(_: Any, sheet: Any) -> None:
    sheet.write(1_048_575, 16_383, CANARY)


def _archive(name: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(name, CANARY)
    return made.getvalue()


_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000
_SECRET_OLD = _OLD + "EncryptedPackage".encode("utf-16-le") + b"\0" * 2000

CASES = [
    aside("I-20b", "the header again in a workbook", book(HEADER, ROW, HEADER), {("3", ""): "EW-R24"}, 1),
    error(
        "I-34a",
        "a workbook made to fill the memory",
        "EW-F19",
        table(with_part("xl/x.xml", b" " * (64 << 20)), "a.xlsx"),
    ),
    error("I-34b", "a part that points outside", "EW-F19", table(with_part("../x.xml", b"x"), "a.xlsx"), "outside"),
    error("I-34c", "201 worksheets", "EW-F19", book(HEADER, change=_many_sheets), "201 worksheets"),
    error("I-34d", "one cell far away", "EW-F19", book(HEADER, SECRET, change=_far), "spread"),
    error("I-35a", "macros", "EW-F20", table(_archive("xl/vbaProject.bin"), "a.xlsx"), "macros"),
    error("I-35b", "a password", "EW-F20", table(_SECRET_OLD, "a.xlsx"), "password"),
    error("I-35c", "an old workbook renamed", "EW-F20", table(_OLD, "a.xlsx"), "old Excel"),
    error("I-35d", "a web page renamed", "EW-F20", table(f"<html><td>{CANARY}</td></html>", "a.xlsx"), "web page"),
    error("I-35e", "half a workbook", "EW-F20", document("PK\x03\x04" + CANARY, "annex_a", "a.xlsx"), "cut off"),
    error("I-35f", "a workbook with the suffix of text", "EW-F21", table(SOUND), "workbook"),
    error("I-35g", "an old workbook by its own name", "EW-F20", document(CANARY, "annex_a", "a.xls"), ".xls"),
    aside(
        "I-36a",
        "merged cells: the second row lacks its child",
        book(HEADER, ROW, [None, *ROW[1:]], change=_merged),
        {("3", "Child ID"): "EW-R01"},
        1,
        "merged",
    ),
    Case(
        "I-36b",
        "hidden rows and a filter",
        "warn",
        book(HEADER, ROW, OTHER, change=_hidden),
        says=("hidden", "filter"),
        accepted=2,
    ),
    taken("I-36c", "formulas and an error", book(HEADER, ROW, OTHER, change=_formula), 2, "#N/A"),
    Case(
        "I-36d",
        "two header rows",
        "warn",
        book(["", "", ""], HEADER, ROW, change=_two_headers),
        says=("two header rows",),
        accepted=1,
    ),
    taken("I-36e", "titles above the header", book(["Visits of the year"], [], HEADER, ROW), 1, "1 row above"),
    error(
        "I-37a",
        "ids shortened to powers of ten",
        "EW-F26",
        table(f"{HEAD}\n1.23457E+11,2024-05-01,north\n"),
        "Child ID",
    ),
    error("I-37b", "ids too long for a spreadsheet", "EW-F26", book(HEADER, [12345678901234567, *ROW[1:]])),
    error("I-37c", "ids taken for days", "EW-F26", book(HEADER, [date(2024, 2, 1), *ROW[1:]])),
]
