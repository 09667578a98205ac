"""The one clock. Run times are read from it; no result depends on it.

Everything else in this library is told the day. A test, or a caller who needs identical files, passes a clock of
their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]


def system_clock() -> dt.datetime:
    """Return the time now, in UTC."""
    return dt.datetime.now(tz=dt.UTC)  # noqa: TID251 (the one place)
