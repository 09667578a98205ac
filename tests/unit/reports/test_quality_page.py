"""The page of data quality: one page, 80 columns, plain words, grey, and nobody named."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl
import pytest
from rich.console import Console

from earlywarn.features.needs import needs_table
from earlywarn.records.quality import Before, quality
from earlywarn.records.tables import Account, Records
from earlywarn.reports.quality_page import show_needs, show_quality
from tests.changes import empty_records
from tests.spec.test_words import offending
from tests.unit.records.test_quality import ENTRY, contact, contacts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def shown(show: Callable[[Console], None], width: int = 80) -> str:
    out = io.StringIO()
    show(Console(file=out, width=width, highlight=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def page(records: Records, width: int = 80, folder: Path | None = None) -> str:
    return shown(lambda out: show_quality(out, quality(records, folder), needs_table(records)), width)


def grid(records: Records | None, width: int = 80) -> str:
    return shown(lambda out: show_needs(out, needs_table(records)), width)


@pytest.fixture(scope="module")
def eight(example: Records) -> Records:
    """The example's eight fullest sources."""
    held = example.frames["contacts"]
    keep = held.group_by("source").len().sort("len", descending=True)["source"].head(8)
    kept = held.filter(pl.col("source").is_in(keep.implode()))
    return Records({**example.frames, "contacts": kept})


@pytest.mark.parametrize("width", [80, 200])
def test_the_page_fits(eight: Records, width: int) -> None:
    text = page(eight, width)
    assert max(map(len, text.splitlines())) <= width
    assert len(text.splitlines()) <= 60
    assert "Records of 238 children, held by 8 agencies, known 2023-11-02 to 2026-11-13" in text.splitlines()[0]
    assert max(map(len, grid(eight, width).splitlines())) <= width


def test_the_page_says_how_full_how_late_and_what_to_know(eight: Records) -> None:
    text = page(eight)
    for words in ("% of records that say", "To know before counting", "child seen, or not", "known when, from"):
        assert words in text
    assert "29 of its 106" in text
    assert "Every core feature can be told from some of these records." in text


def test_all_and_none_are_said_of_all_and_none_alone() -> None:
    rows = [contact(f"r{n}", outcome="advice" if n else "", planned="" if n else "true", mode="") for n in range(300)]
    text = page(Records.from_frames(contacts=contacts(*rows)))
    by_label = {line[:22].strip(): line[22:].strip() for line in text.splitlines() if line[22:].strip()}
    assert by_label["what came of it"] == "99"
    assert by_label["planned, or not"] == "1"
    assert by_label["the worker"] == "-"
    assert by_label["written by the source"] == "all"


def test_what_cannot_be_told_is_said_in_words_and_not_by_names(eight: Records) -> None:
    nobody = eight.frames["contacts"].with_columns(
        child_seen=pl.lit(None, pl.Boolean), worker_id=pl.lit(None, pl.String)
    )
    text = " ".join(page(Records({**eight.frames, "contacts": nobody})).split())
    assert "Cannot be told from these records" in text
    assert (
        "No record says whether the child was seen: when the child was last seen; whether the child was seen at" in text
    )
    assert "No record names a worker: whether the allocated worker changed" in text
    assert "worker_churn" not in text


def test_the_account_of_the_sources_is_summed_by_file(eight: Records) -> None:
    account = (Account(**ENTRY), Account(**(ENTRY | {"table": "CINdetails"})))
    found = quality(eight)
    both = type(found)(**{**vars(found), "before": Before(account, ("a note",))})
    text = shown(lambda out: show_quality(out, both, needs_table(eight)))
    assert ["census.xml", "2", "kinds", "6", "2", "2", "2"] in [line.split() for line in text.splitlines()]
    assert "a note" in text
    assert "contacts.parquet" not in text
    assert "This folder: 0 rows in 0 tables; none refused, none twice." in text


def test_a_name_from_a_file_can_drive_no_terminal() -> None:
    records = Records.from_frames(contacts=contacts(contact(source="a[red]b\x1b[2Jc")))
    for text in (page(records), grid(records)):
        assert "\x1b" not in text
        assert "a[red]b�[2Jc" in text


def test_more_sources_than_there_is_room_for_are_counted(example: Records) -> None:
    text = grid(example, 80)
    assert "N  all together" in text
    assert "and 1 more source, for which there is no room here: see --json" in text
    assert "more source" not in grid(example, 120)


def test_no_records_make_a_short_page() -> None:
    assert page(empty_records()).splitlines()[0] == "Records of 0 children, held by 0 agencies"


def test_the_grid_says_why_not(eight: Records) -> None:
    lines = grid(eight).splitlines()
    cells = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("rere", "days", "largest"))}
    number = cells["rereferral_12m"][1]
    assert cells["rereferral_12m"] == ["yes", *[number] * 7, "yes"]
    assert f"{number:>2}  there are no referrals to social care" in lines
    assert cells["largest_single_view"][0].startswith("+")
    assert cells["days_since_seen"][-1] == "yes"
    assert "*" in grid(None)


def test_the_words_are_those_we_use(eight: Records) -> None:
    assert offending(page(eight)) == []
    assert offending(grid(eight)) == []
