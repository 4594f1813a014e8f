"""What each measure of a package contributes, as Shapley values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final

from krapte_sd.errors import ScenarioError
from krapte_sd.packages.worlds import Goal, World, candidates
from krapte_sd.scenarios import Given, Scenario, read_scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["attribute"]

_MOST: Final = 10  # measures whose orders are all run: 1,024 runs


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

    base, chosen = candidates(read_scenario(scenario), policies, explore)
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
