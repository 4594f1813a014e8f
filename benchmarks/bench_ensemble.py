"""Time and memory of ensembles: members of the Netherlands, 2024-2050, with all indicators of a forecast.

See ``benchmarks/README.md``. Each size runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version

LIMIT = 5.0
"""Seconds that the kernel may take for 1,000 members on two cores."""
GROWTH = 1.2
"""Times the memory of the smallest ensemble that the largest may take."""

WORK = """
import json, resource, sys, time
import krapte_sd as ks
from krapte_sd.ensemble import run
from krapte_sd.ensemble.recipe import Recipe
from krapte_sd.kernel.program import Program

members = int(sys.argv[1])
spent = {"kernel": 0.0, "blocks": 0.0, "keeping": 0.0, "statistics": 0.0}

def timed(owner, name, key):
    action = getattr(owner, name)
    def measured(*args, **options):
        start = time.perf_counter()
        result = action(*args, **options)
        # The kernel gives its blocks one by one.
        result = iter(list(result)) if key == "kernel" else result
        spent[key] += time.perf_counter() - start
        return result
    setattr(owner, name, measured)

ks.run("baseline", members=8)  # loads, and compiles what is not in the cache
timed(Program, "stream_members", "kernel")
timed(Recipe, "block", "blocks")
timed(run.Parts, "put", "keeping")
timed(run, "summary", "statistics")
start = time.perf_counter()
ks.run("baseline", members=members, seed=7)
spent["total"] = time.perf_counter() - start
spent["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(spent))
"""


def measure(members: int) -> dict[str, float]:
    """Run one ensemble in a process of its own."""
    done = subprocess.run([sys.executable, "-c", WORK, str(members)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> int:
    """Measure, print, and return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of 1,000 members; the best counts (default 3)")
    parser.add_argument("--members", type=int, nargs="*", default=[1000, 10000], help="sizes (default 1000 10000)")
    options = parser.parse_args()
    print(f"krapte_sd {version('krapte_sd')}, Python {platform.python_version()}, numba {version('numba')}, ", end="")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    columns = ("kernel", "blocks", "keeping", "statistics", "total", "memory")
    print(f"{'members':>9}" + "".join(f"{each:>12}" for each in columns) + "   (s; memory: peak, MB)")
    first: dict[str, float] = {}
    met = True
    for members in options.members:
        rounds = [measure(members) for _ in range(options.rounds if members <= 1000 else 1)]
        best = min(rounds, key=lambda each: each["kernel"])
        print(f"{members:9}" + "".join(f"{best[each]:12.2f}" for each in columns))
        if members == 1000:
            met = best["kernel"] <= LIMIT
            print(
                f"kernel for 1,000 members: {best['kernel']:.2f} s, allowed {LIMIT:g} s: {'met' if met else 'NOT met'}"
            )
        first = first or best
        if best["memory"] > GROWTH * first["memory"]:
            met = False
            print(f"memory grows to {best['memory'] / first['memory']:.2f} times, allowed {GROWTH:g}: NOT met")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
