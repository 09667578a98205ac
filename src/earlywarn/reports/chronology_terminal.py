"""The chronology of one child on a terminal: a few lines a record, the newest last, and how to see the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from earlywarn.history.chronology import NOT_THERE, TOLD
from earlywarn.records.codes import AGENCIES, label
from earlywarn.reports._chronology import (
    events_in_words,
    gaps_in_words,
    head_in_words,
    lives_in_words,
    plans_in_words,
)
from earlywarn.reports.terminal import clean
from earlywarn.review.flag import A_PERSON_DECIDES
from earlywarn.words import count_of, said_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from earlywarn.history.chronology import Chronology
    from earlywarn.reports._chronology import Event

SHOWN_EVENTS = 40
"""Events a terminal shows: the newest."""

SHOWN_CONCERNS = 20
WIDE = 120
"""Columns the table of records needs; a narrower terminal gets lines."""


def show_chronology(out: Console, told: Chronology, *, whole: bool = False) -> None:
    """Show whose records these are, the concerns and what became of them, and the newest records.

    Parameters
    ----------
    out : Console
        Where to.
    told : Chronology
        What one viewer knew of one child.
    whole : bool, default False
        No day was asked for: say which one all these records make.

    """
    out.print(f"[bold]Chronology of child {clean(told.child_id)}, as of {said_day(told.as_of)}[/bold]")
    if whole:
        out.print("No day was given: this is the day after the newest thing in these records, so all of them count.")
    for line in head_in_words(told):
        out.print(clean(line))
    out.print(A_PERSON_DECIDES)
    _show_concerns(out, told)
    plans = plans_in_words(told)
    if plans:
        _heading(out, "Plans and support")
        out.print(clean("; ".join(plans)))
    _show_events(out, told)


def _show_concerns(out: Console, told: Chronology) -> None:
    lives = lives_in_words(told)
    if not lives:
        return
    _heading(out, "Concerns, and what became of them")
    table = _grid("concern", "first raised", "recorded", "what became of it")
    for life in lives[-SHOWN_CONCERNS:]:
        again = " (again)" if life.again else ""
        table.add_row(clean(life.concern) + again, clean(life.raised), life.recorded, clean(life.state))
    _say_older(out, len(lives) - SHOWN_CONCERNS, "concern")
    out.print(table)


def _show_events(out: Console, told: Chronology) -> None:
    events, gaps = events_in_words(told), gaps_in_words(told)
    _heading(out, "Records, the newest last")
    _say_older(out, len(events) - SHOWN_EVENTS, "record")
    shown = [(_cells(e, told.organisations), gaps.get(e.record_id, "")) for e in events[-SHOWN_EVENTS:]]
    if out.width < WIDE:
        _lines(out, shown)
        return
    table = _grid("day", "recorded by", "what", "concerns", "told", "not in the records of")
    for cells, gap in shown:
        table.add_row(*map(clean, cells))
        if gap:
            table.add_row("", "", f"[dim]{gap}[/dim]", "", "", "")
    out.print(table)


def _lines(out: Console, shown: Sequence[tuple[tuple[str, ...], str]]) -> None:
    """Show the same on a narrow terminal: a few lines a record."""
    for (day, by, what, concerns, told, absent), gap in shown:
        out.print(f"[bold]{clean(day)}[/bold]  {clean(by)}: {clean(what)}")
        for name, said in (("concerns", concerns), ("told", told), ("not in the records of", absent)):
            if said:
                out.print(f"   {name}: {clean(said)}")
        if gap:
            out.print(f"[dim]{gap}[/dim]")


def _cells(event: Event, agencies: Sequence[str]) -> tuple[str, ...]:
    what = event.what + (f": {event.outcome}" if event.outcome else "") + (" (planned)" if event.ahead else "")
    names = [label(a, AGENCIES) for a in agencies]
    named = list(zip(names, event.knew, strict=True))
    told = [f"{name} {knew.day}{f' ({knew.after})' if knew.after else ''}" for name, knew in named if knew.how == TOLD]
    absent = [name for name, knew in named if knew.how == NOT_THERE]
    return (
        event.day,
        event.by,
        "; ".join(filter(None, (what, event.detail))),
        event.concerns,
        ", ".join(told),
        _few(absent),
    )


def _few(names: Sequence[str]) -> str:
    """Name up to three agencies; of more, say how many."""
    return ", ".join(names) if len(names) <= 3 else count_of(len(names), "other agency", "other agencies")


def _grid(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _heading(out: Console, text: str) -> None:
    out.print(f"\n[bold]{text}[/bold]")


def _say_older(out: Console, older: int, what: str) -> None:
    if older > 0:
        out.print(f"{count_of(older, 'older ' + what)} not shown here; --html, --xlsx and --json have all of them.")
