"""Which feature can be told from which source: what each needs, what each format and each feed can carry.

A feature asks for tokens (`earlywarn.features.needed`), sources carry tokens (`earlywarn.features.carried`), and here
the one is answered by the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.carried import TOGETHER, carried_by_feed, carried_by_format, formats
from earlywarn.features.catalogue import CORE, catalogue
from earlywarn.features.needed import BESIDE, MAPPED, NO, PARTLY, YES, needs_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earlywarn.features.feature import Feature
    from earlywarn.records.tables import Records

OWN_MAPPING = "table"
"""The format of tables of one's own: what it carries is what its mapping sets."""

NEEDS_SCHEMA = pl.Schema({name: pl.String() for name in ("feature", "question", "needs", "source", "answer", "why")})


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
    """Return the table of all features by formats for the documentation, with the reasons below it."""
    table = needs_table(features=catalogue())
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
