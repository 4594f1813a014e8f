"""What happened: yearly series at the level that was known at an origin.

Surveys broke in 2013 and 2021, and no source counts workers by section over the whole time. So every series has the
level of the last year before the origin and moves with the growth that the best source of each year gives:

* employed by section: survey of the year before the origin (people whose section is unknown divided in proportion);
  growth by EU KLEMS persons engaged to 2015 (M and N, D and E apart by jobs of employees), jobs of employees to 2022,
  the survey after; all sections together move as all employed.
* all employed: EU KLEMS to 2008, the survey after; over the break of 2021 the labour force of Eurostat less unemployed,
  which is counted by the new method throughout.
* unemployed: Eurostat from 2009, before by the rate of the older definition. Labour force: both together.
* vacancies by section: CBS 80472ned, yearly mean.

Nothing here is used by a forecast beyond the year before its origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from krapte_sd.parameters.observations import Observations

__all__ = ["GROUPS", "SECTIONS", "TARGETS", "Past", "past"]

Floats = NDArray[np.float64]

SECTIONS: Final = tuple("ABCDEFGHIJKLMNOPQRS")
GROUPS: Final[dict[str, str]] = {
    "A": "A", "B-E": "BCDE", "F": "F", "G-I": "GHI", "J": "J", "K": "K", "L": "L", "M-N": "MN", "O-Q": "OPQ",
    "R-S": "RS",
}  # fmt: skip
"""Groups of sections in which regional accounts publish."""

TARGETS: Final = (
    "employed_by_group", "employed_by_section", "vacancies_by_section", "employed", "unemployed", "labour_force",
    "vacancies",
)  # fmt: skip

FIRST_YEAR: Final = 1995
FIRST_VACANCY_YEAR: Final = 1998
_INDUSTRIES: Final = {"D": "D-E", "E": "D-E", "M": "M-N", "N": "M-N"}
_LAST_INDUSTRY: Final = 2015
_LAST_JOBS: Final = 2022
_FIRST_SURVEY: Final = 2008
_BREAK: Final = 2021


class Past(NamedTuple):
    """One target up to the last year published.

    Attributes
    ----------
    units : tuple of str
        Sections, groups, or one name.
    years : numpy.ndarray, shape (year,)
        Calendar years.
    values : numpy.ndarray, shape (unit, year)
        Persons, mean of the year.
    """

    units: tuple[str, ...]
    years: NDArray[np.int64]
    values: Floats

    def before(self, origin: int) -> Past:
        """Cut what was not known on 1 January of the origin."""
        known = self.years < origin
        return Past(self.units, self.years[known], self.values[:, known])


class _Figures:
    """Yearly figures by section, looked up often."""

    def __init__(self, observed: Observations) -> None:
        self.observed = observed
        self._found: dict[str, dict[tuple[str, int], float]] = {}

    def of(self, series: str, sector: str, year: int) -> float | None:
        if series not in self._found:
            table = self.observed.table
            rows = table[(table["series"] == series) & (table["period"].str.len() == 4)]
            sums = rows.groupby(["sector", "period"])["value"].sum()
            sectors, periods = (sums.index.get_level_values(level) for level in ("sector", "period"))
            cells = zip(sectors, periods, sums.to_numpy(), strict=True)
            self._found[series] = {(str(k), int(y)): float(v) for k, y, v in cells}
        return self._found[series].get((sector, year))

    def growth(self, series: str, sector: str, year: int) -> float | None:
        """Growth from the year before, as a ratio."""
        now, before = self.of(series, sector, year), self.of(series, sector, year - 1)
        return now / before if now and before else None

    def jobs_growth(self, sector: str, year: int) -> float | None:
        basis = "employee_jobs_older_basis" if year == 2010 else "employee_jobs_annual"
        return self.growth(basis, sector, year)

    def last(self, series: str) -> int:
        self.of(series, "", 0)
        return max(year for _, year in self._found[series])


def past(observed: Observations, origin: int) -> dict[str, Past]:
    """Give all targets at the level known at an origin.

    Parameters
    ----------
    observed : Observations
        All figures, or those before the origin.
    origin : int
        Year of the start.

    Returns
    -------
    dict of str to Past
        One entry for each name in `TARGETS`.
    """
    figures = _Figures(observed)
    years, employed = _all_employed(figures, origin)
    sections = _sections(figures, years, employed, origin)
    unemployed = _unemployed(figures, years, employed)
    openings, vacancies = _vacancies(figures, SECTIONS)
    all_openings, all_vacancies = _vacancies(figures, ("A-U",))
    grouped = np.array([sections[[SECTIONS.index(k) for k in members]].sum(axis=0) for members in GROUPS.values()])
    return {
        "employed_by_group": Past(tuple(GROUPS), years, grouped),
        "employed_by_section": Past(SECTIONS, years, sections),
        "vacancies_by_section": Past(SECTIONS, openings, vacancies),
        "employed": Past(("all",), years, employed[None]),
        "unemployed": Past(("all",), years, unemployed[None]),
        "labour_force": Past(("all",), years, (employed + unemployed)[None]),
        "vacancies": Past(("all",), all_openings, all_vacancies),
    }


def _all_employed(figures: _Figures, origin: int) -> tuple[NDArray[np.int64], Floats]:
    """Years from 1995 on and all employed, at the level of the survey in the year before the origin."""
    last = figures.last("employed_by_section")
    years = np.arange(FIRST_YEAR, last + 1)
    growth = np.ones(years.size)
    for at, year in enumerate(years.tolist()):
        if at == 0:
            continue
        if year <= _FIRST_SURVEY:
            found = figures.growth("persons_engaged", "A-U", year)
        elif year == _BREAK:
            found = _labour_force(figures.observed, year, -1.0) / _labour_force(figures.observed, year - 1, -1.0)
        else:
            found = figures.growth("employed_by_section", "A-U", year)
        growth[at] = found or np.nan
    index = np.cumprod(growth)
    level = figures.of("employed_by_section", "A-U", origin - 1) or np.nan
    return years, level * index / index[origin - 1 - FIRST_YEAR]


def _labour_force(observed: Observations, year: int, less_unemployed: float) -> float:
    """Mean labour force of a year by Eurostat (unemployed over their rate, men and women), less the unemployed."""
    quarters = [f"{year}Q{q}" for q in range(1, 5)]
    total = 0.0
    for sex in ("female", "male"):
        persons = observed.series("unemployed_quarterly", sex=sex, period=quarters)["value"].to_numpy()
        rates = observed.series("unemployment_rate_quarterly", sex=sex, period=quarters)["value"].to_numpy()
        total += float((persons.sum() / rates.mean() * 100 + less_unemployed * persons.sum()) / len(quarters))
    return total


def _sections(figures: _Figures, years: NDArray[np.int64], employed: Floats, origin: int) -> Floats:
    level = np.array([figures.of("employed_by_section", k, origin - 1) or 0.0 for k in SECTIONS])
    at = origin - 1 - FIRST_YEAR
    out = np.zeros((len(SECTIONS), years.size))
    out[:, at] = level / level.sum() * employed[at]
    for now in range(at + 1, years.size):
        grown = out[:, now - 1] * _growth(figures, int(years[now]))
        out[:, now] = grown * employed[now] / grown.sum()
    for now in range(at, 0, -1):
        shrunk = out[:, now] / _growth(figures, int(years[now]))
        out[:, now - 1] = shrunk * employed[now - 1] / shrunk.sum()
    return out


def _growth(figures: _Figures, year: int) -> Floats:
    """Growth of each section from the year before."""
    if year > _LAST_JOBS:
        return np.array([figures.growth("employed_by_section", k, year) or 1.0 for k in SECTIONS])
    if year > _LAST_INDUSTRY:
        return np.array([figures.jobs_growth(k, year) or 1.0 for k in SECTIONS])
    out = []
    for k in SECTIONS:
        industry = _INDUSTRIES.get(k, k)
        growth = figures.growth("persons_engaged", industry, year) or 1.0
        own = figures.jobs_growth(k, year)
        if industry != k and own is not None:
            both = [s for s, i in _INDUSTRIES.items() if i == industry]
            basis = "employee_jobs_older_basis" if year == 2010 else "employee_jobs_annual"
            now, before = (sum(figures.of(basis, s, y) or 0.0 for s in both) for y in (year, year - 1))
            growth *= own / (now / before)
        out.append(growth)
    return np.array(out)


def _vacancies(figures: _Figures, units: tuple[str, ...]) -> tuple[NDArray[np.int64], Floats]:
    """Give open vacancies of the years in which all units are published."""
    rows, year = [], FIRST_VACANCY_YEAR
    while all(row := [figures.of("open_vacancies_annual", k, year) for k in units]):
        rows.append(row)
        year += 1
    return np.arange(FIRST_VACANCY_YEAR, year), np.array(rows, float).T


def _unemployed(figures: _Figures, years: NDArray[np.int64], employed: Floats) -> Floats:
    observed = figures.observed
    found = observed.series("unemployed_annual", sex="total")
    known = {int(p): float(v) for p, v in zip(found["period"], found["value"], strict=True)}
    first = min(known)
    old = observed.series("unemployment_rate_12_hours")
    rates = {int(p): float(v) / 100 for p, v in zip(old["period"], old["value"], strict=True)}
    by_old = {y: rates[y] / (1 - rates[y]) * e for y, e in zip(years.tolist(), employed, strict=True) if y <= first}
    return np.array([known[y] if y >= first else known[first] * by_old[y] / by_old[first] for y in years.tolist()])
