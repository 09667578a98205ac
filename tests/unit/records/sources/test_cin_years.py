"""The census as each year wrote it, from 2021 to 2026, on invented files; and the clocks as they are printed."""

from __future__ import annotations

from datetime import date, datetime
from itertools import product

import polars as pl
import pytest

from earlywarn.records import codes
from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.sources import Extract, cin
from earlywarn.records.sources._cin_layout import CLOCKS, FIELDS, ORDER
from earlywarn.records.sources.clocks import clocks

YEARS = range(2021, 2027)
FACTORS = {2021: "23A", 2022: "24A", 2023: "18B", 2024: "18C", 2025: "19B", 2026: "19C"}
"""A code that each year's schema has; 24A came in 2022, those that split abuse by who did it are in all of these."""

PRE_PROCEEDINGS = """<PreProceedingsandFGDM>
<PPStartDate>{y}-01-05</PPStartDate><LBPSentDate>{y}-01-08</LBPSentDate><FGDMMeetingOffer>1</FGDMMeetingOffer>
<FGDMMeetingFac>false</FGDMMeetingFac><InitialPPMeetingDate>{y}-01-20</InitialPPMeetingDate>
<ReviewMeetingsCount>2</ReviewMeetingsCount><StepDecisionDate>{y}-02-16</StepDecisionDate><PPOutcome>B</PPOutcome>
<CourtAppDate>{y}-02-20</CourtAppDate><LetterInitCPDate>{y}-02-23</LetterInitCPDate></PreProceedingsandFGDM>"""


def header(year: int, more: str = "") -> str:
    return (
        f"<Header><CollectionDetails><Collection>CIN</Collection><Year>{year}</Year>"
        f"<ReferenceDate>{year}-03-31</ReferenceDate></CollectionDetails><Source><SourceLevel>L</SourceLevel>"
        f"<LEA>999</LEA><SerialNo>001</SerialNo><DateTime>{year}-05-04T12:00:00</DateTime></Source>{more}</Header>"
    )


def sex(year: int) -> str:
    return "<GenderCurrent>2</GenderCurrent>" if year < 2025 else "<Sex>F</Sex>"


def message(year: int, *, wrapped: bool = True, yes: str = "1", no: str = "0", stray: str = "") -> str:
    """One born child with everything its year's schema has, and one unborn."""
    factors = f"<AssessmentFactors>{FACTORS[year]}</AssessmentFactors><AssessmentFactors>3B</AssessmentFactors>"
    days = f"<CPPreviewDate>{year}-02-01</CPPreviewDate><CPPreviewDate>{year}-03-01</CPPreviewDate>"
    disabilities = "<Disability>LD</Disability><Disability>AUT</Disability>"
    if wrapped:
        factors = f"<FactorsIdentifiedAtAssessment>{factors}</FactorsIdentifiedAtAssessment>"
        days = f"<Reviews>{days}</Reviews>"
        disabilities = f"<Disabilities>{disabilities}</Disabilities>"
    need_plan = f"<CINPlanDates><CINPlanStartDate>{year}-02-02</CINPlanStartDate></CINPlanDates>" if year > 2021 else ""
    pre_proceedings = PRE_PROCEEDINGS.format(y=year) if year > 2025 else ""
    return f"""<Message>{header(year)}<Children>{stray}
    <Child><ChildIdentifiers><LAchildID>A1</LAchildID><UPN>Z000000000001</UPN>
    <PersonBirthDate>2015-05-05</PersonBirthDate>{stray}{sex(year)}</ChildIdentifiers>
    <ChildCharacteristics><Ethnicity>WOTH</Ethnicity>{disabilities}</ChildCharacteristics>
    <CINdetails><CINreferralDate>{year - 1}-11-01</CINreferralDate>
    <ReferralSource>{"5D" if year > 2022 else "5B"}</ReferralSource>
    <PrimaryNeedCode>N1</PrimaryNeedCode><DateOfInitialCPC>{year}-01-12</DateOfInitialCPC>
    <Assessments><AssessmentActualStartDate>{year - 1}-11-02</AssessmentActualStartDate>
    <AssessmentAuthorisationDate>{year - 1}-12-10</AssessmentAuthorisationDate>{factors}</Assessments>{need_plan}
    <Section47><S47ActualStartDate>{year - 1}-12-20</S47ActualStartDate>
    <DateOfInitialCPC>{year}-01-12</DateOfInitialCPC><ICPCnotRequired>{no}</ICPCnotRequired></Section47>{stray}
    <Section47><S47ActualStartDate>{year}-03-20</S47ActualStartDate><ICPCnotRequired>{yes}</ICPCnotRequired></Section47>
    <ReferralNFA>{no}</ReferralNFA>
    <ChildProtectionPlans><CPPstartDate>{year}-01-12</CPPstartDate><InitialCategoryOfAbuse>EMO</InitialCategoryOfAbuse>
    <LatestCategoryOfAbuse>EMO</LatestCategoryOfAbuse><NumberOfPreviousCPP>0</NumberOfPreviousCPP>{days}
    </ChildProtectionPlans>{pre_proceedings}</CINdetails></Child>
    <Child><ChildIdentifiers><LAchildID>B2</LAchildID><UPNunknown>UN1</UPNunknown>
    <ExpectedPersonBirthDate>{year}-07-07</ExpectedPersonBirthDate>{sex(year).replace("2<", "0<").replace("F<", "U<")}
    </ChildIdentifiers><ChildCharacteristics><Ethnicity>NOBT</Ethnicity></ChildCharacteristics>
    <CINdetails><CINreferralDate>{year}-03-02</CINreferralDate><ReferralSource>3D</ReferralSource>
    <CINclosureDate>{year}-03-09</CINclosureDate><ReasonForClosure>{"RC9" if year > 2022 else "RC8"}</ReasonForClosure>
    <ReferralNFA>{yes}</ReferralNFA></CINdetails></Child></Children></Message>"""


@pytest.fixture
def read(tmp_path):
    def one(text: str) -> Extract:
        path = tmp_path / "census.xml"
        path.write_text(text, encoding="utf-8")
        return cin.read(path)

    return one


def kinds(extract: Extract) -> dict[str, int]:
    return dict(extract.frames["contacts"].group_by("kind").len().iter_rows())


def rows(extract: Extract, table: str, **where: object) -> list[dict]:
    return extract.frames[table].filter(*(pl.col(n) == value for n, value in where.items())).to_dicts()


@pytest.mark.parametrize("year", YEARS)
def test_every_year_is_read_whole(read, year):
    extract = read(message(year))
    assert extract.quarantine.is_empty()
    assert kinds(extract) == {
        "referral": 2,
        "conclusion": 6 + (year > 2025),
        "assessment": 1,
        "strategy_enquiry": 2,
        "conference": 1,
        "plan_start": 1 + (year > 2021),
        "review": 2,
        **({"other": 6} if year > 2025 else {}),
    }
    assert {c["code"] for c in rows(extract, "concerns")} == {
        "cin_need:N1",
        f"cin_factor:{FACTORS[year]}",
        "cin_factor:3B",
        "cin_category:EMO",
    }
    held = {name: frame for name, frame in extract.frames.items() if name in RECORD_TABLES}
    assert records_from_frames(held).refused == 0
    assert "UPNunknown is not carried (1 met)" in extract.notes
    assert not any(note.startswith("header:") for note in extract.notes)


@pytest.mark.parametrize("year", YEARS)
def test_each_year_has_its_own_field_of_sex(read, year):
    said = {(a["child_id"], a["value"]) for a in rows(read(message(year)), "attributes", attribute="sex")}
    assert said == ({("999-A1", "2"), ("999-B2", "0")} if year < 2025 else {("999-A1", "F"), ("999-B2", "U")})


@pytest.mark.parametrize("year", YEARS)
def test_codes_that_a_year_brought_are_known(read, year):
    extract = read(message(year))
    raised_by = {r["child_id"]: r["agency"] for r in rows(extract, "contacts", kind="referral")}
    assert raised_by == {"999-A1": "early_help" if year > 2022 else "social_care", "999-B2": "health"}
    reason = "early_help" if year > 2022 else "no_further_action"
    assert [f["value"] for f in rows(extract, "facts", key="closure_reason")] == [reason]


@pytest.mark.parametrize("year", YEARS)
def test_an_unborn_child_is_expected_after_the_extract(read, year):
    unborn = rows(read(message(year)), "children", child_id="999-B2")[0]
    assert (unborn["birth_on"], unborn["expected_birth_on"]) == (None, date(year, 7, 7))


@pytest.mark.parametrize("year", YEARS)
def test_wrappers_stray_text_and_spellings_change_nothing(read, year):
    first = read(message(year))
    for wrapped, (yes, no) in product((True, False), [("true", "false"), ("True", "0"), (" 1 ", "FALSE")]):
        other = read(message(year, wrapped=wrapped, yes=yes, no=no, stray="PersonBirthDate"))
        assert {a.table: (a.read, a.accepted) for a in other.account} == {
            a.table: (a.read, a.accepted) for a in first.account
        }
        assert all(frame.equals(other.frames[name]) for name, frame in first.frames.items())
        assert "text between elements is ignored (3 met)" in other.notes


@pytest.mark.parametrize("year", YEARS)
def test_every_review_may_have_a_wrapper_of_its_own(read, year):
    apart = message(year).replace(
        "</CPPreviewDate><CPPreviewDate>", "</CPPreviewDate></Reviews><Reviews><CPPreviewDate>"
    )
    days = [r["known_at"].month for r in rows(read(apart), "contacts", kind="review")]
    assert days == [2, 3]


def test_two_fields_of_sex_in_one_child_are_both_kept_for_audit(read):
    both = message(2025).replace("<Sex>F</Sex>", "<Sex>F</Sex><GenderCurrent>2</GenderCurrent>")
    assert {a["value"] for a in rows(read(both), "attributes", child_id="999-A1", attribute="sex")} == {"F", "2"}


# --- What 2026 brought


def steps(extract: Extract) -> list[tuple[str, datetime]]:
    carried = extract.frames["facts"].filter(key="pre_proceedings").join(extract.frames["contacts"], on="record_id")
    return carried.sort("known_at").select("value", "known_at").rows()


def test_each_dated_step_before_proceedings_is_a_record_of_its_day(read):
    extract = read(message(2026))
    assert steps(extract) == [
        ("pre_proceedings_start", datetime(2026, 1, 5)),
        ("letter_before_proceedings", datetime(2026, 1, 8)),
        ("pre_proceedings_meeting", datetime(2026, 1, 20)),
        ("pre_proceedings_decision", datetime(2026, 2, 16)),
        ("court_application", datetime(2026, 2, 20)),
        ("proceedings_letter", datetime(2026, 2, 23)),
    ]
    decided = rows(extract, "facts", key="pre_proceedings_outcome")[0]
    assert decided["value"] == "B"
    assert rows(extract, "contacts", record_id=decided["record_id"])[0]["known_at"] == datetime(2026, 2, 16)
    assert "ReviewMeetingsCount is not carried (1 met)" in extract.notes


def test_what_has_no_day_of_its_own_is_known_from_the_extract(read):
    extract = read(message(2026))
    offered = rows(extract, "facts", key="family_meeting_offered")[0]
    assert (offered["value"], rows(extract, "facts", key="family_meeting_held")[0]["value"]) == ("true", "false")
    learned = rows(extract, "contacts", record_id=offered["record_id"])[0]
    assert (learned["kind"], learned["known_at"]) == ("conclusion", datetime(2026, 5, 4, 12))
    began = next(r for r in rows(extract, "contacts", kind="other") if r["known_at"] == datetime(2026, 1, 5))
    assert learned["follows"] == began["record_id"]


def test_without_a_start_day_the_referral_is_concluded(read):
    text = message(2026).replace("<PPStartDate>2026-01-05</PPStartDate>", "")
    extract = read(text.replace("<StepDecisionDate>2026-02-16</StepDecisionDate>", ""))
    assert next(name for name, _ in steps(extract)) == "letter_before_proceedings"
    learned = rows(extract, "facts", key="pre_proceedings_outcome")[0]["record_id"]
    followed = rows(extract, "contacts", record_id=learned)[0]["follows"]
    assert rows(extract, "contacts", record_id=followed)[0]["kind"] == "referral"


@pytest.mark.parametrize(("earlier", "later"), ORDER["PreProceedingsandFGDM"])
def test_steps_in_an_impossible_order_are_refused(read, earlier, later):
    block = f"<{earlier}>2026-02-02</{earlier}><{later}>2026-02-01</{later}>"
    text = message(2026)
    start, end = text.index("<PPStartDate>"), text.index("</PreProceedingsandFGDM>")
    extract = read(text[:start] + block + text[end:])
    assert extract.quarantine.select("table", "column", "rule").rows() == [("PreProceedingsandFGDM", later, "EW-R18")]


def test_an_empty_block_gives_rise_to_nothing(read):
    text = message(2025).replace("</CINdetails>", "<PreProceedingsandFGDM/></CINdetails>", 1)
    extract = read(text)
    assert kinds(extract) == kinds(read(message(2025)))
    entry = next(a for a in extract.account if a.table == "PreProceedingsandFGDM")
    assert (entry.read, entry.accepted) == (1, 1)


# --- Headers


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("<Year>2024</Year>", "<Year>2023</Year>", "Year is not that of ReferenceDate"),
        ("<Year>2024</Year>", "", None),
        ("2024-03-31", "2024-03-28", "ReferenceDate is not a 31 March"),
        ("2024-05-04T12:00:00", "2024-05-04T12:00:00.1234567+01:00", None),
        ("2024-05-04T12:00:00", "4 May 2024", "DateTime is not an ISO time"),
        ("<LEA>999</LEA>", "", "LEA is missing"),
        ("<SourceLevel>L</SourceLevel>", "<Local>x</Local>", None),
        ("</Header>", "<Source><LEA>999</LEA></Source></Header>", None),
        ("</Header>", "<Source><LEA>998</LEA></Source></Header>", "LEA is given more than once, differently"),
    ],
)
def test_what_is_wrong_with_a_header_is_noted_and_nothing_is_refused(read, old, new, note):
    extract = read(message(2024).replace(old, new))
    assert extract.quarantine.is_empty()
    notes = [n for n in extract.notes if n.startswith("header:") and "child ids do not say" not in n]
    assert notes == ([f"header: {note}"] if note else [])


# --- Clocks


def test_every_record_s_clock_names_a_day_of_its_elements():
    for role, clock in CLOCKS.items():
        assert clock.basis in codes.BASES
        assert clock.kind in codes.KINDS
        assert clock.because
        for element in clock.of:
            days = {name for name, field in FIELDS[element].items() if field.holds == "day" and not field.ahead}
            assert {clock.known, clock.happened} <= days | {"extract", ""}, role
        assert clock.at_extract == (clock.basis == "extract")
        assert clock.kind == "conclusion" or not clock.at_extract


def test_every_record_is_known_from_what_its_clock_names(read):
    """What is printed is what is done."""
    extract = read(message(2026))
    bases = {(c.kind, c.basis) for c in CLOCKS.values()}
    assert set(extract.frames["contacts"].select("kind", "recorded_basis").unique().iter_rows()) <= bases
    late = extract.frames["contacts"].filter(recorded_basis="extract")
    assert set(late["known_at"]) == {datetime(2026, 5, 4, 12)}
    assert late["occurred_at"].null_count() == late.height


def test_a_clock_that_is_changed_in_the_data_changes_the_record(read, monkeypatch):
    from dataclasses import replace

    from earlywarn.records.sources import _cin_records

    late = CLOCKS | {
        "assessment": replace(CLOCKS["assessment"], known="AssessmentAuthorisationDate", basis="assumed_lag")
    }
    monkeypatch.setattr(_cin_records, "CLOCKS", late)
    assessed = rows(read(message(2024)), "contacts", kind="assessment")[0]
    assert (assessed["known_at"], assessed["recorded_basis"]) == (datetime(2023, 12, 10), "assumed_lag")
    assert assessed["occurred_at"] == datetime(2023, 11, 2)


def test_the_clocks_are_told_in_words():
    told = cin.clocks()
    assert [rule[1] for rule in told] == list(CLOCKS)
    assert told[0][:5] == ("cin: CINdetails", "referral", "referral", "CINreferralDate", "received_date")
    assert ("cin: CINdetails, Section47", "conference") in {rule[:2] for rule in told}
    assert {rule[3] for rule in told if rule[4] == "extract"} == {"the extract's own day"}
    assert [tuple(rule) for rule in clocks("cin")] == told
