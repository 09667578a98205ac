"""Links by a shared number: one that is unique across agencies, and sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from earlywarn.errors import ArgumentError, nearest
from earlywarn.records import codes
from earlywarn.records.identifiers import SOUND, compact
from earlywarn.records.linkage.pairs import AGREE, DIFFER, agreement, no_pairs, of_one_source, whole
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAMILIES = {"former_upn": "upn"}
"""Schemes whose numbers are of one kind with those of another."""

DEFAULT_SCHEMES = ("nhs_number", "upn")
"""Numbers given once in the country. `former_upn` is compared wherever `upn` is."""

MOST_HOLDERS = 10
"""A number that more ids share is no one's number; their pairs are counted and not listed."""


class Found(NamedTuple):
    """Pairs that share a number, with a ``reason`` where they are not linked; what to say; the numbers themselves."""

    pairs: pl.DataFrame
    notes: tuple[str, ...]
    numbers: pl.DataFrame


def check_schemes(schemes: Sequence[str]) -> tuple[str, ...]:
    """Return the schemes, each once, or say which there are."""
    wanted = [schemes] if isinstance(schemes, str) else list(schemes)
    for scheme in wanted:
        if scheme not in codes.SCHEMES:
            raise ArgumentError(
                f'"{scheme}" is no scheme of identifiers.',
                expected="some of " + ", ".join(codes.SCHEMES),
                fix=nearest(scheme, codes.SCHEMES) or "use one of these",
            )
    return tuple(dict.fromkeys(FAMILIES.get(scheme, scheme) for scheme in wanted))


def by_number(
    identifiers: pl.DataFrame,
    schemes: Sequence[str],
    said: Mapping[str, pl.DataFrame],
    owned: pl.DataFrame,
) -> Found:
    """Find pairs of children that share a number, and say of each why it is not linked, if it is not.

    Parameters
    ----------
    identifiers : polars.DataFrame
        The table of that name.
    schemes : sequence of str
        Which numbers link, in the order in which a link is named after them.
    said : mapping of str to polars.DataFrame
        For each field what is recorded of the children: ``id`` and ``value``.
    owned : polars.DataFrame
        Whose numbering each id belongs to (`earlywarn.records.linkage.pairs.spaces`).

    """
    families = check_schemes(schemes)
    numbers, unsound = _numbers(identifiers, families)
    holders = numbers.group_by("family", "value").agg(pl.col("id").n_unique().alias("ids"))
    crowded = holders.filter(pl.col("ids") > MOST_HOLDERS)
    shared = numbers.join(holders.filter(pl.col("ids").is_between(2, MOST_HOLDERS)), on=["family", "value"])
    notes = (*unsound, *_of_crowds(crowded))
    pairs = _paired(shared.drop("ids"), families)
    if pairs.is_empty():
        return Found(no_pairs(), notes, numbers)
    return Found(whole(_judged(pairs, numbers, said, owned)), notes, numbers)


def _numbers(identifiers: pl.DataFrame, families: Sequence[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Sound numbers of the families that link, as compared, and a note for each scheme with others."""
    family = pl.col("scheme").replace(FAMILIES)
    rows = identifiers.with_columns(family=family).filter(pl.col("family").is_in(list(families)))
    rows = rows.select("scheme", "family", id="child_id", value=_compared()).filter(pl.col("value") != "").unique()
    sound = pl.lit(value=True)
    for scheme, check in SOUND.items():
        sound = pl.when(pl.col("scheme") == scheme).then(check(pl.col("value"))).otherwise(sound)
    rows = rows.with_columns(sound=sound)
    refused = rows.filter(~pl.col("sound")).group_by("scheme").len().sort("scheme")
    said = tuple(
        f"{count_of(number, 'value')} of {codes.SCHEMES[scheme]} cannot be right and {_link(number)} nothing."
        for scheme, number in refused.iter_rows()
    )
    return rows.filter("sound").drop("sound"), said


def _link(number: int) -> str:
    return "links" if number == 1 else "link"


def _compared() -> pl.Expr:
    """Numbers with a check of their own without blanks; others as they stand, since nothing is known of them."""
    value = pl.col("value")
    return pl.when(pl.col("scheme").is_in(list(SOUND))).then(compact(value)).otherwise(value.str.strip_chars())


def _of_crowds(crowded: pl.DataFrame) -> tuple[str, ...]:
    if crowded.is_empty():
        return ()
    many = count_of(crowded.height, "number")
    return (f"{many} shared by more than {MOST_HOLDERS} ids: not taken for a number of one child, and not listed.",)


def _paired(shared: pl.DataFrame, families: Sequence[str]) -> pl.DataFrame:
    """Every two ids of one number, once for each scheme they have it under."""
    both = shared.join(shared, on=["family", "value"], suffix="_other").filter(pl.col("id") < pl.col("id_other"))
    former = pl.all_horizontal(pl.col("scheme", "scheme_other").is_in(list(FAMILIES)))
    rank = pl.col("family").replace_strict({f: n for n, f in enumerate(families)}, return_dtype=pl.Int64)
    return (
        both.with_columns(former=former, rank=rank)
        .sort("rank", "former", "value")
        .group_by("id", "id_other", "family", "value", maintain_order=True)
        .agg(pl.col("former").all(), pl.col("rank").first())
        .with_columns(subject=pl.lit("child"))
        .rename({"id": "child_id", "id_other": "same_as"})
    )


def _judged(
    pairs: pl.DataFrame, numbers: pl.DataFrame, said: Mapping[str, pl.DataFrame], owned: pl.DataFrame
) -> pl.DataFrame:
    """One row a pair: the first reason against it, and how the fields compare."""
    disputed = pairs.with_columns(one_source=of_one_source(pairs, owned)).with_columns(
        pl.col("one_source").any().over("family", "value")
    )
    single = disputed.group_by("subject", "child_id", "same_as", maintain_order=True).agg(
        pl.col("family").first().alias("method"), pl.col("former").all(), pl.col("one_source").any()
    )
    alike = {"forename": alike_forenames}
    compared = single.with_columns(
        *(agreement(single, values, alike.get(field)).alias(field) for field, values in said.items()),
        other=contradicted(single, numbers),
    )
    reasons = {
        "another id of the same source has this number too": pl.col("one_source"),
        "the recorded births differ": pl.col("birth_on") == DIFFER,
        "the forenames differ": pl.col("forename") == DIFFER,
        "another number of theirs differs": pl.col("other"),
        "only a former number is shared": pl.col("former"),
    }
    first = pl.coalesce(*(pl.when(bad).then(pl.lit(words)) for words, bad in reasons.items()))
    return compared.with_columns(reason=first, identifier=pl.lit(AGREE))


def contradicted(pairs: pl.DataFrame, numbers: pl.DataFrame) -> pl.Series:
    """Tell of each pair whether both have a sound number of one kind, and none in common."""
    words = [
        (agreement(pairs, of_family) == DIFFER).alias(str(family))
        for (family,), of_family in numbers.group_by("family", maintain_order=True)
    ]
    return pl.DataFrame(words).select(pl.any_horizontal(pl.all())).to_series() if words else _none(pairs.height)


def _none(height: int) -> pl.Series:
    return pl.repeat(value=False, n=height, eager=True, dtype=pl.Boolean)


def alike_forenames(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Tell of two tidied forenames whether they may be spellings of one: not whether they are.

    One holds the other, they begin with the same two letters, or they have the same consonants. Here a number already
    agrees: the question is only whether it was written to a brother or a sister.
    """
    begin = one.str.slice(0, 2) == other.str.slice(0, 2)
    held = one.str.contains(other, literal=True) | other.str.contains(one, literal=True)
    consonants = one.str.replace_all("[aeiouy]", "") == other.str.replace_all("[aeiouy]", "")
    return begin | held | consonants
