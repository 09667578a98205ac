"""A chronology in words: what its page, its workbook and the terminal say alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from earlywarn.features.feature import span_in_words
from earlywarn.history.chronology import CANNOT_TELL, HOLDS, NOT_THERE, RAISED, TOLD
from earlywarn.history.strands import CONCLUDED, CONTEXT, OPEN
from earlywarn.history.viewers import POOLED, SECTORS, viewer_in_words
from earlywarn.history.who_knew import NOT_THE_SAME
from earlywarn.records.codes import AGENCIES, EPISODES, label
from earlywarn.words import count_of, said_day

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from earlywarn.history.chronology import Chronology

MARKS: Mapping[str, str] = {RAISED: "●", HOLDS: "●", TOLD: "▲", NOT_THERE: "○", CANNOT_TELL: ""}
LEGEND: Mapping[str, str] = {
    "●": "the agency raised or holds the record; +3 d: known 3 days after it happened",
    "▲": "it was told, on the day below; +3 d: 3 days after the record's holder knew",
    "○": "not in its records",
    "blank": "cannot tell: none of its own records were given, or this view does not show what others told each other",
}
STATES: Mapping[str, str] = {
    CONCLUDED: "concluded",
    OPEN: "no conclusion recorded",
    "cannot tell": "cannot tell: its sources cannot record a conclusion",
    CONTEXT: "context: shown, never counted",
}


@dataclass(frozen=True)
class Knew:
    """One agency and one record: the mark, the same in words, and the small print under the mark."""

    how: str
    mark: str
    words: str
    day: str
    after: str


@dataclass(frozen=True)
class Event:
    """One record in words, with what each agency of the chronology knew of it."""

    record_id: str
    at: dt.datetime
    day: str
    by: str
    what: str
    detail: str
    concerns: str
    outcome: str
    ahead: bool
    knew: tuple[Knew, ...]


@dataclass(frozen=True)
class Life:
    """One strand of concern in words."""

    concern: str
    again: bool
    raised: str
    recorded: str
    state: str
    known_to: str


def events_in_words(told: Chronology) -> tuple[Event, ...]:
    """Say every record of a chronology in words, oldest first."""
    knew: dict[str, list[Knew]] = {}
    delays = dict(told.events.select("record_id", "delay_days").iter_rows())
    for row in told.by_agency().iter_rows(named=True):
        knew.setdefault(row["record_id"], []).append(_knew(row, delays[row["record_id"]]))
    rows = told.events.to_dicts()
    whole = {row["record_id"]: row for row in rows}
    return tuple(_event(row, whole.get(row["follows"]), tuple(knew[row["record_id"]])) for row in rows)


def _event(row: Mapping[str, Any], concluded: Mapping[str, Any] | None, knew: tuple[Knew, ...]) -> Event:
    raised, held = label(row["agency"], AGENCIES), label(row["held_by"], AGENCIES)
    return Event(
        record_id=row["record_id"],
        at=row["at"],
        day=day_in_words(row),
        by=raised if raised == held else f"{raised}, in a record of {held}",
        what=row["what"] + (_of(concluded) if concluded else ""),
        detail=row["detail"] or "",
        concerns=row["concerns"] or "",
        outcome=row["outcome"] or "",
        ahead=row["ahead"],
        knew=knew,
    )


def _of(concluded: Mapping[str, Any]) -> str:
    day = day_in_words(concluded)
    return f" of the {concluded['what']} " + (day if day.startswith("known") else f"of {day}")


def day_in_words(event: Mapping[str, Any]) -> str:
    """Say when an event was, as exactly as its source does; without a day, when it became known."""
    at, precision = event["at"], event["precision"]
    if precision in {"instant", "day"}:
        return said_day(at)
    return {"year": f"{at:%Y}", "month": f"{at:%b %Y}", "term": f"about {at:%b %Y}"}.get(
        precision, f"known {said_day(at)}"
    )


def _knew(row: Mapping[str, Any], delay: int | None) -> Knew:
    how, told = row["how"], row["how"] == TOLD
    days = row["days_after"] if told else delay if row["known_at"] and row["days_after"] == 0 else None
    later = f", {count_of(days, 'day')} after {'the holder knew' if told else 'it happened'}" if days else ""
    words = {
        RAISED: f"holds it{later}",
        HOLDS: f"holds it{later}",
        TOLD: f"told on {said_day(row['known_at'])}, in {row['extent']}{later}",
        NOT_THERE: NOT_THERE,
        CANNOT_TELL: CANNOT_TELL,
    }[how]
    day = said_day(row["known_at"]) if told else ""
    return Knew(how, MARKS[how], words, day, f"+{days} d" if days else "")


def lives_in_words(told: Chronology) -> tuple[Life, ...]:
    """Say every strand of concern in words, oldest first."""
    return tuple(_life(row) for row in told.concerns.iter_rows(named=True))


def _life(row: Mapping[str, Any]) -> Life:
    ended = f" on {said_day(row['concluded_at'])}" if row["concluded_at"] else ""
    until = f", the last time on {said_day(row['last_at'])}" if row["last_at"].date() > row["raised_at"].date() else ""
    return Life(
        concern=row["concern"],
        again=row["again"],
        raised=f"{said_day(row['raised_at'])}, by {AGENCIES[row['agency']].said}",
        recorded=("once" if row["rows"] == 1 else count_of(row["rows"], "time")) + until,
        state=STATES[row["state"]] + ended,
        known_to=", ".join(label(a, AGENCIES) for a in row["told"]),
    )


def plans_in_words(told: Chronology) -> tuple[str, ...]:
    """Say every plan, oldest first."""
    return tuple(
        f"{label(kind, EPISODES)} from {said_day(start)} " + (f"to {said_day(end)}" if end else "with no end recorded")
        for kind, start, end in told.plans.select("kind", "start_on", "end_on").iter_rows()
    )


def gaps_in_words(told: Chronology) -> dict[str, str]:
    """Say each time in which nobody made a record, by the record it follows."""
    who = "by anyone" if told.viewer == POOLED else "in this view"
    return {
        row["record_id"]: f"No record {who} for {span_in_words(row['days'])}, "
        + (f"from {said_day(row['after'])} until the as-of day" if row["lasting"] else _between(row))
        for row in told.gaps().iter_rows(named=True)
    }


def _between(row: Mapping[str, Any]) -> str:
    return f"from {said_day(row['after'])} to {said_day(row['until'])}"


def delays_in_words(told: Chronology) -> tuple[tuple[str, str, int, str, str], ...]:
    """Say how long each agency took to record, and until it was told: agency, which, records, half and all within."""
    return tuple(
        (
            label(row["agency"], AGENCIES),
            row["what"],
            row["records"],
            _days(row["median_days"]),
            _days(row["longest_days"]),
        )
        for row in told.delays().iter_rows(named=True)
    )


def _days(days: float) -> str:
    return f"{days:g} day" + "s" * (days != 1) if days else "the same day"


def head_in_words(told: Chronology) -> tuple[str, ...]:
    """Say whose records these are, whose are not here, and what is in them."""
    whose = ", ".join(label(a, AGENCIES) for a in told.agencies)
    holders = count_of(len(told.agencies), "agency", "agencies")
    lines = [
        f"{count_of(told.events.height, 'record')} held by {holders}: {whose}.",
        f"Everything here was known before {said_day(told.as_of)} began, by {viewer_in_words(told.viewer)}.",
    ]
    none = silent(told)
    lines += [f"No records of this child here from: {', '.join(none)}."] if none else []
    heard = [label(a, AGENCIES) for a in told.organisations if a not in told.agencies]
    lines += [f"Told, with no records of their own here: {', '.join(heard)}."] if heard else []
    lines += [f"Also recorded as: {', '.join(told.ids[1:])}."] if len(told.ids) > 1 else []
    return (*lines, NOT_THE_SAME)


def silent(told: Chronology) -> tuple[str, ...]:
    """Sectors none of whose organisations hold a record of the child here."""
    there = {AGENCIES[a].sector for a in told.agencies}
    return tuple(s.replace("_", " ") for s in SECTORS if s not in there)
