"""Which rows only say again what another row says: within a delivery, and from one delivery to the next.

A row is known by its key, and each delivery may number the same thing anew. Within a delivery rows of the same words
are one row. In the next, a row that a key already stands for is that row again, changed or not; a key never met before
stands for an older row only where that row is gone and left exactly these words.
"""

from __future__ import annotations

import polars as pl

from earlywarn.records.mapping.marks import COPY_OF, KEY, OWN_KEY, N

GROUP, ORDER = "_group", "_order"
"""Number that rows of the same words share; place of a row in the order of deliveries."""

_STATE = pl.Schema({OWN_KEY: pl.String, "_words": pl.UInt32, "_row": pl.UInt32})
_ALIASES = pl.Schema({OWN_KEY: pl.String, "_stands_for": pl.String})


def copies(rows: pl.DataFrame) -> pl.DataFrame:
    """Say for every row which row it repeats.

    Parameters
    ----------
    rows : polars.DataFrame
        ``_n, _order, _group, _own_key, _delivery``, in order; one key has one wording within a delivery.

    Returns
    -------
    polars.DataFrame
        ``_n``, ``_copy_of`` (its own number where it says something new) and ``_key``, the key it stands for.

    """
    state, aliases = pl.DataFrame(schema=_STATE), pl.DataFrame(schema=_ALIASES)
    settled = []
    for delivery in rows.partition_by("_delivery", maintain_order=True):
        one_a_key = delivery.unique(OWN_KEY, keep="first", maintain_order=True)
        judged = _judged(one_a_key, state, aliases)
        settled.append(_with_repeats(delivery, judged))
        state = _newest(state, judged)
        renamed = judged.filter(pl.col(KEY) != pl.col(OWN_KEY)).select(OWN_KEY, pl.col(KEY).alias("_stands_for"))
        aliases = pl.concat([aliases, renamed]).unique(OWN_KEY, keep="last", maintain_order=True)
    none = pl.DataFrame(schema={N: pl.UInt32, COPY_OF: pl.UInt32, KEY: pl.String})
    return pl.concat([none, *settled])


def _judged(rows: pl.DataFrame, state: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Judge one delivery: the row each of its keys repeats, and the key it stands for."""
    known = rows.join(state, on=OWN_KEY, how="left", maintain_order="left")
    again = (pl.col("_words") == pl.col(GROUP)).fill_null(value=False)
    known = known.with_columns(pl.when(again).then("_row").otherwise(N).alias("_stands_at"))
    held = known.filter(pl.col("_words").is_not_null()).with_columns(pl.col(OWN_KEY).alias(KEY))
    new = known.filter(pl.col("_words").is_null()).drop("_words", "_row")
    if new.is_empty():
        return _places(held)
    now = _now(state, held)
    followed = new.join(aliases, on=OWN_KEY, how="left", maintain_order="left").join(
        now.rename({OWN_KEY: "_stands_for"}), on="_stands_for", how="left", maintain_order="left"
    )
    still = (pl.col("_words") == pl.col(GROUP)).fill_null(value=False)
    same = followed.filter(still).select(
        *new.columns[:-1], pl.col("_row").alias("_stands_at"), pl.col("_stands_for").alias(KEY)
    )
    apart = _fresh(followed.filter(~still & pl.col("_stands_for").is_not_null()).select(new.columns), now.clear())
    parted = apart.filter(pl.col(KEY) == pl.col(OWN_KEY))
    fresh = _fresh(followed.filter(pl.col("_stands_for").is_null()).select(new.columns), _now(now, parted))
    return pl.concat([_places(part) for part in (held, same, apart, fresh)])


def _places(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(N, OWN_KEY, GROUP, KEY, pl.col("_stands_at").alias(COPY_OF))


def _now(state: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Return the words each known key has after this delivery, and the row that says them."""
    here = held.select(OWN_KEY, pl.col(GROUP).alias("_words"), pl.col("_stands_at").alias("_row"))
    return pl.concat([here, state.join(here, on=OWN_KEY, how="anti")])


def _fresh(rows: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Judge keys never met before: another's words, or one another's, or words of their own."""
    older = now.sort(OWN_KEY).unique("_words", keep="first", maintain_order=True).rename({OWN_KEY: "_older"})
    joined = rows.join(older, left_on=GROUP, right_on="_words", how="left", maintain_order="left")
    first = rows.sort(OWN_KEY).unique(GROUP, keep="first", maintain_order=True)
    joined = joined.join(
        first.select(GROUP, pl.col(OWN_KEY).alias("_first"), pl.col(N).alias("_first_n")),
        on=GROUP,
        how="left",
        maintain_order="left",
    )
    return joined.with_columns(
        pl.coalesce("_row", "_first_n").alias("_stands_at"), pl.coalesce("_older", "_first").alias(KEY)
    )


def _newest(state: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Remember of every key that stands for itself its newest words, and the row that first said them."""
    own = judged.filter(pl.col(KEY) == pl.col(OWN_KEY))
    here = own.select(OWN_KEY, pl.col(GROUP).alias("_words"), pl.col(COPY_OF).alias("_row"))
    return pl.concat([here, state.join(here, on=OWN_KEY, how="anti")])


def _with_repeats(delivery: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Let a row that stands twice in one delivery repeat whatever its first stands for."""
    by_key = judged.select(OWN_KEY, KEY, COPY_OF)
    joined = delivery.select(N, OWN_KEY).join(by_key, on=OWN_KEY, how="left", maintain_order="left")
    return joined.select(pl.col(N).cast(pl.UInt32), pl.col(COPY_OF).cast(pl.UInt32), KEY)
