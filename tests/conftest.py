"""Shared by all tests: Hypothesis profiles, the samples' place, and the example run that many tests read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

settings.register_profile(
    "everyone", derandomize=True, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck)
)
settings.register_profile("full", deadline=None, max_examples=2000, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("EARLYWARN_HYPOTHESIS", "everyone"))


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real sample files, which are never part of the project."""
    folder = Path(os.environ.get("EARLYWARN_SAMPLES", ROOT / ".." / "shared" / "samples"))
    if not folder.is_dir():
        pytest.skip("no sample files here: set EARLYWARN_SAMPLES to the folder that holds them")
    return folder.resolve()


@pytest.fixture(scope="session")
def example():
    """The records that ship with the library."""
    from earlywarn.datasets import load_example

    return load_example()
