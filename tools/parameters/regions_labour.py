"""Who works, who is unemployed and where posts are open, by municipality on 1 January 2024."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tools.parameters.regions_jobs import GROUP_OF_SECTION, SECTIONS
from tools.parameters.regions_population import SEXES, Divisions, by_region, rake_groups
from tools.parameters.tables import read_table

from krapte_sd.parameters.observations import Observations
from krapte_sd.parameters.raking import rake

Floats = npt.NDArray[np.float64]
SURVEY_YEAR = "2023"
KEPT_PER_YEAR = 0.65 ** (1 / 5)
"""How much of the log ratio of an area to its province is left after a year: slope of 2022 on 2017, regional trial."""

SIZE_POWER = 0.10
"""Unemployment rate of a municipality by its inhabitants, inside an area (fit of the regional trial: 0.13)."""

AREA_YEARS = ("2022", "2018", "2017", "2016")
VACANCY_QUARTERS = ("2021Q3", "2021Q4", "2022Q1", "2022Q2", "2022Q3", "2022Q4", "2023Q1", "2023Q2")
SMALLEST_VACANCIES = 50.0
"""CBS rounds to hundreds: a cell that is printed as nothing may hold as many."""


@dataclass(frozen=True)
class NationalLabour:
    """What the model has for the country on 1 January 2024.

    Attributes
    ----------
    ages : range
        Ages of the two tables, from 15.
    employed : numpy.ndarray
        (19, 2, ages) employed residents by section, sex and age.
    unemployed : numpy.ndarray
        (2, ages).
    vacancies : numpy.ndarray
        (19,).
    """

    ages: range
    employed: Floats
    unemployed: Floats
    vacancies: Floats


def national_labour(parameters: Path) -> NationalLabour:
    """Read the national tables."""
    labour, vacancies = read_table(parameters, "labour"), read_table(parameters, "vacancies")
    found = labour.series("initial_employed", "age", region="NL", sex=SEXES[0], sector=SECTIONS[0])
    ages = range(min(found), max(found) + 1)

    def by_age(name: str, **labels: str) -> Floats:
        return np.array([labour.array(name, "age", ages, region="NL", sex=sex, **labels) for sex in SEXES])

    employed = np.array([by_age("initial_employed", sector=section) for section in SECTIONS])
    unemployed = by_age("initial_unemployed", sector="")
    return NationalLabour(
        ages, employed, unemployed, vacancies.array("initial_vacancies", "sector", SECTIONS, region="NL")
    )


def employed_residents(observations: Observations, where: Divisions, people: Floats, national: Floats) -> Floats:
    """Return (municipalities, 2, ages) employed residents; adds up to `national` (2, ages).

    National rates by sex and age, and one factor for each province such that the labour force survey of 2023 holds.
    """
    totals = _province_totals(observations, where, "employed_by_region", float(national.sum()))
    rates = national / people.sum(axis=0)
    return rake_groups(people * rates, where.province.position, totals, national)


def _province_totals(observations: Observations, where: Divisions, series: str, total: float) -> Floats:
    found = by_region(observations, series, where.province.codes, period=SURVEY_YEAR)
    values = np.array([found[code] for code in where.province.codes])
    return np.asarray(values * total / values.sum())


def area_ratios(observations: Observations, where: Divisions) -> Floats:
    """Return (corop,) unemployment rate over that of the province, shrunk to one with its age; NaN where unknown."""
    province_of = where.province_of_corop
    out = np.full(len(where.corop), np.nan)
    for year in AREA_YEARS:
        rates = by_region(observations, "unemployment_rate_by_region", where.corop.codes, period=year)
        counts = by_region(observations, "labour_force_by_region", where.corop.codes, period=year)
        printed = by_region(observations, "unemployment_rate_by_region", where.province.codes, period=year)
        for code, rate in rates.items():
            at = where.corop.codes.index(code)
            others = [c for c, p in zip(where.corop.codes, province_of, strict=True) if p == province_of[at]]
            name = where.province.codes[province_of[at]]
            if not np.isnan(out[at]) or len(others) == 1:
                continue
            if name in printed:
                base = printed[name]
            elif all(other in rates for other in others):
                base = sum(rates[o] * counts[o] for o in others) / sum(counts[o] for o in others)
            else:
                continue
            out[at] = (rate / base) ** (KEPT_PER_YEAR ** (int(SURVEY_YEAR) - int(year)))
    return out


def unemployed_residents(
    observations: Observations,
    where: Divisions,
    inhabitants: Floats,
    people: Floats,
    employed: Floats,
    national: Floats,
) -> Floats:
    """Return (municipalities, 2, ages) unemployed residents; adds up to `national` (2, ages).

    Province totals of the survey of 2023; areas by their last known ratio to the province, shrunk; inside an area,
    and for areas without a ratio, a rate that rises with the inhabitants of the municipality to the power 0.1.
    """
    totals = _province_totals(observations, where, "unemployed_by_region", float(national.sum()))
    seed = people * (national / people.sum(axis=0))
    # what the ages of the residents explain is taken out, so that the rate as a whole has the pattern wanted
    active = seed.sum(axis=(1, 2)) + employed.sum(axis=(1, 2))
    wanted = active * inhabitants**SIZE_POWER
    ratio = area_ratios(observations, where)
    area, province = where.corop.position, where.province.position
    of_area = np.bincount(area, wanted) / np.bincount(area, active)
    of_province = np.bincount(province, wanted) / np.bincount(province, active)
    by_size = of_area / of_province[where.province_of_corop]
    level = np.where(np.isnan(ratio), 1.0, ratio / by_size)
    wanted *= level[area]
    wanted *= (totals / np.bincount(province, wanted))[province]
    seed *= (wanted / seed.sum(axis=(1, 2)))[:, None, None]
    return rake(seed, [((0,), wanted), ((1, 2), national)])


def province_vacancies(observations: Observations, where: Divisions, jobs: Floats, national: Floats) -> Floats:
    """Return (province, 19) open vacancies by section; adds up to `national` (19,).

    Shares of the quarters 2021Q3-2023Q2. Cells printed as nothing get what the national vacancy rate gives, at most 50.

    Parameters
    ----------
    observations, where
        The published figures and the divisions.
    jobs : numpy.ndarray
        (province, 19) workers by place of work.
    national : numpy.ndarray
        (19,) vacancies of the model.
    """
    mean = np.zeros_like(jobs)
    total = np.zeros(len(jobs))
    for quarter in VACANCY_QUARTERS:
        for at, section in enumerate(SECTIONS):
            told = {"period": quarter, "sector": section}
            found = by_region(observations, "open_vacancies_by_region", where.province.codes, **told)
            mean[:, at] += [found[code] / len(VACANCY_QUARTERS) for code in where.province.codes]
        found = by_region(observations, "open_vacancies_by_region", where.province.codes, period=quarter, sector="A-U")
        if quarter in VACANCY_QUARTERS[-4:]:
            total += [found[code] for code in where.province.codes]
    expected = jobs * (national / jobs.sum(axis=0))
    mean = np.where(mean < SMALLEST_VACANCIES, np.maximum(mean, np.minimum(expected, SMALLEST_VACANCIES)), mean)
    return rake(mean, [((0,), total * national.sum() / total.sum()), ((1,), national)])


def municipal_vacancies(where: Divisions, province: Floats, jobs: Floats) -> Floats:
    """Divide (province, 19) vacancies over municipalities in proportion to their workers (municipalities, 19)."""
    table = where.province.incidence() @ jobs
    return np.asarray(jobs * (province / table)[where.province.position])


def by_section(jobs: Floats, national: Floats) -> Floats:
    """Divide (rows, groups) over sections with the national mix of each group; `national` is (19,)."""
    group = np.bincount(GROUP_OF_SECTION, national)
    return np.asarray(jobs[:, GROUP_OF_SECTION] * (national / group[GROUP_OF_SECTION]))
