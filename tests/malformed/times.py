"""Time: dates that may mean two days, that never were, that stand for none, and days in an order that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.malformed import CANARY, Case
from tests.malformed.identifiers import accepted, cells, concern, contact, refused, text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.malformed.identifiers import Build

MAPPING = """
[source]
name = "made"
title = "An invented list of visits"
children = "record_number"
held_by = "social_care"
dates = ["%d/%m/%Y"]
no_day = ["1900-01-01", "9999-12-31"]

[tables.visits]
files = ["visits"]
child = "Child"
[tables.visits.columns]
Child = { holds = "id", required = true }
Day = { holds = "day", required = true }
Ended = { holds = "day", ahead = true }
[[tables.visits.records]]
as = "visit"
kind = "visit"
agency = "social_care"
occurred = "@Day"
known = "@Day"
basis = "source"
because = "the list is written on the day"
"""


def listed(*days: tuple[str, str]) -> list[dict[str, str]]:
    """Rows of a list of visits."""
    return [{"Child": CANARY, "Day": day, "Ended": ended} for day, ended in days]


def by_mapping(rows: list[dict[str, str]], day: str = "2026-11-01") -> Build:
    """Read a list of visits by its mapping."""

    def build(there: Path) -> list[object]:
        (there / "visits.csv").write_text(text(rows), encoding="utf-8", newline="")
        (there / "visits.toml").write_text(MAPPING, encoding="utf-8")
        words = ["read", there / "visits.csv", "--format", "table", "--mapping", there / "visits.toml"]
        return [*words, "--extract-date", day]

    return build


def child(**days: str) -> dict[str, str]:
    """The child, with days of life."""
    return {"child_id": CANARY} | days


def occurred(*days: str, **changes: str) -> list[dict[str, str]]:
    """Contacts that happened on those days, and were planned, so that they may be later than known."""
    return [contact(n, occurred_at=day, planned="true", **changes) for n, day in enumerate(days, start=1)]


NIGHT = "2024-10-27T"
PLACEHOLDERS = (
    "0001-01-01",
    "1753-01-01",
    "1899-12-30",
    "1900-01-01",
    "2262-04-11",
    "9999-12-31",
    "9999-12-31T23:59:59",
)
EPOCHS = ("45000", "45000.5", "1700000000", "1700000000000", "1700000000000000", "1700000000000000000", "-1", "0")

CASES: list[Case] = [
    cells("I-55a", "day and month that may be swapped", "known_at", "EW-R02", "03/04/2026", "03-04-2026", "3.4.2026"),
    Case(
        "I-55d",
        "day and month the other way round than declared",
        "quarantine",
        by_mapping(listed(("13/04/2026", ""), ("04/13/2026", ""), ("2026-04-13", ""))),
        4,
        "EW-R02",
        {("3", "Day"): "EW-R02", ("4", "Day"): "EW-R02"},
    ),
    cells(
        "I-56a", "several ways in one column", "known_at", "EW-R02", "13/04/2026", "20260413", "2026-4-13", "2026/04/13"
    ),
    cells("I-57a", "two digits of a year", "known_at", "EW-R02", "13/04/26", "26-04-13", "13.04.26"),
    cells(
        "I-57b", "months by name, in any tongue", "known_at", "EW-R02", "13 Apr 2026", "13 avril 2026", "Ebrill 13 2026"
    ),
    cells("I-58a", "days counted by a program", "known_at", "EW-R02", *EPOCHS),
    cells("I-59a", "days there were not", "known_at", "EW-R02", "2023-02-29", "2026-04-31", "2026-13-01", "2026-00-10"),
    cells(
        "I-59d",
        "hours there are not",
        "known_at",
        "EW-R02",
        "2026-03-02T24:00:00",
        "2026-03-02T10:60",
        "2026-03-02T25:00",
    ),
    cells("I-59e", "the second that was put in", "known_at", "EW-R02", "2016-12-31T23:59:60", "2016-12-31T23:59:60Z"),
    accepted("I-59f", "the leap day of a leap year", contacts=[contact(known_at="2024-02-29T23:59:59.999999")]),
    accepted("I-60a", "the hour that a night leaves out", contacts=[contact(known_at="2024-03-31T01:30:00")]),
    accepted(
        "I-60d",
        "the hour that a night has twice: what happened and what was told in it",
        contacts=[
            contact(1, occurred_at=f"{NIGHT}00:45:00Z", known_at=f"{NIGHT}01:15:00Z"),
            contact(2, occurred_at=f"{NIGHT}01:45:00", known_at=f"{NIGHT}01:15:00"),
        ],
    ),
    accepted(
        "I-61a",
        "offsets of several zones, and none",
        contacts=[
            contact(n, known_at=f"2026-03-02T10:00:00{offset}")
            for n, offset in enumerate(("Z", "+00:00", "+01:00", "-0530", "+1400", ""))
        ],
    ),
    cells(
        "I-61d",
        "offsets there are not",
        "known_at",
        "EW-R02",
        *(f"2026-03-02T10:00:00{o}" for o in ("+25:00", "+01", "BST", " UTC")),
    ),
    accepted("I-62a", "days to come: no view holds them yet", contacts=[contact(known_at="2099-01-01"), contact(2)]),
    Case(
        "I-62d",
        "a day after the extract's own",
        "quarantine",
        by_mapping(listed(("01/10/2026", "01/12/2026"), ("01/12/2026", ""))),
        4,
        "EW-R17",
        {("3", "Day"): "EW-R17"},
    ),
    cells("I-63a", "it happened after it was known", "occurred_at", "EW-R08", "2026-03-02T10:00:01", "2026-03-03"),
    cells(
        "I-63d", "it was written before it happened", "recorded_at", "EW-R08", "2026-02-28", occurred_at="2026-03-01"
    ),
    cells("I-63e", "it was written after it was known", "recorded_at", "EW-R18", "2026-03-03", "2026-03-03T00:00:01"),
    accepted(
        "I-63f",
        "planned ahead, and written on the day without the hour",
        contacts=[
            *occurred("2026-04-01", "2026-12-24", recorded_at="2026-03-01"),
            contact(7, occurred_at="2026-03-02T09:00:00", recorded_at="2026-03-02"),
        ],
    ),
    refused(
        "I-64a",
        "spans that end before they start, or end by no record",
        {(2, "end_on"): "EW-R10", (3, "end_on"): "EW-R11"},
        2,
        episodes=[
            {"episode_id": f"e{n}", "child_id": CANARY, "kind": "child_in_need", "started_by": "r1"} | days
            for n, days in enumerate(
                (
                    {"start_on": "2026-03-02", "ended_by": "r1", "end_on": "2026-03-01"},
                    {"start_on": "2026-03-02", "end_on": "2026-03-09"},
                    {"start_on": "2026-03-02"},
                )
            )
        ],
    ),
    cells("I-65a", "placeholders for no day", "known_at", "EW-R18", *PLACEHOLDERS),
    Case(
        "I-65d",
        "placeholders that a mapping declares",
        "normalise",
        by_mapping(listed(("01/10/2026", "31/12/9999"), ("02/10/2026", "01/01/1900"))),
        accepted=2,
    ),
    refused(
        "I-66a",
        "a year before birth, and after the 25th birthday",
        {(2, "occurred_at"): "EW-R21", (4, "occurred_at"): "EW-R21"},
        3,
        contacts=occurred("2019-05-05", "2019-05-06", "2045-03-02", "2045-03-01"),
        children=[child(birth_on="2020-03-01", expected_birth_on="2020-02-01")],
    ),
    refused(
        "I-66d",
        "a year before the day expected",
        {(2, "occurred_at"): "EW-R21"},
        2,
        contacts=occurred("2026-01-01", "2026-03-01"),
        children=[child(expected_birth_on="2026-11-30")],
    ),
    accepted(
        "I-66e",
        "what is older than the child, or comes after childhood: homes, carers, conclusions",
        contacts=[
            contact(1, about="household", occurred_at="2010-01-01"),
            contact(2, about="carer", occurred_at="2010-01-01"),
            contact(3, kind="conclusion", follows="r1", occurred_at="2050-01-01", known_at="2050-01-01"),
            contact(4, known_at="2060-01-01", occurred_at="2030-01-01"),
        ],
        children=[child(birth_on="2020-03-01")],
    ),
    accepted(
        "I-67a",
        "a day without an hour is its first midnight",
        contacts=[contact(n, known_at=d) for n, d in enumerate(("2026-11-01", "2026-10-31T23:59:59.999999"))],
    ),
    accepted(
        "I-68a", "no day of writing: the basis says so", contacts=[contact(recorded_at="", recorded_basis="unknown")]
    ),
    cells("I-68d", "no day of writing and no basis", "recorded_basis", "EW-R01", ""),
    accepted("I-69a", "a thousand records of one minute", contacts=[contact(n) for n in range(1000)]),
    refused(
        "I-69d",
        "a thousand concerns of one minute, one of them wrong",
        {(501, "severity"): "EW-R06"},
        1000,
        concerns=[concern(n, severity="9" if n == 499 else "1") for n in range(1000)],
    ),
]
