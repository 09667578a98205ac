"""What hostile text and lopsided tables become where people see them: nothing runs, nothing breaks out, all ends."""

from __future__ import annotations

import csv
import json
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tests.e2e import AS_OF, earlywarn
from tests.malformed.identifiers import concern, contact, folder
from tests.malformed.text import ACTIVE, FORMULAS, GLYPHS, LINES, ORDERS, TEMPLATES, fact

if TYPE_CHECKING:
    from pathlib import Path

    from tests.malformed.identifiers import Row

HOSTILE = [t for t in (*ACTIVE, *FORMULAS, *TEMPLATES, *ORDERS) if t.isprintable()]
"""Texts that an id may be: nothing in them is refused."""


def records_of(place: Path, names: list[str], notes: list[str]) -> Path:
    """A folder in which every child, team, worker, person and category is called by one of the names."""
    place.mkdir()
    tables: dict[str, list[Row]] = {"contacts": [], "concerns": [], "facts": [], "people": [], "households": []}
    for n, name in enumerate(names, start=1):
        row = {"kind": "referral", "agency": "school", "held_by": "social_care", "occurred_at": "2026-03-02"}
        tables["contacts"].append(
            contact(
                n, child_id=name, org_id=name, worker_id=f"w{n}", place_id=name, source=name, source_row=name, **row
            )
        )
        tables["concerns"].append(concern(n, record_id=f"r{n}", child_id=name, severity="3", code=name))
        tables["people"].append({"child_id": name, "person_id": f"p{n}", "role": "mother", "record_id": f"r{n}"})
        tables["households"].append({"child_id": name, "household_id": f"h{name}", "record_id": f"r{n}"})
        tables["facts"] += [fact(note) | {"record_id": f"r{n}"} for note in [*notes, name]]
    folder(**tables)(place)
    return place


class Tags(HTMLParser):
    """Which elements a page has, and with which attributes, whatever they hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag, tuple(sorted(name for name, _ in attrs))] += 1


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two runs of the same records: once with hostile names and notes, once with harmless ones."""
    place = tmp_path_factory.mktemp("shown")
    notes = [*HOSTILE, *LINES, *GLYPHS]
    plain = [f"note {n}" for n, _ in enumerate(notes)]
    for which, names in (("hostile", HOSTILE), ("plain", [f"k{n:02}" for n in range(len(HOSTILE))])):
        there = records_of(place / which, names, notes if which == "hostile" else plain)
        ended = earlywarn("score", there, "--as-of", AS_OF, "--out", place / f"{which}-run", "--capacity", len(names))
        assert ended.code in (0, 4), ended.err
        assert "Traceback" not in ended.out + ended.err
    return {which: place / f"{which}-run" for which in ("hostile", "plain")}


def test_a_page_has_the_same_elements_whatever_children_are_called(runs: dict[str, Path]) -> None:
    hostile, plain = (Tags((runs[which] / "report.html").read_text("utf-8")).found for which in ("hostile", "plain"))
    assert hostile == plain
    assert not {tag for tag, _ in hostile} & {"script", "img", "iframe", "object", "embed", "form", "base"}
    assert not any(name.startswith("on") for _, names in hostile for name in names)


def test_no_cell_of_the_lists_would_run_in_a_spreadsheet(runs: dict[str, Path]) -> None:
    for path in runs["hostile"].glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            cells = [cell for row in csv.reader(handle) for cell in row]
        assert cells
        assert not [cell for cell in cells if cell and cell[0] in "=@\t\r"]
        assert not (set(FORMULAS) - {"-1", "'=1"}) & set(cells)


def test_templates_and_orders_are_letters(runs: dict[str, Path]) -> None:
    page = (runs["hostile"] / "report.html").read_text("utf-8")
    assert "{{7*7}}" in page
    assert ">49<" not in page
    assert "{0.__class__}" in page


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_child_of_any_name_is_explained(tmp_path: Path, name: str) -> None:
    there = records_of(tmp_path / "there", [name], [])
    ended = earlywarn(
        "explain", there, f"--child={name}", "--as-of", AS_OF, "--html", tmp_path / "sheet.html", "--json"
    )
    assert ended.code == 0, ended.err
    assert ended.json()["child_id"] == name
    assert not {t for t, _ in Tags((tmp_path / "sheet.html").read_text("utf-8")).found} & {"script", "img", "iframe"}


def test_ten_thousand_open_concerns_of_one_child_are_a_few_reasons(tmp_path: Path) -> None:
    kinds = ("neglect", "domestic_abuse", "missing", "home_conditions")
    rows = [contact(n, kind="referral", held_by="social_care") for n in range(10_000)]
    concerns = [concern(n, record_id=f"r{n}", category=kinds[n % 4], severity="3") for n in range(10_000)]
    words = folder(contacts=rows, concerns=concerns)(tmp_path)
    ended = earlywarn("explain", words[1], "--child", rows[0]["child_id"], "--as-of", AS_OF, "--json")
    assert ended.code == 0, ended.err
    reasons = ended.json()["reasons"]
    assert 0 < len(reasons) < 30
    assert any(len(reason["record_ids"]) == 10_000 for reason in reasons)


def test_a_worker_of_five_thousand_children_is_a_worker(tmp_path: Path) -> None:
    rows = [
        contact(n, child_id=f"c{n}", worker_id="duty@desk", kind="referral", held_by="social_care") for n in range(5000)
    ]
    words = folder(contacts=rows)(tmp_path)
    ended = earlywarn("score", words[1], "--as-of", AS_OF, "--out", tmp_path / "run", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["flags"] is not None


def test_a_child_without_a_record_is_told_so(tmp_path: Path) -> None:
    words = folder(children=[{"child_id": "c7", "birth_on": "2020-01-01"}])(tmp_path)
    ended = earlywarn("explain", words[1], "--child", "c7", "--as-of", AS_OF)
    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert "Expected:" in ended.err


def test_records_of_days_to_come_are_in_no_view(tmp_path: Path) -> None:
    """The contract knows no day of its own: what is known later is hidden by every earlier view, to the midnight."""
    soon = [
        contact(n, child_id=f"c{n}", known_at=day)
        for n, day in enumerate(("2026-10-31T23:59:59.999999", AS_OF, "2099-01-01"))
    ]
    words = folder(contacts=soon)(tmp_path)
    ended = earlywarn("features", words[1], "--as-of", AS_OF, "--out", tmp_path / "f.parquet", "--json")
    assert ended.code == 0, ended.err
    assert ended.json()["rows"] == 1
