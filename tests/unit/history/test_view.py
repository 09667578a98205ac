"""What a viewer could see: told or not, corrected or not, before the midnight that starts the day."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from earlywarn.errors import ArgumentError
from earlywarn.history.days import as_day
from earlywarn.history.lookback import look_back, viewers_before
from earlywarn.history.view import View
from earlywarn.words import age_in_words
from tests.changes import with_rows

NOON = dt.datetime(2026, 3, 1, 12)


def record(record_id: str, agency: str, days: int = 0, **more) -> dict:
    said = dict(record_id=record_id, child_id="c1", agency=agency, held_by=agency, kind="incident", about="child")
    fixed = dict(occurred_precision="instant", recorded_basis="source", source="s", source_row="1")
    return said | fixed | dict(known_at=NOON + dt.timedelta(days=days)) | more


def records(*contacts, **more):
    from tests.changes import empty_records

    return with_rows(empty_records(), contacts=list(contacts), **more)


def told(record_id: str, to: str, days: int, decision: str = "shared", extent: str = "full") -> dict:
    when = NOON + dt.timedelta(days=days)
    return dict(record_id=record_id, to_agency=to, shared_at=when, decision=decision, extent=extent)


def ids(of, as_of: str, viewer: str = "pooled") -> set[str]:
    return set(View(of, as_of, viewer)["contacts"]["record_id"])


def test_the_raiser_and_the_holder_know_a_record_and_nobody_else():
    of = records(record("r", "police", held_by="social_care"))
    for viewer in ("police", "social_care", "pooled"):
        assert ids(of, "2026-03-02", viewer) == {"r"}
    assert ids(of, "2026-03-02", "school") == set()


def test_a_record_raised_by_a_relative_is_known_to_its_holder_alone():
    of = records(record("r", "family", held_by="social_care"))
    assert viewers_before(of, dt.date(2026, 3, 2)) == ["pooled", "social_care"]


def test_a_record_known_at_noon_is_in_the_view_of_the_next_day():
    of = records(record("r", "police"))
    assert ids(of, "2026-03-01") == set()
    assert ids(of, "2026-03-02") == {"r"}


@pytest.mark.parametrize(
    ("decision", "extent", "knows"),
    [
        ("shared", "full", True),
        ("shared", "summary", True),
        ("shared", "existence", False),
        ("withheld", "full", False),
        ("asked", "full", False),
    ],
)
def test_only_telling_what_it_says_confers_knowledge(decision, extent, knows):
    of = records(record("r", "police"), sharing=[told("r", "school", 5, decision, extent)])
    assert ids(of, "2026-03-06", "school") == set()
    assert ids(of, "2026-03-07", "school") == ({"r"} if knows else set())


def test_a_correction_hides_the_older_record_where_it_is_known_and_only_there():
    of = records(record("old", "gp"), record("new", "gp", 10, follows="old"), sharing=[told("old", "school", 1)])
    assert ids(of, "2026-03-11", "gp") == {"old"}
    assert ids(of, "2026-03-12", "gp") == {"new"}
    assert ids(of, "2026-03-12", "pooled") == {"new"}
    assert ids(of, "2026-03-12", "school") == {"old"}, "the school was never told of the correction"


def test_references_mean_the_correction_and_after_a_withdrawal_nothing():
    concern = dict(concern_id="k", child_id="c1", record_id="old", category="neglect", closing="recorded")
    contacts = [
        record("old", "gp"),
        record("new", "gp", 10, follows="old"),
        record("back", "gp", 20, kind="withdrawal", follows="new"),
    ]
    of = records(*contacts, concerns=[concern])
    assert View(of, "2026-03-05")["concerns"]["record_id"].tolist() == ["old"]
    assert View(of, "2026-03-15")["concerns"]["record_id"].tolist() == ["new"]
    assert View(of, "2026-03-25")["concerns"].empty
    assert ids(of, "2026-03-25") == {"back"}


def test_a_conclusion_adds_and_hides_nothing():
    of = records(record("r", "gp"), record("end", "gp", 3, kind="conclusion", follows="r"))
    assert ids(of, "2026-04-01") == {"r", "end"}


def test_the_end_of_an_episode_is_known_when_its_record_is():
    episode = dict(episode_id="e", child_id="c1", kind="child_in_need", started_by="a", start_on=dt.date(2026, 3, 1))
    ended = episode | dict(ended_by="b", end_on=dt.date(2026, 3, 4))
    of = records(record("a", "social_care"), record("b", "social_care", 30), episodes=[ended])
    before, after = (View(of, day)["episodes"] for day in ("2026-03-20", "2026-04-20"))
    assert pd.isna(before["end_on"][0])
    assert pd.isna(before["ended_by"][0])
    assert after["ended_by"][0] == "b"


def test_an_act_of_sharing_is_in_the_views_of_those_who_took_part():
    of = records(
        record("r", "police"), sharing=[told("r", "school", 1), told("r", "gp", 1), told("r", "housing", 1, "withheld")]
    )
    seen = {v: set(View(of, "2026-04-01", v)["sharing"]["to_agency"]) for v in ("pooled", "police", "school")}
    assert seen["pooled"] == seen["police"] == {"school", "gp", "housing"}
    assert seen["school"] == {"school"}


@pytest.mark.parametrize(
    ("birth", "expected", "unborn", "months"),
    [
        ("2024-01-31", None, False, 25),
        ("2026-03-10", None, True, None),
        ("2026-03-11", None, True, None),
        ("2026-03-09", None, False, 0),
        (None, "2026-06-01", True, None),
        (None, "2026-01-01", False, None),
        (None, None, False, None),
    ],
)
def test_age_on_the_day(birth, expected, unborn, months):
    day = {"birth_on": birth, "expected_birth_on": expected}
    child = dict(child_id="c1") | {k: dt.date.fromisoformat(v) if v else None for k, v in day.items()}
    look = look_back(records(record("r", "gp"), children=[child]), [dt.date(2026, 3, 10)], ["pooled"])
    row = look.children.row(0, named=True)
    assert (row["unborn"], row["age_months"]) == (unborn, months)


@pytest.mark.parametrize(
    ("months", "unborn", "words"),
    [
        (None, True, "unborn"),
        (None, False, "age not known"),
        (0, False, "under 1 month"),
        (1, False, "1 month"),
        (28, False, "2 years 4 months"),
        (12, False, "1 year"),
        (190, False, "15 years"),
    ],
)
def test_age_in_words(months, unborn, words):
    assert age_in_words(months, unborn=unborn) == words


@pytest.mark.parametrize(
    "day", ["2026-11-01", dt.date(2026, 11, 1), pd.Timestamp("2026-11-01"), dt.datetime(2026, 11, 1)]
)
def test_a_day_is_a_day(day):
    assert as_day(day) == dt.date(2026, 11, 1)


@pytest.mark.parametrize(
    "day",
    [
        "2026-11-01T00:00",
        "01/11/2026",
        "2026-13-01",
        "today",
        "",
        "20261101",
        dt.datetime(2026, 11, 1, 9),
        20261101,
        None,
        dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        pd.NaT,
    ],
)
def test_anything_else_is_refused(day):
    with pytest.raises(ArgumentError, match="not a day"):
        as_day(day)


def test_an_unknown_viewer_is_refused_with_the_nearest_name():
    with pytest.raises(ArgumentError, match='did you mean "police"'):
        View(records(record("r", "gp")), "2026-03-02", "polise")


def test_the_view_says_its_boundary(example):
    assert "known before the midnight that starts that day" in repr(View(example, "2026-11-01"))
