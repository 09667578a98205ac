"""Identifiers and codes: ids that are damaged, doubled or disguised, codes in no list, rows that repeat."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl

from tests.malformed import CANARY, Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Build = Callable[[Path], list[object]]
    Row = dict[str, str]


# --- building ----------------------------------------------------------------------------------------------------


def contact(number: int | str = 1, **changes: str) -> Row:
    """A row of contacts that keeps every rule, but for the changes."""
    return {
        "record_id": f"r{number}",
        "child_id": CANARY,
        "agency": "police",
        "held_by": "police",
        "kind": "incident",
        "about": "child",
        "occurred_precision": "day",
        "recorded_basis": "source",
        "known_at": "2026-03-02T10:00:00",
        "source": "feed",
        "source_row": f"{number}",
    } | changes


def concern(number: int = 1, **changes: str) -> Row:
    """A concern of record r1."""
    return {
        "concern_id": f"n{number}",
        "child_id": CANARY,
        "record_id": "r1",
        "category": "neglect",
        "closing": "recorded",
    } | changes


def link(child_id: str = CANARY, same_as: str = "c9", **changes: str) -> Row:
    """Two ids found to be one child."""
    return {"child_id": child_id, "same_as": same_as, "known_at": "2026-03-02", "method": "by hand"} | changes


def text(rows: Iterable[Row]) -> str:
    """Rows as CSV under one header that names every column any of them has."""
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def folder(**tables: list[Row]) -> Build:
    """A records folder of CSV tables, to be validated; with record r1 in contacts if nothing is said of them."""

    def build(there: Path) -> list[object]:
        for name, rows in {"contacts": [contact()], **tables}.items():
            (there / f"{name}.csv").write_text(text(rows), encoding="utf-8", newline="")
        return ["validate", there]

    return build


def accepted(number: str, title: str, **tables: list[Row]) -> Case:
    """A folder whose every row is accepted as it stands."""
    rows = sum(len(rows) for rows in {"contacts": [contact()], **tables}.values())
    return Case(number, title, "accept", folder(**tables), accepted=rows)


def cells(number: str, title: str, column: str, rule: str, *values: str, **others: str) -> Case:
    """Contacts of which one cell is wrong, each between two that keep the rules."""
    wrong = [contact(n, **(others | {column: value})) for n, value in enumerate(values, start=1)]
    rows = [contact("first"), *wrong, contact("last")]
    places = {(str(n), column): rule for n in range(3, 3 + len(values))}
    return Case(number, title, "quarantine", folder(contacts=rows), 4, rule, places, accepted=2)


def refused(number: str, title: str, places: dict[tuple[int, str], str], kept: int, **tables: list[Row]) -> Case:
    """Rows that are refused, by row of their file and column."""
    named = {(str(row), column): rule for (row, column), rule in places.items()}
    return Case(number, title, "quarantine", folder(**tables), 4, next(iter(named.values())), named, accepted=kept)


def _whole_numbers(there: Path) -> list[object]:
    pl.DataFrame([contact() | {"child_id": 9007199254740993}]).write_parquet(there / "contacts.parquet")
    return ["validate", there]


def _fractions(there: Path) -> list[object]:
    frame = pl.DataFrame([contact() | {"child_id": value} for value in (9007199254740993.0, None)], strict=False)
    frame.write_parquet(there / "contacts.parquet")
    return ["validate", there]


# --- the cases ---------------------------------------------------------------------------------------------------

LIKE_NUMBERS = ("00123", "123", "1E5", "2E3", "9007199254740993", "9007199254740992", "1.0", "+1", "0x1F", "1_000")
LIKE_NOTHING = ("NA", "N/A", "None", "null", "NULL", "nan", "NaN", "Null", "nil", "-", "#N/A", "TRUE")
LIKE_PATHS = (
    "../../etc/passwd",
    "..\\..\\x",
    "/etc/shadow",
    "C:\\x",
    "CON",
    "a:b",
    "~",
    "$HOME",
    "x" * 300,
    ".",
    "a|b",
)
SEVERITIES = ("-1", "4", "99999999999", "1.5", "inf", "-inf", "nan", "two", "٢", "1e0", "9" * 40, "")


def _of_children(names: Iterable[str]) -> list[Row]:
    return [contact(n, child_id=name, place_id=name) for n, name in enumerate(names)]


CASES: list[Case] = [
    accepted("I-38a", "ids like numbers, as text", contacts=_of_children(LIKE_NUMBERS)),
    Case("I-38d", "ids as whole numbers in Parquet", "error", _whole_numbers, 3, "EW-F15", says=("leading zeros",)),
    Case("I-38e", "ids as fractions in Parquet", "error", _fractions, 3, "EW-F15"),
    cells("I-39a", "no id of the child", "child_id", "EW-R01", "", ""),
    cells("I-39d", "an id of blanks", "child_id", "EW-R07", " ", "\t", "\u00a0", "\u3000"),
    cells("I-39e", "no id of the record", "record_id", "EW-R01", ""),
    accepted("I-40a", "ids like missing values, as text", contacts=_of_children(LIKE_NOTHING)),
    cells(
        "I-41a", "characters that cannot be seen", "child_id", "EW-R22", "a\u200bb", "a\u200d", "a\u00adb", "a\u2060"
    ),
    cells("I-41d", "digits that are others", "child_id", "EW-R22", "\uff11\uff12", "1\u00b2", "\U0001d7cf", "\u2460"),
    cells("I-41e", "marks of direction", "child_id", "EW-R22", "\u202e12", "1\u200f2", "\u20661\u2069", "\u061ca"),
    cells("I-41f", "letters of two scripts", "child_id", "EW-R22", "\u0410B", "A\u0392", "\u0391\u0412\u0421\u0410"),
    cells("I-41g", "a worker whose id is disguised", "worker_id", "EW-R22", "w\ufe0f1", "\ufeffw1", "w\ufffd"),
    accepted(
        "I-41h", "ids in one script, whichever", contacts=_of_children(("Ωμέγα", "Анна", "עברית", "李", "Ł", "٢٣"))
    ),
    cells("I-42a", "letters apart from their accents", "child_id", "EW-R22", "e\u0301", "A\u030a", "\u212b"),
    cells("I-42d", "blanks after an id", "child_id", "EW-R07", "a ", " a", "a\n", "a\r"),
    accepted("I-42e", "ids that differ in case alone stay apart", contacts=_of_children(("a", "A", "é", "É"))),
    accepted("I-43a", "ids like paths and commands", contacts=_of_children(LIKE_PATHS)),
    cells("I-43d", "an id over two lines", "record_id", "EW-R07", "r\nr", "../\nx"),
    refused(
        "I-44a",
        "one child, two days of birth",
        {(2, "child_id"): "EW-R12", (3, "child_id"): "EW-R12"},
        1,
        children=[{"child_id": CANARY, "birth_on": "2020-02-28"}, {"child_id": CANARY, "birth_on": "2020-02-29"}],
    ),
    cells("I-45a", "a child who is the worker", "worker_id", "EW-R29", CANARY),
    refused(
        "I-45d",
        "a child who is the child's own mother",
        {(2, "person_id"): "EW-R29"},
        1,
        people=[{"child_id": CANARY, "person_id": CANARY, "role": "mother", "record_id": "r1"}],
    ),
    refused("I-45e", "an id linked to itself", {(2, "same_as"): "EW-R29"}, 2, links=[link(same_as=CANARY), link()]),
    refused(
        "I-46a",
        "merged into one that was merged into the first",
        {(2, "same_as"): "EW-R30", (3, "same_as"): "EW-R30", (4, "same_as"): "EW-R30"},
        2,
        links=[link("a", "b"), link("b", "c"), link("c", "a"), link("c", "d")],
    ),
    accepted("I-46d", "one finding, told from both sides", links=[link("a", "b"), link("b", "a")]),
    refused(
        "I-46e",
        "records that follow one another",
        {(2, "follows"): "EW-R15", (3, "follows"): "EW-R15", (4, "follows"): "EW-R15"},
        1,
        contacts=[contact(1, follows="r3"), contact(2, follows="r1"), contact(3, follows="r2"), contact(4)],
    ),
    cells("I-47a", "an agency not in the list", "agency", "EW-R05", "polcie", "Police", "POLICE", "healthcare"),
    cells("I-47d", "a kind with a blank", "kind", "EW-R07", " incident", "incident "),
    refused(
        "I-47e",
        "slips of the pen in a list that local codes extend",
        {(2, "category"): "EW-R05", (3, "category"): "EW-R05"},
        1,
        concerns=[concern(1, category="neglct"), concern(2, category="Neglect")],
    ),
    refused(
        "I-48a",
        "severities that are none",
        {(n, "severity"): "EW-R06" if n < 5 else "EW-R04" for n in range(2, 13)},
        2,
        concerns=[concern(n, severity=value) for n, value in enumerate(SEVERITIES)],
    ),
    cells(
        "I-49a", "yes and no in other words", "planned", "EW-R03", "Y", "N", "T", "F", "1", "0", "unknown", "yes", "no"
    ),
    accepted("I-49d", "true and false", contacts=[contact(1, planned="true", child_seen="FALSE"), contact(2)]),
    refused(
        "I-50a",
        "numbers as people write them",
        {(n, "weight"): "EW-R04" for n in range(2, 8)},
        2,
        links=[
            link(same_as=f"c{n}", weight=w) for n, w in enumerate(("1,5", "1,000", "£3", "5%", "inf", "1e3", "-3.25"))
        ],
    ),
    accepted("I-51a", "a local category: context, never counted", concerns=[concern(category="our_local_code")]),
    Case(
        "I-52a",
        "equal rows",
        "normalise",
        folder(contacts=[contact(), contact(), contact(2), contact()], concerns=[concern(), concern()]),
        accepted=3,
    ),
    refused(
        "I-53a",
        "one id on rows that differ",
        {(2, "record_id"): "EW-R12", (4, "record_id"): "EW-R12"},
        1,
        contacts=[contact(), contact(2), contact(1, kind="visit")],
    ),
    refused(
        "I-54a",
        "concerns of records that are not there, or of another child's",
        {(2, "record_id"): "EW-R13", (3, "closed_by"): "EW-R13", (4, "record_id"): "EW-R14"},
        2,
        contacts=[contact(1), contact(2, child_id="c2")],
        concerns=[concern(1, record_id="r9"), concern(2, closed_by="r9"), concern(3, record_id="r2")],
    ),
]
