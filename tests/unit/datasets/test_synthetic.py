"""Make-believe keeps the contract, comes from its seed alone, and holds what it is meant to hold."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys

import polars as pl
import pytest

from earlywarn.datasets import load_example, make_cohort
from earlywarn.datasets.examples import EXAMPLE_CHILDREN, FOLDER, example_cohort
from earlywarn.errors import ArgumentError
from earlywarn.records import codes
from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES

UNTIL = pl.datetime(2026, 11, 1)


@pytest.fixture(scope="module")
def made():
    return example_cohort()


@pytest.fixture(scope="module")
def frames(made):
    return made.records.frames


@pytest.fixture(scope="module")
def contacts(frames):
    return frames["contacts"]


def _digest(made) -> str:
    found = hashlib.sha256()
    for frame in (*made.records.frames.values(), *made.truth.values()):
        buffer = io.BytesIO()
        frame.write_csv(buffer)
        found.update(buffer.getvalue())
    return found.hexdigest()


# --- the seed ------------------------------------------------------------------------------------------------------


def test_same_seed_same_bytes():
    assert _digest(make_cohort(60, seed=4)) == _digest(make_cohort(60, seed=4))


def test_neither_hash_seed_nor_threads_matter():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from test_synthetic import _digest; from earlywarn.datasets import make_cohort;"
        "print(_digest(make_cohort(60, seed=4)))"
    )
    other = os.environ | {"PYTHONHASHSEED": "1", "POLARS_MAX_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", code, os.path.dirname(__file__)],  # noqa: PTH120
        env=other,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == _digest(make_cohort(60, seed=4))


def test_different_seeds_differ():
    assert _digest(make_cohort(60, seed=4)) != _digest(make_cohort(60, seed=5))


def test_another_day_moves_the_whole_history():
    here = make_cohort(40, seed=2, until="2026-11-01").records.frames["contacts"]
    earlier = make_cohort(40, seed=2, until="2025-11-02").records.frames["contacts"]  # also a Sunday, 52 weeks before
    assert earlier["known_at"].dt.offset_by("52w").equals(here["known_at"])


@pytest.mark.parametrize(
    "bad",
    [
        {"children": 0},
        {"children": 1.5},
        {"seed": -1},
        {"until": "1/11/2026"},
        {"until": "20261101"},
        {"until": "0001-01-01"},
        {"until": None},
    ],
)
def test_arguments_that_cannot_be_meant(bad):
    with pytest.raises(ArgumentError) as caught:
        make_cohort(**({"children": 5} | bad))
    assert caught.value.expected
    assert caught.value.fix


# --- the contract --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORD_TABLES)
def test_every_table_has_exactly_the_contracts_columns(frames, name):
    assert frames[name].schema == RECORD_TABLES[name].schema


@pytest.mark.parametrize(("children", "seed"), [(1, 0), (2, 1), (19, 3), (120, 0), (120, 1), (120, 2)])
def test_no_row_is_refused(children, seed):
    made = make_cohort(children, seed=seed)
    checked = records_from_frames(dict(made.records.frames))
    assert checked.refused == 0
    assert {n: f.height for n, f in checked.frames.items()} == {n: f.height for n, f in made.records.frames.items()}


def test_every_reference_is_to_a_record_of_the_same_child(frames, contacts):
    owners = contacts.select("record_id", owner="child_id")
    for name, table in RECORD_TABLES.items():
        for column in (c.name for c in table.columns if c.names_record):
            named = frames[name].filter(pl.col(column).is_not_null())
            found = named.join(owners, left_on=column, right_on="record_id", how="left")
            assert found["owner"].null_count() == 0, (name, column)
            if "child_id" in named.columns:
                assert (found["owner"] == found["child_id"]).all(), (name, column)


def test_tables_without_a_key_hold_no_row_twice(frames):
    for name, table in RECORD_TABLES.items():
        assert frames[name].n_unique(subset=list(table.key) or None) == frames[name].height


def test_children_and_episodes_named_exist(frames, contacts):
    children = set(frames["children"]["child_id"])
    assert set(contacts["child_id"]) <= children
    assert set(contacts["episode_id"].drop_nulls()) <= set(frames["episodes"]["episode_id"])


def test_truth_is_about_the_same_children_and_concerns(made, frames):
    assert made.truth["children"]["child_id"].equals(frames["children"]["child_id"])
    assert made.truth["concerns"]["concern_id"].equals(frames["concerns"]["concern_id"])
    harmed = made.truth["children"].filter("harm")
    assert 0 < harmed.height < made.truth["children"].height
    assert harmed["harm_onset"].null_count() == 0
    assert 0.4 < made.truth["concerns"]["real"].mean() < 0.95


# --- time ----------------------------------------------------------------------------------------------------------


def test_known_when_recorded_and_never_before_it_happened(contacts):
    assert contacts["known_at"].equals(contacts["recorded_at"])
    ahead = contacts.filter(pl.col("occurred_at") > pl.col("known_at"))
    assert 0 < ahead.height < 40
    assert ahead["planned"].all()
    first = contacts.filter(pl.col("follows").is_null())
    assert (first["known_at"] - first["occurred_at"]).dt.total_days().max() <= 22


def test_a_few_records_become_known_late(contacts):
    late = contacts.filter(pl.col("known_at") >= UNTIL)
    assert 0 < late.height < 0.01 * contacts.height


def test_what_follows_is_known_no_earlier(contacts):
    older = contacts.select("record_id", "child_id", before="known_at", older_kind="kind")
    pairs = contacts.join(older, left_on="follows", right_on="record_id")
    assert (pairs["known_at"] > pairs["before"]).all()
    corrections = pairs.filter(~pl.col("kind").is_in(["conclusion", "withdrawal"]))
    assert corrections.height > 0
    assert (corrections["kind"] == corrections["older_kind"]).all()
    assert pairs.filter(pl.col("kind") == "withdrawal").height > 0


def test_a_closing_is_a_conclusion_that_follows_the_record(frames, contacts):
    closed = frames["concerns"].filter(pl.col("closed_by").is_not_null())
    said = closed.join(contacts.select("record_id", "kind", "follows"), left_on="closed_by", right_on="record_id")
    assert closed.height > 50
    assert (said["kind"] == "conclusion").all()
    assert (said["follows"] == said["record_id"]).all()


def test_nothing_is_written_after_a_child_has_gone(frames, contacts):
    dead = frames["children"].filter(pl.col("death_on").is_not_null())
    rows = contacts.join(dead, on="child_id").filter(pl.col("occurred_at").is_not_null())
    assert rows.height > 0
    assert (rows["occurred_at"].dt.date() <= rows["death_on"]).all()


# --- the world -----------------------------------------------------------------------------------------------------


def test_agencies_that_should_be_there_are(contacts):
    health = {"hospital", "emergency", "gp", "health_visiting", "camhs", "adult_mental_health", "midwifery"}
    wanted = health | {"social_care", "police", "school", "early_years", "housing", "early_help"}
    assert wanted | {"domestic_abuse_service"} <= set(contacts["held_by"])
    assert {"family", "anonymous"} <= set(contacts["agency"])
    assert set(contacts["held_by"]) <= set(codes.ORGANISATIONS)


def test_few_children_carry_most_records(contacts):
    sizes = contacts.group_by("child_id").len()["len"].sort(descending=True)
    assert 18 <= contacts.height / EXAMPLE_CHILDREN <= 32
    assert sizes.head(EXAMPLE_CHILDREN // 5).sum() > 0.5 * contacts.height
    assert sizes.median() < 15


def test_some_children_are_unknown_to_social_care(contacts):
    theirs = contacts.filter(pl.col("held_by") == "social_care")["child_id"].n_unique()
    assert 0.15 * EXAMPLE_CHILDREN < theirs < 0.6 * EXAMPLE_CHILDREN


def test_children_of_every_sort(frames, contacts):
    children = frames["children"]
    assert children.filter(pl.col("expected_birth_on").is_not_null() & pl.col("birth_on").is_null()).height > 0
    assert children["death_on"].count() > 0
    assert children.filter(pl.col("birth_on") < pl.date(2008, 11, 1)).height > 0
    moved = frames["facts"].filter((pl.col("key") == "closure_reason") & (pl.col("value") == "moved_away"))
    assert (moved.join(contacts, on="record_id")["outcome"] == "transferred").all()
    assert moved.height > 0


def test_siblings_share_households(frames):
    sizes = frames["households"].group_by("household_id").agg(pl.col("child_id").n_unique())["child_id"]
    assert sizes.max() > 1
    assert sizes.max() <= 4


def test_some_partners_are_in_no_record_of_social_care(frames, contacts):
    held = contacts.select("record_id", "held_by")
    partners = frames["people"].filter(pl.col("role") == "partner").join(held, on="record_id")
    known = partners.group_by("person_id").agg(known=(pl.col("held_by") == "social_care").any())["known"]
    assert known.any()
    assert not known.all()


def test_every_step_of_the_process_and_every_episode(frames, contacts):
    ours = contacts.filter(pl.col("held_by") == "social_care")
    steps = {"contact", "referral", "assessment", "strategy_discussion", "strategy_enquiry", "conference", "plan_start",
             "plan_end", "review", "visit", "involvement_start", "involvement_end", "information_check",
             "conclusion"}  # fmt: skip
    assert steps <= set(ours["kind"])
    episodes = frames["episodes"]
    assert set(episodes["kind"]) == set(codes.EPISODES)
    assert 0 < episodes["end_on"].null_count() < episodes.height
    kinds = dict(contacts.select("record_id", "kind").iter_rows())
    assert {kinds[r] for r in episodes["started_by"]} <= {"plan_start", "placement_start"}
    assert {kinds[r] for r in episodes["ended_by"].drop_nulls()} <= {"plan_end", "placement_end"}


def test_some_are_referred_again_within_a_year(contacts):
    referrals = contacts.filter(pl.col("kind") == "referral").sort("child_id", "known_at")
    gap = referrals.select((pl.col("known_at") - pl.col("known_at").shift(1).over("child_id")).dt.total_days())
    assert gap.to_series().is_between(1, 365).sum() > 5
    assert referrals["occurred_at"].null_count() == referrals.height
    assert set(referrals["recorded_basis"]) == {"received_date"}


def test_no_referral_is_known_before_the_contact_it_came_from(contacts):
    asked = contacts.filter((pl.col("held_by") == "social_care") & (pl.col("kind") == "contact"))
    referrals = contacts.filter(pl.col("kind") == "referral").sort("known_at")
    asked = asked.select("child_id", "agency", "known_at", asked_at="known_at").sort("known_at")
    pairs = referrals.join_asof(asked, on="known_at", by=["child_id", "agency"], check_sortedness=False)
    assert pairs["asked_at"].null_count() == 0


def test_workers_change(contacts):
    starts = contacts.filter(pl.col("kind") == "involvement_start")
    assert starts["worker_id"].null_count() == 0
    assert starts.group_by("child_id").agg(pl.col("worker_id").n_unique())["worker_id"].max() > 2


def test_missing_is_left_missing(contacts):
    visits = contacts.filter((pl.col("held_by") == "social_care") & (pl.col("kind") == "visit"))
    assert 0 < visits["attendance"].null_count() < 0.2 * visits.height
    assert 0 < visits["child_seen"].null_count() < 0.3 * visits.height
    assert {"attended", "no_access", "was_not_brought", "cancelled_by_carer", "cancelled_by_service"} <= set(
        contacts["attendance"].drop_nulls()
    )


def test_concerns_of_every_class_closed_open_and_graded(frames):
    concerns = frames["concerns"]
    groups = {codes.concern_class(c) for c in concerns["category"]}
    assert groups == {"harm", "parental", "harm_outside_home", "context"}
    assert set(concerns["closing"]) == {"recorded", "not_recordable"}
    assert concerns.filter(pl.col("closing") == "not_recordable")["closed_by"].count() == 0
    assert 0 < concerns["severity"].null_count() < concerns.height
    neglect = concerns.filter((pl.col("category") == "neglect") & (pl.col("closing") == "recorded"))
    assert neglect["closed_by"].null_count() > 0.5 * neglect.height


def test_sharing_of_every_sort(frames, contacts):
    sharing = frames["sharing"].join(contacts.select("record_id", "known_at", "held_by"), on="record_id")
    assert set(sharing["decision"]) == {"shared", "withheld", "asked"}
    assert set(sharing["extent"]) == {"full", "summary", "existence"}
    days = (sharing["shared_at"] - sharing["known_at"]).dt.total_days()
    assert days.min() == 0
    assert days.max() > 42


# --- what ships ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORD_TABLES)
def test_what_ships_is_what_the_seed_gives(frames, name):
    assert load_example().frames[name].equals(frames[name])


def test_what_ships_is_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.parquet")) < 400_000
