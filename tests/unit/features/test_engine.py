"""One pass: rows, viewers, what cannot be told, evidence, and features of one's own."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from earlywarn.errors import ArgumentError
from earlywarn.features.catalogue import CORE
from earlywarn.features.engine import build_features
from earlywarn.features.feature import Feature, Sentence
from tests.changes import empty_records

DAY = "2026-11-01"
SAY = Sentence("None.", "1.", "{n}.", "Not known.")


def own(value: pl.Expr, where: pl.Expr | None = None, name: str = "own") -> Feature:
    return Feature(name, "records", where, value, 365, 0, (), "records", 0, SAY, "our own idea")


def test_one_row_a_child_known_to_anyone_for_every_viewer(example):
    table = build_features(example, DAY, viewers=["police", "pooled"])
    known = example.frames["contacts"].filter(pl.col("known_at") < dt.datetime(2026, 11, 1))["child_id"].n_unique()
    assert table.values.height == 2 * known
    assert table.viewers == ("police", "pooled")
    assert table.to_pandas().columns[:3].tolist() == ["child_id", "as_of", "viewer"]
    assert set(table.to_polars().schema.values()) == {pl.String(), pl.Date(), pl.Float64()}


def test_all_means_pooled_and_every_organisation_that_knew_a_record(example):
    viewers = build_features(example, DAY, viewers="all").viewers
    assert viewers[0] == "pooled"
    assert {"social_care", "police", "gp", "school"} < set(viewers)
    assert "cafcass" not in viewers


def test_no_records_give_no_rows_and_keep_every_column():
    table = build_features(empty_records(), DAY, viewers="all")
    assert table.values.is_empty()
    assert table.to_polars().columns == ["child_id", "as_of", "viewer", *(f.name for f in CORE)]


def test_a_day_before_every_record_gives_no_rows(example):
    assert build_features(example, "2001-01-01").values.is_empty()


def test_what_nobodys_records_have_cannot_be_told_of_anyone(example):
    """Without the column attendance, no share of missed appointments is told: not even as zero."""
    blank = example.frames["contacts"].with_columns(attendance=pl.lit(None, pl.String))
    table = build_features(type(example)({**example.frames, "contacts": blank}), DAY)
    assert table.values["missed_365d"].null_count() == table.values.height
    assert ("missed_365d", "contacts.attendance") in table.coverage.select("feature", "need").rows()
    assert build_features(example, DAY).values["missed_365d"].null_count() == 0


def test_evidence_names_the_records_of_the_cell(example):
    table = build_features(example, DAY)
    unresolved = table.values.filter(pl.col("unresolved_concerns") > 0)
    child = unresolved["child_id"][0]
    ids = table.evidence(child, "unresolved_concerns")
    carried = example.frames["concerns"].filter(pl.col("record_id").is_in(ids))
    assert ids == sorted(set(ids))
    assert set(carried["child_id"]) == {child}
    assert carried.height >= unresolved["unresolved_concerns"][0]


@pytest.mark.parametrize(("child", "feature"), [("nobody", "contacts_30d"), (None, "no_such_feature")])
def test_evidence_of_no_cell_is_refused(example, child, feature):
    table = build_features(example, DAY)
    with pytest.raises(ArgumentError):
        table.evidence(child or table.values["child_id"][0], feature)


def test_a_feature_of_ones_own_is_counted_beside_the_core(example):
    incidents = own(pl.len(), pl.col("kind") == "incident", "incidents_365d")
    table = build_features(example, DAY, features=[*CORE, incidents])
    contacts = example.frames["contacts"].filter(pl.col("known_at") < dt.datetime(2026, 11, 1))
    replaced = contacts.filter(pl.col("kind") != "conclusion")["follows"].drop_nulls()
    by_hand = contacts.filter(
        (pl.col("kind") == "incident")
        & (pl.coalesce("occurred_at", "known_at") >= dt.datetime(2025, 11, 1))
        & ~pl.col("record_id").is_in(replaced.implode())
    )
    assert table.values["incidents_365d"].sum() == by_hand.height


def test_an_expression_that_fails_names_the_feature(example):
    with pytest.raises(ArgumentError, match='"broken" cannot be counted'):
        build_features(example, DAY, features=[*CORE, own(pl.col("no_such_column").sum(), name="broken")])


def test_two_features_of_one_name_are_refused(example):
    with pytest.raises(ArgumentError, match="Two features"):
        build_features(example, DAY, features=[own(pl.len()), own(pl.len())])


def test_its_repr_is_one_line(example):
    table = build_features(example, DAY)
    assert repr(table).startswith("FeatureTable: 20 features of ")
    assert "<table" in table._repr_html_()
