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
    "population_total": 6.4e-9,
    "working_age_population": 1.0e-9,
    "employed_total": 1.3e-6,
    "unemployed_total": 3.2e-5,
    "vacancies_total": 1.1e-4,
    "labour_force": 2.0e-6,
    "unemployment_rate": 3.2e-5,
    "tightness": 1.4e-4,
    "net_participation": 1.3e-6,
    "gross_participation": 2.0e-6,
    "labour_supply_at_unchanged_participation": 1.0e-9,
    "expected_labour_supply_in_the_country": 1.0e-9,
    "mean_wage_pressure": 1.9e-6,
    "closure_factor": 6.2e-9,
    "employed_in_sector": 6.4e-6,
    "vacancies": 6.0e-4,
    "desired_labour": 6.0e-7,
    "labour_needed": 4.4e-8,
    "frictional_shortage": 3.8e-5,
    "structural_shortage": 2.0e-3,
    "suppressed_shortage": 1.7e-5,
    "need_gap": 6.8e-4,
    "need_gap_in_hours": 6.8e-4,
    "need_gap_in_fte": 6.8e-4,
    "vacancy_rate": 5.8e-4,
    "vacancy_duration": 2.4e-4,
    "duration_tightness": 7.6e-4,
    "wage_pressure": 7.6e-6,
    "task_labour": 0.0,
    "births": 1.0e-9,
    "deaths_total": 1.4e-7,
    "immigration_total": 1.0e-9,
    "emigration_total": 1.0e-9,
    "net_migration": 1.0e-12,
    "hires": 4.0e-5,
    "vacancy_hires": 7.6e-5,
    "direct_hires": 9.8e-6,
    "vacancies_opened": 1.4e-4,
    "vacancies_lapsed": 1.4e-4,
    "separations_in_sector": 2.2e-6,
    "layoffs": 4.0e-4,
    "exits_in_sector": 2.2e-6,
    "retirements_in_sector": 2.8e-5,
    "deaths_in_sector": 7.0e-6,
    "emigration_from_sector": 2.6e-6,
    "job_leavers": 2.2e-5,
    "replacement_demand": 1.7e-5,
    "expansion_demand": 9.8e-4,
}


@pytest.fixture(scope="module")
def in_2030():
    def at(solver):
        runs = [run("baseline", until=2029, solver=solver, step=step) for step in STEPS]
        return {n: np.array([float(ds[n][-1].sum()) for ds in runs]) for n in NATIONAL}

    return {solver: at(solver) for solver in ("euler", "rk4")}


@pytest.mark.parametrize("name", NATIONAL)
@pytest.mark.parametrize(("solver", "order", "within"), [("euler", 1.0, 0.05), ("rk4", 4.0, 0.2)])
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
