"""The chronology of one child: who did, saw and was told what, in order of time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.history.knowledge import POOLED, indexed_contacts, knowledge, resolve
from earlywarn.records.codes import CONCERNS, KINDS, ORGANISATIONS, OUTCOMES, label

if TYPE_CHECKING:
    from earlywarn.history.view import View


@dataclass(frozen=True)
class Chronology:
    """Dated events of one child in one view, and which agency knew each of them from when.

    Parameters
    ----------
    child_id : str
        The child.
    as_of : datetime.date
        Everything here was known before the midnight that starts this day.
    events : polars.DataFrame
        One row a record, oldest first: ``record_id, at, agency, held_by, kind, what`` (in words), ``concerns``
        (in words), ``outcome``, ``ahead`` (planned for the day or later: it has not happened yet).
    known : polars.DataFrame
        One row for each event and agency that knew it before the day: ``record_id, agency, known_at, told`` (true
        where it neither raised nor holds the record).
    plans : polars.DataFrame
        Episodes in the view: ``kind, start_on, end_on`` (null while open).
    agencies : tuple of str
        Organisations whose own records are here, in the order of the code list.

    """

    child_id: str
    as_of: dt.date
    events: pl.DataFrame
    known: pl.DataFrame
    plans: pl.DataFrame
    agencies: tuple[str, ...]


def chronology(view: View, child_id: str) -> Chronology:
    """Put the records a viewer knew of one child in order, with who knew each.

    Parameters
    ----------
    view : View
        What one viewer could see on one day.
    child_id : str
        The child.

    Raises
    ------
    ArgumentError
        The view holds no record of that child.

    """
    contacts = view.frames["contacts"].filter(pl.col("child_id") == child_id)
    if contacts.is_empty():
        raise view.no_such_child()
    held = set(contacts["held_by"])
    return Chronology(
        child_id=child_id,
        as_of=view.day,
        events=_events(view, contacts),
        known=_known(view, contacts),
        plans=view.frames["episodes"].filter(pl.col("child_id") == child_id).select("kind", "start_on", "end_on"),
        agencies=tuple(code for code in ORGANISATIONS if code in held),
    )


def _events(view: View, contacts: pl.DataFrame) -> pl.DataFrame:
    words = pl.col("category").map_elements(lambda code: label(code, CONCERNS), return_dtype=pl.String)
    concerns = (
        view.frames["concerns"]
        .filter(pl.col("record_id").is_in(contacts["record_id"].implode()))
        .sort("record_id", "category")
        .group_by("record_id", maintain_order=True)
        .agg(words.unique(maintain_order=True).str.join(", ").alias("concerns"))
    )
    kinds = pl.col("kind").replace_strict({k: kind.label for k, kind in KINDS.items()}, return_dtype=pl.String)
    outcomes = pl.col("outcome").replace_strict(dict(OUTCOMES), default=None, return_dtype=pl.String)
    return (
        contacts.join(concerns, on="record_id", how="left")
        .select(
            "record_id",
            pl.coalesce("occurred_at", "known_at").alias("at"),
            (pl.col("occurred_at") >= dt.datetime.combine(view.day, dt.time(0))).fill_null(value=False).alias("ahead"),
            "agency",
            "held_by",
            "kind",
            kinds.alias("what"),
            "concerns",
            outcomes.alias("outcome"),
        )
        .sort("at", "record_id")
    )


def _known(view: View, contacts: pl.DataFrame) -> pl.DataFrame:
    """Say who knew each record, in whichever version: who was told of the older one has been told.

    One agency's view shows whom it told or was told by, not what others told each other.
    """
    versions = _versions(view).join(contacts.select("record_id"), on="record_id", how="semi")
    own = (pl.col("viewer") == pl.col("agency")) | (pl.col("viewer") == pl.col("held_by"))
    knew = (
        versions.group_by("record_id", "viewer")
        .agg(pl.col("known_at").min(), told=~own.any())
        .rename({"viewer": "agency"})
        .sort("known_at", "record_id", "agency")
    )
    if view.viewer == POOLED:
        return knew
    acts = view.frames["sharing"].select("record_id", pl.col("to_agency").alias("agency")).unique()
    acts = acts.with_columns(act=pl.lit(value=True))
    seen = knew.join(acts, on=["record_id", "agency"], how="left", maintain_order="left")
    return seen.filter(~pl.col("told") | (pl.col("agency") == view.viewer) | pl.col("act")).drop("act")


def _versions(view: View) -> pl.DataFrame:
    """Who knew which version of a record from when, under the id of the one that stands for it in this view."""
    indexed, midnight = indexed_contacts(view.records), dt.datetime.combine(view.day, dt.time(0))
    before = knowledge(view.records).filter(pl.col("known_at") < midnight)
    mine = before.filter(pl.col("viewer") == view.viewer).select("viewer", "record", as_of=pl.lit(view.day))
    now = resolve(mine, indexed).drop_nulls().select("record", "current")
    ids = indexed.select(pl.col("record").alias("current"), "record_id")
    organisations = before.filter(pl.col("viewer") != POOLED)
    who = indexed.select("record", "agency", "held_by")
    return organisations.join(now, on="record").join(ids, on="current").join(who, on="record")
