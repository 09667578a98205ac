"""`Picture`: one SVG element that can stand in a page, and the same in words for those who do not see it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

from earlywarn.files import write_whole


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing, and the same in words for those who do not see it.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element, ready to stand in a page. Its ids begin with a digest of its content, so that several
        pictures can stand in one page.
    alt : str
        What it shows, in one line.

    """

    svg: str
    alt: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return self.alt

    def save(self, path: str | Path) -> None:
        """Write the picture as an SVG file.

        Raises
        ------
        OutputError
            The file exists, or cannot be written.

        """
        text = f'<?xml version="1.0" encoding="utf-8"?>\n{self.svg}\n'

        def write(draft: Path) -> None:
            draft.write_bytes(text.encode())

        write_whole(Path(path), write)


_REFERENCE = r"(href=\"#|url\(#)([^\")]+)"


def picture_of(svg: str, alt: str, name: str) -> Picture:
    """Leave the ``svg`` element alone: no prolog, no metadata, no style sheet that would reach the page around it.

    ``name`` keeps equal drawings of two children apart.
    """
    said = " ".join(alt.split())
    body = svg[svg.index("<svg") :].strip()
    for gone in (r"<!--.*?-->", r"<metadata>.*?</metadata>", r"<style.*?</style>", r"<defs>\s*</defs>"):
        body = re.sub(gone, "", body, flags=re.DOTALL)
    body = re.sub(r"\s+(xmlns:xlink|version)=\"[^\"]*\"", "", body).replace("xlink:href", "href")
    body = re.sub(r"(\d\.\d{3})\d+", r"\1", body)
    body = re.sub(r">\s+<", ">\n<", body)
    prefix = "p" + hashlib.sha256(f"{name}\n{alt}\n{body}".encode()).hexdigest()[:10]
    used = dict.fromkeys(name for _, name in re.findall(_REFERENCE, body))
    short = {name: f"{prefix}-{i}" for i, name in enumerate(used)}
    body = re.sub(_REFERENCE, lambda m: m[1] + short[m[2]], body)
    body = re.sub(r"\s+id=\"([^\"]*)\"", lambda m: f' id="{short[m[1]]}"' if m[1] in short else "", body)
    opening = f'<svg role="img" aria-label="{escape(said)}" style="stroke-linejoin:round"'
    return Picture(body.replace("<svg", opening, 1), said)
