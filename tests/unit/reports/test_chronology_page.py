"""The page of a chronology: a column an agency, nothing loaded, nothing named that may not be, the same bytes."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import polars as pl
import pytest

from earlywarn.history.chronology import Chronology, chronology
from earlywarn.history.view import View
from earlywarn.history.who_knew import NOT_THE_SAME
from earlywarn.records.codes import AGENCIES, ORGANISATIONS
from earlywarn.records.tables import Records
from earlywarn.reports.chronology_page import chronology_html
from earlywarn.reports.html import CSP
from earlywarn.review.flag import A_PERSON_DECIDES
from tests.changes import shuffled, with_rows, without_records
from tests.spec.test_words import offending, words_of
from tests.unit.history.test_chronology import concern, of, record, told
from tests.unit.reports import made
from tests.unit.reports.test_html import Page

DAY = "2026-11-01"


def page_of(records: Records, child: str, day: Any = DAY, viewer: str = "pooled") -> str:
    return chronology_html(chronology(View(records, day, viewer), child))


@pytest.fixture(scope="module")
def busy(example) -> tuple[Chronology, str]:
    value = chronology(View(example, DAY), "c0142")
    return value, chronology_html(value)


def cells(page: str) -> list[str]:
    return re.findall(r'<td class="knew">.*?<span class="away">([^<]*)</span></td>', page)


def test_every_record_is_a_row_and_every_agency_a_column(busy):
    value, page = busy
    rows = re.findall(r"<tr><td>", page[page.index('class="events"') :])
    heads = re.findall(r'<th scope="col" class="agency"><span>([^<]*)</span>', page)
    assert len(rows) == value.events.height
    assert [h.lower() for h in heads] == [AGENCIES[a].label.lower().replace("'", "&#39;") for a in value.organisations]
    assert len(cells(page)) == value.events.height * len(value.organisations)


def test_each_cell_says_in_words_what_its_mark_says(busy):
    value, page = busy
    counts = dict(value.by_agency()["how"].value_counts().iter_rows())
    said = cells(page)
    assert sum(w.startswith("told on") for w in said) == counts["told"] == page.count('aria-hidden="true">▲')
    assert said.count("not in its records") == counts["not in its records"] == page.count('aria-hidden="true">○')
    assert sum(w.startswith("holds it") for w in said) == counts["raised"] + counts["holds"]
    assert said.count("cannot tell") == counts["cannot tell"]


def test_every_concern_is_there_with_its_life(busy):
    value, page = busy
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', page[page.index('class="lives"') : page.index('id="records"')])
    assert len(rows) == value.concerns.height
    states = value.concerns["state"]
    assert sum("Concluded on" in r for r in rows) == (states == "concluded").sum()
    assert sum("(raised again)" in r for r in rows) == value.concerns["again"].sum()


def test_gaps_stand_as_rows_between_the_records():
    page = chronology_html(of(record("a", "gp"), record("b", "police", 130), as_of="2026-07-20"))
    assert "No record by anyone for 4 months, from 1 Mar 2026 to 9 Jul 2026" in page
    assert page.index("1 Mar 2026</td>") < page.index("No record by anyone") < page.index("9 Jul 2026</td>")
    own = chronology_html(of(record("a", "gp"), viewer="gp"))
    assert "No record in this view for 8 months, from 1 Mar 2026 until the as-of day" in own


def test_a_day_is_said_as_exactly_as_the_source_has_it():
    vague = [
        record("a", "gp", occurred_precision="month"),
        record("b", "gp", occurred_precision="year"),
        record("c", "gp", occurred_at=None, occurred_precision="unknown"),
        record("d", "gp", kind="conclusion", follows="c"),
        record("e", "gp", planned=True, occurred_at=dt.datetime(2027, 1, 1)),
    ]
    page = chronology_html(of(*vague))
    for said in ("<td>Mar 2026</td>", "<td>2026</td>", "<td>known 1 Mar 2026</td>"):
        assert said in page
    assert "Conclusion of the incident known 1 Mar 2026" in page
    assert page.index("Planned, and not yet due") < page.index("<td>1 Jan 2027</td>")


def test_the_head_says_whose_records_whose_not_and_that_a_person_decides():
    link = dict(child_id="c1", same_as="c2", known_at=dt.datetime(2026, 3, 2), method="m")
    contacts = [record("a", "gp"), record("b", "police", child_id="c2")]
    page = Page(chronology_html(of(*contacts, links=[link], sharing=[told("a", "school", 2)])))
    for said in (
        "2 records held by 2 agencies: GP, police.",
        "Everything here was known before 1 Nov 2026 began, by any of these agencies.",
        "No records of this child here from: social care, early help, education, justice",
        "Told, with no records of their own here: school.",
        "Also recorded as: c2.",
        NOT_THE_SAME,
        A_PERSON_DECIDES,
    ):
        assert said in page.text
    assert "by the GP or the police" in chronology_html(of(*contacts, viewer="police+gp"))
    assert "by the GP alone" in chronology_html(of(*contacts, viewer="gp"))
    assert "by any agency of the sector health" in chronology_html(of(*contacts, viewer="sector:health"))


@pytest.mark.parametrize("child", made.HOSTILE)
def test_hostile_ids_and_words_are_text_and_nothing_else(child):
    text = page_of(made.records(), child)
    page = Page(text)
    assert page.open == []
    assert {tag for tag, _ in page.tags} & {"script", "img", "iframe", "object", "link", "form", "i"} == set()
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on")]
    assert f"Child {child}: chronology" in page.text
    assert '<b>our "code"</b>' in page.text.lower()


def test_the_page_loads_nothing_and_may_do_nothing(busy):
    text = busy[1]
    assert not re.search(r"https?://", text)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    [policy] = [m["content"] for m in Page(text).all("meta") if m.get("http-equiv")]
    assert policy == CSP
    assert text.index("Content-Security-Policy") < text.index("<style")


def test_it_reads_in_order_and_every_table_and_picture_has_a_name(busy):
    page = Page(busy[1])
    ids = [i for _, attrs in page.tags if (i := attrs.get("id")) and not re.fullmatch(r"p[0-9a-f]{10}-\d+", i)]
    assert ids == ["picture", "concerns", "plans", "records", "delays"]
    assert len(page.all("caption")) == len(page.all("table"))
    assert [a["href"] for a in page.all("a")] == ["#records"]
    assert all(svg.get("aria-label") for svg in page.all("svg"))
    assert all("scope" in th for th in page.all("th"))


def test_no_worker_place_or_person_is_named(example):
    """Whatever stands in those columns: only the ids of the child and of no one else are in the page."""
    hidden = Records(
        {
            name: frame.with_columns(
                pl.when(pl.col(c).is_not_null()).then(pl.lit(f"HIDDEN-{c}")).alias(c)
                for c in frame.columns
                if c in {"worker_id", "place_id", "org_id", "person_id", "household_id"}
            )
            for name, frame in example.frames.items()
        }
    )
    page = page_of(hidden, "c0142")
    assert "HIDDEN" not in page
    assert page == page_of(example, "c0142")


def test_the_words_are_those_of_the_house(busy):
    assert offending(words_of(busy[1])) == []


def test_what_is_written_later_changes_no_byte(example):
    day = dt.date(2025, 6, 1)
    midnight = dt.datetime(2025, 6, 1)
    later = example.frames["contacts"].filter(pl.col("known_at") >= midnight)["record_id"]
    shared = example.frames["sharing"].filter(pl.col("shared_at") < midnight)
    past = without_records(Records({**example.frames, "sharing": shared}), set(later), follow=False)
    assert past.frames["contacts"].height < example.frames["contacts"].height
    for viewer in ("pooled", "school"):
        assert page_of(past, "c0142", day, viewer) == page_of(example, "c0142", day, viewer)


def test_the_order_of_rows_changes_no_byte(example, busy):
    assert page_of(shuffled(example, 5), "c0142") == busy[1]


def test_one_record_many_agencies_and_very_long_words_are_a_whole_page():
    agencies = ORGANISATIONS[:25]
    many = [record(f"r{a}", a, n) for n, a in enumerate(agencies)]
    long = concern("k", "r" + agencies[0], "x" * 300)
    page = Page(chronology_html(of(*many, concerns=[long])))
    assert page.open == []
    widths = [float(re.sub(r"[^\d.]", "", str(c["style"]))) for c in page.all("col")][5:]
    assert 99 < sum(widths) < 101, "columns share the table's width out, however many there are"
    assert min(widths) > 2
    alone = Page(chronology_html(of(record("r", "gp"))))
    assert alone.open == []
    assert "No concern is recorded in these records." in alone.text


def test_only_planned_records_are_a_whole_page():
    ahead = with_rows(Records({}), contacts=[record("r", "gp", planned=True, occurred_at=dt.datetime(2027, 1, 1))])
    assert Page(page_of(ahead, "c1")).open == []
