# ruff: noqa: E501 - texts of models, an equation a line
"""A member holds the bits of a run of its own, whatever it is computed with."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from small_models import cohort_inputs, small

from krapte_sd.equations import read_model
from krapte_sd.errors import ParameterError, SolverError
from krapte_sd.kernel import Kept, MemberResult, Program, Series, compile_model, nest, shared, stream

SAVE = [
    "population",
    "employed",
    "vacancies",
    "tight",
    "wage",
    "power_test",
    "births",
    "is_born",
    "mortality_rate",
    "pairs",
]
INTEGRATE = ["deaths", "filled", "births"]
MEMBERS = [
    "adjustment_time",
    "vacancy_unit",
    "scale:mortality_rate",
    "scale:immigrants",
    "separation_rate",
    "initial_population",
]

#: Every function and operator, with arguments that differ between members and that do not.
EVERYTHING = """
A: a1, a2, a3 ~~ |
Sub: a2, a3 ~~ |
B: (b1-b19) ~~ |
low= 0.7 ~ Dmnl ~ | high= 1.9 ~ Dmnl ~ | one= 1 ~ Year ~ |
weight[A]= 0.4, -1.3, 2.2 ~ Dmnl ~ |
place[B]= 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 ~ Dmnl ~ |
curve( (0,0),(0.5,3),(1,1),(2,5) ) ~ Dmnl ~ |
x[A]= INTEG((high-x[A]*low+0.1*weight[A])/one, weight[A]) ~ Dmnl [-9,9] ~ |
y[A,B]= INTEG((x[A]-y[A,B]*place[B]/10)/one, 0) ~ Dmnl [-9,9] ~ |
many[A]= SIN(x[A])+COS(low*x[A])+TAN(0.1*x[A])+ARCTAN(x[A])+TANH(x[A])+ARCSIN(0.1*x[A])+ARCCOS(0.1*x[A])+SINH(x[A])+COSH(low) ~ Dmnl ~ |
steps[A]= INTEGER(3*x[A])+MODULO(x[A]+9, high)+QUANTUM(x[A]+9, low)+LOG(x[A]+9, 2)+STEP(low, 2001)+RAMP(high, 2000.5, 2002)+PULSE(2001, 1) ~ Dmnl ~ |
powers[A]= (x[A]^2+x[A]^3+x[A]^4+ABS(x[A])^0.5+ABS(x[A])^low+2^x[A]+high^1.5)*EXP(-ABS(x[A]))+LN(9+x[A])+SQRT(9+x[A]) ~ Dmnl ~ |
chosen[A]= IF THEN ELSE(x[A]>low:AND::NOT:(x[A]>high:OR:weight[A]<0), x[A], low)+ZIDZ(x[A], weight[A]-0.4)+XIDZ(low, x[A]-x[A], high)+MIN(x[A], low)-MAX(high, weight[A]) ~ Dmnl ~ |
looked[A]= curve(x[A])+curve(low)+curve(weight[A]) ~ Dmnl ~ |
sums= SUM(y[A!,B!])+VMIN(y[A!,B!])*VMAX(y[A!,b3])+PROD(x[A!])+SUM(x[Sub!]) ~ Dmnl ~ |
across[A]= SUM(y[A,B!]*place[B!])+VMIN(y[A,B!])+VMAX(place[B!]*low) ~ Dmnl ~ |
along[B]= SUM(y[A!,B]*weight[A!])+VMAX(y[A!,B]) ~ Dmnl ~ |
late[A]= DELAY3(x[A], low*one) ~ Dmnl ~ |
share[A]= x[A]/INITIAL(high+SUM(weight[A!])+low) ~ Dmnl ~ |
table of time= EXP(-Time/2000)*4 ~ Dmnl ~ | table of member= EXP(-Time/2000)*low ~ Dmnl ~ |
"""


@pytest.fixture(scope="module")
def program(cohort_path: Path) -> Program:
    return compile_model(read_model(cohort_path), SAVE, INTEGRATE, MEMBERS)


@pytest.fixture(scope="module")
def inputs(program: Program) -> dict:
    return cohort_inputs(program.model, 2000, 2004)


def draws(program: Program, inputs: dict, count: int) -> dict:
    random = np.random.default_rng(5)

    def around(value: np.ndarray) -> np.ndarray:
        return value * random.uniform(0.8, 1.2, (count, *np.shape(value)))

    return {
        "adjustment_time": around(np.array(0.75)),
        "vacancy_unit": around(np.array(2.0)),
        "scale:mortality_rate": around(np.array(1.0)),
        "scale:immigrants": around(np.array(1.0)),
        "separation_rate": around(inputs["separation_rate"]),
        "initial_population": around(inputs["initial_population"]),
    }


def alone(program: Program, inputs: dict, drawn: dict, member: int, *args: object) -> object:
    return program.run({**inputs, **{name: value[member] for name, value in drawn.items()}}, *args)


def same(result: MemberResult, place: int, single: object) -> list[str]:
    """Names of the outputs that differ in a bit."""
    found = []
    for which in ("saved", "integrals", "final_state"):
        ours, theirs = getattr(result, which), getattr(single, which)
        if which == "final_state" and not ours:
            continue
        assert set(ours) == set(theirs)
        found += [n for n in theirs if np.ascontiguousarray(ours[n][..., place]).tobytes() != theirs[n].tobytes()]
    return found


@pytest.mark.parametrize(
    ("method", "step", "save_step"), [("rk4", 0.25, None), ("euler", 0.125, 0.5), ("euler", 0.25, None)]
)
def test_a_member_is_a_run_of_its_own(
    program: Program, inputs: dict, method: str, step: float, save_step: float | None
) -> None:
    drawn = draws(program, inputs, 19)
    result = program.run_members(inputs, drawn, 2000, 2004, step, method, save_step, final_state=True)
    assert result.count == 19
    for member in (0, 7, 8, 18):
        single = alone(program, inputs, drawn, member, 2000, 2004, step, method, save_step)
        assert same(result, member, single) == []
        assert np.array_equal(result.times, single.times)
        assert np.array_equal(result.years, single.years)
    assert len({result.saved["tight"][..., k].tobytes() for k in range(19)}) == 19


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_bits_do_not_depend_on_chunks_threads_number_or_order(program: Program, inputs: dict, method: str) -> None:
    drawn = draws(program, inputs, 70)
    whole = program.run_members(inputs, drawn, 2000, 2004, 0.25, method, threads=2, final_state=True)

    def equal(result: MemberResult, members: np.ndarray) -> bool:
        groups = ("saved", "integrals", "final_state")
        return all(
            np.array_equal(getattr(result, which)[n], getattr(whole, which)[n][..., members])
            for which in groups
            for n in getattr(whole, which)
        )

    for chunk, threads in ((1, 1), (8, 2), (24, 1), (64, 2), (5, 2), (1000, 1)):
        result = program.run_members(
            inputs, drawn, 2000, 2004, 0.25, method, chunk=chunk, threads=threads, final_state=True
        )
        assert equal(result, np.arange(70)), (chunk, threads)
    for members in (np.arange(37), np.random.default_rng(0).permutation(70), np.array([69]), np.array([3, 3, 3])):
        part = {name: value[members] for name, value in drawn.items()}
        assert equal(program.run_members(inputs, part, 2000, 2004, 0.25, method, final_state=True), members)


def test_blocks_come_in_order(program: Program, inputs: dict) -> None:
    drawn = draws(program, inputs, 21)
    blocks = list(program.stream_members(inputs, drawn, 2000, 2002, chunk=8))
    assert [(each.first, each.count) for each in blocks] == [(0, 8), (8, 8), (16, 5)]
    whole = program.run_members(inputs, drawn, 2000, 2002)
    assert np.array_equal(np.concatenate([each.saved["employed"] for each in blocks], axis=-1), whole.saved["employed"])


def test_memory_does_not_grow_with_members(program: Program, inputs: dict) -> None:
    def peak(count: int) -> int:
        drawn = {"adjustment_time": np.linspace(0.5, 1, count)}
        tracemalloc.start()
        # One thread: two have two workspaces, or one if the first thread is done before the second one starts.
        for each in program.stream_members(inputs, drawn, 2000, 2004, chunk=32, threads=1):
            assert each.count
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(32)
    assert peak(640) < 1.05 * peak(64)


def test_what_all_share_may_be_too_large_to_keep(
    program: Program, inputs: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = draws(program, inputs, 9)
    whole = program.run_members(inputs, drawn, 2000, 2004)
    monkeypatch.setattr(shared, "_KEPT_BYTES", 0)
    again = program.run_members(inputs, drawn, 2000, 2004, threads=2)
    assert all(np.array_equal(whole.saved[name], again.saved[name]) for name in whole.saved)


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_asking_for_far_numbers_ahead_changes_none(
    cohort_path: Path, program: Program, inputs: dict, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    drawn = draws(program, inputs, 9)
    whole = program.run_members(inputs, drawn, 2000, 2004, 0.25, method)
    monkeypatch.setattr(nest, "_FAR", 0)
    asking = compile_model(read_model(cohort_path), SAVE, INTEGRATE, MEMBERS)
    again = asking.run_members(inputs, drawn, 2000, 2004, 0.25, method)
    assert "ahead(W, " in asking.vectors(method).source
    assert "ahead(W, " not in program.vectors(method).source
    assert all(np.array_equal(whole.saved[name], again.saved[name]) for name in whole.saved)


def test_calls_side_by_side_use_no_more_workspaces_than_threads(
    program: Program, inputs: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = draws(program, inputs, 48)
    whole = program.run_members(inputs, drawn, 2000, 2004)
    made = []
    monkeypatch.setattr(stream, "_Worker", lambda plan, make=stream._Worker: made.append(make(plan)) or made[-1])
    kept = Kept()

    def call(first: int) -> MemberResult:
        part = {name: value[first : first + 16] for name, value in drawn.items()}
        (result,) = program.stream_members(inputs, part, 2000, 2004, threads=2, kept=kept)
        return result

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(call, (0, 16, 32)))
    assert 1 <= len(made) <= 2
    for name, expected in whole.saved.items():
        assert np.array_equal(np.concatenate([each.saved[name] for each in found], axis=-1), expected), name


def test_a_factor_is_an_input_of_a_single_run_too(program: Program, inputs: dict) -> None:
    plain = program.run(inputs, 2000, 2004)
    assert np.array_equal(
        program.run({**inputs, "scale:immigrants": 1}, 2000, 2004).saved["employed"], plain.saved["employed"]
    )
    table = inputs["immigrants"]
    double = program.run({**inputs, "scale:immigrants": 2.0}, 2000, 2004)
    other = program.run({**inputs, "immigrants": Series(table.years, 2 * np.asarray(table.values))}, 2000, 2004)
    assert np.array_equal(double.saved["employed"], other.saved["employed"])
    half = program.run({**inputs, "scale:mortality_rate": 0.5}, 2000, 2004)
    assert np.array_equal(half.saved["mortality_rate"], 0.5 * plain.saved["mortality_rate"])


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_every_function(tmp_path: Path, method: str) -> None:
    names = ["x", "y", "many", "steps", "powers", "chosen", "looked", "sums", "across", "along", "late", "share"]
    names += ["table_of_time", "table_of_member", "weight"]
    model = small(tmp_path, EVERYTHING)
    random = np.random.default_rng(2)
    drawn = {
        "low": random.uniform(0.3, 1.6, 11),
        "high": random.uniform(0.5, 2.5, 11),
        "weight": random.normal(size=(11, 3)),
    }
    for members in (["low", "high"], ["low", "high", "weight"], ["high"]):
        program = compile_model(model, names, ["many", "sums"], members)
        part = {name: drawn[name] for name in members}
        result = program.run_members({}, part, 2000, 2004, 0.25, method)
        for member in (0, 5, 10):
            single = alone(program, {}, part, member, 2000, 2004, 0.25, method)
            assert same(result, member, single) == []


def test_all_scalars_may_differ_unless_told_otherwise(cohort_path: Path) -> None:
    model = read_model(cohort_path)
    assert compile_model(model, ["vacancies"]).different == ("adjustment_time", "vacancy_unit", "one_year")
    assert compile_model(model, ["vacancies"], members=()).different == ()


def test_models_without_a_calendar(tmp_path: Path) -> None:
    control = "INITIAL TIME= 0 ~ s ~ | FINAL TIME= 3 ~ s ~ | TIME STEP= 0.1 ~ s ~ | SAVEPER= 0.5 ~ s ~ |"
    (tmp_path / "m.mdl").write_text(
        "{UTF-8}\n x= INTEG(rate*(goal-x)+STEP(1, 1.25)*rate, 1) ~ m ~ | goal= 3 ~ m ~ | rate= 0.5 ~ 1/s ~ |" + control
    )
    program = compile_model(read_model(tmp_path / "m.mdl"), ["x"])
    drawn = {"rate": np.linspace(0.1, 0.9, 10)}
    for method in ("euler", "rk4"):
        result = program.run_members({}, drawn, 0, 3, 0.1, method, 0.5)
        for member in (0, 9):
            single = alone(program, {}, drawn, member, 0, 3, 0.1, method, 0.5)
            assert same(result, member, single) == []
        assert np.allclose(result.times, [0, 0.5, 1, 1.5, 2, 2.5, 3])


def test_starting_from_a_state(program: Program, inputs: dict) -> None:
    state = program.run(inputs, 2000, 2002).final_state
    drawn = {"adjustment_time": np.array([0.5, 0.75, 1.0])}
    result = program.run_members(inputs, drawn, 2002, 2004, state=state)
    for member in range(3):
        single = program.run({**inputs, "adjustment_time": drawn["adjustment_time"][member]}, 2002, 2004, state=state)
        assert same(result, member, single) == []


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        ({}, "no member"),
        ({"adjustment_time": []}, "no member"),
        ({"adjustment": [1.0]}, "'adjustment' cannot differ between members.*did you mean 'adjustment_time'"),
        ({"mortality_rate": [1.0]}, "did you mean 'scale:mortality_rate'"),
        ({"adjustment_time": 1.0}, r"shape \(\), it must be \('members',\)"),
        ({"separation_rate": np.ones((2, 4))}, r"shape \(2, 4\), it must be \('members', 3\)"),
        ({"adjustment_time": [1.0, np.nan]}, "not finite, first for member 1"),
        ({"adjustment_time": ["a"]}, "must be an array of numbers"),
        ({"adjustment_time": [1.0], "vacancy_unit": [1.0, 2.0]}, "number of members differs: adjustment_time: 1, vacancy_unit: 2"),
    ],
)  # fmt: skip
def test_wrong_members(program: Program, inputs: dict, drawn: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        program.run_members(inputs, drawn, 2000, 2002)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (["tightness"], "'tightness' cannot differ between members; it is computed by the model"),
        (["mortality_rate"], "only a factor on it can differ: 'scale:mortality_rate'"),
        (["scale:nothing"], "it is not a variable of the model"),
        (["target_jobs"], "the outputs do not need it"),
    ],
)
def test_wrong_choice_of_members(cohort_path: Path, members: list, message: str) -> None:
    save = ["births"] if "target_jobs" in members else SAVE
    with pytest.raises(ParameterError, match=message):
        compile_model(read_model(cohort_path), save, members=members)


@pytest.mark.parametrize("name", ["threads", "chunk"])
def test_wrong_numbers(program: Program, inputs: dict, name: str) -> None:
    with pytest.raises(ParameterError, match=f"{name} must be a whole number"):
        program.run_members(inputs, {"adjustment_time": [1.0]}, 2000, 2001, **{name: 0})
    with pytest.raises(ParameterError, match="method must be 'euler' or 'rk4'"):
        program.run_members(inputs, {"adjustment_time": [1.0]}, 2000, 2001, method="lsoda")  # type: ignore[arg-type]


def test_members_that_break_down_are_named(program: Program, inputs: dict) -> None:
    drawn = {"adjustment_time": np.array([1.0, 0.75, 0.0, 1.0, 0.0])}
    with pytest.raises(SolverError, match=r"wage\[farm\] is not finite first at 2001 in member 2, 4"):
        program.run_members(inputs, drawn, 2000, 2004)


def test_stocks_that_break_down_are_named_though_nobody_saves_them(cohort_path: Path) -> None:
    program = compile_model(read_model(cohort_path), ["births", "wage"], members=["adjustment_time"])
    few = compile_model(program.model, ["births"], ["filled"], ["adjustment_time"])
    inputs = cohort_inputs(program.model, 2000, 2004)
    with pytest.raises(SolverError, match=r"wage\[farm\] is not finite first at 2001 in member 1"):
        program.run_members(inputs, {"adjustment_time": [1.0, 0.0]}, 2000, 2001)
    with pytest.raises(
        SolverError, match=r"employed\[North, farm, female, b1990\] is not finite at the end in member 1"
    ):
        few.run_members(inputs, {"adjustment_time": [1.0, 0.0]}, 2000, 2001)
