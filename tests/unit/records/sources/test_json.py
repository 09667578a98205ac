from __future__ import annotations

import gzip
import json

import pytest

from earlywarn.errors import SourceError
from earlywarn.records.sources import _json
from earlywarn.records.sources._flat import MisbuiltError, cell, items, sheet, within
from earlywarn.records.sources._json import UnsoundError, depth, parse, read

CANARY = "Zebedee-Quill"


def refusal(path, rule: str) -> str:
    with pytest.raises(SourceError) as caught:
        read(path)
    assert caught.value.rule == rule
    assert CANARY not in caught.value.message
    assert path.name in caught.value.message
    return caught.value.found


def written(tmp_path, text: str | bytes, name: str = "there.json"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_numbers_stay_the_text_they_were():
    assert parse('{"a": 54.50, "b": 12345678901234567890, "c": 1e5, "d": true, "e": null}') == {
        "a": "54.50",
        "b": "12345678901234567890",
        "c": "1e5",
        "d": True,
        "e": None,
    }


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (f'{{"a": 1,\n "b": {{"x": "{CANARY}", "x": 2}}}}', 2, 30),
        ('{"a": 1,\n "a": {"a": 2}}', 2, 2),
        ('{"a": {"a": 1},\n "b\\u0061": 1,\n "ba": 2}', 3, 2),
        ("[1,\n  NaN]", 2, 3),
        ("[1,\n\n -Infinity]", 3, 2),
        ('{"a": "NaN",\n "b": 1e400}', 2, 7),
        ('{"a": -1e999}', 1, 7),
        ('{"a": 1}\n}', 2, 1),
        ('{"a": 1} garbage', 1, 10),
        ('{"a": 1', 1, 8),
        ('{"a": 01}', 1, 8),
        ("{'a': 1}", 1, 2),
        ('{"a": "\t"}', 1, 8),
        ("", 1, 1),
    ],
)
def test_what_is_no_sound_json_is_named_with_its_place(text, line, column):
    with pytest.raises(UnsoundError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("levels", [101, 10_000, 300_000])
@pytest.mark.parametrize(("before", "after"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_refused_before_a_parser_recurses(levels, before, after):
    with pytest.raises(UnsoundError, match="beyond all reason"):
        parse(before * levels + "1" + after * levels)


def test_a_hundred_levels_are_read_and_brackets_in_texts_are_none():
    assert parse("[" * 100 + "]" * 100)
    assert depth(b'{"a": "[[[[", "b\\"[": ["]"]}') == 2
    assert depth(b"7") == 0


def test_a_quote_that_is_never_closed_hides_no_depth(tmp_path):
    refusal(written(tmp_path, '"' + "[" * 100_000), "EW-F16")
    refusal(written(tmp_path, '["' + "[" * 100_000, "b.json"), "EW-F16")


def test_a_document(tmp_path):
    path = written(tmp_path, '{"a": [1]}')
    assert read(path).document == {"a": ["1"]}
    assert read(path).notes == ()


def test_marks_encodings_and_gzip(tmp_path):
    marked = read(written(tmp_path, b'\xef\xbb\xbf{"a": 1}'))
    wide = read(written(tmp_path, '\ufeff{"a": "é"}'.encode("utf-16-le"), "wide.json"))
    packed = read(written(tmp_path, gzip.compress(b'{"a": 1}'), "packed.json"))
    assert marked.document == packed.document == {"a": "1"}
    assert wide.document == {"a": "é"}
    assert "byte-order mark" in marked.notes[0]
    assert "UTF-16-LE" in wide.notes[0]


def test_files_that_are_none(tmp_path):
    refusal(tmp_path / "nowhere.json", "EW-F01")
    refusal(written(tmp_path, b"", "empty.json"), "EW-F02")
    refusal(written(tmp_path, b" \n ", "blank.json"), "EW-F02")
    refusal(written(tmp_path, b"\n\n", "blank.ndjson"), "EW-F02")
    assert "line 2" in refusal(written(tmp_path, f'{{"{CANARY}":\n"'.encode() + b'\xe9"}', "latin.json"), "EW-F03")


def test_the_message_names_file_line_and_column(tmp_path):
    found = refusal(written(tmp_path, f'{{"a": "{CANARY}",\n "b": 1,\n "b": 2}}'), "EW-F16")
    assert "line 3, column 2" in found
    assert "a key stands twice" in found


def test_one_document_a_line(tmp_path):
    lines = ['{"a": 1}', "", f'{{"a": "{CANARY}"', '{"a": 2, "a": 3}', '{"a": 1e400}', '{"a": 4}']
    whole = read(written(tmp_path, b"\n".join([line.encode() for line in lines] + [b'{"a": "\xe9"}']), "x.ndjson"))
    assert [(e.row, e.value) for e in whole.lines] == [(1, {"a": "1"}), (6, {"a": "4"})]
    assert [(a.row, a.rule) for a in whole.aside] == [
        (3, "EW-R31"),
        (4, "EW-R31"),
        (5, "EW-R31"),
        (7, "EW-R23"),
    ]
    assert json.loads(whole.aside[0].content) == {"line": lines[2]}, "as it stood"


def test_lines_are_taken_by_what_is_in_the_file(tmp_path):
    by_content = read(written(tmp_path, '{"a": 1}\n{"a": 2}\n'))
    assert [e.value["a"] for e in by_content.lines] == ["1", "2"]
    assert read(written(tmp_path, '{"a": 1}', "one.ndjson")).lines[0].row == 1
    refusal(written(tmp_path, '{"a": 1}\ngarbage', "two.json"), "EW-F16")
    refusal(written(tmp_path, '{"a": 1\n{"a": 2', "none.ndjson"), "EW-F16")


def test_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(_json, "LINE_BYTES", 20)
    assert "line 2" in refusal(written(tmp_path, '{"a": 1}\n{"a": "%s"}' % ("x" * 30), "long.ndjson"), "EW-F10")
    monkeypatch.setattr(_json, "DOCUMENT_BYTES", 20)
    refusal(written(tmp_path, '{"a": "%s"}' % ("x" * 30), "long.json"), "EW-F10")


def test_a_cell_beyond_all_bounds_is_named_by_its_place():
    with pytest.raises(SourceError) as caught:
        sheet("there.json", "things", ["note"], [{"note": "x", "_row": 1}, {"note": CANARY * 100_000, "_row": 7}])
    assert caught.value.rule == "EW-F10"
    assert "things 7" in caught.value.found
    assert '"note"' in caught.value.found
    assert CANARY not in caught.value.message


def test_cells_of_an_object():
    thing = parse(json.dumps({"a": {"b": " x "}, "n": 1.5, "t": True, "l": [1], "blank": "", "none": None}))
    assert cell(thing, "a", "b") == " x ", "blanks are for the mapping to judge"
    assert [cell(thing, n) for n in ("n", "t", "blank", "none", "absent")] == ["1.5", "true", None, None, None]
    assert items(thing, "l") == ["1"]
    assert items(thing, "absent") == []
    assert within(thing, "absent", "b") is None
    for wrong in (
        lambda: cell(thing, "l"),
        lambda: cell(thing, "a"),
        lambda: items(thing, "a"),
        lambda: within(thing, "n", "b"),
    ):
        with pytest.raises(MisbuiltError):
            wrong()
