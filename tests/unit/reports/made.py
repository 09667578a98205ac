"""Flags and records made by hand, with ids that would do harm on a careless page."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from earlywarn.records.tables import Records
from earlywarn.review.flag import Flag, Flags
from earlywarn.review.reasons import GROUPS, Reason

AS_OF = dt.date(2026, 11, 1)
CAUTION = 'Not validated: "an order for reading" </style><script>alert(2)</script>'
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=1+1", "{{7*7}}", "O'Hara & {% raw %}")


def records(children: tuple[str, ...] = HOSTILE) -> Records:
    """Three records a child: a visit, a contact with a concern that the police were told of, a conclusion."""
    contacts = []
    for i, child in enumerate(children):
        for j, (agency, kind) in enumerate((("gp", "visit"), ("school", "contact"), ("social_care", "conclusion"))):
            day = dt.datetime(2026, 3 + j, 2, 9)
            contacts.append(
                {
                    "record_id": f"{child} r{i}{j}",
                    "child_id": child,
                    "agency": agency,
                    "held_by": agency,
                    "kind": kind,
                    "about": "child",
                    "occurred_at": day,
                    "occurred_precision": "day",
                    "recorded_basis": "source",
                    "known_at": day,
                    "worker_id": f"{child} w",  # one id never stands for a child and a worker
                    "source": child,
                    "source_row": "1",
                }
            )
    ids = [c["record_id"] for c in contacts if c["kind"] == "contact"]
    concerns = [
        {"concern_id": i, "child_id": c, "record_id": i, "category": '<b>our "code"</b>', "closing": "recorded"}
        for i, c in zip(ids, children, strict=True)
    ]
    told = dt.datetime(2026, 5, 2, 9)
    sharing = [
        {"record_id": i, "to_agency": "police", "shared_at": told, "decision": "shared", "extent": "full"} for i in ids
    ]
    return Records.from_frames(
        contacts=pl.DataFrame(contacts), concerns=pl.DataFrame(concerns), sharing=pl.DataFrame(sharing)
    )


def flag(child: str = "c1", place: int = 1, **changed: Any) -> Flag:
    """Make a flag with one reason in each group, each resting on records of `records`."""
    i = HOSTILE.index(child) if child in HOSTILE else 0
    ids = tuple(f"{child} r{i}{j}" for j in range(3))
    reasons = (
        Reason("a", GROUPS[0], 4.0, 3, f"4 concerns have no recorded conclusion, says {child}.", ids),
        Reason("b", GROUPS[1], None, 1, "The allocated worker changed twice.", ids[:2]),
        Reason("c", GROUPS[2], 2.0, -1, "2 concerns were followed to a conclusion.", ids[2:]),
    )
    header = {"age": "2 years", "status": f"child in need {child}", "team": child, "household": f"household {child}"}
    values = {
        "flag_id": f"{i:016x}",
        "child_id": child,
        "as_of": AS_OF,
        "viewer": "pooled",
        "score": 3,
        "intercept": 0,
        "band": "read first",
        "rank": place,
        "header": header,
        "held_by": ("social_care", "gp", "school"),
        "household": (child,),
        "reasons": reasons,
        "not_known": (f"Whether appointments were kept, {child}.",),
        "questions": (f"Has anyone asked {child}?",),
        "own_views": {"pooled": 3, "gp": -1, "school": 2},
        "caution": CAUTION,
    }
    return Flag(**{**values, **changed})


def flags(children: tuple[str, ...] = HOSTILE, **changed: Any) -> Flags:
    """Make a list of flags, the last child of `HOSTILE` below the line where there are several."""
    listed = tuple(flag(c, i) for i, c in enumerate(children[:-1] if len(children) > 1 else children, start=1))
    below = tuple(flag(c, len(listed) + 1) for c in children[-1:] if len(children) > 1)
    values = {
        "flags": listed,
        "below": below,
        "as_of": AS_OF,
        "viewer": "pooled",
        "capacity": 20,
        "households": len(listed),
        "candidates": len(listed) + 3,
        "ties": 1,
        "excluded": {"died": 2, "a reason <b>of its own</b>": 1},
        "held_by": ("social_care", "gp", "school"),
        "newest": AS_OF - dt.timedelta(days=1),
        "model_name": "made by hand",
        "model_id": "0",
        "caution": CAUTION,
    }
    return Flags(**{**values, **changed})
