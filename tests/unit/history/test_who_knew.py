"""Who knew of a concern: agencies and days, its life, and never more than the records show."""

from __future__ import annotations

import datetime as dt
from html import unescape
from typing import TYPE_CHECKING

import pytest

from earlywarn.errors import ArgumentError
from earlywarn.history.who_knew import NOT_THE_SAME, WhoKnew, who_knew
from tests.changes import empty_records, shuffled, with_rows
from tests.unit.history.test_chronology import concern, day, record, told

if TYPE_CHECKING:
    from earlywarn.records.tables import Records


def case() -> Records:
    """Neglect raised by the school and the GP, the police told in summary, then in full; concluded, and raised anew."""
    contacts = [
        record("s1", "school", 0, known_at=day(1)),
        record("g1", "gp", 10),
        record("end", "social_care", 30, kind="conclusion"),
        record("s2", "school", 100),
        record("h1", "housing", 5),
    ]
    rows = [
        concern("k1", "s1", closed_by="end"),
        concern("k2", "g1"),
        concern("k3", "s2"),
        concern("k4", "h1", "missing"),
    ]
    sharing = [
        told("s1", "police", 4, extent="summary"),
        told("g1", "police", 12),
        told("s1", "social_care", 6, "asked", "existence"),
        told("s2", "gp", 103),
        told("g1", "camhs", 15),
    ]
    return with_rows(empty_records(), contacts=contacts, concerns=rows, sharing=sharing)


def rows(found: WhoKnew, strand: int = 0) -> dict[str, tuple[object, ...]]:
    """How, when as days, days after, extent and records, by agency."""
    chosen = found.known.filter(found.known["strand"] == strand)
    return {
        r["agency"]: (
            r["how"],
            r["known_at"] and (r["known_at"] - day(0)).days,
            r["days_after"],
            r["extent"],
            r["record_ids"],
        )
        for r in chosen.iter_rows(named=True)
    }


def test_every_agency_is_told_apart_by_how_it_first_knew():
    assert rows(who_knew(case(), "c1", "k1", as_of="2026-11-01")) == {
        "social_care": ("not in its records", None, None, None, []),
        "gp": ("raised", 10, 10, None, ["g1"]),
        "camhs": ("told", 15, 15, "full", ["g1"]),
        "school": ("raised", 1, 1, None, ["s1"]),
        "police": ("told", 4, 4, "summary", ["s1", "g1"]),
        "housing": ("not in its records", None, None, None, []),
    }


def test_an_agency_told_before_it_recorded_the_same_itself_was_told():
    later = with_rows(case(), contacts=[record("p1", "police", 20)], concerns=[concern("k5", "p1")])
    assert rows(who_knew(later, "c1", "k1", as_of="2026-11-01"))["police"][:3] == ("told", 4, 4)


def test_an_agency_whose_own_records_are_not_here_is_not_said_to_lack_it():
    assert rows(who_knew(case(), "c1", "missing", as_of="2026-11-01"), 1)["camhs"][0] == "cannot tell"


def test_the_life_is_told_in_order():
    found = who_knew(case(), "c1", "neglect", as_of="2026-11-01")
    assert found.life.select("strand", "what", "agency").rows() == [
        (0, "raised", "school"),
        (0, "told", "police"),
        (0, "recorded again", "gp"),
        (0, "told", "police"),
        (0, "told", "camhs"),
        (0, "concluded", "social_care"),
        (2, "raised again", "school"),
        (2, "told", "gp"),
    ]
    assert found.acts.height == 5


def test_a_concern_id_means_its_strand_and_a_category_all_of_them():
    assert who_knew(case(), "c1", "k2", as_of="2026-11-01").strands["concern_ids"].to_list() == [["k1", "k2"]]
    assert who_knew(case(), "c1", "neglect", as_of="2026-11-01").strands.height == 2
    assert who_knew(case(), "c1", "k4", as_of="2026-11-01").category == "missing"


def test_without_a_day_all_records_count_and_the_answer_says_which_day_that_is():
    found = who_knew(case(), "c1", "k3")
    assert (found.as_of, found.whole) == (dt.date(2026, 6, 13), True), "the day after the last act of sharing"
    assert "as of 2026-06-13 (all these records)" in repr(found)
    assert "all these records" not in repr(who_knew(case(), "c1", "k3", as_of="2026-06-13"))


def test_before_the_day_nothing_later_is_known():
    found = who_knew(case(), "c1", "neglect", as_of="2026-03-06")
    assert rows(found)["police"][:2] == ("told", 4)
    assert "gp" not in rows(found)
    assert found.strands["state"].to_list() == ["no conclusion recorded"]


def test_one_agencys_view_says_what_it_cannot_see():
    found = who_knew(case(), "c1", "neglect", as_of="2026-11-01", viewer="police")
    assert {a: r[0] for a, r in rows(found).items()} == {"gp": "raised", "school": "raised", "police": "told"}
    assert found.viewer == "police"
    both = who_knew(case(), "c1", "k3", as_of="2026-11-01", viewer={"gp", "housing"})
    assert both.viewer == "gp+housing"


@pytest.mark.parametrize(
    ("asked", "fix"),
    [
        ("neglct", 'did you mean "neglect"'),
        ("Neglect", 'write "neglect"'),
        ("alcohol or drugs: the child", 'write "substance_child"'),
        ("gangs", "look at chronology"),
        ("k99", "look at chronology"),
    ],
)
def test_what_is_not_there_is_refused_without_saying_what_is(asked, fix):
    with pytest.raises(ArgumentError, match="no such concern") as error:
        who_knew(case(), "c1", asked)
    assert fix in str(error.value)
    assert "missing" not in str(error.value)


def test_sentences_name_agencies_and_days_and_say_once_what_they_cannot():
    said = repr(who_knew(case(), "c1", "neglect", as_of="2026-11-01"))
    assert said.splitlines() == [
        "Neglect, child c1, as of 2026-11-01, by pooled",
        "First raised by the school on 2026-03-01, recorded 2 times up to 2026-03-11; concluded on 2026-03-31.",
        "  In its own records: school from 2026-03-02; GP from 2026-03-11.",
        (
            "  Told: police on 2026-03-05 (4 days after, in summary); "
            "child and adolescent mental health on 2026-03-16 (15 days after, in full)."
        ),
        "  Not in the records of: children's social care; housing.",
        (
            "Raised again by the school on 2026-06-09; no conclusion is recorded; "
            "it may have been dealt with and not written down."
        ),
        "  In its own records: school from 2026-06-09.",
        "  Told: GP on 2026-06-12 (3 days after, in full).",
        "  Not in the records of: children's social care; housing.",
        "  Cannot tell for: child and adolescent mental health; police.",
        NOT_THE_SAME,
    ]


def test_many_strands_are_told_shortly_and_all_are_in_the_frame(example):
    found = who_knew(example, "c0142", "emotional_abuse")
    assert found.strands.height > 3
    assert f"Raised {found.strands.height} times; the latest 3 are told here." in repr(found)
    assert found.to_pandas()["strand"].nunique() == found.strands.height


def test_a_notebook_shows_a_table_with_everything_escaped():
    hostile = with_rows(case(), concerns=[concern("k9", "h1", "<script>x</script>")])
    page = who_knew(hostile, "c1", "<script>x</script>")._repr_html_()
    assert "<script>" not in page
    assert "<script>x</script>" in unescape(page)
    assert page.count("<table>") == 1


def test_the_order_of_rows_does_not_matter(example):
    one, other = (who_knew(r, "c0142", "domestic_abuse") for r in (example, shuffled(example, 3)))
    assert repr(one) == repr(other)
    assert one.known.equals(other.known)
    assert one.life.equals(other.life)
    assert one.acts.equals(other.acts)
