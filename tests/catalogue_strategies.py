"""Valid tables for the catalogue, drawn by Hypothesis: what `tests.strategies` draws, and scenes on top of it.

A scene is what one family of features turns on, told of one child: visits, a plan and its end, injuries, a change of
school. Which scenes are played is drawn by Hypothesis, so that a failing draw shrinks to the few that matter; what
happens in them comes from one drawn number, which is quick.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from earlywarn.records import codes
from earlywarn.records.schema import RECORD_TABLES
from tests.strategies import AS_OF, TIMES, Row, Tables, day_of, tables, to_frames, without_twins

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AS_OF", "VIEWERS", "Tables", "to_frames", "whole_tables"]

LEAD = "social_care"
VIEWERS = ("pooled", LEAD, "police", "gp", "school", "hospital")
AGENCIES = (LEAD, LEAD, "police", "gp", "school", "hospital", "emergency", "health_visiting", "early_help")
SCHOOLS = ("school", "school", "college", "early_years", "education")
FAMILY = ("family", "public", "child_self")
UNSCHEDULED = ("emergency", "urgent_care", "ambulance", "gp", "hospital")
STATUTORY = ("child_in_need", "protection_plan", "looked_after")
CATEGORIES = ("neglect", "neglect", "domestic_abuse", "substance_parent", "missing", "young_carer", "our_local_code")
EDGES = (0, 1, 7, 8, 14, 28, 29, 30, 60, 61, 90, 91, 120, 121, 180, 181, 365, 366, 425, 426, 485, 486, 730, 731, 732)
LAGS = (*(dt.timedelta(days=d) for d in (0, 0, 0, 0, 0, 0, 1, 6, 7, 30)), dt.timedelta(days=7, seconds=1))
CONTACT_KINDS = ("contact", "visit", "encounter", "appointment", "incident")
KINDS = (*CONTACT_KINDS, "assessment", "review", "referral")
OUTCOMES = (None, "no_further_action", "no_further_action", "advice", "assessment", "closed")
ATTENDANCE = (None, "attended", "attended", "was_not_brought", "no_access", "cancelled_by_carer")
YES_OR_NO = ("yes", "true", "Y", "1", "no", "FALSE", "n", "0", "perhaps")
AGES = (
    20,
    182,
    183,
    184,
    250,
    360,
    364,
    365,
    366,
    700,
    1000,
    1200,
    1800,
    2000,
    2300,
    3900,
    4460,
    4500,
    5700,
    6000,
    6300,
)
BIRTHDAYS = ((2025, 11), (2022, 11), (2021, 11), (2010, 11), (2015, 11))
BLANK: Row = dict.fromkeys(RECORD_TABLES["contacts"].schema)
BLANKED = ("attendance", "child_seen", "seen_alone", "worker_id", "org_id", "recorded_at", "outcome")
EMPTIED = ("concerns", "sharing", "people", "households", "episodes", "facts")


def days(number: int) -> dt.timedelta:
    """So many days."""
    return dt.timedelta(days=number)


class Ground:
    """Tables being filled for one child at a time, by chance that starts from one number."""

    def __init__(self, drawn: Tables, seed: int) -> None:
        self.tables = drawn
        self.chance = random.Random(seed)  # noqa: S311 (a test's draws)
        self.child_id = "c1"
        self.added: list[Row] = []

    def pick(self, *values: Any) -> Any:
        """One of the values."""
        return self.chance.choice(values)

    def times(self, least: int, most: int) -> range:
        """So many times, between the two."""
        return range(self.chance.randint(least, most))

    def one_in(self, number: int) -> bool:
        """True one time in so many."""
        return self.chance.randrange(number) == 0

    def day(self, longest: int = 500) -> dt.date:
        """A day at most so long ago, or at the edge of a window."""
        edge = self.pick(*EDGES)
        return AS_OF - days(edge if self.one_in(2) and edge <= longest else self.chance.randint(1, longest))

    def near(self, day: dt.date, *steps: int) -> dt.date:
        """A day so many days after another, by one of the steps."""
        return day + days(self.pick(*steps))

    def timing(self, day: dt.date) -> Row:
        """When it happened, was written and was known; a day still to come is planned, and was known before."""
        happened = dt.datetime.combine(day, self.pick(*TIMES))
        if day >= AS_OF and not self.one_in(3):
            known = dt.datetime.combine(AS_OF - days(self.pick(1, 30)), dt.time(9))
            return {"occurred_at": happened, "known_at": known, "planned": True}
        if self.one_in(5):
            return {"known_at": happened}
        known = happened + self.pick(*LAGS)
        midnight = dt.datetime.combine(day, dt.time())
        return {"occurred_at": happened, "known_at": known, "recorded_at": self.pick(None, happened, known, midnight)}

    def record(self, day: dt.date, kind: str, agency: str | None = None, **cells: Any) -> Row:
        """Add a record of the child."""
        agency = agency or self.pick(*AGENCIES)
        own = codes.AGENCIES[agency].organisation and not self.one_in(8)
        record_id = f"x{len(self.added) + 1}"
        row = {
            **BLANK,
            "record_id": record_id,
            "child_id": self.child_id,
            "agency": agency,
            "held_by": agency if own else self.pick(LEAD, "police", "gp", "school"),
            "kind": kind,
            "about": "household" if self.one_in(8) else "child",
            "occurred_precision": "instant",
            "recorded_basis": "source",
            "handling": "shielded" if self.one_in(16) else self.pick(None, "open"),
            "source": "drawn.csv",
            "source_row": record_id,
            **cells,
        }
        row |= self.timing(day)
        self.added.append(row)
        self.tables["contacts"].append(row)
        return row

    def lead(self, day: dt.date, kind: str, **cells: Any) -> Row:
        """Add a record that the lead raised and holds, or now and then another agency instead."""
        agency = self.pick("gp", "health_visiting") if self.one_in(12) else LEAD
        return self.record(day, kind, agency, held_by=agency, **cells)

    def conclusion(self, of: Row, day: dt.date) -> Row:
        """Add a conclusion of a record."""
        row = self.record(max(day, day_of(of)), "conclusion", of["held_by"], held_by=of["held_by"])
        row |= {"follows": of["record_id"], "known_at": max(row["known_at"], of["known_at"])}
        return row

    def fact(self, record: Row, key: str, *values: str) -> None:
        """Add a fact with one of the values."""
        if key in codes.FACTS:
            self.tables["facts"].append({"record_id": record["record_id"], "key": key, "value": self.pick(*values)})

    def concern(self, record: Row, *categories: str, closed_by: Row | None = None) -> None:
        """Add a concern of one of the categories."""
        row = {
            "concern_id": f"y{len(self.tables['concerns']) + 1}",
            "child_id": record["child_id"],
            "record_id": record["record_id"],
            "category": self.pick(*(categories or CATEGORIES)),
            "code": None,
            "severity": self.pick(None, 0, 1, 2, 3),
            "closing": "not_recordable" if self.one_in(8) else "recorded",
            "closed_by": None if closed_by is None else closed_by["record_id"],
        }
        self.tables["concerns"].append(row)

    def episode(self, kind: str, start: dt.date, end: dt.date | None = None) -> None:
        """Add an episode, with the records of its start and its end."""
        started = self.lead(start, "plan_start")
        end = None if end is None else max(start, end)
        ended = None if end is None else self.lead(min(end, AS_OF - days(1)), "plan_end")
        row = {
            "episode_id": f"z{len(self.tables['episodes']) + 1}",
            "child_id": self.child_id,
            "kind": kind,
            "category": None,
            "started_by": started["record_id"],
            "start_on": start,
            "ended_by": None if ended is None else ended["record_id"],
            "end_on": end,
        }
        self.tables["episodes"].append(row)

    def tell(self, record: Row, *to: str, after: tuple[dt.timedelta, ...] = LAGS) -> None:
        """Add an act of telling one of the agencies."""
        row = {
            "record_id": record["record_id"],
            "to_agency": self.pick(*(to or AGENCIES)),
            "shared_at": record["known_at"] + self.pick(*after),
            "decision": self.pick("shared", "shared", "shared", "shared", "withheld", "asked"),
            "extent": self.pick("full", "full", "summary", "existence"),
            "basis": None,
            "told_family": None,
        }
        self.tables["sharing"].append(row)


# ---------------------------------------------------------------------------------------------------------------
# Scenes
# ---------------------------------------------------------------------------------------------------------------


def visits(on: Ground) -> None:
    """Planned visits, on which the child was seen, seen alone, or not."""
    seen = on.pick((True, True, False), (False,), (True,), (None, False, True))
    for _ in on.times(3, 7):
        on.lead(
            on.day(on.pick(90, 90, 91, 400)),
            on.pick("visit", "visit", "visit", "assessment"),
            mode=on.pick(None, "in_person", "in_person", "in_person", "phone"),
            planned=on.pick(True, True, True, True, False, None),
            attendance=on.pick(None, "attended", "attended", *ATTENDANCE),
            child_seen=on.pick(*seen),
            seen_alone=on.pick(None, True, False),
            worker_id=on.pick(None, "w1", "w2"),
        )


def never_alone(on: Ground) -> None:
    """A child of four or more who was seen, and not alone, with a case or without."""
    born(on, dt.date(2022, 10, 31), dt.date(2022, 11, 1), dt.date(2022, 11, 2), AS_OF - days(2000))
    for _ in on.times(1, 3):
        on.lead(on.day(), "visit", child_seen=True, seen_alone=False, attendance=on.pick(None, "attended"))
    if on.one_in(2):
        on.episode(on.pick(*STATUTORY), on.day())


def born(on: Ground, *birthdays: dt.date) -> None:
    """Give the child a day of birth."""
    on.tables["children"] = [row for row in on.tables["children"] if row["child_id"] != on.child_id]
    on.tables["children"].append(life(on.child_id, on.pick(*birthdays)))


def on_a_plan(on: Ground) -> None:
    """An open plan with visits about the standard of ten working days."""
    start = on.day(200)
    on.episode("protection_plan", start, on.pick(None, None, AS_OF, AS_OF + days(30), AS_OF - days(1)))
    for _ in on.times(0, 3):
        day = AS_OF - days(on.pick(1, 13, 14, 15, 16, 17, 30))
        on.lead(
            on.pick(day, day, on.near(start, 0, -1)),
            "visit",
            child_seen=on.pick(True, True, False),
            attendance=on.pick(*ATTENDANCE),
        )


def episodes(on: Ground) -> None:
    """Episodes one after another, with concerns and missed records about their ends."""
    start = on.day(1400)
    kinds = on.pick(("early_help", *STATUTORY), ("protection_plan",))
    for _ in on.times(1, 3):
        end = min(on.near(start, 0, 30, 180, 365), AS_OF + days(1))
        if on.one_in(4):
            end = AS_OF - days(on.pick(1, 90, 365, 366, 1825, 1826, 1827))
        on.episode(on.pick(*kinds), min(start, end), on.pick(end, end, None))
        about_an_end(on, end)
        start = min(on.near(end, -1, 0, 1, 2, 100, 729, 730, 731), AS_OF + days(1))


def plans_again(on: Ground) -> None:
    """Two plans, about two years apart."""
    second = AS_OF - days(on.pick(1, 100, 730, 731, 732))
    ended = on.near(second, 0, -1, -100, -729, -730, -731)
    on.episode("protection_plan", on.near(ended, 0, -100), ended)
    on.episode("protection_plan", second)


def about_an_end(on: Ground, end: dt.date) -> None:
    """Concerns raised before and after an end, closed about it, records missed just before it, a planned visit."""
    if on.one_in(2):
        on.lead(min(on.near(end, 0, 0, 1), AS_OF), "visit", planned=True)
    for _ in on.times(0, 2):
        raised = min(on.near(end, -100, -90, -89, -30, 0, 1, 2, 180, 181), AS_OF)
        closing = on.lead(min(max(raised, on.near(end, -1, 0, 1, 60)), AS_OF), "review") if on.one_in(3) else None
        on.concern(on.record(raised, "contact"), closed_by=closing)
    for _ in on.times(0, 3):
        on.record(min(on.near(end, -30, -29, -5, 0, 1), AS_OF), "visit", attendance=on.pick(*ATTENDANCE))


def a_burst(on: Ground) -> None:
    """A long record, and contacts close together of late."""
    on.record(AS_OF - days(on.pick(149, 150, 151, 300, 425, 426, 600)), "contact")
    first = on.day(170)
    for _ in on.times(2, 6):
        on.record(
            min(on.near(first, 0, 1, 5, 13, 14), AS_OF),
            on.pick(*CONTACT_KINDS),
            on.pick(*AGENCIES, *UNSCHEDULED),
            planned=on.pick(None, True, False),
            org_id=on.pick(None, "o1", "o2", "o3"),
        )


def health_unplanned(on: Ground) -> None:
    """Visits to health services that nobody arranged."""
    for _ in on.times(1, 4):
        agency, org = on.pick(*UNSCHEDULED), on.pick(None, "o1", "o2", "o3")
        on.record(on.day(91), "encounter", agency, held_by=agency, planned=on.pick(None, True, False), org_id=org)


def workers(on: Ground) -> None:
    """Workers who come and go, and who of them saw the child."""
    if not on.one_in(3):
        on.episode("child_in_need", on.day(400))
    for worker in on.chance.sample(("w1", "w2", "w3"), on.pick(1, 2)):
        start = on.day(400)
        on.lead(start, "involvement_start", worker_id=worker)
        if on.one_in(4):
            on.lead(on.near(start, -20, -1), "involvement_end", worker_id=worker)
        if not on.one_in(3):
            end = min(on.near(start, 0, 28, 29, 100), AS_OF - days(1))
            on.lead(max(start, end), "involvement_end", worker_id=worker)
            on.lead(min(on.near(end, -28, -29, 0, 5), AS_OF), "involvement_start", worker_id="w4")
            day, seen_by = min(on.near(end, 0, 0, 3), AS_OF), on.pick("w4", worker)
            on.lead(day, "visit", worker_id=seen_by, child_seen=True, attendance=on.pick(None, *ATTENDANCE))
    for _ in on.times(1, 4):
        seen = on.pick(True, True, True, False, None)
        on.lead(on.day(181), "visit", worker_id=on.pick(None, "w1", "w2", "w3", "w4"), child_seen=seen)


def one_worker(on: Ground) -> None:
    """One worker for half a year or so, who sees the child."""
    start = AS_OF - days(on.pick(179, 180, 181, 300))
    for worker in ("w1", "w2") if on.one_in(6) else ("w1",):
        on.lead(start, "involvement_start", worker_id=worker)
    for _ in on.times(1, 3):
        on.lead(on.day(181), "visit", worker_id="w1", child_seen=not on.one_in(6))


def enquiries(on: Ground) -> None:
    """Strategy discussions, enquiries, and conferences about the standard of fifteen working days."""
    for _ in on.times(1, 2):
        talked = on.lead(on.day(366), "strategy_discussion")
        for _ in on.times(0, 4):
            on.fact(talked, "attendee", LEAD, LEAD, "police", "police", "gp", "hospital", "school", "Police", "nobody")
    enquired = on.pick(on.day(366), on.day(366), AS_OF - days(on.pick(20, 21, 22, 23, 24)))
    on.lead(enquired, "strategy_enquiry", outcome=on.pick(None, "conference", "conference"))
    if on.one_in(3):
        on.lead(min(on.near(enquired, -1, 0, 19, 20, 21, 22, 23, 365, 366), AS_OF), "conference")


def assessments(on: Ground) -> None:
    """Assessments, concluded about the standard of 45 working days, or not yet."""
    for _ in on.times(1, 2):
        day = on.day(366)
        assessed = on.lead(day, "assessment", outcome=on.pick(*OUTCOMES))
        for _ in on.times(0, 2):
            on.conclusion(assessed, min(on.near(day, 0, 61, 62, 63, 64, 65, 66, 67, 80), AS_OF))


def concerns(on: Ground) -> None:
    """Concerns of several agencies, told to others about a week later, and closed or not."""
    for _ in on.times(2, 4):
        record = on.record(on.day(on.pick(61, 400, 740)), on.pick(*KINDS, "observation"))
        closing = on.lead(min(day_of(record) + days(on.pick(0, 10, 100)), AS_OF), "review") if on.one_in(4) else None
        on.concern(record, closed_by=closing)
        for _ in on.times(0, 2):
            on.tell(record, LEAD, LEAD, *AGENCIES)


def convergence(on: Ground) -> None:
    """Concerns of two agencies within two months, one of them told to the other, or not."""
    first = on.record(on.day(61), "contact", "gp", held_by="gp")
    on.concern(first)
    second = on.record(on.day(60), "incident", "police", held_by=on.pick("police", LEAD))
    on.concern(second)
    third = on.record(on.day(60), "contact", "family", held_by="police")
    on.concern(third)
    on.tell(third, "gp", after=(days(0), days(1)))
    for told, agency, later in ((first, "police", second), (second, "gp", first)) if on.one_in(2) else ():
        on.tell(told, agency, after=(days(0), days(1), max(days(0), later["known_at"] - told["known_at"])))


def told_widely(on: Ground) -> None:
    """Contacts of several agencies that were told to others."""
    for _ in on.times(3, 5):
        record = on.record(on.day(366), on.pick(*CONTACT_KINDS))
        on.tell(record)
        on.tell(record)


def closed_again(on: Ground) -> None:
    """A concern that was closed, and one of the same category after it."""
    raised = on.day(600)
    closed = min(on.near(raised, 0, 29, 40, 200), AS_OF)
    closed = on.pick(closed, closed, max(raised, AS_OF - days(on.pick(179, 180, 181))))
    closing = on.record(closed, on.pick("review", "conclusion", "other"), LEAD, held_by=LEAD)
    record = on.record(raised, "contact")
    if closing["kind"] == "conclusion":
        closing |= {"follows": record["record_id"], "known_at": max(closing["known_at"], record["known_at"])}
    on.concern(record, "neglect", closed_by=closing)
    if not on.one_in(3):
        on.concern(on.record(min(on.near(closed, 0, 1, 30, 180, 181), AS_OF), "contact"), "neglect")


def injuries(on: Ground) -> None:
    """Injuries, where on the body, how explained, and when they are said to have happened."""
    day = on.pick(on.day(180), on.day(180), AS_OF - days(on.pick(365, 366, 180, 181)))
    sites = on.pick(("arm", "Arm"), ("arm", "back", "Back "))
    if on.one_in(3):
        born(on, on.near(day, -184, -183, -182, -20))
    for _ in on.times(2, 5):
        record = on.record(day, on.pick("encounter", "observation", "visit"))
        for _ in on.times(0, 3):
            on.fact(record, "injury_site", *sites)
        if not on.one_in(4):
            on.fact(record, "injury_explained", *YES_OR_NO)
        if not on.one_in(3):
            on.fact(record, "injured_at", *injured_about(record))
        if on.one_in(4):
            on.concern(record, "injury_unexplained", "injury_not_mobile", "physical_abuse")
        day = min(on.near(day, 0, 3, 6, 7, 8, 14, 15), AS_OF)


def injured_about(record: Row) -> tuple[str, ...]:
    """Days and times about a day before a record, and words that are neither."""
    time = (record["occurred_at"] or record["known_at"]).replace(microsecond=0)
    times = tuple((time - dt.timedelta(hours=hours)).isoformat() for hours in (1, 23, 24, 25, 70))
    some_days = tuple((time.date() - days(number)).isoformat() for number in (0, 1, 2, 3))
    return (*times, *some_days, "last week", "31/10/2026")


def at_school(on: Ground) -> None:
    """Schools begun at and left, sometimes with a concern that stands."""
    for _ in on.times(1, 3):
        day = on.pick(on.day(900), AS_OF - days(on.pick(100, 729, 730, 731)))
        if on.one_in(3):
            phase = on.pick(1095, 1900, 3870, 4460, 5660, 6210)
            born(on, on.near(day - days(phase), -1, 0, 1))
        school, org = on.pick(*SCHOOLS), on.pick(None, "o1", "o2", "o3", "o4")
        on.record(day, "involvement_start", school, held_by=school, org_id=org)
        if on.one_in(2):
            left = min(on.near(day, 30, 200, 400), AS_OF - days(1))
            on.record(left, "involvement_end", school, held_by=school, org_id=org)
            on.record(
                on.near(left, -8, -7, 0), on.pick("involvement_start", "other"), school, held_by=school, org_id="o5"
            )
    if on.one_in(2):
        on.concern(on.record(on.day(), "contact"))


def out_of_school(on: Ground) -> None:
    """Left school, and none begun at since."""
    left = on.day(366)
    on.record(left, "involvement_end", "school", held_by="school", org_id="o1")
    if on.one_in(3):
        on.concern(on.record(on.day(), "contact"), "neglect")
    if on.one_in(2):
        ended = on.near(left, 0, -1, -364, -365, -366, 5)
        on.episode(on.pick(*STATUTORY), on.near(ended, 0, -50), ended)


def register(on: Ground) -> None:
    """Entries of a register, before and after four months ago."""
    for _ in on.times(5, 10):
        ago = on.pick(1, 20, 120, 121, 122, 300, 485, 486)
        kind = "observation" if on.one_in(8) else "school_attendance"
        record = on.record(AS_OF - days(ago), kind, "school", held_by="school")
        present, absent = ("/", "\\", "L", "P", "B"), ("O", "O", "I", "M")
        on.fact(record, "attendance_code", *(absent if ago < 121 else present), *present, "O", "#", "Y")
        on.fact(record, "sessions", "10", "19.5", "20", "20", "30", "30", "some")


def gone_missing(on: Ground) -> None:
    """Times missing, for how long, and whether there was a return interview."""
    for _ in on.times(1, 3):
        day = on.day(366)
        record = on.record(day, "missing", on.pick("police", LEAD))
        on.fact(record, "missing_hours", "3", "12.5", "30", "overnight")
        carrier = on.conclusion(record, day) if on.one_in(3) else record
        if on.one_in(2):
            on.fact(carrier, on.pick("return_interview_offered", "return_interview_accepted"), *YES_OR_NO)
        if on.one_in(3):
            on.record(min(on.near(day, 0, 14, 15), AS_OF), "return_interview", LEAD)


def across_a_border(on: Ground) -> None:
    """Another authority, with a concern that stands, received in time or not."""
    change = AS_OF - days(on.pick(22, 23, 40, 60, 200, 400, 730, 731))
    for day in (on.near(change, -40, -1, 0), on.near(change, -10, -2)):
        on.fact(on.record(day, "other"), "authority", "Northshire", "Northshire", "northshire", "Southshire")
    if not on.one_in(5):
        on.concern(on.record(on.near(change, -20, -20, -1, 0, 1), "contact"), "neglect")
        on.concern(on.record(on.near(change, 5, 8), "contact"), "neglect")
    record = on.record(change, "other", handling="shielded" if on.one_in(5) else None)
    on.fact(record, "authority", "Westshire ", "westshire", "Northshire")
    if on.one_in(3):
        received = on.record(min(on.near(change, -1, 0, 20, 21, 22, 23), AS_OF), on.pick("conference", "other"))
        if received["kind"] == "other":
            on.fact(received, "acknowledged_by", "other_authority", "gp")


def actions(on: Ground) -> None:
    """Actions agreed, due about now or before, done or not."""
    for _ in on.times(1, 2):
        record = on.lead(on.day(760), on.pick("review", "conference", "visit"))
        for _ in on.times(1, 3):
            on.fact(record, "action_due", *(str(AS_OF - days(d)) for d in (-30, 0, 1, 30, 365, 730, 731)), "soon")
        for _ in on.times(0, 3):
            carrier = on.conclusion(record, day_of(record) + days(20)) if on.one_in(2) else record
            on.fact(carrier, "action_done", *(str(AS_OF - days(number)) for number in (0, 1, 10, 40)), "done")


def family_voice(on: Ground) -> None:
    """Family, public or the child spoke up, and what came of it."""
    outcomes = on.pick(OUTCOMES, ("no_further_action", "advice"))
    for _ in on.times(2, 4):
        on.record(
            on.day(on.pick(366, 731)), on.pick("contact", "referral"), on.pick(*FAMILY), outcome=on.pick(*outcomes)
        )
    if on.one_in(3):
        on.lead(on.day(), "assessment")


def engagement(on: Ground) -> None:
    """Two agencies, of which one is met about a review and the other is not, and concerns that come back."""
    good, other = on.chance.sample(("gp", "school", LEAD, "hospital"), 2)
    reviewed = AS_OF - days(on.pick(20, 100, 300, 365, 366))
    on.lead(reviewed, on.pick("review", "conference"))
    for _ in on.times(3, 5):
        attended = "attended" if not on.one_in(5) else on.pick(*ATTENDANCE)
        on.record(on.near(reviewed, -14, -14, -5, 0, 0, 0, -15, 1), "appointment", good, attendance=attended)
    for _ in on.times(3, 5):
        attended = on.pick("was_not_brought", "no_access", "was_not_brought", "attended")
        on.record(on.day(366), "appointment", other, attendance=attended)
    for ago in (400, on.pick(180, 181, 365, 366), on.pick(20, 180, 181)) if on.one_in(2) else ():
        on.concern(on.record(AS_OF - days(ago), "contact"), "neglect")


def attends_again(on: Ground) -> None:
    """Missed before, and met of late."""
    for _ in on.times(2, 3):
        on.record(AS_OF - days(on.pick(90, 91, 92, 200, 365, 366)), "appointment", attendance="was_not_brought")
    for _ in on.times(2, 3):
        attended = on.pick("attended", "attended", "attended", "no_access")
        on.record(AS_OF - days(on.pick(1, 45, 90)), "appointment", attendance=attended, planned=on.pick(True, None))


def no_access(on: Ground) -> None:
    """Planned visits without access since the last one that took place."""
    for _ in on.times(1, 4):
        missed = on.pick("no_access", "cancelled_by_carer", "attended", "was_not_brought")
        on.lead(on.day(366), "visit", planned=not on.one_in(5), attendance=missed)


def acknowledged(on: Ground) -> None:
    """A plan or a review, the agencies about it, and who acknowledged it."""
    day = on.day(100)
    record = on.lead(day, on.pick("plan_start", "review", "conference"))
    for agency in on.chance.sample(("gp", "school", "police"), on.pick(1, 2)):
        on.record(on.day(91), on.pick(*CONTACT_KINDS), agency, held_by=agency)
    for _ in on.times(1, 3):
        carrier = on.conclusion(record, day) if on.one_in(3) else record
        on.fact(carrier, "acknowledged_by", "gp", "school", "police", "GP")


def together(on: Ground) -> None:
    """Children of one household, of whom another had an enquiry, a plan or care."""
    own = on.child_id
    for child_id in ("c1", "c2", "c3"):
        on.child_id = child_id
        for _ in on.times(0, 2):
            household(on)
        if on.one_in(2):
            on.lead(AS_OF - days(on.pick(1, 100, 1825, 1826, 1827)), "strategy_enquiry")
        if on.one_in(3):
            on.episode(on.pick("protection_plan", "looked_after", "child_in_need"), on.day(1900))
    on.child_id = own


def household(on: Ground) -> None:
    """One row of households."""
    day = on.pick(on.day(), AS_OF - days(on.pick(364, 365, 366)))
    record = on.record(day, "contact", handling="shielded" if on.one_in(5) else None)
    start, end = on.pick(None, None, -400, -1, 0), on.pick(None, None, None, -1, 0, 1)
    ends = None if end is None else AS_OF + days(end if start is None else max(start, end))
    row = {
        "child_id": on.child_id,
        "household_id": on.pick("h1", "h1", "h2", "h3"),
        "record_id": record["record_id"],
        "valid_from": None if start is None else AS_OF + days(start),
        "valid_to": ends,
    }
    on.tables["households"].append(row)


def infant(on: Ground) -> None:
    """A child under about one year, and its carers, met or not."""
    young = (AS_OF - days(200), AS_OF - days(100))
    born(on, dt.date(2025, 10, 31), dt.date(2025, 11, 1), dt.date(2025, 11, 2), *young, *young, AS_OF)
    for _ in on.times(1, 4):
        kind = on.pick("visit", "appointment", "encounter", "contact", "referral", "other", "assessment")
        record = on.record(on.day(300), kind, attendance=on.pick(None, *ATTENDANCE))
        end = on.pick(None, None, None, -1, 0)
        row = {
            "child_id": on.child_id,
            "person_id": on.pick("p1", "p2", "p3"),
            "role": on.pick("mother", "father", "partner", "carer", "grandparent", "sibling"),
            "record_id": record["record_id"],
            "valid_from": None,
            "valid_to": None if end is None else AS_OF + days(end),
        }
        on.tables["people"].append(row)


SCENES: tuple[Callable[[Ground], None], ...] = (
    visits,
    never_alone,
    on_a_plan,
    episodes,
    plans_again,
    a_burst,
    health_unplanned,
    workers,
    one_worker,
    enquiries,
    assessments,
    concerns,
    convergence,
    told_widely,
    closed_again,
    injuries,
    at_school,
    out_of_school,
    register,
    gone_missing,
    across_a_border,
    actions,
    family_voice,
    engagement,
    attends_again,
    no_access,
    acknowledged,
    together,
    infant,
)


# ---------------------------------------------------------------------------------------------------------------
# What comes after the scenes
# ---------------------------------------------------------------------------------------------------------------


def life(child_id: str, born: dt.date | None, expected: dt.date | None = None) -> Row:
    """One row of children."""
    return {"child_id": child_id, "birth_on": born, "expected_birth_on": expected, "death_on": None}


def birth(on: Ground) -> dt.date | None:
    """A day of birth: of an age that matters, about a birthday that matters, or not known."""
    year, month = on.pick(*BIRTHDAYS)
    about = dt.date(year, month, 1) + days(on.pick(-1, 0, 1))
    return on.pick(about, *(AS_OF - days(on.pick(*AGES, 0, -1)) for _ in range(3)), None)


def correct(on: Ground) -> None:
    """Correct or take back some of the records added; a correction may tell another thing, or another day."""
    for record in on.chance.sample(on.added, min(len(on.added), on.pick(0, 1, 2))):
        row = {**record, "record_id": f"x{len(on.added) + 1}", "follows": record["record_id"]}
        row["known_at"] = record["known_at"] + on.pick(*LAGS, days(40))
        if on.one_in(3) or record["kind"] == "conclusion":
            row["kind"] = "withdrawal"
        elif on.one_in(2):
            row |= {"agency": on.pick(LEAD, "gp", row["agency"]), "outcome": on.pick(*OUTCOMES)}
        row["recorded_at"] = None
        on.added.append(row)
        on.tables["contacts"].append(row)
        if on.one_in(3):
            on.fact(row, on.pick("injury_site", "action_due", "authority"), "arm", "2026-10-01", "Eastshire")


def blank(on: Ground) -> None:
    """Now and then a column, a table or a fact that nobody fills, so that what needs it cannot be told."""
    if on.one_in(5):
        column = on.pick(*BLANKED)
        for row in on.tables["contacts"]:
            row[column] = None
    if on.one_in(8):
        on.tables[on.pick(*EMPTIED)] = []


def with_births(on: Ground) -> None:
    """Give a day of birth to most; what is told of a child long before it is told of the household."""
    told = {row["child_id"] for row in on.tables["children"]}
    for child_id in ("c1", "c2", "c3"):
        if child_id not in told and not on.one_in(4):
            expected = AS_OF + days(on.pick(-1, 0, 30)) if on.one_in(5) else None
            on.tables["children"].append(life(child_id, birth(on), expected))
    born = {row["child_id"]: row["birth_on"] or row["expected_birth_on"] for row in on.tables["children"]}
    for row in on.tables["contacts"]:
        day = born.get(row["child_id"])
        known = min(row["known_at"], row["occurred_at"] or row["known_at"]).date()
        if row["about"] == "child" and day is not None and known < day - days(300):
            row["about"] = "household"


def play(drawn: Tables, scenes: list[Callable[[Ground], None]], seed: int) -> Tables:
    """Add the scenes to what was drawn, then corrections, births and blanks."""
    on = Ground(drawn, seed)
    for scene in scenes:
        on.child_id = on.pick("c1", "c1", "c1", "c2", "c2", "c3")
        scene(on)
    correct(on)
    with_births(on)
    blank(on)
    for name in ("people", "sharing", "households", "facts"):
        drawn[name] = without_twins(drawn[name])
    return drawn


@st.composite
def whole_tables(draw: st.DrawFn, max_scenes: int = 14) -> Tables:
    """Draw valid tables with whatever the features of the catalogue turn on.

    Parameters
    ----------
    max_scenes : int
        Scenes played on top of what `tests.strategies.tables` draws, at most.

    """
    drawn: Tables = {name: [] for name in RECORD_TABLES}
    if draw(st.sampled_from((False, False, True))):
        drawn = draw(tables(3, 6))
    scenes = draw(st.lists(st.sampled_from(SCENES), min_size=min(4, max_scenes), max_size=max_scenes))
    return play(drawn, scenes, draw(st.integers(0, 2**24 - 1)))
