"""Does this installation work? Versions, the time zone data, and the main job itself on the example records."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from earlywarn import __version__
from earlywarn.records.schema import DEFAULT_ZONE

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = ("polars", "pyarrow", "pandas", "numpy", "networkx", "matplotlib", "lxml", "jinja2", "xlsxwriter")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    good: bool
    said: str


def examine() -> list[Finding]:
    """Look at everything the main job needs."""
    found = [Finding("earlywarn", good=True, said=__version__)]
    found.append(Finding("python", good=True, said=f"{platform.python_version()} on {platform.system()}"))
    found += [_package(name) for name in PACKAGES]
    return [*found, _tried("time zone", _zone), _tried("main job", _main_job)]


def _package(name: str) -> Finding:
    try:
        return Finding(name, good=True, said=version(name))
    except PackageNotFoundError:
        return Finding(name, good=False, said='missing: pip install -e "." again')


def _tried(name: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(name, good=True, said=attempt())
    except Exception as error:  # noqa: BLE001 (a doctor reports every illness)
        return Finding(name, good=False, said=type(error).__name__)


def _zone() -> str:
    return str(ZoneInfo(DEFAULT_ZONE))


def _main_job() -> str:
    from earlywarn.datasets import load_example
    from earlywarn.review.flags import raise_flags

    flags = raise_flags(load_example(), "2026-11-01", capacity=1)
    return f"{len(flags)} flag{'s' * (len(flags) != 1)} from the example records"
