"""How hires, moves and exits divide over the sectors at the start: turnover, search weights, vacancy shares.

Each (sector, sex, age) cell is balanced: hires make good what leaves and move the cell along the age profile of the
sector (the cross-section of 1 January 2024 is taken for the path of a cohort). The turnover of a sector is what makes
its hires through vacancies equal to those observed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tools.parameters.labour_flows import LabourFlows
from tools.parameters.labour_profiles import AGES, LabourProfiles

RETIREMENT = ([56, 62], [0.0, 1.0])
"""Share of those who leave employment for inactivity that retires, by age: none to 56, all from 62; `assumed`.

Retirement differs by sector where the age profile of the sector falls faster than the common rate allows (few people
work past the pension age in government or industry, many in farming and consultancy); the rest goes with turnover."""

RETIREMENT_CAP = 4.0
"""Per year."""

JOB_MOVE_PATTERN = ([15, 25, 35, 45, 55, 65, 75], [3.0, 1.9, 1.25, 0.85, 0.55, 0.25, 0.1])
"""Relative propensity to move to another job by age; `assumed`."""

TURNOVER_BOUNDS = (0.15, 6.0)
HIRES_FLOOR = 0.02
"""Least hires a year in a cell as a share of its workers: nobody is hired below zero where a profile falls steeply."""


@dataclass(frozen=True)
class Hiring:
    """Weights at the start; arrays (19,) by sector, (2, 62) by sex and age or (19, 2, 62)."""

    turnover: np.ndarray
    vacancy_share: np.ndarray
    separation: np.ndarray
    exit: np.ndarray
    retirement: np.ndarray
    """(19, 2, 62)."""
    of_unemployed: np.ndarray
    of_entrants: np.ndarray
    of_employed: np.ndarray
    of_first_entrants: np.ndarray
    """(19, 2) for those who turn 15: their jobs divide as those of 15."""
    growth: np.ndarray
    """Growth of employment by sector at the start, 1/year, as the weights give it."""


def hiring(
    profiles: LabourProfiles,
    flows: LabourFlows,
    loss: np.ndarray,
    youngest: np.ndarray,
    vacancy_hires: np.ndarray,
    moves_share: float,
    preference: float,
    relative_growth: np.ndarray,
) -> Hiring:
    """Solve turnover and search weights.

    `loss` (2, 62) deaths and emigration per person-year; `youngest` (2,) residents of 14; `vacancy_hires` (19,) persons
    a year; `moves_share` the share of them who come from another job; `preference` how much more likely a move is
    inside the sector; `relative_growth` (19,) growth of a sector beyond the average at the start, 1/year.
    """
    workers = profiles.share * profiles.employed
    retiring = np.interp(AGES, *RETIREMENT)
    churn = flows.exit * (1 - retiring)
    retirement = np.broadcast_to(flows.exit * retiring, workers.shape).copy()
    retired = flows.exit * retiring * profiles.employed
    unemployed_hires = flows.hiring * profiles.unemployed
    entrant_hires = flows.entry * flows.placed * profiles.inactive
    outside = unemployed_hires + entrant_hires
    first_jobs = (flows.first_entry * flows.first_placed * youngest) @ profiles.share[:, :, 0].T
    moves = np.interp(AGES + 0.5, *JOB_MOVE_PATTERN) * profiles.employed
    moves *= moves_share * vacancy_hires.sum() / moves.sum()
    vacancy_part = (1 - moves_share) * vacancy_hires.sum() / (outside.sum() + first_jobs.sum())
    net = outside - (flows.separation + flows.exit + loss) * profiles.employed
    tilt = relative_growth - (relative_growth * workers.sum(axis=(1, 2))).sum() / workers.sum()
    wanted = (net.sum() + first_jobs.sum()) / workers.sum() + tilt
    drift = profiles.share * net + profiles.employed * np.gradient(profiles.share, axis=2)
    # the profile alone gives each sector a growth of its own; the loop pushes it to the growth wanted
    turnover = np.ones(len(vacancy_hires))
    out_moves = workers * (moves / profiles.employed)
    for _ in range(2000):
        z = turnover[:, None, None]
        mean = (z * workers).sum(axis=0) / profiles.employed
        leaving = z * workers * (flows.separation + churn) / mean + workers * (retirement + loss)
        hires = drift + leaving + out_moves
        short = np.maximum(HIRES_FLOOR * workers - hires, 0.0)
        retirement = np.minimum(retirement + 0.2 * short * (retiring > 0) / workers, RETIREMENT_CAP)
        retirement *= np.divide(
            retired, (retirement * workers).sum(axis=0), out=np.ones_like(retired), where=retired > 0
        )
        hires += short
        hires *= (outside + moves) / hires.sum(axis=0)
        moving = hires * moves / (outside + moves)
        mobile = (z * workers).sum(axis=0)
        weight = moving / (mobile + preference * z * workers)
        out_moves = z * workers * (weight.sum(axis=0) + preference * weight)
        growth = ((hires - leaving - out_moves).sum(axis=(1, 2)) + first_jobs) / workers.sum(axis=(1, 2))
        gap = wanted - growth
        push = 0.1 * workers * gap[:, None, None]
        drift += push - profiles.share * push.sum(axis=0)
        by_vacancy = moving.sum(axis=(1, 2)) + vacancy_part * ((hires - moving).sum(axis=(1, 2)) + first_jobs)
        turnover = np.clip(turnover * (vacancy_hires / by_vacancy) ** 0.2, *TURNOVER_BOUNDS)
        turnover /= (turnover * workers.sum(axis=(1, 2))).sum() / workers.sum()
    others = (hires - moving).sum(axis=(1, 2)) + first_jobs
    share = np.clip((vacancy_hires - moving.sum(axis=(1, 2))) / others, 0.02, 0.98)
    return Hiring(
        turnover=turnover,
        vacancy_share=share,
        separation=flows.separation / mean,
        exit=churn / mean,
        retirement=retirement,
        of_unemployed=(hires - moving) * (unemployed_hires / outside) / profiles.unemployed,
        of_entrants=(hires - moving) * (entrant_hires / outside) / (flows.entry * profiles.inactive),
        of_employed=weight,
        of_first_entrants=profiles.share[:, :, 0] * flows.first_placed,
        growth=growth,
    )
