"""`ChildFeatures`: features as a scikit-learn transformer, so that a Pipeline can start from records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from earlywarn.errors import ArgumentError
from earlywarn.features.engine import build_features, refuse_unfit
from earlywarn.features.sets import feature_set
from earlywarn.features.table import KEYS
from earlywarn.history.lookback import asked_days
from earlywarn.history.viewers import POOLED
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import pandas as pd
    import polars as pl

    from earlywarn.features.feature import Feature
    from earlywarn.features.settings import Settings


class ChildFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Turn records into one row a child, day and viewer, ready for an imputer and a model.

    It learns nothing: ``fit`` only settles which features to count. Labels handed to ``fit`` are never looked at.

    Parameters
    ----------
    as_of : str, datetime.date or a sequence of them
        The day or days; only records known before the midnight that starts a day are used. There is no default, and
        the clock is never asked.
    viewers : str or sequence of str, default "pooled"
        As in `earlywarn.build_features`.
    features : str or sequence of Feature, optional
        What to count: the name of a set (`earlywarn.features.sets.SETS`), or features; the core features by default.
    settings : Settings, optional
        The thresholds of a named set.

    Attributes
    ----------
    features_ : tuple of Feature
        What is counted.

    Notes
    -----
    ``transform`` gives a pandas frame whose index is child_id, as_of and viewer; NaN means "cannot tell". Take the
    labels of a model in the order of that index. With ``set_output(transform="polars")`` there is no index, and the
    rows are in the same order.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> counted = ChildFeatures(as_of="2026-11-01", features="starting").fit_transform(load_example())
    >>> list(counted.index.names), counted.shape[1]
    (['child_id', 'as_of', 'viewer'], 12)

    """

    def __init__(
        self,
        as_of: str | dt.date | Sequence[str | dt.date],
        *,
        viewers: str | Sequence[str] = POOLED,
        features: str | Sequence[Feature] | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.as_of = as_of
        self.viewers = viewers
        self.features = features
        self.settings = settings

    def fit(self, records: Records, y: object = None) -> ChildFeatures:  # noqa: ARG002 (labels are not looked at)
        """Settle which features to count; records are only looked at for what they are.

        Raises
        ------
        ArgumentError
            What is given are no records, a day that is no day, or features that cannot be counted.

        """
        _refuse_no_records(records)
        asked_days(self.as_of)
        chosen = self._chosen()
        refuse_unfit(chosen)
        self.features_ = chosen
        return self

    def transform(self, records: Records) -> pd.DataFrame | pl.DataFrame:
        """Count the features of every child a record was known of."""
        check_is_fitted(self, "features_")
        _refuse_no_records(records)
        table = build_features(records, self.as_of, viewers=self.viewers, features=self.features_).to_polars()
        if self._output() == "polars":  # so that "cannot tell" stays null
            return table.drop(KEYS)
        return table.to_pandas().set_index(list(KEYS))

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray[Any, np.dtype[Any]]:  # noqa: ARG002
        """Return the names of the columns that ``transform`` gives."""
        check_is_fitted(self, "features_")
        return np.array([feature.name for feature in self.features_], dtype=object)

    def _chosen(self) -> tuple[Feature, ...]:
        if isinstance(self.features, str):
            return feature_set(self.features, self.settings)
        if self.settings is not None:
            raise ArgumentError(
                "Settings are given and no set of features that has any.",
                expected='features="all", or another set',
                fix="name a set, or build features with catalogue(settings)",
            )
        return feature_set("core") if self.features is None else tuple(self.features)

    def _output(self) -> str:
        """Return the output asked for by `set_output`, or for everything in scikit-learn's configuration."""
        own = getattr(self, "_sklearn_output_config", {})
        return str(own.get("transform", get_config()["transform_output"]))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.no_validation = True  # records are no array
        tags.input_tags.two_d_array = False
        return tags


def _refuse_no_records(records: object) -> None:
    if not isinstance(records, Records):
        raise ArgumentError(
            f"Features are counted from records, not from {type(records).__name__}.",
            expected="Records, as read_records gives them",
            fix='records = earlywarn.read_records("extracts/")',
        )
