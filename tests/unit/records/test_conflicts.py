"""Identity conflicts: listed with the children and where to look, never with an identifier or a day."""

from __future__ import annotations

import datetime as dt
import os
import stat
from typing import TYPE_CHECKING

import polars as pl
import pytest

from earlywarn.records.conflicts import (
    CONFLICTS_SCHEMA,
    DEATH_FIRST,
    MANY,
    MANY_CHILDREN,
    ONE_VALUE,
    TWO_BIRTHS,
    TWO_VALUES,
    identity_conflicts,
    write_conflicts,
)
from earlywarn.records.schema import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from earlywarn.records.tables import Records

NUMBER = "943-476 5919"


def rows(table: str, *given: dict[str, object]) -> pl.DataFrame:
    schema = TABLES[table].schema
    return pl.DataFrame([{n: row.get(n) for n in schema} for row in given], schema=schema)


def identifier(child: str, value: str = NUMBER, scheme: str = "nhs_number", **more: object) -> dict[str, object]:
    return {"child_id": child, "scheme": scheme, "value": value, **more}


def contact(child: str, source: str, row: str) -> dict[str, object]:
    return {"child_id": child, "record_id": f"{child}{source}{row}", "source": source, "source_row": row}


def conflicts(*identifiers: dict[str, object], **tables: pl.DataFrame) -> pl.DataFrame:
    return identity_conflicts({"identifiers": rows("identifiers", *identifiers), **tables})


def told(found: pl.DataFrame, *columns: str) -> list[tuple[str, ...]]:
    return found.select(columns or ("kind", "scheme", "child_id", "other")).rows()


def test_no_conflict_no_line() -> None:
    found = conflicts(identifier("a"), identifier("a"), identifier("b", "1"), identifier("c", NUMBER, "upn"))
    assert found.is_empty()
    assert found.schema == CONFLICTS_SCHEMA
    assert identity_conflicts({}).is_empty()


def test_one_value_on_two_children_names_both_and_where_to_look() -> None:
    held = rows("contacts", contact("b", "gp", "4"), contact("a", "gp", "7"), contact("a", "school", "2"))
    found = conflicts(identifier("b"), identifier("a", NUMBER.replace("-", "")), contacts=held)
    assert told(found) == [(ONE_VALUE, "nhs_number", "a", "b")]
    assert told(found, "source", "source_row") == [("gp; school | gp", "7; 2 | 4")]


def test_three_children_are_two_lines_and_very_many_a_placeholder() -> None:
    assert told(conflicts(*map(identifier, "abc"))) == [
        (ONE_VALUE, "nhs_number", "a", "b"),
        (ONE_VALUE, "nhs_number", "a", "c"),
    ]
    assert conflicts(*(identifier(f"k{n}") for n in range(MANY)))["kind"].unique().to_list() == [MANY_CHILDREN]
    assert conflicts(*(identifier(f"k{n}") for n in range(MANY - 1)))["kind"].unique().to_list() == [ONE_VALUE]


def test_a_former_pupil_number_is_the_same_numbering_as_a_present_one() -> None:
    found = conflicts(identifier("a", "X1", "upn"), identifier("b", "x1", "former_upn"))
    assert told(found) == [(ONE_VALUE, "former_upn, upn", "a", "b")]
    assert conflicts(identifier("a", "X1", "upn"), identifier("b", "X1", "nhs_number")).is_empty()


@pytest.mark.parametrize("scheme", ["la_child_id", "mis_child_id", "legacy_id", "record_number", "fhir_id"])
def test_equal_numbers_of_two_agencies_are_no_conflict_and_of_one_source_are(scheme: str) -> None:
    pair = identifier("301-7", "7", scheme), identifier("302-7", "7", scheme)
    apart = rows("contacts", contact("301-7", "east", "1"), contact("302-7", "west", "1"))
    together = rows("contacts", contact("301-7", "east", "1"), contact("302-7", "east", "9"))
    assert conflicts(*pair, contacts=apart).is_empty()
    assert told(conflicts(*pair, contacts=together)) == [(ONE_VALUE, scheme, "301-7", "302-7")]


def test_two_children_who_are_linked_are_said_to_be() -> None:
    links = rows("links", {"child_id": "b", "same_as": "a", "known_at": dt.datetime(2026, 1, 1), "method": "m"})
    fixes = [conflicts(*map(identifier, "ab"), **t)["fix"][0] for t in ({}, {"links": links})]
    assert fixes[0].startswith("look at both")
    assert fixes[1].startswith("the two are in links already")


@pytest.mark.parametrize("scheme", ["nhs_number", "upn", "common_child_id", "la_child_id"])
def test_two_values_of_what_a_child_has_once(scheme: str) -> None:
    found = conflicts(identifier("a", "1", scheme), identifier("a", "2", scheme))
    assert told(found) == [(TWO_VALUES, scheme, "a", "")]
    ended = identifier("a", "2", scheme, valid_to=dt.date(2025, 9, 1))
    assert conflicts(identifier("a", "1", scheme), ended).is_empty()
    assert conflicts(identifier("a", "4 5", scheme), identifier("a", "45", scheme)).is_empty()


def test_two_former_numbers_are_no_conflict() -> None:
    assert conflicts(identifier("a", "1", "former_upn"), identifier("a", "2", "former_upn")).is_empty()


def test_two_birth_days_name_every_row_and_no_day() -> None:
    born = dt.date(2019, 3, 4)
    births = pl.DataFrame(
        {
            "child_id": ["a", "a", "a", "b", "b", "c"],
            "birth_on": [born, dt.date(2019, 4, 3), born, born, born, None],
            "source": ["one", "two", "three", "one", "two", "one"],
            "source_row": ["5", "6", "7", "8", "9", "10"],
        }
    )
    found = identity_conflicts({"births": births})
    assert told(found, "kind", "child_id", "source", "source_row") == [(TWO_BIRTHS, "a", "one; three; two", "5; 7; 6")]
    assert "2019" not in found.write_csv()


def test_death_before_birth() -> None:
    days = (dt.date(2020, 1, 2), dt.date(2020, 1, 1))
    children = rows(
        "children",
        {"child_id": "a", "birth_on": days[0], "death_on": days[1]},
        {"child_id": "b", "birth_on": days[0], "death_on": days[0]},
        {"child_id": "c", "death_on": days[1]},
    )
    assert told(conflicts(children=children), "kind", "child_id") == [(DEATH_FIRST, "a")]


def test_no_identifier_is_told_and_the_file_is_private(tmp_path: Path) -> None:
    held = rows("contacts", contact("=a", "gp", "7"), contact("b", "gp", "4"))
    found = conflicts(identifier("=a"), identifier("b"), identifier("b", NUMBER + "1"), contacts=held)
    path = tmp_path / "identity_conflicts.csv"
    write_conflicts(found, path)
    text = path.read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == ",".join(CONFLICTS_SCHEMA)
    assert len(text.splitlines()) == 3
    assert "'=a" in text, "a spreadsheet must not run it"
    assert not any(part in text for part in (NUMBER, "9434765919", "943"))
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_order_of_rows_does_not_matter_and_the_example_has_no_conflict(example: Records) -> None:
    assert identity_conflicts(example.frames).is_empty()
    given = [
        *map(identifier, "abc"),
        identifier("a", "1"),
        identifier("d", "1", "upn"),
        identifier("e", "1", "former_upn"),
    ]
    assert conflicts(*given).equals(conflicts(*reversed(given)))
