"""A run that is cut in two, and solvers that choose their own steps."""

import io
from pathlib import Path

import numpy as np
import pytest
from small_models import cohort_inputs, small

from krapte_sd.equations import read_model
from krapte_sd.errors import ParameterError, SolverError
from krapte_sd.kernel import Program, State, compile_model

SAVE = ["population", "employed", "vacancies", "jobs_wanted", "wage", "tight"]


@pytest.fixture(scope="module")
def program(cohort_path: Path) -> Program:
    return compile_model(read_model(cohort_path), SAVE, ["deaths", "filled"])


@pytest.fixture(scope="module")
def inputs(program: Program) -> dict:
    return cohort_inputs(program.model, 2000, 2004)


def stored(state: State) -> State:
    """Through a file and back."""
    file = io.BytesIO()
    np.savez(file, **state.to_arrays())
    file.seek(0)
    return State.from_arrays(np.load(file))


@pytest.mark.parametrize("method", ["rk4", "euler", "dop853"])
def test_two_halves_are_the_whole(program: Program, inputs: dict, method: str) -> None:
    whole = program.run(inputs, 2000, 2004, 0.25, method)  # type: ignore[arg-type]
    first = program.run(inputs, 2000, 2003, 0.25, method)  # type: ignore[arg-type]
    state = stored(first.final_state)
    assert state.time == 2003
    assert list(state) == list(program.stocks) == list(first.final_state)
    assert len(state) == len(program.stocks)
    second = program.run(inputs, 2003, 2004, 0.25, method, state=state)  # type: ignore[arg-type]
    for name in whole.saved:
        assert np.array_equal(whole.saved[name][3:], second.saved[name]), name
    for name in whole.integrals:
        assert np.array_equal(whole.integrals[name][3:], second.integrals[name]), name
    for name in program.stocks:
        assert np.array_equal(whole.final_state[name], second.final_state[name]), name
    # INITIAL() keeps the start of the first half: without it the wanted jobs were other ones.
    afresh = program.run({**inputs, "initial_population": state["population"]}, 2003, 2004)
    assert not np.array_equal(afresh.saved["jobs_wanted"], second.saved["jobs_wanted"])


def test_values_of_initial_are_found_by_what_they_are(program: Program, inputs: dict) -> None:
    """Another program of the same model may number them differently."""
    few = compile_model(program.model, ["jobs_wanted"])
    assert set(few.cells.values()) <= set(program.cells.values())
    state = program.run(inputs, 2000, 2002).final_state
    whole = few.run(inputs, 2000, 2004)
    assert np.allclose(
        few.run(inputs, 2002, 2004, state=state).saved["jobs_wanted"], whole.saved["jobs_wanted"][2:], rtol=1e-13
    )


def test_a_state_that_does_not_fit_is_refused(program: Program, inputs: dict, tmp_path: Path) -> None:
    state = program.run(inputs, 2000, 2002).final_state
    with pytest.raises(ParameterError, match="it is of time 2002, the run starts at 2001"):
        program.run(inputs, 2001, 2003, state=state)
    other = small(tmp_path, "x= INTEG(x*0.1/one, 1) ~ m ~ | one= 1 ~ Year ~ |")
    with pytest.raises(ParameterError, match="it is of another model"):
        compile_model(other, ["x"]).run({}, 2002, 2003, state=state)
    few = compile_model(program.model, ["population"]).run(inputs, 2000, 2002).final_state
    with pytest.raises(ParameterError, match="the stock 'employed' is missing") as caught:
        program.run(inputs, 2002, 2003, state=few)
    assert "of INITIAL() are missing" in str(caught.value)
    with pytest.raises(ParameterError, match="must be the final_state of a run, found dict"):
        program.run(inputs, 2002, 2003, state={})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"time": None}, "time missing"), ({"stock:wage": np.full(3, np.nan)}, "'stock:wage' holds a value that is not")],
)
def test_damaged_arrays_are_refused(program: Program, inputs: dict, change: dict, message: str) -> None:
    arrays = {**program.run(inputs, 2000, 2001).final_state.to_arrays(), **change}
    with pytest.raises(ParameterError, match=message):
        State.from_arrays({name: value for name, value in arrays.items() if value is not None})


def test_error_of_a_step_is_that_of_the_solver(program: Program, inputs: dict) -> None:
    errors = [program.solver_error(inputs, 2000, 2002, step) for step in (1 / 2, 1 / 8)]
    assert set(errors[0]) == {*SAVE, "deaths'integral", "filled'integral"}
    assert errors[0]["population"] > 50 * errors[1]["population"] > 0
    assert errors[1]["employed"] < 1e-4
    euler = program.solver_error(inputs, 2000, 2002, 1 / 8, "euler")
    assert euler["employed"] > 10 * errors[1]["employed"]


@pytest.mark.parametrize("method", ["lsoda", "rk45", "dop853"])
def test_adaptive_solvers_agree_with_small_steps(program: Program, inputs: dict, method: str) -> None:
    exact = program.run(inputs, 2000, 2004, 1 / 512)
    found = program.run(inputs, 2000, 2004, 0.25, method, 0.25, rtol=1e-9, atol=1e-9)  # type: ignore[arg-type]
    assert found.times.size == 17
    for name in ("population", "employed", "vacancies"):
        assert np.allclose(found.saved[name][::4], exact.saved[name], rtol=1e-6, atol=1e-6), name
    assert np.allclose(found.integrals["deaths"], exact.integrals["deaths"], rtol=1e-6)


def test_an_adaptive_solver_that_fails_says_so(tmp_path: Path) -> None:
    program = compile_model(small(tmp_path, "x= INTEG(x*x/m year, 1) ~ m ~ | m year= 1 ~ m*Year ~ |"), ["x"])
    with pytest.raises(SolverError, match="rk45 failed in 2001: Required step size"):
        program.run({}, 2000, 2004, method="rk45")
