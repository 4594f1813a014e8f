"""Packages: contributions add up, a mix does what it promises in a run of its own, nothing is beaten on the front."""

import pytest

import krapte_sd as ks
from krapte_sd.errors import ScenarioError
from krapte_sd.packages import Goal, front, robust_package
from krapte_sd.scenarios.policies import measures

SIX = ["L01", "L02", "L20", "L21", "L31", "L32"]


def gap(ds, year=2040, variable="need_gap"):
    return float(ds[variable].sel(time=f"{year}-01-01").sum())


@pytest.fixture(scope="module")
def baseline():
    return ks.run("baseline", by_age=False)


@pytest.fixture(scope="module")
def six(baseline):
    return ks.attribute(SIX)


def test_contributions_and_single_effects_with_overlap_add_up_to_one_run(baseline, six):
    ds = ks.run("baseline", policies=SIX, by_age=False)
    total = gap(ds) - gap(baseline)
    rows = six.set_index("name")
    assert rows.loc["package", "alone"] == pytest.approx(total, abs=1e-6)
    single = six[six["id"] != ""]
    assert len(single) == 6
    assert single["contribution"].sum() == pytest.approx(total, abs=1e-6)
    assert single["alone"].sum() + rows.loc["overlap", "alone"] == pytest.approx(total, abs=1e-6)
    assert abs(rows.loc["overlap", "alone"]) > 1
    assert six.attrs["reference"] == pytest.approx(gap(baseline), abs=1e-6)
    assert six.attrs["runs"] == 64


def test_a_single_effect_is_that_of_a_run(baseline, six):
    ds = ks.run("baseline", policies=["pension_age"], by_age=False)
    alone = six.set_index("name").loc["pension_age", "alone"]
    assert alone == pytest.approx(gap(ds) - gap(baseline), abs=1e-6)


def test_a_measure_without_effect_contributes_nothing():
    table = ks.attribute(["L02", "L42", "L04"], year=2030).set_index("id")
    assert table.loc["L42", "contribution"] == table.loc["L04", "contribution"] == 0.0
    assert table.loc["L02", "contribution"] == table.loc["L02", "alone"] != 0.0


def test_a_mix_closes_what_it_promises_in_a_run_of_its_own(baseline):
    found = ks.find_package(0.05, variable="need_gap")
    assert found.feasible
    assert found.reached <= found.wanted + 0.004 * found.reference
    assert found.reference == pytest.approx(gap(baseline), abs=1e-6)
    again = ks.run("baseline", policies=found.policies, by_age=False)
    assert gap(again) == pytest.approx(found.reached, abs=1e-6)
    # No more than needed: a mix of one measure closes about what is asked for.
    assert found.reached >= found.wanted - 0.02 * found.reference
    assert (found.table["strength"] <= [measures()[n].cap for n in found.table["name"]]).all()


def test_the_smallest_mix_is_not_larger_than_one_without_its_measure():
    found = ks.find_package(0.05, variable="need_gap")
    others = [n for n, m in measures().items() if m.effect_known and m.deck and n not in set(found.table["name"])]
    other = ks.find_package(0.05, variable="need_gap", policies=others)
    assert not other.feasible or len(other.table) >= len(found.table)


def test_what_is_out_of_reach_is_said_and_the_nearest_given(baseline):
    found = ks.find_package(1.0, variable="need_gap", policies=["L02", "L20", "L40"])
    assert not found.feasible
    assert any("no mix within caps and capacity closes more than" in note for note in found.notes)
    assert found.reached < gap(baseline)


def test_the_capacity_of_the_implementing_bodies_holds():
    found = ks.find_package(1.0, policies=["L01", "L20"], variable="need_gap")
    treated = sum(measures()[m].treated * s for m, s in zip(found.table["name"], found.table["strength"], strict=True))
    assert treated <= 250_000 * (1 + 1e-9)
    assert any("capacity of the implementing bodies" in note for note in found.notes)


def test_the_cheapest_mix_takes_the_cheaper_of_two():
    costs = {"reintegration_services": 10.0, "asylum_seekers_at_work": 1000.0}
    found = ks.find_package(0.001, variable="need_gap", by="cost", policies=["L01", "L40"], costs=costs)
    assert found.table["name"].tolist() == ["reintegration_services"]
    turned = {"reintegration_services": 1000.0, "asylum_seekers_at_work": 1.0}
    found = ks.find_package(0.001, variable="need_gap", by="cost", policies=["L01", "L40"], costs=turned)
    assert found.table["name"].tolist() == ["asylum_seekers_at_work"]


def test_the_front_trades_one_goal_for_the_other():
    table = front(Goal("need_gap"), Goal("unemployed_total"), points=4, policies=["L31", "L32", "L40", "L43"])
    assert len(table) >= 2
    ordered = table.sort_values("first")
    assert ordered["second"].is_monotonic_decreasing


def test_the_robust_mix_has_no_larger_regret_than_the_best_of_one_world():
    found, table = robust_package(1, policies=["L40", "L31", "L32"], draws=1)
    assert len(table) == 9
    assert (table["regret"] >= 0).all()
    assert len(found.table) == 1
    assert table["reached"].lt(table["reference"]).all()


WRONG = [
    (lambda: ks.find_package(0.0), "close=0.0: allowed: a share above 0"),
    (lambda: ks.find_package(0.5, by="sizes"), "by='sizes': allowed: size, cost; did you mean 'size'?"),
    (lambda: ks.find_package(0.5, variable="needgap"), "did you mean 'need_gap'?"),
    (lambda: ks.find_package(0.5, year=2060), "year 2060: the goal lies between 2025 and 2050"),
    (lambda: ks.find_package(0.5, sectors=["X"]), "sector 'X': allowed: A, B"),
    (lambda: ks.find_package(0.5, policies=[]), "no measures to try"),
    (lambda: ks.find_package(0.5, policies=["L99"]), "there is no measure 'L99'"),
    (lambda: ks.find_package(0.5, policies=["L01"], by="cost"), "no cost is known for reintegration_services"),
    (lambda: ks.attribute(list(measures())[:30], explore=True), "allowed: at most 10"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_bad_calls(call, message):
    with pytest.raises(ScenarioError) as caught:
        call()
    assert message in str(caught.value)
