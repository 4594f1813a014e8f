"""What must hold for any parameters in their ranges: accounts, no negative stock, shares, finite; over random draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.analysis.batch import Batch
from krapte_sd.ensemble.sampling import check_members, check_seed
from krapte_sd.errors import ParameterError
from krapte_sd.forecast import LAST_YEAR, model_for
from krapte_sd.simulation import DEFAULT_STEP, LoadedModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "check_invariants"]

Floats = NDArray[np.float64]
COLUMNS: Final = ("invariant", "draws", "failed", "worst", "allowed", "draw", "variable", "ok")
EXACT: Final = 1e-12
NOBODY: Final = 1e-15
"""Share of the largest cell: where everybody has left, a step of the solver may end as far below zero by its error."""
_BLOCK: Final = 16
"""Members that are looked at together: with 35 regions all stocks at every step are 200 megabytes each."""
_SHARES: Final = ("unemployment_rate", "vacancy_rate", "net_participation", "gross_participation")
_SEEN: Final = ("inactive", "population_total", "employed_in_sector", "need_gap", "labour_needed", "desired_labour")
_PEOPLE: Final = {
    "births_to_cohort": 1, "immigration": 1, "domestic_arrivals": 1, "deaths": -1, "emigration": -1,
    "domestic_departures": -1,
}  # fmt: skip
_VACANCIES: Final = {"vacancies_opened": 1, "vacancy_hires": -1, "vacancies_lapsed": -1}
_JOBS: Final = {
    "hires": 1, "separations_in_sector": -1, "layoffs": -1, "exits_in_sector": -1, "retirements_in_sector": -1,
    "deaths_in_sector": -1, "emigration_from_sector": -1, "job_leavers": -1,
}  # fmt: skip


@dataclass
class _Line:
    """The worst that was found of one invariant."""

    name: str
    allowed: float
    worst: float = 0.0
    draw: int = -1
    variable: str = ""
    failed: set[int] = field(default_factory=set)

    def see(self, values: Floats, first: int, variable: str = "") -> None:
        """Take up how far each member of a block is off."""
        bad = np.where(np.isfinite(values), values, np.inf)
        self.failed |= {first + int(k) for k in np.flatnonzero(bad > self.allowed)}
        at = int(bad.argmax())
        if self.draw < 0 or bad[at] > self.worst:
            self.worst, self.draw, self.variable = float(bad[at]) + 0.0, first + at, variable


def check_invariants(
    draws: int = 1000, seed: int = 0, *, regions: str = "nl", until: int = LAST_YEAR, threads: int | None = None
) -> pd.DataFrame:
    """Run random draws of all parameters that have a range, and check what must hold in each.

    Parameters
    ----------
    draws : int
        Number of draws, those of an ensemble with this seed.
    seed : int
        Seed of the draws.
    regions : {"nl", "province", "arbeidsmarktregio"}
        Division of the country.
    until : int
        Last calendar year.
    threads : int, optional
        Threads; default: one for each processor.

    Returns
    -------
    pandas.DataFrame
        One row for each invariant: ``invariant``, ``draws``, ``failed`` (number of draws), ``worst`` (how far the worst
        draw is off), ``allowed``, ``draw`` (the number of the worst), ``variable`` (that is off most), ``ok``. Stocks
        are looked at at every step of the solver and in every cell (region, sector, sex, year of birth); accounts over
        every calendar year, relative to the largest cell.

    Raises
    ------
    ParameterError
        If the number of draws or the seed is not possible.
    SolverError
        If an output is not finite, with the number of the draw.
    """
    import pandas as pd

    problems = [text for text in (check_members(draws), check_seed(seed)) if text]
    if problems:
        raise ParameterError.collect("draws", problems)
    run = _Draws(regions, until, seed)
    lines = run.lines()
    for first in range(0, draws, _BLOCK):
        run.look(lines, first, min(_BLOCK, draws - first), threads)
    rows = [
        (each.name, draws, len(each.failed), each.worst, each.allowed, each.draw, each.variable, not each.failed)
        for each in lines.values()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


class _Draws:
    """The model with all that the invariants need as outputs."""

    def __init__(self, regions: str, until: int, seed: int) -> None:
        from krapte_sd.scenarios import read_scenario

        model: LoadedModel = model_for(read_scenario("baseline"), regions)
        variables = model.equations.variables
        self.stocks = [n for n in model.equations.stocks if variables[n].limits[0] in (None, 0.0)]
        bounded = [n for n, each in variables.items() if each.limits == (0.0, 1.0)]
        self.shares = tuple(dict.fromkeys((*_SHARES, *bounded)))
        save = tuple(dict.fromkeys((*self.stocks, *_SEEN, *self.shares, "filled_posts", "employed_total")))
        flows = tuple(dict.fromkeys((*_PEOPLE, *_VACANCIES, *_JOBS, "direct_hires")))
        self.batch = Batch(model, save, flows, until=until, seed=seed)

    def lines(self) -> dict[str, _Line]:
        """What is checked, by name."""
        told = (
            ("stocks", "stocks below zero, at any step, share of the largest cell", NOBODY),
            ("inactive", "fewer than no inactive people, share of the largest cell", EXACT),
            ("shares", "shares below zero or above one", 0.0),
            ("people", "people of a cohort: births, migration, deaths", EXACT),
            ("statuses", "employed, unemployed and inactive are the population", EXACT),
            ("vacancies", "vacancies: opened, filled, lapsed", EXACT),
            ("jobs", "employed of a sector: hires less those who leave", EXACT),
            ("hires", "hires are booked against vacancies or direct", EXACT),
            ("posts", "posts filled are the employed residents", EXACT),
        )
        return {key: _Line(name, allowed) for key, name, allowed in told}

    def look(self, lines: dict[str, _Line], first: int, count: int, threads: int | None) -> None:
        """Run some draws and take up what is off."""
        result = self.batch.program.run_members(
            self.batch.drawn.inputs,
            self.batch.drawn.draws(self.batch.sampling.deviations(first, count), first),
            *self.batch.years,
            DEFAULT_STEP,
            "rk4",
            DEFAULT_STEP,
            threads=threads,
        )
        per_year = round(1 / DEFAULT_STEP)
        yearly = {name: each[::per_year] for name, each in result.saved.items()}
        for key, name, off in self.off(result.saved, yearly, result.integrals):
            lines[key].see(np.atleast_1d(off), first, name)

    def off(
        self, saved: dict[str, Any], yearly: dict[str, Any], flow: dict[str, Any]
    ) -> Iterator[tuple[str, str, Floats]]:
        """Say how far each member is off: the invariant, the variable, and by how much."""
        for name in self.stocks:
            least, most = _worst(saved[name], np.min), _worst(saved[name], np.max)
            yield "stocks", name, np.where(least < 0.0, -least / np.where(most > 0.0, most, 1.0), 0.0)
        yield (
            "inactive",
            "inactive",
            np.maximum(0.0, -_worst(saved["inactive"], np.min)) / _worst(saved["population"], np.max),
        )
        for name in self.shares:
            yield "shares", name, np.maximum(-_worst(saved[name], np.min), _worst(saved[name], np.max) - 1.0).clip(0.0)
        yield "people", "population", _account(yearly["population"], flow, _PEOPLE)
        # The sectors stand behind the regions.
        parts = saved["employed"].sum(axis=2) + saved["unemployed"] + saved["inactive"]
        yield "statuses", "population", _relative(parts - saved["population"], saved["population"])
        yield "vacancies", "vacancies", _account(yearly["vacancies"], flow, _VACANCIES)
        # People live in one region and work in another: the account of jobs is that of the country.
        country = {name: flow[name].sum(axis=1) for name in _JOBS}
        yield "jobs", "employed_in_sector", _account(yearly["employed_in_sector"].sum(axis=1), country, _JOBS)
        booked = flow["vacancy_hires"] + flow["direct_hires"]
        yield "hires", "hires", _relative(booked - flow["hires"], flow["hires"])
        posts, people = saved["filled_posts"].sum(axis=(1, 2)), saved["employed_total"].sum(axis=1)
        yield "posts", "filled_posts", _relative(posts - people, people)


def _worst(values: Floats, how: Any) -> Floats:
    """Lowest or highest value of each member; members last."""
    return np.asarray(how(values.reshape(-1, values.shape[-1]), axis=0))


def _relative(off: Floats, scale: Floats) -> Floats:
    return np.asarray(_worst(np.abs(off), np.max) / _worst(np.abs(scale), np.max))


def _account(stock: Floats, flow: dict[str, Any], parts: dict[str, int]) -> Floats:
    """How far the yearly change of a stock is from its flows, relative to its largest cell."""
    change = np.diff(stock, axis=0)
    for name, sign in parts.items():
        change -= sign * flow[name]
    return _relative(change, stock)
