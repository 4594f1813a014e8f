"""Time and memory of ensembles: members of the baseline, 2024-2050, with all indicators of a forecast.

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

from timing import word

LIMITS = {"nl": (1000, 5.0, 4.0), "arbeidsmarktregio": (1000, 240.0, 4.0)}
"""Members, seconds that ``ks.run`` may take for them on two cores after loading, and GiB it may need, by division."""
GROWTH = 1.2
"""Times the memory of the smallest ensemble that the largest may take."""

WORK = """
import json, resource, sys, threading, time
import krapte_sd as ks
from krapte_sd.ensemble import run
from krapte_sd.ensemble.recipe import Recipe
from krapte_sd.kernel.stream import _Worker

members, regions = int(sys.argv[1]), sys.argv[2]
spent, lock = {"kernel": 0.0, "blocks": 0.0, "keeping": 0.0}, threading.Lock()

def timed(owner, name, key):
    action = getattr(owner, name)
    def measured(*args, **options):
        start = time.thread_time()
        result = action(*args, **options)
        with lock:
            spent[key] += time.thread_time() - start
        return result
    setattr(owner, name, measured)

ks.run("baseline", members=8, regions=regions)  # loads, and compiles what is not in the cache
timed(_Worker, "run", "kernel")
timed(Recipe, "block", "blocks")
timed(run.Parts, "put", "keeping")
start, own = time.perf_counter(), time.process_time()
ks.run("baseline", members=members, seed=7, regions=regions)
spent["elapsed"] = time.perf_counter() - start
spent["processor"] = time.process_time() - own
spent["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(spent))
"""


def measure(members: int, regions: str) -> dict[str, float]:
    """Run one ensemble in a process of its own."""
    call = [sys.executable, "-c", WORK, str(members), regions]
    found: dict[str, float] = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)
    return found


def main() -> int:
    """Measure, print, and return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of up to 1,000 members; the best counts (default 3)"
    )
    parser.add_argument("--members", type=int, nargs="*", default=[1000, 10000], help="sizes (default 1000 10000)")
    parser.add_argument("--regions", choices=sorted(LIMITS), default="nl", help="division (default nl)")
    options = parser.parse_args()
    print(f"krapte_sd {version('krapte_sd')}, Python {platform.python_version()}, numba {version('numba')}, ", end="")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}, {options.regions}")
    columns = ("kernel", "blocks", "keeping", "processor", "elapsed", "memory")
    print(f"{'members':>9}" + "".join(f"{each:>12}" for each in columns))
    size, seconds, gib = LIMITS[options.regions]
    first: dict[str, float] = {}
    met = True
    for members in options.members:
        rounds = [measure(members, options.regions) for _ in range(options.rounds if members <= 1000 else 1)]
        best = min(rounds, key=lambda each: each["elapsed"])
        print(f"{members:9}" + "".join(f"{best[each]:12.2f}" for each in columns))
        if members == size:
            kept = best["elapsed"] <= seconds
            print(f"{members:,} members: {best['elapsed']:.2f} s elapsed, allowed {seconds:g} s: {word(kept)}")
            met &= kept
        first = first or best
        small = best["memory"] <= min(GROWTH * first["memory"], gib * 1024)
        print(
            f"peak of memory {best['memory']:.0f} MB, allowed {GROWTH:g} times the first and {gib:g} GiB: {word(small)}"
        )
        met &= small
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
