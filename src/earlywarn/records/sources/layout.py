"""A mapping as values: what a TOML file says of a source, checked once, before a row is read.

The language is explained in ``docs/mappings.md``. Nothing here touches data.
"""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from earlywarn.errors import SourceError, nearest
from earlywarn.records import codes
from earlywarn.records.schema import CONTACTS, SHARING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

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


@cache
def shipped(name: str) -> Layout:
    """Return a mapping that ships with the library, by its format's name."""
    return parse(_toml(name), f"the mapping {name}")


def shipped_text(name: str) -> str:
    """Text of a file of mappings that ships with the library."""
    return resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8")


def load(path: Path) -> Layout:
    """Read a mapping of the user's own.

    Raises
    ------
    SourceError
        No such file, no TOML, or something in it that the language does not know (EW-F24).

    """
    try:
        declared = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        raise _wrong(f'"{path}" cannot be opened', fix="check the path") from None
    except tomllib.TOMLDecodeError as error:
        raise _wrong(f'"{path}" is no TOML: {error}', fix="see docs/mappings.md") from None
    return parse(declared, path.name)


def parse(declared: Mapping[str, Any], where: str) -> Layout:
    """Turn a parsed TOML document into a layout, or say what in it is wrong."""
    declared = _extended(declared, where)
    _known(declared, ("source", "tables", "codes"), where)
    lists = {name: _codes(entry, f"{where}, [codes.{name}]") for name, entry in declared.get("codes", {}).items()}
    whole = dict(_shared()) | lists
    source = _take(Source, declared.get("source", {}), f"{where}, [source]")
    tables = {n: _table(n, entry, f"{where}, [tables.{n}]") for n, entry in declared.get("tables", {}).items()}
    reaching = {name: replace(table, reached=_reached(table, tables)) for name, table in tables.items()}
    layout = Layout(source, MappingProxyType(reaching), MappingProxyType(whole))
    from earlywarn.records.sources.layout_checks import check_layout  # noqa: PLC0415 (it builds on this module)

    check_layout(layout, where)
    return layout


def _extended(declared: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Lay a mapping over the one it extends: tables of TOML are merged, anything else is replaced."""
    base = declared.get("extends")
    if base is None:
        return declared
    if base not in (*mappings(), "agency"):
        raise _wrong(f'{where}: there is no mapping "{base}" to extend', expected="one of " + ", ".join(mappings()))
    return _laid_over(_extended(_toml(base), base), {k: v for k, v in declared.items() if k != "extends"})


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        k: _laid_over(below[k], v) for k, v in above.items() if isinstance(v, dict) and isinstance(below.get(k), dict)
    }
    return {**below, **above, **both}


_NO_MAPPING = ("codes.toml", "cin.toml", "agency.toml")


def mappings() -> tuple[str, ...]:
    """Names of the mappings that ship."""
    here = (p.name for p in resources.files(__package__).iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in here if n.endswith(".toml") and n not in _NO_MAPPING))


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(shipped_text(name))


@cache
def _shared() -> Mapping[str, Codes]:
    """Return the lists that need no declaring: the contract's own words, and those of ``codes.toml``."""
    own = {name: Codes(MappingProxyType(_own_words(listed))) for name, listed in _VOCABULARIES.items()}
    own["kind"] = Codes(MappingProxyType({k: m for k, m in own["kind"].means.items() if m[0] not in _MUST_FOLLOW}))
    # _codes may extend one of these lists, and must not ask for them again
    return own | {
        n: Codes(_means(e, {}), str(e.get("strip", "")), str(e.get("pick", "")))
        for n, e in _toml("codes")["codes"].items()
    }


_MUST_FOLLOW = ("conclusion", "withdrawal")
_VOCABULARIES: Mapping[str, Mapping[str, object]] = {
    "agency": codes.AGENCIES,
    "kind": codes.KINDS,
    "concern": codes.CONCERNS,
    "outcome": codes.OUTCOMES,
    "attendance": codes.ATTENDANCE,
    "mode": codes.MODES,
    "about": codes.ABOUT,
    "role": codes.ROLES,
    "decision": codes.DECISIONS,
    "extent": codes.EXTENTS,
    "scheme": codes.SCHEMES,
}


def _own_words(listed: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Each code by itself, with blanks for underscores, and by its label."""
    words: dict[str, tuple[str, ...]] = {}
    for code in listed:  # a code itself stands over another's label
        words |= {plain(spelling): (code,) for spelling in (codes.label(code, listed), code.replace("_", " "))}
    return words | {plain(code): (code,) for code in listed}


def _codes(entry: Mapping[str, Any], where: str) -> Codes:
    _known(entry, ("extends", "strip", "pick", "source", "written", "means"), where)
    base = entry.get("extends")
    if base is not None and base not in _shared():
        raise _wrong(f'{where}: there is no shared list "{base}"', expected="one of " + ", ".join(_shared()))
    means = _means(entry, _shared()[base].means if base else {})
    return Codes(MappingProxyType(means), str(entry.get("strip", "")), str(entry.get("pick", "")))


def _means(entry: Mapping[str, Any], base: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    means = dict(base)
    means |= {plain(text): (to,) for to, spellings in entry.get("written", {}).items() for text in spellings}
    for spelling, to in entry.get("means", {}).items():
        means[plain(spelling)] = tuple(t for t in ([to] if isinstance(to, str) else to) if t)
    return means


def _table(name: str, entry: Mapping[str, Any], where: str) -> Table:
    made = dict(entry)
    columns = {c: _take(Column, spec, f'{where}, column "{c}"') for c, spec in entry.get("columns", {}).items()}
    made |= {"name": name, "columns": MappingProxyType(columns)}
    made["records"] = tuple(_record(r, f"{where}, record {n}") for n, r in enumerate(entry.get("records", ()), 1))
    made["episodes"] = tuple(
        _take(Episode, _renamed(e), f"{where}, episode {n}") for n, e in enumerate(entry.get("episodes", ()), 1)
    )
    made["shares"] = tuple(_share(s, f"{where}, shares") for s in entry.get("shares", ()))
    made["refers"] = {
        c: Refer(to) if isinstance(to, str) else _take(Refer, to, f"{where}, refers")
        for c, to in entry.get("refers", {}).items()
    }
    made["order"] = tuple((a, b) for a, b in entry.get("order", ()))
    taken: Table = _take(Table, made, where)
    return taken


def _reached(table: Table, tables: Mapping[str, Table]) -> Mapping[str, Column]:
    through = {
        f"{column}.{name}": spec
        for column, refer in table.refers.items()
        if refer.table in tables and not refer.by
        for name, spec in tables[refer.table].columns.items()
    }
    return MappingProxyType(dict(table.columns) | through)


def _record(entry: Mapping[str, Any], where: str) -> Record:
    own = {f.name for f in fields(Record)} | {"as"}
    contact = {c.name for c in CONTACTS.columns} - {"record_id", "child_id", "known_at", "source", "source_row"}
    _known(entry, (*own - {"cells", "name"}, *contact), where)
    made = _renamed({k: v for k, v in entry.items() if k in own})
    made["cells"] = {k: v for k, v in entry.items() if k in contact - own}
    for name in ("known", "basis"):
        given = entry.get(name, ())
        made[name] = tuple(given) if isinstance(given, list) else (given,)
    for name in ("only", "unless"):
        made[name] = {c: tuple(plain(str(v)) for v in values) for c, values in entry.get(name, {}).items()}
    for name in ("follows", "episode"):
        made[name] = _ref(entry[name], where) if name in entry else None
    for name in ("concerns", "people", "households", "sharing"):
        made[name] = tuple(entry.get(name, ()))
    _attached(made, where)
    taken: Record = _take(Record, made, where)
    return taken


_ATTACHED: Mapping[str, tuple[str, ...]] = {
    "concerns": ("category", "scheme", "severity", "closing", "besides"),
    "people": ("person", "role", "valid_from", "valid_to"),
    "households": ("household", "valid_from", "valid_to"),
    "sharing": ("to", "at", *(c.name for c in SHARING.columns[3:])),
}


def _attached(made: Mapping[str, Any], where: str) -> None:
    for name, allowed in _ATTACHED.items():
        for entry in made[name]:
            _known(entry, allowed, f"{where}, {name}")
    _known(made.get("facts", {}), codes.FACTS, f"{where}, facts")


def _share(entry: Mapping[str, Any], where: str) -> Share:
    _known(entry, ("of", "record", *_ATTACHED["sharing"]), where)
    cells = {k: v for k, v in entry.items() if k not in {"of", "record"}}
    return Share(Ref(str(entry.get("record", "")), str(entry.get("of", ""))), cells)


def _ref(entry: str | Mapping[str, str], where: str) -> Ref:
    if isinstance(entry, str):
        return Ref(entry)
    _known(entry, ("of", "record", "episode"), where)
    return Ref(entry.get("record") or entry.get("episode") or "", entry.get("of", ""))


def _renamed(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {("name" if k == "as" else k): v for k, v in entry.items()}


def _take(kind: Any, entry: Mapping[str, Any], where: str) -> Any:
    """Build a dataclass from a table of TOML: every key known, every needed one there, lists as tuples."""
    known = {f.name: f for f in fields(kind)}
    _known(entry, [("as" if n == "name" and kind in {Record, Episode} else n) for n in known] + ["name"], where)
    needed = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    lacking = [n for n in needed if n not in entry or entry[n] in ("", ())]
    if lacking:
        raise _wrong(f"{where} does not say {', '.join('as' if n == 'name' else n for n in lacking)}")
    return kind(**{k: tuple(v) if isinstance(v, list) and _tuple(known[k].type) else v for k, v in entry.items()})


def _tuple(annotation: object) -> bool:
    return str(annotation).startswith("tuple")


def _known(entry: Iterable[str], names: Iterable[str], where: str) -> None:
    names = list(names)
    for key in entry:
        if key not in names:
            raise _wrong(
                f'{where}: "{key}" is not known here',
                expected="one of " + ", ".join(sorted(names)),
                fix=nearest(key, names) or "see docs/mappings.md",
            )


def _wrong(found: str, *, expected: str = "", fix: str = "see docs/mappings.md") -> SourceError:
    return SourceError(f"{found}.", expected=expected, fix=fix, rule="EW-F24")
