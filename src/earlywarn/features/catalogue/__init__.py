"""The catalogue: one file a family of signals; a feature is a value of a few declarative lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earlywarn.features.catalogue import (
    concerns,
    engagement,
    fragmentation,
    graph,
    household,
    injury,
    pathway,
    protective,
    seeing,
    tempo,
    visibility,
)
from earlywarn.features.settings import Settings

if TYPE_CHECKING:
    from earlywarn.features.feature import Feature

CORE = (
    *tempo.CORE,
    *fragmentation.CORE,
    *seeing.CORE,
    *concerns.CORE,
    *pathway.CORE,
    *household.CORE,
)
"""The core features. Their names and meanings are fixed."""

_FAMILIES = {
    "Seeing the child": seeing,
    "Tempo": tempo,
    "Fragmentation and sharing": fragmentation,
    "Concerns": concerns,
    "Pathway": pathway,
    "Household": household,
    "Injury": injury,
    "Visibility and movement": visibility,
    "Engagement": engagement,
    "Protective": protective,
    "Graph": graph,
}


def families(settings: Settings | None = None) -> dict[str, tuple[Feature, ...]]:
    """Every feature of the catalogue, family by family, the core features first.

    Parameters
    ----------
    settings : Settings, optional
        The thresholds; the defaults where not given.

    """
    chosen = settings or Settings()
    return {name: (*getattr(room, "CORE", ()), *room.features(chosen)) for name, room in _FAMILIES.items()}


def catalogue(settings: Settings | None = None) -> tuple[Feature, ...]:
    """Every feature of the catalogue.

    Parameters
    ----------
    settings : Settings, optional
        The thresholds; the defaults where not given.

    Returns
    -------
    tuple of Feature
        Family by family, the core features first in each.

    Examples
    --------
    >>> names = [feature.name for feature in catalogue()]
    >>> "unresolved_concerns" in names, len(names) == len(set(names))
    (True, True)

    """
    return tuple(feature for family in families(settings).values() for feature in family)
