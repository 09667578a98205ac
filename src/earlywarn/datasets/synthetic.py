"""A make-believe cohort with known truth: children, what is true of them, and what agencies wrote about it.

The world comes first and knows everything. Agencies then see parts of it, write some of that down late, say some of it
twice, close some of it, and tell one another of some of it. Each of these is a process of its own with its own stream
of random numbers, so that one can be changed and the others stay as they were.

The share of families in difficulty is far above any real population's, so that a few hundred children show every
feature of the records. **The rates are plausible, not calibrated**, and runs on these records show that the code is
right, not that it helps children.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from earlywarn.datasets import _agencies, _around, _social_care
from earlywarn.datasets._chance import DAY
from earlywarn.datasets._ledger import Ledger
from earlywarn.datasets._tables import children_truth, concerns_truth, tables
from earlywarn.datasets._world import World, make_world
from earlywarn.errors import ArgumentError
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

STREAMS = ("world", "delay", "agencies", "again", "conclusions", "social_care", "people", "sharing", "mending",
           "diary")  # fmt: skip
"""One stream of random numbers each; a new one goes at the end, or every cohort changes."""


@dataclass(frozen=True)
class Synthetic:
    """Make-believe records, and the truth behind them.

    Parameters
    ----------
    records : Records
        What agencies wrote, in the contract of `earlywarn.records.schema`.
    truth : mapping of str to polars.DataFrame
        ``children``: child_id, household_id, regime, need (0 to 1), harm, harm_onset (the day, null without harm).
        ``concerns``: concern_id, and in ``real`` whether harm or need was there when it was raised.

    """

    records: Records
    truth: Mapping[str, pl.DataFrame]


def make_cohort(children: int = 300, *, seed: int = 0, until: str = "2026-11-01") -> Synthetic:
    """Make three years of records about children who do not exist.

    Parameters
    ----------
    children : int
        How many children. They live in households of one to four.
    seed : int
        The same seed, size and day give the same tables, byte for byte.
    until : str
        The ISO day the history runs up to. Nothing has happened on or after it; some of what happened before is
        written down later, and some appointments are booked for later.

    Returns
    -------
    Synthetic
        The records, and what is true.

    Raises
    ------
    ArgumentError
        Fewer than one child, a negative seed, or a day that is no ISO day.

    Examples
    --------
    >>> made = make_cohort(40, seed=7)
    >>> made.truth["children"].height
    40
    >>> made.records["contacts"]["known_at"].is_monotonic_increasing
    True

    """
    size = _whole(children, "children", least=1)
    streams = _streams(_whole(seed, "seed", least=0))
    world = make_world(size, _midnight(until), streams["world"])
    log = Ledger(world, streams["delay"])
    _history(world, log, streams)
    frames, names = tables(world, log)
    truth = {"children": children_truth(world, names), "concerns": concerns_truth(log, names)}
    return Synthetic(Records(frames), MappingProxyType(truth))


def _history(world: World, log: Ledger, streams: Mapping[str, np.random.Generator]) -> None:
    """Everything that is written, in an order in which each process can see what it answers to."""
    _agencies.keep_schedule(world, log, streams["agencies"])
    for habit in _agencies.HABITS:
        _agencies.follow(habit, world, log, streams["agencies"])
    _agencies.return_interviews(log, streams["agencies"])
    _agencies.say_again(log, streams["again"])
    _agencies.injuries(log, streams["again"])
    _agencies.conclude(log, streams["conclusions"])
    _social_care.work(world, log, streams["social_care"])
    _around.leave(log)
    _around.mend(log, streams["mending"])
    _around.book_ahead(world, log, streams["diary"])
    _around.check_information(log, streams["sharing"])
    _around.tell_others(log, streams["sharing"])
    _around.name_people(world, log, streams["people"])
    _around.place_in_households(log, streams["people"])


def _streams(seed: int) -> Mapping[str, np.random.Generator]:
    seeds = np.random.SeedSequence(seed).spawn(len(STREAMS))
    return {name: np.random.default_rng(one) for name, one in zip(STREAMS, seeds, strict=True)}


def _whole(value: int, name: str, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ArgumentError(
            f"{name} is {value!r}.", expected=f"a whole number, {least} or more", fix=f"pass {name}={max(least, 300)}"
        )
    return number


def _midnight(until: str) -> int:
    """Find the midnight that starts an ISO day, in minutes since 1970."""
    try:
        found = date.fromisoformat(until)
    except (TypeError, ValueError):
        found = None
    if found is None or found.isoformat() != until or not 1900 <= found.year <= 2200:
        raise ArgumentError(
            f"until is {until!r}.",
            expected="a day from 1900 to 2200, written YYYY-MM-DD",
            fix='pass until="2026-11-01"',
        )
    return (found - date(1970, 1, 1)).days * DAY
