"""Who could have known what before a day, in plain loops: the whole of history, to be read as its definition.

Of the library it uses the code lists alone. Written from the design; where the code differs, one of them is wrong.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from earlywarn.records.codes import AGENCIES

Row = dict[str, Any]
Tables = dict[str, list[Row]]

ORGANISATIONS = [code for code, agency in AGENCIES.items() if agency.organisation]
NAMED_IN = {"child_id": "contacts", "person_id": "people", "household_id": "households"}
DAYS = ("birth_on", "expected_birth_on", "death_on")


def members(viewer: str) -> list[str]:
    """Organisations whose knowledge a viewer has: ``pooled``, ``sector:health``, ``police+hospital`` or one."""
    if viewer == "pooled":
        return ORGANISATIONS
    if viewer.startswith("sector:"):
        return [code for code in ORGANISATIONS if f"sector:{AGENCIES[code].sector}" == viewer]
    return [code for code in ORGANISATIONS if code in viewer.split("+")]


def knowledge(tables: Tables) -> dict[tuple[str, str], dt.datetime]:
    """When each organisation first knew each record: it raised it, holds it, or was told what it says."""
    learned = [(r["record_id"], r[party], r["known_at"]) for r in tables["contacts"] for party in ("agency", "held_by")]
    told = [a for a in tables["sharing"] if a["decision"] == "shared" and a["extent"] in ("full", "summary")]
    learned += [(act["record_id"], act["to_agency"], act["shared_at"]) for act in told]
    first: dict[tuple[str, str], dt.datetime] = {}
    for record_id, who, when in learned:
        if who in ORGANISATIONS:
            first[record_id, who] = min(when, first.get((record_id, who), when))
    return first


def known(tables: Tables, midnight: dt.datetime, viewer: str) -> set[str]:
    """Records that a viewer knew before that midnight, those that have since been corrected among them."""
    return {record for (record, who), when in knowledge(tables).items() if who in members(viewer) and when < midnight}


def meanings(tables: Tables, knows: set[str]) -> dict[str | None, str | None]:
    """The record that a reference to each means to one who knows these, or None. What is in the view means itself."""
    followers: dict[str | None, list[Row]] = {}
    for row in tables["contacts"]:
        if row["record_id"] in knows and row["follows"] is not None and row["kind"] != "conclusion":
            followers.setdefault(row["follows"], []).append(row)
    means: dict[str | None, str | None] = {None: None}
    for row in tables["contacts"]:
        here = row["record_id"]
        while here in followers:
            last = max(followers[here], key=lambda each: (each["known_at"], each["record_id"]))
            here = None if last["kind"] == "withdrawal" else last["record_id"]
        means[row["record_id"]] = here if here in knows else None
    return means


def identities(tables: Tables, midnight: dt.datetime) -> dict[tuple[str, str], list[str]]:
    """For each id that a link names, all ids known by then to be the same. The one it goes by comes first: of a child
    the id longest in the records, by whomever they are; of a person or household, and of equals, the smallest.
    """
    since: dict[tuple[str, str], dt.datetime] = {}
    for row in tables["contacts"]:
        since["child_id", row["child_id"]] = min(row["known_at"], since.get(("child_id", row["child_id"]), midnight))
    groups: dict[tuple[str, str], list[str]] = {}
    for link in tables["links"]:
        if link["known_at"] < midnight:
            column, ends = f"{link['subject'] or 'child'}_id", (link["child_id"], link["same_as"])
            joined = {each for end in ends for each in groups.get((column, end), [end])}
            order = sorted(joined, key=lambda each: (since.get((column, each), midnight), each))
            groups |= {(column, each): order for each in order}
    return groups


def children(tables: Tables, midnight: dt.datetime) -> dict[str, Row]:
    """Every child of whom anyone knew a record, with the days on which all its ids that state one agree."""
    same, knows = identities(tables, midnight), known(tables, midnight, "pooled")
    rows = {row["child_id"]: row for row in tables["children"]}
    found = {}
    for name in {row["child_id"] for row in tables["contacts"] if row["record_id"] in knows}:
        ids = same.get(("child_id", name), [name])
        said = {day: {rows[each][day] for each in ids if each in rows} - {None} for day in DAYS}
        found[ids[0]] = {day: min(values) if len(values) == 1 else None for day, values in said.items()}
    return found


def view(tables: Tables, as_of: dt.date, viewer: str) -> Tables:
    """What a viewer could see on a day: its tables, every reference and every id as they were understood by then."""
    midnight = dt.datetime.combine(as_of, dt.time())
    means, same = meanings(tables, known(tables, midnight, viewer)), identities(tables, midnight)
    mine, parties = set(members(viewer)), {r["record_id"]: (r["agency"], r["held_by"]) for r in tables["contacts"]}

    def one(column: str, name: str) -> str:
        return same.get((column, name), [name])[0]

    def carried(rows: list[Row], by: str = "record_id") -> list[Row]:
        rows = [row | {by: means[row[by]]} for row in rows if means[row[by]] is not None]
        return [row | {column: one(column, row[column]) for column in NAMED_IN if column in row} for row in rows]

    def named_by(link: Row) -> tuple[str, str]:
        column = f"{link['subject'] or 'child'}_id"
        return column, one(column, link["child_id"])

    seen = {table: carried(tables[table]) for table in ("concerns", "people", "households", "facts")}
    seen["contacts"] = carried([row for row in tables["contacts"] if means[row["record_id"]] == row["record_id"]])
    acts = [act for act in tables["sharing"] if act["shared_at"] < midnight]
    seen["sharing"] = carried([a for a in acts if mine & {a["to_agency"], *parties[a["record_id"]]}])
    seen["concerns"] = [row | {"closed_by": means[row["closed_by"]]} for row in seen["concerns"]]
    spans = [row | {"ended_by": means[row["ended_by"]]} for row in carried(tables["episodes"], "started_by")]
    seen["episodes"] = [row if row["ended_by"] else row | {"end_on": None} for row in spans]
    inside = {(column, row[column]) for column, table in NAMED_IN.items() for row in seen[table]}
    seen["links"] = [row for row in tables["links"] if row["known_at"] < midnight and named_by(row) in inside]
    return seen
