"""What `cin.toml` declares: the fields of each element, the order of their days, and what makes each record known."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from earlywarn.records.mapping.declared import shipped_text
from earlywarn.records.mapping.layout import EXTRACT, PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Field:
    """One field. ``holds`` names a type, or a list of codes; the rest is explained in ``cin.toml``."""

    holds: str
    required: bool = False
    repeats: bool = False
    ahead: bool = False
    estimate: bool = False
    key: bool = False


@dataclass(frozen=True)
class Clock:
    """When a record becomes known: from the day in the field ``known``, or from the extract alone."""

    of: tuple[str, ...]
    kind: str
    known: str
    basis: str
    because: str
    happened: str = ""

    @property
    def at_extract(self) -> bool:
        """Whether only the extract tells."""
        return self.known == EXTRACT


Codes = MappingProxyType[str, tuple[str, ...]]

_DECLARED = tomllib.loads(shipped_text("cin"))

FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        element: MappingProxyType({name: Field(**declared) for name, declared in fields.items()})
        for element, fields in _DECLARED["elements"].items()
    }
)
"""Fields by element; the elements in the order in which they nest."""

ORDER: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {element: tuple((first, last) for first, last in pairs) for element, pairs in _DECLARED["order"].items()}
)

CLOCKS: Mapping[str, Clock] = MappingProxyType(
    {role: Clock(**declared | {"of": tuple(declared["of"])}) for role, declared in _DECLARED["clocks"].items()}
)
"""By the role of a record: what it is within its element."""


def _lists() -> Mapping[str, Codes]:
    """Shared lists that some field holds, as they are spelt: a census writes its codes exactly so."""
    held = {field.holds for fields in FIELDS.values() for field in fields.values()} - set(PLAIN)
    shared = tomllib.loads(shipped_text("codes"))["codes"]
    means = {name: entry["means"].items() for name, entry in shared.items() if name in held}
    return {
        name: MappingProxyType({code: (to,) if isinstance(to, str) else tuple(to) for code, to in codes if to})
        for name, codes in means.items()
    }


CODES: Mapping[str, Codes] = MappingProxyType(_lists())

KEY_DAY: Mapping[str, str] = MappingProxyType(
    {
        element: name
        for element, fields in FIELDS.items()
        for name, field in fields.items()
        if field.holds == "day" and (field.required or field.key)
    }
)
"""The day by which an element of a child is told from another of its kind."""

NOT_CARRIED = "PreProceedings"
"""Elements that begin so and have no fields above are counted as rows; no table has a place for them."""
