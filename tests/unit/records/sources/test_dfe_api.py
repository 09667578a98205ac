from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.mapping.deliveries import ExtractDates
from earlywarn.records.sources import extract
from earlywarn.records.sources.dfe_api import sheets
from tests.unit.records.sources.dfe_made import assessment, child, episode, whole
from tests.unit.records.sources.fhir_made import write, write_lines

DAY = ExtractDates(date(2024, 12, 31))
LAST = datetime(2024, 12, 31)
OTHER = assessment("A2", start_date="2024-03-01", authorisation_date=None)


def by_name(path) -> dict[str, list[dict]]:
    return {s.name: s.frame.to_dicts() for s in sheets(path)}


def read(tmp_path, *children: dict, **options):
    return extract(write(tmp_path / "there.json", list(children)), "dfe_api", dates=DAY, **options)


def deliver(tmp_path, *submissions: list[dict]):
    days = ("2024-10-31", "2024-11-30", "2024-12-31")
    for number, children in enumerate(submissions, 1):
        write(tmp_path / f"s{number}.json", children)
    words = [f"s{n}={day}" for n, day in enumerate(days[: len(submissions)], 1)]
    return extract(tmp_path, "dfe_api", dates=ExtractDates.parse(words))


def contacts(found, kind: str) -> list[dict]:
    return found.frames["contacts"].filter(pl.col("kind") == kind).sort("known_at", "record_id").to_dicts()


def assessed(name: str, *assessments: Any, **more: Any) -> dict[str, Any]:
    return episode(name, child_and_family_assessments=list(assessments), **more)


def adds_up(found) -> None:
    assert sum(a.quarantined for a in found.account) == found.quarantine.height


def taken_back(found) -> set[str]:
    return set(found.frames["contacts"].filter(pl.col("kind") == "withdrawal")["follows"])


# --- documents -----------------------------------------------------------------------------------------------------


def ids_of(path) -> list[tuple[str, int]]:
    return [(row["la_child_id"], row[ROW]) for row in by_name(path)["children"]]


def test_every_form_of_a_submission(tmp_path):
    one, two = child("K1"), child("K2")
    assert ids_of(write(tmp_path / "a.json", [one, two])) == [("K1", 1), ("K2", 2)]
    assert ids_of(write(tmp_path / "b.json", one)) == [("K1", 1)]
    assert ids_of(write(tmp_path / "c.json", {"la_code": 123, "Children": [one, two]})) == [("K1", 1), ("K2", 2)]
    assert ids_of(write(tmp_path / "d.json", {"children": one})) == [("K1", 1)]
    assert ids_of(write_lines(tmp_path / "e.ndjson", one, two)) == [("K1", 1), ("K2", 2)]
    assert ids_of(write(tmp_path / "f.json", [])) == []


def test_the_authority_is_asked_for_and_goes_before_the_childs_id(tmp_path):
    path = write(tmp_path / "c.json", {"la_code": 301, "Children": [child("K1", episode())]})
    found = extract(path, "dfe_api", dates=DAY, authority="301")
    assert found.frames["contacts"]["child_id"].unique().to_list() == ["301-K1"]
    assert any("--authority" in n for n in found.notes)


@pytest.mark.parametrize(
    "document", [7, "K1", {}, {"resourceType": "Bundle"}, [1, 2], [{"id": "K1"}], {"Children": [7]}]
)
def test_another_document_is_refused(tmp_path, document):
    with pytest.raises(SourceError) as caught:
        sheets(write(tmp_path / "x.json", document))
    assert caught.value.rule == "EW-F21"


def test_an_element_that_is_built_otherwise_is_set_aside_and_its_neighbours_are_read(tmp_path):
    found = read(
        tmp_path,
        child(
            "K1", episode("E1", child_and_family_assessments=[assessment("A1"), "A2", assessment("A3", factors="3B")])
        ),
        child("K2", social_care_episodes={}),
        child("K3", "E9", episode("E3", adoption=[]), episode("E4", closure_date="soon", purge="perhaps")),
        ["K4"],
    )
    refused = {(q["table"], q["row"], q["column"]) for q in found.quarantine.to_dicts()}
    assert refused == {
        ("assessments", "2", ""),
        ("assessments", "3", "factors"),
        ("children", "2", "social_care_episodes"),
        ("children", "4", "la_child_id"),
        ("episodes", "2", "social_care_episode_id"),
        ("adoptions", "1", ""),
        ("episodes", "4", "purge"),
    }
    assert set(found.quarantine["rule"]) == {"EW-R32"}
    assert len(contacts(found, "assessment")) == 1
    adds_up(found)


def test_one_broken_line_is_set_aside(tmp_path):
    path = write_lines(tmp_path / "x.ndjson", child("K1", episode()), child("K2"))
    path.write_text(path.read_text().replace('"K2"', '"K2'))
    found = extract(path, "dfe_api", dates=DAY)
    assert found.quarantine.select("table", "row", "line", "rule").rows() == [("children", "2", "2", "EW-R31")]
    assert len(contacts(found, "referral")) == 1
    adds_up(found)


def test_fields_that_are_not_known_are_named(tmp_path):
    plans = [{"education_health_care_plan_id": "X"}, {"education_health_care_plan_id": "Y"}]
    found = read(tmp_path, child("K1", episode(extra="1"), education_health_care_plans=plans))
    assert any("not carried: education_health_care_plans (2 met)" in n for n in found.notes)
    assert any("not carried: extra" in n for n in found.notes)


# --- what it says, and when that was known -----------------------------------------------------------------------


def test_every_element_gives_its_records(tmp_path):
    found = read(tmp_path, whole())
    assert found.quarantine.is_empty()
    assert Counter(found.frames["contacts"]["kind"]) == {
        "referral": 1,
        "conclusion": 5,  # accepted, closed, authorised, enquiry ended, no longer seeking asylum
        "assessment": 1,
        "plan_start": 2,
        "plan_end": 2,
        "strategy_enquiry": 1,
        "conference": 1,
        "placement_start": 1,
        "placement_end": 1,
        "involvement_start": 1,
        "involvement_end": 1,
        "other": 4,  # decided, matched, placed; seeking asylum
        "contact": 1,
        "screening": 1,
    }
    assert set(found.frames["episodes"].select("kind", "start_on", "end_on").rows()) == {
        ("child_in_need", date(2024, 1, 10), date(2024, 9, 1)),
        ("child_in_need", date(2024, 2, 21), date(2024, 3, 10)),
        ("protection_plan", date(2024, 3, 11), date(2024, 8, 1)),
        ("looked_after", date(2024, 5, 1), date(2024, 7, 1)),
    }
    assert set(found.frames["facts"].select("key", "value").rows()) == {
        ("closure_reason", "no_further_action"),
        ("closure_reason", "other"),
        ("placement_type", "U1"),
        ("screening", "Strengths and Difficulties Questionnaire"),
        ("screening_score", "20"),
    }
    adds_up(found)


def test_the_child(tmp_path):
    found = read(tmp_path, whole())
    assert found.frames["children"].select("child_id", "birth_on").rows() == [("dfe_api-K1", date(2015, 3, 2))]
    assert set(found.frames["identifiers"].select("scheme", "value").rows()) == {
        ("la_child_id", "K1"),
        ("mis_child_id", "mis-K1"),
        ("upn", "A123456789012"),
        ("former_upn", "B123456789012"),
    }
    assert set(found.frames["attributes"].select("attribute", "value").rows()) == {
        ("sex", "F"),
        ("ethnicity", "WBRI"),
        ("disability", "HAND; VIS"),
    }
    assert all("Quill" not in str(f.to_dicts()) and "ZZ1" not in str(f.to_dicts()) for f in found.frames.values())
    linked = read(tmp_path, whole(), for_linkage=True).identities.to_dicts()[0]
    assert (linked["forename"], linked["surname"], linked["postcode"]) == ("Zeb", "Quill", "ZZ1 1ZZ")


def test_a_referral_is_the_sources_and_what_came_of_it_is_known_from_the_submission(tmp_path):
    found = read(tmp_path, child("K1", episode()), child("K2", episode("E2", referral_no_further_action_flag=True)))
    for record in contacts(found, "referral"):
        assert (record["agency"], record["held_by"]) == ("police", "social_care")
        assert (record["occurred_at"], record["known_at"]) == (None, datetime(2024, 1, 10))
    outcomes = {r["child_id"]: (r["outcome"], r["known_at"]) for r in contacts(found, "conclusion")}
    assert outcomes == {"dfe_api-K1": (None, LAST), "dfe_api-K2": ("no_further_action", LAST)}
    assert found.frames["episodes"]["child_id"].to_list() == ["dfe_api-K1"]


def test_factors_are_known_when_the_assessment_is_authorised(tmp_path):
    done, open_ = assessment("A1"), assessment("A2", start_date="2024-11-01", authorisation_date=None)
    found = read(tmp_path, child("K1", episode(child_and_family_assessments=[done, open_])))
    known = (
        found.frames["concerns"].join(found.frames["contacts"], on="record_id").select("category", "code", "known_at")
    )
    assert set(known.select("category", "code", "known_at").rows()) == {
        ("domestic_abuse", "cin_factor:3B", datetime(2024, 2, 20)),
        ("mental_health_child", "cin_factor:4A", datetime(2024, 2, 20)),
        ("domestic_abuse", "cin_factor:3B", LAST),
        ("mental_health_child", "cin_factor:4A", LAST),
    }


def test_that_a_child_is_alone_here_is_context_known_from_the_submission(tmp_path):
    found = read(tmp_path, whole())
    concern = found.frames["concerns"].filter(pl.col("category") == "uasc").to_dicts()[0]
    carrier = found.frames["contacts"].filter(pl.col("record_id") == concern["record_id"]).to_dicts()[0]
    assert (carrier["known_at"], carrier["recorded_basis"]) == (LAST, "extract")
    assert concern["closed_by"]
    details = {"uasc_flag": False, "date_of_birth": "2015-03-02"}
    assert read(tmp_path, child("K1", child_details=details)).frames["concerns"].is_empty()


def test_an_enquiry_without_a_conference(tmp_path):
    enquiry = {"section_47_assessment_id": "S1", "start_date": "2024-02-25", "icpc_required_flag": False}
    found = read(tmp_path, child("K1", episode(section_47_assessments=[enquiry])))
    assert found.frames["facts"].select("key", "value").rows() == [("conference_not_required", "true")]
    assert contacts(found, "conference") == []


@pytest.mark.parametrize(
    ("wrong", "rule", "column"),
    [
        ({"referral_date": None}, "EW-R01", "referral_date"),
        ({"referral_date": "10/01/2024"}, "EW-R02", "referral_date"),
        ({"referral_date": "2024-02-30"}, "EW-R02", "referral_date"),
        ({"referral_date": "2025-06-01"}, "EW-R17", "referral_date"),
        ({"closure_date": "2023-01-01"}, "EW-R18", "closure_date"),
        ({"referral_source": "66"}, "EW-R05", "referral_source"),
        ({"closure_date": "2024-02-01", "closure_reason": "RC99"}, "EW-R05", "closure_reason"),
        ({"referral_no_further_action_flag": "perhaps"}, "EW-R03", "referral_no_further_action_flag"),
        ({"social_care_episode_id": None}, "EW-R01", "social_care_episode_id"),
    ],
)
def test_a_refused_episode_takes_what_is_in_it_along(tmp_path, wrong, rule, column):
    good = episode(
        "E2", child_and_family_assessments=[assessment("A2", start_date="2024-03-01", authorisation_date=None)]
    )
    found = read(tmp_path, child("K1", episode(**wrong, child_and_family_assessments=[assessment()]), good))
    refused = {(q["table"], q["row"]): (q["rule"], q["column"]) for q in found.quarantine.to_dicts()}
    assert refused[("episodes", "1")] == (rule, column)
    assert refused[("assessments", "1")][0] in {"EW-R19", "EW-R01"}
    assert len(refused) == 2
    assert len(contacts(found, "assessment")) == 1
    adds_up(found)


def test_a_child_without_an_id_takes_everything_along(tmp_path):
    found = read(tmp_path, whole() | {"la_child_id": None}, child("K2", episode("E2")))
    assert set(found.frames["contacts"]["child_id"]) == {"dfe_api-K2"}
    assert found.quarantine.height == sum(a.read for a in found.account) - 2
    adds_up(found)


# --- resubmitted, taken back ------------------------------------------------------------------------------------


def test_the_same_again_says_nothing_new(tmp_path):
    once, twice = deliver(tmp_path / "a", [whole()]), deliver(tmp_path / "b", [whole()], [whole()])
    same = ["record_id", "known_at", "kind"]
    assert once.frames["contacts"].select(same).rows() == twice.frames["contacts"].select(same).rows()


def test_a_resubmission_corrects_from_its_own_day(tmp_path):
    moved = assessment(start_date="2024-01-18")
    found = deliver(
        tmp_path,
        [child("K1", episode(child_and_family_assessments=[assessment()]))],
        [child("K1", episode(child_and_family_assessments=[moved]))],
    )
    first, second = contacts(found, "assessment")
    assert second["follows"] == first["record_id"]
    assert (first["known_at"], second["known_at"]) == (datetime(2024, 1, 15), datetime(2024, 11, 30))


def test_a_child_who_is_not_sent_again_stays(tmp_path):
    found = deliver(tmp_path, [child("K1", episode()), child("K2", episode("E2"))], [child("K1", episode())])
    assert len(contacts(found, "referral")) == 2
    assert taken_back(found) == set()


def test_the_next_contact_with_a_care_leaver_is_another_contact(tmp_path):
    def leaver(day: str):
        return [child("K1", episode(care_leavers={"contact_date": day}))]

    found = deliver(tmp_path, leaver("2024-08-20"), leaver("2024-11-20"))
    assert [c["follows"] for c in contacts(found, "contact")] == [None, None]


def test_a_purged_element_is_taken_back_on_the_day_of_the_submission(tmp_path):
    gone = {"child_and_family_assessment_id": "A1", "purge": True}
    found = deliver(
        tmp_path,
        [
            child(
                "K1",
                episode(
                    child_and_family_assessments=[
                        assessment("A1"),
                        assessment("A2", start_date="2024-03-01", authorisation_date=None),
                    ]
                ),
            )
        ],
        [child("K1", episode(child_and_family_assessments=[gone]))],
    )
    first = next(c for c in contacts(found, "assessment") if c["occurred_at"] == datetime(2024, 1, 15))
    authorised = next(c for c in contacts(found, "conclusion") if c["known_at"] == datetime(2024, 2, 20))
    assert taken_back(found) == {first["record_id"], authorised["record_id"]}
    assert {c["known_at"] for c in contacts(found, "withdrawal")} == {datetime(2024, 11, 30)}
    assert found.quarantine.is_empty()
    assert [(a.table, a.read, a.accepted) for a in found.account if a.table.endswith("_purged")] == [
        ("assessments_purged", 1, 1)
    ]
    adds_up(found)


def test_purged_details_are_left_out_and_noted(tmp_path):
    details = {"date_of_birth": "2015-03-02", "sex": "F", "purge": True}
    found = read(tmp_path, child("K1", episode(), child_details=details))
    assert found.frames["children"]["birth_on"].to_list() == [None]
    assert found.frames["attributes"].is_empty()
    assert any("child_details marked with purge" in n for n in found.notes)


def test_what_is_in_a_purged_element_is_purged_with_it(tmp_path):
    gone = whole() | {"purge": True}
    names = by_name(write(tmp_path / "x.json", gone))
    assert {n for n, rows in names.items() if rows} == {
        f"{n}_purged"
        for n in (
            "children",
            "health",
            "sdq",
            "episodes",
            "workers",
            "assessments",
            "need_plans",
            "enquiries",
            "protection_plans",
            "placements",
            "adoptions",
            "care_leavers",
        )
    }
    assert "Quill" not in str(names)


# --- order, samples -------------------------------------------------------------------------------------------------


def test_the_order_of_children_and_elements_changes_nothing_but_their_numbers(tmp_path):
    first, second = whole("K1"), child("K2", episode("E2"), episode("E3", referral_date="2024-03-03"))
    turned = second | {"social_care_episodes": second["social_care_episodes"][::-1]}
    one = extract(write(tmp_path / "a" / "x.json", [first, second]), "dfe_api", dates=DAY)
    two = extract(write(tmp_path / "b" / "x.json", [turned, first]), "dfe_api", dates=DAY)
    lines = extract(write_lines(tmp_path / "c" / "x.json", first, second), "dfe_api", dates=DAY)
    for name in one.frames:
        plain = [f.frames[name].drop("source_row", strict=False) for f in (one, two, lines)]
        assert plain[0].equals(plain[1]), name
        assert plain[0].equals(plain[2]), name


def test_sample_file(samples):
    path = samples / "dfe_csc_api" / "payload_sample.json"
    if not path.is_file():
        pytest.skip("no sample of the API here")
    found = extract(path, "dfe_api", authority="301")
    assert found.quarantine.is_empty()
    assert {a.table: (a.read, a.accepted) for a in found.account if a.read} == dict.fromkeys(
        (
            "children",
            "health",
            "sdq",
            "episodes",
            "workers",
            "assessments",
            "need_plans",
            "enquiries",
            "protection_plans",
            "placements",
            "adoptions",
            "care_leavers",
        ),
        (2, 2),
    )
    assert found.frames["children"].height == 2
    assert set(found.frames["contacts"]["known_at"]) == {datetime(2022, 6, 14)}
    assert set(found.frames["concerns"]["category"]) == {"substance_parent", "mental_health_child", "uasc"}
