"""Links by number, held to a slow reading of the same rules, and to what must hold of any records."""

from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.records.linkage import Linked, link
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Records

Row = dict[str, Any]

WHEN = dt.datetime(2026, 11, 1, 9, 30)
CHILDREN = tuple(f"{source}-{n}" for source in ("csc", "edu", "gp") for n in (1, 2, 3))
BIRTHS = (None, None, dt.date(2015, 3, 1), dt.date(2015, 3, 1), dt.date(2015, 3, 2))
NUMBERS = {
    "nhs_number": ("9434765919", "943 476 5919", "4010232137", "9434765918", "0000000000"),
    "upn": ("B801200005001", "b801200005001", "M80120000500A", "A801200005001"),
    "former_upn": ("B801200005001", "M80120000500A"),
    "la_child_id": ("007",),
}
SOUND = {"9434765919": 1, "4010232137": 2, "B801200005001": 3, "M80120000500A": 4}


@st.composite
def an_identifier(draw: st.DrawFn) -> Row:
    scheme = draw(st.sampled_from(("nhs_number", "nhs_number", "upn", "upn", "former_upn", "la_child_id")))
    return {
        "child_id": draw(st.sampled_from(CHILDREN)),
        "scheme": scheme,
        "value": draw(st.sampled_from(NUMBERS[scheme])),
        "valid_from": None,
        "valid_to": None,
    }


identifiers = st.lists(an_identifier(), max_size=9)
births = st.fixed_dictionaries({child: st.sampled_from(BIRTHS) for child in CHILDREN})


def records_of(rows: list[Row], born: dict[str, dt.date | None] | None = None) -> Records:
    children = [{"child_id": c, "birth_on": day} for c, day in (born or {}).items()]
    tables = {"identifiers": rows, "children": children}
    return Records({name: pl.DataFrame(made, schema=RECORD_TABLES[name].schema) for name, made in tables.items()})


def ids(found: Linked) -> set[tuple[str, str]]:
    return set(found.found.select("child_id", "same_as").rows())


def numbers_of(rows: list[Row]) -> dict[str, dict[str, set[tuple[str, bool]]]]:
    """For each child and kind of number, the sound ones, each with whether it is a former one."""
    kinds = {"nhs_number": "nhs", "upn": "upn", "former_upn": "upn"}
    made: dict[str, dict[str, set[tuple[str, bool]]]] = {}
    for row in rows:
        value, kind = row["value"].replace(" ", "").upper(), kinds.get(row["scheme"])
        if kind and value in SOUND:
            of_child = made.setdefault(row["child_id"], {"nhs": set(), "upn": set()})
            of_child[kind].add((value, row["scheme"] == "former_upn"))
    return made


def source(child: str) -> str:
    return child.split("-", maxsplit=1)[0]


def slowly(rows: list[Row], born: dict[str, dt.date | None]) -> set[tuple[str, str]]:
    """Read the rules of docs/decisions/0013 one by one, pair by pair."""
    made = numbers_of(rows)
    links = set()
    for one, other in combinations(sorted(made), 2):
        shared, differs, disputed, only_former = False, False, False, True
        for kind in ("nhs", "upn"):
            mine, theirs = made[one][kind], made[other][kind]
            common = {v for v, _ in mine} & {v for v, _ in theirs}
            differs |= bool(mine and theirs and not common)
            for value in common:
                shared = True
                holders = [c for c in made if value in {v for v, _ in made[c][kind]}]
                disputed |= len({source(c) for c in holders}) < len(holders)
                only_former &= not ((value, False) in mine or (value, False) in theirs)
        days = {born[one], born[other]}
        if shared and not (differs or disputed or only_former or (None not in days and len(days) == 2)):
            links.add((one, other))
    return {pair for pair in links if not mixed(reached(pair[0], links))}


def reached(child: str, links: set[tuple[str, str]]) -> set[str]:
    group, before = {child}, set()
    while group != before:
        before = set(group)
        group |= {c for pair in links if group & set(pair) for c in pair}
    return group


def mixed(group: set[str]) -> bool:
    return len({source(c) for c in group}) < len(group)


@given(identifiers, births)
def test_links_are_those_of_the_slow_reading(rows, born):
    assert ids(link(records_of(rows, born), known_at=WHEN)) == slowly(rows, born)


@settings(max_examples=25)
@given(identifiers, births, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_a_row_twice_changes_anything(rows, born, chance):
    mixed_rows = rows + rows[:3]
    chance.shuffle(mixed_rows)
    first, again = (link(records_of(r, born), known_at=WHEN) for r in (rows, mixed_rows))
    assert first.found.equals(again.found)
    assert first.review.equals(again.review)


@settings(max_examples=25)
@given(identifiers, births)
def test_a_child_who_has_nothing_in_common_changes_no_other_link(rows, born):
    other = [{**r, "child_id": "other-1", "value": v} for r in rows[:1] for v in ("4505577104",)]
    first, again = (link(records_of(r, b), known_at=WHEN) for r, b in ((rows, born), (rows + other, born)))
    assert first.found.equals(again.found)
    assert first.review.equals(again.review)


@settings(max_examples=25)
@given(identifiers, births)
def test_every_link_is_of_two_ids_of_two_sources_and_of_the_day_asked_for(rows, born):
    found = link(records_of(rows, born), known_at=WHEN)
    assert all(one < other and source(one) != source(other) for one, other in ids(found))
    assert found.found["known_at"].unique().to_list() in ([], [WHEN])
    assert not ids(found) & set(found.review.select("child_id", "same_as").rows())
    assert found.records.frames["links"].equals(found.found)


@settings(max_examples=25)
@given(identifiers, births)
def test_linking_twice_finds_nothing_more(rows, born):
    first = link(records_of(rows, born), known_at=WHEN)
    again = link(first.records, known_at=WHEN + dt.timedelta(days=30))
    assert again.found.is_empty()
    assert again.review.equals(first.review)
    assert again.records.frames["links"].equals(first.records.frames["links"])


@settings(max_examples=10)
@given(identifiers, births)
def test_without_identifiers_there_are_no_links(rows, born):
    kept = [row for row in rows if row["scheme"] == "la_child_id"]
    found = link(records_of(kept, born), known_at=WHEN)
    assert found.found.is_empty()
    assert found.review.is_empty()
