"""Times of the baseline: loading, one run by each solver, and PySD for the same run.

See ``benchmarks/README.md``. All runs are for the Netherlands, 2024-2050, with all outputs of a forecast.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version

from timing import timed, word

import krapte_sd as ks
from krapte_sd.forecast import BY_COHORT, FIRST_YEAR, FLOWS, LAST_YEAR, STATES

STOP = LAST_YEAR + 1
LIMIT = 0.25
"""Seconds that one run may take after loading."""

LOADING = """
import time
start = time.perf_counter()
import krapte_sd as ks
ks.run("baseline", until=2024)
print(time.perf_counter() - start)
"""
"""A new process up to the end of its first, short run: imports, reading, compiling or finding the compiled code."""


def loading(cache: str) -> float:
    """Return the seconds a new process needs to be ready, with a given directory of compiled code."""
    environment = {**os.environ, "KRAPTE_SD_CACHE": cache}
    call = [sys.executable, "-c", LOADING]
    return float(subprocess.run(call, env=environment, capture_output=True, text=True, check=True).stdout)


def measure(rounds: int, loads: int, pysd_rounds: int) -> dict[str, list[float]]:
    """Measure everything; the runs are interleaved, so that a slow moment of the machine hits all alike."""
    times: dict[str, list[float]] = {"loading, cold cache": [], "loading, warm cache": []}
    for _ in range(loads):
        with tempfile.TemporaryDirectory() as cache:
            times["loading, cold cache"].append(loading(cache))
            times["loading, warm cache"].append(loading(cache))

    model = ks.load_model()
    program = model.program((*STATES, *BY_COHORT), FLOWS)
    inputs = model.inputs(program.inputs, FIRST_YEAR, STOP)
    kernel = {
        "kernel, RK4 1/4": lambda: program.run(inputs, FIRST_YEAR, STOP, 1 / 4, "rk4"),
        "kernel, RK4 1/8": lambda: program.run(inputs, FIRST_YEAR, STOP, 1 / 8, "rk4"),
        "kernel, Euler 1/16": lambda: program.run(inputs, FIRST_YEAR, STOP, 1 / 16, "euler"),
        "inputs out of the tables": lambda: model.inputs(program.inputs, FIRST_YEAR, STOP),
        "ks.run('baseline')": lambda: ks.run("baseline"),
    }
    for action in kernel.values():
        action()
    for _ in range(rounds):
        for name, action in kernel.items():
            times.setdefault(name, []).append(timed(action))

    def reference(stop: int) -> Callable[[], object]:
        return lambda: model.run(engine="pysd", step=1 / 16, stop=stop, save=["vacancies_total"])

    for _ in range(pysd_rounds):
        short, whole = timed(reference(FIRST_YEAR + 1)), timed(reference(STOP))
        times.setdefault("PySD, Euler 1/16, with reading", []).append(whole)
        # Without reading the file: what every further year costs.
        years = STOP - FIRST_YEAR
        times.setdefault("PySD, Euler 1/16", []).append((whole - short) * years / (years - 1))
    return times


def show(times: dict[str, list[float]]) -> None:
    """Print the table."""
    print(f"krapte_sd {version('krapte_sd')}, Python {platform.python_version()}, numba {version('numba')}, ", end="")
    print(f"PySD {version('pysd')}, {platform.machine()}, {os.cpu_count()} cores")
    print(f"{'':34}{'rounds':>8}{'min, s':>10}{'median, s':>12}{'PySD / this':>14}")
    by_pysd = statistics.median(times.get("PySD, Euler 1/16", [0.0]))
    for name, values in times.items():
        middle = statistics.median(values)
        ratio = f"{by_pysd / middle:.0f}" if by_pysd and name.startswith(("kernel", "ks.run")) else ""
        print(f"{name:34}{len(values):8}{min(values):10.4f}{middle:12.4f}{ratio:>14}")


def main() -> int:
    """Measure, print, and return 1 if a run takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each kind (default 15)")
    parser.add_argument("--loads", type=int, default=2, help="new processes with a cold and a warm cache (default 2)")
    parser.add_argument("--pysd-rounds", type=int, default=1, help="runs of PySD, over a minute each (default 1)")
    options = parser.parse_args()
    times = measure(options.rounds, options.loads, options.pysd_rounds)
    show(times)
    one = statistics.median(times["ks.run('baseline')"])
    print(f"one run after loading: {one:.3f} s, allowed {LIMIT} s: {word(one <= LIMIT)}")
    return 0 if one <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
