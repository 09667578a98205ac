"""Every feature of the catalogue equals its plain reference, cell by cell, for every viewer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.features.catalogue import CORE, catalogue
from earlywarn.features.engine import build_features
from earlywarn.records.reading import records_from_frames
from tests.catalogue_reference import FEATURES, catalogue_reference_features
from tests.catalogue_strategies import AS_OF, VIEWERS, to_frames, whole_tables
from tests.changes import as_dicts
from tests.together import together

BEYOND = tuple(f for f in catalogue() if f.name not in {core.name for core in CORE})


def assert_equal_to_reference(drawn) -> None:
    records = records_from_frames(to_frames(drawn))
    got = as_dicts(build_features(records, AS_OF, viewers=VIEWERS, features=BEYOND).to_polars(), "child_id", "viewer")
    want = catalogue_reference_features(drawn, AS_OF, list(VIEWERS))
    assert set(got) == set(want)
    wrong = [
        f"{name} of {key}: {got[key][name]}, by the reference {value}"
        for key, features in want.items()
        for name, value in features.items()
        if not same(got[key][name], value)
    ]
    assert not wrong, wrong[:5]


def same(cell: float | None, value: float | None) -> bool:
    if cell is None or value is None:
        return cell is value
    return math.isclose(cell, value, rel_tol=1e-9, abs_tol=1e-9)


def test_the_reference_says_every_feature():
    assert {f.name for f in BEYOND} == set(FEATURES)


@settings(max_examples=5)
@given(st.lists(whole_tables(), min_size=25, max_size=25))
def test_every_cell_equals_the_reference_in_many_histories_side_by_side(histories):
    """Five times twenty-five histories: what one child's features owe to others is what anyone's records carry."""
    assert_equal_to_reference(together(histories))


@settings(max_examples=8)
@given(whole_tables())
def test_every_cell_equals_the_reference_in_one_history(drawn):
    """Alone, a history may lack what a feature needs."""
    assert_equal_to_reference(drawn)


@pytest.mark.slow
@settings(max_examples=500, derandomize=False)
@given(whole_tables())
def test_every_cell_equals_the_reference_at_length(drawn):
    assert_equal_to_reference(drawn)
