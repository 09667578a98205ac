"""Concerns that are counted, and the strands they form. Context is shown and never counted.

- ``concerns``: one row a row of concerns: ``category``, ``severity``, ``closing``, ``closing_id``,
  ``closing_days_ago``, ``record_id``, ``agency``, ``held_by``, ``strand`` (its number), ``counts`` (whether the strand
  still counts); ``record`` and ``current``, numbers of the record that raised it and of the one that stands for it.
- ``strands``: one row a strand that still counts: ``category``, ``days_ago`` (of its last row), ``raised_days_ago``,
  ``severity`` (the highest), ``closable``, ``concluded_days_ago``, ``closed``, ``unresolved``; ``again`` (another
  strand of its category counts and was raised before), ``next_raised_days_ago`` (of the strand of its category after
  it);
  ``known_to``, who knows a row of it, one bit an organisation; ``record_ids`` (that raise it), ``closing_ids``;
  ``next_ids``, the ``record_ids`` of the strand of its category after it.
- ``raised_by_organisations``: the rows of ``concerns`` that an organisation raised: ``category, agency, record_id``;
  ``told_of_days_ago``, how many days ago the newest concern of another organisation was raised that its own had been
  told of before it wrote the row down (null where of none).

Columns of the child: ``strands``, ``closable_strands`` and ``closed_strands``, how many count; ``unresolved_strands``,
null where there are strands and none is closable; ``graded_strands``, unresolved ones with a severity;
``unresolved_days_ago``, when the oldest unresolved one was raised; ``unresolved_ids``, of the records that raise them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.building import PAST, Frames
from earlywarn.history.strands import STRAND_GAP_DAYS
from earlywarn.records.codes import CONFERRING_EXTENTS, COUNTED_CONCERNS, ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame

STRAND_DAYS = 730
"""A strand counts while its last row is within this many days."""


def _concerns(frames: Frames) -> pl.DataFrame:
    counted = frames.look.concerns.filter(PAST & pl.col("category").is_in(COUNTED_CONCERNS)).collect()
    ordered = counted.sort("row", "category", "days_ago", "concern_id", descending=[False, False, True, False])
    gap = pl.col("days_ago").shift(1) - pl.col("days_ago")
    same = (pl.col("row") == pl.col("row").shift(1)) & (pl.col("category") == pl.col("category").shift(1))
    begins = ~(same & (gap <= STRAND_GAP_DAYS)).fill_null(value=False)
    numbered = ordered.with_columns(strand=begins.cum_sum().cast(pl.UInt32))
    return numbered.with_columns(counts=pl.col("days_ago").min().over("strand") <= STRAND_DAYS)


def _strands(frames: Frames) -> pl.DataFrame:
    """One row a strand. A closing counts on or after the strand's last day, if it has happened."""
    rows = frames["concerns"].filter("counts")
    if frames.asks("known_to"):
        rows = rows.with_columns(known_to=frames.look.known_to(rows))
    last, closing = pl.col("days_ago").min(), pl.col("closing_days_ago")
    valid = (closing >= 1) & (closing <= last)
    found = rows.group_by("strand", maintain_order=True).agg(
        pl.col("row", "category").first(),
        days_ago=last,
        raised_days_ago=pl.col("days_ago").max(),
        severity=pl.col("severity").max(),
        closable=(pl.col("closing") == "recorded").any(),
        concluded_days_ago=closing.filter(valid).min(),
        **_carried(frames, valid),
    )
    same = (pl.col("row") == pl.col("row").shift(1)) & (pl.col("category") == pl.col("category").shift(1))
    same_next = (pl.col("row") == pl.col("row").shift(-1)) & (pl.col("category") == pl.col("category").shift(-1))
    closed = pl.col("concluded_days_ago").is_not_null()
    return found.with_columns(
        closed=closed,
        unresolved=pl.col("closable") & ~closed,
        again=same.fill_null(value=False),
        next_raised_days_ago=pl.when(same_next).then(pl.col("raised_days_ago").shift(-1)),
        **({"next_ids": pl.when(same_next).then(pl.col("record_ids").shift(-1))} if frames.asks("record_ids") else {}),
    ).with_columns(pl.col("row").set_sorted())


def _carried(frames: Frames, valid: pl.Expr) -> dict[str, pl.Expr]:
    """Add who knows a strand, and what carries it, where somebody asks."""
    columns = {
        "known_to": pl.col("known_to").bitwise_or(),
        "record_ids": pl.col("record_id").unique(),
        "closing_ids": pl.col("closing_id").filter(valid).unique(),
    }
    return {name: column for name, column in columns.items() if frames.asks(name)}


def _raised_by_organisations(frames: Frames) -> pl.DataFrame:
    """Mark what an organisation had been told before it raised the same, or another, concern."""
    columns = ("row", "record", "current", "days_ago", "category", "agency", "record_id", "concern_id")
    rows = frames["concerns"].select(columns).filter(pl.col("agency").is_in(ORGANISATIONS))
    told = _told_before(frames, rows).join(
        rows.select("row", "current", raised_by="agency", told_of_days_ago="days_ago"), on=["row", "current"]
    )
    of_others = told.filter(pl.col("raised_by") != pl.col("agency"))
    newest = of_others.group_by("row", "concern_id").agg(pl.col("told_of_days_ago").min())
    return rows.join(newest, on=["row", "concern_id"], how="left", maintain_order="left")


def _told_before(frames: Frames, rows: pl.DataFrame) -> pl.DataFrame:
    """Acts that told the organisation behind a row of something before it knew its own record, with the row."""
    look = frames.look
    tells = (pl.col("decision") == "shared") & pl.col("extent").is_in(CONFERRING_EXTENTS)
    acts = frames["sharing"].filter(tells).select("row", "current", "shared_at", agency="to_agency")
    pairs = rows.select("row", "agency", "concern_id", "record").join(acts, on=["row", "agency"])
    known_at = look.contacts["known_at"].gather(pairs["record"])
    earlier = look.ago(pairs["row"], pairs["shared_at"]) > look.ago(pairs["row"], known_at)
    return pairs.filter(earlier).drop("record")


def _count(counted: pl.Expr) -> BuildColumn:
    def build(frames: Frames) -> pl.Series:
        return frames.spread(frames["strands"].group_by("row").agg(n=counted), "n", 0)

    return build


def _unresolved(frames: Frames) -> pl.Series:
    counts = pl.DataFrame([frames.of_child("strands"), frames.of_child("closable_strands")])
    unresolved = _count(pl.col("unresolved").sum())(frames)
    cannot_tell = (pl.col("strands") > 0) & (pl.col("closable_strands") == 0)
    return counts.select(pl.when(~cannot_tell).then(unresolved)).to_series()


def _of_unresolved(column: pl.Expr) -> BuildColumn:
    def build(frames: Frames) -> pl.Series:
        there = frames["strands"].filter("unresolved")
        return frames.spread(there.group_by("row").agg(column.alias("found")), "found")

    return build


FRAMES: Mapping[str, BuildFrame] = {
    "concerns": _concerns,
    "strands": _strands,
    "raised_by_organisations": _raised_by_organisations,
}
CHILD: Mapping[str, BuildColumn] = {
    "strands": _count(pl.len()),
    "closable_strands": _count(pl.col("closable").sum()),
    "closed_strands": _count(pl.col("closed").sum()),
    "unresolved_strands": _unresolved,
    "graded_strands": _count((pl.col("unresolved") & pl.col("severity").is_not_null()).sum()),
    "unresolved_days_ago": _of_unresolved(pl.col("raised_days_ago").max()),
    "unresolved_ids": _of_unresolved(pl.col("record_ids").explode()),
}
