"""One cell at a time: what counts as a time, a day, true, a number; and nothing else does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from earlywarn.records import checks
from earlywarn.records.converting import convert
from earlywarn.records.schema import Column, Table
from tests.unit.records.test_reading import at

NULLABLE = {
    kind: Table("probe", "one cell", (Column("cell", kind, "a cell", nullable=True),))
    for kind in ("timestamp", "day", "bool", "integer", "number", "text")
}


def converted(kind: Any, cell: object, zone: str = "Europe/London") -> tuple[object, list[str]]:
    """What one cell becomes, and the rules it breaks."""
    typed, asked = convert(NULLABLE[kind], pl.DataFrame({"cell": [cell], checks.ROW: [1]}), zone)
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


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (
            ["2024-07-01T10:30:00", "2024-07-01", "01/07/2024", "", None, "2024-07-01T10:30:00Z", "2024-07-01T10:30"],
            [at(2024, 7, 1, 10, 30), at(2024, 7, 1), None, None, None, at(2024, 7, 1, 11, 30), at(2024, 7, 1, 10, 30)],
        ),
        (["2024-07-01T10:30:00", "2024-07-01T10:30:60"], [at(2024, 7, 1, 10, 30), None]),
        (["9999-12-31T23:30:00-01:00", "0001-01-01T00:00:00"], [None, at(1, 1, 1)]),
    ],
)
def test_the_many_written_as_usual_and_the_few_written_otherwise_are_read_alike(
    cells: list[str | None], values: list[object]
) -> None:
    frame = pl.DataFrame({"cell": cells, checks.ROW: range(len(cells))}, schema_overrides={checks.ROW: pl.UInt32})
    typed, asked = convert(NULLABLE["timestamp"], frame)
    assert typed["cell"].to_list() == values
    broken = [n for n, (cell, value) in enumerate(zip(cells, values, strict=True)) if cell and value is None]
    assert checks.findings(typed, asked).rows() == [(n, "cell", "EW-R02") for n in broken]


def test_a_column_that_is_not_there_is_missing_and_the_order_is_the_schemas() -> None:
    table = Table("probe", "two cells", (*NULLABLE["text"].columns, Column("when", "day", "a day", nullable=True)))
    typed, asked = convert(table, pl.DataFrame({"cell": ["", "x"], checks.ROW: [1, 2]}))
    assert typed.columns == [checks.ROW, "cell", "when"]
    assert typed.rows() == [(1, None, None), (2, "x", None)]
    assert typed.schema["when"] == pl.Date()
    assert asked == []


TENS = [f"2024-10-27T0{h}:{m}0:00" for h in (0, 1, 2) for m in range(6)]


def test_times_of_the_nights_on_which_the_clocks_change_are_kept_as_written_and_in_order() -> None:
    """01:30 comes twice on one night and not at all on another: a local time says no more than what was written."""
    frame = pl.DataFrame({"cell": [*TENS, "2024-03-31T01:30:00"], checks.ROW: range(len(TENS) + 1)})
    typed, asked = convert(NULLABLE["timestamp"], frame)
    assert typed["cell"].dt.strftime("%Y-%m-%dT%H:%M:%S").to_list() == [*TENS, "2024-03-31T01:30:00"]
    assert asked == []
