"""The core features one child after another in pandas, with a networkx graph of the agencies: the plainest way.

`of_children` is asked of a few children: their tables are cut out before the clock starts, and what needs everyone's
records (how far back those of social care go) is given.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx
import pandas as pd

from earlywarn.records.codes import (
    ABOUT_THE_FAMILY,
    ADULT_ROLES,
    CONFERRING_EXTENTS,
    CONTACT_KINDS,
    COUNTED_CONCERNS,
    ENDED_WITHOUT_ACTION,
    LEAD_AGENCY,
    MISSED,
    ORGANISATIONS,
    STATUTORY_EPISODES,
)

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

    from earlywarn.records.tables import Records

Tables = dict[str, pd.DataFrame]
TABLES = ("contacts", "concerns", "sharing", "people", "episodes", "children")


def lead_begins(contacts: pl.DataFrame, day: dt.date) -> int | None:
    """Say how many days back the visible records held by social care go, of any child."""
    import polars as pl  # noqa: PLC0415 (everything else here is pandas)

    known = contacts.filter(pl.col("known_at") < pl.lit(day).cast(pl.Datetime("us")))
    fixes = known.filter(pl.col("follows").is_not_null() & (pl.col("kind") != "conclusion"))["follows"]
    held = known.filter((pl.col("held_by") == LEAD_AGENCY) & ~pl.col("record_id").is_in(fixes.implode()))
    ago = held.select((pl.lit(day) - pl.coalesce("occurred_at", "known_at").dt.date()).dt.total_days()).to_series()
    return ago.filter(ago >= 1).max()  # type: ignore[return-value]


def tables_of(records: Records) -> Tables:
    """Tables as pandas frames; an act of sharing is given the child of its record."""
    tables = {name: records.frames[name].to_pandas() for name in TABLES}
    child = tables["contacts"][["record_id", "child_id"]]
    return {**tables, "sharing": tables["sharing"].merge(child, on="record_id")}


def of_children(tables: Tables, day: dt.date, begins: int | None, *, graph: bool = True) -> pd.DataFrame:
    """Return a row of core features for each child with a record known before the day."""
    midnight = pd.Timestamp(day)
    known = tables["contacts"][tables["contacts"]["known_at"] < midnight]
    time = known["occurred_at"].fillna(known["known_at"])
    known = known.assign(time=time, ago=(midnight - time.dt.normalize()).dt.days)
    carried = {name: dict(iter(tables[name].groupby("child_id"))) for name in TABLES[1:]}
    found = {}
    for child, rows in known.groupby("child_id"):
        of_child = {name: groups.get(child, tables[name].iloc[:0]) for name, groups in carried.items()}
        found[child] = _of_child({"contacts": rows, **of_child}, midnight, begins)
        if graph:
            agency_graph(rows, of_child["sharing"], midnight)
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("child_id").reset_index()


def _of_child(t: Tables, midnight: pd.Timestamp, begins: int | None) -> dict[str, Any]:
    known = t["contacts"]
    fixes = known[known["follows"].notna() & (known["kind"] != "conclusion")]
    visible = known[~known["record_id"].isin(fixes["follows"])].set_index("record_id")
    now = _stands_for(fixes)
    past = visible[visible["ago"] >= 1]
    shared = t["sharing"]
    told = (shared["decision"] == "shared") & shared["extent"].isin(CONFERRING_EXTENTS)
    shared = shared[told & (shared["shared_at"] < midnight)]
    concerns = _concern_rows(t["concerns"], visible, now)
    return {
        **_tempo(past),
        **_seeing(past, unborn=_unborn(t["children"], midnight)),
        "worker_churn_365d": _workers(past),
        "rereferral_12m": _rereferral(past, _spells(t["episodes"], visible, now, midnight), begins),
        **_concerns(concerns, known.set_index("record_id"), shared, several=past["held_by"].nunique() > 1),
        "unknown_adults": _adults(t["people"], known, visible, fixes, shared, now, midnight),
    }


def agency_graph(known: pd.DataFrame, shared: pd.DataFrame, midnight: pd.Timestamp) -> dict[str, float]:
    """Who told whom: how many parts the agencies fall into, how far one stands in the middle, how many tells."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(known["held_by"].unique())
    holders = known.set_index("record_id")["held_by"]
    for _, act in shared[shared["shared_at"] < midnight].iterrows():
        if act["record_id"] in holders.index:
            graph.add_edge(holders[act["record_id"]], act["to_agency"], at=act["shared_at"])
    plain = nx.Graph(graph)
    plain.remove_edges_from(nx.selfloop_edges(plain))
    size, degrees = plain.number_of_nodes(), [degree for _, degree in plain.degree()]
    spread = sum(max(degrees) - degree for degree in degrees) / ((size - 1) * (size - 2)) if size > 2 else float("nan")
    return {
        "components": nx.number_connected_components(plain),
        "centralisation": spread,
        "density": nx.density(plain),
        "reciprocity": nx.reciprocity(nx.DiGraph(graph)) if graph.number_of_edges() else 0.0,
        "tells": graph.number_of_edges(),
    }


def _stands_for(fixes: pd.DataFrame) -> dict[str, str | None]:
    """Each corrected record and what stands for it: None where it was taken back."""
    last = fixes.sort_values(["known_at", "record_id"]).drop_duplicates("follows", keep="last")
    step = {
        old: None if kind == "withdrawal" else new
        for old, new, kind in zip(last["follows"], last["record_id"], last["kind"], strict=True)
    }

    def end(record: str | None) -> str | None:
        return end(step[record]) if record in step else record

    return {old: end(old) for old in step}


def _within(rows: pd.DataFrame, window: int) -> pd.DataFrame:
    return rows[rows["ago"] <= window]


def _tempo(past: pd.DataFrame) -> dict[str, Any]:
    took_place = past["attendance"].isna() | (past["attendance"] == "attended")
    dealt = past[
        past["agency"].isin(ORGANISATIONS)
        & past["about"].isin(ABOUT_THE_FAMILY)
        & past["kind"].isin(CONTACT_KINDS)
        & took_place
    ]
    own = dealt[dealt["agency"] == dealt["held_by"]]
    days = own.groupby("agency")["ago"].unique().to_dict()
    told = [
        r.Index
        for r in dealt[dealt["agency"] != dealt["held_by"]].itertuples()
        if not any(0 <= day - r.ago <= 7 for day in days.get(r.agency, []))
    ]
    rows = pd.concat([own, dealt.loc[told]])
    once = _within(rows, 365).drop_duplicates(["agency", "ago"])
    unplanned = rows[(rows["planned"] != True)]  # noqa: E712 (missing counts as not planned)
    agencies = once.groupby("ago")["agency"].agg(set)
    apart = [a.isdisjoint(b) for a, b in pairwise(agencies)]
    return {
        **{f"contacts_{w}d": len(_within(once, w)) for w in (30, 90, 365)},
        "unplanned_contacts_90d": len(_within(unplanned, 90).drop_duplicates(["agency", "ago"])),
        "agencies_365d": once["agency"].nunique(),
        "agency_churn_365d": sum(apart) / len(apart) if apart else None,
    }


def _unborn(children: pd.DataFrame, midnight: pd.Timestamp) -> bool:
    days = children["birth_on"].fillna(children["expected_birth_on"])
    return bool((pd.to_datetime(days) >= midnight).any())


def _seeing(past: pd.DataFrame, *, unborn: bool) -> dict[str, Any]:
    said = past[past["child_seen"].notna()]
    seen = said[said["child_seen"] == True]["ago"]  # noqa: E712 (may be missing)
    took_place = said["attendance"].isna() | (said["attendance"] == "attended")
    met = _within(said[(said["mode"].isna() | (said["mode"] == "in_person")) & took_place], 90)
    year = _within(past, 365)
    missed = year[year["attendance"].isin(MISSED)]
    expected = len(missed) + (year["attendance"] == "attended").sum()
    return {
        "days_since_seen": None if unborn or said.empty else seen.min() if len(seen) else said["ago"].max(),
        "unseen_share_90d": (met["child_seen"] == False).mean() if not unborn and len(met) > 1 else None,  # noqa: E712
        "missed_365d": len(missed.drop_duplicates(["agency", "ago"])),
        "missed_share_365d": len(missed) / expected if expected >= 3 else None,
        "closed_no_action_365d": year[year["outcome"].isin(ENDED_WITHOUT_ACTION)]["ago"].nunique(),
    }


def _workers(past: pd.DataFrame) -> int | None:
    begun = past[(past["kind"] == "involvement_start") & (past["held_by"] == LEAD_AGENCY) & past["worker_id"].notna()]
    if begun.empty:
        return None
    return int(_within(begun, 365)["worker_id"].nunique() - bool((begun["ago"] <= 365).all()))


def _spells(
    episodes: pd.DataFrame, visible: pd.DataFrame, now: dict[str, str | None], midnight: pd.Timestamp
) -> list[tuple[int, int | None]]:
    """Days back at which statutory episodes known to the view began and ended."""
    found = []
    for e in episodes[episodes["kind"].isin(STATUTORY_EPISODES)].itertuples():
        if now.get(e.started_by, e.started_by) in visible.index:
            ends = now.get(e.ended_by, e.ended_by) in visible.index
            over = (midnight - pd.Timestamp(e.end_on)).days if ends else None
            found.append(((midnight - pd.Timestamp(e.start_on)).days, over))
    return found


def _rereferral(past: pd.DataFrame, spells: list[tuple[int, int | None]], begins: int | None) -> int | None:
    days = past[(past["kind"] == "referral") & (past["held_by"] == LEAD_AGENCY)]["ago"].unique()
    fresh = sorted(d for d in days if not any(start > d and (end is None or end < d) for start, end in spells))
    if not fresh or fresh[0] > 365 or begins is None or begins - fresh[0] < 365:
        return None
    return int(any(day <= 365 and before - day <= 365 for day, before in pairwise(fresh)))


def _concern_rows(concerns: pd.DataFrame, visible: pd.DataFrame, now: dict[str, str | None]) -> pd.DataFrame:
    rows = concerns[concerns["category"].isin(COUNTED_CONCERNS)]
    rows = rows.assign(
        raised_by=[now.get(r, r) for r in rows["record_id"]], closed_by=[now.get(r, r) for r in rows["closed_by"]]
    )
    rows = rows.assign(ago=rows["raised_by"].map(visible["ago"]), closed_ago=rows["closed_by"].map(visible["ago"]))
    rows = rows[rows["ago"] >= 1].sort_values(["category", "ago"], ascending=[True, False])
    gap = -rows.groupby("category")["ago"].diff()
    return rows.assign(strand=(~(gap <= 28)).cumsum(), closed_ago=rows["closed_ago"].where(rows["closed_ago"] >= 1))


def _concerns(rows: pd.DataFrame, known: pd.DataFrame, shared: pd.DataFrame, *, several: bool) -> dict[str, Any]:
    strands = rows.groupby("strand").agg(
        category=("category", "first"),
        raised=("ago", "max"),
        last=("ago", "min"),
        severity=("severity", "max"),
        closable=("closing", lambda closing: (closing == "recorded").any()),
        concluded=("closed_ago", "min"),
    )
    strands = strands[strands["last"] <= 730]
    closed = strands["concluded"] <= strands["last"]
    still = strands[strands["closable"].astype(bool) & ~closed]
    can_tell = strands.empty or strands["closable"].any()
    severity = still["severity"].sum() if still["severity"].notna().any() else None
    return {
        "unresolved_concerns": len(still) if can_tell else None,
        "unresolved_oldest_days": still["raised"].max() if len(still) else None,
        "unresolved_severity": (severity if len(still) else 0) if can_tell else None,
        "concern_recurrence": len(strands) - strands["category"].nunique(),
        "concluded_365d": (closed & (strands["concluded"] <= 365)).sum(),
        "largest_single_view": _largest(rows[rows["strand"].isin(strands.index)], known, shared) if several else None,
    }


def _largest(rows: pd.DataFrame, known: pd.DataFrame, shared: pd.DataFrame) -> float | None:
    """Largest share of the strands that one organisation knows a row of."""
    count = rows["strand"].nunique()
    if count < 2:
        return None
    knows: dict[str, set[int]] = {}
    for strand, *ids in rows[["strand", "record_id", "raised_by"]].itertuples(index=False):
        parties = [*known.loc[ids, ["agency", "held_by"]].to_numpy().ravel()]
        for agency in {*parties, *shared[shared["record_id"].isin(ids)]["to_agency"]} & set(ORGANISATIONS):
            knows.setdefault(agency, set()).add(strand)
    return max(map(len, knows.values())) / count


def _adults(
    people: pd.DataFrame,
    known: pd.DataFrame,
    visible: pd.DataFrame,
    fixes: pd.DataFrame,
    shared: pd.DataFrame,
    now: dict[str, str | None],
    midnight: pd.Timestamp,
) -> int | None:
    own = known[(known["agency"] == LEAD_AGENCY) | (known["held_by"] == LEAD_AGENCY)]["record_id"]
    knows = {*own, *shared[shared["to_agency"] == LEAD_AGENCY]["record_id"]}
    lead_now = _stands_for(fixes[fixes["record_id"].isin(knows)])
    named = people["record_id"].map(lambda record: lead_now.get(record, record) in knows).astype(bool)
    of_lead = people[named]["person_id"]
    if of_lead.empty:
        return None
    rows = people[people["role"].isin(ADULT_ROLES)]
    rows = rows.assign(record_id=[now.get(r, r) for r in rows["record_id"]])
    rows = rows[rows["record_id"].isin(visible.index)]
    still = ~(pd.to_datetime(rows["valid_to"]) < midnight)
    rows = rows.assign(time=rows["record_id"].map(visible["time"]), still=still)
    newest = rows.sort_values(["time", "record_id", "still"]).drop_duplicates(["person_id", "role"], keep="last")
    return int(newest[newest["still"] & ~newest["person_id"].isin(of_lead)]["person_id"].nunique())
