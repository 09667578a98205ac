"""One scoring run over the records of a folder: read, refuse what is too broken to score, count, score, flag."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from earlywarn.errors import ArgumentError, SourceError
from earlywarn.features.catalogue import CORE
from earlywarn.features.engine import build_features
from earlywarn.history.days import as_day
from earlywarn.history.viewers import POOLED
from earlywarn.records.tables import total
from earlywarn.review.flags import check_list, flags_of
from earlywarn.scoring.card import StartingCard

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import polars as pl

    from earlywarn.features.feature import Feature
    from earlywarn.records.tables import Records
    from earlywarn.review.flag import Flags
    from earlywarn.scoring.terms import TermTable


@dataclass(frozen=True)
class Run:
    """One scoring run: what went in, what came out, and what it was for.

    Parameters
    ----------
    records : Records
        What was scored.
    scores : polars.DataFrame
        Every child, viewer by viewer; see `TermTable.score`.
    flags : Flags
        The week's list, from ``pooled`` if that is among the viewers, else from the first of them.
    model : TermTable
        What scored.
    as_of : datetime.date
        The day.
    viewers : tuple of str
        Whose knowledge was counted by.
    purpose : str
        Why the run was made, in the caller's words.
    inputs : mapping of str to str
        SHA-256 of every file read, by name.

    """

    records: Records
    scores: pl.DataFrame
    flags: Flags
    model: TermTable
    as_of: dt.date
    viewers: tuple[str, ...]
    purpose: str = "not stated"
    inputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def score_records(
    records: Records,
    as_of: str | dt.date,
    *,
    viewers: str | Sequence[str] = POOLED,
    capacity: int,
    model: TermTable | None = None,
    features: Sequence[Feature] = CORE,
    purpose: str = "not stated",
    inputs: Mapping[str, str] | None = None,
) -> Run:
    """Score every child and raise the week's flags.

    Raises
    ------
    ArgumentError
        A day that is no day, an unknown viewer, a capacity below 1.
    ModelError
        The model does not fit the features.

    """
    check_list(capacity)
    day, chosen = as_day(as_of), model if model is not None else StartingCard()
    table = build_features(records, day, viewers=viewers, features=features)
    scores, seats = chosen.score(table), table.viewers
    viewer = POOLED if POOLED in seats else seats[0]
    flags = flags_of(records, table, scores, chosen, as_of=day, capacity=capacity, viewer=viewer)
    return Run(records, scores, flags, chosen, day, seats, purpose, MappingProxyType(dict(inputs or {})))


def share(text: str) -> float:
    """Read a share such as ``1%`` or ``0.01``.

    Raises
    ------
    ArgumentError
        Not a share from 0 to 1.

    """
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ArgumentError("This is no share.", expected="a share from 0% to 100%", fix="write it like 1%")
    return value


def refuse_too_many(records: Records, allowed: float) -> None:
    """Stop a run over records too many of which were refused for the scores to mean something.

    Raises
    ------
    SourceError
        More than ``allowed`` of the rows read are in quarantine.

    """
    rows = total(records.account)
    if rows["read"] and rows["quarantined"] / rows["read"] > allowed:
        raise SourceError(
            f"{rows['quarantined']:,} of {rows['read']:,} rows were refused: more than {allowed:.2%}.",
            expected="few enough refused rows for the scores to mean something",
            fix="see why with `earlywarn validate`, mend them, or raise --max-quarantine",
        )
