"""Forecasts that others published at the time, beside what happened and beside the back-test.

The forecasts are in the observations `tasks_and_policy`, with their citations. No two of these forecasts mean the same
thing, and none begins on the day of a start of the back-test: every row says what differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from krapte_sd.backtest.measures import weighted_error
from krapte_sd.backtest.outcomes import past

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.parameters.observations import Observations

__all__ = ["SECTORS", "SectorErrors", "published", "sector_errors"]

SECTORS: Final = {"A": "A", "B-E": "B-E", "F": "F", "G": ""}
"""Sectors of the forecast of ROA that were readable, and the group in the back-test; empty: a section of its own."""

COLUMNS: Final = (
    "publisher", "made", "quantity", "period", "unit", "forecast", "happened", "error", "origin", "own", "own_happened",
    "own_error", "remark",
)  # fmt: skip
YEARS_AHEAD: Final = 5
_THOUSAND: Final = 1e3


class SectorErrors(NamedTuple):
    """Weighted absolute errors of workers by sector, five years ahead; shares.

    Attributes
    ----------
    roa, unchanged : float
        The forecast of ROA for 1998, and what would have been missed if nothing had changed since 1993.
    own, own_unchanged : float
        The same four sectors in the back-test at the same distance: the model, and the random walk.
    """

    roa: float
    unchanged: float
    own: float
    own_unchanged: float


class _Own:
    """The back-test of one start, looked up."""

    def __init__(self, forecasts: pd.DataFrame, method: str) -> None:
        here = forecasts[forecasts["method"] == method]
        keys = zip(*(here[c] for c in ("target", "origin", "unit", "year")), strict=True)
        self.figures = dict(zip(keys, zip(here["mean"], here["actual"], strict=True), strict=True))

    def both(self, target: str, origin: int, year: int, unit: str = "all") -> tuple[float, float]:
        """Forecast and what happened; nan if the back-test has no such figure."""
        mean, actual = self.figures.get((target, origin, unit, year), (np.nan, np.nan))
        return float(mean), float(actual)


def published(forecasts: pd.DataFrame, observed: Observations | None = None) -> pd.DataFrame:
    """Score published forecasts beside the back-test.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        Second result of `krapte_sd.backtest.backtest`.
    observed : Observations, optional
        All figures; the shipped ones if not given.

    Returns
    -------
    pandas.DataFrame
        Columns publisher, made, quantity, period, unit, forecast, happened, error (forecast less happened; nan if the
        year has not come), origin, own, own_happened, own_error (nan if the start is not in `forecasts`), remark. What
        happened differs between the two where the definitions do.
    """
    import pandas as pd

    from krapte_sd.backtest.run import MODEL
    from krapte_sd.parameters.observations import read_observations

    figures = read_observations() if observed is None else observed
    own = _Own(forecasts, MODEL)
    rows = [_cedefop(figures, own), _bakker(figures, own), _cpb(figures, own), _eib(figures, own)]
    table = pd.DataFrame(rows)
    table["error"] = table["forecast"] - table["happened"]
    # the forecast is for 2060, what happened is what there was of it so far
    table.loc[table["publisher"] == "CPB", "error"] = np.nan
    table["own_error"] = table["own"] - table["own_happened"]
    return table[list(COLUMNS)]


def _row(publisher: str, made: str, quantity: str, period: str, unit: str, **more: float | str) -> dict[str, object]:
    return {"publisher": publisher, "made": made, "quantity": quantity, "period": period, "unit": unit, **more}


def _cedefop(observed: Observations, own: _Own) -> dict[str, object]:
    origin, first, last = 2010, 2006, 2015
    employed = past(observed, origin)["employed"]
    of_year = dict(zip(employed.years.tolist(), employed.values[0].tolist(), strict=True))
    said, _ = own.both("employed", origin, last)
    return _row(
        "Cedefop", "2008", "growth of employment", f"{first}-{last}", "thousand persons",
        forecast=observed.value("jobs_growth_forecast", period=f"{first}/{last}") / _THOUSAND,
        happened=(of_year[last] - of_year[first]) / _THOUSAND,
        origin=origin,
        own=(said - of_year[first]) / _THOUSAND,
        own_happened=(of_year[last] - of_year[first]) / _THOUSAND,
        remark="Jobs there, persons here. Made before the crisis; the back-test starts in it and knows 2006-2009.",
    )  # fmt: skip


def _bakker(observed: Observations, own: _Own) -> dict[str, object]:
    origin, year = 2010, 2015
    said, happened = (
        (vacancies - unemployed) / _THOUSAND
        for vacancies, unemployed in zip(
            own.both("vacancies", origin, year), own.both("unemployed", origin, year), strict=True
        )
    )
    figures = past(observed, origin)
    truth = sum(
        sign * float(figures[name].values[0, figures[name].years.tolist().index(year)])
        for name, sign in (("vacancies", 1), ("unemployed", -1))
    )
    return _row(
        "Bakker committee", "2008-06", "people short", str(year), "thousand persons",
        forecast=observed.value("people_short_forecast", period=year) / _THOUSAND,
        happened=truth / _THOUSAND,
        origin=origin,
        own=said,
        own_happened=happened,
        remark="There: work less people if nothing is done. Here: open vacancies less unemployed.",
    )  # fmt: skip


def _cpb(observed: Observations, own: _Own) -> dict[str, object]:
    origin, first, last = 2013, 2013, 2022
    force = past(observed, origin)["labour_force"]
    of_year = dict(zip(force.years.tolist(), force.values[0].tolist(), strict=True))
    (said_then, then), (said_last, final) = (own.both("labour_force", origin, year) for year in (first, last))
    return _row(
        "CPB", "2014-07", "growth of labour supply", "2013-2060", "thousand persons",
        forecast=observed.value("labour_supply_change", period="2013/2060") / _THOUSAND,
        happened=(of_year[last] - of_year[first]) / _THOUSAND,
        origin=origin,
        own=(said_last - said_then) / _THOUSAND,
        own_happened=(final - then) / _THOUSAND,
        remark=f"What happened, and the back-test, are for {first}-{last}, nine years of 47. No path is known.",
    )  # fmt: skip


def _eib(observed: Observations, own: _Own) -> dict[str, object]:
    origin, first, last = 2015, 2018, 2023
    jobs = {year: observed.value("construction_jobs_forecast", period=year) for year in (first, last)}
    (said_first, then), (said_last, final) = (
        own.both("employed_by_group", origin, year, "F") for year in (first, last)
    )
    # employee jobs by year, and from 2019 on in December by area
    annual = [observed.value("employee_jobs_annual", sector="F", period=year) for year in (first, 2019)]
    december = [
        float(observed.series("employee_jobs_by_region", sector="F", period=f"{year}-12")["value"].sum())
        for year in (2019, last)
    ]
    return _row(
        "EIB", "2018-11", "growth of work in construction", f"{first}-{last}", "percent",
        forecast=100 * (jobs[last] / jobs[first] - 1),
        happened=100 * (annual[1] / annual[0] * december[1] / december[0] - 1),
        origin=origin,
        own=100 * (said_last / said_first - 1),
        own_happened=100 * (final / then - 1),
        remark="Employee jobs there, all workers in the back-test, which is four years older than the forecast.",
    )  # fmt: skip


def sector_errors(forecasts: pd.DataFrame, observed: Observations | None = None) -> SectorErrors:
    """Compare the errors of ROA for 1993-1998 with those of the back-test at the same distance.

    The sectors are the same (agriculture, industry and energy, construction, trade), the years are not: no start of
    the back-test lies before 2010.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        Second result of `krapte_sd.backtest.backtest`.
    observed : Observations, optional
        All figures; the shipped ones if not given.

    Returns
    -------
    SectorErrors
        Weighted absolute errors.
    """
    from krapte_sd.backtest.run import MODEL
    from krapte_sd.parameters.observations import read_observations

    figures = read_observations() if observed is None else observed
    said, realised, before = (
        np.array([figures.value(series, sector=sector, period=year) for sector in SECTORS])
        for series, year in (
            ("workers_roa_forecast", 1998),
            ("workers_roa_realised", 1998),
            ("workers_roa_realised", 1993),
        )
    )
    here = forecasts[(forecasts["horizon"] == YEARS_AHEAD)]
    grouped = here[(here["target"] == "employed_by_group") & here["unit"].isin(list(filter(None, SECTORS.values())))]
    single = here[(here["target"] == "employed_by_section") & (here["unit"] == "G")]
    errors = []
    for method in (MODEL, "random_walk"):
        own = [each[each["method"] == method] for each in (grouped, single)]
        mean, actual = (np.concatenate([each[c].to_numpy(float) for each in own]) for c in ("mean", "actual"))
        errors.append(weighted_error(mean, actual))
    return SectorErrors(weighted_error(said, realised), weighted_error(before, realised), errors[0], errors[1])
