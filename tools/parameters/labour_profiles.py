"""Who works where on 1 January of a year: rates by single age, and sector shares by single age.

The published figures are bands: participation by five-year age and sex, workers by section, sex and four bands, and
by group of sections in ten-year bands; single ages are published from 55 to 69 for both sexes together. The curves
here meet the bands and are as smooth as that allows, with kinks only around the pension age.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import lsq_linear

if TYPE_CHECKING:
    from krapte_sd.parameters.observations import Observations

SEXES = ("female", "male")
SECTORS = tuple("ABCDEFGHIJKLMNOPQRS")
AGES = np.arange(15, 77)
"""Ages of the labour force survey, 15-74, and two years in which the last of them leave its count."""

SURVEY = slice(0, 60)
"""Positions of 15-74."""

BASE_PERIODS = ("2023", "2024")
"""Yearly means whose average stands for 1 January 2024."""

Target = tuple[int, int, float, float]
"""First and last age of a band, its mean, weight of the figure."""

FIVE_YEAR_BANDS = tuple((low, low + 4) for low in range(15, 65, 5))
SECTION_BANDS = {"15-24": (15, 24), "25-54": (25, 54), "55-64": (55, 64), "65+": (65, 74)}
TEN_YEAR_BANDS = {"25-34": (25, 34), "35-44": (35, 44), "45-54": (45, 54)}
GROUP_OF = {k: "A" if k == "A" else "B-F" if k in "BCDEF" else "G-N" if k in "GHIJKLMN" else "O-U" for k in SECTORS}
KNOT_AGES = np.array([19.0, 30.0, 40.0, 50.0, 60.0, 68.0])
KNOT_BANDS = ("15-24", "25-54", "25-54", "25-54", "55-64", "65+")
LEAVING_EMPLOYED = {74: 0.05, 75: 0.015, 76: 0.002}
LEAVING_UNEMPLOYED = {74: 0.001, 75: 0.0003, 76: 0.00005}
"""Share of the residents around 75; `assumed`: the survey ends there, and nobody leaves a stock at once."""

SUPPRESSED = 20.0
"""Least number of persons in a cell that ILOSTAT suppresses as unreliable; keeps the fit away from zero."""

NEIGHBOUR = {"15-24": "25-54", "25-54": "55-64", "55-64": "25-54", "65+": "55-64"}


class Survey(NamedTuple):
    """What the labour force survey says about a 1 January.

    `periods` yearly means whose average stands for it; `employed` and `unemployed` totals of 15-74, persons; `older`
    employed per head of both sexes from 55 on, beside the five-year bands to 64; `older_unemployed` unemployed per head
    above 64.
    """

    periods: tuple[str, ...]
    employed: float
    unemployed: float
    older: tuple[Target, ...]
    older_unemployed: tuple[Target, ...]

    def mean(self, observations: Observations, series: str, **filters: str) -> float:
        """Mean of a series over the periods."""
        return float(np.mean([observations.value(series, period=p, **filters) for p in self.periods]))


def survey_2024(observations: Observations) -> Survey:
    """Give the survey around 1 January 2024: two yearly means, totals of January, single ages of 2024Q1."""
    older = []
    for age in range(55, 70):
        # single ages are a sample of some 200 thousand people each: they lead only where the rate changes quickly
        rate = observations.value("net_participation_rate", age=str(age), period="2024Q1") / 100
        older.append((age, age, rate, 8.0 if age in (65, 66, 67) else 3.0))
    unemployed = []
    for band in ("65-69", "70-74"):
        lo, hi = (int(x) for x in band.split("-"))
        found = {
            name: observations.value(name, age=band, period="2024Q1")
            for name in ("net_participation_rate", "older_unemployed", "older_population")
        }
        older.append((lo, hi, found["net_participation_rate"] / 100, 100.0))
        unemployed.append((lo, hi, found["older_unemployed"] / found["older_population"], 100.0))
    totals = (observations.value(name, period="2024-01") for name in ("employed", "unemployed"))
    return Survey(BASE_PERIODS, *totals, tuple(older), tuple(unemployed))


@dataclass(frozen=True)
class LabourProfiles:
    """Stocks on 1 January by sex and single age 15-76, persons.

    `population`, `employed`, `unemployed`: (2, 62); `share`: (19, 2, 62), share of the employed of the age by section.
    """

    population: np.ndarray
    employed: np.ndarray
    unemployed: np.ndarray
    share: np.ndarray

    @property
    def inactive(self) -> np.ndarray:
        """Residents of the age who are neither employed nor unemployed."""
        return self.population - self.employed - self.unemployed


def labour_profiles(observations: Observations, population: np.ndarray, survey: Survey) -> LabourProfiles:
    """Stocks by status, section, sex and single age from the bands published; `population` is (2, 101), persons."""
    weights = population[:, 15:77]
    employment = _employment_rates(observations, population, survey)
    unemployment = _unemployment_rates(observations, population, survey)
    employed = employment * weights
    employed *= survey.employed / employed[:, SURVEY].sum()
    unemployed = unemployment * weights
    unemployed *= survey.unemployed / unemployed[:, SURVEY].sum()
    share = np.stack([_shares_of_sex(observations, i, employed[i], survey) for i in range(2)], axis=1)
    return LabourProfiles(weights, employed, unemployed, share)


def _curve(
    targets: list[tuple[int, int, float, float]], weights: np.ndarray, kinks: tuple[int, ...] = ()
) -> np.ndarray:
    """Single-age curve 15-76 of least curvature that meets the band means (low, high, value, weight of the target)."""
    n = len(AGES)
    rows, right = [], []
    for low, high, value, strength in targets:
        row = np.zeros(n)
        band = weights[low : high + 1]
        row[low - 15 : high - 14] = band / band.sum()
        rows.append(row * strength)
        right.append(value * strength)
    for i in range(1, n - 1):
        row = np.zeros(n)
        row[i - 1 : i + 2] = [1.0, -2.0, 1.0]
        rows.append(row * (0.2 if 15 + i in kinks else 3.0))
        right.append(0.0)
    return lsq_linear(np.array(rows), np.array(right), bounds=(1e-4, 1.0)).x


def _employment_rates(observations: Observations, population: np.ndarray, survey: Survey) -> np.ndarray:
    both = population.sum(axis=0)
    by_sex = [
        [
            (lo, hi, survey.mean(observations, "employment_rate", sex=s, age=f"{lo}-{hi}") / 100, 100.0)
            for lo, hi in FIVE_YEAR_BANDS
        ]
        for s in SEXES
    ]
    targets = []
    for j, (lo, hi) in enumerate(FIVE_YEAR_BANDS):
        people = population[:, lo : hi + 1].sum(axis=1)
        targets.append((lo, hi, float(sum(by_sex[i][j][2] * people[i] for i in range(2)) / people.sum()), 100.0))
    targets += survey.older
    targets += [(age, age, rate, 30.0) for age, rate in LEAVING_EMPLOYED.items()]
    total = _curve(targets, both, kinks=(65, 66, 67))
    women, men = (_curve(by_sex[i], population[i]) for i in range(2))
    ratio = women / men
    old = survey.mean(observations, "employment_rate", sex="female", age="65+") / survey.mean(
        observations, "employment_rate", sex="male", age="65+"
    )
    # women work less than men above 65; from the ratio of 62 to that of 65 and over at 70, straight
    old_ages = AGES >= 62
    ratio[old_ages] = np.interp(AGES[old_ages], [62, 70], [ratio[62 - 15], old])
    male = total * both[15:77] / (population[1, 15:77] + ratio * population[0, 15:77])
    return np.array([ratio * male, male])


def _unemployment_rates(observations: Observations, population: np.ndarray, survey: Survey) -> np.ndarray:
    """Unemployed per head by sex and age: participation less employment; 65 and over from the single-age table."""
    out = []
    for i, sex in enumerate(SEXES):
        targets = []
        for lo, hi in FIVE_YEAR_BANDS:
            age = f"{lo}-{hi}"
            rate = survey.mean(observations, "participation_rate", sex=sex, age=age) - survey.mean(
                observations, "employment_rate", sex=sex, age=age
            )
            targets.append((lo, hi, rate / 100, 100.0))
        targets += survey.older_unemployed
        targets += [(age, age, rate, 30.0) for age, rate in LEAVING_UNEMPLOYED.items()]
        out.append(_curve(targets, population[i]))
    return np.array(out)


def _knot_basis() -> np.ndarray:
    """(6, 62) weights of the knots by age; below the first knot the slope of the first stretch goes on."""
    basis = np.array([np.interp(AGES, KNOT_AGES, np.eye(6)[j]) for j in range(6)])
    young = KNOT_AGES[0] > AGES
    slope = (KNOT_AGES[0] - AGES[young]) / (KNOT_AGES[1] - KNOT_AGES[0])
    basis[:, young] = 0.0
    basis[0, young] = 1 + slope
    basis[1, young] = -slope
    return basis


def _shares_of_sex(observations: Observations, i: int, employed: np.ndarray, survey: Survey) -> np.ndarray:
    """Section shares (19, 62) of one sex: log-linear between knots, the knots scaled until bands and groups are met.

    Iterative proportional fitting on the knots instead of the cells, so that no step appears at the border of a band.
    """
    sex = SEXES[i]
    wanted = {}
    for band, (lo, hi) in SECTION_BANDS.items():
        cells = _section_cells(observations, sex, band, survey.periods)
        wanted[band] = cells / cells.sum() * employed[lo - 15 : hi - 14].sum()
    groups = {}
    for band in TEN_YEAR_BANDS:
        cells = {
            g: survey.mean(observations, "employed_by_sector_group", sector=g, sex=sex, age=band)
            for g in ("A", "B-F", "G-N", "O-U")
        }
        groups[band] = {g: v / sum(cells.values()) for g, v in cells.items()}
    members = {g: [q for q, k in enumerate(SECTORS) if GROUP_OF[k] == g] for g in ("A", "B-F", "G-N", "O-U")}
    knots = np.log(np.stack([wanted[b] / wanted[b].sum() for b in KNOT_BANDS], axis=1))
    basis = _knot_basis()
    for _ in range(600):
        workers = _softmax(knots @ basis) * employed
        for band, (lo, hi) in SECTION_BANDS.items():
            step = 0.7 * np.log(wanted[band] / workers[:, lo - 15 : hi - 14].sum(axis=1))
            for j in (j for j in range(6) if KNOT_BANDS[j] == band):
                knots[:, j] += step
        workers = _softmax(knots @ basis) * employed
        for j, (band, (lo, hi)) in enumerate(TEN_YEAR_BANDS.items(), start=1):
            here = workers[:, lo - 15 : hi - 14].sum(axis=1)
            for g, rows in members.items():
                knots[rows, j] += 0.5 * np.log(groups[band][g] * here.sum() / here[rows].sum())
    return _softmax(knots @ basis)


def _section_cells(observations: Observations, sex: str, band: str, periods: tuple[str, ...]) -> np.ndarray:
    """Workers (19,) of a sex and band; the suppressed are the rest of the total, divided by a neighbour band."""
    found = observations.series("employed_by_section", sex=sex, age=band)
    means = found[found["period"].isin(periods)].groupby("sector")["value"].mean()
    rest = max(float(means["A-U"] - means.drop("A-U").sum()), 0.0)
    neighbour = observations.series("employed_by_section", sex=sex, age=NEIGHBOUR[band])
    weights = neighbour[neighbour["period"].isin(periods)].groupby("sector")["value"].mean()
    absent = [k for k in SECTORS if k not in means.index]
    total = sum(float(weights.get(k, SUPPRESSED)) for k in absent)
    imputed = {k: max(rest * float(weights.get(k, SUPPRESSED)) / total, SUPPRESSED) for k in absent}
    cells = np.array([means[k] if k in means.index else imputed[k] for k in SECTORS], float)
    return np.maximum(cells, SUPPRESSED)  # small cells are rounded to none in some years


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=0))
    return e / e.sum(axis=0)
