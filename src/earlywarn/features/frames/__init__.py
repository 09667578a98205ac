"""The frames features count over: each is built when a feature asks for it, and once.

Every frame is in order of ``row`` (a child, day and viewer) and has ``days_ago``, whole days before the as-of day, at
least 1: what has not happened yet is never counted. Beside the columns of its frame a feature may name any column of
the child (`earlywarn.features.frames.children`): its age, whether a case is open. One file a group of frames; each says
what the columns of its frames mean.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from earlywarn.features.frames import (
    actions,
    cases,
    children,
    concerns,
    contacts,
    engagement,
    household,
    injuries,
    records,
    seeing,
    services,
    sharing,
    timescales,
    visibility,
)
from earlywarn.features.frames.building import Frames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame

__all__ = ["CHILD", "FRAMES", "Frames"]

_ROOMS = (
    records,
    contacts,
    concerns,
    sharing,
    services,
    actions,
    timescales,
    cases,
    household,
    injuries,
    visibility,
    engagement,
    seeing,
)

FRAMES: Mapping[str, BuildFrame] = MappingProxyType({name: b for room in _ROOMS for name, b in room.FRAMES.items()})
"""How each frame is built, by its name."""

CHILD: Mapping[str, BuildColumn] = MappingProxyType(
    {name: build for room in (children, *_ROOMS) for name, build in room.CHILD.items()}
)
"""How each column of the child is built, by its name."""
