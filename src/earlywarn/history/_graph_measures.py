"""Measures of one child's contact graph, by networkx where it knows them.

Slow and plain on purpose: what is computed for every child at once is held to these.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

import networkx as nx

from earlywarn.errors import ArgumentError
from earlywarn.history._graph_parts import NODE_KINDS
from earlywarn.history.days import as_day, midnight
from earlywarn.records.codes import ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from earlywarn.history.graph import ContactGraph

    Tells: TypeAlias = nx.DiGraph[str]
else:
    Tells = nx.DiGraph

YEAR = 365


@dataclass(frozen=True)
class Ties:
    """Agencies that raised a record, and workers named in one, within some days.

    Parameters
    ----------
    agencies : tuple of str
        Codes of organisations, in the order of the code list.
    workers : tuple of str
        Pseudonyms, sorted.

    """

    agencies: tuple[str, ...]
    workers: tuple[str, ...]

    def without(self, other: Ties) -> Ties:
        """Return those that are not among the others."""
        return Ties(
            tuple(code for code in self.agencies if code not in other.agencies),
            tuple(name for name in self.workers if name not in other.workers),
        )


@dataclass(frozen=True)
class Changed:
    """Ties gained and lost between two days."""

    gained: Ties
    lost: Ties


def organisations(codes: Iterable[str]) -> tuple[str, ...]:
    """Return those of some agencies that are organisations, each once, in the order of the code list."""
    among = set(codes)
    return tuple(code for code in ORGANISATIONS if code in among)


def telling(graph: ContactGraph) -> Tells:
    """Return the organisations of a graph, and which of them told which other."""
    own = [(tail[1], said["held_by"]) for tail, _, said in graph.edges_of("contact")]
    told = [(tail[1], head[1]) for kind in ("shared", "raised_with") for tail, head, _ in graph.edges_of(kind)]
    pairs = {pair for pair in told if len(organisations(pair)) == 2}  # two, and not one telling itself
    made: Tells = nx.DiGraph()
    made.add_nodes_from(organisations(code for pair in (*own, *pairs) for code in pair))
    made.add_edges_from(sorted(pairs))
    return made


def silos(graph: ContactGraph) -> list[set[str]]:
    """Return the parts that do not tell each other, the largest first."""
    parts = nx.weakly_connected_components(telling(graph))
    return sorted(map(set, parts), key=lambda part: (-len(part), ORGANISATIONS.index(organisations(part)[0])))


def centralisation(tells: Tells) -> float | None:
    """Return how much one organisation stands in the middle: 1 a star, 0 all alike; none under three."""
    degrees = [degree for _, degree in tells.to_undirected().degree()]
    most, n = max(degrees, default=0), len(degrees)
    return sum(most - degree for degree in degrees) / ((n - 1) * (n - 2)) if n > 2 else None


def bridges(graph: ContactGraph) -> list[tuple[str, str, str]]:
    """Return pairs of organisations that exactly one worker is tied to both of, with that worker."""
    tied: dict[str, set[str]] = defaultdict(set)
    for worker, holder, said in graph.edges_of("works_for"):
        tied[worker[1]] |= {holder[1], said["raised_by"]}
    meeting: dict[tuple[str, str], list[str]] = defaultdict(list)
    for worker_id, codes in tied.items():
        for pair in combinations(organisations(codes), 2):
            meeting[pair].append(worker_id)
    return sorted((*pair, workers[0]) for pair, workers in meeting.items() if len(workers) == 1)


def degree_by_kind(graph: ContactGraph) -> dict[str, int]:
    """Count the neighbours of the child by kind."""
    around = {node for node in nx.all_neighbors(graph, graph.child) if node != graph.child}
    return {kind: sum(1 for found, _ in around if found == kind) for kind in ("agency", "person", "household", "place")}


def ties(graph: ContactGraph, day: str | dt.date, window: int) -> Ties:
    """Return who dealt with the child in the days before a day."""
    last = _not_later(graph, day)
    first = last - _days(window)
    near = {
        kind: [tail[1] for tail, _, said in graph.edges_of(kind) if midnight(first) <= said["at"] < midnight(last)]
        for kind in ("contact", "works_for")
    }
    return Ties(organisations(near["contact"]), tuple(sorted(set(near["works_for"]))))


def changed(graph: ContactGraph, first: str | dt.date, second: str | dt.date, window: int) -> Changed:
    """Return the ties gained and lost between two days."""
    before, after = ties(graph, first, window), ties(graph, second, window)
    return Changed(gained=after.without(before), lost=before.without(after))


def _not_later(graph: ContactGraph, day: str | dt.date) -> dt.date:
    asked = as_day(day)
    if asked > graph.as_of:
        raise ArgumentError(
            "The day is after the as-of day of this graph.",
            expected="a day up to the as-of day: of later ones these records cannot say who dealt with the child",
            fix="choose an earlier day, or build the graph of a view as of that day",
        )
    return asked


def _days(window: int) -> dt.timedelta:
    if window < 1:
        raise ArgumentError("The window is under one day.", expected="a number of whole days", fix="say 365")
    return dt.timedelta(days=window)


def measures(graph: ContactGraph) -> dict[str, float | int | None]:
    """Return every measure by its name, null where it has no meaning."""
    tells = telling(graph)
    own = organisations(code for tail, _, said in graph.edges_of("contact") for code in (tail[1], said["held_by"]))
    count = {kind: sum(1 for _ in graph.of_kind(kind)) for kind in NODE_KINDS}
    moved = changed(graph, graph.as_of - _days(YEAR), graph.as_of, YEAR)
    return {
        "records": sum(1 for _ in graph.edges_of("contact")),
        "agencies": len(own),
        "agencies_told": tells.number_of_nodes() - len(own),
        "organisations": count["organisation"],
        "teams": count["team"],
        "workers": count["worker"],
        "people": count["person"],
        "adults": sum(1 for node in graph.of_kind("person") if graph.nodes[node]["adult"]),
        "households": count["household"],
        "places": count["place"],
        "tells": tells.number_of_edges(),
        "silos": nx.number_weakly_connected_components(tells) if tells else 0,
        "centralisation": centralisation(tells),
        "reciprocity": nx.overall_reciprocity(tells) if tells.number_of_edges() else None,
        "bridged_pairs": len(bridges(graph)),
        "agencies_gained_365d": len(moved.gained.agencies),
        "agencies_lost_365d": len(moved.lost.agencies),
        "workers_gained_365d": len(moved.gained.workers),
        "workers_lost_365d": len(moved.lost.workers),
    }
