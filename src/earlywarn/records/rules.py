"""The rules a row may break, each with an id that stays, the problem in words, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

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
        "EW-R18": Rule(
            "dates in an impossible order, or a placeholder that stands for no date",
            "correct the dates at the source; leave a day that is not known blank",
        ),
        "EW-R19": Rule("it belongs to a row that was refused", "mend that row first"),
        "EW-R20": Rule("a conclusion or withdrawal that follows no record", "say in follows which record it is about"),
        "EW-R21": Rule(
            "it happened more than nine months before the child's birth, or after the 25th birthday",
            "correct the date, or the date of birth, at the source",
        ),
        "EW-R22": Rule(
            "characters in an id that cannot be seen, or that look like others",
            "type the id again with plain letters and digits; ids are never joined by their looks",
        ),
        "EW-R23": Rule("bytes that are no UTF-8 text, or NUL", "export the row again as UTF-8"),
        "EW-R24": Rule("the header again, within the file", "export the parts as files of their own"),
        "EW-R25": Rule("a totals or footer line, no record", "export without totals"),
        "EW-R27": Rule("it refers to a row that is not in this extract", "add that row, or mend the reference"),
        "EW-R28": Rule("the child is not in the extract's own list of children", "add the child to that list"),
        "EW-R29": Rule(
            "one id stands for a child and for another person, or for itself", "give each person an id of their own"
        ),
        "EW-R30": Rule("links that lead round in a circle", "remove one of the links"),
        "EW-R31": Rule("a line that is no sound JSON", "export the line again; each key once, numbers finite"),
        "EW-R32": Rule(
            "a field that holds another kind of thing than the format says",
            "export it again: a list, an object or a plain value, as the format has it",
        ),
    }
)
"""What a row may break."""

FILE_RULES: Mapping[str, str] = MappingProxyType(
    {
        "EW-F01": "there is no such file or folder, or it is no plain file",
        "EW-F02": "the file is empty",
        "EW-F03": "the text is not UTF-8",
        "EW-F04": "a quote is never closed",
        "EW-F05": "every row has more, or fewer, cells than the header",
        "EW-F06": "another delimiter than the one expected",
        "EW-F07": "a column stands twice in the header",
        "EW-F08": "a column that must be there is missing",
        "EW-F09": "a table or a column that the contract does not know",
        "EW-F10": "a cell, a line or a header is beyond all bounds",
        "EW-F11": "a compressed file that is broken or would fill the memory",
        "EW-F12": "the file changed while it was read",
        "EW-F13": "no whole Parquet file",
        "EW-F14": "parts of one Parquet table that differ in columns or types",
        "EW-F15": "a column of a type that cannot be read",
        "EW-F16": "no sound JSON",
        "EW-F17": "no sound XML",
        "EW-F18": "XML with a document type or entities",
        "EW-F19": "a workbook that would fill the memory, or whose parts point outside it",
        "EW-F20": "not a workbook of the kind that is read (.xlsx)",
        "EW-F21": "another document than the format promises",
        "EW-F22": "a table is there twice",
        "EW-F23": "no date from which the extract's own day can be told",
        "EW-F24": "a mapping that cannot be used",
        "EW-F25": "the table contacts is missing",
        "EW-F26": "a spreadsheet program has changed the ids",
    }
)
"""What a whole file may break: it is then not read at all. `SourceError.rule` names one of these."""


def wording() -> dict[str, pl.Expr]:
    """Columns ``problem`` and ``fix`` of a quarantine, from its column ``rule``."""
    return {
        "problem": pl.col("rule").replace_strict({name: rule.problem for name, rule in RULES.items()}),
        "fix": pl.col("rule").replace_strict({name: rule.fix for name, rule in RULES.items()}),
    }
