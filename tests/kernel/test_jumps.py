"""Test inputs that jump between two steps, and files whose time step changes: against what can be written down."""

import math
from pathlib import Path

import numpy as np
import pytest
from small_models import small, write_model

from krapte_sd.equations import read_model
from krapte_sd.errors import ModelError, ParameterError
from krapte_sd.kernel import Program, Result, compile_model
from krapte_sd.simulation import LoadedModel

K = 0.7


def filled(*intervals: tuple[float, float, float], until: float = 2004.0) -> float:
    """Stock at a time with an inflow of some height between some times."""
    return sum(
        height / K * (math.exp(-K * (until - min(last, until))) - math.exp(-K * (until - first)))
        for height, first, last in intervals
        if first < until
    )


INFLOWS = {
    "step": ("STEP(3, when)", [(3, 2001.3, 2004)]),
    "two steps": ("STEP(3, when)-STEP(1, when+0.9)", [(3, 2001.3, 2004), (-1, 2002.2, 2004)]),
    "pulse": ("4*PULSE(when, 0.55)", [(4, 2001.3, 2001.85)]),
    "pulse train": (
        "PULSE TRAIN(when, 0.3, 1, 2003.5)",
        [(1, 2001.3, 2001.6), (1, 2002.3, 2002.6), (1, 2003.3, 2003.5)],
    ),
    "comparison": ("IF THEN ELSE(Time > when, 2, 0)", [(2, 2001.3, 2004)]),
    "comparison from below": ("IF THEN ELSE(when >= Time, 2, 0)", [(2, 2000, 2001.3)]),
    "on a step": ("STEP(3, 2001.5)", [(3, 2001.5, 2004)]),
    "calendar year": ("IF THEN ELSE(INTEGER(Time) = 2002, 5, 0)*STEP(1, 0)", [(5, 2002, 2003)]),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """All of them in one model, and a ramp that is added up."""
    text = "k= 0.7 ~ 1/Year ~ | when= 2001.3 ~ Year ~ | y= INTEG(RAMP(2, when, 2002.7), 0) ~ m ~ |\n"
    for number, (inflow, _) in enumerate(INFLOWS.values()):
        text += f"inflow{number}= {inflow} ~ m/Year ~ | x{number}= INTEG(inflow{number}-k*x{number}, 0) ~ m ~ |\n"
    model = small(tmp_path_factory.mktemp("jumps"), text)
    return compile_model(model, ["y", *(f"x{k}" for k in range(len(INFLOWS)))], members=["when"])


@pytest.fixture(scope="module")
def runs(program: Program) -> list[Result]:
    return [program.run({}, 2000, 2004, step, "rk4", 0.5) for step in (0.25, 0.125, 0.0625)]


@pytest.mark.parametrize("name", INFLOWS)
def test_runge_keeps_its_order_at_a_jump(name: str, runs: list[Result]) -> None:
    intervals, column = INFLOWS[name][1], f"x{list(INFLOWS).index(name)}"
    times = 2000 + 0.5 * np.arange(9)
    exact = [filled(*intervals, until=time) for time in times]
    assert all((each.times == times).all() for each in runs)
    errors = [np.abs(each.saved[column] - exact).max() for each in runs]
    assert errors[-1] < 1e-7
    assert errors[0] / errors[2] > 100


def test_a_ramp_is_exact(runs: list[Result]) -> None:
    assert runs[0].saved["y"][-1] == pytest.approx(1.4**2 + 2.8 * 1.3, rel=1e-6)


def test_members_jump_at_times_of_their_own(program: Program) -> None:
    times = [2000.4, 2001.3, 2003.77]
    found = program.run_members({}, {"when": times}, 2000, 2004, 0.0625, "rk4")
    assert found.times.tolist() == [2000, 2001, 2002, 2003, 2004]
    for k, time in enumerate(times):
        assert found.saved["x0"][-1, k] == pytest.approx(filled((3, time, 2004)), abs=1e-6)
        alone = program.run({"when": time}, 2000, 2004, 0.0625)
        np.testing.assert_array_equal(found.saved["x0"][:, k], alone.saved["x0"])


CONTROL = """
INITIAL TIME= 0 ~ Year ~ |
FINAL TIME= IF THEN ELSE(Time < 2, 1, {stop}) ~ Year ~ |
TIME STEP= {step} ~ Year ~ |
SAVEPER= IF THEN ELSE(Time < 2, TIME STEP, 2*TIME STEP) ~ Year ~ |
"""


def changing(folder: Path, step: str, stop: str = "4", more: str = "") -> Path:
    text = f"x= INTEG(-x/tau, 1) ~ m ~ | tau= 2 ~ Year ~ | {more}\n"
    return write_model(folder, text, CONTROL.format(step=step, stop=stop).replace("Time < 2, 1", "Time < 2, 3"))


def test_a_step_that_changes_during_the_run(tmp_path: Path) -> None:
    model = read_model(changing(tmp_path, "IF THEN ELSE(Time < 1, 0.5, 0.25)"))
    ds = LoadedModel(model, None).run(save=["x"])
    assert ds["time"].values.tolist() == [0, 0.5, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4]
    half, quarter = 1 - 0.5 / 2, 1 - 0.25 / 2
    exact = [half**2 * quarter ** (4 * (time - 1)) if time > 1 else half ** (2 * time) for time in ds["time"].values]
    np.testing.assert_allclose(ds["x"].values, exact, rtol=1e-14)


def test_times_that_change_are_given_all_or_none(tmp_path: Path) -> None:
    model = LoadedModel(read_model(changing(tmp_path, "IF THEN ELSE(Time < 1, 0.5, 0.25)")), None)
    with pytest.raises(
        ParameterError, match="changes TIME STEP, FINAL TIME or SAVEPER during the run; remedy: give start, stop"
    ):
        model.run(save=["x"], stop=3)
    assert model.run(save=["x"], start=0, stop=2, step=0.5)["x"].values.tolist() == [0.75**k for k in range(5)]


@pytest.mark.parametrize(
    ("step", "stop", "problem"),
    [
        ("x", "4", "'TIME STEP' must be a number, or made of constants of the model and Time"),
        ("IF THEN ELSE(Time < 1, 0.5, 0)", "4", "TIME STEP and SAVEPER must be above zero, found 0 at time 1"),
        ("0.5", "Time+1", "the run does not end within 100000 steps"),
    ],
)
def test_times_without_meaning_are_refused_with_their_line(step: str, stop: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=rf"small.mdl:\d+: {problem}"):
        read_model(changing(tmp_path, step, stop))
