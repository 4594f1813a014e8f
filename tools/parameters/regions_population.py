"""Residents of each municipality by sex and single age on 1 January 2024.

From municipal five-year groups of 1 January 2021 (see ``parameters/observations/regions_population.yaml``): inside
and between the groups shares of the country change where people move most; students and starters stay where students
and starters live, settled people age where they live; then everything is brought to the totals of provinces and
observed COROP areas and to the national table by sex and age of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tools.parameters.tables import read_table

from krapte_sd.errors import BalanceError
from krapte_sd.parameters.observations import Observations
from krapte_sd.parameters.regions import RegionSet, read_region_set

Floats = npt.NDArray[np.float64]
SEXES = ("female", "male")
BANDS = (*(f"{low}-{low + 4}" for low in range(0, 95, 5)), "95+")
BAND_OF_AGE = np.minimum(np.arange(101) // 5, len(BANDS) - 1)
YEARS_BETWEEN = 3
OLDEST_MOVE = 73
"""Moves are known up to this age."""

ROUNDS = 60
ASYLUM_AREA = "CR01"


@dataclass(frozen=True)
class Divisions:
    """The divisions of the country that the estimates are made with."""

    nl: RegionSet
    province: RegionSet
    corop: RegionSet
    arbeidsmarktregio: RegionSet

    @property
    def province_of_corop(self) -> npt.NDArray[np.int64]:
        """Position of the province of each COROP area; every area lies in one province."""
        out = np.zeros(len(self.corop), np.int64)
        out[self.corop.position] = self.province.position
        return out


def divisions(parameters: Path) -> Divisions:
    """Read the shipped divisions."""
    folder = parameters / "regions"
    return Divisions(*(read_region_set(name, folder) for name in ("nl", "province", "corop", "arbeidsmarktregio")))


def by_region(observations: Observations, series: str, codes: tuple[str, ...], **filters: str) -> dict[str, float]:
    """Return the figures of one series for those of the codes that have one."""
    found = observations.series(series, **filters)
    figures = dict(zip(found["region"], found["value"], strict=True))
    if len(figures) < len(found):
        raise ValueError(f"'{series}' has several figures by region for {filters}")
    return {code: float(figures[code]) for code in codes if code in figures}


def national_population(parameters: Path) -> Floats:
    """Return (2, 101) residents of the country on 1 January 2024, as the model has them."""
    table = read_table(parameters, "population")
    ages = range(101)
    return np.array([table.array("initial_population", "age", ages, region="NL", sex=sex) for sex in SEXES])


def cohort_weight() -> Floats:
    """Return (101,) how far people of an age are followed from where they lived three years before."""
    ages = np.arange(101.0)
    return np.interp(ages, [0, 10, 15, 35, 45, 100], [1, 1, 0, 0, 1, 1])


def bands_of_2021(observations: Observations, municipalities: tuple[str, ...]) -> Floats:
    """Return (municipalities, 2, 20) residents on 1 January 2021 by five-year age."""
    found = observations.series("municipal_population", period="2021")
    place = {code: at for at, code in enumerate(municipalities)}
    out = np.full((len(municipalities), 2, len(BANDS)), np.nan)
    columns = (found[name].to_numpy() for name in ("region", "sex", "age", "value"))
    for region, sex, age, value in zip(*columns, strict=True):
        out[place[region], SEXES.index(sex), BANDS.index(age)] = value
    if np.isnan(out).any():
        raise ValueError("municipal_population has not every municipality, sex and age")
    return out


def moves_by_age(observations: Observations) -> Floats:
    """Return (101,) moves between municipalities by single age in 2017, percent of the residents of the age."""
    moved = [
        observations.value("moved_between_municipalities", period="2017", age=str(age))
        for age in range(OLDEST_MOVE + 1)
    ]
    return np.append(moved, np.full(100 - OLDEST_MOVE, moved[-1]))


def single_ages(share: Floats, people: Floats, moved: Floats) -> Floats:
    """Return (..., 101) shares by single age that make the shares by five-year group.

    Between the middles of the groups a share changes in proportion to how many people of each age move; the values in
    the middles are adjusted until each group has its share.

    Parameters
    ----------
    share : numpy.ndarray
        (..., sexes, 20) shares of the country by five-year group.
    people : numpy.ndarray
        (sexes, 101) residents of the country.
    moved : numpy.ndarray
        (101,) how much people of the age move.
    """
    until = np.concatenate([[0.0], np.cumsum(moved)])  # moves in a life up to an exact age
    at_age = (until[1:] + until[:-1]) / 2
    middles = np.append(5 * np.arange(19) + 2.5, 97.5)
    at_middle = np.interp(middles, np.arange(102), until)
    between = np.array([np.interp(at_age, at_middle, row) for row in np.eye(len(BANDS))])
    inside = np.equal.outer(BAND_OF_AGE, np.arange(len(BANDS)))
    of_group = people[:, :, None] * inside / (people @ inside)[:, None, :]
    middle = share.copy()
    for _ in range(ROUNDS):
        found = np.einsum("...sa,sab->...sb", middle @ between, of_group)
        middle *= np.divide(share, found, out=np.ones_like(share), where=found > 0)
    return np.asarray(middle @ between)


def seed(observations: Observations, municipalities: tuple[str, ...], national: Floats) -> Floats:
    """Return (municipalities, 2, 101) residents before any margin but the national one is met."""
    by_age = np.array(
        [
            [observations.value("population_by_age", period="2021", sex=sex, age=str(age)) for age in range(101)]
            for sex in SEXES
        ]
    )
    bands = np.stack([by_age[:, band == BAND_OF_AGE].sum(axis=1) for band in range(len(BANDS))], axis=1)
    share = single_ages(bands_of_2021(observations, municipalities) / bands, by_age, moves_by_age(observations))
    before = share[:, :, np.maximum(np.arange(101) - YEARS_BETWEEN, 0)]
    followed = cohort_weight()
    return np.asarray(national * ((1 - followed) * share + followed * before))


def area_totals(observations: Observations, where: Divisions, total: float, with_corop: bool) -> tuple[Floats, Floats]:
    """Return the group of each municipality and the observed total of each group on 1 January 2024.

    Groups are the COROP areas with an observed total, else the province. Provisional totals are scaled to `total`.
    """
    provinces = by_region(observations, "population_by_region", where.province.codes, period="2024")
    areas = by_region(observations, "population_by_region", where.corop.codes, period="2024") if with_corop else {}
    province_of = where.province_of_corop
    known = {code: value for code, value in areas.items() if _all_known(code, areas, where)}
    group = where.province.position.copy()
    totals = np.array([provinces[code] for code in where.province.codes])
    for code, value in known.items():
        at = where.corop.codes.index(code)
        group[where.corop.position == at] = len(totals)
        totals[province_of[at]] -= value
        totals = np.append(totals, value)
    return group, np.where(np.abs(totals) < 0.5, 0.0, totals) * total / sum(provinces.values())


def _all_known(code: str, areas: dict[str, float], where: Divisions) -> bool:
    """Whether all areas of the province are known; else the rest would be a residual that nobody has checked."""
    province = where.province_of_corop[where.corop.codes.index(code)]
    return all(
        other in areas for other, at in zip(where.corop.codes, where.province_of_corop, strict=True) if at == province
    )


def rake_groups(
    values: Floats, group: npt.NDArray[np.int64], totals: Floats, columns: Floats, most: int = 500
) -> Floats:
    """Bring (rows, ...) to totals by group of rows, and to column totals; the columns hold to rounding."""
    out = values.copy()
    rest = tuple(range(1, out.ndim))
    worst = np.inf
    for _ in range(most):
        sums = np.bincount(group, out.sum(axis=rest), len(totals))
        worst = float(np.abs(sums - totals).max() / totals.max())
        factor = np.divide(totals, sums, out=np.zeros_like(sums), where=sums > 0)
        out *= factor[group].reshape(-1, *(1 for _ in rest))
        now = out.sum(axis=0)
        out *= np.divide(columns, now, out=np.zeros_like(now), where=now > 0)
        if worst < 1e-13:
            return out
    raise BalanceError(f"margins by group not met: off by {worst:.3g}")


def municipal_population(
    observations: Observations, where: Divisions, national: Floats, with_corop: bool = True
) -> Floats:
    """Return (municipalities, 2, 101) residents on 1 January 2024, persons; adds up to `national` (2, 101).

    Parameters
    ----------
    observations : Observations
        The published figures.
    where : Divisions
        The divisions of the country.
    national : numpy.ndarray
        (2, 101), the national table.
    with_corop : bool
        Use the observed totals of nine COROP areas; without them they can be compared with the estimate.
    """
    group, totals = area_totals(observations, where, float(national.sum()), with_corop)
    return rake_groups(seed(observations, where.nl.municipalities, national), group, totals, national)
