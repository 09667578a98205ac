"""Being seen by somebody: school, moves, going missing (H1-H8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.catalogue_reference.terms import (
    EDUCATION,
    Row,
    Value,
    Whole,
    as_number,
    cases,
    days,
    enough_told,
    open_at,
    unresolved,
    working_days,
    yes_or_no,
)

if TYPE_CHECKING:
    import datetime as dt

PRESENT = ("/", "\\", "L", "P", "V", "W", "B")
NOT_COUNTED = ("#", "Y", "X", "Z", "D")
PHASE_CHANGES = ((1095, 1900), (3870, 4460), (5660, 6210))


def school_held(child: Whole, kind: str) -> list[Row]:
    """Records of that kind held by an education agency."""
    return [record for record in child.records if record["kind"] == kind and record["held_by"] in EDUCATION]


def in_or_just_out_of_a_case(child: Whole, day: dt.date) -> bool:
    """A case was open on that day, or ended within 365 days before it."""
    ends = [case["end_on"] for case in cases(child) if case["end_on"] is not None]
    ended = any(days(1) <= day - end <= days(365) for end in ends)
    return ended or any(open_at(case, day) for case in cases(child))


def education_exit(child: Whole) -> Value:
    """1 where a child left school, began at none since, and has a strand unresolved or a case then or just before."""
    left = [record["day"] for record in school_held(child, "involvement_end")]
    began = [record["day"] for record in school_held(child, "involvement_start")]
    if not (left or began) or (child.age_months is not None and child.age_months >= 192):
        return None
    exits = [day for day in left if child.within(365, day) and not any(start >= day - days(7) for start in began)]
    if not exits:
        return 0
    return 1 if unresolved(child) or in_or_just_out_of_a_case(child, max(exits)) else 0


def sessions(child: Whole, first: int, last: int) -> list[tuple[bool, float]]:
    """Whether present, and for how many sessions, of each register entry so many days ago."""
    found = []
    for record in child.records:
        if record["kind"] == "school_attendance" and first <= child.ago(record["day"]) <= last:
            numbers = [as_number(value) for value in child.values(record, "sessions")]
            marks = [value.strip() for value in child.values(record, "attendance_code")]
            counted = [mark for mark in marks if mark not in NOT_COUNTED]
            found += [(mark in PRESENT, number) for mark in counted for number in numbers if number is not None]
    return found


def attendance_fall(child: Whole) -> Value:
    """By how many percentage points attendance within 120 days is below that of the year before."""
    shares = []
    for first, last in ((1, 120), (121, 485)):
        told = sessions(child, first, last)
        total = sum(number for _, number in told)
        if total < 20:
            return None
        shares.append(sum(number for present, number in told if present) / total)
    recent, before = shares
    return max(0, 100 * (before - recent))


def at_phase_change(child: Whole, day: dt.date) -> bool:
    """Whether the child was of an age at which children change school."""
    if child.birth_on is None:
        return False
    age = (day - child.birth_on).days
    return any(first <= age <= last for first, last in PHASE_CHANGES)


def school_moves_24m(child: Whole) -> Value:
    """Schools begun at within 730 days, less the first of all, leaving out changes of phase."""
    first_day: dict[str, dt.date] = {}
    for record in school_held(child, "involvement_start"):
        if record["org_id"] is not None:
            org = record["org_id"]
            first_day[org] = min(record["day"], first_day.get(org, record["day"]))
    if not first_day:
        return None
    recent = [day for day in first_day.values() if child.within(730, day)]
    moves = len([day for day in recent if not at_phase_change(child, day)])
    earlier = len(recent) < len(first_day)
    return moves if earlier else max(0, moves - 1)


def open_records(child: Whole) -> list[Row]:
    """Records that are not shielded."""
    return [record for record in child.records if record["handling"] != "shielded"]


def authority_changes(child: Whole) -> list[dt.date]:
    """Days within 730 on which another authority appears than on the latest earlier day that names one."""
    named: dict[dt.date, set[str]] = {}
    for record in open_records(child):
        for value in child.values(record, "authority"):
            named.setdefault(record["day"], set()).add(value.strip().lower())
    found = []
    for day, names in named.items():
        earlier = [other for other in named if other < day]
        if earlier and names - named[max(earlier)] and child.within(730, day):
            found.append(day)
    return found


def received(child: Whole, change: dt.date) -> bool:
    """A conference or an acknowledgement came within 15 working days of the change."""
    return any(
        record["day"] >= change
        and working_days(change, record["day"]) <= 15
        and (record["kind"] == "conference" or child.values(record, "acknowledged_by"))
        for record in open_records(child)
    )


def cross_border_open(child: Whole) -> Value:
    """Days of such a change more than 15 working days ago, with a strand open since, that nobody received."""
    return sum(
        any(strand.raised() <= change for strand in unresolved(child))
        and working_days(change, child.as_of) > 15
        and not received(child, change)
        for change in authority_changes(child)
    )


def household_moves_365d(child: Whole) -> Value:
    """Households that first appear within 365 days, less the first of all."""
    first_day: dict[str, dt.date] = {}
    for row in child.everyone.households:
        if row["child_id"] == child.child_id and row["record"]["handling"] != "shielded":
            household = row["household_id"]
            first_day[household] = min(row["day"], first_day.get(household, row["day"]))
    if not first_day:
        return None
    recent = sum(child.within(365, day) for day in first_day.values())
    return recent if recent < len(first_day) else recent - 1


def missing(child: Whole) -> list[Row]:
    """Records of going missing within 365 days."""
    return [record for record in child.recent(365) if record["kind"] == "missing"]


def missing_episodes_365d(child: Whole) -> Value:
    """Days of going missing."""
    return len({record["day"] for record in missing(child)})


def missing_hours_365d(child: Whole) -> Value:
    """Hours missing; null where no record tells them."""
    told = [as_number(value) for record in missing(child) for value in child.values(record, "missing_hours")]
    hours = [number for number in told if number is not None]
    if not missing(child):
        return 0
    return sum(hours) if hours else None


def interviewed(child: Whole, record: Row) -> bool:
    """A return interview within 14 days."""
    interviews = [each["day"] for each in child.records if each["kind"] == "return_interview"]
    return any(days(0) <= day - record["day"] <= days(14) for day in interviews)


def said_of_interview(child: Whole, record: Row, *keys: str) -> set[bool | None]:
    """What the record, or a conclusion of it, says of the return interview."""
    carriers = [record, *child.concluding(record)]
    return {yes_or_no(value) for carrier in carriers for key in keys for value in child.values(carrier, key)}


def return_interview_share_365d(child: Whole) -> Value:
    """Share of times missing after which a return interview was held, of those where it is told."""

    def is_told(record: Row) -> bool:
        said = said_of_interview(child, record, "return_interview_accepted", "return_interview_offered")
        return bool(said & {True, False}) or interviewed(child, record)

    def held(record: Row) -> bool:
        return True in said_of_interview(child, record, "return_interview_accepted") or interviewed(child, record)

    told = [record for record in missing(child) if is_told(record)]
    if not told or not enough_told(missing(child), is_told):
        return None
    return sum(held(record) for record in told) / len(told)


FEATURES = {
    feature.__name__: feature
    for feature in (
        education_exit,
        attendance_fall,
        school_moves_24m,
        cross_border_open,
        household_moves_365d,
        missing_episodes_365d,
        missing_hours_365d,
        return_interview_share_365d,
    )
}

NEEDS = {
    "education_exit": (("contacts",),),
    "attendance_fall": (("facts:attendance_code",),),
    "school_moves_24m": (("contacts.org_id",),),
    "cross_border_open": (("facts:authority",),),
    "household_moves_365d": (("households",),),
    "missing_episodes_365d": (("contacts",),),
    "missing_hours_365d": (("facts:missing_hours",),),
    "return_interview_share_365d": (("contacts",),),
}
