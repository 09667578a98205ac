"""The header of a table: which columns it names. Blanks and quotes around a name are trimmed, and that is said."""

from __future__ import annotations

import string
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MAX_COLUMNS = 2000
HEADER_WITHIN = 20
"""How far down a worksheet the header is looked for: titles stand above it, not pages."""

_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’"}


class Header(NamedTuple):
    """Column names as they are used, and what was put right in them. A column without a name has a blank one."""

    names: list[str]
    notes: list[str]


def header(cells: Sequence[str], where: str, known: Collection[str] = ()) -> Header:
    """Read the cells of a header.

    Parameters
    ----------
    cells : sequence of str
        As written.
    where : str
        Which file or worksheet, for messages.
    known : collection of str
        Names that a message may quote. Others may be no names at all: where the header is missing, they are a record.

    Raises
    ------
    SourceError
        EW-F07: a column twice, also in other letter case; EW-F10: more columns than any extract has.

    """
    if len(cells) > MAX_COLUMNS:
        raise SourceError(
            f"{where} has {count_of(len(cells), 'column')}.",
            expected=f"at most {MAX_COLUMNS:,}",
            fix="check the delimiter and the line ends; a table on its side has to be turned first",
            rule="EW-F10",
        )
    names = [trimmed(cell) for cell in cells]
    changed = sum(name != cell for name, cell in zip(names, cells, strict=True))
    _refuse_twice(names, where, {folded(name) for name in known})
    said = f"blanks or quotes in or around {count_of(changed, 'column name')} were taken away"
    return Header(names, [said] if changed else [])


def trimmed(cell: str) -> str:
    r"""Return a column's name without byte-order mark, runs of blanks, no-break spaces and quotes around it.

    Examples
    --------
    >>> trimmed("\ufeff Date\u00a0of  birth "), trimmed("'UPN'")
    ('Date of birth', 'UPN')

    """
    name = " ".join(cell.replace("\ufeff", "").split())
    while len(name) > 1 and _QUOTES.get(name[0]) == name[-1]:
        name = name[1:-1].strip()
    return name


def folded(name: str) -> str:
    """Return a name as names are compared: trimmed, in small letters."""
    return trimmed(name).casefold()


def _refuse_twice(names: list[str], where: str, known: Collection[str]) -> None:
    counts = Counter(name.casefold() for name in names if name)
    twice = [at for at, name in enumerate(names) if counts[name.casefold()] > 1]
    said = dict.fromkeys(names[at] if names[at].casefold() in known else f"column {_letters(at + 1)}" for at in twice)
    if twice:
        raise SourceError(
            f"{where} has a column twice: {', '.join(said)}.",
            expected="a header in which each column stands once; letter case makes no difference",
            fix="remove or rename one of the two; or put the header back, where the first row is a record",
            rule="EW-F07",
        )


def column_labels(names: Sequence[str]) -> list[str]:
    """Give columns without a usable name the letter a spreadsheet shows for them.

    Examples
    --------
    >>> column_labels(["UPN", "", "_row"])
    ['UPN', 'column B', 'column C']

    """
    labels: list[str] = []
    for at, name in enumerate(names, start=1):
        label = name if name and name != ROW else f"column {_letters(at)}"
        while label in labels or (label != name and label in names):  # another column may be called so
            label += "'"
        labels.append(label)
    return labels


def _letters(number: int) -> str:
    """Return the letters of the n-th column of a spreadsheet, counted from 1."""
    first, last = divmod(number - 1, 26)
    return (_letters(first) if first else "") + string.ascii_uppercase[last]


def find_header(rows: Sequence[Sequence[str | None]], expected: Collection[Collection[str]]) -> int | None:
    """Find the row that names the columns: the one with most of an expected set, else the first that is filled.

    One name alone may stand in a title, so two are asked for where a set has two.
    """
    sets = [{folded(name) for name in names} for names in expected]
    best, most = None, 0
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        cells = {folded(cell) for cell in row if cell}
        fits = max((len(cells & names) for names in sets if len(cells & names) >= min(2, len(names))), default=0)
        if fits > most:
            best, most = at, fits
    filled = (at for at, row in enumerate(rows) if any(row))
    return next(filled, None) if best is None else best
