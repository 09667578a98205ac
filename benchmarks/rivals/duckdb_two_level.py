"""The core features in SQL: DuckDB, first to one row a child, agency and day (or a strand), then to one a child.

Every statement carries ``as_of``, so that several days are asked at once, as many as memory easily holds.
"""

# ruff: noqa: S608 (every word of the SQL is written here or comes from the code lists)

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl

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
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

AT_ONCE = 10_000_000
"""Records times days that are taken at once: above that, one day at a time is no slower and holds less."""

TABLES = ("contacts", "concerns", "sharing", "people", "episodes", "children")


def from_folder(folder: Path, days: Sequence[dt.date], *, memory: str | None = None) -> pl.DataFrame:
    """Read a folder; ``memory`` limits what DuckDB holds before it turns to the disk."""
    with duckdb.connect() as base:
        if memory is not None:
            base.execute(f"SET memory_limit = '{memory}'")
        for name in TABLES:
            base.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder / name}.parquet/*.parquet')")
        return _each_day(base, days)


def from_frames(frames: Mapping[str, pl.DataFrame], days: Sequence[dt.date]) -> pl.DataFrame:
    """Take tables held in memory, as Arrow."""
    with duckdb.connect() as base:
        for name in TABLES:
            base.register(name, frames[name].to_arrow())
        return _each_day(base, days)


def _each_day(base: duckdb.DuckDBPyConnection, days: Sequence[dt.date]) -> pl.DataFrame:
    """Ask many days of few children at once, and one day of many."""
    rows = base.sql("SELECT count(*) FROM contacts").fetchall()[0][0]
    step = max(1, AT_ONCE // max(rows, 1))
    return pl.concat([_on_days(base, days[i : i + step]) for i in range(0, len(days), step)])


def _on_days(base: duckdb.DuckDBPyConnection, days: Sequence[dt.date]) -> pl.DataFrame:
    base.execute("CREATE OR REPLACE TEMP TABLE days AS SELECT unnest($1)::DATE AS as_of", [list(days)])
    base.execute(f"CREATE OR REPLACE TEMP VIEW known AS {KNOWN}")
    for name, query in STATEMENTS.items():
        base.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
    return base.sql(ANSWER).pl()


def _list(codes: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{code}'" for code in codes) + ")"


def _stands_for(fixes: str) -> str:
    """Follow corrections to their end; '' stands for a record that was taken back, since none is called so."""
    return f"""
        WITH RECURSIVE step AS (
            SELECT as_of, follows AS old, CASE WHEN kind = 'withdrawal' THEN '' ELSE record_id END AS new
            FROM {fixes}
            QUALIFY row_number() OVER (PARTITION BY as_of, follows ORDER BY known_at DESC, record_id DESC) = 1
        ), chain AS (
            SELECT as_of, old, new, 1 AS steps FROM step
            UNION ALL
            SELECT chain.as_of, chain.old, step.new, steps + 1
            FROM chain JOIN step ON step.as_of = chain.as_of AND step.old = chain.new
        )
        SELECT as_of, old, arg_max(new, steps) AS new FROM chain GROUP BY ALL"""


BITS = "CASE agency " + " ".join(f"WHEN '{code}' THEN {1 << i}" for i, code in enumerate(ORGANISATIONS)) + " END"

KNOWN = "SELECT * FROM contacts JOIN days ON known_at < as_of::TIMESTAMP"

KNOWING = {
    "fixes": "SELECT as_of, follows, record_id, kind, known_at FROM known "
    "WHERE follows IS NOT NULL AND kind <> 'conclusion'",
    "stands_for": _stands_for("fixes"),
    "visible": """
        SELECT as_of, record_id, child_id, agency, held_by, kind, about, mode, planned, attendance, child_seen,
            worker_id, outcome, coalesce(occurred_at, known_at) AS time, (as_of - time::DATE)::INT AS ago
        FROM known ANTI JOIN (SELECT as_of, follows AS record_id FROM fixes) AS fixed USING (as_of, record_id)""",
    "shared": f"""
        SELECT as_of, record_id, to_agency FROM sharing JOIN days ON shared_at < as_of::TIMESTAMP
        WHERE decision = 'shared' AND extent IN {_list(CONFERRING_EXTENTS)}""",
    "of_lead": f"""
        SELECT as_of, record_id FROM known WHERE agency = '{LEAD_AGENCY}' OR held_by = '{LEAD_AGENCY}'
        UNION SELECT as_of, record_id FROM shared WHERE to_agency = '{LEAD_AGENCY}'""",
    "fixes_of_lead": "SELECT * FROM fixes SEMI JOIN of_lead USING (as_of, record_id)",
    "lead_stands_for": _stands_for("fixes_of_lead"),
}
"""What was knowable, and what references mean: to everyone, and to social care."""

RECORDS = {
    "seen": f"""
        SELECT as_of, child_id,
            min(ago) FILTER (child_seen) AS seen,
            max(ago) FILTER (child_seen IS NOT NULL) AS first_told,
            count(*) FILTER (met) AS met,
            count(*) FILTER (met AND NOT child_seen) AS not_seen,
            count(*) FILTER (ago <= 365 AND attendance IN {_list(MISSED)}) AS missed,
            count(*) FILTER (ago <= 365 AND attendance IN ('attended', {_list(MISSED)[1:]}) AS kept_or_missed,
            min(held_by) <> max(held_by) AS several_hold
        FROM (
            SELECT *, ago <= 90 AND coalesce(mode, 'in_person') = 'in_person'
                AND coalesce(attendance, 'attended') = 'attended' AND child_seen IS NOT NULL AS met
            FROM visible WHERE ago >= 1
        ) GROUP BY ALL""",
    "unborn": """
        SELECT as_of, child_id FROM children JOIN days ON coalesce(birth_on, expected_birth_on) >= as_of""",
    "missed": f"""
        SELECT as_of, child_id, count(*) AS agency_days
        FROM (SELECT DISTINCT as_of, child_id, agency, ago FROM visible
              WHERE ago BETWEEN 1 AND 365 AND attendance IN {_list(MISSED)})
        GROUP BY ALL""",
    "no_action": f"""
        SELECT as_of, child_id, count(*) AS days
        FROM (SELECT DISTINCT as_of, child_id, ago FROM visible
              WHERE ago BETWEEN 1 AND 365 AND outcome IN {_list(ENDED_WITHOUT_ACTION)})
        GROUP BY ALL""",
    "workers": f"""
        SELECT as_of, child_id, count(*) FILTER (latest <= 365) - min((earliest <= 365)::INT) AS changes
        FROM (SELECT as_of, child_id, worker_id, min(ago) AS latest, max(ago) AS earliest FROM visible
              WHERE ago >= 1 AND kind = 'involvement_start' AND held_by = '{LEAD_AGENCY}' AND worker_id IS NOT NULL
              GROUP BY ALL)
        GROUP BY ALL""",
    "agency_day": f"""
        SELECT as_of, child_id, agency, ago, bool_or(agency = held_by) AS own,
            bool_or(planned IS NOT TRUE) FILTER (agency = held_by) AS own_unplanned,
            bool_or(planned IS NOT TRUE) AS unplanned
        FROM visible
        WHERE ago BETWEEN 1 AND 372 AND agency IN {_list(ORGANISATIONS)} AND about IN {_list(ABOUT_THE_FAMILY)}
            AND kind IN {_list(CONTACT_KINDS)} AND coalesce(attendance, 'attended') = 'attended'
        GROUP BY ALL""",
    "contact": """
        SELECT as_of, child_id, agency, ago, own_unplanned AS unplanned FROM agency_day WHERE own AND ago <= 365
        UNION ALL
        SELECT as_of, child_id, agency, ago, unplanned FROM agency_day AS told
        WHERE NOT own AND ago <= 365 AND NOT EXISTS (
            FROM agency_day AS held
            WHERE held.own AND held.as_of = told.as_of AND held.child_id = told.child_id
                AND held.agency = told.agency AND held.ago BETWEEN told.ago AND told.ago + 7)""",
    "contact_day": f"""
        SELECT as_of, child_id, ago, sum({BITS})::BIGINT AS agencies, count(*) AS contacts,
            count(*) FILTER (unplanned) AS unplanned
        FROM contact GROUP BY ALL""",
    "tempo": """
        SELECT as_of, child_id, sum(contacts) AS contacts_365d,
            sum(contacts) FILTER (ago <= 90) AS contacts_90d, sum(contacts) FILTER (ago <= 30) AS contacts_30d,
            sum(unplanned) FILTER (ago <= 90) AS unplanned_contacts_90d,
            bit_count(bit_or(agencies)) AS agencies_365d,
            CASE WHEN count(*) >= 2 THEN count(*) FILTER (agencies & before = 0) / (count(*) - 1) END AS apart
        FROM (SELECT *, lag(agencies) OVER (PARTITION BY as_of, child_id ORDER BY ago) AS before FROM contact_day)
        GROUP BY ALL""",
}
"""What is counted of records."""

CARRIED = {
    "spell": f"""
        SELECT d.as_of, p.child_id, d.as_of - start_on AS start_ago,
            CASE WHEN ending.record_id IS NOT NULL THEN d.as_of - end_on END AS end_ago
        FROM episodes AS p CROSS JOIN days AS d
        LEFT JOIN stands_for AS s ON s.as_of = d.as_of AND s.old = started_by
        LEFT JOIN stands_for AS e ON e.as_of = d.as_of AND e.old = ended_by
        JOIN visible AS start ON start.as_of = d.as_of AND start.record_id = coalesce(s.new, started_by)
        LEFT JOIN visible AS ending ON ending.as_of = d.as_of AND ending.record_id = coalesce(e.new, ended_by)
        WHERE p.kind IN {_list(STATUTORY_EPISODES)}""",
    "referral": f"""
        SELECT as_of, child_id, min(ago) AS latest,
            coalesce(bool_or(ago <= 365 AND before - ago <= 365), FALSE) AS again
        FROM (
            SELECT as_of, child_id, ago, lead(ago) OVER (PARTITION BY as_of, child_id ORDER BY ago) AS before
            FROM (SELECT DISTINCT as_of, child_id, ago FROM visible
                  WHERE ago >= 1 AND kind = 'referral' AND held_by = '{LEAD_AGENCY}') AS day
            WHERE NOT EXISTS (
                FROM spell WHERE spell.as_of = day.as_of AND spell.child_id = day.child_id
                    AND start_ago > ago AND (end_ago IS NULL OR end_ago < ago))
        ) GROUP BY ALL""",
    "lead_begins": f"SELECT as_of, max(ago) AS begins FROM visible WHERE ago >= 1 AND held_by = '{LEAD_AGENCY}' "
    "GROUP BY ALL",
    "concern": f"""
        SELECT *, count(*) FILTER (before IS NULL OR before - ago > 28)
            OVER (PARTITION BY as_of, child_id, category ORDER BY ago DESC) AS strand
        FROM (
            SELECT d.as_of, c.child_id, c.category, c.severity, c.closing, raising.ago, closed.ago AS closed_ago,
                c.record_id, raising.record_id AS raised_by,
                lag(raising.ago) OVER (PARTITION BY d.as_of, c.child_id, category ORDER BY raising.ago DESC) AS before
            FROM concerns AS c CROSS JOIN days AS d
            LEFT JOIN stands_for AS r ON r.as_of = d.as_of AND r.old = c.record_id
            LEFT JOIN stands_for AS e ON e.as_of = d.as_of AND e.old = closed_by
            JOIN visible AS raising ON raising.as_of = d.as_of AND raising.record_id = coalesce(r.new, c.record_id)
            LEFT JOIN visible AS closed
                ON closed.as_of = d.as_of AND closed.record_id = coalesce(e.new, closed_by) AND closed.ago >= 1
            WHERE raising.ago >= 1 AND category IN {_list(COUNTED_CONCERNS)})""",
    "strand": """
        SELECT *, closable AND NOT closed AS unresolved
        FROM (
            SELECT as_of, child_id, category, strand, max(ago) AS raised, max(severity) AS severity,
                bool_or(closing = 'recorded') AS closable, min(closed_ago) AS concluded,
                coalesce(min(closed_ago) <= min(ago), FALSE) AS closed
            FROM concern GROUP BY ALL HAVING min(ago) <= 730)""",
    "strands": """
        SELECT as_of, child_id, count(*) AS strands, bool_or(closable) AS any_closable,
            count(*) FILTER (unresolved) AS unresolved,
            max(raised) FILTER (unresolved) AS oldest,
            sum(severity) FILTER (unresolved) AS severity,
            count(*) - count(DISTINCT category) AS recurrence,
            count(*) FILTER (closed AND concluded <= 365) AS concluded
        FROM strand GROUP BY ALL""",
    "knowing": f"""
        WITH carrier AS (
            SELECT as_of, child_id, category, strand, record_id FROM concern
            UNION SELECT as_of, child_id, category, strand, raised_by FROM concern
        ), party AS (
            SELECT carrier.*, known.agency, known.held_by FROM carrier JOIN known USING (as_of, record_id)
        ), known_to AS (
            SELECT as_of, child_id, category, strand, agency FROM party WHERE agency IN {_list(ORGANISATIONS)}
            UNION SELECT as_of, child_id, category, strand, held_by FROM party
            UNION SELECT as_of, child_id, category, strand, to_agency FROM carrier JOIN shared USING (as_of, record_id)
        ), each_agency AS (
            SELECT as_of, child_id, agency, count(*) AS strands
            FROM known_to SEMI JOIN strand USING (as_of, child_id, category, strand) GROUP BY ALL
        ) SELECT as_of, child_id, max(strands) AS most FROM each_agency GROUP BY ALL""",
    "lead_person": """
        SELECT DISTINCT of_lead.as_of, child_id, person_id
        FROM people AS p CROSS JOIN days AS d
        LEFT JOIN lead_stands_for AS s ON s.as_of = d.as_of AND s.old = p.record_id
        JOIN of_lead ON of_lead.as_of = d.as_of AND of_lead.record_id = coalesce(s.new, p.record_id)""",
    "strange": f"""
        SELECT as_of, child_id, count(DISTINCT person_id) AS adults
        FROM (
            SELECT d.as_of, p.child_id, person_id, coalesce(valid_to < d.as_of, FALSE) AS ended
            FROM people AS p CROSS JOIN days AS d
            LEFT JOIN stands_for AS s ON s.as_of = d.as_of AND s.old = p.record_id
            JOIN visible AS v ON v.as_of = d.as_of AND v.record_id = coalesce(s.new, p.record_id)
            WHERE role IN {_list(ADULT_ROLES)}
            QUALIFY row_number() OVER (
                PARTITION BY d.as_of, p.child_id, person_id, role ORDER BY time DESC, v.record_id DESC, ended) = 1
        ) AS newest ANTI JOIN lead_person USING (as_of, child_id, person_id)
        WHERE NOT ended GROUP BY ALL""",
}
"""What is counted of what records carry."""

STATEMENTS = KNOWING | RECORDS | CARRIED

ANSWER = """
    SELECT child.child_id, child.as_of,
        coalesce(contacts_30d, 0) AS contacts_30d, coalesce(contacts_90d, 0) AS contacts_90d,
        coalesce(contacts_365d, 0) AS contacts_365d, coalesce(unplanned_contacts_90d, 0) AS unplanned_contacts_90d,
        coalesce(agencies_365d, 0) AS agencies_365d, apart AS agency_churn_365d, changes AS worker_churn_365d,
        CASE WHEN unborn.child_id IS NULL THEN coalesce(seen, first_told) END AS days_since_seen,
        CASE WHEN unborn.child_id IS NULL AND met >= 2 THEN not_seen / met END AS unseen_share_90d,
        coalesce(agency_days, 0) AS missed_365d,
        CASE WHEN kept_or_missed >= 3 THEN missed / kept_or_missed END AS missed_share_365d,
        CASE WHEN strands IS NULL OR any_closable THEN coalesce(unresolved, 0) END AS unresolved_concerns,
        oldest AS unresolved_oldest_days,
        CASE WHEN coalesce(unresolved, 0) > 0 THEN severity
             WHEN strands IS NULL OR any_closable THEN 0 END AS unresolved_severity,
        coalesce(recurrence, 0) AS concern_recurrence, coalesce(strands.concluded, 0) AS concluded_365d,
        CASE WHEN latest <= 365 AND begins - latest >= 365 THEN again::INT END AS rereferral_12m,
        coalesce(no_action.days, 0) AS closed_no_action_365d,
        CASE WHEN lead_child.child_id IS NOT NULL THEN coalesce(adults, 0) END AS unknown_adults,
        CASE WHEN strands >= 2 AND several_hold THEN most / strands END AS largest_single_view
    FROM (SELECT DISTINCT as_of, child_id FROM known) AS child
    LEFT JOIN seen USING (as_of, child_id) LEFT JOIN unborn USING (as_of, child_id)
    LEFT JOIN missed USING (as_of, child_id) LEFT JOIN no_action USING (as_of, child_id)
    LEFT JOIN workers USING (as_of, child_id) LEFT JOIN tempo USING (as_of, child_id)
    LEFT JOIN referral USING (as_of, child_id) LEFT JOIN lead_begins USING (as_of)
    LEFT JOIN strands USING (as_of, child_id) LEFT JOIN knowing USING (as_of, child_id)
    LEFT JOIN (SELECT DISTINCT as_of, child_id FROM lead_person) AS lead_child USING (as_of, child_id)
    LEFT JOIN strange USING (as_of, child_id)"""
