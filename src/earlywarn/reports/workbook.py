"""The list as a workbook: cells are text, so that no id is rounded and nothing written in a record is run."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import xlsxwriter

from earlywarn.reports.html import not_listed
from earlywarn.review.flag import A_PERSON_DECIDES
from earlywarn.words import said_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from earlywarn.review.flag import Flag, Flags

Cell = str | float | None

FLAGS: Mapping[str, tuple[int, str]] = {
    "flag_id": (18, "names the flag in every sheet of this file"),
    "rank": (6, "place by score; 1 comes first, equal scores share the lower number"),
    "child_id": (14, "the child"),
    "age": (16, "on the as-of day"),
    "status": (26, "the plan or support that was open on the as-of day, and since when"),
    "team": (14, "the team that holds the case, where a record says so"),
    "household": (26, "the household the newest record places the child in; one review covers its children"),
    "what is recorded": (64, "every reason, as a sentence; its records are in the sheet Records"),
    "not known": (44, "what the records do not say"),
    "questions": (48, "what to ask, and of whom"),
    "band": (14, "read first, read next, below the line, or cannot tell"),
    "score": (7, "the sum of the points in the sheet Reasons; an order for reading"),
    "Decision": (24, "for the person who reads the records to fill in"),
    "Reasons for the decision": (40, "for that person to fill in"),
    "Name and role": (24, "for that person to fill in"),
    "Date": (12, "for that person to fill in"),
}
REASONS: Mapping[str, tuple[int, str]] = {
    "flag_id": (18, "the flag"),
    "child_id": (14, "the child"),
    "group": (34, "about the child and family, about services, or speaking the other way"),
    "sentence": (80, "the reason"),
    "value": (9, "what was counted; empty where it cannot be told"),
    "points": (8, "what the reason added to the score"),
    "records": (9, "how many records it rests on"),
}
RECORDS: Mapping[str, tuple[int, str]] = {
    "flag_id": (18, "the flag"),
    "feature": (26, "which reason"),
    "record_id": (24, "the record, as the agency's extract names it"),
}

LONGEST = 32_000
"""A cell holds 32,767 characters; a longer text is cut, and says so."""

_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
TEXT_ONLY = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_workbook(flags: Flags, path: Path) -> None:
    """Write a list as ``.xlsx``: Flags, Reasons, Records, and About, which says what each column means.

    Parameters
    ----------
    flags : Flags
        The list. Children below the line are not in the file.
    path : Path
        Where to write. The same list gives the same bytes.

    """
    with xlsxwriter.Workbook(str(path), TEXT_ONLY) as book:
        created = dt.datetime.combine(flags.as_of, dt.time(0))
        book.set_properties({"title": f"Records to read, as of {said_day(flags.as_of)}", "created": created})
        add_table(book, "Flags", FLAGS, (_flag(f) for f in flags))
        add_table(book, "Reasons", REASONS, (row for f in flags for row in _reasons(f)))
        add_table(book, "Records", RECORDS, (row for f in flags for row in _records(f)))
        _about(book, flags)


def _flag(flag: Flag) -> list[Cell]:
    return [
        flag.flag_id,
        flag.rank,
        flag.child_id,
        *(flag.header[k] for k in ("age", "status", "team", "household")),
        "\n".join(r.sentence for r in flag.reasons),
        "\n".join(flag.not_known),
        "\n".join(flag.questions),
        flag.band,
        flag.score,
        *[None] * 4,
    ]


def _reasons(flag: Flag) -> list[list[Cell]]:
    start = (flag.flag_id, flag.child_id)
    return [[*start, r.group, r.sentence, r.value, r.points, len(r.record_ids)] for r in flag.reasons]


def _records(flag: Flag) -> list[list[Cell]]:
    return [[flag.flag_id, r.feature, record_id] for r in flag.reasons for record_id in r.record_ids]


def add_table(
    book: Workbook, name: str, columns: Mapping[str, tuple[int, str]], rows: Iterable[Sequence[Cell]]
) -> None:
    """Add a sheet of text and numbers: a head that stays in sight, filters, and nothing that runs."""
    sheet, cell = book.add_worksheet(name), book.add_format({"text_wrap": True, "valign": "top"})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    for i, (column, (width, _)) in enumerate(columns.items()):
        sheet.set_column(i, i, width, cell)
        sheet.write_string(0, i, column, head)
    last = 0
    for last, row in enumerate(rows, start=1):
        for i, value in enumerate(row):
            _write(sheet, last, i, value, cell)
    sheet.freeze_panes(1, 3 if columns is FLAGS else 0)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    _for_paper(sheet)
    sheet.repeat_rows(0)


def _write(sheet: Worksheet, row: int, column: int, value: Cell, look: object) -> None:
    if value is None or value == "":
        sheet.write_blank(row, column, None, look)
    elif isinstance(value, str):
        sheet.write_string(row, column, plain(value), look)
    else:
        sheet.write_number(row, column, value, look)


def plain(text: str) -> str:
    """Show what a cell cannot hold, instead of dropping it: a control character becomes ``�``.

    Examples
    --------
    >>> plain("a" + chr(7) + "b")
    'a�b'

    """
    shown = _REFUSED.sub("�", text)
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + " … (cut here; see the other sheets)"


def _about(book: Workbook, flags: Flags) -> None:
    sheet, cell = book.add_worksheet("About"), book.add_format({"text_wrap": True, "valign": "top"})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 34, cell)
    sheet.set_column(1, 1, 90, cell)
    for row, (name, said) in enumerate(_about_lines(flags)):
        _write(sheet, row, 0, name, bold if said == "" else cell)
        _write(sheet, row, 1, said, cell)
    _for_paper(sheet)


def _about_lines(flags: Flags) -> list[tuple[str, Cell]]:
    """Lines of the sheet About; a line without a second cell heads what follows."""
    asked = f"{flags.households} of the {flags.candidates} in which at least one child could have been listed"
    absent = ", ".join(flags.absent_sectors())
    lines: list[tuple[str, Cell]] = [
        ("Caution", flags.caution),
        ("Who decides", A_PERSON_DECIDES),
        ("As of", f"{said_day(flags.as_of)}: everything here was known before that day began"),
        ("Whose records", f"{flags.whose_records()} {flags.how_seen()}"),
        ("No records from", absent or "no sector is missing"),
        ("Households to read", asked),
        ("Households tied at the cut", flags.ties),
        ("Put in order by", flags.model_name),
        ("Children not listed, by reason", ""),
        *((reason, count) for reason, count in not_listed(flags)),
    ]
    for name, columns in (("Flags", FLAGS), ("Reasons", REASONS), ("Records", RECORDS)):
        lines += [(f"Columns of {name}", ""), *((column, said) for column, (_, said) in columns.items())]
    return lines


def _for_paper(sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
