"""Where the change of the shortage comes from: each driver frozen in all combinations, its share after Shapley."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.analysis.demography import People, held, target
from krapte_sd.analysis.knockout import YEARS, check_years
from krapte_sd.errors import ParameterError, nearest
from krapte_sd.forecast import FIRST_YEAR, LAST_YEAR, model_for
from krapte_sd.kernel import Program, Series, compile_model
from krapte_sd.parameters.inputs import AOW_AGE
from krapte_sd.simulation import DEFAULT_STEP, LoadedModel

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["DRIVERS", "REST", "Driver", "decompose", "shapley"]

Floats = NDArray[np.float64]
_SAVE: Final = ("need_gap", "labour_needed", "population")


@dataclass(frozen=True)
class Driver:
    """Something that moves the shortage, and how a run goes without it.

    Attributes
    ----------
    name, label, label_nl : str
        Its name, and what to call it.
    frozen : str
        What a run without it is.
    zero : tuple of str
        Inputs that are zero in such a run.
    population, aow : bool
        It changes the population, or the state pension age, and with it many inputs.
    """

    name: str
    label: str
    label_nl: str
    frozen: str
    zero: tuple[str, ...] = ()
    population: bool = False
    aow: bool = False


DRIVERS: Final = (
    Driver(
        *("ageing", "Ageing", "Vergrijzing"),
        "the age structure of the start, with the total as forecast",
        population=True,
    ),
    Driver(
        *("population_growth", "Births and deaths", "Geboorte en sterfte"),
        "as many births as deaths in total, with the age structure as forecast",
        population=True,
    ),
    Driver(
        *("migration", "Migration", "Migratie"),
        "as many immigrants as emigrants in each year, and no answer of migrants to tightness and wages",
        zero=("net_migration_assumed", "labour_migration_switch", "temporary_migration_switch"),
        population=True,
    ),
    Driver(
        *("participation", "Participation and pension age", "Participatie en AOW-leeftijd"),
        "the state pension age of the start, and no answer of entry and retirement to wages",
        zero=("participation_switch", "later_retirement_switch"),
        aow=True,
    ),
    Driver(
        *("hours", "Hours", "Uren"),
        "no answer of hours per worker to wages, nor to a shortage of childcare and care",
        zero=("hours_switch", "childcare_switch", "family_care_switch"),
    ),
    Driver(
        *("tasks", "Tasks (homes, climate, grid, defence)", "Opgaven (wonen, klimaat, net, defensie)"),
        "the labour for the tasks stays as it was at the start, and no work that slips comes back",
        zero=("labour_per_unit", "backlog_switch"),
    ),
    Driver(
        *("trend_demand", "Trend demand", "Trendmatige vraag"),
        "no growth of output and of the use of public services at each age",
        zero=("trend_output_growth", "residual_service_growth"),
    ),
    Driver(
        *("productivity", "Productivity", "Productiviteit"),
        "no growth of output per worker, in the market and in the tasks",
        zero=("trend_productivity_growth", "labour_saving_in_tasks", "productivity_switch"),
    ),
    Driver(
        *("automation", "Automation", "Automatisering"),
        "automation on its trend path, which trend productivity holds: no answer to wages",
        zero=("automation_switch",),
    ),
    Driver(
        *("offshoring", "Offshoring", "Werk naar het buitenland"),
        "offshoring on its trend path: no answer to wages",
        zero=("offshoring_switch",),
    ),
    Driver(
        *("expectations", "Firms catch up with supply", "Bedrijven halen het aanbod in"),
        "firms expect the labour supply there is at the start",
        zero=("expected_growth_at_start",),
    ),
)
REST: Final = "under_way"
"""What changes with all drivers frozen: adjustments under way at the start."""


def shapley(values: Floats, causes: int) -> Floats:
    """Share a change among its causes.

    Parameters
    ----------
    values : array of float, shape (2, ..., 2, others)
        Outcome for each combination of causes, one axis of two for each: 0 without, 1 with the cause.
    causes : int
        Number of causes, so of those axes.

    Returns
    -------
    array of float, shape (causes, others)
        What each cause adds, averaged over all orders in which causes can be added. They add up to the outcome with
        all causes less that with none.

    Notes
    -----
    Shapley, L.S. (1953), A value for n-person games; as a way to decompose any change exactly: Shorrocks, A.F. (2013),
    Decomposition procedures for distributional analysis, Journal of Economic Inequality 11, 99-126.

    Examples
    --------
    >>> import numpy as np
    >>> shapley(np.array([[0.0, 1.0], [2.0, 6.0]]), 2)
    array([3.5, 2.5])
    """
    parts = []
    for cause in range(causes):
        gain = np.take(values, 1, axis=cause) - np.take(values, 0, axis=cause)
        part = np.zeros(gain.shape[causes - 1 :])
        for others in itertools.product((0, 1), repeat=causes - 1):
            size = sum(others)
            part += gain[others] * (math.factorial(size) * math.factorial(causes - 1 - size) / math.factorial(causes))
        parts.append(part)
    return np.stack(parts)


def decompose(
    scenario: str = "baseline",
    *,
    drivers: Sequence[str] | None = None,
    years: Sequence[int] = YEARS,
    population: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Decompose the change of the need gap since the start into what drives it.

    Parameters
    ----------
    scenario : str
        A name out of `scenarios`.
    drivers : sequence of str, optional
        Names out of `DRIVERS`; default: all. The time doubles with each.
    years : sequence of int
        Years of which 1 January is given.
    population, parameters : optional
        As for `run`.

    Returns
    -------
    xarray.Dataset
        By ``driver``, ``time`` and ``sector``, in persons: ``need_gap``, ``labour_needed`` and ``filled_posts``, the
        part of their change since the start that the driver brings about. The parts add up to the whole change (to
        rounding); the last, ``under_way``, is what changes with all drivers frozen: wages answer to the tightness of
        the start. ``whole`` (by time and sector) is the change of the need gap itself. Contributions to the gap are
        those to the need less those to the posts filled.

    Raises
    ------
    ParameterError
        If there is no such driver, or a year is not in the run.

    Notes
    -----
    Every combination of drivers is run with the others frozen, wages and all loops at work, and the share of a driver
    is its Shapley value: what it adds, averaged over all orders in which the drivers can be added (Shapley 1953;
    Shorrocks 2013). Ageing and births and deaths are frozen by a population held at another structure or total, see
    `krapte_sd.analysis.demography`.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> ds = ks.decompose(drivers=["tasks", "hours"], years=[2030])
    >>> bool(abs(ds["need_gap"].sum("driver") - ds["whole"]).max() < 1e-6)
    True
    """
    from krapte_sd.scenarios import read_scenario

    wanted = check_years(years)
    chosen = _chosen(drivers)
    model = model_for(read_scenario(scenario).changed(population=population, parameters=parameters))
    found = _Runs(model, max(wanted), chosen).values()
    at = [year - FIRST_YEAR for year in wanted]
    parts = {name: shapley(each[..., at, :], len(chosen)) for name, each in found.items()}
    none, whole = (0,) * len(chosen), (1,) * len(chosen)
    data = {}
    for name, each in found.items():
        start = each[whole][0]
        data[name] = np.concatenate([parts[name], (each[none][at] - start)[None]])
    return _dataset(model, chosen, wanted, data, found["need_gap"][whole], scenario)


def _chosen(names: Sequence[str] | None) -> tuple[Driver, ...]:
    known = {each.name: each for each in DRIVERS}
    wanted = tuple(known) if names is None else tuple(dict.fromkeys(names))
    wrong = [f"'{each}' is no driver{nearest(each, known)}" for each in wanted if each not in known]
    if not wanted:
        wrong.append("none is given")
    if wrong:
        raise ParameterError.collect("drivers", [*wrong, f"allowed: {', '.join(known)}"])
    return tuple(known[name] for name in known if name in wanted)


class _Runs:
    """All combinations of drivers frozen or not."""

    def __init__(self, model: LoadedModel, last: int, drivers: Sequence[Driver]) -> None:
        self.model = model
        self.drivers = drivers
        self.years = (FIRST_YEAR, min(max(last, FIRST_YEAR + 1), LAST_YEAR + 1))
        self.inner = [each for each in drivers if not each.population and not each.aow]
        # Those of all drivers, so that one kernel does for any choice of them.
        ways = (each.zero for each in DRIVERS if not each.population and not each.aow)
        different = tuple(dict.fromkeys(name for zero in ways for name in zero))
        self.program: Program = compile_model(model.equations, _SAVE, ("net_migration",), different)
        self.base = self._inputs({})

    def _inputs(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        tables = self.model.parameters
        assert tables is not None
        return self.model.with_parameters(tables.replace(changes)).inputs(self.program.inputs, *self.years)

    def values(self) -> dict[str, Floats]:
        """Outcomes by combination, shape (2, ..., 2, times, sectors), in the order of the drivers."""
        outer = [each for each in self.drivers if each.population or each.aow]
        names = [each.name for each in (*outer, *self.inner)]
        found: dict[str, list[Floats]] = {"need_gap": [], "labour_needed": []}
        populations: dict[tuple[bool, ...], dict[str, Any]] = {}
        for state in itertools.product((False, True), repeat=len(outer)):
            on = dict(zip((each.name for each in outer), state, strict=True))
            inputs = self._state(on, populations)
            ran = self._members(inputs)
            for name, each in found.items():
                each.append(ran[name])
        stacked = {
            name: np.stack(each).reshape(*(2,) * len(names), *each[0].shape[-2:]) for name, each in found.items()
        }
        order = [names.index(each.name) for each in self.drivers]
        axes = (*order, len(names), len(names) + 1)
        done = {name: each.transpose(axes) for name, each in stacked.items()}
        done["filled_posts"] = done["labour_needed"] - done["need_gap"]
        return done

    def _members(self, inputs: Mapping[str, Any]) -> dict[str, Floats]:
        """Run all combinations of the drivers that differ between members; shape (2, ..., 2, times, sectors)."""
        combinations = list(itertools.product((0.0, 1.0), repeat=len(self.inner)))
        draws: dict[str, Floats] = {}
        for position, driver in enumerate(self.inner):
            on = np.array([each[position] for each in combinations])
            for name in driver.zero:
                value = np.asarray(inputs[name], np.float64)
                draws[name] = on.reshape(-1, *(1,) * value.ndim) * value
        if not draws:
            one = self.program.run(inputs, *self.years, DEFAULT_STEP, "rk4").saved
            return {name: one[name].sum(axis=1) for name in ("need_gap", "labour_needed")}
        result = self.program.run_members(inputs, draws, *self.years, DEFAULT_STEP, "rk4", chunk=128)
        shape = (2,) * len(self.inner)
        found = {}
        for name in ("need_gap", "labour_needed"):
            by_sector = np.moveaxis(result.saved[name].sum(axis=1), -1, 0)
            found[name] = by_sector.reshape(*shape, *by_sector.shape[1:])
        return found

    def _state(self, on: Mapping[str, bool], populations: dict[tuple[bool, ...], dict[str, Any]]) -> dict[str, Any]:
        """Inputs with some of the drivers frozen that change whole tables."""
        key = tuple(on.get(each.name, True) for each in DRIVERS if each.population)
        if key not in populations:
            populations[key] = self._population(*key)
        inputs = dict(populations[key])
        for each in DRIVERS:
            if each.aow and not on.get(each.name, True):
                inputs |= self._pension_age() | _zeros(inputs, each.zero)
        return inputs

    def _pension_age(self) -> dict[str, Any]:
        """Inputs that follow the state pension age, with that of the start throughout."""
        tables = self.model.parameters
        assert tables is not None
        path = tables.values(AOW_AGE)
        frozen = self._inputs({AOW_AGE: path * 0.0 + float(path.sel(year=FIRST_YEAR))})
        follow = [n for n in frozen if n in tables and (n == AOW_AGE or tables[n].meta.follows_aow)]
        return {name: frozen[name] for name in follow}

    def _population(self, ageing: bool, growth: bool, migration: bool) -> dict[str, Any]:
        """Inputs with the population of some combination."""
        inputs = dict(self.base)
        if not migration:
            inputs |= _zeros(inputs, [n for each in DRIVERS if each.name == "migration" for n in each.zero])
        if ageing and growth:
            return inputs

        def wanted(people: People) -> Floats:
            total = people.total if growth else people.total[0] + people.migrated
            return target(people, total, ageing=ageing)

        return held(inputs, self._people, wanted)

    def _people(self, inputs: Mapping[str, Any]) -> People:
        result = self.program.run(inputs, *self.years, DEFAULT_STEP, "rk4")
        born = np.array([int(label[1:]) for label in self.model.equations.dimensions["Cohort"]])
        years = np.arange(self.years[0], self.years[1] + 1)
        migrated = np.concatenate([[0.0], np.cumsum(result.integrals["net_migration"].sum(axis=1))])
        return People(years, born, result.saved["population"].sum(axis=1), migrated)


def _zeros(inputs: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Give some inputs with zero in every place."""
    found: dict[str, Any] = {}
    for name in names:
        given = inputs[name]
        found[name] = (
            Series(given.years, np.zeros_like(given.values)) if isinstance(given, Series) else np.zeros_like(given)
        )
    return found


def _dataset(
    model: LoadedModel,
    drivers: Sequence[Driver],
    years: Sequence[int],
    parts: Mapping[str, Floats],
    path: Floats,
    scenario: str,
) -> xr.Dataset:
    """Put labels on the parts; `path` is the need gap of the run itself by year and section."""
    import pandas as pd
    import xarray as xr

    what = {"need_gap": "need gap", "labour_needed": "labour needed", "filled_posts": "filled posts"}
    data: dict[str, Any] = {}
    for name, each in parts.items():
        attrs = {"units": "person", "long_name": f"part of the change of the {what[name]} since the start"}
        data[name] = (("driver", "time", "sector"), each, attrs)
    whole = path[[year - FIRST_YEAR for year in years]] - path[0]
    attrs = {"units": "person", "long_name": "change of the need gap since the start"}
    data["whole"] = (("time", "sector"), whole, attrs)
    rest = (REST, "Under way at the start", "Al gaande aan het begin", "all drivers asked for frozen")
    rows = [*((each.name, each.label, each.label_nl, each.frozen) for each in drivers), rest]
    names, labels, labels_nl, frozen = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    coords: dict[str, Any] = {
        "driver": ("driver", names),
        "driver_name": ("driver", labels),
        "driver_name_nl": ("driver", labels_nl),
        "frozen": ("driver", frozen, {"long_name": "what a run without the driver is"}),
        "time": ("time", pd.to_datetime([f"{year}-01-01" for year in years])),
        "sector": ("sector", list(model.equations.dimensions["Sector"])),
    }
    attrs = {
        "title": f"Change of the need gap since the start by driver: {scenario}",
        "method": "Shapley value over runs with each combination of drivers frozen (Shapley 1953, Shorrocks 2013)",
    }
    return xr.Dataset(data, coords, attrs)
