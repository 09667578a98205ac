"""Who knew which record, from when. This file owns that question; nothing else answers it.

An organisation knows a record it raised or holds from the record's ``known_at``, and a record it was told of
(decision ``shared``, extent ``full`` or ``summary``) from ``shared_at``. To withhold, to ask, or to say only that
something exists tells nobody what it says. ``pooled`` knows what any organisation knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError, nearest
from earlywarn.records.codes import CONFERRING_EXTENTS, ORGANISATIONS

if TYPE_CHECKING:
    from earlywarn.records.tables import Records

POOLED = "pooled"
"""The viewer who knows what any organisation knows."""


def check_viewer(viewer: str) -> str:
    """Return the viewer, if it is ``pooled`` or an organisation.

    Raises
    ------
    ArgumentError
        Otherwise, with the nearest name.

    """
    if viewer != POOLED and viewer not in ORGANISATIONS:
        raise ArgumentError(
            f'"{viewer}" is no viewer.',
            expected='"pooled", or an organisation: ' + ", ".join(ORGANISATIONS),
            fix=nearest(viewer, [POOLED, *ORGANISATIONS]) or "use one of these",
        )
    return viewer


def indexed_contacts(records: Records) -> pl.DataFrame:
    """Contacts with ``record``, a number for each: joins on it are cheaper than on ids."""
    return records.frames["contacts"].with_row_index("record")


def knowledge(records: Records) -> pl.DataFrame:
    """Relation of record, viewer and the moment the viewer first knew it.

    Parameters
    ----------
    records : Records
        What agencies wrote.

    Returns
    -------
    polars.DataFrame
        Columns ``record`` (row number in contacts), ``viewer`` (an organisation, or ``pooled``) and ``known_at``;
        one row for each record and viewer.

    """
    contacts = indexed_contacts(records)
    raised_or_held = [contacts.select("record", pl.col(by).alias("viewer"), "known_at") for by in ("agency", "held_by")]
    conferring = (pl.col("decision") == "shared") & pl.col("extent").is_in(CONFERRING_EXTENTS)
    told = (
        records.frames["sharing"]
        .filter(conferring)
        .join(contacts.select("record", "record_id"), on="record_id")
        .select("record", pl.col("to_agency").alias("viewer"), pl.col("shared_at").alias("known_at"))
    )
    organisations = (
        pl.concat([*raised_or_held, told])
        .filter(pl.col("viewer").is_in(ORGANISATIONS))
        .group_by("record", "viewer")
        .agg(pl.col("known_at").min())
    )
    pooled = organisations.group_by("record").agg(pl.col("known_at").min()).with_columns(viewer=pl.lit(POOLED))
    return pl.concat([organisations, pooled.select(organisations.columns)])


def organisations_knowing(held: pl.DataFrame) -> pl.DataFrame:
    """Which organisations know each record on each as-of day, as one bit an organisation.

    Parameters
    ----------
    held : polars.DataFrame
        ``as_of``, ``viewer``, ``record``: the knowledge of every organisation before each day.

    Returns
    -------
    polars.DataFrame
        ``as_of``, ``record`` and ``known_to``: bit *i* is set where ``ORGANISATIONS[i]`` knows the record.

    """
    bits = {code: 1 << i for i, code in enumerate(ORGANISATIONS)}
    return (
        held.filter(pl.col("viewer") != POOLED)
        .with_columns(known_to=pl.col("viewer").replace_strict(bits, return_dtype=pl.Int64))
        .group_by("as_of", "record")
        .agg(pl.col("known_to").sum())  # each organisation once, so a sum is a union
    )


def corrections(contacts: pl.DataFrame) -> pl.DataFrame:
    """Pairs of a record and the one that corrects it or takes it back.

    A ``conclusion`` adds to what it follows and replaces nothing.

    Returns
    -------
    polars.DataFrame
        ``record`` (the older), ``by`` (the newer), ``withdrawn`` and the newer one's ``by_known_at``, ``by_id``.

    """
    newer = contacts.filter(pl.col("follows").is_not_null() & (pl.col("kind") != "conclusion"))
    return newer.join(
        contacts.select("record", pl.col("record_id").alias("older")), left_on="follows", right_on="older"
    ).select(
        pl.col("record_right").alias("record"),
        pl.col("record").alias("by"),
        withdrawn=pl.col("kind") == "withdrawal",
        by_known_at="known_at",
        by_id="record_id",
    )


def resolve(held: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Say, for every record a viewer holds or holds a correction of, which record stands for it now.

    A record is hidden from a view that holds its correction or withdrawal; references to it then mean its
    correction, and the correction's correction; of several the one known last. Where that is a withdrawal they mean
    nothing. Taking a correction back does not bring the older record back: its writer corrects the withdrawal.

    Parameters
    ----------
    held : polars.DataFrame
        ``as_of``, ``viewer``, ``record``.
    contacts : polars.DataFrame
        From `indexed_contacts`.

    Returns
    -------
    polars.DataFrame
        ``held``, and the records whose correction is held, with ``current``: the record itself, its correction, or
        null where it was taken back.

    """
    seat = ["as_of", "viewer"]
    steps = (
        held.join(corrections(contacts), left_on="record", right_on="by")
        .rename({"record": "by", "record_right": "record"})
        .sort("by_known_at", "by_id")
        .group_by(*seat, "record")
        .agg(pl.col("by", "withdrawn").last())
        .select(*seat, "record", step=pl.when(~pl.col("withdrawn")).then("by"), replaced=pl.lit(value=True))
    )
    named = pl.concat([held.select(*seat, "record"), steps.select(*seat, "record")]).unique()
    current = named.with_columns(current=pl.col("record"))
    while True:  # one step along each chain of corrections a turn
        moved = current.join(steps, left_on=[*seat, "current"], right_on=[*seat, "record"], how="left")
        if not moved["replaced"].any():
            return current
        current = moved.with_columns(
            current=pl.when(pl.col("replaced").fill_null(value=False)).then("step").otherwise("current")
        ).select(current.columns)
