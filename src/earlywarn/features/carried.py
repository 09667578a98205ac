"""What formats and records carry, in the tokens of `earlywarn.features.needs`.

For a format it is read off its mapping: a format can tell whether a child was seen if some record of its mapping sets
``child_seen``. The census, which has code of its own, is said by hand, and a test reads a census to hold it to that.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.codes import COUNTED_CONCERNS, KINDS, LEAD_AGENCY, ORGANISATIONS
from earlywarn.records.feeds import FEED, with_feed
from earlywarn.records.mapping.declared import mappings, shipped
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.sources.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from earlywarn.records.mapping.layout import Cell, Layout, Record, Table
    from earlywarn.records.tables import Records

TOGETHER = "all together"
"""Stands for every feed as one."""

CARRIERS: Mapping[str, str] = MappingProxyType(
    {
        t: "started_by" if t == "episodes" else "record_id"
        for t in ("concerns", "sharing", "people", "households", "episodes", "facts")
    }
)
"""Tables whose rows a record carries, and the column that names it."""

_CIN_KINDS = (
    "referral",
    "assessment",
    "plan_start",
    "plan_end",
    "strategy_enquiry",
    "conference",
    "review",
    "conclusion",
)
_CIN_FACTS = (
    "closure_reason",
    "conference_due",
    "conference_not_required",
    "internal_review",
    "latest_category",
    "previous_plans",
)
_CIN = (
    *("contacts.occurred_at", "contacts.recorded_at", "contacts.follows", "contacts.outcome"),
    *(f"contacts.kind={kind}" for kind in _CIN_KINDS),
    *(
        "contacts",
        "concerns",
        "concerns.code",
        "episodes",
        "episodes.category",
        "episodes.ended_by",
        "episodes.end_on",
        "facts",
    ),
    *(f"facts:{key}" for key in _CIN_FACTS),
)
BY_HAND: Mapping[str, frozenset[str]] = MappingProxyType(
    {"cin": frozenset([*_CIN, *(f"{token}@{LEAD_AGENCY}" for token in _CIN)])}
)
"""Formats that are read by code of their own."""


@cache
def may_be_blank(table: str) -> tuple[str, ...]:
    """Columns of a table that somebody may or may not fill; a closing is blank where none can be recorded."""
    return tuple(
        c.name for c in RECORD_TABLES[table].columns if c.nullable or (table, c.name) == ("concerns", "closing")
    )


def formats() -> tuple[str, ...]:
    """Names of the formats that this library reads by itself, in the order in which they are offered."""
    return tuple(name for name, f in FORMATS.items() if name in BY_HAND or f.mapping in mappings())


def carried_by_format(name: str) -> frozenset[str]:
    """Tokens that a format can carry, from its mapping or said by hand."""
    return BY_HAND[name] if name in BY_HAND else carried_by_mapping(shipped(FORMATS[name].mapping))


def carried_by_mapping(layout: Layout) -> frozenset[str]:
    """Tokens that a mapping can carry: what some record of it sets.

    Examples
    --------
    >>> from earlywarn.records.mapping.declared import shipped
    >>> tokens = carried_by_mapping(shipped("ssd"))
    >>> "contacts.kind=referral@social_care" in tokens, "contacts.kind=referral@police" in tokens
    (True, False)

    """
    return _with_derived(
        f"{token}{place}"
        for table in layout.tables.values()
        for tokens, holders in _of_table(layout, table)
        for token, place in product(tokens, ["", *(f"@{holder}" for holder in sorted(holders))])
    )


_RENAMED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "people": {"person": "person_id"},
        "households": {"household": "household_id"},
        "sharing": {"to": "to_agency", "at": "shared_at"},
    }
)
"""Words of the mapping language that differ from the contract's columns."""


def _of_table(layout: Layout, table: Table) -> Iterator[tuple[list[str], set[str]]]:
    """For each record, act of telling and episode that a table gives rise to: its tokens, and who may hold it."""
    usual = _values(layout, table, layout.source.held_by, ORGANISATIONS)
    for record in table.records:
        held_by = record.cells.get("held_by")
        holders = usual if held_by is None else _values(layout, table, held_by, ORGANISATIONS)
        yield [*_of_record(layout, table, record), *_carried_with(layout, table, record)], holders
    for share in table.shares:
        yield ["sharing", *_tokens("sharing", share.cells)], usual
    for episode in table.episodes:
        yield ["episodes", *_tokens("episodes", vars(episode))], usual


def _of_record(layout: Layout, table: Table, record: Record) -> list[str]:
    said = {**record.cells, "occurred_at": record.occurred, "follows": record.follows, "episode_id": record.episode}
    kinds = _values(layout, table, record.kind, KINDS)
    return ["contacts", *(f"contacts.kind={kind}" for kind in sorted(kinds)), *_tokens("contacts", said)]


def _carried_with(layout: Layout, table: Table, record: Record) -> Iterator[str]:
    for carried in ("people", "households", "sharing"):
        for row in getattr(record, carried):
            yield from (carried, *_tokens(carried, row))
    stated = [key for key, cell in record.facts.items() if cell not in (None, "")]
    yield from (["facts", *(f"facts:{key}" for key in stated)] if stated else [])
    for row in record.concerns:
        yield from _of_concern(layout, table, row)


def _tokens(table: str, said: Mapping[str, object]) -> list[str]:
    """Tokens of the columns that may be blank, and are not."""
    renamed = _RENAMED.get(table, {})
    columns = [renamed.get(name, name) for name, cell in said.items() if cell not in (None, "")]
    return [f"{table}.{column}" for column in columns if column in may_be_blank(table)]


def _of_concern(layout: Layout, table: Table, said: Mapping[str, Cell]) -> list[str]:
    """Tokens of a concern: none where all its categories are context, none for a closing that never happens."""
    categories = _values(layout, table, said["category"], COUNTED_CONCERNS)
    if not categories.intersection(COUNTED_CONCERNS):
        return []
    can_close = "recorded" in _values(layout, table, said.get("closing") or "not_recordable", ["recorded"])
    tokens = [t for t in _tokens("concerns", said) if can_close or t != "concerns.closing"]
    return ["concerns", *tokens]


def _values(layout: Layout, table: Table, cell: Cell, everything: Iterable[str]) -> set[str]:
    """Every value a cell of the mapping may take; ``everything`` where the mapping does not say."""
    if isinstance(cell, list):
        return {value for each in cell for value in _values(layout, table, each, everything)}
    if not isinstance(cell, str) or not cell:
        return set(everything)
    if not cell.startswith("@"):
        return {cell}
    listed = layout.codes.get(table.reached[cell[1:]].holds)
    return {code for to in listed.means.values() for code in to} if listed else set(everything)


def carried_by_feed(records: Records, *, together: bool = False) -> dict[str, frozenset[str]]:
    """Tokens that each feed of the records carries, the fullest feed first; or all of them together, as one."""
    contacts = with_feed(records)
    if together:
        contacts = contacts.with_columns(feed=pl.lit(TOGETHER))
    sizes = contacts.group_by(FEED).agg(records=pl.len()).sort("records", FEED, descending=[True, False])
    found: dict[str, list[str]] = {feed: [] for feed in sizes[FEED]}
    for feed, token in _of_contacts(contacts):
        found[feed].append(token)
    holders = contacts.select("record_id", FEED, "held_by")
    for table, carrier in CARRIERS.items():
        placed = _counted(records, table).join(holders, left_on=carrier, right_on="record_id")
        for feed, token in _filled(placed, table, may_be_blank(table)):
            found[feed].append(token)
        if table == "facts":
            for feed, holder, key in placed.select(FEED, "held_by", "key").unique().iter_rows():
                found[feed] += [f"facts:{key}", f"facts:{key}@{holder}"]
    return {feed: _with_derived(tokens) for feed, tokens in found.items()}


def _of_contacts(contacts: pl.DataFrame) -> Iterator[tuple[str, str]]:
    for feed, holder, kind in contacts.select(FEED, "held_by", "kind").unique().iter_rows():
        yield from ((feed, t) for t in (f"contacts.kind={kind}", f"contacts.kind={kind}@{holder}"))
    yield from _filled(contacts, "contacts", may_be_blank("contacts"))


def _filled(rows: pl.DataFrame, table: str, columns: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Feed and token of each column that some row fills, and of the table itself."""
    present = [c for c in columns if c in rows.columns]
    groups = rows.group_by(FEED, "held_by").agg(pl.col(c).is_not_null().any() for c in present)
    for group in groups.iter_rows(named=True):
        tokens = [table, *(f"{table}.{c}" for c in present if group[c])]
        yield from ((group[FEED], f"{t}{place}") for t in tokens for place in ("", f"@{group['held_by']}"))


def _counted(records: Records, table: str) -> pl.DataFrame:
    """Rows of a table that features read: no concern of class context, and no closing where none can be recorded."""
    frame = records.frames[table]
    if table != "concerns":
        return frame
    counted = frame.filter(pl.col("category").is_in(COUNTED_CONCERNS))
    return counted.with_columns(closing=pl.col("closing").replace("not_recordable", None))


def _with_derived(tokens: Iterable[str]) -> frozenset[str]:
    """Add what several holders make possible."""
    found = set(tokens)
    holders = {t.partition("@")[2] for t in found if t.startswith("contacts@")}
    if len(holders) > 1:
        found.add("several holders")
    if any(t.startswith("people@") and t != f"people@{LEAD_AGENCY}" for t in found):
        found.add("people@others")
    return frozenset(found)
