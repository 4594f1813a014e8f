"""The regional base of 1 January 2024 by municipality, put together; regions of any division are sums of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tools.parameters import regions_labour as labour
from tools.parameters.regions_commuting import Commuting, commuting, distances
from tools.parameters.regions_jobs import GROUP_OF_SECTION, municipal_jobs
from tools.parameters.regions_population import Divisions, divisions, municipal_population, national_population

from krapte_sd.parameters.observations import Observations, read_observations

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Base:
    """Everything by municipality; the sums over municipalities are the national tables of the model.

    Attributes
    ----------
    population : numpy.ndarray
        (municipalities, 2, 101) residents.
    employed, unemployed : numpy.ndarray
        (municipalities, 2, ages) residents of the ages of the national tables.
    jobs, sections : numpy.ndarray
        (municipalities, 10) and (municipalities, 19) workers by place of work, persons.
    vacancies : numpy.ndarray
        (municipalities, 19).
    commuting : Commuting
        Workers by municipality of residence and of work.
    distance : numpy.ndarray
        (municipalities, municipalities), km.
    """

    observations: Observations
    divisions: Divisions
    national: labour.NationalLabour
    population: Floats
    employed: Floats
    unemployed: Floats
    jobs: Floats
    sections: Floats
    vacancies: Floats
    commuting: Commuting
    distance: Floats


def base(parameters: Path) -> Base:
    """Estimate the base from the observations and the national tables."""
    observations, where = read_observations(parameters / "observations"), divisions(parameters)
    national = labour.national_labour(parameters)
    population = municipal_population(observations, where, national_population(parameters))
    by_section = national.employed.sum(axis=(1, 2))
    jobs = municipal_jobs(observations, where, population, np.bincount(GROUP_OF_SECTION, by_section))
    sections = labour.by_section(jobs, by_section)
    people = population[:, :, national.ages.start : national.ages.stop]
    inhabitants = population.sum(axis=(1, 2))
    employed = labour.employed_residents(observations, where, people, national.employed.sum(axis=0))
    unemployed = labour.unemployed_residents(observations, where, inhabitants, people, employed, national.unemployed)
    of_province = labour.province_vacancies(
        observations, where, where.province.incidence() @ sections, national.vacancies
    )
    distance = distances(parameters, where.nl.municipalities)
    workers = commuting(observations, where, employed.sum(axis=(1, 2)), jobs.sum(axis=1), distance)
    return Base(
        observations,
        where,
        national,
        population,
        employed,
        unemployed,
        jobs,
        sections,
        labour.municipal_vacancies(where, of_province, sections),
        workers,
        distance,
    )
