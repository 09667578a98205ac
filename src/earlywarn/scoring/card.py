"""`StartingCard`: an order for reading, for the day on which there are no labels to fit anything to."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from earlywarn.errors import ModelError, nearest
from earlywarn.features.catalogue import CORE
from earlywarn.features.sets import set_hash
from earlywarn.scoring.terms import Bands, Term, TermTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.features.feature import Feature

CAUTION = "Not validated on these records: an order for reading, not a measure of risk."


class StartingCard(TermTable):
    """A card of questions worth asking, one point a step, read from TOML.

    Every question has equal weight; what cannot be told adds nothing; nothing that merely counts how often a family
    is looked at is asked. It puts records in an order for reading. It measures no risk, and says so on every output.

    Parameters
    ----------
    path : str or Path, optional
        A card of your own. Without it, the card that ships with the library.
    features : sequence of Feature, optional
        What the questions may be about; the core features by default.

    Raises
    ------
    ModelError
        The card cannot be read, asks about an unknown feature, or gives points against a feature's direction.

    Examples
    --------
    >>> card = StartingCard()
    >>> card.intercept
    0

    """

    def __init__(self, path: str | Path | None = None, *, features: Sequence[Feature] = CORE) -> None:
        content = _content(path)
        known = {f.name: f for f in features}
        try:
            bands = Bands(**{k: int(v) for k, v in content["bands"].items()})
            terms = tuple(_question(q, known) for q in content["question"])
            name = str(content["name"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ModelError(
                f"{_where(path)} is not a starting card.",
                expected="a name, [bands] and [[question]] entries with feature, why, and at_least or below",
                fix="start from the card that ships with the library",
            ) from None
        super().__init__(
            name=name,
            caution=CAUTION,
            terms=terms,
            intercept=0,
            link="identity",
            bands=bands,
            feature_set=set_hash(known[t.feature] for t in terms),
            provenance=MappingProxyType({"made by": "hand: one point a step, no labels"}),
        )


def _where(path: str | Path | None) -> str:
    return f'"{path}"' if path is not None else "The shipped card"


def _content(path: str | Path | None) -> Mapping[str, Any]:
    shipped = files("earlywarn.scoring") / "starting_card.toml"
    try:
        text = shipped.read_text(encoding="utf-8") if path is None else Path(path).read_text(encoding="utf-8")
        return tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise ModelError(
            f"{_where(path)} cannot be read.", expected="a TOML file", fix="check the path and the TOML"
        ) from None


def _question(content: Mapping[str, Any], known: Mapping[str, Feature]) -> Term:
    """One point a step: ``at_least`` steps go the feature's way, ``below`` steps add for what is lacking."""
    name = str(content["feature"])
    if name not in known:
        raise ModelError(
            f'The card asks about "{name}", which is no feature.',
            expected="a feature of the catalogue",
            fix=nearest(name, known) or "see `earlywarn features --list`",
        )
    unknown = set(content) - {"feature", "why", "at_least", "below"}
    if unknown or ("at_least" in content) == ("below" in content):
        raise ValueError(name)
    feature = known[name]
    if "below" in content:
        edges = tuple(sorted(float(e) for e in content["below"]))
        points = tuple(range(len(edges), -1, -1))
    else:
        edges = tuple(sorted(float(e) for e in content["at_least"]))
        points = tuple(step * (feature.direction or 1) for step in range(len(edges) + 1))
    return Term(name, feature.unit, feature.direction, edges, points, missing=0, why=str(content["why"]))
