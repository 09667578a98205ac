"""What was knowable on many days, to many viewers, at once: the one place that compares a date with the as-of day.

`look_back` answers with frames keyed by ``row`` (one child, day and viewer) in which time is a whole number of days
before the as-of day. The rooms above count those days and never see a date.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.history.days import as_day, day_after, midnight
from earlywarn.history.knowledge import identities, indexed_contacts, knowledge, resolve
from earlywarn.history.seen import Lookback
from earlywarn.history.viewers import POOLED, check_viewer
from earlywarn.records.codes import LEAD_AGENCY, ORGANISATIONS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from earlywarn.records.tables import Records

__all__ = ["Lookback", "as_day", "asked_days", "asked_viewers", "day_after", "look_back", "viewers_before"]

ADULT_AGE_MONTHS = 18 * 12


def look_back(
    records: Records, as_ofs: Sequence[dt.date], viewers: Sequence[str], children: Sequence[str] | None = None
) -> Lookback:
    """Find what each viewer knew of each child before each day.

    ``pooled`` and the lead agency are always among the rows: what *anyone* knew, and what the lead knew, are
    questions every comparison asks. ``children`` limits the other viewers to these children; ``pooled`` stays
    whole, because whether a thing can be told at all is judged on what anyone knew of any child.
    """
    wanted = list(dict.fromkeys([*map(check_viewer, viewers), POOLED, LEAD_AGENCY]))
    days = sorted(set(as_ofs))
    names = list(dict.fromkeys([*ORGANISATIONS, POOLED, *wanted]))
    contacts, ids = _numbered(records)
    known = knowledge(records, wanted)
    same = identities(records, days, known)
    everyone = _before_each(known, days, names)
    owners = _owners(same, ids, days)
    keys = _keys(_of_child(everyone.filter(pl.col("who") == names.index(POOLED)), contacts, owners), wanted, names)
    spine = _spine(keys, ids, days, names)
    seats = everyone.filter(pl.col("who").is_in([names.index(v) for v in wanted]))
    if children is not None:
        seats = _limited(seats, ids.filter(pl.col("child_id").is_in(list(children)))["child"], contacts, owners, names)
    resolved = _of_child(resolve(seats, contacts).drop_nulls("current"), contacts, owners)
    rows = resolved.join(spine.select("row", *_KEY), on=_KEY).select("row", "day", "record", "current")
    return Lookback(
        spine=spine.select("row", "child_id", "as_of", "viewer"),
        held=_with_knowing(_with_days(rows, contacts, days), everyone, contacts.height),
        children=_children(_lives(records, same, spine)),
        links=_links(records, days),
        contacts=contacts.drop("child"),
        tables=records.frames,
        same=same,
    )


_KEY = ("day", "who", "child")
"""A row of the spine in small numbers: which day, which viewer, which child."""


def _numbered(records: Records) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Contacts with a number for each record and child, and the children by their numbers."""
    contacts = indexed_contacts(records).with_columns(time=pl.coalesce("occurred_at", "known_at"))
    ids = contacts.select(pl.col("child_id").unique().sort()).with_row_index("child")
    return contacts.join(ids, on="child_id", how="left", maintain_order="left"), ids


def _before_each(known: pl.DataFrame, days: Sequence[dt.date], names: Sequence[str]) -> pl.DataFrame:
    """Return what each viewer knew before each day: the one comparison this library rests on."""
    viewer = pl.col("viewer").cast(pl.Enum(names)).to_physical().cast(pl.UInt16)
    coded = known.select("record", "known_at", viewer.alias("who"))
    before = [
        coded.filter(pl.col("known_at") < midnight(day)).select(pl.lit(i, pl.UInt16).alias("day"), "who", "record")
        for i, day in enumerate(days)
    ]
    return pl.concat(before or [coded.clear().select(pl.lit(0, pl.UInt16).alias("day"), "who", "record")])


def _owners(same: pl.DataFrame, ids: pl.DataFrame, days: Sequence[dt.date]) -> pl.DataFrame:
    """Numbers of the children that go by another id on a day: ``day, child, owner``."""
    if same.is_empty():
        return pl.DataFrame(schema={"day": pl.UInt16, "child": pl.UInt32, "owner": pl.UInt32})
    numbered = pl.DataFrame({"as_of": days}, schema={"as_of": pl.Date}).with_row_index("day")
    linked = same.filter((pl.col("subject") == "child") & (pl.col("id") != pl.col("same"))).join(numbered, on="as_of")
    owner = ids.select(pl.col("child").alias("owner"), pl.col("child_id").alias("same"))
    whole = linked.join(ids, left_on="id", right_on="child_id").join(owner, on="same")
    return whole.select(pl.col("day").cast(pl.UInt16), "child", "owner")


def _of_child(seats: pl.DataFrame, contacts: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Add the child each record is about on that day, linked ids counted as one child."""
    with_child = seats.with_columns(child=contacts["child"].gather(seats["record"]))
    if owners.is_empty():
        return with_child
    joined = with_child.join(owners, on=["day", "child"], how="left")
    return joined.with_columns(child=pl.coalesce("owner", "child")).drop("owner")


def _keys(pooled: pl.DataFrame, wanted: Sequence[str], names: Sequence[str]) -> pl.DataFrame:
    who = pl.DataFrame({"who": [names.index(v) for v in wanted]}, schema={"who": pl.UInt16})
    return pooled.select("day", "child").unique().join(who, how="cross")


def _spine(keys: pl.DataFrame, ids: pl.DataFrame, days: Sequence[dt.date], names: Sequence[str]) -> pl.DataFrame:
    said = {"child_id": (ids["child_id"], "child"), "viewer": (pl.Series(names), "who")}
    as_of = pl.Series(days, dtype=pl.Date)
    whole = keys.with_columns(
        as_of.gather(keys["day"]).alias("as_of"), *(text.gather(keys[c]).alias(n) for n, (text, c) in said.items())
    )
    return whole.sort("as_of", "viewer", "child").with_row_index("row")


def _limited(
    seats: pl.DataFrame, children: pl.Series, contacts: pl.DataFrame, owners: pl.DataFrame, names: Sequence[str]
) -> pl.DataFrame:
    asked = pl.col("child").is_in(children.implode())
    return _of_child(seats, contacts, owners).filter((pl.col("who") == names.index(POOLED)) | asked).drop("child")


def _with_days(rows: pl.DataFrame, contacts: pl.DataFrame, days: Sequence[dt.date]) -> pl.DataFrame:
    time = contacts["time"].gather(rows["current"]).dt.date()
    as_of = pl.Series(days, dtype=pl.Date).gather(rows["day"])
    return rows.with_columns((as_of - time).dt.total_days().cast(pl.Int32).alias("days_ago"))


def _with_knowing(rows: pl.DataFrame, everyone: pl.DataFrame, size: int) -> pl.DataFrame:
    """Add who knows each of ``size`` records, or the one that stands for it, as one bit an organisation."""
    known_to = np.zeros(rows.height, np.int64)
    organisations = everyone.filter(pl.col("who") < len(ORGANISATIONS)).sort("day")
    for (day,), here in organisations.group_by("day", maintain_order=True):
        # each organisation once a record, so the sum of its bits is their union: 31 bits are exact in a float
        bits = np.exp2(here["who"].to_numpy().astype(float))
        knowing = np.bincount(here["record"].to_numpy(), weights=bits, minlength=size).astype(np.int64)
        place = (rows["day"] == day).arg_true()
        mine, stands = (rows[c].gather(place).to_numpy() for c in ("record", "current"))
        known_to[place.to_numpy()] = knowing[mine] | knowing[stands]
    return rows.drop("day").with_columns(known_to=pl.Series(known_to))


def _links(records: Records, days: Sequence[dt.date]) -> pl.DataFrame:
    if records.frames["links"].is_empty():
        return records.frames["links"].with_columns(as_of=pl.lit(None, pl.Date))
    known = pl.DataFrame({"as_of": days}, schema={"as_of": pl.Date})
    links = records.frames["links"].join(known, how="cross")
    return links.filter(pl.col("known_at") < pl.col("as_of").cast(pl.Datetime("us")))


LIFE = ("birth_on", "expected_birth_on", "death_on")


def _lives(records: Records, same: pl.DataFrame, spine: pl.DataFrame) -> pl.DataFrame:
    """Days of life of each row's child; where links make one child of several ids, those on which the ids agree."""
    told = records.frames["children"].select("child_id", *LIFE)
    alone = spine.select("row", "child_id", "as_of").join(told, on="child_id", how="left", maintain_order="left")
    linked = same.filter(pl.col("subject") == "child")
    if linked.is_empty():
        return alone
    said = {d: pl.col(d).drop_nulls() for d in LIFE}
    agreed = (
        linked.join(told, left_on="id", right_on="child_id", how="left")
        .group_by("as_of", child_id="same")
        .agg(*(pl.when(s.n_unique() == 1).then(s.first()).alias(f"{d}_agreed") for d, s in said.items()), linked=True)
    )
    whole = alone.join(agreed, on=["as_of", "child_id"], how="left", maintain_order="left")
    return whole.select(
        "row", "child_id", "as_of", *(pl.when("linked").then(f"{d}_agreed").otherwise(d).alias(d) for d in LIFE)
    )


def _children(lives: pl.DataFrame) -> pl.DataFrame:
    """Age and state of life on the day. A birth or death from that day on has not happened yet."""
    as_of, birth = pl.col("as_of"), pl.col("birth_on")
    months = (as_of.dt.year() - birth.dt.year()) * 12 + as_of.dt.month().cast(pl.Int32) - birth.dt.month()
    age = months - (as_of.dt.day() < birth.dt.day()).cast(pl.Int32)
    return (
        lives.with_columns(
            unborn=(birth >= as_of)
            .fill_null(birth.is_null() & (pl.col("expected_birth_on") >= as_of))
            .fill_null(value=False),
            died=(pl.col("death_on") < as_of).fill_null(value=False),
        )
        .with_columns(age_months=pl.when(~pl.col("unborn")).then(age.cast(pl.Int32)))
        .select(
            "row",
            "age_months",
            "unborn",
            "died",
            adult=(pl.col("age_months") >= ADULT_AGE_MONTHS).fill_null(value=False),
        )
    )


def asked_days(as_of: str | dt.date | Sequence[str | dt.date]) -> list[dt.date]:
    """Read one as-of day or several."""
    if isinstance(as_of, Iterable) and not isinstance(as_of, str):
        return [as_day(day) for day in as_of]
    return [as_day(as_of)]


def asked_viewers(records: Records, days: Sequence[dt.date], viewers: str | Sequence[str]) -> list[str]:
    """Read the viewers asked for, each once; ``all`` are pooled and every organisation that knew a record by then.

    Raises
    ------
    ArgumentError
        One that is no viewer, or none at all.

    """
    if viewers == "all":
        return list(dict.fromkeys(viewer for day in days for viewer in viewers_before(records, day)))
    named = [check_viewer(v) for v in ([viewers] if isinstance(viewers, str) else viewers)]
    if not named:
        raise ArgumentError("No viewer is named.", expected='"pooled", "all", or organisations', fix="name one")
    return list(dict.fromkeys(named))


def viewers_before(records: Records, as_of: dt.date) -> list[str]:
    """``pooled`` and every organisation that knew a record before the day, in the order of the code list."""
    known = set(knowledge(records).filter(pl.col("known_at") < midnight(as_of))["viewer"].unique())
    return [POOLED, *(code for code in ORGANISATIONS if code in known)]
