"""`Records`: whole, checked, accounted for, and safe to show."""

from __future__ import annotations

import dataclasses

import pandas as pd
import polars as pl
import pytest

from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Account, Records, as_rows, no_quarantine, total
from tests.changes import empty_records
from tests.unit.records.test_reading import concern, contact, fact, sharing


@pytest.fixture(scope="module")
def records() -> Records:
    return Records.from_frames(
        contacts=pl.DataFrame(
            [
                contact("r1", child_id="c1"),
                contact("r2", child_id="c2", held_by="gp", known_at="2026-05-06"),
                contact("r3", child_id="c2", kind="<script>"),
            ]
        ),
        concerns=pl.DataFrame([concern(child_id="c1"), concern(concern_id="n2", child_id="c2", record_id="r2")]),
        sharing=pl.DataFrame([sharing(), sharing(record_id="r2", shared_at="2026-06-01")]),
        facts=pl.DataFrame([fact(record_id="r2")]),
    )


def test_every_table_and_column_is_there(records: Records) -> None:
    assert {name: frame.schema for name, frame in records.frames.items()} == {
        name: table.schema for name, table in RECORD_TABLES.items()
    }


def test_a_table_comes_as_a_pandas_frame(records: Records) -> None:
    contacts = records["contacts"]
    assert isinstance(contacts, pd.DataFrame)
    assert contacts["record_id"].tolist() == ["r1", "r2"]
    assert str(contacts["known_at"].dtype) == "datetime64[us]"
    assert records["people"].empty


def test_records_cannot_be_changed(records: Records) -> None:
    with pytest.raises(TypeError):
        records.frames["contacts"] = pl.DataFrame()  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        records.quarantine = no_quarantine()  # type: ignore[misc]


def test_records_say_what_they_hold(records: Records) -> None:
    assert (records.children, records.refused, records.span()) == (2, 1, ("2026-03-02", "2026-05-06"))
    assert [(name, rows) for name, rows, _ in records.summary()] == [
        ("contacts", 2),
        ("concerns", 2),
        ("sharing", 2),
        ("facts", 1),
    ]
    said = repr(records)
    assert "2 children, held by 2 agencies" in said
    assert "1 row refused: see .quarantine" in said
    assert "<script>" not in records._repr_html_()


def test_records_of_some_children_hold_nothing_of_others(records: Records) -> None:
    found = records.only(["c2"])
    assert found.children == 1
    held = {name: frame["record_id"].to_list() for name, frame in found.frames.items() if "record_id" in frame}
    assert {name: ids for name, ids in held.items() if ids} == {
        name: ["r2"] for name in ("contacts", "concerns", "sharing", "facts")
    }
    assert records.only([]).children == 0


def test_records_of_nobody() -> None:
    nobody = empty_records()
    assert (nobody.children, nobody.refused, nobody.span(), nobody.summary()) == (0, 0, None, [])
    assert "0 children" in repr(nobody)
    assert "<table>" in nobody._repr_html_()


def test_an_account_that_does_not_add_up_is_a_bug_of_ours() -> None:
    with pytest.raises(AssertionError, match="not all accounted for"):
        Account("a.csv", "contacts", read=3, accepted=1, quarantined=1)


def test_accounts_are_summed_and_listed() -> None:
    account = (Account("a.csv", "contacts", 5, 2, 1, 2), Account("b.csv", "concerns", 1, 1, 0))
    assert total(account) == {"read": 6, "accepted": 3, "quarantined": 1, "collapsed": 2}
    assert as_rows(account)[1] == {
        "source": "b.csv",
        "table": "concerns",
        "read": 1,
        "accepted": 1,
        "quarantined": 0,
        "collapsed": 0,
    }
