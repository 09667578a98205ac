"""What a person reads on a terminal: short, grey, and the next command at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from earlywarn.records.rules import RULES
from earlywarn.records.tables import total
from earlywarn.review.flag import A_PERSON_DECIDES
from earlywarn.words import count_of, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from earlywarn.records.tables import Account
    from earlywarn.review.flag import Flag, Flags

SHOWN_FLAGS = 5
SHOWN_ROWS = 10
PIPE_WIDTH = 200
"""Columns where there is no terminal: a table in a file or a pipe must not be cut to a screen's width."""


def console() -> Console:
    """Return a console on standard output; plain text where that is no terminal."""
    shown = Console(highlight=False)
    return shown if shown.is_terminal else Console(highlight=False, soft_wrap=True, width=PIPE_WIDTH)


def clean(text: str) -> str:
    """Make text from records harmless: no control character, no markup."""
    return escape(printable(text))


def show_flags(out: Console, flags: Flags) -> None:
    """Show the head of the list: whose records, and five flags of three lines each."""
    out.print(f"[bold]{escape(flags.whose_records())}[/bold]")
    out.print(clean(flags.how_seen()))
    absent = flags.absent_sectors()
    if absent:
        out.print(f"No records from: {escape(', '.join(absent))}.")
    out.print(
        f"As of {flags.as_of:%Y-%m-%d}: {flags.households} of {count_of(flags.candidates, 'household')} to read, "
        f"{count_of(len(flags), 'child', 'children')}. {escape(flags.caution)} {A_PERSON_DECIDES}"
    )
    for number, flag in enumerate(flags[:SHOWN_FLAGS], start=1):
        _three_lines(out, number, flag)
    if flags.ties:
        out.print(f"\nWith the same score as the last one listed, and not listed: {count_of(flags.ties, 'household')}.")
    out.print()
    for reason, count in ((r, c) for r, c in flags.excluded.items() if c):
        out.print(f"[dim]not listed, {escape(reason)}: {count}[/dim]")


def _three_lines(out: Console, number: int, flag: Flag) -> None:
    out.print(f"\n[bold]{number}. {clean(flag.heading())}[/bold]")
    out.print("   " + clean(" ".join(r.sentence for r in flag.reasons[:2])))
    records = len({i for r in flag.reasons for i in r.record_ids})
    rest = len(flag.reasons) - 2
    more = f"{count_of(rest, 'more reason')}; " if rest > 0 else ""
    gaps = f"{len(flag.not_known)} not known; " if flag.not_known else ""
    out.print(f"   [dim]{more}{gaps}rests on {count_of(records, 'record')}; {escape(flag.points_in_words())}[/dim]")


def show_account(out: Console, account: Sequence[Account]) -> None:
    """Show what became of every row, a line a source and a sum that adds up."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("source", overflow="fold")
    table.add_column("rows of", no_wrap=True)
    for name in ("read", "accepted", "quarantined", "duplicates"):
        table.add_column(name, justify="right")
    for a in account:
        numbers = (a.read, a.accepted, a.quarantined, a.collapsed)
        table.add_row(escape(a.source), a.table, *(f"{n:,}" for n in numbers))
    whole = total(tuple(account))
    table.add_row("", "[bold]all[/bold]", *(f"[bold]{n:,}[/bold]" for n in whole.values()))
    out.print(table)


def show_refused(out: Console, quarantine: pl.DataFrame) -> None:
    """Show why rows were refused, rule by rule, then the first few by place; never what they hold."""
    if quarantine.is_empty():
        return
    out.print("\n[bold]Refused rows, by rule[/bold]")
    for rule, count in quarantine.group_by("rule").len().sort("rule").iter_rows():
        out.print(f"{rule}  {count_of(count, 'row')}: {RULES[rule].problem}.\n        Fix: {RULES[rule].fix}.")
    out.print("\n[bold]Where[/bold]")
    for line in quarantine.head(SHOWN_ROWS).iter_rows(named=True):
        column = f', column "{line["column"]}"' if line["column"] else ""
        out.print(clean(f"{line['file']}, {line['table']}, row {line['row']}{column}: {line['rule']}"))
    if quarantine.height > SHOWN_ROWS:
        out.print(f"and {quarantine.height - SHOWN_ROWS:,} more")


def show_written(out: Console, folder: Path, next_command: str) -> None:
    """Say where the files are, and what to try next."""
    out.print(f"\nFiles: {folder}  (report.html, flags.xlsx, flags.csv, scores.parquet, run.json)", markup=False)
    out.print(f"Next:  {next_command}", markup=False)
