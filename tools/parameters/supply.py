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
    ("hours_of_parents_at_stake", "no_source", 0.3, 0.0, 0.6),
    ("hours_of_carers_at_stake", "no_source", 0.5, 0.0, 1.0),
    ("workload_limit", "no_source", 1.0, 0.5, 1.5),
    ("workload_time", "no_source", 1.0, 0.5, 3.0),
    ("absence_effect", "no_source", 0.01, 0.0, 0.03),
    ("overload_effect", "no_source", 0.1, 0.0, 0.3),
    ("choice_elasticity", "no_source", 0.5, 0.0, 1.5),
    ("information_delay", "no_source", 1.5, 0.5, 3.0),
    ("study_time", "training_delays", 4.0, 2.0, 6.0),
    ("working_life", "no_source", 40.0, 30.0, 45.0),
    ("fidelity_to_field", "no_source", 0.7, 0.3, 1.0),
    ("retraining_elasticity", "no_source", 1.0, 0.0, 2.0),
    ("retraining_at_start", "stap_2022", 21_600.0, 5_000.0, 60_000.0),
    ("retraining_time", "training_delays", 1.0, 0.5, 2.0),
    ("retraining_completion", "no_source", 0.6, 0.4, 0.8),
    ("retraining_hours", "no_source", 0.3, 0.1, 0.5),
    ("training_places_in_use", "no_source", 0.5, 0.2, 1.0),
    ("initial_available_not_searching", "unused_2023", 170_000.0, 130_000.0, 210_000.0),
    ("initial_searching_not_available", "unused_2023", 145_000.0, 105_000.0, 185_000.0),
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

CARERS = {(15, 24): (0.03, 0.03), (25, 44): (0.1, 0.06), (45, 64): (0.2, 0.12), (65, 74): (0.15, 0.1)}
"""Women and men who care for a relative, as a share of the workers of the ages; assumed."""

YOUNG_YEARS, CHILDREN_PER_PARENT, FATHERS_OLDER = 4, 1.25, 3
"""Ages 0 to 3; children of these ages per parent who has one, and years by which fathers are older: assumed."""


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
    observed = {"source": "benefit_2023", "status": "observed"}
    out.append(Row("initial_underemployed", 525_000.0, "unused_2023", "observed"))
    out.append(Row("initial_benefit_recipients", 400_000.0, **observed))
    out.append(Row("benefit_outflow_rate", 4 * 16_800 / 400_000, **observed))
    out.append(Row("extra_hours_wanted", 12 / 32.2, "underemployed_2018", "estimated"))
    by_age = {"sex": SEXES, "age": AGES}
    carers = np.array([[share[s] for (a, b), share in CARERS.items() for _ in range(a, b + 1)] for s in (0, 1)])
    out += rows_of("carer_share", carers, by_age, source="no_source", status="assumed")
    out += rows_of("parent_share", parent_share(parameters), by_age, source="births", status="estimated")
    out.append(Row("study_start_rate", 1.0, "definition", "literature", age=16))
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


def parent_share(parameters: Path) -> Floats:
    """Women and men with a child of up to three years, shape (2, 60): births of four years at the rates of 2024."""
    found = read_table(parameters, "population").series("fertility_rate", "age", year=2024)

    def share(age: int) -> float:
        births = sum(found.get(age - back, 0.0) for back in range(YOUNG_YEARS))
        return births / CHILDREN_PER_PARENT

    return np.array([[share(age - older) for age in AGES] for older in (0, FATHERS_OLDER)])
