"""Calibrate the population inputs on the official forecast, and on nothing but it.

The forecast was published as totals and a few ages; its schedules were not. A small number of smooth parameters is
chosen so that the population module, started from the population of the forecast, gives its births, deaths, migration
and ages. The variants of the forecast play no part: they are left to test the result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares
from tools.parameters.population_run import Inputs, Outcome, project
from tools.parameters.population_schedules import AGES, ANCHORS, SEXES, YEARS, Migration, Mortality, pchip
from tools.parameters.tables import Table

from krapte_sd.scenarios.population import life_expectancy

__all__ = ["Calibrated", "calibrate"]

FERTILITY_KNOTS = np.array([2024, 2027, 2030, 2040, 2050]) + 0.5
PASSES = 6  # of the outer loop; the last changes the inputs by less than 1e-4
OLDER_STEP = -0.05


class Setting(NamedTuple):
    """Everything that is not calibrated but given."""

    sources: Table
    migration: Migration
    mortality: Mortality
    profile: np.ndarray
    fertility_shape: np.ndarray
    share_of_births: np.ndarray


class Calibrated(NamedTuple):
    """Inputs from the observed population on, the parameters they come from and the fit to the forecast."""

    inputs: Inputs
    parameters: dict[str, float]
    residuals: dict[str, tuple[float, float]]


class Parameters(NamedTuple):
    """The calibrated parameters."""

    mortality: np.ndarray
    fertility: np.ndarray
    speed: float
    older: float

    @classmethod
    def of(cls, vector: np.ndarray) -> Parameters:
        """Cut a vector of 15 numbers."""
        return cls(vector[:8], vector[8:13], float(np.exp(vector[13])), float(vector[14]))


PRIOR = np.array([*Mortality.PRIOR, 0, 0, 0, 0, 0, np.log(2.0), 0])
SPREAD = np.array([*Mortality.SPREAD, 0.05, 0.03, 0.05, 0.05, 0.05, 0.5, 0.1])
# Priors only hold what the figures leave open.
PRIOR_WEIGHT = 0.3


def setting(sources: Table) -> Setting:
    """Prepare the given schedules."""
    migration = Migration(sources)
    shape = np.zeros(101)
    for age, rate in sources.series("un_fertility_rate", "age").items():
        shape[age] = rate
    ratio = sources.one("un_sex_ratio_at_birth")
    births = np.array([1.0, ratio]) / (1 + ratio)
    return Setting(sources, migration, Mortality(sources), migration.immigration_profile(), shape / shape.sum(), births)


def observed_net_migration(sources: Table) -> float:
    """Return net migration in 2024: growth less births plus deaths."""
    growth = sources.one("observed_population", year=2025) - sources.one("observed_population", year=2024)
    return growth - sources.one("observed_births", year=2024) + sources.one("observed_deaths", year=2024)


def net_migration(given: Setting, speed: float) -> np.ndarray:
    """Return net migration of the forecast by calendar year; only its fall between 2024 and 2030 is calibrated."""
    published = given.sources.series("forecast_net_migration", "year")
    years = [2024, 2030, 2040, 2050, 2060]
    path = pchip(years, [published[year] for year in years], YEARS)
    left = np.clip((2030 - YEARS) / 6, 0, 1)
    falling = published[2030] + (published[2024] - published[2030]) * left**speed
    return np.where(YEARS < 2030, falling, path)


def emigration_total(given: Setting, observed: bool) -> np.ndarray:
    """Return emigration of the forecast by calendar year, with the year 2024 as observed or as forecast."""
    published = given.sources.series("forecast_emigration", "year")
    if observed:
        immigration = given.sources.one("observed_immigration", year=2024)
        published[2024] = immigration - observed_net_migration(given.sources)
    years = [2023, 2024, 2030, 2040, 2050, 2060]
    return pchip(years, [published[year] for year in years], YEARS)


def forecast_base(given: Setting) -> np.ndarray:
    """Return the population the forecast had for 1 January 2024: ours, and its surplus as recent immigrants over 20."""
    base = np.array([given.sources.array("base_population", "age", AGES, sex=sex) for sex in SEXES])
    surplus = given.sources.one("forecast_population", year=2024) - given.sources.one("observed_population", year=2024)
    adults = given.profile[:, 1:, 0] * (AGES >= 20)
    return base + surplus * adults / adults.sum()


class Emigration:
    """Rates of emigration, brought in line with the population that a run gives."""

    def __init__(self, given: Setting) -> None:
        self.given = given
        self.level = np.ones(YEARS.size)
        base = forecast_base(given).sum(0)
        middle = np.append(base[0] / 2, (base[1:] + base[:-1]) / 2)
        self.set_shapes(dict.fromkeys(ANCHORS, middle))

    def set_shapes(self, residents: dict[int, np.ndarray]) -> None:
        """Compute the rates for two values of the parameter `older`; between them they are interpolated."""
        self.shapes = [self.given.migration.emigration_rates(residents, older) for older in (0.0, OLDER_STEP)]

    def rates(self, older: float) -> np.ndarray:
        """Return rates by sex, age and year."""
        part = older / OLDER_STEP
        first, second = (np.log(np.maximum(shape, 1e-12)) for shape in self.shapes)
        rates = np.exp(first * (1 - part) + second * part) * self.level
        rates[100] = 0.0
        return np.stack([rates, rates])

    def adjust(self, outcome: Outcome, total: np.ndarray, shapes: bool) -> None:
        """Bring level and, if asked, shapes in line with a run."""
        if shapes:
            self.set_shapes({year: outcome.middle[year - YEARS[0]] for year in ANCHORS})
        ratio = total[:-1] / outcome.emigration
        self.level = self.level * np.interp(YEARS, YEARS[:-1] + 0.5, ratio)


def inputs_of(given: Setting, emigration: Emigration, vector: np.ndarray) -> Inputs:
    """Return the inputs for a vector of parameters, from the population of the forecast."""
    parameters = Parameters.of(vector)
    sources = given.sources
    published = sources.series("forecast_total_fertility", "year")
    years = [2023, 2030, 2040, 2050, 2060]
    total = pchip(np.array(years) + 0.5, [published[year] for year in years], YEARS)
    factor = np.exp(
        pchip(FERTILITY_KNOTS, parameters.fertility, np.clip(YEARS, FERTILITY_KNOTS[0], FERTILITY_KNOTS[-1]))
    )
    return Inputs(
        initial_population=forecast_base(given),
        mortality_rate=given.mortality.rates(parameters.mortality),
        emigration_rate=emigration.rates(parameters.older),
        fertility_rate=given.fertility_shape[:, None] * (total * factor),
        share_of_births=given.share_of_births,
        net_migration_assumed=net_migration(given, parameters.speed),
        immigration_profile=given.profile,
    )


def calendar(first_january: np.ndarray) -> np.ndarray:
    """Turn values on 1 January (last axis) into those of the calendar years 2024 to 2050."""
    return (first_january[..., 1:] + first_january[..., :-1]) / 2


def targets(given: Setting, variants: Table, inputs: Inputs, outcome: Outcome) -> dict[str, tuple[float, float, float]]:
    """Return for each figure of the forecast what the model gives, what was published, and the tolerance."""
    sources = given.sources
    found: dict[str, tuple[float, float, float]] = {}

    def add(name: str, model: float, published: float, relative: float = 0.0, absolute: float = 0.0) -> None:
        found[name] = (model, published, absolute or relative * published)

    for flow, tolerance in (("births", 0.002), ("deaths", 0.003)):
        by_year = getattr(outcome, flow)
        add(f"{flow} 2024 (observed)", by_year[0], sources.one(f"observed_{flow}", year=2024), tolerance / 2)
        for year in (2030, 2040, 2050):
            published = sources.one(f"forecast_{flow}", year=year)
            add(f"{flow} {year}", by_year[year - 2024], published, tolerance)
    for year in (2030, 2040, 2050):
        residents = outcome.population[year - 2024]
        add(f"population {year}", residents.sum(), sources.one("forecast_population", year=year), 0.001)
        young = sources.one("forecast_population_by_age", year=year, age=0)
        add(f"population 0-19 {year}", residents[:20].sum(), young, 0.005)
    residents = outcome.population[2050 - 2024]
    for first, last in ((20, 64), (65, 79), (80, 100)):
        published = variants.one("variant_population", variant="prognose", age=first, year=2050)
        add(f"population {first}-{last} 2050", residents[first : last + 1].sum(), published, 0.003)
    expectancy = calendar(life_expectancy(np.moveaxis(inputs.mortality_rate, 1, -1)))
    before = np.array([sources.one("un_life_expectancy", sex=sex, year=2023) for sex in SEXES])
    average = (before + expectancy[:, :26].sum(1)) / 27
    women = variants.one("variant_life_expectancy_women", variant="prognose")
    gap = [sources.one("earlier_forecast_life_expectancy", sex=sex) for sex in SEXES]
    add("life expectancy of women, 2023-2049", average[0], women, absolute=0.1)
    add("life expectancy of women less men", average[0] - average[1], gap[0] - gap[1], absolute=0.2)
    for at, sex in enumerate(SEXES):
        published = sources.one("un_life_expectancy", sex=sex, year=2024)
        add(f"life expectancy {sex} 2024", expectancy[at, 0], published, absolute=0.2)
    net = sources.one("forecast_net_migration", year=2023) + inputs.net_migration_assumed[:26].sum()
    add("net migration, 2023-2049", net / 27, variants.one("variant_net_migration", variant="prognose"), absolute=500.0)
    total = sources.one("forecast_total_fertility", year=2023) + calendar(inputs.fertility_rate.sum(0))[:26].sum()
    published = variants.one("variant_total_fertility", variant="prognose")
    add("total fertility, 2023-2049", total / 27, published, absolute=0.005)
    return found


def calibrate(sources: Table, variants: Table) -> Calibrated:
    """Calibrate on the forecast, then start from what was observed up to the end of 2024.

    Parameters
    ----------
    sources : Table
        ``demography_sources``.
    variants : Table
        ``population_variants``; of it only the forecast itself is read.
    """
    given = setting(sources)
    emigration = Emigration(given)
    vector = PRIOR.copy()

    def residuals(trial: np.ndarray) -> np.ndarray:
        inputs = inputs_of(given, emigration, trial)
        aims = targets(given, variants, inputs, project(inputs)).values()
        misses = [(model - published) / tolerance for model, published, tolerance in aims]
        return np.concatenate([misses, (trial - PRIOR) / SPREAD * PRIOR_WEIGHT])

    total = emigration_total(given, observed=False)
    for _ in range(PASSES):
        vector = least_squares(residuals, vector, x_scale=SPREAD, diff_step=1e-4, max_nfev=8).x
        emigration.adjust(project(inputs_of(given, emigration, vector)), total, shapes=True)
    inputs = inputs_of(given, emigration, vector)
    aims = targets(given, variants, inputs, project(inputs))

    # From here on as observed: the population, and migration in 2024.
    net = inputs.net_migration_assumed.copy()
    net[0] = observed_net_migration(sources)
    base = np.array([sources.array("base_population", "age", AGES, sex=sex) for sex in SEXES])
    total = emigration_total(given, observed=True)
    for _ in range(PASSES):
        rates = emigration.rates(Parameters.of(vector).older)
        inputs = inputs._replace(initial_population=base, net_migration_assumed=net, emigration_rate=rates)
        emigration.adjust(project(inputs), total, shapes=False)
    rates = emigration.rates(Parameters.of(vector).older)
    names = [*Mortality.NAMES, *(f"fertility_{knot:.0f}" for knot in FERTILITY_KNOTS - 0.5), "log_speed", "older"]
    return Calibrated(
        inputs._replace(emigration_rate=rates),
        dict(zip(names, vector.tolist(), strict=True)),
        {name: (model, published) for name, (model, published, _) in aims.items()},
    )
