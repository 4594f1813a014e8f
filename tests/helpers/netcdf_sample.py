"""A synthetic dataset of the shape of a forecast, and a writer to be run (and killed) as a child process.

The numbers are random and stand for nothing.
"""

import sys

import numpy as np
import xarray as xr

import krapte_sd.files as files

SECTORS = "ABCDEFGHIJKLMNOPQRS"


def sample(seed: int = 7) -> xr.Dataset:
    """Every kind of thing a forecast holds, in the dimensions of the real one."""
    random = np.random.default_rng(seed)
    coords = {
        **files.calendar(2024, 2050),
        "region": ("region", ["NL"], {"long_name": "region", "long_name_nl": "regio"}),
        "region_name": ("region", ["Nederland"]),
        "sector": ("sector", list(SECTORS), {"long_name": "section of SBI 2008"}),
        "sector_name": ("sector", [f"sector {each}: coördinatie" for each in SECTORS]),
        "sex": ("sex", ["female", "male"]),
        "age": ("age", np.arange(101), {"units": "year", "long_name": "completed age"}),
        "scenario": "baseline",
    }

    def of(dims: tuple[str, ...], units: str, name: str, **attrs: object) -> tuple[object, ...]:
        sizes = {"time": 28, "year": 27, "region": 1, "sector": 19, "sex": 2, "age": 101}
        values = random.gamma(2.0, 1000.0, [sizes[dim] for dim in dims])
        return dims, values, {"units": units, "long_name": name, **attrs}

    data = {
        "population_by_age": of(("time", "region", "sex", "age"), "person", "population by age"),
        "employed": of(("time", "region", "sector", "sex"), "person", "employed", long_name_nl="werkzame personen"),
        "vacancies": of(("time", "region", "sector"), "vacancy", "vacancies"),
        "tightness": of(("time", "region"), "vacancy/person", "tightness"),
        "hires": of(("year", "region", "sector"), "person/year", "hires"),
        "hours_worked": of(("region", "year"), "hour/year", "hours worked", cell_methods="year: sum"),
        "wage_cost": of(("year",), "kEUR/(fte*year)", "wage cost"),
        "closed": (("sector",), np.arange(19) % 2 == 0, {"units": "dmnl"}),
        "rank": (("sector",), np.arange(19, dtype="int32"), {"units": "dmnl"}),
        "single": ((), np.float64(seed), {"units": "dmnl"}),
        "small": (("time",), np.linspace(0, 1, 28, dtype="float32"), {"units": "1/year"}),
    }
    attrs = {
        "title": "Synthetic forecast",
        "summary": "Random numbers in the shape of a forecast.",
        "scenario": "name: baseline\npopulation: prognose\nnote: één regel\n",
        "step": 0.25,
        "members": 1,
        "status_counts": [3, 14, 15],
        "sources": ["CBS 85746NED", "UWV"],
        "parameters_sha256": "0" * 64,
        "wage_plausibility": "plausible",
    }
    return xr.Dataset(data, coords, attrs)


if __name__ == "__main__":
    # Writes for ever, so that a parent can kill it at any moment; a count makes it end.
    path, seeds = sys.argv[1], [int(each) for each in sys.argv[2].split(",")]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else None
    datasets = [sample(seed) for seed in seeds]
    turn = 0
    print("ready", flush=True)
    while rounds is None or turn < rounds:
        checksum = files.write_netcdf(datasets[turn % len(datasets)], path)
        turn += 1
    print(checksum, flush=True)
