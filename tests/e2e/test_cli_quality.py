"""The page of data quality and the table of features by source, through the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from earlywarn.features.carried import TOGETHER, formats
from earlywarn.features.catalogue import CORE
from earlywarn.records.writing import write_tables
from tests.e2e import earlywarn
from tests.spec.test_words import offending

if TYPE_CHECKING:
    from pathlib import Path

    from earlywarn.records.tables import Records

CANARY = "Quarrington-Pell-0093"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, example: Records) -> Path:
    """The example, with a child, a worker and a number that would be known again; some rows are refused."""
    place = tmp_path_factory.mktemp("quality") / "records"
    contacts, identifiers = example.frames["contacts"], example.frames["identifiers"]
    first = pl.int_range(pl.len()) < 3
    frames = {
        **example.frames,
        "contacts": contacts.with_columns(
            worker_id=pl.lit(CANARY), outcome=pl.when(first).then(pl.lit(CANARY)).otherwise("outcome")
        ),
        "identifiers": identifiers.with_columns(
            scheme=pl.lit("nhs_number"), value=pl.when(first).then(pl.lit(CANARY)).otherwise("value")
        ),
    }
    write_tables(frames, place)
    said = {"source": "sent.csv", "table": "visits", "read": 9, "accepted": 7, "quarantined": 1, "collapsed": 1}
    (place / "read.json").write_text(json.dumps({"format": "table", "account": [said], "notes": ["left out: nothing"]}))
    return place


def test_validate_shows_one_page_and_why_rows_were_refused(folder: Path) -> None:
    ended = earlywarn("validate", folder)
    assert ended.code == 4
    for words in (
        "Records of 239 children, held by 14 agencies, known 2023-11-03",
        "Rows of the sources, when they were read",
        "sent.csv",
        "% of records that say",
        "a shared mailbox, or a team?",
        "Identity conflicts to look into",
        "left out: nothing",
        "Refused rows, by rule",
        "EW-R05",
    ):
        assert words in ended.out, words
    assert CANARY not in ended.out + ended.err
    assert offending(ended.out) == []


def test_validate_as_data_keeps_its_account_and_adds_the_quality(folder: Path) -> None:
    ended = earlywarn("validate", folder, "--json")
    said = ended.json()
    assert {"account", "refused", "quality", "features"} <= set(said)
    assert [r["rule"] for r in said["refused"]].count("EW-R05") == 3
    assert sum(line["refused"] for line in said["quality"]["feeds"]) >= 3
    assert {r["topic"] for r in said["quality"]["remarks"]} >= {"past", "ids", "children", "reading"}
    assert said["quality"]["before"]["account"][0]["accepted"] == 7
    assert {line["feature"] for line in said["features"]} == {f.name for f in CORE}
    assert CANARY not in ended.out


def test_the_needs_of_features_by_format() -> None:
    ended = earlywarn("features", "--needs")
    assert (ended.code, ended.err) == (0, "")
    assert all(f.name in ended.out for f in CORE)
    assert "A  cin" in ended.out
    said = earlywarn("features", "--needs", "--json").json()
    assert {line["source"] for line in said} == {*formats(), "table"}
    cin = {line["feature"]: line["answer"] for line in said if line["source"] == "cin"}
    assert (cin["rereferral_12m"], cin["days_since_seen"]) == ("yes", "no")


def test_the_needs_of_features_by_source(folder: Path) -> None:
    ended = earlywarn("features", "--needs", folder)
    assert ended.code == 4, "some rows of this folder are refused"
    assert TOGETHER in ended.out
    said = earlywarn("features", "--needs", folder, "--json").json()
    assert {"synthetic police feed", TOGETHER} <= {line["source"] for line in said}
    assert CANARY not in ended.out
    assert earlywarn("features", "--needs", folder / "nowhere").code == 3


def test_a_folder_with_a_list_of_conflicts_beside_its_tables_is_read(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "records"
    write_tables({"contacts": pl.read_parquet(folder / "contacts.parquet")}, place)
    (place / "identity_conflicts.csv").write_text("kind,scheme,child_id,other,source,source_row,fix\n")
    assert earlywarn("validate", place).code == 4
