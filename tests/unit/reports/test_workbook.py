"""The workbook, read back by another reader: text stays text, and the same list gives the same bytes."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from python_calamine import CalamineWorkbook

from earlywarn.datasets import load_example
from earlywarn.reports.workbook import FLAGS, LONGEST, plain, write_workbook
from earlywarn.review.flags import raise_flags
from tests.unit.reports import made

if TYPE_CHECKING:
    from pathlib import Path

    from earlywarn.review.flag import Flags


def read(flags: Flags, folder: Path) -> dict[str, list[list[object]]]:
    path = folder / "flags.xlsx"
    write_workbook(flags, path)
    book = CalamineWorkbook.from_path(str(path))
    return {name: [list(r) for r in book.get_sheet_by_name(name).to_python()] for name in book.sheet_names}


def test_cells_come_back_as_they_were(tmp_path: Path) -> None:
    flags = made.flags()
    sheets = read(flags, tmp_path)
    assert list(sheets) == ["Flags", "Reasons", "Records", "About"]
    head, *rows = sheets["Flags"]
    assert head == list(FLAGS)
    assert [r[2] for r in rows] == [f.child_id for f in flags]
    assert [(r[1], r[11]) for r in rows] == [(f.rank, f.score) for f in flags]
    assert all(r[12:] == [""] * 4 for r in rows), "the machine fills in no decision"
    assert [r[3] for r in sheets["Reasons"][1:]] == [r.sentence for f in flags for r in f.reasons]
    assert [r[2] for r in sheets["Records"][1:]] == [i for f in flags for r in f.reasons for i in r.record_ids]
    assert [r[4:] for r in sheets["Reasons"][1:4]] == [[4.0, 3.0, 3.0], ["", 1.0, 2.0], [2.0, -1.0, 1.0]]


def test_no_cell_is_a_formula_or_a_link(tmp_path: Path) -> None:
    write_workbook(
        made.flags(("=1+1", "http://example.org/=1", "+1", "-1", "@SUM(1)", "007", "last")), tmp_path / "f.xlsx"
    )
    with zipfile.ZipFile(tmp_path / "f.xlsx") as parts:
        sheets = [parts.read(n).decode() for n in parts.namelist() if n.startswith("xl/worksheets/sheet")]
        shared = parts.read("xl/sharedStrings.xml").decode()
        links = [n for n in parts.namelist() if "rels" in n and "sheet" in n]
    assert not links
    for sheet in sheets:
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
        assert set(re.findall(r'<c [^>]*t="(\w+)"', sheet)) == {"s"}, "every text cell points to a shared string"
    assert ">=1+1<" in shared
    assert ">007<" in shared


def test_the_same_list_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_workbook(made.flags(), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with zipfile.ZipFile(tmp_path / "one") as parts:
        assert "2026-11-01T00:00:00Z" in parts.read("docProps/core.xml").decode()


@pytest.mark.parametrize("text", ["a\x00b", "a\x1fb", "a\x7fb", "a\ud800b", "a\uffffb"])
def test_what_a_cell_cannot_hold_is_shown(text: str, tmp_path: Path) -> None:
    assert plain(text) == "a�b"
    flags = made.flags((text,), flags=(made.flag(text),))
    assert read(flags, tmp_path)["Flags"][1][2] == "a�b"


def test_a_text_too_long_for_a_cell_is_cut_and_says_so(tmp_path: Path) -> None:
    rows = read(made.flags(flags=(made.flag("x" * 40_000),), below=()), tmp_path)["Flags"]
    assert str(rows[1][2]).startswith("x" * LONGEST + " … (cut here")


def test_about_says_who_is_not_listed_and_what_columns_mean(tmp_path: Path) -> None:
    about = {str(r[0]): r[-1] for r in read(made.flags(), tmp_path)["About"]}
    assert about["Caution"] == made.CAUTION
    assert about["died"] == 2
    assert about["18 or over"] == 0
    assert about["a reason <b>of its own</b>"] == 1
    assert "before that day began" in str(about["As of"])
    assert set(FLAGS) <= set(about)


@pytest.mark.parametrize("capacity", [1, 20])
def test_the_example_is_written(capacity: int, tmp_path: Path) -> None:
    flags = raise_flags(load_example(), "2026-11-01", capacity=capacity)
    sheets = read(flags, tmp_path)
    assert len(sheets["Flags"]) == len(flags) + 1
    assert len(sheets["Reasons"]) == sum(len(f.reasons) for f in flags) + 1


def test_an_empty_list_has_its_headers(tmp_path: Path) -> None:
    sheets = read(made.flags(flags=(), below=()), tmp_path)
    assert sheets["Flags"] == [list(FLAGS)]
    assert len(sheets["About"]) > 20
