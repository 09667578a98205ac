"""The page of features is what the code makes it, and whole."""

from __future__ import annotations

from dataclasses import fields

from earlywarn.features.catalogue import catalogue, families
from earlywarn.features.feature import SERVICES
from earlywarn.features.page import DIRECTIONS, DIRECTIONS_EXPLAINED, cannot_be_told, features_page
from earlywarn.features.sets import COUNTS_OF_LOOKING, SETS
from earlywarn.features.settings import Settings
from tests.features_page import PAGE
from tests.spec.test_words import offending

TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = {section.split("`")[0]: section for section in features_page().split("\n### `")[1:]}


def test_the_page_is_what_the_code_makes_it() -> None:
    assert features_page() == TEXT, "run `python dev.py docs`"


def test_every_feature_says_what_how_when_not_and_where_from() -> None:
    assert list(SECTIONS) == [f.name for f in catalogue()]
    for feature in catalogue():
        section = SECTIONS[feature.name]
        direction = DIRECTIONS[feature.direction]
        parts = (feature.definition, feature.unit, direction[1:], feature.source.rstrip("."), cannot_be_told(feature))
        assert [part for part in (*parts, *vars(feature.sentence).values()) if part not in section] == []
        assert ("About services." in section) == (feature.about == SERVICES)
        assert cannot_be_told(feature).startswith("never") == (not feature.needs and feature.coverage is None)


def test_every_family_setting_and_set_is_there() -> None:
    assert [name for name in families() if f"\n## {name}\n" not in TEXT] == []
    for each in fields(Settings):
        assert f"| `{each.name}` | {each.default} | {each.metadata['unit']} | {each.metadata['means']} |" in TEXT
    assert [said for said in (*SETS.values(), *COUNTS_OF_LOOKING.values()) if said not in TEXT] == []


def test_the_words_are_those_we_use() -> None:
    said = TEXT.replace("table.evidence(", "").replace("agency_churn_365d", "").replace("worker_churn_365d", "")
    assert offending(said) == []
    assert offending(" ".join([*DIRECTIONS.values(), DIRECTIONS_EXPLAINED])) == []
