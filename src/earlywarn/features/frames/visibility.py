"""School, moves and going missing.

- ``school_exits``: a child's latest leaving of a school, where no school was begun at since (nor in the week before):
  one row for itself, and one for each case that was open then or had ended before: ``days_ago`` (since the leaving),
  ``case_ended_before_days`` (0 where it was open; null in the row for itself), ``record_ids`` (of every leaving since
  which no school was begun at: without the latest, the one before it would be the latest),
  ``case_id`` (of the record that started the open case, or ended the other).
- ``register``: one row a code of a school's register and its sessions: ``days_ago``, ``present``, ``sessions``. Codes
  that count as no session are left out.
- ``schools``: one row a school begun at: ``days_ago`` (since the first day there), ``age_days`` (on it) and
  ``record_ids``.
- ``homes``: one row a household lived in: ``days_ago`` (since it first appears), ``record_ids``. Shielded records are
  left out.
- ``authority_changes``: one row a day on which a record names another authority than those of the day before that names
  one: ``days_ago``, ``record_ids`` (of both days); ``working_days_eng`` (and ``_wls, _sct, _nir``) since;
  ``received_working_days_eng`` (and so on) up to the first conference or acknowledgement from that day on, null where
  there is none; ``strand_ids``, of the unresolved strands raised by then. Shielded records are left out.
- ``missing``: one row a record of going missing: ``hours`` (null where not told); ``told``, whether it is known if
  there was a return interview; ``interviewed``; ``record_id`` and ``interview_ids``.

Columns of the child: ``school_days_ago``, ``first_school_days_ago``, ``registered_days_ago`` and
``first_home_days_ago``: since the first record of beginning at or leaving a school, of beginning at one that is named,
of a school's register, and of a household.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.actions import facts_of
from earlywarn.features.frames.building import PAST, Frames
from earlywarn.features.frames.timescales import past_records, working_days_since
from earlywarn.records.codes import AGENCIES, STATUTORY_EPISODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame

EDUCATION = tuple(code for code, agency in AGENCIES.items() if agency.sector == "education")
NEXT_SCHOOL_DAYS = 7
"""A school begun at so many days before the other is left is the next one."""

INTERVIEW_DAYS = 14
"""A return interview is of a time missing at most this many days before it."""

PRESENT_CODES = ("/", "\\", "L", "P", "V", "W", "B")
UNCOUNTED_CODES = ("#", "Y", "X", "Z", "D")
TRUE_WORDS = ("yes", "true", "y", "1")
FALSE_WORDS = ("no", "false", "n", "0")

_HELD_BY_SCHOOL = pl.col("held_by").is_in(EDUCATION)
_BEGUN = (pl.col("kind") == "involvement_start") & _HELD_BY_SCHOOL
_LEFT = (pl.col("kind") == "involvement_end") & _HELD_BY_SCHOOL
_NOT_SHIELDED = pl.col("handling").ne_missing("shielded")


def _school_exits(frames: Frames) -> pl.DataFrame:
    begun = past_records(frames, _BEGUN).group_by("row").agg(begun_days_ago=pl.col("days_ago").min())
    left = past_records(frames, _LEFT).join(begun, on="row", how="left")
    next_school = pl.col("begun_days_ago") <= pl.col("days_ago") + NEXT_SCHOOL_DAYS
    for_good = left.filter(~next_school.fill_null(value=False))
    exits = for_good.group_by("row").agg(pl.col("days_ago").min(), record_ids="record_id")
    alone = exits.with_columns(case_ended_before_days=pl.lit(None, pl.Int32), case_id=pl.lit(None, pl.String))
    return pl.concat([alone, _cases_by(frames, exits)])


def _cases_by(frames: Frames, exits: pl.DataFrame) -> pl.DataFrame:
    """One row for each case that was open on the day of an exit, or had ended before it."""
    cases = frames["spells"].filter(pl.col("kind").is_in(STATUTORY_EPISODES))
    pairs = exits.join(
        cases.select("row", "start_days_ago", "end_days_ago", "ending_id", starting_id="record_id"), on="row"
    )
    before = pl.col("end_days_ago") - pl.col("days_ago")  # above 0: it ended before the exit
    was_open = (pl.col("start_days_ago") > pl.col("days_ago")) & (before <= 0).fill_null(value=True)
    return pairs.filter(was_open | (before >= 1)).select(
        *exits.columns,
        case_ended_before_days=pl.when(was_open).then(0).otherwise(before).cast(pl.Int32),
        case_id=pl.when(was_open).then("starting_id").otherwise("ending_id"),
    )


def _register(frames: Frames) -> pl.DataFrame:
    keys = ("attendance_code", "sessions")
    kind = pl.lit(frames.look.contacts["kind"]).gather("current")
    entries = frames.look.facts.filter(PAST & pl.col("key").is_in(keys) & (kind == "school_attendance"))
    found = entries.select(
        "row", "current", "days_ago", "record_id", "key", pl.col("value").str.strip_chars()
    ).collect()
    codes = found.filter(pl.col("key") == "attendance_code").drop("key").rename({"value": "code"})
    numbers = found.filter(pl.col("key") == "sessions").select("row", "current", sessions=_number("value"))
    counted = codes.filter(~pl.col("code").is_in(UNCOUNTED_CODES))
    whole = counted.join(numbers.drop_nulls(), on=["row", "current"], maintain_order="left")
    return whole.with_columns(present=pl.col("code").is_in(PRESENT_CODES)).drop("current", "code")


def _number(column: str) -> pl.Expr:
    number = pl.col(column).str.strip_chars().cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def _schools(frames: Frames) -> pl.DataFrame:
    begun = past_records(frames, _BEGUN & pl.col("org_id").is_not_null(), "org_id")
    schools = _first_days(begun, "org_id")
    born = frames.of_child("born_days_ago").gather(schools["row"])
    return schools.with_columns(age_days=born - schools["days_ago"])


def _homes(frames: Frames) -> pl.DataFrame:
    rows = frames.look.households.filter(PAST & _handled_openly(frames))
    return _first_days(rows.select("row", "household_id", "days_ago", "record_id").collect(), "household_id")


def _handled_openly(frames: Frames) -> pl.Expr:
    openly = frames.look.contacts.select(_NOT_SHIELDED.alias("openly"))["openly"]
    return pl.lit(openly).gather("current")


def _first_days(rows: pl.DataFrame, place: str) -> pl.DataFrame:
    """Each place with the first day it is named on, and all records that name it: without some, it begins later."""
    return rows.group_by("row", place).agg(pl.col("days_ago").max(), record_ids=pl.col("record_id").unique())


def _authority_changes(frames: Frames) -> pl.DataFrame:
    told = frames.look.facts.filter(PAST & (pl.col("key") == "authority") & _handled_openly(frames))
    name = pl.col("value").str.strip_chars().str.to_lowercase()
    named = told.select("row", "days_ago", "record_id", name=name).collect()
    days = named.group_by("row", "days_ago").agg(names=pl.col("name").unique(), record_ids=pl.col("record_id").unique())
    ordered = days.sort("row", "days_ago", descending=[False, True])
    before = {c: pl.col(c).shift(1).over("row") for c in ("names", "record_ids")}
    new = pl.col("names").list.set_difference(before["names"]).list.len() > 0
    changes = ordered.with_columns(
        record_ids=pl.concat_list("record_ids", before["record_ids"]), new=new & before["names"].is_not_null()
    )
    changes = changes.filter("new").drop("names", "new")
    return _with_strands(frames, _with_receipt(frames, working_days_since(frames, changes)))


def _with_receipt(frames: Frames, changes: pl.DataFrame) -> pl.DataFrame:
    """Add the working days from each change to the first conference or acknowledgement from its day on."""
    met = past_records(frames, (pl.col("kind") == "conference") & _NOT_SHIELDED).select("row", "days_ago")
    told = frames.look.facts.filter(PAST & (pl.col("key") == "acknowledged_by") & _handled_openly(frames))
    receipts = pl.concat([met, told.select("row", "days_ago").collect()])
    pairs = changes.select("row", "days_ago").join(receipts.rename({"days_ago": "received_days_ago"}), on="row")
    after = pairs.filter(pl.col("received_days_ago") <= pl.col("days_ago"))
    first = after.group_by("row", "days_ago").agg(pl.col("received_days_ago").max())
    received = working_days_since(frames, first, until="received_days_ago", prefix="received_working_days")
    return changes.join(received, on=["row", "days_ago"], how="left", maintain_order="left")


def _with_strands(frames: Frames, changes: pl.DataFrame) -> pl.DataFrame:
    if not frames.asks("strand_ids"):
        return changes
    strands = frames["strands"].filter("unresolved").select("row", "raised_days_ago", strand_ids="record_ids")
    by_then = changes.select("row", "days_ago").join(strands, on="row")
    by_then = by_then.filter(pl.col("raised_days_ago") >= pl.col("days_ago"))
    carried = by_then.group_by("row", "days_ago").agg(pl.col("strand_ids").explode())
    return changes.join(carried, on=["row", "days_ago"], how="left", maintain_order="left")


def _missing(frames: Frames) -> pl.DataFrame:
    whole = past_records(frames, pl.col("kind") == "missing")
    for more in (_hours(frames), _said_of_interview(frames), _interviews(frames, whole)):
        whole = whole.join(more, on=["row", "record"], how="left", maintain_order="left")
    held = pl.col("accepted").fill_null(value=False) | pl.col("seen").fill_null(value=False)
    ids = pl.concat_list(pl.col("said_ids", "seen_ids").fill_null([]))
    return whole.with_columns(
        interviewed=held, told=pl.col("accepted").is_not_null() | pl.col("seen").is_not_null(), interview_ids=ids
    )


def _hours(frames: Frames) -> pl.DataFrame:
    told = frames.look.facts.filter(PAST & (pl.col("key") == "missing_hours"))
    hours = told.select("row", record="current", hours=_number("value")).drop_nulls().collect()
    return hours.group_by("row", "record").agg(pl.col("hours").sum())


def _said_of_interview(frames: Frames) -> pl.DataFrame:
    """Read what records, or their conclusions, say of return interviews: one accepted is one held."""
    word = pl.col("value").str.strip_chars().str.to_lowercase()
    said = pl.when(word.is_in(TRUE_WORDS)).then(True).when(word.is_in(FALSE_WORDS)).then(False)
    accepted = pl.col("key") == "return_interview_accepted"
    told = facts_of(frames, "return_interview_accepted", "return_interview_offered").with_columns(said=said)
    told = told.filter(pl.col("said").is_not_null())
    return told.group_by("row", "record").agg(
        accepted=(accepted & pl.col("said")).any(), said_ids=pl.col("record_id").unique()
    )


def _interviews(frames: Frames, missing: pl.DataFrame) -> pl.DataFrame:
    there = past_records(frames, pl.col("kind") == "return_interview")
    pairs = missing.select("row", "record", "days_ago").join(
        there.select("row", seen_days_ago="days_ago", seen_id="record_id"), on="row"
    )
    after = pairs.filter((pl.col("days_ago") - pl.col("seen_days_ago")).is_between(0, INTERVIEW_DAYS))
    return after.group_by("row", "record").agg(seen=pl.lit(value=True), seen_ids=pl.col("seen_id").unique())


def _first_of(frame: str) -> BuildColumn:
    return lambda frames: frames.spread(frames[frame].group_by("row").agg(pl.col("days_ago").max()), "days_ago")


def _school_days_ago(frames: Frames) -> pl.Series:
    there = past_records(frames, _BEGUN | _LEFT)
    return frames.spread(there.group_by("row").agg(pl.col("days_ago").max()), "days_ago")


FRAMES: Mapping[str, BuildFrame] = {
    "school_exits": _school_exits,
    "register": _register,
    "schools": _schools,
    "homes": _homes,
    "authority_changes": _authority_changes,
    "missing": _missing,
}
CHILD: Mapping[str, BuildColumn] = {
    "school_days_ago": _school_days_ago,
    "first_school_days_ago": _first_of("schools"),
    "registered_days_ago": _first_of("register"),
    "first_home_days_ago": _first_of("homes"),
}
