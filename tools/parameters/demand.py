"""Demand: use of public services by age, trend output and productivity, the tasks, hours.

What has a published figure is carried from the observations; what has none is `assumed` and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from tools.parameters.labour_profiles import BASE_PERIODS, SECTORS
from tools.parameters.tables import EDGE, Row, rows_of

from krapte_sd.backtest.benchmarks import structural

if TYPE_CHECKING:
    from krapte_sd.parameters.observations import Observations

Floats = npt.NDArray[np.float64]

YEARS = range(2024, 2052)
AGES = range(101)
SEXES = ("female", "male")
TREND_YEARS = range(1995, 2016)
"""Years of the accounts of EU KLEMS."""

PUBLIC = {"O": "inhabitants", "P": "education", "Q": "care"}
INDUSTRY_OF = {
    "A": "A", "B": "B", "C": "C", "D": "D-E", "E": "D-E", "F": "F", "G": "G", "H": "H", "I": "I", "J": "J", "K": "K",
    "L": "L", "M": "M-N", "N": "M-N", "O": "O", "P": "P", "Q": "Q", "R": "R-S", "S": "R-S",
}  # fmt: skip
INDUSTRIES = tuple(dict.fromkeys(INDUSTRY_OF.values()))

# relative use of care staff at mean exact ages; `assumed` (no figure by age of the client can be read), set such that
# the need grows by 1.6% a year to 2030 as in the forecast of ABF of 2020
CARE_BY_AGE = ([0, 4, 13, 20, 60, 70, 80, 87, 95, 101], [2.0, 1.0, 0.8, 0.8, 1.0, 1.8, 4.0, 11.0, 14.0, 14.0])
EDUCATION_AGES = (4, 22)

COUNTED_TWICE = 0.5
"""Share of the people for the grid who are in the count of the Climate Agreement as well; `assumed` (none to all)."""

TASK_SHARES = {
    "homes": {"F": 0.9, "M": 0.1},
    "climate": {"F": 0.5, "M": 0.2, "C": 0.15, "D": 0.15},
    "grid": {"D": 0.35, "F": 0.5, "M": 0.15},
    "defence": {"O": 1.0},
}
"""Sections that do the tasks; `assumed`."""


def rows(observations: Observations) -> list[Row]:
    """Rows of the theme `demand`."""
    return [
        *_services(),
        *trends(observations, TREND_YEARS, len(YEARS) - 1),
        *_tasks(observations),
        *_hours(observations),
    ]


def _services() -> list[Row]:
    care = np.interp(np.arange(101) + 0.5, *CARE_BY_AGE)
    low, high = EDUCATION_AGES
    age = np.arange(101)
    education = ((age >= low) & (age <= high)).astype(float)
    both = {"sex": SEXES, "age": AGES}
    out = []
    for driver, use, source in (
        ("care", care, "no_source"),
        ("education", education, "no_source"),
        ("inhabitants", np.ones(101), "no_source"),
    ):
        out += rows_of(
            "service_use_per_head", np.tile(use, (2, 1)), both, driver=driver, source=source, status="assumed"
        )
    weights = np.array(
        [[1.0 if PUBLIC.get(k) == d else 0.0 for d in ("care", "education", "inhabitants")] for k in SECTORS]
    )
    out += rows_of(
        "driver_weight",
        weights,
        {"sector": SECTORS, "driver": ("care", "education", "inhabitants")},
        source="no_source",
        status="assumed",
    )
    care = np.array([k == "Q" for k in SECTORS])
    out += rows_of(
        "residual_service_growth",
        np.zeros(len(SECTORS)),
        {"sector": SECTORS},
        low=np.where(care, 0.0, -0.002),
        high=np.where(care, 0.006, 0.002),
        distribution="uniform",
        source="wrr_abf",
        status="assumed",
    )
    return out


class Trend(NamedTuple):
    """Growth a year of output and of productivity (2, industry), its forecast error, and what holds for all."""

    growth: Floats
    error: Floats
    persistence: float
    correlation: float


def trends(observations: Observations, years: range, horizon: int) -> list[Row]:
    """Growth of output and productivity by section (EU KLEMS), by structural time-series models.

    Parameters
    ----------
    observations : Observations
        Value added and hours worked by industry.
    years : range
        Years that the models are fitted to.
    horizon : int
        Years over which growth is drawn: the range is the error of mean growth over so many years.
    """
    found = forecast_trends(observations, years, horizon)
    told = {"source": "euklems_2017", "status": "estimated"}
    out = [Row("trend_correlation", found.correlation, **told)]
    # mining: output fell with the closing of the gas field of Groningen; no trend to carry on
    closing = [k == "B" for k in SECTORS]
    at = [INDUSTRIES.index(INDUSTRY_OF[k]) for k in SECTORS]
    market = [k not in PUBLIC and k != "B" for k in SECTORS]
    for name, growth, error in zip(("output", "productivity"), found.growth, found.error, strict=True):
        mean = growth[at][market].mean()
        central = np.where(closing, mean, mean + found.persistence * (growth[at] - mean))
        out += rows_of(
            f"trend_{name}_growth",
            central,
            {"sector": SECTORS},
            low=central - EDGE * error[at],
            high=central + EDGE * error[at],
            distribution="normal",
            source="euklems_2017",
            status=np.where(closing, "assumed", "estimated").astype(object),
        )
    return out


def forecast_trends(observations: Observations, years: range, horizon: int) -> Trend:
    """Fit a structural time-series model to output, productivity and hours of each industry.

    Productivity and output moved together, and are drawn apart. Both errors are therefore narrowed alike, to where
    labour needed, their quotient, has the error that the model of hours worked gives.
    """
    output, hours = (
        np.log([_yearly(observations, series, k, years) for k in INDUSTRIES])
        for series in ("value_added_volume", "hours_worked")
    )
    levels = np.array([output, output - hours])
    growth, error = _fitted(levels, horizon)
    of_hours = _fitted(hours, horizon)[1]
    market = [k not in PUBLIC and k != "B" for k in INDUSTRIES]
    changes = np.corrcoef(np.diff(hours[market]))
    together = float(changes[np.triu_indices_from(changes, 1)].mean())
    return Trend(growth, error * of_hours / np.hypot(*error), persistence(levels[:, market]), together)


def _yearly(observations: Observations, series: str, industry: str, years: range) -> Floats:
    return np.array([observations.value(series, sector=industry, period=str(y)) for y in years])


def _fitted(levels: Floats, horizon: int) -> tuple[Floats, Floats]:
    """Give growth a year and the error of its mean over the horizon, for logs (..., year)."""
    outlooks = [structural(each, horizon) for each in levels.reshape(-1, levels.shape[-1])]
    shape = levels.shape[:-1]
    growth = np.array([np.diff(each.mean).mean() for each in outlooks]).reshape(shape)
    return growth, np.array([each.spread[-1] / horizon for each in outlooks]).reshape(shape)


def persistence(levels: Floats) -> float:
    """Give the share of an industry's deviation from mean growth that is expected to go on, from 0 to 1.

    Deviations in the second half of the years are regressed on those in the first, for output and productivity
    together; the slope is brought from half the years to all of them (Spearman 1910, Brown 1910).

    Parameters
    ----------
    levels : numpy.ndarray, shape (series, industry, year)
        Logarithms.
    """
    half = (levels.shape[-1] - 1) // 2
    parts = levels[..., : half + 1], levels[..., half:]
    growth = [(each[..., -1] - each[..., 0]) / (each.shape[-1] - 1) for each in parts]
    first, second = (each - each.mean(axis=-1, keepdims=True) for each in growth)
    slope = float(np.clip((first * second).sum() / (first**2).sum(), 0.0, 1.0))
    return 2 * slope / (1 + slope)


def _path(points: dict[int, float]) -> np.ndarray:
    return np.interp(list(YEARS), list(points), list(points.values()))


def _tasks(observations: Observations) -> list[Row]:
    hours, fte = (
        _hours_per_worker(observations),
        observations.value("annual_hours_per_fte", sector="A-U", period="2021"),
    )

    def persons_per_fte(task: str) -> float:
        return float(sum(part * fte / hours[SECTORS.index(k)] for k, part in TASK_SHARES[task].items()))

    # the plan of homes starts here and follows the homes wanted after
    homes = _path({2024: observations.value("homes_added", period="2024")})
    # half of the Climate Agreement and of the extra policy of the range, less fossil work, built up evenly 2019-2030
    climate = 0.5 * (
        observations.value("climate_labour_net_low", period="2030")
        + observations.value("climate_labour_net_high", period="2030")
    )
    climate += 0.5 * (
        observations.value("climate_extra_policy_jobs_low", period="2030")
        + observations.value("climate_extra_policy_jobs_high", period="2030")
    )
    climate *= persons_per_fte("climate")
    climate_path = _path({2024: climate * 5 / 11, 2030: climate, 2051: climate})
    grid = _path({2024: 0.0, 2030: 0.5 * _grid_people(observations), 2051: 0.5 * _grid_people(observations)})
    climate_path -= COUNTED_TWICE * grid
    defence = np.interp(
        list(YEARS),
        [2022 + 1 / 12, 2025 + 11 / 12, 2030, 2051],
        [
            observations.value("defence_people", period="2022-02"),
            observations.value("defence_people", period="2025-12"),
            *[observations.value("defence_people_target", period="2030")] * 2,
        ],
    )
    tasks = ("homes", "climate", "grid", "defence")
    volume = np.stack([homes, climate_path, grid, defence])
    out = []
    for task, values, source in zip(tasks, volume, ("homes", "climate", "netbeheer_2025", "mod_2025"), strict=True):
        out += rows_of(
            "task_volume",
            values[None],
            {"region": ["NL"], "year": YEARS},
            task=task,
            source=source,
            status="literature" if task == "defence" else "assumed",
        )
    per_fte = persons_per_fte("homes")
    lowest, highest = _labour_per_home(observations)
    value = 0.5 * (lowest + highest) * per_fte
    for task in tasks:
        one = task == "homes"
        if one:
            span = {
                "source": "labour_per_home",
                "low": lowest * per_fte,
                "high": highest * per_fte,
                "distribution": "uniform",
            }
        else:
            span = {"source": "definition", "low": 1.0, "high": 1.0, "distribution": "constant"}
        status = "estimated" if one else "assumed"
        out.append(Row("labour_per_unit", value if one else 1.0, status=status, task=task, **span))
        out.append(
            Row(
                "labour_saving_in_tasks",
                0.005 if one else 0.0,
                "no_source",
                "assumed",
                task=task,
                low=0.0,
                high=0.015,
                distribution="uniform",
            )
        )
    for task in tasks:
        out += rows_of(
            "task_share",
            np.array([TASK_SHARES[task].get(k, 0.0) for k in SECTORS]),
            {"sector": SECTORS},
            task=task,
            source="no_source",
            status="assumed",
        )
    return out


def _labour_per_home(observations: Observations) -> tuple[float, float]:
    """Full-time years in construction for one home, lowest and highest of what can be computed from read figures.

    Building cost by permits times labour per euro of all construction lies between.
    """
    built = observations.value("extra_homes_labour") / observations.value("extra_homes")
    more = observations.value("homes_target") - observations.value("new_homes", period="2024")
    aimed = observations.value("home_aim_labour") / more
    cost = observations.value("building_cost_per_home")
    by_cost = cost * observations.value("construction_labour") / observations.value("construction_output")
    if not built < by_cost < aimed:
        raise ValueError(f"labour per home: {built:.3g}, {by_cost:.3g} and {aimed:.3g} are not in this order")
    return built, aimed


def _grid_people(observations: Observations) -> float:
    return observations.value("grid_people_wanted")


def _hours_per_worker(observations: Observations) -> np.ndarray:
    """Hours a year (19,): the pattern of weekly hours by section, scaled to the mean of the national accounts."""
    weekly = []
    for k in SECTORS:
        total = people = 0.0
        for sex in SEXES:
            hours = observations.series("weekly_hours", sector=k, sex=sex)
            workers = observations.series("employed_by_section", sector=k, sex=sex)
            h = float(hours.loc[hours["period"].isin(BASE_PERIODS), "value"].mean())
            n = float(workers.loc[workers["period"].isin(BASE_PERIODS), "value"].sum())
            total, people = total + h * n, people + n
        weekly.append((total / people, people))
    means, workers = np.array(weekly).T
    quarter = observations.value("hours_worked_accounts", sector="A-U", period="2024Q2")
    per_person = 4 * quarter / observations.value("employed_persons_accounts", sector="A-U", period="2024Q2")
    return means * per_person / ((means * workers).sum() / workers.sum())


def _hours(observations: Observations) -> list[Row]:
    yearly = _hours_per_worker(observations)
    out = rows_of("hours_per_worker", yearly, {"sector": SECTORS}, source="hours", status="estimated")
    out.append(
        Row(
            "hours_per_fte",
            observations.value("annual_hours_per_fte", sector="A-U", period="2021"),
            "cbs_81433ned",
            "observed",
            low=1750.0,
            high=1856.0,
            distribution="uniform",
        )
    )
    return out
