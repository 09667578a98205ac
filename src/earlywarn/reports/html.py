"""The list and its sheets as one offline HTML page: no script, nothing loaded, every value escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from earlywarn.errors import ArgumentError
from earlywarn.history.viewers import POOLED, viewer_in_words
from earlywarn.records.codes import AGENCIES, label
from earlywarn.reports._sheet import Scale, Sheet, bars, compared, sheet_of
from earlywarn.review.flag import A_PERSON_DECIDES
from earlywarn.review.flags import NO_REASON
from earlywarn.review.population import EXCLUSIONS
from earlywarn.words import count_of, said_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from earlywarn.history.view import View
    from earlywarn.review.flag import Flag, Flags

CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What the page may do: nothing, but be styled from within."""


def report_html(flags: Flags, view: View, *, note: str = "") -> str:
    """Write a list and the sheet of every flag on it as one page.

    Parameters
    ----------
    flags : Flags
        The list.
    view : View
        What the viewer of the list could see of the flagged children on that day.
    note : str
        Shown at the top of the page and of every sheet.

    Returns
    -------
    str
        The same text for the same values. It says only what is in them: no time, no hash, no name of a file.

    Raises
    ------
    ArgumentError
        The view is of another day or viewer, or lacks a flagged child.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.view import View
    >>> from earlywarn.review.flags import raise_flags
    >>> records = load_example()
    >>> flags = raise_flags(records, "2026-11-01", capacity=1)
    >>> page = report_html(flags, View(records, "2026-11-01").only([f.child_id for f in flags]))
    >>> "<script" in page
    False

    """
    scale = Scale.of([*flags.flags, *flags.below])
    absent = flags.absent_sectors()
    sheets = [_sheet(flag, view, scale, absent, flags.flags, i) for i, flag in enumerate(flags, start=1)]
    return _page(
        title=f"Records to read, as of {said_day(flags.as_of)}",
        note=note,
        flags=flags,
        seen_by=_seen_by(flags.viewer),
        absent=absent,
        sheets=sheets,
        households=_by_household(sheets),
        below=[(f, compared(bars(f, scale))) for f in flags.below],
        not_listed=not_listed(flags),
        caution=flags.caution,
        as_of=flags.as_of,
    )


def sheet_html(flag: Flag, view: View, *, note: str = "") -> str:
    """Write the sheet of one flag as a page of its own.

    Parameters
    ----------
    flag : Flag
        What to show.
    view : View
        What the flag's viewer could see of the child on that day.
    note : str
        Shown at the top.

    Raises
    ------
    ArgumentError
        The view is of another day or viewer, or lacks the child.

    """
    sheet = _sheet(flag, view, Scale.of([flag]), (), [flag], 1)
    return _page(
        title=f"Child {flag.child_id}, as of {said_day(flag.as_of)}",
        note=note,
        flags=None,
        sheets=[sheet],
        caution=flag.caution,
        as_of=flag.as_of,
    )


@cache
def templates() -> Environment:
    """Return what pages are written with: everything escaped, and a name that is missing is a bug."""
    known = Environment(
        loader=PackageLoader("earlywarn.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    known.filters |= {"day": said_day, "agency": _agency, "count": count_of, "css": _css, "capital": _capital}
    return known


def styles(*names: str) -> Markup:
    """Return style sheets of ours as one, for use inside a page."""
    known = templates()
    sources = [known.loader.get_source(known, name)[0] for name in names if known.loader]
    return Markup("\n".join(sources))  # noqa: S704 (our own files)


def _page(**values: object) -> str:
    template = templates().get_template("report.html.j2")
    return template.render(csp=CSP, styles=styles("report.css"), decides=A_PERSON_DECIDES, **values)


def _sheet(flag: Flag, view: View, scale: Scale, absent: tuple[str, ...], listed: Sequence[Flag], place: int) -> Sheet:
    if (view.day, view.viewer) != (flag.as_of, flag.viewer):
        raise ArgumentError(
            "The view is not the one these flags were raised on.",
            expected="a view of the same day and viewer as the flags",
            fix="build it as View(records, flags.as_of, flags.viewer)",
        )
    also = [i for i, f in enumerate(listed, start=1) if i != place and f.child_id in flag.household]
    return sheet_of(flag, view, absent, place, siblings=tuple((i, listed[i - 1].child_id) for i in also), scale=scale)


def _by_household(sheets: Iterable[Sheet]) -> list[list[Sheet]]:
    """Put sheets that are read together side by side; they already follow one another."""
    groups: list[list[Sheet]] = []
    for sheet in sheets:
        if groups and sheet.flag.child_id in groups[-1][0].flag.household:
            groups[-1].append(sheet)
        else:
            groups.append([sheet])
    return groups


def not_listed(flags: Flags) -> list[tuple[str, int]]:
    """Count the children not on the list by every reason there is, in order, none left out for being nought."""
    reasons = dict.fromkeys((*EXCLUSIONS, NO_REASON, *flags.excluded))
    return [(reason, flags.excluded.get(reason, 0)) for reason in reasons]


def _seen_by(viewer: str) -> str:
    if viewer == POOLED:
        return "what the records of all these agencies say together"
    return f"what {viewer_in_words(viewer)} knew"


def _agency(code: str) -> str:
    return label(code, AGENCIES)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _css(text: str) -> Markup:
    r"""Write a text as a CSS string that no text can leave: every letter that is not plain becomes its number."""
    said = "".join(c if c.isascii() and (c.isalnum() or c == " ") else f"\\{ord(c):x} " for c in text)
    return Markup(f'"{said}"')  # noqa: S704 (only letters, digits, spaces and numbered characters are left)
