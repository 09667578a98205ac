"""Who knew which record, from when. This file owns that question; nothing else answers it.

An organisation knows a record it raised or holds from the record's ``known_at``, and a record it was told of
(decision ``shared``, extent ``full`` or ``summary``) from ``shared_at``. To withhold, to ask, or to say only that
something exists tells nobody what it says. ``pooled`` knows what any organisation knows; a set of organisations or a
sector what any member knows. Corrections, withdrawals and conclusions come through ``follows``; that two ids are one
child, through links found out later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.history.days import midnight
from earlywarn.history.viewers import POOLED, check_viewer, members
from earlywarn.records.codes import CONFERRING_EXTENTS, ORGANISATIONS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from earlywarn.records.tables import Records

__all__ = ["corrections", "identities", "indexed_contacts", "knowledge", "linked_ids", "resolve"]


def indexed_contacts(records: Records) -> pl.DataFrame:
    """Contacts with ``record``, a number for each: joins on it are cheaper than on ids."""
    return records.frames["contacts"].with_row_index("record")


def knowledge(records: Records, viewers: Sequence[str] = ()) -> pl.DataFrame:
    """Relation of record, viewer and the moment the viewer first knew it.

    Parameters
    ----------
    records : Records
        What agencies wrote.
    viewers : sequence of str
        Sets of organisations and sectors to answer for too; each knows what any member knows, from when the first
        of them did.

    Returns
    -------
    polars.DataFrame
        Columns ``record`` (row number in contacts), ``viewer`` (an organisation, ``pooled``, or one asked for) and
        ``known_at``; one row for each record and viewer.

    """
    contacts = indexed_contacts(records)
    organisations = _by_organisation(records.frames["sharing"], contacts)
    several = [v for v in dict.fromkeys([POOLED, *map(check_viewer, viewers)]) if v not in ORGANISATIONS]
    unions = [
        organisations.filter(pl.col("viewer").is_in(members(viewer)))
        .group_by("record")
        .agg(pl.lit(viewer).alias("viewer"), pl.col("known_at").min())
        for viewer in several
    ]
    return pl.concat([organisations.with_columns(pl.col("viewer").cast(pl.String)), *unions])


def _by_organisation(sharing: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """From when each organisation knew each record: grouped only where it both had a record and was told of it."""
    codes = pl.Enum(ORGANISATIONS)
    named = contacts.select("record", "record_id", "known_at", pl.col("agency", "held_by").cast(codes, strict=False))
    held = named.select("record", "known_at", viewer="held_by")
    raised = named.filter(pl.col("agency") != pl.col("held_by")).select("record", "known_at", viewer="agency")
    had = pl.concat([held, raised]).drop_nulls("viewer")
    conferring = (pl.col("decision") == "shared") & pl.col("extent").is_in(CONFERRING_EXTENTS)
    told = (
        sharing.filter(conferring)
        .join(named.select("record", "record_id"), on="record_id")
        .select("record", known_at="shared_at", viewer=pl.col("to_agency").cast(codes, strict=False))
        .drop_nulls("viewer")
    )
    place = ["record", "viewer"]
    both = pl.concat([told, had.join(told, on=place, how="semi")]).group_by(place).agg(pl.col("known_at").min())
    return pl.concat([had.join(told, on=place, how="anti").select(both.columns), both])


def corrections(contacts: pl.DataFrame) -> pl.DataFrame:
    """Pairs of a record and the one that corrects it or takes it back.

    A ``conclusion`` adds to what it follows and replaces nothing.

    Returns
    -------
    polars.DataFrame
        ``record`` (the older), ``by`` (the newer), ``withdrawn`` and the newer one's ``by_known_at``, ``by_id``.

    """
    newer = contacts.filter(pl.col("follows").is_not_null() & (pl.col("kind") != "conclusion"))
    return newer.join(
        contacts.select("record", pl.col("record_id").alias("older")), left_on="follows", right_on="older"
    ).select(
        pl.col("record_right").alias("record"),
        pl.col("record").alias("by"),
        withdrawn=pl.col("kind") == "withdrawal",
        by_known_at="known_at",
        by_id="record_id",
    )


def resolve(held: pl.DataFrame, newer: pl.DataFrame) -> pl.DataFrame:
    """Say, for every record a viewer holds or holds a correction of, which record stands for it now.

    A record is hidden from a view that holds its correction or withdrawal; references to it then mean its
    correction, and the correction's correction; of several the one known last. Where that is a withdrawal they mean
    nothing. Taking a correction back does not bring the older record back: its writer corrects the withdrawal.

    Parameters
    ----------
    held : polars.DataFrame
        ``record``, and the columns that say whose and when: ``as_of`` and ``viewer``, or codes for them.
    newer : polars.DataFrame
        From `corrections`.

    Returns
    -------
    polars.DataFrame
        ``held``, and the records whose correction is held, with ``current``: the record itself, its correction, or
        null where it was taken back.

    """
    seat = [c for c in held.columns if c != "record"]
    if newer.is_empty():
        return held.select(*seat, "record", current="record")
    steps = (
        held.join(newer, left_on="record", right_on="by")
        .rename({"record": "by", "record_right": "record"})
        .sort("by_known_at", "by_id")
        .group_by(*seat, "record")
        .agg(pl.col("by", "withdrawn").last())
        .select(*seat, "record", step=pl.when(~pl.col("withdrawn")).then("by"), replaced=pl.lit(value=True))
    )
    unchanged = held.join(steps, on=[*seat, "record"], how="anti").select(*seat, "record", current="record")
    return pl.concat([unchanged, _followed(steps, seat)])


def _followed(steps: pl.DataFrame, seat: list[str]) -> pl.DataFrame:
    """Go along each chain of corrections, one step a turn."""
    current = steps.select(*seat, "record", current="step")
    while True:
        moved = current.join(steps, left_on=[*seat, "current"], right_on=[*seat, "record"], how="left")
        if not moved["replaced"].any():
            return current
        current = moved.with_columns(
            current=pl.when(pl.col("replaced").fill_null(value=False)).then("step").otherwise("current")
        ).select(current.columns)


IDENTITIES = pl.Schema({"as_of": pl.Date(), "subject": pl.String(), "id": pl.String(), "same": pl.String()})


def identities(records: Records, as_ofs: Sequence[dt.date], known: pl.DataFrame) -> pl.DataFrame:
    """Say which ids were known to be one child, person or household before each day.

    A link joins ids for every viewer from the moment it was found out. It tells nobody of a record: each viewer goes
    on knowing the records it knows, now as records of one child. Links join transitively. A child goes by the id
    longest in the records by then, whoever knew of it; a person or household by the smallest of its ids.

    Parameters
    ----------
    records : Records
        What agencies wrote.
    as_ofs : sequence of datetime.date
        The days.
    known : polars.DataFrame
        From `knowledge`.

    Returns
    -------
    polars.DataFrame
        ``as_of, subject`` (``child, person, household``), ``id`` and ``same``, the id it goes by; only ids that a
        link names.

    """
    if records.frames["links"].is_empty():
        return pl.DataFrame(schema=IDENTITIES)
    days = pl.DataFrame({"as_of": list(as_ofs)}, schema={"as_of": pl.Date})
    links = records.frames["links"].with_columns(pl.col("subject").fill_null("child"))
    found_out = links.join(days, how="cross").filter(pl.col("known_at") < pl.col("as_of").cast(pl.Datetime("us")))
    joined = _joined_up(found_out)
    order = joined.join(_first_known(records, known, joined["id"]), on=["subject", "id"], how="left")
    by_then = pl.col("known_at") < pl.col("as_of").cast(pl.Datetime("us"))
    ranked = order.sort(pl.when(by_then).then("known_at"), "id", nulls_last=True)
    return ranked.select("as_of", "subject", "id", same=pl.col("id").first().over("cluster"))


def _joined_up(links: pl.DataFrame) -> pl.DataFrame:
    """Ids of each day and subject with the number of the cluster that links join them in."""
    ends = [links.select("as_of", "subject", id=c) for c in ("child_id", "same_as")]
    nodes = pl.concat(ends).unique(maintain_order=True).with_row_index("node")
    if nodes.is_empty():
        return nodes.with_columns(cluster=pl.col("node"))
    from scipy.sparse import coo_array  # noqa: PLC0415 (slow to load, and most records hold no link)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    a, b = (end.join(nodes, on=["as_of", "subject", "id"], how="left", maintain_order="left")["node"] for end in ends)
    ties = coo_array((np.ones(len(a), bool), (a.to_numpy(), b.to_numpy())), shape=(nodes.height, nodes.height))
    _, cluster = connected_components(ties, directed=False)
    return nodes.with_columns(cluster=pl.Series(cluster))


def _first_known(records: Records, known: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """When the first record of a child was known to any organisation."""
    children = indexed_contacts(records).select("record", id="child_id").filter(pl.col("id").is_in(ids.implode()))
    pooled = known.filter(pl.col("viewer") == POOLED).join(children, on="record")
    return pooled.group_by("id").agg(pl.col("known_at").min()).with_columns(subject=pl.lit("child"))


def linked_ids(records: Records, child_id: str, as_of: dt.date) -> tuple[str, ...]:
    """Return the ids known before a day to be one child, the one it goes by first; only its own where there is no link.

    Parameters
    ----------
    records : Records
        What agencies wrote.
    child_id : str
        Any of its ids.
    as_of : datetime.date
        The day.

    """
    if records.frames["links"].is_empty():
        return (child_id,)
    links = records.frames["links"].filter(pl.col("known_at") < midnight(as_of))
    of_children = links.filter(pl.col("subject").fill_null("child") == "child")
    ids, more = {child_id}, {child_id}
    while more:  # one step along the links a turn
        touched = of_children.filter(pl.col("child_id").is_in(list(more)) | pl.col("same_as").is_in(list(more)))
        more = {*touched["child_id"], *touched["same_as"]} - ids
        ids |= more
    if len(ids) == 1:
        return (child_id,)
    cluster = records.only(sorted(ids))
    first = identities(cluster, [as_of], knowledge(cluster)).filter(
        pl.col("subject") == "child", pl.col("id").is_in(ids)
    )
    known_by = first["same"][0]
    return (known_by, *sorted(ids - {known_by}))
