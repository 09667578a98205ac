"""Contact graphs as files: GraphML for programs that draw graphs, JSON to keep one and read it back."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

import networkx as nx

from earlywarn.errors import ArgumentError
from earlywarn.files import write_text, write_whole
from earlywarn.history._graph_parts import (
    EDGE_ATTRIBUTES,
    NODE_ATTRIBUTES,
    NODE_KINDS,
    ON_EVERY_EDGE,
    ON_EVERY_NODE,
    Node,
    edge_key,
)
from earlywarn.history.graph import ContactGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    Said = Mapping[str, Any]

_TIMES = ("at", "first_at", "last_at")
_DAYS = ("as_of", "first", "last", "valid_from", "valid_to")
_LISTS = ("ids", "roles")
_NOT_IN_XML = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def to_graphml(graph: ContactGraph, path: Path) -> None:
    """Write a graph as GraphML, whole or not at all; an existing file is refused.

    A node's id is ``kind:id``, attributes are text, whole numbers and true or false. Days and times are ISO text, a
    person's roles one text, and what is not known is left out. The file names a child, workers and places by their
    pseudonyms: keep it as you keep the records.

    Parameters
    ----------
    graph : ContactGraph
        Of one child in one view, or a slice of it.
    path : Path
        A file that does not exist yet.

    Raises
    ------
    OutputError
        The file exists, or cannot be written.
    ArgumentError
        An id holds a control character, which XML cannot.

    """
    plain: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    plain.graph.update(_plain(graph.graph))
    plain.add_nodes_from((_name(node), _plain(about)) for node, about in graph.nodes(data=True))
    for number, (tail, head, said) in enumerate(graph.edges(data=True)):
        plain.add_edge(_name(tail), _name(head), key=f"e{number}", **_plain(said))
    _refuse_control_characters(plain)
    write_whole(path, lambda draft: nx.write_graphml(plain, draft))


def to_json(graph: ContactGraph, path: Path | None = None) -> str:
    """Return a graph as node-link JSON, and write it where a path is given.

    The same graph gives the same text: attributes sorted by name, nodes and edges in the order of the records, days
    and times in ISO. `from_json` reads it back; so does ``networkx.node_link_graph``, as a plain graph whose nodes are
    named ``kind:id``.

    Parameters
    ----------
    graph : ContactGraph
        Of one child in one view, or a slice of it.
    path : Path, optional
        A file that does not exist yet.

    Returns
    -------
    str
        ``directed, edges, graph, multigraph, nodes``; nodes with ``id``, edges with ``source``, ``target`` and
        ``key`` (a number), each with its attributes.

    Raises
    ------
    OutputError
        The file exists, or cannot be written.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.view import View
    >>> graph = ContactGraph(View(load_example(), "2026-11-01"), "c0001")
    >>> from_json(to_json(graph)).measures() == graph.measures()
    True

    """
    nodes = [{"id": _name(node)} | _in_json(about) for node, about in graph.nodes(data=True)]
    edges = [
        {"source": _name(tail), "target": _name(head), "key": number} | _in_json(said)
        for number, (tail, head, said) in enumerate(graph.edges(data=True))
    ]
    whole = {"directed": True, "multigraph": True, "graph": _in_json(graph.graph), "nodes": nodes, "edges": edges}
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    if path is not None:
        write_whole(path, lambda draft: write_text(draft, text))
    return text


def from_json(text: str) -> ContactGraph:
    """Read back what `to_json` wrote.

    Raises
    ------
    ArgumentError
        The text is not a contact graph.

    """
    try:
        whole = json.loads(text, parse_constant=_no_number)
        return _read(whole)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        raise ArgumentError(
            "The text is not a contact graph.",
            expected="JSON as earlywarn writes it: graph, nodes and edges, every edge between nodes of the graph",
            fix="write it anew with to_json",
        ) from None


def _read(whole: Said) -> ContactGraph:
    graph = ContactGraph()
    graph.graph.update(_from_json(whole["graph"]))
    for about in whole["nodes"]:
        node = _node(about["id"])
        _insist(about["kind"] == node[0] and set(about) >= {*ON_EVERY_NODE, *NODE_ATTRIBUTES.get(node[0], ())})
        graph.add_node(node, **_from_json(about, without=("id",)))
    for edge in whole["edges"]:
        said = _from_json(edge, without=("source", "target", "key"))
        ends = _node(edge["source"]), _node(edge["target"])
        _insist(set(said) >= {*ON_EVERY_EDGE, *EDGE_ATTRIBUTES[said["kind"]]})
        _insist(ends[0] in graph and ends[1] in graph and said["at"].tzinfo is None)
        graph.add_edge(*ends, key=edge_key(said), **said)
    _insist(graph.number_of_nodes() == len(whole["nodes"]) and graph.number_of_edges() == len(whole["edges"]))
    _insist(graph.child in graph and graph.as_of)
    return graph


def _insist(holds: object) -> None:
    if not holds:
        raise ValueError


def _no_number(_: str) -> NoReturn:
    raise ValueError


def _name(node: Node) -> str:
    return ":".join(node)


def _node(name: str) -> Node:
    kind, colon, rest = name.partition(":")
    _insist(bool(colon) and kind in NODE_KINDS)
    return (kind, rest)


def _in_json(said: Said) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in said.items()}


def _from_json(said: Said, without: Iterable[str] = ()) -> dict[str, Any]:
    return {name: _typed(name, value) for name, value in said.items() if name not in without}


def _typed(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _TIMES:
        return dt.datetime.fromisoformat(value)
    if name in _DAYS:
        return dt.date.fromisoformat(value)
    if name in _LISTS:
        return tuple(str(item) for item in value)
    _insist(isinstance(value, str | int | float))
    return value


def _plain(said: Said) -> dict[str, str | int]:
    """Attributes as GraphML can hold them; what is not known is left out."""
    texts = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in _in_json(said).items()}
    return {name: value for name, value in sorted(texts.items()) if value is not None}


def _refuse_control_characters(plain: nx.MultiDiGraph[str]) -> None:
    attributes = [plain.graph, *plain.nodes.values(), *(said for *_, said in plain.edges(data=True))]
    texts = [*plain.nodes, *(str(value) for said in attributes for value in said.values())]
    if any(_NOT_IN_XML.search(text) for text in texts):
        raise ArgumentError(
            "An id or an attribute holds a control character.",
            expected="text that XML can hold",
            fix="write JSON instead",
        )
