"""Which identities that are alike are linked, and which pairs a person should look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.linkage.likeness import LEVELS, scored
from earlywarn.records.linkage.numbers import contradicted
from earlywarn.records.linkage.pairs import AGREE, DIFFER, KEY, NOT_RECORDED, no_pairs, of_one_source, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

METHOD = "likeness"
_ENDS = (("child_id", "same_as"), ("same_as", "child_id"))


def by_likeness(
    rows: pl.DataFrame,
    subject: str,
    numbers: pl.DataFrame,
    judged_before: pl.DataFrame,
    owned: pl.DataFrame,
    *,
    threshold: float,
    review_from: float,
) -> pl.DataFrame:
    """Compare identities of one subject; pairs without a ``reason`` are links.

    Parameters
    ----------
    rows : polars.DataFrame
        Tidied identities of the subject.
    subject : str
        Whom they are of.
    numbers : polars.DataFrame
        Sound numbers of the same ids: who has one of their own is nobody else.
    judged_before : polars.DataFrame
        Pairs of every subject that are linked already, or doubtful for another reason: not judged again.
    owned : polars.DataFrame
        Whose numbering each id belongs to.
    threshold, review_from : float
        Match probability from which on a pair is linked, or shown to a person.

    """
    if rows["source"].n_unique() < 2:
        return no_pairs()
    linked = judged_before.filter(pl.col("reason").is_null())
    found = _best_of_each(scored(rows)).with_columns(subject=pl.lit(subject), method=pl.lit(METHOD))
    apart = found.filter(~of_one_source(found, owned)).join(judged_before, on=KEY, how="anti")
    judged = apart.with_columns(_other_numbers(apart, numbers)).with_columns(reason=_against(threshold))
    likely = judged.filter((pl.col("probability") >= review_from) | _as_twins())
    settled = _taken(likely, linked, owned)
    free = likely.filter(~settled & pl.col("reason").is_null())
    chosen = free.with_columns(reason=_not_the_one())
    late = likely.filter(settled & pl.col("reason").is_null()).with_columns(
        reason=pl.lit("one of them is linked to another id of the other's source")
    )
    doubtful = likely.filter(~settled & pl.col("reason").is_not_null())
    links = whole(chosen.filter(pl.col("reason").is_null()))
    open_still = doubtful.filter(~_taken(doubtful, links, owned))
    return pl.concat([whole(part) for part in (chosen, late, open_still)])


def _best_of_each(found: pl.DataFrame) -> pl.DataFrame:
    """Keep one row for each two ids, the lesser first: of several identities of one id, the two most alike."""
    swapped = pl.col("child_id") > pl.col("same_as")
    either = [
        pl.when(swapped).then(pl.col(b)).otherwise(pl.col(a)).alias(a)
        for pair in (("child_id", "same_as"), ("source", "source_other"))
        for a, b in (pair, pair[::-1])
    ]
    ordered = found.filter(pl.col("child_id") != pl.col("same_as")).with_columns(either)
    return ordered.sort("weight", *ordered.columns, descending=True).unique(
        ["child_id", "same_as"], keep="first", maintain_order=True
    )


def _other_numbers(pairs: pl.DataFrame, numbers: pl.DataFrame) -> pl.Series:
    """Say where both have a number of one kind and none in common; those with one in common are linked already."""
    word = pl.when(contradicted(pairs, numbers)).then(pl.lit(DIFFER)).otherwise(pl.lit(NOT_RECORDED))
    return pairs.select(identifier=word).to_series()


def _against(threshold: float) -> pl.Expr:
    """Return the first reason not to link: whatever is recorded of both and differs is for a person to weigh."""
    reasons: Mapping[str, pl.Expr] = {
        "each has a number of its own": pl.col("identifier") == DIFFER,
        "a forename is not recorded": pl.col("forename") == NOT_RECORDED,
        "the forenames are not the same": pl.col("forename") != AGREE,
        "a birth is not recorded": pl.col("birth_on") == NOT_RECORDED,
        "the recorded births differ": pl.col("birth_on") != AGREE,
        "a surname is not recorded": pl.col("surname") == NOT_RECORDED,
        "the surnames differ": pl.col("surname") == DIFFER,
        "the addresses differ": pl.col("address") == DIFFER,
        "not alike enough to link": pl.col("probability") < threshold,
    }
    return pl.coalesce(*(pl.when(bad).then(pl.lit(words)) for words, bad in reasons.items()))


def _as_twins() -> pl.Expr:
    """Tell whether all but the forename agrees: twins, or a name written wrongly, and nothing here says which."""
    return pl.all_horizontal(pl.col(name) == AGREE for name in LEVELS if name != "forename")


def _taken(pairs: pl.DataFrame, linked: pl.DataFrame, owned: pl.DataFrame) -> pl.Series:
    """Tell of each pair whether one of the two is linked to some id of the other's source."""
    ties = pl.concat([linked.select("subject", id=a, other=b) for a, b in _ENDS])
    reached = ties.join(owned, left_on=["subject", "other"], right_on=["subject", "id"]).select(
        "subject", "id", "space"
    )
    numbered = pairs.select(*KEY).with_row_index("row")
    rows = [
        numbered.join(owned, left_on=["subject", b], right_on=["subject", "id"])
        .join(reached, left_on=["subject", a, "space"], right_on=["subject", "id", "space"], how="semi")
        .select("row")
        for a, b in _ENDS
    ]
    return pl.int_range(pairs.height, eager=True).is_in(pl.concat(rows)["row"].implode())


def _not_the_one() -> pl.Expr:
    """Return why this is not the pair of the two ids, where each has one and only one best in the other's source."""
    weight = pl.col("weight")
    sides = (["child_id", "source_other"], ["same_as", "source"])
    best = [weight == weight.max().over(side) for side in sides]
    tied = [is_best & (is_best.sum().over(side) > 1) for is_best, side in zip(best, sides, strict=True)]
    return (
        pl.when(~pl.all_horizontal(best))
        .then(pl.lit("another id of that source fits better"))
        .when(pl.any_horizontal(tied))
        .then(pl.lit("another id of that source fits as well"))
    )
