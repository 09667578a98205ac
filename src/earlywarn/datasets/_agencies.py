"""What agencies other than social care write: one line of a table for each habit, one function that follows it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.datasets._chance import (
    DAY,
    YEAR,
    PerRegime,
    Weights,
    chance,
    draw,
    later,
    office,
)
from earlywarn.datasets._world import World, happenings

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from earlywarn.datasets._ledger import Ledger

AGE = (pl.col("at") - pl.col("born")) / YEAR
HARMED = pl.col("harm") & (pl.col("at") >= pl.col("onset"))
MISSED: PerRegime = (0.05, 0.22, 0.10, 0.14)
"""Share of planned meetings that the child does not come to, or that nobody opens the door for."""


MODES: Mapping[str, Weights] = MappingProxyType(
    {
        "in_person": {"in_person": 1.0},
        "paper": {"paper": 1.0},
        "clinic": {"in_person": 0.7, "online": 0.3},
        "mixed": {"in_person": 0.6, "phone": 0.3, "online": 0.05, None: 0.05},
    }
)
"""Ways of doing it, each with how often it is done so."""


@dataclass(frozen=True)
class Habit:
    """What one agency does of its own accord: how often a year, and how often a concern comes of it, by regime.

    ``only`` names a truth of the child without which it does not happen. ``together``: it befalls the household, and
    the agency writes one record for each of its children. ``fills`` is how often it says whether the child was seen.
    """

    agency: str
    kind: str
    ages: tuple[float, float]
    rates: PerRegime
    concern: PerRegime = (0.0, 0.0, 0.0, 0.0)
    about: str = "child"
    only: str | None = None
    planned: bool = False
    together: bool = False
    fills: float = 0.0
    modes: str = "in_person"


HABITS = (
    Habit("gp", "encounter", (0, 18), (1.1, 1.5, 1.5, 1.0), (0.02, 0.16, 0.10, 0.08), modes="mixed"),
    Habit("health_visiting", "visit", (0, 5), (0.3, 2.4, 1.6, 0.5), (0.02, 0.25, 0.15, 0.0), planned=True, fills=0.9),
    Habit("early_years", "contact", (2, 5), (0.4, 1.8, 1.2, 0.5), (0.03, 0.30, 0.15, 0.0)),
    Habit("school", "contact", (5, 18), (0.4, 2.0, 1.4, 1.8), (0.06, 0.35, 0.20, 0.30), modes="mixed"),
    Habit("school", "school_attendance", (5, 18), (0.05, 0.8, 0.3, 1.0), (0.1, 0.3, 0.1, 0.3), modes="paper"),
    Habit("school", "exclusion", (11, 18), (0.01, 0.05, 0.1, 0.5), modes="paper"),
    Habit("emergency", "encounter", (0, 18), (0.25, 0.6, 0.5, 0.6), (0.02, 0.22, 0.15, 0.15), fills=0.95),
    Habit("hospital", "appointment", (0, 18), (2.0, 2.6, 2.2, 1.5), (0.0, 0.10, 0.04, 0.02), only="disabled",
          planned=True, fills=0.5),
    Habit("camhs", "appointment", (8, 18), (4.0, 4.5, 4.5, 4.5), (0.1, 0.15, 0.15, 0.2), only="troubled",
          planned=True, fills=0.9, modes="clinic"),
    Habit("police", "incident", (-0.5, 18), (0.03, 0.45, 1.3, 0.5), (0.3, 0.5, 0.8, 0.5), about="household",
          together=True, fills=0.4),
    Habit("police", "missing", (11, 18), (0.0, 0.02, 0.05, 1.3), (0.0, 0.6, 0.6, 0.7)),
    Habit("housing", "contact", (-0.5, 18), (0.03, 0.45, 0.3, 0.15), (0.1, 0.5, 0.25, 0.1), about="household",
          together=True, modes="mixed"),
    Habit("adult_mental_health", "encounter", (-0.5, 18), (0.5, 1.1, 1.1, 0.5), (0.1, 0.3, 0.3, 0.1), about="carer",
          only="parent_ill", together=True),
    Habit("domestic_abuse_service", "contact", (-0.5, 18), (0.0, 0.05, 0.7, 0.0), (0.0, 0.5, 0.7, 0.0),
          about="carer", together=True, modes="mixed"),
)  # fmt: skip

SCHEDULE = (("midwifery", -160), ("midwifery", -60), ("health_visiting", 12), ("health_visiting", 49),
            ("health_visiting", 365), ("health_visiting", 840))  # fmt: skip
"""Universal appointments: agency, and age in days."""

MENU: Mapping[str, Weights] = MappingProxyType(
    {
        "gp": {"neglect": (0, 3, 1, 1), "mental_health_parent": (2, 2, 2, 1), "disability": (3, 1, 1, 1),
               "acute_stress": (3, 1, 1, 1), "injury_unexplained": (0.5, 1, 1, 0), "domestic_abuse": (0, 0, 2, 0)},
        "health_visiting": {"neglect": (1, 4, 1, 1), "home_conditions": (0, 3, 1, 0), "low_income": (3, 1, 1, 1),
                            "domestic_abuse": (0, 0, 3, 0), "mental_health_parent": (1, 1, 1, 0)},
        "early_years": {"neglect": (1, 4, 1, 1), "emotional_abuse": (0, 1, 2, 0), "attendance": (2, 2, 1, 1)},
        "school": {"neglect": (1, 4, 1, 1), "emotional_abuse": (0, 1, 3, 0), "school_absence": (3, 3, 1, 3),
                   "behaviour": (3, 1, 2, 3), "young_carer": (1, 1, 1, 0), "criminal_exploitation": (0, 0, 0, 3)},
        "emergency": {"injury_unexplained": (2, 3, 2, 1), "physical_abuse": (0, 1, 2, 0), "self_harm": (2, 1, 2, 3),
                      "neglect": (0, 2, 0, 0)},
        "hospital": {"neglect": (1, 3, 1, 1)},
        "camhs": {"mental_health_child": (3, 2, 2, 2), "self_harm": (1, 1, 1, 2), "emotional_abuse": (0, 1, 2, 0)},
        "police": {"domestic_abuse": (3, 2, 8, 1), "substance_parent": (1, 3, 2, 1), "neglect": (0, 2, 0, 0),
                   "criminal_exploitation": (0, 0, 0, 4), "gangs": (0, 0, 0, 2), "sexual_exploitation": (0, 0, 0, 2)},
        "housing": {"home_conditions": (1, 4, 1, 1), "low_income": (3, 1, 1, 1), "domestic_abuse": (0, 0, 1, 0)},
        "adult_mental_health": {"mental_health_parent": 3.0, "substance_parent": 1.0},
        "domestic_abuse_service": {"domestic_abuse": 1.0},
        "family": {"neglect": (2, 4, 1, 1), "physical_abuse": (2, 1, 2, 0), "substance_parent": (1, 2, 1, 0),
                   "criminal_exploitation": (0, 0, 0, 3), "parental_conflict": (3, 1, 2, 1)},
    }
)  # fmt: skip
"""What each agency is worried about, by regime."""

FURTHER_KINDS: Mapping[str, str] = MappingProxyType(
    {"gp": "encounter", "emergency": "encounter", "health_visiting": "visit", "police": "incident",
     "hospital": "encounter", "camhs": "appointment", "adult_mental_health": "encounter"}
)  # fmt: skip
"""The kind of a further record about a concern; where not listed, a contact."""

ABOUT_ADULTS = ("adult_mental_health", "domestic_abuse_service")
OLDER = ("criminal_exploitation", "gangs", "sexual_exploitation", "self_harm", "young_carer")


def category(rng: np.random.Generator, rows: pl.DataFrame, agency: str) -> pl.DataFrame:
    """Say what each concern is about, fitting the child's age, and who holds it."""
    drawn = rows.with_columns(category=draw(rng, rows, MENU[agency]), holder=pl.lit(agency))
    small = (pl.col("category") == "injury_unexplained") & (AGE < 0.5)
    unfit = pl.col("category").is_in(OLDER) & (AGE < 9)
    return drawn.with_columns(
        category=pl.when(small).then(pl.lit("injury_not_mobile"))
        .when(unfit).then(pl.lit("neglect"))
        .otherwise("category")
    )  # fmt: skip


def severity(rng: np.random.Generator, rows: pl.DataFrame) -> pl.Series:
    """As the police grade it, 0 to 3, graver where there is harm; blank elsewhere."""
    graver = pl.when(HARMED).then(2.0).otherwise(0.5)
    grade = draw(rng, rows, {"0": 0.5, "1": 2.0, "2": graver, "3": graver / 2, None: 0.4}).cast(pl.Int64)
    return rows.select(pl.when(pl.col("holder").is_in(["police", "social_care"])).then(grade)).to_series()


def attendance(rng: np.random.Generator, rows: pl.DataFrame, missed: str) -> pl.Series:
    """Whether planned meetings took place; ``missed`` is the word for those that did not."""
    return draw(rng, rows, {"attended": 0.85, missed: _more_once_harmed(MISSED), "cancelled_by_service": 0.02,
                            "cancelled_by_carer": (0.01, 0.06, 0.03, 0.03), None: 0.03})  # fmt: skip


def _more_once_harmed(share: PerRegime) -> pl.Expr:
    """By regime, and half as often again once there is harm."""
    usual = pl.col("regime").replace_strict(dict(enumerate(share)), return_dtype=pl.Float64)
    return pl.when(HARMED).then(usual * 1.5).otherwise(usual)


def seen(rng: np.random.Generator, rows: pl.DataFrame, met: pl.Expr, fills: float) -> pl.Series:
    """Whether the child was seen: blank where the agency does not say, as ``fills`` has it."""
    told = chance(rng, rows, fills)
    yes = chance(rng, rows, pl.when(HARMED).then(0.75).otherwise(0.95))
    return rows.select(pl.when(told & (pl.col("at") >= pl.col("born"))).then(met & yes)).to_series()


def follow(habit: Habit, world: World, log: Ledger, rng: np.random.Generator) -> None:
    """Write what the agency does by this habit, and the concerns it has then."""
    any_hour = habit.agency in ("police", "emergency")
    events = happenings(world, rng, habit.rates, habit.ages, together=habit.together, any_hour=any_hour)
    events = events.filter(habit.only) if habit.only else events
    written = meet(habit, events, log, rng)
    wanted = written.filter(chance(rng, written, _more_once_harmed(habit.concern)))
    raised = category(rng, wanted, habit.agency)
    log.concern(raised, severity(rng, raised))


def meet(habit: Habit, events: pl.DataFrame, log: Ledger, rng: np.random.Generator) -> pl.DataFrame:
    """One record for each event, with whether it took place and whether the child was seen."""
    home = habit.agency == "health_visiting"
    came = attendance(rng, events, "no_access" if home else "was_not_brought") if habit.planned else None
    mode = draw(rng, events, MODES[habit.modes])
    met = (pl.lit(came == "attended") if came is not None else pl.lit(True)) & pl.lit(mode == "in_person")
    restricted = 0.2 if habit.agency == "domestic_abuse_service" else 0.0
    return log.write(
        events,
        agency=habit.agency,
        kind=habit.kind,
        about=habit.about,
        mode=mode,
        planned=habit.planned,
        attendance=came,
        child_seen=seen(rng, events, met, habit.fills),
        handling=draw(rng, events, {"open": 0.7, "restricted": restricted, None: 0.3 - restricted}),
        place=(pl.col("household") % 5) if habit.kind == "missing" else None,
    )


def keep_schedule(world: World, log: Ledger, rng: np.random.Generator) -> None:
    """Universal appointments round birth, for every child."""
    for agency, age in SCHEDULE:
        due = world.children["born"].to_numpy() + age * DAY + rng.integers(0, 10, world.children.height) * DAY
        events = world.children.with_columns(at=pl.Series(office(rng, due), dtype=pl.Int64))
        kind = "visit" if agency == "health_visiting" else "appointment"
        habit = Habit(agency, kind, (0, 0), (0, 0, 0, 0), planned=True, fills=0.9)
        meet(habit, events, log, rng)


def return_interviews(log: Ledger, rng: np.random.Generator) -> None:
    """Three in four who were missing are spoken to within some days of coming back."""
    missing = log.latent(log.all("contacts").filter(pl.col("kind") == "missing").select("child", "at"))
    asked = missing.filter(chance(rng, missing, 0.75))
    log.write(asked.with_columns(at=later(rng, asked, "at", 1, 6)), agency="early_help", kind="return_interview",
              mode="in_person", planned=True, attendance="attended", child_seen=True, seen_alone=True)  # fmt: skip


def injuries(log: Ledger, rng: np.random.Generator) -> None:
    """Where an injury was, and whether the explanation fitted."""
    hurt = log.all("concerns").filter(pl.col("category").is_in(["injury_unexplained", "injury_not_mobile"]))
    log.fact(hurt, "injury_site", draw(rng, hurt, {"arm": 3, "face": 2, "leg": 3, "torso": 1}))
    log.fact(hurt, "injury_explained", draw(rng, hurt, {"no": 2, "partly": 1}))


def say_again(log: Ledger, rng: np.random.Generator) -> None:
    """Write the same concern again: another agency within weeks, the same agency months later."""
    first = _with_holders(log)
    under_school_age = AGE < 5
    other: Weights = {
        "school": pl.when(under_school_age).then(0.0).otherwise(3.0),
        "early_years": pl.when(under_school_age & (AGE > 2)).then(2.0).otherwise(0.0),
        "health_visiting": pl.when(under_school_age).then(3.0).otherwise(0.0),
        "gp": 1.5,
        "police": 1.0,
    }
    soon = first.filter(chance(rng, first, (0.10, 0.22, 0.25, 0.22)))
    soon = soon.with_columns(at=later(rng, soon, "at", 2, 24), said_by=draw(rng, soon, other))
    again = first.filter(chance(rng, first, (0.05, 0.45, 0.25, 0.25)))
    again = again.with_columns(at=later(rng, again, "at", 70, 300), said_by=pl.col("holder"))
    both = pl.concat([soon.filter(pl.col("said_by") != pl.col("holder")), again])
    kind = pl.col("said_by").replace_strict(dict(FURTHER_KINDS), default="contact")
    about = pl.when(pl.col("said_by").is_in(ABOUT_ADULTS)).then(pl.lit("carer")).otherwise(pl.lit("child"))
    mode = draw(rng, both, MODES["mixed"])
    written = log.write(both.drop("record"), agency=pl.col("said_by"), kind=kind, about=about, mode=mode)
    raised = written.with_columns(holder=pl.col("said_by"))
    log.concern(raised, severity(rng, raised))


def conclude(log: Ledger, rng: np.random.Generator) -> None:
    """Write a conclusion of some concerns, by whoever holds them; in neglect most never get one."""
    open_now = _with_holders(log).filter(~pl.col("holder").is_in(["school", "gp"]))
    done = open_now.filter(chance(rng, open_now, (0.75, 0.18, 0.45, 0.35)))
    outcome = draw(rng, done, {"closed": 4, "no_further_action": 1, "advice": 1, "referral": 1})
    written = log.write(
        done.with_columns(at=later(rng, done, "record_known", 5, 120)),
        into="closing",
        follows="record",
        agency=pl.col("holder"),
        kind="conclusion",
        outcome=outcome,
    )
    log.close(written, "closing")


def _with_holders(log: Ledger) -> pl.DataFrame:
    """Every concern so far, with the time and the holder of its record and what is true of its child."""
    records = log.all("contacts").select("record", "at", holder="held_by", record_known="known")
    raised = log.all("concerns").select("concern", "child", "record", "category")
    return log.latent(raised.join(records, on="record", how="left", maintain_order="left"))


def tell_social_care(log: Ledger, rng: np.random.Generator) -> pl.DataFrame:
    """Which concerns their holders take to social care, and when: the time is in ``at``, the record in ``origin``."""
    known = _with_holders(log).filter(pl.col("holder") != "social_care")
    told = known.filter(chance(rng, known, (0.12, 0.22, 0.30, 0.30)))
    return told.with_columns(
        at=pl.max_horizontal(pl.col("record_known") + 30, later(rng, told, "record_known", 0, 9)),
        agency="holder",
        origin="record",
    ).drop("record", "record_known", "concern")


def individuals(world: World, rng: np.random.Generator) -> pl.DataFrame:
    """Relatives, neighbours and strangers who ring social care."""
    calls = happenings(world, rng, (0.02, 0.25, 0.15, 0.12), (-0.5, 18))
    who = draw(rng, calls, {"family": 5, "anonymous": 2, "public": 2, "child_self": 0.3})
    return category(rng, calls, "family").with_columns(agency=who, origin=pl.lit(None, pl.Int64))
