"""Step `derive-supply`: how people respond with participation, hours, migration, training and health.

Hours by sex and age are derived from the observations. The responses themselves have hardly any published Dutch figure;
what is `assumed` says so, with a range. Metadata are kept by hand in ``supply.yaml``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from tools.parameters import migration
from tools.parameters.tables import Row, read_table, rows_of, write_rows

from krapte_sd.parameters.observations import Observations, read_observations

Floats = npt.NDArray[np.float64]
SEXES = ("female", "male")
AGES = range(15, 75)
HOURS_BANDS = ("15-24", "25-34", "35-44", "45-54", "55-64", "65-74")
HOURS_YEAR = "2023"

ASSUMED: tuple[tuple[str, str, float, float, float], ...] = (
    # parameter, source, value, low, high
    ("participation_adaptation_time", "no_source", 2.0, 0.5, 5.0),
    ("hours_elasticity", "cpb_elasticities", 0.05, 0.0, 0.15),
    ("hours_adaptation_time", "no_source", 3.0, 1.0, 6.0),
    ("retirement_elasticity", "no_source", 0.5, 0.0, 1.0),
    ("retirement_adaptation_time", "no_source", 3.0, 1.0, 6.0),
)
"""Assumed single numbers."""

ASSUMED_BY_SEX: tuple[tuple[str, str, str, float, float, float], ...] = (
    # parameter, sex, source, value, low, high
    ("supply_response_of_sex", "female", "cpb_elasticities", 1.3, 1.0, 1.6),
    ("supply_response_of_sex", "male", "cpb_elasticities", 0.7, 0.4, 1.0),
    ("hours_room", "female", "hours", 0.15, 0.05, 0.29),
    ("hours_room", "male", "no_source", 0.05, 0.02, 0.1),
)
"""Assumed numbers by sex; the highest room of women is the distance to the hours of men in 2024 (33.8 / 26.2 - 1)."""


def derive(parameters: Path) -> None:
    """Derive and write the theme."""
    write_rows(parameters, "supply", rows(parameters, read_observations(parameters / "observations")))


def rows(parameters: Path, observations: Observations) -> list[Row]:
    """Rows of the theme `supply`."""
    told = {"status": "assumed", "distribution": "uniform"}
    out = [Row(name, value, source, low=low, high=high, **told) for name, source, value, low, high in ASSUMED]
    out += [
        Row(name, value, source, low=low, high=high, sex=sex, **told)
        for name, sex, source, value, low, high in ASSUMED_BY_SEX
    ]
    weight = hours_weight(parameters, observations)
    out += migration.rows()
    return out + rows_of("hours_weight", weight, {"sex": SEXES, "age": AGES}, source="hours_by_age", status="estimated")


def hours_weight(parameters: Path, observations: Observations) -> Floats:
    """Weekly hours by sex and age over the mean, shape (2, 60).

    Women stand in no band: their hours are what is left of the total after those of men. In the oldest band there are
    no men either, and both sexes take the total.
    """

    def hours(sex: str, band: str) -> float:
        return observations.value("weekly_hours_by_age", sex=sex, age=band, period=HOURS_YEAR)

    table = read_table(parameters, "labour")
    sections = [chr(code) for code in range(ord("A"), ord("S") + 1)]

    def employed(sex: str, age: int) -> float:
        return sum(table.one("initial_employed", region="NL", sector=k, sex=sex, age=age) for k in sections)

    people = np.array([[employed(sex, age) for age in AGES] for sex in SEXES])
    weight = np.empty(people.shape)
    for band in HOURS_BANDS:
        first, last = (int(age) - AGES[0] for age in band.split("-"))
        here = slice(first, last + 1)
        total = hours("total", band)
        men = total if band == HOURS_BANDS[-1] else hours("male", band)
        women, all_men = people[:, here].sum(axis=1)
        weight[1, here] = men
        weight[0, here] = (total * (women + all_men) - men * all_men) / women
    return np.asarray(weight / hours("total", "15-74"), np.float64)
