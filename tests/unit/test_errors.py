"""What went wrong, what was expected, what to do: three lines, and an exit code."""

from __future__ import annotations

import pytest

from earlywarn.errors import ArgumentError, EarlywarnError, Exit, ModelError, OutputError, SourceError, nearest


def test_a_message_has_three_parts_one_a_line() -> None:
    error = SourceError('"a.csv" is empty.', expected="a header", fix="export it again")
    assert str(error) == error.message == '"a.csv" is empty.\nExpected: a header\nFix:      export it again'


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "It broke."),
        ({"fix": "mend it"}, "It broke.\nFix:      mend it"),
        ({"expected": "x"}, "It broke.\nExpected: x"),
    ],
    ids=["found alone", "no expectation", "no fix"],
)
def test_empty_parts_are_left_out(parts: dict[str, str], message: str) -> None:
    assert EarlywarnError("It broke.", **parts).message == message


@pytest.mark.parametrize(
    ("kind", "code"),
    [(EarlywarnError, 2), (ArgumentError, 2), (SourceError, 3), (ModelError, 5), (OutputError, 6)],
)
def test_each_error_has_the_exit_code_of_the_design(kind: type[EarlywarnError], code: int) -> None:
    assert kind("x").exit_code == code
    assert isinstance(kind("x"), EarlywarnError)


def test_a_bad_argument_is_a_value_error_to_python() -> None:
    assert issubclass(ArgumentError, ValueError)


def test_the_exit_codes_are_those_of_the_design() -> None:
    assert [int(code) for code in Exit] == [0, 1, 2, 3, 4, 5, 6, 7, 130]


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("agnecy", ["agency", "kind"], 'did you mean "agency"?'),
        (" Agency ", ["agency", "kind"], 'did you mean "agency"?'),
        ("zzz", ["agency"], ""),
        ("", ["agency"], ""),
        ("agency", [], ""),
        ("recordid", ("record_id", "recorded_at"), 'did you mean "record_id"?'),
    ],
)
def test_the_nearest_name_is_asked_about_or_nothing(name: str, known: list[str], said: str) -> None:
    assert nearest(name, known) == said
