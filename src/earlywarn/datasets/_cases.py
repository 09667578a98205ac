"""Cases: which contacts become one, how far each goes, and when it gets there."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.datasets._chance import DAY, HOUR, Weights, between, draw, later, office

if TYPE_CHECKING:
    from earlywarn.datasets._world import World

ROUNDS = 5
"""How many cases of one child are opened at most, one after another."""

PATHS: Weights = MappingProxyType(
    {
        "no_further_action": (0.35, 0.14, 0.14, 0.14),
        "advice": (0.30, 0.14, 0.12, 0.12),
        "not_in_need": (0.26, 0.20, 0.22, 0.22),
        "early_help": (0.06, 0.12, 0.08, 0.12),
        "child_in_need": (0.03, 0.22, 0.22, 0.24),
        "protection_plan": (0.0, 0.15, 0.18, 0.10),
        "looked_after": (0.0, 0.03, 0.03, 0.05),
    }
)
"""How far a referral goes."""

UNASSESSED = ("no_further_action", "advice")
HANDED_ON = ("not_in_need", "early_help")
LENGTHS = MappingProxyType(
    {"early_help": (40, 200), "child_in_need": (60, 420), "protection_plan": (80, 560), "looked_after": (120, 900)}
)
"""Days from the start of a plan to its end, at least and at most."""


def open_cases(world: World, rng: np.random.Generator, asked: pl.DataFrame) -> pl.DataFrame:
    """One case after another for each child: the first serious contact once the case before has ended.

    The loop is over first, second, third case; the children go through it together.
    """
    queue = asked.filter("serious").sort("child", "at", maintain_order=True)
    span = world.until - world.start + 400 * DAY
    child, at = queue["child"].to_numpy(), queue["at"].to_numpy()
    key = child * span + (at - world.start)
    free = np.zeros(world.children.height, dtype=np.int64)
    opened = [timeline(rng, queue.clear())]
    for _ in range(ROUNDS):
        kids = np.flatnonzero(free < span)
        row = np.searchsorted(key, kids * span + free[kids])
        there = row < len(key)
        there[there] = child[row[there]] == kids[there]
        case = timeline(rng, queue[row[there]])
        free[:] = span
        free[case["child"].to_numpy()] = (case["ends"].to_numpy() - world.start + DAY).clip(max=span)
        opened.append(case)
    return pl.concat(opened)


def timeline(rng: np.random.Generator, asked: pl.DataFrame) -> pl.DataFrame:
    """How far each case goes, and when it gets there; a child who leaves ends it."""
    t = asked.with_columns(path=draw(rng, asked, PATHS))
    for column, base, low, high in (
        ("referred", "at", 0, 1),
        ("decided", "referred", 0, 2),
        ("assess_from", "decided", 0, 3),
        ("assess_to", "assess_from", 14, 60),
        ("discussed", "assess_from", 0, 4),
        ("enquired", "discussed", 0, 2),
        ("conferenced", "enquired", 9, 20),
    ):
        t = t.with_columns(later(rng, t, base, low, high).alias(column))
    length = pl.lit(0)
    for path, (low, high) in LENGTHS.items():
        length = pl.when(pl.col("path") == path).then(between(rng, t, low, high)).otherwise(length)
    begins = pl.when(pl.col("path") == "protection_plan").then("conferenced").otherwise("assess_to")
    leaves = pl.col("closes") - HOUR
    t = t.with_columns(plan_from=begins, plan_to=begins + length)
    t = t.with_columns(plan_to=pl.Series(office(rng, t["plan_to"].to_numpy())))
    t = t.with_columns(
        ends=pl.when(pl.col("path").is_in(UNASSESSED)).then("decided")
        .when(pl.col("path").is_in(HANDED_ON)).then("assess_to")
        .otherwise("plan_to")
    )  # fmt: skip
    # nobody is told of the last day of the history: what ends after it is still open
    early = pl.col("closes") < pl.col("horizon")
    return t.with_columns(
        pl.when(early).then(pl.min_horizontal(c, leaves)).otherwise(c).alias(c) for c in ("plan_to", "ends")
    )
