"""The measures of the deck: all of them are there, each says what is known of it, and published effects come out."""

import numpy as np
import pytest

import krapte_sd as ks
from krapte_sd.ensemble.sampling import read_sampling
from krapte_sd.scenarios import Chosen, Programme, read_scenario
from krapte_sd.scenarios.policies import measures

DECK = [f"L{number:02d}" for number in range(1, 56)]


@pytest.fixture(scope="module")
def baseline():
    return ks.run("baseline")


@pytest.fixture(scope="module")
def tables():
    return ks.load_model().parameters


def change(baseline, policies, name, year, **at):
    ds = ks.run("baseline", policies=policies, by_age="age" in at or None)
    values = (ds[name] - baseline[name]).sel(time=f"{year}-01-01", **at)
    return float(values.sum())


def test_all_55_measures_are_there_once():
    table = ks.policies()
    assert [each for each in table["id"] if each.startswith("L")] == DECK
    assert table["name"].is_unique
    assert table["title_nl"].is_unique
    assert (table[["title", "title_nl", "caveat", "source", "side_effects"]].map(len) > 0).all(axis=None)
    assert set(table["status"]) == {"read", "computed", "assumed", "unknown"}


def test_no_effect_is_made_up():
    for each in measures().values():
        if each.status == "unknown":
            assert each.strength.central == 0.0
            assert not each.effects or (each.exploration or each.strength.low < 0)
        if each.effect_known:
            assert any(character.isdigit() for character in each.source), each.id


def test_every_lever_of_a_measure_exists():
    model = ks.load_model()
    every = tuple(Chosen(each) for each in measures().values())
    assert Programme(every).units(model.equations, model.parameters, np.arange(2024, 2030))


def test_the_deck_and_the_packages_hold_all_measures():
    assert [each.measure.id for each in read_scenario("deck_2022").policies] == DECK
    packages = [name for name in ks.scenarios()["name"] if name.startswith("package_")]
    assert len(packages) == 7
    assert sorted(each.measure.id for name in packages for each in read_scenario(name).policies) == DECK


def test_what_is_unknown_is_said_and_explored_only_if_asked_for(baseline):
    quiet = ks.run("baseline", policies=["L04"], until=2030)
    assert "L04 employer_service_points: no proven effect, so it does nothing" in quiet.attrs["policy_notes"]
    assert "policy_status_counts" in quiet.attrs
    np.testing.assert_array_equal(quiet["need_gap"], baseline["need_gap"][:8])
    loud = ks.run("baseline", policies=["L04"], until=2030, explore=True)
    assert "middle of the exploratory range" in loud.attrs["policies"]
    assert float((loud["need_gap"] - quiet["need_gap"])[-1].sum()) < 0
    assert "policies" not in baseline.attrs


def test_a_measure_at_its_cap_or_too_late_is_reported():
    ds = ks.run("baseline", until=2027, policies=[{"measure": "L02", "strength": 7740.0}, "L32"])
    notes = ds.attrs["policy_notes"]
    assert "L02 job_agreement: stands at its cap of 7740" in notes
    assert "L32 pension_age: begins to work on 1 January 2031, too late for this run" in notes
    crowded = ks.run("baseline", until=2030, policies=[{"measure": "L01", "strength": 300_000.0}])
    assert "capacity of the implementing bodies" in crowded.attrs["policy_notes"]


def hours(tables, policies):
    """Change of all hours at the employment of the start, as a share."""
    model = ks.load_model()
    programme = read_scenario("baseline").changed(policies=policies).programme()
    found = programme.levers(model.equations, model.with_programme(programme).parameters, np.arange(2024, 2051))
    lever = found["lever_hours"].values[-1]
    worked = tables.values("initial_employed").sum("region") * tables.values("hours_per_worker")
    by_age = (worked.sum("sector") * tables.values("hours_weight")).transpose("sex", "age")
    born = np.array([int(label[1:]) for label in model.equations.dimensions["Cohort"]])
    at_age = [int(np.flatnonzero(born == 2050 - age - 1)[0]) for age in by_age["age"].values]
    return float((by_age.values * lever[:, at_age]).sum() / by_age.values.sum())


def test_childcare_and_the_credit(tables):
    """CPB/SCP 2023: 0.2% more hours; paid for by the credit slightly fewer."""
    assert hours(tables, ["L31"]) == pytest.approx(0.002, rel=0.02)
    assert -0.002 < hours(tables, ["L31", "iack_abolition"]) < 0


def test_the_minimum_wage(tables, baseline):
    """CPB 2020: 18, 45 and more than 300 thousand jobs."""
    jobs = float(tables.values("initial_employed").sum())
    slope, curve = (float(tables.values(f"minimum_wage_{name}")) for name in ("slope", "curvature"))
    for rise, lost in ((0.05, 0.002), (0.1, 0.005), (0.4, 0.035)):
        assert slope * rise + curve * rise**2 == pytest.approx(lost, rel=0.06)
    assert jobs * (slope * 0.05 + curve * 0.05**2) == pytest.approx(18_000, rel=0.15)
    wanted = change(baseline, [{"measure": "L21", "ramp": 1}], "desired_labour", 2027)
    assert -22_000 < wanted < -14_000


def test_the_pension_age(baseline):
    """CBS: 16 points between 66 and 67, the year that is shifted."""
    ds = ks.run("baseline", policies=["pension_age"])
    rates = [
        each["employed_by_age"].sum(("region", "sector", "sex")) / each["population_by_age"].sum(("region", "sex"))
        for each in (baseline, ds)
    ]
    points = (rates[1] - rates[0]).sel(time="2036-01-01")
    assert 0.12 < float(points.sel(age=67)) < 0.21
    assert float(points.max()) == float(points.sel(age=67))
    assert abs(float(points.sel(age=slice(20, 55)).max())) < 0.005


def test_temporary_migration_leaves_nothing(baseline):
    ds = ks.run("baseline", policies=["temporary_migration"], by_age=False)
    gap = (ds["structural_shortage"] - baseline["structural_shortage"]).sum(("region", "sector"))
    during, after = (float(gap.sel(time=f"{year}-01-01")) for year in (2032, 2042))
    assert during < -1_000
    assert after > 0.1 * during


def test_caps_are_those_that_were_read():
    known = {each.id: each for each in measures().values()}
    assert known["L02"].cap * 5 == pytest.approx(125_000 - 86_300, rel=0.001)
    assert known["L25"].cap == pytest.approx(0.22 - 0.06)
    assert known["L49"].cap == known["L50"].cap == pytest.approx(216_000 * 0.4, rel=0.01)


def test_members_draw_strengths_that_are_known():
    programme = read_scenario("baseline").changed(policies=["L31", "L04"]).programme()
    model = ks.load_model().with_programme(programme)
    sampling = read_sampling(model.parameters, model.equations.inputs, 3)
    assert sampling.distributions["strength_childcare_subsidy_95"] == "uniform"
    assert sampling.held["strength_employer_service_points"] == "no number exists; its range is for exploration only"
