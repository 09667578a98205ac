"""earlywarn puts together the picture that agencies hold in pieces about a child, so that a person can decide.

The tour, from a folder of extracts to an explained flag::

    import earlywarn as ew

    records = ew.datasets.load_example()            # or ew.read_records("extracts/")
    flags = ew.raise_flags(records, as_of="2026-11-01", capacity=20)
    flags[0]                                        # reasons with their records, and what is not known

    view = ew.View(records, "2026-11-01")           # what was known before that day; nothing later is in it
    ew.plots.contact_graph(ew.ContactGraph(view, flags[0].child_id))
    ew.plots.timeline(ew.chronology(view, flags[0].child_id))
    ew.who_knew(records, flags[0].child_id, "neglect")

Everything shown about a child on a day, to a viewer, is a function of the records that viewer could have known before
that day, and names them. A flag is a prompt for review, never a decision.

Names are loaded when first used, so that ``import earlywarn`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from earlywarn import datasets, plots
    from earlywarn.features.engine import build_features
    from earlywarn.features.feature import Feature
    from earlywarn.history.chronology import chronology
    from earlywarn.history.graph import ContactGraph
    from earlywarn.history.view import View
    from earlywarn.history.who_knew import who_knew
    from earlywarn.records.linkage import link
    from earlywarn.records.reading import read_records
    from earlywarn.review.flag import Flag
    from earlywarn.review.flags import raise_flags
    from earlywarn.scoring.card import StartingCard
    from earlywarn.scoring.terms import TermTable

__version__ = "0.1.0"

_HOMES = {
    "ContactGraph": "earlywarn.history.graph",
    "Feature": "earlywarn.features.feature",
    "Flag": "earlywarn.review.flag",
    "StartingCard": "earlywarn.scoring.card",
    "TermTable": "earlywarn.scoring.terms",
    "View": "earlywarn.history.view",
    "build_features": "earlywarn.features.engine",
    "chronology": "earlywarn.history.chronology",
    "link": "earlywarn.records.linkage",
    "raise_flags": "earlywarn.review.flags",
    "read_records": "earlywarn.records.reading",
    "who_knew": "earlywarn.history.who_knew",
}
_ROOMS = ("datasets", "plots")

__all__ = [
    "ContactGraph",
    "Feature",
    "Flag",
    "StartingCard",
    "TermTable",
    "View",
    "build_features",
    "chronology",
    "datasets",
    "link",
    "plots",
    "raise_flags",
    "read_records",
    "who_knew",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"earlywarn.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'earlywarn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
