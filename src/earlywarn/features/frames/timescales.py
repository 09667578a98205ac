"""Timescales: assessments and enquiries, what followed them, and how many working days it took.

- ``assessments``: one row an assessment that the lead agency holds: ``days_ago``, ``record_id``; ``concluded_by``, the
  record first known to conclude it; ``working_days_eng`` (and ``_wls, _sct, _nir``) from its day to the day that was
  known, or to the as-of day where none concludes it.
- ``enquiries``: one row an enquiry that the lead agency holds: ``days_ago``, ``record_id``; ``met``, whether a
  conference followed within a year, with ``conference_ids``, of the records of the first day of one; ``awaited``, that
  the enquiry's outcome is a conference; ``working_days_eng`` (and so on) from its day to the conference, or to the
  as-of day where none followed.
- ``conclusions``: one row a conclusion and the record that it concludes: ``record``, the number of the latter;
  ``conclusion`` and ``conclusion_id``, of the former, ``days_ago`` its day (it may lie ahead); ``known_days_ago``.

Column of the child: ``assessed_days_ago``, since the latest assessment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.history.days import NATIONS
from earlywarn.records.codes import LEAD_AGENCY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame, Frames

CONFERENCE_DAYS = 365
"""A conference belongs to an enquiry at most this many days before it."""

_DAY = 86_400_000_000

HELD_BY_LEAD = pl.col("held_by") == LEAD_AGENCY


def past_records(frames: Frames, where: pl.Expr, *columns: str) -> pl.DataFrame:
    """Take the records of each view, before the day, of which something is so.

    Returns
    -------
    polars.DataFrame
        ``row, record, days_ago, record_id`` and the columns of contacts asked for.

    """
    rows = frames.records_where(where, window=None)
    return rows.select("row", "record", "days_ago", "record_id", *columns).collect()


def working_days_since(
    frames: Frames, rows: pl.DataFrame, until: str | None = None, prefix: str = "working_days"
) -> pl.DataFrame:
    """Add the working days from ``days_ago`` to another day so many days ago, or to the as-of day.

    Which nation's bank holidays are left out is told by the column that is asked for: ``working_days_eng``.
    """
    counted = {
        f"{prefix}_{nation.lower()}": _between(frames, rows, until, nation)
        for nation in NATIONS
        if frames.asks(f"{prefix}_{nation.lower()}")
    }
    return rows.with_columns(**counted)


def _between(frames: Frames, rows: pl.DataFrame, until: str | None, nation: str) -> pl.Series:
    """Count no day where the end lies before the start."""
    whole = frames.look.working_days(rows["row"], rows["days_ago"], nation)
    rest = frames.look.working_days(rows["row"], rows[until], nation) if until else pl.zeros(rows.height, eager=True)
    return (whole - rest).clip(0)


def _conclusions(frames: Frames) -> pl.DataFrame:
    look = frames.look
    numbers = look.contacts.select("record", follows="record_id")
    follows = look.contacts.filter(pl.col("kind") == "conclusion").select("follows", conclusion="record")
    follows = follows.join(numbers, on="follows").select("conclusion", "record")
    concluded, concluding = (_marked(look.contacts.height, follows[c]) for c in ("record", "conclusion"))
    held = look.held
    there = held.filter(concluding.gather(held["record"]) & (held["record"] == held["current"]))
    whole = there.select("row", "days_ago", conclusion="record").join(follows, on="conclusion")
    meant = held.filter(concluded.gather(held["record"])).select("row", "record", "current")
    found = whole.join(meant, on=["row", "record"]).drop("record").rename({"current": "record"})
    known_ago = look.ago(found["row"], look.contacts["known_at"].gather(found["conclusion"])).dt.total_microseconds()
    return found.with_columns(
        conclusion_id=look.contacts["record_id"].gather(found["conclusion"]),
        known_days_ago=((known_ago + _DAY - 1) // _DAY).cast(pl.Int32),  # the day it became known, any time of it
    )


def _marked(size: int, numbers: pl.Series) -> pl.Series:
    marks = np.zeros(size, bool)
    marks[numbers.to_numpy()] = True
    return pl.Series(marks)


def _assessments(frames: Frames) -> pl.DataFrame:
    there = past_records(frames, (pl.col("kind") == "assessment") & HELD_BY_LEAD)
    first = (
        frames["conclusions"]
        .sort("known_days_ago", "conclusion_id", descending=[True, False])
        .group_by("row", "record")
        .agg(pl.col("known_days_ago", "conclusion_id").first())
    )
    whole = there.join(first, on=["row", "record"], how="left", maintain_order="left").rename(
        {"conclusion_id": "concluded_by"}
    )
    return working_days_since(frames, whole.with_columns(pl.col("known_days_ago").fill_null(0)), until="known_days_ago")


def _enquiries(frames: Frames) -> pl.DataFrame:
    enquired = past_records(frames, (pl.col("kind") == "strategy_enquiry") & HELD_BY_LEAD, "outcome")
    met = past_records(frames, (pl.col("kind") == "conference") & HELD_BY_LEAD)
    after = enquired.select("row", "record", since="days_ago").join(
        met.select("row", met_days_ago="days_ago", conference_id="record_id"), on="row"
    )
    after = after.filter((pl.col("since") - pl.col("met_days_ago")).is_between(0, CONFERENCE_DAYS))
    is_first = pl.col("met_days_ago") == pl.col("met_days_ago").max()
    first = after.group_by("row", "record").agg(
        pl.col("met_days_ago").max(), conference_ids=pl.col("conference_id").filter(is_first)
    )
    whole = enquired.join(first, on=["row", "record"], how="left", maintain_order="left").with_columns(
        met=pl.col("met_days_ago").is_not_null(),
        met_days_ago=pl.col("met_days_ago").fill_null(0),
        awaited=(pl.col("outcome") == "conference").fill_null(value=False),
    )
    return working_days_since(frames, whole, until="met_days_ago")


def _assessed(frames: Frames) -> pl.Series:
    there = past_records(frames, pl.col("kind") == "assessment")
    return frames.spread(there.group_by("row").agg(pl.col("days_ago").min()), "days_ago")


FRAMES: Mapping[str, BuildFrame] = {
    "conclusions": _conclusions,
    "assessments": _assessments,
    "enquiries": _enquiries,
}
CHILD: Mapping[str, BuildColumn] = {"assessed_days_ago": _assessed}
