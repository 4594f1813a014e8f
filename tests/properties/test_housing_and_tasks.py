"""Homes and tasks: in balance at the start, bounded, and work that is not done comes back."""

import numpy as np
import pytest

NAMES = (
    "households", "homes", "homes_wanted", "housing_shortfall", "housing_shortfall_share", "homes_planned",
    "homes_asked_for", "homes_built", "housing_limit_on_inflow", "pull_after_housing", "unfilled_share",
    "task_unfilled", "task_backlog", "task_done", "task_asked_for", "work_slipped", "extra_task_labour",
    "service_backlog", "service_catch_up", "labour_needed", "immigration_total", "population_total",
)  # fmt: skip
HOMES, CLIMATE, GRID, DEFENCE = range(4)
FORECAST_OF_HOUSEHOLDS = {2030: 8_658_795, 2040: 9_025_926, 2050: 9_254_327}
"""CBS 85085NED; not used to make the tables."""


@pytest.fixture(scope="module")
def simulate(shipped, everything):
    """Run the model with some inputs scaled by a factor, and the levers of tasks at one value from 2028 on."""

    def simulated(lever=None, **factors):
        made = shipped.inputs(everything.inputs, 2024, 2051)
        for name, factor in factors.items():
            if hasattr(made[name], "years"):
                made[name] = type(made[name])(made[name].years, made[name].values * factor)
            else:
                made[name] = made[name] * factor
        if lever is not None:
            path = made["lever_task_volume"]
            after = (path.years >= 2028)[:, None]
            made["lever_task_volume"] = type(path)(path.years, np.where(after, lever, 0.0) * np.ones_like(path.values))
        result = everything.run(made, 2024, 2051)
        return {n: result.saved[n] for n in NAMES}

    return simulated


@pytest.fixture(scope="module")
def base(simulate):
    return simulate()


def test_the_start_is_in_balance(base):
    """As many homes are built as observed, plans are what they would ask for, and as much slips as comes back."""
    assert base["homes_built"][0, 0] == pytest.approx(82_000, rel=1e-9)
    assert base["homes_planned"][0, 0] == pytest.approx(base["homes_asked_for"][0, 0], rel=1e-9)
    assert base["homes_planned"][0, 0] > base["homes_built"][0, 0]
    assert base["housing_shortfall"][0, 0] == pytest.approx(0.049 * 8_200_000, rel=1e-6)
    assert base["housing_limit_on_inflow"][0, 0] == 1.0
    assert np.abs(base["extra_task_labour"][0]).max() == 0.0
    assert np.abs(base["service_catch_up"][0]).max() == 0.0


def test_households_are_those_of_the_official_forecast(base):
    """At unchanged household formation by age, within a percent; the forecast has another population of its own."""
    for year, households in FORECAST_OF_HOUSEHOLDS.items():
        assert base["households"][year - 2024, 0] == pytest.approx(households, rel=0.01)


def test_plans_follow_the_households(simulate, base):
    """More is planned first, for the shortfall; far less in the end, when few households are added."""
    planned = base["homes_planned"][:, 0]
    assert planned[:10].max() > planned[0] * 1.03
    assert planned[-1] < 0.5 * planned[0]
    fixed = simulate(homes_plan_switch=0.0)["homes_planned"][:, 0]
    assert (fixed == planned[0]).all()


def test_shares_are_shares_and_stocks_never_negative(base, simulate):
    for found in (base, simulate(lever=-1.0), simulate(lever=3.0)):
        for name in ("unfilled_share", "task_unfilled", "housing_limit_on_inflow"):
            assert (found[name] >= 0).all(), name
            assert (found[name] <= 1).all(), name
        for name in ("homes", "homes_planned", "task_backlog", "service_backlog", "task_asked_for", "labour_needed"):
            assert (found[name] >= 0).all(), name
        assert (found["housing_shortfall_share"] < 1).all()


def test_what_is_asked_for_is_done_or_not(base):
    done = base["task_done"] + base["task_unfilled"] * base["task_asked_for"]
    np.testing.assert_allclose(done, base["task_asked_for"], rtol=1e-12)


def test_work_slips_where_hands_are_short_and_only_there(base):
    assert not base["task_backlog"][..., [HOMES, DEFENCE]].any()
    assert (base["task_backlog"][1:, 0, CLIMATE] > base["task_backlog"][0, 0, CLIMATE]).all()
    assert (base["task_backlog"][2:, 0, GRID] > 0).all()


def test_more_volume_means_more_work_more_backlog_and_nothing_before(simulate, base):
    more = simulate(lever=0.5)
    untouched = {n for n in NAMES if more[n][:4].tobytes() == base[n][:4].tobytes()}
    assert untouched == set(NAMES)
    ratio = more["task_asked_for"][1:] / base["task_asked_for"][1:]
    assert (ratio[4] > 1.4).all()
    # the plan of homes is cut back when the shortfall has gone
    assert ratio[11, 0, HOMES] < 1.3
    assert (more["task_backlog"][10, 0, [CLIMATE, GRID]] > 1.4 * base["task_backlog"][10, 0, [CLIMATE, GRID]]).all()
    assert more["labour_needed"][10].sum() > base["labour_needed"][10].sum() + 40_000
    # tasks compete: the same hands are spread over more work of the same sections
    assert (more["task_unfilled"][8] >= base["task_unfilled"][8]).all()


def test_backlogs_feed_the_need(simulate, base):
    cut = simulate(backlog_switch=0.0)
    assert not cut["service_catch_up"].any()
    assert base["labour_needed"][6].sum() > cut["labour_needed"][6].sum()
    np.testing.assert_allclose(cut["task_asked_for"][:, 0, GRID], 15_000 * np.minimum(np.arange(28) / 6, 1), rtol=1e-9)


def test_a_growing_shortfall_holds_people_off_and_a_falling_one_does_not_draw(simulate, base):
    share, limit = (base[n][:, 0] for n in ("housing_shortfall_share", "housing_limit_on_inflow"))
    assert ((limit < 1) == (share > share[0])).all()
    assert (limit[share <= share[0]] == 1.0).all()
    # builders stay away from homes: the shortfall grows, fewer people come
    short = simulate(lever=-0.9)
    assert short["housing_shortfall_share"][-1, 0] > share[0] + 0.02
    assert short["housing_limit_on_inflow"][-1, 0] < 0.93
    free = simulate(lever=-0.9, housing_limit_switch=0.0)
    assert (free["housing_limit_on_inflow"] == 1.0).all()
    assert short["population_total"][-1].sum() < free["population_total"][-1].sum() - 100_000
