"""Responses of labour supply: direction, delay, saturation, and what a lever or a switch does."""

import numpy as np
import pytest
import xarray as xr

from krapte_sd import load_model
from krapte_sd.kernel import Series

SAVE = (
    "population", "need_gap", "employed_total", "hours_index", "participation_effect", "hours_effect", "labour_force",
    "mean_wage_pressure", "retirement_response", "desired_labour", "state_pension_age", "labour_needed",
    "inflow_effect", "emigration_factor", "temporary_migrants", "status_holders", "unemployed",
    "status_holders_in_work", "years_since_permit", "entry_held_back", "temporary_help", "workload", "outflow_effect",
    "hours_at_home", "care_shortfall", "field_surplus", "graduates", "in_retraining", "retraining_starts",
    "employed_in_sector", "time_in_retraining", "unused_potential", "underemployed", "available_not_searching",
    "searching_not_available", "benefit_recipients",
)  # fmt: skip
FLOWS = ("retirements_in_sector", "exits_in_sector", "net_migration", "immigration_by_group")
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

    def with_immigration(self, group, persons, years, **changes):
        """Run with a lever of immigration: so many persons a year of one group in the calendar years given."""
        variable = self.shipped.equations.dimensions["Migrant group"]
        at = np.arange(2024, STOP + 1)
        values = np.zeros((at.size, len(variable)))
        values[np.isin(at, years), variable.index(group)] = persons
        changes["lever_immigration"] = Series(at, values)
        return self.shipped.run(params=changes, save=SAVE, integrate=FLOWS, stop=STOP, debug=True)


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
    strong = supply(hours_elasticity=100.0, childcare_switch=0.0, family_care_switch=0.0)
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
    assert (less["population"][0] == base["population"][0]).all()


def test_a_higher_pension_age_keeps_people_at_work(supply):
    later, base = supply(lever_aow_age=1.0), supply()
    assert (later["state_pension_age"] - base["state_pension_age"] == 1).all()
    at = np.arange(2024, STOP + 1)
    by_params = supply.shipped.run(params={"lever_aow_age": Series(at, np.ones(at.size))}, save=SAVE, stop=STOP)
    assert by_params["labour_force"].identical(later["labour_force"])
    assert 100_000 < float((later["labour_force"][-1] - base["labour_force"][-1]).sum()) < 250_000


NO_RESPONSE = {"labour_migration_switch": 0.0, "temporary_migration_switch": 0.0, "housing_limit_switch": 0.0}


def test_without_a_response_net_migration_is_that_of_the_variant(supply):
    assumed = load_model().parameters.values("net_migration_assumed").sel(region="NL")
    found = supply(**NO_RESPONSE)["net_migration"].sum("region")
    np.testing.assert_allclose(found, assumed.sel(year=slice(2024, STOP - 1)), rtol=1e-9)


def test_labour_migrants_follow_wages_within_a_limit(supply):
    groups = ["eu_labour", "non_eu_labour"]
    homes = {"housing_limit_switch": 0.0}
    strong, base = supply(wage_elasticity_of_migration=50.0, **homes), supply(**homes)
    highest = float(load_model().parameters["highest_inflow"].value)
    found = strong["inflow_effect"].sel(migrant_group=groups)[-1]
    assert (found <= highest).all()
    assert (found > 0.95 * highest).all()
    assert (base["inflow_effect"].sel(migrant_group=["study_family", "asylum", "returning_other"]) == 1).all()
    assert (strong["net_migration"][10:] > base["net_migration"][10:]).all()


def test_most_eu_labour_migrants_leave_again(supply):
    """Ten thousand who come in 2027; the lever is linear between two 1 Januaries, so it is a triangle around it."""
    base = supply(**NO_RESPONSE)
    pulse = supply.with_immigration("eu_labour", 10_000, [2027], **NO_RESPONSE)
    stayed = (pulse["net_migration"] - base["net_migration"]).sum("region").cumsum("year")
    # 61% have left five years after arrival (CBS); two years after it 42%
    assert float(stayed.sel(year=2031)) == pytest.approx(3_900, rel=0.03)
    assert float(stayed.sel(year=2028)) == pytest.approx(5_770, rel=0.03)


def test_labour_migrants_arrive_near_work_and_refugees_do_not(supply):
    base = supply(**NO_RESPONSE)
    active = {}
    for group in ("eu_labour", "study_family", "asylum"):
        more = supply.with_immigration(group, 10_000, [2026], **NO_RESPONSE)
        there = (more["population"] - base["population"]).sel(time="2027-01-01").sum()
        works = (more["labour_force"] - base["labour_force"]).sel(time="2027-01-01").sum()
        active[group] = float(works / there)
    assert active["eu_labour"] > active["study_family"] + 0.2
    assert active["study_family"] > active["asylum"] + 0.15
    assert abs(active["asylum"]) < 0.2


def test_policy_can_keep_everybody_away_but_no_more(supply):
    for group in ("non_eu_labour", "asylum", "returning_other"):
        none = supply.with_immigration(group, -2e6, range(2025, STOP + 1))
        came = none["immigration_by_group"].isel(year=-1).sel(migrant_group=group)
        assert 0 <= float(came.sum()) < 1.0
        assert (none["emigration_factor"] > 0).all()


def test_refugees_work_as_observed_by_years_since_the_permit(supply):
    ds = supply()
    work = load_model().run(save=("status_holders_in_work_share", "years_since_permit"), stop=2035)
    share, years = (work[n].sel(permit_cohort="p2024") for n in work.data_vars)
    at = {round(float(y), 1): float(s) for y, s in zip(years, share, strict=True)}
    # 2 years: 6 to 12% of two cohorts, 3 years: 19 to 31% of three, 6 years: 43%, 9 years: 47%
    assert 0.06 < at[1.5] < at[2.5] < 0.31
    assert at[5.5] == pytest.approx(0.43, abs=0.02)
    assert at[8.5] == pytest.approx(0.47, abs=0.02)
    assert 55_000 < float(ds["status_holders_in_work"][0].sum()) < 80_000


def test_temporary_workers_are_balanced_and_take_over_work(supply):
    still = supply(**NO_RESPONSE)["temporary_migrants"].sum("region")
    np.testing.assert_allclose(still, 250_000, rtol=1e-9)
    more, base = supply(lever_temporary_migrants=50_000.0), supply()
    # the stock grows towards inflow times stay
    assert 40_000 < float((more["temporary_migrants"] - base["temporary_migrants"])[-1].sum()) < 50_000
    assert float(more["temporary_help"].sel(sector="Q").sum()) == 0
    assert gap(more) < gap(base) - 15_000


def test_workload_costs_hours_and_people_and_is_bounded(supply):
    """Where wages do not act and need follows its own trend, vacancies stay open longer and longer."""
    calm = {"wage_response": 0.0, "expected_supply_weight": 0.0}
    on = supply(**calm)
    off = supply(**calm, absence_switch=0.0, overload_switch=0.0)
    assert float(on["workload"][-1].mean()) > 0.05
    assert float(on["workload"].max()) < float(load_model().parameters["workload_limit"].value)
    # both cost people, so that need and vacancies are higher with them
    assert gap(on) > gap(off) + 5_000
    assert (off["outflow_effect"] == 1).all()
    busy = on["workload"].isel(time=-1).values > 0.1
    assert (on["outflow_effect"].isel(time=-1).values[busy] > 1).all()


def test_care_left_undone_keeps_parents_and_carers_at_home(supply):
    more_need, base = supply(residual_service_growth=0.006), supply()
    assert float(more_need["care_shortfall"][-1]) > float(base["care_shortfall"][-1])
    home = more_need["hours_at_home"].isel(time=-1)
    carers, parents, nobody = (home.sel(sex="female", cohort=f"b{2040 - age}") for age in (55, 32, 14))
    assert float(carers) > 0
    assert float(parents) > 0
    assert float(nobody) == 0
    cut = supply(residual_service_growth=0.006, childcare_switch=0.0, family_care_switch=0.0)
    assert gap(cut) < gap(more_need)


def lever_by_sector(supply, name, sector, value, since=2025):
    sectors = supply.shipped.equations.dimensions["Sector"]
    at = np.arange(2024, STOP + 1)
    values = np.zeros((at.size, len(sectors)))
    values[at >= since, sectors.index(sector)] = value
    return supply.shipped.run(params={name: Series(at, values)}, save=SAVE, stop=STOP, debug=True)


def test_students_of_a_field_work_in_its_sector_years_later(supply):
    base, more = supply(), lever_by_sector(supply, "lever_education_choice", "F", 0.5)
    extra = (more["graduates"] - base["graduates"]).sel(sector="F") / base["graduates"].sel(sector="F")
    # three stages of four years together: hardly anybody after one year, nearly all after ten
    assert float(extra.sel(time="2026-01-01")) < 0.1
    assert float(extra.sel(time="2036-01-01")) > 0.4
    at_work = (more["employed_in_sector"] - base["employed_in_sector"])[-1].sum("region")
    assert float(at_work.sel(sector="F")) > 1_000
    assert abs(float(more["field_surplus"][-1].sum())) < 1e-6 * float(abs(more["field_surplus"][-1]).sum())


def test_places_limit_retraining_and_it_takes_people_out_of_work_first(supply):
    base, more = supply(), lever_by_sector(supply, "lever_retraining", "D", 200_000.0)
    at_start = float(load_model().parameters["retraining_at_start"].value)
    use = float(load_model().parameters["training_places_in_use"].value)
    starts = float(more["retraining_starts"][-1].sum())
    assert 2 * at_start < starts < at_start * (1 + use) / use
    assert float(more["time_in_retraining"][3]) > float(base["time_in_retraining"][3])
    at_work = (more["employed_in_sector"] - base["employed_in_sector"])[-1].sum("region")
    assert float(at_work.sel(sector="D")) > 1_000


def test_fields_answer_scarcity_with_a_delay(supply):
    strong, cut = supply(choice_elasticity=1.5), supply(study_choice_switch=0.0)
    surplus = strong["field_surplus"]
    mix = cut["graduates"] / cut["graduates"].sum("sector")
    assert float(abs(mix - mix[0]).max()) < 1e-9
    assert abs(surplus.sel(time="2026-01-01")).sum() < 0.1 * abs(surplus[-1]).sum()
    assert abs(surplus[-1]).sum() > 1_000


def test_unused_potential_is_the_published_one_and_shrinks_where_people_are_drawn_in(supply):
    base = supply()
    start = {n: float(base[n][0].sum()) for n in ("unused_potential", "underemployed", "benefit_recipients")}
    # 1.2 million in 2023Q4, rounded by CBS; the unemployed of the model are those of January
    assert start["unused_potential"] == pytest.approx(1.2e6, rel=0.02)
    assert start["underemployed"] == pytest.approx(525_000)
    assert start["benefit_recipients"] == pytest.approx(400_000)
    longer = supply(lever_hours=0.02)
    assert float(longer["underemployed"][-1].sum()) < 0.6 * float(base["underemployed"][-1].sum())
    eager = supply(participation_elasticity=0.5)
    for name in ("available_not_searching", "searching_not_available", "benefit_recipients"):
        assert float(eager[name][-1].sum()) < float(base[name][-1].sum())
