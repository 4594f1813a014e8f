"""Packages of measures: what each contributes, what they have in common, and the smallest that reaches a target.

The joint effect of a package is always that of one run, never a sum of single runs. Contributions are Shapley values
(Shapley 1953): the mean over all orders of what a measure adds to those before it. Mixes are found by mixed-integer
linear programming (`scipy.optimize.milp`) on the effects of single measures, which are corrected by runs of the mix
itself until the mix does what it should.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ScenarioError, nearest
from krapte_sd.forecast import FIRST_YEAR, LAST_YEAR, model_for
from krapte_sd.kernel.stream import processors
from krapte_sd.scenarios import Chosen, Given, Programme, Scenario, populations, read_scenario
from krapte_sd.scenarios.levers import STRENGTH
from krapte_sd.simulation import DEFAULT_STEP

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Goal", "Package", "World", "attribute", "drawn_scenarios", "find_package", "front", "robust_package"]

Floats = NDArray[np.float64]

GOALS: Final = ("need_gap", "structural_shortage", "need_gap_in_fte", "need_gap_in_hours", "population_total",
                "employed_total", "unemployed_total")  # fmt: skip
_MOST: Final = 10  # measures whose orders are all run: 1,024 runs
_ROUNDS: Final = 10
_CLOSE: Final = 0.002


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


def _candidates(scenario: Scenario, policies: Sequence[Given], explore: bool) -> tuple[Scenario, tuple[Chosen, ...]]:
    chosen = replace(scenario, policies=()).changed(policies=policies).policies
    if not chosen:
        raise ScenarioError("no measures to try; remedy: give some, such as policies=['job_agreement', 'pension_age']")
    return replace(scenario, explore=explore or scenario.explore), chosen


def attribute(
    policies: Sequence[Given],
    scenario: Given | Scenario = "baseline",
    *,
    variable: str = "need_gap",
    year: int = 2040,
    sectors: Sequence[str] = (),
    explore: bool = False,
) -> pd.DataFrame:
    """Say what each measure of a package contributes.

    Parameters
    ----------
    policies : sequence of str or mapping
        The package, as for `krapte_sd.run`.
    scenario : str or mapping
        What it is added to.
    variable, year, sectors
        What is attributed, see `Goal`.
    explore : bool
        Use the exploratory ranges of measures whose effect is unknown.

    Returns
    -------
    pandas.DataFrame
        One row a measure: id, name, status, ``alone`` (change of the variable if it stands alone), ``last`` (if it
        comes after all others) and ``contribution`` (Shapley value); then the rows ``overlap`` (what the single
        effects have too much: package minus their sum) and ``package`` (one run). Contributions add up to the package;
        ``alone`` and overlap do as well. ``reference`` in the attributes is the variable without the package.

    Raises
    ------
    ScenarioError
        If a measure does not exist, or more than ten have an effect.
    """
    import pandas as pd

    base, chosen = _candidates(read_scenario(scenario), policies, explore)
    goal = Goal(variable, year, tuple(sectors))
    world = World(base, chosen)
    full = [each.value(base.explore) for each in chosen]
    active = [k for k, each in enumerate(chosen) if full[k] and each.measure.effects]
    if len(active) > _MOST:
        raise ScenarioError(
            f"attribute: {len(active)} measures with an effect; allowed: at most {_MOST}, whose {2**_MOST} subsets are "
            "run; remedy: attribute parts of the package"
        )
    subsets = [subset for size in range(len(active) + 1) for subset in combinations(active, size)]
    mixes = [[full[k] if k in subset else 0.0 for k in range(len(chosen))] for subset in subsets]
    found = dict(zip(subsets, world.values(mixes, [goal])[:, 0].tolist(), strict=True))
    whole, nothing = tuple(active), found[()]
    rows: list[tuple[str, str, str, float, float, float]] = []
    for k, each in enumerate(chosen):
        alone = last = share = 0.0
        if k in active:
            alone = found[(k,)] - nothing
            last = found[whole] - found[tuple(j for j in whole if j != k)]
            share = _shapley(k, active, found)
        own = each.measure
        rows.append((own.id, own.slug, own.status, alone, last, share))
    total = found[whole] - nothing
    overlap = total - sum(row[3] for row in rows)
    rows += [("", "overlap", "", overlap, math.nan, math.nan), ("", "package", "", total, math.nan, total)]
    table = pd.DataFrame(rows, columns=["id", "name", "status", "alone", "last", "contribution"])
    table.attrs = {"reference": nothing, "variable": variable, "year": year, "runs": len(subsets)}
    return table


def _shapley(k: int, active: Sequence[int], found: Mapping[tuple[int, ...], float]) -> float:
    """Mean over all orders of what one measure adds to those before it."""
    others = [j for j in active if j != k]
    total = 0.0
    for size in range(len(others) + 1):
        weight = 1 / ((len(others) + 1) * math.comb(len(others), size))
        for subset in combinations(others, size):
            total += weight * (found[tuple(sorted((*subset, k)))] - found[subset])
    return total


@dataclass(frozen=True)
class Package:
    """A mix of measures that was found.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns id, name, strength, share_of_cap, cost, status for each measure in it.
    reference, reached, wanted : float
        The goal without the package, with it (one run), and what was asked for.
    feasible : bool
        Whether what was asked for is reached.
    notes : tuple of str
        What limits it.
    policies : list of dict
        The package in the form that `krapte_sd.run` takes.
    """

    table: pd.DataFrame
    reference: float
    reached: float
    wanted: float
    feasible: bool
    notes: tuple[str, ...] = ()
    policies: list[dict[str, Any]] = field(default_factory=list)


class _Mix:
    """A mixed-integer programme: which measures, how strong, at most so many, within the capacity of the bodies.

    Variables are the share of the cap of each measure (0 to 1) and whether it is in the package (0 or 1).
    """

    def __init__(self, world: World, size: int | None, fixed: Sequence[float] | None = None) -> None:
        self.world = world
        self.caps = np.array(
            [each.measure.cap if each.strength is None else each.strength for each in world.candidates]
        )
        self.count = len(self.caps)
        self.size = self.count if size is None else size
        capacity = float(world.tables.values("implementing_capacity"))
        treated = np.array([each.measure.treated for each in world.candidates]) * self.caps
        more = [sum(e.effect for e in each.measure.effects if e.lever == "lever_implementing_capacity")
                for each in world.candidates]  # fmt: skip
        self.load = treated - np.array(more) * self.caps
        self.capacity = capacity
        self.fixed = fixed

    def solve(self, objective: Floats, rows: Sequence[tuple[Floats, float]], extra: int = 0) -> Floats | None:
        """Minimise; `rows` are (coefficients of the shares and extra variables, lower bound)."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        n = self.count
        width = 2 * n + extra
        constraints = []
        for coefficients, least in rows:
            row = np.zeros(width)
            row[:n] = coefficients[:n]
            row[2 * n :] = coefficients[n:]
            constraints.append(LinearConstraint(row, least, np.inf))
        load = np.concatenate([self.load, np.zeros(n + extra)])
        constraints.append(LinearConstraint(load, -np.inf, self.capacity))
        count = np.concatenate([np.zeros(n), np.ones(n), np.zeros(extra)])
        constraints.append(LinearConstraint(count, -np.inf, self.size))
        inside = np.hstack([np.eye(n), -np.eye(n), np.zeros((n, extra))])
        constraints.append(LinearConstraint(inside, -np.inf, 0))
        upper = np.concatenate([np.ones(2 * n), np.full(extra, np.inf)])
        lower = np.concatenate([np.zeros(2 * n), np.full(extra, -np.inf)])
        whole = np.concatenate([np.zeros(n), np.ones(n), np.zeros(extra)])
        found = milp(objective, constraints=constraints, bounds=Bounds(lower, upper), integrality=whole)
        return np.asarray(found.x) if found.success else None

    def strengths(self, shares: Floats) -> list[float]:
        """Give the strengths of a mix."""
        return [float(each) for each in np.where(shares[: self.count] > 1e-9, shares[: self.count], 0.0) * self.caps]


def _effects(world: World, goals: Sequence[Goal]) -> tuple[Floats, Floats]:
    """Give the goals without a measure, and the change by each measure alone at its cap, shape (measures, goals)."""
    caps = [each.measure.cap if each.strength is None else each.strength for each in world.candidates]
    mixes = [[0.0] * len(caps)] + [[c if j == k else 0.0 for j, c in enumerate(caps)] for k in range(len(caps))]
    found = world.values(mixes, goals)
    return found[0], found[1:] - found[0]


def _useful(scenario: Scenario, policies: Sequence[Given] | None, explore: bool) -> tuple[Scenario, tuple[Chosen, ...]]:
    """Give the measures that may be in a mix: those asked for, or all with a known effect (exploring: any effect)."""
    from krapte_sd.scenarios.policies import measures

    if policies is None:
        known = [m for m in measures().values() if m.effects and m.deck and (explore or m.effect_known)]
        policies = [each.slug for each in known]
    return _candidates(scenario, policies, explore)


def _costs(world: World, costs: Mapping[str, float] | None) -> Floats:
    """Cost at the cap, million euros a year; refuses measures without one."""
    own = {each.measure.slug: each.measure.cost for each in world.candidates}
    given = dict(costs or {})
    unknown = [f"'{name}' is no measure of the mix{nearest(name, own)}" for name in given if name not in own]
    none = [name for name, cost in own.items() if name not in given and cost is None]
    if none:
        unknown.append(f"no cost is known for {', '.join(none)}; remedy: give costs={{name: million euros a year}}")
    if unknown:
        raise ScenarioError.collect("cheapest package", unknown)
    return np.array([given.get(name, own[name]) for name in own], np.float64)


def find_package(
    close: float,
    *,
    year: int = 2040,
    variable: str = "structural_shortage",
    sectors: Sequence[str] = (),
    policies: Sequence[Given] | None = None,
    by: str = "size",
    costs: Mapping[str, float] | None = None,
    most: int | None = None,
    explore: bool = False,
    scenario: Given | Scenario = "baseline",
) -> Package:
    """Find the smallest or cheapest package that closes a share of the shortage.

    Parameters
    ----------
    close : float
        Share to close, above 0 to 1.
    year, variable, sectors
        Of which number, see `Goal`.
    policies : sequence, optional
        Measures that may be in it, up to their cap (or the strength given); default: all with a known effect.
    by : {"size", "cost"}
        Fewest measures (and of those the weakest), or least cost.
    costs : mapping of str to float, optional
        Million euros a year at the cap, for `by` "cost"; default: those of the measures.
    most : int, optional
        At most so many measures.
    explore : bool
        Also measures of unknown effect, within their exploratory range.
    scenario : str or mapping
        What it is added to.

    Returns
    -------
    Package
        With `feasible` False, the package that comes nearest.

    Raises
    ------
    ScenarioError
        If what is asked for has no meaning.
    """
    if not 0 < close <= 1:
        raise ScenarioError(f"close={close!r}: allowed: a share above 0 and up to 1, such as 0.5")
    if by not in ("size", "cost"):
        raise ScenarioError(f"by='{by}': allowed: size, cost{nearest(str(by), ['size', 'cost'])}")
    base, chosen = _useful(read_scenario(scenario), policies, explore)
    world, goal = World(base, chosen), Goal(variable, year, tuple(sectors))
    before, single = _effects(world, [goal])
    reference, gain = float(before[0]), -single[:, 0]
    wanted = reference * (1 - close)
    mix = _Mix(world, most)
    n = mix.count
    price = np.full(n, 1e-3) if by == "size" else _costs(world, costs)
    objective = np.concatenate([price, np.ones(n) if by == "size" else np.full(n, 1e-6)])
    shares, reached = _settled(mix, objective, gain, goal, (reference, wanted))
    return _package(world, mix, shares, goal, (reference, reached, wanted))


def _settled(
    mix: _Mix, objective: Floats, gain: Floats, goal: Goal, numbers: tuple[float, float]
) -> tuple[Floats, float]:
    """Solve, run what was found, correct the effects by what the run gives, until the mix does what it should."""
    (reference, wanted), n = numbers, mix.count
    most = np.concatenate([-gain, np.full(n, 1e-9)])
    ratio, found = 1.0, []
    for _ in range(_ROUNDS):
        shares = mix.solve(objective, [(gain * ratio, reference - wanted)])
        out_of_reach = shares is None
        if shares is None:
            shares = mix.solve(most, [])
        assert shares is not None  # nothing at all is always a mix
        reached = float(mix.world.values([mix.strengths(shares)], [goal])[0, 0])
        found.append((max(reached - wanted - _CLOSE * abs(reference), 0.0), float(objective @ shares), reached, shares))
        expected = float(gain @ shares[:n])
        if expected <= 0 or abs(reached - wanted) <= _CLOSE * abs(reference) or (out_of_reach and reached > wanted):
            break
        ratio = (reference - reached) / expected
    best = min(found, key=lambda each: each[:2])
    return best[3], best[2]


def _package(world: World, mix: _Mix, shares: Floats, goal: Goal, numbers: tuple[float, float, float]) -> Package:
    import pandas as pd

    reference, reached, wanted = numbers
    strengths = mix.strengths(shares)
    rows, notes, given = [], [], []
    for k, each in enumerate(world.candidates):
        own = each.measure
        if strengths[k] == 0:
            continue
        cost = math.nan if own.cost is None else own.cost
        rows.append((own.id, own.slug, strengths[k], strengths[k] / own.cap, cost, own.status))
        given.append({"measure": own.slug, "strength": strengths[k]})
        if shares[k] > 1 - 1e-6:
            notes.append(f"{own.slug} stands at its cap ({own.pool})")
        if own.status == "unknown":
            notes.append(f"{own.slug} has no proven effect; the strength is exploratory")
    load = float(mix.load @ shares[: mix.count])
    if load > 0.99 * mix.capacity:
        notes.append("the capacity of the implementing bodies is used up")
    feasible = reached <= wanted + 2 * _CLOSE * abs(reference)
    if not feasible:
        what = f"no mix within caps and capacity closes more than {1 - reached / reference:.0%}"
        notes.append(f"{what} of {goal.variable} in {goal.year}")
    table = pd.DataFrame(rows, columns=["id", "name", "strength", "share_of_cap", "cost", "status"])
    return Package(table, reference, reached, wanted, feasible, tuple(notes), given)


def front(
    first: Goal,
    second: Goal,
    *,
    points: int = 7,
    policies: Sequence[Given] | None = None,
    most: int | None = None,
    explore: bool = False,
    scenario: Given | Scenario = "baseline",
) -> pd.DataFrame:
    """Find the packages between two goals: as little as possible of the second for each level of the first.

    Parameters
    ----------
    first, second : Goal
        Both to be kept low, such as the need gap and the population.
    points : int
        Levels of the first goal, from no measure to the most that can be done.
    policies, most, explore, scenario
        As for `find_package`.

    Returns
    -------
    pandas.DataFrame
        Columns first, second (both from runs), size, measures; without points that another one beats on both.
    """
    import pandas as pd

    base, chosen = _useful(read_scenario(scenario), policies, explore)
    world, mix = World(base, chosen), None
    before, single = _effects(world, [first, second])
    mix = _Mix(world, most)
    n = mix.count
    furthest = mix.solve(np.concatenate([single[:, 0], np.full(n, 1e-9)]), [])
    assert furthest is not None  # nothing at all is always a mix
    most_gain = float(-single[:, 0] @ furthest[:n])
    found = []
    for level in np.linspace(0, most_gain * (1 - 1e-9), points):
        shares = mix.solve(np.concatenate([single[:, 1], np.full(n, 1e-6)]), [(-single[:, 0], level)])
        if shares is not None:
            found.append(mix.strengths(shares))
    values = world.values(found, [first, second])
    rows = []
    for strengths, (one, other) in zip(found, values.tolist(), strict=True):
        beaten = (
            (values[:, 0] <= one) & (values[:, 1] <= other) & ((values[:, 0] < one) | (values[:, 1] < other))
        ).any()
        names = [each.measure.slug for each, s in zip(chosen, strengths, strict=True) if s]
        if not beaten:
            rows.append((one, other, len(names), ", ".join(names)))
    table = pd.DataFrame(rows, columns=["first", "second", "size", "measures"]).drop_duplicates()
    table.attrs = {"first": f"{first.variable} {first.year}", "second": f"{second.variable} {second.year}",
                   "reference": before.tolist()}  # fmt: skip
    return table


def robust_package(
    most: int,
    *,
    year: int = 2040,
    variable: str = "need_gap",
    sectors: Sequence[str] = (),
    policies: Sequence[Given] | None = None,
    draws: int = 8,
    seed: int = 0,
    explore: bool = False,
    scenario: Given | Scenario = "baseline",
) -> tuple[Package, pd.DataFrame]:
    """Find the package whose largest regret over possible worlds is smallest.

    The regret in a world is what the best package for that world would have closed more. Worlds are the eight
    population variants and draws of all parameters, as members of an ensemble have them.

    Parameters
    ----------
    most : int
        At most so many measures.
    year, variable, sectors, policies, explore, scenario
        As for `find_package`.
    draws, seed : int
        Draws of parameters, and their seed.

    Returns
    -------
    Package
        The package; `reached` and `reference` are those of the scenario itself.
    pandas.DataFrame
        Columns world, reference, best, reached, regret: each from a run of the package in that world.
    """
    import pandas as pd

    base, chosen = _useful(read_scenario(scenario), policies, explore)
    goal = Goal(variable, year, tuple(sectors))
    worlds = {
        f"population {name}": World(replace(base, population=str(name)), chosen) for name in populations()["name"]
    }
    for k, drawn in enumerate(drawn_scenarios(base, draws, seed)):
        worlds[f"draw {k}"] = World(drawn, chosen)
    single = {name: _effects(world, [goal]) for name, world in worlds.items()}
    mixes = {name: _Mix(world, most) for name, world in worlds.items()}
    n = len(chosen)
    best, rows, tried = {}, [], {}
    for name, mix in mixes.items():
        gain = -single[name][1][:, 0]
        shares = mix.solve(np.concatenate([-gain, np.full(n, 1e-9)]), [])
        assert shares is not None  # nothing at all is always a mix
        tried[name] = mix.strengths(shares)
        best[name] = float(gain @ shares[:n])
        rows.append((np.concatenate([gain, [1.0]]), best[name]))
    mix = mixes[f"population {base.population}"]
    objective = np.concatenate([np.full(n, 1e-9), np.full(n, 1e-9), [1.0]])
    shares = mix.solve(objective, rows, extra=1)
    assert shares is not None  # any mix has a regret
    strengths = mix.strengths(shares)
    lines = []
    for name, world in worlds.items():
        ideal, got = world.values([tried[name], strengths], [goal])[:, 0]
        reference = float(single[name][0][0])
        top = float(min(ideal, got))
        lines.append((name, reference, top, float(got), float(got) - top))
    table = pd.DataFrame(lines, columns=["world", "reference", "best", "reached", "regret"])
    own = table[table["world"] == f"population {base.population}"].iloc[0]
    numbers = (float(own["reference"]), float(own["reached"]), float(own["best"]))
    return _package(worlds[f"population {base.population}"], mix, shares, goal, numbers), table


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
