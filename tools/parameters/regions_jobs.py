"""Where people work: jobs of each municipality by group of sections on 1 January 2024.

Observed are employee jobs of 40 COROP areas by group. What is left to estimate is the self-employed, and how an area
divides over its municipalities: a log-linear model of size and ages of the inhabitants, fitted on the areas, with the
totals of a few municipalities known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from tools.parameters.regions_population import Divisions, by_region, rake_groups

from krapte_sd.parameters.observations import Observations
from krapte_sd.parameters.raking import rake

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

GROUPS = ("A", "B-E", "F", "G-I", "J", "K", "L", "M-N", "O-Q", "R-U")
SECTIONS = tuple("ABCDEFGHIJKLMNOPQRS")
GROUP_OF_SECTION = np.array(
    [next(at for at, group in enumerate(GROUPS) if group[0] <= section <= group[-1]) for section in SECTIONS]
)
JOBS_PERIOD = "2023-12"
PENALTY = 1.0
SHARE_SCALE = 20.0
WEIGHT_UNIT = 1e6
"""Inhabitants that count as one in the fit, against the penalty. With a penalty of 1 the held-out error of cells is
11.2-11.6%; it is flat from 1 to 3 and 12.0-12.4% at 0.1."""

SOUTH, OVERIJSSEL, ZEEUWSCH_VLAANDEREN = "LD04", "PV23", "CR31"
"""Where CBS 85481NED gives the jobs held by people who live abroad apart from the rest of the country."""

UTRECHT_AND_SOUTH = ("PV26", "PV28")
NOT_APART = ("PV30", "PV31")


def features(population: Floats) -> tuple[Floats, Floats]:
    """Return (rows,) residents of 15-74 and (rows, 4) features of the model.

    Parameters
    ----------
    population : numpy.ndarray
        (rows, 2, 101) residents by sex and age.

    Returns
    -------
    working : numpy.ndarray
        Residents of 15-74.
    features : numpy.ndarray
        Log of residents, and the shares of 20-34, 0-14 and 65 and over, centred on the country, times 20.
    """
    people = population.sum(axis=1)
    total = people.sum(axis=1)
    bands = np.stack([people[:, a:b].sum(axis=1) for a, b in ((20, 35), (0, 15), (65, 101))], axis=1)
    share = bands / total[:, None]
    centred = (share - bands.sum(axis=0) / total.sum()) * SHARE_SCALE
    return people[:, 15:75].sum(axis=1), np.column_stack([np.log(total) - np.log(total).mean(), centred])


@dataclass(frozen=True)
class Areas:
    """What the model is fitted on.

    Attributes
    ----------
    jobs : numpy.ndarray
        (areas, groups) observed jobs.
    province : numpy.ndarray
        (areas,) province of each area.
    area : numpy.ndarray
        (municipalities,) area of each municipality.
    working, features : numpy.ndarray
        (municipalities,) and (municipalities, 4).
    """

    jobs: Floats
    province: Integers
    area: Integers
    working: Floats
    features: Floats

    def weights(self, slopes: Floats) -> Floats:
        """Return (municipalities, groups) weights of jobs; `slopes` is (groups, 4)."""
        return np.asarray(self.working[:, None] * np.exp(self.features @ slopes.T))


def fit(areas: Areas, training: Integers, penalty: float = PENALTY) -> Floats:
    """Estimate the slopes (groups, 4) on some of the areas; totals of whole provinces are known.

    Minimises the squared log misfit of the areas, weighted by inhabitants of 15-74, plus a penalty on the slopes.
    """
    people = np.bincount(areas.area, areas.working, len(areas.jobs)) / WEIGHT_UNIT
    of_province = np.zeros((areas.province.max() + 1, areas.jobs.shape[1]))
    np.add.at(of_province, areas.province, areas.jobs)

    def misfit(slope: Floats, group: int) -> float:
        weight = areas.working * np.exp(areas.features @ slope)
        area = np.bincount(areas.area, weight, len(areas.jobs))
        province = np.bincount(areas.province, area, len(of_province))
        expected = of_province[areas.province, group] * area / province[areas.province]
        seen = training[areas.jobs[training, group] > 0]
        off = np.log(expected[seen]) - np.log(areas.jobs[seen, group])
        return float((people[seen] * off**2).sum() + penalty * (slope**2).sum())

    start = np.zeros(areas.features.shape[1])
    return np.array([minimize(misfit, start, args=(group,), method="BFGS").x for group in range(len(GROUPS))])


def employee_jobs(observations: Observations, where: Divisions, period: str = JOBS_PERIOD) -> Floats:
    """Return (corop, groups) employee jobs in December; suppressed cells are an error."""
    columns = [
        by_region(observations, "employee_jobs_by_region", where.corop.codes, period=period, sector=group)
        for group in GROUPS
    ]
    return np.array([[column[code] for column in columns] for code in where.corop.codes])


def foreign_share(observations: Observations, where: Divisions) -> Floats:
    """Return (corop,) share of employee jobs held by people who live abroad or whose home is unknown."""
    told = {"period": "2022-12"}
    residents = observations.series("employee_jobs_of_residents", **told).set_index("region")["value"]
    everybody = observations.series("employee_jobs_of_everybody", **told).set_index("region")["value"]
    share = 1 - residents / everybody[residents.index]
    apart = [SOUTH, OVERIJSSEL]
    rest = 1 - (residents["NL"] - residents[apart].sum()) / (everybody["NL"] - everybody[apart].sum())
    out = np.full(len(where.corop), rest)
    for at, (code, province) in enumerate(zip(where.corop.codes, where.province_of_corop, strict=True)):
        name = where.province.codes[province]
        if name in NOT_APART:
            out[at] = share[SOUTH]
        elif name == OVERIJSSEL or code == ZEEUWSCH_VLAANDEREN:
            out[at] = share[name if name == OVERIJSSEL else code]
    return out


def persons_per_job(observations: Observations, where: Divisions) -> Floats:
    """Return (province, groups) workers of the regional accounts over employee jobs, 2017: what self-employed add.

    Employee jobs of 2017 lie between those of December 2015 and 2019. Utrecht and Zuid-Holland get one ratio, because
    the accounts count Leerdam and Zederik to Zuid-Holland.
    """
    persons = np.array(
        [
            [
                by_region(observations, "employed_persons_by_region", (code,), period="2017", sector=group)[code]
                for group in GROUPS
            ]
            for code in where.province.codes
        ]
    )
    jobs = np.zeros_like(persons)
    for at, group in enumerate(GROUPS):
        told = {"sector": group}
        early, late = (
            by_region(observations, "employee_jobs_by_region", where.corop.codes, period=period, **told)
            for period in ("2015-12", "2019-12")
        )
        for code, province in zip(where.corop.codes, where.province_of_corop, strict=True):
            jobs[province, at] += (early.get(code, late[code]) + late[code]) / 2
    together = [where.province.codes.index(code) for code in UTRECHT_AND_SOUTH]
    persons[together] = persons[together].sum(axis=0)
    jobs[together] = jobs[together].sum(axis=0)
    return np.asarray(persons / jobs)


def province_totals(observations: Observations, where: Divisions, table: Floats, abroad: Floats) -> Floats:
    """Return (province,) workers of the regional accounts in 2022 who live in the country, in the units of `table`.

    Noord-Brabant and Limburg are known together only: they are divided as in `table` (province, groups).
    """
    known = by_region(observations, "workers_by_region", ("NL", *where.province.codes), period="2022")
    jobs = table.sum(axis=1)
    share = np.bincount(where.province_of_corop, abroad, len(jobs)) / np.bincount(where.province_of_corop)
    totals = np.array([known.get(code, 0.0) for code in where.province.codes])
    apart = [where.province.codes.index(code) for code in NOT_APART]
    totals[apart] = (known["NL"] - totals.sum()) * jobs[apart] / jobs[apart].sum()
    totals *= 1 - share
    return np.asarray(totals * jobs.sum() / totals.sum())


def area_table(observations: Observations, where: Divisions, national: Floats) -> Floats:
    """Return (corop, groups) workers who live in the country, by area of work; adds up to `national` (groups,).

    Employee jobs without those of people from abroad, times workers per job in the province and group; then raked to
    the province totals of the regional accounts and to the national table of the model.
    """
    abroad = foreign_share(observations, where)
    ratio = persons_per_job(observations, where)
    workers = employee_jobs(observations, where) * (1 - abroad)[:, None] * ratio[where.province_of_corop]
    table = np.zeros_like(ratio)
    np.add.at(table, where.province_of_corop, workers)
    totals = province_totals(observations, where, table, abroad)
    margins = rake(table, [((0,), totals * national.sum() / totals.sum()), ((1,), national)])
    return np.asarray(workers * (margins / table)[where.province_of_corop])


def known_totals(observations: Observations, where: Divisions) -> dict[str, float]:
    """Return the share of the employee jobs of its COROP area for municipalities whose own total is published."""
    counted: dict[str, tuple[str, float]] = {}
    for series in ("employee_jobs_of_residents", "employee_jobs_of_everybody"):
        found = observations.series(series)
        for region, period, value in zip(found["region"], found["period"], found["value"], strict=True):
            if region.startswith("GM"):
                # before the pandemic for those of 2014-2020: the year nearest to an observed table by area
                if series.endswith("residents") and period not in ("2019-12", "2017-12"):
                    continue
                counted[region] = (period, float(value))
    out = {}
    abroad = foreign_share(observations, where)
    for code, (period, jobs) in counted.items():
        area = int(where.corop.position[where.nl.municipalities.index(code)])
        total = _area_total(observations, where.corop.codes[area], int(period[:4]))
        if period != "2022-12":
            jobs /= 1 - abroad[area]
        out[code] = jobs / total
    return out


def _area_total(observations: Observations, area: str, year: int) -> float:
    """Employee jobs of an area in December of a year, log-linear between the years that are observed."""
    years = (2010, 2015, 2019, 2023)
    totals = [
        sum(observations.series("employee_jobs_by_region", region=area, period=f"{each}-12")["value"]) for each in years
    ]
    return float(np.exp(np.interp(year, years, np.log(totals))))


def municipal_jobs(observations: Observations, where: Divisions, population: Floats, national: Floats) -> Floats:
    """Return (municipalities, groups) workers by place of work, persons; adds up to `national` (groups,).

    Parameters
    ----------
    observations : Observations
        The published figures.
    where : Divisions
        The divisions of the country.
    population : numpy.ndarray
        (municipalities, 2, 101) residents.
    national : numpy.ndarray
        (groups,) employed residents of the country by group of the main job.
    """
    table = area_table(observations, where, national)
    working, described = features(population)
    areas = Areas(table, where.province_of_corop, where.corop.position, working, described)
    weights = areas.weights(fit(areas, np.arange(len(table))))
    known = known_totals(observations, where)
    out = np.zeros_like(weights)
    for area in range(len(table)):
        rows = np.flatnonzero(where.corop.position == area)
        fixed = {at: known[code] for at, code in enumerate(np.array(where.nl.municipalities)[rows]) if code in known}
        out[rows] = _divided(weights[rows], table[area], fixed)
    return out


def _divided(weights: Floats, total: Floats, fixed: dict[int, float]) -> Floats:
    """Divide the workers of an area (groups,) over municipalities, some of which have a known share of the total."""
    columns = weights.sum(axis=0)
    seed = weights * np.divide(total, columns)
    if not fixed:
        return np.asarray(seed)
    rows = np.array([fixed.get(at, 0.0) for at in range(len(seed))]) * total.sum()
    free = rows == 0
    group = np.where(free, 0, np.arange(1, len(seed) + 1))
    totals = np.bincount(group, np.where(free, 0, rows), len(seed) + 1)
    totals[0] = total.sum() - totals.sum()
    return rake_groups(seed, group, totals, total)
