"""Column names: trimmed, each once, and never quoted where they may be a record."""

from __future__ import annotations

import pytest

from earlywarn.errors import SourceError
from earlywarn.records.opening.headers import column_labels, find_header, header, trimmed


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("UPN", "UPN"),
        ("  UPN\t", "UPN"),
        ("\ufeffUPN", "UPN"),
        ("Date\u00a0of\nbirth", "Date of birth"),
        ('"UPN"', "UPN"),
        ("“UPN”", "UPN"),
        ("' UPN '", "UPN"),
        ("Pupil's", "Pupil's"),
        ("'s", "'s"),
        ("'", "'"),
        ("''", ""),
        ("\u00a0", ""),
    ],
)
def test_a_name_is_trimmed(cell: str, name: str) -> None:
    assert trimmed(cell) == name


def test_only_known_names_are_quoted() -> None:
    with pytest.raises(SourceError, match=r"twice: UPN, upn\.") as known:
        header(["UPN", "a", "upn"], "here", known=["Upn"])
    with pytest.raises(SourceError, match=r"twice: column A, column C\.") as unknown:
        header(["Zebedee", "a", "zebedee"], "here", known=["Upn"])
    assert (known.value.rule, unknown.value.rule) == ("EW-F07", "EW-F07")


def test_columns_without_a_name_may_be_several() -> None:
    assert header(["a", "", " "], "here").names == ["a", "", ""]
    many = [f"x{n}" for n in range(25)]
    assert column_labels(["", *many, "", "_row"]) == ["column A", *many, "column AA", "column AB"]
    assert column_labels(["column B", "", "column B'"]) == ["column B", "column B''", "column B'"]


def test_a_header_has_to_fit_a_set_with_two_names_where_it_has_two() -> None:
    rows = [["Name"], ["Name", "Day"], ["Name", "Day", "Place"]]
    assert find_header(rows, [["Name", "Day", "Place"]]) == 2
    assert find_header(rows[:2], [["Name", "Day", "Place"]]) == 1
    assert find_header(rows[:1], [["Name", "Day"], ["Other"]]) == 0
    assert find_header([[None], ["x"], ["Name"]], [["Name"]]) == 2
    assert find_header([[None], ["x"]], []) == 1
    assert find_header([[None]], []) is None
