"""An invented extract of the Standard Safeguarding Dataset: twelve children, every table, and what goes wrong in life.

Nobody here exists. `TABLES` is the extract as rows; `write` puts it into a folder as CSV, in any order and in parts.
"""

from __future__ import annotations

import csv
import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, str]
Extract = dict[str, list[Row]]

EXTRACT_DAY = "2026-03-31"
AUTHORITY = "999"

NAMES = ("Quillon", "Zephyrine", "Oakenfold", "Thistlewood", "Marchbanks", "Underhill", "Peregrine Lane", "ZZ99 9ZZ")
"""Names and places that stand in the extract and must stand in no table made of it."""


def flags(*keys: str, every: tuple[str, ...] = ("NFA_FLAG", "ADVICE_FLAG"), prefix: str = "") -> str:
    """An outcome cell as the SSD writes it: all keys, those set with Y, and comments that nobody may read."""
    whole = dict.fromkeys((*every, *keys), "") | dict.fromkeys(keys, "Y")
    counted = {"NUMBER_OF_OUTCOMES": len(keys), "COMMENTS": "spoke to Ms Oakenfold"}
    return json.dumps({prefix + k: v for k, v in whole.items()} | counted)


def person(key: str, born: str = "2015-05-05 00:00:00", **more: str) -> Row:
    names = {"pers_forename": "Zephyrine", "pers_surname": "Quillon"}
    return {"pers_person_id": key, "pers_dob": born, "pers_ethnicity": "WBRI", "pers_sex": "F"} | names | more


def contact(key: str, child: str, day: str, source: str = "6", outcome: str = "") -> Row:
    return {
        "cont_contact_id": key,
        "cont_person_id": child,
        "cont_contact_date": day,
        "cont_contact_source_code": source,
        "cont_contact_source_desc": "PC Thistlewood",
        "cont_contact_outcome_json": outcome,
    }


def referral(key: str, child: str, day: str, source: str = "2A", **more: str) -> Row:
    row = {"cine_referral_id": key, "cine_person_id": child, "cine_referral_date": day}
    return row | {"cine_referral_source_code": source, "cine_referral_worker_id": "Ann Marchbanks"} | more


def visit(kind: str, key: str, child: str, day: str, seen: str = "Y", alone: str = "N") -> Row:
    prefix, name = kind.split(".")
    stem = f"{prefix}_{name}_visit"
    return {f"{stem}_id": key, f"{prefix}_person_id": child, f"{stem}_date": day, f"{stem}_seen": seen} | {
        f"{stem}_seen_alone": alone
    }


def assessment(key: str, child: str, start: str, authorised: str = "", **more: str) -> Row:
    row = {"cina_assessment_id": key, "cina_person_id": child, "cina_assessment_start_date": start}
    return row | {"cina_assessment_auth_date": authorised, "cina_assessment_worker_id": "Ann Marchbanks"} | more


def factors(key: str, of: str, cell: Any) -> Row:
    written = cell if isinstance(cell, str) else json.dumps(cell)
    return {"cinf_table_id": key, "cinf_assessment_id": of, "cinf_assessment_factors_json": written}


def care(key: str, start: str, ceased: str = "", reason: str = "") -> Row:
    return {
        "clae_cla_episode_id": key,
        "clae_person_id": "C05",
        "clae_cla_id": "LA1",
        "clae_cla_episode_start_date": start,
        "clae_cla_episode_ceased_date": ceased,
        "clae_cla_episode_ceased_reason": reason,
        "clae_cla_primary_need_code": "N8",
        "clae_entered_care_date": "2025-06-01 00:00:00",
    }


def _persons() -> list[Row]:
    plain = [person(f"C{n:02}") for n in (1, 2, 6, 7, 8, 9, 10)]
    return [
        *plain,
        person("C03", "NULL", pers_expected_dob="2026-06-01 00:00:00"),  # unborn
        person("C04", "2014-01-01"),
        person("C04", "2014-02-01"),  # two births
        person("C05", "2012-02-29T00:00:00", pers_common_child_id="9990000005", pers_legacy_id="OLD5"),
        person("C11", "2013-03-03", pers_death_date="2025-12-24", pers_common_child_id="SSD_PH"),
        person("C12", "2009-09-09", pers_is_mother="Y", pers_nationality="GB", pers_gender="02"),
    ]


def _around_the_child() -> Extract:
    return {
        "ssd_person": _persons(),
        "ssd_linked_identifiers": [
            {
                "link_table_id": "L1",
                "link_person_id": "C05",
                "link_identifier_type": "Unique Pupil Number",
                "link_identifier_value": "A999000000005",
                "link_valid_from_date": "2020-01-01",
                "link_valid_to_date": "",
            },
            {"link_table_id": "L2", "link_person_id": "C05", "link_identifier_type": "YOT Number"}
            | {"link_identifier_value": "Y1"},
            {"link_table_id": "L3", "link_person_id": "C06", "link_identifier_type": "Former Unique Pupil Number"}
            | {"link_identifier_value": "SSD_PH"},
            {"link_table_id": "L4", "link_person_id": "C06", "link_identifier_type": "Library card"}
            | {"link_identifier_value": "X"},
        ],
        "ssd_address": [
            {
                "addr_table_id": "A1",
                "addr_person_id": "C01",
                "addr_address_json": json.dumps({"HOUSE": "7", "STREET": "Peregrine Lane"}),
                "addr_address_postcode": "ZZ99 9ZZ",
                "addr_address_type": "Home",
            }
        ],
        "ssd_family": [
            {"fami_table_id": f"F{n}", "fami_family_id": "FAM1", "fami_person_id": child}
            for n, child in enumerate(("C01", "C02", "C02"))
        ],
        "ssd_mother": [
            {"moth_table_id": "M1", "moth_person_id": "P90", "moth_childs_person_id": "C01"},
            {"moth_table_id": "M2", "moth_person_id": "P90", "moth_childs_person_id": "C02"},
            {"moth_table_id": "M3", "moth_person_id": "P90", "moth_childs_person_id": "C99"},  # not of this extract
            {"moth_table_id": "M4", "moth_person_id": "C12", "moth_childs_person_id": "C03"},  # a child herself
        ],
        "ssd_disability": [{"disa_table_id": "D1", "disa_person_id": "C06", "disa_disability_code": "AUT"}],
        "ssd_immigration_status": [{"immi_person_id": "C12", "immi_immigration_status": "None of note"}],
    }


def _front_door() -> Extract:
    keys = OUTCOMES["cont_contact_outcome_json"]
    by_flag = [
        contact(f"K1{n:02}", "C10", f"2025-02-{n:02} 00:00:00", "3E", flags(key, prefix="OUTCOME_" if n % 2 else ""))
        for n, key in enumerate(keys, 1)
    ]
    return {
        "ssd_contacts": [
            contact("K01", "C01", "2025-01-10 14:32:00", "6", flags("NEW_REFERRAL_FLAG", "ADVICE_FLAG")),
            contact("K02", "C02", "2025-01-10", "", flags()),
            contact("K03", "C04", "2025-03-03", "1C", "NULL"),
            contact("K04", "C07", "2025-03-04", "9", '{"NFA_FLAG": "Y"'),  # broken JSON
            contact("K05", "C08", "2025-03-05", "4", flags("NFA_FLAG")),
            contact("K05", "C08", "2025-03-05", "4", flags("NFA_FLAG")),  # the same row again
            contact("K06", "C09", "2025-03-06", "99"),  # no such source
            contact("K07", "C09", "2026-04-01"),  # after the extract
            contact("K08", "C99", "2025-03-07"),  # no such child
            contact("K09", "C09", "1900-01-01"),  # no day at all
            contact("K10", "C09", "05/03/2025"),  # not the declared way to write a day
            *by_flag,
        ],
        "ssd_early_help_episodes": [
            {
                "earl_episode_id": "E1",
                "earl_person_id": "C02",
                "earl_episode_start_date": "2024-09-02 00:00:00",
                "earl_episode_end_date": "2025-01-31 00:00:00",
                "earl_episode_organisation": "North hub",
                "earl_episode_reason": "as Mrs Underhill said",
                "earl_episode_worker_id": "Ann Marchbanks",
            }
        ],
        "ssd_cin_episodes": [
            referral(
                "R1",
                "C01",
                "2025-01-12 09:15:00",
                "6",
                cine_cin_primary_need_code="N1",
                cine_referral_nfa="N",
                cine_referral_team="T7",
                cine_referral_outcome_json=flags("SINGLE_ASSESSMENT_FLAG"),
            ),
            referral(
                "R2", "C02", "2025-01-12", cine_cin_primary_need_code="N5", cine_referral_nfa="Y", cine_close_date=""
            ),
            referral("R3", "C03", "2026-01-20", "3A"),
            referral("R4", "C11", "2025-04-01", cine_close_date="2025-12-24", cine_close_reason="RC2"),
            referral("R5", "C09", "2025-04-01", cine_close_date="2025-03-01"),  # closed before it was made
            referral("R6", "C07", "2025-05-01", cine_close_date="1900-01-01", cine_close_reason="NULL"),
        ],
    }


def _assessments() -> Extract:
    return {
        "ssd_cin_assessments": [
            assessment(
                "A1",
                "C01",
                "2025-01-15",
                "2025-02-20",
                cina_referral_id="R1",
                cina_assessment_child_seen="Y",
                cina_assessment_team="T7",
                cina_assessment_outcome_json=flags("STRATEGY_DISCUSSION_FLAG"),
            ),
            assessment("A2", "C06", "2026-03-01", cina_assessment_child_seen="N"),  # not yet authorised
            assessment("A3", "C11", "2025-04-02", "2025-05-05", cina_assessment_outcome_nfa="Y"),
            assessment("A4", "C09", "2025-04-02", "2025-05-05", cina_assessment_child_seen="perhaps"),
            assessment("A5", "C07", "2026-03-02"),  # open, and nothing is said of it yet
        ],
        "ssd_assessment_factors": [
            factors("X1", "A1", ["3B", "16A"]),
            factors("X2", "A2", {"1A": "Yes", "2B": "No", "18C": "Yes", "4B": ""}),
            factors("X3", "A3", ["21"]),
            factors("X4", "A9", ["3B"]),  # no such assessment
            factors("X5", "A4", ["3B"]),  # that assessment was refused
        ],
        "ssd_cin_plans": [
            {"cinp_cin_plan_id": "P1", "cinp_person_id": "C11", "cinp_cin_plan_start_date": "2025-05-06"}
            | {"cinp_cin_plan_end_date": "2025-12-24", "cinp_cin_plan_team": "T7", "cinp_referral_id": "R4"}
        ],
        "ssd_cin_visits": [
            visit("cinv.cin", "V1", "C11", "2025-06-01"),
            visit("cinv.cin", "V2", "C08", "2025-06-02", "N", ""),
            visit("cinv.cin", "V3", "C08", "2025-06-02", "N", ""),  # the same visit under another id
            visit("cinv.cin", "V4", "C08", "2025-06-03", "NULL", "NA") | {"cinv_cin_visit_bedroom": "Y"},
        ],
    }


def _protection() -> Extract:
    return {
        "ssd_s47_enquiry": [
            {
                "s47e_s47_enquiry_id": "S1",
                "s47e_person_id": "C01",
                "s47e_referral_id": "R-2011",  # before the extract begins
                "s47e_s47_start_date": "2025-02-21",
                "s47e_s47_end_date": "2025-03-01",
                "s47e_s47_nfa": "N",
                "s47e_s47_outcome_json": flags("CP_CONFERENCE_FLAG"),
                "s47e_s47_completed_by_team": "T7",
                "s47e_s47_completed_by_worker_id": "Ann Marchbanks",
            },
            {"s47e_s47_enquiry_id": "S2", "s47e_person_id": "C06", "s47e_s47_start_date": "2026-03-20"},
        ],
        "ssd_initial_cp_conference": [
            {
                "icpc_icpc_id": "I1",
                "icpc_person_id": "C01",
                "icpc_icpc_target_date": "2025-03-14",
                "icpc_icpc_date": "2025-03-10",
                "icpc_icpc_outcome_cp_flag": "Y",
                "icpc_icpc_outcome_json": flags("CP_FLAG"),
                "icpc_s47_enquiry_id": "S1",
            },
            {"icpc_icpc_id": "I2", "icpc_person_id": "C06", "icpc_icpc_target_date": "2026-04-13"}
            | {"icpc_s47_enquiry_id": "S2"},  # not yet held
        ],
        "ssd_cp_plans": [
            {
                "cppl_cp_plan_id": "Q1",
                "cppl_person_id": "C01",
                "cppl_cp_plan_start_date": "2025-03-10",
                "cppl_cp_plan_initial_category": "Neglect",
                "cppl_cp_plan_latest_category": "Multiple: [Neglect, Emotional Abuse]",
            },
            {
                "cppl_cp_plan_id": "Q2",
                "cppl_person_id": "C11",
                "cppl_cp_plan_start_date": "2024-04-01",
                "cppl_cp_plan_end_date": "2024-10-01",
                "cppl_cp_plan_initial_category": "PHY",
                "cppl_cp_plan_latest_category": "Physical abuse",
            },
        ],
        "ssd_cp_reviews": [
            {
                "cppr_cp_review_id": "W1",
                "cppr_person_id": "C01",
                "cppr_cp_plan_id": "Q1",
                "cppr_cp_review_due": "2025-06-10",
                "cppr_cp_review_date": "2025-06-08",
                "cppr_cp_review_outcome_continue_cp": "Y",
                "cppr_cp_review_participation": "PN6",
            },
            {"cppr_cp_review_id": "W2", "cppr_person_id": "C01", "cppr_cp_review_due": "2026-05-01"},  # still to come
        ],
        "ssd_cp_visits": [visit("cppv.cp", "V5", "C01", "2025-03-20", "y", "Y") | {"cppv_cp_plan_id": "Q1"}],
    }


def _looked_after() -> Extract:
    return {
        "ssd_cla_episodes": [
            care("Z1", "2025-06-01", "2025-09-01", "X1"),
            care("Z2", "2025-09-01", "2026-02-01", "E4A"),
        ],
        "ssd_cla_placement": [
            {
                "clap_cla_placement_id": "B1",
                "clap_person_id": "C05",
                "clap_cla_id": "LA1",
                "clap_cla_placement_start_date": "2025-06-01",
                "clap_cla_placement_end_date": "2025-09-01",
                "clap_cla_placement_type": "U6",
                "clap_cla_placement_postcode": "ZZ99 9ZZ",
            }
        ],
        "ssd_cla_visits": [visit("clav.cla", "V6", "C05", "2025-07-01", "Yes", "No")],
        "ssd_cla_reviews": [
            {
                "clar_cla_review_id": "W3",
                "clar_cla_id": "LA1",
                "clar_cla_review_due_date": "2025-06-28",
                "clar_cla_review_date": "2025-06-27",
                "clar_cla_review_cancelled": "N",
                "clar_cla_review_participation": "PN1",
            },
            {"clar_cla_review_id": "W4", "clar_cla_id": "LA1", "clar_cla_review_date": "2025-09-27"}
            | {"clar_cla_review_cancelled": "Y"},
            {"clar_cla_review_id": "W5", "clar_cla_id": "LA9", "clar_cla_review_date": "2025-09-27"},  # no such care
        ],
        "ssd_cla_health": [
            {
                "clah_health_check_id": f"H{n}",
                "clah_person_id": "C05",
                "clah_health_check_type": "Dental check",
                "clah_health_check_date": day,
                "clah_health_check_status": status,
            }
            for n, (day, status) in enumerate([("2025-08-01", "Completed"), ("2025-10-01", "Refused")])
        ],
        "ssd_sdq_scores": [
            {"csdq_table_id": "G1", "csdq_person_id": "C05", "csdq_sdq_completed_date": "2025-11-11"}
            | {"csdq_sdq_score": "17"}
        ],
        "ssd_cla_substance_misuse": [
            {"clas_substance_misuse_id": "U1", "clas_person_id": "C05", "clas_substance_misuse_date": "2025-10-10"}
        ],
        "ssd_legal_status": [
            {
                "lega_legal_status_id": "J1",
                "lega_person_id": "C05",
                "lega_legal_status": "V2",
                "lega_legal_status_start_date": "2025-06-01",
                "lega_legal_status_end_date": "2026-02-01",
            }
        ],
    }


def _other() -> Extract:
    def missing(key: str, start: str, end: str, kind: str, offered: str, accepted: str) -> Row:
        return {
            "miss_table_id": key,
            "miss_person_id": "C05",
            "miss_missing_episode_start_date": start,
            "miss_missing_episode_end_date": end,
            "miss_missing_episode_type": kind,
            "miss_missing_rhi_offered": offered,
            "miss_missing_rhi_accepted": accepted,
        }

    def involved(key: str, child: str, start: str, end: str = "") -> Row:
        return {
            "invo_involvements_id": key,
            "invo_person_id": child,
            "invo_professional_id": "W-17",
            "invo_professional_role_id": "Allocated worker",
            "invo_professional_team": "T7",
            "invo_involvement_start_date": start,
            "invo_involvement_end_date": end,
            "invo_referral_id": "R1",
        }

    return {
        "ssd_missing": [
            missing("N1", "2025-10-01", "2025-10-03", "M", "Y", "N"),
            missing("N2", "2025-12-01", "2025-12-02", "A", "NA", "NULL"),
            missing("N3", "2026-03-29", "", "Missing", "", ""),
        ],
        "ssd_involvements": [
            involved("O1", "C01", "2025-01-13", "2025-06-01"),
            involved("O2", "C01", "2025-06-01"),
        ],
        "ssd_professionals": [
            {"prof_professional_id": "W-17", "prof_professional_name": "Ann Marchbanks", "prof_staff_id": "S17"}
        ],
        "ssd_department": [{"dept_team_id": "T7", "dept_team_name": "Oakenfold team"}],
        "ssd_voice_of_child": [{"voch_table_id": "Y1", "voch_person_id": "C01", "voch_agree_worker": "SSD_PH"}],
    }


OUTCOMES: dict[str, tuple[str, ...]] = {
    "cont_contact_outcome_json": (
        "NEW_REFERRAL_FLAG",
        "EXISTING_REFERRAL_FLAG",
        "CP_ENQUIRY_FLAG",
        "NFA_FLAG",
        "NON_AGENCY_ADOPTION_FLAG",
        "PRIVATE_FOSTERING_FLAG",
        "ADVICE_FLAG",
        "MISSING_FLAG",
        "OLA_CP_FLAG",
        "OTHER_OUTCOMES_EXIST_FLAG",
    ),
    "cine_referral_outcome_json": (
        "SINGLE_ASSESSMENT_FLAG",
        "NFA_FLAG",
        "STRATEGY_DISCUSSION_FLAG",
        "CLA_REQUEST_FLAG",
        "NON_AGENCY_ADOPTION_FLAG",
        "PRIVATE_FOSTERING_FLAG",
        "CP_TRANSFER_IN_FLAG",
        "CP_CONFERENCE_FLAG",
        "CARE_LEAVER_FLAG",
        "OTHER_OUTCOMES_EXIST_FLAG",
    ),
    "cina_assessment_outcome_json": (
        "NFA_FLAG",
        "NFA_S47_END_FLAG",
        "STRATEGY_DISCUSSION_FLAG",
        "CLA_REQUEST_FLAG",
        "PRIVATE_FOSTERING_FLAG",
        "LEGAL_ACTION_FLAG",
        "PROV_OF_SERVICES_FLAG",
        "PROV_OF_SB_CARE_FLAG",
        "SPECIALIST_ASSESSMENT_FLAG",
        "REFERRAL_TO_OTHER_AGENCY_FLAG",
        "OTHER_ACTIONS_FLAG",
        "OTHER_OUTCOMES_EXIST_FLAG",
        "TOTAL_NO_OF_OUTCOMES",
        "COMMENTS",
    ),
    "s47e_s47_outcome_json": (
        "NFA_FLAG",
        "LEGAL_ACTION_FLAG",
        "PROV_OF_SERVICES_FLAG",
        "PROV_OF_SB_CARE_FLAG",
        "CP_CONFERENCE_FLAG",
        "NFA_CONTINUE_SINGLE_FLAG",
        "MONITOR_FLAG",
        "OTHER_OUTCOMES_EXIST_FLAG",
        "TOTAL_NO_OF_OUTCOMES",
        "OUTCOME_COMMENTS",
    ),
    "icpc_icpc_outcome_json": (
        "NFA_FLAG",
        "REFERRAL_TO_OTHER_AGENCY_FLAG",
        "SINGLE_ASSESSMENT_FLAG",
        "PROV_OF_SERVICES_FLAG",
        "CP_FLAG",
        "OTHER_OUTCOMES_EXIST_FLAG",
        "TOTAL_NO_OF_OUTCOMES",
        "COMMENTS",
    ),
}
"""Every key of every outcome cell, as the SSD's own specification lists them."""

TABLES: Extract = _around_the_child() | _front_door() | _assessments() | _protection() | _looked_after() | _other()
"""The extract."""


def write(folder: Path, tables: Extract = TABLES, *, seed: int | None = None, halve: tuple[str, ...] = ()) -> Path:
    """Write the tables as CSV. ``seed`` shuffles rows and columns; tables in ``halve`` are written as two files."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)  # noqa: S311 (a shuffle, not a secret)
    names = list(tables)
    for name in chance.sample(names, len(names)) if seed is not None else names:
        rows = list(tables[name])
        columns = list(dict.fromkeys(column for row in rows for column in row))
        if seed is not None:
            chance.shuffle(rows)
            chance.shuffle(columns)
        middle = len(rows) // 2
        parts = {f"{name}_1": rows[:middle], f"{name}_2": rows[middle:]} if name in halve else {name: rows}
        for part, held in parts.items():
            _write(folder / f"{part}.csv", columns, held)
    return folder


def _write(path: Path, columns: list[str], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
