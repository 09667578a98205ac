"""England's school census: what a file's name alone tells of it, the term, and when that term's registers were known.

Attendance and exclusions are reported one term in arrears: what stands in the files of the autumn term is held to be
known on the census day of the spring. Terms are taken by the calendar, since their days differ from school to school.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earlywarn.records.opening.sheets import Sheet

TERMS = ("spring", "summer", "autumn")
_STARTS = {"spring": 1, "summer": 4, "autumn": 9}
_CENSUS = {"spring": (1, 3), "summer": (5, 3), "autumn": (10, 1)}
"""Month, and which of its Thursdays, a census is taken on."""

_THURSDAY = 3
_LABEL = re.compile(r"(?<!\d)(?P<year>20\d\d)[\W_]*(?P<term>spring|summer|autumn)(?![a-z])", re.IGNORECASE)
_TOLD_LATER = {"sessiondetails": ("term_start", "next_census", "roll"), "exclusions": ("next_census",)}
"""What is added to a sheet of which name."""


def census_day(year: int, term: str) -> date:
    """Return the day of a census.

    Examples
    --------
    >>> census_day(2024, "autumn"), census_day(2025, "spring"), census_day(2025, "summer")
    (datetime.date(2024, 10, 3), datetime.date(2025, 1, 16), datetime.date(2025, 5, 15))

    """
    month, which = _CENSUS[term]
    first = date(year, month, 1)
    return first + timedelta(days=(_THURSDAY - first.weekday()) % 7 + 7 * (which - 1))


def next_census(year: int, term: str) -> date:
    """Return the day of the census that follows the one of a term.

    Examples
    --------
    >>> next_census(2024, "autumn"), next_census(2025, "spring")
    (datetime.date(2025, 1, 16), datetime.date(2025, 5, 15))

    """
    after = TERMS[(TERMS.index(term) + 1) % len(TERMS)]
    return census_day(year + (term == "autumn"), after)


def prepare(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Add what the files' names tell: ``next_census`` to registers and exclusions, ``term_start`` to registers.

    Registers get a third column, ``roll``: whether their pupils are on the roll or no longer on it.

    Raises
    ------
    SourceError
        A file whose name tells no term (EW-F23).

    """
    return [_with_term(sheet, *_term(sheet)) for sheet in sheets]


def _term(sheet: Sheet) -> tuple[int, str]:
    found = _LABEL.search(sheet.name) or _LABEL.search(sheet.file)
    if found is None:
        raise SourceError(
            f"{sheet.file}: its name does not tell the term.",
            expected="a name like 2024_autumn_pupilonroll.csv",
            fix="rename the file after the year and the term it was made for",
            rule="EW-F23",
        )
    return int(found["year"]), found["term"].lower()


def _with_term(sheet: Sheet, year: int, term: str) -> Sheet:
    name = sheet.name.lower()
    told = {
        "term_start": date(year, _STARTS[term], 1).isoformat(),
        "next_census": next_census(year, term).isoformat(),
        "roll": "off" if "offroll" in name else "on",
    }
    wanted = [column for part, columns in _TOLD_LATER.items() if part in name for column in columns]
    return replace(sheet, frame=sheet.frame.with_columns(pl.lit(told[column]).alias(column) for column in wanted))
