"""The features of the catalogue beyond the core, as slowly and plainly as they can be said.

An oracle for the engine, in the manner of `tests.reference` and on top of it: rows are dicts, tables are lists of rows,
everything is a loop, of the library only the code lists are used. Written from the definitions, with every setting at
its default. One file a family; `terms` holds what they share.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tests.catalogue_reference import (
    concerns,
    engagement,
    fragmentation,
    graph,
    household,
    injury,
    pathway,
    protective,
    seeing,
    tempo,
    visibility,
)
from tests.catalogue_reference.terms import (
    LEAD,
    ORGANISATIONS,
    POOLED,
    Tables,
    Value,
    Whole,
    counted,
    known,
    lead_times,
    view,
    whole_child,
    whole_view,
)
from tests.reference import current

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILIES = (
    seeing,
    tempo,
    fragmentation,
    concerns,
    pathway,
    household,
    injury,
    visibility,
    engagement,
    protective,
    graph,
)

FEATURES: dict[str, Callable[[Whole], Value]] = {
    name: feature for family in FAMILIES for name, feature in family.FEATURES.items()
}

NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    name: family.NEEDS.get(name, ()) for family in FAMILIES for name in family.FEATURES
}
"""For each feature, what must have been known to anyone: of every group at least one token."""


def tokens(tables: Tables, as_of: dt.date) -> set[str]:
    """What there is at all in the pooled view, over all children and on any day."""
    pooled = view(tables, as_of, POOLED)
    now = current(tables, as_of, POOLED)
    concern_rows = [row for row in pooled.concerns if counted(row)]
    carried = {
        name: [row for row in tables.get(name, []) if now[row["record_id"]]] for name in ("sharing", "households")
    }
    midnight = dt.datetime.combine(as_of, dt.time())
    there = {
        "contacts": pooled.records,
        "contacts@social_care": [record for record in pooled.records if record["held_by"] == LEAD],
        "concerns": concern_rows,
        "concerns.closing": [row for row in concern_rows if row["closing"] == "recorded"],
        "people": pooled.people,
        "episodes": pooled.episodes,
        "households": carried["households"],
        "sharing": [act for act in carried["sharing"] if act["shared_at"] < midnight],
    }
    found = {token for token, rows in there.items() if rows}
    found |= {f"contacts.{column}" for row in pooled.records for column, cell in row.items() if cell is not None}
    return found | {f"facts:{fact['key']}" for fact in tables.get("facts", []) if now[fact["record_id"]]}


def catalogue_reference_features(
    tables: Tables, as_of: dt.date, viewers: list[str]
) -> dict[tuple[str, str], dict[str, Value]]:
    """All features: one row for every child with a record known to anyone before as_of, and every viewer."""
    anyone = known(tables, as_of, POOLED)
    children = sorted({row["child_id"] for row in tables.get("contacts", []) if row["record_id"] in anyone})
    there = tokens(tables, as_of)
    null = {name for name, needs in NEEDS.items() if not all(set(group) & there for group in needs)}
    shared = {
        "known_to": {each: known(tables, as_of, each) for each in ORGANISATIONS},
        "known_at": {record["record_id"]: record["known_at"] for record in tables.get("contacts", [])},
        "lead_times": lead_times(tables, as_of),
    }
    result = {}
    for viewer in viewers:
        everyone = whole_view(tables, as_of, viewer)
        for child_id in children:
            child = whole_child(tables, as_of, viewer, child_id, {**shared, "everyone": everyone})
            result[child_id, viewer] = {
                name: None if name in null else feature(child) for name, feature in FEATURES.items()
            }
    return result
