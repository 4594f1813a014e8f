"""How regions drift apart after 2024: net moves between regions, international migration, tasks by region.

Students, starters and families move such that each region keeps its share of the young of an age, and births are
divided as the youngest children are. Beyond that there
is one net domestic rate for each province, such that a cohort-component projection with the national rates of the
model meets the totals of 2050 of the regional forecast of 2022. That rate stands for every other regional difference
(moves, mix of migration). Only totals are met: the ages of the official regional forecasts were withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tools.parameters.regions_population import (
    ASYLUM_AREA,
    SEXES,
    Divisions,
    by_region,
    cohort_weight,
    moves_by_age,
)
from tools.parameters.tables import read_table

from krapte_sd.errors import SolverError
from krapte_sd.parameters.observations import Observations

Floats = npt.NDArray[np.float64]
START, END = 2024, 2050
NOT_READ = ("PV29", "PV30", "PV31")
EARLIER_YEAR = "2023"
LIKE_ASYLUM_AREA = "CR02"
"""Delfzijl and surroundings: its immigrants per inhabitant stand for the area of Ter Apel without asylum."""

CHILDHOOD, GENERATION = range(10), 30
WITH_PARENTS = 0.6
"""Net moves of children relative to those of people 30 years older: slope of the change of the share of an
arbeidsmarktregio from 0-4 to 5-9 on that from 30-34 to 35-39, 2021 (0.62; correlation 0.78)."""

SMALLEST_SPREAD = 0.0005


@dataclass(frozen=True)
class NationalRates:
    """National inputs of the projection by calendar year 2024-2049.

    Attributes
    ----------
    loss, emigration : numpy.ndarray
        (years, 2, 101), 1/year, of those of age a on 1 January over the year; `loss` is deaths and emigration.
    fertility : numpy.ndarray
        (years, 101).
    girls_and_boys : numpy.ndarray
        (2,) shares of the newborn.
    net : numpy.ndarray
        (years,) net migration, persons.
    profile : numpy.ndarray
        (years, 2, 102) immigrants by age on 1 January, from -1.
    """

    loss: Floats
    emigration: Floats
    fertility: Floats
    girls_and_boys: Floats
    net: Floats
    profile: Floats


def national_rates(parameters: Path) -> NationalRates:
    """Read the tables of the theme `population`."""
    table = read_table(parameters, "population")
    years, ages = range(START, END), range(101)

    def rate(name: str, year: int, **labels: str) -> Floats:
        now, then = (table.array(name, "age", ages, year=y, **labels) for y in (year, year + 1))
        return np.asarray((now + np.append(then[1:], then[-1])) / 2)

    def by_sex(name: str) -> Floats:
        return np.array([[rate(name, year, sex=sex) for sex in SEXES] for year in years])

    emigration = by_sex("emigration_rate")
    fertile = np.zeros((len(years), 101))
    for at, year in enumerate(years):
        found = table.series("fertility_rate", "age", year=year), table.series("fertility_rate", "age", year=year + 1)
        fertile[at] = [(found[0].get(age, 0.0) + found[1].get(age + 1, 0.0)) / 2 for age in ages]
    profile = np.array(
        [[table.array("immigration_profile", "age", range(-1, 101), year=y, sex=s) for s in SEXES] for y in years]
    )
    return NationalRates(
        by_sex("mortality_rate") + emigration,
        emigration,
        fertile,
        table.array("share_of_births", "sex", SEXES),
        table.array("net_migration_assumed", "year", years, region="NL"),
        profile,
    )


@dataclass(frozen=True)
class Regional:
    """How the regions of a division differ from the country.

    Attributes
    ----------
    net_share : numpy.ndarray
        (regions,) share of national net migration.
    weight : numpy.ndarray
        (101,) pattern by age of the net domestic rate of a region.
    pull : numpy.ndarray
        (regions, 101) net domestic rate by age beyond that, 1/year.
    births : numpy.ndarray
        (regions,) births relative to the national rates by age of the mother.
    """

    net_share: Floats
    weight: Floats
    pull: Floats
    births: Floats


def differences(start: Floats, rates: NationalRates, net_share: Floats, weight: Floats) -> Regional:
    """Estimate the differences from the residents (regions, 2, 101) of 1 January 2024."""
    return Regional(net_share, weight, age_pull(start, rates, net_share), birth_factor(start, rates))


def birth_factor(start: Floats, rates: NationalRates) -> Floats:
    """Return (regions,) births relative to the national rates: the ratio of the youngest children to women.

    Births of the first year are divided as the children of age 0 are (in the base: those of 0 to 4 in 2021). Without
    women there are none, and the factor is one.
    """
    children, women = start[:, :, 0].sum(axis=1), start[:, 0] @ rates.fertility[0]
    expected = women * children.sum() / women.sum()
    return np.divide(children, expected, out=np.ones_like(women), where=expected > 0)


def immigrants(now: Floats, rates: NationalRates, net_share: Floats, year: int) -> tuple[Floats, Floats]:
    """Return the immigrants of a year (regions, 2, 102) by age from -1, and (2, 101) who stays of the residents."""
    stay = np.exp(-rates.loss[year])
    leaving = rates.emigration[year] / rates.loss[year]
    emigrants = (now * (1 - stay) * leaving).sum(axis=(1, 2))
    # those who arrive in the course of the year may leave in it as well
    again = (rates.profile[year][:, 1:] * (1 - np.sqrt(stay)) * leaving).sum()
    arriving = (net_share * rates.net[year] + emigrants) / (1 - again)
    return arriving[:, None, None] * rates.profile[year], stay


def age_pull(start: Floats, rates: NationalRates, net_share: Floats) -> Floats:
    """Return (regions, 101) net moves into a region per resident of an age, 1/year, with which it keeps its young.

    As many students, starters and families move (less what immigrants do) that the share of the region in the
    residents of each age from 15 to 35 stays as it is on 1 January 2024; up to 45 that fades, as the base itself
    follows people from then on. Children go with people 30 years older.
    """
    people = start.sum(axis=1)
    country = people.sum(axis=0)
    share = people / country
    change = np.zeros_like(share)
    change[:, 1:-1] = (share[:, 2:] - share[:, :-2]) / 2
    change = np.divide(change, share, out=np.zeros_like(share), where=share > 0)
    arrivals = immigrants(start, rates, net_share, 0)[0].sum(axis=1)[:, 1:]
    by_immigrants = np.divide(arrivals, people, out=np.zeros_like(people), where=people > 0)
    by_immigrants -= arrivals.sum(axis=0) / country
    out = (1 - cohort_weight()) * (change - by_immigrants)
    out[:, CHILDHOOD] = WITH_PARENTS * out[:, [age + GENERATION for age in CHILDHOOD]]
    return np.asarray(out)


def project(start: Floats, rates: NationalRates, own: Regional, move_rate: Floats) -> Floats:
    """Return (27, regions, 2, 101) residents on 1 January 2024 to 2050.

    Parameters
    ----------
    start : numpy.ndarray
        (regions, 2, 101).
    rates : NationalRates
        Of the country.
    own : Regional
        Of the regions.
    move_rate : numpy.ndarray
        (regions,) net domestic rate, 1/year. All moves add up to zero at every age.
    """
    out = [start]
    rate = own.weight * move_rate[:, None] + own.pull
    # people of an age on 1 January are a year older at the end
    newborn, rate = rate[:, 0] / 2, (rate + np.append(rate[:, 1:], rate[:, -1:], axis=1)) / 2
    for year in range(END - START):
        now = out[-1]
        arrivals, stay = immigrants(now, rates, own.net_share, year)
        # who comes or is born in the course of the year is there for half of it
        survivors = _moved(now, rate) * stay + _moved(arrivals[:, :, 1:], rate / 2) * np.sqrt(stay)
        following = np.zeros_like(now)
        following[:, :, 1:] = survivors[:, :, :-1]
        following[:, :, 100] += survivors[:, :, 100]
        women = (now[:, 0] + survivors[:, 0]) / 2
        expected = (women * rates.fertility[year]).sum(axis=1)
        births = own.births * expected
        births *= expected.sum() / births.sum()
        born = births[:, None] * rates.girls_and_boys * np.sqrt(stay[:, 0]) + arrivals[:, :, 0]
        following[:, :, 0] = _moved(born, newborn)
        out.append(following)
    return np.array(out)


def _moved(people: Floats, rate: Floats) -> Floats:
    """Let people (regions, 2, ...) move at rates (regions, ...); nobody is lost."""
    out = people * np.exp(rate)[:, None]
    total = out.sum(axis=0)
    return np.asarray(out * np.divide(people.sum(axis=0), total, out=np.ones_like(total), where=total > 0))


def move_weight(observations: Observations, national: Floats) -> Floats:
    """Return (101,) moves between municipalities by age in 2017, over the mean of the residents of 2024."""
    weight = moves_by_age(observations)
    people = national.sum(axis=0)
    return np.asarray(weight * people.sum() / (weight * people).sum())


def immigration_shares(observations: Observations, where: Divisions, population: Floats) -> Floats:
    """Return (municipalities,) shares of immigration, without the registration of asylum seekers at Ter Apel.

    Observed by COROP area (1 to 19) and province in 2022; inside, by residents of 20 to 39.
    """
    areas = by_region(observations, "immigration_by_region", where.corop.codes, period="2022")
    provinces = by_region(observations, "immigration_by_region", where.province.codes, period="2022")
    people = where.corop.incidence() @ population.sum(axis=(1, 2))
    of_area = np.full(len(where.corop), np.nan)
    for code, value in areas.items():
        of_area[where.corop.codes.index(code)] = value
    asylum, like = where.corop.codes.index(ASYLUM_AREA), where.corop.codes.index(LIKE_ASYLUM_AREA)
    left = np.array([provinces[code] for code in where.province.codes])
    np.subtract.at(left, where.province_of_corop, np.nan_to_num(of_area))
    of_area[asylum] = people[asylum] * of_area[like] / people[like]
    young = population[:, :, 20:40].sum(axis=(1, 2))
    unknown = np.isnan(of_area)
    young_area = np.bincount(where.corop.position, young)
    rest = np.bincount(where.province_of_corop, young_area * unknown)
    part = np.divide(left, rest, out=np.zeros_like(left), where=rest > 0)[where.province_of_corop]
    of_area[unknown] = (young_area * part)[unknown]
    shares = young * (of_area / young_area)[where.corop.position]
    return np.asarray(shares / shares.sum())


def targets(observations: Observations, where: Divisions, start: Floats) -> tuple[Floats, Floats]:
    """Return (province,) shares of the inhabitants of 2050 and the half width of their 67% interval, as a logarithm.

    Zeeland, Noord-Brabant and Limburg are the rest of the country, divided by residents of 2024 (`start`) times the
    growth from 2023 to 2050 in the round of 2019. An interval that could not be read is the mean of the others.
    """
    codes = where.province.codes
    read = {
        name: by_region(observations, f"forecast_2022_population{name}", ("NL", *codes), period=str(END))
        for name in ("", "_low", "_high")
    }
    earlier = by_region(observations, "forecast_2019_population", codes, period=EARLIER_YEAR)
    later = by_region(observations, "forecast_2019_population", codes, period=str(END))
    total = read[""]["NL"]
    rest = [codes.index(code) for code in NOT_READ]
    pattern = start[rest] * [later[code] / earlier[code] for code in NOT_READ]
    values = np.array([read[""].get(code, 0.0) for code in codes])
    values[rest] = (total - values.sum()) * pattern / pattern.sum()

    def width(code: str) -> float:
        return float(np.log(read["_high"][code] / read["_low"][code]) / 2)

    known = [code for code in codes if code in read["_low"] and code in read["_high"]]
    # what the interval of a province adds to that of the country, as if the two were independent
    spread = {code: np.sqrt(max(width(code) ** 2 - width("NL") ** 2, 0.0)) for code in known}
    mean = float(np.mean(list(spread.values())))
    return values / total, np.array([spread.get(code, mean) for code in codes])


def solve_move_rates(
    start: Floats, rates: NationalRates, own: Regional, position: npt.NDArray[np.int64], share: Floats
) -> Floats:
    """Return (areas,) net domestic rates with which the shares of 2050 hold; their mean over residents is zero.

    Parameters
    ----------
    start, rates, own
        See `project`.
    position : numpy.ndarray
        (regions,) area of each region; the regions of an area have one rate.
    share : numpy.ndarray
        (areas,) shares of the residents of the country.
    """
    people = np.bincount(position, start.sum(axis=(1, 2)))
    found = np.zeros(len(share))
    for _ in range(100):
        last = project(start, rates, own, found[position])[-1].sum(axis=(1, 2))
        off = np.log(share * last.sum() / np.bincount(position, last))
        if np.abs(off).max() < 1e-10:
            return found
        found += off / (END - START)
        found -= (found * people).sum() / people.sum()
    raise SolverError(f"net domestic rates not found: shares of {END} off by {np.abs(off).max():.3g}")
