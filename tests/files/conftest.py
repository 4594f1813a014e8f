"""Fixtures for the tests of files."""

import pytest
from netcdf_sample import sample

import krapte_sd.files as files


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A file with the sample."""
    path = tmp_path_factory.mktemp("written") / "forecast.nc"
    files.write_netcdf(sample(), path)
    return path
