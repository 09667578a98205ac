"""The catalogue on a terminal, family by family; and, for a pipe, one feature a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from earlywarn.features.page import DIRECTIONS, DIRECTIONS_EXPLAINED, cannot_be_told
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from earlywarn.features.feature import Feature

ROOMY = 120
"""Columns from which the source stands beside the definition, and not below it."""


def show_features(out: Console, by_family: Mapping[str, Sequence[Feature]]) -> None:
    """Show features to a person: their name, what they tell, in what, which way, and where the idea comes from."""
    names = [f.name for features in by_family.values() for f in features]
    longest = max(map(len, [*names, *by_family]), default=0)
    for family, features in by_family.items():
        out.print()
        out.print(_table(family, features, longest, roomy=out.width >= ROOMY))
    out.print(f"\n{count_of(len(names), 'feature')}. {DIRECTIONS_EXPLAINED}")


def _table(family: str, features: Sequence[Feature], longest: int, *, roomy: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), expand=True, header_style="bold")
    table.add_column(escape(family), width=longest)
    table.add_column("what it tells", ratio=3)
    if roomy:
        table.add_column("source", ratio=2, style="dim")
    for feature in features:
        name = f"{feature.name}\n[dim]{escape(feature.unit)}\n{DIRECTIONS[feature.direction]}[/dim]"
        told, source = escape(feature.definition), escape(feature.source)
        table.add_row(name, *((told, source) if roomy else (f"{told}\n[dim]Source: {source}[/dim]",)))
    return table


def feature_lines(by_family: Mapping[str, Sequence[Feature]]) -> list[str]:
    """Return one line a feature, between tabs: family, name, what it tells, unit, direction, source."""
    return [
        "\t".join((family, f.name, f.definition, f.unit, DIRECTIONS[f.direction], f.source))
        for family, features in by_family.items()
        for f in features
    ]


def feature_data(by_family: Mapping[str, Sequence[Feature]]) -> list[dict[str, Any]]:
    """Return everything about each feature that is not an expression."""
    columns = ("name", "definition", "unit", "direction", "over", "window", "needs", "about", "source")
    return [
        {
            "family": family,
            **{column: getattr(feature, column) for column in columns},
            "direction_in_words": DIRECTIONS[feature.direction],
            "cannot_be_told": cannot_be_told(feature),
            "least_told": feature.coverage.least if feature.coverage else None,
            "sentences": vars(feature.sentence),
        }
        for family, features in by_family.items()
        for feature in features
    ]
