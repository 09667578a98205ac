"""What users may set: every threshold of the catalogue that is a choice, with its name, unit and meaning."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from earlywarn.errors import ArgumentError, nearest
from earlywarn.history.days import NATIONS


def _choice(default: Any, unit: str, means: str) -> Any:
    return field(default=default, metadata={"unit": unit, "means": means})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The thresholds of the catalogue, each with a default that some area uses or some study took.

    Standards are local: set yours and pass ``catalogue(Settings(...))`` as the features to build. A feature's
    definition says the values it was built with, and the identity of a set of features covers them.

    Raises
    ------
    ArgumentError
        A value that is not above 0, a share above 1, a whole number that is not whole, or a nation that is none.

    Examples
    --------
    >>> Settings(visit_standard_working_days=15).visit_standard_working_days
    15

    """

    unseen_days: int = _choice(90, "days", "how far back planned contacts are looked at for whether the child was seen")
    least_told: float = _choice(
        0.5, "share", "the least share of records that must say what is asked for an answer to be given"
    )
    alone_from_months: int = _choice(48, "months of age", "from which age a child is expected to be seen alone")
    visit_standard_working_days: int = _choice(
        10, "working days", "the local standard for visits under a protection plan"
    )
    out_of_sight_days_concern: int = _choice(
        60, "days", "how long unseen is out of sight while a concern has no conclusion"
    )
    out_of_sight_days_young: int = _choice(90, "days", "how long unseen is out of sight for a young child")
    young_below_months: int = _choice(60, "months of age", "below which age a child is young for that")
    tempo_recent_days: int = _choice(60, "days", "the recent span of contacts")
    tempo_before_days: int = _choice(365, "days", "the span before it that it is compared with")
    tempo_least_days: int = _choice(90, "days", "the least of that span that must be on record")
    tempo_prior: float = _choice(
        2.0, "contacts", "how many contacts the shrinkage towards the child's own rate is worth"
    )
    burst_within_days: int = _choice(180, "days", "the span searched for contacts close together")
    burst_days: int = _choice(14, "days", "how close together")
    burst_least_contacts: int = _choice(3, "contacts", "fewer than these are no pattern")
    share_within_days: int = _choice(7, "days", "within which a concern is expected to reach social care")
    least_lags: int = _choice(3, "records", "fewer than these give no median")
    turnover_days: int = _choice(90, "days", "each of the two spans whose agencies are compared")
    handover_overlap_days: int = _choice(28, "days", "how long before a worker leaves the next may begin")
    conclude_within_days: int = _choice(90, "days", "the local standard for a concern to be concluded")
    reraised_within_days: int = _choice(180, "days", "how soon after its conclusion a concern is raised again")
    convergence_days: int = _choice(60, "days", "within which agencies' concerns come together")
    family_voice_least: int = _choice(2, "days", "how often the family's side must have spoken")
    start_again_days: int = _choice(180, "days", "how soon after a step down a concern follows")
    repeat_plan_within_days: int = _choice(730, "days", "how soon after a plan another follows")
    assessment_working_days: int = _choice(45, "working days", "the standard for an assessment")
    conference_working_days: int = _choice(15, "working days", "the standard from an enquiry to its conference")
    missed_before_closing: int = _choice(2, "records", "how many missed appointments before a closing make a pattern")
    missed_before_closing_days: int = _choice(30, "days", "how long before the closing")
    infant_below_months: int = _choice(12, "months of age", "below which age a carer is expected to have been met")
    linked_years_days: int = _choice(1826, "days", "how far back other children of the household are looked at")
    not_mobile_below_days: int = _choice(183, "days of age", "below which age a child is taken not to move about")
    injury_within_days: int = _choice(180, "days", "the span in which injuries are counted together")
    injury_apart_days: int = _choice(7, "days", "how far apart injuries are two occasions")
    late_presentation_hours: int = _choice(24, "hours", "after which an injury is brought late")
    same_injury_days: int = _choice(14, "days", "within which records of one site are one injury")
    exit_after_case_days: int = _choice(365, "days", "how long after a case a child leaving school matters")
    attendance_recent_days: int = _choice(120, "days", "the recent span of attendance")
    least_sessions: int = _choice(20, "sessions", "fewer than these give no share")
    receipt_working_days: int = _choice(
        15, "working days", "within which the new authority is expected to receive a child"
    )
    engagement_least: int = _choice(3, "records", "fewer than these give no share")
    engagement_spread: float = _choice(0.4, "share", "how far agencies' attendance differs")
    engagement_before_review: float = _choice(0.3, "share", "how much better attendance is before a review")
    same_worker_days: int = _choice(180, "days", "how long the same worker stays")
    quiet_days: int = _choice(180, "days", "how long a concluded concern stays quiet")
    nation: str = _choice("ENG", "nation", "whose bank holidays are no working days: ENG, WLS, SCT or NIR")

    def __post_init__(self) -> None:
        for each in fields(self):
            _check(each.name, getattr(self, each.name), each.default, str(each.metadata["unit"]))


def _check(name: str, value: object, default: object, unit: str) -> None:
    if isinstance(default, str):
        if value not in NATIONS:
            raise ArgumentError(
                f"The setting {name} is no nation.",
                expected="one of " + ", ".join(NATIONS),
                fix=nearest(str(value), NATIONS) or "use one of these",
            )
        return
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    whole = not isinstance(default, int) or isinstance(value, int)
    most = 1.0 if unit == "share" else float("inf")
    if not (number and whole and 0 < float(str(value)) <= most):
        raise ArgumentError(
            f"The setting {name} is {value}.",
            expected=f"{'a whole number' if isinstance(default, int) else 'a number'} of {unit} above 0"
            + (", at most 1" if unit == "share" else ""),
            fix=f"its default is {default}",
        )
