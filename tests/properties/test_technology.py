"""Automation, productivity and offshoring: neutral at the start, bounded, and each with an account of its own."""

import numpy as np
import pytest

NAMES = (
    "work_needed",
    "labour_needed", "labour_needed_before_technology", "labour_replaced_by_automation", "labour_saved_by_productivity",
    "posts_offshored", "labour_returned", "automated_share", "trend_automated_share", "offshored_share",
    "trend_offshored_share", "extra_productivity", "automation_speed", "wage_pressure",
)  # fmt: skip
SWITCHES = ("automation_switch", "productivity_switch", "offshoring_switch")
OFF = dict.fromkeys(SWITCHES, 0.0)
BOUND_TO_PLACE = list("ABDEFGHILOPQRS")


@pytest.fixture(scope="module")
def simulate(shipped, everything):
    """Run the model with some inputs replaced; levers are constant over the years and alike in all sections."""

    def simulated(levers=None, **inputs):
        made = shipped.inputs(everything.inputs, 2024, 2051)
        for name, value in inputs.items():
            made[name] = np.full_like(made[name], value)
        for name, (value, first) in (levers or {}).items():
            path = made[name]
            values = np.where(path.years[:, None] >= first, value, 0.0) * np.ones_like(path.values)
            made[name] = type(path)(path.years, values)
        result = everything.run(made, 2024, 2051)
        return {name: result.saved[name] for name in NAMES}

    return simulated


@pytest.fixture(scope="module")
def base(simulate):
    return simulate()


@pytest.fixture(scope="module")
def off(simulate):
    return simulate(**OFF)


def column(shipped, sections):
    order = shipped.equations.dimensions["Sector"]
    return [order.index(each) for each in sections]


def test_without_scarcity_technology_stays_on_its_trend(off):
    for name in ("labour_replaced_by_automation", "labour_saved_by_productivity", "posts_offshored", "labour_returned"):
        assert not off[name].any(), name
    assert off["work_needed"].tobytes() == off["labour_needed_before_technology"].tobytes()


def test_the_start_does_not_know_of_technology(base, off):
    assert base["labour_needed"][0].tobytes() == off["labour_needed"][0].tobytes()
    # nor does the first year move by more than a fraction of a per mille: firms need years to answer
    np.testing.assert_allclose(base["labour_needed"][1], off["labour_needed"][1], rtol=5e-4)


def test_a_lever_of_zero_changes_nothing(simulate, base):
    again = simulate(
        {"lever_automation": (0.0, 2024), "lever_productivity": (0.0, 2024), "lever_offshoring": (0.0, 2024)}
    )
    assert {n for n in NAMES if again[n].tobytes() != base[n].tobytes()} == set()


def test_the_accounts_add_up(base):
    without = base["labour_needed_before_technology"] - base["labour_replaced_by_automation"]
    rest = without - base["labour_saved_by_productivity"] - base["posts_offshored"] + base["labour_returned"]
    np.testing.assert_allclose(base["work_needed"], rest, rtol=1e-14)


def test_scarce_labour_speeds_automation_up(base, shipped):
    """Where wages are above their trend in every year, machines take over more than on the trend path."""
    scarce = (base["wage_pressure"][1:] > 0).all(axis=0)[0]
    assert scarce.sum() > 10
    more = base["automated_share"][1:, 0] - base["trend_automated_share"][1:]
    assert (more[:, scarce] > 0).all()
    assert (base["automation_speed"][1:, 0][:, scarce] > 1).all()


def test_the_trend_path_of_automation_is_slower_than_trend_productivity(base, shipped):
    """Else it could not be a part of it, as the tables hold: by the mean of the market sections."""
    trend = shipped.parameters.values("trend_productivity_growth").values
    share = base["trend_automated_share"]
    labour = base["labour_needed"][0, 0]
    market = np.array([k not in "OPQ" for k in shipped.equations.dimensions["Sector"]])
    weight = labour[market] / labour[market].sum()
    saved = np.diff(-np.log1p(-share), axis=0)[:, market] @ weight
    assert 0.4 * (trend[market] @ weight) < saved[0]
    assert saved.max() < trend[market] @ weight


@pytest.mark.parametrize("value", [0.1, -0.3])
def test_shares_stay_between_zero_and_the_potential(simulate, shipped, value):
    """At twenty times the pace of the trend, or undoing everything."""
    found = simulate({"lever_automation": (value, 2024), "lever_offshoring": (value, 2024)})
    for name, potential in (("automated_share", "automation_potential"), ("offshored_share", "offshoring_potential")):
        most = shipped.parameters.values(potential).values
        assert (found[name] >= 0).all()
        assert (found[name] <= most).all()
    assert (found["labour_needed"] > 0).all()
    if value > 0:
        potential = shipped.parameters.values("automation_potential").values
        assert (found["automated_share"][-1, 0] > 0.98 * potential).all()


def test_work_bound_to_its_place_never_moves(simulate, shipped):
    found = simulate({"lever_offshoring": (0.1, 2024)})
    assert not found["offshored_share"][..., column(shipped, BOUND_TO_PLACE)].any()
    assert (found["offshored_share"][-1, 0, column(shipped, "CJKMN")] > 0.09).all()


def test_added_productivity_saves_what_it_should_and_part_comes_back(simulate):
    found = simulate({"lever_productivity": (0.01, 2024)}, **OFF)
    years = np.arange(28)[:, None, None]
    needed = found["labour_needed_before_technology"]
    np.testing.assert_allclose(found["labour_saved_by_productivity"], needed * -np.expm1(-0.01 * years), rtol=1e-9)
    np.testing.assert_allclose(found["labour_returned"], 0.5 * found["labour_saved_by_productivity"], rtol=1e-9)


def test_each_lever_fills_its_own_account_and_nothing_before_it_starts(simulate, base):
    accounts = {
        "lever_automation": "labour_replaced_by_automation",
        "lever_productivity": "labour_saved_by_productivity",
        "lever_offshoring": "posts_offshored",
    }
    for lever, account in accounts.items():
        found = simulate({lever: (0.005, 2031)})
        assert {n for n in NAMES if found[n][:7].tobytes() != base[n][:7].tobytes()} == set()
        gained = {a: float((found[a] - base[a])[16].sum()) for a in accounts.values()}
        assert max(gained, key=gained.get) == account
        assert gained[account] > 10_000
