"""One run: what share of refused rows is too many, and which viewer the flags come from."""

from __future__ import annotations

import datetime as dt

import pytest

from earlywarn.batch import refuse_too_many, score_records, share
from earlywarn.datasets import make_cohort
from earlywarn.errors import ArgumentError, Exit, SourceError
from earlywarn.records.tables import Account, Records
from tests.changes import empty_records
from tests.unit.records.test_reading import at

AS_OF = "2026-11-01"


@pytest.fixture(scope="module")
def records() -> Records:
    return make_cohort(30, seed=3).records


@pytest.mark.parametrize(
    ("text", "value"),
    [("1%", 0.01), ("0.01", 0.01), ("0", 0), ("100%", 1), ("1", 1), ("12.5%", 0.125), ("1e-3", 0.001)],
)
def test_a_share_is_read_either_way(text: str, value: float) -> None:
    assert share(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "%", "x", "-1%", "101%", "1.01", "nan", "inf", "nan%", "1%%", "1 in 100", "0,5"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        share(text)
    assert "100%" in refused.value.expected


def accounted(*rows: tuple[int, int]) -> Records:
    """Records of nobody, with an account of so many rows read and refused a table."""
    account = (Account("a.csv", "contacts", read, read - refused, refused) for read, refused in rows)
    return Records(empty_records().frames, tuple(account))


@pytest.mark.parametrize(
    ("rows", "allowed", "stops"),
    [
        ([(100, 1)], 0.01, False),
        ([(100, 2)], 0.01, True),
        ([(50, 2), (150, 0)], 0.01, False),
        ([(1, 1)], 1.0, False),
        ([(1, 1)], 0.0, True),
        ([(0, 0)], 0.0, False),
        ([], 0.0, False),
    ],
)
def test_a_run_stops_only_at_more_than_the_share_of_all_rows(
    rows: list[tuple[int, int]], allowed: float, *, stops: bool
) -> None:
    found = accounted(*rows)
    if not stops:
        refuse_too_many(found, allowed)
        return
    with pytest.raises(SourceError, match="rows were refused") as refused:
        refuse_too_many(found, allowed)
    assert refused.value.exit_code is Exit.SOURCE


@pytest.mark.parametrize(
    ("viewers", "flags_from"),
    [
        ("pooled", "pooled"),
        (["police", "pooled"], "pooled"),
        ("all", "pooled"),
        (["school", "police"], "school"),
        ("gp", "gp"),
    ],
    ids=str,
)
def test_flags_come_from_pooled_or_else_from_the_first_viewer_named(
    records: Records, viewers: str | list[str], flags_from: str
) -> None:
    run = score_records(records, AS_OF, viewers=viewers, capacity=3)
    assert run.flags.viewer == flags_from
    assert {flag.viewer for flag in run.flags} <= {flags_from}
    assert set(run.scores["viewer"]) == set(run.viewers)
    assert (run.as_of, run.purpose, dict(run.inputs)) == (dt.date(2026, 11, 1), "not stated", {})


def test_a_viewer_named_twice_is_one_viewer(records: Records) -> None:
    once, twice = (score_records(records, AS_OF, viewers=v, capacity=3) for v in (["police"], ["police", "police"]))
    assert twice.scores.equals(once.scores)


@pytest.mark.parametrize("viewers", ["pooled", "all", "police"])
def test_records_of_nobody_raise_no_flag(viewers: str) -> None:
    run = score_records(empty_records(), AS_OF, viewers=viewers, capacity=3)
    assert (len(run.flags), run.scores.height, run.flags.households, run.flags.candidates) == (0, 0, 0, 0)
    assert "score" in run.scores.columns


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity": 0},
        {"capacity": -1},
        {"viewers": "polcie"},
        {"viewers": []},
        {"viewers": "family"},
        {"as_of": "2026-11-31"},
        {"as_of": at(2026, 11, 1, 9)},
    ],
    ids=str,
)
def test_an_argument_that_cannot_be_meant_is_refused(records: Records, wrong: dict[str, object]) -> None:
    with pytest.raises(ArgumentError) as refused:
        score_records(records, **{"as_of": AS_OF, "capacity": 3} | wrong)  # type: ignore[arg-type]
    assert refused.value.expected
    assert refused.value.fix
