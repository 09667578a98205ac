"""A mapping as values: what a TOML file says of a source, checked once, before a row is read.

The language is explained in ``docs/mappings.md``; `earlywarn.records.mapping.declared` reads it. Nothing here touches
data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAIN = ("id", "text", "day", "moment", "yes_no", "integer", "number")
"""What a column may hold besides the name of a code list."""

EXTRACT = "extract"
"""Stands where a day could: the day on which the extract was made."""

Cell = str | bool | list[Any] | None
"""A literal, a column (``"@Column"``), or a list of which the first filled one counts."""


@dataclass(frozen=True)
class Codes:
    """One code list: spelling, as `plain` makes it, to what it means.

    ``strip`` is taken off first; the group of ``pick``, where it is found, is looked up before the whole text.
    """

    means: Mapping[str, tuple[str, ...]]
    strip: str = ""
    pick: str = ""


@dataclass(frozen=True)
class Source:
    """What holds for the whole source."""

    name: str
    title: str = ""
    children: str = ""
    held_by: str = ""
    dates: tuple[str, ...] = ("iso",)
    missing: tuple[str, ...] = ()
    no_day: tuple[str, ...] = ()
    leaves_out: str = ""
    not_carried: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """How one column is read."""

    holds: str
    required: bool = False
    ahead: bool = False
    also: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    split: str = ""
    json: str = ""


@dataclass(frozen=True)
class Refer:
    """The table that a column refers to: by its key, or by another column of it, which then only leads to the child.

    A reference that leads nowhere refuses the row, or, if it is ``optional``, is left blank. ``here``: it leads only to
    rows of its own delivery, since every delivery numbers its rows anew.
    """

    table: str
    by: str = ""
    here: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Ref:
    """A record or an episode: of the same row, or of the row that the column ``of`` names."""

    name: str
    of: str = ""


@dataclass(frozen=True)
class Record:
    """One record that a row gives rise to."""

    name: str
    kind: Cell
    known: tuple[Cell, ...]
    basis: tuple[str, ...]
    because: str = ""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also_if: tuple[str, ...] = ()
    blank_if: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    occurred: Cell = None
    precision: str = ""
    cells: Mapping[str, Cell] = field(default_factory=dict)
    follows: Ref | None = None
    episode: Ref | None = None
    closes: bool = False
    undated: bool = False
    concerns: tuple[Mapping[str, Cell], ...] = ()
    facts: Mapping[str, Cell] = field(default_factory=dict)
    people: tuple[Mapping[str, Cell], ...] = ()
    households: tuple[Mapping[str, Cell], ...] = ()
    sharing: tuple[Mapping[str, Cell], ...] = ()

    def columns(self) -> tuple[str, ...]:
        """Return the columns this record is made of, as the mapping names them."""
        parts: list[Any] = [self.kind, self.known, self.occurred, *self.cells.values(), *self.facts.values()]
        parts += [cell for group in (self.concerns, self.people, self.households) for c in group for cell in c.values()]
        return tuple(
            dict.fromkeys([*named_in(parts), *self.only, *self.unless, *self.also_if, *self.blank_if, *self.own])
        )


@dataclass(frozen=True)
class Episode:
    """One span that a row gives rise to."""

    name: str
    kind: str
    started_by: str
    start_on: Cell
    ended_by: str = ""
    end_on: Cell = None
    category: Cell = None


@dataclass(frozen=True)
class Share:
    """One act of telling, told in a table of its own."""

    record: Ref
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Table:
    """One table of the source."""

    name: str
    files: tuple[str, ...]
    columns: Mapping[str, Column]
    child: str = ""
    child_in: str = ""
    key: tuple[str, ...] = ()
    order: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    refers: Mapping[str, Refer] = field(default_factory=dict)
    records: tuple[Record, ...] = ()
    episodes: tuple[Episode, ...] = ()
    shares: tuple[Share, ...] = ()
    withdraws: str = ""
    withdrawn: tuple[Cell, ...] = (EXTRACT,)
    children: Mapping[str, Cell] = field(default_factory=dict)
    identifiers: tuple[Mapping[str, Cell], ...] = ()
    attributes: Mapping[str, Cell] = field(default_factory=dict)
    identity: Mapping[str, Cell] = field(default_factory=dict)
    reached: Mapping[str, Column] = field(default_factory=dict)
    """Its columns, and through its references, as ``reference.column``, those of the tables referred to."""

    def surrogates(self) -> tuple[str, ...]:
        """Return the parts of the key that only number the rows: two rows that differ in them alone say the same."""
        cells = (self.children, self.attributes, self.identity, *self.identifiers, *(s.cells for s in self.shares))
        named = {n for cells in cells for n in named_in(list(cells.values()))}
        spoken_for = {self.child, *self.refers, *named, *(n for r in self.records for n in r.columns())}
        return tuple(c for c in self.key if self.columns[c].holds == "id" and c not in spoken_for)


@dataclass(frozen=True)
class Layout:
    """One mapping."""

    source: Source
    tables: Mapping[str, Table]
    codes: Mapping[str, Codes]


def named_in(cells: Any) -> list[str]:
    """Columns that cells name, however deep the lists.

    Examples
    --------
    >>> named_in(["@DECOM", ["@DEC", "extract"], "police", True])
    ['DECOM', 'DEC']

    """
    if isinstance(cells, str):
        return [cells[1:]] if cells.startswith("@") else []
    if isinstance(cells, list | tuple):
        return [name for cell in cells for name in named_in(cell)]
    return []


def plain(text: str) -> str:
    """Text without what does not matter in a header or a code: letter case, blanks around and doubled.

    Examples
    --------
    >>> plain("  Date of\u00a0 Contact ")
    'date of contact'

    """
    return " ".join(text.split()).casefold()
