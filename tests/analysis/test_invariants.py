"""What must always hold, over a few random draws; and each invariant is seen to fail if something is changed."""

import numpy as np
import pytest

from krapte_sd.analysis.invariants import _Draws, check_invariants
from krapte_sd.errors import ParameterError
from krapte_sd.simulation import DEFAULT_STEP


@pytest.fixture(scope="module")
def run():
    return _Draws("nl", 2026, 3)


@pytest.fixture(scope="module")
def outcome(run):
    draws = run.batch.drawn.draws(run.batch.sampling.deviations(0, 2), 0)
    return run.batch.program.run_members(
        run.batch.drawn.inputs, draws, *run.batch.years, DEFAULT_STEP, "rk4", DEFAULT_STEP
    )


def worst(run, saved, flow):
    lines = run.lines()
    for key, name, off in run.off(saved, {name: each[::4] for name, each in saved.items()}, flow):
        lines[key].see(np.atleast_1d(off), 0, name)
    return {key for key, each in lines.items() if not each.worst <= each.allowed}


def test_the_invariants_hold_for_random_draws():
    table = check_invariants(6, seed=3, until=2026)
    assert table.loc[~table["ok"]].to_dict("records") == []
    assert (table["draws"] == 6).all()
    assert (table["failed"] == 0).all()
    assert len(table) == 9


CHANGED = {
    "stocks": ("vacancies", (3, 0, 2, 1), -1e9),
    "shares": ("unemployment_rate", (1, 0, 0), 2.0),
    "people": ("population", (4, 0, 0, 60, 0), 1e4),
    "statuses": ("employed", (2, 0, 3, 0, 60, 1), 1e4),
    "inactive": ("inactive", (2, 0, 0, 60, 1), -1e6),
    "jobs": ("employed_in_sector", (8, 0, 4, 1), 1e4),
    "posts": ("filled_posts", (2, 0, 4, 0), 1e4),
}


@pytest.mark.parametrize("key", CHANGED)
def test_each_is_seen_to_fail(run, outcome, key):
    name, place, change = CHANGED[key]
    saved = {each: np.array(values) for each, values in outcome.saved.items()}
    assert worst(run, saved, outcome.integrals) == set()
    saved[name][place] += change
    assert key in worst(run, saved, outcome.integrals)


def test_flows_are_seen_too(run, outcome):
    for name, key in (("vacancies_opened", "vacancies"), ("direct_hires", "hires"), ("deaths", "people")):
        flow = {each: np.array(values) for each, values in outcome.integrals.items()}
        flow[name][0] *= 1.001
        assert key in worst(run, outcome.saved, flow)


def test_a_wrong_number_of_draws_is_refused():
    with pytest.raises(ParameterError, match="members=0: give a whole number from 1"):
        check_invariants(0)
