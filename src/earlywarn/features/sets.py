"""Named sets of features, and the identity of a set."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from earlywarn.features.feature import Feature


def set_hash(features: Iterable[Feature]) -> str:
    """Identity of a set of features: what a fitted model was made for, and must meet again.

    Covers what each feature is called, counts over, within, in and towards, and what it means: its definition in words,
    with the settings in it, or, where it has none, its expressions as they stand. It does not depend on their order.
    """
    said = sorted([f.name, f.over, f.window, f.unit, f.direction, list(f.needs), _meaning(f)] for f in features)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _meaning(feature: Feature) -> list[str]:
    return [feature.definition] if feature.definition else [str(e) for e in feature.expressions]
