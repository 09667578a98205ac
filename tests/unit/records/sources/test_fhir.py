from __future__ import annotations

import json
from datetime import date, datetime

import polars as pl
import pytest

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.mapping.deliveries import ExtractDates
from earlywarn.records.sources import extract
from earlywarn.records.sources.fhir import sheets
from tests.unit.records.sources.fhir_made import (
    CHILD,
    appointment,
    bundle,
    coded,
    condition,
    encounter,
    flag,
    without,
    write,
    write_lines,
)

DAY = ExtractDates(date(2024, 12, 31))


def rows_of(path, name: str) -> list[dict]:
    return next(s for s in sheets(path) if s.name == name).frame.to_dicts()


def row_of(tmp_path, resource: dict, *others: dict) -> dict:
    found = rows_of(write(tmp_path / "one.json", bundle(CHILD, *others, resource)), resource["resourceType"])
    assert len(found) == 1
    return found[0]


def read(tmp_path, *resources: dict, dates=DAY):
    return extract(write(tmp_path / "bundle.json", bundle(CHILD, *resources)), "fhir", dates=dates)


def only(found, kind: str) -> dict:
    kept = found.frames["contacts"].filter(pl.col("kind") == kind).to_dicts()
    assert len(kept) == 1, found.quarantine.select("table", "row", "column", "rule").rows()
    return kept[0]


def adds_up(found) -> None:
    assert sum(a.quarantined for a in found.account) == found.quarantine.height


# --- documents -----------------------------------------------------------------------------------------------------


def entries_of(path) -> list[tuple[str, int]]:
    return sorted((row["id"], row[ROW]) for row in rows_of(path, "Encounter"))


@pytest.mark.parametrize("kind", ["collection", "transaction", "batch", "searchset", "message"])
def test_a_bundle_of_any_type(tmp_path, kind):
    document = bundle(CHILD, encounter("a"), encounter("b"), kind=kind)
    for entry in document["entry"]:
        entry["request"] = {"method": "POST", "url": "Encounter"}
    assert entries_of(write(tmp_path / "x.json", document)) == [("a", 2), ("b", 3)]


def test_lines_mixed_or_of_one_type_and_a_resource_by_itself(tmp_path):
    assert entries_of(write_lines(tmp_path / "x.ndjson", CHILD, encounter("a"), encounter("b"))) == [("a", 2), ("b", 3)]
    assert entries_of(write_lines(tmp_path / "bulk.json", encounter("a"), encounter("b"))) == [("a", 1), ("b", 2)]
    assert entries_of(write(tmp_path / "one.json", encounter("a"))) == [("a", 1)]


def test_a_folder_of_files_is_one_delivery(tmp_path):
    write_lines(tmp_path / "Patient.ndjson", CHILD)
    write_lines(tmp_path / "Encounter.000.ndjson", encounter("a"))
    write(tmp_path / "b.json", bundle(encounter("b", "2024-06-01")))
    found = extract(tmp_path, "fhir", dates=DAY)
    assert found.frames["contacts"].height == 2
    assert found.frames["children"]["birth_on"].to_list() == [date(2015, 3, 2)]
    adds_up(found)


@pytest.mark.parametrize(
    "document",
    [
        [],
        [CHILD],
        7,
        "Patient",
        None,
        {},
        {"la_child_id": "1"},
        {"resourceType": "Bundle", "type": "transaction-response", "entry": [{"response": {"status": "201"}}]},
        {"resourceType": "Bundle", "entry": {"resource": CHILD}},
    ],
)
def test_another_document_is_refused(tmp_path, document):
    with pytest.raises(SourceError) as caught:
        sheets(write(tmp_path / "x.json", document))
    assert caught.value.rule == "EW-F21"


def test_lines_of_something_else_are_refused(tmp_path):
    with pytest.raises(SourceError) as caught:
        sheets(write_lines(tmp_path / "x.ndjson", {"la_child_id": "1"}, [1]))
    assert caught.value.rule == "EW-F21"


def test_a_bundle_without_entries_is_empty_and_no_mistake(tmp_path):
    found = sheets(write(tmp_path / "x.json", {"resourceType": "Bundle", "type": "searchset", "total": 0}))
    assert [s.name for s in found] == ["entries"]


def test_what_is_no_resource_is_set_aside_with_its_number(tmp_path):
    document = bundle(CHILD, encounter())
    document["entry"] += [
        {"fullUrl": "urn:uuid:x"},
        {"resource": {"id": "y"}},
        {"resource": "Patient/p1"},
        "entry",
        {"resource": encounter("e9", period="2024")},
        {"resource": encounter("e8", participant={})},
    ]
    found = extract(write(tmp_path / "x.json", document), "fhir", dates=DAY)
    refused = [(q["row"], q["column"], q["rule"]) for q in found.quarantine.to_dicts()]
    assert sorted(refused) == [
        ("3", "resource", "EW-R01"),
        ("4", "resourceType", "EW-R01"),
        ("5", "resource", "EW-R01"),
        ("6", "resource", "EW-R01"),
        ("7", "start", "EW-R32"),
        ("8", "participant", "EW-R32"),
    ]
    assert sum(a.read for a in found.account) == 8
    assert sum(a.accepted for a in found.account) == 2
    adds_up(found)


def test_one_broken_line_is_set_aside_and_the_rest_is_read(tmp_path):
    path = write_lines(tmp_path / "x.ndjson", CHILD, encounter("a"))
    path.write_text(
        path.read_text() + '{"resourceType": "Encounter", "id": \n' + json.dumps(encounter("b", "2024-06-02"))
    )
    path.write_text(path.read_text() + "\n" + json.dumps(encounter("c", status="done")))
    found = extract(path, "fhir", dates=DAY)
    lines = found.quarantine.select("row", "line", "rule").rows()
    assert sorted(lines) == [("3", "3", "EW-R31"), ("5", "5", "EW-R05")]
    assert found.frames["contacts"].height == 2
    adds_up(found)


def test_types_that_are_not_read_are_counted(tmp_path):
    canary = "Zebedee-Quill-4417"
    others = [{"resourceType": n, "id": "x"} for n in ("Claim", "Claim", "Immunization", canary)]
    notes = sheets(write(tmp_path / "x.json", bundle(CHILD, *others)))[-1].notes
    assert notes == ("not carried: Claim (2 met), Immunization (1 met), a type without a proper name (1 met)",)


# --- whom it is about ---------------------------------------------------------------------------------------------

NHS = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9434765919"}


@pytest.mark.parametrize(
    ("reference", "patient"),
    [
        ({"reference": "Patient/p1"}, "p1"),
        ({"reference": "Patient/p1/_history/3"}, "p1"),
        ({"reference": "urn:uuid:p1"}, "p1"),
        ({"reference": "https://server.example/fhir/R4/Patient/p1"}, "p1"),
        ({"reference": "https://server.example/fhir/R4/Patient/p1/_history/2"}, "p1"),
        ({"reference": "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9434765919"}, "p1"),
        ({"reference": "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9434765919"}, "p1"),
        ({"identifier": NHS}, "p1"),
        ({"reference": "Patient/elsewhere"}, "elsewhere"),
        ({"reference": "urn:uuid:elsewhere"}, "elsewhere"),
        ({"reference": "Group/p1"}, None),
        ({"reference": "urn:uuid:e0"}, None),
        ({"reference": "#p1"}, None),
        ({"reference": "p1"}, None),
        ({"identifier": NHS | {"value": "0000000000"}}, None),
        ({"display": "a name"}, None),
    ],
)
def test_references_to_a_patient(tmp_path, reference, patient):
    known = CHILD | {"identifier": [NHS]}
    other = {"resourceType": "Device", "id": "e0"}
    document = bundle(known, other, encounter(subject=reference))
    assert rows_of(write(tmp_path / "x.json", document), "Encounter")[0]["patient"] == patient


def test_a_full_url_leads_to_the_id_the_resource_gives_itself(tmp_path):
    document = bundle(CHILD | {"id": "own"}, encounter(subject={"reference": "urn:uuid:full"}))
    document["entry"][0]["fullUrl"] = "urn:uuid:full"
    assert rows_of(write(tmp_path / "x.json", document), "Encounter")[0]["patient"] == "own"
    del document["entry"][0]["resource"]["id"]
    found = write(tmp_path / "x.json", document)
    assert rows_of(found, "Patient")[0]["id"] == rows_of(found, "Encounter")[0]["patient"] == "full"


def test_a_patient_that_is_not_there_is_known_by_its_id_and_noted(tmp_path):
    found = read(tmp_path, encounter("a"), encounter("b", subject={"reference": "Patient/other"}))
    assert set(found.frames["contacts"]["child_id"]) == {"fhir-p1", "fhir-other"}
    assert any("1 resources are about patients that this file does not hold" in n for n in found.notes)


def test_a_resource_about_nobody_is_refused(tmp_path):
    found = read(tmp_path, without(encounter(), "subject"))
    assert found.quarantine["rule"].to_list() == ["EW-R01"]
    assert found.quarantine["column"].to_list() == ["patient"]
    adds_up(found)


def test_the_child(tmp_path):
    child = CHILD | {
        "identifier": [
            {"use": "old", "system": NHS["system"], "value": "1111111111"},
            NHS,
            {"type": coded("MR", "http://terminology.hl7.org/CodeSystem/v2-0203"), "value": "00042"},
        ],
        "gender": "female",
        "deceasedDateTime": "2024-08-01T03:00:00+01:00",
        "name": [{"use": "old", "family": "Before"}, {"use": "official", "family": "Quill", "given": ["Zeb", "E"]}],
        "address": [{"line": ["1 Nowhere"], "city": "Town", "postalCode": "ZZ1 1ZZ"}],
    }
    path = write(tmp_path / "x.json", bundle(child))
    found = extract(path, "fhir", dates=DAY)
    assert found.frames["children"].to_dicts() == [
        {"child_id": "fhir-p1", "birth_on": date(2015, 3, 2), "expected_birth_on": None, "death_on": date(2024, 8, 1)}
    ]
    named = found.frames["identifiers"].select("scheme", "value").rows()
    assert set(named) == {("fhir_id", "p1"), ("nhs_number", "9434765919"), ("record_number", "00042")}
    assert found.frames["attributes"].select("attribute", "value").rows() == [("sex", "female")]
    assert all("Quill" not in str(f.to_dicts()) for f in found.frames.values())
    linked = extract(path, "fhir", dates=DAY, for_linkage=True).identities.to_dicts()[0]
    assert (linked["forename"], linked["surname"], linked["postcode"]) == ("Zeb E", "Quill", "ZZ1 1ZZ")
    assert linked["address"] == "1 Nowhere, Town"


@pytest.mark.parametrize("birth", ["2015", "2015-03"])
def test_a_part_of_a_year_is_no_day_of_birth(tmp_path, birth):
    found = extract(write(tmp_path / "x.json", bundle(CHILD | {"birthDate": birth})), "fhir", dates=DAY)
    assert found.frames["children"]["birth_on"].to_list() == [None]
    assert any("no whole day of birth" in n for n in found.notes)
    assert found.quarantine.is_empty()


# --- when ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "local"),
    [
        ("2024-01-15T10:00:00+00:00", datetime(2024, 1, 15, 10)),
        ("2024-07-15T10:00:00Z", datetime(2024, 7, 15, 11)),
        ("2024-07-15T10:00:00+01:00", datetime(2024, 7, 15, 10)),
        ("2024-03-31T00:59:59Z", datetime(2024, 3, 31, 0, 59, 59)),
        ("2024-03-31T01:00:00Z", datetime(2024, 3, 31, 2)),
        ("2024-10-27T00:30:00Z", datetime(2024, 10, 27, 1, 30)),
        ("2024-10-27T01:30:00Z", datetime(2024, 10, 27, 1, 30)),
        ("2024-07-15T09:01:45.6111119+10:00", datetime(2024, 7, 15, 0, 1, 45, 611111)),
        ("2024-07-15T10:00", datetime(2024, 7, 15, 10)),
    ],
)
def test_offsets_become_local_time(tmp_path, written, local):
    record = only(read(tmp_path, encounter(start=written)), "encounter")
    assert (record["occurred_at"], record["known_at"]) == (local, local)
    assert record["occurred_precision"] == "instant"


@pytest.mark.parametrize(
    ("written", "first", "precision"),
    [
        ("2024", datetime(2024, 1, 1), "year"),
        ("2024-02", datetime(2024, 2, 1), "month"),
        ("2024-02-09", datetime(2024, 2, 9), "day"),
        ("2024-02-09T00:00:00+00:00", datetime(2024, 2, 9), "day"),
    ],
)
def test_parts_of_a_year_begin_on_their_first_day_and_say_so(tmp_path, written, first, precision):
    record = only(read(tmp_path, condition(onsetDateTime=written)), "condition")
    assert (record["occurred_at"], record["occurred_precision"]) == (first, precision)
    assert record["known_at"] == datetime(2024, 2, 20, 9, 30)


@pytest.mark.parametrize("written", ["2024-02-30", "20240209", "09/02/2024", "2024-02-09T24:00:00Z", "yesterday"])
def test_a_time_that_is_none_refuses_the_row(tmp_path, written):
    found = read(tmp_path, condition(onsetDateTime=written))
    assert (found.quarantine["rule"].to_list(), found.quarantine["column"].to_list()) == (["EW-R02"], ["start"])
    adds_up(found)


def test_a_partial_day_of_writing_is_not_taken_for_one(tmp_path):
    later = read(tmp_path, condition(recordedDate="2024", meta={"lastUpdated": "2024-05-05T12:00:00Z"}))
    last = read(tmp_path, condition(recordedDate="2024-02"))
    assert only(later, "condition")["known_at"] == datetime(2024, 5, 5, 13)
    assert (only(last, "condition")["known_at"], only(last, "condition")["recorded_basis"]) == (
        datetime(2024, 12, 31),
        "extract",
    )
    assert any("not taken for when it was written" in n for n in last.notes)


UPDATED = {"meta": {"lastUpdated": "2024-09-01T08:00:00Z"}}


@pytest.mark.parametrize(
    ("resource", "kind", "known", "basis"),
    [
        (encounter(), "encounter", datetime(2024, 5, 1, 10), "unknown"),
        (encounter(period={"start": "2024-05-01", "end": "2024-05-03"}), "encounter", datetime(2024, 5, 3), "unknown"),
        (encounter(**UPDATED), "encounter", datetime(2024, 9, 1, 9), "source"),
        (without(encounter(), "period"), "encounter", datetime(2024, 12, 31), "extract"),
        (condition(), "condition", datetime(2024, 2, 20, 9, 30), "source"),
        (condition(**UPDATED), "condition", datetime(2024, 2, 20, 9, 30), "source"),
        (without(condition(**UPDATED), "recordedDate"), "condition", datetime(2024, 9, 1, 9), "source"),
        (without(condition(), "recordedDate"), "condition", datetime(2024, 12, 31), "extract"),
        (without(condition(), "onsetDateTime"), "condition", datetime(2024, 2, 20, 9, 30), "source"),
        (flag(), "plan_start", datetime(2024, 3, 4, 8), "source"),
        (without(flag(**UPDATED), "contained"), "plan_start", datetime(2024, 9, 1, 9), "source"),
        (appointment(), "appointment", datetime(2024, 5, 20), "source"),
        (appointment(status="noshow"), "appointment", datetime(2024, 6, 10, 9), "unknown"),
        (appointment(status="noshow", **UPDATED), "appointment", datetime(2024, 9, 1, 9), "source"),
        (appointment(status="cancelled"), "appointment", datetime(2024, 12, 31), "extract"),
    ],
)
def test_when_it_was_known_and_how_that_is_told(tmp_path, resource, kind, known, basis):
    record = only(read(tmp_path, resource), kind)
    assert (record["known_at"], record["recorded_basis"]) == (known, basis)


def test_an_observation_is_known_when_issued_and_is_no_contact(tmp_path):
    seen = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": coded("8302-2", "http://loinc.org"),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-03-01T09:00:00Z",
        "issued": "2024-03-02T17:00:00Z",
        "valueQuantity": {"value": 54.50, "unit": "cm"},
    }
    found = read(tmp_path, seen, seen | {"id": "o2", "valueQuantity": {"value": 55, "unit": "cm"}}, seen | {"id": "o3"})
    kept = found.frames["contacts"].filter(pl.col("kind") == "observation")
    assert kept["known_at"].to_list() == [datetime(2024, 3, 2, 17)] * 2, "the same words under another id say it again"
    assert found.frames["facts"].select("key", "value").unique().rows() == [("code", "loinc:8302-2")]
    assert [(a.read, a.accepted, a.collapsed) for a in found.account if a.table == "observations"] == [(3, 2, 1)]


# --- what it says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "attendance", "planned"),
    [
        ("finished", "attended", None),
        ("in-progress", "attended", None),
        ("unknown", None, None),
        ("planned", None, True),
        ("cancelled", "cancelled", True),
    ],
)
def test_the_status_of_an_encounter(tmp_path, status, attendance, planned):
    record = only(read(tmp_path, encounter(status=status)), "encounter")
    assert (record["attendance"], record["planned"]) == (attendance, planned)


def test_a_planned_encounter_may_lie_ahead_and_a_finished_one_may_not(tmp_path):
    ahead = "2025-02-01T10:00:00Z"
    planned = only(read(tmp_path, encounter(status="planned", start=ahead)), "encounter")
    assert planned["known_at"] == datetime(2024, 12, 31) < planned["occurred_at"]
    refused = read(tmp_path, encounter(start=ahead))
    assert refused.frames["contacts"].is_empty()
    assert refused.quarantine["rule"].to_list() == ["EW-R17"]


@pytest.mark.parametrize(
    ("klass", "agency", "mode"),
    [
        ("EMER", "emergency", "in_person"),
        ("IMP", "hospital", "in_person"),
        ("AMB", "health", "in_person"),
        ("HH", "health", "in_person"),
        ("VR", "health", "online"),
        (None, "health", None),
    ],
)
def test_the_class_of_an_encounter_says_who_and_how(tmp_path, klass, agency, mode):
    made = encounter(**{"class": {"code": klass}}) if klass else without(encounter(), "class")
    record = only(read(tmp_path, made), "encounter")
    assert (record["agency"], record["held_by"], record["mode"]) == (agency, "health", mode)


def test_who_and_where(tmp_path):
    made = encounter(
        participant=[
            {"individual": {"reference": "Practitioner/second"}},
            {"type": [coded("PPRF", "x")], "individual": {"reference": "urn:uuid:first"}},
        ],
        serviceProvider={"reference": "Organization/ward"},
        location=[{"location": {"reference": "Location/room"}}],
        type=[coded("410620009")],
    )
    doctor = {"resourceType": "Practitioner", "id": "first"}
    row = row_of(tmp_path, made, doctor)
    assert (row["worker"], row["org"], row["place"], row["code"]) == ("first", "ward", "room", "snomed:410620009")
    record = only(read(tmp_path, made, doctor), "encounter")
    assert record["org_id"] == "ward"
    assert record["worker_id"]
    assert record["place_id"]


@pytest.mark.parametrize(
    ("status", "attendance"), [("booked", None), ("fulfilled", "attended"), ("noshow", "was_not_brought")]
)
def test_an_appointment(tmp_path, status, attendance):
    record = only(read(tmp_path, appointment(status=status)), "appointment")
    assert (record["attendance"], record["planned"]) == (attendance, True)
    assert record["occurred_at"] == datetime(2024, 6, 10, 9)


@pytest.mark.parametrize(
    ("reason", "attendance"),
    [("pat-cpp", "cancelled_by_carer"), ("prov-pers", "cancelled_by_service"), ("oth-err", "cancelled")],
)
def test_who_cancelled_where_the_reason_says_it(tmp_path, reason, attendance):
    made = appointment(status="cancelled", cancelationReason=coded(reason, "x"))
    assert only(read(tmp_path, made), "appointment")["attendance"] == attendance


def test_what_nobody_agreed_to_is_no_appointment(tmp_path):
    found = read(tmp_path, *(appointment(s, s) for s in ("proposed", "pending", "waitlist")))
    assert found.frames["contacts"].is_empty()
    assert found.quarantine.is_empty()


def test_a_code_that_is_in_no_list_refuses_the_row(tmp_path):
    found = read(tmp_path, encounter("a", status="done"), encounter("b", **{"class": {"code": "WALKIN"}}))
    assert sorted(found.quarantine.select("row", "column", "rule").rows()) == [
        ("2", "status", "EW-R05"),
        ("3", "class", "EW-R05"),
    ]
    adds_up(found)


@pytest.mark.parametrize(
    ("code", "category"), [("95930005", "neglect"), ("371775004", "emotional_abuse"), ("65363002", None)]
)
def test_a_condition_raises_a_concern_only_where_the_list_says_so(tmp_path, code, category):
    found = read(tmp_path, condition(code=code))
    raised = found.frames["concerns"].select("category", "code", "closing", "closed_by").rows()
    assert raised == ([(category, f"snomed:{code}", "recorded", None)] if category else [])
    assert found.frames["facts"].select("key", "value").rows() == [("code", f"snomed:{code}")]


def test_the_snomed_code_counts_and_no_number_of_another_system(tmp_path):
    other = {"code": coded("95930005", "http://local.example")}
    both = {"code": {"coding": [*coded("X1", "http://local.example")["coding"], *coded("95930005")["coding"]]}}
    assert read(tmp_path, condition() | other).frames["concerns"].is_empty()
    assert read(tmp_path, condition() | both).frames["concerns"].height == 1


def test_what_was_refuted_raises_nothing(tmp_path):
    found = read(tmp_path, condition(verificationStatus=coded("refuted", "x")))
    assert found.frames["concerns"].is_empty()
    assert only(found, "condition")


def test_a_condition_that_is_over_is_concluded_when_that_was_known(tmp_path):
    found = read(tmp_path, condition(abatementDateTime="2024-04-01", **UPDATED))
    end = only(found, "conclusion")
    assert (end["occurred_at"], end["known_at"]) == (datetime(2024, 4, 1), datetime(2024, 9, 1, 9))
    assert end["follows"] == only(found, "condition")["record_id"]
    assert found.frames["concerns"]["closed_by"].to_list() == [end["record_id"]]


@pytest.mark.parametrize(
    ("code", "kind", "episode"),
    [
        ("342191000000101", "plan_start", "protection_plan"),
        ("818901000000100", "plan_start", "protection_plan"),
        ("764841000000100", "legal_status", "looked_after"),
        ("224353004", "other", None),
    ],
)
def test_the_national_flag_is_social_cares_word_in_healths_hands(tmp_path, code, kind, episode):
    found = read(tmp_path, flag(code=code))
    record = only(found, kind)
    assert (record["agency"], record["held_by"]) == ("social_care", "health")
    assert record["occurred_at"] == datetime(2024, 3, 1)
    assert found.frames["episodes"]["kind"].to_list() == ([episode] if episode else [])
    assert found.frames["sharing"].is_empty()


def test_a_flag_that_ended_ends_the_episode(tmp_path):
    found = read(tmp_path, flag(period={"start": "2024-03-01", "end": "2024-08-01"}, status="inactive", **UPDATED))
    span = found.frames["episodes"].to_dicts()[0]
    assert (span["start_on"], span["end_on"]) == (date(2024, 3, 1), date(2024, 8, 1))
    assert only(found, "conclusion")["known_at"] == datetime(2024, 9, 1, 9)


def test_a_flag_without_a_day_says_that_it_exists_and_another_flag_says_nothing(tmp_path):
    found = read(tmp_path, without(flag(), "period"), flag("f2", code="716186003"))
    assert only(found, "plan_start")["occurred_at"] is None
    assert found.frames["contacts"].height == 1
    assert found.frames["episodes"].is_empty()
    assert [(a.read, a.accepted) for a in found.account if a.table == "flags"] == [(2, 2)]


@pytest.mark.parametrize(("label", "handling"), [("R", "restricted"), ("V", "shielded"), ("N", None)])
def test_confidentiality(tmp_path, label, handling):
    made = encounter(meta={"security": [{"code": label}]})
    assert only(read(tmp_path, made), "encounter")["handling"] == handling


# --- taken back, said again ----------------------------------------------------------------------------------------

ERROR = {"status": "entered-in-error"}


def deliver(tmp_path, *deliveries: list[dict], days: tuple[str, ...] = ("2024-10-31", "2024-11-30", "2024-12-31")):
    for number, resources in enumerate(deliveries, 1):
        write(tmp_path / f"d{number}" / "bundle.json", bundle(CHILD, *resources))
    words = [f"d{n}={day}" for n, day in enumerate(days[: len(deliveries)], 1)]
    return extract(tmp_path, "fhir", dates=ExtractDates.parse(words))


def withdrawals(found) -> list[tuple]:
    kept = found.frames["contacts"].filter(pl.col("kind") == "withdrawal")
    return kept.select("follows", "known_at", "recorded_basis").rows()


def test_what_was_entered_in_error_takes_back_what_was_given_before(tmp_path):
    void = encounter(meta={"lastUpdated": "2024-11-15T10:00:00Z"}, **ERROR)
    found = deliver(tmp_path, [encounter()], [void])
    assert withdrawals(found) == [(only(found, "encounter")["record_id"], datetime(2024, 11, 15, 10), "source")]
    assert found.quarantine.is_empty()


def test_the_verification_status_takes_back_a_condition_and_its_conclusion(tmp_path):
    over = condition(abatementDateTime="2024-04-01")
    void = over | {"verificationStatus": coded("entered-in-error", "x")}
    found = deliver(tmp_path, [over], [void])
    followed = {follows for follows, _, _ in withdrawals(found)}
    assert followed == {only(found, "condition")["record_id"], only(found, "conclusion")["record_id"]}
    assert {known for _, known, _ in withdrawals(found)} == {datetime(2024, 11, 30)}


def test_a_deletion_takes_back_too(tmp_path):
    first = write(tmp_path / "d1" / "x.json", bundle(CHILD, encounter("a"), encounter("b", "2024-06-01")))
    delete = [{"request": {"method": "DELETE", "url": f"{n}/a"}} for n in ("Encounter", "Claim")]
    write(tmp_path / "d2" / "x.json", {"resourceType": "Bundle", "type": "transaction", "entry": delete})
    found = extract(tmp_path, "fhir", dates=ExtractDates.parse(["d1=2024-10-31", "d2=2024-11-30"]))
    kept = found.frames["contacts"].filter(pl.col("occurred_at") == datetime(2024, 5, 1, 10))["record_id"].to_list()
    assert withdrawals(found) == [(kept[0], datetime(2024, 11, 30), "extract")]
    assert any("deletion are not carried (1 met)" in n for n in found.notes)
    assert first.exists()


def test_the_same_resource_again_says_nothing_new(tmp_path):
    found = deliver(tmp_path, [encounter()], [encounter()])
    assert only(found, "encounter")["known_at"] == datetime(2024, 5, 1, 10)


def test_a_booking_that_was_missed_is_a_correction_known_from_its_own_delivery(tmp_path):
    later = appointment(status="noshow", start="2024-11-10T09:00:00Z", created="2024-10-01")
    found = deliver(tmp_path, [later | {"status": "booked"}], [later])
    booked, missed = found.frames["contacts"].sort("known_at").to_dicts()
    assert (booked["attendance"], missed["attendance"]) == (None, "was_not_brought")
    assert missed["follows"] == booked["record_id"]
    assert (booked["known_at"], missed["known_at"]) == (datetime(2024, 10, 1), datetime(2024, 11, 30))


def test_two_versions_in_one_delivery_are_both_refused(tmp_path):
    found = read(tmp_path, encounter(), encounter(status="cancelled"))
    assert found.quarantine["rule"].to_list() == ["EW-R12", "EW-R12"]
    adds_up(found)


def test_the_order_of_the_entries_changes_nothing_but_their_numbers(tmp_path):
    made = [
        CHILD,
        encounter("a"),
        encounter("b", "2024-06-01"),
        condition(),
        flag(),
        appointment(),
        condition("c2", "65363002"),
    ]
    one = extract(write(tmp_path / "a" / "x.json", bundle(*made)), "fhir", dates=DAY)
    two = extract(write(tmp_path / "b" / "x.json", bundle(*reversed(made))), "fhir", dates=DAY)
    lines = extract(write_lines(tmp_path / "c" / "x.json", *made), "fhir", dates=DAY)
    for name, frame in one.frames.items():
        plain = [f.frames[name].drop("source_row", strict=False) for f in (one, two, lines)]
        assert plain[0].height == frame.height
        assert plain[0].equals(plain[1]), name
        assert plain[0].equals(plain[2]), name


# --- samples ------------------------------------------------------------------------------------------------------


def test_sample_files(samples):
    folder = samples / "fhir_r4"
    if not folder.is_dir():
        pytest.skip("no FHIR samples here")
    found = extract(folder, "fhir")
    met = {}
    for path in folder.glob("*.json"):
        for entry in json.loads(path.read_text())["entry"]:
            met[entry["resource"]["resourceType"]] = met.get(entry["resource"]["resourceType"], 0) + 1
    met["Patient"] += 9
    met["Condition"] += 71
    read_by = {}
    for entry in found.account:
        read_by[entry.table] = read_by.get(entry.table, 0) + entry.read
    assert read_by["encounters"] == met["Encounter"]
    assert read_by["conditions"] == met["Condition"]
    assert read_by["observations"] == met["Observation"]
    assert read_by["patients"] == met["Patient"]
    adds_up(found)
    assert set(found.quarantine["rule"]) <= {"EW-R21"}, "adults' records alone are refused"
    contacts = found.frames["contacts"]
    assert (contacts["known_at"] >= contacts["occurred_at"]).all()
    assert contacts.filter(pl.col("kind") == "encounter").height > 40
