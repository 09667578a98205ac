"""docs/features.md, written from the catalogue: ``python -m tests.features_page``."""

from __future__ import annotations

from pathlib import Path

from earlywarn.features.page import features_page

PAGE = Path(__file__).parents[1] / "docs" / "features.md"


def rewrite() -> None:
    """Bring the page up to date."""
    PAGE.write_text(features_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    rewrite()
