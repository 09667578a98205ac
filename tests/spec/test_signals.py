"""Every signal that reviews name has a feature, and every feature what it takes to defend it."""

from __future__ import annotations

import pytest

from earlywarn.features.catalogue import CORE, catalogue
from earlywarn.features.feature import FAMILY, SERVICES
from earlywarn.features.frames import CHILD, FRAMES
from earlywarn.features.page import cannot_be_told
from tests.catalogue_reference import FEATURES as BEYOND_THE_CORE
from tests.reference import FEATURES as OF_THE_CORE

ALL = {f.name: f for f in catalogue()}

SIGNALS = {
    "contact without the child seen": ("unseen_share_90d", "planned_unseen_share", "unseen_run"),
    "days since seen alone": ("days_since_seen_alone",),
    "visit overdue": ("visit_overdue_days",),
    "was not brought": ("missed_share_365d", "cancelled_by_carer_365d"),
    "no access": ("no_access_run",),
    "out of sight": ("out_of_sight",),
    "contact tempo": ("contact_tempo_ratio",),
    "unscheduled health contacts": ("unscheduled_health_90d", "unscheduled_health_sites_90d"),
    "contact burst": ("contact_burst",),
    "pair coverage": ("pair_coverage_365d",),
    "unshared concern": ("unshared_concerns_365d", "unshared_oldest_days"),
    "sharing lag": (
        "sharing_lag_median_days",
        "sharing_lag_p90_days",
        "recording_lag_median_days",
        "recording_lag_p90_days",
    ),
    "largest single view": ("largest_single_view",),
    "worker change": ("worker_churn_365d", "unallocated_share"),
    "agency change": ("agency_churn_365d", "agency_turnover_90d"),
    "handover gap": ("handover_gap_days",),
    "partial strategy discussion": ("partial_strategy_365d",),
    "age of unresolved concerns": ("unresolved_oldest_days", "unresolved_severity_days", "unresolved_past_standard"),
    "recurrence": ("concern_recurrence", "reraised_after_conclusion", "reraised_share"),
    "independent convergence": ("independent_convergence",),
    "actions past due": ("overdue_actions", "overdue_action_share", "overdue_action_worst_days"),
    "family voice closed": ("family_voice_closed",),
    "no action, again and again": ("closed_no_action_365d", "no_action_run_24m"),
    "conflict of explanations": ("explanation_conflict",),
    "re-referral": ("rereferral_12m",),
    "start again": ("start_again",),
    "repeat plan": ("repeat_plans", "repeat_plan_24m"),
    "timescales": ("assessments_over_standard_365d", "conference_over_standard_365d"),
    "closed while concerns stood": ("closed_on_non_engagement", "closed_case_unconcluded"),
    "adult not known to the lead": ("unknown_adults",),
    "carer never met": ("carer_never_engaged",),
    "history of a linked child": ("linked_child_history",),
    "adult factors": ("adult_factors",),
    "injury before moving about": ("injury_not_mobile_365d",),
    "repeated injury": ("repeat_injury_180d",),
    "late presentation": ("late_presentation_365d",),
    "leaving education": ("education_exit", "attendance_fall"),
    "school moves": ("school_moves_24m",),
    "moves across borders": ("cross_border_open", "household_moves_365d"),
    "missing": ("missing_episodes_365d", "missing_hours_365d", "return_interview_share_365d"),
    "selective engagement": ("selective_engagement",),
    "optimism": ("optimism_gap",),
}
PROTECTIVE = ("same_worker_seen", "concluded_and_quiet", "attendance_recovered", "plan_acknowledged_share")


def test_every_signal_has_its_features():
    assert len(SIGNALS) == 42
    assert {name for names in SIGNALS.values() for name in names} <= ALL.keys()
    assert all(ALL[name].direction == -1 for name in PROTECTIVE)
    assert len(ALL) >= 46


def test_every_feature_has_a_reference_in_plain_python():
    assert OF_THE_CORE.keys() == {f.name for f in CORE}
    assert BEYOND_THE_CORE.keys() == ALL.keys() - OF_THE_CORE.keys()


@pytest.mark.parametrize("feature", ALL.values(), ids=lambda f: f.name)
def test_every_feature_carries_what_it_takes_to_defend_it(feature):
    assert all(vars(feature.sentence).values())
    assert feature.unit
    assert feature.direction in (-1, 0, 1)
    assert feature.definition.endswith(".")
    assert len(feature.source) > 15
    assert cannot_be_told(feature)
    assert feature.about in (FAMILY, SERVICES)
    assert feature.over in FRAMES
    assert feature.carried_by


@pytest.mark.parametrize("feature", ALL.values(), ids=lambda f: f.name)
@pytest.mark.parametrize("value", [None, 0.0, 1.0, 2.0, 7.0, 0.5])
def test_every_sentence_can_be_said(feature, value):
    of = 4.0 if feature.of is not None and value is not None else None
    said = feature.sentence.say(min(value, 1.0) if of and value else value, of)
    assert said.endswith(".")
    assert said[0].isupper() or said[0].isdigit()
    assert "{" not in said
    assert "None" not in said


def test_no_feature_reads_what_is_for_audit():
    """Neither by name nor through a column of a table."""
    named = {n for f in ALL.values() for e in f.expressions for n in e.meta.root_names()} | CHILD.keys()
    assert not named & {"ethnicity", "sex", "gender", "disability", "deprivation", "imd", "language"}
