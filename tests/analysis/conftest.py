"""One prepared scenario for all tests of the analysis: its kernel is compiled once."""

import pytest

from krapte_sd.analysis.knockout import scenario_batch


@pytest.fixture(scope="session")
def batch():
    return scenario_batch("baseline")
