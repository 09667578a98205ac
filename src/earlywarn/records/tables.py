"""`Records`: the tables of one folder, checked, with an account of every row that was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.errors import ArgumentError, nearest
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    import pandas as pd

QUARANTINE_SCHEMA = pl.Schema(
    {
        name: pl.String()
        for name in ("file", "table", "row", "line", "column", "rule", "problem", "fix", "also", "content")
    }
)
"""One line a refused row. ``row`` counts records; ``line`` is where the row begins in the text, blank where a format
has no lines. ``content`` is the row as it stood, as JSON; ``also`` lists further rules it broke."""


@dataclass(frozen=True)
class Account:
    """What became of the rows of one source: none is lost.

    Raises
    ------
    AssertionError
        Where ``read`` is not ``accepted + quarantined + collapsed``: a bug in the reader, never a user's mistake.

    """

    source: str
    table: str
    read: int
    accepted: int
    quarantined: int
    collapsed: int = 0

    def __post_init__(self) -> None:
        if self.read != self.accepted + self.quarantined + self.collapsed:
            raise AssertionError(f"rows of {self.table} are not all accounted for")


def named(frames: Mapping[str, pl.DataFrame], table: str) -> pl.DataFrame:
    """Return a table by its name, or say which names there are."""
    if table not in frames:
        raise ArgumentError(
            f'"{table}" is no table.',
            expected="one of " + ", ".join(frames),
            fix=nearest(table, frames) or "use one of these",
        )
    return frames[table]


def no_quarantine() -> pl.DataFrame:
    """Quarantine without a row."""
    return pl.DataFrame(schema=QUARANTINE_SCHEMA)


@dataclass(frozen=True, repr=False)
class Records:
    """What agencies wrote, checked against the contract of `earlywarn.records.schema`.

    Holds neither outcomes nor audit attributes: nothing built on it can read them by accident.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        One frame a table, every table present, every column present, in the schema's dtypes.
    account : tuple of Account
        What became of every row read, one entry a source.
    quarantine : polars.DataFrame
        The refused rows, each with file, row, column, rule and fix. See `QUARANTINE_SCHEMA`.

    """

    frames: Mapping[str, pl.DataFrame]
    account: tuple[Account, ...] = ()
    quarantine: pl.DataFrame = field(default_factory=no_quarantine)

    def __post_init__(self) -> None:
        held = self.frames
        if set(held) == set(RECORD_TABLES) and not isinstance(held, dict):
            return  # tables that are read when somebody asks for them
        whole = {name: held[name] if name in held else table.empty() for name, table in RECORD_TABLES.items()}
        object.__setattr__(self, "frames", MappingProxyType(whole))

    @cached_property
    def found(self) -> dict[Hashable, Any]:
        """What has been found out about all of these records, by whoever did: it is found once."""
        return {}

    @classmethod
    def from_frames(cls, **frames: pd.DataFrame | pl.DataFrame) -> Records:
        """Check tables held in memory, exactly as `read_records` checks a folder.

        Parameters
        ----------
        **frames : pandas.DataFrame or polars.DataFrame
            Tables by name; ``contacts`` is required.

        Raises
        ------
        SourceError
            No contacts, an unknown table or column, or a column of another type.

        """
        from earlywarn.records.reading import records_from_frames  # noqa: PLC0415 (reading builds on Records)

        return records_from_frames(frames)

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return one table as a pandas frame.

        Raises
        ------
        ArgumentError
            No table of that name, with the nearest.

        """
        return named(self.frames, table).to_pandas()

    def only(self, children: Sequence[str]) -> Records:
        """Keep the records of some children, and every link of theirs and of people and households."""
        asked, child = list(children), pl.col("child_id")
        wanted = child == asked[0] if len(asked) == 1 else child.is_in(asked)  # one child of a million: twice as fast
        kept = {n: f.filter(wanted) for n, f in self.frames.items() if "child_id" in f.columns}
        ids = kept["contacts"]["record_id"].implode()
        of_children = pl.col("subject").fill_null("child") == "child"
        kept["links"] = self.frames["links"].filter(wanted | pl.col("same_as").is_in(asked) | ~of_children)
        for name in ("sharing", "facts"):
            kept[name] = self.frames[name].filter(pl.col("record_id").is_in(ids))
        return Records(kept)

    @property
    def refused(self) -> int:
        """How many rows are in quarantine."""
        return self.quarantine.height

    @property
    def children(self) -> int:
        """How many children have at least one record."""
        return self.frames["contacts"]["child_id"].n_unique()

    def summary(self) -> list[tuple[str, int, str]]:
        """Table, rows, and what one row is: for the tables that hold any."""
        held = ((name, self.frames[name].height) for name in RECORD_TABLES)
        return [(name, rows, RECORD_TABLES[name].one_row) for name, rows in held if rows]

    def caveats(self) -> list[str]:
        """Say what a reader of anything built on these records must know of them."""
        links = self.frames["links"].height
        said = (
            f"{count_of(links, 'link')} between ids: from the day each was found out, its ids are shown as one child, "
            "person or household."
        )
        return [said] if links else []

    def span(self) -> tuple[str, str] | None:
        """First and last day on which a record became known, as ISO text; None without records."""
        contacts = self.frames["contacts"]
        if contacts.is_empty():
            return None
        first, last = contacts.select(first=pl.col("known_at").min(), last=pl.col("known_at").max()).row(0)
        return f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"

    def describe(self) -> str:
        """Say what is held: children, holders, rows a table, and the span of days."""
        lines = [f"Records of {count_of(self.children, 'child', 'children')}, held by {self._holders()}"]
        lines += [f"  {name:<12} {rows:>9,}  {one_row}" for name, rows, one_row in self.summary()]
        span = self.span()
        lines += [f"  Note: {caveat}" for caveat in self.caveats()]
        return "\n".join([*lines, f"  known between {span[0]} and {span[1]}"] if span else lines)

    def __repr__(self) -> str:
        refused = f"\n  {count_of(self.refused, 'row')} refused: see .quarantine" if self.refused else ""
        return self.describe() + refused

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td>{count:,}</td>"
            f"<td style='text-align:left'>{escape(one_row)}</td></tr>"
            for name, count, one_row in self.summary()
        )
        caption = escape(self.describe().splitlines()[0])
        return (
            f"<table><caption>{caption}</caption><tr><th>table</th><th>rows</th><th>one row is</th></tr>{rows}</table>"
        )

    def _holders(self) -> str:
        return count_of(self.frames["contacts"]["held_by"].n_unique(), "agency", "agencies")


def total(account: tuple[Account, ...]) -> Mapping[str, int]:
    """Sum of an account: rows read, accepted, quarantined, collapsed."""
    names = ("read", "accepted", "quarantined", "collapsed")
    return {name: sum(int(getattr(entry, name)) for entry in account) for name in names}


def as_rows(account: tuple[Account, ...]) -> list[dict[str, Any]]:
    """Account as plain rows, for JSON and tables."""
    return [vars(entry) for entry in account]
