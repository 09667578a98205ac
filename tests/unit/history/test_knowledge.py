"""Who knew which record from when, what a reference then means, and which ids are then one: rule by rule."""

from __future__ import annotations

import datetime as dt

import pytest

from earlywarn.errors import ArgumentError
from earlywarn.history.days import day_after
from earlywarn.history.knowledge import indexed_contacts, knowledge
from earlywarn.history.view import View
from earlywarn.records.codes import ORGANISATIONS
from tests.unit.history.test_view import NOON, ids, record, records, told

MIDNIGHT = dt.datetime(2026, 4, 1)
EVE = MIDNIGHT - dt.timedelta(microseconds=1)
DAY = "2026-04-01"


def knew(of, *several: str) -> dict[tuple[str, str], dt.datetime]:
    """The whole relation: record and viewer, and from when."""
    named = knowledge(of, several).join(indexed_contacts(of).select("record", "record_id"), on="record")
    rows = named.select("record_id", "viewer", "known_at").rows()
    found = {(record_id, viewer): at for record_id, viewer, at in rows}
    assert len(found) == len(rows), "one row for each record and viewer"
    return found


def day(number: int) -> dt.datetime:
    return NOON + dt.timedelta(days=number)


def link(one: str, other: str, known_at: dt.datetime = EVE, subject: str | None = None) -> dict:
    return dict(child_id=one, same_as=other, known_at=known_at, method="a number", subject=subject)


def shown(of, table: str, column: str, as_of: str = DAY, viewer: str = "pooled") -> list:
    return sorted(View(of, as_of, viewer).frames[table][column].to_list(), key=str)


# ---------------------------------------------------------------------------------------------------------------
# Who knows
# ---------------------------------------------------------------------------------------------------------------


def test_who_raised_a_record_and_who_holds_it_know_it_at_once():
    of = records(record("r", "school", held_by="social_care"))
    assert knew(of) == {("r", "school"): NOON, ("r", "social_care"): NOON, ("r", "pooled"): NOON}


@pytest.mark.parametrize("source", ["family", "public", "child_self", "anonymous", "unknown"])
def test_a_source_that_is_no_organisation_knows_nothing_and_the_holder_does(source):
    of = records(record("r", source, held_by="police"))
    assert knew(of) == {("r", "police"): NOON, ("r", "pooled"): NOON}


def test_an_agency_told_knows_from_when_it_was_told_first():
    of = records(record("r", "gp"), sharing=[told("r", "school", 5, extent="summary"), told("r", "school", 3)])
    assert knew(of) == {("r", "gp"): NOON, ("r", "school"): day(3), ("r", "pooled"): NOON}


def test_an_agency_told_of_its_own_record_knew_it_before():
    of = records(record("r", "gp"), sharing=[told("r", "gp", 5)])
    assert knew(of)["r", "gp"] == NOON


@pytest.mark.parametrize(
    ("decision", "extent"), [("withheld", "full"), ("asked", "full"), ("asked", "summary"), ("shared", "existence")]
)
def test_to_withhold_to_ask_or_to_say_that_something_exists_tells_nobody(decision, extent):
    of = records(record("r", "gp"), sharing=[told("r", "school", 1, decision, extent)])
    assert ("r", "school") not in knew(of)
    [act] = View(of, DAY).frames["sharing"].to_dicts()
    assert (act["decision"], act["extent"]) == (decision, extent), "the act itself is there to be read"
    assert View(of, DAY, "school").frames["sharing"].is_empty(), "the school cannot be shown what it does not know"


def test_a_set_or_sector_knows_from_when_the_first_of_its_members_did():
    of = records(
        record("r", "police"),
        record("s", "gp", 4),
        sharing=[told("r", "hospital", 3), told("r", "gp", 2), told("s", "police", 6)],
    )
    found = knew(of, "hospital+school", "sector:health", "gp+police")
    assert {k: at for k, at in found.items() if k[1] not in (*ORGANISATIONS, "pooled")} == {
        ("r", "hospital+school"): day(3),
        ("r", "sector:health"): day(2),
        ("s", "sector:health"): day(4),
        ("r", "gp+police"): NOON,
        ("s", "gp+police"): day(4),
    }


def test_a_set_however_given_is_one_viewer():
    of = records(record("r", "police"), record("s", "hospital"), record("t", "school"))
    views = [View(of, DAY, v) for v in ("police+hospital", ["police", "hospital"], "police+hospital+police")]
    assert {view.seen_by for view in views} == {"hospital+police"}, "in the order of the code list"
    assert all(set(view["contacts"]["record_id"]) == {"r", "s"} for view in views)
    assert View(of, DAY, ["police"]).seen_by == "police"


@pytest.mark.parametrize(
    ("viewer", "message"),
    [
        ("polise", 'did you mean "police"'),
        ("police+hospitl", 'did you mean "hospital"'),
        (["gp", "scool"], 'did you mean "school"'),
        ("sector:heath", 'did you mean "sector:health"'),
        ("sector:individual", "is no viewer"),
        ("family", "is no viewer"),
        ("", "is no viewer"),
        ([], "is no viewer"),
        ("pooled+gp", "cannot be joined with others"),
        ("sector:health+police", "cannot be joined with others"),
    ],
)
def test_who_cannot_look_is_refused_with_what_can(viewer, message):
    with pytest.raises(ArgumentError, match=message):
        View(records(record("r", "gp")), DAY, viewer)


@pytest.mark.parametrize("viewer", [None, 5, [None], [5, "gp"]])
def test_what_is_no_text_at_all_is_refused_likewise(viewer):
    with pytest.raises(ArgumentError, match="is no viewer"):
        View(records(record("r", "gp")), DAY, viewer)


# ---------------------------------------------------------------------------------------------------------------
# The midnight
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("moment", "there"), [(EVE, True), (MIDNIGHT, False)])
def test_a_record_a_telling_and_a_link_are_known_strictly_before_the_midnight(moment, there):
    assert ids(records(record("r", "gp", known_at=moment)), DAY) == ({"r"} if there else set())
    telling = told("r", "school", 0) | dict(shared_at=moment)
    of = records(record("r", "gp"), sharing=[telling])
    assert ids(of, DAY, "school") == ({"r"} if there else set())
    assert View(of, DAY, "gp").frames["sharing"].height == there, "who tells has not told yet either"
    of = records(record("r", "gp"), record("s", "gp", child_id="c2"), links=[link("c1", "c2", moment)])
    assert len(View(of, DAY).children) == (1 if there else 2)


def test_a_record_of_long_ago_is_known_when_it_is_written_and_not_when_it_happened():
    of = records(record("r", "gp", known_at=MIDNIGHT, occurred_at=dt.datetime(2020, 1, 1)))
    assert ids(of, DAY) == set()
    assert ids(of, "2026-04-02") == {"r"}


def test_the_day_after_everything_is_the_day_after_the_newest_thing():
    of = records(record("r", "gp"), sharing=[told("r", "school", 3)], links=[link("c1", "c2", day(9))])
    assert day_after(of) == day(10).date()


# ---------------------------------------------------------------------------------------------------------------
# What follows what
# ---------------------------------------------------------------------------------------------------------------


def carrying(record_id: str) -> dict[str, list[dict]]:
    """One row of every table that a record can carry."""
    by = dict(record_id=record_id, child_id="c1")
    return dict(
        concerns=[by | dict(concern_id="k", category="neglect", closing="recorded")],
        people=[by | dict(person_id="p", role="mother")],
        households=[by | dict(household_id="h")],
        facts=[dict(record_id=record_id, key="attendee", value="police")],
        sharing=[told(record_id, "school", 1)],
        episodes=[
            dict(episode_id="e", child_id="c1", kind="child_in_need", started_by=record_id, start_on=NOON.date())
        ],
    )


def test_a_reference_in_any_table_means_the_correction_of_the_correction():
    of = records(
        record("a", "gp"), record("b", "gp", 2, follows="a"), record("c", "gp", 4, follows="b"), **carrying("a")
    )
    for as_of, now in (("2026-03-03", "a"), ("2026-03-04", "b"), ("2026-03-06", "c")):
        assert ids(of, as_of) == {now}
        for table in ("concerns", "people", "households", "facts", "sharing"):
            assert shown(of, table, "record_id", as_of) == [now], table
        assert shown(of, "episodes", "started_by", as_of) == [now]


def test_a_reference_to_what_was_withdrawn_means_nothing():
    of = records(record("a", "gp"), record("b", "gp", 2, kind="withdrawal", follows="a"), **carrying("a"))
    assert ids(of, DAY) == {"b"}
    assert all(View(of, DAY).frames[table].is_empty() for table in carrying("a"))


def test_to_withdraw_a_correction_does_not_bring_the_older_record_back():
    back = record("c", "gp", 4, kind="withdrawal", follows="b")
    of = records(record("a", "gp"), record("b", "gp", 2, follows="a"), back, **carrying("a"))
    assert ids(of, DAY) == {"c"}
    assert View(of, DAY).frames["concerns"].is_empty()


def test_of_two_corrections_the_one_known_last_stands_and_of_equals_the_greater_id():
    later = records(
        record("a", "gp"), record("z", "gp", 2, follows="a"), record("b", "gp", 3, follows="a"), **carrying("a")
    )
    assert ids(later, DAY) == {"z", "b"}, "both are in the view; what the older one carried, the last one carries"
    assert shown(later, "concerns", "record_id") == ["b"]
    equal = records(
        record("a", "gp"), record("z", "gp", 3, follows="a"), record("b", "gp", 3, follows="a"), **carrying("a")
    )
    assert shown(equal, "concerns", "record_id") == ["z"]


def test_known_last_is_when_the_correction_was_written_and_not_when_it_was_told():
    of = records(
        record("a", "gp"),
        record("b", "gp", 2, follows="a"),
        record("c", "gp", 3, follows="a"),
        **carrying("a") | dict(sharing=[told("c", "school", 4), told("b", "school", 9)]),
    )
    assert shown(of, "concerns", "record_id", viewer="school") == ["c"]


def test_who_knows_the_correction_alone_reads_through_it_what_the_older_record_carried():
    of = records(
        record("a", "gp"),
        record("b", "gp", 2, follows="a"),
        **carrying("a") | dict(sharing=[told("b", "school", 3)]),
    )
    assert ids(of, DAY, "school") == {"b"}
    assert shown(of, "concerns", "record_id", viewer="school") == ["b"]


def test_who_lacks_the_middle_of_a_chain_reads_the_two_ends_apart():
    of = records(
        record("a", "gp"),
        record("b", "gp", 2, follows="a"),
        record("c", "gp", 4, follows="b"),
        **carrying("a") | dict(sharing=[told("a", "school", 1), told("c", "school", 5)]),
    )
    assert ids(of, DAY, "school") == {"a", "c"}
    assert shown(of, "concerns", "record_id", viewer="school") == ["a"]


def test_a_conclusion_adds_and_replaces_nothing():
    of = records(record("a", "gp"), record("b", "gp", 2, kind="conclusion", follows="a"), **carrying("a"))
    assert ids(of, DAY) == {"a", "b"}
    assert shown(of, "concerns", "record_id") == ["a"]


def test_an_end_and_a_closing_are_known_with_the_record_that_carries_them():
    """Known to the police alone, then told to the GP, then taken back."""
    concern = dict(concern_id="k", child_id="c1", record_id="a", category="neglect", closing="recorded", closed_by="b")
    span = dict(episode_id="e", child_id="c1", kind="child_in_need", started_by="a", start_on=NOON.date())
    of = records(
        record("a", "gp"),
        record("b", "police", 2),
        record("c", "police", 6, kind="withdrawal", follows="b"),
        sharing=[told("b", "gp", 4), told("c", "gp", 8)],
        concerns=[concern],
        episodes=[span | dict(ended_by="b", end_on=day(2).date())],
    )
    for as_of, ended in (("2026-03-05", None), ("2026-03-06", "b"), ("2026-03-10", None)):
        assert shown(of, "concerns", "closed_by", as_of, "gp") == [ended], as_of
        assert shown(of, "episodes", "ended_by", as_of, "gp") == [ended]
        assert shown(of, "episodes", "end_on", as_of, "gp") == [day(2).date() if ended else None]


# ---------------------------------------------------------------------------------------------------------------
# Acts of sharing
# ---------------------------------------------------------------------------------------------------------------


def test_an_act_is_seen_by_those_who_took_part_and_by_every_set_that_has_one_of_them():
    of = records(
        record("r", "school", held_by="social_care"),
        sharing=[told("r", "gp", 1), told("r", "police", 2), told("r", "housing", 3, "withheld")],
    )
    seen = {
        v: shown(of, "sharing", "to_agency", viewer=v)
        for v in ("school", "social_care", "gp", "housing", "gp+police", "sector:health", "pooled")
    }
    assert seen["school"] == seen["social_care"] == seen["pooled"] == ["gp", "housing", "police"]
    assert (seen["gp"], seen["sector:health"], seen["gp+police"]) == (["gp"], ["gp"], ["gp", "police"])
    assert seen["housing"] == [], "it was not told, and does not know the record"


def test_who_tells_is_who_had_the_record_that_was_told_and_not_who_corrected_it_later():
    """The GP tells the school. Social care corrects the record and tells both: the telling remains the GP's."""
    of = records(
        record("old", "gp"),
        record("new", "social_care", 5, follows="old"),
        sharing=[told("old", "school", 1), told("new", "gp", 6), told("new", "police", 6)],
    )
    acts = {
        v: {(a["to_agency"], a["shared_at"].day) for a in View(of, DAY, v).frames["sharing"].to_dicts()}
        for v in ("gp", "social_care", "police")
    }
    assert ("school", 2) in acts["gp"], "it told, and goes on knowing that it did"
    assert acts["social_care"] == {("gp", 7), ("police", 7)}, "it took no part in what the GP told"
    assert acts["police"] == {("police", 7)}
