"""What went wrong, what was expected, and what to do: the only exceptions a user should meet.

A message names the file, the row and the column, and the *class* of problem. It never quotes a value: values are
about children, and messages end up in logs. The refused rows themselves are kept in the quarantine.
"""

from __future__ import annotations

from difflib import get_close_matches
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Exit(IntEnum):
    """How a command ends. Of several that apply, the highest of 7, 6, 5, 3, 4 wins."""

    OK = 0
    BUG = 1
    BAD_ARGUMENT = 2
    SOURCE = 3
    ROWS_REFUSED = 4
    MODEL = 5
    OUTPUT = 6
    AUDIT = 7
    INTERRUPTED = 130


class EarlywarnError(Exception):
    """A user's mistake, or a file's: shown without a traceback.

    Parameters
    ----------
    found : str
        What is there, and where: file, row, column. Never a value from a record.
    expected : str
        What should have been there.
    fix : str
        What to type or change next.
    rule : str
        The id of the rule that a file broke (``EW-F04``), which stays the same while words may change.

    """

    exit_code = Exit.BAD_ARGUMENT

    def __init__(self, found: str, *, expected: str = "", fix: str = "", rule: str = "") -> None:
        self.found, self.expected, self.fix, self.rule = found, expected, fix, rule
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The rule and the three parts, one a line, without the empty ones."""
        lines = [f"{self.rule}  {self.found}" if self.rule else self.found]
        lines += [f"Expected: {self.expected}"] if self.expected else []
        lines += [f"Fix:      {self.fix}"] if self.fix else []
        return "\n".join(lines)


class ArgumentError(EarlywarnError, ValueError):
    """An argument that cannot be what was meant: a day that is no day, a child nobody knows."""


class SourceError(EarlywarnError):
    """A source that cannot be read as a whole: no such folder, no contacts, an unknown column, broken XML."""

    exit_code = Exit.SOURCE


class ModelError(EarlywarnError):
    """A model that does not fit the features it meets, or a file that is no model."""

    exit_code = Exit.MODEL


class OutputError(EarlywarnError):
    """An output that exists, or that another run is writing."""

    exit_code = Exit.OUTPUT


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean "x"?``, or nothing where no known name is close.

    Examples
    --------
    >>> nearest("agnecy", ["agency", "kind"])
    'did you mean "agency"?'
    >>> nearest("zzz", ["agency", "kind"])
    ''

    """
    matches = get_close_matches(name.strip().lower(), list(known), n=1, cutoff=0.6)
    return f'did you mean "{matches[0]}"?' if matches else ""
