"""Rows of the theme `supply` about migrants: groups, length of stay, temporary workers, refugees on their way to work.

The figures are typed over from the pages named in ``supply.yaml``; what is `assumed` says so, with a range.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import expm
from scipy.optimize import least_squares
from tools.parameters.labour_profiles import SECTORS
from tools.parameters.tables import Row, rows_of

Floats = npt.NDArray[np.float64]
GROUPS = ("eu_labour", "non_eu_labour", "study_family", "asylum", "returning_other")
PERMIT_YEARS = range(2014, 2051)

# immigrants of 2023 in thousands, without refugees from Ukraine: Dutch nationality, EU/EFTA nationality, all others
DUTCH, EU, OTHER = 44.435, 171.2 - 44.435, 335.668 - 171.2 - 37.0
# EU/EFTA immigrants of 2018 in thousands by what they came for
EU_LABOUR, EU_FAMILY, EU_STUDY, EU_OTHER = 39.98, 24.36, 14.80, 30.69
# immigrants of 2022 from elsewhere, without Ukraine, in thousands: all, family, asylum; the rest work or study
OTHER_2022, OTHER_FAMILY, OTHER_ASYLUM = 230.0 - 108.0, 39.5, 27.6
HALF = 0.5
"""Workers among workers and students from outside the EU; assumed."""

LEFT: dict[str, tuple[float, float]] = {
    # share that left within two and within five years
    "eu_labour": (0.423, 0.61),
    "non_eu_labour": (0.315, 0.54),
    "study_family": (0.319, 0.475),
    "returning_other": (0.407, 0.61),
}
FIRST_YEARS, LATER_YEARS = 2.0, 5.0
"""Mean lengths of the first and the later years of stay, years; assumed."""

ASYLUM_LEFT, ASYLUM_YEARS = 0.4, 10.0
"""Refugees of 2009 who left within ten years (CBS 2020)."""

PERMITS, PERMIT_SPAN = 280_000.0, 10.5
"""Asylum permits from 2014 to the middle of 2024 (CBS 2025)."""

RESPONSES: dict[str, dict[str, tuple[float, float, float]]] = {
    "tightness_elasticity_of_migration": {
        "eu_labour": (0.3, 0.0, 0.6), "non_eu_labour": (0.15, 0.0, 0.4), "study_family": (0.0, 0.0, 0.0),
        "asylum": (0.0, 0.0, 0.0), "returning_other": (0.0, 0.0, 0.0),
    },
    "wage_elasticity_of_migration": {
        "eu_labour": (1.0, 0.0, 2.0), "non_eu_labour": (0.5, 0.0, 1.0), "study_family": (0.0, 0.0, 0.0),
        "asylum": (0.0, 0.0, 0.0), "returning_other": (0.0, 0.0, 0.0),
    },
    "housing_exposure": {
        "eu_labour": (0.7, 0.3, 1.0), "non_eu_labour": (0.7, 0.3, 1.0), "study_family": (0.5, 0.2, 0.8),
        "asylum": (0.0, 0.0, 0.0), "returning_other": (0.3, 0.0, 0.6),
    },
}  # fmt: skip
"""By group: value, low, high; all assumed."""

SINGLE: tuple[tuple[str, str, float, float, float], ...] = (
    ("highest_inflow", "no_source", 2.5, 1.5, 4.0),
    ("migration_delay", "delay_of_migration", 1.0, 0.5, 2.0),
    ("work_on_arrival", "no_source", 0.9, 0.7, 1.0),
    ("first_years_of_stay", "no_source", FIRST_YEARS, FIRST_YEARS, FIRST_YEARS),
    ("later_years_of_stay", "no_source", LATER_YEARS, LATER_YEARS, LATER_YEARS),
    ("initial_temporary_migrants", "temporary", 250_000.0, 100_000.0, 500_000.0),
    ("temporary_stay", "no_source", 1.0, 0.5, 2.0),
    ("settlement_rate", "no_source", 0.05, 0.02, 0.1),
    ("tightness_elasticity_of_temporary_migration", "no_source", 0.4, 0.0, 0.8),
    ("wage_elasticity_of_temporary_migration", "no_source", 1.0, 0.0, 2.0),
    ("status_holder_work_limit", "status_holders", 0.48, 0.45, 0.6),
    ("status_holder_half_time", "status_holders", 2.6, 2.3, 3.0),
    ("status_holder_steepness", "status_holders", 3.0, 2.5, 3.5),
)
"""Value, low, high."""

TEMPORARY_SECTORS = {"A": 0.12, "C": 0.1, "F": 0.06, "G": 0.08, "H": 0.07, "I": 0.05, "N": 0.52}
"""Sectors of temporary workers: just over half by temporary agencies (SEO 2022), the rest assumed."""


def rows() -> list[Row]:
    """Rows on migrants."""
    out = [
        Row(name, value, source, _status(name), low=low, high=high, distribution=_distribution(low, high))
        for name, source, value, low, high in SINGLE
    ]
    for name, by_group in RESPONSES.items():
        out += [
            Row(
                name, value, "no_source", "assumed", low=low, high=high,
                distribution=_distribution(low, high), migrant_group=group,
            )
            for group, (value, low, high) in by_group.items()
        ]  # fmt: skip
    groups = {"migrant_group": GROUPS}
    out += rows_of("migrant_group_share", group_shares(), groups, source="groups", status="estimated")
    first, later = departure_rates()
    out += rows_of("departure_rate_of_first_years", first, groups, source="stay", status="estimated")
    out += rows_of("departure_rate_of_later_years", later, groups, source="stay", status="estimated")
    definition = {"source": "definition", "status": "literature"}
    out += rows_of("arrives_for_work", np.array([g.endswith("labour") for g in GROUPS]), groups, **definition)
    out += rows_of("settles_as", np.array([g == "eu_labour" for g in GROUPS]), groups, **definition)
    out += rows_of("labour_migrant_age", np.ones(45), {"age": range(20, 65)}, **definition)
    where = np.array([TEMPORARY_SECTORS.get(k, 0.0) for k in SECTORS])
    out += rows_of("temporary_work_share", where, {"sector": SECTORS}, source="temporary", status="assumed")
    cohorts = {"permit_cohort": [f"p{year}" for year in PERMIT_YEARS]}
    years = np.array(PERMIT_YEARS, float)
    out += rows_of("permit_year", years, cohorts, **definition)
    leaving = later[GROUPS.index("asylum")]
    stock = np.where(years < 2024, PERMITS / PERMIT_SPAN * np.exp(-leaving * (2023.5 - years)), 0.0)
    return out + rows_of("initial_status_holders", stock, cohorts, source="permits", status="estimated")


def _status(name: str) -> str:
    return "estimated" if name.startswith("status_holder") else "assumed"


def _distribution(low: float, high: float) -> str:
    return "constant" if low == high else "uniform"


def group_shares() -> Floats:
    """Share of immigrants by group, shape (5,): counts of 2023, split by the motives of 2018 (EU) and 2022 (others)."""
    eu = EU / (EU_LABOUR + EU_FAMILY + EU_STUDY + EU_OTHER)
    other = OTHER / OTHER_2022
    at_work_or_study = OTHER_2022 - OTHER_FAMILY - OTHER_ASYLUM
    counts = np.array(
        [
            eu * EU_LABOUR,
            other * HALF * at_work_or_study,
            eu * (EU_FAMILY + EU_STUDY) + other * (OTHER_FAMILY + (1 - HALF) * at_work_or_study),
            other * OTHER_ASYLUM,
            eu * EU_OTHER + DUTCH,
        ]
    )
    return np.asarray(counts / counts.sum())


def departure_rates() -> tuple[Floats, Floats]:
    """Rates of leaving in the first and the later years, 1/year, shape (5,) each.

    The two rates of a group give the shares that have left two and five years after arrival; refugees have one rate.
    """
    constant = -np.log(1.0 - ASYLUM_LEFT) / ASYLUM_YEARS
    found = np.array([_two_rates(*LEFT[g]) if g in LEFT else (constant, constant) for g in GROUPS])
    return found[:, 0], found[:, 1]


def left_after(years: float, first: float, later: float) -> float:
    """Share of new arrivals that have left after some years."""
    on, settled = 1 / FIRST_YEARS, 1 / LATER_YEARS
    flows = np.array([[-first - on, on, 0.0], [0.0, -later - settled, settled], [0.0, 0.0, 0.0]])
    return float(1.0 - expm(flows * years)[0].sum())


def _two_rates(after_two: float, after_five: float) -> tuple[float, float]:
    def miss(rates: Floats) -> list[float]:
        return [left_after(2.0, *rates) - after_two, left_after(5.0, *rates) - after_five]

    solution = least_squares(miss, [0.3, 0.1], bounds=(0.0, 2.0), xtol=1e-15, ftol=1e-15, gtol=1e-15)
    if np.abs(solution.fun).max() > 1e-3:
        raise ValueError(f"no rates give {after_two} and {after_five}: {solution.x}, off by {solution.fun}")
    return float(solution.x[0]), float(solution.x[1])
