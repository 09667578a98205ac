"""The contact graph: labels meet nothing, every tie is drawn, and what is missing keeps its place."""

from __future__ import annotations

import itertools
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn import plots
from earlywarn.datasets import load_example
from earlywarn.errors import ArgumentError
from earlywarn.history.graph import ContactGraph
from earlywarn.history.view import View
from earlywarn.plots import _graph, _ring
from earlywarn.plots._curves import bend
from earlywarn.plots._paper import width_of
from earlywarn.records.codes import ORGANISATIONS
from tests.unit.plots.looking import drawn, faults, of_kind
from tests.unit.plots.making import AS_OF, MIDNIGHT, graph


def paper_of(own: ContactGraph, whole: ContactGraph | None = None):
    parts = _graph._placed(own, whole or own), _ring.tells_of(own), _ring.feet_of(own, whole or own)
    return _graph.draw(*parts, _ring.not_there(own))


@pytest.mark.parametrize("agencies", [0, 1, 2, 7, 15, 25, 31])
@pytest.mark.parametrize(("people", "households"), [(0, 0), (1, 1), (7, 2), (60, 1)])
def test_nothing_meets_and_nothing_is_cut(agencies: int, people: int, households: int) -> None:
    crowded = graph(60, agencies=agencies, people=people, households=households, workers=12)
    assert faults(paper_of(crowded)) == []


@settings(max_examples=10)
@given(agencies=st.sets(st.sampled_from(range(len(ORGANISATIONS))), max_size=20), people=st.integers(0, 12))
def test_nothing_meets_whatever_is_missing(agencies: set[int], people: int) -> None:
    whole = graph(90, agencies=20, people=12, households=1)
    gone = [("agency", code) for i, code in enumerate(ORGANISATIONS) if i not in agencies]
    gone += [("person", f"<p{i}>") for i in range(people, 12)]
    own = whole.copy()
    own.remove_nodes_from([node for node in gone if node in own])
    assert faults(paper_of(own, whole)) == []
    assert places(paper_of(own, whole)) == places(paper_of(whole))


def places(paper) -> list[tuple[float, float]]:
    """Say where agencies and people are, there or not, to a tenth of a point."""
    dots = [t for t in of_kind(paper, "mark") if t.what.startswith(("agency", "foot")) and t.part != "legend"]
    middles = [((t.box[0] + t.box[2]) / 2, (t.box[1] + t.box[3]) / 2) for t in dots if not t.what.startswith("foot")]
    feet = [((t.box[0] + t.box[2]) / 2, round(t.box[1])) for t in dots if t.what.startswith("foot")]
    return sorted((round(x), round(y)) for x, y in (*middles, *((x, y // 4) for x, y in feet)))


@cache
def of_about(number: int, viewer: str = "pooled") -> ContactGraph:
    view = View(load_example(), AS_OF)
    seen = View(load_example(), AS_OF, viewer).frames["contacts"]["child_id"].unique()
    counts = view.frames["contacts"].group_by("child_id").len().sort("child_id").rows()
    child = min(((abs(n - number), c) for c, n in counts if c in set(seen)))[1]
    return ContactGraph(View(load_example(), AS_OF, viewer), child)


@pytest.mark.parametrize("number", [5, 60, 200, 260])
def test_children_of_the_example_are_drawn_without_a_fault(number: int) -> None:
    paper = paper_of(of_about(number))
    assert faults(paper) == []
    assert drawn(paper, "ring")["agency"] == len(list(of_about(number).of_kind("agency")))


@pytest.mark.parametrize("number", [20, 60, 200, 260])
def test_one_agency_within_all_of_them_keeps_every_place(number: int) -> None:
    own = of_about(number, "social_care")
    whole = ContactGraph(View(load_example(), AS_OF), own.graph["child_id"])
    side, full = paper_of(own, whole), paper_of(whole)
    assert faults(side) == []
    here, everywhere = set(own.of_kind("agency")), set(whole.of_kind("agency"))
    assert drawn(side, "ring")["agency"] == len(here)
    assert drawn(side, "ring")["agency not there"] == len(everywhere - here) > 0
    names = {t.what: t.box[:2] for t in of_kind(full, "text") if t.part == "ring"}
    others = {t.what: t.box[:2] for t in of_kind(side, "text") if t.part == "ring"}
    shared = {n for n in names if not n.endswith(("records", "record", "team"))}
    assert shared - set(others) <= {"was told"}
    assert all(others[n] == names[n] for n in shared & set(others) - {"was told"})
    picture = plots.contact_graph(own, within=whole)
    assert "Not in its records: " in picture.alt
    assert picture.svg != plots.contact_graph(own).svg


def test_a_graph_within_itself_is_the_graph() -> None:
    whole = graph(60, households=1)
    assert plots.contact_graph(whole, within=whole).svg == plots.contact_graph(whole).svg


def test_a_graph_of_another_child_or_day_is_refused() -> None:
    whole, other = graph(9), graph(9)
    other.graph["child_id"] = "<another>"
    with pytest.raises(ArgumentError, match="one child on one day"):
        plots.contact_graph(whole, within=other)


def test_what_only_the_narrow_graph_holds_is_drawn_too() -> None:
    own, whole = graph(9, agencies=3, viewer="gp"), graph(9, agencies=2)
    paper = paper_of(own, whole)
    assert drawn(paper, "ring")["agency"] == 3
    assert faults(paper) == []


def test_every_tie_is_a_line_the_thicker_the_more_and_every_pair_an_arrow() -> None:
    few = graph(60, agencies=5)
    lines = of_kind(paper_of(few), "line")
    assert sum(t.what == "contact" and t.part == "ring" for t in lines) == 5
    assert sum(t.what == "telling" for t in lines if t.part == "telling") == len(_ring.tells_of(few)) == 8
    assert sum(t.what == "tie" for t in lines) == 4, "three people and the places"


def test_lines_of_both_graphs_have_one_scale() -> None:
    own, whole = graph(4, agencies=2), graph(64, agencies=2)
    assert [s.share for s in _ring.spots_of(own, whole)[0]] == [2 / 32]
    assert [s.share for s in _ring.spots_of(own, own)[0]] == [1.0]
    assert [s.share for s in _ring.spots_of(whole, whole)[0]] == [1.0]


def test_what_told_nobody_and_unknown_kinds_draw_nothing() -> None:
    plain, more = graph(9), graph(9)
    more.add_node(("cloud", "<c>"), kind="cloud", label="cloud")
    more.add_edge(("cloud", "<c>"), ("child", "<child>"), kind="rains_on", record_id="1", at=MIDNIGHT)
    codes = ORGANISATIONS[:2]
    more.add_edge(*(("agency", c) for c in codes), kind="not_told", record_id="1", at=MIDNIGHT)
    assert plots.contact_graph(more).svg == plots.contact_graph(plain).svg
    more.add_node(("agency", "court"), kind="agency", label="court", sector="justice")
    more.add_edge(("agency", codes[0]), ("agency", "court"), kind="not_told", record_id="2", at=MIDNIGHT)
    assert "; court told of no record. " in plots.contact_graph(more).alt
    assert "told" in [t.what for t in of_kind(paper_of(more), "text") if t.part == "legend"]
    assert "only told" not in [t.what for t in of_kind(paper_of(more), "text") if t.part == "legend"]


def test_a_household_and_teams_are_said() -> None:
    home = graph(9, households=1)
    team = ("team", "social_care:<North>")
    home.add_node(team, kind="team", label="team")
    home.add_edge(team, ("agency", "social_care"), kind="part_of", record_id="1", at=MIDNIGHT)
    words = [t.what for t in of_kind(paper_of(home), "text")]
    assert "household" in words
    assert "2 records, 1 team" in words
    assert "2 households" in [t.what for t in of_kind(paper_of(graph(9, households=2)), "text")]
    assert "North" not in plots.contact_graph(home).alt


@pytest.mark.parametrize("agencies", [1, 2, 7, 15, 30])
def test_labels_of_the_ring_never_meet_and_stay_on_the_paper(agencies: int) -> None:
    for spot in _graph._placed(graph(60, agencies=agencies), graph(60, agencies=agencies)).values():
        width = max(width_of(line) for line in spot.name)
        assert spot.x - 7 - width >= 0 if spot.side < 0 else spot.x + 7 + width <= _ring.WIDTH


def test_the_curve_of_a_telling_keeps_clear_of_the_child_and_inside_the_ring() -> None:
    middle, spots = (_ring.MIDDLE, 150.0), []
    for i, side in enumerate(_ring.spots_of(graph(60, agencies=12), graph(60, agencies=12))):
        spots += _ring.around(side, 0, 300, i * 2 - 1)
    for a, b in itertools.permutations(spots, 2):
        points = bend((a.x, a.y), (b.x, b.y), middle, 19.0, beside=a.side == b.side)
        assert min(((x - middle[0]) ** 2 + (y - middle[1]) ** 2) ** 0.5 for x, y in points) > 19.0
        assert all(abs(x - middle[0]) <= _ring.RADIUS + 3 for x, _ in points)


@pytest.mark.parametrize(("people", "feet"), [(0, 1), (8, 9), (9, 9), (40, 9)])
def test_many_people_become_one_sign_that_says_how_many(people: int, feet: int) -> None:
    crowd = graph(5, people=people)
    found = _ring.feet_of(crowd, crowd)
    assert len(found) == feet
    grouped = [f.text for f in found if f.text.startswith("+")]
    assert grouped == ([f"+ {people - 7} more people"] if people > 8 else [])
    assert found[-1].text == "place"


def test_no_picture_names_more_than_fifty() -> None:
    many = graph(200, agencies=len(ORGANISATIONS), people=60, workers=70, households=3)
    left, right = _ring.spots_of(many, many)
    assert len(left) + len(right) + len(_ring.feet_of(many, many)) + 1 <= 50
    assert faults(paper_of(many)) == []


def test_a_person_is_named_by_every_role_and_the_newest_record_says_whether_it_ended() -> None:
    one = graph(1, people=0)
    for role, ended in (("unknown", False), ("partner", True), ("father", False)):
        about = {"kind": "relation", "role": role, "record_id": role, "at": MIDNIGHT, "ended": ended}
        one.add_node(("person", "<p>"), kind="person", label="")
        one.add_edge(("person", "<p>"), ("child", "<child>"), **about)
    assert _ring.feet_of(one, one)[0] == _ring.Foot("father or partner of a parent", ended=False)


def test_the_words_name_agencies_and_roles_and_no_worker() -> None:
    alt = plots.contact_graph(graph(60)).alt
    assert alt.startswith("Contact graph of the child. Agencies: children's social care 12 records, 2 workers; ")
    assert "other adult in the household" in alt
    assert "children's social care told early help" in alt
    assert "<w" not in alt


def test_the_checker_sees_a_line_through_a_label(monkeypatch) -> None:
    monkeypatch.setattr(_ring, "RADIUS", -75.0)
    assert any(f.startswith("a line through a text") for f in faults(paper_of(graph(60, agencies=9))))


def test_the_checker_sees_labels_at_the_foot_that_meet(monkeypatch) -> None:
    monkeypatch.setattr("earlywarn.plots._feet._SLOT", 400.0)
    assert any(f.startswith("two texts meet") for f in faults(paper_of(graph(9, people=9))))
