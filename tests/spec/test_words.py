"""The words people read: in every sentence, page, sheet and terminal line, none of those that harm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from earlywarn.batch import score_records
from earlywarn.features.catalogue import CORE
from earlywarn.history.view import View
from earlywarn.records.rules import RULES
from earlywarn.reports import terminal
from earlywarn.reports.html import report_html
from earlywarn.scoring.card import CAUTION, StartingCard

ROOT = Path(__file__).parents[2]

NEVER = (
    *(
        "unknown man",
        "missed opportunity",
        "missed opportunities",
        "failed to share",
        "failure to share",
        "warning lost",
    ),
    *(
        "churn",
        "disguised compliance",
        "non-engaging",
        "evidence",
        "alert",
        "catch",
        "caught",
        "high risk",
        "high-risk",
    ),
    *("would have prevented", "probability of harm", "suspicious", "dangerous", "did not attend", "DNA"),
)
NEVER_AT_ALL = r"\b(predicts? abuse|probability of (harm|abuse|death)|high-risk child|suspicious famil)"


def offending(text: str) -> list[str]:
    return [
        w for w in NEVER if re.search(rf"(?<![\w-]){re.escape(w)}(?![\w-])", text, 0 if w.isupper() else re.IGNORECASE)
    ]


def said_by_features() -> dict[str, str]:
    return {f.name: " ".join(vars(f.sentence).values()) for f in CORE}


@pytest.mark.parametrize("name", [f.name for f in CORE])
def test_sentences(name):
    assert offending(said_by_features()[name]) == []


def test_the_checker_can_fail():
    assert offending("A high-risk child; an alert was raised.") == ["alert", "high-risk"]


def test_rules_and_card():
    assert offending(" ".join(f"{r.problem} {r.fix}" for r in RULES.values())) == []
    assert offending(" ".join(t.why for t in StartingCard().terms)) == []


@pytest.fixture(scope="module")
def run(example):
    return score_records(example, "2026-11-01", viewers="all", capacity=10)


def words_of(page: str) -> str:
    """What a reader sees of a page: no tags, no style, no drawing."""
    visible = re.sub(r"<(style|svg|script)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", visible)


def test_the_page(run):
    view = View(run.records.only([f.child_id for f in (*run.flags, *run.flags.below)]), run.as_of)
    said = words_of(report_html(run.flags, view))
    assert offending(said) == []
    assert CAUTION in said
    assert "a person reads the records and decides" in said


def test_the_terminal_and_the_notebook(run, capsys):
    terminal.show_flags(terminal.console(), run.flags)
    said = capsys.readouterr().out + repr(run.flags) + "".join(map(str, run.flags)) + run.flags._repr_html_()
    assert offending(re.sub(r"<[^>]+>", " ", said)) == []
    assert CAUTION in said


def test_no_word_that_claims_too_much_stands_anywhere():
    texts = [
        p
        for d in ("src", "docs", "notebooks")
        for p in (ROOT / d).rglob("*")
        if p.suffix in {".py", ".md", ".toml", ".j2"}
    ]
    allowed = {"words.md", "test_words.py", "glossary.md"}  # they name the words to say why not
    found = [
        p.name
        for p in [*texts, ROOT / "README.md"]
        if p.name not in allowed and re.search(NEVER_AT_ALL, p.read_text(encoding="utf-8"), re.IGNORECASE)
    ]
    assert found == []
