"""The rules a row may break, each with an id that stays, the problem in words, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Rule:
    """One rule. ``problem`` and ``fix`` never quote a value."""

    problem: str
    fix: str


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "EW-R01": Rule("a required cell is blank", "fill it in at the source, or leave the row out on purpose"),
        "EW-R02": Rule(
            "not an ISO date or time; day and month may be ambiguous",
            "export dates as YYYY-MM-DD and times as YYYY-MM-DDTHH:MM:SS",
        ),
        "EW-R03": Rule("neither true nor false", "write true, false, or leave the cell blank"),
        "EW-R04": Rule("not a number of the kind expected", "write a plain number, or leave the cell blank"),
        "EW-R05": Rule("a code that is not in the list", "use a code that `earlywarn.records.codes` lists"),
        "EW-R06": Rule("a number outside its bounds", "see the bounds of this column in the schema"),
        "EW-R07": Rule("blanks or control characters around or in an id or a code", "remove them at the source"),
        "EW-R08": Rule(
            "it happened after it was known, and is not marked as planned",
            "correct the dates, or set planned to true",
        ),
        "EW-R09": Rule("told before the record itself was known", "correct shared_at or the record's known_at"),
        "EW-R10": Rule("it ends before it starts", "correct the two days"),
        "EW-R11": Rule("an end without the record that carries it, or the reverse", "fill in both or neither"),
        "EW-R12": Rule(
            "the same id on rows that differ",
            "give a correction its own id and let it follow the older record",
        ),
        "EW-R13": Rule(
            "it names a record that is not in contacts, or was refused there",
            "add or mend that record",
        ),
        "EW-R14": Rule("it names a record of another child", "correct the child or the record named"),
        "EW-R15": Rule("it follows a record known later than itself, or itself", "correct follows or known_at"),
        "EW-R16": Rule("more or fewer cells than the header", "export the row again; check quotes and delimiters"),
        "EW-R17": Rule("a date later than the extract's own date", "correct the date, or the extract's header"),
        "EW-R18": Rule("dates in an impossible order", "correct the dates at the source"),
        "EW-R19": Rule("it belongs to a row that was refused", "mend that row first"),
        "EW-R20": Rule("a conclusion or withdrawal that follows no record", "say in follows which record it is about"),
    }
)
