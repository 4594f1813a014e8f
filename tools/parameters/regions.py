"""Step `derive-regions`: the tables of ``parameters/regional/<division>/`` for provinces and arbeidsmarktregio's.

Needs `population` and `labour` to be derived first. All tables are shares of national tables (they add up to one over
the regions), so that a run with regions adds up to the national one whatever the national table is; counts are in
``regional_groups``, for reading. The metadata files are kept by hand.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tools.parameters import regions_outlook as outlook
from tools.parameters.regions_base import Base, base
from tools.parameters.regions_jobs import GROUP_OF_SECTION, GROUPS, SECTIONS
from tools.parameters.regions_population import SEXES, by_region
from tools.parameters.tables import Row, number, rows_of, write_rows

from krapte_sd.errors import ParameterError
from krapte_sd.parameters.regions import RegionSet, read_region_set, region_sets

Floats = npt.NDArray[np.float64]
SETS = ("province", "arbeidsmarktregio")
LIKE = SETS[-1]
"""Its metadata describe any division that is estimated from municipalities up."""

TASKS = ("homes", "climate", "grid", "defence")
TASK_GROUPS = {"climate": ("B-E", "F"), "grid": ("F",), "defence": ("O-Q",)}
ALONE = np.array([GROUPS[group] == section for section, group in zip(SECTIONS, GROUP_OF_SECTION, strict=True)])
AREA_ERROR = np.array([0.08 if group == "A" else 0.07 if group in "JK" else 0.03 for group in GROUPS])
"""Of workers in an observed area: workers per job are of 2017, and regional shares drift by 0.5% a year, J and K by
1.2% (regional trial). Farming, where most are self-employed: assumed."""

SPLIT_ERROR = {
    "A": 0.46,
    "B-E": 0.18,
    "F": 0.19,
    "G-I": 0.09,
    "J": 0.22,
    "K": 0.10,
    "L": 0.08,
    "M-N": 0.09,
    "O-Q": 0.08,
    "R-U": 0.11,
}
"""Held-out error of the municipal model by group, see `tools.parameters.regions_holdout`."""

FORECAST_2035 = 18.9e6
"""Residents of the country in the regional forecast of 2022, as published in a press text; no regions were read."""

COMMUTING_ERROR = {"province": 0.04, "arbeidsmarktregio": 0.06}


def derive(parameters: Path) -> None:
    """Derive and write the tables of both divisions."""
    found = base(parameters)
    drifting = drift(found, parameters)
    for name in SETS:
        write_set(found, drifting, getattr(found.divisions, name), parameters / "regional" / name)


def add(division: Path, parameters: Path) -> None:
    """Derive and write the tables of the division of a caller, with the metadata of the labour-market regions.

    Raises
    ------
    ParameterError, FileError
        If the division has mistakes, or the name of one that ships.
    """
    regions = read_region_set(division, parameters / "regions")
    if regions.name in region_sets():
        raise ParameterError(
            f"division '{regions.name}': it has the name of one that ships; remedy: give the file another name"
        )
    like = read_region_set(LIKE, parameters / "regions")
    quoted = ", ".join(f'"{code}"' for code in regions.codes)  # a code such as 01 or NO is a text
    source, folder = parameters / "regional" / LIKE, parameters / "regional" / regions.name
    for path in sorted(source.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        text = text.replace(f"[{', '.join(like.codes)}]", f"[{quoted}]")
        text = text.replace(f"the {len(like)} arbeidsmarktregio's", f"the {len(regions)} regions of '{regions.name}'")
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    found = base(parameters)
    write_set(found, drift(found, parameters), regions, folder)


def write_set(found: Base, drifting: Drift, regions: RegionSet, folder: Path) -> None:
    """Write all tables of one division; it may be any, if metadata files are in the folder."""
    write_rows(folder, "regional_people", people(found, regions))
    write_rows(folder, "regional_work", work(found, regions))
    write_rows(folder, "regional_groups", groups(found, regions))
    write_rows(folder, "regional_outlook", prospects(found, drifting, regions))
    incidence = regions.incidence()
    workers = incidence @ found.commuting.workers @ incidence.T
    write_matrix(folder / "between" / "commuting_share.csv", regions, workers / workers.sum(axis=1, keepdims=True))
    inhabitants = found.population.sum(axis=(1, 2))
    weight = incidence * inhabitants / (incidence @ inhabitants)[:, None]
    write_matrix(folder / "between" / "distance.csv", regions, weight @ found.distance @ weight.T)


def write_matrix(path: Path, regions: RegionSet, values: Floats) -> None:
    """Write values from region to region, all pairs, ten digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["region", "to_region", "value"])
        for code, row in zip(regions.codes, values, strict=True):
            for to, value in zip(regions.codes, row, strict=True):
                writer.writerow([code, to, number(value)])


def _shares(values: Floats, regions: RegionSet, like: Floats) -> Floats:
    """Return shares of the national total by region; where that is nothing, those of `like`."""
    summed, fallback = (np.tensordot(regions.incidence(), each, 1) for each in (values, like))
    total = summed.sum(axis=0)
    return np.where(
        total > 0, summed / np.where(total > 0, total, 1.0), fallback / np.maximum(fallback.sum(axis=0), 1e-300)
    )


def people(found: Base, regions: RegionSet) -> list[Row]:
    """Rows of the residents, employed and unemployed by sex and age."""
    ages = found.national.ages
    adults = found.population[:, :, ages.start : ages.stop]
    labels = {"region": regions.codes, "sex": SEXES}
    told = {"status": "estimated"}
    out = rows_of(
        "regional_population_share",
        _shares(found.population, regions, found.population),
        {**labels, "age": range(101)},
        source="municipal_population",
        **told,
    )
    for name, values in (("employed", found.employed), ("unemployed", found.unemployed)):
        shares = _shares(values, regions, adults)
        out += rows_of(f"{name}_resident_share", shares, {**labels, "age": ages}, source="labour_force_survey", **told)
    return out


def _residents_by_section(found: Base, regions: RegionSet) -> Floats:
    """(regions, 19) workers by region of residence: commuters have the sections of the region where they work.

    Of regions, not of municipalities, so that `krapte_sd.parameters.raking.commuting_by_section` gives exactly the
    workers by region of work.
    """
    incidence = regions.incidence()
    workers = incidence @ found.commuting.workers @ incidence.T
    mix = incidence @ found.sections
    return np.asarray(workers @ (mix / mix.sum(axis=1, keepdims=True)))


def work(found: Base, regions: RegionSet) -> list[Row]:
    """Rows by section: workers by region of work and of residence, vacancies."""
    incidence = regions.incidence()
    status = np.array([["estimated" if alone else "assumed" for alone in ALONE]] * len(regions))
    labels = {"region": regions.codes, "sector": SECTIONS}
    parts = {
        "workplace_share": (incidence @ found.sections, "jobs", status),
        "residence_share": (_residents_by_section(found, regions), "jobs", status),
        "vacancy_share": (
            incidence @ found.vacancies,
            "vacancies",
            np.full(status.shape, "estimated" if regions.name == "province" else "assumed"),
        ),
    }
    out = []
    shares = {name: values / values.sum(axis=0) for name, (values, _, _) in parts.items()}
    shares["vacancy_share"] = _bounded(shares["vacancy_share"], shares["workplace_share"])
    for name, (_, source, told) in parts.items():
        out += rows_of(name, shares[name], labels, source=source, status=told)
    return out


VACANCY_RATE_BOUNDS = (0.6, 1.8)
"""Vacancy rate of a region and section relative to the country; `assumed`.

The figures behind it are printed in hundreds, so a cell may hold nearly no vacancies for its workers. With the hires
that its workers need, such a cell would fill its vacancies within days."""


def _bounded(share: Floats, workers: Floats) -> Floats:
    """Keep shares of vacancies (regions, sections) within bounds of the shares of workers; they add up to one."""
    out = share
    for _ in range(200):
        out = np.clip(out, VACANCY_RATE_BOUNDS[0] * workers, VACANCY_RATE_BOUNDS[1] * workers)
        out = out / out.sum(axis=0)
    return out


def group_errors(found: Base, regions: RegionSet) -> Floats:
    """(regions, 10) relative error of workers.

    Where a COROP area is divided, what one region has too much the others have too little: the held-out error is
    taken of the smaller of the part and the rest.
    """
    corop = found.divisions.corop.incidence()
    incidence = regions.incidence()
    part = np.einsum("rm,cm,mg->rcg", incidence, corop, found.jobs)
    rest = corop @ found.jobs - part
    divided = np.minimum(part, rest) * np.array([SPLIT_ERROR[group] for group in GROUPS])
    return np.asarray(np.sqrt(AREA_ERROR**2 + (divided**2).sum(axis=1) / (incidence @ found.jobs) ** 2))


def groups(found: Base, regions: RegionSet) -> list[Row]:
    """Rows for reading: workers by group, employed residents, net commuting, with their errors."""
    incidence = regions.incidence()
    workers = incidence @ found.jobs
    error = group_errors(found, regions)
    labels = {"region": regions.codes}
    out = rows_of(
        "workers_by_group",
        workers,
        {**labels, "sector": GROUPS},
        low=workers * (1 - error),
        high=workers * (1 + error),
        distribution="uniform",
        source="jobs",
        status="estimated",
    )
    residents = incidence @ found.employed.sum(axis=(1, 2))
    out += rows_of("employed_residents", residents, labels, source="labour_force_survey", status="estimated")
    balance, band = workers.sum(axis=1) - residents, residents * COMMUTING_ERROR.get(regions.name, 0.06)
    out += rows_of(
        "net_commuting",
        balance,
        labels,
        low=balance - band,
        high=balance + band,
        distribution="uniform",
        source="commuting",
        status="estimated",
    )
    return out


@dataclass(frozen=True)
class Drift:
    """How municipalities drift apart; regions of any division are sums of it.

    Attributes
    ----------
    national : regions_outlook.NationalRates
        Rates of the country.
    own : regions_outlook.Regional
        Of municipalities.
    people : numpy.ndarray
        (27, municipalities) residents of 2024 to 2050; provinces have their official shares in the last.
    width : numpy.ndarray
        (municipalities,) half of the 67% interval of a rate.
    homes : numpy.ndarray
        (municipalities,) homes agreed.
    """

    national: outlook.NationalRates
    own: outlook.Regional
    people: Floats
    width: Floats
    homes: Floats


def drift(found: Base, parameters: Path) -> Drift:
    """Project the municipalities, with a net domestic rate for each province such that its forecast is met."""
    where = found.divisions
    national = outlook.national_rates(parameters)
    weight = outlook.move_weight(found.observations, found.population.sum(axis=0))
    immigration = outlook.immigration_shares(found.observations, where, found.population)
    incidence = where.province.incidence()
    inhabitants = found.population.sum(axis=(1, 2))
    share, spread = outlook.targets(found.observations, where, incidence @ inhabitants)
    own = outlook.differences(found.population, national, immigration, weight)
    at = where.province.position
    rate = outlook.solve_move_rates(found.population, national, own, at, share)
    width = np.maximum(spread / (outlook.END - outlook.START), outlook.SMALLEST_SPREAD)
    people = outlook.project(found.population, national, own, rate[at]).sum(axis=(2, 3))
    homes = by_region(found.observations, "homes_agreed", where.province.codes)
    agreed = np.array([homes[code] for code in where.province.codes])
    per_inhabitant = agreed / (incidence @ inhabitants)
    return Drift(national, own, people, width[at], inhabitants * per_inhabitant[at])


def prospects(found: Base, drifting: Drift, regions: RegionSet) -> list[Row]:
    """Rows of how regions drift apart: migration, homes, tasks, and the residents of 2035 and 2050 to compare with."""
    incidence = regions.incidence()
    inhabitants = found.population.sum(axis=(1, 2))
    labels = {"region": regions.codes}
    province = regions.name == "province"
    start = np.tensordot(incidence, found.population, 1)
    own = outlook.differences(start, drifting.national, incidence @ drifting.own.net_share, drifting.own.weight)
    people = incidence @ drifting.people.T
    share = people / people.sum(axis=0)
    alone = np.arange(len(regions))
    rate = outlook.solve_move_rates(start, drifting.national, own, alone, share[:, -1])
    width = (incidence @ (inhabitants * drifting.width)) / (incidence @ inhabitants)
    out = rows_of(
        "domestic_move_rate",
        rate,
        labels,
        low=rate - width,
        high=rate + width,
        distribution="normal",
        source="pbl_cbs_2022",
        status="estimated",
    )
    out += rows_of("domestic_move_weight", own.weight, {"age": range(101)}, source="moves", status="assumed")
    out += rows_of(
        "domestic_move_by_age",
        own.pull,
        {**labels, "age": range(101)},
        source="municipal_population",
        status="estimated",
    )
    out += rows_of("birth_factor", own.births, labels, source="municipal_population", status="estimated")
    out += rows_of("net_migration_share", own.net_share, labels, source="immigration", status="estimated")
    homes = incidence @ drifting.homes
    told = "literature" if province else "assumed"
    out += rows_of("homes_agreed_2022_2030", homes, labels, source="housing_agreements", status=told)
    for task in TASKS:
        if task == "homes":
            values = homes
        else:
            values = incidence @ found.jobs[:, [GROUPS.index(group) for group in TASK_GROUPS[task]]].sum(axis=1)
        cells = {
            "source": "housing_agreements" if task == "homes" else "no_source",
            "status": told if task == "homes" else "assumed",
        }
        out += rows_of("task_location", (values / values.sum())[:, None], {**labels, "task": [task]}, **cells)
    total = by_region(found.observations, "forecast_2022_population", ("NL",), period="2050")["NL"]
    read = by_region(found.observations, "forecast_2022_population", regions.codes, period="2050")
    status = np.array(["official_projection" if code in read else "estimated" for code in regions.codes])
    last = np.array([read.get(code, value) for code, value in zip(regions.codes, share[:, -1] * total, strict=True)])
    out += rows_of(
        "forecast_population", last[:, None], {**labels, "year": [2050]}, source="pbl_cbs_2022", status=status[:, None]
    )
    middle = share[:, 2035 - outlook.START] * FORECAST_2035
    out += rows_of(
        "forecast_population", middle[:, None], {**labels, "year": [2035]}, source="pbl_cbs_2022", status="estimated"
    )
    return out
