"""The page of data quality, and which feature can be told from which source: for a terminal, in grey, 80 columns wide.

Sources stand side by side under letters, since their names are long; the first table says which letter is which.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.table import Table

from earlywarn.records.tables import Account, total
from earlywarn.reports.terminal import clean, show_account
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from earlywarn.records.quality import Quality

FIELDS: Mapping[str, str] = {
    "occurred_at": "when it happened",
    "recorded_at": "when it was written",
    "planned": "planned, or not",
    "attendance": "whether it took place",
    "child_seen": "child seen, or not",
    "seen_alone": "seen alone, or not",
    "worker_id": "the worker",
    "outcome": "what came of it",
    "people": "people named",
    "sharing": "who was told",
    "concerns": "a concern",
    "severity": "· of which graded",
    "closable": "· of which can close",
}
BASES: Mapping[str, str] = {
    "source": "written by the source",
    "received_date": "the day it came in",
    "later_event": "a later event",
    "extract": "the extract's day",
    "assumed_lag": "a delay assumed",
    "unknown": "not said how",
}
NAMES, CELL = 23, 4
"""Columns of the terminal for the names at the left of a grid, and for each source beside them."""


def show_quality(out: Console, found: Quality, needs: pl.DataFrame) -> None:
    """Show one page: rows, sources, how full, what to know, and what cannot be told.

    Parameters
    ----------
    out : Console
        Where to.
    found : Quality
        What `earlywarn.records.quality.quality` found.
    needs : polars.DataFrame
        What `earlywarn.features.needs.needs_table` says of the same records.

    """
    _show_head(out, found)
    _show_rows(out, found)
    if found.feeds.is_empty():
        return
    _show_sources(out, found)
    _show_filled(out, found)
    remarks = found.remarks()
    if remarks:
        _heading(out, "To know before counting")
        _list(out, [(r.topic, clean(r.said)) for r in remarks])
    _show_untold(out, needs)


def show_needs(out: Console, needs: pl.DataFrame) -> None:
    """Show feature by source: yes, or the number of the reason why not."""
    sources = needs["source"].unique(maintain_order=True).to_list()
    room = _room(out)
    shown = sources if len(sources) <= room else [*sources[: room - 1], sources[-1]]
    letters = dict(zip(shown, _letters(shown), strict=True))
    whys = [why for why in needs["why"].unique(maintain_order=True) if why]
    numbers = {why: str(n) for n, why in enumerate(whys, start=1)}
    for source, letter in letters.items():
        out.print(f"[bold]{letter}[/bold]  {clean(source)}")
    _say_hidden(out, len(sources) - len(shown))
    grid = _grid("", list(letters.values()))
    answers = {
        (f, s): _mark(said, numbers.get(why, ""))
        for f, s, said, why in needs.select("feature", "source", "answer", "why").iter_rows()
    }
    for feature in needs["feature"].unique(maintain_order=True):
        grid.add_row(feature, *(answers[feature, source] for source in shown))
    out.print()
    out.print(grid)
    _show_reasons(out, needs, numbers)


def _show_reasons(out: Console, needs: pl.DataFrame, numbers: Mapping[str, str]) -> None:
    said = set(needs["answer"])
    notes = {
        "no": "a number: no, and why",
        "in part": "(in brackets): yes, in part",
        "beside others": "+ yes, beside another agency's records",
        "as mapped": "* what the mapping sets",
    }
    out.print()
    for why, number in numbers.items():
        out.print(f"{number:>2}  {clean(why)}")
    out.print("[dim]" + " · ".join(note for answer, note in notes.items() if answer in said) + "[/dim]")


def _mark(said: str, number: str) -> str:
    return {"yes": "yes", "no": number, "in part": f"({number})", "beside others": f"+{number}", "as mapped": "*"}[said]


def _show_head(out: Console, found: Quality) -> None:
    whose = count_of(found.holders, "agency", "agencies")
    span = found.feeds.select(first=pl.col("first_day").min(), last=pl.col("last_day").max()).row(0)
    known = f", known {span[0]} to {span[1]}" if found.holders else ""
    out.print(f"[bold]Records of {count_of(found.children, 'child', 'children')}, held by {whose}{known}[/bold]")


def _show_rows(out: Console, found: Quality) -> None:
    """Show what became of every row; of a folder that ``read`` made and that has kept well, in one line."""
    if found.before.account:
        _heading(out, "Rows of the sources, when they were read")
        show_account(out, _by_file(found.before.account))
    sums = total(found.account)
    out.print()
    if found.before.account and sums["read"] == sums["accepted"]:
        tables = count_of(len(found.account), "table")
        out.print(f"This folder: {count_of(sums['read'], 'row')} in {tables}; none refused, none twice.")
    else:
        show_account(out, found.account)


def _by_file(account: Sequence[Account]) -> list[Account]:
    """Sum up an account by file: what kinds of rows a file holds is in ``read.json``."""
    names = ("read", "accepted", "quarantined", "collapsed")
    files: dict[str, list[Account]] = {}
    for entry in account:
        files.setdefault(entry.source, []).append(entry)
    sums = {f: [sum(getattr(e, n) for e in entries) for n in names] for f, entries in files.items()}
    tables = {f: {e.table for e in entries} for f, entries in files.items()}
    return [Account(f, _named(tables[f]), *numbers) for f, numbers in sums.items()]


def _named(tables: set[str]) -> str:
    return tables.copy().pop() if len(tables) == 1 else f"{len(tables)} kinds"


def _show_sources(out: Console, found: Quality) -> None:
    """Say which letter is which source: how much it holds, from when to when, how late."""
    what = "source" if found.told_apart_by == "source" else "holder"
    _heading(out, "Sources" if what == "source" else "Sources, by who holds the records")
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column(what, overflow="fold", min_width=16)
    for name in ("records", "refused", "known from", "known to", "delay", "90 %"):
        table.add_column(name, justify="right", no_wrap=True)
    shown = found.feeds.head(_room(out))
    for letter, line in zip(_letters(shown["feed"]), shown.iter_rows(named=True), strict=True):
        days = (f"{line['first_day']}", f"{line['last_day']}", _days(line["delay_median"]), _days(line["delay_p90"]))
        counts = (f"{line['records']:,}", f"{line['refused']:,}" if line["refused"] else "[dim]-[/dim]")
        table.add_row(f"[bold]{letter}[/bold]", clean(line["feed"]), *counts, *days)
    out.print(table)
    out.print("[dim]delay: days until it was known, for half and for 90 % of what has a day[/dim]")
    _say_hidden(out, found.feeds.height - shown.height)


def _room(out: Console) -> int:
    """How many sources have room side by side."""
    return max(2, (out.width - NAMES) // CELL)


def _say_hidden(out: Console, hidden: int) -> None:
    if hidden > 0:
        out.print(f"[dim]and {count_of(hidden, 'more source')}, for which there is no room here: see --json[/dim]")


def _show_filled(out: Console, found: Quality) -> None:
    """Show how many of each source's records say what features ask for, and how it was known when."""
    feeds = found.feeds["feed"].head(_room(out)).to_list()
    filled = {(f, field): share for f, field, share in found.coverage.iter_rows()}
    known = {(f, basis): share for f, basis, share in found.basis.iter_rows()}
    grid = _grid("% of records that say", _letters(feeds))
    for field, label in FIELDS.items():
        grid.add_row(label, *(_percent(filled.get((f, field))) for f in feeds))
    grid.add_row()
    grid.add_row("[bold]known when, from[/bold]")
    for basis in (b for b in BASES if b in set(found.basis["basis"])):
        grid.add_row(BASES[basis], *(_percent(known.get((f, basis), 0.0)) for f in feeds))
    out.print()
    out.print(grid)


def _show_untold(out: Console, needs: pl.DataFrame) -> None:
    """Say what no feature can tell from all of these records together."""
    together = needs.filter(pl.col("source") == needs["source"][-1])
    untold = together.filter(pl.col("answer") != "yes")
    if untold.is_empty():
        out.print("\nEvery core feature can be told from some of these records.")
        return
    _heading(out, "Cannot be told from these records")
    grouped = untold.group_by("why", maintain_order=True).agg(pl.col("question").unique(maintain_order=True))
    _list(out, [("-", _untold(why, questions)) for why, questions in grouped.iter_rows()])


def _untold(why: str, questions: Sequence[str]) -> str:
    asked = "; ".join(f"{q[0].lower()}{q[1:]}" for q in questions)
    return f"{clean(why[0].upper() + why[1:])}: [dim]{clean(asked)}[/dim]"


def _grid(head: str, letters: Sequence[str]) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    grid.add_column(head, no_wrap=True, min_width=NAMES - 1)
    for letter in letters:
        grid.add_column(letter, justify="right", no_wrap=True, min_width=3)
    return grid


def _letters(sources: Iterable[Any]) -> list[str]:
    return [(ascii_uppercase + ascii_lowercase)[n] for n, _ in enumerate(sources)]


def _percent(share: float | None) -> str:
    """Percent, rounded so that "all" and "none" are said of all and none alone."""
    if share is None:
        return ""
    if share in {0.0, 1.0}:
        return "all" if share else "[dim]-[/dim]"
    return str(min(99, max(1, round(100 * share))))


def _days(days: float | None) -> str:
    return "[dim]-[/dim]" if days is None else f"{days:,.0f}"


def _heading(out: Console, words: str) -> None:
    out.print(f"\n[bold]{words}[/bold]")


def _list(out: Console, lines: Sequence[tuple[str, str]]) -> None:
    """Print lines that hang beside their heads, however narrow the terminal; a head that recurs is said once."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    before = ""
    for head, line in lines:
        table.add_row("" if head == before != "-" else head, line)
        before = head
    out.print(table)
