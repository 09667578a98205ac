"""The page: everything escaped, nothing loaded, whole when empty, and the same bytes for the same list."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from earlywarn.datasets import load_example
from earlywarn.errors import ArgumentError
from earlywarn.history.view import View
from earlywarn.reports._sheet import Scale, bars
from earlywarn.reports.html import CSP, report_html, sheet_html
from earlywarn.review.flag import A_PERSON_DECIDES
from earlywarn.review.flags import raise_flags
from earlywarn.review.population import EXCLUSIONS
from tests.unit.reports import made

VOID = {"meta", "br", "link", "img", "hr", "input"}
FORBIDDEN = (
    *("unknown man", "missed opportunity", "failed to share", "warning lost", "churn", "disguised compliance"),
    *("non-engaging", "evidence", "alert", "high risk", "would have prevented", "probability", "suspicious"),
)


class Page(HTMLParser):
    """What a browser would see: tags, attributes, text, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def hostile() -> str:
    return report_html(made.flags(), View(made.records(), made.AS_OF), note="<i>Synthetic</i> records")


@pytest.fixture(scope="module")
def example() -> tuple[str, str]:
    records = load_example()
    flags = raise_flags(records, "2026-11-01", capacity=4)
    view = View(records.only([f.child_id for f in flags]), "2026-11-01")
    return report_html(flags, view), report_html(flags, View(records, "2026-11-01"))


def test_hostile_ids_are_text_and_nothing_else(hostile: str) -> None:
    page = Page(hostile)
    assert page.open == []
    assert {tag for tag, _ in page.tags} & {"script", "img", "iframe", "object", "link", "form", "i", "b"} == set()
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on")]
    assert all(child in page.text for child in made.HOSTILE)
    assert "49" not in re.findall(r"Child (\S+)", page.text)
    assert '<b>our "code"</b>' in page.text
    assert "<i>Synthetic</i> records" in page.text


def test_anchors_and_ids_are_made_of_places_alone(hostile: str) -> None:
    page = Page(hostile)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"sheet-\d+|list|below|not-listed|p[0-9a-f]{10}-\d+", i or "") for i in ids)
    assert {a["href"] for a in page.all("a")} == {"#list", *(f"#sheet-{i}" for i in range(1, 5))}


def test_the_page_loads_nothing_and_may_do_nothing(hostile: str, example: tuple[str, str]) -> None:
    for text in (hostile, *example):
        assert not re.search(r"https?://", text)
        assert "@import" not in text
        assert not re.search(r"url\((?!#)", text)
        [policy] = [m["content"] for m in Page(text).all("meta") if m.get("http-equiv")]
        assert policy == CSP
        assert text.index("Content-Security-Policy") < text.index("<style")


def test_the_caution_cannot_leave_the_style_sheet(hostile: str) -> None:
    style = hostile[hostile.index("<style>") : hostile.index("</style>")]
    assert "As of 1 Nov 2026" in style
    assert "\\3c \\2f style" in style


def test_every_sentence_record_gap_and_question_is_there(hostile: str) -> None:
    text = Page(hostile).text
    for flag in made.flags():
        said = [r.sentence for r in flag.reasons] + [i for r in flag.reasons for i in r.record_ids]
        for words in (*said, *flag.not_known, *flag.questions, flag.sum_in_words()):
            assert words in text
        assert flag.header["status"] in text


def test_the_page_says_whose_records_and_that_a_person_decides(hostile: str) -> None:
    text = Page(hostile).text
    assert text.index("Records held by 3 agencies") < text.index("The list")
    assert "No records were given from: early help, police, justice, housing" in text
    assert text.count(A_PERSON_DECIDES) == 1 + len(made.flags())
    assert "4 households (4 children), out of 7 households" in text
    assert "1 more household has the same score as the last one listed" in text
    assert all(reason.capitalize()[:9] in text for reason in EXCLUSIONS)
    assert "police, 2 May 2026" in text, "who was told, and when"


def test_headings_are_in_order_and_tables_have_headers(hostile: str, example: tuple[str, str]) -> None:
    for text in (hostile, example[0]):
        page = Page(text)
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
        assert all(th.get("scope") in {"row", "col"} for th in page.all("th"))
        assert len(page.all("caption")) == len(page.all("table"))
        assert page.all("html") == [{"lang": "en-GB"}]
        assert [s.get("role") or s.get("aria-hidden") for s in page.all("svg")].count(None) == 0


def test_the_same_list_gives_the_same_bytes_and_only_its_children_matter(example: tuple[str, str]) -> None:
    of_the_flagged, of_everybody = example
    assert of_the_flagged == of_everybody


def test_the_example_reads_as_the_words_are_agreed(example: tuple[str, str]) -> None:
    text = Page(example[0]).text.lower()
    assert not [words for words in FORBIDDEN if re.search(rf"\b{words}\b", text)]
    assert "synthetic" not in text
    assert not re.search(r"\b1 records", text)


@pytest.mark.parametrize("change", [{}, {"held_by": ("gp",)}, {"held_by": (), "candidates": 0, "ties": 0}])
def test_an_empty_list_is_a_whole_page(change: dict[str, Any]) -> None:
    empty = made.flags(flags=(), below=(), households=0, **change)
    page = Page(report_html(empty, View(made.records(), made.AS_OF)))
    assert page.open == []
    assert "No child is on this list" in page.text
    assert "Who is not listed, and why" in page.text
    assert "Just below" not in page.text


def test_one_agency_alone_is_told_what_it_cannot_show() -> None:
    page = report_html(made.flags(held_by=("gp",)), View(made.records(), made.AS_OF))
    assert "This run cannot show what agencies did not tell each other" in page


def test_a_sheet_stands_alone() -> None:
    flag = made.flag(made.HOSTILE[0], rank=None)
    text = sheet_html(flag, View(made.records(), made.AS_OF), note="Synthetic")
    page = Page(text)
    assert [tag for tag, _ in page.tags if tag in {"h1", "h2", "h3"}][:2] == ["h1", "h2"]
    assert page.all("a") == []
    assert "Rank" not in page.text
    assert text == sheet_html(flag, View(made.records(), made.AS_OF), note="Synthetic")


@pytest.mark.parametrize(("day", "viewer"), [("2026-10-31", "pooled"), ("2026-11-01", "gp")])
def test_a_view_of_another_day_or_viewer_is_refused(day: str, viewer: str) -> None:
    with pytest.raises(ArgumentError, match="not the one these flags were raised on"):
        report_html(made.flags(), View(made.records(), day, viewer))


def test_a_record_that_the_view_lacks_is_named_and_nothing_is_made_up() -> None:
    flag = made.flag(made.HOSTILE[0])
    reason = replace(flag.reasons[0], record_ids=("gone",))
    text = Page(sheet_html(replace(flag, reasons=(reason,)), View(made.records(), made.AS_OF))).text
    assert "gone" in text
    assert "no entry" in text


def test_bars_share_one_scale_and_never_leave_it() -> None:
    flag = made.flag(own_views={"pooled": 3, "gp": -1, "school": 2})
    drawn = {b.name: b for b in bars(flag, Scale.of([flag]))}
    assert drawn["all together"].width == 54.0
    assert drawn["all together"].start == drawn["school"].start == 18.0
    assert drawn["GP"].below
    assert drawn["GP"].start == 0.0


def test_a_single_agency_is_not_shown_what_others_would_score() -> None:
    flag = made.flag(viewer="gp", score=1, own_views={"pooled": 3, "gp": 1, "school": 2})
    assert [(b.name, b.points) for b in bars(flag, Scale.of([flag]))] == [("GP", 1)]
