"""The looked-after children return: days read as dd/mm, orphans set aside, several years without multiplying."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from earlywarn.records.mapping.deliveries import ExtractDates
from earlywarn.records.sources import Extract, extract

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB"
EPISODES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN"
REVIEWS = "CHILD,DOB,REVIEW,REVIEW_CODE"
MISSING = "CHILD,DOB,MISSING,MIS_START,MIS_END"
WORKERS = "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON"
OC2 = "CHILD,DOB,SDQ_SCORE,SDQ_REASON,CONVICTED,HEALTH_CHECK,IMMUNISATIONS,TEETH_CHECK,HEALTH_ASSESSMENT,SUBSTANCE_MISUSE,INTERVENTION_RECEIVED,INTERVENTION_OFFERED"  # noqa: E501


def returned(folder: Path, **tables: list[str]) -> Path:
    """Write one year's return."""
    folder.mkdir(parents=True, exist_ok=True)
    heads = {"header": HEADER, "episodes": EPISODES, "reviews": REVIEWS, "missing": MISSING, "sw_episodes": WORKERS}
    heads["oc2"] = OC2
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text("\n".join([heads[name], *rows]) + "\n", encoding="utf-8")
    return folder


def first_year(folder: Path) -> Path:
    return returned(
        folder,
        header=["101,1,03/04/2010,WBRI,,,", "102,2,11/12/2012,WBRI,,,"],
        episodes=[
            "101,05/06/2020,S,C2,N1,U1,PR1,,,,AA1 1AA,BB2 2BB,1",
            "102,07/08/2020,S,V2,N5,U1,PR1,09/10/2020,E4A,,,,",
        ],
        reviews=["101,03/04/2010,01/07/2020,PN1", "102,11/12/2012,02/09/2020,PN7"],
        missing=["101,03/04/2010,M,04/05/2021,06/05/2021", "101,03/04/2010,A,01/03/2021,"],
        sw_episodes=["101,03/04/2010,W7,05/06/2020,,INITIA"],
        oc2=["101,03/04/2010,17,,1,0,0,0,0,1,0,0"],
    )


def second_year(folder: Path) -> Path:
    return returned(
        folder,
        header=["101,1,03/04/2010,WBRI,,,"],
        episodes=[
            "101,05/06/2020,S,C2,N1,U1,PR1,02/03/2022,X1,PLANP,,,1",
            "101,02/03/2022,P,C2,N1,U4,PR1,,,,,,2",
        ],
        reviews=["101,03/04/2010,01/07/2020,PN1", "101,03/04/2010,05/01/2022,PN3"],
        oc2=["101,03/04/2010,12,,1,0,0,0,0,0,0,0"],
    )


def day(text: str) -> ExtractDates:
    return ExtractDates.parse([text])


def rows(extract: Extract, kind: str) -> pl.DataFrame:
    return extract.frames["contacts"].filter(pl.col("kind") == kind)


def test_days_are_day_first(tmp_path: Path) -> None:
    found = extract(first_year(tmp_path / "r"), "ssda903", dates=day("2021-06-30"))
    began = {f"{d:%Y-%m-%d}" for d in rows(found, "placement_start")["occurred_at"]}
    assert began == {"2020-06-05", "2020-08-07"}
    assert {f"{b:%Y-%m-%d}" for b in found.frames["children"]["birth_on"]} == {"2010-04-03", "2012-12-11"}


def test_each_thing_is_known_from_the_day_the_rules_say(tmp_path: Path) -> None:
    found = extract(first_year(tmp_path / "r"), "ssda903", dates=day("2021-06-30"))
    contacts = found.frames["contacts"]
    said = {
        (r["child_id"], r["kind"], f"{r['known_at']:%Y-%m-%d}", r["recorded_basis"])
        for r in contacts.iter_rows(named=True)
    }
    assert said == {
        ("ssda903-101", "placement_start", "2020-06-05", "unknown"),
        ("ssda903-102", "placement_start", "2020-08-07", "unknown"),
        ("ssda903-102", "placement_end", "2020-10-09", "unknown"),
        ("ssda903-101", "review", "2020-07-01", "unknown"),
        ("ssda903-102", "review", "2020-09-02", "unknown"),
        ("ssda903-101", "missing", "2021-05-06", "later_event"),
        ("ssda903-101", "missing", "2021-06-30", "extract"),
        ("ssda903-101", "involvement_start", "2020-06-05", "unknown"),
        ("ssda903-101", "screening", "2021-06-30", "extract"),
    }
    seen = dict(rows(found, "review").select("child_id", "child_seen").iter_rows())
    assert seen == {"ssda903-101": True, "ssda903-102": None}, "a child that was not there was not said to be unseen"
    concerns = dict(found.frames["concerns"].select("category", "code").sort("category", "code").iter_rows())
    assert concerns["missing"] == "missing:M"
    assert concerns["substance_child"] == "substance_misuse:1"


def test_one_child_of_another_id_is_never_another_format_s(tmp_path: Path) -> None:
    folder = first_year(tmp_path / "r")
    plain = extract(folder, "ssda903", dates=day("2021-06-30"))
    ours = extract(folder, "ssda903", dates=day("2021-06-30"), authority="301")
    assert set(plain.frames["contacts"]["child_id"]) == {"ssda903-101", "ssda903-102"}
    assert set(ours.frames["contacts"]["child_id"]) == {"301-101", "301-102"}
    assert dict(ours.frames["identifiers"].select("child_id", "value").iter_rows())["301-101"] == "101"


def test_two_years_multiply_nothing_and_the_second_adds_what_is_new(tmp_path: Path) -> None:
    one, two = first_year(tmp_path / "2021"), second_year(tmp_path / "2022")
    first = extract(one, "ssda903", dates=day("2021-06-30"))
    both = extract([two, one], "ssda903", dates=ExtractDates.parse(["2021=2021-06-30", "2022=2022-06-30"]))
    old, new = (e.frames["contacts"].drop("episode_id", "source") for e in (first, both))
    kept = new.filter(pl.col("record_id").is_in(old["record_id"].implode()))
    assert_frame_equal(kept, old, check_row_order=False)
    added = new.filter(~pl.col("record_id").is_in(old["record_id"].implode()))
    assert sorted((r["kind"], f"{r['known_at']:%Y-%m-%d}") for r in added.iter_rows(named=True)) == [
        ("placement_end", "2022-03-02"),
        ("placement_start", "2022-03-02"),
        ("review", "2022-01-05"),
        ("screening", "2022-06-30"),
    ]
    spans = both.frames["episodes"].filter(pl.col("child_id") == "ssda903-101").sort("start_on")
    assert [f"{d:%Y-%m-%d}" if d else None for d in spans["end_on"]] == ["2022-03-02", None]


def test_what_a_later_return_says_otherwise_is_a_correction_known_from_then(tmp_path: Path) -> None:
    one = returned(tmp_path / "a", header=["101,1,03/04/2010,WBRI,,,"], reviews=["101,03/04/2010,01/07/2020,PN1"])
    two = returned(tmp_path / "b", header=["101,1,03/04/2010,WBRI,,,"], reviews=["101,03/04/2010,01/07/2020,PN5"])
    found = extract([one, two], "ssda903", dates=ExtractDates.parse(["/a=2021-03-31", "/b=2022-03-31"]))
    older, newer = rows(found, "review").sort("known_at").iter_rows(named=True)
    assert (older["child_seen"], newer["child_seen"]) == (True, None)
    assert newer["follows"] == older["record_id"]
    assert f"{newer['known_at']:%Y-%m-%d}" == "2022-03-31"
    assert newer["recorded_basis"] == "extract"


def test_rows_files_and_copies_in_any_order_change_nothing(tmp_path: Path) -> None:
    folder = first_year(tmp_path / "r")
    plain = extract(folder, "ssda903", dates=day("2021-06-30"))
    turned = tmp_path / "turned"
    turned.mkdir()
    for path in folder.iterdir():
        head, *lines = path.read_text().splitlines()
        (turned / path.name).write_text("\n".join([head, *reversed(lines), *lines]) + "\n")
    again = extract(sorted(turned.iterdir(), reverse=True), "ssda903", dates=day("2021-06-30"))
    for name, frame in plain.frames.items():
        assert_frame_equal(again.frames[name].drop("source_row", strict=False), frame.drop("source_row", strict=False))
    assert sum(a.collapsed for a in again.account) == sum(a.read for a in plain.account)
    twice = extract([folder, folder], "ssda903", dates=day("2021-06-30"))
    assert_frame_equal(twice.frames["contacts"], plain.frames["contacts"])


def test_dates_after_the_extract_are_refused_and_its_day_is_a_caveat_where_it_is_assumed(tmp_path: Path) -> None:
    folder = first_year(tmp_path / "r")
    refused = extract(folder, "ssda903", dates=day("2021-04-30")).quarantine
    assert refused.select("file", "row", "column", "rule").rows() == [("missing.csv", "2", "MIS_START", "EW-R17")]
    assumed = extract(folder, "ssda903")
    assert any("2021-05-06" in note and "taken for the day of the extract" in note for note in assumed.notes)


def test_names_and_postcodes_stay_behind(tmp_path: Path) -> None:
    found = extract(first_year(tmp_path / "r"), "ssda903", dates=day("2021-04-30"))
    everything = "".join(frame.write_csv() for frame in [*found.frames.values(), found.quarantine])
    assert "AA1 1AA" not in everything
    assert "BB2 2BB" not in everything


def test_one_table_in_parts_is_one_table(tmp_path: Path) -> None:
    folder = first_year(tmp_path / "r")
    whole = extract(folder, "ssda903", dates=day("2021-06-30"))
    parts = tmp_path / "parts"
    shutil.copytree(folder, parts)
    head, first, second = (parts / "reviews.csv").read_text().splitlines()
    (parts / "reviews.csv").unlink()
    (parts / "reviews_1.csv").write_text(f"{head}\n{first}\n")
    (parts / "reviews_2.csv").write_text(f"{head}\n{second}\n")
    split = extract(parts, "ssda903", dates=day("2021-06-30"))
    columns = ["source", "source_row"]
    assert_frame_equal(split.frames["contacts"].drop(columns), whole.frames["contacts"].drop(columns))


# --- the sample ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(samples: Path) -> Extract:
    return extract(samples / "ssda903", "ssda903")


def test_the_sample_is_read_whole(sample: Extract) -> None:
    read = {a.source: (a.read, a.accepted, a.quarantined) for a in sample.account}
    assert read["header.csv"] == (2675, 2675, 0)
    assert read["episodes.csv"] == (5050, 5050, 0)
    assert len(read) == 12
    assert sample.frames["children"].height == 2675


def test_no_day_and_month_of_the_sample_are_swapped(sample: Extract, samples: Path) -> None:
    raw = pl.read_csv(samples / "ssda903" / "episodes.csv", infer_schema=False).with_row_index("line", offset=2)
    parts = raw["DECOM"].str.split("/")
    low = raw.filter(parts.list.get(0).cast(int) <= 12)
    assert low.height > 1500, "39 in a hundred could be swapped unseen"
    began = sample.frames["contacts"].filter(
        (pl.col("source") == "episodes.csv") & pl.col("kind").is_in(["placement_start", "legal_status"])
    )
    by_line = dict(began.select("source_row", pl.col("occurred_at").dt.strftime("%d/%m/%Y")).iter_rows())
    wrong = [line for line, text in low.select("line", "DECOM").iter_rows() if by_line[f"row {line}"] != text]
    assert wrong == []


def test_the_orphans_of_the_sample_are_set_aside_with_file_and_row(sample: Extract) -> None:
    orphans = sample.quarantine.filter(pl.col("rule") == "EW-R28").select("file", "row", "column").sort("file").rows()
    assert orphans == [("DoLo.csv", "2", "CHILD"), ("sw_episodes.csv", "2", "CHILD")]
    kept = sample.quarantine.filter(pl.col("file") == "sw_episodes.csv")["content"].item()
    assert "CHILD10" in kept
    assert "SW999" in kept
