"""The back-test gives the same bytes each time: in another process, with other threads, and with another hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHILD = """
import os, sys
import pandas as pd

if int(sys.argv[2]) == 1 and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

from krapte_sd.backtest import benchmarks, outcomes, run
from krapte_sd.parameters.observations import read_observations

every = dict(benchmarks.BENCHMARKS)
run.BENCHMARKS = {name: every[name] for name in ("random_walk", "linear_trend")}
origin = 2015
scores, forecasts = run.backtest([origin], members=6)
before = outcomes.past(read_observations().before(origin), origin)
slow = {
    f"{name} {target}": every[name](before[target].values[0], 10).mean
    for name in ("arima", "ets")
    for target in ("employed_by_section", "unemployed", "vacancies")
}
with open(sys.argv[1], "wb") as file:
    for table in (scores, forecasts, pd.DataFrame(slow)):
        file.write(table.to_csv(index=False, lineterminator="\\n").encode())
"""


def written(path: Path, threads: int, seed: int) -> bytes:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    given = {**os.environ, **dict.fromkeys(names, str(threads)), "PYTHONHASHSEED": str(seed)}
    subprocess.run([sys.executable, "-c", CHILD, str(path), str(threads)], check=True, env=given, timeout=600)
    return path.read_bytes()


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    one, two = (written(tmp_path / f"{threads}.csv", threads, seed) for threads, seed in ((1, 1), (2, 2)))
    assert len(one) > 100_000
    assert one.count(b"krapte_sd") > 500
    assert one == two
