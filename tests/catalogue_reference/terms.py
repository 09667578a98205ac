"""The terms that the features of the catalogue share, as plainly as they can be said.

A child in one view is the child of `tests.reference`, with the further rows that the catalogue reads.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import holidays

from earlywarn.records import codes
from tests.reference import (
    LEAD,
    MISSED,
    ORGANISATIONS,
    POOLED,
    STATUTORY,
    Child,
    Row,
    Strand,
    Tables,
    Value,
    contact_records,
    contacts,
    counted,
    current,
    day_of,
    days,
    is_unborn,
    known,
    strands,
    unresolved_concerns,
    view,
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Callable

EDUCATION = [code for code, agency in codes.AGENCIES.items() if agency.sector == "education"]
HEALTH = [code for code, agency in codes.AGENCIES.items() if agency.sector == "health"]
LEAST_TOLD = 0.5
TRUE_WORDS = ("yes", "true", "y", "1")
FALSE_WORDS = ("no", "false", "n", "0")


@dataclass
class WholeView:
    """One viewer's view of every child: `tests.reference.view`, and the tables it leaves out.

    ``conclusions`` are all visible records of that kind, whatever their day. Rows of facts, acts of sharing and
    households carry ``record`` (the record that carries them, after corrections) and its ``day``, before as_of.
    """

    records: list[Row]
    conclusions: list[Row]
    concerns: list[Row]
    people: list[Row]
    episodes: list[Row]
    facts: list[Row]
    acts: list[Row]
    households: list[Row]


@dataclass
class Whole(Child):
    """One child in one view, with what the catalogue reads besides.

    ``facts``, ``acts`` and ``conclusions`` are those of the child; ``everyone`` is the view of all children.
    ``known_at`` says of every record when its raiser and holder knew it, ``lead_times`` when the lead did.
    """

    child_id: str
    birth_on: dt.date | None
    age_months: int | None
    facts: list[Row]
    acts: list[Row]
    conclusions: list[Row]
    everyone: WholeView
    known_at: dict[str, dt.datetime]
    lead_times: dict[str, dt.datetime]

    def midnight(self) -> dt.datetime:
        """The midnight that starts as_of."""
        return dt.datetime.combine(self.as_of, dt.time())

    def ago(self, day: dt.date) -> int:
        """Days from that day to as_of."""
        return (self.as_of - day).days

    def recent(self, window: int) -> list[Row]:
        """Records within the window."""
        return [record for record in self.records if self.within(window, record["day"])]

    def concern_rows(self) -> list[Row]:
        """Concerns of a class that is counted, raised before as_of."""
        return [row for row in self.concerns if counted(row)]

    def values(self, record: Row, key: str) -> list[str]:
        """Values of the facts of that key which the record carries."""
        found = [fact for fact in self.facts if fact["now"] == record["record_id"] and fact["key"] == key]
        return [fact["value"] for fact in found]

    def carried_by(self, record: Row) -> list[Row]:
        """Counted concerns that the record carries."""
        return [row for row in self.concern_rows() if row["now"] == record["record_id"]]

    def concluding(self, record: Row) -> list[Row]:
        """Visible conclusions of that record."""
        return [each for each in self.conclusions if each["concludes"] == record["record_id"]]


# ---------------------------------------------------------------------------------------------------------------
# Small questions about one row
# ---------------------------------------------------------------------------------------------------------------


def in_person(record: Row) -> bool:
    """In person, or not said how."""
    return record["mode"] in (None, "in_person")


def took_place(record: Row) -> bool:
    """Attended, or not said."""
    return record["attendance"] in (None, "attended")


def was_there(record: Row) -> bool:
    """In person, and it took place."""
    return in_person(record) and took_place(record)


def lead_held(record: Row) -> bool:
    """Held by the lead agency."""
    return record["held_by"] == LEAD


def parties(record: Row) -> set[str]:
    """Who raised a record and who holds it."""
    return {record["agency"], record["held_by"]}


def told_in_full(act: Row) -> bool:
    """An act that tells: shared, in full or in summary."""
    return act["decision"] == "shared" and act["extent"] in ("full", "summary")


def yes_or_no(value: str) -> bool | None:
    """Truth of a yes/no fact; None where the word is not known."""
    word = value.strip().lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def as_day(value: str) -> dt.date | None:
    """Read a day, YYYY-MM-DD, or None."""
    try:
        return dt.datetime.strptime(value.strip(), "%Y-%m-%d").date()
    except ValueError:
        return None


def as_time(value: str) -> dt.datetime | None:
    """Read a time, YYYY-MM-DDTHH:MM[:SS]; of a day alone, the midnight after it; or None."""
    day = as_day(value)
    if day is not None:
        return dt.datetime.combine(day + days(1), dt.time())
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"):
        try:
            return dt.datetime.strptime(value.strip(), form)
        except ValueError:
            continue
    return None


def as_number(value: str) -> float | None:
    """Read a number, or None."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def site(value: str) -> str:
    """Site of an injury, without letter case."""
    return value.strip().lower()


# ---------------------------------------------------------------------------------------------------------------
# Days, shares, spans
# ---------------------------------------------------------------------------------------------------------------


@cache
def bank_holidays(year: int) -> set[dt.date]:
    """Bank holidays of England in that year."""
    return set(holidays.country_holidays("GB", subdiv="ENG", years=[year]))


def working_days(start: dt.date, end: dt.date) -> int:
    """Weekdays from start, up to and without end, that are no bank holiday."""
    number, day = 0, start
    while day < end:
        number += day.weekday() < 5 and day not in bank_holidays(day.year)
        day += days(1)
    return number


def enough_told(rows: list[Row], told: Callable[[Row], bool]) -> bool:
    """Whether at least half of the rows tell it, or there are none."""
    return not rows or sum(told(row) for row in rows) / len(rows) >= LEAST_TOLD


def quantile(values: list[float], share: float) -> float:
    """Quantile, straight between the two values beside it."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def in_days(lag: dt.timedelta) -> float:
    """Length of a time in days, with fractions."""
    return lag / days(1)


def cases(child: Child) -> list[Row]:
    """Episodes of need, protection or care."""
    return [episode for episode in child.episodes if episode["kind"] in STATUTORY]


def open_at(episode: Row, day: dt.date) -> bool:
    """Started before the day, and not ended before it."""
    return episode["start_on"] < day and (episode["end_on"] is None or episode["end_on"] >= day)


def running_after(episode: Row, day: dt.date) -> bool:
    """Runs on the day after that day."""
    return episode["start_on"] <= day + days(1) and (episode["end_on"] is None or episode["end_on"] > day)


def cannot_close(child: Child) -> bool:
    """Strands, and none that could have been closed: where `unresolved_concerns` is null."""
    return unresolved_concerns(child) is None


def unresolved(child: Child) -> list[Strand]:
    """Unresolved strands."""
    return [strand for strand in strands(child) if strand.unresolved(child.as_of)]


def was_open(strand: Strand, day: dt.date, as_of: dt.date) -> bool:
    """Could have been closed, and was not by that day."""
    closed_on = strand.closed_on(as_of)
    return strand.closable() and (closed_on is None or closed_on > day)


# ---------------------------------------------------------------------------------------------------------------
# The view of everyone, and of one child
# ---------------------------------------------------------------------------------------------------------------


def whole_view(tables: Tables, as_of: dt.date, viewer: str) -> WholeView:
    """What the viewer could see before as_of, in every table."""
    seen = view(tables, as_of, viewer)
    now = current(tables, as_of, viewer)
    by_id = {record["record_id"]: record for record in seen.records}
    before = {key for key, record in by_id.items() if record["day"] < as_of}

    def carried(table: str) -> list[Row]:
        found = []
        for row in tables.get(table, []):
            here = now[row["record_id"]]
            if here in before:
                record = by_id[here]
                found.append({**row, "now": here, "day": record["day"], "record": record})
        return found

    named = {record["record_id"]: record for record in tables.get("contacts", [])}
    mine = set(ORGANISATIONS) if viewer == POOLED else {viewer}

    def took_part(act: Row) -> bool:
        """Who told is who raised or holds the record that the act names: who corrects it later told nobody."""
        return bool(mine & {act["to_agency"], *parties(named[act["record_id"]])})

    conclusions = [
        {**record, "concludes": now[record["follows"]]} for record in seen.records if record["kind"] == "conclusion"
    ]
    midnight = dt.datetime.combine(as_of, dt.time())
    return WholeView(
        records=[record for record in seen.records if record["day"] < as_of],
        conclusions=conclusions,
        concerns=[row for row in seen.concerns if row["day"] < as_of],
        people=seen.people,
        episodes=seen.episodes,
        facts=carried("facts"),
        acts=[
            {**act, "tellers": parties(named[act["record_id"]])}
            for act in carried("sharing")
            if act["shared_at"] < midnight and took_part(act)
        ],
        households=carried("households"),
    )


def lead_times(tables: Tables, as_of: dt.date) -> dict[str, dt.datetime]:
    """When the lead first knew each record, of those it knew before as_of."""
    midnight = dt.datetime.combine(as_of, dt.time())
    found: dict[str, dt.datetime] = {}

    def knew(record_id: str, when: dt.datetime) -> None:
        if when < midnight:
            found[record_id] = min(when, found.get(record_id, when))

    for record in tables.get("contacts", []):
        if LEAD in parties(record):
            knew(record["record_id"], record["known_at"])
    for act in tables.get("sharing", []):
        if told_in_full(act) and act["to_agency"] == LEAD:
            knew(act["record_id"], act["shared_at"])
    return found


def born_on(tables: Tables, child_id: str) -> dt.date | None:
    """Day of birth, where it is known."""
    return next((row["birth_on"] for row in tables.get("children", []) if row["child_id"] == child_id), None)


def months_old(born: dt.date | None, as_of: dt.date) -> int | None:
    """Completed months; None where the birth is not known or has not come before as_of."""
    if born is None or born >= as_of:
        return None
    return (as_of.year - born.year) * 12 + as_of.month - born.month - (as_of.day < born.day)


def whole_child(tables: Tables, as_of: dt.date, viewer: str, child_id: str, shared: dict[str, Any]) -> Whole:
    """One child in one view; ``shared`` is what is the same for every child of the view."""
    everyone: WholeView = shared["everyone"]

    def own(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["child_id"] == child_id]

    def own_by_record(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["record"]["child_id"] == child_id]

    born = born_on(tables, child_id)
    return Whole(
        as_of=as_of,
        viewer=viewer,
        unborn=is_unborn(tables, as_of, child_id),
        records=own(everyone.records),
        concerns=own(everyone.concerns),
        people=own(everyone.people),
        episodes=own(everyone.episodes),
        lead_people=[],
        known_to=shared["known_to"],
        lead_begins=None,
        child_id=child_id,
        birth_on=born,
        age_months=months_old(born, as_of),
        facts=own_by_record(everyone.facts),
        acts=own_by_record(everyone.acts),
        conclusions=own(everyone.conclusions),
        everyone=everyone,
        known_at=shared["known_at"],
        lead_times=shared["lead_times"],
    )


__all__ = [
    "EDUCATION",
    "HEALTH",
    "LEAD",
    "MISSED",
    "ORGANISATIONS",
    "POOLED",
    "Row",
    "Strand",
    "Tables",
    "Value",
    "Whole",
    "WholeView",
    "as_day",
    "as_number",
    "as_time",
    "cannot_close",
    "cases",
    "contact_records",
    "contacts",
    "counted",
    "day_of",
    "days",
    "enough_told",
    "in_days",
    "in_person",
    "known",
    "lead_held",
    "lead_times",
    "open_at",
    "parties",
    "quantile",
    "running_after",
    "site",
    "strands",
    "told_in_full",
    "took_place",
    "unresolved",
    "view",
    "visible",
    "was_open",
    "was_there",
    "whole_child",
    "whole_view",
    "working_days",
    "yes_or_no",
]
