"""Fixtures for the tests of the kernel."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cohort_path() -> Path:
    return Path(__file__).parent / "models" / "cohort.mdl"
