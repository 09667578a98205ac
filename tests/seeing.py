"""What views, chronologies and graphs say, in a form that two of them can be compared in."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.history.chronology import chronology
from earlywarn.history.graph import ContactGraph
from earlywarn.history.knowledge import indexed_contacts, knowledge
from earlywarn.history.view import View
from earlywarn.records.tables import Records
from tests.strategies import to_frames

if TYPE_CHECKING:
    from tests.histories import History

TABLES = ("contacts", "concerns", "sharing", "people", "households", "episodes", "facts", "links")
IDS = ("child_id", "person_id", "household_id")


def records_of(history: History) -> Records:
    return Records(to_frames(history.tables))


def midnight_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time())


def rows_of(frame: pl.DataFrame, *without: str) -> Counter[tuple]:
    return Counter(frame.drop(without, strict=False).rows())


def seen(records: Records, day: dt.date, viewer: str = "pooled", *without: str) -> dict[str, Counter[tuple]]:
    """Every row of every table of a view, in no order."""
    frames = View(records, day, viewer).frames
    return {table: rows_of(frames[table], *without) for table in TABLES}


def plainly(value: Any) -> Any:
    """A value of a result, comparable whatever it is."""
    if isinstance(value, pl.DataFrame):
        return value.columns, value.rows()
    return value


def told_of(view: View) -> list[Any]:
    """Everything that is said of each child in a view: its chronology, its graph, its ids."""
    said: list[Any] = []
    for child in view.children:
        story, graph = chronology(view, child), ContactGraph(view, child)
        said.append([(f.name, plainly(getattr(story, f.name))) for f in dataclasses.fields(story)])
        said.append(sorted(map(repr, graph.nodes(data=True))))
        said.append(sorted(map(repr, graph.edges(keys=True, data=True))))
        said.append(view.ids(child))
    return said


def knowers(records: Records, day: dt.date, *several: str) -> dict[str, set[str]]:
    """Ids of the records that each organisation, and each viewer asked for, knew before the day."""
    known = knowledge(records, several).filter(pl.col("known_at") < midnight_of(day))
    named = known.join(indexed_contacts(records).select("record", "record_id"), on="record")
    return {viewer: set(ids) for viewer, ids in named.group_by("viewer").agg("record_id").iter_rows()}
