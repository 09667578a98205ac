"""Reading a mapping: TOML into a layout, with what is wrong in it named by its place and the nearest right word."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, fields, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from earlywarn.errors import SourceError, nearest
from earlywarn.records import codes
from earlywarn.records.mapping.layout import (
    Codes,
    Column,
    Episode,
    Layout,
    Record,
    Ref,
    Refer,
    Share,
    Source,
    Table,
    plain,
)
from earlywarn.records.mapping.layout_checks import check_layout
from earlywarn.records.schema import CONTACTS, SHARING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SHIPPED = "earlywarn.records.sources"
"""Where the mappings that ship lie."""


@cache
def shipped(name: str) -> Layout:
    """Return a mapping that ships with the library, by its format's name."""
    return parse(_toml(name), f"the mapping {name}")


def shipped_text(name: str) -> str:
    """Text of a file of mappings that ships with the library."""
    return resources.files(SHIPPED).joinpath(f"{name}.toml").read_text("utf-8")


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
    here = (p.name for p in resources.files(SHIPPED).iterdir())
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
