"""Chains and circles, beside a walk that takes one step after another; and at lengths at which a walk would not end."""

from __future__ import annotations

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earlywarn.records.circles import led_astray, on_circle
from earlywarn.records.tables import Records
from tests.unit.records.test_reading import contact, link, refusals

LONG = 200_000


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[int], list[bool]]:
    """Draw for up to twelve places which one each follows, and which are broken."""
    size = draw(st.integers(0, 12))
    up = draw(st.lists(st.integers(0, size), min_size=size, max_size=size))
    return up, draw(st.lists(st.booleans(), min_size=size, max_size=size))


@given(chains())
def test_every_chain_is_followed_to_its_end(drawn: tuple[list[int], list[bool]]) -> None:
    up, broken = drawn
    endless, resting = led_astray(np.array(up, dtype=np.int64), np.array(broken, dtype=bool))
    for place, (never, astray) in enumerate(zip(endless.tolist(), resting.tolist(), strict=True)):
        above, seen = up[place], []
        while above < len(up) and above not in seen:
            seen.append(above)
            above = up[above]
        assert never == (above < len(up))
        assert astray == any(broken[n] for n in seen)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=16))
def test_an_arrow_lies_on_a_circle_if_one_can_go_back(arrows: list[tuple[int, int]]) -> None:
    graph = nx.DiGraph(arrows)
    source, target = (np.array([a[end] for a in arrows], dtype=np.int64) for end in (0, 1))
    assert on_circle(source, target).tolist() == [nx.has_path(graph, b, a) for a, b in arrows]


@pytest.mark.parametrize("broken_at", [None, 0, LONG // 2])
def test_a_chain_of_any_length_is_followed(broken_at: int | None) -> None:
    rows = pl.DataFrame([contact()]).drop("record_id").select(pl.all().repeat_by(LONG).explode())
    names = pl.Series("record_id", range(LONG)).cast(pl.String)
    kinds = pl.Series("kind", ["x" if n == broken_at else "visit" for n in range(LONG)])
    records = Records.from_frames(contacts=rows.with_columns(names, kinds, follows=names.shift(1)))
    assert records.frames["contacts"].height == (LONG if broken_at is None else broken_at)
    told = {} if broken_at is None else {"EW-R05": 1, "EW-R13": LONG - broken_at - 1}
    assert dict(records.quarantine["rule"].value_counts().rows()) == told


def test_a_circle_of_any_length_ends() -> None:
    rows = pl.DataFrame([contact()]).drop("record_id").select(pl.all().repeat_by(LONG).explode())
    names = pl.Series("record_id", range(LONG)).cast(pl.String)
    around = rows.with_columns(names, follows=names.shift(1, fill_value=str(LONG - 1)))
    records = Records.from_frames(contacts=around)
    assert records.frames["contacts"].is_empty()
    assert records.quarantine["rule"].unique().to_list() == ["EW-R15"]


@pytest.mark.parametrize("closed", [False, True])
def test_links_of_any_length_end(*, closed: bool) -> None:
    size = 20_000
    names = pl.Series("child_id", range(size)).cast(pl.String)
    others = names.shift(-1, fill_value="0" if closed else "the last").alias("same_as")
    rows = pl.DataFrame([link()]).select("known_at", "method").select(pl.all().repeat_by(size).explode())
    records = Records.from_frames(contacts=pl.DataFrame([contact()]), links=rows.with_columns(names, others))
    assert len(refusals(records)) == (size if closed else 0)
