"""Draws over whole frames: every question is asked of all rows at once, and the order of draws is fixed.

Time is whole minutes since 1970 while the make-believe is being made; it becomes timestamps at the very end.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

HOUR, DAY, YEAR = 60, 1440, 525960

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
PerRegime = tuple[float, float, float, float]
"""One number for each regime: quiet, neglect, violence at home, harm outside the home."""
Weight = float | PerRegime | pl.Expr
Weights = Mapping[str | None, Weight]


def numbers(frame: pl.DataFrame, weight: Weight) -> Floats:
    """One number a row: the same for all, by regime, or computed from the row."""
    if isinstance(weight, tuple):
        by_regime: Floats = np.array(weight, dtype=np.float64)[frame["regime"].to_numpy()]
        return by_regime
    if isinstance(weight, pl.Expr):
        computed: Floats = frame.select(weight.cast(pl.Float64)).to_series().to_numpy()
        return computed
    return np.full(frame.height, weight, dtype=np.float64)


def chance(rng: np.random.Generator, frame: pl.DataFrame, share: Weight) -> pl.Series:
    """Say yes or no for each row, yes with the given share."""
    return pl.Series(rng.random(frame.height) < numbers(frame, share), dtype=pl.Boolean)


def draw(rng: np.random.Generator, frame: pl.DataFrame, weights: Weights) -> pl.Series:
    """One word a row, in proportion to its weight; the word None is a blank cell."""
    upto = np.cumsum([numbers(frame, weight) for weight in weights.values()], axis=0)
    chosen = (rng.random(frame.height) * upto[-1] >= upto).sum(axis=0).clip(max=len(weights) - 1)
    return pl.Series(list(weights), dtype=pl.String).gather(chosen)


def between(rng: np.random.Generator, frame: pl.DataFrame, low: int, high: int) -> pl.Series:
    """Whole days from low to high, both included, in minutes."""
    return pl.Series(rng.integers(low, high + 1, frame.height) * DAY, dtype=pl.Int64)


def office(rng: np.random.Generator, at: Ints) -> Ints:
    """Move times to between eight and six of the same day, or of the Monday after a weekend."""
    day = at // DAY
    weekday = (day + 3) % 7  # 1 January 1970 was a Thursday
    day = day + np.where(weekday >= 5, 7 - weekday, 0)
    return np.asarray(day * DAY + 8 * HOUR + rng.integers(0, 10 * HOUR, len(at)))


def later(rng: np.random.Generator, frame: pl.DataFrame, base: str, low: int, high: int) -> pl.Series:
    """Office hours, some days after the time in column ``base``."""
    moved = frame[base] + between(rng, frame, low, high)
    return pl.Series(office(rng, moved.to_numpy()), dtype=pl.Int64)


def lag(rng: np.random.Generator, rows: int) -> Ints:
    """Minutes from happening to being written down: mostly the same day, some days, at worst three weeks."""
    sort, size = rng.random(rows), rng.random(rows)
    return (np.select([sort < 0.55, sort < 0.90], [size * 9 * HOUR, size * 5 * DAY], size * 20 * DAY)).astype(np.int64)


def by_morning(known: pl.Expr) -> pl.Expr:
    """Offices write nothing between seven in the evening and eight in the morning: it waits until eight."""
    evening = known + 5 * HOUR
    waits = evening // DAY * DAY + 8 * HOUR + known % HOUR
    return pl.when(evening % DAY < 13 * HOUR).then(waits).otherwise(known)


def slow_lag(rng: np.random.Generator, frame: pl.DataFrame) -> pl.Series:
    """Minutes until another agency is told: the same day, within a week, or many weeks."""
    sort, size = rng.random(frame.height), rng.random(frame.height)
    told = np.select([sort < 0.4, sort < 0.75], [size * 8 * HOUR, DAY + size * 6 * DAY], (8 + size * 80) * DAY)
    return pl.Series(told.astype(np.int64), dtype=pl.Int64)


def every(rng: np.random.Generator, frame: pl.DataFrame, start: str, stop: str, gap: int) -> pl.DataFrame:
    """One row for every ``gap`` days, more or less, between two columns of each row; the time is in ``at``."""
    times = ((frame[stop] - frame[start]).to_numpy() // (gap * DAY)).clip(min=0)
    rows = np.repeat(np.arange(frame.height), times)
    turn = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times) + 1
    spread = frame[rows]
    at = spread[start].to_numpy() + turn * gap * DAY + rng.integers(-gap // 4, gap // 4 + 1, len(rows)) * DAY
    return spread.with_columns(at=pl.Series(office(rng, at), dtype=pl.Int64))
