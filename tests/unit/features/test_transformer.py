"""A Pipeline that starts from records: scikit-learn's manners, and nothing learnt from labels."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from earlywarn.errors import ArgumentError
from earlywarn.features.catalogue import CORE
from earlywarn.features.engine import build_features
from earlywarn.features.feature import Feature, Sentence
from earlywarn.features.sets import feature_set, set_hash
from earlywarn.features.settings import Settings
from earlywarn.features.transformer import ChildFeatures

DAY = "2026-11-01"
SAY = Sentence("None.", "1.", "{n}.", "Whether: not known.")
OWN = Feature("own", "records", pl.col("kind") == "incident", pl.len(), 365, 0, (), "records", 0, SAY, "our own")
STARTING = [f.name for f in feature_set("starting")]


class Unseen:
    """Labels that nobody may look at."""

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(f"somebody asked the labels for {name}")


def test_it_gives_the_engine_s_values_indexed_by_child_day_and_viewer(example) -> None:
    counted = ChildFeatures(as_of=[DAY, "2026-08-01"], viewers=["pooled", "police"]).fit_transform(example)
    table = build_features(example, [DAY, "2026-08-01"], viewers=["pooled", "police"]).to_pandas()
    pd.testing.assert_frame_equal(counted.reset_index(), table)
    assert counted.index.names == ["child_id", "as_of", "viewer"]
    assert counted.index.is_unique


def test_a_pipeline_starts_from_records(example) -> None:
    steps = [
        ("features", ChildFeatures(as_of=DAY, features="starting")),
        ("impute", SimpleImputer(strategy="constant", fill_value=0)),
        ("scale", StandardScaler()),
        ("model", LogisticRegression()),
    ]
    pipeline = Pipeline(steps)
    children = ChildFeatures(as_of=DAY).fit_transform(example).index
    y = (np.arange(len(children)) % 3 == 0).astype(int)
    chances = pipeline.fit(example, y).predict_proba(example)[:, 1]
    assert len(chances) == len(children)
    assert list(pipeline[:-1].get_feature_names_out()) == STARTING
    again = clone(pipeline).fit(example, y).predict_proba(example)[:, 1]
    np.testing.assert_array_equal(chances, again)


def test_the_names_survive_a_pipeline_with_output_set(example) -> None:
    pipeline = Pipeline([("features", ChildFeatures(as_of=DAY, features="starting")), ("scale", StandardScaler())])
    scaled = pipeline.set_output(transform="pandas").fit_transform(example)
    assert list(scaled.columns) == STARTING
    assert scaled.index.names == ["child_id", "as_of", "viewer"]


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"features": "all", "settings": Settings(unseen_days=30)},
        {"features": (*CORE, OWN), "viewers": "all"},
        {"features": [OWN]},
    ],
    ids=["plain", "settings", "own", "list"],
)
def test_a_clone_counts_the_same(example, chosen: dict) -> None:
    one = ChildFeatures(as_of=dt.date(2026, 11, 1), **chosen)
    other = clone(one)
    assert set(other.get_params()) == {"as_of", "viewers", "features", "settings"}
    assert set_hash(one.fit(example).features_) == set_hash(other.fit(example).features_)
    assert not hasattr(clone(one), "features_")
    assert one.set_params(as_of="2026-08-01").as_of == "2026-08-01"
    assert repr(one).startswith("ChildFeatures(")


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_the_output_is_what_was_asked_for(example, output: str) -> None:
    asked = ChildFeatures(as_of=DAY).set_output(transform=output).fit_transform(example)
    whole = build_features(example, DAY).to_polars()
    with config_context(transform_output=output):
        everywhere = ChildFeatures(as_of=DAY).fit_transform(example)
    for counted in (
        asked,
        everywhere,
        clone(ChildFeatures(as_of=DAY).set_output(transform=output)).fit_transform(example),
    ):
        if output == "polars":
            assert counted.equals(whole.drop("child_id", "as_of", "viewer")), "what cannot be told stays null"
        else:
            assert isinstance(counted, pd.DataFrame)
            assert counted.index.names == ["child_id", "as_of", "viewer"]


def test_labels_are_never_looked_at(example) -> None:
    labels = Unseen()
    counted = ChildFeatures(as_of=DAY).fit(example, labels).transform(example)
    pd.testing.assert_frame_equal(counted, ChildFeatures(as_of=DAY).fit_transform(example))
    assert "y" not in vars(ChildFeatures(as_of=DAY).fit(example, labels))


def test_the_day_is_never_left_to_the_clock() -> None:
    with pytest.raises(TypeError, match="as_of"):
        ChildFeatures()


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"features": "startin"}, 'did you mean "starting"'),
        ({"features": [OWN, OWN]}, "Two features"),
        ({"settings": Settings()}, "Settings are given"),
        ({"features": [OWN], "settings": Settings()}, "Settings are given"),
        ({"as_of": "yesterday"}, "day"),
    ],
)
def test_mistakes_are_found_when_it_is_fitted(example, chosen: dict, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        ChildFeatures(**{"as_of": DAY, **chosen}).fit(example)


def test_it_wants_records_and_to_be_fitted(example) -> None:
    with pytest.raises(ArgumentError, match="not from DataFrame"):
        ChildFeatures(as_of=DAY).fit(pd.DataFrame({"a": [1]}))
    with pytest.raises(NotFittedError):
        ChildFeatures(as_of=DAY).transform(example)
    with pytest.raises(NotFittedError):
        ChildFeatures(as_of=DAY).get_feature_names_out()


def test_a_table_goes_out_as_pandas_polars_or_arrow(example) -> None:
    table = build_features(example, DAY)
    arrow = table.to_arrow()
    assert isinstance(arrow, pa.Table)
    assert arrow.column_names == table.to_polars().columns == table.to_pandas().columns.tolist()
    assert pl.from_arrow(arrow).equals(table.to_polars())
    assert arrow["days_since_seen"].null_count == table.values["days_since_seen"].null_count()
