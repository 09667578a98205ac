"""Ids found out to be one child, person or household: from when, for whom, and by which id it then goes."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from earlywarn.history.lookback import look_back
from earlywarn.history.view import View
from tests.unit.history.test_knowledge import DAY, MIDNIGHT, carrying, day, link, shown
from tests.unit.history.test_view import ids, record, records, told


def two_children(*links: dict, **more):
    """A child the police have known longest as c2, and the GP as c1."""
    return records(record("r", "gp", 5), record("s", "police", 2, child_id="c2"), links=list(links), **more)


def test_before_a_link_is_found_out_there_are_two_children_and_after_it_one():
    of = two_children(link("c1", "c2", day(10)))
    assert View(of, "2026-03-11").children == ["c1", "c2"]
    after = View(of, "2026-03-12")
    assert after.children == ["c2"], "the id longest in the records"
    assert after.ids("c1") == after.ids("c2") == ("c2", "c1")
    assert after.ids("c7") == ("c7",)
    assert set(after.only(["c1"]).frames["contacts"]["record_id"]) == {"r", "s"}, "asked for by either id"


def test_a_link_holds_for_every_viewer_and_tells_none_of_a_record():
    of = two_children(link("c1", "c2"))
    assert ids(of, DAY, "gp") == {"r"}
    assert shown(of, "contacts", "child_id", viewer="gp") == ["c2"], "the id the police gave, and no record of theirs"


def test_links_join_whatever_hangs_together_whichever_way_they_point():
    of = records(
        record("r", "gp", 5),
        record("s", "police", 2, child_id="c2"),
        record("t", "school", 1, child_id="c4"),
        links=[link("c1", "c3"), link("c2", "c3", subject="child"), link("c4", "c2", MIDNIGHT)],
    )
    view = View(of, DAY)
    assert view.children == ["c2", "c4"]
    assert set(view.ids("c3")) == {"c1", "c2", "c3"}
    assert view.ids("c3")[0] == "c2", "an id without any record comes after those that have one"
    assert View(of, "2026-04-02").children == ["c4"]


def test_of_ids_known_from_the_same_moment_the_smallest_stands():
    of = records(record("r", "gp", child_id="c9"), record("s", "police", child_id="c10"), links=[link("c9", "c10")])
    assert View(of, DAY).children == ["c10"], "as text"


def test_the_id_a_child_goes_by_does_not_change_with_who_looks_nor_with_what_was_taken_back():
    taken_back = record("t", "police", 8, child_id="c2", kind="withdrawal", follows="s")
    of = records(record("r", "gp", 5), record("s", "police", 2, child_id="c2"), taken_back, links=[link("c1", "c2")])
    assert {v: View(of, DAY, v).children for v in ("pooled", "gp", "police")} == {
        "pooled": ["c2"],
        "gp": ["c2"],
        "police": ["c2"],
    }


def test_every_table_of_a_view_has_the_id_the_child_goes_by():
    of = two_children(link("c1", "c2"), **carrying("r") | dict(sharing=[told("r", "school", 6)]))
    frames = View(of, DAY).frames
    named = {table: set(frame["child_id"]) for table, frame in frames.items() if "child_id" in frame.columns}
    assert {ids for table, got in named.items() if table != "links" for ids in got} == {"c2"}
    assert frames["links"].select("child_id", "same_as").rows() == [("c1", "c2")], "a link says what it says"


@pytest.mark.parametrize(("subject", "table"), [("person", "people"), ("household", "households")])
def test_persons_and_households_are_joined_apart_from_children(subject, table):
    column = f"{subject}_id"
    said = dict(child_id="c1", role="mother") if subject == "person" else dict(child_id="c1")
    rows = [said | {"record_id": "r", column: "x2"}, said | {"record_id": "s", "child_id": "c2", column: "x1"}]
    of = two_children(link("x2", "x1", subject=subject), link("c1", "c2", MIDNIGHT), **{table: rows})
    assert shown(of, table, column) == ["x1", "x1"]
    assert View(of, DAY).children == ["c1", "c2"], "whom they share does not make two children one"
    assert shown(two_children(link("x2", "x1"), **{table: rows}), table, column) == ["x1", "x2"], "a link of children"


def test_a_view_holds_the_links_found_out_before_the_day_about_those_in_it():
    of = two_children(
        link("c1", "c3"),
        link("c8", "c9"),
        link("c2", "c7", MIDNIGHT),
        link("p1", "p2", subject="person"),
        link("p8", "p9", subject="person"),
        people=[dict(child_id="c1", person_id="p2", role="mother", record_id="r")],
    )
    assert shown(of, "links", "child_id") == ["c1", "p1"]
    assert shown(of, "links", "child_id", viewer="police") == []


def test_of_a_day_that_the_ids_of_one_child_state_differently_none_is_taken():
    days = [
        dict(child_id="c1", birth_on=dt.date(2015, 1, 1), death_on=None),
        dict(child_id="c2", birth_on=dt.date(2015, 1, 2), death_on=dt.date(2026, 3, 20)),
    ]
    for links, ages in (([], [135, 134]), ([link("c1", "c2")], [None])):
        look = look_back(two_children(*links, children=days), [dt.date(2026, 4, 1)], ["pooled"])
        mine = look.spine.filter(pl.col("viewer") == "pooled").join(look.children, on="row").sort("child_id")
        assert mine["age_months"].to_list() == ages
        assert mine["died"].to_list()[-1] is True, "only one of the two ids states that day"


def test_the_spine_has_every_child_anyone_knew_of_for_every_viewer():
    of = records(record("r", "gp"), record("s", "police", child_id="c2"), record("t", "gp", 60, child_id="c3"))
    look = look_back(of, [dt.date(2026, 4, 1)], ["school", "gp+police"])
    assert look.of("pooled").spine["child_id"].to_list() == ["c1", "c2"]
    for viewer in ("school", "gp+police"):
        assert look.spine.filter(pl.col("viewer") == viewer)["child_id"].to_list() == ["c1", "c2"]
