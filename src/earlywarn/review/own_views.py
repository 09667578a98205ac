"""What each agency had beside what all had together: its own score, and how many of the records cited it knew."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.features.engine import KEYS, FeatureTable, build_features
from earlywarn.history.lookback import viewers_before
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.records.tables import Records
    from earlywarn.review.reasons import Reason
    from earlywarn.scoring.terms import TermTable


def with_rows(table: FeatureTable, scores: pl.DataFrame) -> pl.DataFrame:
    """Scores with the row of the table they belong to."""
    return scores.join(table.values.select("row", *KEYS), on=list(KEYS))


def own_views(
    records: Records, table: FeatureTable, model: TermTable, cells: Mapping[int, Mapping[str, Any]]
) -> dict[str, dict[str, int]]:
    """Score each child on what each organisation knew, pooled first; only organisations that knew the child.

    For a flag raised on one organisation's own records there is nothing to compare: it is not told of the others.
    """
    children = sorted({c["child_id"] for c in cells.values() if c["viewer"] == POOLED})
    if not children:
        return {}
    day = next(iter(cells.values()))["as_of"]
    viewers = viewers_before(records, day)
    features = [table.feature(name) for name in model.features]
    own = build_features(records, day, viewers=viewers, features=features, children=children)
    knew = own.look.records.select("row").unique().collect()
    scores = with_rows(own, model.score(own)).join(knew, on="row", how="semi")
    order = {viewer: i for i, viewer in enumerate(viewers)}
    views: dict[str, dict[str, int]] = {child: {} for child in children}
    for child, viewer, score in sorted(
        scores.select("child_id", "viewer", "score").iter_rows(), key=lambda r: (r[0], order[r[1]])
    ):
        views[child][viewer] = score
    return views


def cited_known(
    table: FeatureTable, reasons: Mapping[int, Sequence[Reason]], cells: Mapping[int, Mapping[str, Any]]
) -> dict[int, Mapping[str, int]]:
    """Count, for each pooled row, how many of the records its reasons cite each organisation knew before the day.

    Who was told of an older version of a record has been told. Organisations that knew any record of the child are
    listed, those that knew none of the cited ones with 0; in the order of the code list.
    """
    rows = [row for row, cell in cells.items() if cell["viewer"] == POOLED]
    known = _known_to(table, rows)
    found: dict[int, Mapping[str, int]] = {}
    for row in rows:
        bits = known.filter(pl.col("row") == row)
        cited = {i for reason in reasons[row] for i in reason.record_ids}
        of_cited = bits.filter(pl.col("record_id").is_in(cited))["known_to"]
        found[row] = MappingProxyType(
            {
                code: int((of_cited & (1 << i)).cast(pl.Boolean).sum())
                for i, code in enumerate(ORGANISATIONS)
                if (bits["known_to"] & (1 << i)).cast(pl.Boolean).any()
            }
        )
    return found


def _known_to(table: FeatureTable, rows: Sequence[int]) -> pl.DataFrame:
    """Who knew each record of some rows in any version, as one bit an organisation."""
    look = table.look
    versions = look.held.filter(pl.col("row").is_in(list(rows)))
    versions = versions.with_columns(known_to=look.known_to(versions))
    together = versions.group_by("row", "current").agg(pl.col("known_to").bitwise_or())
    return together.with_columns(look.contacts["record_id"].gather(together["current"]))


def other_ids(table: FeatureTable, cells: Mapping[int, Mapping[str, Any]]) -> dict[int, tuple[str, ...]]:
    """Ids that were found out before the day to be the same child, beside the one it goes by; sorted."""
    same = table.look.same.filter((pl.col("subject") == "child") & (pl.col("id") != pl.col("same")))
    linked = {
        (day, child): tuple(sorted(ids)) for day, child, ids in same.group_by("as_of", "same").agg("id").iter_rows()
    }
    return {row: linked.get((cell["as_of"], cell["child_id"]), ()) for row, cell in cells.items()}
