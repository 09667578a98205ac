"""`Flag` and `Flags`: what a person is given, as values. Built in `earlywarn.review.flags`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, overload

import polars as pl

from earlywarn.history.notebook import html_table
from earlywarn.history.viewers import POOLED, viewer_in_words
from earlywarn.records.codes import AGENCIES, ORGANISATIONS, label
from earlywarn.review.reasons import GROUPS, Reason
from earlywarn.words import count_of, said_day

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import pandas as pd

A_PERSON_DECIDES = "A prompt for review, not a decision: a person reads the records and decides."


@dataclass(frozen=True)
class Flag:
    """One prompt for review: what the records say, what they do not, what to ask, and the points last.

    ``own_views`` gives the score from each organisation's own records beside the pooled one, and ``cited_known`` how
    many of the records cited each organisation knew. ``other_ids`` are ids found out to be the same child.
    ``household`` lists the children of the household that are on the same list. ``rank`` is None for a sheet made for
    one child alone.
    """

    flag_id: str
    child_id: str
    as_of: dt.date
    viewer: str
    score: int
    intercept: int
    band: str
    rank: int | None
    header: Mapping[str, str]
    held_by: tuple[str, ...]
    household: tuple[str, ...]
    reasons: tuple[Reason, ...]
    not_known: tuple[str, ...]
    questions: tuple[str, ...]
    own_views: Mapping[str, int]
    caution: str
    cited_known: Mapping[str, int] = field(default_factory=dict)
    other_ids: tuple[str, ...] = ()

    @property
    def cited(self) -> tuple[str, ...]:
        """The records its reasons rest on, each once, sorted."""
        return tuple(sorted({i for reason in self.reasons for i in reason.record_ids}))

    def who_knew_in_words(self) -> str:
        """Say how many of the records cited each organisation knew; nothing where only one agency's view was asked."""
        knew = [f"{label(code, AGENCIES)} {count}" for code, count in self.cited_known.items()]
        if not self.cited or not knew:
            return ""
        return f"Of the {count_of(len(self.cited), 'record')} cited, in the records of or told to: {', '.join(knew)}."

    def grouped(self) -> list[tuple[str, list[Reason]]]:
        """Reasons by group, in the order in which a person reads them; empty groups left out."""
        found = ((group, [r for r in self.reasons if r.group == group]) for group in GROUPS)
        return [(group, reasons) for group, reasons in found if reasons]

    def heading(self) -> str:
        """Child, age, status, team, household, in one line."""
        parts = (f"Child {self.child_id}", *(self.header[k] for k in ("age", "status", "team", "household")))
        also = f"also recorded as {', '.join(self.other_ids)}" if self.other_ids else ""
        return " · ".join(p for p in (*parts, also) if p)

    def points_in_words(self) -> str:
        """Say the points and the band: ``11 points, read first``."""
        return f"{count_of(self.score, 'point')}, {self.band}"

    def sum_in_words(self) -> str:
        """Write the points out as the sum they are."""
        terms = " ".join(f"{r.points:+d}" for r in self.reasons)
        return f"{self.points_in_words()}: {self.intercept} {terms}" if terms else self.points_in_words()

    def __str__(self) -> str:
        lines = [self.heading()]
        for group, reasons in self.grouped():
            lines += [
                f"  {group.capitalize()}",
                *(f"    - {r.sentence} [{count_of(len(r.record_ids), 'record')}]" for r in reasons),
            ]
        lines += ["  Not known", *(f"    - {s}" for s in self.not_known)] * bool(self.not_known)
        lines += ["  Questions to ask", *(f"    - {q}" for q in self.questions)] * bool(self.questions)
        lines += [f"  {self.who_knew_in_words()}"] * bool(self.cited_known)
        return "\n".join([*lines, f"  {self.sum_in_words()}. {self.caution}", f"  {A_PERSON_DECIDES}"])

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td>{escape(group if i == 0 else '')}</td><td style='text-align:left'>{escape(r.sentence)}</td>"
            f"<td>{len(r.record_ids)}</td><td>{r.points:+d}</td></tr>"
            for group, reasons in self.grouped()
            for i, r in enumerate(reasons)
        ]
        rows += [
            f"<tr><td>{'' if i else 'not known'}</td><td style='text-align:left'>{escape(s)}</td><td></td><td></td>"
            "</tr>"
            for i, s in enumerate(self.not_known)
        ]
        asked = "".join(f"<li>{escape(q)}</li>" for q in self.questions)
        return (
            f"<p><b>{escape(self.heading())}</b><br>as of {self.as_of:%Y-%m-%d}, records of "
            f"{escape(', '.join(label(a, AGENCIES) for a in self.held_by))}</p>"
            f"<table><tr><th></th><th></th><th>records</th><th>points</th></tr>{''.join(rows)}</table>"
            f"<p>Questions to ask</p><ul>{asked}</ul><p>{escape(self.who_knew_in_words())}</p>"
            f"<p>{escape(self.sum_in_words())}. {escape(self.caution)}<br>{escape(A_PERSON_DECIDES)}</p>"
        )


@dataclass(frozen=True, repr=False)
class Flags(Sequence[Flag]):
    """The list for one week: flags in reading order, and an account of everyone who is not on it.

    Parameters
    ----------
    flags : tuple of Flag
        In the order in which to read them.
    below : tuple of Flag
        The next few, below the line.
    capacity, households : int
        Households a week, and how many the list holds.
    candidates : int
        Households with at least one child who could have been listed.
    ties : int
        Households left out whose score is that of the last one listed.
    excluded : mapping of str to int
        How many children are not on the list, by reason.
    held_by : tuple of str
        Organisations whose records were there.
    newest : datetime.date or None
        Day on which the newest of these records became known.
    model_name, model_id, caution : str
        What put them in order.

    """

    flags: tuple[Flag, ...]
    below: tuple[Flag, ...]
    as_of: dt.date
    viewer: str
    capacity: int
    households: int
    candidates: int
    ties: int
    excluded: Mapping[str, int]
    held_by: tuple[str, ...]
    newest: dt.date | None
    model_name: str
    model_id: str
    caution: str

    @overload
    def __getitem__(self, index: int) -> Flag: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Flag]: ...
    def __getitem__(self, index: int | slice) -> Flag | Sequence[Flag]:
        return self.flags[index]

    def __len__(self) -> int:
        return len(self.flags)

    def to_pandas(self) -> pd.DataFrame:
        """One row a flag: the header, the two weightiest sentences, and the points last."""
        return self.to_polars().to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """One row a flag, as a polars frame."""
        texts = ("flag_id", "child_id", "age", "status", "team", "household", "recorded", "band")
        schema = dict.fromkeys(texts, pl.String()) | dict.fromkeys(("records", "rank", "score"), pl.Int64())
        rows = [
            dict(
                f.header,
                flag_id=f.flag_id,
                child_id=f.child_id,
                recorded=" ".join(r.sentence for r in f.reasons[:2]),
                records=len({i for r in f.reasons for i in r.record_ids}),
                band=f.band,
                rank=f.rank,
                score=f.score,
            )
            for f in self.flags
        ]
        return pl.DataFrame(rows, schema=schema)

    def whose_records(self) -> str:
        """Say whose records this rests on; with one agency alone, what it therefore cannot show."""
        names = ", ".join(label(a, AGENCIES) for a in self.held_by)
        if len(self.held_by) == 1:
            return f"Records held by 1 agency ({names}). This run cannot show what agencies did not tell each other."
        return f"Records held by {count_of(len(self.held_by), 'agency', 'agencies')}" + (
            f": {names}." if names else "."
        )

    def how_seen(self) -> str:
        """Say how new the newest record is, since a stale feed looks like quiet; and whose view this is, if one's."""
        newest = (
            f"The newest became known on {said_day(self.newest)}." if self.newest else "None was known before this day."
        )
        return newest if self.viewer == POOLED else f"As known to {viewer_in_words(self.viewer)}. {newest}"

    def absent_sectors(self) -> tuple[str, ...]:
        """Sectors none of whose organisations' records were there."""
        sectors = dict.fromkeys(AGENCIES[a].sector for a in ORGANISATIONS)
        there = {AGENCIES[a].sector for a in self.held_by}
        return tuple(s.replace("_", " ") for s in sectors if s not in there)

    def __repr__(self) -> str:
        households = count_of(self.candidates, "household")
        lines = [f"{count_of(len(self), 'flag')} as of {self.as_of:%Y-%m-%d}: {self.households} of {households}"]
        lines += [self.whose_records(), self.how_seen(), self.caution, A_PERSON_DECIDES]
        lines += [f"not listed, {reason}: {count}" for reason, count in self.excluded.items() if count]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "<br>".join(escape(line) for line in repr(self).splitlines())
        shown = self.to_polars().select(
            "child_id", "age", "status", "team", "household", "recorded", "records", "score"
        )
        return f"<p>{head}</p>" + html_table(shown)
