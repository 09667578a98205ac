"""`earlywarn chronology`: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from rich.console import Console

from earlywarn.errors import Exit
from earlywarn.history.chronology import chronology
from earlywarn.history.view import View
from earlywarn.records.writing import write_tables
from earlywarn.reports.chronology_terminal import SHOWN_EVENTS, show_chronology
from tests.e2e import AS_OF, ROOT, earlywarn
from tests.spec.test_words import offending
from tests.unit.reports import made

if TYPE_CHECKING:
    from pathlib import Path

    from earlywarn.records.tables import Records

BUSY, CHILD = "c0142", "c0029"


@pytest.fixture(scope="module")
def folder(example: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("chronology") / "records"
    place.mkdir()
    write_tables(example.only([BUSY, CHILD]).frames, place)
    return place


def test_it_prints_who_recorded_what_and_who_was_told(folder: Path) -> None:
    ended = earlywarn("chronology", folder, "--child", CHILD, "--as-of", AS_OF)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Chronology of child c0029, as of 1 Nov 2026\n61 records held by 7 agencies:")
    assert "21 older records not shown here; --html, --xlsx and --json have all of them." in ended.out
    assert "children's social care 5 Feb 2024" not in ended.out, "that is one of the older ones"
    assert offending(ended.out) == []
    assert "No day was given" not in ended.out


def test_without_a_day_all_records_count_and_it_says_which_day_that_is(folder: Path, example: Records) -> None:
    frames = example.only([BUSY, CHILD]).frames
    newest = max(frames["contacts"]["known_at"].max(), frames["sharing"]["shared_at"].max())
    said = earlywarn("chronology", folder, "--child", CHILD, "--json").json()
    ended = earlywarn("chronology", folder, "--child", CHILD)
    assert said["as_of"] > f"{newest:%Y-%m-%d}"
    assert said["all_records"] is True
    assert "No day was given: this is the day after the newest thing in these records" in ended.out


def test_json_holds_all_of_it(folder: Path, example: Records) -> None:
    said = earlywarn(
        "chronology", folder, "--child", BUSY, "--as-of", AS_OF, "--viewer", "police+school", "--json"
    ).json()
    value = chronology(View(example, AS_OF, "police+school"), BUSY)
    assert said["viewer"] == "school+police"
    assert [e["record_id"] for e in said["events"]] == value.events["record_id"].to_list()
    assert all([k["agency"] for k in e["known"]] == list(value.organisations) for e in said["events"])
    assert len(said["concerns"]) == value.concerns.height


def test_it_writes_a_page_and_a_workbook_the_same_each_time(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        files = ("--html", tmp_path / f"{name}.html", "--xlsx", tmp_path / f"{name}.xlsx")
        ended = earlywarn("chronology", folder, "--child", CHILD, "--as-of", AS_OF, *files)
        assert ended.code == 0
        assert f"Written to {tmp_path / name}.html and {tmp_path / name}.xlsx." in ended.out
    for kind in ("html", "xlsx"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()
    assert "Child <bdi>c0029</bdi>: chronology" in (tmp_path / "one.html").read_text(encoding="utf-8")
    assert len(CalamineWorkbook.from_path(str(tmp_path / "one.xlsx")).get_sheet_by_name("Chronology").to_python()) == 62


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--child", "nobody"), "No child of these records has this id."),
        (("--child", CHILD, "--as-of", "yesterday"), "The as-of day is not a day."),
        (("--child", CHILD, "--as-of", ""), "The as-of day is not a day."),
        (("--child", CHILD, "--as-of", "2001-01-01"), "The view holds no record of this child."),
        (("--child", CHILD, "--viewer", "polise"), 'did you mean "police"?'),
        (("--child", CHILD, "--html", "x", "--xlsx", "x"), "Two outputs have one name."),
    ],
)
def test_a_wrong_word_is_refused_and_nothing_is_written(
    folder: Path, tmp_path: Path, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = earlywarn("chronology", folder, *words)
    assert ended.code == Exit.BAD_ARGUMENT
    assert said in ended.err
    assert ended.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("exists", ["html", "xlsx"])
def test_an_output_that_exists_stays_and_the_other_is_not_written(folder: Path, tmp_path: Path, exists: str) -> None:
    (tmp_path / f"c.{exists}").write_text("mine")
    files = ("--html", tmp_path / "c.html", "--xlsx", tmp_path / "c.xlsx")
    ended = earlywarn("chronology", folder, "--child", CHILD, "--as-of", AS_OF, *files)
    assert ended.code == Exit.OUTPUT
    assert (tmp_path / f"c.{exists}").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == [f"c.{exists}"]


def test_a_folder_that_is_none_is_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    assert earlywarn("chronology", tmp_path / "nothing", "--child", CHILD).code == Exit.SOURCE


def test_no_worker_is_named_anywhere(example: Records, tmp_path: Path) -> None:
    hidden = example.only([CHILD]).frames | {}
    worker = pl.when(pl.col("held_by").is_not_null()).then(pl.lit("HIDDEN-worker"))
    hidden["contacts"] = hidden["contacts"].with_columns(worker_id=worker, place_id=pl.lit("HIDDEN-place"))
    (tmp_path / "r").mkdir()
    write_tables(hidden, tmp_path / "r")
    files = ("--html", tmp_path / "c.html", "--xlsx", tmp_path / "c.xlsx")
    printed = earlywarn("chronology", tmp_path / "r", "--child", CHILD, *files)
    data = earlywarn("chronology", tmp_path / "r", "--child", CHILD, "--json")
    book = CalamineWorkbook.from_path(str(tmp_path / "c.xlsx"))
    cells = [str(c) for n in book.sheet_names for row in book.get_sheet_by_name(n).to_python() for c in row]
    assert printed.code == data.code == 0
    assert "HIDDEN" not in printed.out + data.out + (tmp_path / "c.html").read_text(encoding="utf-8") + " ".join(cells)


@pytest.mark.parametrize("width", [40, 80, 119, 120, 200])
def test_a_terminal_of_any_width_gets_the_same_records_whole(example: Records, width: int) -> None:
    out = Console(width=width, highlight=False, record=True, file=io.StringIO())
    show_chronology(out, chronology(View(example, AS_OF), BUSY))
    said = out.export_text()
    assert max(map(len, said.splitlines())) <= width
    days = re.findall(r"^(?:known )?\d{1,2} [A-Z][a-z]{2} 20\d\d\s", said, flags=re.MULTILINE)
    assert len(days) >= SHOWN_EVENTS or width < 80
    assert "219 older records not shown" in re.sub(r"\s+", " ", said)


def test_control_characters_and_markup_reach_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from earlywarn.reports.terminal import console

    value = chronology(View(made.records(("c1",)), made.AS_OF), "c1")
    show_chronology(console(), replace(value, child_id="[red]x\x1b[2J"))
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "[red]x�[2J" in said


def test_help_of_it_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom earlywarn.cli import run\nrun(['chronology', '--help'])\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "--viewer" in done.stdout
    assert not {"polars", "pandas", "matplotlib", "jinja2", "networkx"} & set(done.stderr.split())
