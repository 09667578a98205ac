"""Chains and circles among records and ids, found on whole arrays: no chain is too long, and every circle ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.records.checks import FINDINGS_SCHEMA, ROW, Check, findings, is_after, reference_checks
from earlywarn.records.schema import CONTACTS

if TYPE_CHECKING:
    import numpy.typing as npt

_TRIMS = 16
"""Rounds of leaving out links that lead nowhere. Real links need few; what is left then is walked through."""


def follow_findings(contacts: pl.DataFrame) -> pl.DataFrame:
    """Find records that follow none, another child's, one known later or themselves, and all that rest on those."""
    needed = (ROW, "record_id", "child_id", "follows", "known_at")
    following = contacts.filter(pl.col("follows").is_not_null()).select(needed)
    if following.is_empty():
        return pl.DataFrame(schema=FINDINGS_SCHEMA)
    followed = contacts.filter(pl.col("record_id").is_in(following["follows"].implode()))
    joined, asked = reference_checks(CONTACTS, following, followed)
    older, own = pl.col("follows__known"), pl.col("known_at")
    late = Check(is_after(older, own), "follows", "EW-R15", among=older > own)
    itself = Check(pl.col("follows") == pl.col("record_id"), "follows", "EW-R15")
    direct = findings(joined, [*asked, late, itself])
    broken = joined[ROW].is_in(direct[ROW].implode())
    endless, resting = (pl.Series(a) for a in led_astray(_places(joined), broken.to_numpy()))
    astray = [(endless, "EW-R15"), (resting & ~endless & ~broken, "EW-R13")]
    return pl.concat([direct, findings(joined, [Check(pl.lit(bad), "follows", rule) for bad, rule in astray])])


def _places(following: pl.DataFrame) -> npt.NDArray[np.int64]:
    """For each record, the place among these of the one it follows; their number where that follows none itself."""
    places = following.select(follows="record_id", place=pl.int_range(pl.len()))
    found = following.select("follows").join(places, on="follows", how="left", maintain_order="left")
    return found["place"].fill_null(following.height).to_numpy()


def link_findings(links: pl.DataFrame) -> pl.DataFrame:
    """Links that lead round in a circle of three or more: merged into one that was merged into the first.

    A link says that two ids are one, so A to B and B to A are one finding told twice, and no circle. A link told both
    ways has no direction left to turn in, and is not followed.
    """
    ends = [pl.format("{} {}", pl.col("subject").fill_null("child"), name) for name in ("child_id", "same_as")]
    pairs = links.select(ROW, source=ends[0], target=ends[1])
    pairs = pairs.join(pairs, left_on=["source", "target"], right_on=["target", "source"], how="anti")
    coded = pl.concat([pairs["source"], pairs["target"]]).rank("dense").cast(pl.Int64).to_numpy()
    turning = on_circle(coded[: pairs.height], coded[pairs.height :])
    return findings(pairs, [Check(pl.lit(pl.Series(turning)), "same_as", "EW-R30")])


def led_astray(
    up: npt.NDArray[np.int64], broken: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Follow every chain upwards to its end, twice as far in each round.

    Parameters
    ----------
    up : array of int
        For each place, the place it follows; the number of places where that follows nothing further.
    broken : array of bool
        The places that are broken themselves.

    Returns
    -------
    tuple of two arrays of bool
        Places whose chain never ends, since it is a circle or leads into one; and places with a broken one further up.

    Examples
    --------
    >>> endless, resting = led_astray(np.array([3, 0, 1]), np.array([True, False, False]))
    >>> endless.tolist(), resting.tolist()
    ([False, False, False], [False, True, True])

    """
    end = up.size
    reach = np.append(up, end)
    astray = np.append(broken, False)[reach]
    for _ in range(end.bit_length()):
        astray = astray | astray[reach]
        reach = reach[reach]
    return reach[:-1] != end, astray[:-1]


def on_circle(source: npt.NDArray[np.int64], target: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Tell which of the arrows from source to target lie on a circle: those one can follow back to where they start.

    Examples
    --------
    >>> on_circle(np.array([0, 1, 2, 3]), np.array([1, 2, 0, 0])).tolist()
    [True, True, True, False]

    """
    found = np.zeros(source.size, dtype=bool)
    left = np.arange(source.size)
    for _ in range(_TRIMS):
        inner = left[np.isin(source[left], target[left]) & np.isin(target[left], source[left])]
        if inner.size == left.size:
            break
        left = inner
    if left.size:
        found[left] = _within_one_part(source[left].tolist(), target[left].tolist())
    return found


def _within_one_part(source: list[int], target: list[int]) -> list[bool]:
    """Tell which arrows stay within one strongly connected part of their graph (Tarjan's, in linear time)."""
    import networkx as nx  # noqa: PLC0415 (only where links might turn round)

    graph = nx.DiGraph(zip(source, target, strict=True))
    part = {node: number for number, nodes in enumerate(nx.strongly_connected_components(graph)) for node in nodes}
    return [part[a] == part[b] for a, b in zip(source, target, strict=True)]
