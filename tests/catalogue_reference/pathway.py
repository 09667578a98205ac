"""The way through services: steps down, plans again, time taken (E1-E6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.catalogue_reference.terms import (
    MISSED,
    Row,
    Value,
    Whole,
    cases,
    days,
    lead_held,
    running_after,
    strands,
    was_open,
    working_days,
)

if TYPE_CHECKING:
    import datetime as dt

ORDER = ("early_help", "child_in_need", "protection_plan", "looked_after")


def step_downs(child: Whole) -> set[dt.date]:
    """Days on which an episode ended and none of a higher kind ran on the day after."""
    found = set()
    for ended in child.episodes:
        if ended["end_on"] is None or ended["end_on"] >= child.as_of:
            continue
        higher = [other for other in child.episodes if ORDER.index(other["kind"]) > ORDER.index(ended["kind"])]
        if not any(running_after(other, ended["end_on"]) for other in higher):
            found.add(ended["end_on"])
    return found


def start_again(child: Whole) -> Value:
    """Step-down days within 1826 days after which a concern was raised within 180 days."""
    raised = {row["day"] for row in child.concern_rows()}
    return sum(
        any(days(1) <= day - down <= days(180) for day in raised)
        for down in step_downs(child)
        if child.within(1826, down)
    )


def plans(child: Whole) -> list[Row]:
    """Protection plans started before as_of."""
    return [e for e in child.episodes if e["kind"] == "protection_plan" and e["start_on"] < child.as_of]


def repeat_plans(child: Whole) -> Value:
    """Protection plans after the first."""
    return max(0, len(plans(child)) - 1)


def repeat_plan_24m(child: Whole) -> Value:
    """1 if a plan started within 731 days, and at most 730 days after an earlier one ended."""
    for plan in plans(child):
        for before in plans(child):
            ended = before["end_on"]
            earlier = before["start_on"] < plan["start_on"] and ended is not None
            if earlier and child.within(731, plan["start_on"]) and days(0) <= plan["start_on"] - ended <= days(730):
                return 1
    return 0


def assessments_over_standard_365d(child: Whole) -> Value:
    """Assessments within 365 days that took, or have taken so far, more than 45 working days."""
    number = 0
    for record in child.recent(365):
        if record["kind"] == "assessment" and lead_held(record):
            concluded = [each["known_at"].date() for each in child.concluding(record)]
            number += working_days(record["day"], min(concluded, default=child.as_of)) > 45
    return number


def conference_over_standard_365d(child: Whole) -> Value:
    """Enquiries within 365 days whose conference came, or has not come, after more than 15 working days."""
    number = 0
    conferences = [record["day"] for record in child.records if record["kind"] == "conference" and lead_held(record)]
    for record in child.recent(365):
        if record["kind"] != "strategy_enquiry" or not lead_held(record):
            continue
        after = [day for day in conferences if days(0) <= day - record["day"] <= days(365)]
        if after:
            number += working_days(record["day"], min(after)) > 15
        elif record["outcome"] == "conference":
            number += working_days(record["day"], child.as_of) > 15
    return number


def open_or_missed(child: Whole, end: dt.date) -> bool:
    """By that day a strand was open, or in the 30 days up to it two records were missed."""
    open_strands = [s for s in strands(child) if s.raised() <= end and was_open(s, end, child.as_of)]
    missed = [r for r in child.records if r["attendance"] in MISSED and end - days(29) <= r["day"] <= end]
    return bool(open_strands) or len(missed) >= 2


def closed_on_non_engagement(child: Whole) -> Value:
    """Days within 365 on which help or a case ended for good, with a strand open or two records missed just before."""
    ends = {
        episode["end_on"]
        for episode in child.episodes
        if episode["end_on"] is not None and child.within(365, episode["end_on"])
    }
    for_good = [end for end in ends if not any(running_after(case, end) for case in cases(child))]
    return sum(open_or_missed(child, end) for end in for_good)


FEATURES = {
    feature.__name__: feature
    for feature in (
        start_again,
        repeat_plans,
        repeat_plan_24m,
        assessments_over_standard_365d,
        conference_over_standard_365d,
        closed_on_non_engagement,
    )
}

NEEDS = {
    "start_again": (("episodes",), ("concerns",)),
    "repeat_plans": (("episodes",),),
    "repeat_plan_24m": (("episodes",),),
    "assessments_over_standard_365d": (("contacts.follows",),),
    "conference_over_standard_365d": (("contacts",),),
    "closed_on_non_engagement": (("episodes",),),
}
