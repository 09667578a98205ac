"""`TermTable`: the one representation of every model. Look up, add; the explanation is the sum itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.errors import ModelError, nearest
from earlywarn.features.engine import HELD, KEYS
from earlywarn.features.sets import set_hash
from earlywarn.files import write_text, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.engine import FeatureTable

FORMAT = "earlywarn term table 1"
READ_FIRST, READ_NEXT, BELOW, CANNOT_TELL = BANDS = ("read first", "read next", "below the line", "cannot tell")


@dataclass(frozen=True)
class Term:
    """Points of one feature.

    Parameters
    ----------
    feature, unit, direction
        Of the feature it reads; checked where the table meets features.
    edges : tuple of float
        Ascending. A value on an edge belongs to the bin above it.
    points : tuple of int
        One more than edges: points of each bin, never against the direction.
    missing : int
        Points where the feature cannot be told.
    why : str
        Why the question is worth asking, with its source.

    Raises
    ------
    ModelError
        Edges that do not ascend, a wrong number of points, or points that move against the direction.

    """

    feature: str
    unit: str
    direction: int
    edges: tuple[float, ...]
    points: tuple[int, ...]
    missing: int
    why: str

    def __post_init__(self) -> None:
        steps = [b - a for a, b in pairwise(self.points)]
        if any(b <= a for a, b in pairwise(self.edges)) or len(self.points) != len(self.edges) + 1:
            raise ModelError(
                f'The term "{self.feature}" has edges that do not ascend, or a wrong number of points.',
                expected="ascending edges, and one more point value than edges",
                fix="correct the term",
            )
        if self.direction and any(step * self.direction < 0 for step in steps):
            raise ModelError(
                f'The points of "{self.feature}" move against its direction ({self.direction:+d}).',
                expected="points that never fall as a value with direction +1 rises, nor rise with direction -1",
                fix="put the points in order",
            )

    def lookup(self) -> pl.Expr:
        """Points of the feature's column, as an integer expression."""
        value = pl.col(self.feature)
        points = pl.lit(self.points[0], pl.Int64)
        for edge, above in zip(self.edges, self.points[1:], strict=True):
            points = pl.when(value >= edge).then(pl.lit(above, pl.Int64)).otherwise(points)
        return pl.when(value.is_null()).then(pl.lit(self.missing, pl.Int64)).otherwise(points)

    def bins(self) -> list[tuple[str, int]]:
        """Each bin in words, with its points; the missing bin last."""
        words = [f"under {self.edges[0]:g}"] if self.edges else ["any"]
        words += [f"{a:g} to under {b:g}" for a, b in pairwise(self.edges)]
        words += [f"{self.edges[-1]:g} or more"] if self.edges else []
        return [*zip(words, self.points, strict=True), ("cannot tell", self.missing)]


@dataclass(frozen=True)
class Bands:
    """Where the reading order is cut. Below the line, too few answers make it "cannot tell", never "safe"."""

    read_first: int
    read_next: int
    min_answered: int


@dataclass(frozen=True, repr=False)
class TermTable:
    """An additive model: for each feature, bins and their points; a score is the intercept and the sum of points.

    Parameters
    ----------
    name : str
        What it is called on every output.
    caution : str
        The sentence that goes with every output.
    terms : tuple of Term
        One a feature.
    intercept : int
        Where the sum begins.
    link : str
        How the sum is read; ``identity`` means it is a score and nothing more.
    bands : Bands
        Where the order is cut.
    feature_set : str
        Identity of the features it was made for; see `earlywarn.features.sets.set_hash`.
    provenance : mapping of str to str
        Where the points come from.

    Notes
    -----
    Higher means "read sooner". Points are integers, so that the sum is exact.

    """

    name: str
    caution: str
    terms: tuple[Term, ...]
    intercept: int
    link: str
    bands: Bands
    feature_set: str
    provenance: Mapping[str, str]

    @property
    def model_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    @property
    def features(self) -> list[str]:
        """Names of the features it reads, in order."""
        return [term.feature for term in self.terms]

    def term(self, feature: str) -> Term:
        """Return the term of one feature."""
        return next(t for t in self.terms if t.feature == feature)

    def score(self, table: FeatureTable) -> pl.DataFrame:
        """Score every row of a feature table, and explain it in the same breath.

        Parameters
        ----------
        table : FeatureTable
            Must hold every feature of the terms, in the same unit and direction.

        Returns
        -------
        polars.DataFrame
            ``child_id, as_of, viewer, score, intercept, band, rank`` (1 = first, ties share the lower number, within
            day and viewer) and ``points__<feature>``; score = intercept + their sum, exactly.

        Raises
        ------
        ModelError
            The table's features are not the ones this model was made for.

        """
        self.check(table)
        points = [term.lookup().alias(f"points__{term.feature}") for term in self.terms]
        answers = pl.sum_horizontal(self._answered(f, table) for f in self.features)
        answered = pl.when(HELD).then(answers).otherwise(0)  # of a child it has no record of, a viewer can tell nothing
        scored = (
            table.values.join(table.parts, on="row", maintain_order="left")
            .with_columns(*points, answered=answered)
            .with_columns(
                score=pl.lit(self.intercept, pl.Int64) + pl.sum_horizontal(f"points__{f}" for f in self.features),
                intercept=pl.lit(self.intercept, pl.Int64),
            )
        )
        rank = pl.col("score").rank("min", descending=True).over("as_of", "viewer").cast(pl.Int64)
        return scored.with_columns(band=self._band(), rank=rank).select(
            *KEYS, "score", "intercept", "band", "rank", *(f"points__{f}" for f in self.features)
        )

    def _answered(self, feature: str, table: FeatureTable) -> pl.Expr:
        """Tell a question that was answered, or did not arise, from one the records leave open."""
        arises = f"{feature}__arises"
        told = pl.col(feature).is_not_null()
        return told | ~pl.col(arises) if arises in table.parts.columns else told

    def _band(self) -> pl.Expr:
        score, told = pl.col("score"), pl.col("answered") >= self.bands.min_answered
        return (
            pl.when(score >= self.bands.read_first)
            .then(pl.lit(READ_FIRST))
            .when(score >= self.bands.read_next)
            .then(pl.lit(READ_NEXT))
            .when(told)
            .then(pl.lit(BELOW))
            .otherwise(pl.lit(CANNOT_TELL))
        )

    def check(self, table: FeatureTable) -> None:
        """Refuse a table whose features are not the ones this model reads.

        Raises
        ------
        ModelError
            A feature is missing, or has another unit or direction, or is defined otherwise.

        """
        for term in self.terms:
            if term.feature not in table.names:
                raise ModelError(
                    f'The model reads "{term.feature}", which the features do not hold.',
                    expected="every feature of the model",
                    fix=nearest(term.feature, table.names) or "count it too, or use a model made for these features",
                )
            found = table.feature(term.feature)
            if (found.unit, found.direction) != (term.unit, term.direction):
                raise ModelError(
                    f'The feature "{term.feature}" is counted in another unit or direction than the model reads.',
                    expected=f"{term.unit}, direction {term.direction:+d}",
                    fix="use a model made for these features",
                )
        if set_hash(table.feature(name) for name in self.features) != self.feature_set:
            raise ModelError(
                "The features have the model's names, and count over other rows or days than it was made for.",
                expected=f"the set of features {self.feature_set}",
                fix="use a model made for these features",
            )

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no blanks, readable by a person and by `from_json`."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        rich = {
            "terms": [asdict(t) for t in self.terms],
            "bands": asdict(self.bands),
            "provenance": dict(self.provenance),
        }
        content = {"format": FORMAT, **plain, **rich}
        return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, where: str = "The model") -> TermTable:
        """Read a model from its JSON; nothing in it is executed.

        Raises
        ------
        ModelError
            Not a term table of this format.

        """
        try:
            content = json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_no_constant)
            if content.pop("format") != FORMAT:
                raise ValueError
            terms = tuple(_term(t) for t in content.pop("terms"))
            bands = Bands(**_integers(content.pop("bands")))
            provenance = MappingProxyType({str(k): str(v) for k, v in content.pop("provenance").items()})
            intercept = _integers({"intercept": content.pop("intercept")})["intercept"]
            return TermTable(terms=terms, bands=bands, provenance=provenance, intercept=intercept, **_texts(content))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ModelError(
                f"{where} is not a term table.",
                expected=f'JSON with "format": "{FORMAT}" and the fields a saved model has',
                fix="save it again with TermTable.save",
            ) from None

    def save(self, path: str | Path) -> None:
        """Write the model as JSON, the whole file or none.

        Raises
        ------
        OutputError
            The file exists.

        """
        write_whole(Path(path), lambda draft: write_text(draft, self.to_json() + "\n"))

    @classmethod
    def load(cls, path: str | Path) -> TermTable:
        """Read a saved model.

        Raises
        ------
        ModelError
            No such file, or not a term table.

        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise ModelError(
                f'"{path}" cannot be read.', expected="a model saved as JSON", fix="check the path"
            ) from None
        return cls.from_json(text, f'"{path}"')

    def __str__(self) -> str:
        """Print the model as a card to fill in by hand."""
        lines = [self.name, self.caution, ""]
        for number, term in enumerate(self.terms, start=1):
            bins = "   ".join(f"{words} = {points:+d}" if points else f"{words} = 0" for words, points in term.bins())
            lines += [f"{number:>2}. {term.feature} ({term.unit})   [    ]", f"    {bins}", f"    Why ask: {term.why}"]
        lines += ["", f"Sum, beginning at {self.intercept}:   [    ]", self._bands_in_words()]
        return "\n".join(lines)

    def _bands_in_words(self) -> str:
        cut = self.bands
        return (
            f"{READ_FIRST}: {cut.read_first} or more.  {READ_NEXT}: {cut.read_next} to {cut.read_first - 1}.  "
            f"{BELOW}: under {cut.read_next}.  {CANNOT_TELL}: under {cut.read_next}, and fewer than "
            f"{cut.min_answered} of the {len(self.terms)} questions could be answered."
        )

    __repr__ = __str__


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_constant(_: str) -> None:
    raise ValueError


def _term(content: dict[str, Any]) -> Term:
    """Build a term from its JSON; a key too many or too few, or a wrong type, is refused."""
    if set(content) != {f.name for f in fields(Term)}:
        raise KeyError
    texts = _texts({k: content[k] for k in ("feature", "unit", "why")})
    whole = _integers({k: content[k] for k in ("direction", "missing")})
    return Term(
        feature=texts["feature"],
        unit=texts["unit"],
        direction=whole["direction"],
        edges=tuple(float(edge) for edge in content["edges"]),
        points=tuple(_integers(dict(enumerate(content["points"]))).values()),
        missing=whole["missing"],
        why=texts["why"],
    )


def _integers(content: Mapping[Any, Any]) -> dict[Any, int]:
    if any(type(v) is not int for v in content.values()):
        raise TypeError
    return dict(content)


def _texts(content: Mapping[str, Any]) -> dict[str, str]:
    if any(not isinstance(v, str) for v in content.values()):
        raise TypeError
    return dict(content)
