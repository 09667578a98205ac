"""A corpus of records folders, most of them broken: every row is accepted, collapsed or refused with its reason, and no
message holds what a cell holds.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.errors import Exit, SourceError
from earlywarn.records.codes import concern_class
from earlywarn.records.reading import read_records
from earlywarn.records.rules import RULES
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import QUARANTINE_SCHEMA, Records, total
from tests.strategies import Tables, tables, to_frames

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "CANARY-7c1"
Row = dict[str, str]
Refusal = tuple[str, int, str, str]


def at(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)


# --- building folders --------------------------------------------------------------------------------------------


def contact(record_id: str = "r1", **changes: str) -> Row:
    """A row of contacts that keeps every rule, but for the changes."""
    return {
        "record_id": record_id,
        "child_id": CANARY,
        "agency": "police",
        "held_by": "police",
        "kind": "incident",
        "about": "child",
        "occurred_precision": "day",
        "recorded_basis": "source",
        "known_at": "2026-03-02T10:00:00",
        "source": "feed",
        "source_row": "1",
    } | changes


def concern(**changes: str) -> Row:
    return {
        "concern_id": "n1",
        "child_id": CANARY,
        "record_id": "r1",
        "category": "neglect",
        "closing": "recorded",
    } | changes


def sharing(**changes: str) -> Row:
    return {
        "record_id": "r1",
        "to_agency": "school",
        "shared_at": "2026-03-03",
        "decision": "shared",
        "extent": "full",
    } | changes


def person(**changes: str) -> Row:
    return {"child_id": CANARY, "person_id": "p1", "role": "partner", "record_id": "r1"} | changes


def household(**changes: str) -> Row:
    return {"child_id": CANARY, "household_id": "h1", "record_id": "r1"} | changes


def episode(**changes: str) -> Row:
    return {
        "episode_id": "e1",
        "child_id": CANARY,
        "kind": "child_in_need",
        "started_by": "r1",
        "start_on": "2026-03-02",
    } | changes


def fact(**changes: str) -> Row:
    return {"record_id": "r1", "key": "team", "value": "north"} | changes


def child(**changes: str) -> Row:
    return {"child_id": CANARY, "birth_on": "2020-02-29"} | changes


def link(**changes: str) -> Row:
    return {"child_id": CANARY, "same_as": "c9", "known_at": "2026-03-02", "method": "by hand"} | changes


def identifier(**changes: str) -> Row:
    return {"child_id": CANARY, "scheme": "upn", "value": "A123"} | changes


def text(*rows: Row, newline: str = "\n") -> str:
    """Rows as CSV under one header that names every column any of them has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    written = io.StringIO()
    writer = csv.DictWriter(written, names, restval="", lineterminator=newline)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.write_parquet(written)
    return written.getvalue()


def folder_of(place: Path, files: dict[str, str | bytes]) -> Path:
    """Write a folder; text as UTF-8, bytes as they are."""
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def read(place: Path, **files: str | bytes) -> Records:
    """Read a folder of CSV tables, given by name."""
    return read_records(folder_of(place, {f"{name}.csv": content for name, content in files.items()}))


def refusals(records: Records) -> set[Refusal]:
    lines = records.quarantine.select("file", "row", "column", "rule").rows()
    return {(file, int(row), column, rule) for file, row, column, rule in lines}


def assert_all_accounted_for(records: Records) -> None:
    """The account adds up, is what the frames and the quarantine hold, and every refused row is told apart."""
    rows = total(records.account)
    assert rows["read"] == rows["accepted"] + rows["quarantined"] + rows["collapsed"]
    assert rows["quarantined"] == records.refused == len(refusals(records))
    assert {a.table: a.accepted for a in records.account if a.accepted} == {
        name: frame.height for name, frame in records.frames.items() if frame.height
    }


def assert_no_value_outside_the_content(records: Records) -> None:
    assert CANARY not in records.quarantine.drop("content").write_csv()
    assert CANARY not in repr(records)


# --- rows that are refused ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Folder:
    """One folder of the corpus, and what must come of it. Rows are numbered as a spreadsheet numbers them."""

    name: str
    files: dict[str, str | bytes]
    refused: set[Refusal] = field(default_factory=set)
    accepted: int = 0
    collapsed: int = 0


def among_good_rows(name: str, changes: dict[str, str], *refused: tuple[str, str]) -> Folder:
    """One changed row of contacts as row 3, between two that keep the rules."""
    rows = text(contact("r0"), contact("r1") | changes, contact("r2"))
    return Folder(
        name, {"contacts.csv": rows}, {("contacts.csv", 3, *why) for why in refused}, accepted=3 - len(refused)
    )


def beside_contacts(name: str, table: str, *rows: Row, refused: dict[int, tuple[str, str]] | None = None) -> Folder:
    """Rows of another table, whose record r1 (and r2, of another child) is in contacts."""
    why = {(f"{table}.csv", row, *reason) for row, reason in (refused or {}).items()}
    files = {
        "contacts.csv": text(contact("r1"), contact("r2", child_id=f"{CANARY}-other")),
        f"{table}.csv": text(*rows),
    }
    return Folder(name, files, why, accepted=2 + len(rows) - len(why))


ONE_CELL = [
    ("no id of the record", {"record_id": ""}, ("record_id", "EW-R01")),
    ("no kind", {"kind": ""}, ("kind", "EW-R01")),
    ("no day on which it was known", {"known_at": ""}, ("known_at", "EW-R01")),
    ("day and month that may be swapped", {"known_at": "03/04/2026"}, ("known_at", "EW-R02")),
    ("a day of day and month that cannot be swapped", {"known_at": "13/04/2026"}, ("known_at", "EW-R02")),
    ("a day there was not", {"known_at": "2023-02-29"}, ("known_at", "EW-R02")),
    ("an hour there is not", {"known_at": "2026-03-02T24:00:00"}, ("known_at", "EW-R02")),
    ("a nullable date that is none", {"occurred_at": "some time in May"}, ("occurred_at", "EW-R02")),
    ("yes is not true", {"planned": "Y"}, ("planned", "EW-R03")),
    ("an unknown agency", {"agency": "polcie"}, ("agency", "EW-R05")),
    ("a holder that is no organisation", {"held_by": "family"}, ("held_by", "EW-R05")),
    ("a code in capitals", {"kind": "Incident"}, ("kind", "EW-R05")),
    ("an id of blanks", {"child_id": "   "}, ("child_id", "EW-R07")),
    ("an id with a blank after it", {"child_id": f"{CANARY} "}, ("child_id", "EW-R07")),
    ("an id with a no-break space before it", {"child_id": f"\u00a0{CANARY}"}, ("child_id", "EW-R07")),
    ("an id with an escape sequence", {"child_id": f"\x1b[2J{CANARY}"}, ("child_id", "EW-R07")),
    ("an id with a C1 control character", {"child_id": f"\x9b2J{CANARY}"}, ("child_id", "EW-R07")),
    ("an id with a NUL", {"child_id": f"{CANARY}\x00"}, ("child_id", "EW-R23")),
    ("an id over two lines", {"child_id": f"{CANARY}\nx"}, ("child_id", "EW-R07")),
    ("it happened after it was known", {"occurred_at": "2026-03-02T10:00:01"}, ("occurred_at", "EW-R08")),
    (
        "it happened after it was known, and was not planned",
        {"occurred_at": "2026-04-01", "planned": "false"},
        ("occurred_at", "EW-R08"),
    ),
    ("it was written after it was known", {"recorded_at": "2026-03-03"}, ("recorded_at", "EW-R18")),
    ("a placeholder for no day", {"known_at": "1900-01-01"}, ("known_at", "EW-R18")),
    ("an id with a zero-width space", {"child_id": f"{CANARY}\u200b"}, ("child_id", "EW-R22")),
    ("a child who is the worker", {"worker_id": CANARY}, ("worker_id", "EW-R29")),
    ("it follows no record of the folder", {"follows": "r77"}, ("follows", "EW-R13")),
    ("it follows itself", {"follows": "r1"}, ("follows", "EW-R15")),
    ("a conclusion of nothing", {"kind": "conclusion"}, ("follows", "EW-R20")),
    ("a withdrawal of nothing", {"kind": "withdrawal"}, ("follows", "EW-R20")),
]

HEADER_LINE = ",".join(contact())
GOOD_LINE = ",".join(contact("r1").values())
LAST_LINE = ",".join(contact("r2").values())

FOLDERS = [
    *(among_good_rows(name, changes, *why) for name, changes, *why in ONE_CELL),
    among_good_rows("planned for later", {"occurred_at": "2026-04-01", "planned": "true"}),
    Folder("a header alone", {"contacts.csv": HEADER_LINE + "\n"}),
    Folder("a header without a newline", {"contacts.csv": HEADER_LINE}),
    Folder("UTF-16", {"contacts.csv": text(contact(source="café")).encode("utf-16")}, accepted=1),
    Folder("a column with a blank", {"contacts.csv": text(contact()).replace("child_id", "child_id ", 1)}, accepted=1),
    Folder("a byte-order mark", {"contacts.csv": "\ufeff" + text(contact())}, accepted=1),
    Folder("lines as Windows ends them", {"contacts.csv": text(contact(), newline="\r\n")}, accepted=1),
    Folder("no newline at the end", {"contacts.csv": text(contact()).rstrip("\n")}, accepted=1),
    Folder(
        "a blank line in the middle; those at the end are no rows",
        {"contacts.csv": f"{HEADER_LINE}\n{GOOD_LINE}\n\n{LAST_LINE.replace('2026-03-02', '02/03/2026')}\n\n"},
        {
            ("contacts.csv", 3, "record_id", "EW-R01"),
            ("contacts.csv", 4, "known_at", "EW-R02"),
        },
        accepted=1,
    ),
    Folder(
        "a short row after a quoted newline, a blank line and a long row",
        {
            "contacts.csv": text(contact("r0", source="a feed\nin two lines"))
            + f"\n{GOOD_LINE},x\n{CANARY}\n{LAST_LINE.replace('incident', 'accident')}\n"
        },
        {
            ("contacts.csv", 3, "record_id", "EW-R01"),
            ("contacts.csv", 4, "", "EW-R16"),
            ("contacts.csv", 5, "", "EW-R16"),
            ("contacts.csv", 6, "kind", "EW-R05"),
        },
        accepted=1,
    ),
    Folder(
        "a newline in a quoted cell is no row of its own",
        {
            "contacts.csv": text(
                contact("r0", source="a feed\nin two lines"), contact("r1", kind="x"), contact("r2", source='"q"')
            )
        },
        {("contacts.csv", 3, "kind", "EW-R05")},
        accepted=2,
    ),
    Folder(
        "short and long rows are neither padded nor shifted",
        {
            "contacts.csv": f"{HEADER_LINE}\n{GOOD_LINE},one more\n{LAST_LINE}\n{CANARY},short\n"
            f"{GOOD_LINE.replace('police', 'polise')}\n"
        },
        {
            ("contacts.csv", 2, "", "EW-R16"),
            ("contacts.csv", 4, "", "EW-R16"),
            ("contacts.csv", 5, "agency", "EW-R05"),
        },
        accepted=1,
    ),
    Folder(
        "two exports, header and all",
        {"contacts.csv": text(contact("r0")) + text(contact("r1"))},
        {("contacts.csv", 3, "", "EW-R24")},
        accepted=2,
    ),
    Folder(
        "two exports pasted together, and a total below",
        {"contacts.csv": f"{HEADER_LINE}\n{GOOD_LINE}\n{HEADER_LINE},{CANARY}\nTotal {CANARY}: 1\n"},
        {("contacts.csv", 3, "", "EW-R16"), ("contacts.csv", 4, "", "EW-R25")},
        accepted=1,
    ),
    Folder(
        "equal rows are one",
        {"contacts.csv": text(contact(), contact(), contact("r2"), contact())},
        accepted=2,
        collapsed=2,
    ),
    Folder(
        "one id on rows that differ: none is taken, nor what they carry",
        {
            "contacts.csv": text(contact(), contact(kind="visit"), contact(), contact("r2")),
            "concerns.csv": text(concern(), concern(concern_id="n2", record_id="r2")),
        },
        {
            ("contacts.csv", 2, "record_id", "EW-R12"),
            ("contacts.csv", 3, "record_id", "EW-R12"),
            ("concerns.csv", 2, "record_id", "EW-R13"),
        },
        accepted=2,
        collapsed=1,
    ),
    Folder(
        "two that follow one another, and one that follows them",
        {
            "contacts.csv": text(
                contact("r1", follows="r2"), contact("r2", follows="r1"), contact("r3", follows="r1"), contact("r4")
            )
        },
        {("contacts.csv", row, "follows", "EW-R15") for row in (2, 3, 4)},
        accepted=1,
    ),
    Folder(
        "it follows a record of another child",
        {"contacts.csv": text(contact("r1", child_id=f"{CANARY}-other"), contact("r2", follows="r1"))},
        {("contacts.csv", 3, "follows", "EW-R14")},
        accepted=1,
    ),
    Folder(
        "it follows a record known later",
        {"contacts.csv": text(contact("r1", known_at="2026-03-02T10:00:01"), contact("r2", follows="r1"))},
        {("contacts.csv", 3, "follows", "EW-R15")},
        accepted=1,
    ),
    Folder(
        "a conclusion and a correction at the same instant as what they follow",
        {
            "contacts.csv": text(
                contact("r1"), contact("r2", kind="conclusion", follows="r1"), contact("r3", follows="r2")
            )
        },
        accepted=3,
    ),
    Folder(
        "a refused record takes with it all that rests on it",
        {
            "contacts.csv": text(
                contact("r3", follows="r2"), contact("r2", follows="r1"), contact("r1", kind="x"), contact("r4")
            ),
            "concerns.csv": text(concern(record_id="r3"), concern(concern_id="n2", record_id="r4", closed_by="r2")),
            "sharing.csv": text(sharing(record_id="r2")),
            "facts.csv": text(fact() | {"value": CANARY}),
        },
        {
            ("contacts.csv", 2, "follows", "EW-R13"),
            ("contacts.csv", 3, "follows", "EW-R13"),
            ("contacts.csv", 4, "kind", "EW-R05"),
            ("concerns.csv", 2, "record_id", "EW-R13"),
            ("concerns.csv", 3, "closed_by", "EW-R13"),
            ("sharing.csv", 2, "record_id", "EW-R13"),
            ("facts.csv", 2, "record_id", "EW-R13"),
        },
        accepted=1,
    ),
    beside_contacts(
        "severities",
        "concerns",
        *(
            concern(concern_id=f"n{number}", severity=severity)
            for number, severity in enumerate(("0", "3", "4", "-1", "1.5", "inf", "two", "", "٢", "1e0"), start=2)
        ),
        refused={
            4: ("severity", "EW-R06"),
            5: ("severity", "EW-R06"),
            **dict.fromkeys((6, 7, 8, 10, 11), ("severity", "EW-R04")),
        },
    ),
    beside_contacts(
        "slips of the pen in a list that local codes extend, and a truly local code",
        "concerns",
        *(
            concern(concern_id=f"n{number}", category=category)
            for number, category in enumerate(("neglct", "Neglect", "domestic abuse", "our_local_code"), start=2)
        ),
        refused=dict.fromkeys((2, 3, 4), ("category", "EW-R05")),
    ),
    beside_contacts(
        "concerns of no record, of another child's, closed by another child's, and of nobody",
        "concerns",
        concern(concern_id="n2", record_id="r9"),
        concern(concern_id="n3", record_id="r2"),
        concern(concern_id="n4", closed_by="r2"),
        concern(concern_id="n5", child_id="", code=CANARY),
        refused={
            2: ("record_id", "EW-R13"),
            3: ("record_id", "EW-R14"),
            4: ("closed_by", "EW-R14"),
            5: ("child_id", "EW-R01"),
        },
    ),
    beside_contacts(
        "told too early, told whom, and told what",
        "sharing",
        sharing(basis=CANARY),
        sharing(shared_at="2026-03-02T09:59:59", basis=CANARY),
        sharing(shared_at="2026-03-02T10:00:00", basis=CANARY),
        sharing(to_agency="family", basis=CANARY),
        sharing(extent="most", basis=CANARY),
        refused={3: ("shared_at", "EW-R09"), 5: ("to_agency", "EW-R05"), 6: ("extent", "EW-R05")},
    ),
    beside_contacts(
        "people who were gone before they came",
        "people",
        person(valid_from="2026-02-01", valid_to="2026-01-31"),
        person(valid_from="2026-02-01", valid_to="2026-02-01"),
        person(valid_to="2026-01-31"),
        person(role="uncle"),
        person(valid_from="01/02/2026"),
        refused={2: ("valid_to", "EW-R10"), 5: ("role", "EW-R05"), 6: ("valid_from", "EW-R02")},
    ),
    beside_contacts(
        "households left before they were joined",
        "households",
        household(valid_from="2026-02-01", valid_to="2026-01-31"),
        household(household_id=" h1"),
        refused={2: ("valid_to", "EW-R10"), 3: ("household_id", "EW-R07")},
    ),
    beside_contacts(
        "identifiers",
        "identifiers",
        identifier(valid_from="2026-02-01", valid_to="2026-01-31"),
        identifier(scheme="nhs"),
        identifier(value="00123"),
        refused={2: ("valid_to", "EW-R10"), 3: ("scheme", "EW-R05")},
    ),
    beside_contacts(
        "episodes that end without a record, by a record without a day, too early, or in another child's record",
        "episodes",
        episode(episode_id="e2", end_on="2026-03-09"),
        episode(episode_id="e3", ended_by="r1"),
        episode(episode_id="e4", ended_by="r1", end_on="2026-03-01"),
        episode(episode_id="e5", started_by="r2"),
        episode(episode_id="e6", ended_by="r1", end_on="2026-03-02"),
        refused={
            2: ("end_on", "EW-R11"),
            3: ("end_on", "EW-R11"),
            4: ("end_on", "EW-R10"),
            5: ("started_by", "EW-R14"),
        },
    ),
    beside_contacts(
        "one child, two days of birth",
        "children",
        child(),
        child(birth_on="2020-02-28"),
        child(child_id=f"{CANARY}-2", birth_on="2021-02-29"),
        child(child_id=f"{CANARY}-3", birth_on="2021-02-28T10:00"),
        refused={
            2: ("child_id", "EW-R12"),
            3: ("child_id", "EW-R12"),
            4: ("birth_on", "EW-R02"),
            5: ("birth_on", "EW-R02"),
        },
    ),
    beside_contacts(
        "links",
        "links",
        link(probability="0.5", weight="-3.25"),
        link(probability="1.01"),
        link(weight="inf"),
        link(weight="1,5"),
        link(same_as=""),
        *(link(child_id=one, same_as=other) for one, other in ("ab", "bc", "ca")),
        refused={
            3: ("probability", "EW-R06"),
            4: ("weight", "EW-R04"),
            5: ("weight", "EW-R04"),
            6: ("same_as", "EW-R01"),
            **dict.fromkeys((7, 8, 9), ("same_as", "EW-R30")),
        },
    ),
    Folder(
        "a record from before the child could be",
        {"contacts.csv": text(contact(known_at="2019-01-01")), "children.csv": text(child())},
        {("contacts.csv", 2, "known_at", "EW-R21")},
        accepted=1,
    ),
    Folder(
        "two exports pasted together",
        {"contacts.csv": text(contact()) + text(contact("r2"))},
        {("contacts.csv", 3, "", "EW-R24")},
        accepted=2,
    ),
]


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: case.name)
def test_every_row_is_accepted_collapsed_or_refused_with_its_reason(tmp_path: Path, case: Folder) -> None:
    records = read_records(folder_of(tmp_path, case.files))
    assert refusals(records) == case.refused
    rows = total(records.account)
    assert (rows["accepted"], rows["collapsed"]) == (case.accepted, case.collapsed)
    assert_all_accounted_for(records)
    assert_no_value_outside_the_content(records)


def test_the_corpus_breaks_every_rule_that_a_contract_folder_can_break() -> None:
    of_adapters = {"EW-R17", "EW-R19", "EW-R27", "EW-R28", "EW-R31", "EW-R32"}
    assert {rule for case in FOLDERS for _, _, _, rule in case.refused} == set(RULES) - of_adapters


def test_a_refused_row_says_what_is_wrong_how_to_mend_it_and_how_it_stood(tmp_path: Path) -> None:
    records = read(tmp_path, contacts=text(contact(kind="incidnt", agency="", known_at="1/2/2026")))
    [line] = records.quarantine.to_dicts()
    assert records.quarantine.schema == QUARANTINE_SCHEMA
    assert (line["problem"], line["fix"]) == (RULES[line["rule"]].problem, RULES[line["rule"]].fix)
    broken = {f"{line['rule']} {line['column']}", *line["also"].split("; ")}
    assert broken == {"EW-R01 agency", "EW-R02 known_at", "EW-R05 kind"}
    assert pl.Series([line["content"]]).str.json_decode(
        pl.Struct({"kind": pl.String, "child_id": pl.String, "known_at": pl.String})
    ).to_list() == [{"kind": "incidnt", "child_id": CANARY, "known_at": "1/2/2026"}]


def test_further_rules_do_not_repeat_the_first(tmp_path: Path) -> None:
    records = read(tmp_path, contacts=text(contact("r1", follows="r1")))
    assert records.quarantine.select("rule", "also").rows() == [("EW-R15", "")]


@pytest.mark.parametrize("cell", ["feed", "1"], ids=["in the middle of a row", "in its last cell"])
def test_a_quote_that_is_never_closed_swallows_no_row(tmp_path: Path, cell: str) -> None:
    rows = text(contact("r0"), contact("r1"), contact("r2"), contact("r3")).splitlines()
    rows[2] = rows[2].replace(f",{cell}", f',"{cell}')
    try:
        records = read(tmp_path, contacts="\n".join(rows) + "\n")
    except SourceError as error:
        assert CANARY not in error.message  # noqa: PT017 (to refuse the file is one right answer of two)
        return
    assert records.frames["contacts"]["record_id"].to_list() == ["r0"]
    assert refusals(records) == {("contacts.csv", 3, "", "EW-R16")}
    assert all(row in records.quarantine["content"][0] for row in rows[2:])


# --- what is accepted is what was written ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["00123", "1E5", "9007199254740993", "NA", "None", "null", "nan", "TRUE", "1.0", "=1+1"]
)
def test_ids_are_text_from_end_to_end(tmp_path: Path, name: str) -> None:
    records = read(
        tmp_path,
        contacts=text(contact(name, child_id=name, place_id=name), contact("x", child_id=name, place_id="")),
        concerns=text(concern(record_id=name, child_id=name)),
    )
    assert refusals(records) == set()
    assert records.frames["contacts"].select("record_id", "child_id", "place_id").rows() == [
        (name, name, name),
        ("x", name, None),
    ]


def test_ids_that_look_alike_stay_apart(tmp_path: Path) -> None:
    names = ["123", "0123", "123.0", "1e2", "100", "9007199254740992", "9007199254740993", "é", "e", "A", "a", "Α"]
    records = read(tmp_path, contacts=text(*(contact(n, child_id=n) for n in names)))
    assert records.frames["contacts"]["child_id"].to_list() == names


def test_a_local_concern_is_taken_as_context_and_never_counted(tmp_path: Path) -> None:
    records = read(tmp_path, contacts=text(contact()), concerns=text(concern(category="our_local_code")))
    assert records.frames["concerns"]["category"].map_elements(concern_class, pl.String).to_list() == ["context"]


def test_columns_may_stand_in_any_order_and_nullable_ones_be_absent(tmp_path: Path) -> None:
    backwards = dict(reversed(contact().items()))
    records = read(tmp_path, contacts=text(backwards))
    assert records.frames["contacts"].schema == RECORD_TABLES["contacts"].schema
    assert records.frames["contacts"].row(0, named=True)["worker_id"] is None


def test_audit_tables_may_lie_there_and_are_not_read(tmp_path: Path) -> None:
    records = read(tmp_path, contacts=text(contact()), outcomes="nothing,we,read\n", attributes="")
    assert set(records.frames) == set(RECORD_TABLES)


def test_other_things_may_lie_there(tmp_path: Path) -> None:
    folder_of(tmp_path, {"read.json": "{}", "quarantine/contacts.csv": "a\n1\n", "truth/children.parquet": b""})
    assert read(tmp_path, contacts=text(contact())).children == 1


# --- folders and files that cannot be read at all ----------------------------------------------------------------

GOOD = text(contact())
WRONG_HEADER = GOOD.replace("agency,", "agnecy,", 1)
UNREADABLE: dict[str, tuple[dict[str, str | bytes], tuple[str, ...]]] = {
    "an empty folder": ({}, ("holds no table", "contacts.csv")),
    "nothing but other files": ({"notes.txt": "hello"}, ("holds no table",)),
    "no contacts": ({"concerns.csv": text(concern())}, ('"contacts" is missing',)),
    "an unknown table": ({"contacts.csv": GOOD, "concern.csv": "x\n"}, ("no table of the contract", '"concerns"')),
    "a table twice": ({"contacts.csv": GOOD, "contacts.parquet": b"x"}, ('"contacts" twice', "move one")),
    "an unknown column": (
        {"contacts.csv": text(contact(workerid="w"))},
        ('column "workerid"', 'did you mean "worker_id"?'),
    ),
    "the reader's own column name": ({"contacts.csv": text(contact(_row="1"))}, ('column "_row"',)),
    "a column in capitals": ({"contacts.csv": GOOD.replace("agency", "Agency", 1)}, ('did you mean "agency"?',)),
    "a header of no known column": (
        {"contacts.csv": GOOD_LINE + "\n" + GOOD_LINE + "\n"},
        ("EW-F07", "twice: column C, column D"),
    ),
    "a misspelt column": ({"contacts.csv": WRONG_HEADER}, ('"agnecy"', 'did you mean "agency"?')),
    "a missing column": ({"contacts.csv": text({"record_id": "r1", "child_id": CANARY})}, ("lacks", "known_at")),
    "a column twice": ({"contacts.csv": HEADER_LINE + ",kind\n" + GOOD_LINE + ",visit\n"}, ("twice: kind",)),
    "a column without a name": ({"contacts.csv": HEADER_LINE + ",\n" + GOOD_LINE + ",\n"}, ("does not know",)),
    "semicolons": ({"contacts.csv": GOOD.replace(",", ";")}, ("EW-F06", "semicolons")),
    "no byte at all": ({"contacts.csv": b""}, ("is empty", "header")),
    "a byte-order mark alone": ({"contacts.csv": b"\xef\xbb\xbf"}, ("is empty",)),
    "a Windows code page in a cell": (
        {"contacts.csv": text(contact(source="café")).encode("cp1252")},
        ("contacts.csv", "CSV UTF-8"),
    ),
    "a Windows code page in a ragged row": (
        {"contacts.csv": f"{GOOD}{CANARY},café\n".encode("cp1252")},
        ("contacts.csv", "CSV UTF-8"),
    ),
    "a Windows code page in the header": (
        {"contacts.csv": ("é" + GOOD).encode("cp1252")},
        ("contacts.csv", "CSV UTF-8"),
    ),
    "half of UTF-16": ({"contacts.csv": GOOD.encode("utf-16")[:-1]}, ("contacts.csv", "UTF-8")),
    "text called Parquet": ({"contacts.parquet": GOOD}, ("cannot be read as Parquet", "renamed")),
    "half a Parquet file": (
        {"contacts.parquet": parquet(pl.DataFrame([contact()]))[:-200]},
        ("cannot be read as Parquet",),
    ),
    "an empty Parquet file": ({"contacts.parquet": b""}, ("cannot be read as Parquet",)),
    "a Parquet directory without parts": ({"contacts.parquet/note.txt": b""}, ("cannot be read as Parquet",)),
    "parts that differ in a type": (
        {
            "contacts.parquet/a.parquet": parquet(pl.DataFrame([contact()])),
            "contacts.parquet/b.parquet": parquet(pl.DataFrame([contact("r2") | {"source_row": 2}])),
        },
        ("agree in columns and types",),
    ),
    "parts that differ in a column": (
        {
            "contacts.parquet/a.parquet": parquet(pl.DataFrame([contact()])),
            "contacts.parquet/b.parquet": parquet(pl.DataFrame([contact("r2", worker="w")])),
        },
        ("agree in columns and types",),
    ),
    "ids as whole numbers": (
        {"contacts.parquet": parquet(pl.DataFrame([contact() | {"child_id": 123}]))},
        ('column "child_id"', "leading zeros"),
    ),
    "ids as fractions": (
        {"contacts.parquet": parquet(pl.DataFrame([contact() | {"child_id": 9007199254740993.0}]))},
        ('column "child_id"',),
    ),
    "a list in a cell": (
        {"contacts.parquet": parquet(pl.DataFrame([contact() | {"worker_id": [CANARY]}]))},
        ('column "worker_id"', "List"),
    ),
    "a time of day as a timestamp": (
        {"contacts.parquet": parquet(pl.DataFrame([contact() | {"known_at": dt.time(9)}]))},
        ('column "known_at"',),
    ),
    "a number as a timestamp": (
        {"contacts.parquet": parquet(pl.DataFrame([contact() | {"known_at": 1_700_000_000}]))},
        ('column "known_at"',),
    ),
    "numbers as true and false": (
        {"contacts.parquet": parquet(pl.DataFrame([contact() | {"planned": 1}]))},
        ('column "planned"',),
    ),
}


@pytest.mark.parametrize(("files", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_with_what_to_do(
    tmp_path: Path, files: dict[str, str | bytes], words: tuple[str, ...]
) -> None:
    with pytest.raises(SourceError) as refused:
        read_records(folder_of(tmp_path, files))
    error = refused.value
    assert error.exit_code is Exit.SOURCE
    assert error.expected
    assert error.fix
    assert all(word in error.message for word in words), error.message
    assert CANARY not in error.message
    assert error.__suppress_context__ or error.__context__ is None, "the cause may quote a cell"


@pytest.mark.parametrize("path", ["nowhere", "contacts.csv"])
def test_a_folder_is_a_folder(tmp_path: Path, path: str) -> None:
    folder_of(tmp_path, {"contacts.csv": GOOD})
    with pytest.raises(SourceError, match="is not a folder"):
        read_records(tmp_path / path)


@pytest.mark.parametrize("suffix", [".CSV", ".Csv", ".PARQUET"])
def test_a_table_is_not_left_out_because_of_capitals_in_its_suffix(tmp_path: Path, suffix: str) -> None:
    content = parquet(pl.DataFrame([concern()])) if suffix.lower() == ".parquet" else text(concern())
    folder_of(tmp_path, {"contacts.csv": GOOD, f"concerns{suffix}": content})
    try:
        records = read_records(tmp_path)
    except SourceError:
        return
    assert records.frames["concerns"].height == 1


# --- Parquet and frames ------------------------------------------------------------------------------------------

SMALL: dict[str, list[Row]] = {
    "contacts": [
        contact("r1", planned="true", occurred_at="2026-03-02T09:00:00", worker_id="w1"),
        contact("r2", child_id="c2", planned="false", known_at="2026-03-03T10:00:00.123456"),
        contact("r3", child_id="c2", kind="conclusion", follows="r2", known_at="2026-03-04"),
        contact("r4", kind="no kind of ours"),
    ],
    "concerns": [concern(severity="2"), concern(concern_id="n2", record_id="r2", child_id="c2", severity="")],
    "sharing": [sharing(), sharing(record_id="r4", basis="x")],
    "people": [person(valid_from="2026-01-01", valid_to="")],
    "children": [child(), child(child_id="c2", birth_on="")],
    "links": [link(weight="1.5")],
}


@pytest.fixture(scope="module")
def by_csv(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return read(tmp_path_factory.mktemp("csv"), **{name: text(*rows) for name, rows in SMALL.items()})


def typed() -> dict[str, pl.DataFrame]:
    """The same small folder, in the dtypes of the schema."""
    found = {}
    for name, rows in SMALL.items():
        names = list(dict.fromkeys(key for row in rows for key in row))
        frame = pl.DataFrame(
            [{n: row.get(n) or None for n in names} for row in rows], schema=dict.fromkeys(names, pl.String)
        )
        found[name] = frame.with_columns(_as_declared(RECORD_TABLES[name][n].type, pl.col(n)) for n in names)
    return found


def _as_declared(kind: str, cell: pl.Expr) -> pl.Expr:
    if kind == "timestamp":
        whole = pl.when(cell.str.len_chars() == 10).then(cell + "T00:00:00").otherwise(cell)
        return whole.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us")
    if kind == "day":
        return cell.str.to_date("%Y-%m-%d")
    if kind == "bool":
        return cell.replace_strict({"true": True, "false": False}, default=None)
    return cell.cast({"text": pl.String, "integer": pl.Int64, "number": pl.Float64}[kind])


def as_parquet_files(place: Path) -> Records:
    return read_records(folder_of(place, {f"{n}.parquet": parquet(f) for n, f in typed().items()}))


def as_parquet_parts(place: Path) -> Records:
    parts = {
        f"{n}.parquet/part-{i}.parquet": parquet(f[i : i + 1]) for n, f in typed().items() for i in range(f.height)
    }
    return read_records(folder_of(place, parts))


def as_categories(place: Path) -> Records:
    ids = ("record_id", "child_id", "kind", "agency")
    found = {
        n: f.with_columns(pl.col(c).cast(pl.Categorical) for c in ids if c in f.columns) for n, f in typed().items()
    }
    return read_records(folder_of(place, {f"{n}.parquet": parquet(f) for n, f in found.items()}))


def as_polars(_: Path) -> Records:
    return Records.from_frames(**typed())


def as_pandas(_: Path) -> Records:
    return Records.from_frames(**{n: f.to_pandas() for n, f in typed().items()})


def as_pandas_objects(_: Path) -> Records:
    found = {n: f.to_pandas().astype(object).where(lambda d: d.notna(), None) for n, f in typed().items()}
    return Records.from_frames(**found)


def as_pandas_text(_: Path) -> Records:
    return Records.from_frames(**{n: pd.DataFrame(rows, dtype="string") for n, rows in SMALL.items()})


ROUTES = (
    as_parquet_files,
    as_parquet_parts,
    as_categories,
    as_polars,
    as_pandas,
    as_pandas_objects,
    as_pandas_text,
)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)
def test_every_route_gives_the_same_records(tmp_path: Path, by_csv: Records, route: Any) -> None:
    found = route(tmp_path)
    assert all(found.frames[name].equals(frame) for name, frame in by_csv.frames.items())
    assert total(found.account) == total(by_csv.account)
    assert found.quarantine.select("table", "column", "rule").equals(
        by_csv.quarantine.select("table", "column", "rule")
    )
    assert found.quarantine["row"].to_list() == ["4", "2"], "rows of a frame or a Parquet file are counted from 1"


def one_contact(**cells: Any) -> pl.DataFrame:
    return pl.DataFrame([contact() | cells])


@pytest.mark.parametrize(
    ("cell", "known_at"),
    [
        (pl.Series([at(2026, 7, 1, 9, 30)]).dt.replace_time_zone("UTC"), at(2026, 7, 1, 10, 30)),
        (
            pl.Series([at(2026, 1, 1, 9, 30)]).dt.replace_time_zone("Asia/Tokyo"),
            at(2026, 1, 1, 0, 30),
        ),
        (pl.Series([at(2026, 7, 1, 9)]).dt.cast_time_unit("ns"), at(2026, 7, 1, 9)),
        (pl.Series([at(2026, 7, 1, 9)]).dt.cast_time_unit("ms"), at(2026, 7, 1, 9)),
        (pl.Series([dt.date(2026, 7, 1)]), at(2026, 7, 1)),
    ],
    ids=["UTC in summer", "Tokyo", "nanoseconds", "milliseconds", "a day"],
)
def test_typed_times_become_local_time_to_the_microsecond(
    tmp_path: Path, cell: pl.Series, known_at: dt.datetime
) -> None:
    frame = one_contact().with_columns(known_at=cell)
    records = read_records(folder_of(tmp_path, {"contacts.parquet": parquet(frame)}))
    assert records.frames["contacts"]["known_at"].to_list() == [known_at]
    assert records.frames["contacts"].schema["known_at"] == pl.Datetime("us")


def test_a_time_within_a_day_is_no_day() -> None:
    days = pl.DataFrame({"child_id": ["a", "b"], "birth_on": [at(2020, 1, 1), at(2020, 1, 1, 0, 0, 1)]})
    records = Records.from_frames(contacts=one_contact(), children=days)
    assert records.frames["children"].rows() == [("a", dt.date(2020, 1, 1), None, None)]
    assert refusals(records) == {("children", 2, "birth_on", "EW-R02")}


@pytest.mark.parametrize("severity", [float("nan"), float("inf"), 1.5, 1e300], ids=str)
@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_a_severity_that_is_no_whole_number_is_refused_or_missing_and_stops_nothing(
    library: str, severity: float
) -> None:
    severities = pl.DataFrame([concern(), concern(concern_id="n2")]).with_columns(severity=pl.Series([2.0, severity]))
    records = Records.from_frames(
        contacts=one_contact(), concerns=severities if library == "polars" else severities.to_pandas()
    )
    assert_all_accounted_for(records)
    taken = records.frames["concerns"]["severity"].to_list()
    assert taken == ([2, None] if severity != severity and library == "pandas" else [2])  # NaN


@pytest.mark.parametrize(
    "frames",
    [
        {"contact": one_contact()},
        {"concerns": pl.DataFrame([concern()])},
        {"contacts": one_contact(workerid="w")},
        {"contacts": one_contact(_row=7)},
        {"contacts": one_contact().drop("kind")},
        {"contacts": one_contact(child_id=123)},
        {"contacts": one_contact(child_id=123).to_pandas()},
        {"contacts": pd.DataFrame([contact(), contact("r2") | {"child_id": 17}], dtype=object)},
        {"contacts": pd.DataFrame([contact() | {"child_id": ("a", 1)}], dtype=object)},
        {"contacts": pd.concat([one_contact().to_pandas(), one_contact().to_pandas()[["kind"]]], axis=1)},
    ],
    ids=[
        "unknown table",
        "no contacts",
        "unknown column",
        "the reader's own column",
        "missing column",
        "numbers as ids",
        "numbers as ids in pandas",
        "text and numbers as ids in pandas",
        "tuples as ids in pandas",
        "a column twice in pandas",
    ],
)
def test_frames_that_cannot_be_taken_are_refused_in_the_same_words(frames: dict[str, Any]) -> None:
    with pytest.raises(SourceError) as refused:
        Records.from_frames(**frames)
    assert CANARY not in refused.value.message
    assert refused.value.fix


def test_what_a_directory_name_says_of_a_partition_is_not_lost(tmp_path: Path) -> None:
    frame = one_contact(mode="phone")
    frame.write_parquet(tmp_path / "contacts.parquet", partition_by="mode", mkdir=True)
    try:
        records = read_records(tmp_path)
    except SourceError:
        return
    assert records.frames["contacts"]["mode"].to_list() == ["phone"]


# --- properties --------------------------------------------------------------------------------------------------

few = settings(deadline=None, max_examples=25)


@given(tables())
@few
def test_valid_tables_are_taken_whole(drawn: Tables) -> None:
    frames = to_frames(drawn)
    records = Records.from_frames(**frames)
    assert records.refused == 0
    assert all(records.frames[name].equals(frame) for name, frame in frames.items())


@given(tables(), st.randoms(use_true_random=False))
@few
def test_the_order_of_rows_changes_nothing_but_order(drawn: Tables, chance: Any) -> None:
    for row in drawn["contacts"][::5]:
        row["kind"] = "not a kind"
    shuffled = {name: chance.sample(rows, len(rows)) for name, rows in drawn.items()}
    first, second = (Records.from_frames(**to_frames(t)) for t in (drawn, shuffled))
    for name, frame in first.frames.items():
        assert frame.sort(frame.columns).equals(second.frames[name].sort(frame.columns))
    assert total(first.account) == total(second.account)
    why = ["table", "column", "rule", "content"]
    assert first.quarantine.select(why).sort(why).equals(second.quarantine.select(why).sort(why))


@given(tables())
@few
def test_rows_fed_twice_change_nothing(drawn: Tables) -> None:
    frames = to_frames(drawn)
    twice = Records.from_frames(**{name: pl.concat([frame, frame]) for name, frame in frames.items()})
    assert all(twice.frames[name].equals(frame) for name, frame in frames.items())
    assert total(twice.account)["collapsed"] == sum(frame.height for frame in frames.values())


def test_parts_laid_out_by_a_column_and_parts_without_a_value_are_read(tmp_path: Path) -> None:
    """As other engines write them: the agency in the folder's name, a column empty in one part and not in another."""
    rows = pl.DataFrame([contact("r1", outcome="advice"), contact("r2")], infer_schema_length=None)
    whole = tmp_path / "whole"
    whole.mkdir()
    rows.write_parquet(whole / "contacts.parquet")
    for agency, part in (("police", rows.head(1)), ("gp", rows.tail(1))):
        folder = tmp_path / "parts" / "contacts.parquet" / f"agency={agency}"
        folder.mkdir(parents=True)
        blank = part.with_columns(outcome=pl.lit(None)) if part["outcome"].null_count() else part
        blank.drop("agency").write_parquet(folder / "0.parquet")
    read = read_records(tmp_path / "parts").frames["contacts"].sort("record_id")
    assert read["agency"].to_list() == ["police", "gp"]
    assert read.drop("agency").equals(read_records(whole).frames["contacts"].sort("record_id").drop("agency"))
