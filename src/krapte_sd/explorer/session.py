"""What the explorer shows, without a browser: levers become a scenario, a scenario a forecast, a forecast a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ScenarioError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["ALL", "SHOWN", "TABLE_YEARS", "Band", "Levers", "Picture", "Session"]

Floats = NDArray[np.float64]

ALL: Final = "all"
"""The region or sector that stands for all of them together."""

SHOWN: Final = {
    "need_gap": "Need gap",
    "structural_shortage": "Structural shortage",
    "suppressed_shortage": "Suppressed shortage",
    "labour_needed": "Labour needed",
    "employed_in_sector": "Employed residents",
    "vacancies": "Vacancies",
}
"""Variables by time, region and sector that may be drawn; all are persons and add up."""

TABLE_YEARS: Final = (2024, 2030, 2040, 2050)
THOUSAND: Final = 1000.0
MEMBERS: Final = 60
QUANTILES: Final = (0.05, 0.95)


@dataclass(frozen=True)
class Levers:
    """Where the levers stand.

    Attributes
    ----------
    scenario : str
        The scenario they start from.
    population : str or None
        Population variant; None: that of the scenario.
    parameters : mapping of str to float
        Parameters that take another value.
    policies : mapping of str to mapping
        Measures by name, each with ``start`` (year) and ``strength`` (low, central or high) where they are changed.
    regions : str
        Division of the country.
    """

    scenario: str = "baseline"
    population: str | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    regions: str = "nl"

    @property
    def moved(self) -> bool:
        """Say whether anything differs from the scenario."""
        return self.population is not None or bool(self.parameters) or bool(self.policies)


@dataclass(frozen=True)
class Picture:
    """What is drawn of a forecast: one variable for one region and sector, thousand persons.

    Attributes
    ----------
    years : numpy.ndarray
        1 Januaries, (time,).
    values : numpy.ndarray
        (time,).
    by_sector : numpy.ndarray
        On 1 January of the chosen year, (sector,).
    """

    years: NDArray[np.int64]
    values: Floats
    by_sector: Floats


@dataclass(frozen=True)
class Band:
    """Lower and upper end of the values of members with drawn parameters, thousand persons, (time,)."""

    low: Floats
    high: Floats


class Session:
    """Runs forecasts for one visitor of the explorer and remembers baselines."""

    def __init__(self) -> None:
        self._baselines: dict[str, xr.Dataset] = {}

    # -- what there is ----------------------------------------------------------------------

    @cached_property
    def populations(self) -> list[str]:
        """Names of the population variants."""
        import krapte_sd

        return [str(name) for name in krapte_sd.populations()["name"]]

    @cached_property
    def measures(self) -> dict[str, dict[str, Any]]:
        """Measures of policy by name: number, title, start, status and caveat, as the table of measures has them."""
        import krapte_sd

        table = krapte_sd.policies()
        return {str(row["name"]): {str(k): v for k, v in row.items()} for row in table.to_dict("records")}

    @cached_property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """Parameters without dimensions that have a range: value, low, high, unit, definition and status."""
        import krapte_sd

        tables = krapte_sd.load_model().parameters
        assert tables is not None
        found: dict[str, dict[str, Any]] = {}
        for name in tables.names:
            each = tables[name]
            if each.meta.dimensions or each.meta.sparse or not float(each.low) < float(each.high):
                continue
            told = {"value": float(each.value), "low": float(each.low), "high": float(each.high)}
            words = {"unit": each.meta.unit, "definition": each.meta.definition}
            (status,) = [known for known, count in tables.status_counts(name).items() if count]
            found[name] = {**told, **words, "status": status}
        return found

    # -- runs -------------------------------------------------------------------------------

    def scenario(self, levers: Levers) -> dict[str, Any]:
        """Give the scenario of the levers in the form of a scenario file."""
        content: dict[str, Any] = {
            "name": "explored",
            "title": "Explored",
            "title_nl": "Verkend",
            "description": f"'{levers.scenario}' with levers of the explorer.",
            "extends": levers.scenario,
        }
        if levers.population is not None:
            content["population"] = levers.population
        if levers.parameters:
            content["parameters"] = dict(levers.parameters)
        if levers.policies:
            content["policies"] = [{"measure": name, **dict(told)} for name, told in levers.policies.items()]
        return content

    def yaml(self, levers: Levers) -> str:
        """Give the scenario of the levers as the text of a scenario file, for `krapte-sd run`."""
        import yaml

        return str(yaml.safe_dump(self.scenario(levers), sort_keys=False, allow_unicode=True, width=100))

    def forecast(self, levers: Levers) -> xr.Dataset:
        """Run the scenario of the levers.

        Raises
        ------
        KrapteError
            If a lever is where it cannot be.
        """
        import krapte_sd

        if not levers.moved:
            return self.baseline(levers)
        return krapte_sd.run(self.scenario(levers), regions=levers.regions, by_age=False)

    def baseline(self, levers: Levers) -> xr.Dataset:
        """Run the scenario that the levers start from, once for each division."""
        import krapte_sd

        key = f"{levers.scenario}/{levers.regions}"
        if key not in self._baselines:
            self._baselines[key] = krapte_sd.run(levers.scenario, regions=levers.regions, by_age=False)
        return self._baselines[key]

    def band(self, levers: Levers, variable: str, region: str, sector: str, members: int = MEMBERS) -> Band:
        """Run members with drawn parameters and give the range in which nine of ten lie."""
        import krapte_sd

        ds = krapte_sd.run(
            self.scenario(levers), regions=levers.regions, by_age=False, members=members, seed=0, full=True
        )
        values = _selected(ds, variable, region, sector).values / THOUSAND
        low, high = np.quantile(values, QUANTILES, axis=0)
        return Band(low, high)

    # -- what is shown ----------------------------------------------------------------------

    def picture(self, ds: xr.Dataset, variable: str, region: str, sector: str, year: int) -> Picture:
        """Take out of a forecast what is drawn.

        Raises
        ------
        ScenarioError
            If there is no such variable, region, sector or year.
        """
        line = _selected(ds, variable, region, sector)
        years = np.asarray(ds["time"].dt.year.values, dtype=np.int64)
        if year not in years:
            raise ScenarioError(f"year {year}: not in the forecast; allowed: {years[0]} to {years[-1]}")
        bars = _region(ds[variable], region).isel(time=int(np.flatnonzero(years == year)[0]))
        return Picture(years, line.values / THOUSAND, bars.values / THOUSAND)

    def table(self, ds: xr.Dataset, base: xr.Dataset, region: str, sector: str) -> list[dict[str, Any]]:
        """Give figures of some years beside those of the baseline, thousand persons."""
        rows = []
        places = [int(year) - int(ds["time"].dt.year[0]) for year in TABLE_YEARS]
        for variable, label in SHOWN.items():
            now, then = (_selected(each, variable, region, sector).values / THOUSAND for each in (ds, base))
            row: dict[str, Any] = {"what": label}
            for year, at in zip(TABLE_YEARS, places, strict=True):
                row |= {str(year): float(now[at]), f"{year} change": float(now[at] - then[at])}
            rows.append(row)
        return rows


def _region(values: xr.DataArray, region: str) -> xr.DataArray:
    if region == ALL:
        return values.sum("region")
    codes = [str(each) for each in values["region"].values]
    if region not in codes:
        raise ScenarioError(f"region '{region[:40]}': not in the forecast; allowed: all, {', '.join(codes)}")
    return values.sel(region=region)


def _selected(ds: xr.Dataset, variable: str, region: str, sector: str) -> xr.DataArray:
    """Give one variable for a region and a sector, or all of them together: (time,), with members (member, time)."""
    if variable not in SHOWN:
        raise ScenarioError(f"variable '{variable[:40]}': not shown here; allowed: {', '.join(SHOWN)}")
    values = _region(ds[variable], region)
    if sector == ALL:
        return values.sum("sector")
    codes = [str(each) for each in values["sector"].values]
    if sector not in codes:
        raise ScenarioError(f"sector '{sector[:40]}': not in the forecast; allowed: all, {', '.join(codes)}")
    return values.sel(sector=sector)
