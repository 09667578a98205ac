"""What is written is read back: every table, every type of cell and every character, as CSV and as Parquet."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earlywarn.records import codes
from earlywarn.records.reading import read_records
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import total
from earlywarn.records.writing import FORMS, write_tables
from tests.strategies import Row, Tables, a_household, tables, to_frames, valid_days, without_twins

if TYPE_CHECKING:
    import polars as pl

AWKWARD = (
    '"',
    '""',
    'she said "no", then left',
    ",",
    ";",
    "\n",
    "\r",
    "\r\n",
    "one\ntwo\r\nthree\rfour",
    "=1+1",
    "+44",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "'",
    " ",
    " a ",
    "\u00a0",
    "\ufeff",
    "\u200b",
    "\u202e",
    "\U0001f469\u200d\U0001f467",
    "e\u0301",
    "é",
    "NA",
    "null",
    "None",
    "nan",
    "true",
    "00123",
    "1E5",
    "2024-01-01",
    "\\",
    "\\n",
    "#",
    "Total",
    "{{7*7}}",
    "\x1b[2J",
    "\x85",
    "\u2028",
)
"""Texts that a careless writer or reader changes."""

texts = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=8),
)
"""Any text but the empty one, which means missing, and NUL, which CSV cannot carry."""

numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def whole_tables(draw: st.DrawFn) -> Tables:
    """Draw valid tables as `tables` does, the three that it leaves empty too, with awkward texts and fine times."""
    drawn = draw(tables(max_children=2, max_records=6))
    contacts = drawn["contacts"]
    for row in contacts:
        row |= {"source": draw(texts), "source_row": draw(texts)}
    for row in drawn["sharing"]:
        row |= {"basis": draw(st.none() | texts), "told_family": draw(st.none() | st.booleans())}
    for row in drawn["concerns"]:
        row["code"] = draw(st.none() | texts)
    drawn["sharing"] = without_twins(drawn["sharing"])
    drawn["facts"] = without_twins(draw(st.lists(a_fact(contacts), max_size=4)))
    drawn["links"] = draw(st.lists(a_link(), max_size=3, unique_by=lambda row: row["same_as"]))
    drawn["identifiers"] = without_twins(draw(st.lists(an_identifier(), max_size=3)))
    drawn["households"] = without_twins(draw(st.lists(a_household(contacts), max_size=2)))
    return drawn


@st.composite
def a_fact(draw: st.DrawFn, records: list[Row]) -> Row:
    record = draw(st.sampled_from(records))
    return {
        "record_id": record["record_id"],
        "key": draw(st.sampled_from(sorted(codes.FACTS))),
        "value": draw(texts),
    }


@st.composite
def a_link(draw: st.DrawFn) -> Row:
    day = st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2199, 12, 31, 23, 59, 59, 999999))
    return {
        "child_id": "c1",
        "same_as": draw(st.sampled_from(("c2", "c3", "00123", "1E5", "NA", "é"))),
        "known_at": draw(day),
        "method": draw(texts),
        "weight": draw(st.none() | numbers),
        "probability": draw(st.none() | st.floats(0, 1)),
        "subject": draw(st.sampled_from((None, *codes.LINK_SUBJECTS))),
    }


@st.composite
def an_identifier(draw: st.DrawFn) -> Row:
    return {
        "child_id": draw(st.sampled_from(("c1", "c2"))),
        "scheme": draw(st.sampled_from(sorted(codes.SCHEMES))),
        "value": draw(st.sampled_from(("00123", "1E5", "NA", "a,b", 'a"b', "=1+1", "a b", "9007199254740993"))),
        **draw(valid_days()),
    }


def there_and_back(frames: dict[str, pl.DataFrame], form: str) -> Any:
    with tempfile.TemporaryDirectory() as place:
        write_tables(frames, Path(place), form=form)
        return read_records(place)


@pytest.mark.parametrize("form", FORMS)
@given(drawn=whole_tables())
@example(drawn={name: [] for name in RECORD_TABLES})
@settings(deadline=None)
def test_every_table_is_read_back_as_it_was_written(form: str, drawn: Tables) -> None:
    frames = to_frames(drawn)
    found = there_and_back(frames, form)
    assert found.quarantine.select("table", "column", "rule").rows() == []
    assert total(found.account)["collapsed"] == 0
    for name, frame in frames.items():
        assert found.frames[name].equals(frame), name
        assert found.frames[name].schema == frame.schema


def test_the_draws_fill_every_table_and_every_type_of_column() -> None:
    """What is never drawn is never read back."""
    filled: set[tuple[str, str]] = set()

    @settings(max_examples=150, derandomize=True, database=None, deadline=None)
    @given(whole_tables())
    def look(drawn: Tables) -> None:
        for name, rows in drawn.items():
            filled.update((name, column) for row in rows for column, cell in row.items() if cell is not None)

    look()
    assert {name for name, _ in filled} == set(RECORD_TABLES)
    types = {(name, c.type) for name, table in RECORD_TABLES.items() for c in table.columns if (name, c.name) in filled}
    assert types == {(name, c.type) for name, table in RECORD_TABLES.items() for c in table.columns}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", AWKWARD, ids=ascii)
def test_awkward_text_is_kept_to_the_last_character(form: str, text: str, example_row: Row) -> None:
    facts = [
        {"record_id": "r1", "key": "team", "value": text},
        {"record_id": "r1", "key": "team", "value": f"{text}{text}"},
    ]
    found = there_and_back(to_frames({"contacts": [example_row], "facts": facts}), form)
    assert found.refused == 0
    assert found.frames["facts"]["value"].to_list() == [text, text * 2]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weight", [1e-300, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, -1e-7, 2.0**60, 1e21, 1 / 3])
def test_a_number_is_kept_to_the_last_digit(form: str, weight: float, example_row: Row) -> None:
    link = {"child_id": "c1", "same_as": "c2", "known_at": dt.datetime(2026, 1, 1), "method": "x", "weight": weight}
    found = there_and_back(to_frames({"contacts": [example_row], "links": [link]}), form)
    assert found.frames["links"]["weight"].to_list() == [weight]


@pytest.mark.parametrize("form", FORMS)
def test_the_empty_text_and_the_missing_one_are_one(form: str, example_row: Row) -> None:
    """Blank means missing in the contract: what has no letter says nothing, in either form."""
    frames = to_frames({"contacts": [example_row | {"org_id": ""}, example_row | {"record_id": "r2", "org_id": None}]})
    assert there_and_back(frames, form).frames["contacts"]["org_id"].to_list() == [None, None]


@pytest.fixture
def example_row() -> Row:
    """One record that keeps every rule."""
    return {
        **dict.fromkeys(RECORD_TABLES["contacts"].schema),
        "record_id": "r1",
        "child_id": "c1",
        "agency": "police",
        "held_by": "police",
        "kind": "incident",
        "about": "child",
        "occurred_precision": "day",
        "recorded_basis": "source",
        "known_at": dt.datetime(2026, 3, 2, 10),
        "source": "feed",
        "source_row": "1",
    }
