"""What a row must keep: column by column, cell beside cell, row beside row; and how findings are put together."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from earlywarn.records import checks
from earlywarn.records.converting import convert
from earlywarn.records.schema import TABLES, Column, Table
from earlywarn.records.tables import Records
from tests.unit.records.test_reading import (
    assert_all_accounted_for,
    child,
    concern,
    contact,
    identifier,
    link,
    person,
    refusals,
    sharing,
)

AN_ID = Table("probe", "one id", (Column("probe_id", "text", "an id", nullable=True),))


def rules_of(name: str) -> list[str]:
    """The rules an id breaks by the way it is written."""
    typed, untyped = convert(AN_ID, pl.DataFrame({"probe_id": [name], checks.ROW: [1]}))
    return checks.findings(typed, [*untyped, *checks.column_checks(AN_ID)])["rule"].to_list()


def refused(**tables: list[dict[str, Any]]) -> set[tuple[str, int, str, str]]:
    """Table, row, column and rule of each refused row of some tables of text."""
    frames = {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items()}
    records = Records.from_frames(**frames)
    assert_all_accounted_for(records)
    return refusals(records)


# --- ids: how they are written -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("00123", "1E5", "NA", "None", "null", "nan", "a b", "a.b", "=1+1", "'", "x" * 300, "O0", "l1"),
        *("../../etc/passwd", "..\\x", "/abs", "CON", "a:b", "c'; DROP TABLE x--", "{0.__class__}", "%n"),
        *("é", "Ωμέγα", "Анна", "李", "עברית", "٢٣", "\U0001f469", "naïve-Ł", "ẞ", "ς"),
    ],
)
def test_any_id_in_plain_sight_is_fine(name: str) -> None:
    assert rules_of(name) == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a\u200bb", id="zero-width space"),
        pytest.param("a\u200d", id="zero-width joiner"),
        pytest.param("\ufeffa", id="byte-order mark"),
        pytest.param("a\u00adb", id="soft hyphen"),
        pytest.param("\u202e12", id="right-to-left override"),
        pytest.param("1\u200f2", id="right-to-left mark"),
        pytest.param("1\u20662\u2069", id="isolated direction"),
        pytest.param("a\U000e0041", id="tag"),
        pytest.param("a\ufe0f", id="variation selector"),
        pytest.param("a\u034fb", id="grapheme joiner"),
        pytest.param("a\u3164", id="filler that is a letter"),
        pytest.param("a\u115f", id="leading filler"),
        pytest.param("a\u2800b", id="blank of Braille"),
        pytest.param("a\u00a0b", id="no-break space within"),
        pytest.param("a\u2003b", id="em space within"),
        pytest.param("a\u1680b", id="blank that no form changes"),
        pytest.param("a\ufffdb", id="lost character"),
        pytest.param("a\ue000", id="private character"),
        pytest.param("\uff11\uff12\uff13", id="full-width digits"),
        pytest.param("\U0001d7cf", id="mathematical digit"),
        pytest.param("12\u00b2", id="raised digit"),
        pytest.param("\ufb01x", id="ligature"),
        pytest.param("e\u0301", id="letter apart from its accent"),
        pytest.param("\u212b", id="letter that has another code"),
        pytest.param("\u0430bc", id="Cyrillic among Latin"),
        pytest.param("ab\u0391", id="Greek among Latin"),
        pytest.param("\u0391\u0410", id="Greek and Cyrillic"),
    ],
)
def test_an_id_that_cannot_be_told_from_another_is_refused_and_never_rewritten(name: str) -> None:
    assert rules_of(name) == ["EW-R22"]


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        (" a", ["EW-R07"]),
        ("   ", ["EW-R07"]),
        ("a\tb", ["EW-R07"]),
        ("a\u00a0", ["EW-R07", "EW-R22"]),
        ("a\x00", ["EW-R07"]),
        ("a\u2028", ["EW-R07", "EW-R22"]),
    ],
)
def test_blanks_and_control_characters_are_told_first(name: str, rules: list[str]) -> None:
    assert rules_of(name) == rules


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        *(
            ("contacts", contact(**{c: "a\u200b"}), c)
            for c in ("child_id", "org_id", "worker_id", "place_id", "follows")
        ),
        ("concerns", concern(concern_id="a\u200b"), "concern_id"),
        ("concerns", concern(closed_by="a\u200b"), "closed_by"),
        ("people", person(person_id="a\u200b"), "person_id"),
        ("links", link(same_as="a\u200b"), "same_as"),
        ("identifiers", identifier(value="a\u200b"), "value"),
        ("identifiers", identifier(value="A123 "), "value"),
    ],
)
def test_every_column_that_names_somebody_is_asked(table: str, row: dict[str, str], column: str) -> None:
    tables = {"contacts": [contact()]} | {table: [row]}
    rule = "EW-R07" if row[column].endswith(" ") else "EW-R22"
    assert (table, 1, column, rule) in refused(**tables)


def test_text_that_names_nobody_may_hold_anything() -> None:
    odd = "a\u200b \u202e \x1b[2J e\u0301 <script>"
    assert refused(contacts=[contact(source=odd, source_row=odd)], concerns=[concern(code=odd)]) == set()


# --- one id for two, and links that turn round -------------------------------------------------------------------


def test_one_id_for_two_in_one_row_is_refused() -> None:
    name = contact()["child_id"]
    assert refused(
        contacts=[contact("r1"), contact("r2", worker_id=name), contact("r3", child_id="c2", worker_id=name)],
        people=[person(person_id=name), person(person_id="c2")],
        links=[link(same_as=name), link(same_as="c2")],
    ) == {
        ("contacts", 2, "worker_id", "EW-R29"),
        ("people", 1, "person_id", "EW-R29"),
        ("links", 1, "same_as", "EW-R29"),
    }


def arrows(*pairs: str, **changes: str) -> list[dict[str, str]]:
    """Links from the first to the second letter of each pair."""
    return [link(child_id=one, same_as=other, **changes) for one, other in pairs]


@pytest.mark.parametrize(
    ("pairs", "turning"),
    [
        (("ab", "bc", "ca"), {1, 2, 3}),
        (("ab", "ba"), set()),
        (("ab", "bc", "ac"), set()),
        (("ab", "bc", "ca", "cd", "ea"), {1, 2, 3}),
        (("ab", "bc", "cd", "da", "ef", "fg", "ge"), {1, 2, 3, 4, 5, 6, 7}),
        (("ab", "ba", "bc", "cb", "ac", "ca"), set()),
        (("ab", "bc", "cb", "ca"), set()),
        (("ab", "bc", "ca", "cd", "de", "ef", "fd"), {1, 2, 3, 5, 6, 7}),
        (("ab", "ab", "bc", "ca"), {1, 3, 4}),
    ],
)
def test_links_that_lead_round_in_a_circle_are_refused_all(pairs: tuple[str, ...], turning: set[int]) -> None:
    found = refused(contacts=[contact()], links=arrows(*pairs))
    assert found == {("links", row, "same_as", "EW-R30") for row in turning}


def test_ids_of_children_and_of_people_make_no_circle_together() -> None:
    links = [*arrows("ab", "bc", subject="child"), *arrows("ca", subject="person")]
    assert refused(contacts=[contact()], links=links) == set()
    links = [*arrows("ab"), *arrows("bc", "ca", subject="child")]
    assert len(refused(contacts=[contact()], links=[row | {"subject": row.get("subject", "")} for row in links])) == 3


# --- times beside times ------------------------------------------------------------------------------------------


def first_of(contacts: dict[str, str], **tables: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Rules that one contact breaks."""
    return {
        (column, rule)
        for table, _, column, rule in refused(contacts=[contact(**contacts)], **tables)
        if table == "contacts"
    }


@pytest.mark.parametrize(
    ("cells", "broken"),
    [
        ({"occurred_at": "2026-03-02T09:00:00", "recorded_at": "2026-03-02"}, set()),
        ({"occurred_at": "2026-03-02T09:00:00", "recorded_at": "2026-03-01"}, {("recorded_at", "EW-R08")}),
        ({"occurred_at": "2026-03-02T09:00:00", "recorded_at": "2026-03-01", "planned": "true"}, set()),
        ({"occurred_at": "2026-03-02T09:00:00", "recorded_at": ""}, set()),
        ({"recorded_at": "2026-03-02T23:00:00"}, set()),
        ({"recorded_at": "2026-03-03"}, {("recorded_at", "EW-R18")}),
        ({"recorded_at": "2026-03-03", "planned": "true"}, {("recorded_at", "EW-R18")}),
    ],
)
def test_a_record_is_written_after_it_happened_and_before_it_is_known(
    cells: dict[str, str], broken: set[tuple[str, str]]
) -> None:
    assert first_of({"known_at": "2026-03-02T10:00:00"} | cells) == broken


@pytest.mark.parametrize("day", ["0001-01-01", "1753-01-01", "1899-12-30", "1900-01-01", "2262-04-11", "9999-12-31"])
@pytest.mark.parametrize("column", ["known_at", "occurred_at", "recorded_at"])
def test_a_placeholder_is_no_day(day: str, column: str) -> None:
    assert (column, "EW-R18") in first_of({"planned": "true", column: day})


@pytest.mark.parametrize("day", ["1901-01-01", "1970-01-01", "2199-12-31T23:59:59.999999"])
def test_a_day_far_off_is_a_day(day: str) -> None:
    assert first_of({"planned": "true", "known_at": day}) == set()


def test_a_placeholder_is_refused_in_every_table() -> None:
    tables = {
        "people": [person(valid_to="9999-12-31")],
        "children": [child(birth_on="1900-01-01")],
        "links": [link(known_at="9999-12-31")],
        "sharing": [sharing(shared_at="9999-12-31T00:00:00")],
    }
    assert refused(contacts=[contact()], **tables) == {
        ("people", 1, "valid_to", "EW-R18"),
        ("children", 1, "birth_on", "EW-R18"),
        ("links", 1, "known_at", "EW-R18"),
        ("sharing", 1, "shared_at", "EW-R18"),
    }


@pytest.mark.parametrize(
    ("occurred", "known", "broken"),
    [
        ("2024-10-27T00:45:00Z", "2024-10-27T01:15:00Z", False),
        ("2024-10-27T01:45:00", "2024-10-27T01:15:00", False),
        ("2024-10-27T02:00:00", "2024-10-27T01:59:59", True),
        ("2024-10-27T01:00:00", "2024-10-27T00:59:59", True),
        ("2024-10-26T01:45:00", "2024-10-26T01:15:00", True),
        ("2024-03-31T01:45:00", "2024-03-31T01:15:00", True),
        ("2023-10-29T01:45:00", "2024-10-27T01:15:00", False),
        ("2024-10-27T01:15:00", "2023-10-29T01:45:00", True),
    ],
)
def test_in_the_hour_that_comes_twice_the_order_cannot_be_told(occurred: str, known: str, *, broken: bool) -> None:
    assert first_of({"occurred_at": occurred, "known_at": known}) == ({("occurred_at", "EW-R08")} if broken else set())


def test_telling_and_following_in_the_hour_that_comes_twice() -> None:
    late, early = "2024-10-27T01:45:00", "2024-10-27T01:15:00"
    rows = [contact("r1", known_at=late), contact("r2", known_at=early, follows="r1")]
    assert refused(contacts=rows, sharing=[sharing(record_id="r1", shared_at=early)]) == set()
    before = [row | {"known_at": row["known_at"].replace("27T", "26T")} for row in rows]
    assert refused(contacts=before, sharing=[sharing(record_id="r1", shared_at="2024-10-26T01:15:00")]) == {
        ("contacts", 2, "follows", "EW-R15"),
        ("sharing", 1, "shared_at", "EW-R09"),
    }


# --- before birth and after childhood ----------------------------------------------------------------------------


def around_birth(cells: dict[str, str], **days: str) -> set[tuple[str, str]]:
    day = {"birth_on": "", "expected_birth_on": ""} | days
    return first_of({"occurred_at": "", "planned": "true"} | cells, children=[child(**day)])


@pytest.mark.parametrize(
    ("day", "broken"),
    [
        ("2019-05-05", {("occurred_at", "EW-R21")}),
        ("2019-05-06", set()),
        ("2020-03-01", set()),
        ("2045-03-01", set()),
        ("2045-03-02", {("occurred_at", "EW-R21")}),
    ],
)
def test_it_happened_within_nine_months_before_birth_and_twenty_five_years_after(
    day: str, broken: set[tuple[str, str]]
) -> None:
    assert around_birth({"occurred_at": day}, birth_on="2020-03-01") == broken
    assert around_birth({"occurred_at": day}, expected_birth_on="2020-03-01") == broken
    assert around_birth({"occurred_at": day}, birth_on="2020-03-01", expected_birth_on="2010-01-01") == broken
    assert around_birth({"occurred_at": day}) == set()


def test_known_too_early_is_as_wrong_as_happened_too_early() -> None:
    assert around_birth({"known_at": "2019-05-05"}, birth_on="2020-03-01") == {("known_at", "EW-R21")}


@pytest.mark.parametrize(
    ("cells", "broken"),
    [
        ({"about": "household", "occurred_at": "2015-01-01"}, False),
        ({"about": "carer", "occurred_at": "2015-01-01"}, False),
        ({"about": "place", "known_at": "2015-01-01"}, False),
        ({"about": "carer", "occurred_at": "2046-01-01"}, True),
        ({"known_at": "2060-01-01"}, False),
        ({"known_at": "2060-01-01", "occurred_at": "2025-01-01"}, False),
    ],
)
def test_carers_and_homes_are_older_than_a_child_and_files_outlast_childhood(
    cells: dict[str, str], *, broken: bool
) -> None:
    assert around_birth(cells, birth_on="2020-03-01") == ({("occurred_at", "EW-R21")} if broken else set())


@pytest.mark.parametrize("kind", ["conclusion", "withdrawal"])
def test_a_conclusion_may_come_long_after_childhood(kind: str) -> None:
    rows = [contact("r1"), contact("r2", kind=kind, follows="r1", known_at="2050-01-01", occurred_at="2050-01-01")]
    assert refused(contacts=rows, children=[child(birth_on="2020-02-29")]) == set()


def test_of_a_child_with_two_days_of_birth_neither_is_believed() -> None:
    days = [child(birth_on="2050-01-01"), child(birth_on="2020-01-01")]
    assert {rule for _, _, _, rule in refused(contacts=[contact()], children=days)} == {"EW-R12"}


# --- rows beside rows --------------------------------------------------------------------------------------------


def test_equal_rows_are_one_wherever_they_stand_and_the_first_stays() -> None:
    rows = [contact(f"r{n % 3}", source_row="1") for n in range(9)]
    records = Records.from_frames(contacts=pl.DataFrame(rows), sharing=pl.DataFrame([sharing(record_id="r0")] * 4))
    assert records.frames["contacts"]["record_id"].to_list() == ["r0", "r1", "r2"]
    assert [(a.table, a.accepted, a.collapsed) for a in records.account] == [("contacts", 3, 6), ("sharing", 1, 3)]


def test_rows_that_differ_only_in_what_is_missing_are_not_equal() -> None:
    rows = [sharing(basis=""), sharing(basis="x"), sharing(basis="")]
    records = Records.from_frames(contacts=pl.DataFrame([contact()]), sharing=pl.DataFrame(rows))
    assert records.frames["sharing"]["basis"].to_list() == [None, "x"]


def test_a_question_asked_by_two_checks_is_answered_for_both() -> None:
    frame = pl.DataFrame({"cell": ["a", " ", None], checks.ROW: [1, 2, 3]}, schema_overrides={checks.ROW: pl.UInt32})
    among = pl.col("cell").is_not_null()
    asked = [checks.Check(pl.col("cell") == " ", "cell", "one", among), checks.Check(among, "cell", "two", among)]
    assert checks.findings(frame, asked).rows() == [(2, "cell", "one"), (1, "cell", "two"), (2, "cell", "two")]


@pytest.mark.parametrize("length", [5_000_000, 40, 12])
def test_a_code_of_any_length_is_held_against_the_list(length: int) -> None:
    local = [f"{n:0{length % 99}}" for n in range(200)]
    codes = pl.DataFrame({"category": ["a" * length, "neglect" + " " * length, *local]})
    asked = checks.near_misses(TABLES["concerns"], codes)
    assert [codes.filter(check.bad)["category"].str.strip_chars().to_list() for check in asked] == [["neglect"]]


def test_a_table_without_rows_breaks_no_rule() -> None:
    for table in TABLES.values():
        typed, asked = convert(table, table.empty().with_columns(pl.lit(None, pl.UInt32).alias(checks.ROW)))
        assert checks.findings(typed, [*asked, *checks.column_checks(table)]).is_empty()


def test_a_row_is_told_by_its_first_finding_and_the_others_follow() -> None:
    found = pl.DataFrame(
        [(4, "kind", "EW-R05"), (2, "kind", "EW-R01"), (4, "known_at", "EW-R02")],
        schema=checks.FINDINGS_SCHEMA,
        orient="row",
    )
    lines = checks.rules_by_row([found, found.head(0)])
    assert lines.rows() == [(4, "kind", "EW-R05", "EW-R02 known_at"), (2, "kind", "EW-R01", "")]


@pytest.mark.parametrize(
    ("category", "slip"),
    [
        ("neglect", False),
        ("Neglect", True),
        (" neglect", True),
        ("neglekt", True),
        ("physical-abuse", True),
        ("knife_crime", False),
        ("neighbour_dispute", False),
    ],
)
def test_a_local_code_is_a_slip_only_where_it_is_nearly_one_of_ours(category: str, *, slip: bool) -> None:
    frame = pl.DataFrame({"category": [category]})
    asked = checks.near_misses(TABLES["concerns"], frame)
    assert any(frame.select(check.bad).item() for check in asked) is slip
