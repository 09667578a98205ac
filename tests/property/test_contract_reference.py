"""The contract's checks once more, as slow plain loops over rows of text, and the library held to them.

The loops are written from docs/records.md and the rules' own words, cell by cell and row by row. Tables are drawn from
cells that are right, nearly right and wrong, so that most rules are broken somewhere and several in one row.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES, Column

LONDON = ZoneInfo("Europe/London")
Row = dict[str, Any]
Problem = tuple[str, str]


# --- the slow checker --------------------------------------------------------------------------------------------


def a_day(text: str) -> dt.date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


DAY, CLOCK, OFFSET = r"([0-9]{4}-[0-9]{2}-[0-9]{2})", r"([0-9]{2}):([0-9]{2})", r"(?:Z|([+-])([0-9]{2}):?([0-9]{2}))"
SECONDS = r"(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"


def a_time(text: str) -> dt.datetime | None:
    parts = re.fullmatch(f"{DAY}(?:[T ]{CLOCK}{SECONDS}({OFFSET})?)?", text)
    if parts is None or (day := a_day(parts[1])) is None:
        return None
    hour, minute, second, ahead_hours, ahead_minutes = (int(p or 0) for p in parts.group(2, 3, 4, 8, 9))
    if max(hour, ahead_hours) > 23 or max(minute, second, ahead_minutes) > 59:
        return None
    found = dt.datetime.combine(day, dt.time(hour, minute, second, int((parts[5] or "0").ljust(6, "0"))))
    if parts[6] is None:
        return found
    ahead = dt.timedelta(hours=ahead_hours, minutes=ahead_minutes) * (-1 if parts[7] == "-" else 1)
    return (found - ahead).replace(tzinfo=dt.UTC).astimezone(LONDON).replace(tzinfo=None)


def typed(column: Column, text: str) -> object:
    """What a cell holds, or None where it cannot be read."""
    match column.type:
        case "day":
            return a_day(text)
        case "timestamp":
            return a_time(text)
        case "bool":
            return {"true": True, "false": False}.get(text.lower())
        case "integer":
            return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
        case "number":
            return float(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else None
        case _:
            return text


def twice(time: dt.datetime) -> bool:
    """Whether the clocks of that night showed this time twice."""
    first, last = (time.replace(tzinfo=LONDON, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and last is not None and first > last


def after(later: dt.datetime, earlier: dt.datetime) -> bool:
    return later > earlier and not (twice(later) and twice(earlier) and later.date() == earlier.date())


def is_an_id(table: str, column: Column) -> bool:
    named = column.name.endswith(("_id", "_by")) or column.name in ("follows", "same_as")
    return (named and column.codes is None) or (table, column.name) == ("identifiers", "value")


def cannot_be_told_apart(text: str) -> bool:
    unseen = any(
        unicodedata.category(c) in ("Cf", "Co", "Zl", "Zp")
        or (unicodedata.category(c) == "Zs" and c != " ")
        or c in "\u034f\u115f\u1160\u2800\u3164\ufffd\ufe0f"
        for c in text
    )
    names = [unicodedata.name(c, "") for c in text if c.isalpha()]
    scripts = {script for script in ("LATIN", "GREEK", "CYRILLIC") if any(n.startswith(script) for n in names)}
    return unicodedata.normalize("NFKC", text) != text or unseen or len(scripts) > 1


def problems_of_cell(table: str, column: Column, text: str | None, value: Any) -> set[str]:
    if not text:
        return set() if column.nullable else {"EW-R01"}
    rules = {"timestamp": "EW-R02", "day": "EW-R02", "bool": "EW-R03", "integer": "EW-R04", "number": "EW-R04"}
    if value is None:
        return {rules[column.type]}
    found = set()
    unclean = text != text.strip() or any(unicodedata.category(c) == "Cc" for c in text)
    if unclean and (is_an_id(table, column) or column.codes is not None):
        found.add("EW-R07")
    if is_an_id(table, column) and cannot_be_told_apart(text):
        found.add("EW-R22")
    if column.codes is not None and text not in column.codes:
        near = get_close_matches(text.lower().strip(), list(column.codes), 1, cutoff=0.85)
        found |= {"EW-R05"} if near or not column.open_codes else set()
    if column.bounds and not column.bounds[0] <= value <= column.bounds[1]:
        found.add("EW-R06")
    if column.type in ("day", "timestamp") and not 1901 <= value.year <= 2199:
        found.add("EW-R18")
    return found


def problems_of_contact(row: Row, born: dt.date | None) -> set[Problem]:
    occurred, recorded, known = row["occurred_at"], row["recorded_at"], row["known_at"]
    planned = row["planned"] is True
    found = set()
    if occurred and known and after(occurred, known) and not planned:
        found.add(("EW-R08", "occurred_at"))
    if occurred and recorded and occurred.date() > recorded.date() and not planned:
        found.add(("EW-R08", "recorded_at"))
    if recorded and known and recorded.date() > known.date():
        found.add(("EW-R18", "recorded_at"))
    if row["kind"] in ("conclusion", "withdrawal") and not row["follows"]:
        found.add(("EW-R20", "follows"))
    if row["child_id"] and row["child_id"] == row["worker_id"]:
        found.add(("EW-R29", "worker_id"))
    if born is not None:
        soonest = born - dt.timedelta(days=300)
        for name, time in (("occurred_at", occurred), ("known_at", known)):
            if time and row["about"] == "child" and time.date() < soonest:
                found.add(("EW-R21", name))
        grown_up = born.replace(year=born.year + 25) if (born.month, born.day) != (2, 29) else None
        grown_up = grown_up or dt.date(born.year + 25, 2, 28)
        ends = row["kind"] in ("conclusion", "withdrawal")
        if occurred and row["kind"] and not ends and occurred.date() > grown_up:
            found.add(("EW-R21", "occurred_at"))
    return found


def problems_of_row(table: str, row: Row) -> set[Problem]:
    found = set()
    spans = {"people": ("valid_from", "valid_to"), "episodes": ("start_on", "end_on")}
    spans |= dict.fromkeys(("households", "identifiers"), spans["people"])
    first, last = (row[name] for name in spans.get(table, (next(iter(row)),) * 2))
    if table in spans and first and last and last < first:
        found.add(("EW-R10", spans[table][1]))
    if table == "episodes" and (row["end_on"] is None) != (row["ended_by"] is None):
        found.add(("EW-R11", "end_on"))
    for other in {"people": ("person_id",), "links": ("same_as",)}.get(table, ()):
        if row["child_id"] and row[other] == row["child_id"]:
            found.add(("EW-R29", other))
    return found


Numbered = dict[int, Row]
Problems = dict[int, set[Problem]]


def collapse(table: str, rows: Numbered, broken: Problems) -> tuple[Numbered, int]:
    """Equal rows are one; rows that share a key and differ are broken."""
    kept: Numbered = {}
    for number, row in rows.items():
        if row not in kept.values():
            kept[number] = row
    key = RECORD_TABLES[table].key
    for number, row in kept.items():
        others = [r for n, r in kept.items() if n != number]
        if key and any(all(row[k] == other[k] for k in key) for other in others):
            broken.setdefault(number, set()).add(("EW-R12", key[0]))
    return {n: r for n, r in kept.items() if n not in broken}, len(rows) - len(kept)


def chains(rows: Numbered, broken: Problems) -> Numbered:
    """What each record follows, up to the end of its chain."""
    by_id = {row["record_id"]: row for row in rows.values()}

    def direct(row: Row) -> set[str]:
        other = by_id.get(row["follows"])
        found = set() if other or row["follows"] is None else {"EW-R13"}
        if other and other["child_id"] != row["child_id"]:
            found.add("EW-R14")
        if other and (other is row or after(other["known_at"], row["known_at"])):
            found.add("EW-R15")
        return found

    for number, row in rows.items():
        rules, above, seen = direct(row), by_id.get(row["follows"]), [row]
        rests = False
        while above is not None and above not in seen:
            rests = rests or bool(direct(above))
            seen.append(above)
            above = by_id.get(above["follows"])
        if above is not None:
            rules.add("EW-R15")
        elif rests and not rules:
            rules.add("EW-R13")
        if rules:
            broken[number] = {(rule, "follows") for rule in rules}
    return {n: r for n, r in rows.items() if n not in broken}


def references(table: str, rows: Numbered, contacts: Numbered, broken: Problems) -> Numbered:
    by_id = {row["record_id"]: row for row in contacts.values()}
    for number, row in rows.items():
        found = set()
        for column in (c.name for c in RECORD_TABLES[table].columns if c.names_record and row[c.name] is not None):
            record = by_id.get(row[column])
            if record is None:
                found.add(("EW-R13", column))
            elif "child_id" in row and record["child_id"] != row["child_id"]:
                found.add(("EW-R14", column))
        if (
            table == "sharing"
            and row["record_id"] in by_id
            and after(by_id[row["record_id"]]["known_at"], row["shared_at"])
        ):
            found.add(("EW-R09", "shared_at"))
        if found:
            broken[number] = found
    return {n: r for n, r in rows.items() if n not in broken}


def circles(rows: Numbered, broken: Problems) -> Numbered:
    arrows = {
        n: ((r.get("subject") or "child", r["child_id"]), (r.get("subject") or "child", r["same_as"]))
        for n, r in rows.items()
    }
    one_way = {n: (a, b) for n, (a, b) in arrows.items() if (b, a) not in arrows.values()}

    def reaches(start: Any, goal: Any) -> bool:
        seen, ahead = set(), [start]
        while ahead:
            here = ahead.pop()
            if here == goal:
                return True
            if here not in seen:
                seen.add(here)
                ahead += [b for a, b in one_way.values() if a == here]
        return False

    broken |= {n: {("EW-R30", "same_as")} for n, (a, b) in one_way.items() if reaches(b, a)}
    return {n: r for n, r in rows.items() if n not in broken}


Answer = dict[str, tuple[list[Row], Problems, int]]


def slowly(drawn: dict[str, list[Row]]) -> Answer:
    """For each table: the accepted rows, what each refused row breaks, and how many were collapsed."""
    answer: Answer = {}
    contacts: Numbered = {}
    born: dict[str, dt.date] = {}
    for table in ("children", "contacts", *(n for n in RECORD_TABLES if n not in ("children", "contacts"))):
        broken: Problems = {}
        rows: Numbered = {}
        for number, texts in enumerate(drawn.get(table, []), start=1):
            columns = RECORD_TABLES[table].columns
            row = {c.name: typed(c, texts[c.name]) if texts.get(c.name) else None for c in columns}
            found = {
                (rule, c.name) for c in columns for rule in problems_of_cell(table, c, texts.get(c.name), row[c.name])
            }
            found |= (
                problems_of_contact(row, born.get(row["child_id"]))
                if table == "contacts"
                else problems_of_row(table, row)
            )
            if found:
                broken[number] = found
            else:
                rows[number] = row
        rows, collapsed = collapse(table, rows, broken)
        if table == "contacts":
            contacts = rows = chains(rows, broken)
        else:
            rows = references(table, rows, contacts, broken)
        if table == "children":
            born = {r["child_id"]: r["birth_on"] or r["expected_birth_on"] for r in rows.values()}
        if table == "links":
            rows = circles(rows, broken)
        answer[table] = (list(rows.values()), broken, collapsed)
    return answer


def quickly(drawn: dict[str, list[Row]]) -> Answer:
    """The same, as the library answers."""
    frames = {
        name: pl.DataFrame(rows, schema=dict.fromkeys(RECORD_TABLES[name].schema, pl.String()))
        for name, rows in drawn.items()
        if rows or name == "contacts"
    }
    records = records_from_frames(frames)
    account = {a.table: a for a in records.account}
    answer: Answer = {}
    for name in RECORD_TABLES:
        lines = records.quarantine.filter(pl.col("table") == name).to_dicts()
        broken = {int(line["row"]): said_of(line) for line in lines}
        collapsed = account[name].collapsed if name in account else 0
        answer[name] = (records.frames[name].to_dicts(), broken, collapsed)
    return answer


def said_of(line: Row) -> set[Problem]:
    further = [tuple(said.split(" ", 1)) for said in line["also"].split("; ") if said]
    return {(line["rule"], line["column"]), *((rule, column) for rule, column in further)}


# --- tables that are wrong here and there ------------------------------------------------------------------------

IDS = ("a", "b", "c", "d")
WRONG_IDS = (
    " a",
    "a\u00a0",
    "a\u200b",
    "\uff41",
    "e\u0301",
    "é",
    "\u0430b",
    "Α",
    "a\ufe0f",
    "a b",
    "NA",
    "a\tb",
    "\u3164",
)
TIMES = (
    "2024-10-27T01:15:00",
    "2024-10-27T00:45:00Z",
    "2024-10-27T01:30:00+00:00",
    "2024-10-27T02:00:00.5",
    "2024-10-26",
    "2024-10-28 09:00",
    "2024-03-31T01:30:00",
    "2024-11-02T10:00:00",
)
WRONG_TIMES = (
    *("27/10/2024", "2023-02-29", "2024-10-27T24:00:00", "2016-12-31T23:59:60", "45000", "27 Oct 2024", "24-10-27"),
    *("1900-01-01", "9999-12-31T00:00:00", "0001-01-01", "2300-01-01", "2024-10-27T10:00:00+25:00", " 2024-10-27"),
)
DAYS = ("2024-10-26", "2024-10-27", "2024-01-01", "2023-12-31", "2025-08-23", "1999-10-26", "1999-10-27", "1996-02-29")
NUMBERS = ("0", "3", "0.5", "1", "4", "-1", "1,5", "£1", "5%", "inf", "nan", "1e3", "9" * 19, "two", "007")
WORDS = ("true", "false", "TRUE", "Y", "1", "unknown")


def cells(table: str, column: Column) -> st.SearchStrategy[str | None]:
    """Draw a cell: right three times in four, else nearly so, or blank."""
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    match column.type:
        case "timestamp":
            right, wrong = TIMES, WRONG_TIMES
        case "day":
            right, wrong = DAYS, WRONG_TIMES
        case "bool":
            right, wrong = WORDS[:3], WORDS
        case "integer" | "number":
            right, wrong = NUMBERS[:2], NUMBERS
        case _ if column.codes is not None:
            listed = tuple(column.codes)
            right, wrong = listed[:3], (*listed[:9], listed[0].upper(), f"{listed[0]} ", f"{listed[0]}x", "our_own")
        case _:
            right, wrong = IDS, (*IDS, *WRONG_IDS)
    if (table, column.name) == ("contacts", "kind"):
        right = ("contact", "visit", "conclusion")
    blank = st.sampled_from((None, "")) if column.nullable else st.sampled_from((right[0], right[-1], None))
    usual = st.sampled_from(right)
    return st.one_of(usual, usual, usual, usual, blank if column.nullable else usual, st.sampled_from(wrong), blank)


SPOILT: dict[str, dict[str, tuple[str | None, ...]]] = {
    "contacts": {
        "record_id": IDS,
        "follows": (None, None, *IDS),
        "known_at": TIMES,
        "occurred_at": (None, *TIMES),
        "recorded_at": (None, None, *TIMES),
        "planned": (None, "true"),
        "kind": ("contact", "contact", "conclusion"),
    },
    "links": {"child_id": IDS, "same_as": IDS},
    "children": {"birth_on": (*DAYS, None), "expected_birth_on": (*DAYS[-5:], None)},
    "concerns": {"severity": (None, "3", "4", "1,5"), "closed_by": (None, *IDS)},
    "sharing": {"shared_at": TIMES},
    "people": {"valid_from": (None, *DAYS), "valid_to": (None, *DAYS)},
    "episodes": {"start_on": DAYS, "end_on": (None, *DAYS), "ended_by": (None, *IDS)},
}
"""Columns in which rows meet one another: drawn in every row."""


@st.composite
def mistakes(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Draw a few rows of contacts and of some other tables: mostly right, so that what is asked last is reached."""
    drawn: dict[str, list[Row]] = {}
    others = draw(
        st.lists(st.sampled_from([n for n in RECORD_TABLES if n != "contacts"]), min_size=1, max_size=4, unique=True)
    )
    for name in ("contacts", *others):
        table, most = RECORD_TABLES[name], 6 if name in ("contacts", "links") else 3
        rows: list[Row] = []
        for number in range(draw(st.integers(1, most))):
            row = {c.name: sound(c, number) for c in table.columns}
            row |= {"child_id": IDS[number % 3]} if name == "links" else {}
            if draw(st.booleans()):
                row |= {column: draw(st.sampled_from(some)) for column, some in SPOILT.get(name, {}).items()}
            for column in draw(st.lists(st.sampled_from(table.columns), max_size=2)):
                row[column.name] = draw(cells(name, column))
            rows += [row] * draw(st.sampled_from((1, 1, 1, 2)))
        drawn[name] = rows
    return drawn


def sound(column: Column, number: int) -> str | None:
    """A cell that breaks no rule by itself; links that follow one another."""
    if column.nullable and column.name != "birth_on":
        return None
    if column.codes is not None:
        return next(iter(column.codes))
    named = {"child_id": "a", "person_id": "p", "same_as": IDS[(number + 1) % 3], "record_id": IDS[number % 4]}
    usual = {"timestamp": "2024-10-27T01:15:00", "day": "2010-01-01"}.get(column.type, "a")
    return named.get(column.name, usual)


@given(mistakes())
@settings(deadline=None)
def test_the_quick_checks_say_what_the_slow_ones_say(drawn: dict[str, list[Row]]) -> None:
    slow, quick = slowly(drawn), quickly(drawn)
    for table in RECORD_TABLES:
        assert quick[table][1] == slow[table][1], table
        assert quick[table][0] == slow[table][0], table
        assert quick[table][2] == slow[table][2], table


REACHED = {f"EW-R{n:02d}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 20, 21, 22, 29, 30)}


def test_the_draws_break_every_rule_of_the_contract() -> None:
    """One pass, always the same draws: a rule that no draw breaks is not held to anything."""
    broken: set[str] = set()

    @settings(max_examples=300, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(mistakes())
    def look(drawn: dict[str, list[Row]]) -> None:
        broken.update(rule for _, found, _ in slowly(drawn).values() for said in found.values() for rule, _ in said)

    look()
    assert broken == REACHED


@pytest.mark.parametrize(
    ("later", "earlier", "is_after"),
    [("01:45", "01:15", False), ("01:15", "01:45", False), ("02:00", "01:59", True), ("01:00", "00:59", True)],
)
def test_the_slow_checker_knows_the_hour_that_comes_twice(later: str, earlier: str, *, is_after: bool) -> None:
    night = "2024-10-27T"
    first, second = (dt.datetime.fromisoformat(night + t) for t in (later, earlier))
    assert after(first, second) is is_after
