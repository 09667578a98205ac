"""The contact graph of one child: who dealt with the child, who is in the child's life, who told whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import networkx as nx
import polars as pl

from earlywarn.records.codes import AGENCIES, CONFERRING_EXTENTS, KINDS, ROLES, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from earlywarn.history.view import View

    Graph: TypeAlias = nx.MultiDiGraph[tuple[str, str]]
else:
    Graph = nx.MultiDiGraph  # not subscriptable when run


class ContactGraph(Graph):
    """Everything one viewer knew of one child's contacts, as a dated `networkx.MultiDiGraph`.

    Nodes have ``kind`` (``child, agency, organisation, worker, person, place``), ``label`` and, for agencies,
    ``sector``. A node is a pair of kind and id, so that a person and a place with the same id stay two. Edges are
    keyed by what they are and which record says so, and have ``kind``:

    - ``contact``: agency → child, one a record; ``record_id``, ``at``, ``what`` (the record's kind), ``held_by``;
    - ``raised_with``: raising agency → holding agency, where they differ, one a record; ``record_id``, ``at``;
    - ``shared``: holding agency → agency told, one an act of sharing that conferred knowledge; ``record_id``, ``at``;
    - ``works_for``: worker → agency, one a record; ``record_id``, ``at``;
    - ``part_of``: organisation → agency, ``at_place``: place → child; ``record_id``, ``at``;
    - ``relation``: person → child; ``role``, ``record_id``, ``at``, ``ended``.

    Parameters
    ----------
    view : View
        What one viewer could see on one day.
    child_id : str
        The child.

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
        self.graph.update(child_id=child_id, as_of=view.day, viewer=view.viewer)
        held = {name: _of_child(view, name, child_id) for name in ("contacts", "sharing", "people")}
        if held["contacts"].is_empty():
            raise view.no_such_child()
        self._add("child", child_id, "the child")
        for record in held["contacts"].iter_rows(named=True):
            self._add_contact(record, child_id)
        for act in held["sharing"].join(held["contacts"], on="record_id", maintain_order="left").iter_rows(named=True):
            self._add_sharing(act)
        for person in held["people"].iter_rows(named=True):
            self._add_person(person, child_id)

    def _add(self, kind: str, name: str, text: str, **attributes: Any) -> tuple[str, str]:
        node = (kind, name)
        if node not in self:
            self.add_node(node, kind=kind, label=text, **attributes)
        return node

    def _add_agency(self, code: str) -> tuple[str, str]:
        return self._add("agency", code, label(code, AGENCIES), sector=AGENCIES[code].sector)

    def _tie(
        self, tail: tuple[str, str], head: tuple[str, str], kind: str, record: dict[str, Any], **more: Any
    ) -> None:
        said = {"kind": kind, "record_id": record["record_id"], "at": record["at"], **more}
        self.add_edge(tail, head, key=(kind, record["record_id"]), **said)

    def _add_contact(self, record: dict[str, Any], child_id: str) -> None:
        agency, child = self._add_agency(record["agency"]), ("child", child_id)
        self._tie(agency, child, "contact", record, what=label(record["kind"], KINDS), held_by=record["held_by"])
        holder = self._add_agency(record["held_by"])
        if holder != agency:
            self._tie(agency, holder, "raised_with", record)
        if record["worker_id"]:
            self._tie(self._add("worker", record["worker_id"], "worker"), holder, "works_for", record)
        if record["org_id"]:
            self._tie(self._add("organisation", record["org_id"], "organisation"), agency, "part_of", record)
        if record["place_id"]:
            self._tie(self._add("place", record["place_id"], "place"), child, "at_place", record)

    def _add_sharing(self, act: dict[str, Any]) -> None:
        teller, told = self._add_agency(act["held_by"]), self._add_agency(act["to_agency"])
        self.add_edge(
            teller,
            told,
            key=("shared", act["record_id"], act["shared_at"]),
            kind="shared",
            record_id=act["record_id"],
            at=act["shared_at"],
            extent=act["extent"],
        )

    def _add_person(self, person: dict[str, Any], child_id: str) -> None:
        role = label(person["role"], ROLES)
        node = self._add("person", person["person_id"], role)
        self._tie(node, ("child", child_id), "relation", person, role=person["role"], ended=person["ended"])

    def of_kind(self, kind: str) -> Iterator[tuple[str, str]]:
        """Nodes of one kind, in the order they first appear in the records."""
        return (node for node, attributes in self.nodes(data=True) if attributes["kind"] == kind)


def _of_child(view: View, table: str, child_id: str) -> pl.DataFrame:
    """Rows of one table of the view that are about the child, oldest first, with the carrying record's time."""
    look = view.lookback
    rows = look.spine.filter((pl.col("viewer") == view.viewer) & (pl.col("child_id") == child_id))["row"]
    frame = {"contacts": look.records, "sharing": look.sharing, "people": look.people}[table]
    own = frame.filter(pl.col("row").is_in(rows.implode())).rename({"time": "at"})
    if table == "sharing":
        conferring = (pl.col("decision") == "shared") & pl.col("extent").is_in(CONFERRING_EXTENTS)
        return (
            own.filter(conferring)
            .select("record_id", "to_agency", "shared_at", "extent")
            .sort("shared_at", "record_id", "to_agency")
        )
    return own.sort("at", "record_id", *(["person_id", "role"] if table == "people" else []))
