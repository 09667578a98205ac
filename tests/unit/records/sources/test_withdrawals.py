"""What a source takes back, over several deliveries: rows by any key, all that refers to them, a whole child."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from earlywarn.records.mapping.deliveries import ExtractDates
from earlywarn.records.sources import extract
from tests.unit.records.sources.dfe_made import assessment, child, episode, whole
from tests.unit.records.sources.fhir_made import CHILD, bundle, encounter, write

DAYS = ("2024-10-31", "2024-11-30", "2024-12-31")


def deliver(tmp_path, *submissions: list[dict[str, Any]]):
    for number, children in enumerate(submissions, 1):
        write(tmp_path / f"s{number}.json", children)
    words = [f"s{n}={day}" for n, day in enumerate(DAYS[: len(submissions)], 1)]
    return extract(tmp_path, "dfe_api", dates=ExtractDates.parse(words))


def withdrawals(found) -> pl.DataFrame:
    return found.frames["contacts"].filter(pl.col("kind") == "withdrawal")


def left(found) -> list[str]:
    """Kinds of the records that nothing took back and nothing corrected."""
    contacts = found.frames["contacts"]
    hidden = contacts.filter((pl.col("kind") != "conclusion") & pl.col("follows").is_not_null())["follows"]
    kept = contacts.filter((pl.col("kind") != "withdrawal") & ~pl.col("record_id").is_in(hidden.implode()))
    return sorted(kept["kind"].to_list())


def purged(thing: dict[str, Any], *ids: str) -> dict[str, Any]:
    return {name: thing[name] for name in ids} | {"purge": True}


def test_with_an_episode_goes_all_that_was_ever_in_it(tmp_path):
    gone = child("K1", purged(episode(), "social_care_episode_id"))
    found = deliver(tmp_path, [whole()], [gone])
    assert left(found) == ["conclusion", "other", "screening"], "what is the child's own stays"
    assert set(withdrawals(found)["known_at"]) == {datetime(2024, 11, 30)}
    assert found.quarantine.is_empty()


def test_with_a_child_goes_everything_and_another_childs_stays(tmp_path):
    found = deliver(tmp_path, [whole("K1"), child("K2", episode("E2"))], [purged(child("K1"), "la_child_id")])
    assert left(found) == ["conclusion", "referral"]
    assert set(withdrawals(found)["child_id"]) == {"dfe_api-K1"}
    assert found.quarantine.is_empty()


@pytest.mark.parametrize("health", [{"purge": True}, {"sdq_assessments": [{"date": "2024-06-14"}], "purge": True}])
def test_with_health_go_the_questionnaires(tmp_path, health):
    found = deliver(tmp_path, [whole()], [child("K1", health_and_wellbeing=health)])
    taken = withdrawals(found)
    screening = found.frames["contacts"].filter(pl.col("kind") == "screening")["record_id"].to_list()
    assert taken["follows"].to_list() == screening
    assert found.quarantine.is_empty()


@pytest.mark.parametrize(("name", "kind", "many"), [("adoption", "other", 3), ("care_leavers", "contact", 1)])
def test_what_has_no_id_of_its_own_goes_by_its_episode(tmp_path, name, kind, many):
    found = deliver(tmp_path, [whole()], [child("K1", episode(**{name: {"purge": True}}))])
    taken = withdrawals(found)["follows"].implode()
    assert set(found.frames["contacts"].filter(pl.col("record_id").is_in(taken))["kind"]) == {kind}
    assert withdrawals(found).height == many


def test_every_version_is_taken_back(tmp_path):
    moved = assessment(start_date="2024-01-18", authorisation_date=None, factors=[])
    gone = purged(assessment(), "child_and_family_assessment_id")
    found = deliver(
        tmp_path,
        *([child("K1", episode(child_and_family_assessments=[a]))] for a in (assessment(), moved, gone)),
    )
    assert "assessment" not in left(found)
    assert set(withdrawals(found)["known_at"]) == {datetime(2024, 12, 31)}
    assert found.quarantine.is_empty()


def test_nothing_is_taken_back_by_an_older_submission(tmp_path):
    gone = child("K1", purged(episode(), "social_care_episode_id"))
    found = deliver(tmp_path, [gone], [child("K1", episode())])
    assert withdrawals(found).is_empty()
    assert left(found) == ["conclusion", "referral"]
    assert any("take back what was never given" in n for n in found.notes)


def test_taken_back_twice_is_taken_back_once_from_the_first_day(tmp_path):
    gone = child("K1", purged(episode(), "social_care_episode_id"))
    found = deliver(tmp_path, [child("K1", episode())], [gone], [gone])
    assert withdrawals(found).height == 2
    assert set(withdrawals(found)["known_at"]) == {datetime(2024, 11, 30)}


def test_what_was_never_given_is_accounted_for_and_noted(tmp_path):
    found = deliver(tmp_path, [child("K1", purged(episode(), "social_care_episode_id"), episode("E2"))])
    assert withdrawals(found).is_empty()
    assert found.quarantine.is_empty()
    assert [(a.read, a.accepted) for a in found.account if a.table == "episodes_purged"] == [(1, 1)]
    assert any("episodes_purged: 1 row take back what was never given" in n for n in found.notes)


def test_what_was_in_error_from_the_first_says_nothing_and_is_accounted_for(tmp_path):
    void = encounter(status="entered-in-error")
    found = extract(write(tmp_path / "x.json", bundle(CHILD, void)), "fhir", dates=ExtractDates.parse([DAYS[0]]))
    assert found.frames["contacts"].is_empty()
    assert found.quarantine.is_empty()
    assert [(a.read, a.accepted) for a in found.account if a.table == "encounters_withdrawn"] == [(1, 1)]
