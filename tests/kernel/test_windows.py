# ruff: noqa: E501 - texts of models, an equation a line
"""Nests that run over a part of a dimension only give the numbers of those that run over all of it."""

from pathlib import Path

import numpy as np
import pytest
from small_models import part, small

from krapte_sd.kernel import Program, Series, compile_model
from krapte_sd.kernel import shared as shared_module

COUNT, START, STOP = 40, 2000, 2004

#: People of some years of birth enter work, leave it, and die; nobody is born.
PEOPLE = """
Sector: s1, s2, s3 ~~ | Cohort: (c1-c40) ~~ |
entry rate[Cohort]:INTERPOLATE: ~ 1/Year ~ | exit rate[Cohort]:HOLD BACKWARD: ~ 1/Year ~ |
initial idle[Cohort]= :NA: ~ person ~ | pull= :NA: ~ Dmnl ~ | share[Sector]= 0.2, 0.3, 0.5 ~ Dmnl ~ |
idle[Cohort]= INTEG(SUM(exits[Sector!,Cohort])-SUM(entries[Sector!,Cohort]), initial idle[Cohort]) ~ person ~ |
at work[Sector,Cohort]= INTEG(entries[Sector,Cohort]-exits[Sector,Cohort], 0) ~ person ~ |
entries[Sector,Cohort]= pull*share[Sector]*idle[Cohort]*entry rate[Cohort]/(1+entry rate[Cohort]*crowding[Sector]) ~ person/Year ~ |
exits[Sector,Cohort]= at work[Sector,Cohort]*exit rate[Cohort]*SQRT(1+crowding[Sector]) ~ person/Year ~ |
crowding[Sector]= SUM(at work[Sector,Cohort!])/SUM(initial idle[Cohort!]) ~ Dmnl ~ |
"""


def people(folder: Path) -> tuple[Program, dict]:
    """The model of people at work, and its inputs: each year another year of birth enters."""
    random = np.random.default_rng(1)
    years = np.arange(START, STOP + 2)
    program = compile_model(small(folder, PEOPLE), ["idle", "at_work", "crowding"], ["entries", "exits"])
    inputs = {
        "entry_rate": Series(years, np.array([part(COUNT, 10 + k, 12, 0.1, 0.5, random) for k in range(years.size)])),
        "exit_rate": Series(years, np.array([part(COUNT, 8 + k, 16, 0.1, 0.3, random) for k in range(years.size)])),
        "initial_idle": part(COUNT, 5, 30, 50, 100, random),
    }
    return program, inputs


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> list:
    """Bounds that runs find, a row for each year."""
    found: list[np.ndarray] = []
    look = shared_module.Shared._look

    def seen(self: shared_module.Shared) -> None:
        look(self)
        found.extend(each.reshape(-1, 2) for each in self.bounds)

    monkeypatch.setattr(shared_module.Shared, "_look", seen)
    return found


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_only_the_years_of_birth_at_work_are_computed(tmp_path: Path, bounds: list, method: str) -> None:
    program, inputs = people(tmp_path)
    drawn = {"pull": np.linspace(0.5, 1.5, 11)}
    result = program.run_members(inputs, drawn, START, STOP, 0.25, method, final_state=True)
    for member in (0, 10):
        single = program.run({**inputs, "pull": drawn["pull"][member]}, START, STOP, 0.25, method)
        for name, expected in {**single.saved, **single.integrals}.items():
            ours = {**result.saved, **result.integrals}[name][..., member]
            assert np.array_equal(ours, expected), name
        assert np.array_equal(result.final_state["at_work"][..., member], single.final_state.stocks["at_work"])
    assert np.all(bounds[0] == [0, COUNT])
    # Someone is at work of those who could enter up to that year, 10 to 21 at first, one more each year.
    widest = [(int(each[:, 0].min()), int(each[:, 1].max())) for each in bounds[2:]]
    assert all(first >= 8 and last <= 26 for first, last in widest), widest
    assert widest[-1][1] > widest[0][1]


def test_going_on_from_a_state_and_by_another_call(tmp_path: Path, bounds: list) -> None:
    program, inputs = people(tmp_path)
    drawn = {"pull": np.linspace(0.5, 1.5, 3)}
    kept = shared_module.Kept()
    first, second = (next(iter(program.stream_members(inputs, drawn, START, STOP, kept=kept))) for _ in range(2))
    assert len(bounds) == STOP - START + 1  # looked for once
    assert all(np.array_equal(first.saved[n], second.saved[n]) for n in first.saved)
    state = program.run({**inputs, "pull": 1.0}, START, START + 2).final_state
    rest = program.run_members(inputs, {"pull": np.ones(2)}, START + 2, STOP, state=state)
    whole = program.run({**inputs, "pull": 1.0}, START, STOP)
    assert all(np.array_equal(rest.saved[n][..., 1], whole.saved[n][2:]) for n in whole.saved)


def test_other_inputs_are_not_mixed_up(tmp_path: Path) -> None:
    program, inputs = people(tmp_path)
    drawn, kept = {"pull": np.ones(1)}, shared_module.Kept()
    next(iter(program.stream_members(inputs, drawn, START, STOP, kept=kept)))
    more = {**inputs, "initial_idle": inputs["initial_idle"] * 2 + 1}
    found = next(iter(program.stream_members(more, drawn, START, STOP, kept=kept)))
    assert np.array_equal(found.saved["idle"][..., 0], program.run({**more, "pull": 1.0}, START, STOP).saved["idle"])
    shorter = next(iter(program.stream_members(more, drawn, START, STOP - 1, kept=kept)))
    assert np.array_equal(shorter.saved["idle"], found.saved["idle"][:-1])
