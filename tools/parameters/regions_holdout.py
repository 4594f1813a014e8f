"""How good the regional base is: ``python -m tools.parameters.regions_holdout`` prints errors on what was left out.

1. The municipal model of workers: random thirds of the COROP areas are left out of the fit; province totals stay known.
   Only areas of provinces with at least two missing areas count, or subtraction would give the answer.
2. Regional shares of 2019 carried to 2024, against the employee jobs observed.
3. Inhabitants of COROP areas 1 to 9 in 2024, not used. 4. Unemployment rates by province. 5. Tightness by province.
6. Workers by province and group against the figures used. 7. Commuting between provinces, before it is raked.

The penalty and the features of the model were not chosen on these tests; see `regions_jobs.WEIGHT_UNIT`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tools.parameters.regions_base import Base, base
from tools.parameters.regions_jobs import (
    GROUP_OF_SECTION,
    GROUPS,
    Areas,
    area_table,
    employee_jobs,
    features,
    fit,
    foreign_share,
    persons_per_job,
)
from tools.parameters.regions_population import by_region, municipal_population

Floats = npt.NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[2]
SPLITS = 200
SEED = 2024


@dataclass(frozen=True)
class HeldOut:
    """Errors of left-out areas, weighted absolute errors over true values (WAPE).

    Attributes
    ----------
    cells, totals : dict of str to float
        By estimator.
    groups : numpy.ndarray
        (groups,) of the municipal model.
    """

    cells: dict[str, float]
    totals: dict[str, float]
    groups: Floats


def held_out(areas: Areas, inhabitants: Floats, splits: int = SPLITS, seed: int = SEED) -> HeldOut:
    """Leave out random thirds of the areas and estimate them.

    Parameters
    ----------
    areas : Areas
        All areas, with their observed table.
    inhabitants : numpy.ndarray
        (municipalities,) residents, for the rule by population.
    """
    random = np.random.default_rng(seed)
    number = len(areas.jobs)
    people = np.bincount(areas.area, inhabitants, number)
    names = ("municipal model", "province residual x population", "province share x population")
    wrong = np.zeros((len(names), len(GROUPS)))
    wrong_total, true = np.zeros(len(names)), np.zeros(len(GROUPS))
    for _ in range(splits):
        out = np.sort(random.permutation(number)[: number // 3])
        weights = areas.weights(fit(areas, np.setdiff1d(np.arange(number), out)))
        model = np.zeros_like(areas.jobs)
        np.add.at(model, areas.area, weights)
        for province in range(areas.province.max() + 1):
            missing = out[areas.province[out] == province]
            if len(missing) < 2:
                continue
            truth = areas.jobs[missing]
            whole = np.flatnonzero(areas.province == province)
            guesses = (
                truth.sum(axis=0) * model[missing] / model[missing].sum(axis=0),
                truth.sum(axis=0) * people[missing, None] / people[missing].sum(),
                areas.jobs[whole].sum(axis=0) * people[missing, None] / people[whole].sum(),
            )
            true += truth.sum(axis=0)
            for at, guess in enumerate(guesses):
                wrong[at] += np.abs(guess - truth).sum(axis=0)
                wrong_total[at] += np.abs(guess.sum(axis=1) - truth.sum(axis=1)).sum()
    return HeldOut(
        dict(zip(names, wrong.sum(axis=1) / true.sum(), strict=True)),
        dict(zip(names, wrong_total / true.sum(), strict=True)),
        wrong[0] / true,
    )


def areas_of(found: Base) -> Areas:
    """What the model of the base is fitted on."""
    national = np.bincount(GROUP_OF_SECTION, found.national.employed.sum(axis=(1, 2)))
    where = found.divisions
    working, described = features(found.population)
    table = area_table(found.observations, where, national)
    return Areas(table, where.province_of_corop, where.corop.position, working, described)


def carried(found: Base) -> tuple[float, float]:
    """WAPE of cells and of totals when shares of December 2019 stand for December 2024, group totals given."""
    before, after = (employee_jobs(found.observations, found.divisions, f"{year}-12") for year in (2019, 2024))
    guess = before / before.sum(axis=0) * after.sum(axis=0)
    totals = np.abs(guess.sum(axis=1) - after.sum(axis=1)).sum()
    return float(np.abs(guess - after).sum() / after.sum()), float(totals / after.sum())


def unused_population(found: Base) -> dict[str, float]:
    """Relative error of the residents of COROP areas that were observed in 2024 but not used."""
    where = found.divisions
    estimate = municipal_population(found.observations, where, found.population.sum(axis=0), with_corop=False)
    by_area = where.corop.incidence() @ estimate.sum(axis=(1, 2))
    provisional = by_region(found.observations, "population_by_region", ("NL",), period="2024")["NL"]
    seen = by_region(found.observations, "population_by_region", where.corop.codes, period="2024")
    scale = found.population.sum() / provisional
    return {code: by_area[where.corop.codes.index(code)] / (value * scale) - 1 for code, value in seen.items()}


def unemployment(found: Base) -> tuple[Floats, Floats]:
    """Unemployment rates by province in percent: of the base, and of the survey in 2023."""
    incidence = found.divisions.province.incidence()
    employed, unemployed = (incidence @ each.sum(axis=(1, 2)) for each in (found.employed, found.unemployed))
    codes = found.divisions.province.codes
    seen = [
        by_region(found.observations, f"{name}_by_region", codes, period="2023") for name in ("unemployed", "employed")
    ]
    observed = [seen[0][code] / (seen[0][code] + seen[1][code]) for code in codes]
    return 100 * unemployed / (employed + unemployed), 100 * np.array(observed)


def tightness(found: Base) -> tuple[Floats, Floats]:
    """Vacancies per 100 unemployed by province: of the base, and of CBS in the second quarter of 2023."""
    incidence = found.divisions.province.incidence()
    ours = 100 * (incidence @ found.vacancies.sum(axis=1)) / (incidence @ found.unemployed.sum(axis=(1, 2)))
    codes, told = found.divisions.province.codes, {"period": "2023Q2"}
    open_ = by_region(found.observations, "open_vacancies_by_region", codes, sector="A-U", **told)
    unemployed = by_region(found.observations, "unemployed_by_region", codes, **told)
    return ours, np.array([100 * open_[code] / unemployed[code] for code in codes])


def used_workers(found: Base) -> tuple[Floats, Floats]:
    """(province, groups) workers: of the base, and jobs times workers per job before any margin but the national."""
    where = found.divisions
    national = found.jobs.sum(axis=0)
    workers = employee_jobs(found.observations, where) * (1 - foreign_share(found.observations, where))[:, None]
    table = np.zeros((len(where.province), len(GROUPS)))
    ratio = persons_per_job(found.observations, where)
    np.add.at(table, where.province_of_corop, workers * ratio[where.province_of_corop])
    used = np.zeros_like(table)
    np.add.at(used, where.province_of_corop, area_table(found.observations, where, national))
    return where.province.incidence() @ found.jobs, np.stack([used, table * national / table.sum(axis=0)])


def report(found: Base, tell: Callable[[str], object]) -> bool:
    """Tell all errors and whether they are within their bounds."""
    passed: list[bool] = []

    def line(what: str, value: float, bound: float, unit: str = "%", more: str = "", above: bool = False) -> None:
        good = value >= bound if above else value <= bound
        passed.append(good)
        sign = ">=" if above else "<="
        tell(f"{'ok  ' if good else 'MISS'} {what:58} {value:8.2f}{unit} ({sign} {bound:g}{unit}) {more}")

    areas = areas_of(found)
    errors = held_out(areas, found.population.sum(axis=(1, 2)))
    tell(f"Workers of left-out COROP areas, WAPE, {SPLITS} random thirds")
    for name in errors.cells:
        tell(f"     {name:40} cells {100 * errors.cells[name]:5.1f}%   totals {100 * errors.totals[name]:5.1f}%")
    by_group = zip(GROUPS, errors.groups, strict=True)
    tell("     by group: " + ", ".join(f"{group} {100 * error:.0f}%" for group, error in by_group))
    line("cells of left-out areas", 100 * errors.cells["municipal model"], 12)
    line("totals of left-out areas", 100 * errors.totals["municipal model"], 6)
    best = min(value for name, value in errors.cells.items() if name != "municipal model")
    line("cells, compared with the better population share", 100 * errors.cells["municipal model"], 100 * best)
    cells, totals = carried(found)
    tell(f"     shares of 2019 carried to 2024: cells {100 * cells:.1f}%, totals {100 * totals:.1f}%")
    population = unused_population(found)
    off = np.array(list(population.values()))
    worst = max(population, key=lambda code: abs(population[code]))
    more = f"worst {worst} {100 * population[worst]:+.1f}%"
    line("inhabitants of COROP 1-9 in 2024, unused, mean error", 100 * float(np.abs(off).mean()), 0.5, more=more)
    ours, seen = unemployment(found)
    line("unemployment rate by province 2023, largest error", float(np.abs(ours - seen).max()), 0.5, " points")
    ours, seen = tightness(found)
    rank = float(np.corrcoef(np.argsort(np.argsort(ours)), np.argsort(np.argsort(seen)))[0, 1])
    line("tightness by province 2023Q2, rank correlation", rank, 0.7, "", above=True)
    workers, (used, before) = used_workers(found)
    deviation = 100 * float(np.abs(workers / used - 1).max())
    line("workers by province and group, largest error", deviation, 2, more="(raked to it: by construction)")
    mean = np.abs(workers - before).sum() / before.sum()
    tell(f"     before the totals of the regional accounts: {100 * mean:.1f}% on average")
    commuting = found.commuting
    tell(f"     commuting between provinces 2018 before raking: {100 * commuting.misfit:.1f}% in the wrong cell")
    return all(passed)


def main(arguments: list[str] | None = None) -> int:
    """Print the report; the exit code tells whether all bounds hold."""
    parser = argparse.ArgumentParser(prog="python -m tools.parameters.regions_holdout", description=__doc__)
    parser.add_argument("--parameters", type=Path, metavar="DIR", default=ROOT / "parameters")
    given = parser.parse_args(arguments)
    return 0 if report(base(given.parameters), lambda text: sys.stdout.write(text + "\n")) else 1


if __name__ == "__main__":
    sys.exit(main())
