"""Times and memory of runs by region: 12 provinces and 35 labour-market regions, 2024-2050, all outputs of a forecast.

See ``benchmarks/README.md``. The exit code is 1 if a run with 35 regions takes longer than it may after loading.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

from timing import word

import krapte_sd as ks
from krapte_sd import forecast
from krapte_sd.forecast import BY_COHORT, FIRST_YEAR, FLOWS, LAST_YEAR, STATES
from krapte_sd.scenarios import read_scenario
from krapte_sd.simulation import DEFAULT_STEP

STOP = LAST_YEAR + 1
DIVISIONS = ("nl", "province", "arbeidsmarktregio")
LARGEST = DIVISIONS[-1]
LIMIT = 1.5
"""Seconds that one run with 35 regions may take after loading."""

ONE_RUN = """
import pathlib, sys, time
start = time.perf_counter()
import krapte_sd as ks
ks.run("baseline", regions=sys.argv[1])
seconds = time.perf_counter() - start
# not ru_maxrss: Linux lets a child begin with the peak of its parent
status = pathlib.Path("/proc/self/status").read_text()
print(seconds, next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""
"""A new process: seconds up to the end of its first run, and its peak memory in KiB (Linux)."""


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that pass, and those of the processor."""
    elapsed, own = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - elapsed, time.process_time() - own


def new_process(regions: str) -> tuple[float, float]:
    """Return the seconds of a first run with compiled code on disk, and the peak memory in MiB."""
    call = [sys.executable, "-c", ONE_RUN, regions]
    said = subprocess.run(call, capture_output=True, text=True, check=True).stdout.split()
    return float(said[0]), float(said[1]) / 1024


def actions(regions: str) -> dict[str, Callable[[], object]]:
    """Return what is timed for a division, each of it warmed up."""
    model = forecast.model_for(read_scenario("baseline"), regions)
    program = model.program((*STATES, *BY_COHORT), FLOWS)
    inputs = model.inputs(program.inputs, FIRST_YEAR, STOP)
    found: dict[str, Callable[[], object]] = {
        "inputs out of the tables": lambda: model.inputs(program.inputs, FIRST_YEAR, STOP),
        "kernel, RK4 1/4": lambda: program.run(inputs, FIRST_YEAR, STOP, DEFAULT_STEP, "rk4"),
        "ks.run": lambda: ks.run("baseline", regions=regions),
        "ks.run without ages": lambda: ks.run("baseline", regions=regions, by_age=False),
    }
    for action in found.values():
        action()
    return found


def main() -> int:
    """Measure, print, and return 1 if a run takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="runs of each kind (default 9)")
    options = parser.parse_args()
    kinds = {(name, what): action for name in DIVISIONS for what, action in actions(name).items()}
    times: dict[tuple[str, str], list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for _ in range(options.rounds):  # in turns, so that a slow moment of the machine hits all alike
        for kind, action in kinds.items():
            times[kind].append(timed(action))
    print(f"krapte_sd {version('krapte_sd')}, Python {platform.python_version()}, numba {version('numba')}, ", end="")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.rounds} rounds")
    print(f"{'':20}{'':28}{'min, s':>10}{'median, s':>12}{'processor, s':>14}")
    for (name, what), found in times.items():
        elapsed, own = zip(*found, strict=True)
        print(f"{name:20}{what:28}{min(elapsed):10.3f}{statistics.median(elapsed):12.3f}{statistics.median(own):14.3f}")
    for name in DIVISIONS:
        seconds, memory = new_process(name)
        print(f"{name:20}{'new process, warm cache':28}{seconds:10.3f} s, peak memory {memory:.0f} MiB")
    one = statistics.median(elapsed for elapsed, _ in times[LARGEST, "ks.run"])
    print(f"one run, 35 regions, after loading: {one:.2f} s, allowed {LIMIT} s: {word(one <= LIMIT)}")
    return 0 if one <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
