"""Strands: rows of concern of one category that belong together, and what became of each, for one child."""

from __future__ import annotations

import polars as pl

from earlywarn.records.codes import CONCERNS, COUNTED_CONCERNS, ORGANISATIONS, label

STRAND_GAP_DAYS = 28
"""Rows of one category, each at most this many days after the one before, are one strand."""

CONCLUDED = "concluded"
OPEN = "no conclusion recorded"
CANNOT_TELL = "cannot tell"
CONTEXT = "context"

STRANDS = pl.Schema(
    {
        "strand": pl.UInt32(),
        "category": pl.String(),
        "concern": pl.String(),
        "agency": pl.String(),
        "raised_at": pl.Datetime("us"),
        "last_at": pl.Datetime("us"),
        "rows": pl.UInt32(),
        "state": pl.String(),
        "concluded_at": pl.Datetime("us"),
        "again": pl.Boolean(),
        "record_ids": pl.List(pl.String()),
        "told": pl.List(pl.String()),
        "first_told_at": pl.Datetime("us"),
        "concluded_by": pl.String(),
        "concern_ids": pl.List(pl.String()),
    }
)
"""One row a strand, oldest first; `strands` says what each column means."""


def strands(concerns: pl.DataFrame, events: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Put the concerns of one child together into strands, with the life of each.

    A concern counts from the day of the record that raises it; what is planned for the as-of day or later raises
    nothing yet, and concludes nothing. A strand is concluded where a record known to the view concludes one of its
    rows on its last day or later; of several, the latest is named.

    Parameters
    ----------
    concerns : polars.DataFrame
        Rows of concerns of one child in one view, with the contract's columns.
    events, known : polars.DataFrame
        As in `earlywarn.history.chronology.Chronology`.

    Returns
    -------
    polars.DataFrame
        Ordered by ``raised_at``, then ``category``.

        =================  ========  ===================================================================
        ``strand``         UInt32    its number, from 0
        ``category``       String    what it is about, as a code
        ``concern``        String    the same in words
        ``agency``         String    who raised it first
        ``raised_at``      Datetime  when it was first raised
        ``last_at``        Datetime  when it was last raised
        ``rows``           UInt32    how often
        ``state``          String    ``concluded``, ``no conclusion recorded``, ``cannot tell`` (none of its sources can
                                     record one) or ``context`` (shown, never counted)
        ``concluded_at``   Datetime  when; null unless concluded
        ``again``          Boolean   an earlier strand of the same category exists
        ``record_ids``     List      records that raise it, oldest first
        ``told``           List      organisations that knew any of them, in the order of the code list
        ``first_told_at``  Datetime  when an organisation that neither raised nor holds one was first told
        ``concluded_by``   String    the record that concludes it
        ``concern_ids``    List      its rows of concerns
        =================  ========  ===================================================================

    """
    happened = events.filter(~pl.col("ahead")).select("record_id", "at", "agency")
    rows = concerns.join(happened, on="record_id")
    if rows.is_empty():
        return pl.DataFrame(schema=STRANDS)
    closings = happened.select(closed_by="record_id", closed_at="at")
    lives = _lives(_numbered(rows.join(closings, on="closed_by", how="left")))
    numbered = lives.sort("raised_at", "category").with_row_index("strand")
    first = pl.col("strand").min().over("category")
    whole = numbered.join(_told(numbered, known), on="strand", how="left").with_columns(
        concern=pl.col("category").replace_strict(_labels(lives["category"]), return_dtype=pl.String),
        again=pl.col("strand") > first,
        told=pl.col("told").fill_null([]),
    )
    return whole.select(STRANDS.names()).cast(STRANDS)


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in order, with the number of the strand each belongs to."""
    ordered = rows.sort("category", "at", "agency", "record_id", "concern_id")
    gap = (pl.col("at").dt.date() - pl.col("at").dt.date().shift(1)).dt.total_days()
    same = pl.col("category") == pl.col("category").shift(1)
    return ordered.with_columns(number=(~(same & (gap <= STRAND_GAP_DAYS)).fill_null(value=False)).cum_sum())


def _lives(rows: pl.DataFrame) -> pl.DataFrame:
    last = pl.col("at").max()
    counts = pl.col("closed_at").dt.date() >= last.dt.date()
    concluded = pl.col("category").is_in(COUNTED_CONCERNS) & pl.col("concluded_at").is_not_null()
    state = (
        pl.when(~pl.col("category").is_in(COUNTED_CONCERNS))
        .then(pl.lit(CONTEXT))
        .when(concluded)
        .then(pl.lit(CONCLUDED))
        .when(pl.col("closable"))
        .then(pl.lit(OPEN))
        .otherwise(pl.lit(CANNOT_TELL))
    )
    lives = rows.group_by("number", maintain_order=True).agg(
        pl.col("category", "agency").first(),
        pl.len().alias("rows"),
        raised_at=pl.col("at").min(),
        last_at=last,
        concluded_at=pl.col("closed_at").filter(counts).max(),
        concluded_by=pl.col("closed_by")
        .filter(counts)
        .sort_by(pl.struct("closed_at", "closed_by").filter(counts))
        .last(),
        closable=(pl.col("closing") == "recorded").any(),
        record_ids=pl.col("record_id").unique(maintain_order=True),
        concern_ids=pl.col("concern_id"),
    )
    return lives.with_columns(
        state=state,
        concluded_at=pl.when(concluded).then("concluded_at"),
        concluded_by=pl.when(concluded).then("concluded_by"),
    )


def _told(lives: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Say which organisations knew any record of each strand, in the order of the code list, and when one was told."""
    carried = lives.select("strand", record_id="record_ids").explode("record_id", empty_as_null=False)
    order = {code: i for i, code in enumerate(ORGANISATIONS)}
    return (
        carried.join(known, on="record_id")
        .sort(pl.col("agency").replace_strict(order, return_dtype=pl.Int64))
        .group_by("strand", maintain_order=True)
        .agg(
            pl.col("agency").unique(maintain_order=True).alias("told"),
            pl.col("known_at").filter("told").min().alias("first_told_at"),
        )
    )


def _labels(categories: pl.Series) -> dict[str, str]:
    return {code: label(code, CONCERNS) for code in categories}
