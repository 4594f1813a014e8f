# ruff: noqa: E501 - texts of models, an equation a line
"""Models whose solution can be written down, run by every solver and as members."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from small_models import small

from krapte_sd.kernel import Program, Series, compile_model

T = 4.0
YEARS = np.arange(2000, 2005)
COHORTS = 12
UNIT = "one= 1 ~ Year ~ |"


@dataclass
class Case:
    """A model, the variable looked at, its value after four years, and what differs between members."""

    text: str
    name: str
    exact: float | np.ndarray
    inputs: dict = field(default_factory=dict)
    #: Polynomials that a step of order 4 gets right to rounding have no order to be observed.
    smooth: bool = True
    rate: str = "rate"


def erlang(order: int, delay: float) -> float:
    """Share of a pulse at time 0 that has left a delay of an order by time T."""
    a = order * T / delay
    return 1 - math.exp(-a) * sum(a**k / math.factorial(k) for k in range(order))


def matching() -> float:
    """Vacancies of the steady state: opened = m*v*s/(v+s), for seekers s."""
    opened, seekers, efficiency = 30.0, 80.0, 0.9
    return opened * seekers / (efficiency * seekers - opened)


AGE = np.arange(COHORTS)
HAZARD, GROWTH = 0.02, 0.09

CASES = {
    "exponential growth": Case(f"x= INTEG(rate*x/one, 3) ~ m ~ | rate= 0.8 ~ Dmnl ~ | {UNIT}", "x", 3 * math.exp(0.8 * T)),
    "decay to a goal": Case(f"x= INTEG(rate*(10-x)/one, 3) ~ m ~ | rate= 0.6 ~ Dmnl ~ | {UNIT}", "x", 10 - 7 * math.exp(-0.6 * T)),
    "logistic growth": Case(
        f"x= INTEG(rate*x*(1-x/40)/one, 1) ~ m ~ | rate= 0.8 ~ Dmnl ~ | {UNIT}", "x", 40 / (1 + 39 * math.exp(-0.8 * T))
    ),
    "Gompertz growth": Case(
        f"x= INTEG(rate*x*LN(40/x)/one, 1) ~ m ~ | rate= 0.5 ~ Dmnl ~ | {UNIT}", "x", 40 * math.exp(-math.log(40) * math.exp(-0.5 * T))
    ),
    "oscillator": Case(
        f"x= INTEG(v, 1) ~ m ~ | v= INTEG(-4*rate*rate*x/one/one, 0) ~ m/Year ~ | rate= 0.7 ~ Dmnl ~ | {UNIT}", "x", math.cos(1.4 * T)
    ),
    "damped oscillator": Case(
        f"x= INTEG(v, 1) ~ m ~ | v= INTEG(-4*x/one/one-2*rate*v/one, 0) ~ m/Year ~ | rate= 0.6 ~ Dmnl ~ | {UNIT}",
        "x",
        math.exp(-0.6 * T) * (math.cos(math.sqrt(4 - 0.36) * T) + 0.6 / math.sqrt(4 - 0.36) * math.sin(math.sqrt(4 - 0.36) * T)),
    ),
    "delay of order 3": Case(
        "Stage: s1, s2, s3 ~~ | Later: s2, s3 ~~ |"
        f"x[s1]= INTEG(-rate*x[s1]/one, 1) ~ m ~ | x[s2]= INTEG(rate*(x[s1]-x[s2])/one, 0) ~ m ~ | x[s3]= INTEG(rate*(x[s2]-x[s3])/one, 0) ~ m ~ |"
        f"gone= INTEG(rate*x[s3]/one, 0) ~ m ~ | rate= 0.75 ~ Dmnl ~ | {UNIT}",
        "gone",
        erlang(3, 4.0),
    ),
    "DELAY3 of a step": Case(
        f"x= INTEG(DELAY3I(5*one, rate*one, 0*one)/one, 0) ~ Year ~ | out= DELAY3I(5*one, rate*one, 0*one) ~ Year ~ | rate= 4 ~ Dmnl ~ | {UNIT}",
        "out",
        5 * erlang(3, 4.0),
    ),
    "SMOOTH of a step": Case(
        f"x= INTEG(out/one, 0) ~ m ~ | out= SMOOTHI(5, rate*one, 1) ~ m ~ | rate= 2 ~ Dmnl ~ | {UNIT}", "out", 5 - 4 * math.exp(-T / 2)
    ),
    "cohort survival": Case(
        f"Cohort: (c1-c{COHORTS}) ~~ |"
        "x[Cohort]= INTEG(-x[Cohort]*0.02*EXP(0.09*(age[Cohort]+(Time-INITIAL TIME)/one))*rate/one, 100) ~ m ~ |"
        f"age[Cohort]= {', '.join(str(k) for k in AGE)} ~ Dmnl ~ | rate= 1 ~ Dmnl ~ | {UNIT}",
        "x",
        100 * np.exp(-HAZARD / GROWTH * np.exp(GROWTH * AGE) * (math.exp(GROWTH * T) - 1)),
    ),
    "matching, steady state": Case(
        f"v= INTEG((rate-0.9*v*80/(v+80))/one, {matching()!r}) ~ m ~ | rate= 30 ~ m ~ | {UNIT}", "v", matching(), smooth=False
    ),
    "epidemic of two groups that is linear": Case(
        f"x= INTEG(rate*y/one, 1) ~ m ~ | y= INTEG(rate*x/one, 0) ~ m ~ | rate= 0.7 ~ Dmnl ~ | {UNIT}", "x", math.cosh(0.7 * T)
    ),
    "ramp": Case(
        f"x= INTEG(RAMP(rate, 2001, 2003)/one, 0) ~ m ~ | rate= 2 ~ m ~ | {UNIT}", "x", 2 * (2 + 2), smooth=False
    ),
    "step on a 1 January": Case(f"x= INTEG(IF THEN ELSE(INTEGER(Time)>=2001, rate, 0)/one, 0) ~ m ~ | rate= 2 ~ m ~ | {UNIT}", "x", 6.0, smooth=False),
    "cubic in time": Case(
        f"x= INTEG(rate*((Time-INITIAL TIME)/one)^3/one, 0) ~ m ~ | rate= 2 ~ m ~ | {UNIT}", "x", 2 * T**4 / 4, smooth=False
    ),
    "growth by interpolated data": Case(
        "x= INTEG(rate*r*x, 2) ~ m ~ | r:INTERPOLATE: ~ 1/Year ~ | rate= 1 ~ Dmnl ~ |",
        "x",
        2 * math.exp(0.5 * (0.1 + 0.5) + 0.5 * (0.5 - 0.4) + 0.5 * (-0.4 + 0.6) + 0.5 * (0.6 + 0.2)),
        {"r": Series(YEARS, [0.1, 0.5, -0.4, 0.6, 0.2])},
    ),
    "growth by yearly data": Case(
        "x= INTEG(rate*r*x, 2) ~ m ~ | r:HOLD BACKWARD: ~ 1/Year ~ | rate= 1 ~ Dmnl ~ |",
        "x",
        2 * math.exp(0.1 + 0.5 - 0.4 + 0.6),
        {"r": Series(YEARS, [0.1, 0.5, -0.4, 0.6, 9.0])},
    ),
    "pure drain through a lookup": Case(
        f"x= INTEG(-rate*drain(x)/one, 8) ~ m ~ | drain( (0,0),(10,5) ) ~ m ~ | rate= 1 ~ Dmnl ~ | {UNIT}", "x", 8 * math.exp(-0.5 * T)
    ),
}  # fmt: skip


def error(program: Program, case: Case, step: float, method: str) -> float:
    found = program.run(case.inputs, 2000, 2004, step, method).saved[case.name][-1]
    return float(np.max(np.abs(found - case.exact) / np.abs(case.exact)))


@pytest.mark.parametrize("name", CASES)
def test_analytic(tmp_path: Path, name: str) -> None:
    """To 1e-8 by RK4; observed order 4 and 1; members and single runs alike."""
    case = CASES[name]
    program = compile_model(small(tmp_path, case.text), [case.name], members=["rate"])
    assert error(program, case, 1 / 256, "rk4") < 1e-8
    if case.smooth:
        coarse, fine = (error(program, case, step, "rk4") for step in (1 / 8, 1 / 16))
        assert math.log2(coarse / fine) == pytest.approx(4, abs=0.4)
        coarse, fine = (error(program, case, step, "euler") for step in (1 / 512, 1 / 1024))
        assert math.log2(coarse / fine) == pytest.approx(1, abs=0.1)
    else:
        assert error(program, case, 1 / 16, "rk4") < 1e-8
    value = program.model.variables["rate"].value
    members = program.run_members(case.inputs, {"rate": value * np.array([0.9, 1.0, 1.1])}, 2000, 2004, 1 / 64)
    single = program.run(case.inputs, 2000, 2004, 1 / 64)
    assert np.array_equal(members.saved[case.name][..., 1], single.saved[case.name])


@pytest.mark.parametrize("method", ["dop853", "rk45", "lsoda"])
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.smooth])
def test_adaptive_solvers_find_the_same(tmp_path: Path, name: str, method: str) -> None:
    case = CASES[name]
    program = compile_model(small(tmp_path, case.text), [case.name], members=["rate"])
    found = program.run(case.inputs, 2000, 2004, method=method, rtol=1e-10, atol=1e-12).saved[case.name][-1]  # type: ignore[arg-type]
    assert np.allclose(found, case.exact, rtol=2e-7)
