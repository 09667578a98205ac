"""JSON documents: FHIR and the social care API, broken, misbuilt, of another kind, or telling the impossible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.malformed import CANARY, Case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

DAY = "2024-12-31"

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "birthDate": "2015-03-02",
    "name": [{"family": CANARY, "given": [CANARY]}],
    "address": [{"line": [CANARY], "postalCode": CANARY}],
}
ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "class": {"code": "EMER"},
    "subject": {"reference": "Patient/p1", "display": CANARY},
    "period": {"start": "2024-05-01T10:00:00+01:00"},
}
EPISODE: dict[str, Any] = {
    "social_care_episode_id": "E1",
    "referral_date": "2024-01-10",
    "referral_source": "6",
    "referral_no_further_action_flag": False,
}
CHILD: dict[str, Any] = {
    "la_child_id": "K1",
    "child_details": {"first_name": CANARY, "surname": CANARY, "postcode": CANARY, "date_of_birth": "2015-03-02"},
    "social_care_episodes": [EPISODE],
}


def _words(path: Path, source_format: str) -> list[object]:
    return ["read", path, "--format", source_format, "--extract-date", DAY]


def _raw(content: bytes | str, source_format: str = "fhir", name: str = "there.json") -> Callable[[Path], list[object]]:
    def build(folder: Path) -> list[object]:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return _words(path, source_format)

    return build


def _fhir(*resources: Any, **more: Any) -> Callable[[Path], list[object]]:
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": r} for n, r in enumerate(resources, 1)]
    return _raw(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries} | more))


def _lines(*lines: Any, source_format: str = "fhir") -> Callable[[Path], list[object]]:
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return _raw(b"\n".join(texts), source_format, "there.ndjson")


def _api(*children: Any) -> Callable[[Path], list[object]]:
    return _raw(json.dumps(list(children)), "dfe_api")


def _nested(before: str, after: str, levels: int = 10_000) -> str:
    return f'{{"resourceType": "Bundle", "la_child_id": "{CANARY}", "x": {before * levels}1{after * levels}}}'


def _error(case: str, title: str, rule: str, build: Callable[[Path], list[object]], *says: str) -> Case:
    return Case(case, title, "error", build, exit=3, rule=rule, says=says)


def _refused(
    case: str,
    title: str,
    build: Callable[[Path], list[object]],
    places: Mapping[tuple[str, str], str],
    accepted: int,
) -> Case:
    return Case(case, title, "quarantine", build, 4, next(iter(places.values())), places, accepted=accepted)


def _taken(case: str, title: str, build: Callable[[Path], list[object]], accepted: int, *says: str) -> Case:
    return Case(case, title, "normalise", build, accepted=accepted, says=says)


_TWICE = f'{{"resourceType": "Patient",\n "id": "{CANARY}",\n "id": "2"}}'
_FIRST = b'{"resourceType": "Encounter", "id": "'

_LATIN = f'{{"id":\n"{CANARY} \xe9"}}'.encode("latin-1")
_CLOCKS = (("EMER", "2024-03-31T01:00:00Z"), ("EMER", "2024-10-27T00:30:00Z"), ("IMP", "2024-10-27T01:30:00Z"))
_MARKED = b"\xef\xbb\xbf" + json.dumps([CHILD]).encode()

CASES = [
    # no sound JSON
    _error("I-32b", "a key twice in one object", "EW-F16", _raw(_TWICE), "line 3, column 2"),
    _error("I-32c", "NaN", "EW-F16", _raw(f'{{"id": "{CANARY}",\n"n": NaN}}'), "line 2, column 6"),
    _error("I-32d", "Infinity", "EW-F16", _raw(f'[{{"la_child_id": "{CANARY}", "n": -Infinity}}]', "dfe_api")),
    _error("I-32e", "a number beyond all bounds", "EW-F16", _raw(f'{{"id": "{CANARY}", "n": 1e400}}'), "line 1"),
    _error("I-32f", "10,000 lists in one another", "EW-F16", _raw(_nested("[", "]"))),
    _error("I-32g", "10,000 objects in one another", "EW-F16", _raw(_nested('{"a":', "}"), "dfe_api")),
    _error("I-32h", "something after the end", "EW-F16", _raw(json.dumps(CHILD) + "]", "dfe_api")),
    _error("I-32i", "a document cut off", "EW-F16", _raw(json.dumps(PATIENT)[:-20])),
    _error("I-32j", "a table with another suffix", "EW-F16", _raw(f"child_id,name\nK1,{CANARY}\n")),
    _error("I-32k", "no line of many is a document", "EW-F16", _lines(b"{" + CANARY.encode(), b"{'a': 1}")),
    _error("I-32l", "a file of 0 bytes", "EW-F02", _raw(b"")),
    _error("I-32m", "a file of blanks", "EW-F02", _raw(b" \n\n\t", "dfe_api")),
    _error("I-32n", "text that is not UTF-8", "EW-F03", _raw(_LATIN), "line 2"),
    _error("I-32o", "a cell of two megabytes", "EW-F10", _fhir(PATIENT | {"gender": CANARY * 120_000}), "gender"),
    # another document
    _error("I-32p", "the API's document as FHIR", "EW-F21", _raw(json.dumps([CHILD]))),
    _error("I-32q", "FHIR as the API's document", "EW-F21", _raw(json.dumps(PATIENT), "dfe_api")),
    _error("I-32r", "the answer to a submission", "EW-F21", _fhir(type="transaction-response")),
    _error("I-32s", "a number by itself", "EW-F21", _raw("42")),
    # lines and elements that are none
    _refused(
        "I-32t",
        "one broken line of three",
        _lines(PATIENT, _FIRST + CANARY.encode(), ENCOUNTER),
        {("2", ""): "EW-R31"},
        2,
    ),
    _refused(
        "I-32u",
        "lines with a key twice, with NaN, with 1e400, and too deep",
        _lines(
            CHILD,
            b'{"la_child_id": "K2", "la_child_id": "K3"}',
            b'{"la_child_id": "K4", "n": NaN}',
            b'{"la_child_id": "K5", "n": 1e400}',
            b'{"la_child_id": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
            source_format="dfe_api",
        ),
        {(str(n), ""): "EW-R31" for n in range(2, 6)},
        2,
    ),
    _refused("I-32v", "a line that is not UTF-8", _lines(PATIENT, _FIRST + b'\xe9"}'), {("2", ""): "EW-R23"}, 1),
    _refused(
        "I-32w",
        "entries without a resource, without a type, and that are none",
        _raw(
            json.dumps(
                {
                    "resourceType": "Bundle",
                    "entry": [{"resource": PATIENT}, {"fullUrl": CANARY}, {"resource": {"id": CANARY}}, CANARY],
                }
            )
        ),
        {("2", "resource"): "EW-R01", ("3", "resourceType"): "EW-R01", ("4", "resource"): "EW-R01"},
        1,
    ),
    _refused(
        "I-32x",
        "a list where an object belongs, and a text where a list belongs",
        _fhir(PATIENT, ENCOUNTER | {"period": [CANARY]}, ENCOUNTER | {"id": "e2", "participant": CANARY}),
        {("2", "start"): "EW-R32", ("3", "participant"): "EW-R32"},
        1,
    ),
    _refused(
        "I-32y",
        "a child whose episodes are no list",
        _api(CHILD, CHILD | {"la_child_id": "K2", "social_care_episodes": CANARY}),
        {("2", "social_care_episodes"): "EW-R32"},
        2,
    ),
    # put right, and noted
    _taken("I-32z", "a byte-order mark", _raw(_MARKED, "dfe_api"), 2, "byte-order"),
    _taken("I-32aa", "UTF-16 with its mark", _raw(json.dumps(PATIENT).encode("utf-16")), 1, "UTF-16"),
    _taken(
        "I-32ab",
        "types that FHIR has and we do not read, and one it does not have",
        _fhir(PATIENT, {"resourceType": "Claim", "id": CANARY}, {"resourceType": CANARY}),
        1,
        "Claim (1 met)",
        "a type without a proper name (1 met)",
    ),
    _taken("I-32ac", "no entry at all", _fhir(), 0),
    # ids, codes and references
    _refused(
        "I-39b",
        "a patient without an id",
        _raw(json.dumps({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]})),
        {("1", "id"): "EW-R01"},
        0,
    ),
    _refused(
        "I-47b",
        "a status and a class that are in no list",
        _fhir(PATIENT, ENCOUNTER | {"status": CANARY}, ENCOUNTER | {"id": "e2", "class": {"code": CANARY}}),
        {("2", "status"): "EW-R05", ("3", "class"): "EW-R05"},
        1,
    ),
    _refused(
        "I-53b",
        "two versions of one encounter in one delivery",
        _fhir(PATIENT, ENCOUNTER, ENCOUNTER | {"status": "cancelled"}),
        {("2", "id"): "EW-R12", ("3", "id"): "EW-R12"},
        1,
    ),
    _refused(
        "I-54b",
        "an encounter of nobody, of a group, of what is contained",
        _fhir(
            PATIENT,
            ENCOUNTER | {"subject": {"display": CANARY}},
            ENCOUNTER | {"id": "e2", "subject": {"reference": f"Group/{CANARY}"}},
            ENCOUNTER | {"id": "e3", "subject": {"reference": f"#{CANARY}"}},
        ),
        {(str(n), "patient"): "EW-R01" for n in (2, 3, 4)},
        1,
    ),
    # time
    _refused(
        "I-59b",
        "days that no calendar has",
        _fhir(
            PATIENT,
            *(
                ENCOUNTER | {"id": f"e{n}", "period": {"start": start}}
                for n, start in enumerate(("2023-02-29", "2024-04-31T10:00:00Z", "2024-04-01T24:00:00Z", "01/04/2024"))
            ),
        ),
        {(str(n), "start"): "EW-R02" for n in (2, 3, 4, 5)},
        1,
    ),
    _taken(
        "I-60b",
        "times within the hour that a clock skips or repeats",
        _fhir(
            PATIENT,
            *(
                ENCOUNTER | {"id": f"e{n}", "class": {"code": klass}, "period": {"start": start}}
                for n, (klass, start) in enumerate(_CLOCKS)
            ),
        ),
        4,
    ),
    _taken(
        "I-60c",
        "parts of a year",
        _fhir(PATIENT | {"birthDate": "2015"}, ENCOUNTER | {"period": {"start": "2024-05"}}),
        2,
        "first day of the month or year",
        "no whole day of birth",
    ),
    _refused(
        "I-62b",
        "later than the extract's own day",
        _fhir(PATIENT, ENCOUNTER | {"period": {"start": "2025-06-01T10:00:00Z"}}),
        {("2", "held_on"): "EW-R17"},
        1,
    ),
    _refused(
        "I-63b",
        "recorded before it happened",
        _fhir(PATIENT, ENCOUNTER | {"meta": {"lastUpdated": "2024-04-01T10:00:00Z"}}),
        {("2", "start"): "EW-R08"},
        1,
    ),
    _refused(
        "I-64b",
        "a closure before the referral",
        _api(CHILD | {"social_care_episodes": [EPISODE | {"closure_date": "2023-01-01"}]}),
        {("1", "closure_date"): "EW-R18"},
        1,
    ),
]
