"""Which feature can be told from which source: what each needs, what each format and each feed can carry.

What can be carried is said in *tokens*, the same for a format and for records: ``contacts.child_seen`` (a column that
somebody fills), ``contacts.kind=referral`` (a value that occurs), ``concerns`` (a table with rows that are counted),
and each of them ``@social_care``, held by that organisation. A feature asks for tokens and is answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.carried import TOGETHER, carried_by_feed, carried_by_format, formats, may_be_blank
from earlywarn.features.catalogue import CORE
from earlywarn.records.codes import CONTACT_KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.features.feature import Feature
    from earlywarn.records.tables import Records

YES, PARTLY, BESIDE, NO, MAPPED = "yes", "in part", "beside others", "no", "as mapped"

OWN_MAPPING = "table"
"""The format of tables of one's own: what it carries is what its mapping sets."""

NEEDS_SCHEMA = pl.Schema({name: pl.String() for name in ("feature", "question", "needs", "source", "answer", "why")})


@dataclass(frozen=True)
class Need:
    """One thing a feature asks of records.

    Parameters
    ----------
    any_of : tuple of str
        Tokens of which one is enough.
    lacking : str
        What to say where there is none.
    otherwise : str
        The answer without it: ``no``, ``in part`` (it is told, and says less), or ``beside others`` (one agency's
        records are not enough by their nature).

    """

    any_of: tuple[str, ...]
    lacking: str
    otherwise: str = NO


DEALT_WITH = Need(tuple(f"contacts.kind={kind}" for kind in CONTACT_KINDS), "no record is of dealing with the family")
COUNTED = Need(("concerns",), "no record carries a concern that is counted")
PEOPLE = Need(("people",), "no record names the people in a child's life")
SEVERAL = Need(("several holders",), "it compares what several agencies hold", BESIDE)

DECLARED: Mapping[str, Need] = {
    "concerns": COUNTED,
    "people": PEOPLE,
    "contacts.worker_id": Need(("contacts.worker_id",), "no record names a worker"),
    "contacts.child_seen": Need(("contacts.child_seen",), "no record says whether the child was seen"),
    "contacts.attendance": Need(("contacts.attendance",), "no record says whether a visit or appointment took place"),
    "concerns.closing": Need(("concerns.closing",), "no source can record that a concern was concluded"),
}
"""Words for what features declare in `Feature.needs`."""

BY_FRAME: Mapping[str, tuple[Need, ...]] = {
    "contacts": (DEALT_WITH,),
    "contact_days": (DEALT_WITH,),
    "concerns": (COUNTED,),
    "people": (PEOPLE,),
    "sharing": (Need(("sharing",), "no record tells of an agency that was told"),),
    "episodes": (Need(("episodes",), "no record carries an episode"),),
}
"""What a feature needs since it counts rows of that frame: without any, a zero would say nothing."""

_COMPARED = "it compares people in social care's records with those in others'"

BESIDES: Mapping[str, tuple[Need, ...]] = {
    "unplanned_contacts_90d": (
        Need(("contacts.planned",), "no record says whether it was planned, so each counts as unplanned", PARTLY),
    ),
    "worker_churn_365d": (
        Need(("contacts.kind=involvement_start@social_care",), "social care's records do not say who was allocated"),
    ),
    "largest_single_view": (SEVERAL,),
    "unresolved_severity": (Need(("concerns.severity",), "no concern is graded"),),
    "rereferral_12m": (Need(("contacts.kind=referral@social_care",), "there are no referrals to social care"),),
    "closed_no_action_365d": (Need(("contacts.outcome",), "no record says what came of it"),),
    "unknown_adults": (
        Need(("people@social_care", "sharing"), _COMPARED, BESIDE),
        Need(("people@others",), _COMPARED, BESIDE),
        Need(
            ("people@social_care",),
            "social care's own records name nobody: others' are compared with what it was told",
            PARTLY,
        ),
    ),
}
"""What the definition of a feature asks for beyond what it declares and counts over."""


def needs_of(feature: Feature) -> tuple[Need, ...]:
    """Everything a feature asks of records, the most telling first."""
    declared = [DECLARED.get(need) or _undeclared(need) for need in feature.needs]
    return tuple(dict.fromkeys([*declared, *BY_FRAME.get(feature.over, ()), *BESIDES.get(feature.name, ())]))


def _undeclared(need: str) -> Need:
    """Return the need of a feature of one's own; a column that may not be blank is there wherever its table is."""
    table, _, column = need.partition(".")
    token = need if column in may_be_blank(table) else table
    return Need((token,), f"no record fills {need}" if column else f"no record carries {table}")


def answer(feature: Feature, carried: frozenset[str]) -> tuple[str, str]:
    """Say whether a feature can be told from records that carry these tokens, and if not, why.

    Examples
    --------
    >>> from earlywarn.features.catalogue import CORE
    >>> seen = next(f for f in CORE if f.name == "days_since_seen")
    >>> answer(seen, frozenset({"contacts"}))
    ('no', 'no record says whether the child was seen')
    >>> answer(seen, frozenset({"contacts.child_seen"}))
    ('yes', '')

    """
    lacking = [need for need in needs_of(feature) if not carried.intersection(need.any_of)]
    for otherwise in (NO, BESIDE, PARTLY):
        for need in lacking:
            if need.otherwise == otherwise:
                return otherwise, need.lacking
    return YES, ""


def needs_table(records: Records | None = None, features: Sequence[Feature] = CORE) -> pl.DataFrame:
    """Ask of each feature whether it can be told, format by format or feed by feed.

    Parameters
    ----------
    records : Records, optional
        Judge these, feed by feed and all together, whatever the day. Without them, judge what each format that this
        library reads can carry.
    features : sequence of Feature
        What to judge; the core features by default.

    Returns
    -------
    polars.DataFrame
        ``feature, question, needs, source, answer, why``. The question is what the feature tells, in words. The answer
        is ``yes``, ``in part``, ``beside others`` (together with another agency's records) or ``no``; for tables of
        one's own ``as mapped``.

    """
    sources = _of_formats() if records is None else _of_records(records)
    rows = [
        (f.name, _question(f), ", ".join(f.needs), source, *_answered(f, tokens, source))
        for f in features
        for source, tokens in sources.items()
    ]
    return pl.DataFrame(rows, schema=NEEDS_SCHEMA, orient="row")


def _question(feature: Feature) -> str:
    """Return what a feature tells, as its sentence for "not known" begins; else its name."""
    question, colon, _ = feature.sentence.missing.partition(":")
    return question if colon else feature.name


def _answered(feature: Feature, carried: frozenset[str] | None, source: str) -> tuple[str, str]:
    """Answer for one source; all together, there are no others left to stand beside."""
    if carried is None:
        return MAPPED, ""
    said, why = answer(feature, carried)
    return (NO if source == TOGETHER and said == BESIDE else said), why


def _of_formats() -> dict[str, frozenset[str] | None]:
    return {**{name: carried_by_format(name) for name in formats()}, OWN_MAPPING: None}


def _of_records(records: Records) -> dict[str, frozenset[str]]:
    by_feed = carried_by_feed(records)
    return {**by_feed, TOGETHER: carried_by_feed(records, together=True).get(TOGETHER, frozenset())}


def needs_markdown() -> str:
    """Return the table of features by formats for the documentation, with the reasons below it."""
    table = needs_table()
    sources = list(dict.fromkeys(table["source"]))
    numbers = {why: number for number, why in enumerate(filter(None, dict.fromkeys(table["why"])), start=1)}
    cells = {(f, s): _cell(said, numbers.get(why)) for f, _, _, s, said, why in table.iter_rows()}
    names = dict.fromkeys(table["feature"])
    lines = ["| feature | " + " | ".join(f"`{s}`" for s in sources) + " |", "|---" * (len(sources) + 1) + "|"]
    lines += [f"| `{name}` | " + " | ".join(cells[name, s] for s in sources) + " |" for name in names]
    whys = [f"{number}. {why[0].upper()}{why[1:]}." for why, number in numbers.items()]
    return "\n".join([*lines, "", *whys]) + "\n"


def _cell(said: str, number: int | None) -> str:
    return f"{said} ({number})" if number else said
