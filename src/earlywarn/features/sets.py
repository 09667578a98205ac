"""Named sets of features, the identity of a set, and the check that a feature is what it says."""

from __future__ import annotations

import hashlib
import json
from functools import cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError, nearest
from earlywarn.features.catalogue import CORE, catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from earlywarn.features.feature import Feature
    from earlywarn.features.settings import Settings

SETS: Mapping[str, str] = MappingProxyType(
    {
        "core": "The features whose names and meanings are fixed; what is counted where nothing else is asked for.",
        "starting": "Those that the starting card asks about.",
        "all": "The whole catalogue, family by family.",
        "no_surveillance": "The whole catalogue without those that merely count how often a family is looked at.",
    }
)
"""The named sets, each with what it holds."""

STARTING = (
    *("unresolved_concerns", "unresolved_oldest_days", "unresolved_severity", "concern_recurrence", "concluded_365d"),
    *("rereferral_12m", "days_since_seen", "unseen_share_90d", "missed_share_365d", "worker_churn_365d"),
    *("unknown_adults", "largest_single_view"),
)
"""What the starting card asks about; the card is made above this room, and a test holds the two together."""

_CONTACTS = "each contact counts, whatever it was about"
COUNTS_OF_LOOKING: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("contacts_30d", "contacts_90d", "contacts_365d"), _CONTACTS),
        "unplanned_contacts_90d": _CONTACTS,
        "contact_tempo_ratio": "contacts again, beside the child's own rate: it rises as soon as more is written",
        "contact_burst": "contacts again, by how close together they are",
        "unscheduled_health_90d": "each visit to a health service counts, whatever was found",
        "unscheduled_health_sites_90d": "each place of such visits counts, whatever was found",
        "agencies_365d": "it counts who looks",
        "agency_groups_365d": "it rises with each agency that looks and tells nobody",
        "agencies_apart_365d": "it rises with each agency that looks and tells nobody",
        "missed_365d": "who is given more appointments can miss more; missed_share_365d asks for the share",
        "cancelled_by_carer_365d": "who is given more appointments can cancel more",
        "closed_no_action_365d": "each contact that led to nothing counts",
        "no_action_run_24m": "each contact that led to nothing counts",
    }
)
"""What ``no_surveillance`` leaves out, each with its reason: more looking alone raises it, whatever is seen."""


def feature_set(name: str, settings: Settings | None = None) -> tuple[Feature, ...]:
    """Return a named set of features.

    Parameters
    ----------
    name : {"core", "starting", "all", "no_surveillance"}
        See `SETS`.
    settings : Settings, optional
        The thresholds; the defaults where not given. Core features have none.

    Raises
    ------
    ArgumentError
        No set of that name, with the nearest.

    Examples
    --------
    >>> len(feature_set("core")), len(feature_set("starting"))
    (20, 12)

    """
    whole = catalogue(settings) if settings else _shipped()
    if name == "core":
        return CORE
    if name == "starting":
        return tuple(next(f for f in CORE if f.name == wanted) for wanted in STARTING)
    if name == "all":
        return whole
    if name == "no_surveillance":
        return tuple(f for f in whole if f.name not in COUNTS_OF_LOOKING)
    raise ArgumentError(
        f'"{name}" is no set of features.',
        expected="one of " + ", ".join(SETS),
        fix=nearest(name, SETS) or "use one of these",
    )


@cache
def _shipped() -> tuple[Feature, ...]:
    """Return the catalogue with the default settings."""
    return catalogue()


def set_hash(features: Iterable[Feature]) -> str:
    """Identity of a set of features: what a fitted model was made for, and must meet again.

    Covers what each feature is called, counts over, within, in, towards and in need of, and what it means: its
    definition in words, with the settings in it, or, where it has none, its expressions as they stand (of a function of
    one's own within them, nothing but that there is one). It does not depend on their order.
    """
    said = sorted([f.name, f.over, f.window, f.unit, f.direction, list(f.needs), _meaning(f)] for f in features)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _meaning(feature: Feature) -> list[str]:
    if feature.definition:
        return [feature.definition]
    return [f"{name} {_written(part)}" for name, part in _counted_by(feature).items()]


def _counted_by(feature: Feature) -> dict[str, object]:
    """Return everything that makes the value, and names the records behind it, by its name."""
    names = ("where", "value", "empty", "of", "arises", "sets", "part", "carried_by")
    told = feature.coverage
    asked = {"asked": told.asked, "told": told.told, "least": told.least} if told else {}
    return {**{name: getattr(feature, name) for name in names}, "finish": _called(feature.finish), **asked}


def _called(function: Callable[..., object] | None) -> object:
    """Name a function, with what has been settled of it: the same one, made twice, goes by one name."""
    if isinstance(function, partial):
        return [_called(function.func), list(function.args), dict(function.keywords)]
    return getattr(function, "__qualname__", None)


_IN_FULL = pl.Config(fmt_table_cell_list_len=-1, fmt_str_lengths=1_000_000, apply_on_context_enter=True)


def _written(part: object) -> str:
    """Write a part of a feature in full: a long list in an expression would else be cut short."""
    with _IN_FULL:
        text = str(part)
    if isinstance(part, pl.Expr) and "Series" in text:  # a series is not written out at all
        return hashlib.sha256(part.meta.serialize()).hexdigest()
    return text


def refuse_borrowed(features: Sequence[Feature]) -> None:
    """Refuse a feature that has the name and the definition of one of the catalogue, and counts something else.

    The definition identifies a feature to a model: it must not stand over other expressions. Features of other names,
    or of other settings, which say so in their definition, are not compared.

    Raises
    ------
    ArgumentError
        Naming the feature.

    """
    known = {f.name: f for f in _shipped()}
    for feature in features:
        original = known.get(feature.name)
        if original is None or feature is original or feature.definition != original.definition:
            continue
        if not _counts_the_same(feature, original):
            raise ArgumentError(
                f'The feature "{feature.name}" has the definition of the catalogue\'s and counts something else.',
                expected="a definition that says what is counted",
                fix="give it a name and a definition of its own",
            )


def _counts_the_same(one: Feature, other: Feature) -> bool:
    mine, theirs = _counted_by(one), _counted_by(other)
    return mine.keys() == theirs.keys() and all(_same(mine[name], theirs[name]) for name in mine)


def _same(one: object, other: object) -> bool:
    if isinstance(one, pl.Expr) and isinstance(other, pl.Expr):
        return one.meta.eq(other)
    return not isinstance(one, pl.Expr) and not isinstance(other, pl.Expr) and one == other
