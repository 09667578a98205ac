"""The make-believe world itself: children, households, need and harm. No agency has written anything yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from earlywarn.datasets._chance import DAY, YEAR, Floats, Ints, PerRegime, numbers, office

QUIET, NEGLECT, VIOLENCE, OUTSIDE = range(4)
REGIMES = ("quiet", "neglect", "violence", "outside")
REGIME_SHARES = (0.76, 0.10, 0.09, 0.05)
HISTORY = 3 * YEAR
TEAMS = ("Team North", "Team South", "Team East")
NEVER = 10**12
"""Later than any time that occurs."""


@dataclass(frozen=True)
class World:
    """Who there is, and what is true of them.

    ``children`` has one row a child, numbered from 0 in ``child``. ``opens`` and ``closes`` bound the time in which
    anything is written about the child: from half a year before birth to death, moving away, or the 18th birthday.
    """

    children: pl.DataFrame
    start: int
    until: int

    @property
    def households(self) -> int:
        """How many households there are."""
        return int(self.children["household"][-1]) + 1


def make_world(children: int, until: int, rng: np.random.Generator) -> World:
    """Draw households, then children within them. ``until`` is a midnight in minutes."""
    start = until - HISTORY
    sizes = np.searchsorted(np.cumsum([0.38, 0.40, 0.16]), rng.random(children)) + 1
    household = np.repeat(np.arange(children), sizes)[:children]
    first = np.searchsorted(household, np.arange(int(household[-1]) + 1))
    frame = pl.DataFrame(
        {"child": np.arange(children), "household": household, "rank": np.arange(children) - first[household]}
    )
    home = _homes(rng, np.bincount(household), until)
    born = until - (home["youngest"][household] + frame["rank"].to_numpy() * home["gap"][household]).astype(np.int64)
    frame = frame.with_columns(
        *(pl.Series(name, home[name][household]) for name in home if name not in ("youngest", "gap")),
        born=pl.Series(born // DAY * DAY),
        lead=pl.col("rank") == 0,
        horizon=pl.lit(until, pl.Int64),
        sites=pl.lit(max(5, len(first) // 25), pl.Int64),
    )
    return World(_harm(rng, _lives(rng, frame, start, until), start, until), start, until)


def _homes(rng: np.random.Generator, sizes: Ints, until: int) -> dict[str, Floats | Ints]:
    """Draw what the children of one household have in common."""
    count = len(sizes)
    regime = np.searchsorted(np.cumsum(REGIME_SHARES[:3]), rng.random(count))
    busy = regime > QUIET
    gap = (1.1 + 1.6 * rng.random(count)) * YEAR
    least = np.where(regime == OUTSIDE, 8.5, 0.05) * YEAR  # harm outside the home needs young people
    partner_from = until - (rng.random(count) * 4 * YEAR).astype(np.int64)
    stays = (rng.random(count) * 2.5 * YEAR).astype(np.int64) + 60 * DAY
    return {
        "regime": regime,
        "base": np.where(busy, 0.45 + 0.5 * rng.random(count), 0.3 * rng.random(count) ** 2),
        "gap": gap,
        "youngest": least + rng.random(count) * (18.7 * YEAR - (sizes - 1) * gap - least),
        # how closely a family is watched has nothing to do with how much it needs
        "watched": 0.5 + rng.random(count) * 1.5,
        "churn": 0.5 + rng.random(count) * 2.0,
        "poor": rng.random(count) < np.where(busy, 0.5, 0.2),
        "parent_ill": rng.random(count) < np.where(busy, 0.4, 0.06),
        "has_father": rng.random(count) < 0.6,
        "has_grandparent": rng.random(count) < 0.3,
        "has_partner": rng.random(count) < np.array([0.08, 0.5, 0.75, 0.35])[regime],
        "hidden": rng.random(count) < 0.5,
        "partner_from": partner_from // DAY * DAY,
        "partner_to": (partner_from + stays) // DAY * DAY,
        "team": rng.integers(0, len(TEAMS), count),
    }


def _few(rng: np.random.Generator, eligible: pl.Series, share: float) -> pl.Series:
    """Choose a small share of the eligible; where there are twenty or more children, never nobody."""
    can = eligible.to_numpy()
    wanted = max(round(share * len(can)), 1 if len(can) >= 20 else 0)
    order = np.argsort(np.where(can, rng.random(len(can)), 2.0), kind="stable")[:wanted]
    chosen = np.zeros(len(can), dtype=bool)
    chosen[order] = True
    return pl.Series(chosen & can)


def _lives(rng: np.random.Generator, frame: pl.DataFrame, start: int, until: int) -> pl.DataFrame:
    """Who is not yet born, who died, who moved away; and so when records may begin and end."""
    rows = frame.height
    due = until + rng.integers(10, 120, rows) * DAY
    left = until - rng.integers(40, 600, rows) * DAY
    unborn = _few(rng, (frame["rank"] == 0) & (frame["regime"] != OUTSIDE), 0.012)
    frame = frame.with_columns(
        unborn=unborn, born=pl.when(unborn).then(pl.Series(due)).otherwise("born"), left=pl.Series(left)
    )
    here = frame.select((pl.col("born") < pl.col("left")) & (pl.col("born") + 17 * YEAR > until)).to_series()
    died = _few(rng, here, 0.008)
    moved = _few(rng, here & ~died & (frame["regime"] != QUIET), 0.02)
    return frame.with_columns(died=died, moved=moved).with_columns(
        opens=pl.max_horizontal(pl.lit(start), pl.col("born") - 200 * DAY),
        closes=pl.min_horizontal(
            pl.lit(until),
            (pl.col("born") + 18 * YEAR) // DAY * DAY,
            pl.when(pl.col("died") | pl.col("moved")).then("left").otherwise(NEVER),
        ),
    )


def _harm(rng: np.random.Generator, frame: pl.DataFrame, start: int, until: int) -> pl.DataFrame:
    """Need of each child, and whether and from when it is harmed."""
    rows = frame.height
    need = (frame["base"].to_numpy() + 0.1 * (rng.random(rows) - 0.5)).clip(0, 1)
    harm = (rng.random(rows) < np.where(need > 0.4, 0.7 * need, 0.01)) & ~frame["unborn"].to_numpy()
    onset = start + (rng.random(rows) * (until - start - 90 * DAY)).astype(np.int64)
    busy = frame["regime"].to_numpy() > QUIET
    spread = rng.random(rows)
    return frame.with_columns(
        need=pl.Series(need),
        harm=pl.Series(harm),
        onset=pl.when(pl.Series(harm)).then(pl.max_horizontal(pl.Series(onset // DAY * DAY), "born")).otherwise(NEVER),
        intensity=pl.Series(np.where(busy, 0.6 + 2.2 * spread**3, 0.4 + 1.2 * spread)),
        disabled=pl.Series(rng.random(rows) < 0.12),
        troubled=pl.Series(rng.random(rows) < np.where(busy, 0.15, 0.04)),
    )


def happenings(
    world: World,
    rng: np.random.Generator,
    rates: PerRegime,
    ages: tuple[float, float],
    *,
    together: bool = False,
    any_hour: bool = False,
) -> pl.DataFrame:
    """Occasions at random, ``rates`` a year by regime, while the child is of these ages; more often once harmed.

    Returns one row an occasion: everything true of the child, and the time in ``at``. With ``together`` an occasion
    befalls the household, and there is one row for each of its children.
    """
    kids = world.children.filter("lead") if together else world.children
    born = kids["born"].to_numpy()
    low = np.full(kids.height, world.start) if together else kids["opens"].to_numpy()
    high = np.full(kids.height, world.until) if together else kids["closes"].to_numpy()
    if not together:
        low, high = np.maximum(low, born + int(ages[0] * YEAR)), np.minimum(high, born + int(ages[1] * YEAR))
    rate = numbers(kids, rates) * (kids["watched"] if together else kids["intensity"]).to_numpy() / YEAR
    onset = np.maximum(low, kids["onset"].to_numpy())
    usual = rng.poisson(rate * (high - low).clip(min=0))
    further = rng.poisson(rate * (high - onset).clip(min=0))
    rows = np.repeat(np.arange(kids.height), usual + further)
    begins = np.where(_turn(usual + further) < np.repeat(usual, usual + further), low[rows], onset[rows])
    at = begins + (rng.random(len(rows)) * (high[rows] - begins)).astype(np.int64)
    found = kids[rows].with_columns(at=pl.Series(at if any_hour else office(rng, at), dtype=pl.Int64))
    return _for_each_child(world, found, ages) if together else found


def _turn(times: Ints) -> Ints:
    """0, 1, 2 … within each run of repeated rows."""
    return np.asarray(np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times))


def _for_each_child(world: World, found: pl.DataFrame, ages: tuple[float, float]) -> pl.DataFrame:
    shared = found.select("household", "at").join(
        world.children, on="household", how="inner", maintain_order="left_right"
    )
    age = (pl.col("at") - pl.col("born")) / YEAR
    return shared.filter(age.is_between(*ages)).select(*found.columns)
