"""Contacts: the records in which an organisation dealt with the family, counted once an agency and day.

- ``contacts``: one row a record, with ``agency_number`` and the columns of ``contacts`` that are asked for.
- ``agency_days``: one row an agency and day: ``agency`` (its number in the code list), ``planned`` (every record says
  so), ``mandated`` (planned, held by social care, and a case was running that day), ``record_ids``.
- ``contact_days``: one row a day: ``agencies`` (one bit an organisation), ``apart`` (whether the next day with contacts
  shares no agency with it; null on the last), ``record_ids``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.records.codes import (
    ABOUT_THE_FAMILY,
    CONTACT_KINDS,
    LEAD_AGENCY,
    ORGANISATIONS,
    STATUTORY_EPISODES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame, Frames

TELLING_DAYS = 7
"""A telling is no contact of the agency told of, if that agency holds one of its own in this many days up to it."""

_DEALT_WITH = (
    pl.col("about").is_in(ABOUT_THE_FAMILY)
    & pl.col("kind").is_in(CONTACT_KINDS)
    & (pl.col("attendance").is_null() | (pl.col("attendance") == "attended"))
)
_ARRANGED = (pl.col("planned") & (pl.col("held_by") == LEAD_AGENCY)).fill_null(value=False)


def _contacts(frames: Frames) -> pl.DataFrame:
    """Mark each record once, then look the marks up: days and viewers multiply rows, not work."""
    look, agency = frames.look, frames.look.index.agency
    dealt_with = look.contacts.select(_DEALT_WITH).to_series() & (agency < len(ORGANISATIONS))
    held = frames.past.filter(dealt_with.gather(frames.past["record"]))
    own = look.contacts["agency"] == look.contacts["held_by"]
    rows = look.records_in(_told_once(held, agency, own, look.spine.height))
    rows = rows.with_columns(agency_number=pl.lit(agency.cast(pl.Int64)).gather("record"))
    if frames.asks("mandated"):
        rows = rows.with_columns(arranged=pl.lit(look.contacts.select(_ARRANGED).to_series()).gather("record"))
    asked = [c for c in rows.collect_schema().names() if c in _ALWAYS or frames.asks(c, of="contacts")]
    ids = ["record_id"] if frames.asks("record_ids") and "record_id" not in asked else []
    return rows.select(*asked, *ids).collect()


_ALWAYS = ("row", "days_ago", "record", "agency_number", "planned", "arranged")


def _told_once(held: pl.DataFrame, agency: pl.Series, own: pl.Series, len_of_spine: int) -> pl.DataFrame:
    """Leave out what one agency wrote of another that holds a contact of its own in the days up to it."""
    is_own = own.gather(held["record"])
    key = pl.col("row").cast(pl.Int64) * len(ORGANISATIONS) + pl.lit(agency).gather("record")
    told = held.with_row_index("place").filter(~is_own).select(key.alias("key"), "place", "row", "days_ago")
    if told.is_empty():
        return held
    of_told = np.zeros(len_of_spine, bool)
    of_told[told["row"].to_numpy()] = True
    theirs = held.filter(is_own & pl.Series(of_told).gather(held["row"])).select(
        key.alias("key"), own_days_ago="days_ago"
    )
    near = theirs.join(told, on="key").filter((pl.col("own_days_ago") - pl.col("days_ago")).is_between(0, TELLING_DAYS))
    kept = np.ones(held.height, bool)
    kept[near["place"].to_numpy()] = False
    return held.filter(pl.Series(kept))


def _agency_days(frames: Frames) -> pl.DataFrame:
    """Sort once, by row, day from the oldest on, and agency: whatever asks for an order of days finds it."""
    carried = {"record_ids": pl.col("record_id")} if frames.asks("record_ids") else {}
    if frames.asks("mandated"):
        carried["mandated"] = pl.col("arranged").all()
    named = ("planned", *(c for c in ("arranged", "record_id") if c in frames["contacts"].columns))
    ordered = frames["contacts"].select(_KEY.alias("key"), *named).sort("key").with_columns(pl.col("key").set_sorted())
    days = ordered.group_by("key", maintain_order=True).agg(
        planned=pl.col("planned").fill_null(value=False).all(), **carried
    )
    of = pl.col("key") // _AGENCIES
    found = days.select(
        (of // _MOST_DAYS).cast(pl.UInt32).alias("row"),
        (_MOST_DAYS - of % _MOST_DAYS).cast(pl.Int32).alias("days_ago"),
        (pl.col("key") % _AGENCIES).cast(pl.UInt8).alias("agency"),
        "planned",
        *carried,
    ).with_columns(pl.col("row").set_sorted())
    return _while_a_case_ran(frames, found) if "mandated" in carried else found


def _while_a_case_ran(frames: Frames, days: pl.DataFrame) -> pl.DataFrame:
    """Keep the mark of those agency-days on which a case was running."""
    cases = frames["spells"].filter(pl.col("kind").is_in(STATUTORY_EPISODES))
    arranged = days.with_row_index("day").filter("mandated").select("day", "row", "days_ago")
    running = arranged.join(cases.select("row", "start_days_ago", "end_days_ago"), on="row").filter(
        (pl.col("start_days_ago") >= pl.col("days_ago"))
        & (pl.col("end_days_ago").is_null() | (pl.col("end_days_ago") <= pl.col("days_ago")))
    )
    marks = np.zeros(days.height, bool)
    marks[running["day"].to_numpy()] = True
    return days.with_columns(mandated=pl.Series(marks, dtype=pl.Boolean))


_MOST_DAYS = 1 << 22
_AGENCIES = 1 << 6
_KEY = (pl.col("row").cast(pl.Int64) * _MOST_DAYS + (_MOST_DAYS - pl.col("days_ago"))) * _AGENCIES + pl.col(
    "agency_number"
)
"""A row, day and agency in one number; no two days are 11,000 years apart."""

_BITS = pl.Series([1 << number for number in range(len(ORGANISATIONS))], dtype=pl.Int64)


def _contact_days(frames: Frames) -> pl.DataFrame:
    carried = {"record_ids": pl.col("record_ids").explode()} if frames.asks("record_ids") else {}
    same_day = (pl.col("row").cast(pl.Int64) * _MOST_DAYS + (_MOST_DAYS - pl.col("days_ago"))).set_sorted()
    days = (
        frames["agency_days"]
        .with_columns(same_day.alias("key"), pl.lit(_BITS).gather(pl.col("agency")).alias("bit"))
        .group_by("key", maintain_order=True)
        .agg(pl.col("row", "days_ago").first(), agencies=pl.col("bit").sum(), **carried)
        .drop("key")
    )
    follows = pl.col("row") == pl.col("row").shift(-1)
    apart = (pl.col("agencies") & pl.col("agencies").shift(-1)) == 0
    return days.with_columns(pl.col("row").set_sorted(), apart=pl.when(follows).then(apart))


FRAMES: Mapping[str, BuildFrame] = {
    "contacts": _contacts,
    "agency_days": _agency_days,
    "contact_days": _contact_days,
}
CHILD: Mapping[str, BuildColumn] = {}
