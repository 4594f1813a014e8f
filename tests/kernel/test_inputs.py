"""Messages about inputs, settings and values that break down."""

from pathlib import Path

import numpy as np
import pytest
from small_models import small

from krapte_sd.errors import BalanceError, ParameterError, SolverError
from krapte_sd.kernel import Program, Series, compile_model

TEXT = """
A: left, right ~~ |
x[A]= INTEG(a[A]*b+h[A], 1) ~ person ~ |
a[A]= :NA: ~ person/Year ~ |
b= 2 ~ Dmnl ~ |
h[A]:HOLD BACKWARD: ~ person/Year ~ |
other= :NA: ~ Dmnl ~ |
twice= 2*other ~ Dmnl ~ |
lost= LN(x[left]/person) ~ Dmnl ~ |
person= 1 ~ person ~ |
"""
YEARS = np.arange(2000, 2005)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return compile_model(small(tmp_path_factory.mktemp("model"), TEXT), ["x", "lost"], ["a"])


def good() -> dict:
    return {"a": np.ones(2), "h": Series(YEARS, np.zeros((5, 2)))}


def test_good_inputs_run_and_constants_may_be_replaced(program: Program) -> None:
    assert program.run(good(), 2000, 2004).saved["x"][-1].tolist() == [9, 9]
    replaced = program.run({**good(), "b": np.array(3.0), "other": np.array(1.0)}, 2000, 2004)
    assert replaced.saved["x"][-1].tolist() == [13, 13]
    assert replaced.integrals["a"].tolist() == [[1, 1]] * 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": None}, r"'a' is not set; it needs an array of shape \(2,\) = \[A\]"),
        ({"h": None}, r"'h' is not set; it needs a Series over 2000...2004 of shape \(2,\) = \[A\]"),
        ({"a": np.ones(3)}, r"'a' has shape \(3,\), it must be \(2,\) = \[A\]"),
        ({"a": np.ones((1, 2))}, r"'a' has shape \(1, 2\), it must be \(2,\)"),
        ({"a": 1.0}, r"'a' has shape \(\), it must be \(2,\)"),
        ({"a": np.array([1, np.nan])}, r"'a' holds 1 value\(s\) that are not finite, the first nan at \[right\]"),
        ({"a": ["x", "y"]}, "'a' must be an array of numbers, found list"),
        ({"a": np.array([True, False])}, "'a' must be an array of numbers"),
        ({"a": Series(YEARS, np.ones((5, 2)))}, "'a' is constant over time, found a Series"),
        ({"h": np.zeros(2)}, "'h' varies by year; give a Series of years and values, found ndarray"),
        ({"h": Series(YEARS[:4], np.zeros((4, 2)))}, "'h' has no value for 2004; every year of 2000...2004 is needed"),
        ({"h": Series(YEARS, np.zeros((4, 2)))}, r"'h' has shape \(4, 2\), it must be \(5, 2\) = \[year, A\]"),
        ({"h": Series(YEARS[::-1], np.zeros((5, 2)))}, "'h': years must be whole numbers in increasing order"),
        ({"h": Series(YEARS + 0.5, np.zeros((5, 2)))}, "'h': years must be whole numbers"),
        ({"h": Series(YEARS, np.full((5, 2), np.inf))}, r"'h' holds 10 value\(s\) .* at \[2000, left\]"),
        ({"hh": 1.0}, "'hh' is not a variable of the model; did you mean 'h'"),
        ({"x": np.ones(2)}, r"'x' is computed by the model \(stock\); it cannot be set"),
    ],
)
def test_wrong_inputs(program: Program, change: dict, message: str) -> None:
    inputs = {name: value for name, value in {**good(), **change}.items() if value is not None}
    with pytest.raises(ParameterError, match=message) as caught:
        program.run(inputs, 2000, 2004)
    assert len(caught.value.problems) == 1


def test_all_wrong_inputs_are_reported_together(program: Program) -> None:
    with pytest.raises(ParameterError) as caught:
        program.run({"zz": 1, "h": 1.0, "b": np.ones(2)}, 2000, 2004)
    assert len(caught.value.problems) == 4
    assert "4 problems" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"step": 0.1}, "step must be 1, 1/2, 1/4"),
        ({"step": 2}, "step must be"),
        ({"step": float("nan")}, "step must be"),
        ({"start": 2000.5}, "start must be a whole year, found 2000.5"),
        ({"stop": 2000}, "stop must be after start"),
        ({"stop": float("inf")}, "stop must be a whole year"),
        ({"method": "rk5"}, "method must be 'euler', 'rk4', 'lsoda', 'rk45' or 'dop853', found 'rk5'"),
        ({"rtol": 0.0}, "rtol must lie between 1e-13 and 0.1, found 0.0"),
        ({"save_step": 0.125}, "save_step must be 1, 1/2"),
        ({"save_step": 0.75}, "save_step must be 1, 1/2"),
    ],
)
def test_wrong_settings(program: Program, settings: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        program.run(good(), **{"start": 2000, "stop": 2004, **settings})


def test_unknown_outputs(program: Program) -> None:
    with pytest.raises(ParameterError, match="save: 'xx' is not a variable") as caught:
        compile_model(program.model, ["xx"], ["losst"])
    assert "integrate: 'losst' is not a variable of the model; did you mean 'lost'?" in str(caught.value)
    with pytest.raises(ParameterError, match="nothing is wanted"):
        compile_model(program.model, [])


def test_a_negative_stock_is_found_at_its_first_step(program: Program) -> None:
    inputs = {**good(), "a": np.array([1.0, -0.6])}
    with pytest.raises(BalanceError, match=r"the stock x\[right\] is -0.2 at time 2001; a stock must not be negative"):
        program.run(inputs, 2000, 2004, 0.25, debug=True)
    assert program.run(inputs, 2000, 2004, 0.25).saved["x"][-1, 1] == pytest.approx(-3.8)


def test_values_that_are_not_finite_never_leave(program: Program) -> None:
    inputs = {**good(), "a": np.array([-0.6, 1.0])}
    with pytest.raises(SolverError, match="lost is nan first at time 2001"):
        program.run(inputs, 2000, 2004)
    with pytest.raises(SolverError, match=r"x\[left\] is inf"):
        program.run({**good(), "a": np.array([1e308, 1.0])}, 2000, 2004, debug=True)


def test_limits_allow_negative_stocks(tmp_path: Path) -> None:
    model = small(tmp_path, "x= INTEG(-1, 0) ~ person [-9,?] ~ | y= INTEG(-1, 1) ~ person [?,?] ~ |")
    result = compile_model(model, ["x", "y"]).run({}, 2000, 2003, 0.5, debug=True)
    assert result.saved["x"][-1] == -3
    assert result.saved["y"][-1] == -2


def test_nan_does_not_vanish_in_min_and_max(tmp_path: Path) -> None:
    text = """
    x= INTEG(0, 0) ~ Dmnl ~ | bad= LN(x-1) ~ Dmnl ~ |
    a= MAX(bad, 0) ~ Dmnl ~ | b= MIN(0, bad) ~ Dmnl ~ | c= MAX(x, bad) ~ Dmnl ~ | d= MIN(bad, x) ~ Dmnl ~ |
    """
    model = small(tmp_path, text)
    for name in "abcd":
        with pytest.raises(SolverError, match=f"{name} is nan"):
            compile_model(model, [name]).run({}, 2000, 2001, 1.0)
