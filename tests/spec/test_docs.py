"""What the documentation shows is what the commands do."""

from __future__ import annotations

import re
from pathlib import Path

from earlywarn.records.codes import AGENCIES, CONCERNS, KINDS
from earlywarn.records.rules import RULES
from earlywarn.records.schema import RECORD_TABLES
from tests.worked_example import PAGE, PRINTED, TABLE, as_printed_today

ROOT = Path(__file__).parents[2]


def test_the_worked_example_prints_what_the_page_says():
    text = PAGE.read_text(encoding="utf-8")
    assert len(TABLE.findall(text)) == 5
    assert len(PRINTED.findall(text)) == 3
    assert as_printed_today(text) == text, "run `python dev.py docs`"


def test_every_rule_table_column_and_code_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    for name in (*RULES, *RECORD_TABLES, *AGENCIES, *KINDS, *CONCERNS):
        assert f"`{name}`" in text, name
    for table in RECORD_TABLES.values():
        assert [c for c in table.schema if f"`{c}`" not in text] == []


def test_every_link_within_the_documentation_leads_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(pages) > 10
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
