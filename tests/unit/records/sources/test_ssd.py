"""The Standard Safeguarding Dataset: what each table becomes, when it is known, and what is refused."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.records import codes
from earlywarn.records.mapping.declared import shipped
from earlywarn.records.mapping.deliveries import ExtractDates
from earlywarn.records.mapping.layout import plain
from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.sources.formats import reader
from tests import ssd_extract
from tests.ssd_extract import AUTHORITY, EXTRACT_DAY, OUTCOMES, TABLES, contact, factors, flags, person, referral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from earlywarn.records.sources import Extract

LAYOUT = shipped("ssd")
DAY = "2026-03-31"


def read_folder(
    folder: Path, dates: Iterable[str] = (EXTRACT_DAY,), authority: str = AUTHORITY, *, for_linkage: bool = False
) -> Extract:
    return reader("ssd", ExtractDates.parse(dates), authority, None, for_linkage=for_linkage)(folder)


@pytest.fixture
def extract(tmp_path) -> Callable[..., Extract]:
    """Write tables and read them."""

    def make(tables: ssd_extract.Extract, **more: object) -> Extract:
        return read_folder(ssd_extract.write(tmp_path / "extract", tables), **more)

    return make


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Extract:
    return read_folder(ssd_extract.write(tmp_path_factory.mktemp("ssd")))


def records(mapped: Extract, child: str) -> list[tuple[object, ...]]:
    """Records of a child: what, by whom, when it happened, when it was known and why so, what came of it."""
    said = mapped.frames["contacts"].filter(pl.col("child_id") == f"{AUTHORITY}-{child}")
    days = pl.col("occurred_at", "known_at").dt.to_string("%Y-%m-%d")
    names = ("kind", "agency", "occurred_at", "known_at", "recorded_basis", "outcome")
    return sorted(said.with_columns(days).select(names).rows(), key=str)


def by_record(mapped: Extract, table: str, *columns: str) -> list[tuple[object, ...]]:
    """Rows of a table with the child and the day on which the record that carries them was known."""
    contacts = mapped.frames["contacts"].select(
        "record_id", "child_id", day=pl.col("known_at").dt.to_string("%Y-%m-%d")
    )
    frame = mapped.frames[table].drop("child_id", strict=False).join(contacts, on="record_id")
    return sorted(frame.select(pl.col("child_id").str.slice(4), "day", *columns).rows(), key=str)


def refusals(mapped: Extract) -> list[tuple[str, ...]]:
    return sorted(mapped.quarantine.select("table", "row", "column", "rule").rows())


def account(mapped: Extract, table: str) -> tuple[int, int, int, int]:
    entries = [a for a in mapped.account if a.table == table]
    return tuple(sum(getattr(a, n) for a in entries) for n in ("read", "accepted", "quarantined", "collapsed"))


def assert_keeps_the_contract(mapped: Extract) -> None:
    checked = records_from_frames({n: f for n, f in mapped.frames.items() if n in RECORD_TABLES})
    assert checked.quarantine.select("table", "row", "column", "rule").rows() == []
    assert sum(a.quarantined for a in mapped.account) == mapped.quarantine.height
    known = mapped.frames["contacts"].filter(pl.col("known_at") > pl.lit(datetime.fromisoformat(DAY)))
    assert known.is_empty()


# --- When each thing became known, from a table made by hand

RECEIVED, UNKNOWN, EXTRACT, LATER = "received_date", "unknown", "extract", "later_event"
CARE = "social_care"

KNOWN = {
    "C01": [
        ("contact", "police", None, "2025-01-10", RECEIVED, None),
        ("conclusion", CARE, None, DAY, EXTRACT, "referral"),
        ("referral", "police", None, "2025-01-12", RECEIVED, None),
        ("conclusion", CARE, None, DAY, EXTRACT, "assessment"),
        ("involvement_start", CARE, "2025-01-13", "2025-01-13", UNKNOWN, None),
        ("involvement_end", CARE, "2025-06-01", "2025-06-01", UNKNOWN, None),
        ("involvement_start", CARE, "2025-06-01", "2025-06-01", UNKNOWN, None),
        ("assessment", CARE, "2025-01-15", "2025-01-15", UNKNOWN, None),
        ("conclusion", CARE, "2025-01-15", "2025-02-20", UNKNOWN, "strategy_enquiry"),  # authorised
        ("conclusion", CARE, None, "2025-02-20", UNKNOWN, None),  # its factors
        ("strategy_enquiry", CARE, "2025-02-21", "2025-02-21", UNKNOWN, None),
        ("conclusion", CARE, None, "2025-03-01", UNKNOWN, "conference"),
        ("conference", CARE, "2025-03-10", "2025-03-10", UNKNOWN, "protection_plan"),
        ("plan_start", CARE, "2025-03-10", "2025-03-10", UNKNOWN, None),
        ("conclusion", CARE, None, DAY, EXTRACT, None),  # the latest category
        ("visit", CARE, "2025-03-20", "2025-03-20", UNKNOWN, None),
        ("review", CARE, "2025-06-08", "2025-06-08", UNKNOWN, "protection_plan"),
        ("other", CARE, None, DAY, EXTRACT, None),  # family
        ("other", CARE, None, DAY, EXTRACT, None),  # mother
    ],
    "C02": [
        ("contact", "unknown", None, "2025-01-10", RECEIVED, None),
        ("involvement_start", "early_help", "2024-09-02", "2024-09-02", UNKNOWN, None),
        ("involvement_end", "early_help", "2025-01-31", "2025-01-31", UNKNOWN, None),
        ("referral", "school", None, "2025-01-12", RECEIVED, None),
        ("conclusion", CARE, None, DAY, EXTRACT, "no_further_action"),
        ("other", CARE, None, DAY, EXTRACT, None),
        ("other", CARE, None, DAY, EXTRACT, None),
    ],
    "C03": [
        ("referral", "gp", None, "2026-01-20", RECEIVED, None),
        ("conclusion", CARE, None, DAY, EXTRACT, None),
        ("other", CARE, None, DAY, EXTRACT, None),
    ],
    "C04": [("contact", "child_self", None, "2025-03-03", RECEIVED, None)],
    "C05": [
        ("legal_status", CARE, "2025-06-01", "2025-06-01", UNKNOWN, None),  # looked after
        ("legal_status", CARE, "2025-09-01", "2025-09-01", UNKNOWN, None),
        ("legal_status", CARE, "2025-09-01", "2025-09-01", UNKNOWN, None),
        ("legal_status", CARE, "2026-02-01", "2026-02-01", UNKNOWN, None),
        ("conclusion", CARE, None, DAY, EXTRACT, None),  # the need, once an episode
        ("conclusion", CARE, None, DAY, EXTRACT, None),
        ("legal_status", CARE, "2025-06-01", "2025-06-01", UNKNOWN, None),  # V2, in the table of its own
        ("conclusion", CARE, None, "2026-02-01", UNKNOWN, "closed"),
        ("placement_start", CARE, "2025-06-01", "2025-06-01", UNKNOWN, None),
        ("placement_end", CARE, "2025-09-01", "2025-09-01", UNKNOWN, None),
        ("visit", CARE, "2025-07-01", "2025-07-01", UNKNOWN, None),
        ("review", CARE, "2025-06-27", "2025-06-27", UNKNOWN, None),
        ("screening", "health", "2025-08-01", "2025-08-01", UNKNOWN, None),
        ("screening", CARE, "2025-11-11", "2025-11-11", UNKNOWN, None),
        ("observation", CARE, "2025-10-10", DAY, EXTRACT, None),
        ("missing", CARE, "2025-10-01", "2025-10-03", LATER, None),
        ("conclusion", CARE, None, DAY, EXTRACT, None),  # the return interview
        ("missing", CARE, "2025-12-01", "2025-12-02", LATER, None),
        ("missing", CARE, "2026-03-29", DAY, EXTRACT, None),
    ],
    "C06": [
        ("assessment", CARE, "2026-03-01", "2026-03-01", UNKNOWN, None),
        ("conclusion", CARE, "2026-03-01", DAY, EXTRACT, None),  # not authorised: seen or not, from the extract
        ("conclusion", CARE, None, DAY, EXTRACT, None),  # its factors
        ("strategy_enquiry", CARE, "2026-03-20", "2026-03-20", UNKNOWN, None),
        ("conclusion", CARE, None, DAY, EXTRACT, None),  # the conference that is due
    ],
    "C07": [
        ("contact", "anonymous", None, "2025-03-04", RECEIVED, None),
        ("referral", "school", None, "2025-05-01", RECEIVED, None),
        ("conclusion", CARE, None, DAY, EXTRACT, None),
        ("assessment", CARE, "2026-03-02", "2026-03-02", UNKNOWN, None),
    ],
    "C08": [
        ("contact", "housing", None, "2025-03-05", RECEIVED, None),
        ("conclusion", CARE, None, DAY, EXTRACT, "no_further_action"),
        ("visit", CARE, "2025-06-02", "2025-06-02", UNKNOWN, None),
        ("visit", CARE, "2025-06-03", "2025-06-03", UNKNOWN, None),
    ],
    "C09": [],
    "C11": [
        ("referral", "school", None, "2025-04-01", RECEIVED, None),
        ("conclusion", CARE, None, DAY, EXTRACT, None),
        ("conclusion", CARE, None, "2025-12-24", RECEIVED, "closed"),
        ("assessment", CARE, "2025-04-02", "2025-04-02", UNKNOWN, None),
        ("conclusion", CARE, "2025-04-02", "2025-05-05", UNKNOWN, "no_further_action"),
        ("conclusion", CARE, None, "2025-05-05", UNKNOWN, None),
        ("plan_start", CARE, "2025-05-06", "2025-05-06", UNKNOWN, None),
        ("plan_end", CARE, "2025-12-24", "2025-12-24", UNKNOWN, None),
        ("visit", CARE, "2025-06-01", "2025-06-01", UNKNOWN, None),
        ("plan_start", CARE, "2024-04-01", "2024-04-01", UNKNOWN, None),
        ("plan_end", CARE, "2024-10-01", "2024-10-01", UNKNOWN, None),
        ("conclusion", CARE, None, DAY, EXTRACT, None),
    ],
    "C12": [],
}


@pytest.mark.parametrize("child", KNOWN)
def test_each_record_is_known_when_the_table_made_by_hand_says(whole, child):
    assert records(whole, child) == sorted(KNOWN[child], key=str)


def test_every_conclusion_follows_the_record_it_completes_and_nothing_else_follows(whole):
    contacts = whole.frames["contacts"]
    followed = contacts.select(pl.col("record_id").alias("follows"), pl.col("kind").alias("older"))
    pairs = contacts.join(followed, on="follows", how="left").select("kind", "older").unique()
    conclusions = pairs.filter(pl.col("older").is_not_null())
    assert set(conclusions["kind"]) == {"conclusion"}
    assert pairs.filter(kind="conclusion")["older"].null_count() == 0
    assert set(conclusions["older"]) == {
        *("contact", "referral", "assessment", "strategy_enquiry", "plan_start", "missing", "legal_status")
    }


CONCERNS = [
    ("C01", "2025-02-20", "domestic_abuse", "cin_factor:3B"),
    ("C01", "2025-02-20", "neglect", "cin_factor:16A"),
    ("C01", "2025-03-10", "neglect", "cin_category:Neglect"),
    ("C01", DAY, "other", "cin_need:N1"),
    ("C02", DAY, "family_dysfunction", "cin_need:N5"),
    ("C05", "2025-10-03", "missing", "ssd_missing:M"),
    ("C05", DAY, "absent_parenting", "cin_need:N8"),
    ("C05", DAY, "absent_parenting", "cin_need:N8"),
    ("C05", DAY, "missing", "ssd_missing:Missing"),
    ("C05", DAY, "substance_child", None),
    ("C06", DAY, "physical_abuse", "cin_factor:18C"),
    ("C06", DAY, "substance_child", "cin_factor:1A"),
    ("C11", "2024-04-01", "physical_abuse", "cin_category:PHY"),
    ("C11", "2025-05-05", "none_identified", "cin_factor:21"),
]


def test_concerns_are_known_with_their_record(whole):
    found = by_record(whole, "concerns", "category", "code")
    latest = [row for row in found if row[2] == "emotional_abuse"]
    assert [row[:2] for row in latest] == [("C01", DAY)]  # neglect was a category from the start: not raised again
    assert [row for row in found if row not in latest] == sorted(CONCERNS, key=str)
    assert set(whole.frames["concerns"]["closing"]) == {"not_recordable"}


def test_facts_are_known_with_their_record(whole):
    assert by_record(whole, "facts", "key", "value") == [
        ("C01", "2025-01-13", "worker_role", "Allocated worker"),
        ("C01", "2025-03-10", "conference_due", "2025-03-14"),
        ("C01", "2025-06-01", "worker_role", "Allocated worker"),
        ("C01", "2025-06-08", "participation", "PN6"),
        ("C01", "2025-06-08", "review_due", "2025-06-10"),
        ("C01", DAY, "latest_category", "emotional_abuse"),
        ("C01", DAY, "latest_category", "neglect"),
        ("C01", DAY, "team", "T7"),
        ("C05", "2025-06-01", "legal_status", "V2"),
        ("C05", "2025-06-01", "placement_type", "U6"),
        ("C05", "2025-06-27", "participation", "PN1"),
        ("C05", "2025-06-27", "review_due", "2025-06-28"),
        ("C05", "2025-08-01", "screening", "Dental check"),
        ("C05", "2025-11-11", "screening", "Strengths and Difficulties Questionnaire"),
        ("C05", "2025-11-11", "screening_score", "17"),
        ("C05", "2026-02-01", "closure_reason", "other"),
        ("C05", DAY, "return_interview_accepted", "false"),
        ("C05", DAY, "return_interview_offered", "true"),
        ("C06", DAY, "conference_due", "2026-04-13"),
        ("C11", "2025-12-24", "closure_reason", "died"),
        ("C11", DAY, "latest_category", "physical_abuse"),
    ]


def test_whether_a_child_was_seen_is_known_with_the_visit_or_when_the_assessment_is_authorised(whole):
    seen = whole.frames["contacts"].filter(pl.col("child_seen").is_not_null() | pl.col("seen_alone").is_not_null())
    days = pl.col("occurred_at", "known_at").dt.to_string("%Y-%m-%d")
    names = ("occurred_at", "known_at", "child_seen", "seen_alone")
    assert sorted(seen.with_columns(days).select(pl.col("child_id").str.slice(4), "kind", *names).rows(), key=str) == [
        ("C01", "conclusion", "2025-01-15", "2025-02-20", True, None),
        ("C01", "visit", "2025-03-20", "2025-03-20", True, True),
        ("C05", "visit", "2025-07-01", "2025-07-01", True, False),
        ("C06", "conclusion", "2026-03-01", DAY, False, None),
        ("C08", "visit", "2025-06-02", "2025-06-02", False, None),
        ("C11", "visit", "2025-06-01", "2025-06-01", True, False),
    ]
    assessed = seen.filter(kind="conclusion")
    assert set(assessed["occurred_precision"]) == {
        "unknown"
    }  # the day is the assessment's first, not that of the seeing


def test_episodes_begin_and_end_with_the_records_that_say_so(whole):
    known = whole.frames["contacts"].select("record_id", day=pl.col("known_at").dt.to_string("%Y-%m-%d"))
    episodes = (
        whole.frames["episodes"]
        .join(known.rename({"record_id": "started_by", "day": "begun"}), on="started_by", how="left")
        .join(known.rename({"record_id": "ended_by", "day": "over"}), on="ended_by", how="left")
        .with_columns(pl.col("start_on", "end_on").dt.to_string("%Y-%m-%d"), pl.col("child_id").str.slice(4))
    )
    names = ("child_id", "kind", "category", "start_on", "begun", "end_on", "over")
    assert sorted(episodes.select(names).rows(), key=str) == [
        ("C01", "child_in_need", None, "2025-01-12", DAY, None, None),
        ("C01", "protection_plan", "neglect", "2025-03-10", "2025-03-10", None, None),
        (
            "C02",
            "early_help",
            None,
            "2024-09-02",
            "2024-09-02",
            "2025-01-31",
            "2025-01-31",
        ),  # its referral came to nothing
        ("C03", "child_in_need", None, "2026-01-20", DAY, None, None),
        ("C05", "looked_after", None, "2025-06-01", "2025-06-01", "2025-09-01", "2025-09-01"),
        ("C05", "looked_after", None, "2025-09-01", "2025-09-01", "2026-02-01", "2026-02-01"),
        ("C07", "child_in_need", None, "2025-05-01", DAY, None, None),  # closed on 1900-01-01: not closed
        ("C11", "child_in_need", None, "2025-04-01", DAY, "2025-12-24", "2025-12-24"),
        ("C11", "child_in_need", None, "2025-05-06", "2025-05-06", "2025-12-24", "2025-12-24"),
        ("C11", "protection_plan", "physical_abuse", "2024-04-01", "2024-04-01", "2024-10-01", "2024-10-01"),
    ]


def test_what_a_record_belongs_to_is_named_where_the_extract_holds_it(whole):
    contacts, episodes = whole.frames["contacts"], whole.frames["episodes"]
    within = contacts.drop_nulls("episode_id").join(episodes.select("episode_id", span="kind"), on="episode_id")
    assert sorted(set(within.select(pl.col("child_id").str.slice(4), "kind", "span").rows())) == [
        ("C01", "assessment", "child_in_need"),
        ("C01", "involvement_end", "child_in_need"),
        ("C01", "involvement_start", "child_in_need"),
        ("C01", "review", "protection_plan"),
        ("C01", "visit", "protection_plan"),
    ]
    assert [note for note in whole.notes if "s47e_referral_id leads nowhere in 1 row" in note]  # and its row stays


# --- The child, and who is around


def test_children_and_their_days(whole):
    named = {row["child_id"]: row for row in whole.frames["children"].to_dicts()}
    assert sorted(named) == [f"999-C{n:02}" for n in range(1, 13)]
    life = ("birth_on", "expected_birth_on", "death_on")
    assert [named["999-C01"][day] for day in life] == [date(2015, 5, 5), None, None]
    assert (named["999-C03"]["birth_on"], named["999-C03"]["expected_birth_on"]) == (None, date(2026, 6, 1))  # unborn
    assert named["999-C04"]["birth_on"] is None  # the extract gives two
    assert named["999-C11"]["death_on"] == date(2025, 12, 24)


def test_a_child_with_two_births_is_listed_with_both(whole):
    births = whole.births.filter(child_id="999-C04").sort("source_row")
    assert births["birth_on"].to_list() == [date(2014, 1, 1), date(2014, 2, 1)]
    assert records(whole, "C04")  # and stays


def test_identifiers(whole):
    other = whole.frames["identifiers"].filter(pl.col("scheme") != "la_child_id")
    assert sorted(other.rows(), key=str) == [
        ("999-C05", "legacy_id", "OLD5", None, None),
        ("999-C05", "nhs_number", "9990000005", None, None),
        ("999-C05", "upn", "A999000000005", date(2020, 1, 1), None),  # a YOT number has no scheme; SSD_PH is no number
    ]
    own = whole.frames["identifiers"].filter(scheme="la_child_id")
    assert dict(own.select("child_id", "value").rows()) == {f"999-C{n:02}": f"C{n:02}" for n in range(1, 13)}


def test_mother_and_family_are_known_from_the_extract_under_names_of_their_own(whole):
    mothers = by_record(whole, "people", "role", "person_id")
    assert [row[:3] for row in mothers] == [(c, DAY, "mother") for c in ("C01", "C02", "C03")]
    assert mothers[0][3] == mothers[1][3] != mothers[2][3]  # siblings; and a mother who is a child of the extract
    families = by_record(whole, "households", "household_id")
    assert [row[:2] for row in families] == [("C01", DAY), ("C02", DAY)]
    assert families[0][2] == families[1][2]
    assert "C12" not in str(mothers)


def test_attributes_are_kept_apart_and_as_written(whole):
    own = whole.frames["attributes"].filter(pl.col("child_id").is_in(["999-C06", "999-C12"]))
    assert sorted(own.rows()) == [
        ("999-C06", "disability", "AUT"),
        ("999-C06", "ethnicity", "WBRI"),
        ("999-C06", "sex", "F"),
        ("999-C12", "ethnicity", "WBRI"),
        ("999-C12", "gender", "02"),
        ("999-C12", "immigration_status", "None of note"),
        ("999-C12", "nationality", "GB"),
        ("999-C12", "sex", "F"),
    ]


def test_no_name_and_no_address_is_in_any_table_nor_in_notes_nor_in_the_quarantine(whole):
    everything = [str(frame.rows()) for frame in whole.frames.values()] + list(whole.notes)
    everything += [str(whole.quarantine.rows()), str(whole.account)]
    met = {name for name in ssd_extract.NAMES for text in everything if name in text}
    assert met == set()
    assert whole.identities.is_empty()


def test_names_and_addresses_are_read_for_linkage_alone(tmp_path):
    folder = ssd_extract.write(tmp_path)
    mapped = read_folder(folder, for_linkage=True)
    one = mapped.identities.filter(id="999-C01")
    assert set(one["surname"].drop_nulls()) == {"Quillon"}
    assert "Peregrine Lane" in str(one["address"].drop_nulls().to_list())
    assert set(one["postcode"].drop_nulls()) == {"ZZ99 9ZZ"}
    assert set(one["birth_on"].drop_nulls()) == {date(2015, 5, 5)}
    assert not any(name in str(f.rows()) for f in mapped.frames.values() for name in ssd_extract.NAMES)


def test_a_worker_is_one_pseudonym_and_only_of_involvements(whole):
    workers = whole.frames["contacts"].drop_nulls("worker_id")
    assert set(workers["kind"]) == {"involvement_start", "involvement_end"}
    assert workers["worker_id"].n_unique() == 1
    assert "W-17" not in workers["worker_id"].to_list()


# --- What is refused, and what is the same again


def test_what_is_refused_and_why(whole):
    assert refusals(whole) == [
        ("assessment_factors", "5", "cinf_assessment_id", "EW-R27"),  # no such assessment
        ("assessment_factors", "6", "cinf_assessment_id", "EW-R19"),  # that assessment was refused
        ("cin_assessments", "5", "cina_assessment_child_seen", "EW-R03"),
        ("cin_episodes", "6", "cine_close_date", "EW-R18"),
        ("cla_reviews", "4", "clar_cla_id", "EW-R27"),
        ("contacts", "10", "cont_person_id", "EW-R28"),
        ("contacts", "11", "cont_contact_date", "EW-R01"),  # 1900-01-01
        ("contacts", "12", "cont_contact_date", "EW-R02"),  # dd/mm/yyyy
        ("contacts", "8", "cont_contact_source_code", "EW-R05"),
        ("contacts", "9", "cont_contact_date", "EW-R17"),
        ("linked_identifiers", "5", "link_identifier_type", "EW-R05"),
        ("mother", "4", "moth_childs_person_id", "EW-R28"),
    ]


def test_a_refused_referral_does_not_take_what_names_its_child_itself(extract):
    assessed = ssd_extract.assessment("A", "K", "2025-03-04", cina_referral_id="R")
    tables = {"ssd_person": [person("K")], "ssd_cin_episodes": [referral("R", "K", "2025-03-01", "99")]}
    mapped = extract(tables | {"ssd_cin_assessments": [assessed]})
    assert refusals(mapped) == [("cin_episodes", "2", "cine_referral_source_code", "EW-R05")]
    assert records(mapped, "K") == [("assessment", CARE, "2025-03-04", "2025-03-04", UNKNOWN, None)]
    assert mapped.frames["contacts"]["episode_id"].to_list() == [None]


def test_every_row_is_accounted_for(whole):
    read = {name.removeprefix("ssd_"): len(rows) for name, rows in TABLES.items()}
    assert {a.table: a.read for a in whole.account} == {n: c for n, c in read.items() if n in LAYOUT.tables}
    assert account(whole, "contacts") == (21, 15, 5, 1)  # one row twice
    assert account(whole, "cin_visits") == (4, 3, 0, 1)  # one visit under two ids
    assert account(whole, "family") == (3, 2, 0, 1)
    assert_keeps_the_contract(whole)


def test_broken_json_loses_its_values_and_not_its_row(whole):
    told = [r for r in records(whole, "C07") if r[0] == "contact" or r[-1]]
    assert told == [("contact", "anonymous", None, "2025-03-04", RECEIVED, None)]
    assert [n for n in whole.notes if "broken JSON" in n and "cont_contact_outcome_json" in n and " 1 " in n]


@pytest.mark.parametrize("cell", ["[1", '"Y"', "17", "[]", '["NFA_FLAG"]', "{}", '{"NFA_FLAG": ["Y"]}', "nul"])
def test_an_outcome_that_is_no_object_of_flags_says_nothing_and_costs_no_row(extract, cell):
    mapped = extract({"ssd_person": [person("K")], "ssd_contacts": [contact("1", "K", "2025-03-04", "6", cell)]})
    assert records(mapped, "K") == [("contact", "police", None, "2025-03-04", RECEIVED, None)]
    assert refusals(mapped) == []


def test_an_unknown_key_that_is_set_refuses_the_row_and_one_that_is_not_does_not(extract):
    told = [contact("1", "K", "2025-03-04", "6", flags("BRAND_NEW_FLAG")), contact("2", "K", "2025-03-05", "6", "{}")]
    told.append(contact("3", "K", "2025-03-06", "6", flags("ADVICE_FLAG", every=("BRAND_NEW_FLAG",))))
    mapped = extract({"ssd_person": [person("K")], "ssd_contacts": told})
    assert refusals(mapped) == [("contacts", "2", "cont_contact_outcome_json", "EW-R05")]
    assert account(mapped, "contacts") == (3, 2, 1, 0)


# --- Codes

MEANS = {
    "NEW_REFERRAL_FLAG": "referral",
    "EXISTING_REFERRAL_FLAG": "existing_case",
    "CP_ENQUIRY_FLAG": "strategy_enquiry",
    "NFA_FLAG": "no_further_action",
    "NON_AGENCY_ADOPTION_FLAG": "other",
    "PRIVATE_FOSTERING_FLAG": "other",
    "ADVICE_FLAG": "advice",
    "MISSING_FLAG": "other",
    "OLA_CP_FLAG": "other",
    "OTHER_OUTCOMES_EXIST_FLAG": "other",
    "SINGLE_ASSESSMENT_FLAG": "assessment",
    "STRATEGY_DISCUSSION_FLAG": "strategy_enquiry",
    "CLA_REQUEST_FLAG": "looked_after",
    "CP_TRANSFER_IN_FLAG": "transferred",
    "CP_CONFERENCE_FLAG": "conference",
    "CARE_LEAVER_FLAG": "other",
    "NFA_S47_END_FLAG": "no_further_action",
    "LEGAL_ACTION_FLAG": "other",
    "PROV_OF_SERVICES_FLAG": "other",
    "PROV_OF_SB_CARE_FLAG": "other",
    "SPECIALIST_ASSESSMENT_FLAG": "assessment",
    "REFERRAL_TO_OTHER_AGENCY_FLAG": "referral",
    "OTHER_ACTIONS_FLAG": "other",
    "NFA_CONTINUE_SINGLE_FLAG": "assessment",
    "MONITOR_FLAG": "other",
    "CP_FLAG": "protection_plan",
    "TOTAL_NO_OF_OUTCOMES": None,
    "COMMENTS": None,
    "OUTCOME_COMMENTS": None,
}

CARRIERS = {
    "cont_contact_outcome_json": ("ssd_contacts", contact("1", "K", "2025-03-04")),
    "cine_referral_outcome_json": ("ssd_cin_episodes", referral("1", "K", "2025-03-04", "6")),
    "cina_assessment_outcome_json": (
        "ssd_cin_assessments",
        ssd_extract.assessment("1", "K", "2025-03-04", "2025-03-05"),
    ),
    "s47e_s47_outcome_json": (
        "ssd_s47_enquiry",
        {"s47e_s47_enquiry_id": "1", "s47e_person_id": "K", "s47e_s47_start_date": "2025-03-04"}
        | {"s47e_s47_end_date": "2025-03-05"},
    ),
    "icpc_icpc_outcome_json": (
        "ssd_initial_cp_conference",
        {"icpc_icpc_id": "1", "icpc_person_id": "K", "icpc_icpc_date": "2025-03-04"},
    ),
}


@pytest.mark.parametrize("column", CARRIERS)
def test_every_key_of_every_outcome_means_what_the_table_made_by_hand_says(extract, column):
    table, row = CARRIERS[column]
    keys = OUTCOMES[column]
    key_column = next(iter(row))
    person_column = next(c for c in row if c.endswith("person_id"))
    rows = [row | {key_column: str(n), person_column: f"K{n}", column: flags(k)} for n, k in enumerate(keys)]
    mapped = extract({"ssd_person": [person(f"K{n}") for n, _ in enumerate(keys)], table: rows})
    assert refusals(mapped) == []
    outcomes = [[r[-1] for r in records(mapped, f"K{n}") if r[-1]] for n, _ in enumerate(keys)]
    assert outcomes == [[MEANS[k]] if MEANS[k] else [] for k in keys]


def test_keys_with_a_prefix_mean_the_same(whole):
    known = [r for r in records(whole, "C10") if r[-1]]
    assert sorted(r[-1] for r in known) == sorted(MEANS[k] for k in OUTCOMES["cont_contact_outcome_json"])
    assert {r[1] for r in records(whole, "C10") if r[0] == "contact"} == {"emergency"}


def test_of_several_outcomes_what_was_done_comes_before_advice_and_advice_before_nothing(extract):
    cells = [flags("NFA_FLAG", "ADVICE_FLAG"), flags("NFA_FLAG", "OTHER_OUTCOMES_EXIST_FLAG"), flags(*MEANS)]
    told = [contact(str(n), "K", f"2025-03-0{n}", "6", cell) for n, cell in enumerate(cells, 1)]
    mapped = extract({"ssd_person": [person("K")], "ssd_contacts": told})
    assert sorted(r[-1] for r in records(mapped, "K") if r[-1]) == ["advice", "other", "protection_plan"]


@pytest.mark.parametrize(
    ("cell", "categories"),
    [
        (["3B", "16A"], {"domestic_abuse", "neglect"}),
        ({"3B": "Yes", "16A": "No", "18C": "Y", "2A": "", "4B": None}, {"domestic_abuse", "physical_abuse"}),
        ([], set()),
        ({}, set()),
        (["21"], {"none_identified"}),
        ("[", set()),
        ("NULL", set()),
    ],
)
def test_factors_as_a_list_and_as_an_object(extract, cell, categories):
    assessed = ssd_extract.assessment("A", "K", "2025-03-04", "2025-04-04")
    tables = {"ssd_person": [person("K")], "ssd_cin_assessments": [assessed]}
    mapped = extract(tables | {"ssd_assessment_factors": [factors("1", "A", cell)]})
    raised = by_record(mapped, "concerns", "category")
    assert {row[2] for row in raised} == categories
    assert {row[1] for row in raised} <= {"2025-04-04"}
    assert refusals(mapped) == []


@pytest.mark.parametrize(
    ("written", "categories"),
    [
        ("Neglect", ["neglect"]),
        ("EMOTIONAL ABUSE", ["emotional_abuse"]),
        ("SAB", ["sexual_abuse"]),
        ("Multiple: [Physical abuse, Neglect]", ["neglect", "physical_abuse"]),
        ("Multiple: Physical abuse, Neglect", ["neglect", "physical_abuse"]),
        ("Multiple", ["emotional_abuse", "neglect", "physical_abuse", "sexual_abuse"]),
        ("NULL", []),
    ],
)
def test_categories_of_a_plan_as_codes_and_in_words(extract, written, categories):
    plan = {"cppl_cp_plan_id": "1", "cppl_person_id": "K", "cppl_cp_plan_start_date": "2025-03-04"}
    mapped = extract({"ssd_person": [person("K")], "ssd_cp_plans": [plan | {"cppl_cp_plan_initial_category": written}]})
    assert sorted(mapped.frames["concerns"]["category"]) == categories


@pytest.mark.parametrize("written", ["Y", "y", "Yes", "1", "true"])
def test_a_referral_that_came_to_nothing_opens_no_episode(extract, written):
    row = referral("1", "K", "2025-03-04", cine_referral_nfa=written)
    mapped = extract({"ssd_person": [person("K")], "ssd_cin_episodes": [row]})
    assert mapped.frames["episodes"].is_empty()
    assert [r[-1] for r in records(mapped, "K") if r[0] == "conclusion"] == ["no_further_action"]


def test_the_shared_code_lists_mean_codes_of_ours():
    listed = {
        "referral_source": codes.AGENCIES,
        "need": codes.CONCERNS,
        "closure": codes.CLOSED_BECAUSE,
        "abuse": codes.CONCERNS,
        "factor": codes.CONCERNS,
        "category": codes.CONCERNS,
        "outcome_flag": codes.OUTCOMES,
        "identifier": codes.SCHEMES,
        "care_ended": codes.CLOSED_BECAUSE,
    }
    for name, known in listed.items():
        meant = {m for means in LAYOUT.codes[name].means.values() for m in means}
        assert meant, name
        assert meant <= set(known), name


# --- Order, parts, deliveries


def as_a_set(mapped: Extract) -> dict[str, list[str]]:
    """Every table without the place in the file, which a shuffle changes."""
    return {
        name: sorted(str(row) for row in frame.drop("source", "source_row", strict=False).rows())
        for name, frame in mapped.frames.items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_columns_and_files_is_nothing(tmp_path, whole, seed):
    shuffled = read_folder(ssd_extract.write(tmp_path, seed=seed))
    assert as_a_set(shuffled) == as_a_set(whole)
    assert sorted(map(str, shuffled.account)) == sorted(map(str, whole.account))
    assert sorted(r[0::2] for r in refusals(shuffled)) == sorted(r[0::2] for r in refusals(whole))


def test_a_table_in_two_files_is_one_table(tmp_path, whole):
    halved = read_folder(ssd_extract.write(tmp_path, halve=tuple(TABLES)))
    assert as_a_set(halved) == as_a_set(whole)
    for table in LAYOUT.tables:
        assert account(halved, table) == account(whole, table)


def test_names_of_files_may_carry_a_schema_or_a_label(tmp_path, whole):
    folder = ssd_extract.write(tmp_path / "plain")
    for path in folder.iterdir():
        path.rename(path.with_name(f"dbo.{path.name}"))
    assert as_a_set(read_folder(folder)) == as_a_set(whole)


def deliveries(tmp_path: Path, first: ssd_extract.Extract, second: ssd_extract.Extract) -> Extract:
    ssd_extract.write(tmp_path / "day1", first)
    ssd_extract.write(tmp_path / "day2", second)
    return read_folder(tmp_path, dates=("day1=2026-03-30", f"day2={DAY}"))


def test_the_same_extract_on_two_nights_says_everything_once_and_from_the_first(tmp_path):
    tables = {n: rows for n, rows in TABLES.items() if n != "ssd_contacts"}
    mapped = deliveries(tmp_path, tables, tables)
    contacts = mapped.frames["contacts"]
    assert contacts.filter(pl.col("recorded_basis") == "extract")["known_at"].unique().to_list() == [
        datetime(2026, 3, 30)
    ]
    once = read_folder(tmp_path / "day1", dates=("2026-03-30",))
    assert as_a_set(mapped) == as_a_set(once)


def test_a_need_written_over_stands_beside_the_older_and_a_closure_comes_later(tmp_path):
    first = referral("R", "K", "2026-01-02", "6", cine_cin_primary_need_code="N5")
    second = first | {"cine_cin_primary_need_code": "N6", "cine_close_date": "2026-03-30", "cine_close_reason": "RC8"}
    people = {"ssd_person": [person("K")]}
    mapped = deliveries(tmp_path, people | {"ssd_cin_episodes": [first]}, people | {"ssd_cin_episodes": [second]})
    assert by_record(mapped, "concerns", "category") == [
        ("K", "2026-03-30", "family_dysfunction"),
        ("K", DAY, "behaviour"),
    ]
    assert records(mapped, "K") == [
        ("conclusion", CARE, None, "2026-03-30", EXTRACT, None),
        ("conclusion", CARE, None, DAY, EXTRACT, "closed"),  # its day had come when the first extract lacked it
        ("conclusion", CARE, None, DAY, EXTRACT, None),
        ("referral", "police", None, "2026-01-02", RECEIVED, None),
    ]
    assert mapped.frames["episodes"].select("start_on", "end_on").rows() == [(date(2026, 1, 2), date(2026, 3, 30))]


def test_without_an_authority_ids_are_of_the_source(extract):
    mapped = extract({"ssd_person": [person("K")], "ssd_contacts": [contact("1", "K", "2025-03-04")]}, authority="")
    assert mapped.frames["children"]["child_id"].to_list() == ["ssd-K"]


def test_a_health_check_that_lies_ahead_is_no_record(extract):
    check = {"clah_health_check_id": "1", "clah_person_id": "K", "clah_health_check_type": "Dental check"}
    ahead = check | {"clah_health_check_date": "2026-05-01", "clah_health_check_status": "Planned"}
    done = check | {"clah_health_check_id": "2"} | {"clah_health_check_date": "2026-05-01"}
    mapped = extract(
        {"ssd_person": [person("K")], "ssd_cla_health": [ahead, done | {"clah_health_check_status": "Completed"}]}
    )
    assert records(mapped, "K") == []
    assert refusals(mapped) == [("cla_health", "3", "clah_health_check_date", "EW-R17")]  # one that is said to be done
    assert_keeps_the_contract(mapped)


# --- Whatever is given


@settings(max_examples=5)
@given(st.randoms(use_true_random=False))
def test_whatever_part_is_given_is_accounted_for_and_keeps_the_contract(tmp_path_factory, chance):
    tables = {n: [dict(row) for row in rows if chance.random() < 0.7] for n, rows in TABLES.items()}
    cells = ["", "NULL", "1900-01-01", "2025-02-30", "2027-01-01", "{", "Y", "C01", " C02 "]
    for rows in tables.values():
        for row in rows:
            if chance.random() < 0.2:
                name, cell = chance.choice(list(row)), chance.choice(cells)
                # a date where an id belongs is a spreadsheet's doing, and refuses the file (EW-F26)
                row[name] = "Y" if "-" in cell and name.endswith("_id") else cell
    given_tables = {n: rows or [dict.fromkeys(TABLES[n][0], "")] for n, rows in tables.items()}
    mapped = read_folder(ssd_extract.write(tmp_path_factory.mktemp("any"), given_tables))
    assert_keeps_the_contract(mapped)
    assert sum(a.read for a in mapped.account if a.table == "contacts") == len(given_tables["ssd_contacts"])


# --- The specification, where it is at hand


def specification(samples: Path) -> dict[str, list[str]]:
    with (samples / "ssd" / "ssd_columns.csv").open(encoding="utf-8", newline="") as file:
        tables: dict[str, list[str]] = {}
        for row in csv.DictReader(file):
            tables.setdefault(row["table"], []).append(row["column"])
    return tables


def listed(samples: Path, name: str) -> list[str]:
    text = (samples / "ssd" / f"{name}.yml").read_text("utf-8")
    return [value.strip("'\"") for value in re.findall(r"^- value: (.+?)\s*$", text, re.MULTILINE)]


def matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(plain(name), plain(pattern)) for pattern in patterns)


def test_every_table_of_the_specification_is_mapped_or_named_as_not_carried(samples):
    tables = specification(samples)
    assert len(tables) == 48
    mapped = {t: [n for n, table in LAYOUT.tables.items() if matches(t, table.files)] for t in tables}
    left = {t for t in tables if matches(t, LAYOUT.source.not_carried)}
    assert {t for t, found in mapped.items() if len(found) != 1} == left
    assert len(tables) - len(left) == len(LAYOUT.tables) == 29


def test_every_column_of_every_mapped_table_is_declared_and_none_besides(samples):
    for name, columns in specification(samples).items():
        table = LAYOUT.tables.get(name.removeprefix("ssd_"))
        if table is None:
            continue
        carried = set(table.columns)
        assert [c for c in columns if c not in carried and not matches(c, table.ignored)] == [], name
        assert carried <= set(columns), name
        assert set(table.ignored) <= set(columns) - carried, name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("contact_source", "referral_source"),
        ("referral_source", "referral_source"),
        ("assessment_factors", "factor"),
        ("primary_need", "need"),
        ("reason_for_closure", "closure"),
        ("category_of_abuse", "category"),
        ("missing", "missing_type"),
    ],
)
def test_every_code_the_specification_lists_is_known(samples, file, name):
    values = listed(samples, file)
    assert values
    assert [v for v in values if plain(v) not in LAYOUT.codes[name].means] == []


def test_the_specification_s_keys_are_those_of_the_test(samples):
    with (samples / "ssd" / "ssd_columns.csv").open(encoding="utf-8", newline="") as file:
        guidance = {row["column"]: row["guidance"] for row in csv.DictReader(file) if row["column"] in OUTCOMES}
    shown = {column: re.findall(r"([A-Z0-9_]{3,}):", text) for column, text in guidance.items()}
    assert shown == {c: list(OUTCOMES[c][: len(keys)]) for c, keys in shown.items()}  # where the guidance breaks off
    assert sum(map(len, shown.values())) == 11
