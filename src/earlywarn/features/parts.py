"""Features of more children than fit into memory: part by part, the same values as all at once.

What a child's features owe to other children's records is found in a first pass over all parts
(`earlywarn.features.everyone`); the second counts each part by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.catalogue import CORE
from earlywarn.features.engine import build_features, refuse_unfit
from earlywarn.features.everyone import Everyone, begun_by_lead, everyone, needs_of_all
from earlywarn.files import write_whole
from earlywarn.history.lookback import asked_days, asked_viewers
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import LEAD_AGENCY, ORGANISATIONS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from earlywarn.features.feature import Feature
    from earlywarn.features.table import FeatureTable
    from earlywarn.records.parted import RecordsInParts


OF_HOUSEHOLDS = ("linked_children",)
"""Frames in which other children of a household are looked at."""


def unheard(done: int, of: int) -> None:
    """Say nothing of how far it is."""
    del done, of


def features_in_parts(
    records: RecordsInParts,
    as_of: str | dt.date | Sequence[str | dt.date],
    *,
    viewers: str | Sequence[str] = POOLED,
    features: Sequence[Feature] = CORE,
    progress: Callable[[int, int], object] = unheard,
) -> Iterator[FeatureTable]:
    """Count features part by part.

    Parameters
    ----------
    records : RecordsInParts
        The folder, and how it is parted.
    as_of, viewers, features
        As in `earlywarn.features.engine.build_features`.
    progress : callable
        Called with how many steps are done, and of how many: each part is a step in each of the two passes.

    Yields
    ------
    FeatureTable
        One a part, in order of children. Together they hold what `build_features` gives for all at once.

    """
    refuse_unfit(features)
    if any(f.over in OF_HOUSEHOLDS for f in features):
        records = replace(records, households_together=True)
    if records.checked:
        records.check_across()
    days, steps = asked_days(as_of), 2 * len(records)
    if len(records) == 1:  # nothing is owed to another part
        yield build_features(records.part(0), days, viewers=viewers, features=features)
        progress(steps, steps)
        return
    others, seats = _first_pass(records, days, viewers, features, lambda done: progress(done, steps))
    for number in range(len(records)):
        part = records.part(number)
        table = build_features(part, days, viewers=seats, features=features, others=others)
        yield table.only(records.of(number))
        progress(len(records) + number + 1, steps)


def _first_pass(
    records: RecordsInParts,
    days: Sequence[dt.date],
    viewers: str | Sequence[str],
    features: Sequence[Feature],
    progress: Callable[[int], object],
) -> tuple[Everyone, list[str]]:
    """Find what anyone's records carried, and who knew any. Once all needs are met, little is looked at."""
    others = Everyone({}, {})
    seats: dict[str, None] = {}
    for number in range(len(records)):
        lacking = [n for n in needs_of_all(features) if others.carried.get(n, frozenset()) != frozenset(days)]
        if lacking or viewers == "all":
            part = records.part(number)
            others = others.together(everyone(part, days, lacking))
            seats |= dict.fromkeys(asked_viewers(part, days, viewers))
        else:
            others = others.together(begun_by_lead(records.held_by(LEAD_AGENCY, number), days))
        progress(number + 1)
    order = [*seats] if viewers != "all" else [v for v in (POOLED, *ORGANISATIONS) if v in seats]
    return others, order


def write_features(
    records: RecordsInParts,
    as_of: str | dt.date | Sequence[str | dt.date],
    out: Path,
    *,
    viewers: str | Sequence[str] = POOLED,
    features: Sequence[Feature] = CORE,
    progress: Callable[[int, int], object] = unheard,
) -> int:
    """Count features part by part into one Parquet file, whole or not at all.

    Returns
    -------
    int
        How many rows were written.

    """
    import pyarrow.parquet as pq  # noqa: PLC0415 (slow to load)

    rows = 0

    def write(path: Path) -> None:
        nonlocal rows
        writer = None
        for table in features_in_parts(records, as_of, viewers=viewers, features=features, progress=progress):
            arrow = table.to_polars().to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(path, arrow.schema, compression="zstd")
            writer.write_table(arrow)
            rows += arrow.num_rows
        if writer is not None:
            writer.close()

    write_whole(out, write)
    return rows
