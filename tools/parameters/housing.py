"""Housing: households by age of who stands for them, homes there are and homes short.

Needs the theme `population`. The metadata file is kept by hand.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tools.parameters.tables import Row, read_table, rows_of, write_rows

AGES = range(101)

HOUSEHOLDS_2020 = {
    (15, 30): (1_146_738, 3_280_534),
    (30, 45): (1_851_001, 3_168_863),
    (45, 55): (1_469_265, 2_466_533),
    (55, 65): (1_403_862, 2_367_890),
    (65, 101): (1_961_447, 3_393_184),
}
"""Households by age of the reference person in 2020 (CBS 71411ned, 37888ned), and residents (UN WPP 2022)."""

YOUNG = {15: 0.01, 20: 46_423 / 209_792, 21: 61_199 / 209_892}
"""Households per resident: 15 assumed, 20 and 21 from the positions in households of 2018 (CBS 37620)."""

HOUSEHOLDS, HOMES, SHORT = 8_374_404, 8_200_000, 0.049
"""1 January 2024: households (CBS 37975), homes (CBS: 8.3 million at the end of 2024 after a growth of 70 thousand) and
homes short as a share of them (ABF 2024)."""

DEMOLISHED = 11_800
"""Homes demolished in 2024 (CBS)."""


def derive(parameters: Path) -> None:
    """Derive and write the theme."""
    write_rows(parameters, "housing", rows(parameters))


def rows(parameters: Path) -> list[Row]:
    """Rows of the theme `housing`."""
    population = read_table(parameters, "population")
    residents = sum(
        population.array("initial_population", "age", AGES, region="NL", sex=sex) for sex in ("female", "male")
    )
    rate = household_rates()
    rate *= HOUSEHOLDS / float(rate @ residents)
    span = {"distribution": "uniform"}
    return [
        *rows_of("household_rate", rate, {"age": AGES}, source="cbs_households", status="estimated"),
        Row("homes_per_household", HOMES / HOUSEHOLDS, "cbs_homes", "estimated", low=8.18e6 / HOUSEHOLDS,
            high=8.22e6 / HOUSEHOLDS, **span),
        Row("initial_housing_shortfall", SHORT, "abf_2024", "literature", low=0.03, high=0.06, **span),
        Row("accepted_housing_shortfall", 0.02, "abf_2024", "literature", low=0.01, high=0.03, **span),
        Row("closing_time", 7, "aim_2031", "assumed", low=5, high=15, **span),
        Row("household_expectation_time", 5, "no_source", "assumed", low=2, high=10, **span),
        Row("planning_time", 4, "lead_times", "assumed", low=2, high=10, **span),
        Row("demolition_rate", DEMOLISHED / HOMES, "cbs_homes", "observed", low=0.8 * DEMOLISHED / HOMES,
            high=1.2 * DEMOLISHED / HOMES, **span),
        Row("inflow_response_to_housing", 4, "no_source", "assumed", low=0, high=10, **span),
        Row("move_response_to_housing", 0.05, "no_source", "assumed", low=0, high=0.1, **span),
    ]  # fmt: skip


def household_rates() -> np.ndarray:
    """Households per resident by age in 2020: linear up to 30 such that the group fits, then between mid-ages."""
    groups = {ages: homes / people for ages, (homes, people) in HOUSEHOLDS_2020.items()}
    older = {(low + min(high, 85)) / 2: rate for (low, high), rate in groups.items() if low >= 30}
    young = np.arange(15, 30)

    def profile(at_26: float) -> np.ndarray:
        knots = {14: 0.0, **YOUNG, 26: at_26, 31: groups[30, 45], **older}
        found = np.interp(np.arange(101), list(knots), list(knots.values()))
        found[:15] = 0.0
        return found

    # the mean over 15 to 29, all ages alike, is linear in the one free knot
    low, high = (float(profile(x)[young].mean()) for x in (0.0, 1.0))
    return profile((groups[15, 30] - low) / (high - low))
