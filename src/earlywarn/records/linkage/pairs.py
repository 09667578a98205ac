"""Pairs of ids that may be one: what is said of them, whose ids they are, and what joining them would join."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.schema import LINKS

if TYPE_CHECKING:
    from collections.abc import Callable

AGREE, NEARLY, DIFFER, NOT_RECORDED = "agree", "nearly", "differ", "not recorded"
"""All that is ever said of a field of a pair; never its values."""

FIELDS = ("identifier", "forename", "surname", "birth_on", "address")

REVIEW_SCHEMA = pl.Schema(
    {
        "subject": pl.String(),
        "child_id": pl.String(),
        "same_as": pl.String(),
        "reason": pl.String(),
        "method": pl.String(),
        "probability": pl.Float64(),
        "weight": pl.Float64(),
        **{name: pl.String() for name in FIELDS},
    }
)
"""One doubtful pair a row. ``reason`` says why it was not linked; a pair without one is a link."""

KEY = ("subject", "child_id", "same_as")
SPACES_SCHEMA = pl.Schema({"subject": pl.String(), "id": pl.String(), "space": pl.String()})

_UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-"


def no_pairs() -> pl.DataFrame:
    """Pairs without a row."""
    return pl.DataFrame(schema=REVIEW_SCHEMA)


def whole(pairs: pl.DataFrame) -> pl.DataFrame:
    """Every column of the review, in order; those not given are missing. The lesser id stands first."""
    first, second = pl.min_horizontal("child_id", "same_as"), pl.max_horizontal("child_id", "same_as")
    lacking = [pl.lit(None, t).alias(n) for n, t in REVIEW_SCHEMA.items() if n not in pairs.columns]
    return pairs.with_columns(first.alias("child_id"), second.alias("same_as"), *lacking).select(
        pl.col(n).cast(t) for n, t in REVIEW_SCHEMA.items()
    )


def as_pairs(links: pl.DataFrame) -> pl.DataFrame:
    """Rows of the table ``links`` as pairs."""
    return whole(links.select(pl.col("subject").fill_null("child"), "child_id", "same_as", "method"))


def agreement(
    pairs: pl.DataFrame, said: pl.DataFrame, alike: Callable[[pl.Expr, pl.Expr], pl.Expr] | None = None
) -> pl.Series:
    """Say of each pair whether what is said of its two ids agrees; the best of several values counts.

    Parameters
    ----------
    pairs : polars.DataFrame
        With ``child_id`` and ``same_as``.
    said : polars.DataFrame
        ``id`` and ``value``: what is recorded of an id, in one row or several; missing values are not recorded.
    alike : callable, optional
        Tells of two expressions whether the values, which are not equal, nearly agree.

    """
    values = said.select("id", "value").drop_nulls().unique()
    near = alike(pl.col("value"), pl.col("value_other")) if alike else pl.lit(value=False)
    joined = (
        pairs.select("child_id", "same_as")
        .with_row_index("row")
        .join(values, left_on="child_id", right_on="id", how="left")
        .join(values, left_on="same_as", right_on="id", how="left", suffix="_other")
    )
    equal = pl.col("value") == pl.col("value_other")
    word = (
        pl.when(equal.is_null().all())
        .then(pl.lit(NOT_RECORDED))
        .when(equal.any())
        .then(pl.lit(AGREE))
        .when(near.any())
        .then(pl.lit(NEARLY))
        .otherwise(pl.lit(DIFFER))
    )
    return joined.group_by("row").agg(word.alias("word")).sort("row")["word"]


def spaces(ids: pl.DataFrame, said: pl.DataFrame, holders: pl.DataFrame) -> pl.DataFrame:
    """Whose numbering each id belongs to: two ids of one numbering were told apart by those who gave them.

    What the identities call the source counts first; else what stands before the first hyphen of the id, as readers
    write it; else, for an id without a hyphen (or a UUID), the organisations that hold its records. Three digits before
    a hyphen are an authority, whose ids are one numbering whatever file they stand in.

    Parameters
    ----------
    ids, said, holders : polars.DataFrame
        ``subject`` and ``id``; the same with ``space``; the same with ``space``.

    """
    key = ["subject", "id"]
    rest = ids.unique().join(said, on=key, how="anti")
    prefixed = pl.col("id").str.contains(".-", literal=False) & ~pl.col("id").str.contains(_UUID)
    before = pl.col("id").str.split("-").list.first().alias("space")
    named = rest.filter(prefixed).with_columns(before)
    authorities = ids.unique().filter(pl.col("id").str.contains(r"^\d{3}-")).with_columns(before)
    held = rest.filter(~prefixed).join(holders, on=key, how="inner")
    return pl.concat([part.select(list(SPACES_SCHEMA)) for part in (said, named, authorities, held)]).unique()


def of_one_source(pairs: pl.DataFrame, owned: pl.DataFrame) -> pl.Series:
    """Tell of each pair whether the two ids belong to one numbering."""
    joined = (
        pairs.select(*KEY)
        .with_row_index("row")
        .join(owned, left_on=["subject", "child_id"], right_on=["subject", "id"])
        .join(owned, left_on=["subject", "same_as", "space"], right_on=["subject", "id", "space"])
    )
    return pl.int_range(pairs.height, eager=True).is_in(joined["row"].implode())


def groups(links: pl.DataFrame) -> pl.DataFrame:
    """Ids that links join, directly or through others, each with the least id of its group."""
    there = links.select("subject", id="child_id", other="same_as")
    ties = pl.concat([there, there.select("subject", id="other", other="id")]).unique()
    found = ties.select("subject", "id", group="id").unique()
    while True:
        reached = ties.join(found, left_on=["subject", "other"], right_on=["subject", "id"])
        least = pl.concat([found, reached.select("subject", "id", "group")]).group_by("subject", "id")
        wider = least.agg(pl.col("group").min())
        if wider.sort("subject", "id").equals(found.sort("subject", "id")):
            return wider
        found = wider


def in_chains(links: pl.DataFrame, known: pl.DataFrame, owned: pl.DataFrame) -> pl.Series:
    """Tell of each link whether, with all the others, it would join two ids of one numbering."""
    if links.is_empty():
        return pl.Series(dtype=pl.Boolean)
    found = groups(pl.concat([part.select(*KEY) for part in (links, known)]))
    mixed = (
        found.join(owned, on=["subject", "id"])
        .group_by("subject", "group", "space")
        .agg(several=pl.col("id").n_unique() > 1)
        .filter("several")
    )
    bad = found.join(mixed, on=["subject", "group"], how="semi")
    marked = links.with_row_index("row").join(
        bad, left_on=["subject", "child_id"], right_on=["subject", "id"], how="semi"
    )
    return pl.int_range(links.height, eager=True).is_in(marked["row"].implode())


def new_links(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs as rows of the table ``links``, but for the day on which they were found out."""
    return pairs.select(n for n in LINKS.schema if n != "known_at")
