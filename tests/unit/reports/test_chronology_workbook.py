"""The workbook of a chronology, read back by another reader: text stays text, the same value gives the same bytes."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from python_calamine import CalamineWorkbook

from earlywarn.history.chronology import Chronology, chronology
from earlywarn.history.view import View
from earlywarn.records.codes import AGENCIES
from earlywarn.reports.chronology_workbook import CONCERNS, EVENTS, write_chronology_workbook
from tests.changes import shuffled
from tests.spec.test_words import offending
from tests.unit.history.test_chronology import of, record, told
from tests.unit.reports import made

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2026-11-01"


def read(value: Chronology, folder: Path) -> dict[str, list[list[object]]]:
    path = folder / "c.xlsx"
    write_chronology_workbook(value, path)
    book = CalamineWorkbook.from_path(str(path))
    return {name: [list(r) for r in book.get_sheet_by_name(name).to_python()] for name in book.sheet_names}


def test_a_row_a_record_and_a_column_an_agency(example, tmp_path):
    value = chronology(View(example, DAY), "c0142")
    sheets = read(value, tmp_path)
    assert list(sheets) == ["Chronology", "Concerns", "About"]
    head, *rows = sheets["Chronology"]
    assert head == [*EVENTS, *(AGENCIES[a].label for a in value.organisations), "record_id"]
    assert [r[-1] for r in rows] == value.events["record_id"].to_list()
    assert [r[0] for r in rows] == [f"{at:%Y-%m-%d}" for at in value.events["at"]]
    assert [r[9] for r in rows][1:] == value.events["gap_days"].to_list()[1:]
    assert len(sheets["Concerns"]) == value.concerns.height + 1
    assert sheets["Concerns"][0] == list(CONCERNS)


def test_a_cell_says_who_held_it_who_was_told_and_who_not(tmp_path):
    contacts = [record("a", "gp"), record("b", "police", 1)]
    value = of(*contacts, sharing=[told("a", "police", 9), told("b", "school", 1)])
    head, first, second = read(value, tmp_path)["Chronology"]
    columns = dict(zip(head, zip(first, second, strict=True), strict=True))
    assert columns["GP"] == ("holds it", "not in its records")
    assert columns["police"] == ("told 2026-03-10 (+9 days)", "holds it")
    assert columns["school"] == ("", "told 2026-03-02 (+0 days)")


@pytest.mark.parametrize("child", made.HOSTILE)
def test_no_cell_is_a_formula_or_a_link(child, tmp_path):
    path = tmp_path / "f.xlsx"
    write_chronology_workbook(chronology(View(made.records(), made.AS_OF), child), path, note="=2+2")
    with zipfile.ZipFile(path) as parts:
        sheets = [parts.read(n).decode() for n in parts.namelist() if n.startswith("xl/worksheets/sheet")]
        shared = parts.read("xl/sharedStrings.xml").decode()
        links = [n for n in parts.namelist() if "rels" in n and "sheet" in n]
    assert not links
    assert ">=2+2<" in shared
    for sheet in sheets:
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
        assert set(re.findall(r'<c [^>]*t="(\w+)"', sheet)) == {"s"}, "every text cell points to a shared string"
        assert "<pane " in sheet, "the header stays in sight"
        assert "<autoFilter " in sheet


def test_the_same_chronology_gives_the_same_bytes_whatever_the_order_of_rows(example, tmp_path):
    for name, records in (("one", example), ("two", example), ("three", shuffled(example, 9))):
        write_chronology_workbook(chronology(View(records, DAY), "c0029"), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == (tmp_path / "three").read_bytes()


def test_no_worker_and_no_place_is_in_it_and_its_words_are_those_of_the_house(example, tmp_path):
    workers = set(example.frames["contacts"]["worker_id"].drop_nulls())
    places = set(example.frames["contacts"]["place_id"].drop_nulls())
    texts = {
        str(c) for rows in read(chronology(View(example, DAY), "c0142"), tmp_path).values() for r in rows for c in r
    }
    assert workers
    assert places
    assert not [t for t in texts for name in workers | places if re.search(rf"\b{re.escape(name)}\b", t)]
    assert offending(" ".join(texts)) == []


def test_about_says_the_day_the_viewer_and_what_columns_mean(tmp_path):
    about = [(r[0], str(r[1])) for r in read(of(record("r", "gp"), viewer="gp"), tmp_path)["About"]]
    said = dict(about)
    assert said["As of"] == "1 Nov 2026: everything here was known before that day began"
    assert said["Viewer"] == "gp"
    assert {f"Chronology: {c}" for c in EVENTS} | {f"Concerns: {c}" for c in CONCERNS} <= set(said)
    assert any("Not in its records is not the same as not knowing" in words for _, words in about)
