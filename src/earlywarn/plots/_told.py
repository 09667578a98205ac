"""The timeline in words: what it leaves out, and what somebody who does not see it needs to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.plots._bands import bands_of, in_window
from earlywarn.plots._strands import drawn_strands, ended
from earlywarn.records.codes import AGENCIES, label
from earlywarn.words import count_of, said_day

if TYPE_CHECKING:
    from earlywarn.history.chronology import Chronology
    from earlywarn.plots._axis import Axis
    from earlywarn.plots._lanes import Lane


def notes_of(chronology: Chronology, axis: Axis) -> str:
    """Count what is not drawn: what is older than the window, what is planned beyond it, plans with no free row."""
    days = chronology.events["at"].to_list()
    plans = in_window(chronology.plans, axis)
    context = chronology.concerns.filter(pl.col("state") == "context").height
    strands = chronology.concerns.height - context - len(drawn_strands(chronology, axis))
    counts = (
        (sum(axis.x(day) < axis.left for day in days), "older record"),
        (chronology.plans.filter(pl.col("end_on") < axis.start).height, "older plan"),
        (strands, "older concern"),
        (len(plans) - len(bands_of(chronology.plans, axis)), "more plan"),
        (sum(axis.x(day) > axis.right for day in days), "later record"),
    )
    parts = [count_of(number, what) for number, what in counts if number]
    return f"not drawn: {', '.join(parts)}" if parts else ""


def timeline_in_words(chronology: Chronology, axis: Axis, lanes: list[Lane], absent: tuple[str, ...]) -> str:
    """Say in words what the picture shows: totals, and for each agency what it knew and what it has no record of."""
    drawn = chronology.events.filter(pl.col("at").map_elements(axis.shows, return_dtype=pl.Boolean))
    told = sum(m.count for lane in lanes for m in lane.marks if m.shape == "told")
    whole = (
        f"Timeline from {said_day(axis.start)} to {said_day(axis.as_of)}, by agency: "
        f"{count_of(drawn.height, 'record')}, {drawn.drop_nulls('concerns').height} of them raising a concern, "
        f"and {count_of(told, 'act')} of one agency telling another"
    )
    parts = [whole]
    parts += ["Lanes: " + "; ".join(_lane(lane) for lane in lanes)] if lanes else []
    parts += _strands(drawn_strands(chronology, axis))
    parts += [f"Plans and support: {count_of(n, 'plan')}"] if (n := len(bands_of(chronology.plans, axis))) else []
    notes = notes_of(chronology, axis)
    parts += [notes[0].upper() + notes[1:]] if notes else []
    parts += [f"No records from: {', '.join(absent)}"] if absent else []
    return ". ".join(parts) + "."


def _lane(lane: Lane) -> str:
    number = {
        shape: sum(m.count for m in lane.marks if m.shape == shape) for shape in ("own", "concern", "told", "planned")
    }
    hollow = sum(m.count for m in lane.hollow)
    own = number["own"] + number["concern"]
    said = [f"{own} in its own records"] if own else []
    said += [f"{number['planned']} planned"] if number["planned"] else []
    said += [f"{number['told']} told"] if number["told"] else []
    said += [f"{hollow} that had happened and are not in its records"] if hollow else []
    return f"{label(lane.agency, AGENCIES)}, " + (", ".join(said) or "nothing in this time")


def _strands(strands: list[dict[str, Any]]) -> list[str]:
    if not strands:
        return []
    over = sum(ended(s) is not None for s in strands)
    unsaid = sum(s["state"] == "no conclusion recorded" for s in strands)
    rest = len(strands) - over - unsaid
    said = [f"{over} with a recorded conclusion"] * bool(over) + [f"{unsaid} with none recorded"] * bool(unsaid)
    said += [f"{rest} whose source records no conclusions"] * bool(rest)
    return [f"Concerns: {len(strands)}, " + ", ".join(said)]
