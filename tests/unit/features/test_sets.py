"""Named sets of features, and the identity that models carry: the same meaning, the same hash."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial

import polars as pl
import pytest

from earlywarn.errors import ArgumentError
from earlywarn.features.catalogue import CORE, catalogue
from earlywarn.features.engine import build_features
from earlywarn.features.feature import Coverage, Feature, Sentence
from earlywarn.features.sets import COUNTS_OF_LOOKING, SETS, STARTING, feature_set, refuse_borrowed, set_hash
from earlywarn.features.settings import Settings
from earlywarn.scoring.card import StartingCard

SAY = Sentence("None.", "1.", "{n}.", "Whether: not known.")
OWN = Feature("own", "records", None, pl.len(), 365, 0, (), "records", 0, SAY, "our own")


def names(features: tuple[Feature, ...]) -> set[str]:
    return {f.name for f in features}


def changed(name: str, default: object) -> Settings:
    """Settings with one of them other than its default."""
    if isinstance(default, str):
        return Settings(**{name: "SCT"})
    return Settings(**{name: default / 2 if isinstance(default, float) else default + 1})


# --- the sets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_every_set_has_a_sentence_and_features_of_the_catalogue(name: str) -> None:
    found = feature_set(name)
    assert SETS[name].endswith(".")
    assert len(names(found)) == len(found) > 10
    assert names(found) <= names(catalogue())


def test_the_starting_set_is_what_the_starting_card_asks_about() -> None:
    assert tuple(term.feature for term in StartingCard().terms) == STARTING
    assert set_hash(feature_set("starting")) == StartingCard().feature_set


def test_all_is_the_catalogue_and_core_the_core() -> None:
    assert feature_set("core") == CORE
    assert [f.name for f in feature_set("all")] == [f.name for f in catalogue()]


def test_no_surveillance_leaves_out_what_counts_looking_and_nothing_the_card_asks() -> None:
    left = names(feature_set("all")) - names(feature_set("no_surveillance"))
    assert left == set(COUNTS_OF_LOOKING), "every name stands in the catalogue"
    assert {"contacts_30d", "agencies_365d", "unplanned_contacts_90d", "contact_burst"} <= left
    assert not left & set(STARTING)


def test_settings_reach_every_set_that_has_any() -> None:
    strict = Settings(visit_standard_working_days=15)
    assert set_hash(feature_set("all", strict)) != set_hash(feature_set("all"))
    assert set_hash(feature_set("no_surveillance", strict)) != set_hash(feature_set("no_surveillance"))
    assert feature_set("core", strict) == CORE


def test_an_unknown_set_is_refused_with_the_nearest() -> None:
    with pytest.raises(ArgumentError, match='did you mean "starting"'):
        feature_set("startin")


# --- the identity of a set -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"over": "contacts"},
        {"window": 90},
        {"unit": "days"},
        {"direction": 1},
        {"needs": ("concerns",)},
        {"definition": "Something else."},
    ],
    ids="-".join,
)
@pytest.mark.parametrize("feature", [OWN, replace(OWN, definition="All records.")], ids=["expressions", "definition"])
def test_the_identity_covers_what_a_feature_counts(feature: Feature, changes: dict) -> None:
    assert set_hash([replace(feature, **changes)]) != set_hash([feature])


@pytest.mark.parametrize(
    "changes",
    [
        {"where": pl.col("kind") == "incident"},
        {"value": pl.len() + 1},
        {"empty": None},
        {"of": pl.len()},
        {"arises": pl.lit(value=True)},
        {"sets": pl.lit(value=True)},
        {"part": pl.lit(value=True)},
        {"carried_by": ("episode_id",)},
        {"coverage": Coverage(pl.lit(value=True), pl.lit(value=True), 0.4)},
        {"coverage": Coverage(pl.lit(value=True), pl.lit(value=True), 0.6)},
        {"finish": pl.Series.abs},
        {"finish": partial(pl.Series.clip, lower_bound=1)},
        {"finish": partial(pl.Series.clip, lower_bound=2)},
    ],
    ids="-".join,
)
def test_without_a_definition_the_expressions_are_the_meaning(changes: dict) -> None:
    assert set_hash([replace(OWN, **changes)]) != set_hash([OWN])
    assert set_hash([replace(OWN, **changes)]) == set_hash([replace(OWN, **changes)])


def test_parts_without_a_definition_are_told_apart() -> None:
    told, kinds = pl.lit(value=True), [f"kind {n}" for n in range(40)]
    listed = [replace(OWN, where=pl.col("kind").is_in([*kinds[:20], more, *kinds[20:]])) for more in ("a", "b")]
    series = [replace(OWN, where=pl.col("days_ago").is_in(pl.Series([number]))) for number in (1, 2)]
    coverage = [replace(OWN, coverage=Coverage(told, told, least)) for least in (0.4, 0.6)]
    finish = [replace(OWN, finish=partial(pl.Series.clip, lower_bound=bound)) for bound in (1, 2)]
    for one, other in (listed, series, coverage, finish, [replace(OWN, of=told), replace(OWN, sets=told)]):
        assert set_hash([one]) != set_hash([other])


def test_what_is_said_and_where_it_comes_from_is_no_part_of_the_identity() -> None:
    said = replace(OWN, sentence=Sentence("Dim.", "1.", "{n}.", "Nid yw'n hysbys."), source="another")
    assert set_hash([said]) == set_hash([OWN])


# --- a definition that is not one's own ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"where": pl.col("kind") == "incident"},
        {"value": pl.len()},
        {"empty": 7},
        {"coverage": Coverage(pl.lit(value=True), pl.lit(value=True), 0.1)},
        {"finish": pl.Series.abs},
    ],
    ids="-".join,
)
@pytest.mark.parametrize("name", ["missed_365d", "planned_unseen_share", "contact_tempo_ratio"])
def test_a_feature_that_borrows_a_definition_and_counts_something_else_is_refused(name: str, changes: dict) -> None:
    feature = next(f for f in catalogue() if f.name == name)
    with pytest.raises(ArgumentError, match=f'"{name}" has the definition'):
        refuse_borrowed([replace(feature, **changes)])
    refuse_borrowed([replace(feature, **changes, definition="What it counts now.")])
    refuse_borrowed([replace(feature, **changes, name="own_name")])


def test_the_engine_refuses_it(example) -> None:
    borrowed = replace(CORE[0], where=pl.col("days_ago") > 3)
    with pytest.raises(ArgumentError, match=f'"{CORE[0].name}" has the definition'):
        build_features(example, "2026-11-01", features=[borrowed, *CORE[1:]])


def test_the_catalogue_made_anew_is_not_refused_nor_one_said_in_other_words() -> None:
    refuse_borrowed(catalogue())
    refuse_borrowed([replace(f, sentence=SAY) for f in catalogue()])


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_said_in_a_definition(setting) -> None:
    """So that a model made for other settings is not taken for this one's."""
    features = catalogue(changed(setting.name, setting.default))
    refuse_borrowed(features)
    assert set_hash(features) != set_hash(catalogue())
