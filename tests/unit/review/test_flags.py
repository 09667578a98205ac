"""The list: who may be on it, in which order, how long it is, and what each flag says."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from earlywarn.datasets.synthetic import make_cohort
from earlywarn.errors import ArgumentError
from earlywarn.review.flag import A_PERSON_DECIDES, Flag
from earlywarn.review.flags import NO_REASON, explain_child, raise_flags
from earlywarn.review.population import EXCLUSIONS
from earlywarn.review.reasons import ABOUT_FAMILY, GROUPS, QUESTIONS
from earlywarn.scoring.card import CAUTION, StartingCard
from tests.changes import empty_records, with_rows

DAY = "2026-11-01"
MIDNIGHT = dt.datetime(2026, 11, 1)


@pytest.fixture(scope="module")
def flags(example):
    return raise_flags(example, DAY, capacity=20)


def record(child: str, number: int, days: int, **more) -> dict:
    said = dict(record_id=f"{child}-{number}", child_id=child, agency="police", held_by="police", kind="incident")
    fixed = dict(about="child", occurred_precision="instant", recorded_basis="source", source="s", source_row="1")
    return said | fixed | dict(known_at=MIDNIGHT - dt.timedelta(days=days)) | more


def left_out(flags) -> dict[str, int]:
    """Reasons that apply to somebody; every reason is always there, with its count."""
    assert set(flags.excluded) == {*EXCLUSIONS, NO_REASON}
    return {reason: count for reason, count in flags.excluded.items() if count}


def one_concern_each(*children: str, days: int = 100):
    """Children who differ in nothing but their names: one open concern of one day."""
    contacts = [record(c, 0, days) for c in children]
    concerns = [
        dict(concern_id=f"k{c}", child_id=c, record_id=f"{c}-0", category="neglect", closing="recorded")
        for c in children
    ]
    return with_rows(empty_records(), contacts=contacts, concerns=concerns)


def in_household(records, household: str, *children: str):
    rows = [dict(child_id=c, household_id=household, record_id=f"{c}-0") for c in children]
    return with_rows(records, households=rows)


def test_a_list_holds_no_more_households_than_can_be_read(example):
    for capacity in (1, 3, 20):
        flags = raise_flags(example, DAY, capacity=capacity)
        assert flags.households == capacity
        assert len({f.household for f in flags}) == capacity


def test_the_order_is_by_score_and_siblings_stay_together(flags):
    leads = []
    for flag in flags:
        if flag.household not in [h for h, _ in leads]:
            leads.append((flag.household, flag.score))
    assert [s for _, s in leads] == sorted((s for _, s in leads), reverse=True)


def test_no_points_pass_from_a_sibling():
    records = in_household(one_concern_each("a", "b"), "h1", "a", "b")
    more = [record("b", n, 300 + n) for n in (1, 2, 3)]
    concerns = [
        dict(concern_id=f"kb{n}", child_id="b", record_id=f"b-{n}", category=c, closing="recorded", severity=3)
        for n, c in ((1, "sexual_abuse"), (2, "domestic_abuse"), (3, "physical_abuse"))
    ]
    flags = raise_flags(with_rows(records, contacts=more, concerns=concerns), DAY, capacity=1)
    scores = {f.child_id: f.score for f in flags}
    assert set(scores) == {"a", "b"}, "one review covers the children of a household"
    assert scores["a"] == 2
    assert scores["b"] > scores["a"]


def test_ties_at_the_cut_are_reported_and_broken_the_same_way_every_time():
    records = one_concern_each("a", "b", "c", "d")
    flags = raise_flags(records, DAY, capacity=2)
    assert flags.ties == 2
    assert flags == raise_flags(records, DAY, capacity=2)
    assert len(flags.below) == 2
    newer = with_rows(records, contacts=[record("d", 9, 3, kind="information_check")])
    assert raise_flags(newer, DAY, capacity=1)[0].child_id == "d", "of equal scores the newest record comes first"


def test_everyone_left_out_is_counted_by_reason():
    records = one_concern_each("dead", "unborn", "grown", "moved", "stays")
    children = [
        dict(child_id="dead", birth_on=dt.date(2020, 1, 1), death_on=dt.date(2026, 10, 30)),
        dict(child_id="unborn", expected_birth_on=dt.date(2026, 12, 1)),
        dict(child_id="grown", birth_on=dt.date(2008, 11, 1)),
        dict(child_id="stays", birth_on=dt.date(2008, 11, 2)),
    ]
    left = record("moved", 1, 20, kind="conclusion", follows="moved-0", outcome="transferred")
    quiet = record("quiet", 0, 10, kind="encounter", agency="gp", held_by="gp")
    old = record("old", 0, 731, kind="referral", held_by="social_care")
    seen = record("well", 0, 30, kind="referral", held_by="social_care")
    flags = raise_flags(with_rows(records, contacts=[left, quiet, old, seen], children=children), DAY, capacity=20)
    assert [f.child_id for f in flags] == ["stays"]
    assert left_out(flags) == {
        "died": 1,
        "not yet born": 1,
        "18 or over": 1,
        "moved out of the area": 1,
        "no referral, concern or open episode in the last two years": 2,
        "nothing on the card speaks for reading it now": 1,
    }


def test_a_child_who_moved_away_and_is_seen_again_is_back():
    left = record("m", 1, 20, kind="conclusion", follows="m-0", outcome="transferred")
    back = record("m", 2, 5, kind="contact")
    records = with_rows(one_concern_each("m"), contacts=[left, back])
    assert [f.child_id for f in raise_flags(records, DAY, capacity=1)] == ["m"]


def test_a_death_or_a_birth_on_the_day_has_not_happened_yet():
    children = [
        dict(child_id="a", birth_on=dt.date(2020, 1, 1), death_on=dt.date(2026, 11, 1)),
        dict(child_id="b", birth_on=dt.date(2026, 11, 1)),
    ]
    flags = raise_flags(with_rows(one_concern_each("a", "b"), children=children), DAY, capacity=5)
    assert [f.child_id for f in flags] == ["a"]
    assert left_out(flags) == {"not yet born": 1}


def test_a_case_closed_because_the_child_died_is_on_no_list():
    end = record("a", 1, 10, kind="conclusion", follows="a-0", outcome="closed")
    fact = dict(record_id="a-1", key="closure_reason", value="died")
    flags = raise_flags(with_rows(one_concern_each("a"), contacts=[end], facts=[fact]), DAY, capacity=5)
    assert left_out(flags) == {"died": 1}


def test_a_flag_says_what_why_what_not_and_what_to_ask(flags):
    for flag in flags:
        assert flag.caution == CAUTION
        assert set(flag.header) == {"age", "status", "team", "household"}
        assert {r.group for r in flag.reasons} <= set(GROUPS)
        assert flag.questions
        assert all(q.endswith("?") for q in flag.questions)
        assert flag.own_views["pooled"] == flag.score
        text = str(flag)
        assert A_PERSON_DECIDES in text
        assert text.index(ABOUT_FAMILY.capitalize()) < text.index(f"{flag.score} point"), "records first, points last"


def test_what_cannot_be_told_is_said_not_scored(flags):
    gaps = [f for f in flags if f.not_known]
    assert gaps
    assert all(sentence.endswith(".") for f in gaps for sentence in f.not_known)


def test_an_identity_for_every_flag(flags):
    assert len({f.flag_id for f in flags}) == len(flags)
    assert all(len(f.flag_id) == 16 and int(f.flag_id, 16) >= 0 for f in flags)


def test_from_one_agency_alone_the_list_says_what_it_cannot_show():
    flags = raise_flags(one_concern_each("a"), DAY, capacity=1)
    assert flags.whose_records() == (
        "Records held by 1 agency (police). This run cannot show what agencies did not tell each other."
    )
    assert "health" in flags.absent_sectors()


def test_nothing_known_gives_an_empty_list_that_still_says_everything():
    flags = raise_flags(empty_records(), DAY, capacity=5)
    assert len(flags) == 0
    assert flags.to_pandas().empty
    assert "0 flags as of 2026-11-01" in repr(flags)
    assert "<table" in flags._repr_html_()


def test_a_flag_in_a_notebook_is_an_escaped_table():
    evil = "<script>alert(1)</script>"
    [flag] = raise_flags(one_concern_each(evil), DAY, capacity=1)
    assert isinstance(flag, Flag)
    assert "<script>" not in flag._repr_html_()
    assert "&lt;script&gt;" in flag._repr_html_()


def test_explaining_a_child_who_is_on_no_list():
    children = [dict(child_id="a", birth_on=dt.date(2000, 1, 1))]
    records = with_rows(one_concern_each("a"), children=children)
    flag, excluded = explain_child(records, "a", DAY)
    assert excluded == "18 or over"
    assert flag.score == 2
    with pytest.raises(ArgumentError, match="No record of this child"):
        explain_child(records, "b", DAY)
    with pytest.raises(ArgumentError, match="No record of this child"):
        explain_child(records, "a", "2020-01-01")


def test_explaining_gives_what_the_list_gave(example, flags):
    for flag in flags[:3]:
        again, excluded = explain_child(example, flag.child_id, DAY)
        assert excluded is None
        assert (again.score, again.reasons, again.flag_id) == (flag.score, flag.reasons, flag.flag_id)


@pytest.mark.parametrize(
    "options",
    [
        {"capacity": 0},
        {"capacity": 2.5},
        {"capacity": True},
        {"capacity": 5, "viewer": "all"},
        {"capacity": 5, "population": "all"},
        {"capacity": 5, "viewer": "nobody"},
    ],
)
def test_what_cannot_be_meant_is_refused(example, options):
    with pytest.raises(ArgumentError):
        raise_flags(example, DAY, **options)


def test_every_question_on_the_card_can_be_asked_of_a_person():
    positive = {t.feature for t in StartingCard().terms if max(t.points) > 0}
    assert positive == set(QUESTIONS)


def test_an_agencys_own_list_rests_on_its_own_records():
    records = make_cohort(120, seed=4).records
    flags = raise_flags(records, DAY, capacity=5, viewer="school")
    contacts = records.frames["contacts"]
    told = set(records.frames["sharing"].filter(pl.col("to_agency") == "school")["record_id"])
    own = set(contacts.filter((pl.col("agency") == "school") | (pl.col("held_by") == "school"))["record_id"])
    assert len(flags)
    assert {i for f in flags for r in f.reasons for i in r.record_ids} <= own | told


def test_a_child_who_moved_and_is_referred_again_by_anybody_is_back():
    left = record("m", 1, 200, kind="conclusion", follows="m-0", outcome="transferred")
    again = record("m", 2, 5, kind="referral", agency="public", held_by="social_care")
    records = one_concern_each("m", days=300)
    assert len(raise_flags(with_rows(records, contacts=[left]), DAY, capacity=1)) == 0
    assert [f.child_id for f in raise_flags(with_rows(records, contacts=[left, again]), DAY, capacity=1)] == ["m"]


def test_one_agencys_list_speaks_of_no_child_it_knew_nothing_of():
    records = one_concern_each("a", "b")
    strange = with_rows(records, contacts=[record("gp-child", 0, 10, agency="gp", held_by="gp")])
    flags = raise_flags(strange, DAY, capacity=5, viewer="police")
    assert {f.child_id for f in flags} == {"a", "b"}
    assert left_out(flags) == {}
    assert "As known to the police alone." in repr(flags)
    assert all(f.own_views == {} for f in flags)


def test_a_child_never_seen_is_not_said_to_have_been():
    visits = [record("a", n, days, kind="visit", child_seen=False) for n, days in ((1, 150), (2, 100))]
    [flag] = raise_flags(with_rows(one_concern_each("a"), contacts=visits), DAY, capacity=1)
    said = {r.feature: r.sentence for r in flag.reasons}["days_since_seen"]
    assert said == "For 4 months no record says that the child was seen."


def test_a_reason_cites_the_records_its_sentence_speaks_of():
    """The oldest concern, not every open one; the two referrals, not every referral."""
    concerns = [
        dict(concern_id=f"k{n}", child_id="a", record_id=f"a-{n}", category=c, closing="recorded")
        for n, c in ((1, "neglect"), (2, "domestic_abuse"))
    ]
    referral = dict(kind="referral", held_by="social_care")
    contacts = [record("a", 1, 400), record("a", 2, 100)]
    contacts += [record("a", n, days, **referral) for n, days in ((3, 900), (4, 500), (5, 200))]
    records = with_rows(empty_records(), contacts=contacts, concerns=concerns)
    [flag] = raise_flags(records, DAY, capacity=1)
    cited = {r.feature: r.record_ids for r in flag.reasons}
    assert cited["unresolved_concerns"] == ("a-1", "a-2")
    assert cited["unresolved_oldest_days"] == ("a-1",)
    assert cited["rereferral_12m"] == ("a-4", "a-5")


def test_of_an_unborn_child_nobody_asks_when_it_was_seen():
    children = [dict(child_id="a", expected_birth_on=dt.date(2027, 1, 1))]
    flag, excluded = explain_child(with_rows(one_concern_each("a"), children=children), "a", DAY)
    assert excluded == "not yet born"
    assert not any("seen" in sentence for sentence in flag.not_known)
