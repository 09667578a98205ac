"""Episodes, and whether a case is open.

- ``episodes``: as in the view, known before the day: ``kind, category, start_days_ago, end_days_ago`` (null where no
  end is known; either may lie ahead), ``open`` (on the as-of day), ``record_id`` (of the record that starts it),
  ``ending_id`` (of the one that ends it), ``days_ago`` of the starting record.
- ``spells``: the same, with those whose starting record lies ahead.
- ``step_downs``: one row an end after which no episode of a higher kind ran: ``days_ago`` (of the end), ``ending_id``.
- ``raised_after_step_down``: one row such an end and a row of concerns raised after it: ``after_days`` later; and
  ``record_id``, that raises it.
- ``plans_again``: one row a plan and one that started before it and ended by its start: ``days_ago`` (the start of the
  later), ``after_days`` (from the end to that start), ``record_id`` (starts the later), ``earlier_ids`` (start and end
  the earlier).
- ``ends``: one row a day on which a case or early help ended and no case ran on: ``days_ago``, ``ending_ids``.
- ``about_ends``: one row such a day and what was so then: a strand of concern that could be closed and was not
  (``stood``), or a missed record (``missed_before_days``, how many days before the end): ``record_ids`` of either, and
  ``ending_ids``.

Columns of the child: ``case_days_ago``, since the earliest of the cases open on the day started, and
``case_record_id``, of the record that started it; ``plan_days_ago`` and ``plan_record_id``, of the latest started plan
that is open; ``last_case_ended_days_ago``, where no case is open, and ``last_case_ended_ids``, of the records that
ended it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.building import PAST, Frames
from earlywarn.features.frames.timescales import past_records
from earlywarn.records.codes import EPISODES, MISSED, STATUTORY_EPISODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame


def _spells(frames: Frames) -> pl.DataFrame:
    return frames.look.episodes.collect()


def _episodes(frames: Frames) -> pl.DataFrame:
    return frames["spells"].filter(PAST)


def _open(kinds: tuple[str, ...], *, latest: bool, column: str) -> BuildColumn:
    """Return a column of the open episode of some kinds that started latest, or earliest."""

    def build(frames: Frames) -> pl.Series:
        there = frames["spells"].filter(pl.col("open") & pl.col("kind").is_in(kinds))
        ordered = there.sort("row", "start_days_ago", "record_id", descending=[False, not latest, False])
        return frames.spread(ordered.unique("row", keep="first", maintain_order=True), column)

    return build


_ENDED = pl.col("end_days_ago") >= 1
_LEVELS = {kind: level for level, kind in enumerate(EPISODES)}
"""The kinds of episode from the lowest to the highest."""


def _without_running_on(ends: pl.DataFrame, others: pl.DataFrame, *, higher: bool) -> pl.DataFrame:
    """Leave out the ends on the day after which another episode ran: any of these, or any of a higher kind."""
    pairs = ends.select("row", "end_days_ago", "level").join(
        others.select("row", "start_days_ago", other_end="end_days_ago", other_level="level"), on="row"
    )
    runs_on = (pl.col("start_days_ago") >= pl.col("end_days_ago") - 1) & (
        pl.col("other_end").is_null() | (pl.col("other_end") < pl.col("end_days_ago"))
    )
    above = (pl.col("other_level") > pl.col("level")) | pl.lit(not higher)
    return ends.join(pairs.filter(runs_on & above), on=["row", "end_days_ago", "level"], how="anti")


def _levelled(frames: Frames) -> pl.DataFrame:
    level = pl.col("kind").replace_strict(_LEVELS, return_dtype=pl.Int8)
    return frames["spells"].with_columns(level=level)


def _step_downs(frames: Frames) -> pl.DataFrame:
    spells = _levelled(frames)
    ends = _without_running_on(spells.filter(_ENDED), spells, higher=True)
    return ends.select("row", "ending_id", days_ago="end_days_ago")


def _raised_after_step_down(frames: Frames) -> pl.DataFrame:
    concerns = frames["concerns"].select("row", "record_id", raised_days_ago="days_ago")
    after = pl.col("days_ago") - pl.col("raised_days_ago")
    return frames["step_downs"].join(concerns, on="row").with_columns(after_days=after).filter(after >= 1)


def _plans_again(frames: Frames) -> pl.DataFrame:
    plans = frames["spells"].filter((pl.col("kind") == "protection_plan") & (pl.col("start_days_ago") >= 1))
    later = plans.select("row", "record_id", days_ago="start_days_ago")
    earlier = plans.filter(pl.col("end_days_ago").is_not_null()).select(
        "row", "start_days_ago", "end_days_ago", earlier_ids=pl.concat_list("record_id", "ending_id")
    )
    pairs = later.join(earlier, on="row").filter(pl.col("start_days_ago") > pl.col("days_ago"))
    after = pl.col("end_days_ago") - pl.col("days_ago")
    return pairs.with_columns(after_days=after).filter(after >= 0)


def _ends(frames: Frames) -> pl.DataFrame:
    spells = _levelled(frames)
    cases = spells.filter(pl.col("kind").is_in(STATUTORY_EPISODES))
    ends = _without_running_on(spells.filter(_ENDED), cases, higher=False)
    return ends.group_by("row", days_ago="end_days_ago").agg(ending_ids="ending_id")


def _about_ends(frames: Frames) -> pl.DataFrame:
    return pl.concat([_stood_at_ends(frames), _missed_before_ends(frames)], how="diagonal")


def _stood_at_ends(frames: Frames) -> pl.DataFrame:
    ids = [c for c in ("record_ids",) if frames.asks(c)]
    strands = frames["strands"].filter("closable").select("row", "raised_days_ago", "concluded_days_ago", *ids)
    pairs = frames["ends"].join(strands, on="row")
    not_concluded = pl.col("concluded_days_ago").is_null() | (pl.col("concluded_days_ago") < pl.col("days_ago"))
    stood = pairs.filter((pl.col("raised_days_ago") >= pl.col("days_ago")) & not_concluded)
    return stood.select("row", "days_ago", "ending_ids", *ids, stood=pl.lit(value=True))


def _missed_before_ends(frames: Frames) -> pl.DataFrame:
    missed = past_records(frames, pl.col("attendance").is_in(MISSED))
    ids = [pl.concat_list("record_id").alias(c) for c in ("record_ids",) if frames.asks(c)]
    pairs = frames["ends"].join(missed.select("row", "record_id", missed_days_ago="days_ago"), on="row")
    before = pl.col("missed_days_ago") - pl.col("days_ago")
    rows = pairs.select("row", "days_ago", "ending_ids", *ids, stood=pl.lit(value=False), missed_before_days=before)
    return rows.filter(pl.col("missed_before_days") >= 0)


def _last_ended(column: pl.Expr) -> BuildColumn:
    """Return a column of the cases that ended last, where none is open."""

    def build(frames: Frames) -> pl.Series:
        cases = frames["spells"].filter(pl.col("kind").is_in(STATUTORY_EPISODES))
        closed = cases.filter(_ENDED).join(cases.filter("open"), on="row", how="anti")
        last = closed.filter(pl.col("end_days_ago") == pl.col("end_days_ago").min().over("row"))
        return frames.spread(last.group_by("row").agg(column.alias("found")), "found")

    return build


FRAMES: Mapping[str, BuildFrame] = {
    "spells": _spells,
    "episodes": _episodes,
    "step_downs": _step_downs,
    "raised_after_step_down": _raised_after_step_down,
    "plans_again": _plans_again,
    "ends": _ends,
    "about_ends": _about_ends,
}
CHILD: Mapping[str, BuildColumn] = {
    "case_days_ago": _open(STATUTORY_EPISODES, latest=False, column="start_days_ago"),
    "case_record_id": _open(STATUTORY_EPISODES, latest=False, column="record_id"),
    "plan_days_ago": _open(("protection_plan",), latest=True, column="start_days_ago"),
    "plan_record_id": _open(("protection_plan",), latest=True, column="record_id"),
    "last_case_ended_days_ago": _last_ended(pl.col("end_days_ago").first()),
    "last_case_ended_ids": _last_ended(pl.col("ending_id")),
}
