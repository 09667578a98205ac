"""What must hold of any deliveries of one source: rows are accounted for, order and copies do not matter, and no later
file reaches back.

Small looked-after children returns (`ssda903`) and police logs (`police`) are drawn in memory, in up to three
deliveries. From one to the next a row may say something else, be filled in, go, come back in its first words, be given
again under another number, or be new.

**What is proven of time.** Let E(D) be the deliveries made before day D. Read alone or read with every later file, E(D)
gives the same view on D: records, concerns and their conclusions, acts of telling, people, households, spans and their
ends, facts; features with their evidence; scores. A record keeps its source and its row. This is shown for the first
and the last day of each E(D), as long as what a later file tells for the first time is

- of a row that E(D) held already: a change of any cell; an end or a conclusion, dated on or before the day of the
  extract that had none yet, or on the day of the extract that brings it; or
- of a row that no earlier file held, dated on the day of the extract that brings it.

Between two extracts there is one stated exception, and it is left out of these draws: where a source gives no day of
writing, an end dated after the last extract that held the row without it, and a new row, are known from their own day
(basis ``unknown``, or the day the source says it wrote), although only the later file brought them. Days of birth and
death stand apart as well: the table of children has no clock, and a child with two days of birth has none in any view.
Nor is a copy renumbered in these draws: were the row it copies changed by the same file, it would pass for a new one.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.batch import score_records
from earlywarn.features.engine import build_features
from earlywarn.history.view import View
from earlywarn.records.checks import ROW
from earlywarn.records.mapping import assemble, declared, versions
from earlywarn.records.mapping.deliveries import ExtractDates
from earlywarn.records.mapping.mapped import Mapped, map_sheets
from earlywarn.records.opening.sheets import Sheet
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, str | None]
Delivery = dict[str, list[Row]]

EXTRACTS = (dt.date(2025, 6, 1), dt.date(2025, 7, 1), dt.date(2025, 8, 1))
BEGAN = tuple(dt.date(2025, *day) for day in ((3, 1), (4, 15), (5, 31)))
LATER = (0, 3, 30)

DRAWS = settings.default.max_examples if settings.default else 60
MORE, FEW, FEWER = (settings(max_examples=max(n, DRAWS * n // 200)) for n in (4, 3, 2))
"""One example holds several children, each with a history of its own: few examples are many cases."""


# --- what is drawn ------------------------------------------------------------------------------------------------


Start = Callable[[st.DrawFn, str, int, "tuple[dt.date, ...]"], Row]
"""Makes a row of a child, from its number and the days it may be of."""


class Kind(NamedTuple):
    """One table. ``start`` makes a row's key; ``says`` are cells that may change; ``ends`` are days filled in later."""

    table: str
    start: Start
    says: Mapping[str, Sequence[str | None]]
    began: str
    ends: Sequence[str] = ()
    number: str = ""
    key: Sequence[str] = ()


class Source(NamedTuple):
    """One mapping, its tables, and how it writes a day."""

    name: str
    holder: str
    kinds: Sequence[Kind]
    day: str
    children: Callable[[list[str]], tuple[str, list[Row]]]

    def kind(self, table: str) -> Kind:
        """Return a table by its name."""
        return next(k for k in self.kinds if k.table == table)


def _event(draw: st.DrawFn, child: str, number: int, days: tuple[dt.date, ...]) -> Row:
    began = draw(st.sampled_from(days))
    row: Row = {"event_id": f"I{child}{number}", "child_id": child, "happened_at": f"{began:%Y-%m-%d}"}
    written = began + dt.timedelta(days=draw(st.sampled_from((0, 0, 1) if days == BEGAN else (0,))))
    return row | {"recorded_at": f"{written:%Y-%m-%d}", "kind": draw(st.sampled_from(("incident", "visit")))}


def _person(draw: st.DrawFn, child: str, number: int, days: tuple[dt.date, ...]) -> Row:
    role = draw(st.sampled_from(("mother", "partner")))
    row: Row = {"child_id": child, "person_id": f"P{child}{number % 2}", "role": role}
    return row | {"recorded_at": draw(st.sampled_from((None, *(f"{d:%Y-%m-%d}" for d in days))))}


def _household(draw: st.DrawFn, child: str, number: int, days: tuple[dt.date, ...]) -> Row:
    return {"child_id": child, "household_id": f"H{number % 3}", "recorded_at": f"{days[0]:%Y-%m-%d}"}


LOG = Source(
    "police",
    "police",
    (
        Kind(
            "events",
            _event,
            {
                "outcome": (None, "advice", "assessment"),
                "child_seen": (None, "yes", "no"),
                "concern": (None, "neglect", "physical abuse", "neglect;domestic abuse"),
                "severity": (None, "1", "3"),
                "attendance": (None, "attended", "no access"),
            },
            "recorded_at",
            ("concluded_at",),
            number="event_id",
            key=("event_id",),
        ),
        Kind("people", _person, {"from_day": (None, "2025-01-01")}, "", key=("child_id", "person_id", "role")),
        Kind("households", _household, {"to_day": (None, "2025-05-05")}, "", key=("child_id", "household_id")),
    ),
    "%Y-%m-%d",
    lambda ids: ("children", [{"child_id": i, "birth_on": "2015-04-03"} for i in ids]),
)


def _span(draw: st.DrawFn, child: str, number: int, days: tuple[dt.date, ...]) -> Row:
    return {"CHILD": child, "DECOM": f"{draw(st.sampled_from(days)):%d/%m/%Y}", "RNE": draw(st.sampled_from("SPL"))}


def _starting(**columns: str) -> Start:
    """Make rows of a child, each column a day (``day``) or one of two words."""

    def start(draw: st.DrawFn, child: str, number: int, days: tuple[dt.date, ...]) -> Row:
        began = f"{draw(st.sampled_from(days)):%d/%m/%Y}"
        row: Row = {c: began if what == "day" else f"{what}{number % 2}" for c, what in columns.items()}
        return {"CHILD": child, **row}

    return start


RETURN = Source(
    "ssda903",
    "social_care",
    (
        Kind(
            "episodes",
            _span,
            {"CIN": ("N1", "N5", None), "LS": ("C2", "V2"), "REC": ("X1", "E4A", None)},
            "DECOM",
            ("DEC",),
            key=("CHILD", "DECOM", "RNE"),
        ),
        Kind("reviews", _starting(REVIEW="day"), {"REVIEW_CODE": ("PN1", "PN7", None)}, "", key=("CHILD", "REVIEW")),
        Kind(
            "missing",
            _starting(MIS_START="day"),
            {"MISSING": ("M", "A")},
            "MIS_START",
            ("MIS_END",),
            key=("CHILD", "MIS_START"),
        ),
        Kind(
            "sw_episodes",
            _starting(SW_ID="W", SW_DECOM="day"),
            {},
            "SW_DECOM",
            ("SW_DEC",),
            key=("CHILD", "SW_ID", "SW_DECOM"),
        ),
        Kind("oc2", _starting(), {"SDQ_SCORE": ("17", "12"), "SUBSTANCE_MISUSE": ("0", "1")}, "", key=("CHILD",)),
    ),
    "%d/%m/%Y",
    lambda ids: ("header", [{"CHILD": i, "DOB": "03/04/2015", "SEX": "1"} for i in ids]),
)


def _drawn(
    draw: st.DrawFn, source: Source, kind: Kind, child: str, number: int, days: tuple[dt.date, ...] = BEGAN
) -> Row:
    row = kind.start(draw, child, number, days)
    row |= {column: draw(st.sampled_from(words)) for column, words in kind.says.items()}
    return row | {end: _end(draw, source, kind, row, days[-1:]) for end in kind.ends}


def _end(draw: st.DrawFn, source: Source, kind: Kind, row: Row, allowed: Sequence[dt.date]) -> str | None:
    """Draw no end, or a day not before the start: a few days after it, but not after the first that is allowed."""
    began = dt.datetime.strptime(row[kind.began] or "", source.day).date()
    soon = [d for d in (began + dt.timedelta(days=n) for n in LATER) if d <= allowed[0]]
    days = sorted({d for d in (*soon, *allowed) if d >= began})
    return draw(st.sampled_from((None, *(f"{d:{source.day}}" for d in days))))


def _changed(
    draw: st.DrawFn, source: Source, before: Delivery, first: Delivery, children: list[str], number: int
) -> Delivery:
    """Draw the next delivery: mostly what the one before said."""
    after: Delivery = {}
    for kind in source.kinds:
        held = {_key(kind, row) for row in before[kind.table]}
        back = [r for r in first[kind.table] if _key(kind, r) not in held and draw(st.booleans())]
        told = [new for row in before[kind.table] for new in _next(draw, source, kind, row, first, number)]
        new = [c for c in children if draw(st.sampled_from((False, False, True)))]
        day = (EXTRACTS[number],)
        after[kind.table] = [*told, *back, *(_drawn(draw, source, kind, c, number + 4, day) for c in new)]
    return after


def _next(draw: st.DrawFn, source: Source, kind: Kind, row: Row, first: Delivery, number: int) -> list[Row]:
    acts = ["same", "gone", "back", *(["change"] * 2 if kind.says else []), *(["end"] * 2 if kind.ends else [])]
    match draw(st.sampled_from([*acts, *(["copy", "renumbered"] if kind.number else [])])):
        case "gone":
            return []
        case "back":
            return [next((r for r in first[kind.table] if _key(kind, r) == _key(kind, row)), row)]
        case "change":
            column = draw(st.sampled_from(sorted(kind.says)))
            return [row | {column: draw(st.sampled_from(kind.says[column]))}]
        case "end":
            return [row | {e: _end(draw, source, kind, row, EXTRACTS[number - 1 : number + 1]) for e in kind.ends}]
        case "copy":
            return [row, row | {kind.number: f"{row[kind.number]}+{number}"}]
        case "renumbered" if "+" not in (row[kind.number] or ""):
            return [row | {kind.number: f"{row[kind.number]}-{number}"}]
        case _:
            return [row]


def _key(kind: Kind, row: Row) -> tuple[str | None, ...]:
    return tuple(row[c] for c in kind.key)


def _told(draw: st.DrawFn, events: list[Row], day: dt.date | None) -> list[Row]:
    """Draw acts of telling: of the first log on any day since, in a later one on the extract's own."""
    rows = []
    for event in events:
        if draw(st.booleans()):
            at = f"{day:%Y-%m-%d}" if day else f"{event['recorded_at']}T{draw(st.sampled_from(('09', '23')))}:00:00"
            row: Row = {"event_id": event["event_id"], "told": draw(st.sampled_from(("social_care", "health")))}
            rows.append(row | {"told_at": at} | _how(draw))
    return rows


def _how(draw: st.DrawFn) -> Row:
    return draw(st.sampled_from(({}, {"extent": "full"}, {"extent": "existence"}, {"decision": "asked"})))


@st.composite
def deliveries(draw: st.DrawFn, source: Source, *, at_least: int = 1) -> list[Delivery]:
    """Draw one to three deliveries, each mostly what the one before said, with one key once in each."""
    ids = [str(n) for n in range(draw(st.sampled_from((1, 3, 6))))]
    first: Delivery = {k.table: [] for k in source.kinds}
    for kind in source.kinds:
        for child in ids:
            for number in range(draw(st.sampled_from((2, 1, 0)))):
                first[kind.table].append(_drawn(draw, source, kind, child, number))
        first[kind.table] = _once(kind, first[kind.table])
    made = [first]
    for number in range(1, draw(st.integers(at_least, 3))):
        after = _changed(draw, source, made[-1], first, ids, number)
        made.append({name: _once(source.kind(name), rows) for name, rows in after.items()})
    if source is LOG:
        for number, delivery in enumerate(made):
            told = made[number - 1]["sharing"] if number else []
            told = [row | (_how(draw) if draw(st.sampled_from((False, False, True))) else {}) for row in told]
            held = {e["event_id"] for e in delivery["events"]}
            new = _told(draw, delivery["events"], EXTRACTS[number] if number else None)
            unique = {(r["event_id"], r["told"], r["told_at"]): r for r in [*told, *new] if r["event_id"] in held}
            delivery["sharing"] = list(unique.values())
    name, children = source.children(ids)
    return [{name: children, **delivery} for delivery in made]


def _once(kind: Kind, rows: list[Row]) -> list[Row]:
    return list({_key(kind, row): row for row in reversed(rows)}.values())[::-1]


# --- how it is read -----------------------------------------------------------------------------------------------


def sheets_of(made: Sequence[Delivery], only: Sequence[int] | None = None) -> list[Sheet]:
    """One sheet a table and delivery, in files of different names."""
    numbers = range(len(made)) if only is None else only
    return [as_sheet(f"d{n}", table, rows) for n in numbers for table, rows in made[n].items()]


def as_sheet(delivery: str, table: str, rows: list[Row], part: str = "") -> Sheet:
    """One table held in memory, as a CSV would be read."""
    columns = list(dict.fromkeys(c for row in rows for c in row))
    cells = {c: [row.get(c) for row in rows] for c in columns}
    frame = pl.DataFrame(
        {ROW: range(2, 2 + len(rows)), **cells}, schema={ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}
    )
    return Sheet(f"{delivery}_{table}{part}.csv", table, frame, delivery=delivery)


DATES = ExtractDates.parse([f"d{n}={day}" for n, day in enumerate(EXTRACTS)])


def reading(source: Source, sheets: Sequence[Sheet]) -> Mapped:
    """Carry out the mapping, as a folder of files would be read."""
    return map_sheets(sheets, declared.shipped(source.name), dates=DATES)


def records_of(read: Mapped) -> Records:
    """Take the tables as records; every row of them was held to the contract already."""
    return Records({n: f for n, f in read.frames.items() if n in RECORD_TABLES})


def same(one: Mapping[str, pl.DataFrame], other: Mapping[str, pl.DataFrame], *leave_out: str) -> None:
    """Hold every table of one reading to that of another, row by row."""
    for name in sorted({*one, *other}):
        left, right = (sorted(map(str, f[name].drop(leave_out, strict=False).rows())) for f in (one, other))
        assert left == right, name


# --- nothing from a later file ------------------------------------------------------------------------------------


def no_file_reaches_back(source: Source, made: list[Delivery]) -> None:
    """Read what had been delivered before each day alone, and with all that came later."""
    whole = records_of(reading(source, sheets_of(made)))
    for number in range(1, len(made)):
        alone = records_of(reading(source, sheets_of(made, range(number))))
        for day in (EXTRACTS[number - 1] + dt.timedelta(days=1), EXTRACTS[number]):
            for viewer in sorted({"pooled", source.holder, "social_care"}):
                now, then = (View(records, day, viewer) for records in (whole, alone))
                same(now.frames, then.frames)
    _and_nothing_made_of_it(whole, alone, EXTRACTS[len(made) - 1])


def _and_nothing_made_of_it(whole: Records, alone: Records, day: dt.date) -> None:
    now, then = (build_features(records, day, viewers="all") for records in (whole, alone))
    assert now.to_polars().equals(then.to_polars())
    rows = now.values["row"]
    assert now.evidence_of(rows, now.names).equals(then.evidence_of(rows, then.names))
    if rows.len():
        results = [score_records(records, day, viewers="all", capacity=3) for records in (whole, alone)]
        assert results[0].scores.equals(results[1].scores)


@FEW
@given(deliveries(LOG, at_least=2))
def test_no_later_log_shows_before_its_day(made: list[Delivery]) -> None:
    no_file_reaches_back(LOG, made)


@FEW
@given(deliveries(RETURN, at_least=2))
def test_no_later_return_shows_before_its_day(made: list[Delivery]) -> None:
    no_file_reaches_back(RETURN, made)


def nothing_goes_and_nothing_is_delayed(source: Source, made: list[Delivery]) -> None:
    """Add a newer delivery: every record is still there, as it was, and none is known later."""
    whole = reading(source, sheets_of(made)).frames["contacts"]
    less = reading(source, sheets_of(made, range(len(made) - 1))).frames["contacts"]
    both = less.join(whole, on="record_id", how="left", suffix="_then")
    assert both["known_at_then"].null_count() == 0, "a record was removed"
    for column in (c for c in less.columns if c != "record_id"):
        assert both[column].eq_missing(both[f"{column}_then"]).all(), column


@FEWER
@given(deliveries(LOG, at_least=2))
def test_a_newer_log_takes_nothing_away_and_delays_nothing(made: list[Delivery]) -> None:
    nothing_goes_and_nothing_is_delayed(LOG, made)


@FEWER
@given(deliveries(RETURN, at_least=2))
def test_a_newer_return_takes_nothing_away_and_delays_nothing(made: list[Delivery]) -> None:
    nothing_goes_and_nothing_is_delayed(RETURN, made)


# --- and what the newest file says, stands ------------------------------------------------------------------------


@MORE
@given(deliveries(LOG, at_least=3))
def test_the_newest_words_of_every_row_stand_and_no_older_ones(made: list[Delivery]) -> None:
    """On the day after the last extract, what is seen of events is what each row was last said to be."""
    says = ("outcome", "child_seen", "attendance", "kind", "happened_at", "child_id")
    last = {row["event_id"]: row for delivery in made for row in delivery["events"]}
    spoken = {_words({c: row[c] for c in says}) for row in last.values()}
    newest = {_words({c: row[c] for c in says}) for row in made[-1]["events"]}
    view = View(records_of(reading(LOG, sheets_of(made))), EXTRACTS[len(made) - 1] + dt.timedelta(days=1))
    events = view.frames["contacts"].filter(pl.col("kind").is_in(["incident", "visit"]))
    seen = {
        _words(row)
        for row in events.select(
            pl.col("outcome"),
            pl.when("child_seen")
            .then(pl.lit("yes"))
            .when(~pl.col("child_seen"))
            .then(pl.lit("no"))
            .alias("child_seen"),
            pl.col("attendance").str.replace("_", " "),
            "kind",
            pl.col("occurred_at").dt.strftime("%Y-%m-%d").alias("happened_at"),
            pl.col("child_id").str.strip_prefix("police-"),
        ).iter_rows(named=True)
    }
    assert newest <= seen, "what the newest file says is not shown"
    assert seen <= spoken, "what was put right is still shown"


def _words(row: Mapping[str, Any]) -> tuple[tuple[str, str | None], ...]:
    return tuple(sorted((c, v) for c, v in row.items() if v is not None))


# --- order, parts and copies --------------------------------------------------------------------------------------


def order_and_parts_do_not_matter(source: Source, made: list[Delivery], seed: int) -> None:
    """Shuffle rows, sheets and deliveries, and cut every sheet in two of the same delivery."""
    plain = reading(source, sheets_of(made))
    chance = random.Random(seed)  # noqa: S311 (a shuffle, not a secret)
    parts = []
    for number, delivery in enumerate(made):
        for table, rows in delivery.items():
            mixed = chance.sample(rows, len(rows))
            cut = chance.randint(0, len(mixed))
            parts += [
                as_sheet(f"d{number}", table, mixed[:cut], "_1"),
                as_sheet(f"d{number}", table, mixed[cut:], "_2"),
            ]
    parts = [sheet for sheet in parts if sheet.frame.width > 1]
    again = reading(source, chance.sample(parts, len(parts)))
    same(again.frames, plain.frames, "source", "source_row")
    assert (again.quarantine.height, _sum(again, "read")) == (plain.quarantine.height, _sum(plain, "read"))


@FEWER
@given(deliveries(LOG), st.integers(0, 99))
def test_order_and_parts_of_logs_do_not_matter(made: list[Delivery], seed: int) -> None:
    order_and_parts_do_not_matter(LOG, made, seed)


@FEWER
@given(deliveries(RETURN), st.integers(0, 99))
def test_order_and_parts_of_returns_do_not_matter(made: list[Delivery], seed: int) -> None:
    order_and_parts_do_not_matter(RETURN, made, seed)


def copies_add_nothing(source: Source, made: list[Delivery], seed: int) -> None:
    """Give rows again: in the same file, in another of the same delivery, and, where rows are numbered, renumbered."""
    plain = reading(source, sheets_of(made))
    chance = random.Random(seed)  # noqa: S311
    sheets, added = [], 0
    for number, delivery in enumerate(made):
        for table, rows in delivery.items():
            here, there = (chance.sample(rows, chance.randint(0, len(rows))) for _ in range(2))
            again = [_renumbered(source, table, row) if chance.random() < 0.5 else row for row in there]
            sheets += [as_sheet(f"d{number}", table, [*rows, *here]), as_sheet(f"d{number}", table, again, "_again")]
            added += len(here) + len(again)
    twice = reading(source, [s for s in sheets if s.frame.width > 1])
    same(twice.frames, plain.frames, "source", "source_row")
    assert _sum(twice, "collapsed") == _sum(plain, "collapsed") + added


def _renumbered(source: Source, table: str, row: Row) -> Row:
    number = next((k.number for k in source.kinds if k.table == table), "")
    return row | {number: f"{row[number]}~"} if number else row


def _sum(read: Mapped, column: str) -> int:
    return sum(getattr(entry, column) for entry in read.account)


@FEWER
@given(deliveries(LOG), st.integers(0, 99))
def test_copies_in_a_log_add_nothing(made: list[Delivery], seed: int) -> None:
    copies_add_nothing(LOG, made, seed)


@FEWER
@given(deliveries(RETURN), st.integers(0, 99))
def test_copies_in_a_return_add_nothing(made: list[Delivery], seed: int) -> None:
    copies_add_nothing(RETURN, made, seed)


@FEWER
@given(deliveries(LOG, at_least=2), st.data())
def test_rows_that_an_older_delivery_told_add_nothing_to_a_newer(made: list[Delivery], data: st.DataObject) -> None:
    """A delivery that repeats the one before, whole or in part, changes no table at all, not even a source row."""
    repeated = {name: [row for row in rows if data.draw(st.booleans())] for name, rows in made[1].items()}
    plain, more = (reading(LOG, sheets_of(d)) for d in (made[:2], [*made[:2], repeated]))
    same(more.frames, plain.frames)
    assert _sum(more, "collapsed") - _sum(plain, "collapsed") <= sum(map(len, repeated.values()))


@FEWER
@given(deliveries(RETURN, at_least=2))
def test_ids_do_not_depend_on_which_other_files_are_read(made: list[Delivery]) -> None:
    """Whatever a delivery gives rise to when it is read alone has the same id among all the others."""
    whole = reading(RETURN, sheets_of(made)).frames
    names = {"contacts": "record_id", "concerns": "concern_id", "episodes": "episode_id"}
    for number in range(len(made)):
        alone = reading(RETURN, sheets_of(made, [number])).frames
        assert set(alone["contacts"]["record_id"]) <= set(whole["contacts"]["record_id"])
        assert set(alone["episodes"]["episode_id"]) <= set(whole["episodes"]["episode_id"])
        for name, key in names.items():
            assert alone[name][key].is_unique().all(), name


# --- nothing is lost ----------------------------------------------------------------------------------------------

FLAWS: Mapping[str, Row] = {
    "EW-R01": {"child_id": None},
    "EW-R02": {"recorded_at": "31/31/2025"},
    "EW-R03": {"child_seen": "perhaps"},
    "EW-R04": {"severity": "two"},
    "EW-R05": {"kind": "zzz"},
    "EW-R06": {"severity": "9"},  # the contract's own rule, said of the source's row
    "EW-R07": {"child_id": "a\x01b"},
    "EW-R08": {"happened_at": "2025-05-31T10:00:00", "recorded_at": "2025-05-30"},
    "EW-R17": {"recorded_at": "2025-08-02"},
    "EW-R18": {"concluded_at": "2025-02-01"},
}


@FEW
@given(deliveries(LOG), st.data())
def test_every_row_is_accepted_or_refused_by_its_rule_or_a_copy(made: list[Delivery], data: st.DataObject) -> None:
    """Rows are spoilt in known ways: exactly those and what rests on them are in quarantine, with file and row."""
    expected: dict[tuple[str, str], str] = {}
    for number, delivery in enumerate(made):
        events = delivery["events"]
        for at, row in enumerate(events):
            if flaw := data.draw(st.sampled_from((None, None, *FLAWS))):
                events[at] = row | {"concern": "neglect", "concluded_at": None} | FLAWS[flaw]
                expected[f"d{number}_events.csv", str(at + 2)] = flaw
        flawed = {events[int(row) - 2]["event_id"] for file, row in expected if file == f"d{number}_events.csv"}
        for at, row in enumerate(delivery["sharing"]):
            if row["event_id"] in flawed:
                expected[f"d{number}_sharing.csv", str(at + 2)] = "EW-R19"
            elif data.draw(st.booleans()) and data.draw(st.booleans()):
                row["event_id"] = "nowhere"
                expected[f"d{number}_sharing.csv", str(at + 2)] = "EW-R27"
    read = reading(LOG, sheets_of(made))
    refused = {(file, row): rule for file, row, rule in read.quarantine.select("file", "row", "rule").iter_rows()}
    assert refused == expected
    _adds_up(read, made)


def _adds_up(read: Mapped, made: list[Delivery]) -> None:
    given_rows = {f"d{n}_{table}.csv": len(rows) for n, d in enumerate(made) for table, rows in d.items()}
    for entry in read.account:
        assert entry.read == given_rows.pop(entry.source) == entry.accepted + entry.quarantined + entry.collapsed
    assert not any(given_rows.values()), "a file is not in the account"
    assert _sum(read, "quarantined") == read.quarantine.height
    refused = set(read.quarantine.select("file", "row").iter_rows())
    rows = read.frames["contacts"].select("source", pl.col("source_row").str.extract(r"row (\d+)$"))
    assert not refused & set(rows.iter_rows()), "a refused row gave rise to a record"


@FEWER
@given(deliveries(RETURN), st.data())
def test_one_key_on_two_rows_that_differ_refuses_both_and_no_others(made: list[Delivery], data: st.DataObject) -> None:
    clean = reading(RETURN, sheets_of(made))
    expected = set()
    for number, delivery in enumerate(made):
        rows = delivery["reviews"]
        for at, row in enumerate(list(rows)):
            if data.draw(st.booleans()):
                rows.append(row | {"REVIEW_CODE": "PN3"})
                expected |= {(f"d{number}_reviews.csv", str(at + 2)), (f"d{number}_reviews.csv", str(len(rows) + 1))}
    read = reading(RETURN, sheets_of(made))
    refused = {(file, row) for file, row, rule in read.quarantine.select("file", "row", "rule").iter_rows()}
    assert refused == expected
    assert set(read.quarantine["rule"]) <= {"EW-R12"}
    assert clean.quarantine.is_empty()
    _adds_up(read, made)


def test_the_first_property_would_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading whose corrections are known from the day of what they tell of does not pass."""
    row: Row = {"CHILD": "0", "REVIEW": "01/03/2025", "REVIEW_CODE": "PN1"}
    name, children = RETURN.children(["0"])
    made: list[Delivery] = [{name: children, "reviews": [row | {"REVIEW_CODE": code}]} for code in ("PN1", "PN7")]
    no_file_reaches_back(RETURN, made)
    settle = versions.settle

    def early(records: pl.DataFrame, prefix: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        settled, ids = settle(records, prefix)
        return settled.with_columns(known_at=pl.col("occurred_at"), recorded_at=pl.col("occurred_at")), ids

    monkeypatch.setattr(assemble, "settle", early)
    with pytest.raises(AssertionError):
        no_file_reaches_back(RETURN, made)
