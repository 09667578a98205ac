"""Children linked through what their records share: never as pairs, never through what is shielded."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from itertools import combinations

import networkx as nx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.errors import ArgumentError
from earlywarn.history.view import View
from earlywarn.history.wider import MOST, WiderGraph, wider_graph
from earlywarn.records.codes import ROLES
from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Records
from tests.changes import shuffled
from tests.strategies import AS_OF, tables, to_frames
from tests.unit.history.test_view import NOON, record, records, told

DAY = "2026-04-01"


def of_child(child: str, agency: str = "police", **more) -> dict:
    """A record of a child, by the child's name."""
    return record(f"{child}-{agency}", agency, child_id=child, **more)


def adult(child: str, person: str, agency: str = "police", role: str = "partner", **more) -> dict:
    return dict(child_id=child, person_id=person, role=role, record_id=f"{child}-{agency}", **more)


def lives(child: str, household: str, agency: str = "police", **more) -> dict:
    return dict(child_id=child, household_id=household, record_id=f"{child}-{agency}", **more)


def wider(of: Records, day: str = DAY, viewer: str = "pooled", **more) -> WiderGraph:
    return wider_graph(View(of, day, viewer), **more)


def reached(graph: WiderGraph, child: str, steps: int = 1) -> dict[str, tuple[int, tuple[str, ...]]]:
    found = graph.around(child, steps).iter_rows(named=True)
    return {row["child_id"]: (row["steps"], tuple(row["through"])) for row in found}


# --- what links ---------------------------------------------------------------------------------------------------


def test_an_adult_a_household_and_a_place_link():
    of = records(
        of_child("c1", place_id="flat"),
        of_child("c2", "gp", place_id="flat"),
        of_child("c3", "school"),
        of_child("c4", "camhs"),
        people=[adult("c1", "p"), adult("c3", "p", "school", "father")],
        households=[lives("c1", "h"), lives("c4", "h", "camhs"), lives("c3", "other", "school")],
    )
    assert reached(wider(of), "c1") == {"c2": (1, ("place",)), "c3": (1, ("person",)), "c4": (1, ("household",))}
    assert reached(wider(of, through=["place"]), "c1") == {"c2": (1, ("place",))}
    assert reached(wider(of), "c2") == {"c1": (1, ("place",))}


def test_only_those_whose_role_is_an_adults_link():
    for role, links in [("sibling", False), ("unknown", False), ("other", False), ("grandparent", True)]:
        people = [adult("c1", "p"), adult("c2", "p", "gp", role)]
        of = records(of_child("c1"), of_child("c2", "gp"), people=people)
        assert bool(reached(wider(of), "c1")) is links, role


def test_a_person_a_household_and_a_place_of_one_id_are_three():
    of = records(
        of_child("c1", place_id="x"),
        of_child("c2", "gp"),
        of_child("c3", "school"),
        people=[adult("c2", "x", "gp")],
        households=[lives("c3", "x", "school")],
    )
    assert wider(of).ties.is_empty()


def test_a_tie_says_how_many_records_and_from_when_to_when():
    of = records(
        of_child("c1", place_id="x"),
        record("again", "gp", 9, child_id="c1", place_id="x", occurred_at=NOON - dt.timedelta(days=30)),
        of_child("c2", "school", place_id="x"),
    )
    first, second = wider(of).ties.iter_rows(named=True)
    assert (first["child_id"], first["records"], first["first_at"], first["last_at"]) == (
        "c1",
        2,
        NOON - dt.timedelta(days=30),
        NOON,
    )
    assert (second["child_id"], second["records"], second["kind"], second["hub"]) == ("c2", 1, "place", "x")


def test_ties_with_an_adult_that_have_ended_still_link_and_say_so():
    over = dict(valid_to=dt.date(2026, 3, 5))
    of = records(
        of_child("c1"),
        record("newer", "gp", 5, child_id="c1"),
        of_child("c2", "school"),
        people=[adult("c1", "p"), adult("c2", "p", "school"), adult("c1", "p") | over | dict(record_id="newer")],
    )
    graph = wider(of)
    assert dict(graph.ties.select("child_id", "ended").rows()) == {"c1": True, "c2": False}
    assert graph.around("c1").select("child_id", "ended").rows() == [("c2", True)]
    assert graph.around("c2").select("child_id", "ended").rows() == [("c1", True)]
    assert not wider(of, "2026-03-05").ties["ended"].any()


def test_a_way_that_lasts_beside_one_that_has_ended_lasts():
    over = dict(valid_to=dt.date(2026, 3, 5))
    of = records(
        of_child("c1", place_id="x"),
        of_child("c2", "gp", place_id="x"),
        people=[adult("c1", "p", **over), adult("c2", "p", "gp", **over)],
    )
    assert wider(of).around("c1").select("hubs", "ended").rows() == [(2, False)]
    assert wider(of, through=["person"]).around("c1").select("hubs", "ended").rows() == [(1, True)]


# --- how far ------------------------------------------------------------------------------------------------------


def test_a_chain_is_followed_as_many_steps_as_asked():
    households = [lives("c1", "a"), lives("c2", "a"), lives("c3", "b"), lives("c4", "c")]
    people = [adult("c2", "p"), adult("c3", "p"), adult("c3", "q"), adult("c4", "q")]
    of = records(*map(of_child, ("c1", "c2", "c3", "c4")), households=households, people=people)
    graph = wider(of)
    assert reached(graph, "c1") == {"c2": (1, ("household",))}
    assert reached(graph, "c1", 2) == {"c2": (1, ("household",)), "c3": (2, ("person",))}
    assert reached(graph, "c1", 9) == reached(graph, "c1", 2) | {"c4": (3, ("person",))}
    assert reached(graph, "c3", 9) == {"c2": (1, ("person",)), "c4": (1, ("person",)), "c1": (2, ("household",))}
    assert graph.components().rows() == [(4, 3)]


def test_a_child_that_shares_nothing_is_reached_by_nobody_and_one_not_in_the_view_is_refused():
    of = records(of_child("c1"), of_child("c2", "gp"))
    graph = wider(of, viewer="gp")
    assert graph.around("c2", 5).is_empty()
    assert graph.children.to_list() == ["c2"]
    for absent in ("c1", "nobody"):
        with pytest.raises(ArgumentError, match="no record of this child"):
            graph.around(absent)


def test_a_further_step_lasts_if_it_lasts_from_any_child_of_the_last_one():
    over = dict(valid_to=dt.date(2026, 3, 5))
    of = records(
        *map(of_child, ("c1", "c2", "c3", "c4")),
        households=[lives("c1", "h"), lives("c2", "h"), lives("c3", "h")],
        people=[adult("c2", "p", **over), adult("c3", "p"), adult("c4", "p")],
    )
    assert wider(of).around("c1", 2).select("child_id", "steps", "ended").rows() == [
        ("c2", 1, False),
        ("c3", 1, False),
        ("c4", 2, False),
    ]


# --- caps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("children", "followed"), [(MOST - 1, True), (MOST, True), (MOST + 1, False)])
def test_a_hub_is_followed_up_to_the_cap(children, followed):
    graph = wider(hostel(children))
    assert len(reached(graph, "c0")) == (children - 1 if followed else 0)
    assert graph.ties.height == (children if followed else 0)
    assert graph.capped.rows() == ([] if followed else [("place", "hostel", children)])


def hostel(children: int) -> Records:
    """Children whose records name one place."""
    contacts = pl.DataFrame({"n": range(children)}).select(
        **{name: pl.lit(None, dtype) for name, dtype in RECORD_TABLES["contacts"].schema.items()}
        | {name: pl.lit(value) for name, value in record("", "police", place_id="hostel").items()}
        | {"record_id": pl.format("r{}", "n"), "child_id": pl.format("c{}", "n")}
    )
    return Records({"contacts": contacts.cast(dict(RECORD_TABLES["contacts"].schema))})


def test_ten_thousand_children_of_one_place_are_ten_thousand_rows():
    of = hostel(10_000)
    capped = wider(of)
    assert (capped.ties.height, capped.capped["children"].to_list()) == (0, [10_000])
    followed = wider(of, most=10_000)
    assert followed.ties.height == 10_000
    assert followed.around("c7").height == 9_999
    assert followed.around("c7", 9)["steps"].unique().to_list() == [1]
    assert followed.components().rows() == [(10_000, 1)]
    assert followed.pairs().head(5).collect().height == 5


def test_pairs_are_those_of_hubs_that_are_followed():
    both = hostel(14).frames["contacts"]
    flat = records(*(record(f"x{n}", "gp", child_id=f"c{n}", place_id="flat") for n in range(3)))
    of = Records({"contacts": pl.concat([both, flat.frames["contacts"]])})
    pairs = wider(of).pairs()
    assert isinstance(pairs, pl.LazyFrame)
    found = pairs.collect()
    assert sorted(found.select("child_id", "other_id").rows()) == [("c0", "c1"), ("c0", "c2"), ("c1", "c2")]
    assert set(found["hub"]) == {"flat"}


# --- shielded -----------------------------------------------------------------------------------------------------


def refuge(**shielded) -> Records:
    """Two children with an adult, a household and a place in common; a third record that names all three."""
    return records(
        of_child("c1", place_id="x"),
        of_child("c2", "gp", place_id="x"),
        of_child("c3", "housing", **shielded),
        people=[adult("c1", "p"), adult("c2", "p", "gp"), adult("c3", "p", "housing", "unknown")],
        households=[lives("c1", "h"), lives("c2", "h", "gp"), lives("c3", "h", "housing")],
    )


def test_what_another_record_shields_links_nobody():
    open_one = wider(refuge(place_id="x"))
    assert reached(open_one, "c1")["c2"] == (1, ("household", "person", "place"))
    graph = wider(refuge(place_id="x", handling="shielded"))
    assert graph.ties.is_empty()
    assert graph.capped.is_empty()
    assert graph.shielded == 3
    assert "x" not in repr(graph).split()


def test_what_a_restricted_record_names_links():
    assert wider(refuge(place_id="x", handling="restricted")).shielded == 0


def test_shielded_by_a_record_that_the_viewer_does_not_know():
    graph = wider(refuge(handling="shielded"), viewer="gp+police")
    assert graph.shielded == 2
    assert reached(graph, "c1") == {"c2": (1, ("place",))}


def test_shielded_from_the_day_after_it_was_known_and_for_good():
    of = refuge(handling="shielded", known_at=dt.datetime(2026, 3, 20))
    assert [wider(of, day).shielded for day in ("2026-03-20", "2026-03-21", "2027-01-01")] == [0, 2, 2]


def test_a_shielded_hub_is_never_listed_as_capped():
    shielded = record("s", "housing", child_id="c1", place_id="hostel", handling="shielded").items()
    contacts = hostel(20).frames["contacts"]
    one = pl.DataFrame([dict(shielded)], schema=RECORD_TABLES["contacts"].schema)
    graph = wider(Records({"contacts": pl.concat([contacts, one])}))
    assert (graph.shielded, graph.capped.height, graph.ties.height) == (1, 0, 0)


@pytest.mark.parametrize("marked", ["old", "new"])
def test_every_version_of_a_shielded_record_is_shielded(marked):
    of = records(
        of_child("c1", place_id="x"),
        of_child("c2", "gp", place_id="x"),
        of_child("c4", "school", place_id="y"),
        of_child("c5", "camhs", place_id="y"),
        record("old", "housing", 1, child_id="c3", place_id="x", handling="shielded" if marked == "old" else None),
        record("new", "housing", 2, child_id="c3", place_id="y", handling="shielded" if marked == "new" else None)
        | {"follows": "old"},
    )
    assert wider(of).shielded == 2
    assert wider(of).ties.is_empty()
    assert wider(of, "2026-03-03").shielded == (marked == "old")


def test_a_shielded_record_that_was_taken_back_still_shields():
    gone = record("gone", "housing", 3, child_id="c3", kind="withdrawal", follows="c3-housing")
    of = refuge(place_id="x", handling="shielded")
    with_it = Records({**of.frames, "contacts": pl.concat([of.frames["contacts"], records(gone).frames["contacts"]])})
    assert wider(with_it).shielded == 3


@pytest.mark.parametrize("other", ["o", "q"])
def test_an_adult_shielded_under_another_id_is_shielded(other):
    link = dict(child_id="p", same_as=other, known_at=dt.datetime(2026, 3, 20), method="number", subject="person")
    of = records(
        of_child("c1"),
        of_child("c2", "gp"),
        of_child("c3", "housing", handling="shielded"),
        people=[adult("c1", "p"), adult("c2", "p", "gp"), adult("c3", other, "housing")],
        links=[link],
    )
    assert reached(wider(of, "2026-03-20"), "c1") == {"c2": (1, ("person",))}
    assert wider(of, "2026-03-21").shielded == 1
    assert reached(wider(of, "2026-03-21"), "c1") == {}


# --- ids, days, order ---------------------------------------------------------------------------------------------


def test_two_ids_of_one_adult_link_once_that_is_known():
    link = dict(child_id="p1", same_as="p2", known_at=dt.datetime(2026, 3, 20), method="number", subject="person")
    of = records(
        of_child("c1"), of_child("c2", "gp"), people=[adult("c1", "p1"), adult("c2", "p2", "gp")], links=[link]
    )
    assert reached(wider(of, "2026-03-20"), "c1") == {}
    assert reached(wider(of, "2026-03-21"), "c1") == {"c2": (1, ("person",))}


def test_two_ids_of_one_child_are_not_two_linked_children():
    link = dict(child_id="c1", same_as="c2", known_at=dt.datetime(2026, 3, 20), method="number")
    of = records(of_child("c1", place_id="x"), of_child("c2", "gp", place_id="x"), links=[link])
    assert reached(wider(of, "2026-03-20"), "c1") == {"c2": (1, ("place",))}
    assert wider(of, "2026-03-21").ties.is_empty()
    assert wider(of, "2026-03-21").around("c2").is_empty()


def test_a_viewer_links_what_it_knows():
    of = records(
        of_child("c1", place_id="x"),
        of_child("c2", "gp", place_id="x"),
        of_child("c3", "school", place_id="x"),
        sharing=[told("c2-gp", "police", 4)],
    )
    assert set(reached(wider(of, viewer="police"), "c1")) == {"c2"}
    assert set(reached(wider(of), "c1")) == {"c2", "c3"}


def test_a_later_record_changes_nothing():
    of = refuge(place_id="x")
    later = dict(known_at=dt.datetime(2026, 4, 1), place_id="x")
    more = [of_child("c9", "school", **later), of_child("c8", "camhs", handling="shielded", **later)]
    added = records(*more, people=[adult("c9", "p", "school")])
    frames = {name: pl.concat([frame, added.frames[name]]) for name, frame in of.frames.items()}
    assert everything(wider(Records(frames))) == everything(wider(of))
    assert everything(wider(Records(frames), "2026-04-02")) != everything(wider(of, "2026-04-02"))


def everything(graph: WiderGraph) -> tuple:
    around = [graph.around(child, 3).rows() for child in graph.children[:9]]
    return graph.ties.rows(), graph.capped.rows(), graph.shielded, graph.components().rows(), around, repr(graph)


def test_the_order_of_rows_does_not_matter(example):
    some = example.only([f"c{n:04}" for n in range(1, 40)])
    as_is, other = (wider(of, "2026-11-01", most=3) for of in (some, shuffled(some, 1)))
    assert as_is.capped.height > 0
    assert everything(other) == everything(as_is)


@st.composite
def drawn_records(draw):
    """Records of some children who share people, households and places, some of them shielded."""
    drawn = draw(tables(max_children=6, max_records=20))
    some = {
        "place_id": st.sampled_from((None, "x", "y", "z", "z")),
        "handling": st.sampled_from((None, None, None, None, "open", "restricted", "shielded")),
    }
    drawn["contacts"] = [row | {c: draw(value) for c, value in some.items()} for row in drawn["contacts"]]
    return records_from_frames(to_frames(drawn))


@settings(max_examples=20)
@given(drawn_records(), st.sampled_from((2, 3, 4)), st.sampled_from(("pooled", "social_care")))
def test_drawn_children_are_linked_as_a_plain_loop_links_them(of, most, viewer):
    assert_equal_to_loops(of, most, viewer)


@pytest.mark.slow
@settings(max_examples=200, derandomize=False)
@given(drawn_records(), st.sampled_from((2, 3, 4)), st.sampled_from(("pooled", "social_care")))
def test_drawn_children_are_linked_as_a_plain_loop_links_them_at_length(of, most, viewer):
    assert_equal_to_loops(of, most, viewer)


def assert_equal_to_loops(of: Records, most: int, viewer: str) -> None:
    view = View(of, AS_OF, viewer)
    ties, capped, shielded = by_loops(view, most)
    graph = wider_graph(view, most=most)
    assert set(graph.ties.select("child_id", "kind", "hub").rows()) == ties
    assert {(kind, hub): n for kind, hub, n in graph.capped.rows()} == capped
    assert graph.shielded == shielded
    pairs = set(graph.pairs().select("child_id", "other_id").collect().rows())
    hubs = defaultdict(list)
    for child, kind, hub in sorted(ties):
        hubs[kind, hub].append(child)
    assert pairs == {pair for children in hubs.values() for pair in combinations(children, 2)}


def by_loops(view: View, most: int) -> tuple[set, dict, int]:
    """Ties, capped hubs and the number of shielded ones, from the definition."""
    named = defaultdict(set)
    for row in view.frames["people"].iter_rows(named=True):
        if ROLES[row["role"]].adult:
            named["person", row["person_id"]].add(row["child_id"])
    for row in view.frames["households"].iter_rows(named=True):
        named["household", row["household_id"]].add(row["child_id"])
    for row in view.frames["contacts"].iter_rows(named=True):
        if row["place_id"]:
            named["place", row["place_id"]].add(row["child_id"])
    secret = shielded_by_loops(view.records)
    free = {hub: children for hub, children in named.items() if hub not in secret}
    ties = {(child, *hub) for hub, children in free.items() for child in children if 2 <= len(children) <= most}
    capped = {hub: len(children) for hub, children in free.items() if len(children) > most}
    return ties, capped, len(set(named) & secret)


def shielded_by_loops(of: Records) -> set[tuple[str, str]]:
    midnight = dt.datetime.combine(AS_OF, dt.time())
    contacts = {r["record_id"]: r for r in of.frames["contacts"].iter_rows(named=True) if r["known_at"] < midnight}
    versions = nx.Graph()
    versions.add_nodes_from(contacts)
    versions.add_edges_from(
        (r["record_id"], r["follows"])
        for r in contacts.values()
        if r["follows"] in contacts and r["kind"] != "conclusion"
    )
    secret = set()
    for part in nx.connected_components(versions):
        if any(contacts[name]["handling"] == "shielded" for name in part):
            secret |= part
    found = {("place", contacts[name]["place_id"]) for name in secret}
    for kind, table in (("person", "people"), ("household", "households")):
        rows = of.frames[table].iter_rows(named=True)
        found |= {(kind, row[f"{kind}_id"]) for row in rows if row["record_id"] in secret}
    return found


def test_parts_and_steps_are_those_of_networkx(example):
    wide = wider(example, "2026-11-01")
    graph = wide.to_networkx()
    assert graph.number_of_edges() == wide.ties.height
    parts = nx.connected_components(graph)
    sizes = Counter((sum(k == "child" for k, _ in part), sum(k != "child" for k, _ in part)) for part in parts)
    assert Counter(wide.components().rows()) == sizes
    for child in wide.ties["child_id"].unique().sort().to_list()[:10]:
        near = nx.single_source_shortest_path_length(graph, ("child", child), cutoff=6)
        want = {name: steps // 2 for (kind, name), steps in near.items() if kind == "child" and steps}
        assert {name: steps for name, (steps, _) in reached(wide, child, 3).items()} == want


def test_too_large_for_networkx_is_refused(example):
    with pytest.raises(ArgumentError, match="ties"):
        wider(example, "2026-11-01").to_networkx(most_ties=10)


# --- arguments and words ------------------------------------------------------------------------------------------


def test_what_it_says_of_itself():
    of = records(
        of_child("c1", place_id="x"),
        of_child("c2", "gp", place_id="x"),
        of_child("c3", "school"),
        people=[adult("c1", "p"), adult("c2", "p", "gp")],
    )
    assert repr(wider(of)) == (
        "WiderGraph as of 2026-04-01, by pooled: 2 of 3 children linked, through 1 adult, 1 place; 0 hubs with more "
        "than 12 children not followed; 0 shielded, through which nobody is linked. To be linked says nothing about "
        "a child."
    )


def test_records_of_nobody_link_nobody():
    graph = wider(records())
    assert graph.ties.is_empty()
    assert graph.components().is_empty()
    assert graph.to_networkx().number_of_nodes() == 0
    assert "0 of 0 children linked, through nothing" in repr(graph)


@pytest.mark.parametrize("more", [{"through": []}, {"through": ["people"]}, {"most": 1}, {"most": 2.5}])
def test_arguments_that_cannot_be_meant_are_refused(more):
    with pytest.raises(ArgumentError):
        wider(records(of_child("c1")), **more)


def test_no_step_is_refused():
    with pytest.raises(ArgumentError, match="steps"):
        wider(records(of_child("c1"))).around("c1", 0)
