"""Records as they are, and the days of referral to social care.

- ``records``: every record in the view, with the columns of ``contacts``; ``recorded_after_days``, how long after it
  happened it was written.
- ``referral_days``: one row a day of referral to social care while no case was open, with ``previous_days_ago`` and
  ``next_days_ago``, those of the neighbouring such days, and ``record_ids``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.building import PAST, Frames
from earlywarn.records.codes import LEAD_AGENCY, STATUTORY_EPISODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame


def _records(frames: Frames) -> pl.DataFrame:
    past = frames.look.records_in(frames.look.held.filter(PAST))
    there = past.collect_schema().names()
    return past.select(c for c in there if c in ("row", "days_ago") or frames.asks(c, of="records")).collect()


def _referral_days(frames: Frames) -> pl.DataFrame:
    """Keep days of referral on which no case was open: none that started before the day and had not ended by it."""
    is_referral = (pl.col("kind") == "referral") & (pl.col("held_by") == LEAD_AGENCY)
    referrals = frames.records_where(is_referral, None).select("row", "days_ago", "record_id").collect()
    days = referrals.group_by("row", "days_ago").agg(record_ids="record_id")
    cases = frames["spells"].filter(pl.col("kind").is_in(STATUTORY_EPISODES))
    started_before = pl.col("start_days_ago") > pl.col("days_ago")
    not_ended = pl.col("end_days_ago").is_null() | (pl.col("end_days_ago") < pl.col("days_ago"))
    running = days.join(cases.select("row", "start_days_ago", "end_days_ago"), on="row")
    fresh = days.join(running.filter(started_before & not_ended), on=["row", "days_ago"], how="anti")
    return fresh.sort("row", "days_ago", descending=[False, True]).with_columns(
        previous_days_ago=pl.col("days_ago").shift(1).over("row"),
        next_days_ago=pl.col("days_ago").shift(-1).over("row"),
    )


FRAMES: Mapping[str, BuildFrame] = {
    "records": _records,
    "referral_days": _referral_days,
}
CHILD: Mapping[str, BuildColumn] = {}
