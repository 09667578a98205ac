"""The school census: the pupil behind the roll's own ids, and what was known one term late."""

from __future__ import annotations

from datetime import date, datetime
from time import perf_counter
from typing import TYPE_CHECKING

import polars as pl
import pytest

from earlywarn.errors import SourceError
from earlywarn.records.sources import Extract, extract
from earlywarn.records.sources.school_census import census_day, next_census

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Row = tuple[str, ...]
ROLL = (
    "pupilonrolltableid",
    "NativeId",
    "dob",
    "surname",
    "forename",
    "upn",
    "formerupn",
    "sex",
    "entrydate",
    "language",
)
OFF = ("pupilnolongeronrolltableid", *ROLL[1:9], "leavingdate", "language")
SESSIONS = (
    "pupilonrolltableid",
    "NativeId",
    "termlysessiondetailsonrolltableid",
    "sourceid",
    "sessions",
    "attendancereason",
)
EXCLUDED = (
    "pupilonrolltableid", "NativeId", "termlyexclusionsonrolltableid", "sourceid", "startdate", "sessions", "reason1",
    "reason2", "reason3", "category", "senprovision",
)  # fmt: skip
HEADS: Mapping[str, Row] = {
    "pupilonroll": ROLL,
    "pupilnolongeronroll": OFF,
    "termlysessiondetailsonroll": SESSIONS,
    "termlysessiondetailsoffroll": ("pupilnolongeronrolltableid", *SESSIONS[1:]),
    "termlyexclusionsonroll": EXCLUDED,
    "termlyexclusionsoffroll": ("pupilnolongeronrolltableid", *EXCLUDED[1:]),
}
SPRING = datetime(2025, 1, 16)
"""Census day of spring 2025, on which what lies in the files of autumn 2024 is known."""


def on_roll(roll_id: str, upn: str, school: str = "S1", entry: str = "2023-Sep-04") -> Row:
    return (roll_id, school, "2015-Jul-19 00:00:00", "Surmade", "Foremade", upn, "", "F", f"{entry} 00:00:00", "ENG")


def off_roll(roll_id: str, upn: str, left: str, school: str = "S1", entry: str = "2023-Sep-04") -> Row:
    row = on_roll(roll_id, upn, school, entry)
    return (*row[:9], f"{left} 00:00:00", row[9])


def register(roll_id: str, code: str, sessions: str = "12.0", school: str = "S1") -> Row:
    return (roll_id, school, f"t{roll_id}{code}", "x", sessions, code)


def excluded(roll_id: str, day: str, *reasons: str) -> Row:
    three = (*reasons, "", "", "")[:3]
    return (roll_id, "S1", f"e{roll_id}{day}", "x", f"{day} 00:00:00", "4.0", *three, "FIXD", "")


def term(folder: Path, label: str, **files: Sequence[Row]) -> Path:
    """Write the files of one term."""
    folder.mkdir(exist_ok=True)
    for name, rows in files.items():
        lines = [",".join(row) for row in (HEADS[name], *rows)]
        (folder / f"{label}_{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _read(folder: Path, *, for_linkage: bool = False) -> Extract:
    return extract(folder, "school_census", for_linkage=for_linkage)


def _contacts(read: Extract, *columns: str, **where: object) -> list[tuple[object, ...]]:
    frame = read.frames["contacts"].filter(*(pl.col(k) == v for k, v in where.items()))
    return sorted(frame.select(columns).rows(), key=str)


# --- days


@pytest.mark.parametrize(
    ("year", "which", "day", "later"),
    [
        (2023, "autumn", date(2023, 10, 5), date(2024, 1, 18)),
        (2024, "spring", date(2024, 1, 18), date(2024, 5, 16)),
        (2024, "summer", date(2024, 5, 16), date(2024, 10, 3)),
        (2024, "autumn", date(2024, 10, 3), date(2025, 1, 16)),
        (2025, "spring", date(2025, 1, 16), date(2025, 5, 15)),
        (2026, "autumn", date(2026, 10, 1), date(2027, 1, 21)),
    ],
)
def test_a_census_is_taken_on_its_thursday(year: int, which: str, day: date, later: date) -> None:
    assert (census_day(year, which), next_census(year, which)) == (day, later)


def test_a_name_that_tells_no_term_is_refused(tmp_path: Path) -> None:
    term(tmp_path, "latest", pupilonroll=[on_roll("a", "U1")])
    with pytest.raises(SourceError) as raised:
        _read(tmp_path)
    assert raised.value.rule == "EW-F23"
    assert "latest_pupilonroll.csv" in str(raised.value)


# --- what is known late


def test_registers_of_a_term_are_known_on_the_next_census_day(tmp_path: Path) -> None:
    read = _read(
        term(tmp_path, "2024_autumn", pupilonroll=[on_roll("a", "U1")], termlysessiondetailsonroll=[register("a", "O")])
    )
    columns = ("child_id", "org_id", "occurred_at", "occurred_precision", "known_at", "recorded_basis")
    assert _contacts(read, *columns, kind="school_attendance") == [
        ("school_census-U1", "S1", datetime(2024, 9, 1), "term", SPRING, "later_event")
    ]
    facts = dict(read.frames["facts"].select("key", "value").rows())
    assert facts == {"attendance_code": "O", "sessions": "12.0"}


def test_an_exclusion_is_known_late_and_each_reason_is_a_concern(tmp_path: Path) -> None:
    read = _read(
        term(
            tmp_path,
            "2024_autumn",
            pupilonroll=[on_roll("a", "U1")],
            termlyexclusionsonroll=[excluded("a", "2024-Nov-20", "PA", "BU")],
        )
    )
    assert _contacts(read, "occurred_at", "known_at", kind="exclusion") == [(datetime(2024, 11, 20), SPRING)]
    assert sorted(read.frames["concerns"].select("category", "code").rows()) == [
        ("exclusion", "school_exclusion:BU"),
        ("exclusion", "school_exclusion:PA"),
    ]
    facts = dict(read.frames["facts"].select("key", "value").rows())
    assert facts == {"exclusion_category": "FIXD", "sessions": "4.0"}


@pytest.mark.parametrize("code", ["#", "X", "Y", "Z", "O", "U", "N"])
def test_no_entry_in_a_register_is_a_concern(tmp_path: Path, code: str) -> None:
    read = _read(
        term(
            tmp_path, "2024_autumn", pupilonroll=[on_roll("a", "U1")], termlysessiondetailsonroll=[register("a", code)]
        )
    )
    assert len(_contacts(read, "record_id", kind="school_attendance")) == 1
    assert read.frames["concerns"].is_empty()


def test_an_unknown_reason_refuses_the_row(tmp_path: Path) -> None:
    rows = [excluded("a", "2024-Nov-20", "PA"), excluded("a", "2024-Nov-21", "QQ")]
    read = _read(term(tmp_path, "2024_autumn", pupilonroll=[on_roll("a", "U1")], termlyexclusionsonroll=rows))
    assert read.quarantine.select("table", "row", "column", "rule").rows() == [("exclusions", "3", "reason1", "EW-R05")]


# --- the pupil


def test_a_pupil_is_the_upn_whatever_the_school(tmp_path: Path) -> None:
    rolls = [on_roll("a", "U1", "S1"), on_roll("b", "U1", "S2", "2024-Oct-01"), on_roll("c", "U2", "S2")]
    read = _read(term(tmp_path, "2024_autumn", pupilonroll=rolls))
    assert read.frames["children"]["child_id"].to_list() == ["school_census-U1", "school_census-U2"]
    assert _contacts(read, "child_id", "org_id", kind="involvement_start") == [
        ("school_census-U1", "S1"),
        ("school_census-U1", "S2"),
        ("school_census-U2", "S2"),
    ]
    assert set(read.frames["identifiers"].select("scheme", "value").rows()) == {("upn", "U1"), ("upn", "U2")}


def test_a_roll_id_that_leads_nowhere_refuses_the_row(tmp_path: Path) -> None:
    read = _read(
        term(
            tmp_path,
            "2024_autumn",
            pupilonroll=[on_roll("a", "U1")],
            termlysessiondetailsonroll=[register("a", "O"), register("zz", "O")],
            termlyexclusionsonroll=[excluded("zz", "2024-Nov-20", "PA")],
        )
    )
    assert sorted(read.quarantine.select("table", "row", "rule").rows()) == [
        ("exclusions", "2", "EW-R27"),
        ("sessions", "3", "EW-R27"),
    ]
    assert all(a.read == a.accepted + a.quarantined + a.collapsed for a in read.account)


def test_names_go_nowhere_but_to_linkage(tmp_path: Path) -> None:
    folder = term(tmp_path, "2024_autumn", pupilonroll=[on_roll("a", "U1"), on_roll("", "U2")])
    read = _read(folder)
    text = "\n".join([*(f.write_csv() for f in read.frames.values()), *read.notes])
    assert "made" not in text
    assert read.identities.is_empty()
    linkable = _read(folder, for_linkage=True).identities
    assert linkable.select("id", "forename", "surname", "birth_on").rows() == [
        ("school_census-U1", "Foremade", "Surmade", date(2015, 7, 19))
    ]


def test_what_is_protected_is_for_audit_alone(tmp_path: Path) -> None:
    read = _read(term(tmp_path, "2024_autumn", pupilonroll=[on_roll("a", "U1")]))
    assert sorted(read.frames["attributes"].select("attribute", "value").rows()) == [
        ("first_language", "ENG"),
        ("sex", "F"),
    ]


# --- leaving, and several terms


def test_a_pupil_off_the_roll_has_a_start_an_end_and_registers(tmp_path: Path) -> None:
    read = _read(
        term(
            tmp_path,
            "2024_autumn",
            pupilnolongeronroll=[off_roll("a", "U1", "2024-Dec-03")],
            termlysessiondetailsoffroll=[register("a", "O")],
        )
    )
    assert _contacts(read, "kind", "occurred_at", "known_at") == [
        ("involvement_end", datetime(2024, 12, 3), datetime(2024, 12, 3)),
        ("involvement_start", datetime(2023, 9, 4), datetime(2023, 9, 4)),
        ("school_attendance", datetime(2024, 9, 1), SPRING),
    ]


def _two_terms(folder: Path) -> Path:
    """Pupil 1 stays, under another roll id; pupil 2 leaves; pupil 3 comes, under the id that pupil 1 had."""
    term(
        folder,
        "2024_autumn",
        pupilonroll=[on_roll("a", "U1"), on_roll("b", "U2")],
        termlysessiondetailsonroll=[register("a", "O"), register("b", "O")],
        termlyexclusionsonroll=[excluded("a", "2024-Nov-20", "PA")],
    )
    return term(
        folder,
        "2025_spring",
        pupilonroll=[on_roll("c", "U1"), on_roll("a", "U3", entry="2025-Jan-06")],
        pupilnolongeronroll=[off_roll("b", "U2", "2025-Feb-03")],
        termlysessiondetailsonroll=[register("c", "O"), register("a", "I")],
        termlysessiondetailsoffroll=[register("b", "O")],
    )


def test_two_terms_of_the_same_pupils_do_not_multiply_them(tmp_path: Path) -> None:
    read = _read(_two_terms(tmp_path))
    assert read.quarantine.is_empty()
    assert _contacts(read, "child_id", "kind", kind="involvement_start") == [
        (f"school_census-U{n}", "involvement_start") for n in (1, 2, 3)
    ]
    assert _contacts(read, "child_id", "occurred_at", kind="involvement_end") == [
        ("school_census-U2", datetime(2025, 2, 3))
    ]
    assert len(_contacts(read, "record_id", kind="exclusion")) == 1
    assert read.frames["contacts"]["follows"].null_count() == read.frames["contacts"].height, "nothing corrects"


def test_registers_belong_to_the_roll_of_their_own_term(tmp_path: Path) -> None:
    read = _read(_two_terms(tmp_path))
    late = datetime(2025, 5, 15)
    assert _contacts(read, "child_id", "known_at", kind="school_attendance") == [
        ("school_census-U1", SPRING),
        ("school_census-U1", late),
        ("school_census-U2", SPRING),
        ("school_census-U2", late),
        ("school_census-U3", late),
    ]


def test_a_roll_id_of_another_term_is_no_reference(tmp_path: Path) -> None:
    term(tmp_path, "2024_autumn", pupilonroll=[on_roll("a", "U1")])
    term(tmp_path, "2025_spring", pupilonroll=[on_roll("b", "U2")], termlysessiondetailsonroll=[register("a", "O")])
    read = _read(tmp_path)
    assert read.quarantine.select("table", "rule").rows() == [("sessions", "EW-R27")]
    assert not _contacts(read, "child_id", kind="school_attendance")


def test_the_same_term_sent_again_says_nothing_new(tmp_path: Path) -> None:
    files = {"pupilonroll": [on_roll("a", "U1")], "termlysessiondetailsonroll": [register("a", "O")]}
    term(tmp_path / "first", "2024_autumn", **files)
    term(tmp_path / "again", "2024_autumn", **files, termlyexclusionsonroll=[excluded("a", "2024-Nov-20", "PA")])
    kinds = [kind for (kind,) in _contacts(_read(tmp_path), "kind")]
    assert kinds == ["exclusion", "involvement_start", "school_attendance"]


def test_columns_that_differ_between_terms_are_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    term(tmp_path, "2024_autumn", pupilonroll=[on_roll("a", "U1")])
    other = {**HEADS, "pupilonroll": (*ROLL[:9], "termlysessionsholiday", "somethingnew")}
    monkeypatch.setattr("tests.unit.records.sources.test_school_census.HEADS", other)
    term(tmp_path, "2025_spring", pupilonroll=[(*on_roll("a", "U1")[:9], "2.0", "?")])
    read = _read(tmp_path)
    assert len(_contacts(read, "record_id", kind="involvement_start")) == 1
    [said] = [note for note in read.notes if "does not know" in note]
    assert "somethingnew" in said
    assert "termlysessionsholiday" not in said


# --- size


def test_the_sample_is_read_whole(samples: Path) -> None:
    begun = perf_counter()
    read = _read(samples / "school_census")
    assert perf_counter() - begun < 40, "some 60,000 rows: a few seconds where nothing else runs"
    rows = {}
    for entry in read.account:
        if entry.source.startswith("2024_autumn"):
            rows[entry.source.removeprefix("2024_autumn_").removesuffix(".csv")] = (entry.read, entry.collapsed)
    assert rows == {
        "pupilnolongeronroll": (308, 0),
        "pupilonroll": (9088, 0),
        "termlysessiondetailsoffroll": (1328, 0),
        "termlysessiondetailsonroll": (39953, 0),
        "termlyexclusionsoffroll": (318, 0),
        "termlyexclusionsonroll": (10373, 4),  # four are told twice, under two ids
    }
    # Of 58 pupils the invented day of entry lies more than nine months before their birth: that row of the roll is
    # refused, and what belongs to it.
    refused = read.quarantine.group_by("table", "rule").len().sort("table").rows()
    assert refused == [("exclusions", "EW-R19", 39), ("roll", "EW-R21", 58), ("sessions", "EW-R19", 253)]
    late = read.frames["contacts"].filter(pl.col("kind").is_in(["school_attendance", "exclusion"]))
    assert set(late["known_at"]) == {SPRING}
    assert read.frames["children"]["child_id"].n_unique() == read.frames["children"].height
