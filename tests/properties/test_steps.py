"""The solvers converge at their order, and the step that is used by default is small enough."""

import numpy as np
import pytest

from krapte_sd import run
from krapte_sd.forecast import FLOWS, STATES

#: The limit of homes on inflow has a kink at the shortfall of the start, which the baseline crosses in its first years:
#: no fixed step keeps its order there. The order is looked at without it, the error of the default step with it.
SMOOTH = {"housing_limit_switch": 0.0}
NATIONAL = ("vacancies_total", "employed_total", "population_total")
STEPS = (1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128)

#: Largest difference between RK4 at 1/4 and at 1/64 over the years, relative to the largest value of the same
#: sector, in the worst sector. About twice what was measured.
ALLOWED = {
    "population_total": 1.5e-08,
    "working_age_population": 2.2e-08,
    "employed_total": 1.2e-06,
    "unemployed_total": 3.0e-05,
    "vacancies_total": 8.7e-05,
    "labour_force": 2.0e-06,
    "unemployment_rate": 2.9e-05,
    "tightness": 1.1e-04,
    "net_participation": 1.2e-06,
    "gross_participation": 2.0e-06,
    "labour_supply_at_unchanged_participation": 2.5e-08,
    "expected_labour_supply_in_the_country": 1.1e-08,
    "mean_wage_pressure": 4.2e-06,
    "closure_factor": 6.4e-08,
    "programme_delivery": 0.0,
    "employed_in_sector": 8.7e-06,
    "vacancies": 7.5e-04,
    "desired_labour": 9.9e-07,
    "labour_needed": 1.1e-06,
    "frictional_shortage": 9.6e-05,
    "structural_shortage": 9.0e-04,
    "suppressed_shortage": 1.2e-05,
    "need_gap": 6.7e-04,
    "need_gap_in_hours": 6.7e-04,
    "need_gap_in_fte": 6.7e-04,
    "vacancy_rate": 7.5e-04,
    "vacancy_duration": 2.7e-04,
    "duration_tightness": 7.0e-04,
    "wage_pressure": 1.1e-05,
    "task_labour": 3.0e-07,
    "labour_needed_before_technology": 3.7e-07,
    "labour_replaced_by_automation": 5.5e-06,
    "labour_saved_by_productivity": 5.9e-06,
    "posts_offshored": 5.9e-06,
    "labour_returned": 5.2e-06,
    "automated_share": 7.1e-07,
    "offshored_share": 6.1e-08,
    "households": 1.5e-08,
    "homes": 6.7e-09,
    "homes_wanted": 1.5e-08,
    "housing_shortfall": 3.3e-07,
    "housing_shortfall_share": 3.1e-07,
    "homes_planned": 3.2e-07,
    "housing_limit_on_inflow": 5.8e-08,
    "task_backlog": 7.1e-06,
    "task_delay": 7.7e-06,
    "service_backlog": 7.8e-05,
    "service_delay": 7.2e-05,
    "unused_potential": 1.1e-05,
    "underemployed": 2.2e-06,
    "available_not_searching": 6.1e-06,
    "searching_not_available": 6.1e-06,
    "temporary_migrants": 3.6e-06,
    "in_retraining": 1.0e-05,
    "hours_index": 7.6e-07,
    "births": 2.1e-08,
    "deaths_total": 1.4e-07,
    "immigration_total": 1.1e-06,
    "emigration_total": 1.6e-07,
    "net_migration": 3.0e-06,
    "hires": 4.2e-05,
    "vacancy_hires": 8.4e-05,
    "direct_hires": 9.5e-06,
    "vacancies_opened": 1.2e-04,
    "vacancies_lapsed": 1.4e-04,
    "separations_in_sector": 2.4e-06,
    "layoffs": 2.4e-04,
    "exits_in_sector": 2.3e-06,
    "retirements_in_sector": 3.1e-05,
    "deaths_in_sector": 6.5e-06,
    "emigration_from_sector": 2.7e-06,
    "job_leavers": 2.1e-05,
    "replacement_demand": 1.7e-05,
    "expansion_demand": 1.0e-03,
    "placements": 0.0,
    "homes_built": 1.4e-07,
    "homes_demolished": 8.8e-09,
    "task_done": 6.5e-07,
    "immigration_by_group": 2.0e-06,
}


@pytest.fixture(scope="module")
def in_2030():
    def at(solver):
        runs = [run("baseline", until=2029, solver=solver, step=step, parameters=SMOOTH) for step in STEPS]
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
