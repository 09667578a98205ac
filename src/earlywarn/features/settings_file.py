"""Settings from a file: lines of TOML, each the name of a setting and its value."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from earlywarn.errors import ArgumentError, nearest
from earlywarn.features.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def read_settings(path: Path) -> Settings:
    """Read settings; those that the file does not name keep their defaults.

    Raises
    ------
    ArgumentError
        The file cannot be read as TOML, or names a setting there is not, or one out of its range.

    """
    content, names = _content(path), [each.name for each in fields(Settings)]
    for name in content:
        if name not in names:
            raise ArgumentError(
                f'{path.name} sets "{name}", which is no setting.',
                expected="names of earlywarn.features.settings.Settings",
                fix=nearest(name, names) or "see docs/features.md, Settings",
            )
    return Settings(**content)


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise ArgumentError(
            f"{path.name} cannot be read as settings.",
            expected="a TOML file of lines like: visit_standard_working_days = 15",
            fix="check the path and the file",
        ) from None
