"""Does a row keep the contract? Every rule as one vectorised question, asked of a whole table.

`earlywarn.records.converting` types a table; the ``*_checks`` functions here return the questions; `findings` asks them
and returns one line for each row and rule broken. A question that is dear to ask has a cheap one before it, and is then
asked only of the few rows that the cheap one finds.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from earlywarn.records.schema import DEFAULT_ZONE, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROW = "_row"
"""Number of a row within its source, carried beside the contract's columns until the row is accepted."""

FINDINGS_SCHEMA = pl.Schema({ROW: pl.UInt32(), "column": pl.String(), "rule": pl.String()})

UNCLEAN = r"^\s|\s$|[\x00-\x1f\x7f-\x9f]"
_NOT_PLAIN = r"^ | $|[^\x20-\x7e]"
_UNSEEN = (
    r"[\p{Cf}\p{Co}\p{Zl}\p{Zp}\x{34f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2800}\x{3164}"
    r"\x{fe00}-\x{fe0f}\x{ffa0}\x{fffd}\x{e0100}-\x{e01ef}]|[\p{Zs}--\x20]"
)
_SCRIPTS = (r"\p{Latin}", r"\p{Greek}", r"\p{Cyrillic}")

FIRST_DAY, LAST_DAY = dt.date(1901, 1, 1), dt.date(2199, 12, 31)
"""Days of the contract lie between these. Outside stand the placeholders of other programs: 0001-01-01, 1900-01-01,
9999-12-31. An adapter turns those it declares into missing; the contract itself does not guess (EW-R18)."""

BEFORE_BIRTH = dt.timedelta(days=300)
"""The longest that a child is known of before birth."""

LAST_AGE = "25y"
"""Services for children end at the 25th birthday at the latest."""


class Check(NamedTuple):
    """One question: ``bad`` is true where the row breaks ``rule`` in ``column``.

    ``among`` is a cheaper question, true wherever ``bad`` is: only the rows it finds are asked the dearer one.
    """

    bad: pl.Expr
    column: str
    rule: str
    among: pl.Expr | None = None

    @property
    def first(self) -> pl.Expr:
        """The question that is asked of every row."""
        return self.bad if self.among is None else self.among


def findings(frame: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """One line for each row and rule broken, in the order of the questions."""
    if frame.is_empty() or not checks:
        return pl.DataFrame(schema=FINDINGS_SCHEMA)
    questions = {id(check.first): check.first for check in checks}  # one asked by two checks is asked once
    asked = frame.lazy().select(question.any().alias(str(name)) for name, question in questions.items())
    found = asked.collect().row(0, named=True)
    parts = [_broken(frame, check) for check in checks if found[str(id(check.first))]]
    return pl.concat(parts) if parts else pl.DataFrame(schema=FINDINGS_SCHEMA)


def _broken(frame: pl.DataFrame, check: Check) -> pl.DataFrame:
    needed = {ROW, *check.first.meta.root_names(), *check.bad.meta.root_names()}
    found = frame.select(n for n in frame.columns if n in needed).filter(check.first)
    found = found if check.among is None else found.filter(check.bad)
    return found.select(ROW, column=pl.lit(check.column), rule=pl.lit(check.rule))


def column_checks(table: Table, untyped: Sequence[Check] = ()) -> list[Check]:
    """Blank where required, unclean text, unknown code, out of bounds: from the declaration alone.

    A cell that is there and could not be typed (``untyped``) is not blank.
    """
    there = {check.column: check.bad for check in untyped}
    checks = []
    for c in table.columns:
        if not c.nullable:
            blank = pl.col(c.name).is_null()
            checks.append(Check(blank & ~there[c.name] if c.name in there else blank, c.name, "EW-R01"))
        checks += _of_column(c, names=c.name in _ids(table))
    return checks


def _ids(table: Table) -> list[str]:
    """Columns that hold an id: it names somebody or something, and is never joined by its looks."""
    ids = [c.name for c in table.columns if c.codes is None and c.name.endswith(("_id", "_by", "follows", "same_as"))]
    return [*ids, "value"] if table.name == "identifiers" else ids


def _of_column(c: Column, *, names: bool) -> list[Check]:
    cell, checks = pl.col(c.name), []
    if names or c.codes is not None:
        known = None if names or c.open_codes else cell.is_in(list(c.codes or ()))
        odd = cell.str.contains(_NOT_PLAIN) if known is None else ~known
        checks.append(Check(cell.str.contains(UNCLEAN), c.name, "EW-R07", odd))
        checks += [Check(_looks_like_another(cell), c.name, "EW-R22", odd)] if names else []
        checks += [Check(odd, c.name, "EW-R05", odd)] if known is not None else []
    if c.bounds is not None:
        checks.append(Check(~cell.is_between(*c.bounds), c.name, "EW-R06"))
    if c.type in {"timestamp", "day"}:
        checks.append(Check((cell < FIRST_DAY) | (cell >= LAST_DAY + dt.timedelta(days=1)), c.name, "EW-R18"))
    return checks


def _looks_like_another(cell: pl.Expr) -> pl.Expr:
    """Find ids that cannot be told from another by eye.

    That is: what Unicode's compatibility form (NFKC) would write otherwise, as full-width digits and ligatures, and
    letters taken apart from their accents (NFD); what holds a character that is not seen, as zero-width, direction
    and tag marks, variation selectors, private characters, blanks other than the plain one, or the mark of a lost
    character; and what mixes letters of the Latin, Greek and Cyrillic scripts. The contract never rewrites an id, not
    even to its composed form: two sources that write it differently must agree first.
    """
    scripts = pl.sum_horizontal(cell.str.contains(script).cast(pl.UInt8) for script in _SCRIPTS)
    return (cell.str.normalize("NFKC") != cell) | cell.str.contains(_UNSEEN) | (scripts > 1)


def is_after(later: pl.Expr, earlier: pl.Expr) -> pl.Expr:
    """Tell that one local time is after another, and not only because the clocks went back between them."""
    first, last = (
        [t.dt.replace_time_zone(DEFAULT_ZONE, ambiguous=which, non_existent="null") for t in (later, earlier)]
        for which in ("earliest", "latest")
    )
    twice = [a != b for a, b in zip(first, last, strict=True)]
    same_hour = twice[0] & twice[1] & (later.dt.date() == earlier.dt.date())
    return (later > earlier) & ~same_hour.fill_null(value=False)


_unplanned = ~pl.col("planned").fill_null(value=False)
_recorded, _known, _occurred = (pl.col(n).dt.date() for n in ("recorded_at", "known_at", "occurred_at"))


def _ends_first(start: str, end: str) -> Check:
    return Check(pl.col(end) < pl.col(start), end, "EW-R10")


ROW_CHECKS: Mapping[str, Sequence[Check]] = {
    "contacts": (
        Check(
            is_after(pl.col("occurred_at"), pl.col("known_at")) & _unplanned,
            "occurred_at",
            "EW-R08",
            among=(pl.col("occurred_at") > pl.col("known_at")),
        ),
        Check((_occurred > _recorded) & _unplanned, "recorded_at", "EW-R08"),
        Check(_recorded > _known, "recorded_at", "EW-R18"),
        Check(pl.col("kind").is_in(["conclusion", "withdrawal"]) & pl.col("follows").is_null(), "follows", "EW-R20"),
        Check(pl.col("worker_id") == pl.col("child_id"), "worker_id", "EW-R29"),
    ),
    "people": (
        _ends_first("valid_from", "valid_to"),
        Check(pl.col("person_id") == pl.col("child_id"), "person_id", "EW-R29"),
    ),
    "households": (_ends_first("valid_from", "valid_to"),),
    "identifiers": (_ends_first("valid_from", "valid_to"),),
    "episodes": (
        _ends_first("start_on", "end_on"),
        Check(pl.col("end_on").is_null() != pl.col("ended_by").is_null(), "end_on", "EW-R11"),
    ),
    "links": (Check(pl.col("same_as") == pl.col("child_id"), "same_as", "EW-R29"),),
}
"""What one row must keep that no single column can say. A recorded day is held against other days, not against the
hour: many sources record the day alone. One id in one row for a child and a worker, or a person, is a slip of columns;
in different rows it is not, since workers and children are numbered apart."""


def with_births(contacts: pl.DataFrame, children: pl.DataFrame) -> tuple[pl.DataFrame, list[Check]]:
    """Beside each contact the child's day of birth, or the day expected, and what must hold of the two.

    Records about a carer, a household or a place may be older than the child. A conclusion or a withdrawal may come
    long after childhood, and so may the day on which any record became known.
    """
    born = children.select("child_id", _born=pl.coalesce("birth_on", "expected_birth_on")).drop_nulls()
    if contacts.is_empty() or born.is_empty():
        return contacts, []
    beside = contacts.select("child_id").join(born, on="child_id", how="left", maintain_order="left")
    day, about_child = pl.col("_born"), pl.col("about") == "child"
    grown = ~pl.col("kind").is_in(["conclusion", "withdrawal"]) & (_occurred > day.dt.offset_by(LAST_AGE))
    return contacts.with_columns(beside["_born"]), [
        Check(about_child & (_occurred < day - BEFORE_BIRTH), "occurred_at", "EW-R21"),
        Check(about_child & (_known < day - BEFORE_BIRTH), "known_at", "EW-R21"),
        Check(grown, "occurred_at", "EW-R21", among=_occurred > day + dt.timedelta(days=25 * 365)),
    ]


def keys(table: Table) -> list[str]:
    """Columns by which rows of a table are told apart: its key, else all of them."""
    return list(table.key or table.schema)


def alike(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows that share a key with another row, which are few: keys are first told apart by a hash."""
    hashed = frame.select(keys(table)).hash_rows()
    if hashed.n_unique() == frame.height:
        return frame.clear()
    likely = frame.filter(hashed.is_duplicated())
    return likely.filter(pl.struct(keys(table)).is_duplicated())


def conflict_checks(table: Table) -> list[Check]:
    """Rows that share a key, once equal rows have been collapsed: no way to tell which is right, so none is taken."""
    return [Check(pl.struct(table.key).is_duplicated(), table.key[0], "EW-R12")] if table.key else []


def near_misses(table: Table, frame: pl.DataFrame) -> list[Check]:
    """In a list that local codes may extend, a code that is nearly a known one is refused as a slip of the pen."""
    from difflib import get_close_matches  # noqa: PLC0415 (only where local codes occur)

    checks: list[Check] = []
    for c in (c for c in table.columns if c.open_codes and c.codes):
        known = list(c.codes or ())
        longest = max(map(len, known)) * 3 // 2  # a longer one cannot be as alike as 0.85
        local = frame[c.name].drop_nulls().unique()
        short = local.filter(local.str.strip_chars().str.len_chars() <= longest).to_list()
        slips = [v for v in short if v not in known and get_close_matches(v.lower().strip(), known, 1, cutoff=0.85)]
        checks += [Check(pl.col(c.name).is_in(slips), c.name, "EW-R05")] if slips else []
    return checks


def reference_checks(table: Table, frame: pl.DataFrame, contacts: pl.DataFrame) -> tuple[pl.DataFrame, list[Check]]:
    """Every record named exists, is of the same child, and was known in time."""
    checks: list[Check] = []
    known = contacts.select("record_id", "child_id", "known_at")
    for c in (c for c in table.columns if c.names_record):
        other, when = f"{c.name}__child", f"{c.name}__known"
        frame = frame.join(
            known.rename({"record_id": c.name, "child_id": other, "known_at": when}),
            on=c.name,
            how="left",
            maintain_order="left",
        )
        named = pl.col(c.name).is_not_null()
        checks.append(Check(named & pl.col(other).is_null(), c.name, "EW-R13"))
        if "child_id" in table.schema:
            checks.append(Check(named & (pl.col(other) != pl.col("child_id")), c.name, "EW-R14"))
    if table.name == "sharing":
        shared, known_at = pl.col("shared_at"), pl.col("record_id__known")
        checks.append(Check(is_after(known_at, shared), "shared_at", "EW-R09", among=known_at > shared))
    return frame, checks


def rules_by_row(found: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One line a row: its first finding, and the further ones as ``rule column`` text."""
    lines = pl.concat([pl.DataFrame(schema=FINDINGS_SCHEMA), *found])
    said = pl.format("{} {}", "rule", "column")
    return lines.group_by(ROW, maintain_order=True).agg(
        pl.col("column").first(),
        pl.col("rule").first(),
        said.unique(maintain_order=True).slice(1).str.join("; ").alias("also"),
    )
