"""What is written beside the records: who lives with the child, who was told, what was corrected, who left."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from earlywarn.datasets._chance import DAY, YEAR, Weights, between, chance, draw, office, slow_lag
from earlywarn.datasets._ledger import Ledger, day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.datasets._world import World

NAMED: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "mother": {"social_care": 0.8, "health_visiting": 0.5, "school": 0.3, "gp": 0.2, "emergency": 0.4,
                   "midwifery": 0.9, "police": 0.4, "hospital": 0.3},
        "father": {"social_care": 0.5, "health_visiting": 0.2, "school": 0.15, "gp": 0.05, "emergency": 0.15},
        "partner": {"social_care": 0.6, "police": 0.6, "housing": 0.4, "health_visiting": 0.15, "emergency": 0.15,
                    "domestic_abuse_service": 0.4},
        "grandparent": {"social_care": 0.3, "school": 0.15, "health_visiting": 0.1},
    }
)  # fmt: skip
"""How often a record of each agency names a person in that role."""

NAMING_KINDS = ("contact", "referral", "assessment", "encounter", "appointment", "visit", "incident", "placement_start")
PERSONS = ("mother", "father", "partner", "grandparent")
SMALL = pl.col("at") < pl.col("born") + 5 * YEAR
NETWORK: Weights = {"gp": 2.0, "school": 2.0, "health_visiting": 1.5, "police": 1.0, "early_help": 1.0, "housing": 0.4}


def _contacts(log: Ledger) -> pl.DataFrame:
    """Every record so far with what is true of its child."""
    return log.latent(log.all("contacts"))


def name_people(world: World, log: Ledger, rng: np.random.Generator) -> None:
    """Write down who is named in which record. A hidden partner is in no record that social care holds."""
    rows = _contacts(log).filter(pl.col("kind").is_in(NAMING_KINDS))
    here = {
        "mother": pl.lit(True),
        "father": pl.col("has_father"),
        "partner": pl.col("has_partner")
        & (pl.col("at") >= pl.col("partner_from"))
        & (~pl.col("hidden") | (pl.col("held_by") != "social_care")),
        "grandparent": pl.col("has_grandparent"),
    }
    for number, role in enumerate(PERSONS):
        often = pl.col("held_by").replace_strict(dict(NAMED[role]), default=0.0, return_dtype=pl.Float64)
        named = rows.filter(here[role] & chance(rng, rows, often))
        _person(log, named, role, pl.col("household") * 4 + number, partner=role == "partner")
    _siblings(world, log, rows.filter(pl.col("kind") == "assessment"))
    carers = rows.filter(pl.col("kind") == "placement_start")
    _person(log, carers, "foster_carer", world.households * 4 + world.children.height + pl.col("child"))


def _person(log: Ledger, rows: pl.DataFrame, role: str, person: pl.Expr, *, partner: bool = False) -> None:
    # a record says that someone has left only if it was written after they did
    left = partner & (pl.col("partner_to") <= pl.col("at"))
    log.add("people", rows.select(
        "child", "record", person=person, role=pl.lit(role),
        valid_from=pl.when(pl.lit(partner) & (pl.col("held_by") == "social_care")).then(day(pl.col("partner_from"))),
        valid_to=pl.when(left).then(day(pl.col("partner_to")))))  # fmt: skip


def _siblings(world: World, log: Ledger, assessed: pl.DataFrame) -> None:
    others = world.children.select("household", sibling="child", sibling_born="born")
    pairs = assessed.join(others, on="household", how="inner", maintain_order="left_right").filter(
        (pl.col("child") != pl.col("sibling")) & (pl.col("sibling_born") <= pl.col("at"))
    )
    _person(log, pairs, "sibling", world.households * 4 + pl.col("sibling"))


def place_in_households(log: Ledger, rng: np.random.Generator) -> None:
    """Write down the household: in the first record of a child, in every referral, in half the police records."""
    rows = _contacts(log)
    first = pl.col("record") == pl.col("record").sort_by("known", "record").first().over("child")
    police = (pl.col("kind") == "incident") & chance(rng, rows, 0.5)
    said = rows.filter(first | police | (pl.col("kind") == "referral"))
    log.add("households", said.select("child", "household", "record", valid_from=pl.lit(None, pl.Date)))


def check_information(log: Ledger, rng: np.random.Generator) -> None:
    """Social care asks two agencies after most referrals; the holder of the latest concern answers, or does not."""
    came = _contacts(log).filter(pl.col("kind") == "referral")
    asking = came.filter(chance(rng, came, 0.75)).with_columns(at=pl.col("known") + 60)
    asked = log.write(asking.drop("record"), agency="social_care", kind="information_check")
    small = pl.when(SMALL).then(2.0).otherwise(0.0)
    universal: Weights = {"health_visiting": small, "school": 2.0 - small, "gp": 1.0}
    for to in (pl.lit("police"), draw(rng, asked, universal)):
        log.share(asked, to, pl.col("record_known") + 30, decision="asked", extent="existence")
    held = log.all("contacts").select("record", "held_by", told_from="known")
    told = (
        log.all("concerns").select("child", origin="record").unique(maintain_order=True)
        .join(held.rename({"record": "origin", "held_by": "holder"}), on="origin", maintain_order="left")
        .filter(pl.col("holder") != "social_care")
        .with_columns(asked_at=pl.col("told_from"))
        .sort("asked_at", maintain_order=True)
    )  # fmt: skip
    answers = asked.select("child", asked_at="record_known").sort("asked_at", maintain_order=True)
    answers = answers.join_asof(told, on="asked_at", by="child", check_sortedness=False)
    answers = answers.filter(pl.col("origin").is_not_null())
    at = pl.col("asked_at") + slow_lag(rng, answers) + 60
    log.share(answers, "social_care", at, decision=draw(rng, answers, {"shared": 0.8, "withheld": 0.2}),
              extent=draw(rng, answers, {"full": 0.4, "summary": 0.4, "existence": 0.2}), record="origin")  # fmt: skip


def tell_others(log: Ledger, rng: np.random.Generator) -> None:
    """Tell a further agency of concerns, soon or late or not at all; and the GP of a visit to the hospital."""
    rows = _contacts(log)
    worrying = rows.join(log.all("concerns").select("record").unique(), on="record", how="semi", maintain_order="left")
    told = worrying.filter(chance(rng, worrying, 0.45))
    told = told.with_columns(to=draw(rng, told, NETWORK))
    by_age = pl.when(SMALL).then(pl.lit("health_visiting")).otherwise(pl.lit("school"))
    universal = pl.col("to").is_in(["health_visiting", "school"])
    told = told.with_columns(to=pl.when(universal).then(by_age).otherwise("to"))
    told = told.filter(pl.col("to") != pl.col("held_by"))
    log.share(told, pl.col("to"), pl.col("known") + slow_lag(rng, told),
              decision=draw(rng, told, {"shared": 0.83, "withheld": 0.17}),
              extent=draw(rng, told, {"full": 0.4, "summary": 0.4, "existence": 0.2}))  # fmt: skip
    seen = rows.filter(pl.col("held_by").is_in(["emergency", "hospital"]) & chance(rng, rows, 0.6))
    log.share(seen, "gp", pl.col("known") + between(rng, seen, 0, 3), decision="shared", extent="full")


def mend(log: Ledger, rng: np.random.Generator) -> None:
    """Correct a few records, and take a very few back. A record that something else follows is left alone."""
    rows = log.all("contacts")
    free = rows.filter(
        pl.col("kind").is_in(["encounter", "incident", "contact"])
        & (pl.col("held_by") != "social_care")
        & ~pl.col("record").is_in(rows["follows"].drop_nulls().implode())
    )
    order = rng.permutation(free.height)
    count = max(2, free.height // 150)
    mended, taken = free[np.sort(order[:count])], free[np.sort(order[count : count + max(1, count // 6)])]
    cells = [c for c in mended.columns if c not in ("record", "child", "at", "known", "follows", "recorded_basis")]
    mended = log.latent(mended.rename({c: f"old_{c}" for c in cells} | {"known": "record_known"}))
    mended = mended.with_columns(at=pl.col("record_known") + between(rng, mended, 2, 30))
    # it turns out to have been the day before
    said: dict[str, Any] = {c: pl.col(f"old_{c}") for c in cells} | {"occurred": pl.col("old_occurred") - DAY}
    log.write(mended, into="correction", follows="record", **said)
    taken = log.latent(taken.rename({"known": "record_known"}))
    taken = taken.with_columns(at=pl.col("record_known") + between(rng, taken, 2, 30))
    log.write(taken, into="withdrawal", follows="record", agency=pl.col("agency"), held_by=pl.col("held_by"),
              kind="withdrawal")  # fmt: skip


def leave(log: Ledger) -> None:
    """Write the last record of who died or moved away: by whoever wrote last, social care before others."""
    rows = _contacts(log).filter(pl.col("died") | pl.col("moved"))
    last = (
        rows.sort(pl.col("held_by") == "social_care", "known", "record", maintain_order=True)
        .unique("child", keep="last", maintain_order=True)
        .sort("child")
        .with_columns(at=pl.col("closes") - 60)
        .rename({"known": "record_known"})
    )
    outcome = pl.when("moved").then(pl.lit("transferred")).otherwise(pl.lit("closed"))
    written = log.write(last, into="farewell", follows="record", agency=pl.col("held_by"), held_by=pl.col("held_by"),
                        kind="conclusion", outcome=outcome)  # fmt: skip
    reason = pl.when("moved").then(pl.lit("moved_away")).otherwise(pl.lit("died"))
    log.fact(written, "closure_reason", reason, record="farewell")


def book_ahead(world: World, log: Ledger, rng: np.random.Generator) -> None:
    """Appointments in the diary for after the last day, already known."""
    kids = world.children.filter((pl.col("closes") == pl.col("horizon")) & (pl.col("opens") < pl.col("horizon")))
    kids = kids.filter(chance(rng, kids, (0.03, 0.12, 0.10, 0.10)))
    booked = world.until - rng.integers(22, 60, kids.height) * DAY
    due = office(rng, world.until + rng.integers(3, 50, kids.height) * DAY)
    kids = kids.with_columns(at=pl.Series(office(rng, booked), dtype=pl.Int64), due=pl.Series(due, dtype=pl.Int64))
    agency = pl.when(SMALL).then(pl.lit("health_visiting")).otherwise(pl.lit("hospital"))
    log.write(kids, agency=agency, kind="appointment", planned=True, occurred=pl.col("due"), mode="in_person")
