"""Look up, add, print, save: one table for every model."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest

from earlywarn.errors import ModelError, OutputError
from earlywarn.features.catalogue import CORE
from earlywarn.features.engine import build_features
from earlywarn.scoring.card import CAUTION, StartingCard
from earlywarn.scoring.terms import BANDS, Bands, Term, TermTable

DAY = "2026-11-01"


def term(**changes) -> Term:
    content = dict(feature="f", unit="days", direction=1, edges=(1.0, 3.0), points=(0, 1, 2), missing=0, why="because")
    return Term(**(content | changes))


def test_a_value_on_an_edge_belongs_to_the_bin_above():
    cells = pl.DataFrame({"f": [None, 0.0, 0.999, 1.0, 2.9, 3.0, 100.0]})
    assert cells.select(points=term().lookup())["points"].to_list() == [0, 0, 0, 1, 1, 2, 2]


def test_bins_are_said_in_words():
    assert term().bins() == [("under 1", 0), ("1 to under 3", 1), ("3 or more", 2), ("cannot tell", 0)]


@pytest.mark.parametrize(
    "changes",
    [
        {"points": (0, 2, 1)},
        {"points": (0, 1, 2), "direction": -1},
        {"edges": (3.0, 1.0)},
        {"edges": (1.0, 1.0)},
        {"points": (0, 1)},
    ],
)
def test_a_term_that_contradicts_itself_cannot_be_built(changes):
    with pytest.raises(ModelError):
        term(**changes)


def test_scores_are_sums_ranks_share_the_lower_number_and_bands_are_known(example):
    scored = StartingCard().score(build_features(example, DAY, viewers=["pooled", "police"]))
    points = [c for c in scored.columns if c.startswith("points__")]
    assert scored.columns == ["child_id", "as_of", "viewer", "score", "intercept", "band", "rank", *points]
    assert scored.select((pl.col("intercept") + pl.sum_horizontal(points) == pl.col("score")).all()).item()
    assert set(scored["band"]) <= set(BANDS)
    for _, rows in scored.group_by("viewer"):
        for rank, score in rows.select("rank", "score").unique().iter_rows():
            assert rank == 1 + rows.filter(pl.col("score") > score).height


def test_too_few_answers_are_no_safety(example):
    """A child of whom hardly anything can be told is not below the line: it cannot be told."""
    scored = StartingCard().score(build_features(example, DAY, viewers="cafcass"))
    table = build_features(example, DAY, viewers="cafcass")
    answered = table.values.select(pl.sum_horizontal(pl.col(f).is_not_null() for f in StartingCard().features))
    few = scored.filter(answered.to_series() < StartingCard().bands.min_answered)
    assert set(few["band"]) <= {"cannot tell"}


def test_a_model_made_for_other_features_is_refused(example):
    table = build_features(example, DAY, features=[f for f in CORE if f.name != "concern_recurrence"])
    with pytest.raises(ModelError, match="concern_recurrence"):
        StartingCard().score(table)


def test_a_feature_in_another_unit_is_refused(example):
    card = StartingCard()
    other = TermTable(
        "other", "caution", (term(feature="days_since_seen", unit="weeks"),), 0, "identity", card.bands, "", {}
    )
    with pytest.raises(ModelError, match="another unit"):
        other.score(build_features(example, DAY))


def test_a_feature_defined_otherwise_is_refused(example):
    """The same name, unit and direction over another window is another feature."""
    table = build_features(
        example, DAY, features=[f if f.name != "concluded_365d" else replace(f, window=30) for f in CORE]
    )
    with pytest.raises(ModelError, match="other rows or days"):
        StartingCard().score(table)


def test_json_round_trip_and_identity(tmp_path):
    card = StartingCard()
    card.save(tmp_path / "m.json")
    again = TermTable.load(tmp_path / "m.json")
    assert again.model_id == card.model_id
    assert again.terms == card.terms
    assert str(again) == str(card)
    with pytest.raises(OutputError):
        card.save(tmp_path / "m.json")


def _broken() -> dict[str, str]:
    good = json.loads(StartingCard().to_json())
    return {
        "not json": "{",
        "empty": "",
        "a list": "[]",
        "another format": json.dumps(good | {"format": "other"}),
        "unknown key": json.dumps(good | {"surprise": 1}),
        "no terms": json.dumps({k: v for k, v in good.items() if k != "terms"}),
        "text for points": json.dumps(good | {"intercept": "0"}),
        "a fraction": json.dumps(good | {"intercept": 0.5}),
        "true for a number": json.dumps(good | {"intercept": True}),
        "not a number": StartingCard().to_json().replace('"intercept":0', '"intercept":NaN'),
        "a key twice": StartingCard().to_json().replace('"intercept":0', '"intercept":0,"intercept":1'),
        "deep": "[" * 100_000,
        "a pickle": "\x80\x04cposix\nsystem\n.",
    }


@pytest.mark.parametrize("name", list(_broken()))
def test_what_is_no_model_is_refused_and_nothing_in_it_runs(name):
    with pytest.raises(ModelError, match="not a term table"):
        TermTable.from_json(_broken()[name])


def test_a_missing_or_binary_file_is_refused(tmp_path):
    (tmp_path / "m.json").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "m.json", tmp_path / "none.json"):
        with pytest.raises(ModelError, match="cannot be read"):
            TermTable.load(path)


def test_the_starting_card_asks_equal_questions_and_carries_its_caution():
    card = StartingCard()
    by_name = {f.name: f for f in CORE}
    assert card.caution == CAUTION
    assert CAUTION in str(card)
    assert (card.intercept, card.link) == (0, "identity")
    for t in card.terms:
        assert by_name[t.feature].direction != 0, "nothing that merely counts how often a family is looked at"
        assert t.missing == 0
        assert {abs(b - a) for a, b in zip(t.points, t.points[1:], strict=False)} == {1}, "one point a step"
        assert 0 in t.points
        assert t.why
    assert not {"unplanned_contacts_90d", "closed_no_action_365d"} & set(card.features)


def test_a_card_of_ones_own(tmp_path):
    text = 'name = "Ours"\n[bands]\nread_first = 2\nread_next = 1\nmin_answered = 1\n'
    text += '[[question]]\nfeature = "rereferral_12m"\nat_least = [1]\nwhy = "we ask it"\n'
    (tmp_path / "card.toml").write_text(text)
    card = StartingCard(tmp_path / "card.toml")
    assert card.features == ["rereferral_12m"]
    assert card.bands == Bands(2, 1, 1)
    assert card.caution == CAUTION


@pytest.mark.parametrize(
    "question",
    [
        'feature = "rereferal_12m"\nat_least = [1]\nwhy = "x"',
        'feature = "rereferral_12m"\nwhy = "x"',
        'feature = "rereferral_12m"\nat_least = [1]\nbelow = [1]\nwhy = "x"',
        'feature = "rereferral_12m"\nbelow = [1]\nwhy = "x"',
        'feature = "rereferral_12m"\nat_least = [1]\nwhy = "x"\npoints = [9]',
    ],
)
def test_a_card_that_cannot_be_meant_is_refused(tmp_path, question):
    text = f'name = "Ours"\n[bands]\nread_first = 2\nread_next = 1\nmin_answered = 1\n[[question]]\n{question}\n'
    (tmp_path / "card.toml").write_text(text)
    with pytest.raises(ModelError):
        StartingCard(tmp_path / "card.toml")
