"""Identities as they are compared: names, births and addresses without what only looks different.

They are read here and in `earlywarn.records.linkage`, and nothing of them leaves but ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.records.codes import LINK_SUBJECTS
from earlywarn.words import count_of

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("id", "subject", "source")
OPTIONAL = ("forename", "surname", "birth_on", "address", "postcode")
TIDY_SCHEMA = pl.Schema(
    {n: pl.Date() if n == "birth_on" else pl.String() for n in (*REQUIRED, *OPTIONAL)},
)

NO_SURNAMES = ("unknown", "notknown", "notstated", "unnamed", "anonymous", "tbc")
NO_FORENAMES = (
    *NO_SURNAMES,
    *("none", "na", "baby", "babyof", "babyboy", "babygirl", "infant", "newborn", "unborn", "child", "boy", "girl"),
    *("twin", "twinone", "twintwo", "twin1", "twin2", "male", "female", "mother", "father", "mum", "dad"),
)
"""What is written where there is no name: two such do not agree, they say nothing."""

NO_ADDRESSES = ("UNKNOWN", "NOT KNOWN", "NO FIXED ABODE", "NO FIXED ADDRESS", "NFA", "NONE", "N A", "TBC", "NOT STATED")
NO_POSTCODES = ("ZZ993WZ", "ZZ993VZ", "ZZ993CZ", "ZZ993GZ", "ZZ993HZ")
"""Codes of the NHS for no fixed abode, not known, and countries of the United Kingdom."""

_POSTCODE = r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}$"
FIRST_YEAR = 1901
"""Births before are what systems write where a day must be (1900-01-01, 1753-01-01)."""


class Tidied(NamedTuple):
    """Identities in `TIDY_SCHEMA`, each once, in one order; and what to say of them."""

    frame: pl.DataFrame
    notes: tuple[str, ...]


def tidied(identities: pd.DataFrame | pl.DataFrame | None) -> Tidied:
    """Check and tidy identities.

    Raises
    ------
    ArgumentError
        A column or a cell is missing that must be there, or a subject is none.

    """
    if identities is None:
        return Tidied(pl.DataFrame(schema=TIDY_SCHEMA), ())
    frame = _as_text(identities if isinstance(identities, pl.DataFrame) else pl.from_pandas(identities))
    _check(frame)
    births = pl.col("birth_on").str.to_date("%Y-%m-%d", strict=False)
    unread = frame.filter(pl.col("birth_on").is_not_null() & births.is_null()).height
    address = _address(pl.col("address"))
    given = _blank_as_missing(_joined(pl.col("postcode"), ""))
    tidy = frame.select(
        *REQUIRED,
        _but(_name(pl.col("forename")), NO_FORENAMES),
        _but(_name(pl.col("surname")), NO_SURNAMES),
        pl.when(births.dt.year() >= FIRST_YEAR).then(births).alias("birth_on"),
        _but(_blank_as_missing(address.str.replace(f" ?{_POSTCODE}", "")), NO_ADDRESSES).alias("address"),
        _but(pl.coalesce(given, address.str.extract(f"({_POSTCODE})").str.replace(" ", "")), NO_POSTCODES).alias(
            "postcode"
        ),
    )
    notes = (f"{count_of(unread, 'birth')} of the identities cannot be read as an ISO day: not compared.",)
    return Tidied(tidy.cast(TIDY_SCHEMA).unique().sort(tidy.columns), notes if unread else ())


def said_of(tidy: pl.DataFrame, subject: str, column: str) -> pl.DataFrame:
    """``id`` and ``value``: what one column says of the ids of one subject."""
    return tidy.filter(pl.col("subject") == subject).select("id", value=column).drop_nulls().unique()


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as text, a day or a moment as its ISO day, blank as missing; those not given are missing."""
    lacking = [n for n in REQUIRED if n not in frame.columns]
    if lacking:
        raise ArgumentError(
            f"The identities lack {count_of(len(lacking), 'column')}: {', '.join(lacking)}.",
            expected="id, subject, source; and forename, surname, birth_on, address, postcode where they are known",
            fix="add it; earlywarn read --for-linkage writes such a table",
        )
    given = [n for n in (*REQUIRED, *OPTIONAL) if n in frame.columns]
    texts = [
        pl.col(n).dt.strftime("%Y-%m-%d") if frame.schema[n].is_temporal() else pl.col(n).cast(pl.String) for n in given
    ]
    missing = [pl.lit(None, pl.String).alias(n) for n in OPTIONAL if n not in given]
    return frame.select(*texts, *missing).with_columns(_blank_as_missing(pl.all().str.strip_chars()))


def _check(frame: pl.DataFrame) -> None:
    blank = [n for n in REQUIRED if frame[n].null_count()]
    if blank:
        raise ArgumentError(
            f"The identities have blank cells in {', '.join(blank)}.",
            expected="id, subject and source in every row",
            fix="fill them in, or leave those rows out",
        )
    if not frame["subject"].is_in(list(LINK_SUBJECTS)).all():
        raise ArgumentError(
            "The identities have a subject that is none.",
            expected="one of " + ", ".join(LINK_SUBJECTS),
            fix="write child, person or household in every row",
        )


def _plain(text: pl.Expr) -> pl.Expr:
    """Letters without their accents, in one case."""
    return text.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_uppercase()


def _joined(text: pl.Expr, by: str) -> pl.Expr:
    return _plain(text).str.replace_all(r"[^\p{L}\p{N}]+", by).str.strip_chars()


def _name(text: pl.Expr) -> pl.Expr:
    """Return a name as its letters alone: O'Brien, O Brien and OBRIEN are one."""
    return _blank_as_missing(_joined(text, "").str.to_lowercase())


def _address(text: pl.Expr) -> pl.Expr:
    """Return an address as words with one blank between, whatever stood there: line breaks, commas, dots."""
    return _joined(text, " ")


def _blank_as_missing(text: pl.Expr) -> pl.Expr:
    return text.replace("", None)


def _but(text: pl.Expr, nothing: tuple[str, ...]) -> pl.Expr:
    return pl.when(~text.is_in(list(nothing))).then(text)
