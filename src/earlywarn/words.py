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


def age_in_words(age_months: int | None, *, unborn: bool) -> str:
    """Age as people say it: ``2 years 4 months``, ``5 months``, ``unborn``, ``age not known``."""
    if unborn:
        return "unborn"
    if age_months is None:
        return "age not known"
    years, months = divmod(age_months, 12)
    parts = [f"{years} year{'s' * (years != 1)}"] * (years > 0) + [f"{months} month{'s' * (months != 1)}"] * (
        months > 0 and years < 10
    )
    return " ".join(parts) or "under 1 month"


def said_day(moment: object) -> str:
    """Say a day as people write it: ``3 Jun 2026``."""
    strftime = getattr(moment, "strftime", None)
    return strftime("%d %b %Y").lstrip("0") if strftime else "no entry"
