"""Finding packages: the smallest or cheapest that closes a share, those between two goals, and the robust one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from krapte_sd.errors import ScenarioError, nearest
from krapte_sd.packages.worlds import Floats, Goal, World, candidates, drawn_scenarios
from krapte_sd.scenarios import Chosen, Given, Scenario, populations, read_scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Package", "find_package", "front", "robust_package"]

_ROUNDS: Final = 10
_CLOSE: Final = 0.002


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
    return candidates(scenario, policies, explore)


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
