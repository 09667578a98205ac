"""`earlywarn read` from outside: every format, what it prints and leaves with, and what lies on the disk."""

from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from earlywarn.records.sources.formats import FORMATS
from tests import annex_a_workbook, ssd_extract
from tests.e2e import Ended, earlywarn, hashes

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "Zebedee-Quill-4417"
EVENTS = f"""event_id,child_id,kind,happened_at,recorded_at,concern,severity,outcome,narrative
I1,C1,incident,2025-04-03T21:40:00,2025-04-04T08:00:00,domestic abuse,2,,{CANARY} was upstairs
I2,C1,visit,2025-05-03,2025-05-04,neglect,9,,
I3,C2,visit,2025-05-05,2025-05-05,,,advice,
I3,C2,visit,2025-05-05,2025-05-05,,,advice,
I4,C2,visit,2025-13-05,2025-05-05,,,,{CANARY}
"""
CHILDREN = f"""child_id,birth_on,forename,surname,postcode,nhs_number
C1,2015-01-02,{CANARY},Quill,AA1 1AA,9434765919
C2,2016-01-02,Ada,{CANARY},AA1 1AA,9434765919
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A police log: of five events one is a copy, two are refused."""
    folder = tmp_path / "log"
    folder.mkdir()
    (folder / "events.csv").write_text(EVENTS, encoding="utf-8")
    (folder / "children.csv").write_text(CHILDREN, encoding="utf-8")
    return folder


POLICE = ("--format", "table", "--mapping", "police", "--extract-date", "2025-06-01")


def read(*words: object, out: Path) -> tuple[Ended, Any]:
    """Read with ``--json``; hold the account to what it must always be."""
    ended = earlywarn("read", *words, "--out", out, "--json")
    assert ended.code in {0, 4}, ended.err
    told = ended.json()
    for entry in told["account"]:
        assert entry["read"] == entry["accepted"] + entry["quarantined"] + entry["collapsed"]
    assert sum(e["quarantined"] for e in told["account"]) == len(told["refused"])
    assert (ended.code == 4) == bool(told["refused"])
    assert told["out"] == str(out)
    return ended, told


def table(out: Path, name: str = "contacts") -> pl.DataFrame:
    return pl.read_parquet(out / f"{name}.parquet")


def everything(folder: Path) -> bytes:
    """All bytes that were written, Parquet unpacked."""
    texts = [pl.read_parquet(p).write_csv().encode() for p in folder.rglob("*.parquet")]
    return b"".join([*texts, *(p.read_bytes() for p in folder.rglob("*") if p.is_file())])


def private(path: Path) -> bool:
    return sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600


# --- every format -------------------------------------------------------------------------------------------------


def test_the_standard_dataset_is_read_validated_and_scored(tmp_path: Path) -> None:
    source = ssd_extract.write(tmp_path / "ssd")
    words = ("--format", "ssd", "--extract-date", ssd_extract.EXTRACT_DAY, "--authority", ssd_extract.AUTHORITY)
    ended, told = read(source, *words, out=tmp_path / "records")
    assert ended.code == 4, "it holds rows that must be refused"
    not_carried = {"ssd_professionals.csv", "ssd_department.csv", "ssd_voice_of_child.csv"}
    assert {e["source"] for e in told["account"]} == {f"{name}.csv" for name in ssd_extract.TABLES} - not_carried
    assert {note for note in told["notes"] if note.endswith("is not carried")} == {
        f"{f} is not carried" for f in not_carried
    }
    assert set(table(tmp_path / "records")["child_id"].str.slice(0, 4)) == {"999-"}
    assert earlywarn("validate", tmp_path / "records").code == 0
    scored = earlywarn("score", tmp_path / "records", "--as-of", "2026-04-01", "--out", tmp_path / "scores", "--json")
    assert scored.code == 0, scored.err
    assert (tmp_path / "scores" / "_SUCCESS").exists()
    written = everything(tmp_path / "records")
    outside = [p for p in (tmp_path / "records").iterdir() if p.name != "quarantine"]
    assert written
    for name in ssd_extract.NAMES:
        assert not [p for p in outside if p.suffix == ".parquet" and name in pl.read_parquet(p).write_csv()], name
        assert name not in ended.out + ended.err


def test_annex_a_is_read_and_validated(tmp_path: Path) -> None:
    book = annex_a_workbook.workbook(tmp_path / "annex_a.xlsx")
    ended, told = read(book, "--format", "annex_a", "--extract-date", "2026-03-31", out=tmp_path / "records")
    assert told["account"]
    assert annex_a_workbook.WORKER not in everything(tmp_path / "records").decode("utf-8", "replace") + ended.out
    assert earlywarn("validate", tmp_path / "records").code == 0


SAMPLES = {
    "annex_a": ("annex_a/Annex_A.xlsx", ("--format", "annex_a")),
    "ssda903": ("ssda903", ("--format", "ssda903")),
    "school_census": ("school_census", ("--format", "school_census")),
    "cin_2021": ("cin_census/CIN_Census_2021.xml", ("--format", "cin")),
    "cin_2024": ("cin_census/CIN_Census_2024.xml", ("--format", "cin")),
    "cin_2022": ("cin_census/cin-2022.xml", ("--format", "cin")),
    "cin_fake": ("cin_census/fake_CIN_data.xml", ("--format", "cin")),
    "fhir": ("fhir_r4", ("--format", "fhir")),
    "dfe_api": ("dfe_csc_api/payload_sample.json", ("--format", "dfe_api")),
    "family_context_csc": ("family_context/csc.csv", ("--format", "table", "--mapping", "family_context_csc")),
    "family_context_education": (
        "family_context/education.csv",
        ("--format", "table", "--mapping", "family_context_education"),
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_read_accounted_for_and_keeps_the_contract(samples: Path, tmp_path: Path, name: str) -> None:
    place, words = SAMPLES[name]
    if not (samples / place).exists():
        pytest.skip("this sample is not here")
    day = () if name.startswith(("cin", "ssda", "annex")) else ("--extract-date", "2026-10-31")
    before = hashes(samples)
    ended, told = read(samples / place, *words, *day, out=tmp_path / "records")
    assert sum(e["accepted"] for e in told["account"]) > 0
    assert told["notes"], "every format leaves something out, and says so"
    assert "Traceback" not in ended.err
    checked = earlywarn("validate", tmp_path / "records", "--json")
    assert checked.code == 0, checked.out[:500] + checked.err
    rows = {e["table"]: e["accepted"] for e in checked.json()["account"]}
    assert rows["contacts"] == table(tmp_path / "records").height
    assert hashes(samples) == before, "sources are never written to"


def test_the_standard_dataset_s_specification_is_no_extract_of_it(samples: Path, tmp_path: Path) -> None:
    """The sample holds lists of codes and columns, and no records."""
    ended = earlywarn("read", samples / "ssd", "--format", "ssd", "--out", tmp_path / "records")
    assert ended.code == 3
    assert "EW-F21" in ended.err
    assert not (tmp_path / "records").exists()


def test_what_was_read_can_be_scored(samples: Path, tmp_path: Path) -> None:
    read(samples / "ssda903", "--format", "ssda903", out=tmp_path / "records")
    scored = earlywarn("score", tmp_path / "records", "--as-of", "2022-04-01", "--out", tmp_path / "scores", "--json")
    assert scored.code in {0, 4}, scored.err
    assert pl.read_parquet(tmp_path / "scores" / "scores.parquet").height


# --- several sources ----------------------------------------------------------------------------------------------


def test_files_and_folders_at_once_in_any_order_and_twice_are_one_reading(log: Path, tmp_path: Path) -> None:
    _, plain = read(log, *POLICE, out=tmp_path / "plain")
    _, apart = read(log / "children.csv", log / "events.csv", *POLICE, out=tmp_path / "apart")
    _, twice = read(log, log / "events.csv", log, *POLICE, out=tmp_path / "twice")
    tables = [
        {n: h for n, h in hashes(tmp_path / o).items() if n.endswith("parquet")} for o in ("plain", "apart", "twice")
    ]
    assert tables[0] == tables[1] == tables[2]
    assert plain["account"] == apart["account"] == twice["account"]


def test_a_copy_of_a_file_in_another_folder_adds_nothing(log: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    (again / "events.csv").write_bytes((log / "events.csv").read_bytes())
    read(log, *POLICE, out=tmp_path / "plain")
    read(log, again, *POLICE, out=tmp_path / "both")
    assert (
        table(tmp_path / "plain")
        .drop("source", "source_row")
        .equals(table(tmp_path / "both").drop("source", "source_row"))
    )


def test_one_day_for_each_of_several_deliveries(log: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    later.mkdir()
    (later / "events.csv").write_text(EVENTS.replace(",advice,", ",assessment,"), encoding="utf-8")
    words = ("--format", "table", "--mapping", "police")
    days = ("--extract-date", "log=2025-06-01", "--extract-date", "later=2025-07-01")
    read(log, later, *words, *days, out=tmp_path / "records")
    newer = table(tmp_path / "records").filter(pl.col("outcome") == "assessment")
    assert [f"{known:%Y-%m-%d}" for known in newer["known_at"]] == ["2025-07-01"]


def test_without_a_day_the_newest_is_taken_and_said(log: Path, tmp_path: Path) -> None:
    _, told = read(log, "--format", "table", "--mapping", "police", out=tmp_path / "records")
    assert any("2025-05-05" in note and "taken for the day of the extract" in note for note in told["notes"])
    _, late = read(
        log, "--format", "table", "--mapping", "police", "--extract-date", "2025-05-03", out=tmp_path / "late"
    )
    assert {line["rule"] for line in late["refused"]} >= {"EW-R17"}


def test_an_authority_stands_before_its_own_children_s_ids(samples: Path, tmp_path: Path) -> None:
    read(samples / "ssda903", "--format", "ssda903", "--authority", "301", out=tmp_path / "records")
    assert set(table(tmp_path / "records")["child_id"].str.slice(0, 4)) == {"301-"}


def test_a_mapping_of_one_s_own_by_its_path(log: Path, tmp_path: Path) -> None:
    own = tmp_path / "ours.toml"
    own.write_text('extends = "police"\nsource.name = "ours"\n', encoding="utf-8")
    read(log, "--format", "table", "--mapping", own, "--extract-date", "2025-06-01", out=tmp_path / "records")
    assert table(tmp_path / "records")["record_id"].str.starts_with("ours-").all()


# --- what is written ----------------------------------------------------------------------------------------------


def test_tables_the_account_and_what_was_refused_lie_in_the_folder(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "records"
    ended, told = read(log, *POLICE, out=out)
    assert ended.code == 4
    assert {(line["file"], line["row"], line["column"], line["rule"]) for line in told["refused"]} == {
        ("events.csv", "3", "severity", "EW-R06"),
        ("events.csv", "6", "happened_at", "EW-R02"),
    }
    names = set(hashes(out))
    assert names == {
        "contacts.parquet", "concerns.parquet", "children.parquet", "identifiers.parquet", "identity_conflicts.csv",
        "quarantine/events.csv", "read.json",
    }  # fmt: skip
    assert private(out / "quarantine" / "events.csv")
    assert private(out / "identity_conflicts.csv")
    kept = json.loads((out / "read.json").read_text(encoding="utf-8"))
    assert kept == {name: told[name] for name in ("format", "account", "notes")}
    assert told["identity_conflicts"] == 1, "one number on two children"


def test_nothing_of_a_record_is_printed_and_no_name_leaves_the_quarantine(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "records"
    plain = earlywarn("read", log, *POLICE, "--out", out)
    assert plain.code == 4
    for text in (CANARY, "2025-13-05", "9434765919", "AA1 1AA", "C1,", "upstairs"):
        assert text not in plain.out + plain.err
    assert "Traceback" not in plain.err
    assert CANARY.encode() not in everything(out), "a narrative is left behind at the door, in quarantine too"
    assert not (out / "linkage").exists()


def test_names_are_kept_for_linking_alone_in_a_file_of_their_own(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "records"
    ended, _ = read(log, *POLICE, "--for-linkage", out=out)
    kept = out / "linkage" / "identities.parquet"
    assert set(pl.read_parquet(kept)["forename"]) == {CANARY, "Ada"}
    assert private(kept)
    assert CANARY not in ended.out + ended.err
    kept.unlink()
    assert CANARY.encode() not in everything(out)
    assert earlywarn("validate", out).code == 0


def test_tables_may_be_written_as_csv(log: Path, tmp_path: Path) -> None:
    read(log, *POLICE, out=tmp_path / "parquet")
    read(log, *POLICE, "--form", "csv", out=tmp_path / "csv")
    assert not list((tmp_path / "csv").glob("*.parquet"))
    assert (tmp_path / "csv" / "contacts.csv").is_file()
    checked = [earlywarn("validate", tmp_path / form, "--json").json()["account"] for form in ("parquet", "csv")]
    counts = [{e["table"]: (e["accepted"], e["quarantined"]) for e in account} for account in checked]
    assert counts[0] == counts[1]
    assert not any(refused for _, refused in counts[0].values())


def test_a_refused_row_that_was_mended_gives_the_record_that_was_missing(log: Path, tmp_path: Path) -> None:
    first, mended = tmp_path / "first", tmp_path / "mended"
    read(log, *POLICE, out=first)
    refused = first / "quarantine" / "events.csv"
    text = refused.read_text(encoding="utf-8-sig")
    assert text.count("2025-13-05") == 1
    refused.write_text(text.replace("2025-13-05", "2025-05-03"), encoding="utf-8-sig")
    _, told = read(log, refused, *POLICE, out=mended)
    before, after = table(first), table(mended)
    new = after.filter(~pl.col("record_id").is_in(before["record_id"].implode()))
    assert new.select("child_id", "kind", pl.col("occurred_at").dt.strftime("%Y-%m-%d")).rows() == [
        ("police-C2", "visit", "2025-05-03")
    ]
    assert after.height == before.height + 1
    assert set(before["record_id"]) <= set(after["record_id"])
    assert earlywarn("validate", mended).code == 0
    assert any("mended row" in note for note in told["notes"])


def test_what_is_not_mended_is_refused_again_and_nothing_is_doubled(log: Path, tmp_path: Path) -> None:
    read(log, *POLICE, out=tmp_path / "first")
    _, told = read(log, tmp_path / "first" / "quarantine" / "events.csv", *POLICE, out=tmp_path / "again")
    assert table(tmp_path / "again").height == table(tmp_path / "first").height
    assert len(told["refused"]) == 4


def test_the_same_files_give_the_same_bytes(log: Path, tmp_path: Path) -> None:
    read(log, *POLICE, out=tmp_path / "one")
    read(log, *POLICE, out=tmp_path / "two")
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


# --- clocks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*(n for n, f in FORMATS.items() if f.mapping or n == "cin"), ""])
def test_every_format_says_which_date_made_each_thing_known(name: str) -> None:
    words = ("--format", name) if name else ()
    told = earlywarn("read", *words, "--explain-clocks", "--json")
    assert told.code == 0, told.err
    rules = told.json()
    assert rules
    assert all(rule["known_from"] and rule["basis"] and rule["because"] for rule in rules)
    shown = earlywarn("read", *words, "--explain-clocks")
    assert shown.code == 0
    assert rules[0]["record"].split("_")[0] in shown.out


def test_a_mapping_of_one_s_own_says_its_clocks_too(tmp_path: Path) -> None:
    own = tmp_path / "ours.toml"
    own.write_text('extends = "police"\nsource.name = "ours"\n', encoding="utf-8")
    for mapping, name in (("police", "police"), (own, "ours")):
        rules = earlywarn("read", "--format", "table", "--mapping", mapping, "--explain-clocks", "--json").json()
        assert {rule["table"].split(":")[0] for rule in rules} == {name}


# --- what a user may get wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"--format": None}, 2, "--format"),
        ({"--out": None}, 2, "--out"),
        ({"source": None}, 2, "SOURCE"),
        ({"--format": "tabel"}, 2, "table"),
        ({"--mapping": None}, 2, "--mapping"),
        ({"--mapping": "polise"}, 3, "polise"),
        ({"--mapping": "no/such.toml"}, 3, "no/such.toml"),
        ({"--extract-date": "yesterday"}, 2, "YYYY-MM-DD"),
        ({"--extract-date": "log=31/03/2025"}, 2, "YYYY-MM-DD"),
        ({"--extract-date": "lgo=2025-06-01"}, 2, "lgo"),
        ({"--authority": "Essex"}, 2, "three digits"),
        ({"--form": "excel"}, 2, "csv"),
        ({"source": "no such folder"}, 3, "EW-F01"),
        ({"--nonsense": "x"}, 2, "nonsense"),
    ],
    ids=lambda value: "-".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else None,
)
def test_a_slip_is_said_and_nothing_is_written(
    log: Path, tmp_path: Path, change: dict[str, str | None], code: int, says: str
) -> None:
    out = tmp_path / "records"
    usual: dict[str, object] = {
        "source": log, "--format": "table", "--mapping": "police", "--extract-date": "2025-06-01", "--out": out,
    }  # fmt: skip
    chosen = {name: value for name, value in (usual | change).items() if value is not None}
    words = [chosen.pop("source")] if "source" in chosen else []
    ended = earlywarn("read", *words, *(word for pair in chosen.items() for word in pair))
    assert ended.code == code, ended.err
    assert says in ended.err
    assert "Traceback" not in ended.err
    assert ended.err.startswith("earlywarn: ")
    assert not out.exists()


def test_what_is_there_is_never_written_over(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "records"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    ended = earlywarn("read", log, *POLICE, "--out", out)
    assert ended.code == 6
    assert hashes(out).keys() == {"mine.txt"}


def test_a_reading_that_fails_leaves_nothing_behind(log: Path, tmp_path: Path) -> None:
    (log / "events.csv").write_text("event_id,kind\n1,visit\n", encoding="utf-8")
    before = {p.name for p in tmp_path.iterdir()}
    ended = earlywarn("read", log, *POLICE, "--out", tmp_path / "records", "--json")
    assert ended.code == 3
    assert ended.err.startswith("earlywarn: EW-F08")
    assert ended.out == ""
    assert {p.name for p in tmp_path.iterdir()} == before
