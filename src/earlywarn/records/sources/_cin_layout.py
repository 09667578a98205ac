"""What `cin.toml` declares: the fields of each element, and the meaning of their codes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Field:
    """One field. ``holds`` names a type, or a list of codes; ``ahead``: it may lie after the extract's day."""

    holds: str
    required: bool = False
    repeats: bool = False
    ahead: bool = False


Codes = MappingProxyType[str, tuple[str, ...]]


def _codes(entry: Mapping[str, Any]) -> Codes:
    means = entry["means"]
    return MappingProxyType({code: (to,) if isinstance(to, str) else tuple(to) for code, to in means.items()})


_DECLARED = tomllib.loads(resources.files(__package__).joinpath("cin.toml").read_text("utf-8"))

FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        element: MappingProxyType({name: Field(**declared) for name, declared in fields.items()})
        for element, fields in _DECLARED["elements"].items()
    }
)
"""Fields by element; the elements in the order in which they nest."""

ORDER: Mapping[str, tuple[str, str]] = MappingProxyType({k: (v[0], v[1]) for k, v in _DECLARED["order"].items()})

CODES: Mapping[str, Codes] = MappingProxyType({name: _codes(entry) for name, entry in _DECLARED["codes"].items()})

KEY_DAY: Mapping[str, str] = MappingProxyType(
    {
        element: name
        for element, fields in FIELDS.items()
        for name, field in fields.items()
        if field.required and field.holds == "day"
    }
)
"""The day by which an element of a child is told from another of its kind."""

NOT_CARRIED = "PreProceedings"
"""Elements that begin so (from 2026) are counted as rows; no table has a place for them."""
