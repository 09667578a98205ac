"""What is asked of a few children only: pandas with networkx, featuretools, and one child shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import polars as pl
from drawn import AS_OF
from drawn_features import draw_feature_records

from earlywarn.features.catalogue import CORE, catalogue
from earlywarn.features.engine import build_features
from earlywarn.records.tables import Records
from earlywarn.scoring.card import StartingCard
from rivals import featuretools_run, pandas_networkx
from rivals.engines import frames_of
from rivals.verified import assert_same

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from earlywarn.features.feature import Feature

SAMPLE = 300
SHOWN = 30
IN_MEMORY = 1_000_000
"""Contacts in memory, of which one child is shown."""


def pandas(folder: Path, days: Sequence[dt.date], seed: int = 7) -> dict[str, Any]:
    """Time pandas for some children on the last day, with the graph of the agencies and without it."""
    records = Records(frames_of(folder))
    ours = build_features(records, days[-1], features=CORE).to_polars()
    children = ours["child_id"].sample(min(SAMPLE, ours.height), seed=seed).to_list()
    tables = pandas_networkx.tables_of(records.only(children))
    begins = pandas_networkx.lead_begins(records.frames["contacts"], days[-1])
    rows = []
    for graph in (True, False):
        started = time.process_time()
        found = pandas_networkx.of_children(tables, days[-1], begins, graph=graph)
        spent = {"cpu": time.process_time() - started, "rows": len(found)}
        assert_same(ours.filter(pl.col("child_id").is_in(children)), _as_polars(found, days[-1]), "pandas")
        rows.append(("pandas, child by child" + (", with networkx" if graph else ""), 1, spent))
    return {"rows": rows}


def _as_polars(found: pd.DataFrame, day: dt.date) -> pl.DataFrame:
    ids = pl.Series(found["child_id"].to_list(), dtype=pl.String)
    values = pl.from_pandas(found.drop(columns="child_id").astype(float)).fill_nan(None)
    return values.with_columns(child_id=ids, as_of=pl.lit(day))


def featuretools(folder: Path, days: Sequence[dt.date]) -> dict[str, Any]:
    """Time featuretools with three kinds of cutoff; what it shares with the library is compared first."""
    said = featuretools_run.run(Records(frames_of(folder)), days)
    against = {"one shared": 1, "24 shared": len(days), "one a row": 1}
    title = f"featuretools {said['version']}, 24 columns, cutoffs: "
    rows = [(title + kind, against[kind], spent) for kind, spent in said["spent"].items()]
    shared = said["spent"]["one shared"]  # asked of as many children as its entity set holds, so that may be shared out
    whole = {"cpu": shared["cpu"] + said["making"], "rows": shared["rows"]}
    return {"rows": [*rows, (title + "one shared, its entity set made too", 1, whole)]}


def one(_folder: Path, _days: Sequence[dt.date], seed: int = 7) -> dict[str, Any]:
    """Time what is shown of one child out of many contacts in memory: all features, their records, the score."""
    records, features = draw_feature_records(IN_MEMORY // 30, seed), catalogue()
    sizes = records.frames["contacts"].group_by("child_id").len().sort("len", "child_id", descending=True)
    names = [sizes["child_id"][0], *sizes["child_id"].sample(SHOWN, seed=seed).to_list()]
    card = StartingCard()
    for child in names[-1:]:  # the first call loads and plans what all later ones use
        _shown(records, child, card, features)
    spent = [_shown(records, child, card, features) for child in names[:SHOWN]]
    return {
        "contacts": records.frames["contacts"].height,
        "busiest": sizes["len"][0],
        "features": len(features),
        "wall": [sum(each.values()) for each in spent],
        "parts": {part: [each[part] for each in spent] for part in spent[0]},
    }


def _shown(records: Records, child: str, card: StartingCard, features: Sequence[Feature]) -> dict[str, float]:
    """Seconds on the wall of each part."""
    start = time.perf_counter()
    table = build_features(records, AS_OF, features=features, children=[child])
    counted = time.perf_counter()
    values = table.to_polars().row(0, named=True)
    for name in table.names:
        if values[name] is not None:
            table.evidence(child, name)
    listed = time.perf_counter()
    card.score(table)
    scored = time.perf_counter()
    return {"features": counted - start, "their records": listed - counted, "score": scored - listed}
