"""Each loop cut alone: the same as a run of its own, and in the direction that theory gives."""

import numpy as np
import pytest

import krapte_sd as ks
from krapte_sd.errors import ParameterError


@pytest.fixture(scope="module")
def cut(batch):
    return ks.knockout(years=[2024, 2030, 2050], batch=batch)


def test_a_cut_is_a_run_with_the_switch_off(cut):
    ds = ks.run("baseline", parameters={"participation_switch": 0.0}, by_age=False)
    own = ds["need_gap"].sel(time=cut["time"]).sum("region")
    np.testing.assert_array_equal(cut["need_gap"].sel(loop="participation_switch").values, own.values)


def test_contributions_are_the_baseline_less_the_cut(cut):
    ds = ks.run("baseline", by_age=False)
    for name in ("need_gap", "structural_shortage", "suppressed_shortage"):
        whole = ds[name].sel(time=cut["time"]).sum("region")
        np.testing.assert_allclose(cut[name] + cut[f"{name}_contribution"], whole.broadcast_like(cut[name]), atol=1e-6)


def test_no_loop_acts_at_the_start(cut):
    first = cut["need_gap_contribution"].isel(time=0)
    assert float(np.abs(first).max()) == 0.0


def test_directions(cut):
    last = cut.sel(time="2050-01-01").sum("sector")
    gap = last["need_gap_contribution"]
    # Higher wages bring people into work, and without room in the market all need comes on top.
    assert float(gap.sel(loop="participation_switch")) < 0
    assert float(gap.sel(loop="market_room_switch")) < 0
    # Without an answer of demand to wages nothing is suppressed.
    assert float(last["suppressed_shortage"].sel(loop="wage_demand_switch")) == 0
    assert float(last["mean_wage_pressure"].sel(loop="wage_growth_switch")) == 0
    # In one region jobs cannot follow people.
    assert float(np.abs(gap.sel(loop="jobs_follow_people_switch"))) == 0


def test_bad_calls_are_refused_at_once(batch):
    with pytest.raises(ParameterError, match="'participation' is no switch of a loop; did you mean 'participation_sw"):
        ks.knockout(loops=["participation"], batch=batch)
    with pytest.raises(ParameterError, match="years: found 1990; allowed: whole numbers from 2024 to 2051"):
        ks.knockout(years=[1990], batch=batch)
    with pytest.raises(ParameterError) as told:
        batch.run([{"wage_respons": 0.0, "entry_rate": 3.0}, {"wage_response": "middle", "reference_aow_age": "low"}])
    for part in ("did you mean 'wage_response'", "'entry_rate' is a table; found 3.0", "found 'middle'; allowed: low"):
        assert part in str(told.value)
