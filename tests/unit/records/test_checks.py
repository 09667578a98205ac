"""One cell at a time: what counts as a time, a day, true, a number; and how findings are put together."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from earlywarn.records import checks
from earlywarn.records.schema import TABLES, Column, Table
from tests.unit.records.test_reading import at

NULLABLE = {
    kind: Table("probe", "one cell", (Column("cell", kind, "a cell", nullable=True),))
    for kind in ("timestamp", "day", "bool", "integer", "number", "text")
}


def converted(kind: Any, cell: object, zone: str = "Europe/London") -> tuple[object, list[str]]:
    """What one cell becomes, and the rules it breaks."""
    typed, asked = checks.convert(NULLABLE[kind], pl.DataFrame({"cell": [cell], checks.ROW: [1]}), zone)
    return typed["cell"][0], checks.findings(typed, asked)["rule"].to_list()


@pytest.mark.parametrize(
    ("cell", "local"),
    [
        ("2024-07-01", at(2024, 7, 1)),
        ("2024-07-01T10:30", at(2024, 7, 1, 10, 30)),
        ("2024-07-01 10:30:05", at(2024, 7, 1, 10, 30, 5)),
        ("2024-07-01T10:30:05.5", at(2024, 7, 1, 10, 30, 5, 500000)),
        ("2024-07-01T10:30:05.000001", at(2024, 7, 1, 10, 30, 5, 1)),
        ("2024-02-29T23:59:59.999999", at(2024, 2, 29, 23, 59, 59, 999999)),
        ("2024-07-01T10:30:00Z", at(2024, 7, 1, 11, 30)),
        ("2024-01-01T10:30Z", at(2024, 1, 1, 10, 30)),
        ("2024-07-01T10:30:00.25Z", at(2024, 7, 1, 11, 30, 0, 250000)),
        ("2024-07-01T10:30:00+01:00", at(2024, 7, 1, 10, 30)),
        ("2024-01-01T00:30:00+0100", at(2023, 12, 31, 23, 30)),
        ("2024-07-01T23:30:00-05:30", at(2024, 7, 2, 6)),
        ("2024-10-27T00:30:00Z", at(2024, 10, 27, 1, 30)),
        ("2024-10-27T01:30:00Z", at(2024, 10, 27, 1, 30)),
        ("2024-03-31T00:59:59Z", at(2024, 3, 31, 0, 59, 59)),
        ("2024-03-31T01:00:00Z", at(2024, 3, 31, 2)),
        ("2024-03-31T01:30:00", at(2024, 3, 31, 1, 30)),
    ],
)
def test_a_time_is_iso_and_local(cell: str, local: dt.datetime) -> None:
    assert converted("timestamp", cell) == (local, [])


def test_the_zone_may_be_another() -> None:
    assert converted("timestamp", "2024-07-01T10:30:00Z", "UTC") == (at(2024, 7, 1, 10, 30), [])


NO_DAY = (
    "03/04/2024",
    "13/04/2024",
    "3.4.2024",
    "2024-4-3",
    "24-04-03",
    "20240403",
    "3 April 2024",
    "2023-02-29",
    "2024-04-31",
    "2024-13-01",
    "2024-00-10",
    "0000-01-01",
    "45000",
    "1700000000",
    " 2024-04-03",
    "2024-04-03 ",
    "12024-04-03",
    "٢٠٢٤-٠٤-٠٣",
    "today",
    "NaT",
    "null",
)


@pytest.mark.parametrize("cell", NO_DAY)
@pytest.mark.parametrize("kind", ["timestamp", "day"])
def test_what_is_no_iso_day_is_neither_a_day_nor_a_time(kind: str, cell: str) -> None:
    assert converted(kind, cell) == (None, ["EW-R02"])


@pytest.mark.parametrize(
    "cell",
    [
        "2024-04-03T24:00:00",
        "2024-04-03T10:60:00",
        "2016-12-31T23:59:60",
        "2024-04-03T10",
        "2024-04-03T10:30:05.1234567",
        "2024-04-03T10:30:05,5",
        "2024-04-03T10:30 pm",
        "2024-04-03TT10:30",
        "2024-04-03T10:30:00+25:00",
        "2024-04-03T10:30:00+01",
        "2024-04-03T10:30:00 Europe/London",
        "2024-04-03Z",
        "2023-02-29T10:00:00Z",
        "9999-12-31T23:30:00-01:00",
    ],
)
def test_what_is_no_iso_time_is_refused_not_repaired(cell: str) -> None:
    assert converted("timestamp", cell) == (None, ["EW-R02"])


@pytest.mark.parametrize("cell", ["2024-04-03T00:00:00", "2024-04-03T10:00"])
def test_a_day_has_no_time(cell: str) -> None:
    assert converted("day", cell) == (None, ["EW-R02"])


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("bool", "true", True),
        ("bool", "FALSE", False),
        ("bool", "True", True),
        ("integer", "007", 7),
        ("integer", "-3", -3),
        ("integer", 2.0, 2),
        ("integer", 2, 2),
        ("number", "-3.25", -3.25),
        ("number", "4", 4.0),
        ("number", 4, 4.0),
        ("text", "NA", "NA"),
        ("text", " ", " "),
        *((kind, "", None) for kind in NULLABLE),
        *((kind, None, None) for kind in NULLABLE),
    ],
)
def test_plain_cells_are_typed_and_blank_ones_are_missing(kind: str, cell: object, value: object) -> None:
    assert converted(kind, cell) == (value, [])


@pytest.mark.parametrize(
    ("kind", "cell", "rule"),
    [
        *(("bool", cell, "EW-R03") for cell in ("Y", "no", "1", "0", "t", "unknown", " ", "true ")),
        *(("integer", cell, "EW-R04") for cell in ("1.5", "1.0", "1e3", "+1", "1,000", "٢", "9" * 19, "NaN", "")[:-1]),
        *(("integer", cell, "EW-R04") for cell in (1.5, float("inf"), float("nan"), 1e300)),
        *(("number", cell, "EW-R04") for cell in ("1,5", "£3", "5%", "inf", "NaN", "1e3", ".5", "٢")),
        *(("number", cell, "EW-R04") for cell in (float("inf"), float("nan"))),
    ],
)
def test_what_is_not_plain_is_refused(kind: str, cell: object, rule: str) -> None:
    assert converted(kind, cell) == (None, [rule])


@pytest.mark.parametrize(
    ("cell", "day"), [(dt.date(2020, 1, 1), dt.date(2020, 1, 1)), (at(2020, 1, 1), dt.date(2020, 1, 1))]
)
def test_a_typed_day_may_come_as_its_midnight(cell: object, day: dt.date) -> None:
    assert converted("day", cell) == (day, [])


def test_a_table_without_rows_breaks_no_rule() -> None:
    for table in TABLES.values():
        typed, asked = checks.convert(table, table.empty().with_columns(pl.lit(None, pl.UInt32).alias(checks.ROW)))
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
