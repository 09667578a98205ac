"""Children whose records name the same adult, household or place.

Kept as ties between a child and what it shares, one row each, never as pairs of children: so a hostel of a thousand
children is a thousand rows and not half a million.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import networkx as nx
import polars as pl

from earlywarn.errors import ArgumentError, nearest
from earlywarn.history._parts import parts_of
from earlywarn.history._shielded import shielded_hubs
from earlywarn.history._ties import children_of, ties_of
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.history.view import View

    Bipartite: TypeAlias = nx.Graph[tuple[str, str]]

HUBS: Mapping[str, str] = MappingProxyType({"person": "adult", "household": "household", "place": "place"})
"""What children can share, and the word for it."""

MOST = 12
"""Children of one hub that is still followed. Few families, and few adults who lived with several, have more; a shared
mailbox, a hostel, a refuge, a surgery or a school has, and to share one of those says next to nothing."""

MOST_TIES = 20_000
"""Ties that are still turned into a networkx graph without being asked twice."""

_HUB = ["kind", "hub"]


@dataclass(frozen=True, repr=False)
class WiderGraph:
    """Children linked through adults, households and places that their records name.

    **To be linked says nothing about a child.** It says that two records name the same person, household or place. No
    points pass from one child to another, no feature reads this, and no card may.

    Parameters
    ----------
    view : View
        What one viewer could see on one day. What that viewer does not know links nobody here.
    most : int
        Children of one hub that is still followed.
    children : polars.Series
        Children of whom the viewer knew a record, by the id they go by, sorted.
    ties : polars.DataFrame
        One row for a child and a hub that it shares with another child: ``child_id``, ``kind`` (``person, household,
        place``), ``hub`` (its id), ``records`` (UInt32, how many say so), ``first_at``, ``last_at`` (the times of
        those records), ``ended`` (the newest of them says that it was over before the day; such a tie still links).
    capped : polars.DataFrame
        Hubs that were not followed, having more than ``most`` children: ``kind, hub, children``, the largest first.
    shielded : int
        People, households and places of this view that link nobody, because some record that names them is shielded.

    """

    view: View
    most: int
    children: pl.Series
    ties: pl.DataFrame
    capped: pl.DataFrame
    shielded: int

    def around(self, child_id: str, steps: int = 1) -> pl.DataFrame:
        """Return the children reached from one, through what, and in how many steps.

        Parameters
        ----------
        child_id : str
            The child, by any of its ids.
        steps : int, default 1
            How far: 1 are the children that share something with it, 2 those that share something with these.

        Returns
        -------
        polars.DataFrame
            ``child_id``, ``steps`` (UInt32, the fewest), ``through`` (list of kinds, of the last step), ``hubs``
            (UInt32, how many in the last step), ``ended`` (every way of the last step has ended). Nearest first.

        Raises
        ------
        ArgumentError
            The view holds no record of that child, or fewer than one step.

        """
        found = [self._start(child_id)]
        for step in range(1, whole(steps, "steps", least=1) + 1):
            further = self._step(found[-1], pl.concat(found), step)
            if further.is_empty():
                break
            found.append(further)
        return pl.concat(found).filter(pl.col("steps") > 0).sort("steps", "child_id")

    def _start(self, child_id: str) -> pl.DataFrame:
        known_as = self.view.ids(child_id)[0]
        if known_as not in self.children:
            raise self.view.no_such_child()
        return pl.DataFrame(
            [(known_as, 0, [], 0, False)],
            schema={
                "child_id": pl.String,
                "steps": pl.UInt32,
                "through": pl.List(pl.String),
                "hubs": pl.UInt32,
                "ended": pl.Boolean,
            },
            orient="row",
        )

    def _step(self, last: pl.DataFrame, known: pl.DataFrame, step: int) -> pl.DataFrame:
        """Children that share a hub with one of the last step, and have not been reached before."""
        hubs = self.ties.join(last, on="child_id", how="semi").group_by(_HUB).agg(left_open=~pl.col("ended").all())
        return (
            self.ties.join(hubs, on=_HUB)
            .join(known, on="child_id", how="anti")
            .group_by("child_id")
            .agg(
                steps=pl.lit(step, pl.UInt32),
                through=pl.col("kind").unique().sort(),
                hubs=pl.len(),
                ended=(pl.col("ended") | ~pl.col("left_open")).all(),
            )
        )

    def components(self) -> pl.DataFrame:
        """Return the parts that no tie joins: how many children and hubs each has.

        Returns
        -------
        polars.DataFrame
            ``children``, ``hubs`` (UInt32), one row a part of two children or more, the largest first.

        """
        return parts_of(self.ties)

    def pairs(self) -> pl.LazyFrame:
        """Return pairs of children that share a hub, as a query that is not run yet.

        Returns
        -------
        polars.LazyFrame
            ``child_id, other_id`` (each pair once a hub), ``kind, hub``, ``ended`` (for one of the two). At most
            ``most - 1`` rows for two ties, since larger hubs are not followed: take ``.head(n)``, or filter first.

        """
        ties = self.ties.lazy().select("child_id", *_HUB, "ended")
        both = ties.join(ties.rename({"child_id": "other_id"}), on=_HUB).filter(pl.col("child_id") < pl.col("other_id"))
        ended = pl.col("ended") | pl.col("ended_right")
        return both.select("child_id", "other_id", *_HUB, ended.alias("ended"))

    def to_networkx(self, most_ties: int = MOST_TIES) -> Bipartite:
        """Return a `networkx.Graph` of children and hubs, each a pair of kind and id; edges have the ties' columns.

        Raises
        ------
        ArgumentError
            More ties than ``most_ties``: each takes about a kilobyte there.

        """
        if self.ties.height > most_ties:
            raise ArgumentError(
                f"This graph has {self.ties.height:,} ties.",
                expected=f"at most {most_ties:,}",
                fix="use .around() or .components(), or say most_ties=",
            )
        graph: Bipartite = nx.Graph()
        for tie in self.ties.iter_rows(named=True):
            child, hub = ("child", tie.pop("child_id")), (tie.pop("kind"), tie.pop("hub"))
            graph.add_node(child, kind="child")
            graph.add_node(hub, kind=hub[0])
            graph.add_edge(child, hub, **tie)
        return graph

    def __repr__(self) -> str:
        linked, hubs = self.ties["child_id"].n_unique(), self.ties.select(_HUB).unique()["kind"].to_list()
        through = ", ".join(count_of(hubs.count(kind), word) for kind, word in HUBS.items() if kind in hubs)
        return (
            f"WiderGraph as of {self.view.day:%Y-%m-%d}, by {self.view.seen_by}: {linked:,} of "
            f"{count_of(len(self.children), 'child', 'children')} linked, through {through or 'nothing'}; "
            f"{count_of(self.capped.height, 'hub')} with more than {self.most} children not followed; "
            f"{self.shielded:,} shielded, through which nobody is linked. To be linked says nothing about a child."
        )


def wider_graph(view: View, *, through: Sequence[str] = tuple(HUBS), most: int = MOST) -> WiderGraph:
    """Link the children of a view through the adults, households and places that their records name.

    **To be linked says nothing about a child.** It says that two records name the same person, household or place. No
    points pass from one child to another.

    A person links where both children's records give it the role of an adult. A person or household with several ids
    is one where a link known before the day says so. What a shielded record names links nobody: see
    `earlywarn.history._shielded`.

    Parameters
    ----------
    view : View
        What one viewer could see on one day.
    through : sequence of str, default ("person", "household", "place")
        What to link through.
    most : int, default 12
        Children of one hub that is still followed; a hub with more is listed in ``.capped``.

    Raises
    ------
    ArgumentError
        ``through`` names something else or nothing, or ``most`` is under 2.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.view import View
    >>> wider = wider_graph(View(load_example(), "2026-11-01"), through=["household"])
    >>> wider.around("c0001").select("child_id", "steps").rows()
    [('c0002', 1), ('c0003', 1), ('c0004', 1)]

    """
    kinds, limit = _kinds(through), whole(most, "most", least=2)
    ties = ties_of(view, kinds)
    closed = ties.join(shielded_hubs(view), on=_HUB, how="semi").select(_HUB).unique()
    free = ties.join(closed, on=_HUB, how="anti")
    hubs = free.group_by(_HUB).agg(children=pl.len())
    return WiderGraph(
        view=view,
        most=limit,
        children=children_of(view),
        ties=free.join(hubs.filter(pl.col("children").is_between(2, limit)), on=_HUB, how="semi").sort(
            "child_id", *_HUB
        ),
        capped=hubs.filter(pl.col("children") > limit).sort("children", *_HUB, descending=[True, False, False]),
        shielded=closed.height,
    )


def _kinds(through: Sequence[str]) -> list[str]:
    kinds = [through] if isinstance(through, str) else list(dict.fromkeys(through))
    strange = next((kind for kind in kinds if kind not in HUBS), None)
    if strange is not None or not kinds:
        raise ArgumentError(
            "Children are linked through something else." if kinds else "Nothing to link children through is named.",
            expected="some of " + ", ".join(HUBS),
            fix=nearest(strange or "", HUBS) or "use one of these",
        )
    return kinds


def whole(value: int, name: str, least: int) -> int:
    """Return a whole number that is no less than another."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ArgumentError(
            f"{name} is not what it can be.", expected=f"a whole number, {least} or more", fix=f"say {name}={least}"
        )
    return number
