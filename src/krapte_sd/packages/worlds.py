"""A scenario in which packages of measures are tried, and the number that is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ScenarioError, nearest
from krapte_sd.forecast import FIRST_YEAR, LAST_YEAR, model_for
from krapte_sd.kernel.stream import processors
from krapte_sd.scenarios import Chosen, Given, Programme, Scenario
from krapte_sd.scenarios.levers import STRENGTH
from krapte_sd.simulation import DEFAULT_STEP

__all__ = ["GOALS", "Floats", "Goal", "World", "candidates", "drawn_scenarios"]

Floats = NDArray[np.float64]

GOALS: Final = ("need_gap", "structural_shortage", "need_gap_in_fte", "need_gap_in_hours", "population_total",
                "employed_total", "unemployed_total")  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """One number of a run.

    Attributes
    ----------
    variable : str
        One of `GOALS`.
    year : int
        The 1 January.
    sectors : tuple of str
        Sections that count; none: all.
    """

    variable: str = "need_gap"
    year: int = 2040
    sectors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.variable not in GOALS:
            allowed = f"allowed: {', '.join(GOALS)}{nearest(self.variable, GOALS)}"
            raise ScenarioError(f"goal '{self.variable}': {allowed}")
        if not FIRST_YEAR < self.year <= LAST_YEAR:
            raise ScenarioError(f"year {self.year}: the goal lies between {FIRST_YEAR + 1} and {LAST_YEAR}")

    def value(self, saved: Mapping[str, Floats], sectors: Sequence[str]) -> float:
        """Take the number out of the outputs of a run."""
        values = saved[self.variable][self.year - FIRST_YEAR]
        unknown = [each for each in self.sectors if each not in sectors]
        if unknown:
            raise ScenarioError(f"sector '{unknown[0]}': allowed: {', '.join(sectors)}")
        if self.sectors and values.ndim == 2:
            values = values[:, [sectors.index(each) for each in self.sectors]]
        return float(values.sum())


class World:
    """A scenario in which packages are tried: everything but the measures is fixed.

    Parameters
    ----------
    scenario : Scenario
        Its own measures stay in; those that are tried come on top.
    candidates : sequence of Chosen
        The measures that are tried.
    """

    def __init__(self, scenario: Scenario, candidates: Sequence[Chosen]) -> None:
        self.scenario = scenario
        self.candidates = tuple(candidates)
        own = scenario.programme().chosen
        tried = {each.measure.slug for each in candidates}
        self.fixed = tuple(each for each in own if each.measure.slug not in tried)
        self.programme = Programme((*self.fixed, *self.candidates), scenario.explore)
        bare = replace(scenario, policies=(), technology="trend")
        self.model = model_for(bare).with_programme(self.programme)
        self.sectors = self.model.equations.dimensions["Sector"]
        self.kernel = self.model.program(GOALS)
        self.years = np.arange(FIRST_YEAR, LAST_YEAR + 2)
        assert self.model.parameters is not None
        self.tables = self.model.parameters
        self._bases: dict[bytes, dict[str, Any]] = {}

    def run(self, strengths: Sequence[float]) -> dict[str, Floats]:
        """Run with a strength for each candidate."""
        given = {each.measure.slug: float(s) for each, s in zip(self.candidates, strengths, strict=True)}
        given |= {each.measure.slug: each.value(self.scenario.explore) for each in self.fixed}
        levers = self.programme.levers(self.model.equations, self.tables, self.years, given)
        variables = self.model.equations.variables
        plain = {n: s for n, s in levers.items() if not variables[n].dimensions}
        paths = {n: np.asarray(s.values) for n, s in sorted(plain.items())}
        key = b"".join(n.encode() + path.tobytes() for n, path in paths.items() if path.any())
        if key not in self._bases:
            tables = self.tables.replace({STRENGTH + slug: strength for slug, strength in given.items()})
            model = self.model.with_parameters(tables)
            self._bases[key] = model.inputs(self.kernel.inputs, FIRST_YEAR, LAST_YEAR + 1)
        own = {n: s for n, s in levers.items() if n in self.kernel.inputs}
        inputs = {**self._bases[key], **own}
        return self.kernel.run(inputs, FIRST_YEAR, LAST_YEAR + 1, DEFAULT_STEP, "rk4").saved

    def values(self, mixes: Sequence[Sequence[float]], goals: Sequence[Goal]) -> Floats:
        """Run many mixes; gives the goals, shape (mixes, goals)."""

        def one(mix: Sequence[float]) -> list[float]:
            saved = self.run(mix)
            return [goal.value(saved, self.sectors) for goal in goals]

        # The first run compiles what is not on disk yet; two threads must not do so at once.
        found = [one(mix) for mix in mixes[:1]]
        with ThreadPoolExecutor(processors()) as pool:
            found += pool.map(one, mixes[1:])
        return np.array(found).reshape(len(mixes), len(goals))


def candidates(scenario: Scenario, policies: Sequence[Given], explore: bool) -> tuple[Scenario, tuple[Chosen, ...]]:
    """Give the scenario without measures of its own, and the measures that are tried in it."""
    chosen = replace(scenario, policies=()).changed(policies=policies).policies
    if not chosen:
        raise ScenarioError("no measures to try; remedy: give some, such as policies=['job_agreement', 'pension_age']")
    return replace(scenario, explore=explore or scenario.explore), chosen


def drawn_scenarios(base: Scenario, count: int, seed: int) -> list[Scenario]:
    """Give scenarios with drawn parameters, as the members of an ensemble have them."""
    from krapte_sd.ensemble.sampling import between, read_sampling

    model = model_for(replace(base, policies=(), technology="trend"))
    tables = model.parameters
    assert tables is not None
    names = [n for n in model.equations.inputs if n in tables]
    sampling = read_sampling(tables, names, seed)
    found = []
    for k in range(count):
        changes: dict[str, Any] = {}
        for name, deviation in sampling.deviations(k, 1).items():
            low, value, high = tables.low(name), tables.values(name), tables.high(name)
            drawn = between(low.values, value.values, high.values, deviation)[0]
            changes[name] = value.copy(data=drawn) if value.ndim else float(drawn)
        found.append(base.changed(parameters={**changes, **base.parameters}))
    return found
