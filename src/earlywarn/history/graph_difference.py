"""Two graphs of one child side by side: what one view shows and the other does not."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.history._graph_parts import EDGE_KINDS, NODE_KINDS, Node
from earlywarn.history.notebook import html_table
from earlywarn.history.viewers import POOLED, SECTOR, TOGETHER
from earlywarn.records.codes import AGENCIES, label
from earlywarn.words import count_of

if TYPE_CHECKING:
    import pandas as pd

    from earlywarn.history.graph import ContactGraph

Rows: TypeAlias = dict[Any, dict[str, Any]]

_NODES = pl.Schema(
    {
        "kind": pl.String(),
        "id": pl.String(),
        "label": pl.String(),
        "adult": pl.Boolean(),
        "organisation": pl.Boolean(),
        "where": pl.String(),
    }
)
_EDGES = pl.Schema(
    {
        "kind": pl.String(),
        "from_kind": pl.String(),
        "from_id": pl.String(),
        "to_kind": pl.String(),
        "to_id": pl.String(),
        "record_id": pl.String(),
        "at": pl.Datetime("us"),
        "where": pl.String(),
    }
)
_ORDER = ("kind", "id", "at", "record_id", "from_kind", "from_id", "to_kind", "to_id")
_SIDES = ("this", "both", "other")
_COUNTED = (
    ("node", (pl.col("kind") == "agency") & pl.col("organisation"), "agency", "agencies"),
    ("node", (pl.col("kind") == "agency") & ~pl.col("organisation"), "other source", "other sources"),
    ("node", pl.col("kind") == "organisation", "organisation", "organisations"),
    ("node", pl.col("kind") == "team", "team", "teams"),
    ("node", pl.col("kind") == "worker", "worker", "workers"),
    ("node", (pl.col("kind") == "person") & pl.col("adult"), "adult", "adults"),
    ("node", (pl.col("kind") == "person") & ~pl.col("adult"), "other person", "other people"),
    ("node", pl.col("kind") == "household", "household", "households"),
    ("node", pl.col("kind") == "place", "place", "places"),
    ("edge", pl.col("kind") == "contact", "record", "records"),
    ("edge", pl.col("kind") == "shared", "act of telling", "acts of telling"),
)
"""What a sentence counts of a difference, in this order: of which frame, which rows, one, many."""


@dataclass(frozen=True, repr=False)
class Difference:
    """What one graph of a child shows and another does not, and what both show.

    ``difference["nodes"]`` and ``difference["edges"]`` are the same as pandas frames.

    Parameters
    ----------
    this, other : str
        Whose graphs they are, in words: ``all together``, ``police alone``.
    nodes : polars.DataFrame
        One row a node of either: ``kind, id, label`` (text), ``adult`` (Boolean, null unless a person),
        ``organisation`` (Boolean, null unless an agency), ``where`` (``this``, ``other`` or ``both``). Label and
        ``adult`` are as this graph has them, where it has the node.
    edges : polars.DataFrame
        One row an edge of either: ``kind, from_kind, from_id, to_kind, to_id, record_id`` (text), ``at``
        (Datetime, local time), ``where``.

    """

    this: str
    other: str
    nodes: pl.DataFrame
    edges: pl.DataFrame

    def counts(self) -> pl.DataFrame:
        """Count nodes and edges by kind.

        Returns
        -------
        polars.DataFrame
            ``of`` (``node`` or ``edge``), ``kind``, ``this``, ``both``, ``other`` (Int64), kinds in their order.

        """
        frames = (("node", self.nodes, NODE_KINDS), ("edge", self.edges, EDGE_KINDS))
        rows = [
            {"of": of, "kind": kind} | {side: _count(frame, pl.col("kind") == kind, side) for side in _SIDES}
            for of, frame, kinds in frames
            for kind in kinds
            if kind in frame["kind"]
        ]
        schema = {"of": pl.String} | {"kind": pl.String} | dict.fromkeys(_SIDES, pl.Int64)
        return pl.DataFrame(rows, schema=schema)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return ``nodes`` or ``edges`` as a pandas frame."""
        frames = {"nodes": self.nodes, "edges": self.edges}
        if name not in frames:
            raise ArgumentError("A difference has no such frame.", expected="nodes or edges")
        return frames[name].to_pandas()

    def _in_words(self, side: str) -> str:
        frames = {"node": self.nodes, "edge": self.edges}
        found = [(_count(frames[of], rows, side), one, many) for of, rows, one, many in _COUNTED]
        return ", ".join(count_of(n, one, many) for n, one, many in found if n) or "nothing"

    def __repr__(self) -> str:
        return (
            f"What {_shows(self.this)} that {_does_not(self.other)}: {self._in_words('this')}.\n"
            f"What {_shows(self.other)} that {_does_not(self.this)}: {self._in_words('other')}.\n"
            f"In both: {self._in_words('both')}."
        )

    def _repr_html_(self) -> str:
        said = "<br>".join(escape(line) for line in repr(self).splitlines())
        named = self.counts().rename({"this": "only the first", "other": "only the second"})
        return f"<p>{said}</p>{html_table(named)}"


def difference(this: ContactGraph, other: ContactGraph) -> Difference:
    """Compare two graphs of one child.

    Raises
    ------
    ArgumentError
        They are graphs of different children.

    """
    if set(this.ids).isdisjoint(other.ids):
        raise ArgumentError(
            "These graphs are of different children.",
            expected="two graphs of one child, by another viewer or of another day",
            fix="build both for the same child",
        )
    mine, theirs = _nodes(this, this.child), _nodes(other, this.child)
    tied, elsewhere = _edges(this, this.child), _edges(other, this.child)
    names = _who(this), _who(other)
    if this.as_of != other.as_of:
        names = f"{names[0]} as of {this.as_of}", f"{names[1]} as of {other.as_of}"
    return Difference(*names, _placed(mine, theirs, _NODES), _placed(tied, elsewhere, _EDGES))


def _placed(mine: Rows, theirs: Rows, schema: pl.Schema) -> pl.DataFrame:
    """Lay the rows of both under each other, each once, and say where it is."""
    rows = [
        row | {"where": "this" if key not in theirs else "both" if key in mine else "other"}
        for key, row in (theirs | mine).items()
    ]
    return pl.DataFrame(rows, schema=schema).sort(*(name for name in schema.names() if name in _ORDER))


def _nodes(graph: ContactGraph, child: Node) -> Rows:
    """Nodes by what they are. A child that goes by another id on another day is the same node."""
    return {
        (node if node != graph.child else child): {"id": node[1] if node != graph.child else child[1]}
        | {name: about.get(name) for name in ("kind", "label", "adult", "organisation")}
        for node, about in graph.nodes(data=True)
    }


def _edges(graph: ContactGraph, child: Node) -> Rows:
    rows: Rows = {}
    for *ends, key, said in graph.edges(keys=True, data=True):
        tail, head = (end if end != graph.child else child for end in ends)
        where = {"from_kind": tail[0], "from_id": tail[1], "to_kind": head[0], "to_id": head[1]}
        rows[tail, head, key] = where | {name: said[name] for name in ("kind", "record_id", "at")}
    return rows


def _count(frame: pl.DataFrame, rows: pl.Expr, side: str) -> int:
    return frame.filter(rows & (pl.col("where") == side)).height


def _who(graph: ContactGraph) -> str:
    """Say whose graph it is, and of which days where it is a slice."""
    return _viewer_in_words(graph.graph["viewer"]) + graph.days_in_words()


def _viewer_in_words(viewer: str) -> str:
    if viewer == POOLED:
        return "all together"
    if viewer.startswith(SECTOR):
        return f"{viewer.removeprefix(SECTOR).replace('_', ' ')} together"
    codes = [label(code, AGENCIES) for code in viewer.split(TOGETHER)]
    return f"{codes[0]} alone" if len(codes) == 1 else f"{', '.join(codes[:-1])} and {codes[-1]} together"


def _shows(who: str) -> str:
    return f"{who} {'show' if ' together' in who else 'shows'}"


def _does_not(who: str) -> str:
    return f"{who} {'do' if ' together' in who else 'does'} not"
