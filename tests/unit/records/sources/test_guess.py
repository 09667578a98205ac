"""A first draft of a mapping: it can be carried out as it stands, keeps names out, and says what it does not know."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from earlywarn.records.mapping.declared import parse
from earlywarn.records.sources import extract
from earlywarn.records.sources.guess import guess_mapping
from tests.e2e import earlywarn

if TYPE_CHECKING:
    from pathlib import Path

CALLS = """Incident Ref,Person ID,Incident Date,Date Recorded,Offence Category,Grade,Seen Alone,Officer,Officer Name,Date Closed
R1,N1,03/04/2025,04/04/2025,Neglect,2,Yes,77,Ann Zebedee,
R2,N2,13/04/2025,14/04/2025,Domestic abuse,1,No,78,Bob Zebedee,01/05/2025
R3,N2,05/06/2025,14/06/2025,Neglect,1,No,78,Bob Zebedee,
"""  # noqa: E501


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    path = tmp_path / "calls.csv"
    path.write_text(CALLS, encoding="utf-8")
    return path


def test_a_draft_reads_the_file_it_was_drafted_from(calls: Path, tmp_path: Path) -> None:
    draft = tmp_path / "calls.toml"
    draft.write_text(guess_mapping(calls), encoding="utf-8")
    found = extract(calls, "table", mapping=draft)
    contacts = found.frames["contacts"]
    assert found.quarantine.is_empty()
    assert contacts.filter(contacts["kind"] == "contact").height == 3
    assert [f"{d:%Y-%m-%d}" for d in contacts["known_at"].sort()] == [
        "2025-04-04",
        "2025-04-14",
        "2025-05-01",
        "2025-06-14",
    ]
    assert set(found.frames["concerns"]["category"]) == {"neglect", "domestic_abuse"}
    assert found.frames["concerns"]["closed_by"].drop_nulls().len() == 1


def test_a_draft_never_quotes_a_name_or_an_id(calls: Path) -> None:
    text = guess_mapping(calls)
    assert "Zebedee" not in text
    assert "N1" not in text
    assert "R1" not in text
    ignored = tomllib.loads(text)["tables"]["calls"]["ignored"]
    assert ignored == ["Officer Name"]


def test_days_that_could_be_read_two_ways_are_a_question(tmp_path: Path) -> None:
    path = tmp_path / "low.csv"
    path.write_text("child id,visit date\nA,03/04/2025\nB,05/06/2025\n", encoding="utf-8")
    text = guess_mapping(path)
    assert "cannot be told" in text
    parse(tomllib.loads(text), "low")


def test_a_file_without_a_child_s_id_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("colour,visit date\nred,2025-03-04\n", encoding="utf-8")
    assert "no column looks like the child's id" in guess_mapping(path)


def test_the_command_prints_it(calls: Path) -> None:
    ended = earlywarn("schema", "guess", calls)
    assert ended.code == 0
    tomllib.loads(ended.out)
    assert earlywarn("schema", "guess", calls.with_name("none.csv")).code == 3
