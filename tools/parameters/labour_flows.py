"""Rates between employment, unemployment and inactivity by sex and age.

Six rates at each age are estimated together: they stay near a stated age pattern, are smooth in age, take each
cohort from its stocks of 1 January 2024 to the stocks that unchanged rates of participation by age give on
1 January 2025, and give, followed for three months and added up, the observed three-month transition table. Gross
flows cannot be read straight from that table: who leaves and comes back within the quarter is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from tools.parameters.labour_profiles import AGES, SURVEY, LabourProfiles

EU, EN, UE, UN, NA, ODDS = range(6)
"""Separation to unemployment, exit, hiring of unemployed, discouragement, entry, odds of a job at entry."""

# Age patterns that the estimate stays near, at mean exact ages; `assumed`: no Dutch table of flows by age can be read.
# Levels and shapes are moved by the estimate; only their persistence over neighbouring ages is used.
PATTERNS: dict[int, tuple[list[float], list[float]]] = {
    EU: ([15, 20, 27, 40, 55, 62, 68, 76], [0.20, 0.14, 0.075, 0.052, 0.05, 0.045, 0.03, 0.03]),
    EN: (
        [15, 20, 26, 32, 40, 55, 60, 64, 65.5, 66.5, 67.5, 69, 72.5, 73.5, 74.5, 75.5, 76.5],
        [0.40, 0.25, 0.09, 0.06, 0.05, 0.06, 0.10, 0.15, 0.25, 0.55, 0.40, 0.40, 0.40, 0.60, 1.2, 2.5, 5.0],
    ),
    UE: ([15, 25, 40, 55, 62, 74, 76.5], [2.8, 2.8, 2.5, 2.0, 1.6, 1.2, 1.0]),
    UN: ([15, 20, 30, 45, 60, 65, 67, 74, 76.5], [2.4, 2.0, 1.5, 1.5, 1.6, 2.0, 2.5, 3.0, 6.0]),
    NA: (
        [15, 20, 27, 35, 50, 57, 62, 66, 70, 74, 76.5],
        [1.8, 1.6, 1.1, 0.8, 0.6, 0.30, 0.12, 0.06, 0.03, 0.01, 0.001],
    ),
    ODDS: ([15, 25, 50, 74], [0.65, 0.65, 0.65, 1.2]),
}
FIRST_PATTERN = (0.6, 4.0)
"""Those who turn 15: share that enters the labour force on that day, odds that with a job; moved by the estimate."""
KNOTS = np.r_[np.arange(0, 42, 3), np.arange(42, 62)]
"""Positions (age less 15) between which log rates are moved together."""

STEPS = 8
"""Runge-Kutta steps a year when a cohort is followed."""


@dataclass(frozen=True)
class Surroundings:
    """What happens to a cohort beside the labour market.

    `loss` deaths and emigration per person-year, `arrivals` immigrants a year, both by sex and age 14-77 (2, 64);
    `youngest` residents of 14 on 1 January 2024 (2,); `population` on 1 January 2025 by age 15-77 (2, 63).
    """

    loss: np.ndarray
    arrivals: np.ndarray
    youngest: np.ndarray
    population: np.ndarray


@dataclass(frozen=True)
class LabourFlows:
    """Rates per year by sex and age 15-76, (2, 62) each; `placed` is the share of entrants with a job at once."""

    separation: np.ndarray
    exit: np.ndarray
    hiring: np.ndarray
    discouragement: np.ndarray
    entry: np.ndarray
    placed: np.ndarray
    first_entry: np.ndarray
    """Share of the residents who turn 15 that enters the labour force at once, (2,) by sex."""
    first_placed: np.ndarray
    """Share of them with a job at once, (2,) by sex."""
    table: np.ndarray
    """Simulated three-month transition shares, rows from employed, unemployed, inactive."""


def labour_flows(
    profiles: LabourProfiles,
    around: Surroundings,
    observed: np.ndarray | None,
    unemployed_next: float | None,
    evaluations: int = 25,
    furthest: float = np.inf,
) -> LabourFlows:
    """Estimate the six rates.

    `observed`: the nine transition shares; `unemployed_next`: unemployed a year later. Where no transitions were
    published the assumed patterns give the level of the gross flows; without `unemployed_next` unemployment by age
    stays. `evaluations`: most steps of the search; `furthest`: how far a log rate may be from its pattern.
    """
    target_e, target_u = _targets(profiles, around, unemployed_next)
    patterns = np.log(np.stack([np.tile(_pattern(i), (2, 1)) for i in range(6)]))
    spread = np.array([np.interp(np.arange(62), KNOTS, np.eye(len(KNOTS))[j]) for j in range(len(KNOTS))])

    def rates(knots: np.ndarray) -> np.ndarray:
        return np.exp(patterns + knots[4:].reshape(6, 2, -1) @ spread)

    def first(knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        odds = FIRST_PATTERN[1] * np.exp(knots[2:4])
        return FIRST_PATTERN[0] * np.exp(knots[:2]), odds / (1 + odds)

    smoothness = np.full((6, 2, 60), 2.0)
    smoothness[EN, :, 47:54] = 1.5  # pension ages

    def residuals(knots: np.ndarray) -> np.ndarray:
        r = rates(knots)
        move = np.log(r) - patterns
        end_e, end_u = _next_year(r, first(knots), profiles, around)
        return np.concatenate([
            ((end_e[:, :-1] - target_e) / (target_e + 2000)).ravel() * 60,
            ((end_u[:, :-1] - target_u) / (target_u + 300)).ravel() * 30,
            [
                    3000 * (end_e[:, SURVEY].sum() / target_e[:, SURVEY].sum() - 1),
                    300 * (end_u[:, SURVEY].sum() / target_u[:, SURVEY].sum() - 1),
                ],
            [] if observed is None else (transition_table(r, profiles) / observed - 1).ravel() * 40,
            knots[:4] * 0.3,
            move.ravel() * 1.5,
            (np.diff(move, 2, axis=-1) * smoothness).ravel(),
            (move[:, 0] - move[:, 1]).ravel() * 0.2,
        ])  # fmt: skip

    start = np.zeros(4 + 12 * len(KNOTS))
    fit = least_squares(residuals, start, bounds=(-furthest, furthest), max_nfev=evaluations)
    r = rates(fit.x)
    placed = r[ODDS] / (1 + r[ODDS])
    return LabourFlows(r[EU], r[EN], r[UE], r[UN], r[NA], placed, *first(fit.x), transition_table(r, profiles))


def _pattern(i: int) -> np.ndarray:
    ages, values = PATTERNS[i]
    return np.exp(np.interp(AGES + 0.5, ages, np.log(values)))


def _targets(
    profiles: LabourProfiles, around: Surroundings, unemployed_next: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Employed and unemployed of 15-76 a year later at unchanged rates by age; unemployed scaled to the total."""
    people = around.population[:, :62]
    employed = profiles.employed / profiles.population * people
    unemployed = profiles.unemployed / profiles.population * people
    if unemployed_next is None:
        return employed, unemployed
    return employed, unemployed * unemployed_next / unemployed[:, SURVEY].sum()


def generators(r: np.ndarray) -> np.ndarray:
    """Three-state generators (..., 3, 3) of the rates (6, ...): employed, unemployed, inactive."""
    placed = r[ODDS] / (1 + r[ODDS])
    g = np.zeros((*r.shape[1:], 3, 3))
    g[..., 0, 1], g[..., 0, 2] = r[EU], r[EN]
    g[..., 1, 0], g[..., 1, 2] = r[UE], r[UN]
    g[..., 2, 0], g[..., 2, 1] = r[NA] * placed, r[NA] * (1 - placed)
    for i in range(3):
        g[..., i, i] = -g[..., i, :].sum(axis=-1)
    return g


def quarter(g: np.ndarray) -> np.ndarray:
    """exp(g/4), by scaling and squaring (the largest rate is a few a year)."""
    m = g * (0.25 / 32)
    eye = np.eye(3)
    p = eye + m @ (eye + m / 2 @ (eye + m / 3 @ (eye + m / 4)))
    for _ in range(5):
        p = p @ p
    return p


def transition_table(r: np.ndarray, profiles: LabourProfiles) -> np.ndarray:
    """Shares (3, 3) of the people of each status who are in each status three months later."""
    stocks = np.stack([profiles.employed, profiles.unemployed, profiles.inactive], axis=-1)
    counts = (stocks[..., None] * quarter(generators(r)))[:, SURVEY].sum(axis=(0, 1))
    return counts / counts.sum(axis=1, keepdims=True)


def _next_year(
    r: np.ndarray, first: tuple[np.ndarray, np.ndarray], profiles: LabourProfiles, around: Surroundings
) -> tuple[np.ndarray, np.ndarray]:
    """Employed and unemployed on 1 January 2025 by age 15-77, (2, 63): each cohort of 14-76 followed for a year."""
    g = np.zeros((2, 64, 3, 3))
    g[:, 1:63] = generators(r)
    g[:, 0] = g[:, 1]  # those who turn 15 meet the rates of 15
    g[:, 63, 0, 2] = g[:, 63, 1, 2] = CLOSING_RATE
    g[:, 63, 0, 0] = g[:, 63, 1, 1] = -CLOSING_RATE
    x = np.zeros((2, 63, 3))
    x[:, 1:, 0], x[:, 1:, 1], x[:, 1:, 2] = profiles.employed, profiles.unemployed, profiles.inactive
    x[:, 0, 2] = around.youngest
    low, high = g[:, :-1], g[:, 1:]
    loss_low, loss_high = around.loss[:, :-1, None], around.loss[:, 1:, None]
    arrivals = np.zeros((2, 63, 3))
    arrivals[..., 2] = around.arrivals[:, :-1]

    share, first_placed = first

    def change(state: np.ndarray, t: float) -> np.ndarray:
        gt = low + t * (high - low)
        out = -(loss_low + t * (loss_high - loss_low)) * state + arrivals
        people = state[:, 0].sum(axis=-1)
        past = state.copy()
        past[:, 0, 2] -= (1 - t) * people  # only those past 15 move
        out += np.einsum("sai,saij->saj", past, gt)
        out[:, 0] += (share * people)[:, None] * np.stack([first_placed, 1 - first_placed, -np.ones(2)], axis=-1)
        return out

    h = 1 / STEPS
    for i in range(STEPS):
        t = i * h
        k1 = change(x, t)
        k2 = change(x + h / 2 * k1, t + h / 2)
        k3 = change(x + h / 2 * k2, t + h / 2)
        k4 = change(x + h * k3, t + h)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x[..., 0], x[..., 1]


CLOSING_RATE = 6.0
"""Per year: everybody leaves the labour force by 77; the statistic ends at 75."""
