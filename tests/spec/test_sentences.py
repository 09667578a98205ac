"""What people read of every feature: the golden page, and rules that each sentence keeps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from earlywarn.features.catalogue import catalogue
from tests.sentences import PAGE, page, said
from tests.spec.test_words import offending

if TYPE_CHECKING:
    from earlywarn.features.feature import Feature

BY_NAME = {f.name: f for f in catalogue()}


def test_the_page_is_what_the_features_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "read the changed sentences, then run `python -m tests.sentences`"
    )


@pytest.mark.parametrize("feature", BY_NAME.values(), ids=BY_NAME)
def test_every_sentence_is_whole_and_in_our_words(feature: Feature) -> None:
    sentences = said(feature)
    assert len(set(sentences)) == len(sentences), "each says something of its own"
    for text in sentences:
        assert text.endswith(".")
        assert text[0].isupper() or text[0].isdigit()
        assert not re.search(r"[{}]|None|nan|_|  ", text)
        assert offending(text) == []
    question, colon, _ = sentences[-1].partition(": ")
    assert (colon, "." in question) == (": ", False), "not known: the question in words, a colon, and why"


@pytest.mark.parametrize("feature", BY_NAME.values(), ids=BY_NAME)
def test_what_the_catalogue_says_of_a_feature_is_whole(feature: Feature) -> None:
    assert feature.definition.endswith(".")
    assert offending(f"{feature.definition} {feature.source} {feature.unit}") == []
    assert all([feature.source, feature.unit])
    assert "://" not in feature.source
    assert feature.direction in (-1, 0, 1)
