"""Linkage: which ids of different agencies are one child, one person or one household, and since when that is known.

A shared number that is sound links; without one, names, birth and address do, where splink finds them alike enough and
nothing recorded speaks against it. Whatever is doubtful is for a person. See ``docs/decisions/0013-linkage.md``.
"""

from __future__ import annotations

import datetime as dt
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from earlywarn.errors import ArgumentError, SourceError
from earlywarn.records.linkage.homes import by_address
from earlywarn.records.linkage.identities import Tidied, said_of, tidied
from earlywarn.records.linkage.judging import by_likeness
from earlywarn.records.linkage.numbers import DEFAULT_SCHEMES, by_number
from earlywarn.records.linkage.pairs import (
    KEY,
    REVIEW_SCHEMA,
    SPACES_SCHEMA,
    as_pairs,
    in_chains,
    new_links,
    spaces,
)
from earlywarn.records.schema import AUDIT_TABLES, DEFAULT_ZONE, LINKS
from earlywarn.records.writing import write_quarantine, write_tables
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from earlywarn.records.tables import Records

THRESHOLD = 0.99
"""Match probability from which on a pair is linked: a wrong link puts two children's lives on one page, a missing one
leaves them on two, as they are today. At 0.99 the model expects to be wrong at most once in a hundred."""

REVIEW_FROM = 0.5
"""Match probability from which on a pair is shown to a person: more likely one child than two."""

IDENTITIES = Path("linkage") / "identities.parquet"
"""Where, in a records folder, `earlywarn read --for-linkage` puts identities."""

_CHAIN = "with other links it would join two ids of one source"


@dataclass(frozen=True, repr=False)
class Linked:
    """Records with their links, and the pairs that a person should look at. Ids alone: no name is kept.

    Parameters
    ----------
    records : Records
        The same records; `links` holds further rows.
    review : polars.DataFrame
        Pairs that were not linked, one a row: both ids, subject, why not, method, probability, weight (bits), and of
        each field whether it agrees, nearly agrees, differs or is not recorded. Never what it holds.
    found : polars.DataFrame
        The rows of `links` that this linkage added.
    notes : tuple of str
        What was left out, and how much of it.

    """

    records: Records
    review: pl.DataFrame
    found: pl.DataFrame
    notes: tuple[str, ...] = ()

    def describe(self) -> str:
        """Say how many links were found and how, and how many pairs wait for a person and why."""
        lines = [f"{count_of(self.found.height, 'link')} found"]
        lines += [f"  {n:>7,}  {who}, by {how}" for who, how, n in _counted(self.found, "subject", "method")]
        lines += [f"{count_of(self.review.height, 'pair')} for a person to look at"]
        lines += [f"  {n:>7,}  {who}: {why}" for who, why, n in _counted(self.review, "subject", "reason")]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return self.describe()

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.describe())}</pre>"


def link(
    records: Records,
    identities: pd.DataFrame | pl.DataFrame | None = None,
    *,
    known_at: str | dt.date,
    schemes: Sequence[str] = DEFAULT_SCHEMES,
    threshold: float = THRESHOLD,
    review_from: float = REVIEW_FROM,
) -> Linked:
    """Find ids of different agencies that are one child, one person or one household.

    Parameters
    ----------
    records : Records
        What agencies wrote, with their identifiers.
    identities : pandas.DataFrame or polars.DataFrame, optional
        Names, births and addresses, as `earlywarn read --for-linkage` keeps them apart: ``id``, ``subject`` (child,
        person, household), ``source`` (whose numbering the id is of), and ``forename, surname, birth_on, address,
        postcode`` where they are known; several rows an id where several are known. Needs the extra ``link``.
    known_at : str, datetime.date or datetime.datetime
        When this linkage is run. Every link found carries it: it is in no view of an earlier day.
    schemes : sequence of str, default ("nhs_number", "upn")
        Numbers that link, in order. Name further ones only if all sources draw them from one list, as ``la_child_id``
        within one authority.
    threshold, review_from : float
        Match probability from which on a pair without a shared number is linked, or shown to a person.

    Returns
    -------
    Linked
        The records with their links, and the doubtful pairs.

    Raises
    ------
    ArgumentError
        No moment, no such scheme, identities that lack a column, or splink is not installed.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> link(load_example(), known_at="2026-11-01").review.height
    0

    """
    when = _moment(known_at)
    _check_probabilities(threshold, review_from)
    tidy = tidied(identities)
    owned = _owned(records, tidy.frame)
    known = as_pairs(records.frames["links"])
    by_numbers = by_number(records.frames["identifiers"], schemes, _said(records, tidy.frame), owned)
    pairs = _unchained(_fresh(by_numbers.pairs, known), known, owned)
    for subject in ("child", "person"):
        rows = tidy.frame.filter(pl.col("subject") == subject)
        numbers = by_numbers.numbers if subject == "child" else by_numbers.numbers.clear()
        judged = pl.concat([known, pairs])
        alike = by_likeness(rows, subject, numbers, judged, owned, threshold=threshold, review_from=review_from)
        pairs = pl.concat([pairs, _unchained(alike, _links(judged), owned)])
    homes = _fresh(by_address(records.frames, tidy.frame, _links(pl.concat([known, pairs])), owned), known)
    pairs = pl.concat([pairs, _unchained(homes, known, owned)])
    return _told(records, pairs, when, (*by_numbers.notes, *_of(tidy)))


def read_identities(path: str | Path) -> pl.DataFrame:
    """Read identities from Parquet or CSV (UTF-8, days as YYYY-MM-DD), everything in a CSV as text.

    Raises
    ------
    SourceError
        No such file, or it cannot be read.

    """
    path = Path(path)
    if not path.is_file():
        raise SourceError(
            f'"{path}" is no file.',
            expected="identities as Parquet or CSV",
            fix="read the sources with --for-linkage, or check the path",
            rule="EW-F01",
        )
    is_csv = path.suffix.lower() == ".csv"
    try:
        return pl.read_csv(path, infer_schema=False) if is_csv else pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise SourceError(
            f'"{path}" cannot be read.',
            expected="CSV in UTF-8 with a header row" if is_csv else "a whole Parquet file",
            fix="export it again",
            rule="EW-F03" if is_csv else "EW-F13",
        ) from None


def write_linked(linked: Linked, folder: Path, source: Path) -> None:
    """Write the tables with their links, and ``linkage/review.csv``; outcomes and attributes are carried over.

    Identities are not: names stay where they were.
    """
    write_tables(linked.records.frames, folder)
    write_quarantine(linked.records.quarantine, folder / "quarantine")
    (folder / "linkage").mkdir(exist_ok=True)
    linked.review.write_csv(folder / "linkage" / "review.csv")
    for found in (p for p in sorted(source.iterdir()) if p.stem in AUDIT_TABLES):
        if found.is_dir():
            shutil.copytree(found, folder / found.name)
        else:
            shutil.copyfile(found, folder / found.name)


def _counted(frame: pl.DataFrame, *by: str) -> list[tuple[str, str, int]]:
    counts = frame.group_by(*by).len().sort("len", *by, descending=[True, False, False])
    return [(str(who), str(what), int(n)) for who, what, n in counts.iter_rows()]


def _moment(known_at: str | dt.date) -> dt.datetime:
    """Read a day or a moment as naive local time; a day is its midnight."""
    value = known_at
    if isinstance(value, str):
        with suppress(ValueError):
            value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime) and value == value:  # noqa: PLR0124 (NaT is not itself)
        local = value.astimezone(ZoneInfo(DEFAULT_ZONE)) if value.tzinfo else value
        return local.replace(tzinfo=None)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time())
    raise ArgumentError(
        "known_at is no moment.",
        expected="when this linkage is run, as YYYY-MM-DD or YYYY-MM-DDTHH:MM",
        fix='write known_at="2026-11-01"',
    )


def _check_probabilities(threshold: float, review_from: float) -> None:
    if not 0 < review_from <= threshold <= 1:
        raise ArgumentError(
            "The thresholds are no match probabilities in order.",
            expected="above 0, review_from not above threshold, and at most 1",
            fix=f"leave them out: {REVIEW_FROM} and {THRESHOLD}",
        )


def _owned(records: Records, tidy: pl.DataFrame) -> pl.DataFrame:
    """Whose numbering each id belongs to: children of every table, and persons and households as far as told."""
    contacts, homes = records.frames["contacts"], records.frames["households"]
    child = pl.lit("child").alias("subject")
    held = contacts.select(child, id="child_id", space=pl.format("held by {}", "held_by"))
    housed = homes.join(contacts.select("record_id", "held_by"), on="record_id")
    held_homes = housed.select(pl.lit("household").alias("subject"), id="household_id", space=pl.col("held_by"))
    tables = ("contacts", "children", "identifiers")
    ids = [records.frames[name].select(child, id="child_id") for name in tables]
    ids += [held_homes.select("subject", "id"), tidy.select("subject", "id")]
    said = tidy.select("subject", "id", space="source").unique()
    return spaces(pl.concat(ids), said, pl.concat([held, held_homes]).unique()).cast(SPACES_SCHEMA)


def _said(records: Records, tidy: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return what is recorded of each child, field by field; births also by the records themselves."""
    fields = {name: said_of(tidy, "child", name) for name in ("forename", "surname", "birth_on", "address")}
    recorded = records.frames["children"].select(id="child_id", value="birth_on")
    return fields | {"birth_on": pl.concat([recorded, fields["birth_on"]])}


def _fresh(pairs: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    return pairs.join(known, on=KEY, how="anti")


def _links(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.col("reason").is_null())


def _unchained(pairs: pl.DataFrame, known: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """Take back links that, through others, would make one of two ids that one source tells apart."""
    links, others = _links(pairs), pairs.filter(pl.col("reason").is_not_null())
    reason = pl.when(in_chains(links, known, owned)).then(pl.lit(_CHAIN))
    return pl.concat([links.with_columns(reason=reason), others])


def _told(records: Records, pairs: pl.DataFrame, when: dt.datetime, notes: tuple[str, ...]) -> Linked:
    found = (
        new_links(_links(pairs))
        .with_columns(known_at=pl.lit(when, pl.Datetime("us")))
        .select(pl.col(n).cast(t) for n, t in LINKS.schema.items())
        .sort("subject", "child_id", "same_as")
    )
    review = pairs.filter(pl.col("reason").is_not_null()).select(list(REVIEW_SCHEMA))
    frames = {**records.frames, "links": pl.concat([records.frames["links"], found])}
    likely_first = review.with_columns(unlikely=-pl.col("probability")).sort(
        "subject", "reason", "unlikely", "child_id", "same_as"
    )
    return Linked(replace(records, frames=frames), likely_first.drop("unlikely"), found, notes)


def _of(tidy: Tidied) -> tuple[str, ...]:
    if tidy.frame.is_empty():
        return (*tidy.notes, "No identities were given: only numbers were compared.")
    return tidy.notes
