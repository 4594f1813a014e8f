# ruff: noqa: E501 - texts of models, an equation a line
"""What holds for any inputs of one model: properties of the kernel that no example can show."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_models import cohort_inputs, write_model

from krapte_sd.equations import read_model
from krapte_sd.kernel import Program, Series, compile_model

START, STOP = 2000, 2004
SAVE = ["population", "employed", "vacancies", "tight", "wage", "births", "jobs", "deaths", "newcomers"]
INTEGRATE = ["deaths", "filled", "births", "newcomers", "births_to_cohort", "hires", "opened"]
MEMBERS = ["adjustment_time", "vacancy_unit", "separation_rate", "scale:mortality_rate", "scale:immigrants"]
#: Linear in persons and without a clock, so that scaling and shifting have exact answers.
LINEAR = """
A: a1, a2, a3 ~~ | B: (b1-b17) ~~ |
x[A,B]= INTEG(come[A]*share[B]-x[A,B]*rate[A]-SUM(x[A!,B])*leak, x start[A,B]) ~ person ~ |
y[B]= INTEG(SUM(x[A!,B]*rate[A!])-y[B]*leak, y start[B]) ~ person ~ |
come[A]:HOLD BACKWARD: ~ person/Year ~ | rate[A]= :NA: ~ 1/Year ~ | share[B]= :NA: ~ Dmnl ~ |
leak:INTERPOLATE: ~ 1/Year ~ | x start[A,B]= :NA: ~ person ~ | y start[B]= :NA: ~ person ~ |
total= SUM(x[A!,B!])+SUM(y[B!]) ~ person ~ | out[B]= y[B]*leak ~ person/Year ~ |
clock= INTEG(1, 0) ~ Year ~ |
"""
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**32 - 1)
methods = st.sampled_from(["euler", "rk4"])
steps = st.sampled_from([1.0, 0.5, 0.25, 0.125])


@pytest.fixture(scope="module")
def program(cohort_path: Path) -> Program:
    return compile_model(read_model(cohort_path), SAVE, INTEGRATE, MEMBERS)


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Program:
    model = read_model(write_model(tmp_path_factory.mktemp("linear"), LINEAR))
    return compile_model(
        model, ["x", "y", "total", "out"], ["out"], ["rate", "share", "x_start", "scale:come", "scale:leak"]
    )


def linear_inputs(seed: int) -> dict:
    random = np.random.default_rng(seed)
    years = np.arange(START - 1, STOP + 3)
    return {
        "come": Series(years, random.uniform(0, 5, (years.size, 3))),
        "leak": Series(years, random.uniform(0, 0.1, years.size)),
        "rate": random.uniform(0, 0.8, 3),
        "share": random.uniform(0, 1, 17),
        "x_start": random.uniform(0, 9, (3, 17)),
        "y_start": random.uniform(0, 9, 17),
    }


def inputs_of(program: Program, seed: int) -> dict:
    return cohort_inputs(program.model, START, STOP, seed)


def equal(first: object, second: object) -> bool:
    """Every bit of all outputs."""
    return all(
        getattr(first, which)[name].tobytes() == np.ascontiguousarray(getattr(second, which)[name]).tobytes()
        for which in ("saved", "integrals", "final_state")
        for name in getattr(first, which)
    )


# -- the same run told in another way ------------------------------------------------------------------------------------


@FEW
@given(seed=seeds, method=methods, step=steps)
def test_two_runs_are_equal(program: Program, seed: int, method: str, step: float) -> None:
    inputs = inputs_of(program, seed)
    assert equal(program.run(inputs, START, STOP, step, method), program.run(inputs, START, STOP, step, method))


@FEW
@given(seed=seeds, order=st.randoms(use_true_random=False))
def test_order_of_the_inputs_does_not_matter(program: Program, seed: int, order: object) -> None:
    inputs = inputs_of(program, seed)
    names = list(inputs)
    order.shuffle(names)
    assert equal(program.run(inputs, START, STOP), program.run({name: inputs[name] for name in names}, START, STOP))


@FEW
@given(seed=seeds, before=st.integers(0, 3), after=st.integers(0, 3))
def test_years_outside_the_run_do_not_matter(program: Program, seed: int, before: int, after: int) -> None:
    inputs = inputs_of(program, seed)
    other = dict(inputs)
    for name, each in inputs.items():
        if isinstance(each, Series):
            years, values = np.asarray(each.years), np.asarray(each.values)
            inside = (years >= START - before) & (years <= STOP + after)
            values = np.where(((years < START) | (years > STOP)).reshape(-1, *[1] * (values.ndim - 1)), 77.0, values)
            other[name] = Series(years[inside], values[inside])
    assert equal(program.run(inputs, START, STOP), program.run(other, START, STOP))


@FEW
@given(seed=seeds)
def test_memory_order_of_arrays_does_not_matter(program: Program, seed: int) -> None:
    inputs = inputs_of(program, seed)
    other = {n: v if isinstance(v, Series) else np.asfortranarray(v[::-1])[::-1] for n, v in inputs.items()}
    assert equal(program.run(inputs, START, STOP), program.run(other, START, STOP))


@FEW
@given(seed=seeds)
def test_inputs_are_never_changed(program: Program, seed: int) -> None:
    inputs, untouched = inputs_of(program, seed), inputs_of(program, seed)
    program.run(inputs, START, STOP)
    program.run_members(inputs, {"adjustment_time": [0.5, 0.9]}, START, STOP)
    for name, each in untouched.items():
        theirs = inputs[name]
        if isinstance(each, Series):
            each, theirs = each.values, theirs.values
        assert np.array_equal(each, theirs)


@FEW
@given(seed=seeds, method=methods, every=st.sampled_from([1.0, 0.5, 0.25]))
def test_saving_more_often_changes_nothing(program: Program, seed: int, method: str, every: float) -> None:
    inputs = inputs_of(program, seed)
    plain = program.run(inputs, START, STOP, 0.25, method)
    often = program.run(inputs, START, STOP, 0.25, method, every)
    stride = round(1 / every)
    assert all(np.array_equal(plain.saved[n], often.saved[n][::stride]) for n in SAVE)
    assert all(np.array_equal(plain.integrals[n], often.integrals[n]) for n in INTEGRATE)


@FEW
@given(seed=seeds, method=methods)
def test_checks_change_nothing(linear: Program, seed: int, method: str) -> None:
    inputs = linear_inputs(seed) | {"leak": Series(np.arange(START, STOP + 1), np.zeros(5))}
    assert equal(
        linear.run(inputs, START, STOP, 0.25, method), linear.run(inputs, START, STOP, 0.25, method, debug=True)
    )


@FEW
@given(seed=seeds, stop=st.integers(START + 1, STOP))
def test_the_past_does_not_know_the_future(program: Program, seed: int, stop: int) -> None:
    inputs = inputs_of(program, seed)
    long, short = program.run(inputs, START, STOP), program.run(inputs, START, stop)
    count = stop - START
    assert all(np.array_equal(long.integrals[n][:count], short.integrals[n]) for n in INTEGRATE)
    assert all(np.array_equal(long.saved[n][: count + 1], short.saved[n]) for n in SAVE)


@FEW
@given(seed=seeds, cut=st.integers(START + 1, STOP - 1), method=methods, step=steps)
def test_a_run_may_be_cut_at_any_1_january(program: Program, seed: int, cut: int, method: str, step: float) -> None:
    inputs = inputs_of(program, seed)
    whole = program.run(inputs, START, STOP, step, method)
    state = program.run(inputs, START, cut, step, method).final_state
    rest = program.run(inputs, cut, STOP, step, method, state=type(state).from_arrays(state.to_arrays()))
    assert all(np.array_equal(whole.saved[n][cut - START :], rest.saved[n]) for n in SAVE)
    assert all(np.array_equal(whole.final_state[n], rest.final_state[n]) for n in program.stocks)


# -- laws of the models --------------------------------------------------------------------------------------------------


@FEW
@given(seed=seeds, method=methods, step=steps)
def test_stocks_change_by_the_integrals_of_their_flows(program: Program, seed: int, method: str, step: float) -> None:
    result = program.run(inputs_of(program, seed), START, STOP, step, method)
    flows = result.integrals["births_to_cohort"] + result.integrals["newcomers"] - result.integrals["deaths"]
    assert np.allclose(np.diff(result.saved["population"], axis=0), flows, rtol=0, atol=1e-10)


@FEW
@given(seed=seeds, method=methods, step=steps)
def test_hires_are_filled_vacancies(program: Program, seed: int, method: str, step: float) -> None:
    result = program.run(inputs_of(program, seed), START, STOP, step, method)
    assert np.allclose(result.integrals["hires"].sum((3, 4)), result.integrals["filled"], rtol=1e-11, atol=1e-11)


@FEW
@given(seed=seeds, power=st.integers(-20, 20), method=methods)
def test_another_unit_of_persons_gives_the_same_bits(linear: Program, seed: int, power: int, method: str) -> None:
    """A power of two scales every number without rounding."""
    inputs, factor = linear_inputs(seed), 2.0**power
    come = inputs["come"]
    scaled = inputs | {"come": Series(come.years, factor * come.values)}
    scaled |= {name: factor * inputs[name] for name in ("x_start", "y_start")}
    one, other = (linear.run(each, START, STOP, 0.25, method) for each in (inputs, scaled))
    assert all(np.array_equal(factor * one.saved[n], other.saved[n]) for n in one.saved)
    assert all(np.array_equal(factor * one.integrals[n], other.integrals[n]) for n in one.integrals)


@FEW
@given(seed=seeds, factor=st.floats(0.01, 100), method=methods)
def test_any_unit_of_persons_gives_the_same_numbers(linear: Program, seed: int, factor: float, method: str) -> None:
    inputs = linear_inputs(seed)
    come = inputs["come"]
    scaled = inputs | {"come": Series(come.years, factor * come.values)}
    scaled |= {name: factor * inputs[name] for name in ("x_start", "y_start")}
    one, other = (linear.run(each, START, STOP, 0.25, method) for each in (inputs, scaled))
    assert all(np.allclose(factor * one.saved[n], other.saved[n], rtol=1e-12) for n in one.saved)


@FEW
@given(one=seeds, two=seeds, method=methods, step=steps)
def test_solutions_of_a_linear_model_add_up(linear: Program, one: int, two: int, method: str, step: float) -> None:
    first = linear_inputs(one)
    second = linear_inputs(two) | {name: first[name] for name in ("rate", "leak")}
    second["share"] = first["share"]
    both = dict(first)
    both["come"] = Series(first["come"].years, first["come"].values + second["come"].values)
    both |= {name: first[name] + second[name] for name in ("x_start", "y_start")}
    a, b, c = (linear.run(each, START, STOP, step, method).saved for each in (first, second, both))
    assert all(np.allclose(a[n] + b[n], c[n], rtol=1e-11, atol=1e-11) for n in a)


@FEW
@given(seed=seeds, shift=st.integers(-900, 900), method=methods)
def test_a_model_without_a_clock_may_run_at_any_time(linear: Program, seed: int, shift: int, method: str) -> None:
    inputs = linear_inputs(seed)
    moved = {
        n: Series(np.asarray(v.years) + shift, v.values) if isinstance(v, Series) else v for n, v in inputs.items()
    }
    assert equal(
        linear.run(inputs, START, STOP, 0.25, method), linear.run(moved, START + shift, STOP + shift, 0.25, method)
    )


@FEW
@given(seed=seeds, method=methods)
def test_nothing_flows_nothing_changes(linear: Program, seed: int, method: str) -> None:
    inputs = linear_inputs(seed)
    years = np.arange(START, STOP + 1)
    inputs |= {"come": Series(years, np.zeros((5, 3))), "leak": Series(years, np.zeros(5)), "rate": np.zeros(3)}
    saved = linear.run(inputs, START, STOP, 0.25, method).saved
    assert all((saved[n] == saved[n][0]).all() for n in ("x", "y", "total"))


@FEW
@given(seed=seeds, order=st.permutations(range(3)), method=methods)
def test_elements_may_stand_in_any_order(linear: Program, seed: int, order: list, method: str) -> None:
    """Sums over the reordered dimension may round otherwise; nothing else changes."""
    inputs = linear_inputs(seed)
    come = inputs["come"]
    turned = inputs | {"come": Series(come.years, come.values[:, order]), "rate": inputs["rate"][order]}
    turned["x_start"] = inputs["x_start"][order]
    one, other = (linear.run(each, START, STOP, 0.25, method).saved for each in (inputs, turned))
    assert np.allclose(one["x"][:, order], other["x"], rtol=1e-13, atol=1e-13)
    assert np.allclose(one["y"], other["y"], rtol=1e-13, atol=1e-13)


@FEW
@given(seed=seeds, order=st.permutations(range(17)), method=methods)
def test_columns_that_do_not_touch_give_the_same_bits_in_any_order(
    linear: Program, seed: int, order: list, method: str
) -> None:
    inputs = linear_inputs(seed)
    turned = inputs | {"share": inputs["share"][order], "y_start": inputs["y_start"][order]}
    turned["x_start"] = inputs["x_start"][:, order]
    one, other = (linear.run(each, START, STOP, 0.25, method).saved for each in (inputs, turned))
    assert np.array_equal(one["x"][:, :, order], other["x"])
    assert np.array_equal(one["y"][:, order], other["y"])


@FEW
@given(seed=seeds)
def test_data_that_do_not_change_run_alike_in_both_ways(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    value = float(np.random.default_rng(seed).uniform(-1, 1))
    data = Series(np.arange(START, STOP + 1), np.full(5, value))
    found = []
    for keyword in (":INTERPOLATE:", ":HOLD BACKWARD:"):
        text = f"x= INTEG(r*x+1/one, 2) ~ Dmnl ~ | one= 1 ~ Year ~ | r{keyword} ~ 1/Year ~ |"
        model = read_model(write_model(tmp_path_factory.mktemp("data"), text))
        found.append(compile_model(model, ["x"]).run({"r": data}, START, STOP).saved["x"])
    assert np.array_equal(*found)


@FEW
@given(seed=seeds)
def test_a_smaller_step_is_nearer(linear: Program, seed: int) -> None:
    inputs = linear_inputs(seed)
    exact = linear.run(inputs, START, STOP, 1 / 64).saved["x"]
    for method in ("euler", "rk4"):
        errors = [
            np.abs(linear.run(inputs, START, STOP, step, method).saved["x"] - exact).max() for step in (1, 0.5, 0.25)
        ]
        assert errors[0] > errors[1] > errors[2]


@FEW
@given(seed=seeds, method=st.sampled_from(["rk45", "dop853", "lsoda"]))
def test_adaptive_solvers_keep_to_their_tolerance(linear: Program, seed: int, method: str) -> None:
    inputs = linear_inputs(seed)
    exact = linear.run(inputs, START, STOP, 1 / 64).saved
    found = linear.run(inputs, START, STOP, method=method, rtol=1e-7, atol=1e-7).saved
    assert np.allclose(found["x"], exact["x"], rtol=2e-5, atol=2e-5)
    assert np.allclose(found["total"], exact["total"], rtol=2e-5)


# -- members -------------------------------------------------------------------------------------------------------------


def linear_draws(seed: int, count: int) -> dict:
    random = np.random.default_rng(seed + 1)
    return {
        "rate": random.uniform(0, 0.8, (count, 3)),
        "x_start": random.uniform(0, 9, (count, 3, 17)),
        "scale:come": random.uniform(0, 2, count),
        "scale:leak": random.uniform(0, 2, count),
    }


@FEW
@given(seed=seeds, count=st.integers(1, 20), method=methods, step=steps, data=st.data())
def test_a_member_is_a_single_run(
    linear: Program, seed: int, count: int, method: str, step: float, data: st.DataObject
) -> None:
    inputs, drawn = linear_inputs(seed), linear_draws(seed, count)
    result = linear.run_members(inputs, drawn, START, STOP, step, method)
    k = data.draw(st.integers(0, count - 1))
    single = linear.run(inputs | {n: v[k] for n, v in drawn.items()}, START, STOP, step, method)
    assert all(
        single.saved[n].tobytes() == np.ascontiguousarray(result.saved[n][..., k]).tobytes() for n in single.saved
    )
    assert all(np.array_equal(single.integrals[n], result.integrals[n][..., k]) for n in single.integrals)


@FEW
@given(seed=seeds, chunk=st.integers(1, 40), threads=st.integers(1, 3), method=methods)
def test_blocks_and_threads_change_no_bit(linear: Program, seed: int, chunk: int, threads: int, method: str) -> None:
    inputs, drawn = linear_inputs(seed), linear_draws(seed, 21)
    one = linear.run_members(inputs, drawn, START, STOP, 0.5, method, threads=1)
    other = linear.run_members(inputs, drawn, START, STOP, 0.5, method, chunk=chunk, threads=threads)
    assert equal(one, other)


@FEW
@given(seed=seeds, order=st.permutations(range(13)), method=methods)
def test_members_may_stand_in_any_order(linear: Program, seed: int, order: list, method: str) -> None:
    inputs, drawn = linear_inputs(seed), linear_draws(seed, 13)
    one = linear.run_members(inputs, drawn, START, STOP, 0.5, method)
    other = linear.run_members(inputs, {n: v[order] for n, v in drawn.items()}, START, STOP, 0.5, method)
    assert all(np.array_equal(one.saved[n][..., order], other.saved[n]) for n in one.saved)


@FEW
@given(seed=seeds, member=st.integers(0, 8), method=methods)
def test_a_member_does_not_know_the_others(linear: Program, seed: int, member: int, method: str) -> None:
    inputs, drawn = linear_inputs(seed), linear_draws(seed, 9)
    one = linear.run_members(inputs, drawn, START, STOP, 0.5, method)
    changed = {
        n: np.where(np.arange(9).reshape(-1, *[1] * (v.ndim - 1)) == member, v, v * 0.5) for n, v in drawn.items()
    }
    other = linear.run_members(inputs, changed, START, STOP, 0.5, method)
    assert all(np.array_equal(one.saved[n][..., member], other.saved[n][..., member]) for n in one.saved)


@FEW
@given(seed=seeds, count=st.integers(1, 17))
def test_members_without_a_difference_are_the_single_run(linear: Program, seed: int, count: int) -> None:
    inputs = linear_inputs(seed)
    single = linear.run(inputs, START, STOP)
    result = linear.run_members(inputs, {"scale:come": np.ones(count)}, START, STOP)
    assert all((result.saved[n] == single.saved[n][..., np.newaxis]).all() for n in single.saved)


@FEW
@given(seed=seeds, power=st.integers(-8, 8), method=methods)
def test_a_factor_is_a_factor_on_the_table(linear: Program, seed: int, power: int, method: str) -> None:
    inputs, factor = linear_inputs(seed), 2.0**power
    come = inputs["come"]
    scaled = linear.run(inputs | {"scale:come": factor}, START, STOP, 0.25, method)
    other = linear.run(inputs | {"come": Series(come.years, factor * come.values)}, START, STOP, 0.25, method)
    assert equal(scaled, other)


@FEW
@given(seed=seeds, count=st.integers(1, 12))
def test_what_no_member_touches_is_the_same_for_all(program: Program, seed: int, count: int) -> None:
    drawn = {"vacancy_unit": np.linspace(1, 3, count)}
    result = program.run_members(inputs_of(program, seed), drawn, START, STOP)
    assert (result.saved["population"] == result.saved["population"][..., :1]).all()
    assert count == 1 or (result.saved["vacancies"][0, 0, 0, 0] != result.saved["vacancies"][0, 0, 0, -1])
