"""Ids of one child are linked by a sound number, or by likeness that nothing speaks against; a person sees the rest."""

from __future__ import annotations

import datetime as dt
import random
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from earlywarn.errors import ArgumentError, SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.identifiers import CHECK_LETTERS, compact, sound_nhs_number, sound_upn
from earlywarn.records.linkage import Linked, link, read_identities, write_linked
from earlywarn.records.linkage import linking as linkage
from earlywarn.records.mapping.declared import shipped
from earlywarn.records.mapping.mapped import map_sheets
from earlywarn.records.opening.sheets import Sheet
from earlywarn.records.reading import read_records
from earlywarn.records.tables import Records
from tests.unit.records.test_reading import child, contact

if TYPE_CHECKING:
    from pathlib import Path

WHEN = "2026-11-01"
NHS = ("943 476 5919", "9434765919", "401 023 2137")
Row = dict[str, Any]


def nhs(number: int) -> str:
    """An NHS number with the right last digit, counted out slowly; of those that would need a 10, the next."""
    digits = [int(d) for d in f"{number:09}"]
    check = 11 - sum(d * (10 - place) for place, d in enumerate(digits)) % 11
    return nhs(number + 1) if check == 10 else f"{number:09}{0 if check == 11 else check}"


def upn(middle: str) -> str:
    """A UPN with the right letter, counted out slowly."""
    values = [int(c) if c.isdigit() else CHECK_LETTERS.index(c) for c in middle]
    return CHECK_LETTERS[sum(v * place for place, v in enumerate(values, start=2)) % 23] + middle


def number(child_id: str, value: str, scheme: str = "nhs_number") -> Row:
    return {"child_id": child_id, "scheme": scheme, "value": value}


def records_of(*identifiers: Row, births: dict[str, str] | None = None, **tables: list[Row]) -> Records:
    """Records of the children that have these identifiers, of social care unless their id begins otherwise."""
    ids = dict.fromkeys([row["child_id"] for row in identifiers] + list(births or {}))
    contacts = [contact(f"r{n}", child_id=i) for n, i in enumerate(ids)] or [contact("r0", child_id="none-1")]
    frames = {"contacts": contacts, "identifiers": list(identifiers), **tables}
    frames["children"] = [child(child_id=i, birth_on=day) for i, day in (births or {}).items()]
    made = Records.from_frames(**{n: pl.DataFrame(rows) for n, rows in frames.items() if rows})
    assert made.refused == 0
    return made


def linked_ids(found: Linked, subject: str = "child") -> set[tuple[str, str]]:
    return set(found.found.filter(pl.col("subject") == subject).select("child_id", "same_as").rows())


def why(found: Linked) -> dict[tuple[str, str], str]:
    return {(a, b): reason for a, b, reason in found.review.select("child_id", "same_as", "reason").rows()}


# --- numbers -------------------------------------------------------------------------------------------------------


def sound(check: Any, values: list[str]) -> list[bool]:
    return pl.DataFrame({"v": values}).select(check(compact(pl.col("v")))).to_series().to_list()


def test_nhs_numbers_are_told_from_mistyped_ones():
    good = [nhs(n) for n in range(400_000_000, 400_000_040)]
    assert all(sound(sound_nhs_number, [*good, "943 476 5919", "943-476-5919"]))
    for place in range(10):
        wrong = [n[:place] + str((int(n[place]) + 1) % 10) + n[place + 1 :] for n in good]
        assert not any(sound(sound_nhs_number, wrong)), place
    assert not any(sound(sound_nhs_number, ["", "943476591", "94347659190", "943476591X", "٩٤٣٤٧٦٥٩١٩"]))


def test_ten_equal_digits_pass_the_sum_and_are_no_number():
    assert not any(sound(sound_nhs_number, [str(d) * 10 for d in range(10)]))
    assert not any(sound(sound_upn, [upn(str(d) * 12) for d in range(10)]))


def test_upns_are_told_from_mistyped_ones():
    published = ["B801200005001", "b801 2000 05001"]
    temporary = [upn(f"80120000500{letter}") for letter in CHECK_LETTERS]
    assert all(sound(sound_upn, [*published, *temporary, *(upn(f"{n:012}") for n in range(300, 340))]))
    assert not any(sound(sound_upn, ["A801200005001", "B80120000500", "B80120000A001", ""]))
    others = [letter + t[1:] for t in temporary for letter in CHECK_LETTERS if letter != t[0]]
    assert not any(sound(sound_upn, others))
    assert not any(sound(sound_upn, [f"{letter}80120000500{last}" for letter in CHECK_LETTERS for last in "IOS"]))


def test_one_sound_number_links_however_it_is_written():
    found = link(records_of(number("gp-1", NHS[0]), number("sc-9", NHS[1]), number("sc-8", NHS[2])), known_at=WHEN)
    assert linked_ids(found) == {("gp-1", "sc-9")}
    assert found.review.is_empty()
    row = found.records.frames["links"].row(0, named=True)
    assert row == {
        "child_id": "gp-1",
        "same_as": "sc-9",
        "known_at": dt.datetime(2026, 11, 1),
        "method": "nhs_number",
        "weight": None,
        "probability": None,
        "subject": "child",
    }


def test_a_number_that_cannot_be_right_links_nothing_and_is_counted():
    found = link(records_of(number("gp-1", "9434765918"), number("sc-9", "9434765918")), known_at=WHEN)
    assert linked_ids(found) == set()
    assert found.review.is_empty()
    assert "2 values of nhs number cannot be right and link nothing." in found.describe()
    assert "9434765918" not in found.describe()


def test_a_former_upn_is_compared_with_upns_and_not_with_former_ones():
    now, before = upn("801200005001"), upn("801200006001")
    found = link(
        records_of(
            number("sc-1", now, "upn"), number("school-1", now, "former_upn"),
            number("sc-2", before, "former_upn"), number("school-2", before, "former_upn"),
        ),
        known_at=WHEN,
    )  # fmt: skip
    assert linked_ids(found) == {("school-1", "sc-1") if "school-1" < "sc-1" else ("sc-1", "school-1")}
    assert why(found) == {("sc-2", "school-2"): "only a former number is shared"}


def test_two_ids_of_one_source_with_one_number_are_for_a_person_with_all_who_share_it():
    found = link(records_of(number("sc-1", NHS[0]), number("sc-2", NHS[0]), number("gp-7", NHS[0])), known_at=WHEN)
    assert linked_ids(found) == set()
    assert set(why(found)) == {("gp-7", "sc-1"), ("gp-7", "sc-2"), ("sc-1", "sc-2")}
    assert set(why(found).values()) == {"another id of the same source has this number too"}


@pytest.mark.parametrize(
    ("ids", "linked"),
    [
        (("301-1", "301-2"), False),  # one authority
        (("301-1", "302-1"), True),
        (("sc-1", "gp-1"), True),
        (("one", "two"), False),  # no hyphen: both are ids of one holder's records
        (("0f0e0d0c-1111-4000-8000-000000000001", "0f0e0d0d-1111-4000-8000-000000000001"), False),  # nor have UUIDs
    ],
)
def test_whose_numbering_an_id_is_of(ids, linked):
    found = link(records_of(*(number(i, NHS[0]) for i in ids)), known_at=WHEN)
    assert (found.found.height, found.review.height) == (int(linked), int(not linked))


def test_ids_without_a_hyphen_of_different_holders_are_linked():
    made = Records.from_frames(
        contacts=pl.DataFrame([contact("r1", child_id="one"), contact("r2", child_id="two", held_by="school")]),
        identifiers=pl.DataFrame([number("one", NHS[0]), number("two", NHS[0])]),
    )
    assert linked_ids(link(made, known_at=WHEN)) == {("one", "two")}


def test_births_that_differ_are_for_a_person():
    births = {"gp-1": "2015-03-01", "sc-1": "2015-01-03", "gp-2": "", "sc-2": "2015-01-03"}
    found = link(
        records_of(
            *(number(i, NHS[0]) for i in ("gp-1", "sc-1")),
            *(number(i, NHS[2]) for i in ("gp-2", "sc-2")),
            births=births,
        ),
        known_at=WHEN,
    )  # fmt: skip
    assert why(found) == {("gp-1", "sc-1"): "the recorded births differ"}
    assert found.review["birth_on"].to_list() == ["differ"]
    assert linked_ids(found) == {("gp-2", "sc-2")}


def test_a_number_written_to_the_other_twin_is_for_a_person():
    made = records_of(number("gp-1", NHS[0]), number("sc-1", NHS[0]), number("gp-2", NHS[2]), number("sc-2", NHS[2]))
    names = [
        person("gp-1", "Martin"), person("sc-1", "Damian"),
        person("gp-2", "Muhammad"), person("sc-2", "Mohammed"),
    ]  # fmt: skip
    found = link(made, pl.DataFrame(names), known_at=WHEN)
    assert linked_ids(found) == {("gp-2", "sc-2")}
    assert why(found) == {("gp-1", "sc-1"): "the forenames differ"}


def test_another_number_that_differs_is_for_a_person():
    one, other = upn("801200005001"), upn("801200006001")
    found = link(
        records_of(
            number("gp-1", NHS[0]), number("sc-1", NHS[0]), number("gp-1", one, "upn"), number("sc-1", other, "upn")
        ),
        known_at=WHEN,
    )  # fmt: skip
    assert why(found) == {("gp-1", "sc-1"): "another number of theirs differs"}


def test_numbers_that_lead_round_to_a_second_id_of_a_source_link_none_of_them():
    pupil = upn("801200005001")
    found = link(
        records_of(
            number("sc-1", NHS[0]), number("gp-1", NHS[0]), number("gp-1", pupil, "upn"), number("sc-2", pupil, "upn"),
            number("gp-3", NHS[2]), number("sc-3", NHS[2]),
        ),
        known_at=WHEN,
    )  # fmt: skip
    assert linked_ids(found) == {("gp-3", "sc-3")}
    assert set(why(found).values()) == {"with other links it would join two ids of one source"}
    assert set(why(found)) == {("gp-1", "sc-1"), ("gp-1", "sc-2")}


def test_a_number_of_many_is_no_ones_and_is_not_listed_pair_by_pair():
    found = link(records_of(*(number(f"s{n}-1", NHS[0]) for n in range(200))), known_at=WHEN)
    assert found.found.is_empty()
    assert found.review.is_empty()
    assert "1 number shared by more than 10 ids" in found.describe()


def test_further_schemes_link_only_when_asked_for():
    made = records_of(number("cin-1", "007", "la_child_id"), number("ssd-1", "007", "la_child_id"))
    assert link(made, known_at=WHEN).found.is_empty()
    assert linked_ids(link(made, known_at=WHEN, schemes=["la_child_id"])) == {("cin-1", "ssd-1")}


def test_a_link_learned_earlier_keeps_its_day_and_is_not_found_again():
    first = link(records_of(number("gp-1", NHS[0]), number("sc-9", NHS[0])), known_at="2026-01-05T10:30")
    again = link(first.records, known_at=WHEN)
    assert again.found.is_empty()
    assert again.records.frames["links"]["known_at"].to_list() == [dt.datetime(2026, 1, 5, 10, 30)]


def test_a_moment_with_an_offset_is_local_time():
    made = records_of(number("gp-1", NHS[0]), number("sc-9", NHS[0]))
    moment = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
    assert link(made, known_at=moment).found["known_at"].to_list() == [dt.datetime(2026, 7, 1, 13)]


# --- likeness ------------------------------------------------------------------------------------------------------


def person(child_id: str, forename: str | None, surname: str | None = "Quill", **more: Any) -> Row:
    """Somebody invented, of the source that the id begins with."""
    return {
        "id": child_id,
        "subject": "child",
        "source": child_id.split("-", maxsplit=1)[0],
        "forename": forename,
        "surname": surname,
        "birth_on": "2015-03-01",
        "address": "1 Any Street\nAnytown\nAB1 2CD",
        "postcode": None,
    } | more


SYLLABLES = ("ba", "du", "fe", "go", "hi", "ka", "lo", "mu", "ni", "po", "ra", "su", "te", "vo", "wi", "ze")


def invented(rng: random.Random, parts: int) -> str:
    return "".join(rng.choices(SYLLABLES, k=parts)).title()


def two_lists(size: int, seed: int = 7) -> tuple[list[Row], set[tuple[str, str]]]:
    """Two agencies' lists of the same children, written differently, with every trap of the family-context sample."""
    rng, rows, truth = random.Random(seed), [], set()  # noqa: S311 (invented names)
    for n in range(size):
        born = dt.date(2008, 1, 1) + dt.timedelta(days=rng.randrange(3000))
        town, code = invented(rng, 4), f"{rng.choice('ABCD')}{rng.randint(1, 9)} {rng.randint(1, 9)}XY"
        here = f"Flat {n}\n{invented(rng, 3)} Road\n{town}\n{code}"
        one = person(f"csc-{n:04}", invented(rng, 2), invented(rng, 3), birth_on=str(born), address=here)
        other = one | {"id": f"edu-{rng.randrange(10**6):06}-{n}", "source": "edu"}
        match n % 25:
            case 0:  # twins, or a name written wrongly: nobody can tell
                other["forename"] = "Zzyx" + invented(rng, 1)
            case 1:
                other["birth_on"] = str(born + dt.timedelta(days=1))
            case 2:
                other["address"] = f"{n} {invented(rng, 3)} Lane\n{invented(rng, 4)}\nE{rng.randint(1, 9)} 1ZZ"
            case 3:
                other["surname"] = one["surname"].upper() + " "
                other["address"] = here.replace("\n", ", ").lower()
            case _:
                pass
        rows += [one, other]
        if n % 25 > 2:
            truth.add((one["id"], other["id"]))
    return rows, truth


@pytest.fixture(scope="module")
def lists() -> tuple[list[Row], set[tuple[str, str]]]:
    return two_lists(150)


@pytest.fixture(scope="module")
def by_likeness(lists: tuple[list[Row], set[tuple[str, str]]]) -> Linked:
    return link(records_of(), pl.DataFrame(lists[0]), known_at=WHEN)


def test_two_lists_of_the_same_children_are_linked(by_likeness: Linked, lists: Any):
    assert linked_ids(by_likeness) == lists[1]
    assert by_likeness.found["method"].unique().to_list() == ["likeness"]
    assert by_likeness.found["probability"].min() >= 0.99
    assert by_likeness.found["weight"].min() > 6


def test_what_differs_is_for_a_person_and_said_in_words(by_likeness: Linked):
    counts = dict(by_likeness.review.group_by("reason").len().iter_rows())
    assert counts == {
        "the forenames are not the same": 6,
        "the recorded births differ": 6,
        "the addresses differ": 6,
    }
    twins = by_likeness.review.filter(pl.col("reason") == "the forenames are not the same").row(0, named=True)
    assert [twins[n] for n in ("forename", "surname", "birth_on", "address")] == ["differ", "agree", "agree", "agree"]


def test_no_name_leaves(by_likeness: Linked, lists: Any):
    cells = {str(row[n]).casefold() for row in lists[0] for n in ("forename", "surname", "address", "birth_on")}
    told = by_likeness.describe() + by_likeness._repr_html_() + repr(by_likeness)
    told += by_likeness.review.write_csv() + by_likeness.records.frames["links"].write_csv()
    assert [cell for cell in cells if cell in told.casefold()] == []


def test_neither_the_order_of_rows_nor_a_row_twice_changes_anything(by_likeness: Linked, lists: Any):
    rows = pl.DataFrame(lists[0])
    mixed = pl.concat([rows, rows.head(40)]).sample(fraction=1, shuffle=True, seed=3)
    again = link(records_of(), mixed, known_at=WHEN)
    assert again.found.equals(by_likeness.found)
    assert again.review.equals(by_likeness.review)


def test_pandas_and_typed_days_say_the_same(by_likeness: Linked, lists: Any):
    typed = pl.DataFrame(lists[0]).with_columns(pl.col("birth_on").str.to_datetime("%Y-%m-%d"))
    assert link(records_of(), typed.to_pandas(), known_at=WHEN).found.equals(by_likeness.found)


def of_few(*people: Row, made: Records | None = None, **options: Any) -> Linked:
    """Link short lists, in which chance agreement cannot be counted."""
    return link(made or records_of(), pl.DataFrame(list(people), infer_schema_length=None), known_at=WHEN, **options)


def test_twins_of_two_lists_are_each_linked_to_themselves_and_nothing_is_left_open():
    found = of_few(*(person(f"{s}-{n[0]}", n) for s in ("csc", "edu") for n in ("Martin", "Damian")))
    assert linked_ids(found) == {("csc-D", "edu-D"), ("csc-M", "edu-M")}
    assert found.review.is_empty()


AGAINST: dict[str, tuple[Row, Row, str | None]] = {
    "twins": ({"forename": "Martin"}, {"forename": "Damian"}, "the forenames are not the same"),
    "twins, one name in the other": (
        {"forename": "Daniel"},
        {"forename": "Danielle"},
        "the forenames are not the same",
    ),
    "twins, names alike": ({"forename": "Jayden"}, {"forename": "Kayden"}, "the forenames are not the same"),
    "no name yet": ({"forename": "Baby"}, {"forename": "BABY"}, "a forename is not recorded"),
    "twins without a name": ({"forename": "Twin 1"}, {"forename": "Twin 1"}, "a forename is not recorded"),
    "unknown": ({"forename": "Unknown"}, {"forename": "Unknown"}, "a forename is not recorded"),
    "blank": ({"forename": " "}, {"forename": None}, "a forename is not recorded"),
    "day and month exchanged": ({"birth_on": "2014-03-05"}, {"birth_on": "2014-05-03"}, "the recorded births differ"),
    "one day": ({"birth_on": "2014-07-05"}, {"birth_on": "2014-07-06"}, "the recorded births differ"),
    "another year": ({"birth_on": "2014-08-05"}, {"birth_on": "2012-02-16"}, "the recorded births differ"),
    "birth not known": ({}, {"birth_on": None}, "a birth is not recorded"),
    "births that stand for none": ({"birth_on": "1900-01-01"}, {"birth_on": "1900-01-01"}, "a birth is not recorded"),
    "moved": ({}, {"address": "9 Other Road, Elsewhere, ZZ9 9XX"}, "the addresses differ"),
    "another surname": ({}, {"surname": "Zebedee"}, "the surnames differ"),
    "surname not known": ({}, {"surname": None}, "a surname is not recorded"),
    "written otherwise": ({"forename": "José-María"}, {"forename": " JOSE MARIA"}, None),
    "a surname nearly the same": ({"surname": "Cholmondeley"}, {"surname": "Cholmondley"}, None),
    "address not known": ({}, {"address": None}, None),
    "no address": ({"address": "No fixed abode"}, {"address": "No fixed abode"}, None),
    "the postcode alone": (
        {"address": "One Any St., XY9 9ZZ"},
        {"postcode": "xy99zz", "address": "1 Any Street"},
        None,
    ),
}
"""What is changed in one list and in the other, and why the two are not linked; None where they are."""


@pytest.fixture(scope="module")
def cases() -> Linked:
    """Every case in one go, each with names, a birth and an address of its own."""
    rng, rows = random.Random(5), []  # noqa: S311 (invented names)
    for n, (one, other, _) in enumerate(AGAINST.values()):
        base = {
            "forename": invented(rng, 4),
            "surname": invented(rng, 5),
            "birth_on": str(dt.date(2009, 1, 1) + dt.timedelta(days=97 * n)),
            "address": f"{n} {invented(rng, 4)}\n{invented(rng, 4)}\nQ{n + 1} {n % 9 + 1}QQ",
        }
        rows += [person(f"csc-{n}", None) | base | one, person(f"edu-{n}", None) | base | other]
    return of_few(*rows)


@pytest.mark.parametrize("case", AGAINST)
def test_what_speaks_against_a_link_stops_it_and_what_does_not_does_not(case: str, cases: Linked):
    n, reason = list(AGAINST).index(case), AGAINST[case][2]
    pair = (f"csc-{n}", f"edu-{n}")
    assert why(cases).get(pair) == reason
    assert (pair in linked_ids(cases)) == (reason is None)


def test_nothing_else_is_linked_or_shown(cases: Linked):
    assert cases.found.height + cases.review.height == len(AGAINST)


def test_fields_are_told_of_in_words(cases: Linked):
    said = {row["child_id"]: row for row in cases.review.to_dicts()}

    def word(case: str, field: str) -> str:
        return str(said[f"csc-{list(AGAINST).index(case)}"][field])

    assert word("twins", "forename") == "differ"
    assert word("twins, names alike", "forename") == "nearly"
    assert word("no name yet", "forename") == "not recorded"
    assert word("day and month exchanged", "birth_on") == "nearly"
    assert word("one day", "birth_on") == "nearly"
    assert word("another year", "birth_on") == "differ"
    assert word("moved", "address") == "differ"
    assert {word(case, "identifier") for case in ("twins", "moved")} == {"not recorded"}


def test_names_alone_are_too_little():
    bare = {"birth_on": None, "address": None}
    found = of_few(person("csc-1", "Martin", **bare), person("edu-1", "Martin", **bare))
    assert linked_ids(found) == set()


def test_two_who_fit_equally_well_are_both_for_a_person():
    found = of_few(person("csc-1", "Martin"), person("edu-1", "Martin"), person("edu-2", "Martin"))
    assert linked_ids(found) == set()
    assert set(why(found).values()) == {"another id of that source fits as well"}
    assert len(why(found)) == 2


def test_the_one_who_fits_better_is_linked_and_the_other_shown():
    found = of_few(person("csc-1", "Martin"), person("edu-1", "Martin"), person("edu-2", "Martin", address=None))
    assert linked_ids(found) == {("csc-1", "edu-1")}
    assert why(found) == {("csc-1", "edu-2"): "another id of that source fits better"}


def test_ids_of_one_source_are_never_linked():
    assert of_few(person("csc-1", "Martin"), person("csc-2", "Martin")).review.is_empty()
    authority = of_few(person("301-1", "Martin", source="cin"), person("301-2", "Martin", source="ssd"))
    assert authority.found.is_empty()
    assert authority.review.is_empty()


def test_three_sources_are_linked_each_with_each():
    found = of_few(*(person(f"{s}-1", "Martin") for s in ("csc", "edu", "gp")))
    assert linked_ids(found) == {("csc-1", "edu-1"), ("csc-1", "gp-1"), ("edu-1", "gp-1")}


def test_who_has_a_number_of_their_own_is_nobody_else():
    made = records_of(number("csc-1", NHS[0]), number("edu-1", NHS[2]))
    found = of_few(person("csc-1", "Martin"), person("edu-1", "Martin"), made=made)
    assert linked_ids(found) == set()
    assert why(found) == {("csc-1", "edu-1"): "each has a number of its own"}
    assert found.review["identifier"].to_list() == ["differ"]


def test_who_is_linked_by_a_number_is_not_linked_to_another_by_likeness():
    made = records_of(number("csc-1", NHS[0]), number("edu-1", NHS[0]))
    people = [person("csc-1", "Martin"), person("edu-1", None, None), person("edu-2", "Martin")]
    found = of_few(*people, made=made)
    assert linked_ids(found) == {("csc-1", "edu-1")}
    assert why(found) == {("csc-1", "edu-2"): "one of them is linked to another id of the other's source"}


def test_likeness_does_not_lead_round_to_a_second_id_of_a_source():
    names = {"csc-1": "Quill", "edu-1": "Quill", "gp-1": "Quillson", "csc-2": "Quillson"}
    found = of_few(*(person(i, "Martin", surname) for i, surname in names.items()))
    assert linked_ids(found) == set()
    round_about = {
        p for p, reason in why(found).items() if reason == "with other links it would join two ids of one source"
    }
    assert round_about == {("csc-1", "edu-1"), ("csc-2", "gp-1"), ("edu-1", "gp-1")}


def test_likeness_that_leads_round_does_not_undo_a_number():
    made = records_of(number("csc-1", NHS[0]), number("gp-1", NHS[0]))
    people = [person("csc-2", "Martin"), person("edu-1", "Martin"), person("gp-1", "Martin", "Quills")]
    found = of_few(*people, made=made)
    assert linked_ids(found) == {("csc-1", "gp-1")}


def test_several_identities_of_one_id_are_all_tried():
    moved = [person("csc-1", "Martin", address="9 Other Road, ZZ9 9XX"), person("csc-1", "Martin")]
    assert linked_ids(of_few(*moved, person("edu-1", "Martin"))) == {("csc-1", "edu-1")}


def test_births_of_the_records_count_with_numbers_beside_those_of_the_identities():
    made = records_of(number("csc-1", NHS[0]), number("edu-1", NHS[0]), births={"csc-1": "2015-03-01", "edu-1": ""})
    found = of_few(
        person("csc-1", "Martin", birth_on=None), person("edu-1", "Martin", birth_on="2014-03-01"), made=made
    )
    assert why(found) == {("csc-1", "edu-1"): "the recorded births differ"}


# --- persons and households ----------------------------------------------------------------------------------------


def adult(person_id: str, forename: str = "Ines") -> Row:
    return person(person_id, forename, subject="person", birth_on="1985-03-01")


def in_home(child_id: str, household: str, record: str) -> Row:
    return {"child_id": child_id, "household_id": household, "record_id": record}


def test_persons_are_linked_like_children_and_apart_from_them():
    found = of_few(adult("csc-p1"), adult("edu-p1"), adult("edu-p2", "Rosa"))
    assert linked_ids(found, "person") == {("csc-p1", "edu-p1")}
    assert linked_ids(found) == set()
    mixed = of_few(adult("csc-p1"), person("edu-1", "Ines", birth_on="1985-03-01"))
    assert mixed.found.is_empty()
    assert mixed.review.is_empty()


def home_records() -> Records:
    return records_of(
        number("csc-1", NHS[0]), number("edu-1", NHS[0]), number("edu-2", nhs(500_000_000)),
        households=[in_home("csc-1", "csc-h", "r0"), in_home("edu-1", "edu-h", "r1"), in_home("edu-2", "edu-k", "r2")],
    )  # fmt: skip


def test_households_are_linked_by_one_address_and_a_child_in_common():
    people = [person("csc-1", "Martin"), person("edu-1", "Martin"), person("edu-2", "Olga")]
    found = of_few(*people, made=home_records())
    assert linked_ids(found, "household") == {("csc-h", "edu-h")}
    assert found.found.filter(pl.col("subject") == "household")["method"].to_list() == ["address_and_member"]


def test_households_of_one_child_at_two_addresses_are_not_linked():
    people = [person("csc-1", "Martin"), person("edu-1", "Martin", address="2 Any Street, AB1 2CD")]
    assert linked_ids(of_few(*people, made=home_records()), "household") == set()


def test_a_households_own_address_counts_before_its_childrens():
    home = {**dict.fromkeys(person("x-1", None)), "id": "edu-h", "subject": "household", "source": "edu"}
    people = [person("csc-1", "Martin"), person("edu-1", "Martin"), home | {"address": "2 Any Street, AB1 2CD"}]
    assert linked_ids(of_few(*people, made=home_records()), "household") == set()


def test_households_are_linked_through_a_person_in_common():
    made = records_of(
        number("csc-1", NHS[0]), number("edu-2", NHS[2]),
        households=[in_home("csc-1", "csc-h", "r0"), in_home("edu-2", "edu-k", "r1")],
        people=[
            {"child_id": "csc-1", "person_id": "csc-p", "role": "mother", "record_id": "r0"},
            {"child_id": "edu-2", "person_id": "edu-p", "role": "mother", "record_id": "r1"},
        ],
    )  # fmt: skip
    people = [person("csc-1", "Martin"), person("edu-2", "Olga", birth_on="2018-01-01")]
    assert linked_ids(of_few(*people, made=made), "household") == set()
    found = of_few(*people, adult("csc-p"), adult("edu-p"), made=made)
    assert linked_ids(found, "household") == {("csc-h", "edu-k")}


# --- the sample ----------------------------------------------------------------------------------------------------


def of_sample(folder: Path, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sample as written, and its identities as the shipped mapping reads them."""
    raw = pl.read_csv(folder / "family_context" / f"{name}.csv", infer_schema=False)
    sheet = Sheet(file=f"{name}.csv", name=name, frame=raw.with_row_index(ROW, 2))
    made = map_sheets([sheet], shipped(f"family_context_{name}"), for_linkage=True)
    assert made.quarantine.is_empty()
    assert made.frames["contacts"].height == 2 * raw.height
    return raw.with_columns(id=f"family_context_{name}-" + pl.col("Cms Id")), made.identities


def test_the_family_context_lists_are_linked(samples: Path):
    csc, csc_identities = of_sample(samples, "csc")
    edu, edu_identities = of_sample(samples, "education")
    alike = csc.join(edu, on=["First Name", "Last Name", "Date Of Birth", "Address"], suffix="_edu")
    truth = set(alike.select("id", "id_edu").rows())
    assert len(truth) > 450
    found = link(records_of(), pl.concat([csc_identities, edu_identities]), known_at=WHEN)
    right = linked_ids(found) & truth
    assert len(right) / len(linked_ids(found)) >= 0.99
    assert len(right) / len(truth) >= 0.95
    twins = (csc["id"][0], edu["id"][0])
    assert twins not in linked_ids(found)
    assert why(found)[twins] == "the forenames are not the same"


# --- arguments, files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known_at", ["", "yesterday", "2026-13-01", None, 20261101])
def test_known_at_must_be_a_moment(known_at: Any):
    with pytest.raises(ArgumentError, match="known_at is no moment"):
        link(records_of(), known_at=known_at)


@pytest.mark.parametrize("options", [{"threshold": 1.1}, {"review_from": 0}, {"threshold": 0.4}])
def test_thresholds_must_be_probabilities_in_order(options: Any):
    with pytest.raises(ArgumentError, match="no match probabilities"):
        link(records_of(), known_at=WHEN, **options)


def test_schemes_must_be_known():
    with pytest.raises(ArgumentError, match='did you mean "nhs_number"'):
        link(records_of(), known_at=WHEN, schemes=["nhs_numbers"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": None}, "blank cells in source"),
        ({"id": "  "}, "blank cells in id"),
        ({"subject": "dog"}, "a subject that is none"),
    ],
)
def test_identities_must_say_whose_they_are(change: Row, words: str):
    with pytest.raises(ArgumentError, match=words) as refused:
        of_few(person("csc-1", "Martin"), person("edu-1", "Martin") | change)
    assert "Martin" not in str(refused.value)


def test_identities_must_have_their_columns():
    with pytest.raises(ArgumentError, match="lack 2 columns: subject, source"):
        link(records_of(), pl.DataFrame({"id": ["a"]}), known_at=WHEN)


def test_births_that_are_no_day_are_counted_and_not_compared():
    found = of_few(person("csc-1", "Martin"), person("edu-1", "Martin", birth_on="01/03/2015"))
    assert linked_ids(found) == set()
    assert "1 birth of the identities cannot be read as an ISO day: not compared." in found.notes


def test_without_splink_numbers_still_link_and_likeness_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "splink", None)
    made = records_of(number("gp-1", NHS[0]), number("sc-9", NHS[0]))
    assert link(made, known_at=WHEN).found.height == 1
    with pytest.raises(ArgumentError, match=r'pip install "earlywarn\[link\]"'):
        of_few(person("csc-1", "Martin"), person("edu-1", "Martin"))


def test_importing_linkage_does_not_load_splink():
    import subprocess

    code = "import sys, earlywarn.records.linkage; sys.exit('splink' in sys.modules or 'duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_linked_folder_reads_again_with_its_links_and_no_names(tmp_path: Path):
    source, out = tmp_path / "in", tmp_path / "out"
    made = records_of(number("csc-1", NHS[0]), number("edu-1", NHS[0]))
    people = pl.DataFrame([person("csc-2", "Martin"), person("edu-2", "Damian")])
    (source / "linkage").mkdir(parents=True)
    people.write_parquet(source / linkage.IDENTITIES)
    pl.DataFrame({"child_id": ["csc-1"], "attribute": ["sex"], "value": ["2"]}).write_csv(source / "attributes.csv")
    found = link(made, read_identities(source / linkage.IDENTITIES), known_at=WHEN)
    write_linked(found, out, source)
    again = read_records(out)
    assert again.refused == 0
    assert again.frames["links"].equals(found.records.frames["links"])
    assert again.frames["links"].height == 1
    assert (out / "attributes.csv").is_file()
    assert pl.read_csv(out / "linkage" / "review.csv").height == 1
    assert not (out / linkage.IDENTITIES).exists()
    assert all(b"Martin" not in path.read_bytes() for path in out.rglob("*") if path.is_file())


def test_identities_are_read_from_csv_with_line_breaks(tmp_path: Path):
    path = tmp_path / "identities.csv"
    pl.DataFrame([person("csc-01", "Martin"), person("edu-1", "Martin")]).write_csv(path)
    assert linked_ids(link(records_of(), read_identities(path), known_at=WHEN)) == {("csc-01", "edu-1")}


def test_identities_that_cannot_be_read_are_refused_without_a_word_of_theirs(tmp_path: Path):
    with pytest.raises(SourceError, match="EW-F01"):
        read_identities(tmp_path / "identities.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"Martin Quill")
    with pytest.raises(SourceError, match="EW-F13") as refused:
        read_identities(tmp_path / "broken.parquet")
    assert "Quill" not in str(refused.value)
