"""`Feature` and `Sentence`: what is counted, and how it is said."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

Frame = Literal["records", "contacts", "contact_days", "concerns", "people", "sharing", "episodes"]
About = Literal["family", "services"]

FAMILY: About = "family"
SERVICES: About = "services"

DAYS_SAID_AS_DAYS = 60
DAYS_A_MONTH = 30.4375


def span_in_words(days: float) -> str:
    """Days up to 60, then months, then years: as people say it.

    Examples
    --------
    >>> span_in_words(1), span_in_words(60), span_in_words(220), span_in_words(800)
    ('1 day', '60 days', '7 months', '2 years 2 months')

    """
    if days <= DAYS_SAID_AS_DAYS:
        return f"{days:.0f} day{'s' * (round(days) != 1)}"
    months = int(days / DAYS_A_MONTH)
    if months < 24:
        return f"{months} months"
    years, rest = divmod(months, 12)
    return f"{years} years" + (f" {rest} month{'s' * (rest != 1)}" if rest else "")


@dataclass(frozen=True)
class Sentence:
    """How a feature's value is said to a person: for none, one, many, and where it cannot be told.

    ``{n}`` is the value, ``{span}`` the value as a span of time, ``{part}`` and ``{of}`` the two counts of a share,
    ``{percent}`` the share itself. Sentences speak of records, not of blame.
    """

    none: str
    one: str
    many: str
    missing: str

    def say(self, value: float | None, of: float | None = None) -> str:
        """Say a value.

        Parameters
        ----------
        value : float or None
            The feature's value; None where it cannot be told.
        of : float, optional
            What a share is of.

        """
        if value is None:
            return self.missing
        part = round(value * of) if of is not None else value
        template = self.none if part == 0 else self.one if part == 1 else self.many
        return template.format(
            n=f"{value:g}",
            span=span_in_words(value),
            part=f"{part:g}",
            of=f"{of:g}" if of is not None else "",
            percent=f"{100 * value:.0f} %",
        )


@dataclass(frozen=True, eq=False)
class Feature:
    """One thing that is counted of a child, on a day, in a view.

    Parameters
    ----------
    name : str
        Its name; the unit is its suffix where there is one.
    over : str
        The frame whose rows are counted: ``records, contacts, contact_days, concerns, people, sharing`` or
        ``episodes``; their columns are documented in `earlywarn.features.frames`.
    where : polars.Expr or None
        Which rows are kept. The records that carry the kept rows are the evidence.
    value : polars.Expr
        The value of the kept rows, an aggregation.
    window : int or None
        Keep only rows of the days within this many before the as-of day; None keeps all before it.
    empty : float, int, None or polars.Expr
        The value where no row is kept. An expression is asked of the child's whole frame, and is null where the
        child has no row there at all.
    needs : tuple of str
        Tables (``concerns``) or columns (``contacts.attendance``) without which it cannot be told. Where nobody's
        records had any by the day, the feature is null for everyone.
    unit : str
        What the value is counted in.
    direction : {+1, -1, 0}
        The sign every model must respect: +1, a higher value never lowers a score; -1, never raises one; 0, shown,
        and free.
    sentence : Sentence
        How it is said.
    source : str
        Where the idea comes from.
    of : polars.Expr, optional
        For a share, what it is a share of, so that it can be said as "2 of 3".
    about : {"family", "services"}
        Whether it speaks of the child and family, or of how services have worked.
    arises : polars.Expr, optional
        Whether the question arises at all, asked of the child's whole frame: how old the oldest open concern is does
        not, where none is open. A null that does not arise is not a gap, and nobody is told that it is.
    carried_by : tuple of str
        Columns of the frame that name the records carrying a row.

    Examples
    --------
    A feature of one's own, in three lines:

    >>> import polars as pl
    >>> nights = Feature("night_incidents_365d", "records", pl.col("kind") == "incident", pl.len(), 365, 0, (),
    ...                  "records", 0, Sentence("None.", "1 incident.", "{n} incidents.", "Not known."), "our own")
    >>> nights.sentence.say(2)
    '2 incidents.'

    """

    name: str
    over: Frame
    where: pl.Expr | None
    value: pl.Expr
    window: int | None
    empty: float | pl.Expr | None
    needs: tuple[str, ...]
    unit: str
    direction: Literal[-1, 0, 1]
    sentence: Sentence
    source: str
    of: pl.Expr | None = None
    about: About = FAMILY
    arises: pl.Expr | None = None
    carried_by: tuple[str, ...] = ("record_id",)

    def kept(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Rows of the frame that this feature counts: those its evidence comes from."""
        within = frame if self.window is None else frame.filter(pl.col("days_ago") <= self.window)
        return within if self.where is None else within.filter(self.where)


def set_hash(features: Iterable[Feature]) -> str:
    """Identity of a set of features: what a fitted model was made for, and must meet again.

    Covers what each feature is called, counts over, within, in and towards; it does not depend on their order.
    """
    said = sorted((f.name, f.over, f.window, f.unit, f.direction, f.needs) for f in features)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
