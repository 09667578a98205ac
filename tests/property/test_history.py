"""What must hold of any records: nothing from the future, nothing forgotten, nobody told by what tells nobody."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.history.lookback import look_back
from earlywarn.history.view import View
from earlywarn.history.viewers import check_viewer, members
from earlywarn.records.tables import Records
from tests import history_reference as plain
from tests.changes import only_what_was_known, put_off, renamed, with_rows, without_records
from tests.histories import FEW, HISTORY_AGENCIES, LINKED_IDS, MANY, History, histories, on_draws, viewers
from tests.seeing import IDS, TABLES, knowers, midnight_of, records_of, seen, told_of
from tests.strategies import to_frames

some_days = st.integers(1, 800)


def replacements(records: Records) -> pl.DataFrame:
    """Corrections and withdrawals."""
    return records.frames["contacts"].filter(pl.col("follows").is_not_null() & (pl.col("kind") != "conclusion"))


def uncorrected(records: Records) -> Records:
    """The same records, of which none replaces another."""
    alone = pl.when(pl.col("kind") == "conclusion").then("follows").alias("follows")
    kind = pl.when(pl.col("kind") == "withdrawal").then(pl.lit("contact")).otherwise("kind").alias("kind")
    return Records({**records.frames, "contacts": records.frames["contacts"].with_columns(alone, kind)})


# ---------------------------------------------------------------------------------------------------------------
# Nothing from the future
# ---------------------------------------------------------------------------------------------------------------


@on_draws(histories(), viewers)
def test_views_are_those_of_the_past_alone(history, viewer):
    now, then = records_of(history), Records(to_frames(only_what_was_known(*history)))
    assert seen(now, history.day, viewer) == seen(then, history.day, viewer)
    looks = [look_back(records, [history.day], [viewer]) for records in (now, then)]
    assert looks[0].spine.equals(looks[1].spine)
    assert looks[0].children.equals(looks[1].children)


@on_draws(histories(), viewers)
def test_chronologies_graphs_and_ids_are_those_of_the_past_alone(history, viewer):
    now, then = records_of(history), Records(to_frames(only_what_was_known(*history)))
    views = [View(records, history.day, viewer) for records in (now, then)]
    assert views[0].children == views[1].children
    assert told_of(views[0]) == told_of(views[1])


def written_later(draw: st.DrawFn, history: History, **said: Any) -> dict[str, Any]:
    """A record like one of those drawn, of the same child, known at the midnight or after."""
    like = draw(st.sampled_from(history.tables["contacts"]))
    agency = draw(st.sampled_from(HISTORY_AGENCIES))
    wait = dt.timedelta(microseconds=draw(st.sampled_from((0, 1, 10**10))))
    known_at = max(midnight_of(history.day) + wait, like["known_at"])
    happened = {"occurred_at": None, "planned": None, "follows": None}
    return like | {"record_id": "late", "agency": agency, "held_by": agency, "known_at": known_at, **happened} | said


@st.composite
def added(draw: st.DrawFn, history: History) -> Records:
    """Draw a record of what happened that day or long ago, and all that it may carry."""
    ago = dt.timedelta(days=draw(st.sampled_from((0, 400))))
    late = written_later(draw, history, kind="incident")
    late["occurred_at"] = late["known_at"] - ago
    by = {"record_id": "late", "child_id": late["child_id"]}
    return with_rows(
        records_of(history),
        contacts=[late],
        concerns=[by | {"concern_id": "late", "category": "neglect", "closing": "recorded"}],
        people=[by | {"person_id": draw(st.sampled_from(("p1", "new"))), "role": "partner"}],
        households=[by | {"household_id": draw(st.sampled_from(("h1", "new")))}],
        episodes=[by | {"episode_id": "late", "kind": "child_in_need", "started_by": "late", "start_on": history.day}],
        facts=[by | {"key": "attendee", "value": "police"}],
    )


@st.composite
def concluded(draw: st.DrawFn, history: History) -> Records:
    """Draw a record that closes every open concern and ends every open episode of its child."""
    frames = dict(records_of(history).frames)
    late = written_later(draw, history, kind="conclusion")
    own = pl.col("child_id") == late["child_id"]
    ends = {"concerns": ("closed_by",), "episodes": ("ended_by", "end_on")}
    for table, columns in ends.items():
        still = own & pl.col(columns[0]).is_null()
        values = {"closed_by": "late", "ended_by": "late", "end_on": history.day}
        frames[table] = frames[table].with_columns(
            pl.when(still).then(pl.lit(values[c])).otherwise(c).alias(c) for c in columns
        )
    return with_rows(Records(frames), contacts=[late | {"follows": None, "kind": "contact"}])


def following(kind: str) -> Any:
    @st.composite
    def follower(draw: st.DrawFn, history: History) -> Records:
        late = written_later(draw, history, kind=kind)
        own = [r for r in history.tables["contacts"] if r["child_id"] == late["child_id"]]
        followed = draw(st.sampled_from(own))
        late |= {"follows": followed["record_id"], "known_at": max(late["known_at"], followed["known_at"])}
        return with_rows(records_of(history), contacts=[late])

    return follower


@st.composite
def told_late(draw: st.DrawFn, history: History) -> Records:
    """Draw an act of sharing an old record at the midnight or after."""
    record = draw(st.sampled_from(history.tables["contacts"]))
    when = max(midnight_of(history.day), record["known_at"]) + dt.timedelta(hours=draw(st.sampled_from((0, 9))))
    act = {"record_id": record["record_id"], "shared_at": when, "decision": "shared", "extent": "full"}
    return with_rows(records_of(history), sharing=[act | {"to_agency": draw(st.sampled_from(HISTORY_AGENCIES))}])


def found_out(history: History, subject: str | None, ends: list[str], when: dt.datetime) -> Records:
    link = {"child_id": ends[0], "same_as": ends[1], "known_at": when, "method": "a number", "subject": subject}
    return with_rows(records_of(history), links=[link])


def two_ids(draw: st.DrawFn) -> tuple[str | None, list[str]]:
    subject = draw(st.sampled_from((None, "child", "person", "household")))
    ids = LINKED_IDS[subject or "child"][:3]
    return subject, draw(st.lists(st.sampled_from(ids), min_size=2, max_size=2, unique=True))


@st.composite
def linked_late(draw: st.DrawFn, history: History) -> Records:
    """Draw a link found out at the midnight or after."""
    when = midnight_of(history.day) + dt.timedelta(hours=draw(st.sampled_from((0, 9))))
    return found_out(history, *two_ids(draw), when)


LATER = {
    "added": added,
    "concluded": concluded,
    "corrected": following("contact"),
    "withdrawn": following("withdrawal"),
    "told late": told_late,
    "linked late": linked_late,
}


@pytest.mark.parametrize("examples", [FEW, MANY])
@pytest.mark.parametrize("change", LATER.values(), ids=LATER)
def test_what_is_written_on_the_day_or_after_changes_nothing(change, examples):
    """On top of whatever else is written later: added, concluded, corrected, withdrawn, told, linked."""

    @settings(max_examples=examples)
    @given(st.data(), histories(), viewers)
    def check(data, history, viewer):
        later = data.draw(change(history))
        assert seen(later, history.day, viewer) == seen(records_of(history), history.day, viewer)

    check()


@on_draws(histories(), viewers, some_days)
def test_when_after_the_midnight_a_thing_became_known_does_not_matter(history, viewer, days):
    records = records_of(history)
    later = put_off(records, midnight_of(history.day), dt.timedelta(days=days))
    assert seen(later, history.day, viewer) == seen(records, history.day, viewer)


@on_draws(histories(), viewers)
def test_what_is_known_a_microsecond_before_the_midnight_is_known(history, viewer):
    """All that became known at a later moment than the eve, brought forward to the eve: it is all there."""
    eve = midnight_of(history.day) - dt.timedelta(microseconds=1)
    sooner = {c: pl.min_horizontal(pl.col(c), pl.lit(eve)).alias(c) for c in ("known_at", "shared_at")}
    held = records_of(history).frames.items()
    records = Records({n: f.with_columns(e for c, e in sooner.items() if c in f.columns) for n, f in held})
    everything = set(records.frames["contacts"]["record_id"])
    assert knowers(records, history.day)["pooled"] == everything
    assert knowers(records, (eve - dt.timedelta(days=3000)).date()) == {}
    hidden = set(replacements(records)["follows"])
    shown = View(records, history.day).frames["contacts"]["record_id"]
    assert set(shown) == everything - hidden
    assert View(records, history.day, viewer).frames["links"].height <= records.frames["links"].height


# ---------------------------------------------------------------------------------------------------------------
# Together and alone, earlier and later
# ---------------------------------------------------------------------------------------------------------------


@on_draws(histories())
def test_pooled_knows_what_any_organisation_knows_and_no_more(history):
    records = records_of(history)
    known = knowers(records, history.day)
    pooled = known.pop("pooled", set())
    assert pooled == set().union(*known.values())
    shown = {v: set(View(records, history.day, v).frames["contacts"]["record_id"]) for v in ("pooled", *known)}
    pooled_shown = shown.pop("pooled")
    replaced = set(replacements(records).filter(pl.col("record_id").is_in(list(pooled)))["follows"])
    assert pooled_shown == set().union(*shown.values()) - replaced, "some show what others know to be replaced"


@on_draws(histories())
def test_where_nothing_is_corrected_the_views_of_all_make_up_the_pooled_one(history):
    """In every table. What closed a concern or ended an episode may be in the view of another than who knew of it."""
    records, ends = uncorrected(records_of(history)), ("closed_by", "ended_by", "end_on")
    every = [seen(records, history.day, v, *ends) for v in HISTORY_AGENCIES]
    pooled = seen(records, history.day, "pooled", *ends)
    for table in TABLES:
        assert set(pooled[table]) == {row for of_one in every for row in of_one[table]}, table


@on_draws(histories(), viewers, some_days)
def test_a_viewer_never_forgets_what_nobody_replaced(history, viewer, days):
    records, later = records_of(history), history.day + dt.timedelta(days=days)
    name = check_viewer(viewer)
    before, after = (knowers(records, day, name) for day in (history.day, later))
    assert all(known <= after[who] for who, known in before.items())
    shown = [set(View(records, day, viewer).frames["contacts"]["record_id"]) for day in (history.day, later)]
    replacing = replacements(records).filter(pl.col("record_id").is_in(list(after.get(name, ()))))
    assert shown[0] - shown[1] <= set(replacing["follows"])


@on_draws(histories(), viewers, some_days)
def test_where_nothing_is_corrected_a_view_only_grows(history, viewer, days):
    """In every table, under whatever ids the children and people then go by."""
    records, grows = uncorrected(records_of(history)), (*IDS, "closed_by", "ended_by", "end_on")
    before, after = (seen(records, day, viewer, *grows) for day in (history.day, history.day + dt.timedelta(days=days)))
    for table in TABLES[:-1]:
        assert before[table] <= after[table], table


@on_draws(histories(), st.sampled_from(("police+social_care", "gp+school+police", "sector:health")))
def test_a_set_sees_what_one_organisation_in_all_their_places_would_see(history, viewer):
    """Merge the members into one: its view is theirs, in every table, but for the names of agencies."""
    records, mine = records_of(history), members(viewer)
    parties, one = ("agency", "held_by", "to_agency"), dict.fromkeys(mine, mine[0])
    merged = renamed(records, set(parties), lambda name: one.get(name, name))
    assert seen(records, history.day, viewer, *parties) == seen(merged, history.day, mine[0], *parties)


@on_draws(histories(), st.sets(st.sampled_from(HISTORY_AGENCIES), min_size=1))
def test_a_set_knows_what_any_member_knows_and_no_more(history, agencies):
    records = records_of(history)
    name = check_viewer(agencies)
    known = knowers(records, history.day, name)
    assert known.get(name, set()) == {record for agency in agencies for record in known.get(agency, ())}


# ---------------------------------------------------------------------------------------------------------------
# What tells nobody
# ---------------------------------------------------------------------------------------------------------------

TELLS_NOBODY = (("withheld", "full"), ("withheld", "summary"), ("asked", "full"), ("shared", "existence"))


@on_draws(histories(), viewers, st.sampled_from(TELLS_NOBODY), st.sampled_from(HISTORY_AGENCIES), st.data())
def test_what_is_withheld_asked_or_said_only_to_exist_tells_nobody(history, viewer, act, agency, data):
    """Such an act before the day adds itself to the acts of those who took part, and changes nothing else."""
    record = data.draw(st.sampled_from(history.tables["contacts"]))
    row = {"record_id": record["record_id"], "to_agency": agency, "decision": act[0], "extent": act[1]}
    records = records_of(history)
    more = with_rows(records, sharing=[row | {"shared_at": record["known_at"] + dt.timedelta(seconds=1)}])
    before, after = (seen(each, history.day, viewer) for each in (records, more))
    assert (after["sharing"] - before["sharing"]).total() <= 1
    assert before.pop("sharing") <= after.pop("sharing")
    assert before == after
    assert knowers(records, history.day) == knowers(more, history.day)


@on_draws(histories(), viewers, st.data())
def test_a_link_tells_nobody_of_a_record(history, viewer, data):
    """Found out before the day, it changes by which ids children and people go, and nothing else."""
    subject, ends = two_ids(data.draw)
    more = found_out(history, subject, ends, midnight_of(history.day) - dt.timedelta(microseconds=1))
    records = records_of(history)
    before, after = (seen(each, history.day, viewer, *IDS) for each in (records, more))
    assert before.pop("links") <= after.pop("links")
    assert before == after
    assert knowers(records, history.day) == knowers(more, history.day)


def only_what_they_knew(history: History, viewer: str) -> Records:
    """The same records without those that this viewer knew in no version, and without what others told each other."""
    tables, midnight = history.tables, midnight_of(history.day)
    knows, mine = plain.known(tables, midnight, check_viewer(viewer)), members(check_viewer(viewer))
    means = plain.meanings(tables, knows)
    gone = {r["record_id"] for r in tables["contacts"] if r["record_id"] not in knows and not means[r["record_id"]]}
    parties = {r["record_id"]: (r["agency"], r["held_by"]) for r in tables["contacts"]}
    acts = [a for a in tables["sharing"] if {a["to_agency"], *parties[a["record_id"]]} & set(mine)]
    return without_records(records_of(History({**tables, "sharing": acts}, history.day)), gone, follow=False)


@on_draws(histories(), viewers)
def test_what_only_others_know_is_shown_to_nobody_else(history, viewer):
    """Neither in the tables nor in a chronology or graph. (Links aside: all call a child by one id.)"""
    alone = History({**history.tables, "links": []}, history.day)
    whole, part = (View(each, history.day, viewer) for each in (records_of(alone), only_what_they_knew(alone, viewer)))
    names_it = "follows"  # a record goes on naming the one it concludes, whoever knows that one
    assert seen(whole.records, history.day, viewer, names_it) == seen(part.records, history.day, viewer, names_it)
    assert told_of(whole) == told_of(part)
