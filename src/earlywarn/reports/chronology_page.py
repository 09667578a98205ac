"""The chronology of one child as one offline HTML page: a column an agency, nothing loaded, every value escaped."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from earlywarn.history.strands import STRAND_GAP_DAYS
from earlywarn.history.who_knew import NOT_THE_SAME
from earlywarn.plots import timeline
from earlywarn.reports._chronology import (
    LEGEND,
    delays_in_words,
    events_in_words,
    gaps_in_words,
    head_in_words,
    lives_in_words,
    plans_in_words,
)
from earlywarn.reports._sheet import inline
from earlywarn.reports.html import CSP, styles, templates
from earlywarn.review.flag import A_PERSON_DECIDES
from earlywarn.words import said_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.history.chronology import Chronology
    from earlywarn.reports._chronology import Event

STYLES = ("report.css", "chronology.css")
AGENCY_SHARE, MOST_SHARED = 4.5, 56.0
"""How much of the table's width a column of an agency takes, and all of them together at most, in per cent."""


def chronology_html(told: Chronology, *, absent: tuple[str, ...] = (), note: str = "") -> str:
    """Write a chronology as one page.

    Parameters
    ----------
    told : Chronology
        What one viewer knew of one child.
    absent : tuple of str
        Sectors of which no records were given at all, for any child; drawn as not given.
    note : str
        Shown at the top.

    Returns
    -------
    str
        The same text for the same values. Agencies and days, never a worker, a place or a person's id.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.chronology import chronology
    >>> from earlywarn.history.view import View
    >>> page = chronology_html(chronology(View(load_example(), "2026-11-01"), "c0001"))
    >>> "<script" in page, "Not in its records is not the same as not knowing" in page
    (False, True)

    """
    events = events_in_words(told)
    return (
        templates()
        .get_template("chronology.html.j2")
        .render(
            csp=CSP,
            styles=styles(*STYLES),
            title=f"Chronology of child {told.child_id}, as of {said_day(told.as_of)}",
            note=note,
            decides=A_PERSON_DECIDES,
            not_the_same=NOT_THE_SAME,
            strand_gap=STRAND_GAP_DAYS,
            told=told,
            head=head_in_words(told),
            picture=inline(timeline(told, absent=absent)),
            lives=lives_in_words(told),
            plans=plans_in_words(told),
            legend=LEGEND,
            agencies=told.organisations,
            widths=_widths(len(told.organisations)),
            groups=[(year, list(of_year)) for year, of_year in groupby(events, _group)],
            gaps=gaps_in_words(told),
            delays=delays_in_words(told),
        )
    )


def _group(event: Event) -> str:
    return "Planned, and not yet due" if event.ahead else f"{event.at:%Y}"


def _widths(agencies: int) -> Mapping[str, float]:
    """Share a table's width out: a little for the day, the same for each agency, the rest for what happened."""
    each = min(AGENCY_SHARE, MOST_SHARED / max(agencies, 1))
    rest = 100 - 9 - each * agencies
    shares = {"day": 9.0, "by": rest * 0.24, "what": rest * 0.42, "concerns": rest * 0.34, "agency": each}
    return {name: round(share, 2) for name, share in shares.items()}
