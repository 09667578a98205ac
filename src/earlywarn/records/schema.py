"""The contract: every table and column, declared once.

A *records folder* holds these tables. Adapters and the generator produce it, every stage reads it. Only ``contacts``
is required; a nullable column may be absent. Ids are text from end to end. Timestamps are naive local time of one
declared zone, to the microsecond.

**Everything is known through a record.** A concern, its closing, a person, a household, an episode's start and its
end are each carried by one row of ``contacts``, and are in a view exactly when that row is.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import polars as pl

from earlywarn.records import codes

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ZONE = "Europe/London"
"""The zone whose local time naive timestamps are in; offsets are converted to it on reading."""

Type = Literal["text", "timestamp", "day", "bool", "integer", "number"]

DTYPES: Mapping[Type, pl.DataType] = MappingProxyType(
    {
        "text": pl.String(),
        "timestamp": pl.Datetime("us"),
        "day": pl.Date(),
        "bool": pl.Boolean(),
        "integer": pl.Int64(),
        "number": pl.Float64(),
    }
)


@dataclass(frozen=True)
class Column:
    """One column: what it holds, whether it may be empty, and which codes or bounds it keeps to.

    ``open_codes`` marks a list that local codes may extend. ``names`` says which record or table a reference names.
    """

    name: str
    type: Type
    meaning: str
    nullable: bool = False
    codes: Mapping[str, object] | None = None
    open_codes: bool = False
    bounds: tuple[float, float] | None = None
    names_record: bool = False
    unit: str = ""

    @property
    def dtype(self) -> pl.DataType:
        """The polars dtype."""
        return DTYPES[self.type]


@dataclass(frozen=True)
class Table:
    """One table. ``key`` columns together are unique; a table without a key may not hold two equal rows."""

    name: str
    one_row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> pl.Schema:
        """Column names and dtypes, in order."""
        return pl.Schema({c.name: c.dtype for c in self.columns})

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name."""
        return next(c for c in self.columns if c.name == name)

    def empty(self) -> pl.DataFrame:
        """No rows, all columns, the right types."""
        return pl.DataFrame(schema=self.schema)


CHILD = Column("child_id", "text", "the child, by the library's id, never one agency's own")
RECORD = Column("record_id", "text", "the record that carries this row", names_record=True)


def _valid(what: str) -> tuple[Column, Column]:
    return (
        Column("valid_from", "day", f"first day {what}, where the record says", nullable=True),
        Column("valid_to", "day", f"first day {what} no longer, where the record says", nullable=True),
    )


CONTACTS = Table(
    "contacts",
    "one dated thing an agency did, saw or learned",
    (
        Column("record_id", "text", "this record; unique"),
        CHILD,
        Column("agency", "text", "who saw or raised it", codes=codes.AGENCIES),
        Column(
            "held_by",
            "text",
            "whose record it is: always an organisation",
            codes={c: codes.AGENCIES[c] for c in codes.ORGANISATIONS},
        ),
        Column("org_id", "text", "the school, ward, station or team within the agency", nullable=True),
        Column("kind", "text", "what sort of thing it is", codes=codes.KINDS),
        Column("about", "text", "whom or what it is about", codes=codes.ABOUT),
        Column("mode", "text", "how it was done", nullable=True, codes=codes.MODES),
        Column("planned", "bool", "true where it had been arranged beforehand", nullable=True),
        Column("attendance", "text", "whether it took place", nullable=True, codes=codes.ATTENDANCE),
        Column("child_seen", "bool", "true where the child was seen", nullable=True),
        Column("seen_alone", "bool", "true where the child was seen alone", nullable=True),
        Column("occurred_at", "timestamp", "when it happened", nullable=True, unit="local time"),
        Column("occurred_precision", "text", "how exactly that is known", codes=codes.PRECISIONS),
        Column("recorded_at", "timestamp", "when the holder wrote it", nullable=True, unit="local time"),
        Column("recorded_basis", "text", "how that was obtained", codes=codes.BASES),
        Column("known_at", "timestamp", "when its raiser and holder knew it", unit="local time"),
        Column("worker_id", "text", "the worker, by a pseudonym; never a name", nullable=True),
        Column("place_id", "text", "the place, by a pseudonym", nullable=True),
        Column("episode_id", "text", "the episode it belongs to", nullable=True),
        Column(
            "follows",
            "text",
            "an older record this one concludes (kind conclusion), takes back (withdrawal) or corrects",
            nullable=True,
            names_record=True,
        ),
        Column("outcome", "text", "what came of it", nullable=True, codes=codes.OUTCOMES),
        Column("handling", "text", "who may be shown it", nullable=True, codes=codes.HANDLING),
        Column("source", "text", "the file or feed it came from"),
        Column("source_row", "text", "where in that source"),
    ),
    key=("record_id",),
)

CONCERNS = Table(
    "concerns",
    "one concern raised in a record",
    (
        Column("concern_id", "text", "this concern; unique"),
        CHILD,
        RECORD,
        Column("category", "text", "what it is about", codes=codes.CONCERNS, open_codes=True),
        Column("code", "text", "the code as the source wrote it, with its scheme", nullable=True),
        Column(
            "severity",
            "integer",
            "0 to 3, only where the source says it; higher is graver",
            nullable=True,
            bounds=(0, 3),
        ),
        Column("closing", "text", "whether this source can record a conclusion", codes=codes.CLOSING),
        Column("closed_by", "text", "the record that concluded it", nullable=True, names_record=True),
    ),
    key=("concern_id",),
)

SHARING = Table(
    "sharing",
    "one act of telling one agency",
    (
        RECORD,
        Column(
            "to_agency",
            "text",
            "who was told, or asked",
            codes={c: codes.AGENCIES[c] for c in codes.ORGANISATIONS},
        ),
        Column("shared_at", "timestamp", "when", unit="local time"),
        Column("decision", "text", "what was decided", codes=codes.DECISIONS),
        Column("extent", "text", "how much was told", codes=codes.EXTENTS),
        Column("basis", "text", "the lawful basis noted", nullable=True),
        Column("told_family", "bool", "true where the family was told", nullable=True),
    ),
)

PEOPLE = Table(
    "people",
    "one person in the child's life, as one record says",
    (
        CHILD,
        Column("person_id", "text", "the person, by a pseudonym"),
        Column("role", "text", "who they are to the child", codes=codes.ROLES),
        RECORD,
        *_valid("in that role"),
    ),
)

HOUSEHOLDS = Table(
    "households",
    "one child in one household, as one record says",
    (
        CHILD,
        Column("household_id", "text", "the household, by a pseudonym"),
        RECORD,
        *_valid("there"),
    ),
)

EPISODES = Table(
    "episodes",
    "one span of help, need, protection or care",
    (
        Column("episode_id", "text", "this episode; unique"),
        CHILD,
        Column("kind", "text", "which span", codes=codes.EPISODES),
        Column(
            "category",
            "text",
            "the category of concern",
            nullable=True,
            codes=codes.CONCERNS,
            open_codes=True,
        ),
        Column("started_by", "text", "the record that carries its start", names_record=True),
        Column("start_on", "day", "its first day"),
        Column("ended_by", "text", "the record that carries its end", nullable=True, names_record=True),
        Column("end_on", "day", "the day it ended", nullable=True),
    ),
    key=("episode_id",),
)

FACTS = Table(
    "facts",
    "one further detail of a record",
    (
        RECORD,
        Column("key", "text", "which detail", codes=codes.FACTS),
        Column("value", "text", "the detail, as text"),
    ),
)

CHILDREN = Table(
    "children",
    "one child",
    (
        CHILD,
        Column("birth_on", "day", "day of birth", nullable=True),
        Column("expected_birth_on", "day", "expected day of birth", nullable=True),
        Column("death_on", "day", "day of death", nullable=True),
    ),
    key=("child_id",),
)

LINKS = Table(
    "links",
    "two ids found to be one child, one person or one household",
    (
        Column("child_id", "text", "one id: the child's, or the person's or household's where `subject` says so"),
        Column("same_as", "text", "the other id"),
        Column("known_at", "timestamp", "when that was found out", unit="local time"),
        Column("method", "text", "how it was found out"),
        Column("weight", "number", "match weight; higher means more alike", nullable=True, unit="bits"),
        Column("probability", "number", "match probability", nullable=True, bounds=(0, 1)),
        Column(
            "subject", "text", "what the two ids stand for; blank is a child", nullable=True, codes=codes.LINK_SUBJECTS
        ),
    ),
)

IDENTIFIERS = Table(
    "identifiers",
    "one agency's identifier of a child",
    (
        CHILD,
        Column("scheme", "text", "which numbering", codes=codes.SCHEMES),
        Column("value", "text", "the identifier, as text"),
        *_valid("in use"),
    ),
)

OUTCOMES = Table(
    "outcomes",
    "one outcome of a child, for cohorts and audit alone",
    (
        CHILD,
        Column("label", "text", "which outcome"),
        Column("occurred_at", "timestamp", "when it happened", unit="local time"),
        Column("known_at", "timestamp", "when it was known", unit="local time"),
    ),
)

ATTRIBUTES = Table(
    "attributes",
    "one attribute of a child, for audit alone: never a feature",
    (
        CHILD,
        Column("attribute", "text", "which attribute"),
        Column("value", "text", "as the source wrote it"),
    ),
)

RECORD_TABLES: Mapping[str, Table] = MappingProxyType(
    {
        t.name: t
        for t in (
            CONTACTS,
            CONCERNS,
            SHARING,
            PEOPLE,
            HOUSEHOLDS,
            EPISODES,
            FACTS,
            CHILDREN,
            LINKS,
            IDENTIFIERS,
        )
    }
)
"""What `Records` and every view hold."""

AUDIT_TABLES: Mapping[str, Table] = MappingProxyType({t.name: t for t in (OUTCOMES, ATTRIBUTES)})
"""What may lie in the same folder and is read only where outcomes or attributes are asked for by name."""

TABLES: Mapping[str, Table] = MappingProxyType({**RECORD_TABLES, **AUDIT_TABLES})
