"""Every command, doing what it is for: what it prints, what it writes, and that it writes the same again."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from earlywarn.history.knowledge import knowledge
from earlywarn.history.viewers import POOLED
from earlywarn.records.reading import read_records
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.scoring.card import StartingCard
from tests.e2e import AS_OF, ROOT, Ended, earlywarn, hashes

FIXTURES = ROOT / "tests" / "fixtures" / "cin"
SAMPLES = Path(os.environ.get("EARLYWARN_SAMPLES", ROOT / ".." / "shared" / "samples")) / "cin_census"
RUN_FILES = {
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
RUN_DEPENDENT = {"run.json"}
"""The manifest holds times and the purpose; every other file is the same whenever the run is made."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(scope="module")
def cohort(place: Path) -> Path:
    ended = earlywarn("synth", "--children", 60, "--seed", 5, "--out", place / "cohort")
    assert (ended.code, ended.err) == (0, "")
    return place / "cohort"


def scored(cohort: Path, out: Path, *options: object) -> Ended:
    ended = earlywarn("score", cohort, "--as-of", AS_OF, "--capacity", 6, *options, "--out", out)
    assert (ended.code, ended.err) == (0, "")
    return ended


@pytest.fixture(scope="module")
def run(cohort: Path, place: Path) -> Path:
    """A run for all viewers."""
    scored(cohort, place / "run", "--viewers", "all")
    return place / "run"


@pytest.fixture(scope="module")
def pooled_run(cohort: Path, place: Path) -> tuple[Path, Ended]:
    """A run for the pooled view alone, from a saved model, told as JSON."""
    StartingCard().save(place / "card.json")
    ended = scored(cohort, place / "pooled", "--model", place / "card.json", "--json")
    return place / "pooled", ended


def manifest(run: Path) -> dict[str, Any]:
    return json.loads((run / "run.json").read_text(encoding="utf-8"))


def sheet(run: Path, name: str) -> pl.DataFrame:
    """One of the CSV files, every cell as text."""
    return pl.read_csv(run / name, infer_schema=False)


# --- synth, validate ---------------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(cohort: Path, tmp_path: Path) -> None:
    again = earlywarn("synth", "--children", 60, "--seed", 5, "--out", tmp_path / "again", "--json").json()
    earlywarn("synth", "--children", 60, "--seed", 6, "--out", tmp_path / "other")
    assert hashes(tmp_path / "again") == hashes(cohort)
    assert hashes(tmp_path / "other").keys() == hashes(cohort).keys()
    assert not set(hashes(tmp_path / "other").values()) & set(hashes(cohort).values())
    assert set(again["rows"]) == set(RECORD_TABLES)


def test_a_made_cohort_keeps_the_contract_and_its_truth_lies_apart(cohort: Path) -> None:
    ended = earlywarn("validate", cohort)
    assert (ended.code, ended.err) == (0, "")
    assert "duplicates" in ended.out
    said = earlywarn("validate", cohort, "--json").json()
    assert said["refused"] == []
    assert {a["table"] for a in said["account"]} <= set(RECORD_TABLES)
    assert {p.name for p in (cohort / "truth").iterdir()} == {"children.parquet", "concerns.parquet"}


# --- score -------------------------------------------------------------------------------------------------------


def test_a_run_is_whole_and_its_last_file_proves_it(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == RUN_FILES
    lines = (run / "_SUCCESS").read_text(encoding="utf-8").splitlines()
    stated = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert stated == {name: digest for name, digest in hashes(run).items() if name not in {"_SUCCESS", "run.json"}}
    assert manifest(run)["outputs"] == {n: d for n, d in stated.items() if n != "run.json"}


def test_the_manifest_says_what_went_in_and_for_what(run: Path, cohort: Path, pooled_run: tuple[Path, Ended]) -> None:
    said = manifest(run)
    assert (said["command"], said["purpose"], said["as_of"], said["flags_from"]) == (
        "score",
        "not stated",
        AS_OF,
        "pooled",
    )
    assert said["viewers"][0] == "pooled"
    assert said["inputs"] == {name: digest for name, digest in hashes(cohort).items() if not name.startswith("truth/")}
    assert said["rows"]["read"] == sum(pl.read_parquet(cohort / name).height for name in said["inputs"])
    assert said["model"]["id"] == manifest(pooled_run[0])["model"]["id"] == StartingCard().model_id
    assert set(said["totals"]) >= {"children", "flags", "households", "not_listed"}


def test_the_same_input_gives_the_same_files(run: Path, cohort: Path, tmp_path: Path) -> None:
    scored(cohort, tmp_path / "again", "--viewers", "all", "--purpose", "the weekly review")
    first, second = hashes(run), hashes(tmp_path / "again")
    assert {n for n in RUN_FILES if first[n] != second[n]} <= RUN_DEPENDENT
    assert manifest(tmp_path / "again")["purpose"] == "the weekly review"


def test_a_flag_does_not_depend_on_who_else_was_looked_at(run: Path, pooled_run: tuple[Path, Ended]) -> None:
    for name in ("flags.parquet", "flags.csv", "reasons.csv", "record_ids.csv"):
        kind = pl.read_parquet if name.endswith(".parquet") else pl.read_csv
        assert kind(run / name).to_dicts() == kind(pooled_run[0] / name).to_dicts()


def test_a_score_is_the_intercept_and_its_points(run: Path) -> None:
    scores = pl.read_parquet(run / "scores.parquet")
    points = [name for name in scores.columns if name.startswith("points__")]
    assert scores.columns == ["child_id", "as_of", "viewer", "score", "intercept", "band", "rank", *points]
    assert points == [f"points__{feature}" for feature in StartingCard().features]
    assert all(scores.schema[name] == pl.Int64 for name in ("score", "intercept", "rank", *points))
    assert (scores["score"] == scores.select(pl.sum_horizontal("intercept", *points)).to_series()).all()
    assert scores.select("child_id", "viewer").is_unique().all()


def test_ranks_count_from_one_within_a_viewer_and_ties_share_the_lower(run: Path) -> None:
    scores = pl.read_parquet(run / "scores.parquet")
    better = scores.join(scores, on="viewer", suffix="_other").filter(pl.col("score_other") > pl.col("score"))
    above = better.group_by("viewer", "child_id").len()
    ranks = scores.join(above, on=["viewer", "child_id"], how="left").with_columns(pl.col("len").fill_null(0) + 1)
    assert (ranks["rank"] == ranks["len"]).all()


def test_the_flags_say_what_the_scores_say(run: Path) -> None:
    flags = pl.read_parquet(run / "flags.parquet")
    scores = pl.read_parquet(run / "scores.parquet")
    assert flags.height
    assert flags["flag_id"].is_unique().all()
    assert flags["flag_id"].str.contains("^[0-9a-f]{16}$").all()
    keys = ["child_id", "as_of", "viewer", "score", "band", "rank"]
    assert flags.join(scores, on=keys, how="semi").height == flags.height
    reasons = flags.explode("reasons").unnest("reasons")
    summed = reasons.group_by("flag_id").agg(pl.col("points").sum(), pl.col("score").first())
    assert (summed["points"] == summed["score"]).all()
    assert (flags["reasons"].list.eval(pl.element().struct.field("points").max() > 0).explode()).all()


def test_the_sheets_hold_the_reasons_and_records_of_the_flags(run: Path) -> None:
    reasons = pl.read_parquet(run / "flags.parquet").explode("reasons").unnest("reasons")
    assert sheet(run, "flags.csv")["flag_id"].to_list() == pl.read_parquet(run / "flags.parquet")["flag_id"].to_list()
    stated = sheet(run, "reasons.csv").select("flag_id", "feature", pl.col("points").cast(pl.Int64), "sentence")
    assert stated.rows() == reasons.select("flag_id", "feature", "points", "sentence").rows()
    records = reasons.select("flag_id", "feature", record_id="record_ids").explode("record_id").drop_nulls()
    assert sheet(run, "record_ids.csv").rows() == records.rows()
    assert all(
        (run / name).read_bytes().startswith(b"\xef\xbb\xbf") for name in ("flags.csv", "reasons.csv", "record_ids.csv")
    )


def test_every_record_named_exists_is_the_childs_and_was_known_before_the_day(run: Path, cohort: Path) -> None:
    records = read_records(cohort)
    known = knowledge(records).filter(pl.col("viewer") == POOLED)
    contacts = records.frames["contacts"].with_row_index("record").select("record", "record_id", "child_id")
    before = contacts.join(known.filter(pl.col("known_at") < dt.datetime.fromisoformat(AS_OF)), on="record")
    of_child = pl.read_parquet(run / "flags.parquet").select("flag_id", "child_id")
    named = sheet(run, "record_ids.csv").join(of_child, on="flag_id")
    assert named.height
    assert named.join(before, on=["record_id", "child_id"], how="anti").is_empty()


def test_a_run_told_as_json_is_the_flags(pooled_run: tuple[Path, Ended]) -> None:
    run, ended = pooled_run
    said = ended.json()
    flags = pl.read_parquet(run / "flags.parquet")
    assert [f["flag_id"] for f in said["flags"]] == flags["flag_id"].to_list()
    assert said["not_listed"] == manifest(run)["totals"]["not_listed"]
    listed = sum(said["not_listed"].values()) + flags.height
    assert listed <= manifest(run)["totals"]["rows_scored"]


def test_flags_of_named_viewers_come_from_the_first(cohort: Path, tmp_path: Path) -> None:
    scored(cohort, tmp_path / "out", "--viewers", "school, police")
    assert manifest(tmp_path / "out")["flags_from"] == "school"
    assert set(pl.read_parquet(tmp_path / "out" / "scores.parquet")["viewer"]) == {"school", "police"}


# --- explain, doctor ---------------------------------------------------------------------------------------------


def test_explain_says_of_a_child_what_its_flag_says(
    pooled_run: tuple[Path, Ended], cohort: Path, tmp_path: Path
) -> None:
    flag = pl.read_parquet(pooled_run[0] / "flags.parquet").row(0, named=True)
    words = ("explain", cohort, "--child", flag["child_id"], "--as-of", AS_OF)
    ended = earlywarn(*words, "--json", "--html", tmp_path / "sheet.html")
    said = ended.json()
    assert (ended.code, ended.err) == (0, "")
    assert {k: said[k] for k in ("flag_id", "child_id", "score", "band")} == {
        k: flag[k] for k in ("flag_id", "child_id", "score", "band")
    }
    assert [(r["feature"], r["points"], r["record_ids"]) for r in said["reasons"]] == [
        (r["feature"], r["points"], r["record_ids"]) for r in flag["reasons"]
    ]
    assert said["excluded"] is None
    page = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert all(reason["sentence"].split("'")[0] in page for reason in flag["reasons"])
    plain = earlywarn(*words)
    assert all(record in plain.out for reason in flag["reasons"] for record in reason["record_ids"])
    assert "A prompt for review, not a decision" in plain.out


def test_a_child_is_explained_by_any_identifier_and_though_on_no_list(cohort: Path) -> None:
    identifiers = pl.read_parquet(cohort / "identifiers.parquet")
    one = identifiers.filter(pl.col("value").is_unique()).row(0, named=True)
    said = earlywarn("explain", cohort, "--child", one["value"], "--as-of", AS_OF, "--json").json()
    assert said["child_id"] == one["child_id"]
    dead = pl.read_parquet(cohort / "children.parquet").filter(pl.col("death_on") < dt.date.fromisoformat(AS_OF))
    for child in dead["child_id"][:1]:
        ended = earlywarn("explain", cohort, "--child", child, "--as-of", AS_OF)
        assert "Would not be on a list: died." in ended.out


def test_the_doctor_finds_this_installation_well() -> None:
    said = earlywarn("doctor", "--json").json()
    assert all(found["ok"] for found in said.values())
    assert {"python", "polars", "time zone", "main job"} <= set(said)
    assert "FAIL" not in earlywarn("doctor").out


def test_the_doctor_tells_an_illness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earlywarn.reports.doctor.PACKAGES", ("no-such-package",))
    ended = earlywarn("doctor")
    assert ended.code == 1
    assert "FAIL  no-such-package" in ended.out


# --- demo, network, signals, pipes -------------------------------------------------------------------------------

WITHOUT_NETWORK = """
import socket, sys
def refused(*_, **__):
    raise AssertionError("the network was asked for")
socket.socket.connect = socket.socket.bind = socket.create_connection = socket.getaddrinfo = refused
class NoSocket(socket.socket):
    __init__ = refused
socket.socket = NoSocket
from earlywarn.cli import main
main(sys.argv[1:])
"""


def test_the_demo_works_by_itself_and_again_without_a_network(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = earlywarn("demo", "--json")
    demo = tmp_path / "earlywarn-demo"
    assert (first.code, first.err) == (0, "")
    assert {path.name for path in demo.iterdir()} == {*RUN_FILES, "records"}
    assert [f["rank"] for f in first.json()["flags"]]
    before = hashes(demo)
    (demo / "left by an earlier version.txt").touch()
    command = [sys.executable, "-W", "error", "-c", WITHOUT_NETWORK, "demo", "--out", demo]
    second = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout.startswith("Synthetic records: make-believe children.")
    after = hashes(demo)
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} <= RUN_DEPENDENT
    assert [path.name for path in tmp_path.iterdir()] == ["earlywarn-demo"]
    next_command = second.stdout.splitlines()[-1].split("earlywarn ", 1)[1].split()
    assert earlywarn(*next_command).code == 0


@pytest.mark.parametrize("mark", [None, "{}", "[]", "broken", '{"command": "score"}'], ids=str)
def test_the_demo_replaces_no_folder_but_its_own(tmp_path: Path, mark: str | None) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").touch()
    if mark is not None:
        (mine / "run.json").write_text(mark, encoding="utf-8")
    before = hashes(tmp_path)
    ended = earlywarn("demo", "--out", mine)
    assert (ended.code, ended.out) == (6, "")
    assert hashes(tmp_path) == before


STOPS_WHILE_WRITING = """
import signal, sys
from earlywarn.reports import run_folder
whole = run_folder.write_run
def write_and_wait(*words, **options):
    whole(*words, **options)
    print("ready", flush=True)
    signal.pause()
run_folder.write_run = write_and_wait
from earlywarn.cli import main
main(sys.argv[1:])
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise on Windows")
def test_ctrl_c_ends_with_130_and_leaves_nothing(cohort: Path, tmp_path: Path) -> None:
    words = ["score", cohort, "--as-of", AS_OF, "--capacity", "1", "--out", tmp_path / "out"]
    command = [sys.executable, "-c", STOPS_WHILE_WRITING, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert len(list(tmp_path.iterdir())) == 1, "a draft, and no result"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert "interrupted; nothing half-written is left" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise on Windows")
@pytest.mark.parametrize("words", [("--list",), ("--list", "--json")], ids=["table", "JSON"])
def test_a_reader_that_has_read_enough_is_no_error(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "earlywarn.cli", "features", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert err == ""
    assert process.returncode == 0


def test_the_installed_command_leaves_with_its_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "earlywarn.cli", "validate", tmp_path]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("earlywarn: ")
    assert "Fix:" in ended.stderr


# --- the census --------------------------------------------------------------------------------------------------

CANNOT_TELL = (
    "unknown_adults",
    "largest_single_view",
    "missed_365d",
    "missed_share_365d",
    "unseen_share_90d",
    "days_since_seen",
    "unresolved_concerns",
    "unresolved_oldest_days",
    "unresolved_severity",
)


def sample(name: str) -> Path:
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip(f"{name} is not there: set EARLYWARN_SAMPLES to the folder of samples")
    return path


@pytest.mark.parametrize("name", ["every_node.xml", "plain_repeats.xml"])
def test_a_census_is_read_into_a_folder_that_keeps_the_contract(tmp_path: Path, name: str) -> None:
    ended = earlywarn("read", FIXTURES / name, "--format", "cin", "--out", tmp_path / "out", "--json")
    said = ended.json()
    written = json.loads((tmp_path / "out" / "read.json").read_text(encoding="utf-8"))
    assert ended.code == (4 if any(a["quarantined"] for a in said["account"]) else 0)
    assert written == {k: v for k, v in said.items() if k not in {"out", "refused", "identity_conflicts"}}
    assert (tmp_path / "out" / "quarantine").exists() == (ended.code == 4)
    assert earlywarn("validate", tmp_path / "out").code == 0
    scored = earlywarn("score", tmp_path / "out", "--as-of", AS_OF, "--out", tmp_path / "run")
    assert (scored.code, scored.err) == (0, "")


@pytest.fixture(scope="module")
def census(place: Path) -> tuple[Path, Ended]:
    ended = earlywarn("read", sample("fake_CIN_data.xml"), "--format", "cin", "--out", place / "census", "--json")
    return place / "census", ended


@pytest.fixture(scope="module")
def census_run(census: tuple[Path, Ended], place: Path) -> Path:
    ended = earlywarn("score", census[0], "--as-of", "2022-04-01", "--out", place / "census-run")
    assert ended.code == 0, ended.err
    assert "Records held by 1 agency" in ended.out.splitlines()[0]
    return place / "census-run"


def test_every_child_and_case_of_a_census_is_accounted_for(census: tuple[Path, Ended]) -> None:
    folder, ended = census
    account = {a["table"]: a for a in ended.json()["account"]}
    assert ended.code == 4
    assert (account["Child"]["read"], account["CINdetails"]["read"]) == (332, 402)
    assert all(a["read"] == a["accepted"] + a["quarantined"] + a["collapsed"] for a in account.values())
    refused = sum(a["quarantined"] for a in account.values())
    assert sum(pl.read_csv(p, infer_schema=False).height for p in (folder / "quarantine").iterdir()) == refused > 0
    assert f"{refused:,} rows were refused" in ended.err


def test_the_dead_and_the_unborn_are_on_no_list(census: tuple[Path, Ended], census_run: Path) -> None:
    assert manifest(census_run)["totals"]["not_listed"]["died"] > 0
    day = dt.date(2022, 4, 1)
    children = pl.read_parquet(census[0] / "children.parquet")
    born = pl.coalesce("birth_on", "expected_birth_on")
    gone = children.filter((pl.col("death_on") < day) | (born >= day))["child_id"]
    flagged = pl.read_parquet(census_run / "flags.parquet")["child_id"]
    assert flagged.len() > 0
    assert not set(flagged) & set(gone)


def test_a_child_expected_but_not_yet_born_is_counted_as_such(tmp_path: Path) -> None:
    """No child of the samples was known before birth, so one of the fixture is."""
    text = (FIXTURES / "every_node.xml").read_text(encoding="utf-8")
    text = text.replace("<PersonBirthDate>2016-02-29</PersonBirthDate>", "")
    text = text.replace("<ExpectedPersonBirthDate>2016-03-04<", "<ExpectedPersonBirthDate>2024-12-01<")
    (tmp_path / "census.xml").write_text(text, encoding="utf-8")
    earlywarn("read", tmp_path / "census.xml", "--format", "cin", "--out", tmp_path / "records")
    words = ("score", tmp_path / "records", "--as-of", "2024-11-10", "--out", tmp_path / "run", "--json")
    assert earlywarn(*words).json()["not_listed"]["not yet born"] == 1


def test_what_a_census_cannot_tell_is_null_for_everyone(census: tuple[Path, Ended], tmp_path: Path) -> None:
    out = tmp_path / "f.parquet"
    assert earlywarn("features", census[0], "--as-of", "2022-04-01", "--out", out).code == 0
    table = pl.read_parquet(out)
    assert table.height
    assert {name for name in CANNOT_TELL if table[name].null_count() < table.height} == set()
    assert table["contacts_365d"].null_count() == 0


def test_the_page_of_a_census_leads_with_whose_records_were_there(census_run: Path) -> None:
    page = (census_run / "report.html").read_text(encoding="utf-8")
    body = page[page.index("<body") :]
    first = body.index("Records held by 1 agency")
    assert "This run cannot show what agencies did not tell each other." in body[first:]
    flagged = pl.read_parquet(census_run / "flags.parquet")["child_id"]
    assert all(first < body.index(child) for child in flagged)


@pytest.mark.parametrize(
    ("name", "day"), [("CIN_Census_2021.xml", "2021-04-01"), ("CIN_Census_2024.xml", "2024-04-01")]
)
def test_other_years_of_the_census_are_read_and_scored(tmp_path: Path, name: str, day: str) -> None:
    ended = earlywarn("read", sample(name), "--format", "cin", "--out", tmp_path / "records")
    assert ended.code in {0, 4}, ended.err
    assert earlywarn("validate", tmp_path / "records").code == 0
    assert earlywarn("score", tmp_path / "records", "--as-of", day, "--out", tmp_path / "run").code == 0
    assert {path.name for path in (tmp_path / "run").iterdir()} == RUN_FILES
