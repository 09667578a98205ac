"""The page in a real browser: nothing is fetched, nothing is cut at the edge, everything is drawn.

Needs Chromium, which continuous integration installs; where there is none these tests skip and say so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from earlywarn.batch import score_records
from earlywarn.history.view import View
from earlywarn.reports.html import report_html

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: install Debian's chromium to run these")


@pytest.fixture(scope="module")
def page(example, tmp_path_factory) -> Path:
    run = score_records(example, "2026-11-01", viewers="all", capacity=4)
    view = View(example.only([f.child_id for f in (*run.flags, *run.flags.below)]), run.as_of)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_html(run.flags, view), encoding="utf-8")
    return path


def browse(page: Path, *options: str) -> None:
    profile = page.parent / "profile"
    words = [str(BROWSER), *QUIET, f"--user-data-dir={profile}", *options, page.as_uri()]
    subprocess.run(words, check=True, capture_output=True, timeout=120)


@pytest.mark.parametrize("width", [1000, 640])
def test_nothing_is_cut_at_the_edge_and_everything_is_drawn(page, width):
    """The right margin stays white at every width, and there is ink all the way down."""
    shot = page.parent / f"{width}.png"
    browse(page, f"--screenshot={shot}", f"--window-size={width},6000")
    grey = np.asarray(Image.open(shot).convert("L"))
    assert grey.shape[1] == width
    assert (grey[:, -6:] > 250).all(), "something runs over the right edge"
    bands = np.array_split(grey, 20)
    assert sum((band < 120).any() for band in bands) >= 18, "the page is blank where it should not be"


def asked_of_the_network(page: Path) -> set[str]:
    """Addresses a page made the browser ask for. What the browser asks for itself has no origin."""
    log = page.parent / f"{page.stem}.net.json"
    browse(page, f"--log-net-log={log}", f"--screenshot={page.parent / 'net.png'}")
    text = log.read_text(encoding="utf-8").rstrip().rstrip(",")
    events = json.loads(text if text.endswith("}") else text + "]}")["events"]
    starts = [e["params"] for e in events if {"url", "initiator"} <= set(e.get("params", {}))]
    asked = {p["url"] for p in starts if p["initiator"] != "not an origin"}
    return {url for url in asked if url.startswith(("http:", "https:", "ws:"))}


def test_nothing_is_fetched(page):
    assert asked_of_the_network(page) == set()


def test_the_check_sees_a_page_that_fetches(tmp_path):
    asking = tmp_path / "asking.html"
    asking.write_text('<img src="http://127.0.0.1:9/picture.png">', encoding="utf-8")
    assert asked_of_the_network(asking) == {"http://127.0.0.1:9/picture.png"}
