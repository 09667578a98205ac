"""How one record of a census, what hangs on it, and an episode are written; its clock is read from ``cin.toml``."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from earlywarn.records.checks import ROW
from earlywarn.records.codes import LEAD_AGENCY
from earlywarn.records.mapping.marks import N
from earlywarn.records.sources._cin_layout import CLOCKS
from earlywarn.records.sources.merging import ABOUT, ANCHOR, DATED, ROW_OF, TOLD, Told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from earlywarn.records.sources._cin_elements import Census, Element


class Written(NamedTuple):
    """A record as others refer to it: its number in the file, what it is about, and the day it happened."""

    number: int
    about: str
    on: date | None


def about(element: Element, role: str, key: str | None = None, ordinal: int | None = None) -> str:
    """Say what a record is about, whatever it says of it: the same in every file that tells of it."""
    place = element.ordinal if ordinal is None else ordinal
    return "\x1f".join((element.child_id, role, element.key if key is None else key, str(place or "")))


class Records:
    """The rows of one file by table, and for each record the element and the role it was written for."""

    def __init__(self, census: Census) -> None:
        self.census = census
        self.rows: dict[str, list[dict[str, object]]] = {name: [] for name in TOLD}
        self.origins: list[tuple[Element, str]] = []

    def record(
        self, element: Element, role: str, *, of: str = "", follows: Written | str | None = None, **given: object
    ) -> Written:
        """Write a record, known from what its clock names; ``of`` says what it is about, if not its element."""
        clock = CLOCKS[role]
        known = self.census.header.extract_at if clock.at_extract else _midnight(element.day(clock.known))
        on = element.day(clock.happened)
        number = len(self.origins)
        written = {
            N: number,
            ROW: element.line,
            "_as": role,
            ABOUT: of or about(element, role),
            ANCHOR: follows.about if isinstance(follows, Written) else follows,
            DATED: not clock.at_extract,
            ROW_OF: about(element, element.kind),
            "child_id": element.child_id,
            "agency": LEAD_AGENCY,
            "held_by": LEAD_AGENCY,
            "kind": clock.kind,
            "about": "child",
            "occurred_at": on and _midnight(on),
            "occurred_precision": "day" if on else "unknown",
            "recorded_at": known,
            "recorded_basis": clock.basis,
            "known_at": known,
        } | given
        self.rows["records"].append(written)
        self.origins.append((element, role))
        return Written(number, str(written[ABOUT]), on)

    def concerns(self, record: Written, scheme: str, code: str, categories: Iterable[str]) -> None:
        """Write a concern for each category; the census has no field in which one is concluded."""
        child_id = self.origins[record.number][0].child_id
        said = {N: record.number, "child_id": child_id, "code": f"{scheme}:{code}", "closing": "not_recordable"}
        self.rows["concerns"] += [said | {"category": category} for category in categories]

    def fact(self, record: Written, key: str, value: object) -> None:
        """Write one further detail of a record; nothing where there is none."""
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            self.rows["facts"].append({N: record.number, "key": key, "value": text})

    def episode(
        self, element: Element, kind: str, start: Written, start_on: date, end: Written | None, **given: object
    ) -> None:
        """Write an episode with the records that carry its start and its end."""
        row = {
            ABOUT: about(element, f"episode {element.kind}"),
            "_start": start.number,
            "_end": end and end.number,
            "child_id": element.child_id,
            "kind": kind,
            "start_on": start_on,
            "end_on": end and end.on,
        }
        self.rows["episodes"].append(row | given)

    def told(self) -> Told:
        """Everything written, as frames."""
        frames = {name: _frame(self.rows[name], schema) for name, schema in TOLD.items()}
        return Told(self.census.file, self.census.header.extract_at, frames)


def _frame(rows: list[dict[str, object]], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame({column: [row.get(column) for row in rows] for column in schema}, schema=schema)


def _midnight(day: date | None) -> datetime:
    if day is None:
        raise AssertionError("a record without the day its clock names")
    return datetime.combine(day, time())
