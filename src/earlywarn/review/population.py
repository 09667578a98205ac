"""Who may be on a list at all: the children known to services, less those a review can no longer concern."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.concerns import STRAND_DAYS
from earlywarn.records.codes import EPISODES, label
from earlywarn.words import age_in_words, count_of, said_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.engine import FeatureTable

KNOWN_DAYS = STRAND_DAYS
"""A referral, a concern or an open episode within this many days makes a child known."""

DIED, UNBORN, ADULT, MOVED, NOT_KNOWN = EXCLUSIONS = (
    "died",
    "not yet born",
    "18 or over",
    "moved out of the area",
    "no referral, concern or open episode in the last two years",
)
"""Why a child is not on the list, in the order in which the first that applies is counted."""

_SERIOUS_FIRST = ("looked_after", "protection_plan", "child_in_need", "early_help")


def population(table: FeatureTable) -> pl.DataFrame:
    """Say of every row whether it may be flagged.

    Returns
    -------
    polars.DataFrame
        ``row``, ``viewer``, ``excluded`` (one of `EXCLUSIONS`, or null), ``unit`` (the household a review covers, or
        the child), ``household_id``, ``newest`` (when the newest record in the view happened).

    """
    look, frames = table.look, table.frames
    rows = table.values.select("row", "child_id", "as_of", "viewer")
    past = look.records.filter(pl.col("days_ago") >= 1)
    referred = past.filter((pl.col("kind") == "referral") & (pl.col("days_ago") <= KNOWN_DAYS)).select("row").collect()
    known = pl.concat(
        [referred, frames["strands"].select("row"), frames["episodes"].filter("open").select("row")]
    ).unique()
    newest = past.select("row", "time").group_by("row").agg(newest=pl.col("time").max()).collect()
    flags = (
        rows.join(look.children, on="row")
        .join(_marked(known, "known"), on="row", how="left")
        .join(_marked(_closed_as(table, "died"), "recorded_dead"), on="row", how="left")
        .join(_marked(_moved(table), "moved"), on="row", how="left")
        .join(_households(table), on="row", how="left")
        .join(newest, on="row", how="left")
        .with_columns(pl.col("known", "recorded_dead", "moved").fill_null(value=False))
    )
    reasons = ((pl.col("died") | pl.col("recorded_dead"), DIED), (pl.col("unborn"), UNBORN), (pl.col("adult"), ADULT))
    excluded: pl.Expr = pl.when(~pl.col("known")).then(pl.lit(NOT_KNOWN))
    for applies, reason in reversed((*reasons, (pl.col("moved"), MOVED))):
        excluded = pl.when(applies).then(pl.lit(reason)).otherwise(excluded)
    unit = pl.coalesce(pl.format("household {}", "household_id"), pl.format("child {}", "child_id"))
    return flags.select("row", "viewer", excluded.alias("excluded"), unit.alias("unit"), "household_id", "newest")


def _marked(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.unique().with_columns(pl.lit(value=True).alias(name))


def _closed_as(table: FeatureTable, reason: str) -> pl.DataFrame:
    facts = table.look.facts
    return facts.filter((pl.col("key") == "closure_reason") & (pl.col("value") == reason)).select("row").collect()


def _moved(table: FeatureTable) -> pl.DataFrame:
    """Rows whose case was closed or transferred because the child moved, and of whom nothing has been raised since."""
    facts = table.look.facts.filter((pl.col("key") == "closure_reason") & (pl.col("value") == "moved_away")).collect()
    past = table.look.records.filter(pl.col("days_ago") >= 1).select("row", "days_ago", "kind", "outcome")
    transferred, referred = pl.collect_all(
        [past.filter(pl.col("outcome") == "transferred"), past.filter(pl.col("kind") == "referral")]
    )
    left = pl.concat([facts.select("row", "days_ago"), transferred.select("row", "days_ago")])
    begun = table.look.episodes.select("row", days_ago="start_days_ago").collect()
    concerns = table.frames["concerns"].filter("counts")
    raised = [f.select("row", "days_ago") for f in (table.frames["contacts"], referred, concerns, begun)]
    last_raised = pl.concat(raised).group_by("row").agg(last=pl.col("days_ago").min())
    return (
        left.group_by("row")
        .agg(pl.col("days_ago").min())
        .join(last_raised, on="row", how="left")
        .filter(pl.col("last").is_null() | (pl.col("last") >= pl.col("days_ago")))
        .select("row")
    )


def _households(table: FeatureTable) -> pl.DataFrame:
    """Take the household the newest record places the child in, of those the child has not left."""
    here = table.look.households.filter(~pl.col("ended") & pl.col("begun")).sort("time", "household_id").collect()
    return here.group_by("row").agg(pl.col("household_id").last())


def headers(table: FeatureTable, people: pl.DataFrame) -> dict[int, dict[str, str]]:
    """Head each row: age, status and since when, team, household, agencies whose records of the child are here.

    Parameters
    ----------
    table : FeatureTable
        What was counted.
    people : polars.DataFrame
        The rows asked about, as from `population`.

    """
    look, rows = table.look, people["row"].implode()
    seats = look.spine.select("row", "viewer", "child_id")
    homes_of_all = _households(table).join(seats, on="row")
    sizes = homes_of_all.group_by("viewer", "household_id").agg(size=pl.col("child_id").n_unique())
    ages = {r["row"]: r for r in look.children.filter(pl.col("row").is_in(rows)).iter_rows(named=True)}
    status = _status(look.episodes.filter(pl.col("row").is_in(rows)).collect())
    teams = _teams(look.facts.filter(pl.col("row").is_in(rows)).collect())
    homes = {r["row"]: r for r in people.join(sizes, on=["viewer", "household_id"], how="left").iter_rows(named=True)}
    return {
        row: {
            "age": age_in_words(ages[row]["age_months"], unborn=ages[row]["unborn"]),
            "status": status.get(row, "no open episode in these records"),
            "team": teams.get(row, ""),
            "household": _home_in_words(homes[row]),
        }
        for row in ages
    }


def _home_in_words(home: Mapping[str, object]) -> str:
    if home["household_id"] is None:
        return "household not known"
    size = home["size"] if isinstance(home["size"], int) else 1
    return f"household {home['household_id']} ({count_of(size, 'child', 'children')} in these records)"


def _status(episodes: pl.DataFrame) -> dict[int, str]:
    order = pl.col("kind").replace_strict({k: i for i, k in enumerate(_SERIOUS_FIRST)}, return_dtype=pl.Int8)
    open_now = episodes.filter("open").with_columns(order=order).sort("order", "start_on")
    first = open_now.group_by("row", maintain_order=True).first()
    return {
        r["row"]: f"{label(r['kind'], EPISODES)} since {said_day(r['start_on'])}" for r in first.iter_rows(named=True)
    }


def _teams(facts: pl.DataFrame) -> dict[int, str]:
    named = facts.filter(pl.col("key") == "team").sort("time", "value")
    newest = named.group_by("row").agg(pl.col("value").last()).iter_rows()
    return {row: " ".join(team.split()) for row, team in newest}
