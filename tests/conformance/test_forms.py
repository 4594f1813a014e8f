"""Every form of equation that is supported, in small models of our own: kernel, interpreter and PySD agree."""

# ruff: noqa: E501 - a form and its text in one line are easier to compare
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from small_models import write_model
from tests.conformance.interpreter import Interpreter

from krapte_sd.equations import Model, read_model
from krapte_sd.errors import ModelError, ParameterError
from krapte_sd.kernel import compile_model

CONTROL = "INITIAL TIME= 0 ~~ |\nFINAL TIME= 12 ~~ |\nTIME STEP= 0.125 ~~ |\nSAVEPER= 0.5 ~~ |\n"
RANGES = """
A: a1, a2, a3, a4, a5 ~~ |
Early: a1, a2 ~~ |
Odd: a5, a1, a3 ~~ |
Older: (a2-a5) ~~ |
B: b1, b2 ~~ |
C: c1, c2 -> B ~~ |
Previous: (a1-a4) -> Older ~~ |
Twin <-> A ~~ |
v[A]= 1, 2, 4, 8, 16 ~~ |
w[A,B]= 1,2;3,4;5,6;7,8;9,10; ~~ |
clock= INTEG(1, 0) ~~ |
"""
FORMS = {
    "subrange": "x[Odd]= v[Odd]*Time ~~ |",
    "part of a range": "x[Early]= v[Early] ~~ |\nx[a3]= Time ~~ |\nx[a4]= 4 ~~ |\nx[a5]= 5 ~~ |\ny[A]= 2*x[A] ~~ |",
    "sum over a subrange": "x= SUM(v[Odd!]) ~~ |\ny[B]= SUM(w[Early!,B])+VMAX(w[Odd!,B]) ~~ |",
    "mapping": "x[B]= v[a1]*y[C] ~~ |\ny[C]= 3, 5 ~~ |",
    "copy of a range": "x[A,Twin]= v[A]*10+v[Twin] ~~ |\ny[A]= x[A,a2] ~~ |",
    "stocks of elements": "x[a1]= INTEG(1, 2) ~~ |\nx[Older]= INTEG(x[Previous]-x[Older], v[Older]) ~~ |",
    "except": "x[A,B]:EXCEPT:[a1,b1],[Odd,b2]= Time*w[A,B] ~~ |\nx[a1,b1]= 5 ~~ |\nx[Odd,b2]= v[Odd] ~~ |",
    "transposition": "x[B,A]= w[A,B] ~~ |\ny[A,B]= x[B,A]+v[A] ~~ |",
    "one more dimension": "x[A,B]= v[A]*Time ~~ |\ny[B,A]= x[A,B]/v[A] ~~ |",
    "numbers of elements": "x[A]= A*10 ~~ |\ny[Odd]= Odd ~~ |\nz= ELMCOUNT(Odd)+a3 ~~ |\nu[A,Twin]= IF THEN ELSE(A=Twin, 1, 0) ~~ |",
    "list beside an equation": "x[A,b1]= 1,2,3,4,5 ~~ |\nx[A,b2]= Time*v[A] ~~ |",
    "lookup": "f((0,0),(2,4),(6,-1)) ~~ |\nx= f(Time) ~~ |\ny[A]= f(v[A]-3+Time) ~~ |",
    "lookup of elements": "f[b1]((0,0),(2,4)) ~~ |\nf[b2]((-1,1),(3,2),(5,9)) ~~ |\nx[B]= f[B](Time) ~~ |\ny= f[b2](Time/2) ~~ |",
    "inline lookup": "x= WITH LOOKUP(Time, ([(0,0)-(10,10)],(0,1),(3,2),(5,0))) ~~ |",
    "delays": "i= 1+STEP(3, 2)-RAMP(0.5, 4, 6) ~~ |\nx= DELAY1(i, 2) ~~ |\ny= DELAY1I(i, 2, 5) ~~ |\nz= DELAY3(i, 3) ~~ |"
    "\nu= 2*DELAY3I(i, 3, 7)+1 ~~ |\nt= DELAY N(i, 3, 7, 5) ~~ |",
    "delays of arrays": "i[A]= v[A]+STEP(3, 2) ~~ |\nx[A]= DELAY3(i[A], v[A]+1) ~~ |\ny[a2]= DELAY1I(i[a1], 2, 9) ~~ |",
    "smooths": "i= 1+PULSE(2, 3) ~~ |\nx= SMOOTH(i, 2) ~~ |\ny= SMOOTHI(i, 2, 5) ~~ |\nz= SMOOTH3(i, 3) ~~ |"
    "\nu= SMOOTH3I(i, 3, 7) ~~ |\nt= SMOOTH N(i, 3, 7, 4) ~~ |",
    "trend, forecast, sample": "i= 3+clock*clock ~~ |\nx= TREND(i, 4, 0.1) ~~ |\ny= FORECAST(i, 3, 5) ~~ |"
    "\nz= SAMPLE IF TRUE(MODULO(Time, 3)=0, i, 7) ~~ |",
    "test inputs": "x= STEP(3, 2)+RAMP(2, 1, 4)+PULSE(3, 1.5) ~~ |\ny= PULSE TRAIN(1, 0.5, 2, 9) ~~ |",
    "functions": "p= Time/13 ~~ |\nx= SIN(p)+COS(p)*TAN(p)-ARCSIN(p)+ARCCOS(p)/2+ARCTAN(p) ~~ |\ny= SINH(p)+COSH(p)-TANH(p) ~~ |"
    "\nz= MODULO(Time, 0.7)+QUANTUM(Time, 0.3)+INTEGER(Time*1.1)+LOG(Time+2, 10)+LN(Time+1) ~~ |"
    "\nu= ABS(p-0.5)+POWER(p, 1.5)+MIN(p, 0.3)+MAX(p, 0.6)+XIDZ(1, p, 3)+ZIDZ(1, p)+SQRT(p)+EXP(-p) ~~ |",
    "product": "x= PROD(v[Odd!]) ~~ |\ny[B]= PROD(w[A!,B]) ~~ |",
    "powers": "x= v[a2]^v[a2]^v[a2] ~~ |\ny= -Time^2 ~~ |\nz= (Time+1)^-v[a1]^2+1 ~~ |",
    "active initial": "x= ACTIVE INITIAL(y+1, 4) ~~ |\ny= SMOOTH(x, 5) ~~ |",
    "initial values in order": "x= INTEG(1, y+z) ~~ |\ny= INTEG(2, 3*z) ~~ |\nz= INTEG(3, 7) ~~ |\nu= INITIAL(x*Time+x) ~~ |",
    "times of the run": "x= clock/TIME STEP ~~ |\ny= FINAL TIME-INITIAL TIME+SAVEPER ~~ |",
    "conditions": "o= 1 ~~ |\nx= IF THEN ELSE(o :AND: Time>3, 1, 2)+IF THEN ELSE(:NOT: o :OR: clock, 3, 4) ~~ |",
    "unchangeable": "x== 3 ~~ |\ny= 2*x ~~ |",
}  # fmt: skip


def _pysd(path: Path, model: Model, names: list[str]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    from krapte_sd.equations.vensim import load_pysd

    load_pysd()
    import pysd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = pysd.read_vensim(str(path)).run(return_columns=names, flatten_output=False)
    found = {}
    for name in names:
        column = frame[name if name in frame.columns else model.variables[name].label]
        shape = model.shape(name)
        rows = [np.broadcast_to(getattr(each, "values", each), shape) for each in column]
        found[name] = np.array(rows, dtype=float)
    return np.asarray(frame.index, dtype=float), found


@pytest.mark.parametrize("form", FORMS)
def test_form(tmp_path: Path, form: str) -> None:
    path = write_model(tmp_path, RANGES + FORMS[form] + "\n", CONTROL)
    model = read_model(path)
    names = [name for name, each in model.variables.items() if name in "xyztuif" and each.kind != "lookup"]
    times, ours = Interpreter(model, names).run()
    result = compile_model(model, names).run({}, 0, 12, 0.125, "euler", save_step=0.5)
    theirs = _pysd(path, model, names)
    assert len(times) == 25
    assert np.array_equal(times, result.times)
    assert np.allclose(times, theirs[0])
    for name in names:
        assert np.isfinite(ours[name]).all()
        assert np.allclose(result.saved[name], ours[name], rtol=1e-12, atol=1e-12), name
        assert np.allclose(ours[name], theirs[1][name], rtol=1e-9, atol=1e-9), name


MACRO = """
:MACRO: FOLLOW(wanted, lag)
FOLLOW= INTEG(gap/lag, 2) ~ ~ |
gap= wanted-FOLLOW ~ ~ |
:END OF MACRO:
"""


def test_macros_are_put_in_place_of_their_calls(tmp_path: Path) -> None:
    text = MACRO + RANGES + "x= FOLLOW(Time, 3)+FOLLOW(10, 2) ~~ |\ny[B]= FOLLOW(w[a1,B]*Time, 4) ~~ |\n"
    path = write_model(tmp_path, text, CONTROL)
    model = read_model(path)
    assert {"x__follow1_follow", "x__follow2_gap", "y__follow1_follow"} <= set(model.variables)
    assert model.variables["y__follow1_follow"].dimensions == ("B",)
    assert model.variables["x__follow1_gap"].part_of == "x"
    _, ours = Interpreter(model, ["x", "y"]).run()
    scalar = write_model(tmp_path, MACRO + "x= FOLLOW(Time, 3)+FOLLOW(10, 2) ~~ |\nclock= INTEG(1,0) ~~ |", CONTROL)
    theirs = _pysd(scalar, model, ["x"])[1]
    assert np.allclose(ours["x"], theirs["x"], rtol=1e-12)
    # By hand: each element rises from 2 by an eighth of a quarter of the gap.
    assert ours["y"][0].tolist() == [2, 2]
    assert np.all(np.diff(ours["y"][4:], axis=0) > 0)


#: PySD cannot run these: it evaluates a variable as a whole, or fills elements without equation with NaN.
BY_HAND = {
    "x[a1]= Time+1 ~~ |\nx[Older]= x[Previous]*2 ~~ |": {"x": lambda t: [(t + 1) * 2**k for k in range(5)]},
    "x[b1]= 3 ~~ |\nx[b2]= 2*x[b1]+Time ~~ |": {"x": lambda t: [3, 6 + t]},
    "x[B]= y[B]+1 ~~ |\ny[b2]= Time ~~ |\ny[b1]= 2*x[b2] ~~ |": {"x": lambda t: [2 * t + 3, t + 1]},
    "x[a2]= Time ~~ |\nx[a4]= 2 ~~ |\ny= x[a2]+x[a4] ~~ |": {"x": lambda t: [t, 2], "y": lambda t: t + 2},
    "x[a1,B]= w[a1,B] ~~ |\nx[Older,B]= SUM(x[Previous,B!])+x[Previous,B] ~~ |": {
        "x": lambda t: [[1, 2], [4, 5], [13, 14], [40, 41], [121, 122]]
    },
    "x[a1]= 1 ~~ |\nx[Older]= INITIAL(x[Previous])+1+0*Time ~~ |": {"x": lambda t: [1, 2, 3, 4, 5]},
    "x[a1]= INTEG(0, 3) ~~ |\nx[Older]= INTEG(0, x[Previous]*2) ~~ |": {"x": lambda t: [3, 6, 12, 24, 48]},
}


@pytest.mark.parametrize(
    "text",
    [
        "x[a1]= x[a2] ~~ |\nx[a2]= x[a1] ~~ |\nx[a3]= 1 ~~ |",
        "x[A]= SUM(x[Early!]) ~~ |",
        "x[a1]= 1 ~~ |\nx[Older]= x[a4]+x[Previous] ~~ |",
        "x= ACTIVE INITIAL(2*x, 3) ~~ |",
        "x= ACTIVE INITIAL(3, 2*y) ~~ |\ny= ACTIVE INITIAL(3*x, 3) ~~ |",
        "x= ACTIVE INITIAL(y, z) ~~ |\nz= ACTIVE INITIAL(4, x) ~~ |\ny= 2 ~~ |",
    ],
)
def test_circles(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError, match="depend on each other in a circle"):
        read_model(write_model(tmp_path, RANGES + text + "\n", CONTROL))


@pytest.mark.parametrize("text", BY_HAND)
def test_elements_that_depend_on_each_other(tmp_path: Path, text: str) -> None:
    path = write_model(tmp_path, RANGES + text + "\n", CONTROL)
    expected = BY_HAND[text]
    model = read_model(path)
    times, ours = Interpreter(model, list(expected)).run()
    result = compile_model(model, list(expected)).run({}, 0, 12, 0.125, "euler", save_step=0.5)
    for name, function in expected.items():
        exact = np.array([function(time) for time in times])
        assert np.allclose(ours[name], exact, rtol=1e-12)
        assert np.allclose(result.saved[name], exact, rtol=1e-12)


def test_delays_are_erlang_distributions(tmp_path: Path) -> None:
    text = "x= DELAY N(STEP(1, 0), 4, 0, 3) ~~ |\ny= SMOOTH3I(1, 4, 0) ~~ |\n"
    model = read_model(write_model(tmp_path, text, CONTROL))
    result = compile_model(model, ["x", "y"]).run({}, 0, 12, 1 / 64, "rk4", save_step=0.5)
    rate = 3 * result.times / 4
    exact = 1 - np.exp(-rate) * (1 + rate + rate**2 / 2)
    assert np.allclose(result.saved["x"], exact, atol=1e-8)
    assert np.allclose(result.saved["y"], exact, atol=1e-8)


def test_times_of_any_kind(tmp_path: Path) -> None:
    text = "x= INTEG(-x/5, 1) ~~ |\ny= INTEGER(Time)+0*x ~~ |\nz= INTEGER(Time)*2 ~~ |\n"
    program = compile_model(read_model(write_model(tmp_path, text, CONTROL)), ["x", "y", "z"])
    result = program.run({}, -1.5, 1.5, 0.1, "euler", save_step=0.5)
    assert result.times.tolist() == pytest.approx([-1.5, -1, -0.5, 0, 0.5, 1, 1.5])
    assert result.saved["x"].tolist() == pytest.approx([0.98 ** (5 * k) for k in range(7)])
    assert result.saved["y"].tolist() == [-1, -1, 0, 0, 0, 1, 1]
    assert result.saved["z"].tolist() == [-2, -2, 0, 0, 0, 2, 2]
    assert result.years.size == 0
    exact = program.run({}, 0, 100, 0.1, "rk4", save_step=50)
    assert exact.saved["x"].tolist() == pytest.approx([math.exp(-each / 5) for each in (0, 50, 100)], rel=1e-5)
    months = program.run({}, 0, 100, 4, "euler", save_step=40)
    assert months.times.tolist() == [0, 40, 80, 100]
    again = program.run({}, 40.0, 100.0, 4, "euler", state=program.run({}, 0, 40.0, 4, "euler").final_state)
    assert again.saved["x"][-1] == months.saved["x"][-1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"step": 0.7}, "step 0.7 does not divide the time from 0 to 10"),
        ({"step": -0.1}, "step must be above zero, found -0.1"),
        ({"stop": 0}, "stop must be after start"),
        ({"start": float("nan")}, "start must be a finite number"),
        ({"save_step": 0.25, "step": 0.1}, "save_step must be a multiple of the step 0.1, found 0.25"),
        ({"method": "lsoda", "step": 0.1}, "method must be 'euler' or 'rk4' if the run is not in whole years"),
    ],
)
def test_times_that_do_not_fit(tmp_path: Path, settings: dict, message: str) -> None:
    program = compile_model(read_model(write_model(tmp_path, "x= INTEG(-x/5, 1) ~~ |\n", CONTROL)), ["x"])
    with pytest.raises(ParameterError, match=message):
        program.run({}, **{"start": 0, "stop": 10, "step": 0.5, "method": "euler", **settings})


def test_time_step_ties_a_model_to_euler(tmp_path: Path) -> None:
    text = "x= INTEG(-x*0.25/TIME STEP, 16) ~~ |\nfree= INTEG(1, 0) ~~ |\n"
    model = read_model(write_model(tmp_path, text, CONTROL))
    program = compile_model(model, ["x"])
    assert program.run({}, 2000, 2001, 0.5, "euler").saved["x"].tolist() == [16, 9]
    with pytest.raises(
        ParameterError, match=r"hold for Euler's method only: 1 problem\n  small.mdl:2: in 'x': TIME STEP"
    ):
        program.run({}, 2000, 2001, 0.5, "rk4")
    assert compile_model(model, ["free"]).run({}, 2000, 2001, 0.5, "rk4").saved["free"][-1] == 1
