"""The command ``features``: the catalogue for people, pipes and programs, and the table it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from earlywarn.features.catalogue import CORE, catalogue
from earlywarn.features.page import DIRECTIONS
from earlywarn.features.sets import SETS, feature_set
from earlywarn.features.settings import Settings
from tests.e2e import AS_OF, Ended, earlywarn

if TYPE_CHECKING:
    from pathlib import Path

LISTS = {name: [f.name for f in feature_set(name)] for name in SETS}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("features") / "cohort"
    assert earlywarn("synth", "--children", 40, "--seed", 5, "--out", out).code == 0
    return out


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "ours.toml"
    path.write_text(text, encoding="utf-8")
    return path


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, *words: object) -> Ended:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    return earlywarn("features", "--list", *words)


# --- the list --------------------------------------------------------------------------------------------------------


def test_a_pipe_gets_one_whole_feature_a_line() -> None:
    ended = earlywarn("features", "--list")
    rows = [line.split("\t") for line in ended.out.splitlines()]
    assert (ended.code, ended.err) == (0, "")
    assert len(rows) >= 46
    assert [row[1:] for row in rows] == [
        [f.name, f.definition, f.unit, DIRECTIONS[f.direction], f.source] for f in catalogue()
    ]


def test_json_is_data_only_and_all_of_it() -> None:
    said = earlywarn("features", "--list", "--json").json()
    by_name = {f.name: f for f in catalogue()}
    assert [entry["name"] for entry in said] == list(by_name)
    for entry in said:
        feature = by_name[entry["name"]]
        assert (entry["direction"], entry["window"], entry["unit"]) == (feature.direction, feature.window, feature.unit)
        assert entry["needs"] == list(feature.needs)
        assert all([entry["definition"], entry["source"], entry["family"], entry["sentences"]["missing"]])


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_listed(name: str) -> None:
    said = earlywarn("features", "--list", "--set", name, "--json").json()
    assert {entry["name"] for entry in said} == set(LISTS[name])
    assert len(earlywarn("features", "--list", "--set", name).out.splitlines()) == len(LISTS[name])


@pytest.mark.parametrize("columns", [60, 80, 100, 140, 200])
def test_a_terminal_gets_a_table_that_fits_and_cuts_nothing_short(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    ended = on_a_terminal(monkeypatch, columns)
    plain = [line.rstrip() for line in ended.out.replace("\x1b[1m", "").replace("\x1b[2m", "").splitlines()]
    assert ended.code == 0
    assert "\t" not in ended.out
    assert "…" not in ended.out
    assert max(len(line.replace("\x1b[0m", "")) for line in plain) <= columns
    assert all(f.name in ended.out for f in catalogue())
    assert f"{len(catalogue())} features" in " ".join(ended.out.split())


def test_settings_of_ones_own_are_said_in_the_list(tmp_path: Path) -> None:
    ours = settings_file(tmp_path, "visit_standard_working_days = 15\n")
    said = {e["name"]: e["definition"] for e in earlywarn("features", "--list", "--json", "--settings", ours).json()}
    changed = {f.name: f.definition for f in catalogue(Settings(visit_standard_working_days=15))}
    assert said == changed
    assert said != {f.name: f.definition for f in catalogue()}


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("viewers", "seats"), [("pooled", {"pooled"}), ("police,school", {"police", "school"}), ("all", None)]
)
def test_features_are_written_a_row_a_child_and_viewer(
    cohort: Path, tmp_path: Path, viewers: str, seats: set[str] | None
) -> None:
    out = tmp_path / "f.parquet"
    ended = earlywarn("features", cohort, "--as-of", AS_OF, "--viewers", viewers, "--out", out, "--json")
    table = pl.read_parquet(out)
    assert (ended.code, ended.err) == (0, "")
    assert table.columns == ["child_id", "as_of", "viewer", *(f.name for f in CORE)]
    assert table.select("child_id", "viewer").is_unique().all()
    assert ended.json()["rows"] == table.height
    found = set(table["viewer"])
    assert found == seats if seats else {"pooled", "police", "school", "social_care"} < found


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_counted(cohort: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "f.parquet"
    ended = earlywarn("features", cohort, "--as-of", AS_OF, "--set", name, "--out", out)
    assert (ended.code, ended.err) == (0, "")
    assert pl.read_parquet(out).columns[3:] == LISTS[name]


def test_a_few_children_at_a_time_are_counted_as_all_at_once(cohort: Path, tmp_path: Path) -> None:
    words = ("features", cohort, "--as-of", AS_OF, "--viewers", "all", "--set", "all")
    whole, parts = tmp_path / "whole.parquet", tmp_path / "parts.parquet"
    assert earlywarn(*words, "--out", whole).code == 0
    ended = earlywarn(*words, "--part", 9, "--out", parts, "--json")
    assert (ended.code, ended.err, ended.json()["parts"]) == (0, "", 5)
    keys = ["as_of", "viewer", "child_id"]
    assert pl.read_parquet(parts).sort(keys).equals(pl.read_parquet(whole).sort(keys))
    assert earlywarn(*words, "--part", 9, "--out", parts).code == 6
    assert earlywarn(*words, "--part", 0, "--out", tmp_path / "none.parquet").code == 2


def test_settings_of_ones_own_are_counted_with(cohort: Path, tmp_path: Path) -> None:
    ours = settings_file(tmp_path, "conclude_within_days = 1\n")
    for name, options in {"usual": [], "ours": ["--settings", ours]}.items():
        words = ("features", cohort, "--as-of", AS_OF, "--set", "all", *options, "--out", tmp_path / f"{name}.parquet")
        assert earlywarn(*words).code == 0
    usual, own = (pl.read_parquet(tmp_path / f"{n}.parquet")["unresolved_past_standard"] for n in ("usual", "ours"))
    assert own.sum() > usual.sum()


def test_what_a_set_needs_is_shown(cohort: Path) -> None:
    said = earlywarn("features", cohort, "--needs", "--set", "all", "--json").json()
    assert list(dict.fromkeys(e["feature"] for e in said)) == LISTS["all"]
    formats = earlywarn("features", "--needs", "--json").json()
    assert list(dict.fromkeys(e["feature"] for e in formats)) == LISTS["core"]


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["list", "count"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("visit_standard_workingdays = 15", 'did you mean "visit_standard_working_days"?'),
        ("[settings]\nunseen_days = 4", "which is no setting"),
        ("unseen_days = 0", "The setting unseen_days is 0."),
        ("unseen_days = 3.5", "a whole number"),
        ("least_told = 1.5", "at most 1"),
        ('nation = "FR"', "no nation"),
        ("unseen_days = [1]", "The setting unseen_days"),
        ("unseen_days", "cannot be read as settings"),
        (None, "cannot be read as settings"),
    ],
)
def test_settings_that_are_none_are_refused(
    cohort: Path, tmp_path: Path, text: str | None, said: str, where: str
) -> None:
    ours = settings_file(tmp_path, text) if text else tmp_path / "not_there.toml"
    out = tmp_path / "f.parquet"
    words = ["--list"] if where == "list" else [cohort, "--as-of", AS_OF, "--set", "all", "--out", out]
    ended = earlywarn("features", *words, "--settings", ours)
    assert (ended.code, ended.out, out.exists()) == (2, "", False)
    assert said in ended.err


@pytest.mark.parametrize("words", [["--list"], ["--needs"], ["x", "--as-of", AS_OF, "--out", "f.parquet"]])
def test_an_unknown_set_is_refused_with_the_nearest(words: list[str]) -> None:
    ended = earlywarn("features", *words, "--set", "no_surveilance")
    assert (ended.code, ended.out) == (2, "")
    assert 'did you mean "no_surveillance"?' in ended.err


def test_settings_that_change_nothing_of_what_is_counted_are_refused(cohort: Path, tmp_path: Path) -> None:
    ours = settings_file(tmp_path, "unseen_days = 30")
    ended = earlywarn("features", cohort, "--as-of", AS_OF, "--settings", ours, "--out", tmp_path / "f.parquet")
    assert ended.code == 2
    assert "change nothing in the set core" in ended.err
    usual = settings_file(tmp_path, "unseen_days = 90")
    assert earlywarn("features", "--list", "--set", "core", "--settings", usual).code == 0, "the default is no change"
