"""FHIR documents made by code, for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

CHILD = {"resourceType": "Patient", "id": "p1", "birthDate": "2015-03-02"}
SNOMED = "http://snomed.info/sct"


def coded(code: str, system: str = SNOMED) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def encounter(name: str = "e1", start: str = "2024-05-01T10:00:00+01:00", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "class": {"code": "EMER"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": start},
    } | more


def condition(name: str = "c1", code: str = "95930005", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": name,
        "code": coded(code),
        "subject": {"reference": "Patient/p1"},
        "onsetDateTime": "2024-01-10",
        "recordedDate": "2024-02-20T09:30:00+00:00",
    } | more


def flag(name: str = "f1", code: str = "342191000000101", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Flag",
        "id": name,
        "status": "active",
        "code": coded(code),
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2024-03-01"},
        "contained": [{"resourceType": "Provenance", "recorded": "2024-03-04T08:00:00+00:00"}],
    } | more


def appointment(name: str = "a1", status: str = "booked", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": name,
        "status": status,
        "start": "2024-06-10T09:00:00+01:00",
        "created": "2024-05-20",
        "participant": [{"actor": {"reference": "Practitioner/d1"}}, {"actor": {"reference": "Patient/p1"}}],
    } | more


def without(resource: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {k: v for k, v in resource.items() if k not in fields}


def bundle(*resources: Any, kind: str = "collection", **more: Any) -> dict[str, Any]:
    entries = [{"fullUrl": f"urn:uuid:{r.get('id')}", "resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries} | more


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def write_lines(path: Path, *resources: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in resources), encoding="utf-8")
    return path
