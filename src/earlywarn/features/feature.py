"""`Feature` and `Sentence`: what is counted, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

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


def _number(value: float) -> str:
    """Whole numbers as they are, others to one decimal: what is said to a person is not more exact than it is."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"


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
            n=_number(value),
            span=span_in_words(value),
            part=f"{part:g}",
            of=f"{of:g}" if of is not None else "",
            percent=f"{100 * value:.0f} %",
        )


@dataclass(frozen=True, eq=False)
class Coverage:
    """How much must be said of a child for a feature to be told: else the answer is "cannot tell".

    Parameters
    ----------
    asked : polars.Expr
        The rows of the frame, within the feature's window, that the question is about.
    told : polars.Expr
        Whether a row says what is asked.
    least : float
        The least share of them that must. Where there is no such row, nothing is asked.

    """

    asked: pl.Expr
    told: pl.Expr
    least: float = 0.5


@dataclass(frozen=True, eq=False)
class Feature:
    """One thing that is counted of a child, on a day, in a view.

    Parameters
    ----------
    name : str
        Its name; the unit is its suffix where there is one.
    over : str
        The frame whose rows are counted: ``records, contacts, agency_days, contact_days, concerns, strands, people,
        sharing, episodes`` and others; they and their columns are documented in `earlywarn.features.frames`.
    where : polars.Expr or None
        Which rows are kept. The records that carry the kept rows are the evidence.
    value : polars.Expr
        The value of the kept rows, an aggregation.
    window : int or None
        Keep only rows of the days within this many before the as-of day; None keeps all before it.
    empty : float, int, None or polars.Expr
        The value where no row is kept. An expression is asked of the child's whole frame, and is null where the
        child has no row there at all; one that names only columns of the child is asked of every child.
    needs : tuple of str
        Tables (``concerns``), columns (``contacts.attendance``), facts (``facts:action_due``) or records of one holder
        (``contacts@social_care``) without which it cannot be told. Where nobody's records had any by the day, the
        feature is null for everyone.
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
        Whether the question arises at all, asked as ``empty`` is: how old the oldest open concern is does not, where
        none is open. A null that does not arise is not a gap, and nobody is told that it is. Where it is asked of the
        child alone, the feature is null wherever it does not arise, and rests on no record.
    carried_by : tuple of str
        Columns of the frame that name the records carrying a row.
    sets : polars.Expr, optional
        Which of the kept rows set the value, where not all do: for a maximum, those that have it. The records behind
        the value are theirs. Asked of the rows of one child together.
    part : polars.Expr, optional
        For a share, which of the kept rows are its upper part.
    finish : callable, optional
        The last step, from the aggregated values of all rows to the feature's: a polars Series in, one of equal length
        out. For what takes a statistical function; null stays null.
    coverage : Coverage, optional
        How much must be said for the value to be told of a child at all.
    definition : str
        Its exact meaning in words, with the values of the settings in it. It identifies the feature: what says the
        same is the same.

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
    over: str
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
    sets: pl.Expr | None = None
    part: pl.Expr | None = None
    finish: Callable[[pl.Series], pl.Series] | None = None
    coverage: Coverage | None = None
    definition: str = ""

    @property
    def expressions(self) -> tuple[pl.Expr, ...]:
        """Every expression it is made of."""
        told = (self.coverage.asked, self.coverage.told) if self.coverage else ()
        everything = (self.where, self.value, self.of, self.empty, self.arises, self.sets, self.part, *told)
        return tuple(e for e in everything if isinstance(e, pl.Expr))

    def within(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Rows of the frame in the feature's window."""
        return frame if self.window is None else frame.filter(pl.col("days_ago") <= self.window)

    def kept(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Rows of the frame that this feature counts."""
        within = self.within(frame)
        return within if self.where is None else within.filter(self.where)
