"""Run the population module of the model for given inputs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from tools.parameters.population_schedules import AGES, YEARS

from krapte_sd.equations import Model, read_model
from krapte_sd.kernel import Program, Series, compile_model
from krapte_sd.parameters import models_folder
from krapte_sd.parameters.schedules import by_cohort

__all__ = ["Inputs", "Outcome", "project"]

FLOWS = ("births", "deaths", "immigration", "emigration")


class Inputs(NamedTuple):
    """Inputs of the population module by age, as in the tables; years 2024 to 2051.

    Attributes
    ----------
    initial_population : numpy.ndarray, shape (sex, age)
        Residents on 1 January 2024, ages 0 to 100.
    mortality_rate, emigration_rate : numpy.ndarray, shape (sex, age, year)
    fertility_rate : numpy.ndarray, shape (age, year)
    share_of_births : numpy.ndarray, shape (sex,)
    net_migration_assumed : numpy.ndarray, shape (year,)
    immigration_profile : numpy.ndarray, shape (sex, age from -1 to 100, year)
    """

    initial_population: np.ndarray
    mortality_rate: np.ndarray
    emigration_rate: np.ndarray
    fertility_rate: np.ndarray
    share_of_births: np.ndarray
    net_migration_assumed: np.ndarray
    immigration_profile: np.ndarray


class Outcome(NamedTuple):
    """What the population module gives.

    Attributes
    ----------
    population : numpy.ndarray, shape (year, age)
        Residents of both sexes on 1 January 2024 to 2051 by completed age, 100 and over at 100.
    middle : numpy.ndarray, shape (year - 1, age)
        Mean of the two 1 Januaries around a calendar year, by age on 31 December; those being born at 0.
    births, deaths, immigration, emigration : numpy.ndarray, shape (year - 1,)
        Persons per calendar year, 2024 to 2050.
    """

    population: np.ndarray
    middle: np.ndarray
    births: np.ndarray
    deaths: np.ndarray
    immigration: np.ndarray
    emigration: np.ndarray


def project(inputs: Inputs) -> Outcome:
    """Run the population module of the model from 1 January 2024 to 2051."""
    program, cohorts, still = _program()
    first, last = int(YEARS[0]), int(YEARS[-1])

    def series(table: np.ndarray, lowest: int = 0, below: Literal["zero"] | None = None) -> Series:
        ages = range(lowest, lowest + table.shape[-2])
        return Series(YEARS, by_cohort(table, cohorts, YEARS, ages=ages, table_years=YEARS, below=below))

    result = program.run(
        {
            "birth_year": cohorts.astype(float),
            "initial_population": by_cohort(inputs.initial_population, cohorts, YEARS[:1], ages=AGES, below="zero"),
            "mortality_rate": series(inputs.mortality_rate),
            "emigration_rate": series(inputs.emigration_rate),
            "fertility_rate": series(inputs.fertility_rate, below="zero"),
            "share_of_births": inputs.share_of_births,
            "net_migration_assumed": Series(YEARS, inputs.net_migration_assumed[:, None]),
            "immigration_profile": series(inputs.immigration_profile, -1),
            # one region: nobody moves within the country, and births are the national ones
            "domestic_pull": np.zeros(1),
            "move_weight": Series(YEARS, np.zeros((YEARS.size, cohorts.size))),
            "age_pull": Series(YEARS, np.zeros((YEARS.size, 1, cohorts.size))),
            "birth_factor": np.ones(1),
            **still,
        },
        first,
        last,
    )
    flows = {name: flow.reshape(last - first, -1).sum(1) for name, flow in result.integrals.items()}
    return by_age(result.saved["population"].sum((1, 2)), cohorts, flows)


@cache
def _program() -> tuple[Program, np.ndarray, dict[str, np.ndarray]]:
    model, still = population_alone(read_model(models_folder() / "krapte.mdl"))
    cohorts = np.array([int(label[1:]) for label in model.ranges["Cohort"].labels])
    return compile_model(model, ["population"], FLOWS), cohorts, still


def population_alone(model: Model) -> tuple[Model, dict[str, np.ndarray]]:
    """Cut the population off from the labour market and from homes: people come and leave as the variant says.

    Returns the model with the links from the labour market as inputs, and what they are without it.
    """
    links = {
        "extra_immigration": 0.0, "extra_labour_migrants": 0.0, "extra_other_migrants": 0.0,
        "labour_migrant_profile": 0.0, "emigration_factor": 1.0, "pull_after_housing": 0.0,
    }  # fmt: skip
    inputs = {
        name: replace(model.variables[name], kind="input", equations=(), initial=(), value=None) for name in links
    }
    still = {name: np.full(model.shape(name), value) for name, value in links.items()}
    return replace(model, variables={**model.variables, **inputs}), still


def by_age(residents: np.ndarray, cohorts: np.ndarray, flows: dict[str, np.ndarray]) -> Outcome:
    """Arrange residents by cohort on each 1 January, shape (year, cohort), by age."""
    population = np.zeros((YEARS.size, 101))
    middle = np.zeros((YEARS.size - 1, 101))
    for at, year in enumerate(YEARS):
        age = year - cohorts - 1
        np.add.at(population[at], np.minimum(age[age >= 0], 100), residents[at, age >= 0])
        if at < YEARS.size - 1:
            age = year - cohorts
            mean = (residents[at] + residents[at + 1]) / 2
            np.add.at(middle[at], np.minimum(age[age >= 0], 100), mean[age >= 0])
    return Outcome(population, middle, **flows)
