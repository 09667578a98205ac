"""Annex A: what its lists tell, when each became known, and what is left behind at the door."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from earlywarn.records.mapping.cells import meaning_of
from earlywarn.records.mapping.declared import shipped
from earlywarn.records.mapping.deliveries import ExtractDates
from earlywarn.records.mapping.layout import plain
from earlywarn.records.sources import Extract, extract
from tests.annex_a_workbook import EXTRACT, HEADERS, WORKER, Cell, Row, row, workbook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LAYOUT = shipped("annex_a")


def _read(path: Path | Sequence[Path], day: date | None = EXTRACT) -> Extract:
    dates = ExtractDates.parse([day.isoformat()]) if day else None
    return extract(path, "annex_a", dates=dates, authority="301")


def _of(folder: Path, lists: Mapping[str, Sequence[Row]]) -> Extract:
    return _read(workbook(folder / "annex_a.xlsx", lists))


def _contacts(read: Extract, *columns: str, **where: object) -> list[tuple[object, ...]]:
    frame = read.frames["contacts"].filter(*(pl.col(k) == v for k, v in where.items()))
    return sorted(frame.select(columns).rows(), key=str)


def _everything(read: Extract) -> str:
    frames = [*read.frames.values(), read.quarantine, read.births, read.identities]
    return "\n".join([*(frame.write_csv() for frame in frames), *read.notes])


# --- the sample


def test_the_sample_is_read_whole(samples: Path) -> None:
    read = _read(samples / "annex_a" / "Annex_A.xlsx", date(2021, 3, 31))
    rows = {a.table: (a.read, a.accepted, a.quarantined) for a in read.account if a.source == "Annex_A.xlsx"}
    assert rows == {
        "contacts": (5, 5, 0),
        "early_help": (5, 5, 0),
        "referrals": (6, 6, 0),
        "assessments": (5, 5, 0),
        "enquiries": (5, 5, 0),
        "in_need": (5, 4, 1),
        "plans": (7, 6, 1),
        "looked_after": (5, 4, 1),
        "care_leavers": (6, 6, 0),
        "adoption": (5, 5, 0),
    }
    # PSRMEM is a code of adult services, in no list of needs. Two invented days of birth lie a year after the plan,
    # and eight years after the care, that is told of the child.
    refused = read.quarantine.sort("table").select("table", "row", "column", "rule").rows()
    assert refused == [
        ("in_need", "2", "Primary Need Code", "EW-R05"),
        ("looked_after", "5", "Date Started to be Looked After", "EW-R21"),
        ("plans", "8", "Child Protection Plan Start Date", "EW-R21"),
    ]


def test_every_column_of_the_sample_is_carried_or_left_behind_on_purpose(samples: Path) -> None:
    read = _read(samples / "annex_a" / "Annex_A.xlsx", date(2021, 3, 31))
    assert not [note for note in read.notes if "does not know" in note]
    assert "Annex_A.xlsx, List 11 is not carried" in read.notes


def test_children_of_the_sample_with_two_days_of_birth_keep_none(samples: Path) -> None:
    read = _read(samples / "annex_a" / "Annex_A.xlsx", date(2021, 3, 31))
    twice = {f"301-{n}" for n in (7961370, 10414520, 13782635, 4939073, 6102196)}  # lists 9 and 10 disagree
    told = read.births.group_by("child_id").agg(pl.col("birth_on").drop_nulls().n_unique())
    assert set(told.filter(pl.col("birth_on") > 1)["child_id"]) == twice
    assert set(read.frames["children"].filter(pl.col("child_id").is_in(twice))["birth_on"]) == {None}


# --- when it was known

KNOWN = {
    ("List 1", "contact", "police"): (None, date(2026, 1, 12), "received_date"),
    ("List 2", "assessment", "early_help"): (date(2026, 1, 13), date(2026, 1, 13), "unknown"),
    ("List 2", "conclusion", "early_help"): (None, date(2026, 2, 3), "unknown"),
    ("List 3", "referral", "health"): (None, date(2026, 1, 14), "received_date"),
    ("List 3", "conclusion", "social_care"): (None, EXTRACT, "extract"),
    ("List 4", "assessment", "social_care"): (date(2026, 1, 15), date(2026, 1, 15), "unknown"),
    ("List 4", "conclusion", "social_care"): (None, EXTRACT, "extract"),
    ("List 4", "conclusion", "social_care", 2): (date(2026, 1, 15), date(2026, 2, 20), "unknown"),
    ("List 5", "strategy_enquiry", "social_care"): (date(2026, 1, 16), date(2026, 1, 16), "unknown"),
    ("List 5", "conference", "social_care"): (date(2026, 2, 6), date(2026, 2, 6), "unknown"),
    ("List 5", "conclusion", "social_care"): (None, EXTRACT, "extract"),
    ("List 6", "plan_start", "social_care"): (date(2025, 9, 1), date(2025, 9, 1), "unknown"),
    ("List 6", "plan_end", "social_care"): (date(2026, 3, 25), date(2026, 3, 25), "unknown"),
    ("List 6", "visit", "social_care"): (date(2026, 3, 20), EXTRACT, "extract"),
    ("List 6", "conclusion", "social_care"): (None, EXTRACT, "extract"),
    ("List 7", "plan_start", "social_care"): (date(2025, 10, 1), date(2025, 10, 1), "unknown"),
    ("List 7", "plan_end", "social_care"): (date(2026, 3, 26), date(2026, 3, 26), "unknown"),
    ("List 7", "visit", "social_care"): (date(2026, 3, 18), EXTRACT, "extract"),
    ("List 7", "review", "social_care"): (date(2026, 1, 5), EXTRACT, "extract"),
    ("List 7", "conclusion", "social_care"): (None, EXTRACT, "extract"),
    ("List 8", "legal_status", "social_care"): (date(2025, 6, 2), date(2025, 6, 2), "unknown"),
    ("List 8", "legal_status", "social_care", 2): (date(2025, 7, 7), EXTRACT, "extract"),
    ("List 8", "legal_status", "social_care", 3): (date(2026, 3, 27), date(2026, 3, 27), "unknown"),
    ("List 8", "contact", "social_care"): (date(2026, 1, 19), EXTRACT, "extract"),
    ("List 8", "visit", "social_care"): (date(2026, 3, 3), EXTRACT, "extract"),
    ("List 8", "review", "social_care"): (date(2026, 1, 20), EXTRACT, "extract"),
    ("List 8", "appointment", "health"): (date(2025, 11, 11), EXTRACT, "extract"),
    ("List 8", "appointment", "dentistry"): (date(2025, 11, 12), EXTRACT, "extract"),
    ("List 8", "placement_start", "social_care"): (date(2025, 12, 1), EXTRACT, "extract"),
    ("List 8", "conclusion", "social_care"): (None, EXTRACT, "extract"),
    ("List 9", "contact", "social_care"): (date(2026, 3, 9), EXTRACT, "extract"),
    ("List 9", "review", "social_care"): (date(2026, 2, 2), EXTRACT, "extract"),
    ("List 10", "other", "social_care"): (date(2025, 1, 9), date(2025, 1, 9), "unknown"),
    ("List 10", "legal_status", "social_care"): (date(2025, 2, 10), date(2025, 2, 10), "unknown"),
    ("List 10", "legal_status", "social_care", 2): (date(2025, 12, 13), date(2025, 12, 13), "unknown"),
    ("List 10", "placement_start", "social_care"): (date(2025, 4, 12), date(2025, 4, 12), "unknown"),
}
"""Each record of a usual workbook: when it happened, when it was known, and how that is told. Made by hand."""


def test_each_list_is_known_when_the_hand_made_table_says(tmp_path: Path) -> None:
    read = _read(workbook(tmp_path / "annex_a.xlsx"))
    columns = (pl.col("source_row").str.extract("^(List [0-9]+)"), "kind", "agency", "occurred_at", "known_at")
    made = read.frames["contacts"].select(*columns, "recorded_basis").rows()
    wanted = [(*key[:3], _moment(happened), _moment(known), basis) for key, (happened, known, basis) in KNOWN.items()]
    assert sorted(made, key=str) == sorted(wanted, key=str)


def _moment(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day) if day else None


def test_the_latest_category_is_a_concern_only_where_it_is_new(tmp_path: Path) -> None:
    read = _read(workbook(tmp_path / "annex_a.xlsx"))
    told = (
        read.frames["concerns"].filter(pl.col("child_id") == "301-1007").join(read.frames["contacts"], on="record_id")
    )
    assert sorted(told.select("category", "kind").rows()) == [
        ("neglect", "plan_start"),
        ("physical_abuse", "conclusion"),
    ]


def test_a_last_visit_of_the_next_quarter_is_another_visit_and_no_correction(tmp_path: Path) -> None:
    plan = row("List 7", Child_Protection_Plan_End_Date=None, Date_of_the_last=date(2026, 3, 18))
    later = row("List 7", Child_Protection_Plan_End_Date=None, Date_of_the_last=date(2026, 6, 11))
    first = workbook(tmp_path / "2026-03-31.xlsx", {"List 7": [plan]})
    second = workbook(tmp_path / "2026-06-30.xlsx", {"List 7": [later]})
    dates = ExtractDates.parse(["2026-03-31=2026-03-31", "2026-06-30=2026-06-30"])
    read = extract([first, second], "annex_a", dates=dates, authority="301")
    assert _contacts(read, "occurred_at", "known_at", "follows", kind="visit") == [
        (datetime(2026, 3, 18), datetime(2026, 3, 31), None),
        (datetime(2026, 6, 11), datetime(2026, 6, 30), None),
    ]
    assert len(_contacts(read, "record_id", kind="plan_start")) == len(_contacts(read, "record_id", kind="review")) == 1
    assert read.frames["episodes"].height == 1


def test_half_a_years_lookback_is_said(tmp_path: Path) -> None:
    assert any("look back six months" in note for note in _read(workbook(tmp_path / "annex_a.xlsx")).notes)


# --- workbooks as they come


def test_titles_and_odd_blanks_in_headers_change_nothing(tmp_path: Path) -> None:
    as_usual = _read(workbook(tmp_path / "a.xlsx"))
    odd = workbook(
        tmp_path / "b.xlsx",
        above=("Annex A", "made for the inspection"),
        header=lambda h: f" {h.upper()}\u00a0 ".replace(" ", "\u00a0", 2),
    )
    wanted, read = as_usual.frames["contacts"], _read(odd).frames["contacts"]
    assert read.drop("source", "source_row").equals(wanted.drop("source", "source_row"))
    assert set(read["source_row"].str.extract("row ([0-9]+)")) == {"4"}


def test_worksheets_with_longer_names_are_one_delivery(tmp_path: Path) -> None:
    path = workbook(tmp_path / "annex_a.xlsx", called=lambda name: f"{name} - as sent")
    read = _read(path, day=None)
    [said] = [note for note in read.notes if "no --extract-date" in note]
    assert "the newest date in it, 2026-03-27," in said
    assert set(read.frames["contacts"].filter(pl.col("recorded_basis") == "extract")["known_at"]) == {
        datetime(2026, 3, 27)
    }


@pytest.mark.parametrize("written", ["2026-01-12", "12/01/2026", "12/01/2026 00:00:00", "12-Jan-26", "12-Jan-2026"])
def test_a_day_written_as_text_is_read_in_the_declared_ways_alone(tmp_path: Path, written: str) -> None:
    read = _of(tmp_path, {"List 1": [row("List 1", Date_of_contact=written)]})
    assert _contacts(read, "known_at") == [(datetime(2026, 1, 12),)]


@pytest.mark.parametrize("written", ["46034", 46034, "01/13/2026", "12/01/26", "12.01.2026", "Jan 2026"])
def test_a_day_written_otherwise_refuses_the_row(tmp_path: Path, written: Cell) -> None:
    read = _of(tmp_path, {"List 1": [row("List 1", Date_of_contact=written), row("List 1")]})
    assert read.quarantine.select("table", "row", "column", "rule").rows() == [
        ("contacts", "2", "Date of Contact", "EW-R02")
    ]
    assert len(_contacts(read, "record_id")) == 1
    assert str(written) not in "".join(read.quarantine.drop("content").write_csv())


@pytest.mark.parametrize("written", ["#N/A", "N/A", "NULL", "Not recorded", "n/a", " "])
def test_what_means_nothing_is_nothing(tmp_path: Path, written: str) -> None:
    read = _of(tmp_path, {"List 1": [row("List 1", Contact_source=written, Date_of_birth=written)]})
    assert _contacts(read, "agency") == [("unknown",)]
    assert read.frames["children"]["birth_on"].to_list() == [None]
    assert read.quarantine.is_empty()


def test_two_days_of_birth_are_listed_and_nothing_is_merged(tmp_path: Path) -> None:
    lists = {
        "List 1": [row("List 1", Child_unique_id=7)],
        "List 3": [row("List 3", Child_unique_id=7, Date_of_birth=date(2016, 5, 5))],
    }
    read = _of(tmp_path, lists)
    assert read.frames["children"].select("child_id", "birth_on").rows() == [("301-7", None)]
    assert sorted(read.births.select("child_id", "birth_on").rows()) == [
        ("301-7", date(2016, 5, 4)),
        ("301-7", date(2016, 5, 5)),
    ]
    assert {kind for (kind,) in _contacts(read, "kind")} == {"contact", "referral", "conclusion"}


def test_leading_zeros_of_an_id_stay(tmp_path: Path) -> None:
    read = _of(tmp_path, {"List 1": [row("List 1", Child_unique_id="0042"), row("List 1", Child_unique_id=42)]})
    assert _contacts(read, "child_id") == [("301-0042",), ("301-42",)]


def test_a_child_in_need_without_a_start_keeps_what_else_is_told(tmp_path: Path) -> None:
    read = _of(tmp_path, {"List 6": [row("List 6", CIN_start=None, CIN_closure=None, Reason_for_closure=None)]})
    assert read.quarantine.is_empty()
    assert read.frames["episodes"].is_empty()
    assert _contacts(read, "kind", "child_seen") == [("visit", True)]


# --- what is left behind


@pytest.mark.parametrize(
    "header", ["Allocated Worker", "Allocated Social Worker", "Name of allocated worker", "Case worker"]
)
def test_no_allocated_worker_is_in_anything_that_is_read(tmp_path: Path, header: str) -> None:
    lists = {
        name: [row(name), row(name, Child_unique_id=2, Date_of_birth="soon")] for name in HEADERS if name != "List 11"
    }
    path = workbook(tmp_path / "annex_a.xlsx", lists, header=lambda h: header if h == "Allocated Worker" else h)
    read = _read(path)
    assert read.quarantine.height == 10, "a refused row of each list"
    assert WORKER not in _everything(read)
    assert read.frames["contacts"]["worker_id"].null_count() == read.frames["contacts"].height


def test_counts_and_ages_of_the_extracts_day_are_left_behind(tmp_path: Path) -> None:
    left = [n for n in _read(workbook(tmp_path / "annex_a.xlsx")).notes if "left behind on purpose" in n]
    for header in ("Age", "Number of Referrals in Last 12 Months", "Number of ICPCs in the last 12 months"):
        assert any(header in note for note in left), header


def test_adopters_are_no_children(tmp_path: Path) -> None:
    read = _read(workbook(tmp_path / "annex_a.xlsx"))
    assert "5001" not in _everything(read)
    assert "annex_a.xlsx, List 11 is not carried" in read.notes


def test_columns_of_the_2024_layout_may_be_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = {**HEADERS, "List 9": tuple(h for h in HEADERS["List 9"] if "Latest" not in h)}
    monkeypatch.setattr("tests.annex_a_workbook.HEADERS", older)
    read = _read(workbook(tmp_path / "annex_a.xlsx", {"List 9": [row("List 9")]}))
    assert read.frames["contacts"].is_empty()
    assert read.frames["children"]["child_id"].to_list() == ["301-1009"]


# --- codes

SPELLINGS = [
    ("source", "q) 6: Police", "police"),
    ("source", "Police - MASH referral", "police"),
    ("source", "Police/Court /Probation", "probation_courts"),
    ("source", "e) 2A: Schools", "school"),
    ("source", "‘SCHOOLS’.", "school"),
    ("source", "p1) 5D: LA services", "early_help"),
    ("source", "3B - Health services – Health Visitor", "health_visiting"),
    ("source", "‘HEALTH SERVICES’ – GP.", "gp"),
    ("source", "Health Services - A&E (emergency department)", "emergency"),
    ("source", "Other (including Hospice, Hospital ward discharges) [3F]", "health"),
    ("source", "Anonymous [9]", "anonymous"),
    ("source", "u) 10: Unknown", "unknown"),
    ("source", "60) Individual - Family Member / Relative / Foster Carer", "family"),
    ("source", "10) Housing", "housing"),
    ("source", "Individual – Other (including strangers, MPs)", "public"),
    ("source", "LA Services – Social care eg adults social care", "adult_social_care"),
    ("source", "LA Services - Social care", "social_care"),
    ("source", "8 Other - Including children’s centres, voluntary organisations", "voluntary"),
    ("need_said", "N1 - Abuse or Neglect", "other"),
    ("need_said", "CIN - N5 Family dysfunction", "family_dysfunction"),
    ("need_said", "1f Domestic Violence resulting in significant harm", "domestic_abuse"),
    ("need_said", "Disability - Learning Disability", "disability"),
    ("need_said", "Family in acute stress: Conditions of Accommodation", "acute_stress"),
    ("need_said", "Family in acute stress: Families Affected by Mental Health difficulties", "mental_health_parent"),
    ("closure_said", "CIN - Transferred to services of another LA", "moved_away"),
    ("closure_said", "RC9: Step down", "early_help"),
    ("category", "a) Neglect", "neglect"),
    ("category", "Emotional abuse only", "emotional_abuse"),
    ("ceased", "k) E47: Special Guardianship Orders - relative/friend", "special_guardianship"),
    ("ceased", "E4A - Return home (not under a Residence Order)", "other"),
    ("ceased", "Adopted – consent dispensed with by court", "adopted"),
    ("ceased", "Care taken over by another LA in the UK [E3]", "moved_away"),
    ("status", "c) Child in need plan", "child_in_need"),
    ("nfa", "1 - Yes", "no_further_action"),
    ("seen", "0 - No", "false"),
    ("alone", "a) Yes", "true"),
]


@pytest.mark.parametrize(("codes", "written", "means"), SPELLINGS)
def test_a_local_spelling_means_what_it_says(codes: str, written: str, means: str) -> None:
    assert meaning_of(written, LAYOUT.codes[codes]) == (means,)


OWN_LISTS = (
    "source",
    "need_said",
    "closure_said",
    "category",
    "ceased",
    "status",
    "said",
    "nfa",
    "to_plan",
    "not_needed",
)
OWN_LISTS += ("protected", "uasc", "seen", "alone", "offered", "accepted")


@pytest.mark.parametrize("codes", OWN_LISTS)
def test_every_listed_spelling_decodes_to_what_is_listed(codes: str) -> None:
    listed = LAYOUT.codes[codes]
    wrong = [spelling for spelling, means in listed.means.items() if meaning_of(spelling.upper(), listed) != means]
    assert not wrong


@pytest.mark.parametrize(
    "codes", ["said", "nfa", "to_plan", "not_needed", "protected", "uasc", "seen", "alone", "offered", "accepted"]
)
@pytest.mark.parametrize(
    ("written", "as_if"), [("a) Yes", "yes"), ("1 - Yes", "yes"), ("b) No", "no"), ("0 - No", "no"), ("b. No", "no")]
)
def test_letters_and_figures_before_yes_and_no_do_not_matter(codes: str, written: str, as_if: str) -> None:
    assert meaning_of(written, LAYOUT.codes[codes]) == LAYOUT.codes[codes].means[plain(as_if)]


@pytest.mark.parametrize(
    ("name", "column"),
    [("List 1", "Contact Source"), ("List 3", "Referral Source"), ("List 6", "Primary Need Code"),
     ("List 6", "Reason for Closure"), ("List 6", "Case Status"), ("List 7", "Initial Category"),
     ("List 7", "Was the Child Seen Alone"), ("List 8", "Reason Ceased")],
)  # fmt: skip
def test_a_word_in_no_list_refuses_the_row(tmp_path: Path, name: str, column: str) -> None:
    read = _of(tmp_path, {name: [row(name, **{column: "Wibble"}), row(name, Child_unique_id=2)]})
    assert read.quarantine["rule"].to_list() == ["EW-R05"]
    assert read.quarantine["column"].to_list()[0].startswith(column)


@pytest.mark.parametrize(
    ("said", "seen", "alone"),
    [
        ("a) Yes", True, True),
        ("Seen alone", True, True),
        ("b) No", None, False),
        ("c) Unknown", None, None),
        (None, None, None),
    ],
)
def test_who_was_not_seen_alone_may_have_been_seen(
    tmp_path: Path, said: Cell, *, seen: bool | None, alone: bool | None
) -> None:
    read = _of(tmp_path, {"List 7": [row("List 7", Was_the_child_seen_alone=said)]})
    assert _contacts(read, "child_seen", "seen_alone", kind="visit") == [(seen, alone)]
