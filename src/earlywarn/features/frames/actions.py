"""Agreed actions: due, done, overdue; and plans, with who acknowledged them.

- ``actions``: one row an action agreed and due before the day: ``days_ago`` (since it was due), ``done``,
  ``record_id`` (that agreed it), ``done_ids`` (that say of an action of it that it was done). Records say how many of
  their actions were done, not which: those due first are taken to be done first.
- ``plan_agencies``: one row an agency, other than the lead, in contact within 90 days of the day, where there has been
  a plan's start, a review or a conference: ``days_ago`` (since the latest), ``agency``, ``acknowledged``,
  ``record_ids`` (of its contacts), ``plan_ids`` (of that day), ``acknowledged_ids``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.building import PAST, Frames
from earlywarn.features.frames.timescales import HELD_BY_LEAD, past_records
from earlywarn.records.codes import LEAD_AGENCY, ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame

IN_CONTACT_DAYS = 90
"""An agency is in contact while its latest contact is within this many days."""

MEETINGS = ("plan_start", "review", "conference")


def facts_of(frames: Frames, *keys: str) -> pl.DataFrame:
    """Facts of some keys, each with the record it is told of: the one that carries it, and any that this concludes.

    Returns
    -------
    polars.DataFrame
        ``row, record`` (the number of the record it is told of), ``record_id`` (of the one that carries it), ``key``,
        ``value`` and ``value_days_ago``.

    """
    told = frames.look.facts.filter(PAST & pl.col("key").is_in(keys))
    own = told.select("row", "record_id", "key", "value", "value_days_ago", record="current").collect()
    concluded = frames["conclusions"].select("row", "record", conclusion="conclusion")
    passed_on = own.rename({"record": "conclusion"}).join(concluded, on=["row", "conclusion"]).select(own.columns)
    return pl.concat([own, passed_on])


def _actions(frames: Frames) -> pl.DataFrame:
    told = frames.look.facts.filter(PAST & (pl.col("key") == "action_due") & pl.col("value_days_ago").is_not_null())
    due = told.select("row", "record_id", record="current", days_ago="value_days_ago").collect()
    done = facts_of(frames, "action_done").filter(pl.col("value_days_ago") >= 1)
    number = done.group_by("row", "record").agg(number=pl.len(), done_ids=pl.col("record_id").unique())
    place = pl.int_range(pl.len()).over("row", "record")  # the first due is the first done
    ordered = due.sort("row", "record", "days_ago", descending=[False, False, True]).with_columns(place=place)
    whole = ordered.join(number, on=["row", "record"], how="left", maintain_order="left")
    return whole.with_columns(done=(pl.col("place") < pl.col("number")).fill_null(value=False)).filter(PAST)


def _plan_agencies(frames: Frames) -> pl.DataFrame:
    meetings = past_records(frames, pl.col("kind").is_in(MEETINGS) & HELD_BY_LEAD)
    latest = meetings.filter(pl.col("days_ago") == pl.col("days_ago").min().over("row"))
    of_day = latest.group_by("row").agg(pl.col("days_ago").first(), plan_ids="record_id")
    said = facts_of(frames, "acknowledged_by").join(latest.select("row", "record"), on=["row", "record"])
    number = pl.col("value").replace_strict(_NUMBERS, default=None, return_dtype=pl.UInt8)
    acknowledged = said.group_by("row", agency=number).agg(acknowledged_ids=pl.col("record_id").unique())
    return (
        _others_in_contact(frames)
        .join(of_day, on="row", maintain_order="left")
        .join(acknowledged, on=["row", "agency"], how="left", maintain_order="left")
        .with_columns(acknowledged=pl.col("acknowledged_ids").is_not_null())
    )


_NUMBERS = {code: number for number, code in enumerate(ORGANISATIONS)}


def _others_in_contact(frames: Frames) -> pl.DataFrame:
    carried = {"record_ids": pl.col("record_ids").explode()} if frames.asks("record_ids") else {}
    recent = (pl.col("days_ago") <= IN_CONTACT_DAYS) & (pl.col("agency") != _NUMBERS[LEAD_AGENCY])
    return frames["agency_days"].filter(recent).group_by("row", "agency").agg(**carried)


FRAMES: Mapping[str, BuildFrame] = {"actions": _actions, "plan_agencies": _plan_agencies}
CHILD: Mapping[str, BuildColumn] = {}
