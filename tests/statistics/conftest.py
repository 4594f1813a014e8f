"""An office on loopback and a cache of its own for each test."""

import pytest
from office import Office

import krapte_sd.statistics as statistics


@pytest.fixture
def office():
    server = Office()
    yield server
    server.close()


@pytest.fixture
def difference(office, tmp_path):
    """`difference`, asking the office on loopback."""

    def ask(name, **options):
        given = {"url": office.url, "timeout": 5.0, "cache": tmp_path / "answers.sqlite"} | options
        return statistics.difference(name, **given)

    return ask
