"""What every feature must carry, and how its value is said."""

from __future__ import annotations

import polars as pl
import pytest

from earlywarn.features.catalogue import CORE
from earlywarn.features.feature import Sentence, span_in_words
from earlywarn.features.frames import FRAMES
from earlywarn.features.sets import set_hash
from tests.reference import FEATURES

IN_ORDER = [
    *("contacts_30d", "contacts_90d", "contacts_365d", "unplanned_contacts_90d", "agencies_365d", "agency_churn_365d"),
    *("worker_churn_365d", "days_since_seen", "unseen_share_90d", "missed_365d", "missed_share_365d"),
    *("unresolved_concerns", "unresolved_oldest_days", "unresolved_severity", "concern_recurrence", "concluded_365d"),
    *("rereferral_12m", "closed_no_action_365d", "unknown_adults", "largest_single_view"),
]
DIRECTIONS = {
    **dict.fromkeys(("contacts_30d", "contacts_90d", "contacts_365d", "agencies_365d", "agency_churn_365d"), 0),
    "missed_365d": 0,
    "concluded_365d": -1,
    "largest_single_view": -1,
}


def test_the_core_features_are_those_of_the_design_and_each_has_a_reference():
    assert {f.name for f in CORE} == set(IN_ORDER) == set(FEATURES)


@pytest.mark.parametrize("feature", CORE, ids=lambda f: f.name)
def test_every_feature_says_what_it_is(feature):
    assert feature.direction == DIRECTIONS.get(feature.name, 1)
    assert feature.unit
    assert feature.source
    assert all(vars(feature.sentence).values())
    assert feature.over in FRAMES


def test_none_one_many_missing():
    sentence = Sentence(none="No visit.", one="1 visit.", many="{n} visits.", missing="Not known.")
    assert [sentence.say(v) for v in (0, 1, 3, None)] == ["No visit.", "1 visit.", "3 visits.", "Not known."]


def test_a_share_is_said_as_counts():
    sentence = Sentence(none="All {of}.", one="1 of {of}.", many="{part} of {of}, {percent}.", missing="Not known.")
    assert [sentence.say(v, 3) for v in (0, 1 / 3, 2 / 3)] == ["All 3.", "1 of 3.", "2 of 3, 67 %."]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "0 days"),
        (1, "1 day"),
        (60, "60 days"),
        (61, "2 months"),
        (365, "11 months"),
        (731, "2 years"),
        (800, "2 years 2 months"),
    ],
)
def test_spans(days, words):
    assert span_in_words(days) == words


def test_a_set_is_known_by_its_content_not_its_order():
    assert set_hash(CORE) == set_hash(reversed(CORE))
    assert set_hash(CORE) != set_hash(CORE[:-1])


def test_no_feature_reads_an_audit_attribute():
    said = " ".join(str(f.where) + str(f.value) for f in CORE)
    assert not any(word in said for word in ("ethnicity", "sex", "disability", "deprivation"))
    assert isinstance(CORE[0].value, pl.Expr)
