"""The contact graph of one child: who dealt with the child, who is in the child's life, who told whom."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

import networkx as nx
import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.history import _graph_measures as measured
from earlywarn.history._graph_parts import EDGE_KINDS, NODE_KINDS, Node, describe, fill
from earlywarn.history.days import as_day, midnight
from earlywarn.history.graph_difference import Difference, difference
from earlywarn.history.notebook import html_table
from earlywarn.words import count_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from earlywarn.history.view import View

    Graph: TypeAlias = nx.MultiDiGraph[Node]
else:
    Graph = nx.MultiDiGraph  # not subscriptable when run


class ContactGraph(Graph):
    """Everything one viewer knew of one child's contacts, as a dated `networkx.MultiDiGraph`.

    A node is a pair of kind and id, so that a person and a place with the same id stay two. Every node has ``kind``,
    ``label`` (words, never an id), and ``first_at`` and ``last_at``: the first and last time of its edges. Kinds:

    - ``child``; ``agency``, with ``sector``, ``organisation`` (false for a relative or a passer-by) and ``records``
      (how many it raised or holds); ``organisation``, the school, ward or station within an agency; ``team``, by
      ``agency:name``; ``worker``, by a pseudonym;
    - ``person``, with ``roles``, ``adult`` and ``around`` (``household`` where a role says so, else ``around``);
      ``household``; ``place``.

    Edges are keyed by what they are and which record says so, and have ``kind``, ``record_id`` and ``at`` (when the
    thing of the record happened, else when it was known; for acts of sharing, when that was):

    - ``contact``: agency → child, one a record; ``what``, ``held_by``, ``ahead``, ``handling``;
    - ``raised_with``: raising agency → holding agency, where they differ, one a record;
    - ``shared``: holding agency → agency told, one an act that conferred knowledge; ``decision``, ``extent``;
    - ``not_told``: the same for an act that conferred none (withheld, asked, only that something exists);
    - ``works_for``: worker → holding agency, with ``raised_by``; ``in_team``: worker → team; ``part_of``:
      organisation or team → agency; ``at_place``: place → child;
    - ``relation``: person → child, with ``role``, and ``lives_in``: child → household; both with ``valid_from``,
      ``valid_to``, ``ended``.

    The page ``docs/contact-graph.md`` has every attribute with its type, and every measure. ``graph.graph`` holds
    ``child_id``, ``ids``, ``as_of``, ``viewer``, and of a slice ``first`` and ``last``.

    Parameters
    ----------
    view : View
        What one viewer could see on one day.
    child_id : str
        The child, by any id that was known to be this child.

    Raises
    ------
    ArgumentError
        The view holds no record of that child.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.view import View
    >>> view = View(load_example(), "2026-11-01")
    >>> graph = ContactGraph(view, view.children[0])
    >>> graph.nodes[("child", view.children[0])]["kind"]
    'child'

    """

    def __init__(self, view: View | None = None, child_id: str = "") -> None:
        super().__init__()
        if view is None:  # networkx copies and subgraphs start from an empty graph
            return
        ids = view.ids(child_id)
        about = {"child_id": ids[0], "ids": ids, "as_of": view.day, "viewer": view.seen_by}
        self.graph.update(about, first=None, last=None)
        fill(self, view.only([ids[0]]), ids[0])

    @property
    def child(self) -> Node:
        """The node of the child."""
        return ("child", self.graph["child_id"])

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids known to be this child, the one it goes by first."""
        return tuple(self.graph.get("ids") or (self.graph["child_id"],))

    @property
    def as_of(self) -> dt.date:
        """The day of the view: everything here was known before the midnight that starts it."""
        return as_day(self.graph["as_of"])

    def of_kind(self, kind: str) -> Iterator[Node]:
        """Nodes of one kind, in the order they first appear in the records."""
        return (node for node, about in self.nodes(data=True) if about["kind"] == kind)

    def edges_of(self, kind: str) -> Iterator[tuple[Node, Node, dict[str, Any]]]:
        """Edges of one kind, each as tail, head and attributes."""
        return (edge for edge in self.edges(data=True) if edge[2]["kind"] == kind)

    def between(self, first: str | dt.date | None, last: str | dt.date | None) -> ContactGraph:
        """Keep what is dated from one day on and before another: ``first ≤ at < last``, by midnights.

        It is about when things happened, and so no earlier view: what this view knew by its own as-of day of those
        days is here, also where it became known later. Nodes that lose all their edges go, the child stays, and the
        attributes of a node speak of the edges that are left.

        Parameters
        ----------
        first, last : str or datetime.date, optional
            The first day kept, and the first day not kept any more. None is no bound.

        Returns
        -------
        ContactGraph
            A new graph.

        Raises
        ------
        ArgumentError
            Not a day, or ``first`` is after ``last``.

        Examples
        --------
        >>> from earlywarn.datasets import load_example
        >>> from earlywarn.history.view import View
        >>> graph = ContactGraph(View(load_example(), "2026-11-01"), "c0001")
        >>> spring = graph.between("2026-03-01", "2026-06-01")
        >>> 0 < spring.number_of_edges() < graph.number_of_edges()
        True

        """
        start, end = (None if day is None else as_day(day) for day in (first, last))
        if start and end and start > end:
            raise ArgumentError("The first day is after the last.", expected="first ≤ last", fix="change them round")
        earlier, later = self.graph.get("first"), self.graph.get("last")  # of a slice of a slice
        start = max((day for day in (earlier, start) if day), default=None)
        end = min((day for day in (later, end) if day), default=None)
        return self._with_edges_dated(start, end)

    def _with_edges_dated(self, start: dt.date | None, end: dt.date | None) -> ContactGraph:
        made = ContactGraph()
        made.graph.update(self.graph, first=start, last=end)
        kept = [
            (tail, head, key, said)
            for tail, head, key, said in self.edges(keys=True, data=True)
            if (not start or midnight(start) <= said["at"]) and (not end or said["at"] < midnight(end))
        ]
        there = {self.child, *(tail for tail, *_ in kept), *(head for _, head, *_ in kept)}
        made.add_nodes_from((node, about) for node, about in self.nodes(data=True) if node in there)
        for tail, head, key, said in kept:
            made.add_edge(tail, head, key=key, **said)
        describe(made)
        return made

    def before(self, day: str | dt.date) -> ContactGraph:
        """Keep what is dated before the midnight that starts a day; see `between`."""
        return self.between(None, day)

    def minus(self, other: ContactGraph) -> Difference:
        """Compare with another graph of the same child: another viewer's, or of another day.

        Returns
        -------
        Difference
            Nodes and edges only here, only there, and in both; it prints as sentences.

        Raises
        ------
        ArgumentError
            The graphs are of different children.

        """
        return difference(self, other)

    def ties(self, day: str | dt.date, window: int = 365) -> measured.Ties:
        """Organisations that raised a record, and workers named in one, dated in the days before a day.

        Parameters
        ----------
        day : str or datetime.date
            Up to the as-of day. It is not itself among the days: day − window ≤ date < day.
        window : int, default 365
            Whole days.

        Returns
        -------
        Ties
            ``agencies`` (codes) and ``workers`` (pseudonyms).

        Raises
        ------
        ArgumentError
            Not a day, a day after the as-of day, or a window under one day.

        """
        return measured.ties(self, day, window)

    def changed(self, first: str | dt.date, second: str | dt.date, window: int = 365) -> measured.Changed:
        """Ties gained and lost between two days, as the records of this view have it by its as-of day.

        Gained are those among the `ties` of the second day and not of the first; lost the other way round.
        """
        return measured.changed(self, first, second, window)

    def telling(self) -> measured.Tells:
        """Who told whom: a `networkx.DiGraph` of the organisations with records of the child and those told of one.

        An arrow goes from the organisation that holds a record to the one it told, by an act of sharing that
        conferred knowledge, and from the one that raised a record to the one that holds it.
        """
        return measured.telling(self)

    def silos(self) -> list[set[str]]:
        """Parts of `telling` that no telling joins, as sets of agency codes, the largest first."""
        return measured.silos(self)

    def bridges(self) -> list[tuple[str, str, str]]:
        """Pairs of organisations that exactly one worker is tied to both of: agency, agency, worker.

        A worker is tied to the agency that raised and the agency that holds each of its records. It says how thin a
        connection between services is in the records, and nothing about the worker.
        """
        return measured.bridges(self)

    def degree_by_kind(self) -> dict[str, int]:
        """Count the neighbours of the child by kind: agencies, people, households, places."""
        return measured.degree_by_kind(self)

    def measures(self) -> dict[str, float | int | None]:
        """Every measure of this graph by name; None where it has no meaning.

        Returns
        -------
        dict
            Counts (int): ``records, agencies`` (organisations that raised or hold a record), ``agencies_told`` (told
            of one and without any), ``organisations, teams, workers, people, adults, households, places``. Of who
            told whom (see `telling`): ``tells`` (pairs), ``silos`` (parts), ``centralisation`` (Freeman's, 0 to 1, of
            degree without direction; None under three organisations), ``reciprocity`` (share of pairs whose reverse
            is there; None without pairs), ``bridged_pairs`` (see `bridges`). ``agencies_gained_365d,
            agencies_lost_365d, workers_gained_365d, workers_lost_365d`` (see `changed`): the 365 days before the
            as-of day against the 365 before those. None of them is good or bad in itself, and none is a direction.

        Examples
        --------
        >>> from earlywarn.datasets import load_example
        >>> from earlywarn.history.view import View
        >>> graph = ContactGraph(View(load_example(), "2026-11-01"), "c0001")
        >>> graph.measures()["records"] == sum(1 for _ in graph.edges_of("contact"))
        True

        """
        return measured.measures(self)

    def days_in_words(self) -> str:
        """Say which days a slice is of; nothing for a whole graph."""
        first, last = self.graph.get("first"), self.graph.get("last")
        return (f" from {first}" if first else "") + (f" before {last}" if last else "")

    def _kinds(self) -> pl.DataFrame:
        """How many nodes and edges of each kind there are, kinds in their order."""
        nodes = Counter(about["kind"] for _, about in self.nodes(data=True))
        edges = Counter(said["kind"] for _, _, said in self.edges(data=True))
        rows = [("nodes", kind, nodes[kind]) for kind in NODE_KINDS if nodes[kind]]
        rows += [("edges", kind, edges[kind]) for kind in EDGE_KINDS if edges[kind]]
        return pl.DataFrame(rows, schema=["of", "kind", "number"], orient="row")

    def _heading(self) -> str:
        if "as_of" not in self.graph:
            return f"Contact graph of nobody: {count_of(self.number_of_nodes(), 'node')}"
        records = count_of(sum(1 for _ in self.edges_of("contact")), "record")
        return (
            f"Contact graph of {self.graph['child_id']} as of {self.as_of}, by {self.graph['viewer']}: "
            f"{records}{self.days_in_words()}, known before the midnight that starts that day"
        )

    def __repr__(self) -> str:
        rows = [f"  {of}  {kind:<12} {number:>6,}" for of, kind, number in self._kinds().iter_rows()]
        return "\n".join([self._heading(), *rows])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._heading())}</p>{html_table(self._kinds())}"
