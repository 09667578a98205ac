"""What a contact graph is made of: its kinds of nodes and edges, and how the records of one child become them."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from earlywarn.history.days import midnight
from earlywarn.records.codes import ADULT_ROLES, AGENCIES, CONFERRING_EXTENTS, KINDS, ROLES, label

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from earlywarn.history.graph import ContactGraph
    from earlywarn.history.view import View

Node: TypeAlias = tuple[str, str]
Row: TypeAlias = dict[str, Any]

NODE_KINDS: tuple[str, ...] = (
    "child",
    "agency",
    "organisation",
    "team",
    "worker",
    "person",
    "household",
    "place",
)
ON_EVERY_NODE: tuple[str, ...] = ("kind", "label", "first_at", "last_at")
NODE_ATTRIBUTES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "agency": ("sector", "organisation", "records", "told"),
        "person": ("roles", "adult", "around"),
    }
)
ON_EVERY_EDGE: tuple[str, ...] = ("kind", "record_id", "at")
EDGE_ATTRIBUTES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "contact": ("what", "held_by", "ahead", "handling"),
        "raised_with": (),
        "shared": ("decision", "extent"),
        "not_told": ("decision", "extent"),
        "works_for": ("raised_by",),
        "in_team": (),
        "part_of": (),
        "at_place": (),
        "relation": ("role", "valid_from", "valid_to", "ended"),
        "lives_in": ("valid_from", "valid_to", "ended"),
    }
)
"""What an edge of each kind says beside what every edge says; its keys are the kinds of edges, in their order."""
EDGE_KINDS: tuple[str, ...] = tuple(EDGE_ATTRIBUTES)

HOUSEHOLD_ROLES: tuple[str, ...] = (
    "mother",
    "father",
    "parent",
    "step_parent",
    "carer",
    "foster_carer",
    "sibling",
    "adult_in_household",
    "child_in_household",
)
"""Roles that say "in the household": those who bring the child up, siblings, and who is said to live there. A parent's
partner, a grandparent, another relative and a visitor are *around* the child, unless some record says otherwise."""

_KEYED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "shared": ("at", "decision", "extent"),
        "not_told": ("at", "decision", "extent"),
        "relation": ("role", "valid_from", "valid_to"),
        "lives_in": ("valid_from", "valid_to"),
    }
)
"""What tells apart two edges of one kind, between the same nodes, from the same record."""


def edge_key(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return an edge's key: its kind, its record, and what else tells it apart, all as text.

    Examples
    --------
    >>> edge_key({"kind": "contact", "record_id": "r1"})
    ('contact', 'r1')

    """
    more = (said[name] for name in _KEYED_BY.get(said["kind"], ()))
    return (said["kind"], said["record_id"], *("" if value is None else str(value) for value in more))


def fill(graph: ContactGraph, view: View, child_id: str) -> None:
    """Lay the records of one child into an empty graph, oldest first.

    Raises
    ------
    ArgumentError
        The view holds no record of that child.

    """
    contacts = _oldest_first(view.frames["contacts"].filter(pl.col("child_id") == child_id))
    if contacts.is_empty():
        raise view.no_such_child()
    child: Node = ("child", child_id)
    graph.add_node(child, kind="child", label="the child")
    for record in contacts.iter_rows(named=True):
        _add_record(graph, child, record, ahead_from=midnight(view.day))
    for act in _acts(view, contacts):
        _add_act(graph, act)
    for person in _carried(view, "people", contacts, "at", "record_id", "person_id", "role", "valid_from", "valid_to"):
        node = _node(graph, "person", person["person_id"])
        _tie(graph, node, child, "relation", person, role=person["role"], **_span(person, view.day))
    for stay in _carried(view, "households", contacts, "at", "record_id", "household_id", "valid_from", "valid_to"):
        _tie(graph, child, _node(graph, "household", stay["household_id"]), "lives_in", stay, **_span(stay, view.day))
    for fact in _carried(view, "facts", contacts, "at", "record_id", "value"):
        if fact["key"] == "team":
            _add_team(graph, fact)
    describe(graph)


def _oldest_first(contacts: pl.DataFrame) -> pl.DataFrame:
    return contacts.with_columns(at=pl.coalesce("occurred_at", "known_at")).sort("at", "record_id")


def _carried(view: View, table: str, contacts: pl.DataFrame, *order: str) -> Iterable[Row]:
    """Rows of a table with the time, holder and worker of the record that carries them, in order of columns."""
    carriers = contacts.select("record_id", "at", "held_by", "worker_id")
    return view.frames[table].join(carriers, on="record_id").sort(*order).iter_rows(named=True)


def _acts(view: View, contacts: pl.DataFrame) -> Iterable[Row]:
    """Acts of sharing of these records, in order; the teller is who held the record that was told."""
    mine = view.acts.join(contacts.select("record_id"), on="record_id", how="semi")
    return mine.sort("shared_at", "record_id", "to_agency", "decision", "extent", "teller").iter_rows(named=True)


def _node(graph: ContactGraph, kind: str, name: str) -> Node:
    node = (kind, name)
    if node not in graph:
        graph.add_node(node, kind=kind, label=kind)
    return node


def _agency(graph: ContactGraph, code: str) -> Node:
    node = ("agency", code)
    if node not in graph:
        agency = AGENCIES[code]
        graph.add_node(node, kind="agency", label=agency.label, sector=agency.sector, organisation=agency.organisation)
    return node


def _tie(graph: ContactGraph, tail: Node, head: Node, kind: str, row: Row, **more: Any) -> None:
    said = {"kind": kind, "record_id": row["record_id"], "at": row["at"], **more}
    graph.add_edge(tail, head, key=edge_key(said), **said)


def _span(row: Row, day: dt.date) -> Row:
    over = row["valid_to"] is not None and row["valid_to"] < day
    return {"valid_from": row["valid_from"], "valid_to": row["valid_to"], "ended": over}


def _add_record(graph: ContactGraph, child: Node, record: Row, *, ahead_from: dt.datetime) -> None:
    agency = _agency(graph, record["agency"])
    ahead = record["occurred_at"] is not None and record["occurred_at"] >= ahead_from
    what = {"what": label(record["kind"], KINDS), "held_by": record["held_by"], "ahead": ahead}
    _tie(graph, agency, child, "contact", record, **what, handling=record["handling"])
    holder = _agency(graph, record["held_by"])
    if holder != agency:
        _tie(graph, agency, holder, "raised_with", record)
    if record["worker_id"]:
        worker = _node(graph, "worker", record["worker_id"])
        _tie(graph, worker, holder, "works_for", record, raised_by=record["agency"])
    if record["org_id"]:
        _tie(graph, _node(graph, "organisation", record["org_id"]), agency, "part_of", record)
    if record["place_id"]:
        _tie(graph, _node(graph, "place", record["place_id"]), child, "at_place", record)


def _add_act(graph: ContactGraph, act: Row) -> None:
    """Add an act of sharing; one that tells nobody what the record says is an edge of its own kind."""
    conferred = act["decision"] == "shared" and act["extent"] in CONFERRING_EXTENTS
    teller, told = _agency(graph, act["teller"]), _agency(graph, act["to_agency"])
    row = {"record_id": act["record_id"], "at": act["shared_at"]}
    kind = "shared" if conferred else "not_told"
    _tie(graph, teller, told, kind, row, decision=act["decision"], extent=act["extent"])


def _add_team(graph: ContactGraph, fact: Row) -> None:
    team = _node(graph, "team", f"{fact['held_by']}:{fact['value']}")
    _tie(graph, team, ("agency", fact["held_by"]), "part_of", fact)
    if fact["worker_id"]:
        _tie(graph, ("worker", fact["worker_id"]), team, "in_team", fact)


def describe(graph: ContactGraph) -> None:
    """Write on every node what the edges of this graph say of it."""
    dates: dict[Node, list[dt.datetime]] = defaultdict(list)
    records: dict[Node, set[str]] = defaultdict(set)
    told: dict[Node, set[str]] = defaultdict(set)
    roles: dict[Node, set[str]] = defaultdict(set)
    for tail, head, said in graph.edges(data=True):
        dates[tail].append(said["at"])
        dates[head].append(said["at"])
        if said["kind"] == "contact":
            records[tail].add(said["record_id"])
            records["agency", said["held_by"]].add(said["record_id"])
        elif said["kind"] == "shared":
            told[head].add(said["record_id"])
        elif said["kind"] == "relation":
            roles[tail].add(said["role"])
    for node, about in graph.nodes(data=True):
        about["first_at"], about["last_at"] = min(dates[node], default=None), max(dates[node], default=None)
        if about["kind"] == "agency":
            about["records"], about["told"] = len(records[node]), len(told[node])
        if about["kind"] == "person":
            about.update(_person(roles[node]))


def _person(named: set[str]) -> Row:
    """Say who a person is to the child, by every role that the records give, in the order of the code list."""
    roles = tuple(role for role in ROLES if role in named)
    stated = [role for role in roles if role != "unknown"] or roles
    return {
        "label": " or ".join(label(role, ROLES) for role in stated),
        "roles": roles,
        "adult": not named.isdisjoint(ADULT_ROLES),
        "around": "around" if named.isdisjoint(HOUSEHOLD_ROLES) else "household",
    }
