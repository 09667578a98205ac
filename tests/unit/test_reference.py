"""The oracle, worked by hand: a paragraph of records a feature, with its edges, its zero and its null."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from earlywarn.records import codes
from earlywarn.records.schema import RECORD_TABLES
from tests import reference
from tests.reference import current, known, reference_features, visible

AS_OF = dt.date(2026, 11, 1)
MIDNIGHT = dt.datetime.combine(AS_OF, dt.time())
INSTANT = dt.timedelta(microseconds=1)


def on(days_ago: float) -> dt.datetime:
    """Noon, so many days before as_of; half days are midnights."""
    return MIDNIGHT + dt.timedelta(hours=12) - dt.timedelta(days=days_ago)


def day(days_ago: int) -> dt.date:
    return AS_OF - dt.timedelta(days=days_ago)


def row(table: str, **cells: Any) -> dict[str, Any]:
    """Row of a table, every column there."""
    columns = RECORD_TABLES[table].schema
    assert set(cells) <= set(columns)
    return {**dict.fromkeys(columns), **cells}


def record(record_id: str, days_ago: float, agency: str = "gp", **cells: Any) -> dict[str, Any]:
    """Record of kind contact, of a child, that happened at noon so many days before as_of and was known at once."""
    given = {"occurred_at": on(days_ago), "known_at": on(days_ago), "agency": agency, "held_by": agency}
    common = {"child_id": "c1", "kind": "contact", "about": "child", "occurred_precision": "instant"}
    return row("contacts", record_id=record_id, **{**common, **given, **cells})


def concern(record_id: str, category: str = "neglect", **cells: Any) -> dict[str, Any]:
    given = {"child_id": "c1", "closing": "recorded", **cells}
    return row("concerns", record_id=record_id, category=category, **given)


def person(record_id: str, person_id: str, **cells: Any) -> dict[str, Any]:
    return row("people", child_id="c1", record_id=record_id, person_id=person_id, **{"role": "partner", **cells})


def episode(started_by: str, start: int, **cells: Any) -> dict[str, Any]:
    common = {"child_id": "c1", "kind": "child_in_need", "started_by": started_by, "start_on": day(start)}
    return row("episodes", **{**common, **cells})


def share(record_id: str, to_agency: str, days_ago: float, **cells: Any) -> dict[str, Any]:
    given = {"decision": "shared", "extent": "full", **cells}
    return row("sharing", record_id=record_id, to_agency=to_agency, shared_at=on(days_ago), **given)


def value(name: str, *contacts: dict[str, Any], viewer: str = "pooled", child: str = "c1", **tables: Any) -> Any:
    """Value of one feature for one child and viewer."""
    return reference_features({"contacts": list(contacts), **tables}, AS_OF, [viewer])[child, viewer][name]


def test_the_twenty_features_of_the_table_are_there_in_its_order() -> None:
    assert list(reference.FEATURES) == [
        *("contacts_30d", "contacts_90d", "contacts_365d", "unplanned_contacts_90d", "agencies_365d"),
        *("agency_churn_365d", "worker_churn_365d", "days_since_seen", "unseen_share_90d", "missed_365d"),
        *("missed_share_365d", "unresolved_concerns", "unresolved_oldest_days", "unresolved_severity"),
        *("concern_recurrence", "concluded_365d", "rereferral_12m", "closed_no_action_365d"),
        *("unknown_adults", "largest_single_view"),
    ]


def test_the_code_lists_are_those_the_design_names() -> None:
    assert set(reference.CONTACT_KINDS) == {
        *("contact", "referral", "assessment", "visit", "encounter", "appointment", "incident", "missing"),
        *("return_interview", "exclusion"),
    }
    assert set(codes.AGENCIES) - set(reference.ORGANISATIONS) == {
        *("family", "public", "child_self", "anonymous", "unknown"),
    }


# --- Knowledge ---------------------------------------------------------------------------------------------------


def test_a_record_is_known_before_as_of_and_not_at_its_midnight() -> None:
    records = [record("eve", 1, known_at=MIDNIGHT - INSTANT), record("dawn", 1, known_at=MIDNIGHT)]
    assert known({"contacts": records}, AS_OF, "gp") == {"eve"}
    assert known({"contacts": records}, AS_OF + dt.timedelta(days=1), "gp") == {"eve", "dawn"}


def test_raiser_holder_and_those_told_know_a_record_and_nobody_else() -> None:
    """The school saw it, social care holds it, the GP was told yesterday, the police of its existence only."""
    tables = {
        "contacts": [record("r", 9, "school", held_by="social_care")],
        "sharing": [
            share("r", "gp", 1),
            share("r", "police", 1, extent="existence"),
            share("r", "hospital", 1, decision="withheld"),
            share("r", "camhs", 1, extent="summary"),
            row("sharing", record_id="r", to_agency="early_help", shared_at=MIDNIGHT, decision="shared", extent="full"),
        ],
    }
    told = {each for each in reference.ORGANISATIONS if known(tables, AS_OF, each)}
    assert told == {"school", "social_care", "gp", "camhs"}
    assert known(tables, day(1), "gp") == set()
    assert known(tables, AS_OF, "pooled") == {"r"}


def test_a_relative_raises_records_but_is_no_viewer() -> None:
    tables = {"contacts": [record("r", 9, "family", held_by="police")]}
    assert known(tables, AS_OF, "pooled") == known(tables, AS_OF, "police") == {"r"}
    with pytest.raises(ValueError, match="not an organisation"):
        known(tables, AS_OF, "family")


def test_a_correction_hides_what_it_corrects_where_it_is_known() -> None:
    """The GP corrects its record; social care was told of the first and not of the second."""
    tables = {
        "contacts": [record("first", 9), record("second", 5, follows="first")],
        "sharing": [share("first", "social_care", 8)],
    }
    assert visible(tables, AS_OF, "gp") == {"second"}
    assert visible(tables, AS_OF, "social_care") == {"first"}
    assert current(tables, AS_OF, "gp") == {"first": "second", "second": "second"}
    assert current(tables, AS_OF, "social_care") == {"first": "first", "second": None}
    assert visible(tables, day(5), "gp") == {"first"}


def test_a_reference_passes_through_corrections_even_of_a_record_the_viewer_never_knew() -> None:
    tables = {
        "contacts": [record("a", 9), record("b", 8, follows="a"), record("c", 7, follows="b")],
        "sharing": [share("c", "police", 6), share("b", "police", 6)],
    }
    assert current(tables, AS_OF, "gp") == {"a": "c", "b": "c", "c": "c"}
    assert current(tables, AS_OF, "police") == {"a": "c", "b": "c", "c": "c"}


def test_a_reference_stops_where_the_viewer_does_not_know_the_link() -> None:
    tables = {
        "contacts": [record("a", 9), record("b", 8, follows="a"), record("c", 7, follows="b")],
        "sharing": [share("c", "police", 6)],
    }
    assert current(tables, AS_OF, "police") == {"a": None, "b": "c", "c": "c"}


def test_of_two_corrections_the_latest_known_counts_then_the_greatest_id() -> None:
    late = record("b", 3, follows="a")
    assert current({"contacts": [record("a", 9), late, record("c", 4, follows="a")]}, AS_OF, "gp")["a"] == "b"
    twins = [record("a", 9), record("r9", 4, follows="a"), record("r10", 4, follows="a")]
    assert current({"contacts": twins}, AS_OF, "gp")["a"] == "r9"


def test_a_withdrawn_record_means_nothing_and_withdrawing_a_correction_brings_nothing_back() -> None:
    contacts = [record("a", 9), record("b", 8, follows="a"), record("w", 7, kind="withdrawal", follows="b")]
    assert visible({"contacts": contacts}, AS_OF, "gp") == {"w"}
    assert current({"contacts": contacts}, AS_OF, "gp") == {"a": None, "b": None, "w": "w"}


def test_a_conclusion_hides_nothing() -> None:
    contacts = [record("a", 9), record("end", 8, kind="conclusion", follows="a")]
    assert visible({"contacts": contacts}, AS_OF, "gp") == {"a", "end"}


def test_every_child_anyone_knew_has_a_row_for_every_viewer() -> None:
    """The first child is known to the GP; the second's one record was withdrawn; the third's comes too late."""
    contacts = [
        record("r1", 9),
        record("r2", 9, child_id="c2"),
        record("r3", 8, child_id="c2", kind="withdrawal", follows="r2"),
        record("r4", 8, child_id="c3", known_at=MIDNIGHT),
    ]
    found = reference_features({"contacts": contacts}, AS_OF, ["pooled", "police"])
    assert set(found) == {("c1", "pooled"), ("c1", "police"), ("c2", "pooled"), ("c2", "police")}
    assert found["c1", "pooled"]["contacts_30d"] == 1
    assert found["c1", "police"]["contacts_30d"] == 0
    assert found["c2", "pooled"]["contacts_30d"] == 0


# --- Contacts ----------------------------------------------------------------------------------------------------


def test_contacts_are_counted_within_their_windows() -> None:
    """Days 1, 30, 31, 90, 91, 365 and 366, and one that is planned for as_of itself."""
    records = [record(f"r{ago}", ago) for ago in (1, 30, 31, 90, 91, 365, 366)]
    records.append(record("planned", 0, planned=True, known_at=on(5)))
    assert value("contacts_30d", *records) == 2
    assert value("contacts_90d", *records) == 4
    assert value("contacts_365d", *records) == 6
    assert value("contacts_365d", record("r", 366)) == 0


def test_contacts_of_one_agency_on_one_day_count_once() -> None:
    records = [record("a", 3), record("b", 3), record("c", 3, "police"), record("d", 2)]
    assert value("contacts_30d", *records) == 3


@pytest.mark.parametrize(
    "cells",
    [
        {"about": "carer"},
        {"about": "place"},
        {"attendance": "was_not_brought"},
        {"attendance": "cancelled_by_service"},
        {"kind": "conference"},
        {"kind": "information_check"},
        {"agency": "family", "held_by": "police"},
    ],
)
def test_what_is_no_contact(cells: dict[str, Any]) -> None:
    assert value("contacts_30d", record("r", 3)) == 1
    assert value("contacts_30d", record("r", 3, about="household", attendance="attended")) == 1
    assert value("contacts_30d", record("r", 3, **cells)) == 0


def test_the_day_is_that_of_known_at_where_nothing_says_when_it_happened() -> None:
    assert value("contacts_30d", record("r", 40, occurred_at=None)) == 0
    assert value("contacts_30d", record("r", 40, known_at=on(3))) == 0
    assert value("contacts_30d", record("r", 40, occurred_at=None, known_at=on(3))) == 1


def test_a_telling_counts_unless_the_agency_has_its_own_contact_in_the_seven_days_up_to_it() -> None:
    """The school tells social care on day 10: its own contact of day 17 or 10 explains it; of day 18 or 9 does not."""
    telling = record("told", 10, "school", held_by="social_care")
    assert value("contacts_30d", telling) == 1
    assert value("contacts_30d", telling, record("own", 10, "school")) == 1
    assert value("contacts_30d", telling, record("own", 17, "school")) == 1
    assert value("contacts_30d", telling, record("own", 18, "school")) == 2
    assert value("contacts_30d", telling, record("own", 9, "school")) == 2
    assert value("contacts_30d", telling, record("own", 17, "police")) == 2
    assert value("contacts_30d", telling, record("own", 17, "school", kind="other")) == 1
    assert value("contacts_30d", telling, record("own", 17, "school", kind="other", about="carer")) == 1


def test_a_telling_is_judged_in_the_view_and_looks_out_of_the_window() -> None:
    """Social care does not see the school's own contact of day 33, so it counts the telling of day 28."""
    records = [record("told", 28, "school", held_by="social_care"), record("own", 33, "school")]
    assert value("contacts_30d", *records) == 0
    assert value("contacts_30d", *records, viewer="social_care") == 1


def test_unplanned_contacts() -> None:
    """Day 3 has one record that was planned and one that does not say; day 4 was planned; day 91 is too long ago."""
    records = [
        record("a", 3, planned=True),
        record("b", 3, planned=None),
        record("c", 4, planned=True),
        record("d", 90, planned=False),
        record("e", 91, planned=False),
    ]
    assert value("unplanned_contacts_90d", *records) == 2
    assert value("unplanned_contacts_90d", records[2]) == 0


def test_agencies() -> None:
    records = [record("a", 3), record("b", 4), record("c", 365, "police"), record("d", 366, "school")]
    assert value("agencies_365d", *records) == 2
    assert value("agencies_365d", records[3]) == 0


def test_agency_churn() -> None:
    """GP; police and GP; school; school: of three steps only the second has nobody in common."""
    records = [
        record("a", 40),
        record("b", 30),
        record("c", 30, "police"),
        record("d", 20, "school"),
        record("e", 10, "school"),
    ]
    assert value("agency_churn_365d", *records) == pytest.approx(1 / 3)
    assert value("agency_churn_365d", *records[3:]) == 0
    assert value("agency_churn_365d", *records[2:4]) == 1
    assert value("agency_churn_365d", *records[1:3]) is None
    assert value("agency_churn_365d", record("a", 366), record("b", 2, "police")) is None


# --- Services ----------------------------------------------------------------------------------------------------


def allocation(record_id: str, days_ago: float, worker: str | None, **cells: Any) -> dict[str, Any]:
    return record(record_id, days_ago, "social_care", **{"kind": "involvement_start", "worker_id": worker, **cells})


def test_worker_churn() -> None:
    """The first worker of all is no change; where there was one before the window, each in it is."""
    first, second = allocation("a", 300, "w1"), allocation("b", 30, "w2")
    assert value("worker_churn_365d", first) == 0
    assert value("worker_churn_365d", first, second) == 1
    assert value("worker_churn_365d", first, second, allocation("c", 20, "w1")) == 1
    assert value("worker_churn_365d", allocation("old", 366, "w0"), first, second) == 2
    assert value("worker_churn_365d", allocation("edge", 365, "w0"), first, second) == 2
    assert value("worker_churn_365d", allocation("old", 366, "w0")) == 0
    assert value("worker_churn_365d", record("r", 3, worker_id="w1")) is None
    assert value("worker_churn_365d", allocation("a", 300, None), record("r", 3, worker_id="w1")) is None
    assert value("worker_churn_365d", allocation("a", 300, "w1", held_by="early_help")) is None


def test_days_since_seen() -> None:
    """Seen on days 40 and 9, not on day 2: 9. Never seen: since the first record that says so. Nothing said: null."""
    seen = [record("a", 40, child_seen=True), record("b", 9, child_seen=True)]
    unseen = [record("c", 2, child_seen=False), record("d", 60, child_seen=False)]
    assert value("days_since_seen", *seen, *unseen) == 9
    assert value("days_since_seen", *unseen) == 60
    assert value("days_since_seen", record("r", 1, child_seen=True)) == 1
    assert value("days_since_seen", record("r", 1), record("x", 1, child_id="c2", child_seen=True)) is None
    tomorrow = record("t", -1, planned=True, known_at=on(3), child_seen=True)
    assert value("days_since_seen", *unseen, tomorrow) == 60


@pytest.mark.parametrize(
    ("birth", "expected", "days", "share"),
    [
        *((1, None, 3, 0.5), (None, 1, 3, 0.5), (None, None, 3, 0.5), (1, 0, 3, 0.5)),
        *((0, None, None, None), (None, 0, None, None), (0, 1, None, None)),
    ],
)
def test_nobody_looks_for_an_unborn_child(
    birth: int | None, expected: int | None, days: int | None, share: float | None
) -> None:
    """Born yesterday is born; born on as_of, or expected then or later and not known to be born, is unborn."""
    child = row("children", child_id="c1")
    child["birth_on"] = None if birth is None else day(birth)
    child["expected_birth_on"] = None if expected is None else day(expected)
    records = [record("a", 3, child_seen=True), record("b", 2, child_seen=False)]
    assert value("days_since_seen", *records, children=[child]) == days
    assert value("unseen_share_90d", *records, children=[child]) == share


def test_unseen_share() -> None:
    """Four visits say whether the child was seen, one said no; what was by phone or missed says nothing of it."""
    said = [record(f"r{ago}", ago, child_seen=ago != 90) for ago in (1, 2, 90)]
    said.append(record("in_person", 3, child_seen=True, mode="in_person", attendance="attended"))
    beside = [
        record("phone", 4, child_seen=False, mode="phone"),
        record("missed", 4, child_seen=False, attendance="no_access"),
        record("silent", 4),
        record("old", 91, child_seen=False),
    ]
    assert value("unseen_share_90d", *said, *beside) == 0.25
    assert value("unseen_share_90d", *said[:2]) == 0
    assert value("unseen_share_90d", said[0], *beside) is None


def test_missed() -> None:
    """Two agencies missed on day 5, one of them twice; a cancellation is no miss; day 366 is too long ago."""
    records = [
        record("a", 5, attendance="was_not_brought"),
        record("b", 5, attendance="no_access"),
        record("c", 5, "school", attendance="no_access"),
        record("d", 365, attendance="was_not_brought"),
        record("e", 366, attendance="was_not_brought"),
        record("f", 4, attendance="cancelled_by_carer"),
        record("g", 3, attendance="attended"),
    ]
    assert value("missed_365d", *records) == 3
    assert value("missed_365d", records[6]) == 0
    assert value("missed_365d", record("r", 3)) is None
    assert value("missed_share_365d", *records) == 0.8
    assert value("missed_share_365d", records[0], records[6]) is None
    assert value("missed_share_365d", *(record(f"r{ago}", ago, attendance="attended") for ago in (1, 2, 3))) == 0
    assert value("missed_share_365d", records[0], records[5], records[6]) is None


# --- Concerns ----------------------------------------------------------------------------------------------------


def test_rows_at_most_28_days_apart_are_one_strand() -> None:
    """Days 85, 57 and 29 hang together; a row on day 28 as well; one 29 days before the first does not."""
    records = [record(f"r{ago}", ago) for ago in (114, 85, 57, 29, 28)]
    joined = [concern(f"r{ago}") for ago in (85, 57, 29, 28)]
    assert value("unresolved_concerns", *records, concerns=joined) == 1
    assert value("unresolved_concerns", *records, concerns=[*joined, concern("r114")]) == 2
    assert value("unresolved_concerns", *records, concerns=[*joined, concern("r57", "domestic_abuse")]) == 2
    assert value("concern_recurrence", *records, concerns=joined) == 0
    assert value("concern_recurrence", *records, concerns=[*joined, concern("r114")]) == 1
    assert value("concern_recurrence", *records, concerns=[*joined, concern("r57", "domestic_abuse")]) == 0


def test_a_strand_counts_while_its_last_row_is_within_730_days() -> None:
    """The strand of days 750 and 730 counts whole, and was raised on day 750."""
    records = [record(f"r{ago}", ago) for ago in (750, 731, 730)]
    assert value("unresolved_concerns", *records, concerns=[concern("r731")]) == 0
    assert value("unresolved_concerns", *records, concerns=[concern("r750"), concern("r730")]) == 1
    assert value("unresolved_oldest_days", *records, concerns=[concern("r750"), concern("r730")]) == 750


def test_context_is_never_counted() -> None:
    records = [record("a", 9), record("b", 8), record("other", 7, child_id="c2")]
    other = concern("other", child_id="c2")
    for category in ("young_carer", "our_local_code"):
        context = [concern("a", category), concern("b", category)]
        assert value("unresolved_concerns", *records, concerns=context) is None
        assert value("concern_recurrence", *records, concerns=context) is None
        assert value("unresolved_concerns", *records, concerns=[*context, other]) == 0


def test_unresolved_needs_a_source_that_can_record_a_conclusion() -> None:
    """Of one strand no source can record one; of the other one source can."""
    records = [record("a", 99), record("b", 60), record("c", 50)]
    open_ended = concern("a", closing="not_recordable", severity=3)
    closable = [concern("b", closing="not_recordable", severity=1), concern("c", severity=2)]
    assert value("unresolved_concerns", *records, concerns=[open_ended, *closable]) == 1
    assert value("unresolved_oldest_days", *records, concerns=[open_ended, *closable]) == 60
    assert value("unresolved_severity", *records, concerns=[open_ended, *closable]) == 2
    elsewhere = [record("x", 9, child_id="c2"), concern("x", child_id="c2")]
    for name in ("unresolved_concerns", "unresolved_oldest_days", "unresolved_severity"):
        assert value(name, *records, concerns=[open_ended]) is None
        assert value(name, *records, elsewhere[0], concerns=[open_ended, elsewhere[1]]) is None
    assert value("concluded_365d", *records, elsewhere[0], concerns=[open_ended, elsewhere[1]]) == 0
    assert value("concluded_365d", *records, concerns=[open_ended]) is None


def closing(record_id: str, days_ago: float, follows: str, **cells: Any) -> dict[str, Any]:
    return record(record_id, days_ago, **{"kind": "conclusion", "follows": follows, **cells})


def test_a_strand_is_closed_on_or_after_its_last_day() -> None:
    """Raised on days 40 and 20: a closing of day 21 leaves it open, one of day 20 closes it."""
    records = [record("a", 40), record("b", 20), closing("early", 21, "a"), closing("late", 20, "a")]
    left = [concern("a", closed_by="early"), concern("b")]
    shut = [concern("a", closed_by="late"), concern("b")]
    for concerns, unresolved, concluded in ((left, 1, 0), (shut, 0, 1)):
        assert value("unresolved_concerns", *records, concerns=concerns) == unresolved
        assert value("concluded_365d", *records, concerns=concerns) == concluded
    assert value("unresolved_oldest_days", *records, concerns=shut) is None
    assert value("unresolved_severity", *records, concerns=shut) == 0


def test_a_closing_counts_where_it_is_in_the_view() -> None:
    """The police hold the closing; the GP has not been told of it; a withdrawn closing closes nothing."""
    records = [record("a", 40), closing("end", 20, "a", agency="police", held_by="police")]
    concerns = [concern("a", closed_by="end")]
    assert value("unresolved_concerns", *records, concerns=concerns) == 0
    assert value("unresolved_concerns", *records, concerns=concerns, viewer="gp") == 1
    assert value("unresolved_concerns", *records, concerns=concerns, viewer="school") == 0
    taken_back = record("w", 10, kind="withdrawal", follows="end")
    assert value("unresolved_concerns", *records, taken_back, concerns=concerns) == 1
    planned = closing("end", -1, "a", planned=True, known_at=on(5))
    assert value("unresolved_concerns", records[0], planned, concerns=concerns) == 1


def test_concluded_looks_at_the_latest_closing() -> None:
    """Closed on day 366, and again on day 365 by another row of the same strand."""
    records = [record("a", 400), record("b", 399), closing("old", 366, "a"), closing("new", 365, "b")]
    first, second = concern("a", closed_by="old"), concern("b", closed_by="new")
    assert value("concluded_365d", *records, concerns=[first, concern("b")]) == 0
    assert value("concluded_365d", *records, concerns=[first, second]) == 1


def test_a_concern_moves_with_the_correction_of_its_record() -> None:
    """Raised on day 40, corrected to day 10, and in the end withdrawn."""
    records = [record("a", 40), record("b", 10, follows="a"), record("x", 9, child_id="c2")]
    concerns = [concern("a"), concern("x", child_id="c2")]
    assert value("unresolved_oldest_days", *records, concerns=concerns) == 10
    taken_back = record("w", 5, kind="withdrawal", follows="b")
    assert value("unresolved_oldest_days", *records, taken_back, concerns=concerns) is None
    assert value("unresolved_concerns", *records, taken_back, concerns=concerns) == 0


def test_unresolved_severity_sums_the_gravest_of_each_strand() -> None:
    """Neglect 1 then 3, and domestic abuse without a severity: 3. Where none has one: null. All of it zero: 0."""
    records = [record("a", 40), record("b", 30)]
    neglect = [concern("a", severity=1), concern("b", severity=3)]
    abuse, graded = concern("b", "domestic_abuse"), concern("b", "domestic_abuse", severity=2)
    assert value("unresolved_severity", *records, concerns=[*neglect, abuse]) == 3
    assert value("unresolved_severity", *records, concerns=[*neglect, graded]) == 5
    assert value("unresolved_severity", *records, concerns=[abuse]) is None
    assert value("unresolved_severity", *records, concerns=[concern("a", severity=0)]) == 0


# --- Referrals ---------------------------------------------------------------------------------------------------


def referral(days_ago: float, **cells: Any) -> dict[str, Any]:
    given = {"agency": "social_care", "held_by": "social_care", "kind": "referral", **cells}
    return record(f"ref{days_ago}", days_ago, **given)


OLD = record("old", 800, "social_care", child_id="c2")
"""Social care's records begin long ago, with another child."""


def test_rereferral() -> None:
    """Two referrals 365 days apart are a repeat, 366 days apart are not; the later must be within 365 days."""
    assert value("rereferral_12m", OLD, referral(300), referral(10)) == 1
    assert value("rereferral_12m", OLD, referral(375), referral(10)) == 1
    assert value("rereferral_12m", OLD, referral(376), referral(10)) == 0
    assert value("rereferral_12m", OLD, referral(10)) == 0
    assert value("rereferral_12m", OLD, referral(700), referral(365)) == 1
    assert value("rereferral_12m", OLD, referral(700), referral(366)) is None
    assert value("rereferral_12m", OLD, record("r", 10)) is None
    assert value("rereferral_12m", OLD, referral(10), referral(10.25)) == 0
    assert value("rereferral_12m", OLD, referral(10), referral(300, held_by="school")) == 0
    assert value("rereferral_12m", OLD, referral(700), referral(360), referral(1)) == 1


def test_rereferral_cannot_be_told_where_the_records_of_social_care_begin_too_late() -> None:
    """They must begin 365 days before the latest referral, with any child, as far as anyone knows."""
    just = record("just", 375, "social_care", child_id="c2")
    assert value("rereferral_12m", just, referral(10)) == 0
    assert value("rereferral_12m", just, referral(11)) is None
    assert value("rereferral_12m", record("gp", 800), referral(10)) is None
    assert value("rereferral_12m", OLD, referral(10, agency="police"), viewer="police") == 0


def test_a_referral_while_an_episode_runs_is_none() -> None:
    """An episode from day 200 to day 100: referrals of days 200 and 100 count, those between do not."""
    begin, end = record("begin", 200, "social_care", kind="plan_start"), record("end", 100, "social_care", kind="other")
    span = episode("begin", 200, ended_by="end", end_on=day(100))
    for ago, expected in ((201, 1), (200, 1), (199, 0), (101, 0), (100, 1), (99, 1)):
        found = value("rereferral_12m", OLD, begin, end, referral(ago), referral(10), episodes=[span])
        assert found == expected, ago
    help_only = {**span, "kind": "early_help"}
    assert value("rereferral_12m", OLD, begin, end, referral(150), referral(10), episodes=[help_only]) == 1
    assert value("rereferral_12m", OLD, begin, referral(10), episodes=[episode("begin", 200)]) is None


def test_an_episode_runs_on_in_the_view_of_those_who_do_not_know_its_end() -> None:
    """The police know the start and the referrals; nobody told them of the end."""
    begin = record("begin", 200, "police", held_by="social_care", kind="plan_start")
    end = record("end", 100, "social_care", kind="other")
    referrals = [referral(50, agency="police"), referral(10, agency="police")]
    span = [episode("begin", 200, ended_by="end", end_on=day(100))]
    assert value("rereferral_12m", OLD, begin, end, *referrals, episodes=span) == 1
    assert value("rereferral_12m", OLD, begin, end, *referrals, episodes=span, viewer="police") is None


def test_closed_no_action() -> None:
    """Two on one day are one; day 366 is too long ago; another outcome is another outcome."""
    records = [
        record("a", 5, outcome="no_further_action"),
        record("b", 5, "school", outcome="advice"),
        record("c", 365, kind="conclusion", follows="a", outcome="advice"),
        record("d", 366, outcome="advice"),
        record("e", 4, outcome="assessment"),
    ]
    assert value("closed_no_action_365d", *records) == 2
    assert value("closed_no_action_365d", *records[3:]) == 0


# --- What only the pooled view can show ------------------------------------------------------------------------------


def test_unknown_adults() -> None:
    """Social care knows p1; the GP's records name p1, p2 and p3; p2's part ended the day before as_of."""
    records = [record("sc", 30, "social_care"), record("gp", 20)]
    lead = person("sc", "p1", role="mother")
    others = [person("gp", "p1"), person("gp", "p2", valid_to=day(1)), person("gp", "p3", valid_to=AS_OF)]
    assert value("unknown_adults", *records, people=[lead, *others]) == 1
    assert value("unknown_adults", *records, people=[lead, *others[:2]]) == 0
    assert value("unknown_adults", *records, people=[lead, person("gp", "p4", role="sibling")]) == 0
    assert value("unknown_adults", *records, people=others) is None
    assert value("unknown_adults", *records, people=[]) is None
    assert value("unknown_adults", *records, people=[lead, *others], viewer="gp") is None
    assert value("unknown_adults", *records, people=[lead, *others], sharing=[share("gp", "social_care", 1)]) == 0


def test_largest_single_view() -> None:
    """Four strands; the GP raised two, the police the others, and social care was told of three, one by its record."""
    records = [
        *(record("a", 40), record("b", 30)),
        *(record("c", 20, "police"), record("d", 10, "police")),
    ]
    categories = ("neglect", "domestic_abuse", "missing", "gangs")
    concerns = [concern(each, category) for each, category in zip("abcd", categories, strict=True)]
    told = [share(each, "social_care", 1) for each in "abc"]
    assert value("largest_single_view", *records, concerns=concerns) == 0.5
    assert value("largest_single_view", *records, concerns=concerns, sharing=told) == 0.75
    assert value("largest_single_view", *records, concerns=concerns, viewer="gp") is None
    assert value("largest_single_view", *records, concerns=concerns[:1]) is None
    assert value("largest_single_view", *records[:2], concerns=concerns[:2]) is None


def test_who_knew_a_record_or_its_correction_knows_the_row() -> None:
    """The police correct the GP's record: both know the concern, and the GP knows the other strand too."""
    records = [record("a", 40), record("b", 30), record("c", 20, "police", follows="a")]
    concerns = [concern("a"), concern("b", "domestic_abuse")]
    assert value("largest_single_view", *records, concerns=concerns) == 1


@pytest.mark.parametrize(
    ("name", "alone", "beside", "expected"),
    [
        ("missed_365d", {}, {"attendance": "attended"}, 0),
        ("days_since_seen", {"child_seen": True}, {}, 5),
        ("worker_churn_365d", {"kind": "involvement_start", "agency": "social_care"}, {"worker_id": "w"}, None),
    ],
)
def test_what_nobody_filled_in_cannot_be_told_of_anyone(
    name: str, alone: dict[str, Any], beside: dict[str, Any], expected: Any
) -> None:
    """A column filled for another child, by a record known before as_of, is a column that is there."""
    other = record("other", 800, "school", child_id="c2", **beside)
    assert value(name, record("r", 5, **{"held_by": "social_care", **alone}), other) == expected
    assert value(name, record("r", 5), record("other", 800, child_id="c2")) is None


def test_zero_null_and_a_positive_value_stand_side_by_side() -> None:
    """One child missed, one attended, and the day before anyone filled the column nobody could tell."""
    contacts = [
        record("a", 3, attendance="no_access"),
        record("b", 2, child_id="c2", attendance="attended"),
        record("c", 9),
        record("d", 9, child_id="c2"),
    ]
    later = reference_features({"contacts": contacts}, AS_OF, ["pooled"])
    earlier = reference_features({"contacts": contacts}, day(3), ["pooled"])
    assert [later[child, "pooled"]["missed_365d"] for child in ("c1", "c2")] == [1, 0]
    assert [earlier[child, "pooled"]["missed_365d"] for child in ("c1", "c2")] == [None, None]
