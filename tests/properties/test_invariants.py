"""What must hold for any parameters within their ranges: people are conserved, nothing is negative, shares are shares.

Ten draws of all parameters that have a range, and ten corners, where each stands at one of its ends; a thousand draws
are checked by `krapte-sd check-behaviour --draws 1000`. A draw that fails is a fault of the model, of a table or of a
range.
"""

import numpy as np
import pytest

from krapte_sd.errors import BalanceError
from krapte_sd.simulation import DEFAULT_STEP, LoadedModel

DRAWS = [(seed, False) for seed in range(10)] + [(seed, True) for seed in range(10)]
EXACT = 1e-12
SHARES = ("vacancy_rate", "unemployment_rate", "net_participation", "gross_participation")
NEVER_NEGATIVE = (
    "entrants", "first_entrants", "placed_entrants", "placed_first_entrants", "inactive_past_15",
    "entry_to_unemployment", "hires_from_unemployed", "hires_from_inactive",
    "job_moves_in", "job_moves_out", "separations", "exits", "retirements", "births", "immigration", "deaths",
    "emigration", "vacancy_hires", "direct_hires", "vacancies_opened", "vacancies_lapsed", "layoffs",
    "match_intensity", "direct_intensity", "seeker_limit", "desired_labour", "labour_needed",
)  # fmt: skip


class Drawn:
    """One run with its inputs; the message of the debug check instead of an exception, so that all checks are made."""

    def __init__(self, model, program):
        inputs = model.inputs(program.inputs, 2024, 2051)
        self.problem = ""
        try:
            result = program.run(inputs, 2024, 2051, DEFAULT_STEP, "rk4", debug=True)
        except BalanceError as error:
            self.problem = str(error)
            result = program.run(inputs, 2024, 2051, DEFAULT_STEP, "rk4")
        self.saved, self.over_year = result.saved, result.integrals
        born = np.array([int(label[1:]) for label in model.equations.dimensions["Cohort"]])
        self.age = result.times[:, None] - born - 1


@pytest.fixture(scope="module", params=DRAWS, ids=lambda each: f"{'corner' if each[1] else 'draw'}{each[0]}")
def run(request, shipped, everything, draw):
    seed, corner = request.param
    return Drawn(LoadedModel(shipped.equations, draw(seed, corner=corner), shipped.regions), everything)


def worst(values, scale):
    """Give the largest absolute value relative to the largest of the scale."""
    return float(np.abs(values).max() / np.abs(scale).max())


def test_no_stock_is_negative_at_any_step(run):
    assert run.problem == ""


def test_everything_is_finite(run):
    for values in (*run.saved.values(), *run.over_year.values()):
        assert np.isfinite(values).all()


def test_shares_are_shares(run):
    found = {n: (run.saved[n].min(), run.saved[n].max()) for n in SHARES}
    assert {n: each for n, each in found.items() if not 0 <= each[0] <= each[1] <= 1} == {}


def test_no_flow_is_negative(run):
    lowest = {n: float(run.saved[n].min()) for n in NEVER_NEGATIVE}
    assert {n: value for n, value in lowest.items() if value < 0} == {}


def test_people_are_conserved(run):
    flow = run.over_year
    change = np.diff(run.saved["population"], axis=0)
    net = flow["births_to_cohort"] + flow["immigration"] - flow["deaths"] - flow["emigration"]
    assert worst(change - net, run.saved["population"]) < EXACT
    total = np.diff(run.saved["population_total"], axis=0)
    balance = flow["births"] + flow["immigration_total"] - flow["deaths_total"] - flow["emigration_total"]
    assert worst(total - balance, run.saved["population_total"]) < EXACT


def test_statuses_add_up_to_the_population(run):
    saved = run.saved
    people = saved["employed"].sum(axis=2) + saved["unemployed"] + saved["inactive"]
    assert worst(people - saved["population"], saved["population"]) < EXACT
    # Inactive is the rest, no stock: the check of stocks does not see it.
    assert saved["inactive"].min() >= -EXACT * saved["population"].max()


def test_every_hire_is_booked(run):
    flow = run.over_year
    people = flow["hires_from_unemployed"] + flow["hires_from_inactive"] + flow["job_moves_in"]
    hired = people.sum(axis=(3, 4))
    assert worst(hired - flow["hires"], flow["hires"]) < EXACT
    assert worst(flow["vacancy_hires"] + flow["direct_hires"] - flow["hires"], flow["hires"]) < EXACT
    moves = flow["job_moves_in"].sum(axis=2) - flow["job_moves_out"].sum(axis=2)
    assert worst(moves, flow["job_moves_in"].sum(axis=2)) < EXACT


def test_vacancies_are_conserved(run):
    flow = run.over_year
    net = flow["vacancies_opened"] - flow["vacancy_hires"] - flow["vacancies_lapsed"]
    assert worst(np.diff(run.saved["vacancies"], axis=0) - net, run.saved["vacancies"]) < EXACT


def test_employment_changes_by_its_flows(run):
    flow = run.over_year
    change = np.diff(run.saved["employed_in_sector"], axis=0)
    assert worst(change - flow["expansion_demand"], run.saved["employed_in_sector"]) < EXACT
    leave = ("separations_in_sector", "layoffs", "exits_in_sector", "retirements_in_sector", "deaths_in_sector",
             "emigration_from_sector", "job_leavers")  # fmt: skip
    net = flow["hires"] - sum(flow[n] for n in leave)
    assert worst(change - net, run.saved["employed_in_sector"]) < EXACT


def test_vacancies_stand_still_at_the_start(run):
    opened, hires, lapsed = (run.saved[n][0] for n in ("vacancies_opened", "vacancy_hires", "vacancies_lapsed"))
    assert np.abs((opened - hires - lapsed) / opened).max() < 1e-9


def test_nobody_works_or_searches_outside_15_to_79(run):
    at_work = run.saved["employed"].sum(axis=(1, 2, 3)) + run.saved["unemployed"].sum(axis=(1, 2))
    assert np.where(run.age < 15, np.abs(at_work), 0.0).max() == 0.0
    assert np.where(run.age >= 80, at_work, 0.0).sum(axis=1).max() < 1.0


def test_the_draws_are_wide(shipped, uncertain, draw):
    """A test of the test: the draws move what they should, by far more than rounding, and stay within the ranges."""
    assert {"wage_response", "mortality_rate", "search_of_unemployed", "task_volume", "aow_age"} <= set(uncertain)
    assert len(uncertain) > 40
    first, second = draw(0), draw(1)
    for name in uncertain:
        low, high = shipped.parameters[name].low, shipped.parameters[name].high
        values = [each[name].value for each in (first, second)]
        assert np.abs(values[0] - values[1]).max() > 0
        for value in values:
            # A mixture of the two ends, so it may pass an end by rounding.
            assert (low - 1e-12 * np.abs(low) <= value).all()
            assert (value <= high + 1e-12 * np.abs(high)).all()
