"""What the quality of records means, in words: each remark says what is there, and what may also be the case."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from earlywarn.records.feeds import WORKED_OUT, YEAR
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from earlywarn.records.quality import Quality

SHOWN_NOTES = 3
"""Notes from reading that are repeated here; the others are in ``read.json``."""

NOTE_LENGTH = 240
"""A longer note, such as a list of columns left behind, is cut here; it is whole in ``read.json``."""

WORKED_OUT_SHARE = 0.5
"""From this share of records on whose time nobody wrote down, that is worth a remark."""


class Remark(NamedTuple):
    """One thing to know of these records: which topic, and what."""

    topic: str
    said: str


def remarks(found: Quality) -> list[Remark]:
    """Everything a person should know before counting, the gravest first."""
    parts = (_stops, _loads, _worked_out, _begins, _hubs, _births, _conflicts, _local, _notes)
    said = [remark for part in parts for remark in part(found)]
    return said + [Remark("not used", caveat) for caveat in found.caveats]


def _stops(found: Quality) -> Iterator[Remark]:
    stopped = found.feeds.filter("stopped").sort("last_day", "feed")
    if stopped.height > 1 and stopped.height == found.feeds.height - 1:
        newest = found.feeds.filter(~pl.col("stopped"))["feed"][0]
        yield Remark(
            "feeds", f"Every feed but {newest} stops before the newest record. Is the day of that record right?"
        )
    for line in stopped.iter_rows(named=True):
        yield Remark(
            "feeds",
            f"{line['feed']} stops on {line['last_day']}, {count_of(line['silent_days'], 'day')} before the newest "
            f"record here; usually no more than {count_of(line['usual_gap'], 'day')} pass between its days. "
            "Nothing after that does not mean that nothing happened.",
        )


def _loads(found: Quality) -> Iterator[Remark]:
    for (feed,), days in found.loads.group_by("feed", maintain_order=True):
        largest = days.sort("records", "day", descending=[True, False]).row(0, named=True)
        more = f" On {count_of(days.height - 1, 'other day')} it was alike." if days.height > 1 else ""
        usual = "all it holds" if largest["usual"] is None else f"usually {largest['usual']:,.0f} a day"
        yield Remark(
            "loads",
            f"{feed} wrote {count_of(largest['records'], 'record')} on {largest['day']} ({usual}), half "
            f"of them of what happened {largest['delay_median']:,.0f} days before or earlier: loaded all at once?"
            f"{more} Nobody is shown to have known them before.",
        )


def _worked_out(found: Quality) -> Iterator[Remark]:
    meaning = {
        "extract": "known from the extract alone: before its day, no view has them.",
        "later_event": "dated by a later event, not by when they were written: earlier views lack them.",
        "assumed_lag": "dated by an assumed delay: when they were known, nobody wrote down.",
    }
    much = found.basis.filter(pl.col("basis").is_in(WORKED_OUT) & (pl.col("share") >= WORKED_OUT_SHARE))
    for basis, feeds, shares in much.group_by("basis", maintain_order=True).agg("feed", "share").iter_rows():
        whose = f"{feeds[0]}: {100 * shares[0]:.0f} %" if len(feeds) == 1 else f"{len(feeds)} sources: most"
        yield Remark("times", f"{whose} of the records are {meaning[basis]}")


def _begins(found: Quality) -> Iterator[Remark]:
    for line in found.feeds.filter(pl.col("referrals") > 0).iter_rows(named=True):
        early, every = line["referrals_first_year"], line["referrals"]
        known = f"{line['feed']} begins on {line['first_day']}. "
        if early == every:
            yield Remark(
                "past",
                f"{known}All its referrals to social care ({every:,}) fall within {YEAR} days of that: whether one "
                "followed another within 12 months cannot be told.",
            )
        elif early:
            yield Remark(
                "past",
                f"{known}{early:,} of its {count_of(every, 'referral')} to social care fall within {YEAR} days of "
                "that: no earlier referral may mean that it is not in the file.",
            )


def _hubs(found: Quality) -> Iterator[Remark]:
    guess = {
        "worker": "a shared mailbox, or a team?",
        "person": "a placeholder, or a professional?",
        "household": "a children's home, or a placeholder?",
    }
    for line in found.hubs.iter_rows(named=True):
        ids = f"{line['ids']:,} {line['what']} ids stand" if line["ids"] > 1 else f"one {line['what']} id stands"
        up_to = "up to " if line["ids"] > 1 else ""
        yield Remark(
            "ids",
            f"{line['feed']}: {ids} on the records of {up_to}{line['children']:,} children: {guess[line['what']]}",
        )


def _births(found: Quality) -> Iterator[Remark]:
    if found.children_without_birth:
        yield Remark(
            "children",
            f"{count_of(found.children_without_birth, 'child', 'children')} of {found.children:,} without a day of "
            "birth, or an expected one: age, and whether a child is unborn, cannot be told.",
        )


def _conflicts(found: Quality) -> Iterator[Remark]:
    if found.conflicts.height:
        kinds = "; ".join(f"{kind}: {count:,}" for kind, count in found.conflicts.iter_rows())
        yield Remark("children", f"Identity conflicts to look into ({kinds}). None is settled here.")


def _local(found: Quality) -> Iterator[Remark]:
    count, feeds = int(found.local_concerns["count"].sum()), found.local_concerns.height
    if count:
        where = found.local_concerns["feed"][0] if feeds == 1 else f"in {feeds} sources"
        yield Remark(
            "concerns", f"{count_of(count, 'concern')} under a local code ({where}): shown, and counted nowhere."
        )


def _notes(found: Quality) -> Iterator[Remark]:
    notes = found.before.notes
    for note in notes[:SHOWN_NOTES]:
        yield Remark("reading", shorten(note, NOTE_LENGTH, placeholder=" …"))
    if len(notes) > SHOWN_NOTES:
        yield Remark("reading", f"{count_of(len(notes) - SHOWN_NOTES, 'more note')} in read.json.")
