"""As-of days: how one is read, and which day means everything."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError

if TYPE_CHECKING:
    from earlywarn.records.tables import Records


def as_day(value: str | dt.date) -> dt.date:
    """Read an as-of day; anything finer is refused.

    Parameters
    ----------
    value : str or datetime.date
        ``YYYY-MM-DD``, a date, or a midnight without a zone. The day means the midnight that starts it.

    Raises
    ------
    ArgumentError
        Not a day.

    Examples
    --------
    >>> as_day("2026-11-01")
    datetime.date(2026, 11, 1)

    """
    if isinstance(value, dt.datetime):  # a pandas Timestamp is one
        if value == value and value.tzinfo is None and value.time() == dt.time(0):  # noqa: PLR0124 (NaT is not itself)
            return value.date()
    elif isinstance(value, dt.date):
        return value
    elif isinstance(value, str) and len(value) == len("YYYY-MM-DD"):
        with suppress(ValueError):
            day = dt.date.fromisoformat(value)  # reads weeks too: 2026-W44-7
            if day.isoformat() == value:
                return day
    raise ArgumentError(
        "The as-of day is not a day.",
        expected="a day as YYYY-MM-DD; it means the midnight that starts it, and nothing finer is understood",
        fix='write it like "2026-11-01"',
    )


def midnight(day: dt.date) -> dt.datetime:
    """Return the midnight that starts a day."""
    return dt.datetime.combine(day, dt.time(0))


def day_after(records: Records) -> dt.date:
    """Return the day by which all of these records were known: the one after the newest thing in them.

    Raises
    ------
    ArgumentError
        There is no record.

    """
    times = [
        records.frames[table][column].max()
        for table, column in (("contacts", "known_at"), ("sharing", "shared_at"), ("links", "known_at"))
    ]
    known = [t for t in times if isinstance(t, dt.datetime)]
    if records.frames["contacts"].is_empty():
        raise ArgumentError("There is no record.", expected="at least one", fix="give records, or an as-of day")
    return max(known).date() + dt.timedelta(days=1)


NATIONS: tuple[str, ...] = ("ENG", "WLS", "SCT", "NIR")
"""England, Wales, Scotland and Northern Ireland, whose bank holidays differ."""


def working_days(start: pl.Series, end: pl.Series, nation: str = "ENG") -> pl.Series:
    """Count the working days from one day up to another, the first among them and the last not.

    Mondays to Fridays that are no bank holiday.

    Parameters
    ----------
    start, end : polars.Series
        Days, of equal length.
    nation : {"ENG", "WLS", "SCT", "NIR"}
        Whose bank holidays.

    Returns
    -------
    polars.Series
        Int32; null where a day is, negative where the end lies before the start.

    Examples
    --------
    >>> monday = pl.Series([dt.date(2026, 12, 21)])
    >>> working_days(monday, monday + dt.timedelta(days=7)).to_list()  # Christmas Day is a Friday
    [4]

    """
    years = pl.concat([start, end]).dt.year().drop_nulls().unique().sort().to_list()
    closed = _bank_holidays(nation, years[0], years[-1]) if years else ()
    return pl.select(pl.business_day_count(start, end, holidays=closed)).to_series()


@cache
def _bank_holidays(nation: str, first: int, last: int) -> tuple[dt.date, ...]:
    from holidays import country_holidays  # noqa: PLC0415 (few ask for working days)

    return tuple(sorted(country_holidays("GB", subdiv=nation, years=range(first, last + 1))))
