"""Step `derive-history`: the tables of the starts in the past, by the code that makes those of the base year.

An origin is a 1 January. Everything is derived from `Observations.before(origin)`, so that no later figure can enter.
Vintages of the series are later than the origins (revised figures), and what has no table of the time is taken from the
base year when the model runs; see `krapte_sd.parameters.history`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tools.parameters import demand, history_cycle, history_metadata, history_population
from tools.parameters import labour as base_labour
from tools.parameters import vacancies as vacancy_tables
from tools.parameters.labour_flows import labour_flows
from tools.parameters.labour_hiring import hiring
from tools.parameters.labour_profiles import SECTORS, SEXES, LabourProfiles, Survey, labour_profiles
from tools.parameters.tables import Row, rows_of, write_table
from tools.parameters.vacancies import Window

from krapte_sd.backtest.benchmarks import structural
from krapte_sd.parameters import ParameterSet, read_parameters
from krapte_sd.parameters.history import HORIZON, at_origin
from krapte_sd.parameters.observations import Observations, read_observations

if TYPE_CHECKING:
    import pandas as pd

ORIGINS = (2010, 2013, 2015)
FIRST_CURVE_YEAR = 1998
SLACK_SHARE = 1 / 3
"""The third of the years with the shortest vacancies is taken as slack; 2010-2016 of 1998-2022 is a third less one."""

FLOW_STEPS = 8
"""Steps of the search for the rates; more change them by less than one percent."""

WANTED = ["desired_labour", "labour_supply_at_unchanged_participation"]
FURTHEST = 0.8
"""Log distance of a rate from its pattern: without a table of transitions the old unemployed would leave in weeks, and
no step of a quarter year can follow that."""

FIRST_PARTICIPATION_YEAR = 1990
LEGAL_AGE = {2010: 65.0, 2013: 65 + 1 / 12, 2015: 65.25}
"""State pension age on 1 January of the origin."""


def derive(parameters: Path) -> None:
    """Derive and write the tables of all origins."""
    observations = read_observations(parameters / "observations")
    for origin in ORIGINS:
        derive_origin(observations.before(origin), parameters, origin)


def derive_origin(known: Observations, parameters: Path, origin: int) -> None:
    """Derive and write the tables of one origin from what was known."""
    folder = parameters / "history" / str(origin)

    def write(theme: str, rows: list[Row]) -> None:
        write_table(folder, theme, rows, history_metadata.metadata(parameters, theme, origin, rows))

    for old in sorted(folder.glob("*.*")):
        old.unlink()
    write("population", history_population.rows(known, origin, HORIZON))
    write("demand", _demand(known, origin))
    write("behaviour", _retirement(known, origin))
    write("loops", _cut())
    write("cycle", history_cycle.rows(known, origin))
    found = vacancy_tables.vacancies(known, window(known, origin))
    write("vacancies", [row for row in vacancy_tables.rows(found) if row.parameter != "lapse_share"])
    base = read_parameters(parameters)

    def tables() -> ParameterSet:
        return at_origin(base, origin, read_parameters(folder))

    people, around = base_labour.surrounded(
        *base_labour.run_tables(tables(), base_labour.SURROUNDED, origin, origin + 1), origin
    )
    profiles = labour_profiles(known, people, survey(known, origin))
    flows = labour_flows(profiles, around, None, None, FLOW_STEPS, FURTHEST)
    supply = base_labour.expected_growth(profiles, around)
    preference = float(base["own_sector_preference"].value)
    growth = np.zeros(len(SECTORS))
    for _ in range(3):
        hires = hiring(
            *(profiles, flows, around.loss[:, 1:63], around.youngest),
            *(found.hires, base_labour.MOVES_SHARE, preference, growth),
        )
        write("labour", base_labour.rows(profiles, flows, hires, supply))
        _, result = base_labour.run_tables(tables(), WANTED, origin, origin + 1)
        wanted, people = (result.saved[name][:, 0] for name in WANTED)
        growth = np.asarray(np.log(wanted[1] / wanted[0]))
        supply = float(np.log(people[1] / people[0]))  # with the later retirement that the tables hold


def survey(known: Observations, origin: int) -> Survey:
    """Give the survey before an origin: the last yearly mean, unemployment of the last quarter, bands above 64."""
    last = str(origin - 1)
    employed = float(known.series("employed_by_section", sector="A-U", period=last)["value"].sum())
    unemployed = known.value("unemployed_quarterly", period=f"{last}Q4", sex="total")
    older = [(65, 65, known.value("net_participation_rate_old_method", age="65", period=last) / 100, 8.0)]
    for low, high in ((65, 69), (70, 74)):
        numbers = (known.value(f"older_{n}_old_method", age=f"{low}-{high}", period=last) for n in _EMPLOYED_AND_ALL)
        at_work, everybody = numbers
        older.append((low, high, at_work / everybody, 100.0))
    people = known.series("residents_by_age", period=f"{origin}-01")
    ages = people["age"].astype(int)
    shared = people["value"][ages >= 65].sum() / people["value"][(ages >= 65) & (ages < 75)].sum()
    idle = np.mean([
        known.value("participation_rate", sex=sex, age="65+", period=last)
        - known.value("employment_rate", sex=sex, age="65+", period=last)
        for sex in SEXES
    ])  # fmt: skip
    return Survey((last,), employed, unemployed, tuple(older), ((65, 74, float(idle) / 100 * shared, 30.0),))


_EMPLOYED_AND_ALL = ("employed", "population")


def window(known: Observations, origin: int) -> Window:
    """Give the window of an origin: the last four quarters, slack years by rank, totals of the last quarter."""
    last = origin - 1
    curve = range(FIRST_CURVE_YEAR, origin)
    stock, flow = (
        np.array([known.value(f"{name}_vacancies_annual", sector="A-U", period=str(y)) for y in curve])
        for name in ("open", "filled")
    )
    rank = np.argsort(stock / flow)[: round(SLACK_SHARE * len(curve))]
    opened = adjusted(known.series("open_vacancies", sector="A-U"))
    filled = 4 * adjusted(known.series("filled_vacancies", sector="A-U"))
    quarters = tuple(f"{last}Q{q}" for q in range(1, 5))
    return Window(quarters, tuple(sorted(curve[i] for i in rank)), curve, opened, filled)


def adjusted(quarters: pd.DataFrame) -> float:
    """Take the season out of the last quarter: its mean log distance to the four quarters around it."""
    values = np.log(quarters.sort_values("period")["value"].to_numpy(dtype=float))
    centred = np.convolve(values, [0.125, 0.25, 0.25, 0.25, 0.125], mode="valid")
    season = (values[2:-2] - centred)[-5::-4].mean()  # the fourth quarters before the last one
    return float(np.exp(values[-1] - season))


def _demand(known: Observations, origin: int) -> list[Row]:
    """Trends up to the origin; no task programmes, which were not known."""
    out = demand.trends(known, range(demand.TREND_YEARS[0], origin), HORIZON)
    tasks = ("homes", "climate", "grid", "defence")
    cells = {"source": "no_task", "status": "assumed"}
    return out + rows_of("task_volume", np.zeros((1, 4)), {"region": ["NL"], "task": tasks}, **cells)


def _cut() -> list[Row]:
    """No plan of homes: the programme of homes was not known, and homes built are in the need at the start."""
    span = {"low": 0.0, "high": 0.0, "distribution": "constant"}
    return [Row(f"{name}_switch", 0.0, "no_task", "assumed", **span) for name in ("homes_plan", "housing_limit")]


def _retirement(known: Observations, origin: int) -> list[Row]:
    """Ages of leaving work: they move on as participation of 60-64 is forecast to do."""
    legal = LEGAL_AGE[origin]
    years = np.arange(origin, origin + HORIZON + 1)
    low, path, high = legal + retirement_shift(known, origin)
    told = {"source": "participation", "status": "estimated", "distribution": "uniform"}
    out = rows_of("aow_age", path, {"year": years.tolist()}, low=low, high=high, **told)
    fixed = {"low": legal, "high": legal, "distribution": "constant"}
    out.append(Row("reference_aow_age", legal, "aow_law", "literature", **fixed))
    return out


def retirement_shift(known: Observations, origin: int) -> np.ndarray:
    """Years by which the age profile of participation moves up, on each 1 January from the origin on: low, mean, high.

    Participation of 60-64 is forecast by a structural time-series model, and divided by the slope of the profile
    between 55-59 and 60-64 in the last year. Low and high lie so far apart that even chances between them have the
    standard deviation of the forecast.
    """
    years = [str(y) for y in range(FIRST_PARTICIPATION_YEAR, origin)]

    def rates(band: str) -> np.ndarray:
        both = (known.series("participation_rate", sex=sex, age=band, period=years) for sex in SEXES)
        return np.mean([each.sort_values("period")["value"] for each in both], axis=0) / 100

    younger, older = rates("55-59"), rates("60-64")
    steepness = (younger[-1] - older[-1]) / 5
    mean, spread = structural(np.log(older / (1 - older)), HORIZON + 1)
    shifts = []
    for side in (-1.0, 0.0, 1.0):
        ahead = np.append(older[-1], 1 / (1 + np.exp(-(mean + side * np.sqrt(3.0) * spread))))
        new_year = (ahead[:-1] + ahead[1:]) / 2  # figures are means of years
        shifts.append((new_year - new_year[0]) / steepness)
    return np.array(shifts)


__all__ = ["ORIGINS", "LabourProfiles", "derive", "derive_origin", "survey", "window"]
