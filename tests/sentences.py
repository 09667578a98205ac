"""Every feature's sentences, as a person would meet them: ``python -m tests.sentences`` writes the golden page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from earlywarn.features.catalogue import families

if TYPE_CHECKING:
    from earlywarn.features.feature import Feature

PAGE = Path(__file__).parent / "spec" / "golden" / "sentences.md"

HEAD = """# Sentences

What each feature says for none, one, many, and where it cannot be told. Read it after any change: it is what people
read about children. `python -m tests.sentences` writes it again.
"""
OF_THREE = 3
LONG = 220.0
NO_COUNTS = {"contact_tempo_ratio": (0.5, 1.0, 2.5), "contact_burst": (0.0, 1.0, 2.5)}
"""Values of what is counted in no things: none, one and many mean other numbers there."""


def values(feature: Feature) -> tuple[float, ...]:
    """None, one and many of a feature: of a share, of three; of a yes or no, these two."""
    if feature.of is None and feature.sentence.one == feature.sentence.many:
        return 0.0, 1.0
    if feature.name in NO_COUNTS:
        return NO_COUNTS[feature.name]
    if feature.of is not None:
        return 0.0, 1 / OF_THREE, 2 / OF_THREE
    if "{span}" in feature.sentence.many:
        return 0.0, 1.0, LONG
    if feature.unit.startswith("share"):
        return 0.0, 0.33, 0.67
    return 0.0, 1.0, 3.0


def said(feature: Feature) -> list[str]:
    """Its sentences, the one for what cannot be told last."""
    of = OF_THREE if feature.of is not None else None
    return [*(feature.sentence.say(value, of) for value in values(feature)), feature.sentence.say(None)]


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for family, features in families().items():
        lines += [f"## {family}", ""]
        for feature in features:
            shown = [f"{value:.3g}" for value in values(feature)]
            lines += [f"`{feature.name}`", ""]
            lines += [f"- {value}: {text}" for value, text in zip([*shown, "not known"], said(feature), strict=True)]
            lines += [""]
    return "\n".join(lines)


def rewrite() -> None:
    """Bring the page up to date."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    rewrite()
