"""Visibility and movement: leaving school, moving, going missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import SERVICES, Coverage, Feature, Sentence

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

YEAR = 365
TWO_YEARS = 730
LEAVING_MONTHS = 16 * 12
SCHOOL_FROM_MONTHS = 5 * 12
PHASE_CHANGES = ((1095, 1900), (3870, 4460), (5660, 6210))
"""Ages in days at which children begin at a first, a secondary or a further school or college."""

UNSEEN = "Child Safeguarding Practice Review Panel (2024): home education is no harm in itself, not being seen may be"
OUT_OF_SCHOOL = (
    "Child Safeguarding Practice Review Panel (2023): of school-age children in incidents, 11 % were in no school and "
    "29 % were regularly absent"
)
ACROSS = "Laming (2003): a child known to four social services departments and two housing authorities"
MISSING = "Standard Safeguarding Dataset (2026): missing episodes and return interviews are standard fields"

_days_ago = pl.col("days_ago")
_left_for_good = (pl.col("age_months") >= LEAVING_MONTHS).fill_null(value=False)
_of_school_age = (
    ~_left_for_good & ~(pl.col("age_months") < SCHOOL_FROM_MONTHS).fill_null(value=False) & ~pl.col("unborn")
)


def _asked_of(told_by: str) -> pl.Expr:
    """Whether a question of school arises: of a child of school age, and of any that a school's records tell of."""
    return _of_school_age | pl.col(told_by).is_not_null()


def features(settings: Settings) -> tuple[Feature, ...]:
    """Return the features of this family."""
    return (
        _education_exit(settings),
        _attendance_fall(settings),
        SCHOOL_MOVES,
        _cross_border_open(settings),
        HOUSEHOLD_MOVES,
        MISSING_EPISODES,
        MISSING_HOURS,
        _return_interviews(settings),
    )


def _education_exit(settings: Settings) -> Feature:
    within = settings.exit_after_case_days
    itself = pl.col("case_ended_before_days").is_null()
    with_concern = pl.when(itself).then(pl.col("unresolved_strands") > 0)
    with_case = pl.col("case_ended_before_days") <= within
    return Feature(
        name="education_exit",
        over="school_exits",
        where=~_left_for_good & pl.coalesce(with_concern, with_case).fill_null(value=False),
        value=pl.lit(1).first(),
        window=YEAR,
        empty=pl.when(pl.col("school_days_ago").is_not_null() & ~_left_for_good).then(0),
        needs=("contacts",),
        unit="1 if school was left with a concern or a case",
        direction=1,
        sentence=Sentence(
            none="The records do not show the child leaving school in the last year without a next one while a concern "
            "stood, or a case was open or lately closed.",
            one="A school was left in the last year and the records show no next one, with a concern without recorded "
            "conclusion or a case at about that time. Leaving alone would not be said here.",
            many="A school was left in the last year and the records show no next one, with a concern without recorded "
            "conclusion or a case at about that time. Leaving alone would not be said here.",
            missing="Whether the child is at a school: no school's records say.",
        ),
        source=UNSEEN,
        arises=~_left_for_good & _asked_of("school_days_ago"),
        carried_by=("record_ids", "case_id", "unresolved_ids"),
        definition="1 if a school was left within 365 days, none was begun at from 7 days before that on, and a strand "
        f"of concern is unresolved, or a case was open then or had ended within {within} days before; else 0. Null if "
        "no school's record of beginning or leaving is known, or from the age of 16.",
    )


def _attendance_fall(settings: Settings) -> Feature:
    recent, least = settings.attendance_recent_days, settings.least_sessions
    sessions, lately = pl.col("sessions"), _days_ago <= recent
    before = _share_present(sessions, ~lately, least)
    fall = before - _share_present(sessions, lately, least)
    return Feature(
        name="attendance_fall",
        over="register",
        where=None,
        value=(100 * fall).clip(0),
        window=recent + YEAR,
        empty=None,
        needs=("facts:attendance_code",),
        unit="percentage points",
        direction=1,
        sentence=Sentence(
            none=f"Attendance at school in the last {recent} days is not below that of the year before.",
            one=f"Attendance at school in the last {recent} days is 1 percentage point below that of the year before.",
            many=f"Attendance at school in the last {recent} days is {{n}} percentage points below that of the year "
            "before.",
            missing="Whether attendance at school fell: there are too few sessions on record to say.",
        ),
        source=OUT_OF_SCHOOL,
        arises=_asked_of("registered_days_ago"),
        definition=f"Share of sessions present {recent + 1} to {recent + YEAR} days ago less that within {recent} "
        f"days, in percentage points, not below 0; codes that count as no session are left out; null if either has "
        f"under {least} sessions.",
    )


def _share_present(sessions: pl.Expr, when: pl.Expr, least: int) -> pl.Expr:
    every = sessions.filter(when).sum()
    return pl.when(every >= least).then(sessions.filter(when & pl.col("present")).sum() / every)


_age = pl.col("age_days")
_at_phase_change = pl.any_horizontal(_age.is_between(*ages) for ages in PHASE_CHANGES).fill_null(value=False)


_newly = _days_ago <= TWO_YEARS

SCHOOL_MOVES = Feature(
    name="school_moves_24m",
    over="schools",
    where=_newly & ~_at_phase_change,
    value=pl.len() - (pl.col("first_school_days_ago").first() <= TWO_YEARS),
    window=None,
    empty=pl.when(pl.col("first_school_days_ago").is_not_null()).then(0),
    needs=("contacts.org_id",),
    unit="moves",
    direction=1,
    sentence=Sentence(
        none="The records show no change of school in the last two years outside the usual ages.",
        one="The records show 1 change of school in the last two years outside the usual ages.",
        many="The records show {n} changes of school in the last two years outside the usual ages.",
        missing="Whether the child changed school: no school's records say.",
    ),
    source=OUT_OF_SCHOOL,
    arises=_asked_of("first_school_days_ago"),
    carried_by=("record_ids",),
    definition=f"Schools first begun at within {TWO_YEARS} days, but for those at an age of 1095 to 1900, 3870 to 4460 "
    "or 5660 to 6210 days, less one if none was begun at earlier; not below 0; null if no school begun at is known.",
)


def _cross_border_open(settings: Settings) -> Feature:
    within, nation = settings.receipt_working_days, settings.nation.lower()
    since, received = pl.col(f"working_days_{nation}"), pl.col(f"received_working_days_{nation}")
    stood = pl.col("unresolved_days_ago") >= _days_ago
    return Feature(
        name="cross_border_open",
        over="authority_changes",
        where=(since > within) & (received.is_null() | (received > within)) & stood,
        value=_days_ago.n_unique(),
        window=TWO_YEARS,
        empty=0,
        needs=("facts:authority",),
        unit="changes",
        direction=1,
        sentence=Sentence(
            none="The records show no change of authority with a concern standing and no receipt within "
            f"{within} working days.",
            one="Once in the last two years the authority changed while a concern had no recorded conclusion, and no "
            f"receipt is recorded within {within} working days.",
            many="{n} times in the last two years the authority changed while a concern had no recorded conclusion, "
            f"and no receipt is recorded within {within} working days.",
            missing="Whether the child came under another authority: the records do not say.",
        ),
        source=ACROSS,
        about=SERVICES,
        carried_by=("record_ids", "strand_ids"),
        definition=f"Days within {TWO_YEARS} days, more than {within} working days ago, on which a record names an "
        "authority that those of the latest earlier day do not, where a strand raised by then is unresolved and no "
        f"conference or acknowledgement came within {within} working days; shielded records are left out. Bank "
        f"holidays: {settings.nation}.",
    )


HOUSEHOLD_MOVES = Feature(
    name="household_moves_365d",
    over="homes",
    where=None,
    value=pl.len() - (pl.col("first_home_days_ago").first() <= YEAR),
    window=YEAR,
    empty=pl.when(pl.col("first_home_days_ago").is_not_null()).then(0),
    needs=("households",),
    unit="moves",
    direction=0,
    sentence=Sentence(
        none="The records show no change of household in the last year.",
        one="The records show 1 change of household in the last year.",
        many="The records show {n} changes of household in the last year.",
        missing="Where the child lived: the records do not say.",
    ),
    source=ACROSS,
    carried_by=("record_ids",),
    definition=f"Households that first appear within {YEAR} days, less one if none appears earlier; shielded records "
    "are left out; null if no household is known.",
)

MISSING_EPISODES = Feature(
    name="missing_episodes_365d",
    over="missing",
    where=None,
    value=_days_ago.n_unique(),
    window=YEAR,
    empty=0,
    needs=("contacts",),
    unit="days",
    direction=1,
    sentence=Sentence(
        none="The records do not show the child missing in the last year.",
        one="The records show the child missing on 1 day of the last year.",
        many="The records show the child missing on {n} days of the last year.",
        missing="Whether the child was missing: the records do not say.",
    ),
    source=MISSING,
    definition=f"Days within {YEAR} days with a record of kind missing.",
)

MISSING_HOURS = Feature(
    name="missing_hours_365d",
    over="missing",
    where=None,
    value=pl.when(pl.col("hours").is_not_null().any()).then(pl.col("hours").sum()),
    window=YEAR,
    empty=0,
    needs=("facts:missing_hours",),
    unit="hours",
    direction=1,
    sentence=Sentence(
        none="The records show no hours missing in the last year.",
        one="The records show the child missing for 1 hour in all in the last year.",
        many="The records show the child missing for {n} hours in all in the last year.",
        missing="For how long the child was missing: the records do not say.",
    ),
    source=MISSING,
    sets=pl.col("hours").is_not_null(),
    definition=f"Sum of the hours stated by records of kind missing within {YEAR} days; 0 if there is no such record, "
    "null if none of them states hours.",
)


def _return_interviews(settings: Settings) -> Feature:
    return Feature(
        name="return_interview_share_365d",
        over="missing",
        where=pl.col("told"),
        value=pl.col("interviewed").mean(),
        window=YEAR,
        empty=None,
        needs=("contacts",),
        unit="share of times missing",
        direction=-1,
        sentence=Sentence(
            none="No return interview is recorded after any of {of} times missing in the last year.",
            one="A return interview is recorded after 1 of {of} times missing in the last year.",
            many="A return interview is recorded after {part} of {of} times missing in the last year.",
            missing="Whether there were return interviews: the records do not say.",
        ),
        source=MISSING,
        of=pl.len(),
        part=pl.col("interviewed"),
        about=SERVICES,
        arises=(_days_ago <= YEAR).any(),
        carried_by=("record_id", "interview_ids"),
        coverage=Coverage(asked=pl.col("told").is_not_null(), told=pl.col("told"), least=settings.least_told),
        definition=f"Of the records of kind missing within {YEAR} days that they or their conclusions, or a return "
        "interview within 14 days, tell of an interview: the share after which one was accepted or held. Null where "
        f"fewer than {settings.least_told:g} of the records tell it.",
    )
