"""The measures of the contact graph, for every child, day and viewer at once.

Each is defined in `docs/contact-graph.md`, and equal to what `ContactGraph.measures` says of one child.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.history._agency_bits import agency_measures, bit_of
from earlywarn.history.lookback import Lookback, asked_days, asked_viewers, look_back
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import ADULT_ROLES, CONFERRING_EXTENTS, ORGANISATIONS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from earlywarn.records.tables import Records

MEASURES: tuple[str, ...] = (
    "records",
    "agencies",
    "agencies_told",
    "organisations",
    "teams",
    "workers",
    "people",
    "adults",
    "households",
    "places",
    "tells",
    "silos",
    "centralisation",
    "reciprocity",
    "bridged_pairs",
    "agencies_gained_365d",
    "agencies_lost_365d",
    "workers_gained_365d",
    "workers_lost_365d",
)
"""The measures, in the order of their columns."""

SHARES = ("centralisation", "reciprocity")
"""Measures that are null where they have no meaning; the others count, and are 0 where there is nothing."""

YEAR = 365
_YEARS = {
    "this_year": pl.col("days_ago").is_between(1, YEAR),
    "year_before": pl.col("days_ago").is_between(YEAR + 1, 2 * YEAR),
}
_GAINED = pl.col("this_year") & ~pl.col("year_before")
_LOST = pl.col("year_before") & ~pl.col("this_year")


def graph_measures(
    records: Records,
    as_of: str | dt.date | Sequence[str | dt.date],
    *,
    viewers: str | Sequence[str] = POOLED,
    children: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Measure the contact graph of every child a record was known of, on each day, for each viewer.

    Parameters
    ----------
    records : Records
        What agencies wrote.
    as_of : str, datetime.date or a sequence of them
        The day or days; only records known before the midnight that starts a day are used.
    viewers : str or sequence of str, default "pooled"
        ``pooled``, organisations, several together or sectors (see `check_viewer`); or ``all``: pooled and every
        organisation that knew a record before the day.
    children : sequence of str, optional
        Only these children's rows.

    Returns
    -------
    polars.DataFrame
        ``child_id`` (String), ``as_of`` (Date), ``viewer`` (String), one row for each child with a record known to
        anyone before the day and each viewer; counts are 0 where the viewer knows nothing. Then, each a count
        (UInt32) unless said otherwise, more meaning more of it:

        - ``records``; ``agencies`` (organisations that raised or hold one), ``agencies_told`` (told, and neither);
        - ``organisations, teams, workers, people, adults, households, places`` that records name;
        - ``tells``: pairs of a teller and a told organisation; ``silos``: parts of the organisations between which
          nothing was told; ``centralisation`` (Float64, 0 to 1): how much one organisation stands in the middle,
          null for fewer than three; ``reciprocity`` (Float64, 0 to 1): share of the pairs in which the told one told
          back, null without pairs;
        - ``bridged_pairs``: pairs of organisations that exactly one worker is tied to both of;
        - ``agencies_gained_365d``, ``workers_gained_365d``: with a record within 365 days and none in the 365 days
          before those; ``agencies_lost_365d``, ``workers_lost_365d``: the reverse.

        They describe records and services. None of them says that a child is worse off.

    Raises
    ------
    ArgumentError
        A day that is no day, a viewer that is none, or none named.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> table = graph_measures(load_example(), "2026-11-01", viewers=["pooled", "police"], children=["c0001"])
    >>> table.select("viewer", "records", "agencies", "silos").rows()
    [('police', 1, 1, 1), ('pooled', 34, 6, 2)]

    """
    days = asked_days(as_of)
    seats = asked_viewers(records, days, viewers)
    look = look_back(records, days, seats, children)
    return measures_of(look, _asked(look, seats, children))


def measures_of(look: Lookback, asked: pl.DataFrame) -> pl.DataFrame:
    """Measure some rows of a look back: those of ``asked``, which has the columns of its spine."""
    mine = pl.col("row").is_in(asked["row"].implode())
    contacts = (
        look.records.filter(mine)
        .select("row", "days_ago", "org_id", "worker_id", "place_id", raised=bit_of("agency"), held=bit_of("held_by"))
        .collect()
    )
    sums, workers = pl.collect_all([_sums(contacts.lazy()), _workers(contacts.lazy())])
    tells = _tells(contacts, look.sharing.filter(mine)).collect()
    counts = pl.collect_all([*_of_workers(workers.lazy()), *_named(contacts.lazy(), look, mine)])
    return _whole(asked, [sums, agency_measures(sums, tells), *counts])


def _asked(look: Lookback, seats: Sequence[str], children: Sequence[str] | None) -> pl.DataFrame:
    """Rows of the spine that were asked for; a child by any of the ids it was known by on that day."""
    of_viewers = look.spine.filter(pl.col("viewer").is_in(seats))
    if children is None:
        return of_viewers
    wanted = pl.col("id").is_in(list(children))
    others = look.same.filter((pl.col("subject") == "child") & wanted).select("as_of", child_id="same")
    linked = of_viewers.join(others, on=["as_of", "child_id"], how="semi")["row"]
    return of_viewers.filter(pl.col("child_id").is_in(list(children)) | pl.col("row").is_in(linked.implode()))


def _whole(asked: pl.DataFrame, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    whole = asked.lazy()
    for part in parts:
        whole = whole.join(part.lazy(), on="row", how="left", maintain_order="left")
    counts = [pl.col(name).fill_null(0).cast(pl.UInt32) for name in MEASURES if name not in SHARES]
    return whole.with_columns(counts).select("child_id", "as_of", "viewer", *MEASURES).collect()


def _sums(contacts: pl.LazyFrame) -> pl.LazyFrame:
    """Count records and what changed from the year before; mark the organisations that raised or hold them, as bits."""
    raised = {name: pl.when(when).then("raised").otherwise(0).bitwise_or() for name, when in _YEARS.items()}
    either = (pl.col("raised") | pl.col("held")).bitwise_or()
    return (
        contacts.group_by("row")
        .agg(records=pl.len(), holders=either, **raised)
        .select(
            *("row", "records", "holders"),
            agencies_gained_365d=_GAINED.bitwise_count_ones(),
            agencies_lost_365d=_LOST.bitwise_count_ones(),
        )
    )


def _workers(contacts: pl.LazyFrame) -> pl.LazyFrame:
    """Return each worker of a row: the organisations it is tied to (as bits), and in which years."""
    tied = (pl.col("raised") | pl.col("held")).bitwise_or()
    named = contacts.filter(pl.col("worker_id").is_not_null())
    return named.group_by("row", "worker_id").agg(tied=tied, **{name: when.any() for name, when in _YEARS.items()})


def _of_workers(workers: pl.LazyFrame) -> list[pl.LazyFrame]:
    counts = workers.group_by("row").agg(
        workers=pl.len(), workers_gained_365d=_GAINED.sum(), workers_lost_365d=_LOST.sum()
    )
    several = workers.filter(pl.col("tied").bitwise_count_ones() > 1)
    return [counts, _bridged(several.select("row", "worker_id", "tied"))]


def _bridged(several: pl.LazyFrame) -> pl.LazyFrame:
    """Count the pairs of organisations that exactly one worker is tied to both of; ``several`` has such workers."""
    bits = pl.LazyFrame({"one": [1 << place for place in range(len(ORGANISATIONS))]}, schema={"one": pl.UInt32})
    ties = several.join(bits, how="cross").filter((pl.col("tied") & pl.col("one")) != 0).drop("tied")
    pairs = ties.join(ties, on=["row", "worker_id"], suffix="_two").filter(pl.col("one") < pl.col("one_two"))
    meeting = pairs.group_by("row", "one", "one_two").len().filter(pl.col("len") == 1)
    return meeting.group_by("row").agg(bridged_pairs=pl.len())


def _named(contacts: pl.LazyFrame, look: Lookback, mine: pl.Expr) -> list[pl.LazyFrame]:
    """Count the distinct organisations, places, households, teams and people that the records of a row name."""
    teams = look.facts.filter(mine, pl.col("key") == "team")
    named = {
        "organisations": contacts.select("row", "org_id").drop_nulls(),
        "places": contacts.select("row", "place_id").drop_nulls(),
        "households": look.households.filter(mine).select("row", "household_id"),
        "teams": teams.select("row", "held_by", "value"),
    }
    adult = pl.col("role").is_in(ADULT_ROLES).any()
    people = look.people.filter(mine).group_by("row", "person_id").agg(adult=adult)
    return [
        *(ids.unique().group_by("row").agg(pl.len().alias(name)) for name, ids in named.items()),
        people.group_by("row").agg(people=pl.len(), adults=pl.col("adult").sum()),
    ]


def _tells(contacts: pl.DataFrame, sharing: pl.LazyFrame) -> pl.LazyFrame:
    """Who told whom: by an act that says what a record says, or by raising a record that another holds."""
    confers = (pl.col("decision") == "shared") & pl.col("extent").is_in(CONFERRING_EXTENTS)
    acts = sharing.filter(confers).select("row", teller=bit_of("held_by"), told=bit_of("to_agency"))
    passed = contacts.lazy().select("row", teller="raised", told="held")
    others = (pl.col("teller") != pl.col("told")) & (pl.col("teller") != 0) & (pl.col("told") != 0)
    return pl.concat([passed.filter(others), acts.filter(others)])
