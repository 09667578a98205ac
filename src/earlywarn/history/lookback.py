"""What was knowable on many days, to many viewers, at once: the one place that compares a date with the as-of day.

`look_back` answers with frames keyed by ``row`` (one child, day and viewer) in which time is a whole number of days
before the as-of day. The rooms above count those days and never see a date.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.history.knowledge import (
    POOLED,
    check_viewer,
    indexed_contacts,
    knowledge,
    organisations_knowing,
    resolve,
)
from earlywarn.records.codes import LEAD_AGENCY, ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earlywarn.records.tables import Records

ADULT_AGE_MONTHS = 18 * 12


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


@dataclass(frozen=True)
class Lookback:
    """What was knowable for each row of a spine. Every frame is keyed by ``row``; ``days_ago`` counts to as-of.

    Parameters
    ----------
    spine : polars.DataFrame
        ``row``, ``child_id``, ``as_of``, ``viewer``: every child with a record known to anyone before the day, for
        every viewer.
    records, concerns, sharing, people, households, episodes, facts : polars.DataFrame
        The tables of the contract as each viewer had them, references resolved to corrections. Rows carried by a
        record have its ``record_id``, ``time``, ``days_ago`` and ``known_to`` (see `organisations_knowing`).
    children : polars.DataFrame
        ``row``, ``age_months`` (null where not known), ``unborn``, ``died``, ``adult``.
    organisations : polars.DataFrame
        ``as_of`` and ``viewer``: who knew any record before the day.

    """

    spine: pl.DataFrame
    records: pl.DataFrame
    concerns: pl.DataFrame
    sharing: pl.DataFrame
    people: pl.DataFrame
    households: pl.DataFrame
    episodes: pl.DataFrame
    facts: pl.DataFrame
    children: pl.DataFrame
    organisations: pl.DataFrame


def look_back(
    records: Records, as_ofs: Sequence[dt.date], viewers: Sequence[str], children: Sequence[str] | None = None
) -> Lookback:
    """Find what each viewer knew of each child before each day.

    ``pooled`` and the lead agency are always among the rows: what *anyone* knew, and what the lead knew, are
    questions every comparison asks. ``children`` limits the other viewers to these children; ``pooled`` stays
    whole, because whether a thing can be told at all is judged on what anyone knew of any child.
    """
    wanted = list(dict.fromkeys([*map(check_viewer, viewers), POOLED, LEAD_AGENCY]))
    contacts = indexed_contacts(records).with_columns(
        time=pl.coalesce("occurred_at", "known_at"),
    )
    everyone = _held(knowledge(records), as_ofs)
    known_to = organisations_knowing(everyone)
    seats = _seats(everyone, contacts, wanted, children)
    spine = _spine(seats, contacts, wanted)
    held = _rows(resolve(seats, contacts), contacts, spine)
    carrier = _carriers(held, contacts, known_to)
    frames = records.frames
    return Lookback(
        spine=spine,
        records=_visible(carrier, contacts),
        concerns=_concerns(frames["concerns"], carrier),
        sharing=_sharing(frames["sharing"], carrier, contacts, spine),
        people=_spans(frames["people"], carrier, spine),
        households=_spans(frames["households"], carrier, spine),
        episodes=_episodes(frames["episodes"], carrier),
        facts=_carried(frames["facts"], carrier),
        children=_children(frames["children"], spine),
        organisations=everyone.select("as_of", "viewer").unique().sort("as_of", "viewer"),
    )


def _held(known: pl.DataFrame, as_ofs: Sequence[dt.date]) -> pl.DataFrame:
    """Return the knowledge each viewer had before each day: the one comparison this library rests on."""
    days = pl.DataFrame({"as_of": sorted(set(as_ofs))}, schema={"as_of": pl.Date})
    before = pl.col("known_at") < pl.col("as_of").cast(pl.Datetime("us"))
    return known.join(days, how="cross").filter(before).select("as_of", "viewer", "record")


def _seats(
    everyone: pl.DataFrame, contacts: pl.DataFrame, viewers: Sequence[str], children: Sequence[str] | None
) -> pl.DataFrame:
    seats = everyone.filter(pl.col("viewer").is_in(viewers))
    if children is None:
        return seats
    asked = contacts.filter(pl.col("child_id").is_in(list(children)))["record"]
    return seats.filter((pl.col("viewer") == POOLED) | pl.col("record").is_in(asked.implode()))


def _spine(seats: pl.DataFrame, contacts: pl.DataFrame, viewers: Sequence[str]) -> pl.DataFrame:
    children = (
        seats.filter(pl.col("viewer") == POOLED)
        .join(contacts.select("record", "child_id"), on="record")
        .select("as_of", "child_id")
        .unique()
    )
    return (
        children.join(pl.DataFrame({"viewer": viewers}, schema={"viewer": pl.String}), how="cross")
        .sort("as_of", "viewer", "child_id")
        .with_row_index("row")
        .select("row", "child_id", "as_of", "viewer")
    )


def _rows(resolved: pl.DataFrame, contacts: pl.DataFrame, spine: pl.DataFrame) -> pl.DataFrame:
    return (
        resolved.join(contacts.select("record", "child_id"), on="record")
        .join(spine, on=["child_id", "as_of", "viewer"])
        .select("row", "as_of", "viewer", "record", "current")
    )


def _carriers(held: pl.DataFrame, contacts: pl.DataFrame, known_to: pl.DataFrame) -> pl.DataFrame:
    """Each record named anywhere (``named``) with the record that stands for it in that row's view."""
    details = contacts.select(pl.col("record").alias("current"), pl.col("record_id").alias("current_id"), "time")
    named = contacts.select("record", pl.col("record_id").alias("named"))
    knowing = known_to.rename({"known_to": "knowing"})
    return (
        held.filter(pl.col("current").is_not_null())
        .join(named, on="record")
        .join(details, on="current")
        .join(knowing, on=["as_of", "record"], how="left")
        .join(knowing.rename({"record": "current", "knowing": "knowing_current"}), on=["as_of", "current"])
        .select(
            "row",
            "viewer",
            "record",
            "current",
            "named",
            pl.col("current_id").alias("record_id"),
            "time",
            days_ago=(pl.col("as_of") - pl.col("time").dt.date()).dt.total_days().cast(pl.Int32),
            known_to=pl.col("knowing").fill_null(0) | pl.col("knowing_current"),
        )
    )


_CARRIED = ("record_id", "time", "days_ago", "known_to")


def _visible(carrier: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    here = carrier.filter(pl.col("record") == pl.col("current"))
    return here.select("row", "viewer", "record", "days_ago", "known_to").join(contacts, on="record").drop("record")


def _carried(table: pl.DataFrame, carrier: pl.DataFrame, by: str = "record_id") -> pl.DataFrame:
    """Rows of a table in every view that holds the record carrying them, with that record's day."""
    rows = table.rename({by: "named"}).drop("child_id", strict=False)
    return rows.join(carrier.select("row", "viewer", "named", *_CARRIED), on="named").drop("named")


def _ends(carrier: pl.DataFrame, column: str, prefix: str) -> pl.DataFrame:
    """Carriers renamed so that a second reference of a row (its closing, its end) can be looked up."""
    return carrier.select(
        "row",
        pl.col("named").alias(column),
        pl.col("record_id").alias(f"{prefix}_id"),
        pl.col("days_ago").alias(f"{prefix}_days_ago"),
    )


def _concerns(concerns: pl.DataFrame, carrier: pl.DataFrame) -> pl.DataFrame:
    """Concerns with ``closing_id`` and ``closing_days_ago``, null unless the view holds the closing record."""
    rows = _carried(concerns, carrier)
    return rows.join(_ends(carrier, "closed_by", "closing"), on=["row", "closed_by"], how="left").drop("closed_by")


def _episodes(episodes: pl.DataFrame, carrier: pl.DataFrame) -> pl.DataFrame:
    """Episodes with ``start_days_ago`` and ``end_days_ago``; the end is null unless the view holds its record."""
    rows = _carried(episodes, carrier, by="started_by")
    as_of = pl.col("time").dt.date() + pl.duration(days=pl.col("days_ago"))
    ended = pl.col("ending_id").is_not_null()
    return (
        rows.join(_ends(carrier, "ended_by", "ending"), on=["row", "ended_by"], how="left")
        .with_columns(
            start_days_ago=(as_of - pl.col("start_on")).dt.total_days().cast(pl.Int32),
            end_days_ago=pl.when(ended).then((as_of - pl.col("end_on")).dt.total_days().cast(pl.Int32)),
            end_on=pl.when(ended).then("end_on"),
        )
        .with_columns(
            open=(pl.col("start_days_ago") > 0) & (pl.col("end_days_ago").is_null() | (pl.col("end_days_ago") <= 0))
        )
        .drop("ended_by", "ending_days_ago")
    )


def _spans(table: pl.DataFrame, carrier: pl.DataFrame, spine: pl.DataFrame) -> pl.DataFrame:
    """People and households with ``begun`` and ``ended``: whether their days, where stated, were before the day."""
    rows = _carried(table, carrier).join(spine.select("row", "as_of"), on="row")
    begun = (pl.col("valid_from") < pl.col("as_of")).fill_null(value=True)
    ended = (pl.col("valid_to") < pl.col("as_of")).fill_null(value=False)
    return rows.with_columns(begun=begun, ended=ended).drop("as_of")


def _sharing(sharing: pl.DataFrame, carrier: pl.DataFrame, contacts: pl.DataFrame, spine: pl.DataFrame) -> pl.DataFrame:
    """Acts of sharing before the day, in the views of those who took part and in the pooled one."""
    rows = _carried(sharing, carrier).join(spine.select("row", "as_of"), on="row")
    parties = contacts.select("record_id", "agency", "held_by")
    took_part = pl.col("viewer").is_in([POOLED]) | (
        (pl.col("viewer") == pl.col("agency"))
        | (pl.col("viewer") == pl.col("held_by"))
        | (pl.col("viewer") == pl.col("to_agency"))
    )
    return (
        rows.filter(pl.col("shared_at") < pl.col("as_of").cast(pl.Datetime("us")))
        .join(parties, on="record_id")
        .filter(took_part)
        .with_columns(shared_days_ago=(pl.col("as_of") - pl.col("shared_at").dt.date()).dt.total_days().cast(pl.Int32))
        .drop("as_of")
    )


def _children(children: pl.DataFrame, spine: pl.DataFrame) -> pl.DataFrame:
    """Age and state of life on the day. A birth or death from that day on has not happened yet."""
    as_of, birth = pl.col("as_of"), pl.col("birth_on")
    months = (as_of.dt.year() - birth.dt.year()) * 12 + as_of.dt.month().cast(pl.Int32) - birth.dt.month()
    age = months - (as_of.dt.day() < birth.dt.day()).cast(pl.Int32)
    return (
        spine.select("row", "child_id", "as_of")
        .join(children, on="child_id", how="left")
        .with_columns(
            unborn=(birth >= as_of)
            .fill_null(birth.is_null() & (pl.col("expected_birth_on") >= as_of))
            .fill_null(value=False),
            died=(pl.col("death_on") < as_of).fill_null(value=False),
        )
        .with_columns(age_months=pl.when(~pl.col("unborn")).then(age.cast(pl.Int32)))
        .select(
            "row",
            "age_months",
            "unborn",
            "died",
            adult=(pl.col("age_months") >= ADULT_AGE_MONTHS).fill_null(value=False),
        )
    )


def viewers_before(records: Records, as_of: dt.date) -> list[str]:
    """``pooled`` and every organisation that knew a record before the day, in the order of the code list."""
    known = set(_held(knowledge(records), [as_of])["viewer"].unique())
    return [POOLED, *(code for code in ORGANISATIONS if code in known)]
