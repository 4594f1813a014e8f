"""The runs and the published figures that the lines share, made when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd import forecast
from krapte_sd.errors import ParameterError
from krapte_sd.parameters.division import COUNTRY
from krapte_sd.parameters.observations import Observations, read_observations
from krapte_sd.scenarios import read_scenario
from krapte_sd.simulation import DEFAULT_STEP, LoadedModel

if TYPE_CHECKING:
    import xarray as xr

    from krapte_sd.kernel import Program, Result

__all__ = ["CELL_FLOWS", "FINE_STEP", "Evidence", "run_outputs"]

Floats = NDArray[np.float64]
SCENARIO: Final = "baseline"
FINE_STEP: Final = 1 / 64
"""Years, RK4: the first month is resolved by five steps."""

MIGRATION_SWITCHES: Final = ("labour_migration_switch", "temporary_migration_switch", "housing_limit_switch")
"""Loops through which the labour market acts on net migration; official projections know none of them."""

CELLS: Final = ("population", "employed", "unemployed", "inactive")
CELL_FLOWS: Final = (
    "hires_from_unemployed", "hires_from_inactive", "entry_to_unemployment", "separations", "exits", "retirements",
    "job_moves_in", "job_moves_out",
)  # fmt: skip
"""Gross flows by sex and cohort (and sector), persons a year."""


class Evidence:
    """What the lines are made of; every run is made once.

    Parameters
    ----------
    regions : str
        Division of the country, see `krapte_sd.run`.

    Attributes
    ----------
    observations : Observations
        Published figures.
    model : LoadedModel
        The shipped model with the parameters of the baseline.
    """

    def __init__(self, regions: str = COUNTRY) -> None:
        self.regions = regions
        self._forecasts: dict[str, xr.Dataset] = {}
        self._projections: dict[str, xr.Dataset] = {}

    @cached_property
    def observations(self) -> Observations:
        """Published figures of the labour market."""
        return read_observations()

    @cached_property
    def model(self) -> LoadedModel:
        """The shipped model with the parameters of the baseline."""
        return forecast.model_for(read_scenario(SCENARIO), self.regions)

    def forecast(self, population: str | None = None) -> xr.Dataset:
        """Return the baseline with a population variant; default: the official forecast."""
        key = population or "prognose"
        if key not in self._forecasts:
            self._forecasts[key] = forecast.run(SCENARIO, population=key, regions=self.regions)
        return self._forecasts[key]

    def projection(self, population: str = "prognose") -> xr.Dataset:
        """Return the baseline with the net migration of a population variant: no migrants follow the labour market."""
        if population not in self._projections:
            self._projections[population] = forecast.run(
                SCENARIO, population=population, regions=self.regions, parameters=dict.fromkeys(MIGRATION_SWITCHES, 0.0)
            )
        return self._projections[population]

    def figure(self, name: str, **labels: Any) -> float:
        """Return one published figure out of the parameter tables.

        Parameters
        ----------
        name : str
            Name of the parameter.
        **labels : str or int
            The label of each dimension that the figure has.

        Raises
        ------
        ParameterError
            If there is no such figure, or more than one.
        """
        tables = self.model.parameters
        assert tables is not None
        rows = tables.rows(name)
        for dimension, label in labels.items():
            rows = rows[rows[dimension] == label]
        if len(rows) != 1:
            asked = ", ".join(f"{dimension} {label}" for dimension, label in labels.items())
            raise ParameterError(f"published figure '{name}': found {len(rows)} figures for {asked}; one is wanted")
        return float(rows["value"].iloc[0])

    @cached_property
    def quarters(self) -> Result:
        """Forecast outputs at every quarter of 2024 and 2025, at the step of the forecast."""
        program = self.model.program((*forecast.STATES, *forecast.BY_COHORT), forecast.FLOWS)
        return run_outputs(self.model, program, 2026, DEFAULT_STEP, DEFAULT_STEP)

    @cached_property
    def fine(self) -> Result:
        """Stocks and flows by cell and all forecast outputs over 2024, at every fine step."""
        program = self.model.program((*CELLS, *CELL_FLOWS, "discouragement_rate", *forecast.STATES, *forecast.FLOWS))
        return run_outputs(self.model, program, forecast.FIRST_YEAR + 1, FINE_STEP, FINE_STEP)

    @cached_property
    def ages(self) -> NDArray[np.int64]:
        """Completed age of each cohort on 1 January of the first year; negative: not born yet."""
        born = [int(label[1:]) for label in self.model.equations.dimensions["Cohort"]]
        return forecast.FIRST_YEAR - 1 - np.array(born, dtype=np.int64)

    @property
    def sectors(self) -> tuple[str, ...]:
        """Codes of the sectors, in the order of the arrays."""
        return tuple(self.model.equations.dimensions["Sector"])

    def at(self, name: str, time: float) -> float:
        """Return a national output of `quarters` at one time, such as 2025.5."""
        found = self.quarters
        index = int(np.flatnonzero(found.times == time)[0])
        return float(found.saved[name][index].sum())


def run_outputs(
    model: LoadedModel,
    program: Program,
    stop: int,
    step: float,
    save_step: float,
    params: Mapping[str, float] | None = None,
) -> Result:
    """Run a program with the inputs of a model, some of them set, from the first year to 1 January of `stop`."""
    inputs = model.inputs(program.inputs, forecast.FIRST_YEAR, stop, params)
    return program.run(inputs, forecast.FIRST_YEAR, stop, step, "rk4", save_step)
