"""An agency without a format of its own: the analyst's own closings, severities, acts of telling and planned visits."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from earlywarn.features.engine import build_features
from earlywarn.history.view import View
from earlywarn.records.mapping.declared import mappings
from earlywarn.records.mapping.deliveries import ExtractDates
from earlywarn.records.reading import read_records
from earlywarn.records.sources import Extract, extract
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = """incident_id,child_id,kind,incident_date,recorded_on,concern,grade,concern_closed_at,outcome,attendance,planned,child_seen,officer_id,narrative
I1,C1,incident,03/04/2025 21:40,04/04/2025 08:00,domestic abuse,2,01/06/2025,,,,,PC9,He said that Zebedee was upstairs
I2,C1,visit,05/06/2025 10:00,,,,,,no access,yes,no,PC9,
I3,C1,contact,,2025-07-08T09:30:00,neglect;home conditions,,,advice,,,,,
I4,C2,appointment,20/12/2025 11:00,01/11/2025 09:00,,,,,,y,,,
I5,C2,incident,20/11/2025 11:00,01/11/2025 09:00,,,,,,,,,
"""  # noqa: E501
SHARING = """incident_id,shared_with,shared_on,decision,extent,basis,told_family
I1,social_care,2025-04-05T09:00:00,shared,summary,public task,yes
I3,health,2025-07-09,asked,existence,,
I9,health,2025-07-09,shared,full,,
"""
PEOPLE = "child_id,person_id,role,recorded_on,surname\nC1,P1,partner,2025-04-04,Quill\n"
CHILDREN = """child_id,dob,first_name,last_name,nhs_number,postcode
C1,01/02/2018,Zebedee,Quill,,AA1 1AA
C2,03/02/2016,Ada,Quill,,
"""


@pytest.fixture
def police(tmp_path: Path) -> Extract:
    folder = tmp_path / "police"
    folder.mkdir()
    for name, text in (("incidents", EVENTS), ("sharing_log", SHARING), ("people", PEOPLE), ("children", CHILDREN)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return extract(folder, "table", mapping="police", dates=ExtractDates.parse(["2025-12-01"]))


def by_row(found: Extract) -> dict[tuple[str, str], dict[str, object]]:
    contacts = found.frames["contacts"].filter(pl.col("source") == "incidents.csv")
    return {
        (r["source_row"], "end" if r["kind"] == "conclusion" else "event"): r for r in contacts.iter_rows(named=True)
    }


def test_two_clocks_and_what_is_not_said(police: Extract) -> None:
    rows = by_row(police)
    first, visit, undated = rows["row 2", "event"], rows["row 3", "event"], rows["row 4", "event"]
    assert (first["occurred_at"], first["known_at"]) == (datetime(2025, 4, 3, 21, 40), datetime(2025, 4, 4, 8))
    assert (first["recorded_basis"], first["agency"], first["held_by"]) == ("source", "police", "police")
    assert (visit["known_at"], visit["recorded_basis"]) == (datetime(2025, 6, 5, 10), "unknown")
    assert (visit["attendance"], visit["planned"], visit["child_seen"]) == ("no_access", True, False)
    assert (undated["occurred_at"], undated["occurred_precision"], undated["outcome"]) == (None, "unknown", "advice")


def test_a_closing_concludes_the_concern_and_is_known_from_its_own_day(police: Extract) -> None:
    rows = by_row(police)
    closing = rows["row 2", "end"]
    assert closing["follows"] == rows["row 2", "event"]["record_id"]
    assert closing["known_at"] == datetime(2025, 6, 1)
    concerns = {c["category"]: c for c in police.frames["concerns"].iter_rows(named=True)}
    assert set(concerns) == {"domestic_abuse", "neglect", "home_conditions"}
    assert concerns["domestic_abuse"]["closed_by"] == closing["record_id"]
    assert concerns["domestic_abuse"]["severity"] == 2
    assert concerns["neglect"]["closed_by"] is None
    assert {c["closing"] for c in concerns.values()} == {"recorded"}


def test_the_log_of_telling_reaches_the_view_of_who_was_told(police: Extract) -> None:
    assert police.frames["sharing"].height == 2
    records = Records({n: f for n, f in police.frames.items() if n != "attributes"})
    seen = View(records, "2025-05-01", "social_care")["contacts"]
    assert list(seen["source_row"]) == ["row 2"], "told in summary on 5 April; asked about nothing"
    table = build_features(records, "2025-12-01").to_polars()
    closed = table.filter(pl.col("child_id") == "police-C1")["concluded_365d"].item()
    assert closed == 1


def test_what_was_planned_may_lie_ahead_and_nothing_else(police: Extract) -> None:
    assert by_row(police)["row 5", "event"]["occurred_at"] == datetime(2025, 12, 20, 11)
    refused = police.quarantine.select("file", "row", "column", "rule").sort("file", "row").rows()
    assert refused == [
        ("incidents.csv", "6", "incident_date", "EW-R08"),
        ("sharing_log.csv", "4", "incident_id", "EW-R27"),
    ], "under the analyst's own column names"


def test_names_and_narratives_stay_at_the_door_unless_they_are_to_link(police: Extract, tmp_path: Path) -> None:
    everything = "".join(frame.write_csv() for frame in [*police.frames.values(), police.quarantine])
    assert "Zebedee" not in everything
    assert "PC9" not in everything, "some sources write names where ids belong"
    asked = extract(tmp_path / "police", "table", mapping="police", for_linkage=True)
    assert set(asked.identities["forename"]) == {"Zebedee", "Ada"}
    assert "Zebedee" not in "".join(frame.write_csv() for frame in asked.frames.values())


def test_a_notebook_reads_it_in_one_line(police: Extract, tmp_path: Path) -> None:
    records = read_records(tmp_path / "police", source_format="table", mapping="police", extract_date="2025-12-01")
    assert records.frames["contacts"].equals(police.frames["contacts"])
    assert records.refused == 2
    assert "attributes" not in records.frames


def test_five_agencies_share_one_shape() -> None:
    assert {"police", "health", "housing", "education", "early_help"} <= set(mappings())
