"""A mapping is checked before a row is read: what is wrong in it is named with its place and the nearest right word."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from earlywarn.errors import SourceError
from earlywarn.records.codes import AGENCIES, BASES, CONCERNS, KINDS, OUTCOMES
from earlywarn.records.mapping.declared import load, mappings, parse, shipped
from earlywarn.records.mapping.layout import Layout, plain
from earlywarn.records.sources.clocks import clocks

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
[source]
name = "ours"
children = "record_number"
held_by = "police"
[tables.calls]
files = ["calls"]
child = "who"
key = ["no"]
[tables.calls.columns]
no = { holds = "id", required = true }
who = { holds = "id", required = true }
on = { holds = "day", required = true }
what = { holds = "what" }
[[tables.calls.records]]
as = "call"
kind = "contact"
occurred = "@on"
known = "@on"
basis = "unknown"
concerns = [{ category = "@what" }]
[codes.what.means]
a = "neglect"
"""


def parsed(text: str) -> Layout:
    return parse(tomllib.loads(text), "ours.toml")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('held_by = "police"', 'held_by = "polise"', 'did you mean "police"'),
        ('children = "record_number"', 'children = "number"', "source.children"),
        ('kind = "contact"', 'kind = "contakt"', 'did you mean "contact"'),
        ('basis = "unknown"', 'basis = "guessed"', "basis"),
        ('occurred = "@on"', 'occurred = "@when"', 'uses the column "when"'),
        ('known = "@on"', 'known = "2020-01-01"', "known must be"),
        ('key = ["no"]', 'key = ["number"]', '"number", which is not declared'),
        ('holds = "what"', 'holds = "whatt"', 'did you mean "what"'),
        ("[tables.calls]", "[tables.calls]\nfile = 1", 'did you mean "files"'),
        ('child = "who"', "", "which child a row is about"),
        ('kind = "contact"', 'kind = "conclusion"', "must follow a record"),
        ('basis = "unknown"', 'basis = ["unknown", "extract"]', "one for each of known"),
        ('as = "call"', "", "does not say as"),
        ('category = "@what"', 'categori = "@what"', 'did you mean "category"'),
        ("[codes.what.means]", '[codes.what]\nstrip = "("\n[codes.what.means]', "regular expression"),
        ("[codes.what.means]", '[codes.what]\npick = "a"\n[codes.what.means]', "one group"),
        ("[codes.what.means]", '[codes.what]\nextends = "needs"\n[codes.what.means]', 'no shared list "needs"'),
        ('basis = "unknown"', 'basis = "unknown"\nfollows = "cal"', 'did you mean "call"'),
        ('basis = "unknown"', 'basis = "unknown"\nfacts = { colour = "@what" }', '"colour" is not known'),
        ('basis = "unknown"', 'basis = "unknown"\nagency = "polic"', 'did you mean "police"'),
    ],
)
def test_a_slip_is_named_with_its_place(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(SourceError) as caught:
        parsed(GOOD.replace(old, new, 1))
    assert caught.value.rule == "EW-F24"
    assert "ours.toml" in caught.value.message
    assert says in caught.value.message


def test_what_is_no_toml_or_no_file_is_said_so(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[source\n")
    for path, says in ((bad, "is no TOML"), (tmp_path / "none.toml", "cannot be opened")):
        with pytest.raises(SourceError) as caught:
            load(path)
        assert says in caught.value.message


def test_one_mapping_over_another_replaces_only_what_it_says() -> None:
    over = parsed('extends = "ssda903"\nsource.dates = ["iso"]\n')
    below = shipped("ssda903")
    assert over.source.dates == ("iso",)
    assert over.tables == below.tables
    with pytest.raises(SourceError, match="to extend"):
        parsed('extends = "ssd903"\n')


@pytest.mark.parametrize("name", mappings())
def test_what_ships_uses_words_of_the_contract_and_gives_its_reasons(name: str) -> None:
    made = shipped(name)
    for table in made.tables.values():
        for record in table.records:
            assert record.because, f"{table.name}, {record.name}: every clock has a reason"
            assert set(record.basis) <= set(BASES)
            assert record.kind in KINDS or str(record.kind).startswith("@")
        for column in table.columns.values():
            listed = made.codes.get(column.holds)
            for means in listed.means.values() if listed else ():
                assert all(isinstance(m, str) and m for m in means)


def test_the_shared_lists_mean_words_of_the_contract() -> None:
    lists = shipped("ssda903").codes
    words: dict[str, Any] = {"referral_source": AGENCIES, "need": CONCERNS, "abuse": CONCERNS, "factor": CONCERNS}
    for name, known in {**words, "outcome": OUTCOMES}.items():
        assert {m for means in lists[name].means.values() for m in means} <= set(known)
    assert lists["referral_source"].means["3b"] == ("health_visiting",)
    assert lists["kind"].means["health encounter"] == ("encounter",)
    assert "conclusion" not in lists["kind"].means, "a conclusion must follow something"


@pytest.mark.parametrize("name", [*mappings(), ""])
def test_every_clock_can_be_printed(name: str) -> None:
    rules = clocks("table", name) if name else clocks("")
    assert rules
    assert all(rule.because and rule.known_from for rule in rules)


def test_a_word_does_not_depend_on_blanks_or_case() -> None:
    assert plain("  Date of\u00a0 CONTACT ") == "date of contact"
