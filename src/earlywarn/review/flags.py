"""`raise_flags`: a list no longer than can be read, of prompts for review. A person decides."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.features.catalogue import CORE
from earlywarn.features.engine import HELD, FeatureTable, build_features
from earlywarn.history.days import as_day
from earlywarn.history.knowledge import linked_ids
from earlywarn.history.viewers import POOLED, check_viewer
from earlywarn.records.codes import ORGANISATIONS
from earlywarn.review.flag import Flag, Flags
from earlywarn.review.own_views import cited_known, other_ids, own_views, with_rows
from earlywarn.review.population import EXCLUSIONS, headers, population
from earlywarn.review.reasons import not_known, questions, reasons_of
from earlywarn.scoring.card import StartingCard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.features.feature import Feature
    from earlywarn.records.tables import Records
    from earlywarn.scoring.terms import TermTable

NO_REASON = "nothing on the card speaks for reading it now"
BELOW_THE_LINE = 5
"""How many households just below the line are shown."""


def raise_flags(
    records: Records,
    as_of: str | dt.date,
    *,
    capacity: int,
    model: TermTable | None = None,
    viewer: str = POOLED,
    population: str = "known",
    features: Sequence[Feature] = CORE,
) -> Flags:
    """Put a week's list together: for each of at most ``capacity`` households, why to read its records now.

    Parameters
    ----------
    records : Records
        What agencies wrote.
    as_of : str or datetime.date
        The day; only records known before the midnight that starts it are used.
    capacity : int
        Households a team can review in a week. One review covers the children of a household, each with reasons of
        its own; no points pass from a sibling.
    model : TermTable, optional
        What puts them in order; the `StartingCard` by default.
    viewer : str, default "pooled"
        Whose knowledge to judge by.
    population : {"known"}
        Who may be listed: children with a referral, a concern or an open episode within 730 days, less those who
        died, are not yet born, are 18 or over, or moved out of the area; all are counted by reason.
    features : sequence of Feature
        What to count, for a model that asks about features of your own.

    Returns
    -------
    Flags
        A sequence of `Flag`, in the order: score, newest record, SHA-256 of child and day; with ties at the cut
        reported.

    Raises
    ------
    ArgumentError
        A capacity below 1, a day that is no day, an unknown viewer or population.
    ModelError
        The model does not fit the features.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> flags = raise_flags(load_example(), "2026-11-01", capacity=20)
    >>> flags.households <= 20
    True

    """
    check_list(capacity, population)
    check_viewer(viewer)
    model = model if model is not None else StartingCard()
    table = build_features(records, as_of, viewers=viewer, features=features)
    scores = model.score(table)
    return flags_of(records, table, scores, model, as_of=as_day(as_of), capacity=capacity, viewer=viewer)


def explain_child(
    records: Records,
    child_id: str,
    as_of: str | dt.date,
    *,
    model: TermTable | None = None,
    viewer: str = POOLED,
    features: Sequence[Feature] = CORE,
) -> tuple[Flag, str | None]:
    """Explain one child's score as a flag would, whether or not the child would be on a list.

    Parameters
    ----------
    records, as_of, model, viewer, features
        As for `raise_flags`.
    child_id : str
        The child, by any id that was known before the day to be this child's.

    Returns
    -------
    Flag
        The sheet.
    str or None
        Why the child would not be on any list, if so.

    Raises
    ------
    ArgumentError
        No record of this child was known before the day.

    """
    model = model if model is not None else StartingCard()
    check_viewer(viewer)
    goes_by = linked_ids(records, child_id, as_day(as_of))[0]
    table = build_features(records, as_of, viewers=viewer, features=features, children=[goes_by])
    if table.values.is_empty():
        raise ArgumentError(
            "No record of this child was known to anyone before that day.",
            expected="a child_id of these records, and a day after its first record became known",
            fix="check the id and the day; scores.parquet lists every child of a run",
        )
    rows = population(table).filter(pl.col("row").is_in(table.values["row"].implode()))
    [flag] = _built(records, table, model.score(table), model, rows).values()
    quiet = None if any(r.points > 0 for r in flag.reasons) else NO_REASON
    return replace(flag, rank=None), rows["excluded"][0] or quiet


def check_list(capacity: int, population: str = "known") -> None:
    """Refuse a capacity or population that cannot be meant.

    Raises
    ------
    ArgumentError
        A capacity that is no whole number from 1 up, or a population other than ``known``.

    """
    if type(capacity) is not int or capacity < 1:
        raise ArgumentError(
            "The capacity is no whole number from 1 up.",
            expected="how many households can be reviewed in a week",
            fix="use 1 or more",
        )
    if population != "known":
        raise ArgumentError(f'"{population}" is no population.', expected='"known"', fix='use "known"')


def flags_of(
    records: Records,
    table: FeatureTable,
    scores: pl.DataFrame,
    model: TermTable,
    *,
    as_of: dt.date,
    capacity: int,
    viewer: str,
) -> Flags:
    """Raise flags on rows already counted and scored; see `raise_flags`."""
    seen = table.parts.filter(HELD).select("row")  # a list speaks of no child this viewer knew nothing of
    everyone = (
        population(table)
        .filter(pl.col("viewer") == viewer)
        .join(seen, on="row", how="semi")
        .join(_ordered(table, scores, model), on="row")
    )
    listed = everyone.filter(pl.col("excluded").is_null() & pl.col("speaks"))
    ranked = _by_household(listed)
    chosen = ranked.filter(pl.col("turn") <= capacity)
    below = ranked.filter((pl.col("turn") > capacity) & (pl.col("turn") <= capacity + BELOW_THE_LINE))
    built = _built(records, table, scores, model, pl.concat([chosen, below]))
    return Flags(
        flags=tuple(built[row] for row in chosen["row"]),
        below=tuple(built[row] for row in below["row"]),
        as_of=as_of,
        viewer=viewer,
        capacity=capacity,
        households=chosen["unit"].n_unique(),
        candidates=ranked["unit"].n_unique(),
        ties=_ties(ranked, capacity),
        excluded=_excluded(everyone),
        held_by=_holders(table, viewer),
        newest=_newest(table, viewer),
        model_name=model.name,
        model_id=model.model_id,
        caution=model.caution,
    )


def _ordered(table: FeatureTable, scores: pl.DataFrame, model: TermTable) -> pl.DataFrame:
    """Rows with their score, whether any term speaks for reading them, and the last tie-breaker."""
    speaks = pl.any_horizontal(pl.col(f"points__{f}") > 0 for f in model.features)
    digest = pl.struct("child_id", "as_of").map_elements(
        lambda s: hashlib.sha256(f"{s['child_id']}\n{s['as_of']:%Y-%m-%d}".encode()).hexdigest(), return_dtype=pl.String
    )
    keyed = scores.select("child_id", "as_of", "viewer", "score", speaks.alias("speaks"))
    rows = table.values.select("row", "child_id", "as_of", "viewer").join(keyed, on=["child_id", "as_of", "viewer"])
    return rows.with_columns(digest.alias("digest"))


def _by_household(listed: pl.DataFrame) -> pl.DataFrame:
    """Order children, and number households by the turn at which their first child comes up."""
    ordered = listed.sort("score", "newest", "digest", descending=[True, True, False]).with_row_index("place")
    first = pl.col("place").min().over("unit")
    turned = ordered.with_columns(turn=first.rank("dense"), lead_score=pl.col("score").max().over("unit"))
    return turned.sort("turn", "place")


def _ties(ranked: pl.DataFrame, capacity: int) -> int:
    last = ranked.filter(pl.col("turn") == capacity)["lead_score"]
    if last.is_empty():
        return 0
    return ranked.filter((pl.col("turn") > capacity) & (pl.col("lead_score") == last[0]))["unit"].n_unique()


def _excluded(everyone: pl.DataFrame) -> Mapping[str, int]:
    reason = pl.coalesce("excluded", pl.when(~pl.col("speaks")).then(pl.lit(NO_REASON)))
    counts = dict(everyone.select(reason.alias("reason")).drop_nulls().group_by("reason").len().iter_rows())
    return MappingProxyType({reason: counts.get(reason, 0) for reason in (*EXCLUSIONS, NO_REASON)})


def _holders(table: FeatureTable, viewer: str) -> tuple[str, ...]:
    held = set(_records_of(table, viewer, "held_by").unique())
    return tuple(code for code in ORGANISATIONS if code in held)


def _records_of(table: FeatureTable, viewer: str, column: str) -> pl.Series:
    return table.look.records.filter(pl.col("viewer") == viewer).select(column).collect()[column]


def _newest(table: FeatureTable, viewer: str) -> dt.date | None:
    """Day on which the newest record the viewer had became known."""
    newest = _records_of(table, viewer, "known_at").max()
    return newest.date() if isinstance(newest, dt.datetime) else None


def _built(
    records: Records, table: FeatureTable, scores: pl.DataFrame, model: TermTable, rows: pl.DataFrame
) -> dict[int, Flag]:
    """Build the flags of the chosen rows: a handful, so one at a time."""
    wanted = rows["row"].to_list()
    whole = table.values.join(table.parts, on="row")
    cells = {r["row"]: r for r in whole.filter(pl.col("row").is_in(wanted)).iter_rows(named=True)}
    scored = {r["row"]: r for r in with_rows(table, scores).filter(pl.col("row").is_in(wanted)).iter_rows(named=True)}
    reasons, heads = reasons_of(table, scores, model, wanted), headers(table, rows)
    views, knew = own_views(records, table, model, cells), cited_known(table, reasons, cells)
    others = other_ids(table, cells)
    contacts = _contacts(table, wanted)
    together = dict(rows.group_by("unit").agg(pl.col("row")).iter_rows())
    built = {}
    for row, unit in rows.select("row", "unit").iter_rows():
        cell, score = cells[row], scored[row]
        built[row] = Flag(
            flag_id=_flag_id(cell, model),
            child_id=cell["child_id"],
            as_of=cell["as_of"],
            viewer=cell["viewer"],
            **{k: score[k] for k in ("score", "intercept", "band", "rank")},
            header=heads[row],
            held_by=tuple(c for c in ORGANISATIONS if c in set(contacts[row]["held_by"])),
            household=tuple(sorted(cells[r]["child_id"] for r in together[unit])),
            reasons=reasons[row],
            not_known=not_known(cell, table, model),
            questions=questions(reasons[row], contacts[row]),
            own_views=views.get(cell["child_id"], {}),
            cited_known=knew.get(row, {}),
            other_ids=others.get(row, ()),
            caution=model.caution,
        )
    return built


def _flag_id(cell: Mapping[str, Any], model: TermTable) -> str:
    said = "\n".join((cell["child_id"], f"{cell['as_of']:%Y-%m-%d}", cell["viewer"], model.model_id))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _contacts(table: FeatureTable, rows: list[int]) -> dict[int, pl.DataFrame]:
    """Split the records of the chosen rows, one small frame a row."""
    own = (
        table.look.records.filter(pl.col("row").is_in(rows))
        .select("row", "record_id", "agency", "held_by", "time")
        .collect()
    )
    return {int(str(row)): frame for (row,), frame in own.group_by("row")}
