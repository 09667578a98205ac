"""The catalogue: one file a family of signals; a feature is a value of a few declarative lines."""

from __future__ import annotations

from earlywarn.features.catalogue.concerns import CONCERNS
from earlywarn.features.catalogue.fragmentation import FRAGMENTATION
from earlywarn.features.catalogue.household import HOUSEHOLD
from earlywarn.features.catalogue.pathway import PATHWAY
from earlywarn.features.catalogue.seeing import SEEING
from earlywarn.features.catalogue.tempo import TEMPO

CORE = (*TEMPO, *FRAGMENTATION, *SEEING, *CONCERNS, *PATHWAY, *HOUSEHOLD)
"""The core features. Their names and meanings are fixed."""
