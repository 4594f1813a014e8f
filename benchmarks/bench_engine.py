"""The engine against PySD and simlin on a synthetic model, and the Netherlands with 1,000 members.

See ``benchmarks/README.md``. All engines run in one process and take turns.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from timing import timed, word

from krapte_sd.equations import read_model
from krapte_sd.forecast import FIRST_YEAR, FLOWS, LAST_YEAR, STATES
from krapte_sd.kernel import Program, compile_model
from krapte_sd.simulation import load_model

MODEL = Path(__file__).with_name("population_matching.mdl")
OUTPUTS = ("total_population", "total_employed", "total_vacancies")
DRAWN = (
    "mortality_level", "fertility_level", "participation_level", "separation_rate", "matching_efficiency",
    "growth_of_jobs",
)  # fmt: skip
TARGETS = {"PySD, M=1": 300.0, "PySD, M=1000": 6000.0, "simlin, M=1000": 250.0}
"""Least ratios per member."""
NETHERLANDS = (
    "wage_response",
    "seeker_substitution",
    "posting_time",
    "scale:mortality_rate",
    "scale:separation_rate",
    "turnover",
)
STOP = LAST_YEAR + 1

LOADING = """
import time
start = time.perf_counter()
from krapte_sd.simulation import load_model
from krapte_sd.forecast import BY_COHORT, FLOWS, STATES
model = load_model()
read = time.perf_counter()
model.program((*STATES, *BY_COHORT), FLOWS)
end = time.perf_counter()
print(read - start, end - read)
"""


def draws(program: Program, inputs: dict, names: tuple[str, ...], count: int) -> dict:
    """Values around those of the model, the same for every run."""
    random = np.random.default_rng(1)
    found = {}
    for name in names:
        centre = 1.0 if name.startswith("scale:") else inputs.get(name)
        centre = np.asarray(program.model.variables[name].value if centre is None else centre, dtype=float)
        found[name] = centre * random.uniform(0.95, 1.05, (count, *centre.shape))
    return found


def simlin_run(path: Path) -> Callable[[], dict] | None:
    """The same model in simlin, if it is there."""
    try:
        import simlin
    except ImportError:
        return None
    model = simlin.load(path)

    def run() -> dict:
        simulation = model.simulate()
        simulation.run_to_end()
        return {name: simulation.get_value(name) for name in OUTPUTS}

    return run


def synthetic(rounds: int) -> bool:
    """Run all engines by turns, print their times, tell whether the targets are met."""
    import pysd

    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(MODEL, folder))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reference = pysd.read_vensim(path)
        other = simlin_run(path)
    program = compile_model(read_model(MODEL), OUTPUTS, members=DRAWN)
    cells = sum(int(np.prod(program.model.shape(name))) for name in program.stocks)
    columns = [name.replace("_", " ") for name in OUTPUTS]
    drawn = draws(program, {}, DRAWN, 1000)

    def members(count: int) -> Callable[[], object]:
        part = {name: value[:count] for name, value in drawn.items()}
        return lambda: program.run_members({}, part, 2024, 2050, 0.25, "euler")

    engines: dict[str, tuple[Callable[[], object], int]] = {
        "PySD": (lambda: reference.run(return_columns=columns), 1),
        "M=1": (lambda: program.run({}, 2024, 2050, 0.25, "euler"), 1),
        "M=100": (members(100), 100),
        "M=1000": (members(1000), 1000),
    }
    if other is not None:
        engines["simlin"] = (other, 1)
    ours = program.run({}, 2024, 2050, 0.25, "euler").saved
    theirs = reference.run(return_columns=columns)
    for name, column in zip(OUTPUTS, columns, strict=True):
        if not np.allclose(
            ours[name], theirs[column].to_numpy()[::4] if len(theirs) > 27 else theirs[column], rtol=1e-10
        ):
            sys.exit(f"{name} differs between the engines")
    times: dict[str, list[float]] = {name: [] for name in engines}
    processor: dict[str, list[float]] = {name: [] for name in engines}
    for action, _ in engines.values():
        action()
    for _ in range(rounds):
        for name, (action, count) in engines.items():
            begin = time.process_time()
            times[name].append(timed(action) / count)
            processor[name].append((time.process_time() - begin) / count)
    print(f"\nsynthetic model: {cells} stock cells, Euler 1/4, 26 years, {rounds} rounds; per member")
    print(
        f"{'engine':<10} {'min, ms':>10} {'median, ms':>11} {'processor, ms':>14} {'PySD / it':>10} {'simlin / it':>12}"
    )
    for name, values in times.items():
        least, middle, used = min(values), statistics.median(values), min(processor[name])
        ratios = [
            statistics.median(times[each]) / middle if each in times else float("nan") for each in ("PySD", "simlin")
        ]
        row = f"{name:<10} {least * 1e3:>10.3f} {middle * 1e3:>11.3f} {used * 1e3:>14.3f}"
        print(f"{row} {ratios[0]:>10.0f} {ratios[1]:>12.1f}")
    met = True
    for target, wanted in TARGETS.items():
        engine, ours_ = target.split(", ")
        if engine not in times:
            continue
        for how, pick in (("median", statistics.median), ("min", min)):
            ratio = pick(times[engine]) / pick(times[ours_])
            print(f"{target}: {ratio:.0f} x by the {how}, target {wanted:.0f} x {word(ratio >= wanted)}")
            met &= how == "min" or ratio >= wanted
    return met


def netherlands(rounds: int) -> bool:
    """One run and 1,000 members of the shipped model."""
    model = load_model()
    program = compile_model(model.equations, STATES, FLOWS, NETHERLANDS)
    inputs = model.inputs(program.inputs, FIRST_YEAR, STOP)
    drawn = draws(program, inputs, NETHERLANDS, 1000)

    def one() -> object:
        return program.run(inputs, FIRST_YEAR, STOP)

    def many() -> None:
        for _ in program.stream_members(inputs, drawn, FIRST_YEAR, STOP):
            pass

    one()
    program.vectors("rk4")
    single = [timed(one) for _ in range(10 * rounds)]
    whole = [timed(many) for _ in range(rounds)]
    print(f"\nNetherlands, RK4 1/4, {STOP - FIRST_YEAR} years, all outputs by region and sector")
    for what, values, limit in (("one run", single, 0.05), ("1,000 members", whole, 5.0)):
        middle = statistics.median(values)
        print(f"{what:<14} min {min(values):.3f} s, median {middle:.3f} s, target {limit} s {word(middle <= limit)}")
    return statistics.median(single) <= 0.05 and statistics.median(whole) <= 5.0


def memory(count: int) -> None:
    """Stream members and print the peak of memory of this process (run in a process of its own)."""
    model = load_model()
    program = compile_model(model.equations, STATES, FLOWS, NETHERLANDS)
    inputs = model.inputs(program.inputs, FIRST_YEAR, STOP)
    total = 0
    for block in program.stream_members(inputs, draws(program, inputs, NETHERLANDS, count), FIRST_YEAR, STOP):
        total += block.count
    assert total == count
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def processes(with_memory: bool) -> bool:
    """What needs processes of its own: loading, a first run, memory."""

    def child(*arguments: str, cache: str | None = None) -> tuple[str, float]:
        environment = dict(os.environ)
        if cache is not None:
            environment["KRAPTE_SD_CACHE"] = cache
        start = time.perf_counter()
        done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True)
        return done.stdout, time.perf_counter() - start

    print("\nprocesses")
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as out:
        file = Path(out) / "x.nc"
        command = "import sys; from krapte_sd.cli import main; sys.exit(main())"
        _, first = child("-c", command, "run", "baseline", "-o", str(file), cache=cache)
        assert file.is_file()
        print(f"first 'krapte-sd run baseline', nothing compiled: {first:.1f} s, target 20 s {word(first <= 20)}")
        loads = [child("-c", LOADING, cache=cache)[0].split() for _ in range(3)]
    read, program = (min(float(each[k]) for each in loads) for k in (0, 1))
    print(f"imports, model and tables: {read:.2f} s")
    print(f"kernel from the cache: {program:.2f} s, target 1 s {word(program <= 1)}")
    good = first <= 20 and program <= 1
    if with_memory:
        peaks = [int(child(__file__, "--memory-of", str(count))[0]) for count in (1000, 10_000)]
        flat = peaks[1] <= 1.1 * peaks[0]
        print(
            f"peak memory at 1,000 and 10,000 members: {peaks[0]} and {peaks[1]} MB, {'flat' if flat else 'NOT FLAT'}"
        )
        good &= flat
    return good


def main() -> None:
    """Print all tables; the exit code is 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="measure memory too (a minute)")
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        memory(arguments.memory_of)
        return
    versions = []
    for name in ("numpy", "numba", "pysd", "pysimlin"):
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"no {name}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {', '.join(versions)}")
    results = [synthetic(arguments.rounds), netherlands(arguments.rounds), processes(arguments.memory)]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
