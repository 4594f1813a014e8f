"""Parts add up; a driver that does nothing has no part; populations are held as wanted."""

import itertools
import math

import numpy as np
import pytest

import krapte_sd as ks
from krapte_sd.analysis.decomposition import DRIVERS, REST, _Runs, shapley
from krapte_sd.errors import ParameterError
from krapte_sd.forecast import model_for
from krapte_sd.scenarios import read_scenario


def test_shares_of_a_game_worked_out_by_hand():
    # Three causes of which the first two act only together, and the third alone.
    values = np.zeros((2, 2, 2, 1))
    for a, b, c in itertools.product((0, 1), repeat=3):
        values[a, b, c] = 10.0 * a * b + 3.0 * c
    np.testing.assert_allclose(shapley(values, 3).ravel(), [5.0, 5.0, 3.0])


def test_shares_are_the_mean_over_all_orders():
    values = np.random.default_rng(1).normal(size=(2, 2, 2, 3))
    mean = np.zeros((3, 3))
    for order in itertools.permutations(range(3)):
        there = [0, 0, 0]
        for cause in order:
            before = values[tuple(there)]
            there[cause] = 1
            mean[cause] += (values[tuple(there)] - before) / math.factorial(3)
    np.testing.assert_allclose(shapley(values, 3), mean)
    np.testing.assert_allclose(shapley(values, 3).sum(axis=0), values[1, 1, 1] - values[0, 0, 0])


def test_every_input_that_a_driver_freezes_is_in_the_model():
    inputs = ks.load_model().equations.inputs
    names = [name for each in DRIVERS for name in each.zero]
    assert [name for name in names if name not in inputs] == []
    assert len({each.name for each in DRIVERS}) == len(DRIVERS)


@pytest.fixture(scope="module")
def runs():
    chosen = [each for each in DRIVERS if each.name in ("ageing", "migration", "participation", "tasks")]
    return _Runs(model_for(read_scenario("baseline")), 2030, chosen)


def test_a_population_keeps_its_structure_or_its_total(runs):
    def old(people):
        return people.count[-1][:, people.age[-1] >= 67].sum() / people.total[-1]

    def people(*state):
        return runs._people(runs._population(*state))

    start = people(True, True, True)
    first = start.count[0][:, start.age[0] >= 67].sum() / start.total[0]
    assert old(start) > first * 1.08
    young = people(False, True, True)
    assert old(young) == pytest.approx(first, rel=0.01)
    assert young.total[-1] == pytest.approx(start.total[-1], rel=0.003)
    still = people(True, False, False)
    assert still.total == pytest.approx(np.full(7, start.total[0]), rel=0.003)
    assert old(still) == pytest.approx(old(people(True, True, False)), rel=0.003)
    alone = people(True, True, False)
    assert alone.migrated == pytest.approx(np.zeros(7), abs=1.0)


def test_no_run_differs_at_the_start(runs):
    values = runs.values()
    for each in values.values():
        first = each[..., 0, :]
        np.testing.assert_allclose(first, np.broadcast_to(first[1, 1, 1, 1], first.shape), rtol=1e-9)
    # All drivers at work: the baseline itself.
    ds = ks.run("baseline", until=2029, by_age=False)
    np.testing.assert_allclose(values["need_gap"][1, 1, 1, 1], ds["need_gap"].sum("region").values, rtol=1e-9)


def test_parts_add_up_to_the_change():
    ds = ks.decompose(drivers=["tasks", "productivity", "hours"], years=[2024, 2028, 2030])
    assert ds["driver"].values.tolist() == ["hours", "tasks", "productivity", REST]
    np.testing.assert_allclose(ds["need_gap"].sum("driver").values, ds["whole"].values, atol=1e-6)
    np.testing.assert_allclose((ds["labour_needed"] - ds["filled_posts"]).values, ds["need_gap"].values, atol=1e-6)
    assert float(abs(ds["need_gap"].sel(time="2024-01-01")).max()) < 1e-6
    last = ds["need_gap"].sel(time="2030-01-01").sum("sector")
    assert float(last.sel(driver="tasks")) > 10_000
    assert float(last.sel(driver="hours")) < 0
    builders = ds["labour_needed"].sel(time="2030-01-01", driver="tasks")
    assert str(builders.idxmax("sector").item()) == "F"


def test_an_unknown_driver_is_refused():
    with pytest.raises(ParameterError, match="'ageiing' is no driver; did you mean 'ageing'"):
        ks.decompose(drivers=["ageiing"])
    with pytest.raises(ParameterError, match="none is given"):
        ks.decompose(drivers=[])
