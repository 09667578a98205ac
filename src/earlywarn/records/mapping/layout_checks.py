"""What a mapping must keep besides its grammar: columns that are declared, codes that exist, references that lead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from earlywarn.errors import SourceError, nearest
from earlywarn.records import codes
from earlywarn.records.mapping.layout import EXTRACT, PLAIN, Cell, Layout, Record, Ref, Table, named_in
from earlywarn.records.schema import CONTACTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def check_layout(layout: Layout, where: str) -> None:
    """Refuse a mapping that could not be carried out, with the place and the nearest name.

    Raises
    ------
    SourceError
        EW-F24.

    """
    _one_of(layout.source.children, codes.SCHEMES, f"{where}, source.children")
    _one_of(layout.source.held_by, codes.ORGANISATIONS, f"{where}, source.held_by")
    for name, listed in layout.codes.items():
        try:
            groups = [re.compile(pattern).groups for pattern in (listed.strip, listed.pick)][1]
        except re.error:
            raise _wrong(f"{where}, [codes.{name}]: strip or pick is no regular expression") from None
        if listed.pick and groups != 1:
            raise _wrong(f"{where}, [codes.{name}]: pick must have one group")
    for table in layout.tables.values():
        _check_table(layout, table, f"{where}, [tables.{table.name}]")


def _check_table(layout: Layout, table: Table, where: str) -> None:
    holds = [*PLAIN, *layout.codes]
    _one_of(table.withdraws, ["", *layout.tables], f"{where}, withdraws")
    for name, column in table.columns.items():
        _one_of(column.holds, holds, f'{where}, column "{name}", holds')
        _one_of(column.json, ("", "flags", "codes"), f'{where}, column "{name}", json')
    plainly = [table.child, *table.key, *table.refers, *(c for pair in table.order for c in pair)]
    plainly += named_in(list(table.withdrawn))
    _declared([c for c in plainly if c], table, where)
    for parent in (*(r.table for r in table.refers.values()), *([table.child_in] if table.child_in else [])):
        _one_of(parent, layout.tables, f"{where}, refers")
    if not table.child and not table.refers and (table.records or table.children):
        raise _wrong(f"{where}: nothing says which child a row is about", fix="name the column in child, or in refers")
    cells = [table.children, table.attributes, table.identity, *table.identifiers]
    _declared([n for group in cells for n in named_in(list(group.values()))], table, where)
    for given in table.identifiers:
        _check_attached("identifiers", given, f"{where}, identifiers")
    for share in table.shares:
        _check_attached("sharing", share.cells, f"{where}, shares")
        _declared(named_in(list(share.cells.values())), table, where)
    _check_days(table.children, [*table.children], f"{where}, children")
    for record in table.records:
        _check_record(layout, table, record, f'{where}, record "{record.name}"')
    own = [r.name for r in table.records]
    for episode in table.episodes:
        _one_of(episode.kind, codes.EPISODES, f"{where}, episodes, kind")
        _one_of(episode.started_by, own, f"{where}, episodes, started_by")
        _one_of(episode.ended_by, ["", *own], f"{where}, episodes, ended_by")
        _declared(named_in([episode.start_on, episode.end_on, episode.category]), table, where)
        _check_days({"start_on": episode.start_on, "end_on": episode.end_on}, _DAYS, f"{where}, episodes")


def _check_record(layout: Layout, table: Table, record: Record, where: str) -> None:
    _declared(record.columns(), table, where)
    if isinstance(record.kind, str) and not named_in(record.kind):
        _one_of(record.kind, codes.KINDS, f"{where}, kind")
    if len(record.basis) not in {1, len(record.known)}:
        raise _wrong(f"{where}: basis must be one word, or one for each of known")
    for basis in record.basis:
        _one_of(basis, codes.BASES, f"{where}, basis")
    for cell in record.known:
        if cell != EXTRACT and not named_in(cell):
            raise _wrong(f'{where}: known must be "@a column" or "extract"')
    for name, cell in record.cells.items():
        _check_cell(name, cell, where)
    _check_days({"occurred": record.occurred}, ["occurred"], where)
    for group in ("concerns", "people", "households", "sharing"):
        for given in getattr(record, group):
            _check_attached(group, given, f"{where}, {group}")
    _leads(record.follows, table, layout, f"{where}, follows", [r.name for r in table.records])
    _leads(record.episode, table, layout, f"{where}, episode", [e.name for e in table.episodes])
    if record.kind in ("conclusion", "withdrawal") and record.follows is None:
        raise _wrong(f"{where}: a {record.kind} must follow a record")


_DAYS = ("start_on", "end_on", "valid_from", "valid_to")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "concerns": ("category",),
    "people": ("person",),
    "households": ("household",),
    "sharing": ("to", "at"),
    "identifiers": ("scheme", "value"),
}
_WORDS: Mapping[str, Iterable[str]] = {
    "category": codes.CONCERNS,
    "closing": codes.CLOSING,
    "role": codes.ROLES,
    "to": codes.ORGANISATIONS,
    "decision": codes.DECISIONS,
    "extent": codes.EXTENTS,
    "scheme": codes.SCHEMES,
}
_OPEN = ("concerns", "scheme")
"""In a concern, the scheme is the user's own word for where a code comes from."""


def _check_attached(group: str, given: Mapping[str, Cell], where: str) -> None:
    """Check what hangs on a record: that it says what it must, in words of the contract."""
    lacking = [name for name in _NEEDED[group] if name not in given]
    if lacking:
        raise _wrong(f"{where} does not say {', '.join(lacking)}")
    for name, cell in given.items():
        literal = isinstance(cell, str) and not named_in(cell)
        if literal and name in _WORDS and (group, name) != _OPEN:
            _one_of(str(cell), _WORDS[name], f"{where}, {name}")
        if name == "severity" and literal:
            raise _wrong(f'{where}: severity must be "@a column"')
    _check_days(given, _DAYS, where)


def _check_days(given: Mapping[str, Cell], names: Iterable[str], where: str) -> None:
    for name in names:
        cell = given.get(name)
        for one in cell if isinstance(cell, list) else [cell]:
            if one not in {None, EXTRACT} and not named_in(one):
                raise _wrong(f'{where}: {name} must be "@a column"')


def _check_cell(name: str, cell: Cell, where: str) -> None:
    literal = isinstance(cell, str) and not named_in(cell)
    allowed = CONTACTS[name].codes
    if literal and allowed is not None:
        _one_of(str(cell), allowed, f"{where}, {name}")
    if literal and CONTACTS[name].type == "bool":
        raise _wrong(f'{where}: {name} must be true, false or "@a column"')


def _leads(ref: Ref | None, table: Table, layout: Layout, where: str, here: list[str]) -> None:
    if ref is None:
        return None
    if not ref.of:
        return _one_of(ref.name, here, where)
    _one_of(ref.of, table.refers, f"{where}, of")
    parent = layout.tables[table.refers[ref.of].table]
    return _one_of(ref.name, [*(r.name for r in parent.records), *(e.name for e in parent.episodes)], where)


def _declared(names: Iterable[str], table: Table, where: str) -> None:
    for name in names:
        if name not in table.reached:
            raise _wrong(
                f'{where} uses the column "{name}", which is not declared',
                fix=nearest(name, table.reached) or f"declare it under [tables.{table.name}.columns]",
            )


def _one_of(name: str, known: Iterable[str], where: str) -> None:
    known = list(known)
    if name not in known:
        listed = ", ".join(k for k in known if k)
        raise _wrong(
            f'{where}: "{name}" is not known',
            expected=f"one of {listed}",
            fix=nearest(name, known) or "use one of these",
        )


def _wrong(found: str, *, expected: str = "", fix: str = "see docs/mappings.md") -> SourceError:
    return SourceError(f"{found}.", expected=expected, fix=fix, rule="EW-F24")
