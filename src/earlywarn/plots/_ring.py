"""What stands where in the contact graph: agencies on a ring by sector, people, households and places at the foot."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from earlywarn.history.viewers import members
from earlywarn.plots._paper import BODY, LINE_HEIGHT, SMALL, width_of, wrapped
from earlywarn.records.codes import AGENCIES, ROLES, label
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from earlywarn.history.graph import ContactGraph

    Node = tuple[str, str]

WIDTH = 350.0
MIDDLE, RADIUS = WIDTH / 2, 75.0
MOST_AGENCIES, MOST_FEET = 30, 9
"""More than these are drawn as one: with the child, never more than 50 names in a picture."""
LABEL = 92.0
NOT_TOLD = "told of no record"
"""Of an agency that only acts name which told it nothing: it was asked, or something was withheld."""


@dataclass(frozen=True)
class Spot:
    """An agency on the ring: what is written beside it, and where its dot is.

    ``share`` is its records as a share of the most that any agency has in either graph; ``there``: whether it is in
    these records.
    """

    code: str
    name: tuple[str, ...]
    records: int = 0
    holds: int = 0
    workers: int = 0
    teams: int = 0
    told: bool = True
    share: float = 0.0
    there: bool = True
    absent: str = ""
    side: int = -1
    x: float = 0.0
    y: float = 0.0
    rows: int = 0

    @property
    def small(self) -> str:
        """Say how many records, and where that fits how many teams."""
        if not self.there:
            return self.absent
        said = f"holds {count_of(self.holds, 'record')}" if self.holds else "was told" if self.told else NOT_TOLD
        text = count_of(self.records, "record") if self.records else said
        longer = f"{text}, {count_of(self.teams, 'team')}"
        return longer if self.teams and width_of(longer, SMALL) <= LABEL else text

    @property
    def height(self) -> float:
        """Room for its words."""
        return len(self.name) * BODY * LINE_HEIGHT + (self.rows or 1 + bool(self.workers)) * SMALL * LINE_HEIGHT + 7


@dataclass(frozen=True)
class Foot:
    """A person, or several things drawn as one, at the foot."""

    text: str
    ended: bool
    shape: str = "o"
    there: bool = True


def spots_of(graph: ContactGraph, whole: ContactGraph) -> tuple[list[Spot], list[Spot]]:
    """Agencies by sector: the first half down the left side of the ring, the rest up the right one.

    Their number and room are those of ``whole``, so that both graphs have the same places.
    """
    own, all_of_it = _spots(graph), _spots(whole)
    missing = not_there(graph)
    most = max([s.records for s in (*own.values(), *all_of_it.values())], default=0) or 1
    spots = []
    for code in (code for code in AGENCIES if code in own or code in all_of_it):
        other = all_of_it.get(code) or own[code]
        here = own.get(code) or replace(other, records=0, workers=0, teams=0, there=False, absent=missing)
        spots.append(replace(here, rows=1 + bool(other.workers or here.workers), share=here.records / most))
    spots = _grouped(spots, missing)
    half = math.ceil(len(spots) / 2)
    return spots[:half], spots[half:]


def _spots(graph: ContactGraph) -> dict[str, Spot]:
    records = Counter(tail[1] for tail, _, _ in edges(graph, "contact"))
    holds = Counter(head[1] for _, head, _ in edges(graph, "raised_with"))
    ties = {(tail, head) for kind in ("works_for", "part_of") for tail, head, _ in edges(graph, kind)}
    workers = Counter(head[1] for tail, head in ties if tail[0] == "worker")
    teams = Counter(head[1] for tail, head in ties if tail[0] == "team")
    told = {head[1] for _, head, _ in edges(graph, "shared")}
    there = {code for _, code in graph.of_kind("agency")}
    return {
        code: Spot(
            code,
            tuple(wrapped(label(code, AGENCIES), LABEL)),
            records[code],
            holds[code],
            workers[code],
            teams[code],
            told=code in told,
        )
        for code in AGENCIES
        if code in there
    }


def _grouped(spots: list[Spot], missing: str) -> list[Spot]:
    if len(spots) <= MOST_AGENCIES:
        return spots
    kept, rest = spots[: MOST_AGENCIES - 1], spots[MOST_AGENCIES - 1 :]
    records, workers = sum(s.records for s in rest), sum(s.workers for s in rest)
    name = f"+ {len(rest)} more agencies"
    there = any(s.there for s in rest)
    share = max(s.share for s in rest)
    return [*kept, Spot("", (name,), records, 0, workers, share=share, there=there, absent=missing, rows=2)]


def not_there(graph: ContactGraph) -> str:
    """Say whose records do not hold something."""
    return f"not in {'its' if len(members(graph.graph.get('viewer', 'pooled'))) == 1 else 'these'} records"


def around(spots: list[Spot], top: float, height: float, side: int) -> list[Spot]:
    """Place agencies down one side of the ring, the air between them equal."""
    air = (height - sum(s.height for s in spots)) / max(len(spots), 1)
    y, placed = top, []
    for spot in spots:
        middle = y + (spot.height + air) / 2
        slant = (middle - top - height / 2) / (height / 2 * 1.3)
        placed.append(replace(spot, side=side, x=MIDDLE + side * RADIUS * math.sqrt(1 - slant**2), y=middle))
        y += spot.height + air
    return placed


def tells_of(graph: ContactGraph) -> Counter[tuple[str, str]]:
    """Count acts of telling by who told whom."""
    return Counter((tail[1], head[1]) for tail, head, _ in edges(graph, "shared") if tail != head)


def edges(graph: ContactGraph, kind: str) -> list[tuple[Any, Any, dict[str, Any]]]:
    """Edges of one kind."""
    return [(tail, head, said) for tail, head, said in graph.edges(data=True) if said["kind"] == kind]


def feet_of(graph: ContactGraph, whole: ContactGraph) -> list[Foot]:
    """People in the order of roles, those whose tie has ended last, then households and places."""
    own, all_of_it = _people(graph), _people(whole)
    order = sorted(all_of_it | own, key=lambda node: _rank((all_of_it | own)[node]))
    feet = [_foot(own.get(node), all_of_it.get(node)) for node in order]
    counted = [_counted(graph, whole, _households, "household", "p"), _counted(graph, whole, _places, "place", "s")]
    others = [foot for foot in counted if foot]
    most = MOST_FEET - len(others)
    if len(feet) > most:
        feet = [*feet[: most - 1], _more(feet[most - 1 :])]
    return [*feet, *others]


Person = tuple[list[str], bool]


def _people(graph: ContactGraph) -> dict[Node, Person]:
    """Give each person by the roles in records; the newest record says whether the tie has ended."""
    said: dict[Node, list[dict[str, Any]]] = {node: [] for node in graph.of_kind("person")}
    for person, _, about in edges(graph, "relation"):
        said[person].append(about)
    named = {node: ({s["role"] for s in rows}, bool(rows[-1]["ended"])) for node, rows in said.items() if rows}
    return {node: ([r for r in ROLES if r in roles] or ["unknown"], over) for node, (roles, over) in named.items()}


def _rank(person: Person) -> tuple[bool, int]:
    return person[1], list(ROLES).index(person[0][0])


def _foot(own: Person | None, other: Person | None) -> Foot:
    """Name a person by at most two roles, those of the graph that is drawn before those of the whole."""
    roles, ended = own or other or (["unknown"], False)
    stated = [r for r in roles if r != "unknown"] or roles
    return Foot(" or ".join(label(r, ROLES) for r in stated[:2]), ended, there=own is not None)


def _more(rest: list[Foot]) -> Foot:
    there = sum(f.there for f in rest)
    number = str(len(rest)) if there in {0, len(rest)} else f"{there} of {len(rest)}"
    return Foot(f"+ {number} more people", all(f.ended for f in rest), there=there > 0)


def _households(graph: ContactGraph) -> list[bool]:
    """Say of each household whether its newest record says that it has ended."""
    ended = {head: bool(said.get("ended", False)) for _, head, said in edges(graph, "lives_in")}
    return list(ended.values())


def _places(graph: ContactGraph) -> Iterable[bool]:
    return [False for _ in graph.of_kind("place")]


def _counted(
    graph: ContactGraph, whole: ContactGraph, ended: Callable[[ContactGraph], Iterable[bool]], what: str, shape: str
) -> Foot | None:
    own, other = list(ended(graph)), list(ended(whole))
    shown = own or other
    text = what if len(shown) == 1 else count_of(len(shown), what)
    return Foot(text, all(shown), shape, there=bool(own)) if shown else None
