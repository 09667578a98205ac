"""Likeness: how much two identities agree, weighed by Fellegi and Sunter's model as splink computes it.

How often a field agrees by accident is counted in the identities themselves. How often it agrees between two records of
one child is set here, and not learned: from files without a mistake, and with twins in them, a model learns that
surnames never differ and forenames may.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.records.linkage.pairs import AGREE, DIFFER, NEARLY, NOT_RECORDED

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20_260_101
ENOUGH = 100
"""From so many rows in two sources on, chance agreement is counted; with fewer, the figures below are taken."""

MOST_SAMPLED = 2e6
"""Pairs from which chance agreement is counted, at most: seconds, on a laptop."""

RECALL = 0.8
"""Share of true pairs that agree exactly in names and birth: an estimate on the low side, as registers go."""

FEWEST_PAIRS = 10_000
"""Comparisons are taken to be at least so many: two short lists are drawn from a longer population."""

SIMILAR = 0.88
"""Jaro-Winkler similarity of two names from which on they nearly agree."""

LEVELS = {
    "forename": ((0.92, 1 / 200), (0.05, 1 / 250), (0.03, 0.991)),
    "surname": ((0.92, 1 / 300), (0.04, 1 / 350), (0.04, 0.994)),
    "birth_on": ((0.96, 1 / 5000), (0.005, 1 / 20_000), (0.02, 1 / 190), (0.015, 0.9945)),
    "address": ((0.70, 1 / 3000), (0.15, 1 / 1000), (0.15, 0.9987)),
}
"""Of each level, how often it is seen in two records of one child (m), and by accident (u, used below `ENOUGH`).

Names: the same, similar, else. Births: the same, day and month exchanged, one digit, else. Addresses: the same, only
the words or the postcode the same, else (families move, and agencies learn it on different days).
"""

WORDS = {
    "forename": {2: AGREE, 1: NEARLY, 0: DIFFER, -1: NOT_RECORDED},
    "surname": {2: AGREE, 1: NEARLY, 0: DIFFER, -1: NOT_RECORDED},
    "birth_on": {3: AGREE, 2: NEARLY, 1: NEARLY, 0: DIFFER, -1: NOT_RECORDED},
    "address": {2: AGREE, 1: NEARLY, 0: DIFFER, -1: NOT_RECORDED},
}
"""What is said of each level, as splink numbers them from the last."""

_EXCHANGED = (
    "left(birth_on_l, 4) = left(birth_on_r, 4) and substr(birth_on_l, 6, 2) = right(birth_on_r, 2) "
    "and right(birth_on_l, 2) = substr(birth_on_r, 6, 2)"
)
_NO_ADDRESS = "(address_l is null or address_r is null) and (postcode_l is null or postcode_r is null)"
_SAME_ADDRESS = "address_l = address_r and (postcode_l = postcode_r or postcode_l is null or postcode_r is null)"
_NEAR_ADDRESS = "address_l = address_r or postcode_l = postcode_r"


def scored(rows: pl.DataFrame) -> pl.DataFrame:
    """Compare identities of different sources.

    Parameters
    ----------
    rows : polars.DataFrame
        Tidied identities of one subject and at least two sources, each once.

    Returns
    -------
    polars.DataFrame
        ``child_id, same_as, source, source_other, weight, probability`` and, for each field compared, a word. Only
        pairs that share two of forename, surname, birth and postcode are compared at all; surname and postcode
        together do not count, as brothers and sisters share them.

    """
    numbered = rows.sort(rows.columns).with_columns(
        pl.int_range(pl.len()).cast(pl.String).alias("row"), pl.col("birth_on").cast(pl.String)
    )
    parts = numbered.partition_by("source", maintain_order=True)
    return _worded(_by_splink(parts, rows), numbered)


_SCORED = pl.Schema(
    {
        "row_l": pl.String(),
        "row_r": pl.String(),
        "match_weight": pl.Float64(),
        "match_probability": pl.Float64(),
        **{f"gamma_{name}": pl.Int32() for name in LEVELS},
    }
)


def _worded(found: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    """Give rows their ids and levels their words. Weights are rounded so that equal ones are equal."""
    key = numbered.select("row", "id", "source")
    words = [
        pl.col(f"gamma_{name}").replace_strict(said, return_dtype=pl.String).alias(name) for name, said in WORDS.items()
    ]
    return (
        found.select(pl.col(n).cast(t) for n, t in _SCORED.items())
        .join(key, left_on="row_l", right_on="row")
        .join(key, left_on="row_r", right_on="row", suffix="_other")
        .select(
            "source",
            "source_other",
            *words,
            child_id="id",
            same_as="id_other",
            weight=pl.col("match_weight").round(6),
            probability=pl.col("match_probability").round(9),
        )
    )


def _by_splink(parts: list[pl.DataFrame], rows: pl.DataFrame) -> pl.DataFrame:
    splink, duckdb = _splink()
    enough = sorted(part.height for part in parts)[-2] >= ENOUGH
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set threads = 1")  # sums in one order, so that the same rows give the same figures
        connection.execute("set enable_progress_bar = false")
        with _quiet():
            database = splink.DuckDBAPI(connection=connection)
            tables = [database.register(part.to_arrow()) for part in parts]
            linker = splink.Linker(tables, _settings(splink, _prior(parts, rows), by_name=enough), log_level=None)
            if enough:
                linker.training.estimate_u_using_random_sampling(
                    max_pairs=MOST_SAMPLED, seed=SEED, min_count_per_level=None, num_chunks=1
                )
            return pl.DataFrame(pl.from_arrow(linker.inference.predict(warning_mode="never").as_pyarrow_table()))
    finally:
        connection.close()


def _splink() -> tuple[Any, Any]:
    try:
        import duckdb  # noqa: PLC0415 (an extra, and slow to load)
        import splink  # noqa: PLC0415
    except ImportError:
        raise ArgumentError(
            "Linking by likeness needs splink, which is not installed.", fix='pip install "earlywarn[link]"'
        ) from None
    return splink, duckdb


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep splink from writing of levels it has not seen: no figure of a file belongs in a log."""
    log = logging.getLogger("splink")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _prior(parts: list[pl.DataFrame], rows: pl.DataFrame) -> float:
    """Return the chance that two identities drawn at random are one child's: those alike in names and birth, by all."""
    exact = rows.drop_nulls(["forename", "surname", "birth_on"]).select("source", "forename", "surname", "birth_on")
    both = exact.join(exact, on=["forename", "surname", "birth_on"], suffix="_other")
    alike = both.filter(pl.col("source") < pl.col("source_other")).height
    compared = (sum(part.height for part in parts) ** 2 - sum(part.height**2 for part in parts)) / 2
    return min(0.1, max(alike, 1) / RECALL / max(compared, FEWEST_PAIRS))


def _settings(splink: Any, prior: float, *, by_name: bool) -> Any:
    """Return the model. ``by_name`` weighs an agreement on a rare name more than one on a common name."""
    block_on = splink.block_on
    return splink.SettingsCreator(
        link_type="link_only",
        unique_id_column_name="row",
        source_dataset_column_name="source",
        probability_two_random_records_match=prior,
        comparisons=_comparisons(by_name=by_name),
        blocking_rules_to_generate_predictions=[
            block_on("birth_on", "surname"),
            block_on("birth_on", "forename"),
            block_on("forename", "surname"),
            block_on("forename", "postcode"),
            block_on("birth_on", "postcode"),
        ],
        retain_matching_columns=True,  # without them splink leaves the levels out, too
    )


def _comparisons(*, by_name: bool) -> list[Any]:
    import splink.comparison_level_library as levels  # noqa: PLC0415 (an extra, and slow to load)

    exact, custom, empty = levels.ExactMatchLevel, levels.CustomLevel, levels.NullLevel
    names = [
        _comparison(
            name,
            empty(name),
            [exact(name, term_frequency_adjustments=by_name), levels.JaroWinklerLevel(name, SIMILAR)],
        )
        for name in ("forename", "surname")
    ]
    births = [exact("birth_on"), custom(_EXCHANGED), custom("hamming(birth_on_l, birth_on_r) = 1")]
    no_address = custom(_NO_ADDRESS).configure(is_null_level=True)
    addresses = [custom(_SAME_ADDRESS), custom(_NEAR_ADDRESS)]
    return [
        *names,
        _comparison("birth_on", empty("birth_on"), births),
        _comparison("address", no_address, addresses),
    ]


def _comparison(name: str, empty: Any, agreeing: list[Any]) -> Any:
    from splink.comparison_level_library import ElseLevel  # noqa: PLC0415 (an extra, and slow to load)
    from splink.comparison_library import CustomComparison  # noqa: PLC0415

    weighed = [
        level.configure(m_probability=m, u_probability=u)
        for level, (m, u) in zip([*agreeing, ElseLevel()], LEVELS[name], strict=True)
    ]
    return CustomComparison(output_column_name=name, comparison_levels=[empty, *weighed])
