"""Each case of the corpus through the command line: rule, place, exit code, nothing lost, nothing told."""

from __future__ import annotations

import importlib
import json
import pkgutil
from typing import TYPE_CHECKING

import pytest

import tests.malformed as corpus
from tests.e2e import earlywarn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.malformed import Case

FAMILIES = [m.name for m in pkgutil.iter_modules(corpus.__path__) if not m.name.startswith("test_")]
CASES: list[Case] = [case for name in FAMILIES for case in importlib.import_module(f"tests.malformed.{name}").CASES]


@pytest.mark.parametrize("case", CASES, ids=[c.id for c in CASES])
def test_what_comes_of_a_bad_input(case: Case, tmp_path: Path) -> None:
    there, out = tmp_path / "there", tmp_path / "out"
    there.mkdir()
    words = case.build(there)
    before = {p for p in tmp_path.rglob("*") if not p.is_relative_to(out)}
    ended = earlywarn(*words, "--json", *(["--out", out] if words[0] == "read" else []))

    assert ended.code == case.exit, ended.err
    printed = ended.out + ended.err
    assert corpus.CANARY not in printed
    assert "Traceback" not in printed
    for said in case.says:
        assert said in printed
    if case.act == "error":
        assert case.rule, "an error names its rule"
        assert ended.err.startswith(f"earlywarn: {case.rule}  "), ended.err
        assert not out.exists()
        return
    told = json.loads(ended.out)
    for entry in told["account"]:
        assert entry["read"] == entry["accepted"] + entry["quarantined"] + entry["collapsed"]
    refused = {(line["row"], line["column"]): line["rule"] for line in told["refused"]}
    assert refused == dict(case.places)
    assert sum(e["quarantined"] for e in told["account"]) == len(told["refused"])
    if case.rule:
        assert case.rule in refused.values()
    if case.accepted is not None:
        assert sum(e["accepted"] for e in told["account"]) == case.accepted
    assert {p for p in tmp_path.rglob("*") if not p.is_relative_to(out)} == before, "nothing is written elsewhere"


def test_the_corpus_is_whole() -> None:
    assert len(CASES) >= 90
    assert len({c.id for c in CASES}) == len(CASES)
    named = {c.id.rstrip("abcdefghijklmnopqrstuvwxyz") for c in CASES}
    assert {f"I-{n:02d}" for n in range(1, 81)} <= named
