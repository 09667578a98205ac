"""The table of docs/features-by-source.md, written from the mappings: ``python -m tests.features_by_source``."""

from __future__ import annotations

import re
from pathlib import Path

from earlywarn.features.needs import needs_markdown

PAGE = Path(__file__).parents[1] / "docs" / "features-by-source.md"
BETWEEN = re.compile(r"(<!-- needs: begin -->\n).*(<!-- needs: end -->)", re.DOTALL)


def as_it_is_today(text: str) -> str:
    """The page with its table as the mappings make it now."""
    return BETWEEN.sub(lambda found: f"{found[1]}\n{needs_markdown()}\n{found[2]}", text)


def rewrite() -> None:
    """Bring the page up to date."""
    PAGE.write_text(as_it_is_today(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    rewrite()
