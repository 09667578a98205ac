"""Chronologies and contact graphs made by hand, as crowded or as odd as a test wants them."""

from __future__ import annotations

import datetime as dt
import itertools

import polars as pl

from earlywarn.history.chronology import ACTS, Chronology
from earlywarn.history.graph import ContactGraph
from earlywarn.history.strands import STRANDS
from earlywarn.records.codes import AGENCIES, ORGANISATIONS

AS_OF = dt.date(2026, 11, 1)
MIDNIGHT = dt.datetime(2026, 11, 1)
DAY = dt.timedelta(days=1)
EVENTS = ("record_id", "at", "agency", "held_by", "concerns", "ahead", "known_at")
TYPES = {
    "record_id": pl.String, "at": pl.Datetime("us"), "agency": pl.String, "held_by": pl.String,
    "concerns": pl.String, "ahead": pl.Boolean, "known_at": pl.Datetime("us"),
}  # fmt: skip


def made(
    count: int,
    *,
    agencies: tuple[str, ...] = ("social_care", "gp", "school"),
    every: float = 3.0,
    ahead: int = 0,
    viewer: str = "pooled",
    strands: int = 0,
    plans: int = 1,
) -> Chronology:
    """Make ``count`` records going back from the as-of day, every fifth told to the next agency a day later.

    Every fourth raises a concern. ``ahead`` more are planned; ``strands`` concerns live, each for a while.
    """
    days = [MIDNIGHT - DAY * (1 + every * i) for i in range(count)]
    days += [MIDNIGHT + DAY * (2 + 9 * i) for i in range(ahead)]
    rows = [
        (f"<r{i}>", day, agency, agency, "neglect" if i % 4 == 0 else None, i >= count, min(day, MIDNIGHT - DAY))
        for i, (day, agency) in enumerate(zip(days, itertools.cycle(agencies), strict=False))
    ]
    events = pl.DataFrame(rows, schema=TYPES, orient="row").sort("at", "record_id")
    own = [(row[0], row[2], row[6], False) for row in rows]
    told = [
        (row[0], agencies[(i + 1) % len(agencies)], min(row[6] + DAY, MIDNIGHT - DAY / 24), True)
        for i, row in enumerate(rows)
        if i % 5 == 0 and len(agencies) > 1
    ]
    known = pl.DataFrame([*own, *told], schema=KNOWN, orient="row")
    held = tuple(a for a in ORGANISATIONS if a in events["held_by"].to_list())
    lives = [life(i, rows[i % len(rows)][0], agencies[i % len(agencies)]) for i in range(strands)]
    concerns = pl.DataFrame(lives, schema=STRANDS, orient="row")
    return Chronology(
        "<child>", AS_OF, events, known, planned(plans), held, ("<child>",), viewer, pl.DataFrame(schema=ACTS), concerns
    )


KNOWN = {"record_id": pl.String, "agency": pl.String, "known_at": pl.Datetime("us"), "told": pl.Boolean}


def life(number: int, record: str, agency: str) -> dict[str, object]:
    """Make one concern: raised some weeks before the last, in each of the four states in turn."""
    state = ("no conclusion recorded", "concluded", "cannot tell", "context")[number % 4]
    raised = MIDNIGHT - DAY * (20 + 17 * number)
    return dict.fromkeys(STRANDS.names()) | {
        "strand": number,
        "agency": agency,
        "raised_at": raised,
        "state": state,
        "concluded_at": raised + DAY * 20 if state == "concluded" else None,
        "record_ids": [record],
    }


def planned(count: int) -> pl.DataFrame:
    """Make plans of every kind, one after another with gaps, the newest open."""
    kinds = ("child_in_need", "early_help", "protection_plan", "looked_after")
    starts = [dt.date(2026, 3, 1) - DAY * 50 * i for i in range(count)]
    return pl.DataFrame(
        {
            "kind": [kinds[i % 4] for i in range(count)],
            "start_on": starts,
            "end_on": [None if i == 0 else start + DAY * 30 for i, start in enumerate(starts)],
        },
        schema={"kind": pl.String, "start_on": pl.Date, "end_on": pl.Date},
    )


def graph(
    count: int, *, agencies: int = 5, people: int = 3, workers: int = 2, viewer: str = "pooled", households: int = 0
) -> ContactGraph:
    """Make a graph with ``count`` contacts, tellings from each agency to the next and back to the first, and people."""
    made, child = ContactGraph(), ("child", "<child>")
    made.graph.update(child_id="<child>", as_of=AS_OF, viewer=viewer)
    made.add_node(child, kind="child", label="the child")
    codes = ORGANISATIONS[:agencies]
    for code in codes:
        made.add_node(("agency", code), kind="agency", label=AGENCIES[code].label, sector=AGENCIES[code].sector)
    for i in range(count if codes else 0):
        agency = ("agency", codes[i % agencies])
        made.add_edge(agency, child, kind="contact", record_id=str(i), at=MIDNIGHT, what="contact")
        worker = ("worker", f"<w{i % workers}>")
        made.add_node(worker, kind="worker", label="worker")
        made.add_edge(worker, agency, kind="works_for", record_id=str(i), at=MIDNIGHT)
    for teller, told in [*itertools.pairwise(codes), *((code, codes[0]) for code in codes[1:])]:
        made.add_edge(("agency", teller), ("agency", told), kind="shared", record_id="1", at=MIDNIGHT)
    for i in range(people):
        person = ("person", f"<p{i}>")
        made.add_node(person, kind="person", label="mother")
        role = ("adult_in_household", "sibling", "mother", "unknown")[i % 4]
        made.add_edge(person, child, kind="relation", role=role, record_id="1", at=MIDNIGHT, ended=i % 2 == 1)
    for i in range(households):
        home = ("household", f"<h{i}>")
        made.add_node(home, kind="household", label="household")
        made.add_edge(child, home, kind="lives_in", record_id="1", at=MIDNIGHT, ended=False)
    made.add_node(("place", "<x>"), kind="place", label="place")
    return made
