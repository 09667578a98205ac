"""The core features, once more, as slowly and plainly as they can be said.

An oracle for the engine: rows are dicts, tables are lists of rows, everything is a loop. Of the library it uses the
code lists alone. Written from the design, not from the engine; where the two differ, one of them is wrong.

The parts, in order: who knows which record, and what a reference to a record means; the view of one child; contacts,
strands and referral days; one function a feature; what makes a feature null for everyone; all of it together.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Any

from earlywarn.records import codes

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Value = float | int | None

POOLED = "pooled"
ADULT_ROLES = [code for code, role in codes.ROLES.items() if role.adult]
CONTACT_KINDS = [code for code, kind in codes.KINDS.items() if kind.is_contact]
LEAD = "social_care"
MISSED = ["was_not_brought", "no_access"]
NO_ACTION = ["no_further_action", "advice"]
ORGANISATIONS = [code for code, agency in codes.AGENCIES.items() if agency.organisation]
STATUTORY = ["child_in_need", "protection_plan", "looked_after"]


def days(number: int) -> dt.timedelta:
    """So many days."""
    return dt.timedelta(days=number)


# ---------------------------------------------------------------------------------------------------------------
# Who knows what
# ---------------------------------------------------------------------------------------------------------------


def known(tables: Tables, as_of: dt.date, viewer: str) -> set[str]:
    """Ids of the records the viewer knew before the midnight that starts as_of, hidden ones among them.

    The organisation that raised a record and the one that holds it know it from its ``known_at``. An organisation
    told of it, in full or in summary, knows it from ``shared_at``. ``pooled`` knows what any organisation knows.
    """
    if viewer == POOLED:
        return {record_id for each in ORGANISATIONS for record_id in known(tables, as_of, each)}
    if viewer not in ORGANISATIONS:
        raise ValueError(f"{viewer} is not an organisation")
    midnight = dt.datetime.combine(as_of, dt.time())
    found = set()
    for record in tables.get("contacts", []):
        if viewer in (record["agency"], record["held_by"]) and record["known_at"] < midnight:
            found.add(record["record_id"])
    for act in tables.get("sharing", []):
        told = act["decision"] == "shared" and act["extent"] in ("full", "summary")
        if told and act["to_agency"] == viewer and act["shared_at"] < midnight:
            found.add(act["record_id"])
    return found


def followers(tables: Tables, as_of: dt.date, viewer: str) -> dict[str, list[Row]]:
    """For each record followed: the known corrections and withdrawals of it. A conclusion is neither."""
    ids = known(tables, as_of, viewer)
    found: dict[str, list[Row]] = {}
    for record in tables.get("contacts", []):
        if record["record_id"] in ids and record["kind"] != "conclusion" and record["follows"] is not None:
            found.setdefault(record["follows"], []).append(record)
    return found


def visible(tables: Tables, as_of: dt.date, viewer: str) -> set[str]:
    """Ids of the records in the view: known, and no known correction or withdrawal follows them.

    A correction or withdrawal hides what it follows even where it is itself hidden: withdrawing a correction does not
    bring the original back.
    """
    hidden = followers(tables, as_of, viewer)
    return {record_id for record_id in known(tables, as_of, viewer) if record_id not in hidden}


def current(tables: Tables, as_of: dt.date, viewer: str) -> dict[str, str | None]:
    """For every record: the visible record that a reference to it means in the view, or None for nothing.

    From a record that has known followers, go to the one known last (equal times: the greatest id), and again. A
    withdrawal ends the way, and so does a record the viewer does not know.
    """
    follow = followers(tables, as_of, viewer)
    seen = visible(tables, as_of, viewer)
    meaning: dict[str, str | None] = {}
    for record in tables.get("contacts", []):
        here = record["record_id"]
        passed = set()
        while here in follow and here not in passed:
            passed.add(here)
            latest = max(follow[here], key=lambda each: (each["known_at"], each["record_id"]))
            here = None if latest["kind"] == "withdrawal" else latest["record_id"]
        meaning[record["record_id"]] = here if here in seen else None
    return meaning


def day_of(record: Row) -> dt.date:
    """Day of a record: of ``occurred_at``, else of ``known_at``."""
    time = record["occurred_at"] if record["occurred_at"] is not None else record["known_at"]
    return time.date()


# ---------------------------------------------------------------------------------------------------------------
# One view of everything, and of one child
# ---------------------------------------------------------------------------------------------------------------


@dataclass
class View:
    """All rows in one viewer's view, of every child and any day.

    Rows of records carry ``day``. Rows of concerns and people carry ``now`` (the record that carries them, after
    corrections) and its ``day``; concerns also ``closed_on``, the day of the record that closed them. Episodes have
    their end removed where the record of the end is not in the view.
    """

    records: list[Row]
    concerns: list[Row]
    people: list[Row]
    episodes: list[Row]


def view(tables: Tables, as_of: dt.date, viewer: str) -> View:
    """What the viewer could see before as_of."""
    seen = visible(tables, as_of, viewer)
    now = current(tables, as_of, viewer)
    records = [{**row, "day": day_of(row)} for row in tables.get("contacts", []) if row["record_id"] in seen]
    day = {row["record_id"]: row["day"] for row in records}
    time = {row["record_id"]: row["occurred_at"] or row["known_at"] for row in records}

    def carried(table: str) -> list[Row]:
        rows = [{**row, "now": now[row["record_id"]]} for row in tables.get(table, [])]
        return [{**row, "day": day[row["now"]], "time": time[row["now"]]} for row in rows if row["now"] is not None]

    concerns = carried("concerns")
    for row in concerns:
        closed_by = None if row["closed_by"] is None else now[row["closed_by"]]
        row["closed_on"] = None if closed_by is None else day[closed_by]

    episodes = []
    for row in tables.get("episodes", []):
        ended = row["ended_by"] is not None and now[row["ended_by"]] is not None
        if now[row["started_by"]] is not None:
            episodes.append({**row, "end_on": row["end_on"] if ended else None})
    return View(records, concerns, carried("people"), episodes)


@dataclass
class Child:
    """One child in one view, before as_of, with the few things a feature may ask of other views.

    ``records`` and ``concerns`` are the rows of the view whose day is before as_of; ``people`` are all of its rows,
    since a person is known once the record is, whatever day it tells of. ``lead_people`` are the rows of people in
    social care's own view. ``known_to`` says for each organisation which records it knows.
    ``lead_begins`` is the first day of the records held by social care, of any child, that anyone can see.
    """

    as_of: dt.date
    viewer: str
    unborn: bool
    records: list[Row]
    concerns: list[Row]
    people: list[Row]
    episodes: list[Row]
    lead_people: list[Row]
    known_to: dict[str, set[str]]
    lead_begins: dt.date | None

    def within(self, window: int, day: dt.date) -> bool:
        """Day lies in the window of so many days that ends the day before as_of."""
        return self.as_of - days(window) <= day < self.as_of


def is_unborn(tables: Tables, as_of: dt.date, child_id: str) -> bool:
    """Born on as_of or later; where the day of birth is not known, expected then or later."""
    for row in tables.get("children", []):
        if row["child_id"] == child_id:
            born = row["birth_on"] if row["birth_on"] is not None else row["expected_birth_on"]
            return born is not None and born >= as_of
    return False


# ---------------------------------------------------------------------------------------------------------------
# Contacts, strands, referral days
# ---------------------------------------------------------------------------------------------------------------


def may_be_contact(record: Row) -> bool:
    """An organisation dealt with the child or household, and it took place as far as is written."""
    return (
        record["agency"] in ORGANISATIONS
        and record["about"] in ("child", "household")
        and record["attendance"] in (None, "attended")
        and record["kind"] in CONTACT_KINDS
    )


def contact_records(child: Child) -> list[Row]:
    """Records that are contacts, on any day before as_of.

    What one agency wrote of another (a telling) is left out where that other agency has a contact it holds itself in
    the 7 days up to that day.
    """
    possible = [record for record in child.records if may_be_contact(record)]
    own = {(record["agency"], record["day"]) for record in possible if record["held_by"] == record["agency"]}
    found = []
    for record in possible:
        telling = record["held_by"] != record["agency"]
        if telling and any((record["agency"], record["day"] - days(back)) in own for back in range(8)):
            continue
        found.append(record)
    return found


def contacts(child: Child, window: int) -> set[tuple[str, dt.date]]:
    """Contacts within the window: each agency once a day."""
    return {(r["agency"], r["day"]) for r in contact_records(child) if child.within(window, r["day"])}


@dataclass
class Strand:
    """Concerns of one category that come at most 28 days after one another."""

    category: str
    rows: list[Row]

    def raised(self) -> dt.date:
        """Its first day."""
        return min(row["day"] for row in self.rows)

    def last(self) -> dt.date:
        """Its last day."""
        return max(row["day"] for row in self.rows)

    def severity(self) -> int | None:
        """Highest recorded severity, if one is recorded."""
        return max((row["severity"] for row in self.rows if row["severity"] is not None), default=None)

    def closable(self) -> bool:
        """Some source of it can record a conclusion."""
        return any(row["closing"] == "recorded" for row in self.rows)

    def closed_on(self, as_of: dt.date) -> dt.date | None:
        """Latest closing, on or after its last day and before as_of; None while it is not closed."""
        closings = [row["closed_on"] for row in self.rows if row["closed_on"] is not None]
        return max((day for day in closings if self.last() <= day < as_of), default=None)

    def unresolved(self, as_of: dt.date) -> bool:
        """Could have been closed, and is not."""
        return self.closable() and self.closed_on(as_of) is None


def counted(row: Row) -> bool:
    """Whether a concern is of a class that is counted: any but context."""
    return codes.concern_class(row["category"]) != "context"


def strands(child: Child) -> list[Strand]:
    """Strands whose last day is within 730 days."""
    found: list[Strand] = []
    rows = [row for row in child.concerns if counted(row)]
    for category in sorted({row["category"] for row in rows}):
        strand = None
        for row in sorted((row for row in rows if row["category"] == category), key=lambda row: row["day"]):
            if strand is None or row["day"] - strand.last() > days(28):
                strand = Strand(category, [])
                found.append(strand)
            strand.rows.append(row)
    return [strand for strand in found if child.within(730, strand.last())]


def referral_days(child: Child) -> list[dt.date]:
    """Days of referrals held by social care on which no statutory episode of the view was already running, sorted.

    An episode was running if it started before that day and had not ended by it.
    """
    found = set()
    for record in child.records:
        if record["kind"] == "referral" and record["held_by"] == LEAD:
            running = [
                episode
                for episode in child.episodes
                if episode["kind"] in STATUTORY
                and episode["start_on"] < record["day"]
                and (episode["end_on"] is None or episode["end_on"] > record["day"])
            ]
            if not running:
                found.add(record["day"])
    return sorted(found)


# ---------------------------------------------------------------------------------------------------------------
# The features
# ---------------------------------------------------------------------------------------------------------------


def contacts_30d(child: Child) -> Value:
    """Contacts within 30 days."""
    return len(contacts(child, 30))


def contacts_90d(child: Child) -> Value:
    """Contacts within 90 days."""
    return len(contacts(child, 90))


def contacts_365d(child: Child) -> Value:
    """Contacts within 365 days."""
    return len(contacts(child, 365))


def unplanned_contacts_90d(child: Child) -> Value:
    """Contacts within 90 days with a record that does not say it was planned."""
    unplanned = [r for r in contact_records(child) if child.within(90, r["day"]) and r["planned"] is not True]
    return len({(record["agency"], record["day"]) for record in unplanned})


def agencies_365d(child: Child) -> Value:
    """Distinct agencies among contacts within 365 days."""
    return len({agency for agency, _ in contacts(child, 365)})


def agency_churn_365d(child: Child) -> Value:
    """Share of steps from one contact day to the next, within 365 days, whose days have no agency in common.

    Null where there are fewer than two days.
    """
    agencies: dict[dt.date, set[str]] = {}
    for agency, day in contacts(child, 365):
        agencies.setdefault(day, set()).add(agency)
    ordered = sorted(agencies)
    if len(ordered) < 2:
        return None
    steps = list(itertools.pairwise(ordered))
    return sum(agencies[before].isdisjoint(agencies[after]) for before, after in steps) / len(steps)


def worker_churn_365d(child: Child) -> Value:
    """Distinct workers whose involvement began within 365 days, by records held by social care.

    One less where no such record is older (the first worker is no change). Null where there is no such record at all.
    """
    starts = [
        record
        for record in child.records
        if record["kind"] == "involvement_start" and record["held_by"] == LEAD and record["worker_id"] is not None
    ]
    if not starts:
        return None
    workers = {record["worker_id"] for record in starts if child.within(365, record["day"])}
    before = any(record["day"] < child.as_of - days(365) for record in starts)
    return len(workers) if before else len(workers) - 1


def days_since_seen(child: Child) -> Value:
    """Days since a record last said that the child was seen; if none did, since the first that said anything of it.

    Null where no record says anything of it, or the child is unborn.
    """
    said = [record for record in child.records if record["child_seen"] is not None]
    if child.unborn or not said:
        return None
    seen = [record["day"] for record in said if record["child_seen"] is True]
    since = max(seen) if seen else min(record["day"] for record in said)
    return (child.as_of - since).days


def unseen_share_90d(child: Child) -> Value:
    """Of the records within 90 days of being there in person, the share on which the child was not seen.

    Such a record is in person or does not say how, attended or does not say, and says whether the child was seen.
    Null where there are fewer than two, or the child is unborn.
    """
    said = [
        record
        for record in child.records
        if child.within(90, record["day"])
        and record["mode"] in (None, "in_person")
        and record["attendance"] in (None, "attended")
        and record["child_seen"] is not None
    ]
    if child.unborn or len(said) < 2:
        return None
    return sum(record["child_seen"] is False for record in said) / len(said)


def missed_365d(child: Child) -> Value:
    """Agency and day, each once, of records within 365 days of not being brought or no access."""
    missed = [r for r in child.records if child.within(365, r["day"]) and r["attendance"] in MISSED]
    return len({(record["agency"], record["day"]) for record in missed})


def missed_share_365d(child: Child) -> Value:
    """Missed records among missed and attended ones, within 365 days; null where there are fewer than three."""
    recent = [record["attendance"] for record in child.records if child.within(365, record["day"])]
    missed = sum(attendance in MISSED for attendance in recent)
    attended = sum(attendance == "attended" for attendance in recent)
    return missed / (missed + attended) if missed + attended >= 3 else None


def unresolved_concerns(child: Child) -> Value:
    """Unresolved strands; null where there are strands and none could have been closed."""
    found = strands(child)
    if found and not any(strand.closable() for strand in found):
        return None
    return sum(strand.unresolved(child.as_of) for strand in found)


def unresolved_oldest_days(child: Child) -> Value:
    """Days since the oldest unresolved strand was raised; null where none is unresolved."""
    raised = [strand.raised() for strand in strands(child) if strand.unresolved(child.as_of)]
    return (child.as_of - min(raised)).days if raised else None


def unresolved_severity(child: Child) -> Value:
    """Sum of the recorded severities of unresolved strands.

    Null where `unresolved_concerns` is; 0 where none is unresolved; null where none of them has a severity.
    """
    if unresolved_concerns(child) is None:
        return None
    unresolved = [strand for strand in strands(child) if strand.unresolved(child.as_of)]
    if not unresolved:
        return 0
    severities = [strand.severity() for strand in unresolved if strand.severity() is not None]
    return sum(severities) if severities else None


def concern_recurrence(child: Child) -> Value:
    """Strands less distinct categories: how often a concern came back."""
    found = strands(child)
    return len(found) - len({strand.category for strand in found})


def concluded_365d(child: Child) -> Value:
    """Closed strands whose latest closing is within 365 days."""
    closings = [strand.closed_on(child.as_of) for strand in strands(child)]
    return sum(day is not None and child.within(365, day) for day in closings)


def rereferral_12m(child: Child) -> Value:
    """1 if a referral day within 365 days comes 1 to 365 days after the one before it, else 0.

    Null where no referral day is within 365 days, or the records of social care begin less than 365 days before the
    latest one: a first referral could then not be told from a repeated one.
    """
    found = referral_days(child)
    recent = [day for day in found if child.within(365, day)]
    if not recent or child.lead_begins is None or max(recent) - child.lead_begins < days(365):
        return None
    again = [day for day in recent if any(days(1) <= day - before <= days(365) for before in found)]
    return 1 if again else 0


def closed_no_action_365d(child: Child) -> Value:
    """Days within 365 days with a record that came to no further action, or advice."""
    return len({r["day"] for r in child.records if child.within(365, r["day"]) and r["outcome"] in NO_ACTION})


def unknown_adults(child: Child) -> Value:
    """Adults in the child's life, not ended before as_of, of whom social care's own view says nothing.

    An end is learned later, from another record: the newest about a person in a role decides. Pooled view only. Null
    where social care knows no person of this child.
    """
    if child.viewer != POOLED or not child.lead_people:
        return None
    lead_knows = {row["person_id"] for row in child.lead_people}
    newest: dict[tuple[str, str], Row] = {}

    def still(row: Row) -> bool:
        return row["valid_to"] is None or row["valid_to"] >= child.as_of

    for row in sorted(child.people, key=lambda row: (row["time"], row["now"], still(row))):
        newest[row["person_id"], row["role"]] = row
    adults = {person for (person, role), row in newest.items() if role in ADULT_ROLES and still(row)}
    return len(adults - lead_knows)


def largest_single_view(child: Child) -> Value:
    """Largest share of the strands that any one organisation knows a row of.

    It knows a row if it knows the record that raised it, or the correction that carries it now. Pooled view only. Null
    under two strands, or where one organisation holds all the records of the child.
    """
    found = strands(child)
    if child.viewer != POOLED or len(found) < 2 or len({record["held_by"] for record in child.records}) == 1:
        return None
    shares = []
    for knows in child.known_to.values():
        strands_known = [
            strand for strand in found if any(row["record_id"] in knows or row["now"] in knows for row in strand.rows)
        ]
        shares.append(len(strands_known) / len(found))
    return max(shares)


FEATURES = {
    feature.__name__: feature
    for feature in (
        contacts_30d,
        contacts_90d,
        contacts_365d,
        unplanned_contacts_90d,
        agencies_365d,
        agency_churn_365d,
        worker_churn_365d,
        days_since_seen,
        unseen_share_90d,
        missed_365d,
        missed_share_365d,
        unresolved_concerns,
        unresolved_oldest_days,
        unresolved_severity,
        concern_recurrence,
        concluded_365d,
        rereferral_12m,
        closed_no_action_365d,
        unknown_adults,
        largest_single_view,
    )
}


def cannot_tell(pooled: View) -> set[str]:
    """Features that are null for everyone: among what anyone knew, the table or column they need is empty.

    Asked of the pooled view over all children, on any day.
    """
    concerns = [row for row in pooled.concerns if counted(row)]
    null = set()
    if not any(record["child_seen"] is not None for record in pooled.records):
        null |= {"days_since_seen", "unseen_share_90d"}
    if not any(record["attendance"] is not None for record in pooled.records):
        null |= {"missed_365d", "missed_share_365d"}
    if not any(record["worker_id"] is not None for record in pooled.records):
        null |= {"worker_churn_365d"}
    if not any(row["closing"] == "recorded" for row in concerns):
        null |= {"unresolved_concerns", "unresolved_oldest_days", "unresolved_severity", "concluded_365d"}
    if not concerns:
        null |= {"concern_recurrence", "largest_single_view"}
    if not pooled.people:
        null |= {"unknown_adults"}
    return null


def reference_features(tables: Tables, as_of: dt.date, viewers: list[str]) -> dict[tuple[str, str], dict[str, Value]]:
    """All core features: one row for every child with a record known to anyone before as_of, and every viewer."""
    anyone = known(tables, as_of, POOLED)
    children = sorted({row["child_id"] for row in tables.get("contacts", []) if row["record_id"] in anyone})
    pooled = view(tables, as_of, POOLED)
    lead = view(tables, as_of, LEAD)
    known_to = {each: known(tables, as_of, each) for each in ORGANISATIONS}
    lead_begins = min((record["day"] for record in pooled.records if record["held_by"] == LEAD), default=None)
    null = cannot_tell(pooled)

    def before(rows: list[Row], child_id: str) -> list[Row]:
        return [row for row in rows if row["child_id"] == child_id and row["day"] < as_of]

    result = {}
    for viewer in viewers:
        seen = view(tables, as_of, viewer)
        for child_id in children:
            child = Child(
                as_of=as_of,
                viewer=viewer,
                unborn=is_unborn(tables, as_of, child_id),
                records=before(seen.records, child_id),
                concerns=before(seen.concerns, child_id),
                people=[row for row in seen.people if row["child_id"] == child_id],
                episodes=[row for row in seen.episodes if row["child_id"] == child_id],
                lead_people=[row for row in lead.people if row["child_id"] == child_id],
                known_to=known_to,
                lead_begins=lead_begins,
            )
            result[child_id, viewer] = {
                name: None if name in null else feature(child) for name, feature in FEATURES.items()
            }
    return result
