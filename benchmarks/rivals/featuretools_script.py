"""What runs in the environment of featuretools, which has no earlywarn: three kinds of cutoff, timed; prints JSON.

    python featuretools_script.py FOLDER

The folder holds ``children.parquet``, ``contacts.parquet`` (once an agency and day), ``records.parquet`` and
``cutoffs_<kind>.parquet`` as `featuretools_run` writes them. Values go to ``values_<kind>.parquet``.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import featuretools as ft
import pandas as pd
from featuretools.primitives import Count, Max, NumUnique, Sum

TYPES = {"child_id": "Categorical", "agency": "Categorical", "ended_on": "Categorical", "missed": "Categorical",
         "seen_on": "Double"}  # fmt: skip
"""Said, since types are otherwise guessed from the values."""

WINDOWS = {"30d": 30, "90d": 90, "365d": 365, "all": None}
KINDS = ("one shared", "24 shared", "one a row")


def entities(folder: Path) -> ft.EntitySet:
    """Children, their contacts and their records; time is the day on which a thing happened."""
    found = ft.EntitySet("records")
    for name in ("children", "contacts", "records"):
        frame = pd.read_parquet(folder / f"{name}.parquet")
        types = {column: kind for column, kind in TYPES.items() if column in frame}
        index, day = ("child_id", None) if name == "children" else ("id", "day")
        found.add_dataframe(frame, name, index=index, time_index=day, logical_types=types)
    for name in ("contacts", "records"):
        found.add_relationship("children", "child_id", name, "child_id")
    return found


def asked(found: ft.EntitySet) -> list[ft.Feature]:
    """Six columns, asked in each of four windows."""
    columns = [("contacts", "id", Count), ("contacts", "agency", NumUnique), ("contacts", "unplanned", Sum),
               ("records", "ended_on", NumUnique), ("records", "missed", NumUnique),
               ("records", "seen_on", Max)]  # fmt: skip
    return [ft.Feature(found[table].ww[c], parent_dataframe_name="children", primitive=p) for table, c, p in columns]


def calculated(found: ft.EntitySet, cutoffs: pd.DataFrame) -> pd.DataFrame:
    """Columns of every window side by side; what happens on the day itself is not counted."""
    features = asked(found)
    before = cutoffs.assign(time=cutoffs["time"] - pd.Timedelta(seconds=1))
    parts = []
    for name, window in WINDOWS.items():
        span = None if window is None else ft.Timedelta(window, "d")
        values = ft.calculate_feature_matrix(
            features, found, cutoff_time=before, training_window=span, cutoff_time_in_index=True, n_jobs=1
        )
        values.columns = [f"{table} {column} {name}" for table, column in zip(TABLES, COLUMNS, strict=True)]
        parts.append(values)
    return pd.concat(parts, axis=1)


TABLES = ("contacts", "contacts", "contacts", "records", "records", "records")
COLUMNS = ("count", "agencies", "unplanned", "ended days", "missed", "seen on")


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    started = time.process_time()
    found, spent = entities(folder), {}
    making = time.process_time() - started
    for kind in KINDS:
        cutoffs = pd.read_parquet(folder / f"cutoffs_{kind}.parquet")
        started = time.process_time()
        values = calculated(found, cutoffs)
        spent[kind] = {"cpu": time.process_time() - started, "rows": len(values), "columns": values.shape[1]}
        values.reset_index().to_parquet(folder / f"values_{kind}.parquet")
    print(json.dumps({"version": ft.__version__, "pandas": pd.__version__, "making": making, "spent": spent}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
