"""A viewer has one name, however it is given."""

from __future__ import annotations

import pytest

from earlywarn.errors import ArgumentError
from earlywarn.history.viewers import POOLED, SECTORS, check_viewer, members
from earlywarn.records.codes import AGENCIES, ORGANISATIONS


@pytest.mark.parametrize(
    "given", [["hospital", "police"], {"police", "hospital"}, "police+hospital", "hospital+police"]
)
def test_a_set_has_one_name_in_the_order_of_the_code_list(given):
    order = sorted(["police", "hospital"], key=ORGANISATIONS.index)
    assert check_viewer(given) == "+".join(order)
    assert members(check_viewer(given)) == tuple(order)


def test_a_set_of_one_is_that_organisation_and_twins_collapse():
    assert check_viewer({"police"}) == check_viewer("police+police") == "police"


def test_a_sector_is_every_organisation_of_it():
    assert members(check_viewer("sector:health")) == tuple(
        code for code in ORGANISATIONS if AGENCIES[code].sector == "health"
    )
    assert "individual" not in SECTORS


def test_pooled_has_every_organisation_as_a_member():
    assert members(POOLED) == ORGANISATIONS


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("polise", "police"),
        ("police+hopsital", "hospital"),
        ("sector:helth", "sector:health"),
        ("sector:individual", "sector"),
        ("family", "one of these"),
        ("pooled+police", "alone"),
        ([], "one of these"),
        ("", "one of these"),
    ],
)
def test_what_is_no_viewer_is_refused_with_the_nearest(given, said):
    with pytest.raises(ArgumentError) as refused:
        check_viewer(given)
    assert said in str(refused.value)
