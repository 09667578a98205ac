"""The children-in-need census: what each node becomes, when it is known, and what is refused."""

from __future__ import annotations

import json
import os
import random
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.errors import Exit, SourceError
from earlywarn.records import codes
from earlywarn.records.reading import records_from_frames
from earlywarn.records.rules import FILE_RULES, RULES
from earlywarn.records.schema import AUDIT_TABLES, TABLES
from earlywarn.records.sources import Extract, cin
from earlywarn.records.sources._cin_layout import CODES, FIELDS
from earlywarn.records.tables import QUARANTINE_SCHEMA

ROOT = Path(__file__).parents[4]
FIXTURES = ROOT / "tests" / "fixtures" / "cin"
SAMPLES = Path(os.environ.get("EARLYWARN_SAMPLES", ROOT / ".." / "shared" / "samples")) / "cin_census"


def at(*parts: int) -> datetime:
    return datetime(*parts)


AT_EXTRACT = at(2025, 5, 12, 9, 30)
"""08:30 UTC in the fixture's header, which in May is 09:30 in London."""

HEADER = """<Header><CollectionDetails><Collection>CIN</Collection><ReferenceDate>2025-03-31</ReferenceDate>
</CollectionDetails><Source><LEA>999</LEA><DateTime>2025-04-02T10:00:00</DateTime></Source></Header>"""


def details(referred: str = "2024-05-01", inner: str = "", source: str = "6", nfa: str = "0") -> str:
    return (
        f"<CINdetails><CINreferralDate>{referred}</CINreferralDate><ReferralSource>{source}</ReferralSource>"
        f"<ReferralNFA>{nfa}</ReferralNFA>{inner}</CINdetails>"
    )


def child(own_id: str = "INV-1", inner: str = "", born: str = "2015-05-05", more: str = "") -> str:
    birth = f"<PersonBirthDate>{born}</PersonBirthDate>" if born else ""
    return (
        f"<Child><ChildIdentifiers><LAchildID>{own_id}</LAchildID>{birth}<Sex>F</Sex>{more}</ChildIdentifiers>"
        f"<ChildCharacteristics><Ethnicity>WOTH</Ethnicity></ChildCharacteristics>{inner}</Child>"
    )


def assessment(start: str = "2024-05-02", authorised: str = "", *factors: str) -> str:
    end = f"<AssessmentAuthorisationDate>{authorised}</AssessmentAuthorisationDate>" if authorised else ""
    found = "".join(f"<AssessmentFactors>{f}</AssessmentFactors>" for f in factors)
    return f"<Assessments><AssessmentActualStartDate>{start}</AssessmentActualStartDate>{end}{found}</Assessments>"


def enquiry(start: str, conference: str = "", more: str = "") -> str:
    held = f"<DateOfInitialCPC>{conference}</DateOfInitialCPC>" if conference else ""
    return f"<Section47><S47ActualStartDate>{start}</S47ActualStartDate>{held}{more}</Section47>"


@pytest.fixture(scope="module")
def census(tmp_path_factory):
    """Reads children, wrapped in a message."""
    path = tmp_path_factory.mktemp("cin") / "census.xml"

    def read(*children: str, header: str = HEADER) -> Extract:
        path.write_text(f"<Message>\n{header}\n<Children>\n" + "\n".join(children) + "\n</Children></Message>")
        return cin.read(path)

    return read


@pytest.fixture(scope="module")
def every_node() -> Extract:
    return cin.read(FIXTURES / "every_node.xml")


@pytest.fixture(scope="module")
def plain_repeats() -> Extract:
    return cin.read(FIXTURES / "plain_repeats.xml")


def rows(extract: Extract, table: str, **where: object) -> list[dict]:
    frame = extract.frames[table]
    return frame.filter(*(pl.col(name).eq_missing(pl.lit(value)) for name, value in where.items())).to_dicts()


def records(extract: Extract, kind: str, own_id: str = "999-INV-0001", **where: object) -> list[dict]:
    return rows(extract, "contacts", kind=kind, child_id=own_id, **where)


def only(found: list[dict]) -> dict:
    assert len(found) == 1
    return found[0]


def concerns_of(extract: Extract, record: dict) -> set[tuple[str, str]]:
    return {(c["category"], c["code"]) for c in rows(extract, "concerns", record_id=record["record_id"])}


def facts_of(extract: Extract, record: dict) -> list[tuple[str, str]]:
    return [(f["key"], f["value"]) for f in rows(extract, "facts", record_id=record["record_id"])]


def account(extract: Extract, table: str) -> tuple[int, int, int, int]:
    entry = next(a for a in extract.account if a.table == table)
    return entry.read, entry.accepted, entry.quarantined, entry.collapsed


def refusals(extract: Extract) -> list[tuple[str, str, str]]:
    return extract.quarantine.select("table", "column", "rule").rows()


def assert_keeps_the_contract(extract: Extract) -> None:
    held = {name: frame for name, frame in extract.frames.items() if name not in AUDIT_TABLES}
    checked = records_from_frames(held)
    assert checked.refused == 0
    assert {name: checked.frames[name].height for name in held} == {name: f.height for name, f in held.items()}


# --- The mapping as data


def test_every_code_means_a_code_of_the_contract():
    lists = {
        "referral_source": codes.AGENCIES,
        "need": codes.CONCERNS,
        "closure": codes.CLOSED_BECAUSE,
        "abuse": codes.CONCERNS,
        "factor": codes.CONCERNS,
    }
    assert set(CODES) == set(lists)
    for name, known in lists.items():
        assert {meaning for to in CODES[name].values() for meaning in to} <= set(known)


def test_every_field_holds_a_known_type_or_list_of_codes():
    held = {field.holds for fields in FIELDS.values() for field in fields.values()}
    assert held <= {"id", "text", "day", "yes_no", "integer", *CODES}


@pytest.mark.parametrize(
    ("scheme", "code", "meaning"),
    [
        ("referral_source", "1C", "child_self"),
        ("referral_source", "5A", "adult_social_care"),
        ("referral_source", "5D", "early_help"),
        ("need", "N1", "other"),
        ("need", "N3", "parental_illness_or_disability"),
        ("closure", "RC8", "no_further_action"),
        ("abuse", "SAB", "sexual_abuse"),
        ("factor", "8F", "private_fostering"),
        ("factor", "6C", "other"),
        ("factor", "21", "none_identified"),
        ("factor", "24A", "criminal_exploitation"),
    ],
)
def test_codes_mean_what_the_census_guide_says(scheme, code, meaning):
    assert CODES[scheme][code] == (meaning,)


# --- The child


def test_a_child_keeps_its_dates_identifiers_and_attributes(every_node):
    assert rows(every_node, "children", child_id="999-INV-0001") == [
        {
            "child_id": "999-INV-0001",
            "birth_on": date(2016, 2, 29),
            "expected_birth_on": date(2016, 3, 4),
            "death_on": date(2025, 3, 30),
        }
    ]
    held = {(i["scheme"], i["value"]) for i in rows(every_node, "identifiers", child_id="999-INV-0001")}
    assert held == {("la_child_id", "INV-0001"), ("upn", "Z000000000001"), ("former_upn", "Z000000000002")}
    said = {(a["attribute"], a["value"]) for a in rows(every_node, "attributes", child_id="999-INV-0001")}
    assert said == {("sex", "2"), ("ethnicity", "MOTH"), ("disability", "HEAR"), ("disability", "VIS")}


def test_an_unborn_child_has_an_expected_day_alone_and_it_may_lie_ahead(every_node):
    unborn = only(rows(every_node, "children", child_id="999-INV-0002"))
    assert unborn["birth_on"] is None
    assert unborn["expected_birth_on"] == date(2025, 8, 9)
    assert only(records(every_node, "referral", "999-INV-0002"))["agency"] == "police"


def test_both_fields_of_sex_are_read_as_written(plain_repeats):
    assert [a["value"] for a in rows(plain_repeats, "attributes", attribute="sex")] == ["2", "F"]


def test_ids_keep_their_leading_zeros(plain_repeats):
    assert only(rows(plain_repeats, "identifiers", scheme="la_child_id"))["value"] == "0042"
    assert plain_repeats.frames["children"]["child_id"].to_list() == ["998-0042"]


# --- Referral, outcome, closure


def test_a_referral_is_raised_by_its_source_and_known_on_the_day_it_was_received(every_node):
    referral = only(records(every_node, "referral"))
    received = at(2024, 5, 1)
    assert (referral["agency"], referral["held_by"], referral["about"]) == ("health_visiting", "social_care", "child")
    assert (referral["known_at"], referral["recorded_at"]) == (received, received)
    assert (referral["recorded_basis"], referral["occurred_precision"]) == ("received_date", "unknown")
    assert referral["occurred_at"] is None
    assert referral["outcome"] is None
    assert concerns_of(every_node, referral) == set()
    assert (referral["source"], referral["source_row"]) == ("every_node.xml", "line 37")


def test_the_outcome_and_need_of_a_referral_are_known_at_the_extract_alone(every_node):
    referral = only(records(every_node, "referral"))
    learned = only(records(every_node, "conclusion", follows=referral["record_id"], outcome=None))
    assert (learned["known_at"], learned["recorded_basis"]) == (AT_EXTRACT, "extract")
    assert learned["occurred_at"] is None
    assert concerns_of(every_node, learned) == {("acute_stress", "cin_need:N4")}
    concern = only(rows(every_node, "concerns", record_id=learned["record_id"]))
    assert (concern["closing"], concern["severity"], concern["closed_by"]) == ("not_recordable", None, None)


def test_no_further_action_is_the_outcome_of_the_conclusion_and_opens_no_episode(every_node):
    learned = only(records(every_node, "conclusion", "999-INV-0003", outcome="no_further_action"))
    assert learned["known_at"] == AT_EXTRACT
    assert rows(every_node, "episodes", child_id="999-INV-0003") == []


def test_a_closure_is_known_on_its_day_says_why_and_ends_the_episode(every_node):
    closure = only(records(every_node, "conclusion", outcome="closed"))
    assert closure["known_at"] == closure["occurred_at"] == at(2025, 2, 3)
    assert (closure["recorded_basis"], closure["occurred_precision"]) == ("received_date", "day")
    assert closure["follows"] == only(records(every_node, "referral"))["record_id"]
    assert facts_of(every_node, closure) == [("closure_reason", "early_help")]
    episode = only(rows(every_node, "episodes", ended_by=closure["record_id"]))
    assert (episode["kind"], episode["start_on"], episode["end_on"]) == (
        "child_in_need",
        date(2024, 5, 1),
        date(2025, 2, 3),
    )


def test_that_a_referral_was_accepted_is_carried_by_the_extract(every_node):
    episode = only(rows(every_node, "episodes", child_id="999-INV-0002"))
    starter = only(rows(every_node, "contacts", record_id=episode["started_by"]))
    assert (starter["kind"], starter["known_at"]) == ("conclusion", AT_EXTRACT)
    assert (episode["start_on"], episode["ended_by"], episode["end_on"]) == (date(2025, 3, 31), None, None)


# --- Assessments


def test_factors_are_known_when_the_assessment_was_authorised_and_never_before(every_node):
    assessed = only(records(every_node, "assessment", known_at=at(2024, 5, 2)))
    assert concerns_of(every_node, assessed) == set()
    assert facts_of(every_node, assessed) == [("internal_review", "2024-05-16")]
    concluded = only(records(every_node, "conclusion", follows=assessed["record_id"]))
    assert concluded["known_at"] == concluded["occurred_at"] == at(2024, 6, 10)
    assert concerns_of(every_node, concluded) == {("domestic_abuse", "cin_factor:3B"), ("neglect", "cin_factor:16A")}


def test_factors_without_authorisation_are_known_at_the_extract(every_node):
    assessed = only(records(every_node, "assessment", known_at=at(2025, 1, 15)))
    concluded = only(records(every_node, "conclusion", follows=assessed["record_id"]))
    assert (concluded["known_at"], concluded["recorded_basis"]) == (AT_EXTRACT, "extract")
    assert concerns_of(every_node, concluded) == {("mental_health_child", "cin_factor:4A")}


def test_an_open_assessment_without_factors_is_not_concluded(every_node):
    assessed = only(records(every_node, "assessment", known_at=at(2025, 1, 20)))
    assert records(every_node, "conclusion", follows=assessed["record_id"]) == []


def test_no_concern_is_known_before_the_record_that_may_carry_it(every_node):
    carried = every_node.frames["concerns"].join(every_node.frames["contacts"], on="record_id")
    assert set(carried["kind"]) == {"conclusion", "plan_start"}


# --- Plans, enquiries, conferences, reviews


def test_a_need_plan_is_an_episode_between_its_two_records(every_node):
    start = only(records(every_node, "plan_start", known_at=at(2024, 11, 4)))
    end = only(records(every_node, "plan_end", known_at=at(2025, 2, 1)))
    episode = only(rows(every_node, "episodes", started_by=start["record_id"]))
    assert (episode["kind"], episode["category"], episode["ended_by"]) == ("child_in_need", None, end["record_id"])
    assert end["follows"] is None  # following it, the end would be a correction of the start


def test_a_protection_plan_says_its_first_category_at_its_start(every_node):
    start = only(records(every_node, "plan_start", known_at=at(2024, 6, 20)))
    assert concerns_of(every_node, start) == {("neglect", "cin_category:NEG")}
    assert facts_of(every_node, start) == [("previous_plans", "2")]
    episode = only(rows(every_node, "episodes", kind="protection_plan"))
    assert (episode["category"], episode["started_by"]) == ("neglect", start["record_id"])
    assert (episode["start_on"], episode["end_on"]) == (date(2024, 6, 20), date(2024, 11, 1))


def test_the_latest_category_is_known_at_the_extract_and_adds_only_what_is_new(every_node):
    start = only(records(every_node, "plan_start", known_at=at(2024, 6, 20)))
    learned = only(records(every_node, "conclusion", follows=start["record_id"]))
    assert (learned["known_at"], learned["recorded_basis"]) == (AT_EXTRACT, "extract")
    assert {value for _, value in facts_of(every_node, learned)} == {
        "neglect",
        "emotional_abuse",
        "physical_abuse",
        "sexual_abuse",
    }
    new = {("emotional_abuse", "cin_category:MUL"), ("physical_abuse", "cin_category:MUL")}
    assert concerns_of(every_node, learned) == new | {("sexual_abuse", "cin_category:MUL")}


def test_multiple_categories_are_all_four(census):
    plan = "<CPPstartDate>2024-06-01</CPPstartDate><InitialCategoryOfAbuse>MUL</InitialCategoryOfAbuse>"
    extract = census(child(inner=details(inner=f"<ChildProtectionPlans>{plan}</ChildProtectionPlans>")))
    start = only(records(extract, "plan_start", "999-INV-1"))
    assert len(concerns_of(extract, start)) == 4
    assert only(rows(extract, "episodes", kind="protection_plan"))["category"] == "neglect"


def test_an_enquiry_says_when_a_conference_was_due_or_at_the_extract_that_none_was(every_node):
    first = only(records(every_node, "strategy_enquiry", known_at=at(2024, 5, 30)))
    second = only(records(every_node, "strategy_enquiry", known_at=at(2025, 1, 10)))
    assert facts_of(every_node, first) == [("conference_due", "2024-06-20")]
    assert records(every_node, "conclusion", follows=first["record_id"]) == []
    learned = only(records(every_node, "conclusion", follows=second["record_id"]))
    assert facts_of(every_node, learned) == [("conference_not_required", "true")]
    assert learned["known_at"] == AT_EXTRACT


def test_a_conference_given_on_two_levels_is_one(every_node):
    conference = only(records(every_node, "conference"))
    assert conference["known_at"] == conference["occurred_at"] == at(2024, 6, 20)
    assert (conference["occurred_precision"], conference["recorded_basis"]) == ("day", "unknown")


def test_conferences_of_different_days_and_referrals_are_different(census):
    one = details("2024-05-01", "<DateOfInitialCPC>2024-06-01</DateOfInitialCPC>" + enquiry("2024-05-10", "2024-06-02"))
    two = details("2024-05-20", "<DateOfInitialCPC>2024-06-01</DateOfInitialCPC>")
    held = records(census(child(inner=one + two)), "conference", "999-INV-1")
    assert sorted(c["known_at"].day for c in held) == [1, 1, 2]
    assert len({c["record_id"] for c in held}) == 3


def test_reviews_are_read_in_every_nesting(every_node, plain_repeats):
    assert [r["known_at"].month for r in records(every_node, "review")] == [7, 10]
    days = [r["known_at"].date().isoformat() for r in records(plain_repeats, "review", "998-0042")]
    assert days == ["2026-02-10", "2026-03-10", "2026-03-24"]
    assert account(plain_repeats, "Reviews") == (3, 3, 0, 0)


def test_every_other_record_is_of_social_care_and_says_no_more_than_the_census(every_node):
    others = every_node.frames["contacts"].filter(pl.col("kind") != "referral")
    assert set(others["agency"]) == set(others["held_by"]) == {"social_care"}
    for column in ("org_id", "mode", "planned", "attendance", "child_seen", "worker_id", "place_id", "handling"):
        assert others[column].null_count() == others.height


def test_only_conclusions_follow(every_node):
    followers = every_node.frames["contacts"].filter(pl.col("follows").is_not_null())
    assert set(followers["kind"]) == {"conclusion"}


# --- Tolerated shapes, and what is not carried


def test_factors_and_disabilities_without_a_wrapper_are_read_once_each(plain_repeats):
    concluded = only(records(plain_repeats, "conclusion", "998-0042", known_at=at(2025, 11, 20)))
    expected = {("substance_parent", "cin_factor:1B"), ("physical_abuse", "cin_factor:18A")}
    assert concerns_of(plain_repeats, concluded) == expected
    assert len(rows(plain_repeats, "concerns", record_id=concluded["record_id"])) == 2
    assert {a["value"] for a in rows(plain_repeats, "attributes", attribute="disability")} == {"MOB", "LD"}


def test_a_latest_category_that_is_the_first_raises_no_second_concern(plain_repeats):
    assert len([c for c in rows(plain_repeats, "concerns") if c["code"] == "cin_category:PHY"]) == 1


def test_nodes_without_a_table_are_counted_and_named(census):
    extract = census(child(inner=details(inner="<PreProceedingsOfOld><Day>2024-06-01</Day></PreProceedingsOfOld>")))
    assert account(extract, "PreProceedingsOfOld") == (1, 1, 0, 0)
    assert "PreProceedingsOfOld is counted, and not carried" in extract.notes
    assert "Day is not carried (1 met)" in extract.notes


def test_fields_without_a_place_are_counted_and_named(plain_repeats):
    assert account(plain_repeats, "PreProceedingsandFGDM") == (1, 1, 0, 0)
    notes = "\n".join(plain_repeats.notes)
    assert "ReviewMeetingsCount is not carried (1 met)" in notes
    assert "PersonSchoolYear is not carried (1 met)" in notes
    assert "text between elements is ignored (1 met)" in notes
    assert "XML attributes are not carried (1 met)" in notes


def test_an_offset_is_converted_to_local_time(plain_repeats):
    learned = only(records(plain_repeats, "conclusion", "998-0042", recorded_basis="extract", outcome=None)[:1])
    assert learned["known_at"] == at(2026, 3, 31, 0, 30)  # 23:30 UTC the day before, in summer time


@pytest.mark.parametrize(("said", "nfa"), [("1", True), ("true", True), ("0", False), ("false", False), ("True", True)])
def test_yes_and_no_in_every_spelling(census, said, nfa):
    extract = census(child(inner=details(nfa=said)))
    assert len(records(extract, "conclusion", "999-INV-1", outcome="no_further_action")) == nfa
    assert extract.frames["episodes"].height == (not nfa)


def test_a_blank_no_further_action_is_noted(census):
    extract = census(child(inner=details(nfa="")))
    assert "ReferralNFA is blank and read as no (1 CINdetails)" in extract.notes


def test_a_reason_without_a_closure_is_noted(census):
    extract = census(child(inner=details(inner="<ReasonForClosure>RC1</ReasonForClosure>")))
    assert extract.frames["facts"].is_empty()
    assert "ReasonForClosure without CINclosureDate is not carried (1 CINdetails)" in extract.notes


# --- The header


def header(reference: str = "", made: str = "", lea: str = "", collection: str = "CIN") -> str:
    return (
        f"<Header><Collection>{collection}</Collection><ReferenceDate>{reference}</ReferenceDate>"
        f"<Source><LEA>{lea}</LEA><DateTime>{made}</DateTime></Source></Header>"
    )


def test_without_an_authority_the_id_stands_alone(census):
    extract = census(child(inner=details()), header=header("2025-03-31"))
    assert extract.frames["children"]["child_id"].to_list() == ["INV-1"]
    assert "header: LEA is missing" in extract.notes
    assert "header: DateTime is missing" in extract.notes
    assert records(extract, "conclusion", "INV-1")[0]["known_at"] == at(2025, 3, 31)


def test_without_a_reference_date_the_day_of_the_file_is_the_extract_s(census):
    inside = child("IN", details("2025-04-02"))
    outside = child("OUT", details("2025-04-03"))
    extract = census(inside, outside, header=header(made="2025-04-02T23:00:00.1234567", lea="999"))
    assert "header: ReferenceDate is missing" in extract.notes
    assert refusals(extract) == [("CINdetails", "CINreferralDate", "EW-R17")]


def test_the_extract_is_the_later_of_the_two_dates(census):
    extract = census(child(inner=details()), header=header("2025-03-31", "2024-12-01T10:00:00", "999"))
    assert records(extract, "conclusion", "999-INV-1")[0]["known_at"] == at(2025, 3, 31)
    assert "header: DateTime is earlier than ReferenceDate" in extract.notes


@pytest.mark.parametrize(("reference", "made"), [("", ""), ("31/03/2025", "yesterday"), ("2025-02-30", "2025-01-01")])
def test_a_header_without_a_readable_date_is_refused(census, reference, made):
    with pytest.raises(SourceError) as refused:
        census(child(), header=header(reference, made, "999"))
    assert refused.value.rule == "EW-F23"
    assert "neither a readable ReferenceDate nor a readable DateTime" in refused.value.found
    assert "30" not in refused.value.message


def test_an_authority_that_is_no_number_or_two_is_not_used(census):
    extract = census(child(), header=header("2025-03-31", lea="Kent"))
    assert "header: LEA is not three digits and is not used" in extract.notes
    twice = census(child(), header=header("2025-03-31", lea="999") + "<Header><LEA>998</LEA></Header>")
    assert "header: LEA is given more than once, differently" in twice.notes
    assert twice.frames["children"]["child_id"].to_list() == ["INV-1"]


# --- Refused rows


@pytest.mark.parametrize(
    ("inner", "column", "rule"),
    [
        (details("01/05/2024"), "CINreferralDate", "EW-R02"),
        (details("2024-05-01T00:00:00"), "CINreferralDate", "EW-R02"),
        (details("2024-02-30"), "CINreferralDate", "EW-R02"),
        (details(""), "CINreferralDate", "EW-R01"),
        (details(source=""), "ReferralSource", "EW-R01"),
        (details(source="11"), "ReferralSource", "EW-R05"),
        (details(source=" 6"), "ReferralSource", "EW-R07"),
        (details(nfa="maybe"), "ReferralNFA", "EW-R03"),
        (details(inner="<PrimaryNeedCode>N99</PrimaryNeedCode>"), "PrimaryNeedCode", "EW-R05"),
        (details("2025-04-01"), "CINreferralDate", "EW-R17"),
        (details(inner="<CINclosureDate>2025-04-01</CINclosureDate>"), "CINclosureDate", "EW-R17"),
        (details(inner="<CINclosureDate>2024-04-30</CINclosureDate>"), "CINclosureDate", "EW-R18"),
        (details(inner="<DateOfInitialCPC>2099-01-01</DateOfInitialCPC>"), "DateOfInitialCPC", "EW-R17"),
        (details(inner="<CINreferralDate>2024-05-02</CINreferralDate>"), "CINreferralDate", "EW-R16"),
    ],
)
def test_a_referral_that_breaks_a_rule_is_refused_whole(census, inner, column, rule):
    extract = census(child(inner=inner))
    assert refusals(extract) == [("CINdetails", column, rule)]
    assert account(extract, "CINdetails") == (1, 0, 1, 0)
    assert account(extract, "Child") == (1, 1, 0, 0)
    assert extract.frames["contacts"].is_empty()


@pytest.mark.parametrize(
    ("inner", "table", "column", "rule"),
    [
        (assessment(""), "Assessments", "AssessmentActualStartDate", "EW-R01"),
        (assessment("2024-05-02", "2024-05-01"), "Assessments", "AssessmentAuthorisationDate", "EW-R18"),
        (assessment("2024-05-02", "2024-06-01", "3B", "RB"), "Assessments", "AssessmentFactors", "EW-R05"),
        (enquiry("2025-04-01"), "Section47", "S47ActualStartDate", "EW-R17"),
        (enquiry("2024-05-05", "x"), "Section47", "DateOfInitialCPC", "EW-R02"),
        (
            (
                "<CINPlanDates><CINPlanStartDate>2024-07-01</CINPlanStartDate>"
                "<CINPlanEndDate>2024-06-30</CINPlanEndDate></CINPlanDates>"
            ),
            "CINPlanDates",
            "CINPlanEndDate",
            "EW-R18",
        ),
        (
            (
                "<ChildProtectionPlans><CPPstartDate>2024-07-01</CPPstartDate>"
                "<NumberOfPreviousCPP>two</NumberOfPreviousCPP></ChildProtectionPlans>"
            ),
            "ChildProtectionPlans",
            "NumberOfPreviousCPP",
            "EW-R04",
        ),
    ],
)
def test_a_nested_row_that_breaks_a_rule_takes_only_itself_away(census, inner, table, column, rule):
    extract = census(child(inner=details(inner=inner + assessment("2024-08-08"))))
    assert refusals(extract) == [(table, column, rule)]
    assert len(records(extract, "referral", "999-INV-1")) == 1
    assert len(records(extract, "assessment", "999-INV-1", known_at=at(2024, 8, 8))) == 1


def test_what_nests_in_a_refused_row_is_refused_with_it(census):
    plan = (
        "<ChildProtectionPlans><CPPstartDate>2024-05-09</CPPstartDate>"
        "<Reviews><CPPreviewDate>2024-06-01</CPPreviewDate></Reviews></ChildProtectionPlans>"
    )
    extract = census(child(inner=details(source="11", inner=plan) + details("2024-07-07")))
    assert refusals(extract) == [
        ("CINdetails", "ReferralSource", "EW-R05"),
        ("ChildProtectionPlans", "CINdetails", "EW-R19"),
        ("Reviews", "ChildProtectionPlans", "EW-R19"),
    ]
    assert extract.quarantine["row"][2] == "line 5, Child 1, CINdetails 1, ChildProtectionPlans 1, Reviews 1"
    assert len(records(extract, "referral", "999-INV-1")) == 1


@pytest.mark.parametrize(
    ("refused", "column", "rule"),
    [
        (child("", details()), "LAchildID", "EW-R01"),
        (child(" INV", details()), "LAchildID", "EW-R07"),
        (child(inner=details(), born="2025-04-01"), "PersonBirthDate", "EW-R17"),
        (child(inner=details(), born="1/2/2015"), "PersonBirthDate", "EW-R02"),
        (child(inner=details(), more="<PersonDeathDate>2025-04-01</PersonDeathDate>"), "PersonDeathDate", "EW-R17"),
    ],
)
def test_a_child_that_breaks_a_rule_takes_all_its_rows_away(census, refused, column, rule):
    extract = census(refused, child("OTHER", details()))
    assert refusals(extract) == [("Child", column, rule), ("CINdetails", "Child", "EW-R19")]
    assert extract.frames["children"]["child_id"].to_list() == ["999-OTHER"]


def test_events_shortly_before_birth_or_after_death_are_no_fault(census):
    late = child(inner=details("2024-05-01"), born="2024-12-01", more="<PersonDeathDate>2024-01-01</PersonDeathDate>")
    assert census(late).quarantine.is_empty()


@pytest.mark.parametrize(
    ("inner", "born", "table", "column"),
    [
        (details("2014-05-01"), "2024-12-01", "CINdetails", "CINreferralDate"),
        (
            details(inner=assessment("2014-05-02", "2024-06-01")),
            "2024-03-01",
            "Assessments",
            "AssessmentActualStartDate",
        ),
        (details(inner=enquiry("2024-05-01")), "1990-05-05", "Section47", "S47ActualStartDate"),
    ],
)
def test_what_the_contract_refuses_its_element_is_refused_for(census, inner, born, table, column):
    extract = census(child(inner=inner, born=born), child("OTHER", details()))
    assert refusals(extract) == [(table, column, "EW-R21")]
    assert_keeps_the_contract(extract)
    assert len(records(extract, "referral", "999-OTHER")) == 1
    assert sum(a.read for a in extract.account if a.table == "CINdetails") == 2


def test_an_id_with_what_cannot_be_seen_refuses_the_child(census):
    extract = census(child("INV\u200b1", details()), child("INV1", details()))
    assert refusals(extract) == [("Child", "LAchildID", "EW-R22"), ("CINdetails", "Child", "EW-R19")]
    assert extract.frames["children"]["child_id"].to_list() == ["999-INV1"]
    assert_keeps_the_contract(extract)


@pytest.mark.parametrize("day", ["1900-01-01", "9999-12-31", " 2099-12-31 "])
def test_a_day_that_stands_for_none_is_blank_and_noted(census, day):
    open_ended = details(inner=f"<CINclosureDate>{day}</CINclosureDate>")
    extract = census(child(inner=open_ended))
    assert extract.quarantine.is_empty()
    assert only(rows(extract, "episodes"))["end_on"] is None
    assert "CINclosureDate with a day that stands for none is read as blank (1 met, the first in line 5)" in (
        extract.notes
    )
    assert refusals(census(child(inner=details(day)))) == [("CINdetails", "CINreferralDate", "EW-R01")]


def test_a_day_outside_every_bound_is_refused_but_where_it_was_an_estimate(census):
    assert refusals(census(child(inner=details("0214-05-01")))) == [("CINdetails", "CINreferralDate", "EW-R18")]
    odd = "<ExpectedPersonBirthDate>1066-10-14</ExpectedPersonBirthDate>"
    extract = census(child(inner=details(), more=odd))
    assert extract.quarantine.is_empty()
    assert only(rows(extract, "children"))["expected_birth_on"] is None
    assert any(note.startswith("ExpectedPersonBirthDate with a day that stands for none") for note in extract.notes)


def test_a_quarantine_line_says_where_why_and_what_stood_there(census):
    wrong = details("2026-01-01", assessment("2024-05-02"), source="11")
    line = census(child("INV-7"), child("INV-8", details() + wrong)).quarantine.row(0, named=True)
    assert (line["file"], line["table"], line["row"]) == ("census.xml", "CINdetails", "line 6, Child 2, CINdetails 2")
    assert (line["column"], line["rule"], line["also"]) == ("CINreferralDate", "EW-R17", "EW-R05 ReferralSource")
    assert (line["problem"], line["fix"]) == (RULES["EW-R17"].problem, RULES["EW-R17"].fix)
    assert json.loads(line["content"]) == {
        "CINreferralDate": ["2026-01-01"],
        "ReferralSource": ["11"],
        "ReferralNFA": ["0"],
    }


def test_a_row_outside_any_child_is_refused(census):
    assert refusals(census(details())) == [("CINdetails", "LAchildID", "EW-R01")]


# --- Copies and contradictions


def test_a_referral_sent_twice_is_one_with_all_that_nests_in_it(census):
    twice = details(inner=assessment("2024-05-02", "2024-06-01", "3B", "16A"))
    again = details(inner=assessment("2024-05-02", "2024-06-01", "16A", "3B"))
    extract = census(child(inner=twice + again))
    assert account(extract, "CINdetails") == (2, 1, 0, 1)
    assert account(extract, "Assessments") == (2, 1, 0, 1)
    assert len(records(extract, "assessment", "999-INV-1")) == 1
    assert_keeps_the_contract(extract)


def test_a_child_sent_twice_is_one(census):
    extract = census(child(inner=details()), child("INV-2"), child(inner=details()))
    assert account(extract, "Child") == (3, 2, 0, 1)
    assert account(extract, "CINdetails") == (2, 1, 0, 1)
    assert extract.frames["children"].height == 2


def test_a_child_sent_in_parts_is_put_together(census):
    unborn = "<ExpectedPersonBirthDate>2015-05-01</ExpectedPersonBirthDate><UPN>Z1</UPN>"
    extract = census(child(inner=details("2024-05-01"), born="", more=unborn), child(inner=details("2024-07-01")))
    one = only(rows(extract, "children"))
    assert (one["birth_on"], one["expected_birth_on"]) == (date(2015, 5, 5), date(2015, 5, 1))
    assert len(records(extract, "referral", "999-INV-1")) == 2
    assert {i["scheme"] for i in rows(extract, "identifiers")} == {"la_child_id", "upn"}
    assert_keeps_the_contract(extract)


def test_two_children_of_one_id_and_different_birth_are_both_refused(census):
    extract = census(child(inner=details()), child(inner=details("2024-07-01"), born="2015-05-06"), child("OTHER"))
    assert refusals(extract).count(("Child", "LAchildID", "EW-R12")) == 2
    assert refusals(extract).count(("CINdetails", "Child", "EW-R19")) == 2
    assert extract.frames["children"]["child_id"].to_list() == ["999-OTHER"]


def test_two_referrals_of_one_day_that_differ_are_both_refused(census):
    extract = census(child(inner=details(source="6") + details(source="4") + details("2024-09-01")))
    assert refusals(extract) == [("CINdetails", "CINreferralDate", "EW-R12")] * 2
    assert account(extract, "CINdetails") == (3, 1, 2, 0)


def test_a_nested_copy_in_another_referral_is_one_and_a_refused_one_hides_no_other(census):
    same = enquiry("2024-05-20")
    both = census(child(inner=details("2024-05-01", same) + details("2024-06-01", same)))
    assert account(both, "Section47") == (2, 1, 0, 1)
    one_refused = census(child(inner=details("2024-05-01", same, source="11") + details("2024-06-01", same)))
    assert account(one_refused, "Section47") == (2, 1, 1, 0)
    assert len(records(one_refused, "strategy_enquiry", "999-INV-1")) == 1


def test_different_rows_of_one_day_are_told_apart(census):
    two = enquiry("2024-05-20") + enquiry("2024-05-20", more="<ICPCnotRequired>true</ICPCnotRequired>")
    extract = census(child(inner=details(inner=two)))
    assert len({r["record_id"] for r in records(extract, "strategy_enquiry", "999-INV-1")}) == 2
    assert_keeps_the_contract(extract)


# --- Ids, order, types


MANY = [
    child("A", details("2024-05-01", enquiry("2024-05-20") + enquiry("2024-05-20", "2024-06-01"))),
    child("A", details("2024-08-01", enquiry("2024-05-20", "2024-06-01"))),
    child("B", details("2024-05-01", assessment("2024-05-02", "2024-06-01", "3B"), nfa="1")),
    child("B", details("2024-05-01", assessment("2024-05-02", "2024-06-01", "3B"), nfa="1")),
    child("C", details("2024-05-01") + details("2024-05-01", source="4")),
    child("D", details("2099-05-01")),
    child("E", "", more="<Disability>MOB</Disability>"),
]


def as_a_set(frame: pl.DataFrame) -> list[str]:
    return sorted(str(row) for row in frame.drop("source_row", strict=False).rows())


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_children_is_nothing(census, seed):
    shuffled = random.Random(seed).sample(MANY, len(MANY))  # noqa: S311 (a shuffle, not a secret)
    first, second = census(*MANY), census(*shuffled)
    assert first.account == second.account
    for name, frame in first.frames.items():
        assert as_a_set(frame) == as_a_set(second.frames[name])


def test_renaming_one_child_leaves_the_ids_of_others(census):
    before = census(*MANY).frames["contacts"].filter(pl.col("child_id") != "999-B")
    after = census(*(c.replace(">B<", ">Z<") for c in MANY)).frames["contacts"].filter(pl.col("child_id") != "999-Z")
    assert before.equals(after)
    assert before["record_id"].str.contains(r"^cin-[0-9a-f]{16}$").all()


@pytest.mark.parametrize("fixture", ["every_node", "plain_repeats"])
def test_the_fixtures_keep_the_contract(fixture, request):
    extract = request.getfixturevalue(fixture)
    assert extract.quarantine.is_empty()
    assert_keeps_the_contract(extract)


def test_many_children_keep_the_contract_and_every_row_is_accounted_for(census):
    extract = census(*MANY)
    assert_keeps_the_contract(extract)
    assert sum(a.quarantined for a in extract.account) == extract.quarantine.height
    assert account(extract, "Child") == (7, 6, 0, 1)
    assert account(extract, "CINdetails") == (7, 3, 3, 1)


DAYS = st.sampled_from(["2024-05-01", "2024-05-02", "2025-03-31", "2025-04-01", "1/2/24", ""])
CATEGORIES = st.sampled_from(["NEG", "MUL", "PHY", "XXX", ""])


@st.composite
def plans(draw) -> str:
    reviews = "".join(f"<CPPreviewDate>{draw(DAYS)}</CPPreviewDate>" for _ in range(draw(st.integers(0, 2))))
    return (
        f"<ChildProtectionPlans><CPPstartDate>{draw(DAYS)}</CPPstartDate><CPPendDate>{draw(DAYS)}</CPPendDate>"
        f"<InitialCategoryOfAbuse>{draw(CATEGORIES)}</InitialCategoryOfAbuse>"
        f"<LatestCategoryOfAbuse>{draw(CATEGORIES)}</LatestCategoryOfAbuse>{reviews}</ChildProtectionPlans>"
    )


NESTED = st.one_of(
    st.builds(assessment, DAYS, DAYS, st.sampled_from(["3B", "21", "99"])),
    st.builds(enquiry, DAYS, DAYS),
    plans(),
    DAYS.map("<CINPlanDates><CINPlanStartDate>{}</CINPlanStartDate></CINPlanDates>".format),
    DAYS.map("<CINclosureDate>{}</CINclosureDate>".format),
    DAYS.map("<DateOfInitialCPC>{}</DateOfInitialCPC>".format),
)
REFERRALS = st.builds(
    details, DAYS, st.lists(NESTED, max_size=3).map("".join), st.sampled_from(["6", "4", "11"]), st.sampled_from("01")
)
CHILDREN = st.builds(
    child, st.sampled_from("ABC"), st.lists(REFERRALS, max_size=3).map("".join), st.sampled_from(["2015-05-05", ""])
)


@settings(max_examples=12, deadline=None)
@given(st.lists(CHILDREN, max_size=5), st.randoms(use_true_random=False))
def test_whatever_is_given_is_accounted_for_keeps_the_contract_and_has_no_order(census, children, chance):
    extract = census(*children)
    assert_keeps_the_contract(extract)
    assert sum(a.quarantined for a in extract.account) == extract.quarantine.height
    assert sum(a.read for a in extract.account if a.table == "Child") == len(children)
    chance.shuffle(children)
    again = census(*children)
    assert extract.account == again.account
    assert all(as_a_set(frame) == as_a_set(again.frames[name]) for name, frame in extract.frames.items())


def test_a_census_of_nobody_has_typed_tables(census):
    extract = census()
    assert all(frame.is_empty() for frame in extract.frames.values())
    assert all(frame.schema == TABLES[name].schema for name, frame in extract.frames.items())
    assert extract.quarantine.schema == QUARANTINE_SCHEMA
    assert [a.table for a in extract.account] == list(FIELDS)
    assert_keeps_the_contract(extract)


def test_every_table_has_the_schema_s_types(every_node):
    assert all(frame.schema == TABLES[name].schema for name, frame in every_node.frames.items())


def test_lines_beyond_what_sixteen_bits_hold(census):
    late = "\n" * 70_000 + child(inner=details(source="11"))
    assert census(child("INV-0"), late).quarantine["row"][0] == "line 70006, Child 2, CINdetails 1"


# --- Files that are refused


SECRET = "Zebedee-1999"  # noqa: S105 (stands for a value about a child)


def refused(path: Path, rule: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        cin.read(path)
    assert caught.value.rule == rule
    assert rule in FILE_RULES
    assert SECRET not in caught.value.message
    assert path.name in caught.value.found
    assert caught.value.expected
    assert caught.value.fix
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert caught.value.exit_code == Exit.SOURCE
    return caught.value


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "given.xml"
    path.write_bytes(text.encode(encoding))
    return path


BODY = f"<Message>{HEADER}<Children>{child('&e;')}</Children></Message>"
BOMB = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE Message SYSTEM "file://{canary}">',
        '<!DOCTYPE Message PUBLIC "-//x//y" "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE Message [<!ENTITY e SYSTEM "file://{canary}">]>',
        '<!DOCTYPE Message [<!ENTITY % p SYSTEM "file://{canary}"> %p;]>',
        f'<!DOCTYPE Message [<!ENTITY e0 "ha">{BOMB}<!ENTITY e "&e11;">]>',
        "<!DOCTYPE Message>",
    ],
    ids=["external", "public", "external entity", "parameter entity", "bomb", "bare"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_and_nothing_it_names_is_opened(tmp_path, doctype, encoding):
    canary = tmp_path / "canary"
    canary.write_text(SECRET)
    os.utime(canary, ns=(0, 10**18))  # reading it would move the first of the two
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>\n'
    text = declaration + doctype.replace("{canary}", str(canary)) + BODY
    error = refused(write(tmp_path, text, encoding), "EW-F18")
    assert "line 2" in error.found
    assert "document type" in error.found
    assert canary.stat().st_atime_ns == 0
    canary.read_text()
    if canary.stat().st_atime_ns == 0:
        pytest.skip("this file system keeps no times of access: that nothing was opened could not be seen")


def test_a_document_type_in_an_encoding_the_first_look_cannot_read_is_refused(tmp_path):
    text = '<?xml version="1.0" encoding="UCS-4"?><!DOCTYPE Message [<!ENTITY e "x">]>' + BODY
    assert refused(write(tmp_path, text, "utf-32-be"), "EW-F18")


@pytest.mark.parametrize("parse", ["text", "xml"])
@pytest.mark.parametrize("href", ["{folder}/canary", "file://{folder}/canary", "http://127.0.0.1:9/canary"])
def test_xinclude_is_not_followed(census, tmp_path, parse, href):
    canary = tmp_path / "canary"
    canary.write_text(f"<x>{SECRET}</x>")
    os.utime(canary, ns=(0, 10**18))
    place = href.replace("{folder}", tmp_path.as_posix())
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{place}" parse="{parse}"/>'
    extract = census(child(inner=details(inner=include) + include), include)
    assert SECRET not in str([frame.to_dicts() for frame in extract.frames.values()])
    assert SECRET not in str(extract.quarantine.to_dicts())
    assert canary.stat().st_atime_ns == 0
    assert account(extract, "CINdetails") == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"<Message>\n{SECRET}", 2),
        (f"<Message>\n<Children><Child></{SECRET}></Children></Message>", 2),
        (f"<Message>\n&{SECRET};</Message>", 2),
        (f"{SECRET}", 1),
        (f"<Message>\n<Children>{SECRET}\x01</Children></Message>", 2),
        (f'<?xml version="1.0" encoding="{SECRET}"?><Message/>', 1),
    ],
)
def test_broken_xml_is_refused_with_its_line_and_no_word_of_it(tmp_path, text, line):
    found = refused(write(tmp_path, text), "EW-F17").found
    assert "broken XML" in found
    assert f"line {line}:" in found


def test_bytes_of_another_encoding_are_broken_xml(tmp_path):
    text = f"<Message>\n<Children>{SECRET} é</Children></Message>"
    assert "broken XML" in refused(write(tmp_path, text, "cp1252"), "EW-F17").found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", ["", "\n\n", " \t\r\n" * 1000])
def test_a_file_that_says_nothing_is_empty(tmp_path, text, encoding):
    assert "is empty" in refused(write(tmp_path, text, encoding), "EW-F02").found


@pytest.mark.parametrize(
    "inner",
    ["<a>" * 300 + "</a>" * 300, f"<Ethnicity>{'x' * 10_000_001}</Ethnicity>", f"<{'n' * 60_000}/>"],
    ids=["deep", "long text", "long name"],
)
def test_xml_beyond_all_bounds_is_refused(tmp_path, inner):
    text = f"<Message>\n{HEADER}<Children>{child(SECRET, inner)}</Children></Message>"
    assert "beyond all bounds" in refused(write(tmp_path, text), "EW-F10").found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"<html>{SECRET}</html>", "root element is not Message"),
        (f"<Message>{HEADER}</Message>", "no Children element"),
        (f"<Message>{header('2025-03-31', collection=SECRET)}<Children/></Message>", "another collection"),
    ],
)
def test_another_document_is_refused(tmp_path, text, problem):
    found = refused(write(tmp_path, text), "EW-F21").found
    assert problem in found
    assert "line 1" in found


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "cannot be opened" in refused(tmp_path / "none.xml", "EW-F01").found
    assert "cannot be opened" in refused(tmp_path, "EW-F01").found


def test_notes_and_account_quote_no_value(census):
    secret = child(SECRET, details(inner=f"<Local>{SECRET}</Local>{SECRET}", source=SECRET), born=SECRET, more=SECRET)
    extract = census(secret, header=HEADER.replace("999", SECRET))
    assert SECRET not in str(extract.notes)
    assert SECRET not in str(extract.account)
    assert SECRET not in str(extract.quarantine.drop("content").to_dicts())
    assert SECRET in extract.quarantine["content"][0]


# --- Public samples, where they are at hand


def sample(name: str) -> Path:
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip("no samples at hand: set EARLYWARN_SAMPLES to the folder that holds cin_census")
    return path


def test_the_large_sample_is_read_but_for_the_dates_after_its_extract():
    extract = cin.read(sample("fake_CIN_data.xml"))
    assert account(extract, "Child") == (332, 332, 0, 0)
    assert account(extract, "CINdetails") == (402, 388, 14, 0)
    first = extract.quarantine.group_by("column").len().sort("column").rows()
    assert first == [("CINclosureDate", 6), ("CINreferralDate", 8)]
    assert set(extract.quarantine["rule"]) == {"EW-R17"}
    assert len(rows(extract, "contacts", kind="referral")) == 388
    assert_keeps_the_contract(extract)


@pytest.mark.parametrize(
    ("name", "read", "quarantined"),
    [("CIN_Census_2021.xml", 7, 0), ("CIN_Census_2024.xml", 10, 3), ("cin-2022.xml", 7, 0)],
)
def test_the_small_samples_are_read(name, read, quarantined):
    extract = cin.read(sample(name))
    assert sum(a.read for a in extract.account) == read
    assert extract.quarantine.height == quarantined
    assert_keeps_the_contract(extract)
