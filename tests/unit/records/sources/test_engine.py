"""Each rule of docs/mappings.md on a small mapping of its own: one rule, one test."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from earlywarn.errors import ArgumentError, SourceError
from earlywarn.history.view import View
from earlywarn.records.checks import ROW
from earlywarn.records.mapping import declared
from earlywarn.records.mapping.deliveries import ExtractDates
from earlywarn.records.mapping.mapped import Mapped, map_sheets
from earlywarn.records.opening.sheets import Sheet
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.sources import extract
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    from pathlib import Path

    from earlywarn.records.mapping.layout import Layout

SOURCE = """
[source]
name = "mini"
children = "la_child_id"
held_by = "social_care"
dates = ["%d/%m/%Y"]
missing = ["NULL"]
"""

VISITS = """
[tables.visits]
files = ["visits"]
child = "Child"
key = ["Id"]
[tables.visits.columns]
Id = { holds = "id", required = true }
Child = { holds = "id", required = true }
Day = { holds = "day" }
COLUMNS
[[tables.visits.records]]
as = "visit"
kind = "visit"
occurred = "@Day"
known = "@Day"
basis = "unknown"
"""
D1, D2, D3 = "2025-06-01", "2025-07-01", "2025-08-01"
JUNE, JULY, AUGUST = (datetime(2025, month, 1) for month in (6, 7, 8))


def mini(more: str = "", *, columns: str = "", base: str = VISITS, source: str = SOURCE) -> Layout:
    """A mapping of one table of visits; ``more`` goes on with its record."""
    return declared.parse(tomllib.loads(source + base.replace("COLUMNS", columns) + more), "mini.toml")


def sheet(name: str, *rows: dict[str, str], delivery: str = "d1", file: str = "") -> Sheet:
    """A table in memory, as a CSV would be read: a cell that is not there is blank."""
    heads = list(dict.fromkeys(head for row in rows for head in row))
    cells = {head: [row.get(head) or None for row in rows] for head in heads}
    numbers = {ROW: range(2, 2 + len(rows))}
    frame = pl.DataFrame({**numbers, **cells}, schema={ROW: pl.UInt32, **dict.fromkeys(heads, pl.String)})
    return Sheet(file or f"{delivery}_{name}.csv", name, frame, delivery=delivery)


def visit(number: str = "1", child: str = "C1", day: str = "03/04/2025", **more: str) -> dict[str, str]:
    return {"Id": number, "Child": child, "Day": day, **more}


def visits(*rows: dict[str, str], delivery: str = "d1") -> Sheet:
    return sheet("visits", *(rows or (visit(),)), delivery=delivery)


def read(
    mapping: Layout, *sheets: Sheet, days: tuple[str, ...] = (f"d1={D1}", f"d2={D2}", f"d3={D3}"), **more: Any
) -> Mapped:
    return map_sheets(sheets, mapping, dates=ExtractDates.parse(days), **more)


def rows(read: Mapped, table: str = "contacts") -> list[dict[str, Any]]:
    return read.frames[table].to_dicts()


def one(read: Mapped, table: str = "contacts") -> dict[str, Any]:
    [row] = rows(read, table)
    return row


def refused(read: Mapped) -> list[tuple[str, ...]]:
    """Row, column and rule of what was refused."""
    return read.quarantine.select("row", "column", "rule").rows()


def counts(read: Mapped) -> list[tuple[int, ...]]:
    return [(a.read, a.accepted, a.quarantined, a.collapsed) for a in read.account]


def seen(read: Mapped, day: str, viewer: str = "pooled") -> dict[str, pl.DataFrame]:
    """What was in view on a day."""
    records = Records({n: f for n, f in read.frames.items() if n in RECORD_TABLES})
    return dict(View(records, day, viewer).frames)


# --- headers and cells --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", ["Date of Contact", " date  OF contact ", "Date\u00a0of Contact", "CONTACT DATE"])
def test_a_header_is_known_whatever_its_case_and_blanks_and_by_its_other_names(head: str) -> None:
    columns = '"Date of Contact" = { holds = "text", also = ["Contact date"] }'
    found = read(
        mini('facts = { placement_type = "@Date of Contact" }', columns=columns), visits(visit() | {head: "x"})
    )
    assert one(found, "facts")["value"] == "x"
    assert not any("does not know" in note for note in found.notes)


@pytest.mark.parametrize("text", ["NULL", "null", " Null ", "unset", ""])
def test_texts_that_mean_nothing_are_missing_whatever_their_case(text: str) -> None:
    columns = 'Seen = { holds = "yes_no", missing = ["UNSET"] }'
    found = read(mini('child_seen = "@Seen"', columns=columns), visits(visit(Seen=text)))
    assert one(found)["child_seen"] is None
    assert not refused(found)


def test_a_column_s_own_missing_is_no_other_column_s() -> None:
    columns = 'Seen = { holds = "yes_no", missing = ["?"] }\nAlone = { holds = "yes_no" }'
    found = read(mini('child_seen = "@Seen"', columns=columns), visits(visit(Seen="?", Alone="?")))
    assert refused(found) == [("2", "Alone", "EW-R03")]


@pytest.mark.parametrize("day", ["01/01/1900", "31/12/9999", "30/12/1899", "02/02/2002"])
def test_days_that_stand_for_no_day_are_missing(day: str) -> None:
    source = SOURCE + 'no_day = ["2002-02-02"]\n'
    found = read(mini(source=source), visits(visit(day=day), visit("2")))
    assert [row["source_row"] for row in rows(found)] == ["visits, row 3"], "no day, no record"
    assert not refused(found)


@pytest.mark.parametrize("text", ["2025-04-03", "04/13/2025", "3 April 2025", "03/04/25", "31/02/2025", "45750"])
def test_a_day_in_any_way_but_the_declared_is_refused(text: str) -> None:
    assert refused(read(mini(), visits(visit(day=text)))) == [("2", "Day", "EW-R02")]


def test_ways_to_write_a_day_are_tried_in_order_and_a_column_may_have_its_own() -> None:
    columns = 'Other = { holds = "day", dates = ["iso", "%m/%d/%Y"] }'
    more = '[[tables.visits.records]]\nas = "other"\nkind = "other"\nknown = "@Other"\nbasis = "source"'
    found = read(mini(more, columns=columns), visits(visit(Other="2025-04-05"), visit("2", Other="04/06/2025")))
    assert {r["known_at"] for r in rows(found) if r["kind"] == "other"} == {datetime(2025, 4, 5), datetime(2025, 4, 6)}
    assert {r["known_at"] for r in rows(found) if r["kind"] == "visit"} == {datetime(2025, 4, 3)}


def test_a_moment_at_midnight_is_a_day_and_an_offset_is_turned_into_local_time() -> None:
    base = VISITS.replace('Day = { holds = "day" }', 'Day = { holds = "moment", dates = ["iso"] }')
    days = ("2025-05-03T00:00:00", "2025-05-04T09:30:00", "2025-05-05T09:30:00Z", "2025-01-05T09:30:00+00:00")
    found = read(mini(base=base), visits(*(visit(str(n), day=day) for n, day in enumerate(days))))
    assert {(r["occurred_at"], r["occurred_precision"]) for r in rows(found)} == {
        (datetime(2025, 5, 3), "day"),
        (datetime(2025, 5, 4, 9, 30), "instant"),
        (datetime(2025, 5, 5, 10, 30), "instant"),
        (datetime(2025, 1, 5, 9, 30), "instant"),
    }


def test_of_a_day_with_a_time_only_the_day_is_carried_and_a_note_counts_it() -> None:
    base = VISITS.replace('Day = { holds = "day" }', 'Day = { holds = "day", dates = ["iso"] }')
    found = read(mini(base=base), visits(visit(day="2025-05-04 09:30:00"), visit("2", day="2025-05-03 00:00:00")))
    assert {r["occurred_at"] for r in rows(found)} == {datetime(2025, 5, 4), datetime(2025, 5, 3)}
    assert any("Day: of 1 cell with a time of day" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Yes", True),
        ("y", True),
        ("TRUE", True),
        ("1", True),
        ("no", False),
        ("N", False),
        ("False", False),
        ("0", False),
    ],
)
def test_yes_and_no_in_every_way_they_are_written(text: str, value: bool) -> None:
    found = read(mini('child_seen = "@Seen"', columns='Seen = { holds = "yes_no" }'), visits(visit(Seen=text)))
    assert one(found)["child_seen"] is value


@pytest.mark.parametrize("text", ["unknown", "2", "yes, alone"])
def test_any_other_word_is_neither_yes_nor_no(text: str) -> None:
    found = read(mini('child_seen = "@Seen"', columns='Seen = { holds = "yes_no" }'), visits(visit(Seen=text)))
    assert refused(found) == [("2", "Seen", "EW-R03")]


@pytest.mark.parametrize(
    ("holds", "good", "bad"), [("integer", "2", "2.5"), ("number", "2.0", "two"), ("integer", "3", "1e3")]
)
def test_numbers_are_numbers(holds: str, good: str, bad: str) -> None:
    columns = f'Score = {{ holds = "{holds}" }}'
    more = 'concerns = [{ category = "neglect", severity = "@Score" }]'
    found = read(mini(more, columns=columns), visits(visit(Score=good), visit("2", Score=bad)))
    assert one(found, "concerns")["severity"] == int(float(good))
    assert refused(found) == [("3", "Score", "EW-R04")]


def test_blanks_around_an_id_are_taken_off_and_noted_and_none_may_stand_in_it() -> None:
    found = read(mini(), visits(visit(child=" C1 "), visit("2", child="C\t2")))
    assert one(found)["child_id"] == "mini-C1"
    assert "visits: blanks around 1 cell of Child were taken off" in found.notes
    assert refused(found) == [("3", "Child", "EW-R07")]


# --- codes --------------------------------------------------------------------------------------------------------

CODES = """
[codes.why]
[codes.why.means]
2 = "neglect"
1 = "physical_abuse"
MUL = ["sexual_abuse", "neglect"]
"Not stated" = ""
"""


def concerns(
    cell: str, column: str = 'Why = { holds = "why" }', codes: str = CODES
) -> tuple[list[tuple[str, str]], Mapped]:
    more = 'concerns = [{ category = "@Why", scheme = "s" }]\n' + codes
    found = read(mini(more, columns=column), visits(visit(Why=cell)))
    return sorted((r["category"], r["code"]) for r in rows(found, "concerns")), found


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1", [("physical_abuse", "s:1")]),
        (" mul ", [("neglect", "s:mul"), ("sexual_abuse", "s:mul")]),
        ("NOT  stated", []),
        ("", []),
    ],
)
def test_a_code_means_one_thing_several_or_nothing(cell: str, expected: list[tuple[str, str]]) -> None:
    made, found = concerns(cell)
    assert made == expected
    assert counts(found) == [(1, 1, 0, 0)]


def test_an_unknown_code_refuses_the_row_and_is_not_quoted() -> None:
    made, found = concerns("Zanzibar")
    assert (made, refused(found)) == ([], [("2", "Why", "EW-R05")])
    assert "Zanzibar" not in "".join(found.quarantine.drop("content").row(0))


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        ("1;2", 'Why = { holds = "why", split = ";" }'),
        (" 1 ; 2 ", 'Why = { holds = "why", split = ";" }'),
        ('{"1": "Y", "2": true, "MUL": "N", "X": ""}', 'Why = { holds = "why", json = "flags" }'),
        ('["1", 2]', 'Why = { holds = "why", json = "codes" }'),
        ('{"1": "anything", "2": 1, "MUL": "no", "Z": ""}', 'Why = { holds = "why", json = "codes" }'),
        ('[{"code": "1"}, {"code": "2"}, null]', 'Why = { holds = "why", json = "codes" }'),
    ],
)
def test_several_codes_in_one_cell(cell: str, column: str) -> None:
    made, found = concerns(cell, column)
    assert made == [("neglect", "s:2"), ("physical_abuse", "s:1")], refused(found)


def test_one_unknown_code_among_several_refuses_the_row() -> None:
    assert refused(concerns("1;9", 'Why = { holds = "why", split = ";" }')[1]) == [("2", "Why", "EW-R05")]


@pytest.mark.parametrize("cell", ["1;", ";1", "1;;1"])
def test_an_empty_part_is_no_code(cell: str) -> None:
    made, found = concerns(cell, 'Why = { holds = "why", split = ";" }')
    assert (made, refused(found)) == ([("physical_abuse", "s:1")], [])


@pytest.mark.parametrize("cell", ['{"1": "Y"', "1", '"1"', "[" * 5000])
def test_broken_json_loses_its_values_and_not_its_row(cell: str) -> None:
    made, found = concerns(cell, 'Why = { holds = "why", json = "flags" }')
    assert made == []
    assert counts(found) == [(1, 1, 0, 0)]
    assert any("Why: 1 cells hold broken JSON" in note for note in found.notes)


def test_where_one_value_is_wanted_the_one_named_first_in_means_is_taken() -> None:
    codes = '[codes.what.means]\n9 = "assessment"\n1 = "advice"\n5 = "no_further_action"'
    columns = 'What = { holds = "what", split = "," }'
    found = read(
        mini(f'outcome = "@What"\n{codes}', columns=columns), visits(visit(What="5,1,9"), visit("2", What="5,1"))
    )
    assert {r["source_row"]: r["outcome"] for r in rows(found)} == {
        "visits, row 2": "assessment",
        "visits, row 3": "advice",
    }


def test_what_is_stripped_and_picked_before_looking_up() -> None:
    codes = r"""
[codes.why]
strip = '^[a-z]\)\s*'
pick = '\b(\d[A-Z]):'
[codes.why.means]
3B = "neglect"
Other = "other"
"""
    assert concerns("q) 3B: of a kind", codes=codes)[0] == [("neglect", "s:3B: of a kind")]
    assert concerns("b) OTHER", codes=codes)[0] == [("other", "s:OTHER")]
    assert refused(concerns("4C: of a kind", codes=codes)[1]) == [("2", "Why", "EW-R05")]


def test_a_list_extends_a_shared_one_and_means_stands_over_written() -> None:
    codes = """
[codes.why]
extends = "abuse"
[codes.why.written]
neglect = ["left alone", "unkempt"]
[codes.why.means]
unkempt = "home_conditions"
PHY = "other"
"""
    assert concerns("SAB", codes=codes)[0] == [("sexual_abuse", "s:SAB")]
    assert concerns("Left Alone", codes=codes)[0] == [("neglect", "s:Left Alone")]
    assert concerns("unkempt", codes=codes)[0] == [("home_conditions", "s:unkempt")]
    assert concerns("PHY", codes=codes)[0] == [("other", "s:PHY")]


def test_the_contract_s_own_words_need_no_list() -> None:
    columns = 'Who = { holds = "agency" }\nHow = { holds = "mode" }'
    found = read(mini('agency = "@Who"\nmode = "@How"', columns=columns), visits(visit(Who="Police", How="in person")))
    assert (one(found)["agency"], one(found)["mode"]) == ("police", "in_person")


def test_a_list_of_true_and_false_fills_a_yes_or_no() -> None:
    codes = '[codes.there.means]\nP1 = "true"\nP2 = "false"\nP3 = ""'
    found = read(
        mini(f'child_seen = "@There"\n{codes}', columns='There = { holds = "there" }'),
        visits(*(visit(str(n), There=f"P{n}") for n in (1, 2, 3))),
    )
    assert {r["source_row"][-1]: r["child_seen"] for r in rows(found)} == {"2": True, "3": False, "4": None}


# --- which rows give rise to which record -------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "kept"), [("only", ["2", "3"]), ("unless", ["4", "5"])])
def test_only_and_unless_look_at_what_is_written(rule: str, kept: list[str]) -> None:
    found = read(
        mini(f'{rule} = {{ Type = ["S", "first visit"] }}', columns='Type = { holds = "text" }'),
        visits(*(visit(str(n), Type=t) for n, t in enumerate(("s", "First Visit", "L", "")))),
    )
    assert sorted(r["source_row"][-1] for r in rows(found)) == kept
    assert counts(found) == [(4, 4, 0, 0)], "a row without a record is accepted all the same"


def test_only_looks_at_a_yes_as_it_was_read_and_at_each_of_several_codes() -> None:
    columns = 'Seen = { holds = "yes_no" }\nWhy = { holds = "concern", json = "flags" }'
    yes = read(mini('only = { Seen = ["true"] }', columns=columns), visits(visit(Seen="Y"), visit("2", Seen="N")))
    assert [r["source_row"][-1] for r in rows(yes)] == ["2"]
    flags = (visit("1", Why='{"neglect": "Y"}'), visit("2", Why='{"neglect": "N", "missing": "Y"}'))
    coded = read(mini('only = { Why = ["neglect"] }', columns=columns), visits(*flags))
    assert [r["source_row"][-1] for r in rows(coded)] == ["2"]


@pytest.mark.parametrize(("rule", "kept"), [("also_if", ["2"]), ("blank_if", ["3", "4"])])
def test_also_if_and_blank_if_ask_whether_anything_is_said(rule: str, kept: list[str]) -> None:
    found = read(
        mini(f'{rule} = ["Why"]\n{CODES}', columns='Why = { holds = "why" }'),
        visits(visit(Why="1"), visit("2", Why="Not stated"), visit("3")),
    )
    assert sorted(r["source_row"][-1] for r in rows(found)) == kept, "a code that means nothing is not filled"


def test_a_record_is_written_where_it_is_known_and_where_it_happened() -> None:
    base = VISITS.replace('known = "@Day"', 'known = "@Written"')
    columns = 'Written = { holds = "day" }'
    days = (visit(Written="04/04/2025"), visit("2", day="", Written="05/04/2025"), visit("3"))
    assert [r["source_row"][-1] for r in rows(read(mini(base=base, columns=columns), visits(*days)))] == ["2"]
    undated = read(mini("undated = true", base=base, columns=columns), visits(*days))
    said = {r["source_row"][-1]: (r["occurred_at"], r["occurred_precision"]) for r in rows(undated)}
    assert said == {"2": (datetime(2025, 4, 3), "day"), "3": (None, "unknown")}


def test_the_first_of_several_cells_that_is_filled_counts_with_its_own_basis() -> None:
    base = VISITS.replace('known = "@Day"', 'known = ["@Written", "extract"]')
    base = base.replace('basis = "unknown"', 'basis = ["source", "extract"]\nagency = ["@Who", "gp"]')
    columns = 'Written = { holds = "day" }\nWho = { holds = "agency" }'
    found = read(mini(base=base, columns=columns), visits(visit(Written="04/04/2025", Who="police"), visit("2")))
    assert {(r["known_at"], r["recorded_basis"], r["agency"]) for r in rows(found)} == {
        (datetime(2025, 4, 4), "source", "police"),
        (JUNE, "extract", "gp"),
    }


def test_a_day_of_writing_counts_from_the_moment_it_happened() -> None:
    base = VISITS.replace('Day = { holds = "day" }', 'Day = { holds = "moment", dates = ["iso"] }')
    base = base.replace('known = "@Day"', 'known = "@Written"')
    found = read(
        mini(base=base, columns='Written = { holds = "day" }'),
        visits(
            visit(day="2025-04-03T21:00:00", Written="03/04/2025"),
            visit("2", day="2025-04-03T21:00:00", Written="04/04/2025"),
        ),
    )
    assert {r["known_at"] for r in rows(found)} == {datetime(2025, 4, 3, 21), datetime(2025, 4, 4)}
    assert not refused(found)


def test_what_is_not_said_is_the_holder_s_about_the_child() -> None:
    found = one(read(mini(), visits()))
    assert (found["agency"], found["held_by"], found["about"], found["mode"]) == (
        "social_care",
        "social_care",
        "child",
        None,
    )
    other = one(read(mini('held_by = "health"'), visits()))
    assert (other["agency"], other["held_by"]) == ("health", "health")


# --- what refuses a row -------------------------------------------------------------------------------------------


def test_a_blank_where_something_must_be_refuses_the_row() -> None:
    found = read(
        mini(columns='Team = { holds = "text", required = true }'), visits(visit(), visit("2", Team="T", child=""))
    )
    assert refused(found) == [("2", "Team", "EW-R01"), ("3", "Child", "EW-R01")]
    assert counts(found) == [(2, 0, 2, 0)]


def test_days_in_an_impossible_order_refuse_the_row() -> None:
    base = VISITS.replace('key = ["Id"]', 'key = ["Id"]\norder = [["Day", "End"]]')
    ends = (visit(End="02/04/2025"), visit("2", End="03/04/2025"), visit("3"))
    found = read(mini(base=base, columns='End = { holds = "day" }'), visits(*ends))
    assert refused(found) == [("2", "End", "EW-R18")]


LISTED = (
    VISITS.replace('key = ["Id"]', 'key = ["Id"]\nchild_in = "roll"')
    + """
[tables.roll]
files = ["roll"]
child = "Child"
[tables.roll.columns]
Child = { holds = "id", required = true }
Name = { holds = "text", required = true }
"""
)


def test_a_child_that_is_not_on_the_list_is_refused() -> None:
    listed = sheet("roll", {"Child": "C1", "Name": "A"}, {"Child": "C2", "Name": ""})
    found = read(mini(base=LISTED), listed, visits(visit(), visit("2", child="C2"), visit("3", child="C3")))
    of_visits = found.quarantine.filter(pl.col("file") == "d1_visits.csv").select("row", "column", "rule").rows()
    assert of_visits == [("3", "Child", "EW-R28"), ("4", "Child", "EW-R28")], "nor one whose own row there was refused"
    unlisted = read(mini(base=LISTED), visits())
    assert not refused(unlisted)
    assert "not given: roll" in unlisted.notes


NOTES = (
    VISITS
    + """
[tables.notes]
files = ["notes"]
key = ["Number"]
[tables.notes.columns]
Number = { holds = "id", required = true }
Visit = { holds = "id" }
Text = { holds = "text" }
[tables.notes.refers]
REFERS
[[tables.notes.records]]
as = "note"
kind = "other"
known = KNOWN
basis = "source"
facts = { placement_type = "@Text" }
"""
)


def noted(refers: str = 'Visit = "visits"', known: str = '"@Visit.Day"', *, own_child: bool = False) -> Layout:
    """A mapping whose notes refer to visits."""
    base = NOTES.replace("REFERS", refers).replace("KNOWN", known)
    if own_child:
        base = base.replace('key = ["Number"]', 'key = ["Number"]\nchild = "Child"')
        base = base.replace('Visit = { holds = "id" }', 'Visit = { holds = "id" }\nChild = { holds = "id" }')
    return mini(base=base)


def note(number: str = "N1", of: str = "1", **more: str) -> dict[str, str]:
    return {"Number": number, "Visit": of, "Text": "t", **more}


def test_a_row_takes_its_child_and_its_columns_from_the_row_it_refers_to() -> None:
    found = read(noted(), visits(), sheet("notes", note()))
    made = next(r for r in rows(found) if r["kind"] == "other")
    assert (made["child_id"], made["known_at"]) == ("mini-C1", datetime(2025, 4, 3))


def test_a_reference_that_leads_nowhere_or_to_a_refused_row_refuses_the_row() -> None:
    found = read(
        noted(), visits(visit("bad", day="x")), sheet("notes", note(of="9"), note("N2", "bad"), note("N3", ""))
    )
    of_notes = found.quarantine.filter(pl.col("table") == "notes").select("row", "column", "rule").rows()
    assert of_notes == [("2", "Visit", "EW-R27"), ("3", "Visit", "EW-R19"), ("4", "Visit", "EW-R01")]


def test_a_reference_to_another_child_refuses_the_row() -> None:
    found = read(noted(own_child=True), visits(), sheet("notes", note(Child="C1"), note("N2", Child="C2")))
    assert refused(found) == [("3", "Visit", "EW-R14")]


def test_an_optional_reference_that_leads_nowhere_is_left_open_and_noted() -> None:
    refers = 'Visit = { table = "visits", optional = true }'
    mapping = noted(refers, '["@Visit.Day", "extract"]', own_child=True)
    notes = sheet("notes", note(Child="C1"), note("N2", "9", Child="C1"), note("N3", "1", Child="C2"))
    found = read(mapping, visits(), notes)
    assert not refused(found)
    assert {r["source_row"]: r["known_at"] for r in rows(found) if r["kind"] == "other"} == {
        "notes, row 2": datetime(2025, 4, 3),
        "notes, row 3": JUNE,
        "notes, row 4": JUNE,  # the visit is another child's
    }
    assert "notes: Visit leads nowhere in 2 rows" in found.notes


def test_references_to_a_table_that_was_not_given_are_left_open_unless_the_child_depends_on_it() -> None:
    dependent = read(noted(), sheet("notes", note(), note("N2", "")))
    assert refused(dependent) == [("2", "Visit", "EW-R27"), ("3", "Visit", "EW-R01")]
    free = read(noted(known='"extract"', own_child=True), sheet("notes", note(Child="C1")))
    assert one(free)["child_id"] == "mini-C1"
    assert "notes: visits was not given; Visit leads nowhere" in free.notes


def test_a_reference_by_another_column_leads_to_the_child_alone() -> None:
    mapping = noted('Visit = { table = "visits", by = "Child" }', '"extract"')
    found = read(mapping, visits(visit(), visit("2")), sheet("notes", note(of="C1"), note("N2", "C9")))
    assert [r["child_id"] for r in rows(found) if r["kind"] == "other"] == ["mini-C1"]
    assert refused(found) == [("3", "Visit", "EW-R27")]


def test_a_reference_leads_to_its_own_delivery_first_and_here_to_no_other() -> None:
    first, second = visits(visit(day="03/04/2025")), visits(visit(day="04/04/2025"), delivery="d2")
    here = 'Visit = { table = "visits", here = true }'
    own = read(noted(), first, second, sheet("notes", note()))
    assert next(r for r in rows(own) if r["kind"] == "other")["known_at"] == datetime(2025, 4, 3)
    elsewhere = sheet("notes", note(), delivery="d3")
    assert not refused(read(noted(), first, second, elsewhere))
    assert refused(read(noted(here), first, second, elsewhere)) == [("2", "Visit", "EW-R27")]


def test_a_reference_to_another_delivery_never_leads_to_one_after_its_own_while_there_is_one_before() -> None:
    """What V1 is said to be in August is no part of a note of July."""
    versions = (visits(visit(day="03/05/2025")), visits(visit(day="03/04/2025"), delivery="d3"))
    found = read(noted(), *versions, sheet("notes", note(), delivery="d2"))
    assert next(r for r in rows(found) if r["kind"] == "other")["known_at"] == datetime(2025, 5, 3)


def test_a_date_after_the_extract_is_refused_unless_it_may_lie_ahead() -> None:
    columns = 'Due = { holds = "day", ahead = true }\nEnd = { holds = "day" }'
    late = (
        visit(day="02/06/2025"),
        visit("2", Due="02/07/2025"),
        visit("3", End="02/07/2025"),
        visit("4", day="01/06/2025"),
    )
    assert refused(read(mini(columns=columns), visits(*late))) == [("2", "Day", "EW-R17"), ("4", "End", "EW-R17")]


def test_what_happens_after_it_is_known_must_have_been_planned() -> None:
    base = VISITS.replace('known = "@Day"', 'known = "@Written"').replace('"day" }', '"day", ahead = true }', 1)
    columns = 'Written = { holds = "day" }\nPlanned = { holds = "yes_no" }'
    ahead = [visit(str(n), day="09/09/2025", Written="01/05/2025", Planned=p) for n, p in enumerate(("yes", "no", ""))]
    found = read(mini('planned = "@Planned"', base=base, columns=columns), visits(*ahead))
    assert one(found)["occurred_at"] == datetime(2025, 9, 9)
    assert refused(found) == [("3", "Day", "EW-R08"), ("4", "Day", "EW-R08")]


def test_what_the_contract_refuses_is_said_of_the_source_s_own_row_and_column() -> None:
    child = """
[tables.children]
files = ["children"]
child = "Child"
children = { birth_on = "@Born" }
[tables.children.columns]
Child = { holds = "id", required = true }
Born = { holds = "day" }
"""
    found = read(
        mini(child),
        visits(visit(), visit("2", day="01/01/2010")),
        sheet("children", {"Child": "C1", "Born": "05/06/2015"}),
    )
    assert refused(found) == [("3", "Day", "EW-R21")]
    assert sorted(counts(found)) == [(1, 1, 0, 0), (2, 1, 1, 0)]
    assert len(rows(found)) == 1


def test_what_the_contract_refuses_falls_with_its_copies_and_what_rests_on_it() -> None:
    columns = 'Grade = { holds = "integer" }\nEnd = { holds = "day" }'
    more = 'concerns = [{ category = "neglect", severity = "@Grade" }]\n' + ENDED
    bad = [visit(str(n), Grade="9", End="05/05/2025") for n in range(4)]
    found = read(mini(more, columns=columns), visits(*bad, visit("5", Grade="2")))
    assert [r["kind"] for r in rows(found)] == ["visit"]
    assert counts(found) == [(5, 1, 4, 0)]
    assert {rule for _, _, rule in refused(found)} == {"EW-R06"}


# --- what follows, closes, withdraws ------------------------------------------------------------------------------

ENDED = """
[[tables.visits.records]]
as = "ended"
kind = "conclusion"
known = "@End"
basis = "source"
follows = "visit"
closes = true
"""
END = 'End = { holds = "day" }'


@pytest.mark.parametrize(("closing", "closes"), [("recorded", True), ("not_recordable", False)])
def test_a_conclusion_follows_its_record_and_closes_what_can_be_closed(closing: str, closes: bool) -> None:
    more = f'concerns = [{{ category = "neglect", closing = "{closing}" }}]\n{ENDED}'
    found = read(mini(more, columns=END), visits(visit(End="05/05/2025"), visit("2", day="04/04/2025")))
    conclusion = next(r for r in rows(found) if r["kind"] == "conclusion")
    first = next(r for r in rows(found) if r["occurred_at"] == datetime(2025, 4, 3))
    assert conclusion["follows"] == first["record_id"]
    closed = {r["record_id"]: r["closed_by"] for r in rows(found, "concerns")}
    assert closed.pop(first["record_id"]) == (conclusion["record_id"] if closes else None)
    assert list(closed.values()) == [None]


def test_without_closes_a_conclusion_closes_nothing() -> None:
    more = 'concerns = [{ category = "neglect", closing = "recorded" }]\n' + ENDED.replace("closes = true", "")
    found = read(mini(more, columns=END), visits(visit(End="05/05/2025")))
    assert one(found, "concerns")["closed_by"] is None


def test_a_conclusion_without_the_record_it_concludes_is_counted_and_not_carried() -> None:
    more = 'only = { Type = ["x"] }\n' + ENDED
    found = read(mini(more, columns=f'{END}\nType = {{ holds = "text" }}'), visits(visit(End="05/05/2025")))
    assert rows(found) == []
    assert any(note.startswith("visits: 1 conclusion without the record concluded") for note in found.notes)
    assert counts(found) == [(1, 1, 0, 0)]


def test_a_conclusion_may_follow_a_record_of_the_row_referred_to() -> None:
    mapping = noted(known='"extract"')
    base = NOTES.replace("REFERS", 'Visit = "visits"').replace("KNOWN", '"extract"')
    base = base.replace(
        'kind = "other"', 'kind = "conclusion"\nfollows = { of = "Visit", record = "visit" }\noutcome = "advice"'
    )
    assert mapping
    found = read(mini(base=base), visits(), sheet("notes", note()))
    conclusion = next(r for r in rows(found) if r["kind"] == "conclusion")
    assert conclusion["follows"] == next(r["record_id"] for r in rows(found) if r["kind"] == "visit")
    assert (conclusion["known_at"], conclusion["outcome"]) == (JUNE, "advice")


WITHDRAWN = (
    VISITS
    + """
[tables.gone]
files = ["gone"]
key = ["Id"]
withdraws = "visits"
withdrawn = ["@On", "extract"]
[tables.gone.columns]
Id = { holds = "id", required = true }
On = { holds = "day" }
"""
)


def test_a_row_that_takes_back_hides_every_record_of_that_row_from_its_own_day() -> None:
    mapping = mini(base=WITHDRAWN)
    gone = sheet("gone", {"Id": "1", "On": "10/05/2025"}, {"Id": "2"}, {"Id": "9"})
    found = read(mapping, visits(visit(), visit("2"), visit("3", day="06/04/2025")), gone)
    assert {r["known_at"] for r in rows(found) if r["kind"] == "withdrawal"} >= {datetime(2025, 5, 10)}
    kinds = [
        seen(found, day)["contacts"]["kind"].to_list().count("visit")
        for day in ("2025-05-10", "2025-05-11", "2025-06-02")
    ]
    assert kinds == [2, 1, 1], "the two visits of one day say the same and are one"
    assert any(note.startswith("gone: 1 row") for note in found.notes), "what was never given"


def test_nothing_is_taken_back_before_it_is_known() -> None:
    found = read(mini(base=WITHDRAWN), visits(), sheet("gone", {"Id": "1", "On": "01/01/2025"}))
    taken, made = (next(r for r in rows(found) if r["kind"] == kind) for kind in ("withdrawal", "visit"))
    assert taken["known_at"] == made["known_at"]
    assert taken["follows"] == made["record_id"]


# --- what hangs on a record ---------------------------------------------------------------------------------------


def test_besides_leaves_out_what_another_column_says() -> None:
    columns = 'First = { holds = "concern" }\nNow = { holds = "concern", split = ";" }'
    more = 'concerns = [{ category = "@First" }, { category = "@Now", besides = "@First" }]'
    found = read(
        mini(more, columns=columns), visits(visit(First="neglect", Now="neglect;missing"), visit("2", Now="neglect"))
    )
    by_record = found.frames["concerns"].group_by("record_id").agg(pl.col("category").sort())["category"].to_list()
    assert sorted(by_record) == [["missing", "neglect"], ["neglect"]]


def test_the_first_filled_of_several_columns_gives_the_concern() -> None:
    columns = 'First = { holds = "concern" }\nNow = { holds = "concern", split = ";" }'
    more = 'concerns = [{ category = ["@Now", "@First"] }]'
    found = read(
        mini(more, columns=columns), visits(visit(First="neglect", Now="missing"), visit("2", First="neglect"))
    )
    assert sorted(r["category"] for r in rows(found, "concerns")) == ["missing", "neglect"]


def test_a_concern_that_the_table_itself_means_needs_no_column() -> None:
    found = read(mini('concerns = [{ category = "missing", severity = 2 }]'), visits())
    concern = one(found, "concerns")
    assert (concern["category"], concern["severity"], concern["code"], concern["closing"]) == (
        "missing",
        2,
        None,
        "not_recordable",
    )


def test_a_list_of_codes_becomes_a_fact_each() -> None:
    columns = 'Why = { holds = "concern", split = ";" }'
    found = read(mini('facts = { placement_type = "@Why" }', columns=columns), visits(visit(Why="neglect;missing")))
    assert sorted(r["value"] for r in rows(found, "facts")) == ["missing", "neglect"]


def test_people_households_workers_and_places_become_short_names() -> None:
    columns = "\n".join(f'{c} = {{ holds = "id" }}' for c in ("Mum", "Home", "Staff", "Place"))
    more = """
worker_id = "@Staff"
place_id = "@Place"
people = [{ person = "@Mum", role = "mother" }]
households = [{ household = "@Home" }]
"""
    names = {"Mum": "Zephyrine Quill", "Home": "7 Peregrine Lane", "Staff": "Ann Marchbanks", "Place": "The Quill"}
    found = read(mini(more, columns=columns), visits(visit(**names), visit("2", day="04/04/2025", **names), visit("3")))
    everything = "".join(frame.write_csv() for frame in found.frames.values())
    assert not [name for name in names.values() if name in everything]
    assert found.frames["people"]["person_id"].n_unique() == 1, "the same person keeps one name"
    assert found.frames["people"].height == found.frames["households"].height == 2
    assert [r["worker_id"] is None for r in sorted(rows(found), key=lambda r: r["source_row"])] == [False, False, True]
    ids = {found.frames["people"]["person_id"][0], found.frames["households"]["household_id"][0]}
    assert len(ids | set(found.frames["contacts"]["worker_id"].drop_nulls())) == 3


@pytest.mark.parametrize(
    ("holds", "table", "column"),
    [('people = [{ person = "@Who", role = "partner" }]', "people", "person_id"),
     ('households = [{ household = "@Who" }]', "households", "household_id"),
     ('worker_id = "@Who"', "contacts", "worker_id")],
)  # fmt: skip
def test_an_id_that_says_something_is_no_mere_number_though_it_is_in_the_key(
    holds: str, table: str, column: str
) -> None:
    """Two persons in one role, two homes, two workers from one day on: two rows that say different things."""
    base = VISITS.replace('key = ["Id"]', 'key = ["Child", "Who"]').replace(
        'Id = { holds = "id", required = true }', ""
    )
    mapping = mini(holds, base=base, columns='Who = { holds = "id" }')
    two = [{"Child": "C1", "Day": "03/04/2025", "Who": who} for who in ("P1", "P2")]
    found = read(mapping, visits(*two))
    assert counts(found) == [(2, 2, 0, 0)]
    assert found.frames[table][column].n_unique() == 2


def test_acts_of_telling_in_the_row_itself_one_for_each_that_was_told() -> None:
    columns = 'Told = { holds = "agency", split = ";" }\nWhen = { holds = "day" }\nAsked = { holds = "decision" }'
    more = 'sharing = [{ to = "@Told", at = "@When", decision = ["@Asked", "shared"], extent = "summary" }]'
    found = read(
        mini(more, columns=columns), visits(visit(Told="police;health", When="05/04/2025"), visit("2", Told="police"))
    )
    assert found.frames["sharing"].select("to_agency", "shared_at", "decision", "extent").sort("to_agency").rows() == [
        ("health", datetime(2025, 4, 5), "shared", "summary"),
        ("police", datetime(2025, 4, 5), "shared", "summary"),
    ]


SHARED = (
    VISITS
    + """
[tables.log]
files = ["log"]
key = ["Of", "Told", "When"]
[tables.log.columns]
Of = { holds = "id", required = true }
Told = { holds = "agency", required = true }
When = { holds = "day", required = true }
[tables.log.refers]
Of = "visits"
[[tables.log.shares]]
of = "Of"
record = "visit"
to = "@Told"
at = "@When"
"""
)


def told(when: str, delivery: str = "d1", of: str = "1", who: str = "police") -> Sheet:
    return sheet("log", {"Of": of, "Told": who, "When": when}, delivery=delivery)


def test_a_log_of_telling_names_the_record_told_of() -> None:
    found = read(mini(base=SHARED), visits(), told("05/04/2025"))
    assert one(found, "sharing")["record_id"] == one(found)["record_id"]
    assert [seen(found, day, "police")["contacts"].height for day in ("2025-04-05", "2025-04-06")] == [0, 1]


def test_told_before_it_was_known_refuses_the_act_of_telling_and_not_the_record() -> None:
    found = read(mini(base=SHARED), visits(), told("01/04/2025"))
    assert found.quarantine.select("table", "row", "column", "rule").rows() == [("log", "2", "When", "EW-R09")]
    assert len(rows(found)) == 1


def test_episodes_begin_and_end_with_their_records() -> None:
    more = """
[[tables.visits.records]]
as = "left"
kind = "placement_end"
occurred = "@End"
known = "@End"
basis = "unknown"
[[tables.visits.episodes]]
as = "care"
kind = "looked_after"
category = "@Why"
started_by = "visit"
start_on = "@Day"
ended_by = "left"
end_on = "@End"
"""
    columns = END + '\nWhy = { holds = "concern" }'
    found = read(
        mini('episode = "care"' + more, columns=columns),
        visits(visit(End="05/05/2025", Why="neglect"), visit("2", day="")),
    )
    span, began = one(found, "episodes"), next(r for r in rows(found) if r["kind"] == "visit")
    assert (span["start_on"], span["end_on"], span["category"]) == (date(2025, 4, 3), date(2025, 5, 5), "neglect")
    assert (span["started_by"], began["episode_id"]) == (began["record_id"], span["episode_id"])
    assert span["ended_by"] == next(r["record_id"] for r in rows(found) if r["kind"] == "placement_end")


# --- who the children are -----------------------------------------------------------------------------------------

PERSONS = """
[tables.persons]
files = ["persons"]
child = "Child"
children = { birth_on = "@Born", death_on = "@Died" }
identifiers = [{ scheme = "upn", value = "@Upn" }]
attributes = { sex = "@Sex" }
identity = { forename = "@First", surname = "@Last", birth_on = "@Born" }
[tables.persons.columns]
Child = { holds = "id", required = true }
Born = { holds = "day" }
Died = { holds = "day" }
Upn = { holds = "id" }
Sex = { holds = "text" }
First = { holds = "text" }
Last = { holds = "text" }
"""
ZEPHYRINE = {"Child": "C1", "Born": "05/06/2015", "Upn": "A123", "Sex": "F", "First": "Zephyrine", "Last": "Quill"}


def test_names_are_kept_apart_and_only_where_they_are_to_link() -> None:
    plain, asked = (
        read(mini(PERSONS), visits(), sheet("persons", ZEPHYRINE), for_linkage=kept) for kept in (False, True)
    )
    assert plain.identities.is_empty()
    assert asked.identities.select("id", "forename", "surname", "birth_on").rows() == [
        ("mini-C1", "Zephyrine", "Quill", date(2015, 6, 5))
    ]
    for found in (plain, asked):
        assert "Zephyrine" not in "".join(frame.write_csv() for frame in found.frames.values())
    assert one(plain, "attributes")["value"] == "F"


def test_a_child_keeps_its_number_and_gets_the_authority_s_before_its_id() -> None:
    plain, ours = (read(mini(PERSONS), sheet("persons", ZEPHYRINE), authority=digits) for digits in ("", "301"))
    assert (one(plain, "children")["child_id"], one(ours, "children")["child_id"]) == ("mini-C1", "301-C1")
    assert {(r["scheme"], r["value"]) for r in rows(ours, "identifiers")} == {("la_child_id", "C1"), ("upn", "A123")}
    other = mini(PERSONS, source=SOURCE.replace("la_child_id", "record_number"))
    assert one(read(other, sheet("persons", ZEPHYRINE), authority="301"), "children")["child_id"] == "mini-C1"


def test_a_child_with_two_births_keeps_none_and_both_are_listed() -> None:
    twice = sheet("persons", ZEPHYRINE, ZEPHYRINE | {"Born": "06/05/2015"}, {"Child": "C2", "Born": "01/01/2014"})
    found = read(mini(PERSONS), twice)
    assert {r["child_id"]: r["birth_on"] for r in rows(found, "children")} == {
        "mini-C1": None,
        "mini-C2": date(2014, 1, 1),
    }
    said = found.births.filter(pl.col("child_id") == "mini-C1").select("birth_on", "source", "source_row").rows()
    assert sorted(said) == [(date(2015, 5, 6), "d1_persons.csv", "3"), (date(2015, 6, 5), "d1_persons.csv", "2")]


# --- sheets and columns -------------------------------------------------------------------------------------------


def test_a_sheet_of_no_table_is_noted_and_one_that_is_known_and_not_read_is_said_to_be() -> None:
    source = SOURCE + 'not_carried = ["staff*"]\n'
    found = read(mini(source=source), visits(), sheet("staff_list", {"Name": "x"}), sheet("weather", {"Rain": "x"}))
    assert "d1_staff_list.csv, staff_list is not carried" in found.notes
    assert "d1_weather.csv, weather is of no table of this format and was not read" in found.notes


def test_a_sheet_of_another_name_is_known_by_its_columns() -> None:
    found = read(mini(), sheet("export 17", visit()))
    assert len(rows(found)) == 1


def test_unknown_columns_are_named_and_go_no_further_than_the_quarantine() -> None:
    cells = {"Telephone": "01234", "Home post": "AA1 1AA", "Story": "once"}
    base = VISITS.replace('key = ["Id"]', 'key = ["Id"]\nignored = ["*post*"]')
    found = read(mini(base=base), visits(visit(**cells), visit("2", day="x", **cells)))
    assert "d1_visits.csv, visits: columns this format does not know, not carried: Telephone, Story" in found.notes
    assert "d1_visits.csv, visits: left behind on purpose: Home post" in found.notes
    kept = found.quarantine["content"].item()
    assert "01234" in kept
    assert "AA1 1AA" not in kept, "what is ignored is left at the door"
    assert "01234" not in "".join(frame.write_csv() for frame in found.frames.values())


def test_quarantine_holds_the_row_as_it_stood_under_its_own_headers() -> None:
    columns = '"Date of Contact" = { holds = "day", also = ["Contacted"] }'
    found = read(mini(columns=columns), visits(visit(Contacted=" 2025/1/1 ")))
    line = found.quarantine.row(0, named=True)
    assert (line["file"], line["table"], line["row"], line["column"]) == ("d1_visits.csv", "visits", "2", "Contacted")
    assert '"Contacted":" 2025/1/1 "' in line["content"]


def test_no_sheet_of_the_format_is_an_error() -> None:
    with pytest.raises(SourceError, match="No table of the format mini") as caught:
        read(mini(), sheet("weather", {"Rain": "x"}))
    assert caught.value.rule == "EW-F21"


def test_a_missing_column_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(SourceError, match="lacks the column Child") as caught:
        read(mini(), sheet("visits", {"Id": "1", "Chlid": "C1", "Day": "03/04/2025"}))
    assert caught.value.rule == "EW-F08"
    assert "chlid" in caught.value.fix


def test_a_column_that_need_not_be_there_may_be_absent() -> None:
    assert rows(read(mini(columns=END), sheet("visits", {"Id": "1", "Child": "C1", "Day": "03/04/2025"})))


def test_a_table_without_rows_is_read_and_gives_nothing() -> None:
    empty = sheet("visits", visit())
    found = read(mini(PERSONS, columns=END), Sheet("v.csv", "visits", empty.frame.clear(), delivery="d1"))
    assert counts(found) == [(0, 0, 0, 0)]
    assert all(frame.is_empty() for frame in found.frames.values())


# --- the day of the extract ---------------------------------------------------------------------------------------


def test_the_day_of_the_extract_is_given_else_the_newest_date_that_may_not_lie_ahead() -> None:
    columns = 'Due = { holds = "day", ahead = true }'
    base = VISITS + '[[tables.visits.records]]\nas = "due"\nkind = "other"\nknown = "extract"\nbasis = "extract"\n'
    both = visits(visit(Due="09/09/2025"), visit("2", day="07/04/2025"))
    given, assumed = (read(mini(base=base, columns=columns), both, days=days) for days in ((D1,), ()))
    assert {r["known_at"] for r in rows(given) if r["kind"] == "other"} == {JUNE}
    assert {r["known_at"] for r in rows(assumed) if r["kind"] == "other"} == {datetime(2025, 4, 7)}
    assert any("no --extract-date was given; the newest date in it, 2025-04-07" in note for note in assumed.notes)
    assert not any("--extract-date" in note for note in given.notes)


def test_where_nothing_tells_the_day_of_the_extract_it_must_be_given() -> None:
    with pytest.raises(SourceError, match="no date in it") as caught:
        read(mini(), visits(visit(day="")), days=())
    assert caught.value.rule == "EW-F23"
    assert not rows(read(mini(), visits(visit(day="")), days=(D1,)))


def test_files_of_one_folder_and_one_label_are_one_delivery() -> None:
    base = VISITS.replace('files = ["visits"]', 'files = ["*_visits", "visits*"]')
    terms = [
        sheet(name, visit(number, day=day), delivery="x")
        for name, number, day in (("autumn_visits", "1", "01/04/2025"), ("spring_visits", "1", "02/04/2025"))
    ]
    apart = read(mini(base=base), *terms, days=())
    assert len([n for n in apart.notes if "taken for the day of the extract" in n]) == 2
    assert not refused(apart), "one key on rows that differ, in two deliveries, is a correction"
    parts = [sheet(f"visits_{n}", visit("1", day=f"0{n}/04/2025"), delivery="x") for n in (1, 2)]
    assert {rule for _, _, rule in refused(read(mini(base=base), *parts, days=(D1,)))} == {"EW-R12"}


@pytest.mark.parametrize("words", [["yesterday"], ["d1=31/03/2025"], [D1, D2], ["a=2025-01-01", "a=2025-01-02"]])
def test_a_day_that_is_none_or_two_days_for_one_is_a_bad_argument(words: list[str]) -> None:
    with pytest.raises(ArgumentError):
        ExtractDates.parse(words)


def test_of_several_parts_of_a_path_the_longest_gives_the_day() -> None:
    dates = ExtractDates.parse(["2025-01-01", "in=2025-02-02", "in/2024=2024-03-03"])
    assert [dates.of(p) for p in ("out", "in/2023", "in/2024/x")] == [
        date(2025, 1, 1),
        date(2025, 2, 2),
        date(2024, 3, 3),
    ]


# --- several deliveries -------------------------------------------------------------------------------------------

TOLD = 'What = { holds = "outcome" }\nWhy = { holds = "concern" }\n' + END
VERSIONS = 'outcome = "@What"\nconcerns = [{ category = "@Why", closing = "recorded" }]\n' + ENDED


def delivered(
    *versions: dict[str, str] | list[dict[str, str]], more: tuple[Sheet, ...] = (), base: str = VISITS
) -> Mapped:
    """One visit, as each delivery in turn has it."""
    given = [v if isinstance(v, list) else [v] for v in versions]
    sheets = [visits(*(visit(**row) for row in told), delivery=f"d{n}") for n, told in enumerate(given, 1)]
    return read(mini(VERSIONS, columns=TOLD, base=base), *sheets, *more)


def visible(found: Mapped, day: str) -> list[str | None]:
    """Outcomes of the visits in view on a day."""
    contacts = seen(found, day)["contacts"]
    return sorted(contacts.filter(pl.col("kind") == "visit")["outcome"].to_list(), key=str)


def test_one_key_on_rows_that_differ_in_one_delivery_refuses_them_all() -> None:
    found = read(mini(columns=TOLD), visits(visit(What="advice"), visit(), visit(), visit("2")))
    assert [(row, rule) for row, _, rule in refused(found)] == [("2", "EW-R12"), ("3", "EW-R12"), ("4", "EW-R12")]
    assert len(rows(found)) == 1


def test_the_same_again_adds_nothing_and_a_correction_is_known_from_its_delivery() -> None:
    found = delivered({"What": "advice"}, {"What": "advice"}, {"What": "assessment"})
    older, newer = sorted(rows(found), key=lambda r: r["known_at"])
    assert (older["known_at"], newer["known_at"]) == (datetime(2025, 4, 3), AUGUST)
    assert (newer["follows"], newer["recorded_basis"]) == (older["record_id"], "extract")
    assert [visible(found, day) for day in ("2025-08-01", "2025-08-02")] == [["advice"], ["assessment"]]
    assert counts(found) == [(1, 1, 0, 0), (1, 0, 0, 1), (1, 1, 0, 0)]


def test_of_three_versions_only_the_last_is_in_view() -> None:
    found = delivered({"What": "advice"}, {"What": "assessment"}, {"What": "no further action"})
    days = ("2025-07-01", "2025-07-02", "2025-08-01", "2025-08-02")
    assert [visible(found, d) for d in days] == [["advice"], ["assessment"], ["assessment"], ["no_further_action"]]


def test_what_goes_back_to_its_first_words_is_corrected_twice() -> None:
    found = delivered({"What": "advice"}, {"What": "assessment"}, {"What": "advice"})
    assert len(rows(found)) == 3
    assert [visible(found, d) for d in ("2025-06-02", "2025-07-02", "2025-08-02")] == [
        ["advice"],
        ["assessment"],
        ["advice"],
    ]


def test_a_row_that_is_not_given_again_stays() -> None:
    found = delivered({"What": "advice"}, {"number": "2", "What": "assessment"}, {"What": "advice"})
    assert visible(found, "2025-08-02") == ["advice", "assessment"]
    assert counts(found) == [(1, 1, 0, 0), (1, 1, 0, 0), (1, 0, 0, 1)]


def test_what_is_overwritten_in_place_is_another_record_with_own() -> None:
    base = VISITS.replace('known = "@Day"', 'known = "@Day"\nown = ["Day"]')
    found = read(mini(base=base), visits(visit()), visits(visit(day="04/06/2025"), delivery="d2"))
    assert [(r["follows"], r["known_at"]) for r in rows(found)] == [
        (None, datetime(2025, 4, 3)),
        (None, datetime(2025, 6, 4)),
    ]
    assert seen(found, "2025-07-02")["contacts"].height == 2


def test_the_same_words_under_another_key_are_one_record_in_one_delivery_and_across_all() -> None:
    found = delivered([{"What": "advice"}, {"number": "2", "What": "advice"}], {"number": "7", "What": "advice"})
    assert len(rows(found)) == 1
    assert counts(found) == [(2, 1, 0, 1), (1, 0, 0, 1)]


def test_a_copy_that_later_says_something_else_says_it_from_then() -> None:
    found = delivered(
        [{"What": "advice"}, {"number": "2", "What": "advice"}],
        [{"What": "advice"}, {"number": "2", "What": "assessment"}],
    )
    assert [visible(found, d) for d in ("2025-06-02", "2025-07-01", "2025-07-02")] == [
        ["advice"],
        ["advice"],
        ["advice", "assessment"],
    ]


def test_a_row_that_comes_to_say_what_another_says_no_longer_says_what_it_did() -> None:
    found = delivered(
        [{"What": "advice"}, {"number": "2", "What": "assessment"}],
        [{"What": "assessment"}, {"number": "2", "What": "assessment"}],
    )
    assert set(visible(found, "2025-06-02")) == {"advice", "assessment"}
    assert set(visible(found, "2025-07-02")) == {"assessment"}


def test_a_new_row_in_the_old_words_of_another_is_not_lost() -> None:
    found = delivered({"What": "advice"}, [{"What": "assessment"}, {"number": "2", "What": "advice"}])
    assert visible(found, "2025-07-02") == ["advice", "assessment"]


def test_a_change_and_a_conclusion_in_one_delivery_are_both_taken() -> None:
    found = delivered({"Why": "neglect"}, {"Why": "neglect", "What": "advice", "End": "20/06/2025"})
    assert not refused(found)
    assert [visible(found, d) for d in ("2025-07-01", "2025-07-02")] == [[None], ["advice"]]
    closed = [seen(found, d)["concerns"]["closed_by"].drop_nulls().len() > 0 for d in ("2025-06-20", "2025-07-02")]
    assert closed == [False, True]


def test_a_change_and_an_act_of_telling_in_one_delivery_are_both_taken() -> None:
    mapping = mini(base=SHARED.replace("basis", 'outcome = "@What"\nbasis', 1), columns=TOLD)
    found = read(mapping, visits(), visits(visit(What="advice"), delivery="d2"), told("20/06/2025", "d2"))
    assert not refused(found)
    assert [seen(found, day, "police")["contacts"].height for day in ("2025-06-20", "2025-06-21")] == [0, 1]


@pytest.mark.parametrize(
    ("first", "then", "known"),
    [
        ("", "20/06/2025", datetime(2025, 6, 20)),  # after the extract that had none: its own day may stand
        ("", "05/05/2025", JULY),  # an extract of June says that it was open in May
        ("", "01/06/2025", JULY),
        ("20/05/2025", "05/05/2025", JULY),  # moved
    ],
)
def test_a_conclusion_that_an_earlier_delivery_did_not_have_is_not_known_before_it(
    first: str, then: str, known: datetime
) -> None:
    found = delivered({"Why": "neglect", "End": first}, {"Why": "neglect", "End": then})
    conclusions = sorted(r["known_at"] for r in rows(found) if r["kind"] == "conclusion")
    assert conclusions[-1] == known
    alone = delivered({"Why": "neglect", "End": first})
    assert seen(found, "2025-06-02")["concerns"].equals(seen(alone, "2025-06-02")["concerns"])


def test_copies_that_come_to_say_the_same_otherwise_are_still_one() -> None:
    """Three rows alike; then two of them say something else, and a fourth says it with them."""
    alike = [{"number": n, "What": "advice"} for n in "123"]
    apart = [{"number": "1", "What": "advice"}, *({"number": n, "What": "assessment"} for n in "234")]
    found = delivered(alike, apart)
    assert visible(found, "2025-07-02") == ["advice", "assessment"]
    assert visible(found, "2025-06-02") == ["advice"]


def test_an_act_of_telling_that_a_later_log_tells_otherwise_counts_from_that_log() -> None:
    base = SHARED.replace('at = "@When"', 'at = "@When"\ndecision = "@How"')
    base = base.replace("Told = { holds", 'How = { holds = "decision" }\nTold = { holds')
    logs = [
        sheet("log", {"Of": "1", "Told": "police", "When": "05/04/2025", "How": how}, delivery=d)
        for d, how in (("d1", "asked"), ("d2", "shared"))
    ]
    found = read(mini(base=base), visits(), *logs)
    assert [seen(found, day, "police")["contacts"].height for day in ("2025-06-02", "2025-07-01", "2025-07-02")] == [
        0,
        0,
        1,
    ]


def test_two_deliveries_of_one_day_are_read_in_the_same_order_whatever_that_of_the_files() -> None:
    sheets = [visits(visit(What=what), delivery=name) for name, what in (("a", "advice"), ("b", "assessment"))]
    one_way, other_way = (read(mini(VERSIONS, columns=TOLD), *order, days=(D1,)) for order in (sheets, sheets[::-1]))
    assert one_way.frames["contacts"].equals(other_way.frames["contacts"])
    assert len(visible(one_way, "2025-06-02")) == 1


def test_a_row_that_was_refused_and_comes_back_mended_is_taken_then() -> None:
    found = delivered({"What": "advise"}, {"What": "advice"})
    assert refused(found) == [("2", "What", "EW-R05")]
    assert visible(found, "2025-07-02") == ["advice"]


def test_an_end_dated_before_an_extract_that_had_none_is_known_from_the_one_that_brings_it() -> None:
    mapping = declared.shipped("ssda903")
    header = {"CHILD": "1", "DOB": "01/02/2015"}
    spans = [{"CHILD": "1", "DECOM": "01/03/2025", "RNE": "S", "DEC": end} for end in ("", "05/05/2025")]
    sheets = [
        sheet(n, row, delivery=d)
        for d, span in zip(("d1", "d2"), spans, strict=True)
        for n, row in (("header", header), ("episodes", span))
    ]
    found = read(mapping, *sheets)
    ends = [seen(found, day)["episodes"]["end_on"].item() for day in ("2025-06-02", "2025-07-01", "2025-07-02")]
    assert ends == [None, None, date(2025, 5, 5)]


def test_what_is_known_from_the_extract_alone_is_known_from_the_first_that_says_it() -> None:
    base = VISITS.replace('known = "@Day"', 'known = "extract"').replace('basis = "unknown"', 'basis = "extract"')
    found = read(mini(base=base), visits(delivery="d3"), visits(delivery="d2"))
    assert one(found)["known_at"] == JULY
    assert one(found)["source"] == "d2_visits.csv"


# --- files --------------------------------------------------------------------------------------------------------


def returned(folder: Path, code: str) -> None:
    folder.mkdir()
    (folder / "header.csv").write_text("CHILD,DOB\n1,01/02/2015\n")
    (folder / "reviews.csv").write_text(f"CHILD,DOB,REVIEW,REVIEW_CODE\n1,01/02/2015,01/03/2025,{code}\n")


def test_a_file_that_equals_one_of_another_delivery_is_read_in_its_turn(tmp_path: Path) -> None:
    for name, code in (("d1", "PN1"), ("d2", "PN7"), ("d3", "PN1")):
        returned(tmp_path / name, code)
    found = extract(tmp_path, "ssda903", dates=ExtractDates.parse([f"d1={D1}", f"d2={D2}", f"d3={D3}"]))
    last = max(rows(Mapped(found.frames, (), found.quarantine, ())), key=lambda r: r["known_at"])
    assert (last["known_at"], last["child_seen"]) == (AUGUST, True)


def test_names_of_folders_do_not_decide_which_of_two_equal_files_came_first(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "header.csv").write_text("CHILD,DOB\n1,01/02/2015\n")
        (tmp_path / name / "oc2.csv").write_text("CHILD,DOB,SDQ_SCORE\n1,01/02/2015,17\n")
    found = extract(tmp_path, "ssda903", dates=ExtractDates.parse([f"/a={D2}", f"/b={D1}"]))
    assert found.frames["contacts"]["known_at"].to_list() == [JUNE]


# --- mappings that could not be carried out -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        'concerns = [{ scheme = "x" }]',
        'people = [{ role = "mother" }]',
        'households = [{ valid_from = "@Day" }]',
        'sharing = [{ at = "@Day" }]',
        'concerns = [{ category = "neglect", severity = "high" }]',
        'concerns = [{ category = "neglect", closing = "never" }]',
        'people = [{ person = "@Child", role = "mummy" }]',
        '[[tables.visits.episodes]]\nas = "e"\nkind = "looked_after"\nstarted_by = "visit"\nstart_on = "tomorrow"',
        'planned = "perhaps"',
        '[tables.other]\nchild = "C"\nfiles = ["o"]\nidentifiers = [{ scheme = "upn" }]\ncolumns.C = { holds = "id" }',
    ],
)
def test_what_could_not_be_carried_out_is_refused_before_a_row_is_read(more: str) -> None:
    with pytest.raises(SourceError) as caught:
        mini(more)
    assert caught.value.rule == "EW-F24"


def test_the_extract_s_own_day_may_stand_wherever_a_day_may() -> None:
    more = """
[[tables.visits.episodes]]
as = "span"
kind = "looked_after"
started_by = "visit"
start_on = "extract"
[[tables.visits.records]]
as = "counted"
kind = "other"
occurred = "extract"
known = "extract"
basis = "extract"
"""
    found = read(mini(more), visits())
    assert one(found, "episodes")["start_on"] == date(2025, 6, 1)
    assert next(r for r in rows(found) if r["kind"] == "other")["occurred_at"] == JUNE
