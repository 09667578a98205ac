"""A user's mistake: the right exit code, what was found and how to mend it, nothing on standard output or the disk."""

from __future__ import annotations

import errno
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from earlywarn.scoring.card import StartingCard
from tests.e2e import AS_OF, Ended, earlywarn
from tests.unit.records.test_reading import CANARY, Row, concern, contact, fact, folder_of, text

FIXTURES = Path(__file__).parents[1] / "fixtures" / "cin"
FILES = {
    "scores.parquet",
    "flags.parquet",
    "flags.csv",
    "reasons.csv",
    "record_ids.csv",
    "flags.xlsx",
    "report.html",
    "run.json",
    "_SUCCESS",
}
BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<Message><Header/><Children>&b;</Children></Message>"
)


def contacts(rows: int = 4, **changes: str) -> str:
    """Good rows, the last of them changed."""
    good = [contact(f"r{n}", child_id=f"{CANARY}-{n}") for n in range(1, rows)]
    return text(*good, contact(f"r{rows}", child_id=f"{CANARY}-{rows}") | changes)


def model_text(**changes: Any) -> str:
    """The starting card as JSON, with its first term changed."""
    content = json.loads(StartingCard().to_json())
    content["terms"][0] |= changes
    return json.dumps(content)


INPUTS: dict[str, str | bytes] = {
    "good/contacts.csv": contacts(),
    "good/concerns.csv": text(concern(child_id=f"{CANARY}-1")),
    "one_refused/contacts.csv": contacts(kind="x"),
    "all_refused/contacts.csv": text(contact("r1", known_at="03/04/2026"), contact("r2", known_at="13/04/2026")),
    "no_rows/contacts.csv": ",".join(contact()) + "\n",
    "no_contacts/concerns.csv": text(concern()),
    "unknown_column/contacts.csv": text(contact(workerid=CANARY)),
    "unknown_table/contacts.csv": contacts(),
    "unknown_table/referals.csv": contacts(),
    "code_page/contacts.csv": text(contact(source="café")).encode("cp1252"),
    "not_parquet/contacts.parquet": contacts(),
    "year_nought/contacts.csv": contacts(known_at="0000-05-05"),
    "year_ten_thousand/contacts.csv": contacts(known_at="9999-12-31T23:59:00-01:00"),
    "files/broken.xml": (FIXTURES / "every_node.xml").read_bytes()[:-30],
    "files/laughs.xml": BILLION_LAUGHS,
    "files/other.xml": f"<Register><Child>{CANARY}</Child></Register>",
    "files/no_day.xml": "<Message><Header/><Children/></Message>",
    "files/census.xml": (FIXTURES / "every_node.xml").read_bytes(),
    "models/text.json": "hello",
    "models/list.json": "[]",
    "models/half.json": model_text()[:-40],
    "models/pickle.json": b"\x80\x04\x95cos\nsystem\n",
    "models/other_feature.json": model_text(feature="phase_of_the_moon"),
    "models/other_unit.json": model_text(unit="parsecs"),
    "models/nan.json": model_text(points=[0, float("nan")]),
    "taken/mine.txt": "mine",
    "taken.parquet": "mine",
    "taken.html": "mine",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = folder_of(tmp_path_factory.mktemp("inputs"), INPUTS)
    (made / "empty").mkdir()
    return made


def run(place: Path, out: Path, words: str) -> Ended:
    """Run a command; words that begin with @ name inputs, those that begin with > something new."""
    places = {"@": place, ">": out}
    return earlywarn(*(places[w[0]] / w[1:] if w[0] in places else w for w in words.split()))


def everything(*places: Path) -> set[Path]:
    return {found for place in places for found in place.rglob("*")}


SCORE = f"--as-of {AS_OF} --out >out"
DAYS = ("yesterday", "2026-02-30", "01/11/2026", "2026-11-01T00:00", "2026-11", "20261101", "2026-W44-7", "2026-1-11")

MISTAKES = [
    *((f"score @{folder} {SCORE}", 3, words) for folder, words in (
        ("nowhere", "not a folder"),
        ("good/contacts.csv", "not a folder"),
        ("empty", "holds no table"),
        ("no_contacts", '"contacts" is missing'),
        ("unknown_column", 'did you mean "worker_id"?'),
        ("unknown_table", "no table of the contract"),
        ("code_page", "CSV UTF-8"),
        ("not_parquet", "Parquet"),
        ("all_refused", "2 of 2 rows were refused"),
        ("one_refused", "1 of 4 rows were refused: more than 1.00%"),
        ("x" * 300, "not a folder"),
    )),
    *((f"{command} @{folder} {rest}", 3, words)
      for folder, words in (("empty", "holds no table"), ("no_contacts", "missing"), ("unknown_column", "worker_id"))
      for command, rest in (
          ("validate", ""),
          ("features", f"--as-of {AS_OF} --out >out.parquet"),
          ("explain", f"--child x --as-of {AS_OF}"),
      )),
    *((f"{command} --as-of {day}", 2, "YYYY-MM-DD")
      for day in DAYS
      for command in (
          "score @good --out >out", "features @good --out >out.parquet", f"explain @good --child {CANARY}-1"
      )),
    *((f"score @good {SCORE} {option}", 2, words) for option, words in (
        ("--viewers polcie", 'did you mean "police"?'),
        ("--viewers family", "no viewer"),
        ("--viewers ,", "viewer"),
        ("--viewers pooled,all", "viewer"),
        ("--capacity 0", "whole number from 1 up"),
        ("--capacity -3", "whole number from 1 up"),
        ("--capacity many", "--capacity"),
        ("--max-quarantine lots", "no share"),
        ("--max-quarantine 200%", "no share"),
        ("--max-quarantine -1%", "no share"),
        ("--speed 9", "--speed"),
    )),
    *((f"score @good {SCORE} --model @models/{model}", 5, words) for model, words in (
        ("nowhere.json", "cannot be read"),
        ("../models", "cannot be read"),
        ("text.json", "not a term table"),
        ("list.json", "not a term table"),
        ("half.json", "not a term table"),
        ("nan.json", "not a term table"),
        ("pickle.json", ""),
        ("other_feature.json", '"phase_of_the_moon"'),
        ("other_unit.json", "another unit"),
    )),
    (f"explain @good --child {CANARY}-1 --as-of {AS_OF} --model @models/text.json", 5, "not a term table"),
    (f"explain @good --child {CANARY}-1 --as-of {AS_OF} --model @models/other_feature.json", 5, "phase_of_the_moon"),
    (f"explain @good --child nobody --as-of {AS_OF}", 2, "No child"),
    (f"explain @good --child {CANARY}-1 --as-of 2026-03-02", 2, "before that day"),
    (f"score @good --as-of {AS_OF} --out @taken", 6, "exists"),
    (f"score @good --as-of {AS_OF} --out @taken.html", 6, "exists"),
    (f"score @good --as-of {AS_OF} --out @good", 6, "exists"),
    (f"score @good --as-of {AS_OF} --out @taken.html/under", 6, "written"),
    (f"score @good --as-of {AS_OF} --out >{'x' * 300}", 6, "written"),
    (f"features @good --as-of {AS_OF} --out @taken.parquet", 6, "exists"),
    (f"explain @good --child {CANARY}-1 --as-of {AS_OF} --html @taken.html", 6, "exists"),
    ("synth --children 3 --seed 1 --out @taken", 6, "exists"),
    ("read @files/census.xml --format cin --out @taken", 6, "exists"),
    ("demo --out @taken", 6, "exists"),
    ("read @good --format cin --out >out", 3, "No file of this format"),
    ("read @nowhere.xml --format cin --out >out", 3, "no file"),
    ("read @files/broken.xml --format cin --out >out", 3, "broken XML"),
    ("read @files/laughs.xml --format cin --out >out", 3, "DTD"),
    ("read @files/other.xml --format cin --out >out", 3, "not Message"),
    ("read @files/no_day.xml --format cin --out >out", 3, "ReferenceDate"),
    ("read @good/contacts.csv --format cin --out >out", 3, "broken XML"),
    ("read @files/census.xml --format cen --out >out", 2, "no format"),
    ("synth --children 0 --seed 1 --out >out", 2, "children"),
    ("synth --children 3 --seed -1 --out >out", 2, "seed"),
    ("synth --children three --seed 1 --out >out", 2, "--children"),
    ("features @good", 2, "missing"),
    ("scor @good", 2, "scor"),
    ("score", 2, ""),
    (f"score @good --as-of {AS_OF}", 2, "--out"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "said"), MISTAKES, ids=[words[:110] for words, *_ in MISTAKES])
def test_a_mistake_is_told_with_its_fix_and_leaves_nothing(
    place: Path, tmp_path: Path, words: str, code: int, said: str
) -> None:
    before = everything(place)
    ended = run(place, tmp_path, words)
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert ended.err.startswith("earlywarn: ")
    assert said in ended.err
    assert "Fix:" in ended.err
    assert "Expected:" in ended.err or "see earlywarn --help" in ended.err
    assert "Traceback" not in ended.err
    assert CANARY not in ended.err.replace(str(place), "")
    assert everything(place, tmp_path) == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (f"score @nowhere --as-of {AS_OF} --out @taken", 6),
        (f"score @all_refused --as-of {AS_OF} --out @taken", 6),
        (f"score @all_refused {SCORE} --model @models/text.json", 5),
        (f"score @empty {SCORE} --model @models/text.json", 5),
        (f"features @one_refused --as-of {AS_OF} --out @taken.parquet", 6),
        ("read @files/broken.xml --format cin --out @taken", 6),
    ],
)
def test_of_several_mistakes_the_highest_code_wins(place: Path, tmp_path: Path, words: str, code: int) -> None:
    ended = run(place, tmp_path, words)
    assert ended.code == code, ended.err
    assert ended.out == ""


# --- refused rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["one_refused", "all_refused", "year_nought", "year_ten_thousand"])
def test_validate_has_no_limit_and_says_why_by_rule_and_place(place: Path, tmp_path: Path, folder: str) -> None:
    ended = run(place, tmp_path, f"validate @{folder}")
    assert ended.code == 4, ended.err
    assert "refused; nothing is lost" in ended.err
    assert "Refused rows, by rule" in ended.out
    assert "Fix:" in ended.out
    assert f'contacts.csv, contacts, row {3 if folder == "all_refused" else 5}, column "' in ended.out
    assert CANARY not in ended.out + ended.err


def test_validate_gives_the_same_as_json_without_a_value(place: Path, tmp_path: Path) -> None:
    ended = run(place, tmp_path, "validate @one_refused --json")
    said = ended.json()
    assert ended.code == 4
    [account] = said["account"]
    assert (account["read"], account["accepted"], account["quarantined"], account["collapsed"]) == (4, 3, 1, 0)
    assert [(line["row"], line["column"], line["rule"]) for line in said["refused"]] == [("5", "kind", "EW-R05")]
    assert CANARY not in ended.out


@pytest.mark.parametrize("limit", ["25%", "0.25", "1"])
def test_fewer_refused_than_allowed_is_scored_with_code_4(place: Path, tmp_path: Path, limit: str) -> None:
    ended = earlywarn(
        "score", place / "one_refused", "--as-of", AS_OF, "--out", tmp_path / "out", "--max-quarantine", limit, "--json"
    )
    assert ended.code == 4
    assert ended.json()["as_of"] == AS_OF
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["rows"] == {
        "read": 4,
        "accepted": 3,
        "quarantined": 1,
        "collapsed": 0,
    }


def test_features_and_explain_end_with_code_4_where_rows_were_refused(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "f.parquet"
    assert earlywarn("features", place / "one_refused", "--as-of", AS_OF, "--out", out).code == 4
    assert set(pl.read_parquet(out)["child_id"]) == {f"{CANARY}-{n}" for n in (1, 2, 3)}
    assert earlywarn("explain", place / "one_refused", "--child", f"{CANARY}-1", "--as-of", AS_OF).code == 4
    assert earlywarn("explain", place / "one_refused", "--child", f"{CANARY}-4", "--as-of", AS_OF).code == 2


def test_nobody_at_all_is_scored_to_an_empty_list(place: Path, tmp_path: Path) -> None:
    ended = earlywarn("score", place / "no_rows", "--as-of", AS_OF, "--out", tmp_path / "out", "--json")
    assert (ended.code, ended.json()["flags"]) == (0, [])
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert pl.read_parquet(tmp_path / "out" / "flags.parquet").is_empty()


@pytest.mark.parametrize("day", ["0001-01-01", "1900-01-01", "9999-12-31"])
def test_a_day_far_away_is_a_day(place: Path, tmp_path: Path, day: str) -> None:
    assert earlywarn("score", place / "good", "--as-of", day, "--out", tmp_path / "out").code == 0


def test_read_keeps_every_refused_element_beside_its_reason(place: Path, tmp_path: Path) -> None:
    census = (place / "files" / "census.xml").read_text(encoding="utf-8")
    hostile = re.sub("<LAchildID>[^<]*<", f"<LAchildID>{CANARY}<", census).replace("2024-05-30", "30/05/2024")
    (tmp_path / "a..b.xml").write_text(hostile, encoding="utf-8")
    ended = earlywarn("read", tmp_path / "a..b.xml", "--format", "cin", "--out", tmp_path / "out")
    assert ended.code == 4
    assert CANARY not in ended.out + ended.err
    assert "30/05/2024" not in ended.out + ended.err
    kept = "".join(p.read_text(encoding="utf-8-sig") for p in (tmp_path / "out" / "quarantine").iterdir())
    assert "30/05/2024" in kept
    account = json.loads((tmp_path / "out" / "read.json").read_text(encoding="utf-8"))["account"]
    assert all(a["read"] == a["accepted"] + a["quarantined"] + a["collapsed"] for a in account)
    assert sum(a["quarantined"] for a in account) == int(ended.err.split()[0]) > 0


# --- bugs, full disks, interruptions -----------------------------------------------------------------------------


def raises(error: BaseException) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def test_a_bug_is_owned_and_quotes_nothing(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earlywarn.records.reading.read_records", raises(RuntimeError(CANARY)))
    ended = run(place, tmp_path, f"score @good {SCORE}")
    assert (ended.code, ended.out) == (1, "")
    assert "a bug in earlywarn: RuntimeError" in ended.err
    assert CANARY not in ended.err
    assert "Traceback" not in ended.err


def test_an_interruption_while_writing_leaves_nothing(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earlywarn.reports.run_folder.write_workbook", raises(KeyboardInterrupt()))
    ended = run(place, tmp_path, f"score @good {SCORE}")
    assert (ended.code, ended.out) == (130, "")
    assert "interrupted" in ended.err
    assert everything(tmp_path) == set()


@pytest.mark.parametrize(
    "words",
    [
        "synth --children 3 --seed 1 --out >out",
        f"score @good {SCORE}",
        "read @files/census.xml --format cin --out >out",
    ],
)
def test_a_full_disk_is_no_bug_of_ours_and_leaves_nothing(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setattr(pl.DataFrame, "write_parquet", raises(OSError(errno.ENOSPC, "no space left on device")))
    ended = run(place, tmp_path, words)
    assert ended.code == 6, ended.err
    assert "a bug in earlywarn" not in ended.err
    assert ended.out == ""
    assert everything(tmp_path) == set()


# --- hostile text ------------------------------------------------------------------------------------------------

FORMULAS = ("=1+1", "@x", "+44", "-5", "'q")
HOSTILE = (*FORMULAS, "[/bold][red]", "<script>alert(1)</script>", "back\\slash", "{{7*7}}", "%n{0}")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Children with hostile ids, each with a concern nobody closed; scored."""
    made = tmp_path_factory.mktemp("hostile")
    rows: list[tuple[Row, Row, Row]] = [
        (
            contact(f"{name}r", child_id=name, held_by="social_care"),
            concern(concern_id=f"n{number}", record_id=f"{name}r", child_id=name, severity="3"),
            fact(record_id=f"{name}r", key="team", value="\x1b[2J\x07north"),
        )
        for number, name in enumerate(HOSTILE)
    ]
    tables = zip(("contacts", "concerns", "facts"), zip(*rows, strict=True), strict=True)
    folder_of(made, {f"records/{table}.csv": text(*found) for table, found in tables})
    return made, earlywarn("score", made / "records", "--as-of", AS_OF, "--out", made / "out")


def test_hostile_ids_are_flagged_like_any_other(hostile: tuple[Path, Ended]) -> None:
    made, ended = hostile
    assert ended.code == 0, ended.err
    assert set(pl.read_parquet(made / "out" / "flags.parquet")["child_id"]) == set(HOSTILE)


def test_no_cell_of_a_csv_file_can_be_run_as_a_formula(hostile: tuple[Path, Ended]) -> None:
    made, _ = hostile
    for name, column, end in (("flags.csv", "child_id", ""), ("record_ids.csv", "record_id", "r")):
        path = made / "out" / name
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        cells = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
        assert set(cells[column]) == {"'" * (n in FORMULAS) + n + end for n in HOSTILE}
        texts = cells.drop(columns=["score", "rank"], errors="ignore")
        assert not texts.map(lambda cell: cell.startswith(("=", "+", "-", "@", "\t", "\r"))).to_numpy().any()


def test_no_cell_of_the_workbook_is_a_formula(hostile: tuple[Path, Ended]) -> None:
    made, _ = hostile
    path = made / "out" / "flags.xlsx"
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert sheets
    assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)
    book = CalamineWorkbook.from_path(str(path))
    cells = {cell for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row}
    assert set(HOSTILE) <= {str(cell).removeprefix("'") if cell not in HOSTILE else cell for cell in cells}


def test_no_id_is_run_as_markup(hostile: tuple[Path, Ended]) -> None:
    made, ended = hostile
    page = (made / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "{{7*7}}" in page
    shown = [line for line in ended.out.splitlines() if "Child " in line]
    assert shown
    assert all(any(f"Child {name} " in line for name in HOSTILE) for line in shown)


def test_no_text_of_a_record_drives_the_terminal(hostile: tuple[Path, Ended]) -> None:
    made, ended = hostile
    explained = earlywarn("explain", made / "records", "--child", "=1+1", "--as-of", AS_OF)
    assert explained.code == 0
    assert "north" in explained.out
    assert not set("\x1b\x07") & set(ended.out + explained.out)
