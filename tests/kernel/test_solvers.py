"""Solvers against analytic solutions, and what must hold exactly at every 1 January."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from small_models import small

from krapte_sd.kernel import Program, Series, compile_model

YEARS = np.arange(2000, 2005)


def orders(
    program: Program, inputs: dict, name: str, exact: np.ndarray | float, method: str, steps: list[float]
) -> list:
    errors = [
        np.abs(program.run(inputs, 2000, 2004, step, method).saved[name][-1] - exact).max()
        for step in steps  # type: ignore[arg-type]
    ]
    return [float(np.log2(coarse / fine)) for coarse, fine in itertools.pairwise(errors)]


EXPONENTIAL = "x= INTEG(rate*x, start) ~ person ~ | rate= :NA: ~ 1/Year ~ | start= 3 ~ person ~ |"
LOGISTIC = """
x= INTEG(rate*x*(1-x/room), 1) ~ person ~ |
rate= :NA: ~ 1/Year ~ | room= 40 ~ person ~ |
"""
CHAIN = """
Stage: s1, s2, s3 ~~ |
first= INTEG(-rate*first, 1) ~ person ~ |
second= INTEG(rate*first-rate*second, 0) ~ person ~ |
third= INTEG(rate*second, 0) ~ person ~ |
rate= :NA: ~ 1/Year ~ |
"""
OSCILLATOR = """
x= INTEG(v, 1) ~ m [-2,2] ~ |
v= INTEG(-4*rate*rate*x, 0) ~ m/Year [-9,9] ~ |
rate= :NA: ~ 1/Year ~ |
"""


@pytest.mark.parametrize(
    ("text", "name", "exact"),
    [
        (EXPONENTIAL, "x", 3 * np.exp(0.8 * 4)),
        (LOGISTIC, "x", 40 / (1 + 39 * np.exp(-0.8 * 4))),
        (CHAIN, "third", 1 - np.exp(-3.2) * (1 + 3.2)),
        (OSCILLATOR, "v", -0.8 * 2 * np.sin(0.8 * 2 * 4)),
    ],
)
def test_order(tmp_path: Path, text: str, name: str, exact: float) -> None:
    program = compile_model(small(tmp_path, text), [name])
    inputs = {"rate": np.array(0.8)}
    assert np.allclose(orders(program, inputs, name, exact, "rk4", [1 / 4, 1 / 8, 1 / 16]), 4, atol=0.35)
    assert np.allclose(orders(program, inputs, name, exact, "euler", [1 / 256, 1 / 512, 1 / 1024]), 1, atol=0.1)
    assert program.run(inputs, 2000, 2004, 1 / 64).saved[name][-1] == pytest.approx(exact, rel=1e-6)


def test_order_is_kept_over_jumps_of_yearly_data(tmp_path: Path) -> None:
    model = small(tmp_path, "x= INTEG(rate*x, 1) ~ person ~ | rate:HOLD BACKWARD: ~ 1/Year ~ |")
    program = compile_model(model, ["x"])
    rates = np.array([0.5, -1.5, 2.0, 0.1, 99.0])
    inputs = {"rate": Series(YEARS, rates)}
    exact = np.exp(np.concatenate(([0.0], np.cumsum(rates[:4]))))
    result = program.run(inputs, 2000, 2004, 1 / 64)
    assert np.allclose(result.saved["x"], exact, rtol=1e-7)
    assert np.allclose(orders(program, inputs, "x", exact[-1], "rk4", [1 / 8, 1 / 16, 1 / 32]), 4, atol=0.3)


def test_order_is_kept_over_kinks_of_interpolated_data(tmp_path: Path) -> None:
    model = small(tmp_path, "x= INTEG(rate*x, 1) ~ person ~ | rate:INTERPOLATE: ~ 1/Year ~ |")
    program = compile_model(model, ["x", "rate"])
    rates = np.array([0.5, -1.5, 2.0, 0.1, 1.0])
    inputs = {"rate": Series(YEARS, rates)}
    exact = np.exp(np.sum((rates[1:] + rates[:-1]) / 2))
    assert np.allclose(orders(program, inputs, "x", exact, "rk4", [1 / 8, 1 / 16, 1 / 32]), 4, atol=0.3)
    within = program.run(inputs, 2000, 2004, 1 / 8, save_step=1 / 8)
    assert np.allclose(within.saved["rate"], np.interp(within.times, YEARS, rates), rtol=1e-15)


def test_calendar_year_is_that_of_the_start_of_the_step(tmp_path: Path) -> None:
    model = small(
        tmp_path,
        """
        x= INTEG(year-2000, 0) ~ Year*Year ~ |
        year= INTEGER(Time) ~ Year ~ |
        late= INTEG(IF THEN ELSE(Time>=2002, 1, 0), 0) ~ Year ~ |
        """,
    )
    result = compile_model(model, ["x", "late", "year"], ["year"]).run({}, 2000, 2004, 0.25)
    assert result.saved["x"].tolist() == [0, 0, 1, 3, 6]
    assert result.saved["late"].tolist() == [0, 0, 0, 1, 2]
    assert result.saved["year"].tolist() == [2000, 2001, 2002, 2003, 2004]
    assert result.integrals["year"].tolist() == [2000, 2001, 2002, 2003]


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_change_of_a_stock_is_the_integral_of_its_net_flow(tmp_path: Path, method: str) -> None:
    text = """
    A: a1, a2, a3 ~~ |
    x[A]= INTEG(into[A]-out[A], begin[A]) ~ person ~ |
    begin[A]= 5, 7, 11 ~ person ~ |
    into[A]= 3*SQRT(x[A])+forced ~ person/Year ~ |
    forced:INTERPOLATE: ~ person/Year ~ |
    out[A]= x[A]*0.3 ~ person/Year ~ |
    """
    program = compile_model(small(tmp_path, text), ["x"], ["into", "out", "forced", "x"])
    result = program.run({"forced": Series(YEARS, [1.0, 4, 2, 8, 3])}, 2000, 2004, 0.25, method)  # type: ignore[arg-type]
    change = np.diff(result.saved["x"], axis=0)
    assert np.allclose(change, result.integrals["into"] - result.integrals["out"], rtol=0, atol=1e-13)
    assert result.integrals["x"].shape == (4, 3)
    assert result.years.tolist() == [2000, 2001, 2002, 2003]
    if method == "rk4":
        assert np.allclose(result.integrals["forced"], [2.5, 3, 5, 5.5], rtol=1e-14)
    assert np.array_equal(result.final_state["x"], result.saved["x"][-1])


def test_initial_values_that_depend_on_each_other(tmp_path: Path) -> None:
    text = """
    A: a1, a2 ~~ |
    x[A]= INTEG(-x[A]*0, INITIAL(2*y[A])) ~ person ~ |
    y[A]= INTEG(y[A]/z, w[A]+INITIAL(SUM(w[A!]))) ~ person ~ |
    w[A]= Time/z*u ~ person ~ |
    u= 1 ~ person ~ | z= 1 ~ Year ~ |
    share[A]= x[A]/INITIAL(SUM(x[A!])+y[A]) ~ Dmnl ~ |
    """
    result = compile_model(small(tmp_path, text), ["x", "y", "share"]).run({}, 2000, 2004, 0.25)
    assert result.saved["y"][0].tolist() == [6000, 6000]
    assert result.saved["x"][:, 0].tolist() == [12000] * 5
    assert np.array_equal(result.saved["share"][3], np.full(2, 12000 / 30000))


@pytest.mark.parametrize("size", [2, 15, 16, 19, 37, 128])
def test_reductions_over_any_length(tmp_path: Path, size: int) -> None:
    text = f"""
    A: a1, a2, a3 ~~ |
    B: (b1-b{size}) ~~ |
    C: c1, c2 ~~ |
    x[A,C,B]= :NA: ~ m ~ |
    one[B]= SUM(x[A!,C!,B]) ~ m ~ |
    two[A,C]= SUM(x[A,C,B!]) ~ m ~ |
    three= SUM(x[A!,C!,B!]) ~ m ~ |
    four[C]= VMIN(x[A!,C,B!]) ~ m ~ |
    five[A]= VMAX(x[A,C!,B!]-1*x[A,C!,b2]) ~ m ~ |
    six[C,B]= VMIN(x[A!,C,B]) ~ m ~ |
    seven[A]= SUM(x[A,c2,B!]*SUM(x[A!,C!,B!])) ~ m*m ~ |
    eight[B]= SUM(IF THEN ELSE(x[a1,c1,B!]<x[a1,c1,B], 1, 0)) ~ Dmnl ~ |
    clock= INTEG(three*0, 0) ~ m*Year ~ |
    """
    model = small(tmp_path, text)
    names = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    x = np.random.default_rng(size).normal(size=(3, 2, size))
    saved = {k: v[-1] for k, v in compile_model(model, names).run({"x": x}, 2000, 2001, 1.0).saved.items()}
    assert np.allclose(saved["one"], x.sum((0, 1)))
    assert np.allclose(saved["two"], x.sum(2))
    assert np.allclose(saved["three"], x.sum())
    assert np.array_equal(saved["four"], x.min((0, 2)))
    assert np.array_equal(saved["five"], (x - x[:, :, 1:2]).max((1, 2)))
    assert np.array_equal(saved["six"], x.min(0))
    assert np.allclose(saved["seven"], x[:, 1].sum(1) * x.sum())
    assert np.array_equal(saved["eight"], np.argsort(np.argsort(x[0, 0])))


def test_only_what_is_wanted_is_needed(tmp_path: Path) -> None:
    text = """
    x= INTEG(a*x, 1) ~ person ~ | a= :NA: ~ 1/Year ~ |
    y= INTEG(b*x, 1) ~ person ~ | b= :NA: ~ 1/Year ~ |
    """
    program = compile_model(small(tmp_path, text), ["x"])
    assert program.inputs == ("a",)
    assert program.stocks == ("x",)
    assert compile_model(program.model, ["y"]).inputs == ("a", "b")


def test_results_do_not_depend_on_what_else_is_saved(cohort_path: Path) -> None:
    from small_models import cohort_inputs

    from krapte_sd.equations import read_model

    model = read_model(cohort_path)
    inputs = cohort_inputs(model, 2000, 2004)
    few = compile_model(model, ["employed"]).run(inputs, 2000, 2004, 0.25)
    many = compile_model(model, ["employed", "hires", "tight", "filled"], ["deaths"]).run(inputs, 2000, 2004, 0.25)
    again = compile_model(model, ["employed"]).run(inputs, 2000, 2004, 0.25, save_step=0.25)
    assert np.allclose(few.saved["employed"], many.saved["employed"], rtol=1e-14)
    assert np.array_equal(few.saved["employed"], again.saved["employed"][::4])
