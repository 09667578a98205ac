"""Submissions to the social care API made by code, for tests."""

from __future__ import annotations

from typing import Any


def child(name: str = "K1", *episodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "la_child_id": name,
        "mis_child_id": f"mis-{name}",
        "child_details": {"date_of_birth": "2015-03-02", "sex": "F", "purge": False},
        "social_care_episodes": list(episodes),
        "purge": False,
    } | more


def episode(name: str = "E1", **more: Any) -> dict[str, Any]:
    return {
        "social_care_episode_id": name,
        "referral_date": "2024-01-10",
        "referral_source": "6",
        "referral_no_further_action_flag": False,
        "purge": False,
    } | more


def assessment(name: str = "A1", **more: Any) -> dict[str, Any]:
    return {
        "child_and_family_assessment_id": name,
        "start_date": "2024-01-15",
        "authorisation_date": "2024-02-20",
        "factors": ["3B", "4A"],
        "purge": False,
    } | more


def whole(name: str = "K1") -> dict[str, Any]:
    """Return a child with one element of every kind."""
    full = episode(
        closure_date="2024-09-01",
        closure_reason="RC8",
        care_worker_details=[{"worker_id": "W1", "start_date": "2024-01-11", "end_date": "2024-06-01"}],
        child_and_family_assessments=[assessment()],
        child_in_need_plans=[{"child_in_need_plan_id": "N1", "start_date": "2024-02-21", "end_date": "2024-03-10"}],
        section_47_assessments=[
            {
                "section_47_assessment_id": "S1",
                "start_date": "2024-02-25",
                "icpc_required_flag": True,
                "icpc_date": "2024-03-11",
                "end_date": "2024-03-08",
            }
        ],
        child_protection_plans=[
            {"child_protection_plan_id": "P1", "start_date": "2024-03-11", "end_date": "2024-08-01"}
        ],
        child_looked_after_placements=[
            {
                "child_looked_after_placement_id": "L1",
                "start_date": "2024-05-01",
                "start_reason": "S",
                "placement_type": "U1",
                "postcode": "ZZ1 1ZZ",
                "end_date": "2024-07-01",
                "end_reason": "E4A",
                "change_reason": "CHILD",
            }
        ],
        adoption={"initial_decision_date": "2024-05-20", "matched_date": "2024-06-01", "placed_date": "2024-06-20"},
        care_leavers={"contact_date": "2024-08-20", "activity": "F2", "accommodation": "D"},
    )
    details = {
        "unique_pupil_number": "A123456789012",
        "former_unique_pupil_number": "B123456789012",
        "unique_pupil_number_unknown_reason": None,
        "first_name": "Zeb",
        "surname": "Quill",
        "date_of_birth": "2015-03-02",
        "expected_date_of_birth": None,
        "sex": "F",
        "ethnicity": "WBRI",
        "disabilities": ["HAND", "VIS"],
        "postcode": "ZZ1 1ZZ",
        "uasc_flag": True,
        "uasc_end_date": "2024-04-01",
        "purge": False,
    }
    health = {"sdq_assessments": [{"date": "2024-06-14", "score": 20}], "purge": False}
    return child(name, full, child_details=details, health_and_wellbeing=health)
