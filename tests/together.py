"""Many drawn histories in one set of tables: each child is as it was alone, and the engine runs once for all."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]

IDS = {
    "record_id",
    "child_id",
    "follows",
    "closed_by",
    "started_by",
    "ended_by",
    "person_id",
    "household_id",
    "concern_id",
    "episode_id",
    "same_as",
    "source_row",
}
"""Columns whose values are names of things, which two histories may share by accident."""


def together(histories: list[Tables]) -> Tables:
    """Put histories side by side, each with names of its own."""
    whole: Tables = {name: [] for name in histories[0]}
    for number, history in enumerate(histories):
        for name, rows in history.items():
            whole[name] += [_renamed(row, f"h{number}-") for row in rows]
    return whole


def _renamed(row: Row, before: str) -> Row:
    return {c: before + value if c in IDS and isinstance(value, str) else value for c, value in row.items()}
