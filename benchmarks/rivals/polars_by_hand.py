"""The core features as one would write them in Polars for this purpose alone: small group-bys, and joins by id.

A folder is taken part by part, since each part holds whole children. Many as-of days are taken one after another, on
tables prepared once. ``ago`` counts whole days before the as-of day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.codes import (
    ABOUT,
    ABOUT_THE_FAMILY,
    ADULT_ROLES,
    AGENCIES,
    ATTENDANCE,
    CONFERRING_EXTENTS,
    CONTACT_KINDS,
    COUNTED_CONCERNS,
    ENDED_WITHOUT_ACTION,
    EPISODES,
    KINDS,
    LEAD_AGENCY,
    MISSED,
    MODES,
    ORGANISATIONS,
    OUTCOMES,
    ROLES,
    STATUTORY_EPISODES,
)
from rivals.polars_carried import AGO, concern_rows, concerns, people, spells, stands_for

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

COLUMNS = {
    "contacts": "record_id child_id agency held_by kind about mode planned attendance child_seen occurred_at known_at "
    "worker_id follows outcome",
    "concerns": "child_id record_id category severity closing closed_by",
    "sharing": "record_id to_agency shared_at decision extent",
    "people": "child_id person_id role record_id valid_to",
    "episodes": "child_id kind started_by start_on ended_by end_on",
    "children": "child_id birth_on expected_birth_on",
}
"""What the features read of each table."""

CODES = {
    "agency": AGENCIES,
    "held_by": AGENCIES,
    "to_agency": AGENCIES,
    "kind": [*KINDS, *EPISODES],
    "about": ABOUT,
    "mode": MODES,
    "attendance": ATTENDANCE,
    "outcome": OUTCOMES,
    "role": ROLES,
}

COUNTS = ("contacts_30d", "contacts_90d", "contacts_365d", "unplanned_contacts_90d", "agencies_365d", "missed_365d",
          "concern_recurrence", "concluded_365d", "closed_no_action_365d")  # fmt: skip
"""Features that are 0 where there is nothing to count."""


def from_folder(folder: Path, days: Sequence[dt.date]) -> pl.DataFrame:
    """Read the parts of a folder in turn."""
    found = []
    for part in sorted(p.name for p in (folder / "contacts.parquet").iterdir()):
        paths = {name: folder / f"{name}.parquet" / part for name in COLUMNS}
        found.append(_of_part({name: pl.scan_parquet(path) for name, path in paths.items()}, days))
    return _finished(pl.concat(found))


def from_frames(frames: Mapping[str, pl.DataFrame], days: Sequence[dt.date]) -> pl.DataFrame:
    """Take tables held in memory."""
    return _finished(_of_part({name: frames[name].lazy() for name in COLUMNS}, days))


def _of_part(tables: Mapping[str, pl.LazyFrame], days: Sequence[dt.date]) -> pl.DataFrame:
    prepared, children = _prepared(tables)
    counted = pl.concat([_on_day(prepared, day) for day in days])
    return children.join(counted, on="child").drop("child")


def _prepared(tables: Mapping[str, pl.LazyFrame]) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """What every day reads: codes as enums, children as numbers (their records lie together)."""
    t = {name: tables[name].select(columns.split()).cast(_enums(columns)) for name, columns in COLUMNS.items()}
    told = (pl.col("decision") == "shared") & pl.col("extent").is_in(CONFERRING_EXTENTS)
    time = pl.coalesce("occurred_at", "known_at")
    t["contacts"] = t["contacts"].with_columns(child=pl.col("child_id").rle_id(), time=time, day=time.dt.date())
    t["concerns"] = t["concerns"].filter(pl.col("category").is_in(COUNTED_CONCERNS))
    t["sharing"] = t["sharing"].filter(told).drop("decision", "extent")
    t["people"] = t["people"].with_columns(adult=pl.col("role").is_in(ADULT_ROLES))
    t["episodes"] = t["episodes"].filter(pl.col("kind").is_in(STATUTORY_EPISODES)).drop("kind")
    prepared = dict(zip(t, pl.collect_all(t.values()), strict=True))
    children = prepared["contacts"].select("child_id", "child").unique()
    for name in ("concerns", "people", "episodes", "children"):
        prepared[name] = prepared[name].join(children, on="child_id").drop("child_id")
    return prepared, children


def _enums(columns: str) -> dict[str, pl.Enum]:
    return {name: pl.Enum([*CODES[name]]) for name in columns.split() if name in CODES}


def _on_day(t: Mapping[str, pl.DataFrame], day: dt.date) -> pl.DataFrame:
    """Every feature, save that `rereferral_12m` waits for the records of all children."""
    known, fixes, visible = _view(t["contacts"], day)
    shared = t["sharing"].filter(pl.col("shared_at") < _midnight(day))
    now = stands_for(fixes)
    past = visible.lazy().filter(AGO >= 1)
    unborn = pl.coalesce("birth_on", "expected_birth_on") >= day
    begins = visible.filter((AGO >= 1) & (pl.col("held_by") == LEAD_AGENCY))["ago"].max()
    children, *parts = pl.collect_all(
        [
            known.lazy().select(pl.col("child").unique()),
            _seen(past, t["children"].lazy().filter(unborn)),
            _contacts(past),
            _workers(past),
            _referrals(past, spells(t["episodes"], visible, now, day)),
            concerns(concern_rows(t["concerns"], visible, now), known, shared),
            people(t["people"], known, visible, fixes, shared, now, day),
        ]
    )
    for part in parts:
        children = children.join(part, on="child", how="left")
    return children.with_columns(pl.lit(day).alias("as_of"), pl.lit(begins, pl.Int32).alias("lead_begins"))


def _view(contacts: pl.DataFrame, day: dt.date) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Records known before the day, those of them that correct another, and those not corrected or taken back."""
    whole_days = (pl.lit(day) - pl.col("day")).dt.total_days().cast(pl.Int32)
    known = contacts.filter(pl.col("known_at") < _midnight(day)).with_columns(ago=whole_days)
    fixes = known.filter(pl.col("follows").is_not_null() & (pl.col("kind") != "conclusion"))
    return known, fixes, known.filter(~pl.col("record_id").is_in(fixes["follows"].implode()))


def _midnight(day: dt.date) -> pl.Expr:
    return pl.lit(day).cast(pl.Datetime("us"))


def past_records(frames: Mapping[str, pl.DataFrame], day: dt.date) -> pl.DataFrame:
    """Return the records in the view that happened before the day, with ``child_id``, ``child`` and ``ago``."""
    prepared, _ = _prepared({name: frames[name].lazy() for name in COLUMNS})
    return _view(prepared["contacts"], day)[2].filter(AGO >= 1)


def _finished(found: pl.DataFrame) -> pl.DataFrame:
    """Say nothing of re-referral where nobody's records of social care go back a year before the latest referral."""
    far_enough = pl.col("lead_begins").max().over("as_of") - pl.col("latest_referral") >= 365
    recent = (pl.col("latest_referral") <= 365) & far_enough
    strands = pl.col("strands") > 0
    can_tell = pl.col("any_closable") | ~strands.fill_null(value=False)
    unresolved = pl.col("unresolved").fill_null(0)
    several = (pl.col("strands") >= 2) & (pl.col("holders") > 1)
    return found.select(
        "child_id",
        "as_of",
        pl.col(COUNTS).fill_null(0),
        "agency_churn_365d",
        "worker_churn_365d",
        "days_since_seen",
        "unseen_share_90d",
        "missed_share_365d",
        "unknown_adults",
        unresolved_concerns=pl.when(can_tell).then(unresolved),
        unresolved_oldest_days="unresolved_oldest_days",
        unresolved_severity=pl.when(can_tell).then(pl.when(unresolved > 0).then("unresolved_severity").otherwise(0)),
        rereferral_12m=pl.when(recent).then(pl.col("referred_again").cast(pl.Int32)),
        largest_single_view=pl.when(several).then(pl.col("most_known") / pl.col("strands")),
    )


# --- records -----------------------------------------------------------------------------------------------------


def _seen(past: pl.LazyFrame, unborn: pl.LazyFrame) -> pl.LazyFrame:
    """What can be counted of records in one pass."""
    missed, attended = pl.col("attendance").is_in(MISSED), pl.col("attendance") == "attended"
    in_person = pl.col("mode").is_null() | (pl.col("mode") == "in_person")
    met = (AGO <= 90) & in_person & (pl.col("attendance").is_null() | attended)
    told = pl.col("child_seen").is_not_null()
    ended = pl.col("outcome").is_in(ENDED_WITHOUT_ACTION)
    found = past.group_by("child").agg(
        seen=AGO.filter(pl.col("child_seen")).min(),
        first_told=AGO.filter(told).max(),
        not_seen=(met & ~pl.col("child_seen")).sum(),
        met=(met & told).sum(),
        missed=(missed & (AGO <= 365)).sum(),
        kept_or_missed=((missed | attended) & (AGO <= 365)).sum(),
        missed_365d=pl.struct("agency", "ago").filter(missed & (AGO <= 365)).n_unique(),
        closed_no_action_365d=AGO.filter(ended & (AGO <= 365)).n_unique(),
        holders=pl.col("held_by").n_unique(),
    )
    born = pl.col("unborn").is_null()
    return found.join(unborn.select("child", unborn=True), on="child", how="left").select(
        "child",
        "holders",
        "missed_365d",
        "closed_no_action_365d",
        days_since_seen=pl.when(born).then(pl.coalesce("seen", "first_told")),
        unseen_share_90d=pl.when(born & (pl.col("met") >= 2)).then(pl.col("not_seen") / pl.col("met")),
        missed_share_365d=pl.when(pl.col("kept_or_missed") >= 3).then(pl.col("missed") / pl.col("kept_or_missed")),
    )


def agency_days(past: pl.LazyFrame) -> pl.LazyFrame:
    """Contacts of a year, one row a child, agency and day, a telling only where the agency had none of its own."""
    dealt = past.filter(AGO <= 365 + 7).filter(
        pl.col("agency").is_in(ORGANISATIONS)
        & pl.col("about").is_in(ABOUT_THE_FAMILY)
        & pl.col("kind").is_in(CONTACT_KINDS)
        & (pl.col("attendance").is_null() | (pl.col("attendance") == "attended"))
    )
    place = ["child", "agency", "ago"]
    is_own, unplanned = pl.col("agency") == pl.col("held_by"), ~pl.col("planned").fill_null(value=False)
    of_day = (
        dealt.select(*place, own=is_own, own_unplanned=is_own & unplanned, unplanned=unplanned)
        .group_by(place)
        .agg(pl.col("own", "own_unplanned", "unplanned").any())
        .select(*place, "own", unplanned=pl.when("own").then("own_unplanned").otherwise("unplanned"))
    )
    own = of_day.filter("own").select(*place[:2], own_ago="ago")
    told = of_day.filter(~pl.col("own"))
    already = told.join(own, on=place[:2]).filter((pl.col("own_ago") - AGO).is_between(0, 7))
    return pl.concat([of_day.filter("own"), told.join(already, on=place, how="anti")]).filter(AGO <= 365)


def _contacts(past: pl.LazyFrame) -> pl.LazyFrame:
    """First to one row a child, agency and day, then to one a child and day, then to one a child."""
    days = agency_days(past)
    counts = days.group_by("child").agg(
        contacts_30d=(AGO <= 30).sum(),
        contacts_90d=(AGO <= 90).sum(),
        contacts_365d=pl.len(),
        unplanned_contacts_90d=((AGO <= 90) & pl.col("unplanned")).sum(),
        agencies_365d=pl.col("agency").n_unique(),
    )
    return counts.join(_steps(days), on="child", how="left")


def _steps(agency_days: pl.LazyFrame) -> pl.LazyFrame:
    """Share of steps between days that have no agency in common: an agency is one bit."""
    bit = pl.col("agency").replace_strict({code: 1 << i for i, code in enumerate(ORGANISATIONS)}, return_dtype=pl.Int64)
    of_day = agency_days.group_by("child", "ago").agg(agencies=bit.sum()).sort("child", "ago")
    same = pl.col("child") == pl.col("child").shift(1)
    apart = same & ((pl.col("agencies") & pl.col("agencies").shift(1)) == 0)
    return (
        of_day.select("child", apart=apart)
        .group_by("child")
        .agg(agency_churn_365d=pl.when(pl.len() >= 2).then(pl.col("apart").sum() / (pl.len() - 1)))
    )


def _workers(past: pl.LazyFrame) -> pl.LazyFrame:
    started = past.filter(
        (pl.col("kind") == "involvement_start") & (pl.col("held_by") == LEAD_AGENCY) & pl.col("worker_id").is_not_null()
    )
    recent = pl.col("worker_id").filter(AGO <= 365).n_unique().cast(pl.Int32)
    return started.group_by("child").agg(worker_churn_365d=recent - (AGO <= 365).all().cast(pl.Int32))


def _referrals(past: pl.LazyFrame, spells: pl.DataFrame) -> pl.LazyFrame:
    """Days of referral on which no episode was open, each against the one before it."""
    is_referral = (pl.col("kind") == "referral") & (pl.col("held_by") == LEAD_AGENCY)
    days = past.filter(is_referral).select("child", "ago").unique()
    was_open = (pl.col("start") > AGO) & (pl.col("end").is_null() | (pl.col("end") < AGO))
    during = days.join(spells.lazy(), on="child").filter(was_open)
    fresh = days.join(during, on=["child", "ago"], how="anti").sort("child", "ago")
    gap = pl.when(pl.col("child") == pl.col("child").shift(-1)).then(AGO.shift(-1) - AGO)
    again = (AGO <= 365) & (gap <= 365).fill_null(value=False)
    return (
        fresh.select("child", "ago", again=again)
        .group_by("child")
        .agg(latest_referral=AGO.min(), referred_again=pl.col("again").any())
    )
