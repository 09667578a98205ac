"""Small words: counts as people say them, and text from records made harmless for a terminal."""

from __future__ import annotations


def count_of(number: int, one: str, many: str = "") -> str:
    """Say how many: ``1 child``, ``2 children``, ``1,200 rows``.

    Examples
    --------
    >>> count_of(1, "child", "children"), count_of(1200, "row")
    ('1 child', '1,200 rows')

    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def printable(text: str) -> str:
    r"""Replace control characters, which could drive a terminal, by a visible mark; line breaks stay.

    Examples
    --------
    >>> printable("Team \x1b[2J North")
    'Team �[2J North'

    """
    return "".join(c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
