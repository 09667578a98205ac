"""Visibility and movement: leaving school, moving, going missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earlywarn.features.feature import Feature
    from earlywarn.features.settings import Settings


def features(settings: Settings) -> tuple[Feature, ...]:
    """The features of this family."""
    del settings
    return ()
