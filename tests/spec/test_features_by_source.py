"""The page on features by source holds what the mappings say today."""

from __future__ import annotations

from earlywarn.features.needs import needs_markdown
from tests.features_by_source import BETWEEN, PAGE, as_it_is_today
from tests.spec.test_words import offending


def test_the_page_is_what_the_mappings_make_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(BETWEEN.findall(text)) == 1
    assert needs_markdown() in text, "run `python dev.py docs`"
    assert as_it_is_today(text) == text
    assert offending(text) == []


def test_a_page_that_lags_behind_is_found_out() -> None:
    assert needs_markdown() in as_it_is_today("<!-- needs: begin -->\nold\n<!-- needs: end -->")
