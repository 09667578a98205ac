"""The chronology of one child as a workbook: text stays text, days sort as text, and nothing in a record is run."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import xlsxwriter

from earlywarn.history.chronology import CANNOT_TELL, GAP_DAYS, HOLDS, NOT_THERE, RAISED, TOLD
from earlywarn.history.strands import STRAND_GAP_DAYS
from earlywarn.records.codes import AGENCIES, label
from earlywarn.reports._chronology import (
    STATES,
    delays_in_words,
    events_in_words,
    gaps_in_words,
    head_in_words,
    plans_in_words,
)
from earlywarn.reports.workbook import TEXT_ONLY, add_table
from earlywarn.review.flag import A_PERSON_DECIDES
from earlywarn.words import said_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from earlywarn.history.chronology import Chronology
    from earlywarn.reports.workbook import Cell

EVENTS: Mapping[str, tuple[int, str]] = {
    "date": (12, "when it happened; where that is not recorded, when it became known, and the next column says so"),
    "date as recorded": (16, "the same, as exactly as the source has it"),
    "recorded by": (24, "who saw or raised it, and whose record it is where that is another agency"),
    "what": (30, "what sort of thing it is; of a conclusion, what it concludes"),
    "detail": (28, "how it was done, about whom if not the child, whether it took place"),
    "concerns": (28, "concerns it raises"),
    "outcome": (18, "what came of it"),
    "planned": (10, "yes: planned for the as-of day or later; it has not happened yet"),
    "days to know": (10, "from when it happened to when its holder knew it; empty unless both are recorded to the day"),
    "days since the one before": (10, f"{GAP_DAYS} or more: a span without a record by anyone"),
}
LAST: Mapping[str, tuple[int, str]] = {"record_id": (24, "the record, as the agency's extract names it")}
AGENCY_WIDTH = 16
CONCERNS: Mapping[str, tuple[int, str]] = {
    "concern": (30, f"records of one concern, each at most {STRAND_GAP_DAYS} days after the one before, are one row"),
    "raised again": (8, "yes: an earlier row is about the same concern"),
    "first raised": (12, "the day"),
    "raised by": (26, "who raised it first"),
    "last raised": (12, "the day"),
    "records": (8, "how often it was raised"),
    "what became of it": (34, "no conclusion recorded: it may have been dealt with and not written down"),
    "concluded": (12, "the day"),
    "in the records of, or told to": (40, "organisations that knew any of its records"),
    "first told": (12, "the day on which an agency that neither raised nor holds it was first told"),
    "record_ids": (30, "its records"),
}
ABOUT: Mapping[str, tuple[int, str]] = {"About": (30, ""), "Said": (100, "")}


def write_chronology_workbook(told: Chronology, path: Path, *, note: str = "") -> None:
    """Write a chronology as ``.xlsx``: Chronology (a column an agency), Concerns, and About.

    A cell of an agency's column says ``holds it``, ``told 2026-03-12 (+9 days)`` or ``not in its records``; it is empty
    where this cannot be told.

    Parameters
    ----------
    told : Chronology
        What one viewer knew of one child.
    path : Path
        Where to write. The same chronology gives the same bytes.
    note : str
        Said first in About.

    """
    columns = {**EVENTS, **dict.fromkeys(_headings(told), (AGENCY_WIDTH, "")), **LAST}
    with xlsxwriter.Workbook(str(path), TEXT_ONLY) as book:
        created = dt.datetime.combine(told.as_of, dt.time(0))
        book.set_properties({"title": f"Chronology of one child, as of {said_day(told.as_of)}", "created": created})
        add_table(book, "Chronology", columns, _events(told))
        add_table(book, "Concerns", CONCERNS, _concerns(told))
        add_table(book, "About", ABOUT, _about(told, note))
        for name in ("Chronology", "Concerns"):
            book.get_worksheet_by_name(name).freeze_panes(1, 1)


def _headings(told: Chronology) -> list[str]:
    return [label(code, AGENCIES) for code in told.organisations]


def _events(told: Chronology) -> Iterable[Sequence[Cell]]:
    knew: dict[str, list[str]] = {}
    for record_id, how, when, days in told.by_agency().select("record_id", "how", "known_at", "days_after").iter_rows():
        knew.setdefault(record_id, []).append(_knew(how, when, days))
    numbers = told.events.select("delay_days", "gap_days").iter_rows()
    for event, (delay, gap) in zip(events_in_words(told), numbers, strict=True):
        start = [f"{event.at:%Y-%m-%d}", event.day, event.by, event.what, event.detail, event.concerns, event.outcome]
        yield [*start, "yes" if event.ahead else "", delay, gap, *knew[event.record_id], event.record_id]


def _knew(how: str, when: dt.datetime | None, days: int | None) -> str:
    said = {RAISED: "holds it", HOLDS: "holds it", NOT_THERE: NOT_THERE, CANNOT_TELL: ""}
    return f"told {when:%Y-%m-%d} (+{days} days)" if how == TOLD else said[how]


def _concerns(told: Chronology) -> Iterable[Sequence[Cell]]:
    for row in told.concerns.iter_rows(named=True):
        yield [
            row["concern"],
            "yes" if row["again"] else "",
            _day(row["raised_at"]),
            label(row["agency"], AGENCIES),
            _day(row["last_at"]),
            row["rows"],
            STATES[row["state"]],
            _day(row["concluded_at"]),
            ", ".join(label(a, AGENCIES) for a in row["told"]),
            _day(row["first_told_at"]),
            ", ".join(row["record_ids"]),
        ]


def _day(moment: dt.datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""


def _about(told: Chronology, note: str) -> Iterable[Sequence[Cell]]:
    yield from ([["Note", note]] if note else [])
    yield ["Child", told.child_id]
    yield ["As of", f"{said_day(told.as_of)}: everything here was known before that day began"]
    yield ["Viewer", told.viewer]
    yield ["Who decides", A_PERSON_DECIDES]
    yield from (["Records", line] for line in head_in_words(told))
    yield from (["Plans and support", plan] for plan in plans_in_words(told))
    yield from (["Spans without a record", gap] for gap in gaps_in_words(told).values())
    for agency, which, records, half, every in delays_in_words(told):
        yield [f"Days until {which}: {agency}", f"half within {half}, all within {every} (of {records})"]
    yield ["A column with an agency's name", "holds it; told, on which day and how many days after the holder knew"]
    yield ["", "not in its records; empty: cannot tell, as none of its records are here, or this viewer cannot see it"]
    for name, columns in (("Chronology", {**EVENTS, **LAST}), ("Concerns", CONCERNS)):
        yield from ([f"{name}: {column}", said] for column, (_, said) in columns.items())
