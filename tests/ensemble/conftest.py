"""Fixtures of the small ensemble."""

import pytest
from small_ensemble import INTEGRATE, SAVE, make


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return make(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def run(model):
    """Run the small model with the outputs of all tests."""

    def of(**options):
        return model.run(save=SAVE, integrate=INTEGRATE, **options)

    return of


@pytest.fixture(scope="session")
def members(run):
    """Forty members in full."""
    return run(members=40, seed=7, full=True)
