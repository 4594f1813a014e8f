"""Responses of labour supply: direction, delay, saturation, and what a lever or a switch does."""

import numpy as np
import pytest
import xarray as xr

from krapte_sd import load_model

SAVE = (
    "population", "need_gap", "employed_total", "hours_index", "participation_effect", "hours_effect", "labour_force",
    "mean_wage_pressure", "retirement_response", "desired_labour", "state_pension_age", "labour_needed",
)  # fmt: skip
FLOWS = ("retirements_in_sector", "exits_in_sector")
STOP = 2041


class Runs:
    """Runs of the shipped model to 2041 with some parameters changed, each made once."""

    def __init__(self):
        self.shipped = load_model()
        self.made = {}

    def __call__(self, **changes):
        key = tuple(sorted(changes.items()))
        if key not in self.made:
            tables = self.shipped.parameters
            filled = {}
            for name, value in changes.items():
                whole = tables.values(name)
                filled[name] = xr.full_like(whole, value) if whole.dims else float(value)
            model = self.shipped.with_parameters(tables.replace(filled))
            self.made[key] = model.run(save=SAVE, integrate=FLOWS, stop=STOP)
        return self.made[key]


@pytest.fixture(scope="session")
def supply():
    return Runs()


def gap(ds, year=STOP):
    return float(ds["need_gap"].sel(time=f"{year}-01-01").sum())


def test_every_response_starts_at_rest(supply):
    start = supply().isel(time=0)
    assert (start["hours_index"] == 1).all()
    assert (start["participation_effect"] == 1).all()
    assert float(start["retirement_response"]) == 0


@pytest.mark.parametrize("switch", ["participation_switch", "hours_switch", "later_retirement_switch"])
def test_a_response_to_wages_damps_the_shortage_and_the_wage(supply, switch):
    on, off = supply(), supply(**{switch: 0.0})
    assert gap(off) > gap(on)
    assert float(off["mean_wage_pressure"][-1]) > float(on["mean_wage_pressure"][-1])
    for name in SAVE:
        assert on[name][0].identical(off[name][0])


def test_women_respond_more_and_later_than_wages(supply):
    ds = supply()
    response = np.log(ds["participation_effect"])
    elasticity = float(load_model().parameters["participation_elasticity"].value)
    assert (response.sel(sex="female")[1:] > response.sel(sex="male")[1:]).all()
    # wages rise all the time, so a delayed response stays below the immediate one of the same strength
    mean = response.mean("sex")
    assert (mean[1:] < elasticity * ds["mean_wage_pressure"][1:]).all()


def test_hours_are_bounded_whatever_wages_do(supply):
    strong = supply(hours_elasticity=100.0)
    room = load_model().parameters.values("hours_room")
    effect = strong["hours_effect"].max(["time", "cohort"])
    for sex in ("female", "male"):
        assert float(effect.sel(sex=sex)) <= float(room.sel(sex=sex))
        assert float(effect.sel(sex=sex)) > 0.9 * float(room.sel(sex=sex))


def test_longer_hours_need_fewer_people(supply):
    more, base = supply(lever_hours=0.02), supply()
    # 14 years at an adaptation time of three
    assert float(more["hours_index"][-1].mean() - base["hours_index"][-1].mean()) == pytest.approx(0.02, rel=0.1)
    assert gap(more) < gap(base) - 50_000
    assert float(more["labour_needed"][-1].sum()) < float(base["labour_needed"][-1].sum())


@pytest.mark.parametrize(
    ("lever", "flow"), [("lever_retirement", "retirements_in_sector"), ("lever_health_exits", "exits_in_sector")]
)
def test_who_stays_longer_is_employed(supply, lever, flow):
    less, base = supply(**{lever: -0.1}), supply()
    assert float(less[flow].isel(year=0).sum()) == pytest.approx(0.9 * float(base[flow].isel(year=0).sum()), rel=0.02)
    assert float(less["employed_total"][-1].sum()) > float(base["employed_total"][-1].sum()) + 10_000
    assert gap(less) < gap(base)
    assert (less["population"] == base["population"]).all()


def test_a_higher_pension_age_keeps_people_at_work(supply):
    later, base = supply(lever_aow_age=1.0), supply()
    assert (later["state_pension_age"] - base["state_pension_age"] == 1).all()
    assert 100_000 < float((later["labour_force"][-1] - base["labour_force"][-1]).sum()) < 250_000
