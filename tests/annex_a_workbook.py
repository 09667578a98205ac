"""An invented Annex A workbook, of the shape authorities send to Ofsted: eleven lists, one a worksheet."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Cell = str | float | date | None
Row = dict[str, Cell]

EXTRACT = date(2026, 3, 31)
WORKER = "Wilhelmina Notional"
"""Name of an allocated worker, who may not appear in anything that is read."""

_ALL = ("Child Unique ID", "Gender", "Ethnicity", "Date of Birth", "Age")
_TEAM = ("Allocated Team", "Allocated Worker")
_DISABLED = "Does the Child have a Disability"
HEADERS: Mapping[str, tuple[str, ...]] = {
    "List 1": (*_ALL, "Date of Contact", "Contact Source"),
    "List 2": (*_ALL, "Assessment start date", "Assessment completion date", "Organisation completing assessment"),
    "List 3": (
        *_ALL,
        "Date of Referral",
        "Referral Source",
        "Referral NFA?",
        "Number of Referrals in Last 12 Months",
        *_TEAM,
    ),
    "List 4": (
        *_ALL,
        _DISABLED,
        "Continuous Assessment Start Date",
        "Child Seen During Continuous Assessment",
        "Continuous Assessment Date of Authorisation",
        "Was the child assessed as requiring LA children's social care support?",
        *_TEAM,
    ),
    "List 5": (
        *_ALL,
        _DISABLED,
        "Strategy discussion initiating Section 47 Enquiry Start Date",
        "Was an Initial Child Protection Conference deemed unnecessary?",
        "Date of Initial Child Protection Conference",
        "Did the Initial Child Protection Conference Result in a Child Protection Plan",
        "Number of Section 47 Enquiries in the last 12 months",
        "Number of ICPCs in the last 12 months",
        *_TEAM,
    ),
    "List 6": (
        *_ALL,
        _DISABLED,
        "CIN Start Date",
        "Primary Need Code",
        "Date Child Was Last Seen",
        "CIN Closure Date",
        "Reason for Closure",
        "Case Status",
        *_TEAM,
    ),
    "List 7": (
        *_ALL,
        _DISABLED,
        "Child Protection Plan Start Date",
        "Initial Category of Abuse",
        "Latest Category of Abuse",
        "Date of the Last Statutory Visit",
        "Was the Child Seen Alone?",
        "Date of latest review conference",
        "Child Protection Plan End Date",
        "Subject to Emergency Protection Order or Protected Under Police Powers in Last Six Months (Y/N)",
        "Number of Previous Child Protection Plans",
        *_TEAM,
    ),
    "List 8": (
        *_ALL,
        "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N))",
        _DISABLED,
        "Date Started to be Looked After",
        "Child's Category of Need",
        "Is this a second or subsequent period of being a Looked After Child within the last 12 months (Y/N)",
        "Start date of current legal status",
        "Child's Legal Status",
        "Date of Latest Statutory Review",
        "Date of Last Social Work Visit",
        "What is the permanence plan for this child?",
        "Date of Last IRO Visit / Contact to the Child",
        "Date of Last Health Assessment",
        "Date of Last Dental Check",
        "Number of Placements in the Last 12 months",
        "Date Ceased to be Looked After",
        "Reason Ceased to be Looked After",
        "Start Date of Most Recent Placement",
        "Placement Type",
        "Placement Provider",
        "Placement postcode",
        "URN of Placement",
        "Placement Location",
        "LA of Placement",
        "Number of Episodes the Child has been ‘Missing’ from their Placement in the last 12 months",
        "Number of Episodes the Child has been ‘Absent’ from their Placement in the last 12 months",
        "Was the child offered a Return Interview after their last missing episode (Y/N)?",
        "Did the child accept a Return Interview after their last missing episode (Y/N)?",
        *_TEAM,
    ),
    "List 9": (
        *_ALL,
        "Unaccompanied Asylum Seeking Child (UASC), or formerly UASC if 18 or over (Y/N)",
        _DISABLED,
        *_TEAM,
        "Allocated Personal Advisor",
        "Eligibility Category",
        "Latest Pathway Plan Review Date",
        "LA in Touch",
        "Latest Date of Contact",
        "Type of Accommodation",
        "Suitability of Accommodation",
        "Activity Status",
    ),
    "List 10": (
        "Child Unique ID",
        "Family identifier",
        "Gender",
        "Ethnicity",
        "Date of Birth",
        "Age of Child (Years)",
        _DISABLED,
        "Date the Child Entered Care",
        "Date of Decision that Child Should be Placed for Adoption",
        "Date of Placement Order",
        "Date of Matching Child and Prospective Adopters",
        "Date Placed for Adoption",
        "Date of Adoption Order ",
        "Date of Decision that Child Should No Longer be Placed for Adoption",
        "Reason Why Child No Longer Placed for Adoption",
        "Date the child was placed for fostering in FFA or concurrent planning placement",
    ),
    "List 11": ("Individual adopter identifier", "Family identifier", "Gender", "Date enquiry received"),
}

_CHILD: Row = {"Gender": "b) Female", "Ethnicity": "a) WBRI", "Date of Birth": date(2016, 5, 4), "Age": 9.9}
_STAFF: Row = {"Allocated Team": "Team North", "Allocated Worker": WORKER, _DISABLED: "b) No"}
USUAL: Mapping[str, Row] = {
    "List 1": {"Child Unique ID": 1001, "Date of Contact": date(2026, 1, 12), "Contact Source": "q) 6: Police"},
    "List 2": {
        "Child Unique ID": 1002,
        "Assessment start date": date(2026, 1, 13),
        "Assessment completion date": date(2026, 2, 3),
        "Organisation completing assessment": "Invented Primary School",
    },
    "List 3": {
        "Child Unique ID": 1003,
        "Date of Referral": date(2026, 1, 14),
        "Referral Source": "j) 3D: Health services",
        "Referral NFA?": "a) Yes",
        "Number of Referrals in Last 12 Months": 2,
    },
    "List 4": {
        "Child Unique ID": 1004,
        "Continuous Assessment Start Date": date(2026, 1, 15),
        "Child Seen During Continuous Assessment": "Yes",
        "Continuous Assessment Date of Authorisation": date(2026, 2, 20),
        "Was the child assessed as requiring LA children's social care support?": "b) No",
    },
    "List 5": {
        "Child Unique ID": 1005,
        "Strategy discussion initiating Section 47 Enquiry Start Date": date(2026, 1, 16),
        "Was an Initial Child Protection Conference deemed unnecessary?": "No",
        "Date of Initial Child Protection Conference": date(2026, 2, 6),
        "Did the Initial Child Protection Conference Result in a Child Protection Plan": "Yes",
        "Number of Section 47 Enquiries in the last 12 months": 3,
        "Number of ICPCs in the last 12 months": 1,
    },
    "List 6": {
        "Child Unique ID": 1006,
        "CIN Start Date": date(2025, 9, 1),
        "Primary Need Code": "N5 - Family dysfunction",
        "Date Child Was Last Seen": date(2026, 3, 20),
        "CIN Closure Date": date(2026, 3, 25),
        "Reason for Closure": "RC8 - Case closed after assessment, no further action",
        "Case Status": "e) Closed episode",
    },
    "List 7": {
        "Child Unique ID": 1007,
        "Child Protection Plan Start Date": date(2025, 10, 1),
        "Initial Category of Abuse": "Neglect",
        "Latest Category of Abuse": "Neglect, Physical",
        "Date of the Last Statutory Visit": date(2026, 3, 18),
        "Was the Child Seen Alone?": "a) Yes",
        "Date of latest review conference": date(2026, 1, 5),
        "Child Protection Plan End Date": date(2026, 3, 26),
        "Subject to Emergency Protection Order or Protected Under Police Powers in Last Six Months (Y/N)": "a) Yes",
        "Number of Previous Child Protection Plans": 1,
    },
    "List 8": {
        "Child Unique ID": 1008,
        "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N))": "a) Yes",
        "Date Started to be Looked After": date(2025, 6, 2),
        "Child's Category of Need": "N8 - Absent parenting",
        "Start date of current legal status": date(2025, 7, 7),
        "Child's Legal Status": "C2: FCO",
        "Date of Latest Statutory Review": date(2026, 1, 20),
        "Date of Last Social Work Visit": date(2026, 3, 3),
        "Date of Last IRO Visit / Contact to the Child": date(2026, 1, 19),
        "Date of Last Health Assessment": date(2025, 11, 11),
        "Date of Last Dental Check": date(2025, 11, 12),
        "Number of Placements in the Last 12 months": 2,
        "Date Ceased to be Looked After": date(2026, 3, 27),
        "Reason Ceased to be Looked After": "k) E47: Special Guardianship Orders - relative/friend",
        "Start Date of Most Recent Placement": date(2025, 12, 1),
        "Placement Type": "f) U6: Foster placement - not FFA",
        "Placement postcode": "ZZ1 1ZZ",
        "Was the child offered a Return Interview after their last missing episode (Y/N)?": "a) Yes",
        "Did the child accept a Return Interview after their last missing episode (Y/N)?": "b) No",
    },
    "List 9": {
        "Child Unique ID": 1009,
        "Date of Birth": date(2007, 5, 4),
        "Allocated Personal Advisor": WORKER,
        "Latest Pathway Plan Review Date": date(2026, 2, 2),
        "Latest Date of Contact": date(2026, 3, 9),
        "LA in Touch": "a) Yes",
    },
    "List 10": {
        "Child Unique ID": 1010,
        "Family identifier": 9010,
        "Date of Birth": date(2023, 5, 4),
        "Date the Child Entered Care": date(2024, 1, 8),
        "Date of Decision that Child Should be Placed for Adoption": date(2025, 1, 9),
        "Date of Placement Order": date(2025, 2, 10),
        "Date Placed for Adoption": date(2025, 4, 12),
        "Date of Adoption Order ": date(2025, 12, 13),
        "Date of Decision that Child Should No Longer be Placed for Adoption": None,
    },
    "List 11": {"Individual adopter identifier": 5001, "Family identifier": 9010, "Gender": "a) Male"},
}
"""One child a list, each filled; `row` begins with it."""


def row(name: str, **instead: Cell) -> Row:
    """One row of a list: the usual one, with other cells. Underscores in a name stand for blanks."""
    base = (_CHILD | _STAFF if name != "List 11" else {}) | USUAL[name]
    return base | {_named(name, given): cell for given, cell in instead.items()}


def _named(name: str, given: str) -> str:
    wanted = given.replace("_", " ").lower()
    return next(h for h in HEADERS[name] if h.lower().strip(" ?").startswith(wanted))


def workbook(
    path: Path,
    lists: Mapping[str, Sequence[Row]] | None = None,
    *,
    above: Sequence[str] = (),
    header: Callable[[str], str] = str,
    called: Callable[[str], str] = str,
) -> Path:
    """Write a workbook.

    Parameters
    ----------
    path : Path
        Where to.
    lists : mapping of str to sequence of Row, optional
        Rows by list; without it, one usual row in each of the eleven. Dates become Excel dates, text stays text.
    above : sequence of str
        Rows of title above each header.
    header, called : callable
        How a header, and the name of a worksheet, are written.

    """
    given = lists if lists is not None else {name: [row(name)] for name in HEADERS}
    with xlsxwriter.Workbook(path) as book:
        as_date = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in given.items():
            sheet = book.add_worksheet(called(name))
            for number, title in enumerate(above):
                sheet.write_string(number, 0, title)
            for column, head in enumerate(HEADERS[name]):
                sheet.write_string(len(above), column, header(head))
                for number, cells in enumerate(rows, len(above) + 1):
                    _write(sheet, number, column, cells.get(head), as_date)
    return path


def _write(sheet: xlsxwriter.worksheet.Worksheet, number: int, column: int, cell: Cell, as_date: object) -> None:
    if isinstance(cell, date):
        sheet.write_datetime(number, column, cell, as_date)
    elif isinstance(cell, str):
        sheet.write_string(number, column, cell)
    elif cell is not None:
        sheet.write_number(number, column, cell)
