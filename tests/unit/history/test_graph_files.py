"""Contact graphs as files: read back they are the same, and nothing half is left."""

from __future__ import annotations

import datetime as dt
import json

import networkx as nx
import pytest
from lxml import etree

from earlywarn.errors import ArgumentError, OutputError
from earlywarn.history.graph import ContactGraph
from earlywarn.history.graph_files import from_json, to_graphml, to_json
from earlywarn.history.view import View
from tests.changes import shuffled
from tests.unit.history.test_graph_parts import DAY, everything, graph_of, person
from tests.unit.history.test_view import record

HOSTILE = "<&\"'>:]]>ä\N{SNOWMAN}"


@pytest.fixture(scope="module")
def graph():
    return ContactGraph(View(everything(), DAY), "c1")


def read_xml(path):
    """Read with a parser that follows no entity and no address."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    tree = etree.fromstring(path.read_bytes(), parser)
    names = {key.get("id"): (key.get("attr.name"), key.get("attr.type")) for key in tree.iterfind("{*}key")}

    def said(element) -> dict:
        return {names[data.get("key")][0]: data.text for data in element.iterfind("{*}data")}

    [whole] = tree.iterfind("{*}graph")
    nodes = {node.get("id"): said(node) for node in whole.iterfind("{*}node")}
    edges = [(e.get("id"), e.get("source"), e.get("target"), said(e)) for e in whole.iterfind("{*}edge")]
    return set(names.values()), said(whole), nodes, edges


def test_json_read_back_is_the_same_graph(graph):
    again = from_json(to_json(graph))
    assert isinstance(again, ContactGraph)
    assert nx.utils.graphs_equal(again, graph)
    assert list(again.edges(keys=True, data=True)) == list(graph.edges(keys=True, data=True))
    assert list(again.nodes(data=True)) == list(graph.nodes(data=True))
    assert again.graph == graph.graph
    assert (again.measures(), repr(again)) == (graph.measures(), repr(graph))
    assert to_json(again) == to_json(graph)


def test_a_slice_read_back_is_the_same_slice(graph):
    part = graph.between("2026-03-02", None)
    again = from_json(to_json(part))
    assert nx.utils.graphs_equal(again, part)
    assert again.graph["first"] == dt.date(2026, 3, 2)


def test_the_same_records_give_the_same_text(graph):
    for seed in range(3):
        assert to_json(ContactGraph(View(shuffled(everything(), seed), DAY), "c1")) == to_json(graph)


def test_json_is_plain_and_in_order(graph):
    text = to_json(graph)

    def ordered(pairs):
        assert [name for name, _ in pairs] == sorted(name for name, _ in pairs)
        return dict(pairs)

    whole = json.loads(text, object_pairs_hook=ordered, parse_constant=pytest.fail)
    assert whole["graph"]["as_of"] == DAY
    assert {"id": "team:social_care:North", "kind": "team"}.items() <= next(
        node for node in whole["nodes"] if node["id"] == "team:social_care:North"
    ).items()
    assert text.endswith("}\n")


def test_networkx_reads_the_json_too(graph):
    plain = nx.node_link_graph(json.loads(to_json(graph)), edges="edges")
    assert plain.is_multigraph()
    assert (plain.number_of_nodes(), plain.number_of_edges()) == (len(graph), graph.number_of_edges())
    assert plain.nodes["worker:w1"]["label"] == "worker"


def hostile() -> ContactGraph:
    made = record(HOSTILE, "gp", org_id=HOSTILE, worker_id=HOSTILE, place_id="2026-01-01")
    return graph_of(made, people=[person(HOSTILE, "mother", HOSTILE)])


def test_ids_that_look_like_something_else_come_back_as_they_were(tmp_path):
    made = hostile()
    assert nx.utils.graphs_equal(from_json(to_json(made)), made)
    to_graphml(made, tmp_path / "g.graphml")
    _, _, nodes, _ = read_xml(tmp_path / "g.graphml")
    assert set(nodes) == {":".join(node) for node in made}


def test_graphml_has_every_node_and_edge_with_plain_attributes(graph, tmp_path):
    to_graphml(graph, tmp_path / "g.graphml")
    names, whole, nodes, edges = read_xml(tmp_path / "g.graphml")
    assert {kind for _, kind in names} == {"string", "boolean", "long"}
    assert dict(names)["records"] == "long"
    assert dict(names)["at"] == "string"
    assert whole == {"child_id": "c1", "ids": "c1", "as_of": DAY, "viewer": "pooled"}
    assert set(nodes) == {":".join(node) for node in graph}
    assert nodes["person:p1"]["roles"] == "partner, adult_visitor"
    assert nodes["agency:family"]["organisation"] in {"false", "False"}
    assert len({number for number, *_ in edges}) == len(edges) == graph.number_of_edges()
    [act] = [said for *_, said in edges if said["kind"] == "shared"]
    assert act == dict(kind="shared", record_id="a", at="2026-03-04T12:00:00", decision="shared", extent="full")
    [lives] = [said for *_, said in edges if said["kind"] == "lives_in"]
    assert "valid_to" not in lives, "what is not known is left out"


def test_the_same_graph_gives_the_same_bytes(graph, tmp_path):
    to_graphml(graph, tmp_path / "a.graphml")
    to_graphml(from_json(to_json(graph)), tmp_path / "b.graphml")
    assert (tmp_path / "a.graphml").read_bytes() == (tmp_path / "b.graphml").read_bytes()


def test_what_xml_cannot_hold_is_refused_and_json_holds_it(tmp_path):
    made = graph_of(record("r\x01", "gp"))
    with pytest.raises(ArgumentError, match="control character"):
        to_graphml(made, tmp_path / "g.graphml")
    assert list(tmp_path.iterdir()) == []
    assert nx.utils.graphs_equal(from_json(to_json(made)), made)


def test_a_file_is_written_whole_and_never_over_another(graph, tmp_path):
    for name, write in (("g.json", lambda p: to_json(graph, p)), ("g.graphml", lambda p: to_graphml(graph, p))):
        write(tmp_path / name)
        before = (tmp_path / name).read_bytes()
        with pytest.raises(OutputError, match="exists"):
            write(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    assert (tmp_path / "g.json").read_text(encoding="utf-8") == to_json(graph)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.graphml", "g.json"]


def test_an_attribute_of_ones_own_is_kept_and_no_number_is_refused(graph):
    own = graph.copy()
    nx.set_node_attributes(own, 0.5, "weight")
    assert nx.utils.graphs_equal(from_json(to_json(own)), own)
    nx.set_node_attributes(own, float("nan"), "weight")
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(own)


def broken(graph, change) -> str:
    whole = json.loads(to_json(graph))
    change(whole)
    return json.dumps(whole)


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole.pop("nodes"),
        lambda whole: whole["nodes"].pop(),
        lambda whole: whole["nodes"].append(whole["nodes"][0]),
        lambda whole: whole["nodes"][0].update(id="nobody"),
        lambda whole: whole["nodes"][0].update(id="alien:x"),
        lambda whole: whole["nodes"][0].update(kind="agency"),
        lambda whole: whole["nodes"][1].pop("sector"),
        lambda whole: whole["edges"].append(whole["edges"][0]),
        lambda whole: whole["edges"][0].update(kind="owns"),
        lambda whole: whole["edges"][0].update(at=None),
        lambda whole: whole["edges"][0].update(at="2026-13-01T00:00:00"),
        lambda whole: whole["edges"][0].update(at="2026-03-01T00:00:00+01:00"),
        lambda whole: whole["edges"][0].update(source="worker:elsewhere"),
        lambda whole: whole["edges"][0].update(record_id=["r"]),
        lambda whole: whole["edges"][0].update(record_id=float("nan")),
        lambda whole: whole["edges"][0].pop("record_id"),
        lambda whole: whole["graph"].pop("as_of"),
        lambda whole: whole["graph"].update(child_id="c9"),
        lambda whole: whole.update(edges={"a": 1}),
    ],
)
def test_what_is_no_contact_graph_is_refused(graph, change):
    with pytest.raises(ArgumentError, match="not a contact graph"):
        from_json(broken(graph, change))


@pytest.mark.parametrize("text", ["", "[]", "3", "null", "{", "[" * 100_000, '{"graph": NaN}'])
def test_text_that_is_no_graph_at_all_is_refused(text):
    with pytest.raises(ArgumentError, match="not a contact graph"):
        from_json(text)
