"""Identity conflicts: identifiers and days of life that cannot all be right, listed for a person and never settled.

Two children who share a number may be one child, or one of the numbers may be wrong. Which it is, a person finds out at
the source; nothing is merged here. The list names children and rows, never an identifier or a day of birth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.files import FORMULA_STARTS, write_private
from earlywarn.records.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFLICTS_FILE = "identity_conflicts.csv"
"""Its name beside the tables of a records folder, where it is no table of the contract."""

CONFLICTS_SCHEMA = pl.Schema(
    {name: pl.String() for name in ("kind", "scheme", "child_id", "other", "source", "source_row", "fix")}
)
"""One line a conflict. ``other`` is the other child where there is one; several sources or rows are parted by "; "."""

ONE_VALUE = "one identifier on two children"
MANY_CHILDREN = "one identifier on many children"
TWO_VALUES = "two identifiers of one kind"
TWO_BIRTHS = "two birth days"
DEATH_FIRST = "death before birth"

NATIONAL = ("upn", "former_upn", "nhs_number", "common_child_id")
"""Numberings in which one value means one child wherever it stands; any other is only unique within one source."""

SINGLE = ("upn", "nhs_number", "common_child_id", "la_child_id")
"""Numberings of which a child has one at a time."""

MANY = 10
"""A value on at least this many children is more likely a placeholder than an identifier."""

SHOWN_SOURCES = 5
"""Sources named on one line."""

_FIXES: Mapping[str, str] = {
    ONE_VALUE: "look at both: if they are one child, say so in links; if not, correct the identifier at the source",
    MANY_CHILDREN: "a value on so many children is likely a placeholder: leave it blank at the source",
    TWO_VALUES: "find out which one is the child's, and correct or end the other at the source",
    TWO_BIRTHS: "find out which day is right, and correct the other at the source",
    DEATH_FIRST: "correct the two days at the source",
}
_LINKED = "the two are in links already: correct the source that holds them apart"


def identity_conflicts(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """List what cannot all be right about who the children are.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        Tables of the contract by name; those absent are taken for empty. An adapter may add ``births`` (``child_id,
        birth_on, source, source_row``): every day of birth that was read, before a child with two of them lost both.

    Returns
    -------
    polars.DataFrame
        In `CONFLICTS_SCHEMA`, sorted. Two values are compared without blanks, hyphens and letter case. Values that
        are said to have ended do not count as a second value of one child.

    """
    identifiers = _table(frames, "identifiers").with_columns(
        said=pl.col("value").str.replace_all(r"[\s-]", "").str.to_uppercase(),
        numbering=pl.col("scheme").replace("former_upn", "upn"),
    )
    contacts = _table(frames, "contacts").lazy()
    found = [
        _shared(identifiers, contacts, _table(frames, "links")),
        _two_values(identifiers),
        _death_first(_table(frames, "children")),
    ]
    placed = _with_sources(pl.concat(found), contacts)
    lines = pl.concat([placed, _two_births(frames["births"])]) if "births" in frames else placed
    return lines.select(pl.col(list(CONFLICTS_SCHEMA)).fill_null("")).sort(pl.all())


def write_conflicts(conflicts: pl.DataFrame, path: Path) -> None:
    """Write the list as CSV, readable by its owner alone; a cell that could run as a formula gets an apostrophe."""
    guarded = conflicts.with_columns(pl.col(pl.String).str.replace(FORMULA_STARTS, "'${1}"))
    write_private(path, lambda there: there.write_text(guarded.write_csv(), encoding="utf-8-sig", newline=""))


def _table(frames: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    return frames.get(name, TABLES[name].empty())


def _line(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Conflicts of one kind, in the columns that are known before their sources are."""
    said = {"scheme": pl.lit(""), "other": pl.lit("")}
    missing = [value.alias(name) for name, value in said.items() if name not in frame.columns]
    lines = frame.with_columns(*missing, kind=pl.lit(kind), fix=pl.lit(_FIXES[kind]))
    return lines.select("kind", "scheme", "child_id", "other", "fix")


def _shared(identifiers: pl.DataFrame, contacts: pl.LazyFrame, links: pl.DataFrame) -> pl.DataFrame:
    """List one value on two or more children: the first of them beside each of the others."""
    numbers = pl.col("child_id").n_unique().over("numbering", "said") > 1
    rows = identifiers.filter(numbers).select("child_id", "scheme", "numbering", "said").unique()
    national = pl.col("scheme").is_in(NATIONAL)
    local = rows.filter(~national)
    in_source = contacts.select("child_id", "source").unique().collect() if local.height else None
    parts = [rows.filter(national).with_columns(source=pl.lit(""))]
    parts += [local.join(in_source, on="child_id")] if in_source is not None else []
    held = pl.concat(parts)
    groups = (
        held.group_by("numbering", "said", "source")
        .agg(
            pl.col("scheme").unique().sort().str.join(", "),
            pl.col("child_id").min(),
            other=pl.col("child_id").unique().sort().slice(1),
        )
        .with_columns(children=pl.col("other").list.len() + 1)
        .filter(pl.col("children") > 1)
    )
    pairs = groups.explode("other").unique(["scheme", "child_id", "other"]).sort("scheme", "child_id", "other")
    few = _line(pairs.filter(pl.col("children") < MANY), ONE_VALUE)
    return pl.concat([_linked(few, links), _line(pairs.filter(pl.col("children") >= MANY), MANY_CHILDREN)])


def _linked(pairs: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Say of two children who are linked already that they are."""
    if "subject" in links.columns:  # links of persons and households are no links of children
        links = links.filter(pl.col("subject").fill_null("child") == "child")
    one, two = links.select("child_id", other="same_as"), links.select(child_id="same_as", other="child_id")
    known = pl.concat([one, two]).unique().with_columns(linked=pl.lit(value=True))
    marked = pairs.join(known, on=["child_id", "other"], how="left", maintain_order="left")
    fix = pl.when(pl.col("linked")).then(pl.lit(_LINKED)).otherwise("fix").alias("fix")
    return marked.with_columns(fix).drop("linked")


def _two_values(identifiers: pl.DataFrame) -> pl.DataFrame:
    in_use = identifiers.filter(pl.col("scheme").is_in(SINGLE) & pl.col("valid_to").is_null())
    twice = in_use.group_by("child_id", "scheme").agg(values=pl.col("said").n_unique()).filter(pl.col("values") > 1)
    return _line(twice, TWO_VALUES)


def _death_first(children: pl.DataFrame) -> pl.DataFrame:
    return _line(children.filter(pl.col("death_on") < pl.col("birth_on")), DEATH_FIRST)


def _with_sources(lines: pl.DataFrame, contacts: pl.LazyFrame) -> pl.DataFrame:
    """Name the sources that hold a child, each with the first of its rows, so that a person knows where to look."""
    named = pl.concat([lines["child_id"], lines["other"]]).unique()
    places = (
        contacts.filter(pl.col("child_id").is_in(named.implode()))
        .group_by("child_id", "source")
        .agg(pl.col("source_row").first())
        .sort("child_id", "source")
        .group_by("child_id", maintain_order=True)
        .agg(pl.col("source", "source_row").head(SHOWN_SOURCES).str.join("; "))
        .collect()
    )
    others = places.rename({"child_id": "other", "source": "source2", "source_row": "row2"})
    whole = lines.join(places, on="child_id", how="left").join(others, on="other", how="left")
    both = [
        pl.concat_str(pair, separator=" | ", ignore_nulls=True)
        for pair in (["source", "source2"], ["source_row", "row2"])
    ]
    return whole.with_columns(source=both[0], source_row=both[1]).select(list(CONFLICTS_SCHEMA))


def _two_births(births: pl.DataFrame) -> pl.DataFrame:
    """List children with two days of birth, with every row that gives one."""
    days = births.drop_nulls("birth_on").unique().sort("child_id", "source", "source_row")
    twice = days.filter(pl.col("birth_on").n_unique().over("child_id") > 1)
    rows = twice.group_by("child_id", maintain_order=True).agg(
        pl.col("source", "source_row").cast(pl.String).str.join("; ")
    )
    lines = _line(rows, TWO_BIRTHS)
    return lines.join(rows, on="child_id", how="left").select(list(CONFLICTS_SCHEMA))
