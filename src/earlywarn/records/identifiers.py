"""Identifiers: finding a child by any one at hand, and telling a sound number from a mistyped one."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from earlywarn.records.tables import Records

CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""Letters a UPN may begin with, and a temporary one end with: 0 is A, 22 is Z; I, O and S are not used."""


def find_child(records: Records, name: str) -> str:
    """Return the child_id a person means: the id itself, or an agency's identifier that only one child has.

    Raises
    ------
    ArgumentError
        No child, or more than one.

    """
    if (records.frames["contacts"]["child_id"] == name).any() or (records.frames["children"]["child_id"] == name).any():
        return name
    found = records.frames["identifiers"].filter(pl.col("value") == name)["child_id"].unique().to_list()
    if len(found) == 1:
        return str(found[0])
    raise ArgumentError(
        "More than one child has this identifier." if found else "No child of these records has this id.",
        expected="a child_id of these records, or an identifier that one child has",
        fix="look the child up in contacts, or in the scores of a run",
    )


def compact(value: pl.Expr) -> pl.Expr:
    """Numbers as they are compared: without blanks and hyphens, in capitals."""
    return value.str.replace_all(r"[\s\-]", "").str.to_uppercase()


def sound_nhs_number(value: pl.Expr) -> pl.Expr:
    """Tell whether a compact NHS number has ten digits, of which the last is right.

    The last is 11 less the remainder by 11 of the first nine weighted 10 to 2; 11 counts as 0, and 10 cannot be. Ten
    equal digits pass that sum and are what people type where a number must be: they are not sound.
    """
    digits = [_digit(value, place) for place in range(10)]
    remainder = pl.sum_horizontal(*(digits[place] * (10 - place) for place in range(9))) % 11
    right = (11 - remainder) % 11 == digits[9]
    filler = value.is_in([str(digit) * 10 for digit in range(10)])
    return (value.str.contains(r"^[0-9]{10}$") & right & ~filler).fill_null(value=False)


def sound_upn(value: pl.Expr) -> pl.Expr:
    """Tell whether a compact UPN has a check letter, twelve more places, and the letter that these give.

    The letter is the remainder by 23 of places 2 to 13, each weighted by its place. The last place of a temporary UPN
    is a letter, which counts as its number among the check letters (UK Government Data Standards Catalogue, "Unique
    Pupil Number" 2.0; school census error 1510). Equal digits throughout are what people type where a number must be.
    """
    last = value.str.slice(12, 1)
    as_number = {letter: number for number, letter in enumerate(CHECK_LETTERS)}
    ending = pl.coalesce(_digit(value, 12), last.replace_strict(as_number, default=None, return_dtype=pl.Int64))
    total = pl.sum_horizontal(*(_digit(value, place) * (place + 1) for place in range(1, 12)), ending * 13)
    letter = (total % 23).replace_strict(dict(enumerate(CHECK_LETTERS)), default=None, return_dtype=pl.String)
    filler = value.str.slice(1).is_in([str(digit) * 12 for digit in range(10)])
    form = value.str.contains(rf"^[{CHECK_LETTERS}][0-9]{{11}}[0-9{CHECK_LETTERS}]$")
    return (form & (letter == value.str.slice(0, 1)) & ~filler).fill_null(value=False)


def _digit(value: pl.Expr, place: int) -> pl.Expr:
    return value.str.slice(place, 1).cast(pl.Int64, strict=False)


SOUND: Mapping[str, Callable[[pl.Expr], pl.Expr]] = MappingProxyType(
    {"nhs_number": sound_nhs_number, "upn": sound_upn, "former_upn": sound_upn}
)
"""Schemes that carry their own check. In any other scheme no value can be told to be mistyped."""
