"""A flag sheet as plain values: what the template writes, in the order in which it writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import Markup

from earlywarn.history.chronology import chronology
from earlywarn.history.graph import ContactGraph
from earlywarn.history.view import View
from earlywarn.history.viewers import POOLED
from earlywarn.plots import Picture, contact_graph, timeline
from earlywarn.records.codes import AGENCIES, EPISODES, LEAD_AGENCY, ORGANISATIONS, label
from earlywarn.words import said_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from earlywarn.history.chronology import Chronology
    from earlywarn.review.flag import Flag
    from earlywarn.review.reasons import Reason

NO_ENTRY = "no entry"
BAR_WIDTH = 72


@dataclass(frozen=True)
class Line:
    """A record as a line of a table, in words."""

    record_id: str
    day: str
    agency: str
    what: str
    concerns: str
    told: str


@dataclass(frozen=True)
class Said:
    """A reason with its records in order of time. ``again``: those that an earlier sentence of the sheet rests on too.

    On paper a record is printed once a sheet.
    """

    reason: Reason
    lines: tuple[Line, ...]
    again: frozenset[str]

    @property
    def on_paper(self) -> str:
        """Say how many of the records are printed further up."""
        if not self.again:
            return ""
        every = len(self.again) == len(self.lines)
        return ", listed above" if every else f", {len(self.again)} of them listed above"


@dataclass(frozen=True)
class Scale:
    """The scale all bars of a page share."""

    least: int
    most: int

    @classmethod
    def of(cls, flags: Iterable[Flag]) -> Scale:
        """Take the scale that holds every view of every flag."""
        points = [p for f in flags for p in (*f.own_views.values(), f.score)]
        return cls(min([0, *points]), max([1, *points]))


@dataclass(frozen=True)
class Bar:
    """One view's points as a bar: ``start`` and ``width`` in pixels of `BAR_WIDTH`, ``below`` if less than nothing.

    ``knew`` is how many of the records cited the view's organisation knew; None for all together.
    """

    name: str
    points: int
    whole: bool
    start: float
    width: float
    zero: float
    knew: int | None = None

    @property
    def below(self) -> bool:
        """Whether the points are less than nothing."""
        return self.points < 0


@dataclass(frozen=True)
class Sheet:
    """Everything one sheet shows. ``place`` is where it stands on the list, and the only thing anchors are made of."""

    place: int
    flag: Flag
    silent: tuple[str, ...]
    siblings: tuple[tuple[int, str], ...]
    groups: tuple[tuple[str, tuple[Said, ...]], ...]
    bars: tuple[Bar, ...]
    compared: tuple[Bar, ...]
    timeline: Markup
    graph: Markup
    lead_graph: Markup | None
    lines: tuple[Line, ...]
    plans: tuple[str, ...]


def sheet_of(
    flag: Flag,
    view: View,
    absent: tuple[str, ...],
    place: int,
    *,
    siblings: tuple[tuple[int, str], ...],
    scale: Scale,
) -> Sheet:
    """Put a flag sheet together from a flag and the view it was raised on.

    Raises
    ------
    ArgumentError
        The view holds no record of the child.

    """
    mine = view.only([flag.child_id])
    told, graph = chronology(mine, flag.child_id), ContactGraph(mine, flag.child_id)
    lines = _lines(told)
    every = bars(flag, scale)
    return Sheet(
        place=place,
        flag=flag,
        silent=_silent(flag),
        siblings=siblings,
        groups=_groups(flag, lines),
        bars=every,
        compared=compared(every),
        timeline=inline(timeline(told, absent=absent)),
        graph=inline(contact_graph(graph)),
        lead_graph=_lead_graph(graph, mine, flag),
        lines=tuple(lines.values()),
        plans=tuple(_plan(p) for p in told.plans.sort("start_on", "kind").iter_rows(named=True)),
    )


def _lead_graph(pooled: ContactGraph, view: View, flag: Flag) -> Markup | None:
    """Draw the lead agency's own graph in the pooled one's places, where others knew the child too."""
    if view.seen_by != POOLED or set(flag.own_views) <= {POOLED, LEAD_AGENCY} or LEAD_AGENCY not in flag.own_views:
        return None
    own = View(view.records, view.day, LEAD_AGENCY)
    return inline(contact_graph(ContactGraph(own, flag.child_id), within=pooled))


def bars(flag: Flag, scale: Scale) -> tuple[Bar, ...]:
    """Draw the score from each view that the flag's viewer may compare: all of them only where all were pooled."""
    shown = flag.own_views if flag.viewer == POOLED else {}
    views = {flag.viewer: flag.score} | {v: p for v, p in shown.items() if v != flag.viewer}
    unit = BAR_WIDTH / (scale.most - scale.least)
    zero = -scale.least * unit
    return tuple(
        Bar(
            name="all together" if view == POOLED else label(view, AGENCIES),
            points=points,
            whole=view == flag.viewer,
            start=round(zero + min(points, 0) * unit, 1),
            width=round(abs(points) * unit, 1),
            zero=round(zero, 1),
            knew=flag.cited_known.get(view),
        )
        for view, points in views.items()
    )


def compared(every: tuple[Bar, ...]) -> tuple[Bar, ...]:
    """Keep the bars of the viewer's own view and of the organisation whose own records give most."""
    best = sorted((b for b in every if not b.whole), key=lambda b: -b.points)[:1]
    return (*(b for b in every if b.whole), *best)


def _silent(flag: Flag) -> tuple[str, ...]:
    """List sectors none of whose organisations hold a record of the child here."""
    there = {AGENCIES[a].sector for a in flag.held_by}
    sectors = dict.fromkeys(AGENCIES[a].sector for a in ORGANISATIONS)
    return tuple(s.replace("_", " ") for s in sectors if s not in there)


def inline(picture: Picture) -> Markup:
    """Return a picture for use inside a page, where the name space is known already."""
    return Markup(picture.svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))  # noqa: S704 (drawn by us, no ids)


def _lines(told: Chronology) -> dict[str, Line]:
    names = {row["record_id"]: row["names"] for row in _told(told).iter_rows(named=True)}
    return {
        event["record_id"]: Line(
            record_id=event["record_id"],
            day=said_day(event["at"]),
            agency=_by(event),
            what=event["what"] + (f": {event['outcome']}" if event["outcome"] else ""),
            concerns=event["concerns"] or "",
            told=names.get(event["record_id"], ""),
        )
        for event in told.events.iter_rows(named=True)
    }


def _told(told: Chronology) -> pl.DataFrame:
    """Whom each record was told to, and when, as one text a record."""
    names = pl.struct("agency", "known_at").map_elements(
        lambda act: f"{label(act['agency'], AGENCIES)}, {said_day(act['known_at'])}", return_dtype=pl.String
    )
    acts = told.known.filter("told").sort("known_at", "record_id", "agency")
    return acts.group_by("record_id", maintain_order=True).agg(names.str.join("; ").alias("names"))


def _by(event: Mapping[str, Any]) -> str:
    raised, held = label(event["agency"], AGENCIES), label(event["held_by"], AGENCIES)
    return raised if raised == held else f"{raised}, in a record of {held}"


def _groups(flag: Flag, lines: Mapping[str, Line]) -> tuple[tuple[str, tuple[Said, ...]], ...]:
    order = {record_id: i for i, record_id in enumerate(lines)}
    printed: set[str] = set()
    groups = []
    for group, reasons in flag.grouped():
        said = []
        for reason in reasons:
            ids = sorted(reason.record_ids, key=lambda i: (order.get(i, len(order)), i))
            said.append(
                Said(reason, tuple(lines.get(i) or _unseen(i) for i in ids), frozenset(printed.intersection(ids)))
            )
            printed |= set(ids)
        groups.append((group, tuple(said)))
    return tuple(groups)


def _unseen(record_id: str) -> Line:
    """Stand in for a record that is named by a reason and not in the view: its id, and nothing made up."""
    return Line(record_id, NO_ENTRY, NO_ENTRY, NO_ENTRY, "", "")


def _plan(plan: Mapping[str, Any]) -> str:
    end = f"to {said_day(plan['end_on'])}" if plan["end_on"] else "with no end recorded"
    return f"{label(plan['kind'], EPISODES)} from {said_day(plan['start_on'])} {end}"
