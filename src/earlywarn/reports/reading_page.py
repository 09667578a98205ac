"""What `earlywarn read` says on a terminal besides the account: notes in their order of weight, and the clocks."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table

from earlywarn.records.codes import KINDS, label
from earlywarn.reports.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from earlywarn.records.sources.clocks import Clock

BASIS_IN_WORDS = {
    "source": "the source says when it was written",
    "received_date": "the day it was received",
    "later_event": "a later event tells",
    "extract": "the extract alone tells",
    "assumed_lag": "a lag is assumed",
    "unknown": "assumed to be the day itself",
}


def show_notes(out: Console, notes: Sequence[str]) -> None:
    """Show what a person should know of the reading, one paragraph a note."""
    if not notes:
        return
    out.print("\n[bold]To know[/bold]")
    for note in notes:
        out.print(Padding(clean(note), (0, 0, 0, 2)) if out.is_terminal else f"  {clean(note)}")


def show_clocks(out: Console, rules: Sequence[Clock]) -> None:
    """Show which date made each thing known, and how sure that is, table by table."""
    for table, of_table in groupby(rules, key=lambda rule: rule.table):
        listed = Table(
            "record", "known from", "how sure", box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0)
        )
        reasons = []
        for rule in of_table:
            sure = " or ".join(BASIS_IN_WORDS.get(b, b) for b in rule.basis.split(" or "))
            listed.add_row(f"{rule.record}: {label(rule.kind, KINDS)}", rule.known_from, sure)
            reasons.append(rule.because)
        out.print(f"[bold]{clean(table)}[/bold]")
        out.print(listed)
        for reason in dict.fromkeys(r for r in reasons if r):
            out.print(f"[dim]because {clean(reason)}[/dim]")
        out.print()
