"""The solvers converge at their order, and the step that is used by default is small enough."""

import numpy as np
import pytest

from krapte_sd import run
from krapte_sd.forecast import FLOWS, STATES

NATIONAL = ("vacancies_total", "employed_total", "population_total")
STEPS = (1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128)

#: Largest difference between RK4 at 1/4 and at 1/64 over the years, relative to the largest value of the same
#: sector, in the worst sector. About twice what was measured.
ALLOWED = {
    "population_total": 1e-8,
    "working_age_population": 1e-9,
    "employed_total": 4e-6,
    "unemployed_total": 3e-4,
    "vacancies_total": 2e-4,
    "labour_force": 1.1e-5,
    "unemployment_rate": 3e-4,
    "tightness": 3e-4,
    "net_participation": 4e-6,
    "gross_participation": 1.1e-5,
    "labour_supply_at_unchanged_participation": 1e-9,
    "expected_labour_supply": 1e-8,
    "mean_wage_pressure": 6e-6,
    "closure_factor": 1e-8,
    "employed_in_sector": 9e-5,
    "vacancies": 2.4e-3,
    "desired_labour": 3e-6,
    "labour_needed": 1e-7,
    "frictional_shortage": 1e-3,
    "structural_shortage": 4e-3,
    "suppressed_shortage": 3e-5,
    "need_gap": 6e-4,
    "need_gap_in_hours": 6e-4,
    "need_gap_in_fte": 6e-4,
    "vacancy_rate": 2.4e-3,
    "vacancy_duration": 1.2e-3,
    "duration_tightness": 2.4e-3,
    "wage_pressure": 3e-5,
    "task_labour": 0.0,
    "births": 1e-9,
    "deaths_total": 2e-7,
    "immigration_total": 1e-9,
    "emigration_total": 1e-9,
    "net_migration": 1e-12,
    "hires": 1.2e-4,
    "vacancy_hires": 3e-4,
    "direct_hires": 1.4e-4,
    "vacancies_opened": 4e-4,
    "vacancies_lapsed": 4e-4,
    "separations_in_sector": 5e-5,
    "layoffs": 2e-2,
    "exits_in_sector": 4e-5,
    "retirements_in_sector": 5e-4,
    "deaths_in_sector": 5e-5,
    "emigration_from_sector": 1e-5,
    "job_leavers": 5e-5,
    "replacement_demand": 3e-4,
    "expansion_demand": 1e-2,
}


@pytest.fixture(scope="module")
def in_2030():
    def at(solver):
        runs = [run("baseline", until=2029, solver=solver, step=step) for step in STEPS]
        return {n: np.array([float(ds[n][-1].sum()) for ds in runs]) for n in NATIONAL}

    return {solver: at(solver) for solver in ("euler", "rk4")}


@pytest.mark.parametrize("name", NATIONAL)
@pytest.mark.parametrize(("solver", "order", "within"), [("euler", 1.0, 0.1), ("rk4", 4.0, 0.5)])
def test_order(in_2030, name, solver, order, within):
    """The error falls by two to the order when the step is halved: seen in the last three of the steps."""
    values = in_2030[solver][name]
    first, second = np.abs(np.diff(values))[-2:]
    assert second > 0
    assert np.log2(first / second) == pytest.approx(order, abs=within)


@pytest.mark.parametrize("name", NATIONAL)
def test_both_solvers_go_to_the_same_place(in_2030, name):
    """Euler, extrapolated by its order, meets RK4 (Richardson)."""
    euler = in_2030["euler"][name]
    limit = 2 * euler[-1] - euler[-2]
    assert limit == pytest.approx(in_2030["rk4"][name][-1], rel=1e-5)


@pytest.fixture(scope="module")
def default_and_fine():
    return run("baseline"), run("baseline", step=1 / 64)


@pytest.mark.parametrize("name", [*STATES, *FLOWS])
def test_the_default_step_is_small_enough(default_and_fine, name):
    default, fine = (ds[name].values for ds in default_and_fine)
    scale = np.abs(fine).max(axis=0)
    error = np.abs(default - fine).max(axis=0) / np.where(scale > 0, scale, 1.0)
    assert float(error.max()) <= ALLOWED[name]
