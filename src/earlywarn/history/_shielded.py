"""What shielded records name: a refuge, somebody in hiding, a household that must not be found.

Nothing that a shielded record names may link two children, whichever records would link them. So it is asked of all
records that anyone knew before the day, not only of those in the view; and a record is shielded if any version of it
is, for who corrects one may not have marked it again, and one that was taken back has still told where somebody is.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.history.knowledge import corrections, indexed_contacts, knowledge
from earlywarn.history.viewers import POOLED
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    from earlywarn.history.view import View


def shielded_hubs(view: View) -> pl.DataFrame:
    """Return the people, households and places that shielded records name, as ``kind`` and ``hub`` (an id)."""
    records = _shielded_records(view.records, view.day)
    frames = view.records.frames
    named = [
        frames[table].filter(pl.col("record_id").is_in(records.implode())).select(hub=column, kind=pl.lit(kind))
        for kind, table, column in (
            ("person", "people", "person_id"),
            ("household", "households", "household_id"),
            ("place", "contacts", "place_id"),
        )
    ]
    same = view.lookback.same.select(kind="subject", hub="id", same="same")
    hubs = pl.concat(named).drop_nulls().join(same, on=["kind", "hub"], how="left")
    return hubs.select("kind", hub=pl.coalesce("same", "hub")).unique()


def _shielded_records(records: Records, as_of: dt.date) -> pl.Series:
    """Ids of the records that anyone knew before the day and of which such a version is shielded."""
    touched = _with_versions(indexed_contacts(records))
    known = knowledge(Records({"contacts": touched.drop("record")})).filter(
        (pl.col("viewer") == POOLED) & (pl.col("known_at") < dt.datetime.combine(as_of, dt.time()))
    )
    before = touched.drop("record").with_row_index("record").filter(pl.col("record").is_in(known["record"].implode()))
    return _with_versions(before)["record_id"]


def _with_versions(contacts: pl.DataFrame) -> pl.DataFrame:
    """Return the shielded ones of these contacts, with what they correct and what corrects them, and so on."""
    found = contacts.filter(pl.col("handling") == "shielded")["record"]
    pairs = corrections(contacts).select("record", "by") if len(found) else None
    while pairs is not None:  # one step along each chain of corrections a turn
        touching = pairs.filter(pl.col("record").is_in(found.implode()) | pl.col("by").is_in(found.implode()))
        more = pl.concat([found, touching["record"], touching["by"]]).unique()
        if len(more) == len(found):
            break
        found = more
    return contacts.filter(pl.col("record").is_in(found.implode()))
