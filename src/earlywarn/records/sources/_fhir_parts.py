"""Parts of FHIR resources as cells: references, times, codes, identifiers, names."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from earlywarn.records.mapping.declared import shipped
from earlywarn.records.sources._flat import cell, items, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
SYSTEMS: Mapping[str, str] = {
    "http://snomed.info/sct": "snomed",
    "http://loinc.org": "loinc",
    "http://hl7.org/fhir/sid/icd-10": "icd10",
}
"""Code systems by the short names under which a code is kept."""

_PART_OF_YEAR = re.compile(r"(\d{4})(-\d{2})?")
_TOO_FINE = re.compile(r"(T\d{2}:\d{2}:\d{2}\.\d{6})\d+")
_VERSION = re.compile(r"/_history/[^/]*$")
_TYPED = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([^/?#]+)$")
_BY_IDENTIFIER = re.compile(r"([A-Z][A-Za-z]+)\?identifier=([^|&]*)(?:\||%7C)([^&]+)$", re.IGNORECASE)
_HIDDEN: Mapping[str, str] = {"R": "restricted", "V": "shielded"}


@dataclass
class Times:
    """Times as cells, and how many had to be left out or begin on the first day of a part of a year."""

    partial: Counter[str] = field(default_factory=Counter)

    def happened(self, value: Any, *fields: str) -> tuple[str | None, str | None]:
        """Return when a thing happened, and how exactly that is known; midnight as written means the day."""
        text = _fine(cell(value, *fields))
        if text is None:
            return None, None
        part = _PART_OF_YEAR.fullmatch(text)
        if part is None:
            return text, "day" if len(text) == 10 or text[10:16] == "T00:00" else "instant"
        self.partial["begins on the first day of the month or year that is given"] += 1
        return (f"{text}-01", "month") if part.group(2) else (f"{text}-01-01", "year")

    def known(self, value: Any, *fields: str) -> str | None:
        """Return when a thing was written; a part of a year says too little, and the next best clock is taken."""
        text = _fine(cell(value, *fields))
        if text is None or not _PART_OF_YEAR.fullmatch(text):
            return text
        self.partial["is no day and was not taken for when it was written"] += 1
        return None

    def whole(self, value: Any, *fields: str) -> str | None:
        """Return a day of birth or death; a part of a year is no day, and none is made up."""
        text = _fine(cell(value, *fields))
        if text is None or not _PART_OF_YEAR.fullmatch(text):
            return text
        self.partial["is no whole day of birth or death and was left out"] += 1
        return None

    def notes(self) -> list[str]:
        """Say how often."""
        return [f"a date {said} ({count} met)" for said, count in sorted(self.partial.items())]


def _fine(text: str | None) -> str | None:
    return _TOO_FINE.sub(r"\1", text) if text else None


@dataclass
class References:
    """What the resources of one file call one another, and which patient each name leads to."""

    of_url: dict[str, tuple[str, str]] = field(default_factory=dict)
    of_identifier: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def learn(self, full_url: str | None, resource: Mapping[str, Any]) -> str | None:
        """Note a resource by all its names, and return its id: its own, else the last part of its full URL."""
        kind = cell(resource, "resourceType") or ""
        own = cell(resource, "id") or _last(full_url)
        if own is None:
            return None
        if full_url:
            self.of_url[full_url] = (kind, own)
        for entry in items(resource, "identifier") if kind == "Patient" else ():
            name = (kind, cell(entry, "system") or "", cell(entry, "value") or "")
            self.of_identifier.setdefault(name, own)
        return own

    def to(self, reference: Any, *kinds: str) -> str | None:
        """Return the id of the resource a reference leads to, if it is of one of these kinds; all ids are text."""
        if reference is None:
            return None
        url = _VERSION.sub("", cell(reference, "reference") or "")
        kind, own = self.of_url.get(url) or self._elsewhere(url, reference, kinds)
        return own if own and (not kinds or kind in kinds) else None

    def _elsewhere(self, url: str, reference: Any, kinds: Sequence[str]) -> tuple[str, str]:
        """Take a reference by what it says, where nothing in this file bears that name."""
        usual = kinds[0] if kinds else ""
        if url.startswith(("urn:uuid:", "urn:oid:")):
            return usual, url.rpartition(":")[2]
        if asked := _BY_IDENTIFIER.fullmatch(url):
            kind, system, value = asked.groups()
            return kind, self.of_identifier.get((kind, system, value), "")
        if typed := _TYPED.search(url):
            return typed.group(1), typed.group(2)
        named = within(reference, "identifier")
        name = (usual, cell(named, "system") or "", cell(named, "value") or "")
        return usual, self.of_identifier.get(name, "")


def _last(full_url: str | None) -> str | None:
    if not full_url:
        return None
    return re.split(r"[/:]", _VERSION.sub("", full_url))[-1] or None


def tokens(*concepts: Any) -> list[tuple[str, str]]:
    """System and code of every coding, those of SNOMED CT first."""
    codings = [coding for concept in concepts for coding in items(concept, "coding")]
    pairs = [(cell(c, "system") or "", cell(c, "code") or "") for c in codings]
    return sorted(((s, c) for s, c in pairs if c), key=lambda pair: pair[0] not in SYSTEMS)


def named(pairs: Iterable[tuple[str, str]]) -> str | None:
    """Name the first code with its system, to be kept as a fact."""
    first = next(iter(pairs), None)
    return f"{SYSTEMS.get(first[0], first[0])}:{first[1]}".lstrip(":") if first else None


def listed(pairs: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the first SNOMED CT code that a list of the mapping names; all others say nothing to us."""
    known = shipped("fhir").codes[name].means
    return next((code for system, code in pairs if SYSTEMS.get(system) == "snomed" and code in known), None)


def value(resource: Any) -> str | None:
    """Say what was measured, only to tell one observation from another."""
    quantity = within(resource, "valueQuantity")
    said = [cell(quantity, "value"), cell(quantity, "unit"), cell(resource, "valueString")]
    said += [named(tokens(within(resource, "valueCodeableConcept")))]
    said += [cell(within(c, "valueQuantity"), "value") for c in items(resource, "component")]
    return " ".join(s for s in said if s) or None


def record_number(resource: Any) -> str | None:
    """Return the record number: the identifier whose type is MR."""
    fitting = [i for i in items(resource, "identifier") if "MR" in [c for _, c in tokens(within(i, "type"))]]
    return cell(fitting[0], "value") if fitting else None


def identifier(resource: Any, system: str) -> str | None:
    """Return the identifier of one system that is in use; one marked as old only where there is no other."""
    fitting = [i for i in items(resource, "identifier") if cell(i, "system") == system and cell(i, "value")]
    fitting.sort(key=lambda i: cell(i, "use") == "old")
    return cell(fitting[0], "value") if fitting else None


def handling(resource: Any) -> str | None:
    """Who may be shown it: from the confidentiality codes R (restricted) and V (very restricted)."""
    labels = items(within(resource, "meta"), "security")
    said = [_HIDDEN.get(cell(label, "code") or "") for label in labels]
    return next((hidden for hidden in ("shielded", "restricted") if hidden in said), None)


def provenance(resource: Any, times: Times) -> str | None:
    """Return when a contained provenance says the resource was recorded."""
    held = [p for p in items(resource, "contained") if cell(p, "resourceType") == "Provenance"]
    return next((recorded for p in held if (recorded := times.known(p, "recorded"))), None)


def cancelled_by(resource: Any) -> str | None:
    """Who cancelled an appointment, where its reason says so: ``pat`` or ``prov`` begin the standard's codes."""
    codes = [code for _, code in tokens(within(resource, "cancelationReason"))]
    return next((code.partition("-")[0] for code in codes if code.partition("-")[0] in {"pat", "prov"}), None)
