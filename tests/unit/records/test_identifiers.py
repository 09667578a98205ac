"""A child is found by the library's id, or by an agency's identifier that only one child has."""

from __future__ import annotations

import polars as pl
import pytest

from earlywarn.errors import ArgumentError, Exit
from earlywarn.records.identifiers import find_child
from earlywarn.records.tables import Records
from tests.changes import empty_records
from tests.unit.records.test_reading import child, contact, identifier


@pytest.fixture(scope="module")
def records() -> Records:
    return Records.from_frames(
        contacts=pl.DataFrame([contact("r1", child_id="c1"), contact("r2", child_id="A7")]),
        children=pl.DataFrame([child(child_id="c1"), child(child_id="unborn")]),
        identifiers=pl.DataFrame(
            [
                identifier(child_id="c1", value="00123"),
                identifier(child_id="c1", scheme="nhs_number", value="00123"),
                identifier(child_id="c1", value="A7"),
                identifier(child_id="c1", value="twice"),
                identifier(child_id="A7", value="twice"),
            ]
        ),
    )


@pytest.mark.parametrize(
    ("name", "found"), [("c1", "c1"), ("unborn", "unborn"), ("00123", "c1"), ("A7", "A7")], ids=str
)
def test_an_id_comes_before_an_identifier_of_another_child(records: Records, name: str, found: str) -> None:
    assert find_child(records, name) == found


@pytest.mark.parametrize(
    ("name", "words"),
    [("123", "No child"), ("C1", "No child"), ("c1 ", "No child"), ("", "No child"), ("twice", "More than one child")],
)
def test_anything_else_is_refused_without_saying_it_back(records: Records, name: str, words: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        find_child(records, name)
    assert refused.value.found.startswith(words)
    assert refused.value.exit_code is Exit.BAD_ARGUMENT
    assert "twice" not in refused.value.message
    assert refused.value.fix


def test_nobody_is_found_among_nobody() -> None:
    with pytest.raises(ArgumentError):
        find_child(empty_records(), "c1")
