"""Fixtures for all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent


# How long an example takes says nothing on a machine that does something else too.
settings.register_profile("krapte_sd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("krapte_sd")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with what takes longest, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(autouse=True, scope="session")
def kernel_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that kernels of tests are compiled into, for all workers of a run; not that of the user."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRAPTE_SD_CACHE", str(folder))
        yield folder


@pytest.fixture
def child_environment() -> dict[str, str]:
    """Variables for a child process that imports what the tests import."""
    paths = [str(ROOT / "tests" / "helpers"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
