"""When each delivery was made: what the user says, else the newest date in it, and then visibly so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError, SourceError
from earlywarn.records.mapping.marks import SHEET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from earlywarn.records.mapping.gather import Found
    from earlywarn.records.mapping.layout import Layout


@dataclass(frozen=True)
class ExtractDates:
    """Days on which extracts were made: one for all, or one for each delivery whose path holds a word."""

    everywhere: date | None = None
    by_part: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def parse(cls, words: Iterable[str]) -> ExtractDates:
        """Read ``2026-03-31`` or ``2026/=2026-03-31``: a day, or a part of the path and its day.

        Raises
        ------
        ArgumentError
            No ISO day, or two days for everything.

        Examples
        --------
        >>> ExtractDates.parse(["2019=2019-03-31"]).of("returns/2019/header.csv")
        datetime.date(2019, 3, 31)

        """
        parts: dict[str, date] = {}
        for word in words:
            part, _, day = word.rpartition("=")
            if part in parts:
                raise ArgumentError("An extract date is given twice.", fix="give one day, or one for each delivery")
            parts[part] = _day(day)
        return cls(parts.pop("", None), MappingProxyType(parts))

    def of(self, place: str) -> date | None:
        """Return the day given for a delivery, or None."""
        fitting = [part for part in self.by_part if part in place]
        return self.by_part[max(fitting, key=len)] if fitting else self.everywhere

    def refuse_idle(self, places: Iterable[str]) -> None:
        """Refuse a day for a delivery that is not there: by a slip another would get its newest date unseen.

        Raises
        ------
        ArgumentError
            A part that stands in no place.

        """
        given = list(places)
        for part in self.by_part:
            if not any(part in place for place in given):
                raise ArgumentError(
                    f'--extract-date "{part}=…" fits no file.',
                    expected="a part of the path of one",
                    fix="check the part before the =",
                )


def _day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise ArgumentError(
            f'--extract-date "{word}" is no day.', expected="YYYY-MM-DD, or PART=YYYY-MM-DD", fix="correct it"
        ) from None


def extract_days(
    found: Found, frames: Mapping[str, pl.DataFrame], layout: Layout, given: ExtractDates
) -> tuple[list[datetime], list[bool], list[str]]:
    """Return, for each sheet, the moment of its extract and whether it was given; and notes for those that were not.

    Raises
    ------
    SourceError
        A delivery without any date, and none given (EW-F23).

    """
    newest = _newest(found, frames, layout)
    days: dict[str, tuple[date, bool]] = {}
    notes: list[str] = []
    for delivery in sorted(set(found.deliveries)):
        said = given.of(delivery)
        day = said or newest.get(delivery)
        if day is None:
            raise _no_date(found, delivery)
        days[delivery] = (day, said is not None)
        if said is None:
            notes.append(
                f"{_called(delivery, found)}: no --extract-date was given; the newest date in it, {day:%Y-%m-%d}, "
                "is taken for the day of the extract"
            )
    moments = [datetime.combine(days[d][0], time()) for d in found.deliveries]
    return moments, [days[d][1] for d in found.deliveries], notes


def _newest(found: Found, frames: Mapping[str, pl.DataFrame], layout: Layout) -> dict[str, date]:
    newest: dict[str, date] = {}
    for name, frame in frames.items():
        columns = layout.tables[name].columns
        days = [c for c, column in columns.items() if column.holds in {"day", "moment"} and not column.ahead]
        if not days:
            continue
        latest = frame.group_by(SHEET).agg(pl.max_horizontal(pl.col(c).cast(pl.Date).max() for c in days).alias("day"))
        for sheet, day in latest.filter(pl.col("day").is_not_null()).iter_rows():
            delivery = found.deliveries[sheet]
            newest[delivery] = max(day, newest.get(delivery, day))
    return newest


def _called(delivery: str, found: Found) -> str:
    files: Sequence[str] = sorted(
        {s.file for s, d in zip(found.sheets, found.deliveries, strict=True) if d == delivery}
    )
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def _no_date(found: Found, delivery: str) -> SourceError:
    return SourceError(
        f"{_called(delivery, found)}: no date in it says when it was made.",
        expected="the day of the extract",
        fix="give --extract-date YYYY-MM-DD",
        rule="EW-F23",
    )
