"""FHIR resources as rows: every reader fills the same columns, whatever a resource leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from earlywarn.records.sources import _fhir_parts as parts
from earlywarn.records.sources._flat import cell, items, within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = dict[str, str | None]

_WORKERS = ("Practitioner", "PractitionerRole")
_HELD = {"arrived", "triaged", "in-progress", "onleave", "finished", "checked-in", "fulfilled", "noshow"}
"""Statuses of what has been held, or whose time has come: it is known no later than its end."""


@dataclass
class Met:
    """What the resources of one file share: what they call one another, and the times that were not whole."""

    references: parts.References = field(default_factory=parts.References)
    times: parts.Times = field(default_factory=parts.Times)
    linked: int = 0


def _patient(resource: dict[str, Any], met: Met) -> Row:
    name, home = _usual(resource, "name", "official"), _usual(resource, "address", "home")
    met.linked += bool(items(resource, "link"))
    return {
        "nhs_number": parts.identifier(resource, parts.NHS_NUMBER),
        "record_number": parts.record_number(resource),
        "birth": met.times.whole(resource, "birthDate"),
        "death": met.times.whole(resource, "deceasedDateTime"),
        "gender": cell(resource, "gender"),
        "ethnicity": _ethnicity(resource),
        "forename": " ".join(map(_plain, items(name, "given"))) or None,
        "surname": cell(name, "family"),
        "address": ", ".join(filter(None, [*map(_plain, items(home, "line")), cell(home, "city")])) or None,
        "postcode": cell(home, "postalCode"),
    }


def _usual(resource: dict[str, Any], field: str, use: str) -> Any:
    """Return the entry of a list that is for one use, else the first."""
    entries = items(resource, field)
    return next((e for e in entries if cell(e, "use") == use), entries[0] if entries else None)


def _plain(value: Any) -> str:
    return cell(value) or ""


def _ethnicity(resource: dict[str, Any]) -> str | None:
    """Code of the UK core extension for ethnic category."""
    said = [e for e in items(resource, "extension") if str(within(e, "url")).endswith("UKCore-EthnicCategory")]
    codes = [code for e in said for _, code in parts.tokens(within(e, "valueCodeableConcept"))]
    return next(iter(codes), None)


def _shared(resource: dict[str, Any], met: Met, subject: Any) -> Row:
    return {
        "patient": met.references.to(subject, "Patient"),
        "status": cell(resource, "status"),
        "updated": met.times.known(resource, "meta", "lastUpdated"),
        "handling": parts.handling(resource),
    }


def _happened(met: Met, *tries: tuple[Any, ...]) -> Row:
    """When it happened: the first of several fields that is filled."""
    times = (met.times.happened(*where) for where in tries if cell(*where))
    start, precision = next(times, (None, None))
    return {"start": start, "precision": precision}


def _worker(met: Met, *references: Any) -> str | None:
    return next((w for r in references if (w := met.references.to(r, *_WORKERS))), None)


def _encounter(resource: dict[str, Any], met: Met) -> Row:
    status, period = cell(resource, "status"), within(resource, "period")
    participants = items(resource, "participant")
    participants.sort(key=lambda p: "PPRF" not in [c for t in items(p, "type") for _, c in parts.tokens(t)])
    places = items(resource, "location")
    start = _happened(met, (period, "start"))
    end, _ = met.times.happened(period, "end")
    return {
        **_shared(resource, met, within(resource, "subject")),
        **start,
        "held_on": (end or start["start"]) if status in _HELD else None,
        "planned": "true" if status in {"planned", "cancelled"} else None,
        "class": cell(resource, "class", "code"),
        "manner": cell(resource, "class", "code"),
        "code": parts.named(parts.tokens(*items(resource, "type"))),
        "worker": _worker(met, *(within(p, "individual") for p in participants)),
        "org": met.references.to(within(resource, "serviceProvider"), "Organization"),
        "place": met.references.to(within(places[0], "location"), "Location") if places else None,
    }


def _condition(resource: dict[str, Any], met: Met) -> Row:
    codes = parts.tokens(within(resource, "code"))
    verification = [code for _, code in parts.tokens(within(resource, "verificationStatus"))]
    status = [code for _, code in parts.tokens(within(resource, "clinicalStatus"))]
    over, _ = met.times.happened(resource, "abatementDateTime")
    return {
        **_shared(resource, met, within(resource, "subject")),
        **_happened(met, (resource, "onsetDateTime"), (resource, "onsetPeriod", "start")),
        "status": next(iter(status), None),
        "verification": next(iter(verification), None),
        "code": parts.named(codes),
        "concern": None if "refuted" in verification else parts.listed(codes, "safeguarding"),
        "over": over,
        "recorded": met.times.known(resource, "recordedDate"),
        "worker": _worker(met, within(resource, "recorder"), within(resource, "asserter")),
    }


def _observation(resource: dict[str, Any], met: Met) -> Row:
    performers = items(resource, "performer")
    orgs = [met.references.to(p, "Organization") for p in performers]
    effective = ("effectiveDateTime",), ("effectivePeriod", "start"), ("effectiveInstant",)
    return {
        **_shared(resource, met, within(resource, "subject")),
        **_happened(met, *((resource, *fields) for fields in effective)),
        "code": parts.named(parts.tokens(within(resource, "code"))),
        "value": parts.value(resource),
        "recorded": met.times.known(resource, "issued"),
        "worker": _worker(met, *performers),
        "org": next((o for o in orgs if o), None),
    }


def _flag(resource: dict[str, Any], met: Met) -> Row:
    codes = parts.tokens(within(resource, "code"))
    over, _ = met.times.happened(resource, "period", "end")
    return {
        **_shared(resource, met, within(resource, "subject")),
        **_happened(met, (resource, "period", "start")),
        "says": parts.listed(codes, "protection"),
        "code": parts.named(codes),
        "over": over,
        "recorded": parts.provenance(resource, met.times),
        "org": met.references.to(within(resource, "author"), "Organization"),
    }


def _appointment(resource: dict[str, Any], met: Met) -> Row:
    status = cell(resource, "status")
    actors = [within(p, "actor") for p in items(resource, "participant")]
    patient = next((a for a in actors if met.references.to(a, "Patient")), None)
    start = _happened(met, (resource, "start"))
    return {
        **_shared(resource, met, patient),
        **start,
        "booked_on": met.times.known(resource, "created") if status == "booked" else None,
        "held_on": start["start"] if status in _HELD else None,
        "cancelled_by": parts.cancelled_by(resource) if status == "cancelled" else None,
        "code": parts.named(parts.tokens(*items(resource, "serviceType"))),
        "worker": _worker(met, *actors),
        "place": next((p for a in actors if (p := met.references.to(a, "Location"))), None),
    }


READERS: Mapping[str, Callable[[dict[str, Any], Met], Row]] = {
    "Patient": _patient,
    "Encounter": _encounter,
    "Condition": _condition,
    "Observation": _observation,
    "Flag": _flag,
    "Appointment": _appointment,
}
