"""What social care writes: contact, referral, assessment, enquiry, conference, plan, and the end of each."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.datasets._agencies import HARMED, individuals, severity, tell_social_care
from earlywarn.datasets._cases import UNASSESSED, open_cases
from earlywarn.datasets._chance import (
    DAY,
    HOUR,
    PerRegime,
    Weights,
    between,
    chance,
    draw,
    every,
    later,
    office,
)
from earlywarn.datasets._ledger import Ledger, day
from earlywarn.datasets._world import NEGLECT, TEAMS, VIOLENCE, World

if TYPE_CHECKING:
    from collections.abc import Mapping

LONG = ("early_help", "child_in_need", "protection_plan", "looked_after")
ENQUIRED = ("protection_plan", "looked_after")
FOUND: Mapping[str, str] = MappingProxyType(
    {"not_in_need": "no_further_action", "early_help": "early_help", "child_in_need": "other",
     "protection_plan": "conference", "looked_after": "looked_after"}
)  # fmt: skip
"""What an assessment came to, by path."""
BECAUSE: Mapping[str, str] = MappingProxyType(
    {"no_further_action": "no_further_action", "advice": "no_further_action", "not_in_need": "no_further_action",
     "early_help": "early_help", "child_in_need": "other", "protection_plan": "other", "looked_after": "other"}
)  # fmt: skip
PLAN_CATEGORIES: Weights = MappingProxyType(
    {"neglect": 5, "emotional_abuse": 3.5, "physical_abuse": 0.8, "sexual_abuse": 0.4}
)
CLOSES_CONCERN: PerRegime = (0.9, 0.25, 0.5, 0.4)


def work(world: World, log: Ledger, rng: np.random.Generator) -> None:
    """Everything social care writes, in the order of its process."""
    asked = front_door(world, log, rng)
    cases = refer(log, rng, open_cases(world, rng, asked))
    answer(log, rng, asked, cases)
    assessed = assess(log, rng, cases)
    enquire(log, rng, assessed)
    workers = allocate(world, log, rng, assessed)
    visit(log, rng, assessed, workers, between_times=("assess_from", "assess_to"), gap=18)
    plan(log, rng, assessed, workers)
    close_cases(log, rng, assessed)


def front_door(world: World, log: Ledger, rng: np.random.Generator) -> pl.DataFrame:
    """Write every contact that reaches social care, and share the record it is about. Some may become referrals."""
    told = tell_social_care(log, rng)
    asked = pl.concat([told, individuals(world, rng).select(told.columns)])
    mode = draw(rng, asked, {"phone": 0.4, "online": 0.35, "paper": 0.15, None: 0.1})
    written = log.write(asked, into="contact", agency=pl.col("agency"), held_by="social_care", kind="contact",
                        mode=mode, planned=False, recorded_basis="received_date")  # fmt: skip
    by_agency = written.filter(pl.col("origin").is_not_null())
    log.share(by_agency, "social_care", pl.col("at"), record="origin", decision="shared",
              extent=draw(rng, by_agency, {"full": 1, "summary": 2}))  # fmt: skip
    log.concern(written.filter(pl.col("origin").is_null()).with_columns(record="contact", holder=pl.lit("social_care")))
    serious = chance(rng, written, (0.4, 0.5, 0.6, 0.6))
    return written.with_columns(serious=serious)


def answer(log: Ledger, rng: np.random.Generator, asked: pl.DataFrame, cases: pl.DataFrame) -> None:
    """Write what came of most contacts that became no referral: the case was open already, or nothing followed."""
    other = asked.join(cases.select("contact"), on="contact", how="anti", maintain_order="left")
    other = other.filter(chance(rng, other, 0.7)).sort("at", maintain_order=True)
    cases = cases.select("child", at="referred", case_ends="ends").sort("at", maintain_order=True)
    other = other.join_asof(cases, on="at", by="child", check_sortedness=False)
    usual = draw(rng, other, {"no_further_action": 0.6, "advice": 0.4})
    in_hand = pl.col("case_ends").fill_null(0) > pl.col("at")
    log.write(other.with_columns(at=later(rng, other, "at", 1, 5)), into="answer", follows="contact",
              agency="social_care", kind="conclusion",
              outcome=pl.when(in_hand).then(pl.lit("existing_case")).otherwise(usual))  # fmt: skip


def refer(log: Ledger, rng: np.random.Generator, cases: pl.DataFrame) -> pl.DataFrame:
    """Write the referral with its concern, ask other agencies, and what was decided."""
    came = log.write(cases.with_columns(at="referred"), into="referral", after="contact", agency=pl.col("agency"),
                     held_by="social_care", kind="referral", occurred=None,
                     recorded_basis="received_date")  # fmt: skip
    log.fact(came, "team", _team(), record="referral")
    raised = came.with_columns(record="referral", holder=pl.lit("social_care"))
    came = log.concern(raised, severity(rng, raised)).drop("record", "severity", "closing", "real", "holder")
    outcome = pl.when(pl.col("path").is_in(UNASSESSED)).then("path").otherwise(pl.lit("assessment"))
    decided = log.write(came.with_columns(at="decided"), into="decision", follows="referral", agency="social_care",
                        kind="conclusion", outcome=outcome)  # fmt: skip
    ended = decided.filter(pl.col("path").is_in(UNASSESSED))
    log.fact(ended, "closure_reason", "no_further_action", record="decision")
    log.close(ended.filter(chance(rng, ended, CLOSES_CONCERN)), "decision")
    return decided


def assess(log: Ledger, rng: np.random.Generator, cases: pl.DataFrame) -> pl.DataFrame:
    """Write the assessment and, as a later record, what it found."""
    began = log.write(cases.filter(~pl.col("path").is_in(UNASSESSED)).with_columns(at="assess_from"),
                      into="assessment", agency="social_care", kind="assessment", mode="in_person", planned=True,
                      attendance="attended", child_seen=None)  # fmt: skip
    found = log.write(began.with_columns(at="assess_to"), into="finding", follows="assessment",
                      agency="social_care", kind="conclusion",
                      outcome=pl.col("path").replace_strict(dict(FOUND)))  # fmt: skip
    factors = (
        ("neglect", found.filter((pl.col("regime") == NEGLECT) & chance(rng, found, 0.8))),
        ("domestic_abuse", found.filter((pl.col("regime") == VIOLENCE) & chance(rng, found, 0.8))),
        ("mental_health_parent", found.filter(pl.col("parent_ill") & chance(rng, found, 0.6))),
        ("low_income", found.filter(pl.col("poor") & chance(rng, found, 0.5))),
    )
    for factor, rows in factors:
        noted = rows.with_columns(record="finding", category=pl.lit(factor), holder=pl.lit("social_care"))
        log.concern(noted, severity(rng, noted))
    return began


def enquire(log: Ledger, rng: np.random.Generator, assessed: pl.DataFrame) -> None:
    """Strategy discussion, enquiry, conference: with who came."""
    grave = assessed.filter(
        pl.col("path").is_in(ENQUIRED) | ((pl.col("path") == "child_in_need") & chance(rng, assessed, 0.3))
    )
    spoke = log.write(grave.with_columns(at="discussed"), agency="social_care", kind="strategy_discussion",
                      planned=True)  # fmt: skip
    _attend(log, rng, spoke, {"police": 5, "health_visiting": 1, "school": 1})
    enquiry = log.write(
        spoke.with_columns(at="enquired"), after="record", agency="social_care", kind="strategy_enquiry"
    )
    grounds = pl.col("path") == "protection_plan"
    log.write(enquiry.with_columns(at=later(rng, enquiry, "enquired", 5, 9)), into="result", follows="record",
              agency="social_care", kind="conclusion",
              outcome=pl.when(grounds).then(pl.lit("conference")).otherwise(pl.lit("assessment")))  # fmt: skip
    met = log.write(enquiry.filter(grounds).with_columns(at="conferenced"), agency="social_care", kind="conference",
                    planned=True, mode="in_person")  # fmt: skip
    for who in ("police", "school", "health_visiting", "gp"):
        came = _attend(log, rng, met.filter(chance(rng, met, 0.55)), {who: 1})
        log.share(came, who, pl.col("record_known") + between(rng, came, 0, 12), decision="shared", extent="full")


def _attend(log: Ledger, rng: np.random.Generator, rows: pl.DataFrame, who: Weights) -> pl.DataFrame:
    log.fact(rows, "attendee", draw(rng, rows, who))
    return rows


def allocate(world: World, log: Ledger, rng: np.random.Generator, assessed: pl.DataFrame) -> pl.DataFrame:
    """Workers given the case, one after another; in some households they change often."""
    length = (assessed["ends"].clip(upper_bound=world.until) - assessed["assess_from"]).to_numpy().clip(min=0)
    turns = 1 + rng.poisson(length / (260 * DAY) * assessed["churn"].to_numpy())
    rows = np.repeat(np.arange(assessed.height), turns)
    share = np.where(np.append(True, rows[1:] != rows[:-1])[: len(rows)], 0.0, 0.05 + 0.9 * rng.random(len(rows)))
    at = assessed["assess_from"].to_numpy()[rows] + (share * length[rows]).astype(np.int64)
    pool = max(2, world.children.height // 45)
    given = assessed[rows].with_columns(
        at=pl.Series(office(rng, at), dtype=pl.Int64),
        step=pl.Series(rng.integers(1, pool, len(rows)), dtype=pl.Int64),
    )
    given = given.sort("referral", "at", maintain_order=True)
    given = given.with_columns(
        # a step of less than the whole team never comes to the same worker again
        worker=(pl.col("step").cum_sum() + pl.col("referral")).over("referral") % pool * len(TEAMS) + pl.col("team"),
        stops=pl.col("at").shift(-1).over("referral").fill_null(pl.col("ends")),
    )
    began = log.write(given, agency="social_care", kind="involvement_start", worker=pl.col("worker"))
    log.fact(began, "team", _team())
    over = began.filter(chance(rng, began, 0.85)).with_columns(at="stops")
    log.write(over, agency="social_care", kind="involvement_end", worker=pl.col("worker"))
    return began.select("child", "at", "worker").sort("at", maintain_order=True)


def visit(
    log: Ledger,
    rng: np.random.Generator,
    rows: pl.DataFrame,
    workers: pl.DataFrame,
    *,
    between_times: tuple[str, str],
    gap: int,
) -> None:
    """Planned visits between two times, by whoever has the case then; fewer see the child where there is neglect."""
    start, stop = between_times
    last = pl.min_horizontal(stop, "horizon")
    visits = every(rng, rows.with_columns(last=last), start, "last", gap).sort("at", maintain_order=True)
    visits = visits.join_asof(workers, on="at", by="child", check_sortedness=False)
    came = draw(rng, visits, {"attended": 0.82, "no_access": pl.when(HARMED).then(0.16).otherwise(0.06),
                              "cancelled_by_carer": 0.04, "cancelled_by_service": 0.03, None: 0.04})  # fmt: skip
    met, filled = pl.lit(came == "attended"), pl.lit(chance(rng, visits, 0.9))
    saw = chance(rng, visits, pl.when(HARMED & (pl.col("regime") == NEGLECT)).then(0.6).otherwise(0.92))
    child_seen = visits.select(
        pl.when(filled & (pl.col("at") >= pl.col("born"))).then(met.fill_null(value=False) & saw)
    ).to_series()
    alone = visits.select(pl.when(child_seen & pl.lit(chance(rng, visits, 0.8))).then(chance(rng, visits, 0.5)))
    log.write(visits, agency="social_care", kind="visit", mode="in_person", planned=True, attendance=came,
              child_seen=child_seen, seen_alone=alone.to_series(), worker=pl.col("worker"),
              episode=pl.col("episode") if "episode" in rows.columns else None)  # fmt: skip


def plan(log: Ledger, rng: np.random.Generator, assessed: pl.DataFrame, workers: pl.DataFrame) -> None:
    """Start and end of help, need, protection and care, with the visits and reviews between."""
    due = log.begin(assessed.filter(pl.col("path").is_in(LONG)).with_columns(at="plan_from"))
    care = pl.col("path") == "looked_after"
    holder = pl.when(pl.col("path") == "early_help").then(pl.lit("early_help")).otherwise(pl.lit("social_care"))
    begun = log.write(due, into="started", agency=holder, episode=pl.col("episode"),
                      kind=pl.when(care).then(pl.lit("placement_start")).otherwise(pl.lit("plan_start")))  # fmt: skip
    ended = log.write(begun.with_columns(at="plan_to"), into="ended", agency=holder, episode=pl.col("episode"),
                      kind=pl.when(care).then(pl.lit("placement_end")).otherwise(pl.lit("plan_end")))  # fmt: skip
    usual = draw(rng, begun, PLAN_CATEGORIES)
    fitting = pl.when(pl.col("category").is_in(list(PLAN_CATEGORIES))).then("category").otherwise(usual)
    spans = begun.with_columns(
        why=pl.when(pl.col("path") == "protection_plan").then(fitting), end=pl.col("plan_to")
    ).join(ended.select("episode", "ended"), on="episode", how="left", maintain_order="left")
    log.add("episodes", spans.select(
        "episode", "child", kind="path", category="why", started_by="started", start_on=day(pl.col("plan_from")),
        ended_by="ended", end_on=pl.when(pl.col("ended").is_not_null()).then(day(pl.col("end")))))  # fmt: skip
    ours = begun.filter(pl.col("path") != "early_help")
    for path, gap in (("protection_plan", 17), ("child_in_need", 34), ("looked_after", 42)):
        visit(log, rng, ours.filter(pl.col("path") == path), workers,
              between_times=("plan_from", "plan_to"), gap=gap)  # fmt: skip
    reviews = every(rng, ours.with_columns(last=pl.min_horizontal("plan_to", "horizon")), "plan_from", "last", 120)
    log.write(reviews, agency="social_care", kind="review", planned=True, episode=pl.col("episode"))
    helped = begun.filter(pl.col("path") == "early_help").with_columns(last=pl.min_horizontal("plan_to", "horizon"))
    log.write(every(rng, helped, "plan_from", "last", 28), agency="early_help", kind="contact", mode="in_person",
              planned=True, attendance="attended", child_seen=True, episode=pl.col("episode"))  # fmt: skip


def close_cases(log: Ledger, rng: np.random.Generator, assessed: pl.DataFrame) -> None:
    """Write the last word on a referral: why the case was closed, and whether that answers the concern."""
    gone = pl.col("moved") & (pl.col("ends") >= pl.col("closes") - HOUR)
    outcome = pl.when(gone).then(pl.lit("transferred")).otherwise(pl.lit("closed"))
    closed = log.write(assessed.with_columns(at="ends"), into="closing", follows="referral", agency="social_care",
                       kind="conclusion", outcome=outcome)  # fmt: skip
    usual = pl.col("path").replace_strict(dict(BECAUSE))
    log.fact(closed, "closure_reason", pl.when(gone).then(pl.lit("moved_away")).otherwise(usual), record="closing")
    log.close(closed.filter(chance(rng, closed, CLOSES_CONCERN)), "closing")


def _team() -> pl.Expr:
    return pl.col("team").replace_strict(dict(enumerate(TEAMS)))
