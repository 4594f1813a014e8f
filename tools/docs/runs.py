"""The runs behind the tables: the baseline, and what it becomes under other closures, values and futures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import krapte_sd as ks
from krapte_sd.simulation import load_model

YEARS = (2030, 2040, 2050)
BISECTIONS = 30


@dataclass(frozen=True)
class Outcome:
    """The shortage of one run on 1 January of the years in `YEARS`, persons; wages as log over trend."""

    label: str
    structural: tuple[float, ...]
    suppressed: tuple[float, ...]
    wage: float
    """In the last year."""
    vacancies: float
    """In the last year."""

    @property
    def gap(self) -> tuple[float, ...]:
        """Need gap."""
        return tuple(a + b for a, b in zip(self.structural, self.suppressed, strict=True))


def total(ds: Any, name: str, year: int) -> float:
    """Sum a variable over regions and sectors on 1 January of a year."""
    return float(ds[name].sel(time=f"{year}-01-01").sum())


class Runs:
    """Runs with the shipped model and parameters; each is made once, when it is first asked for."""

    def __init__(self) -> None:
        parameters = load_model().parameters
        assert parameters is not None  # the shipped model always has its tables
        self.parameters = parameters

    @cached_property
    def baseline(self) -> Any:
        """The baseline."""
        return ks.run("baseline")

    def outcome(
        self, label: str, parameters: Mapping[str, Any] | None = None, population: str | None = None
    ) -> Outcome:
        """Run with some parameters or another population and keep the shortage."""
        return self.shortage(label, ks.run("baseline", parameters=parameters, population=population))

    @staticmethod
    def shortage(label: str, ds: Any) -> Outcome:
        """Read the shortage out of a forecast."""
        parts = [tuple(total(ds, f"{part}_shortage", y) for y in YEARS) for part in ("structural", "suppressed")]
        last = YEARS[-1]
        return Outcome(label, *parts, total(ds, "mean_wage_pressure", last), total(ds, "vacancies", last))

    @cached_property
    def closures(self) -> list[Outcome]:
        """How wages and market need react: the structure of the model, not a value in it."""
        proportional = {"wage_response": 0.0333, "wage_fading_rate": 0.667}
        own = {"expected_supply_weight": 0.0}
        return [
            self.shortage(
                "**baseline**: wage growth follows tightness, market need follows expected supply", self.baseline
            ),
            self.outcome("wages: do not react", {"wage_response": 0.0}),
            self.outcome("wages: the level follows tightness (proportional)", proportional),
            self.outcome("market need: on its own trend", own),
            self.outcome("market need: on its own trend, wages do not react", {**own, "wage_response": 0.0}),
            self.outcome(
                "market need: what public services and tasks leave of expected supply", self.leftover_parameters
            ),
            self.outcome("firms expect another supply within 2 years", {"expectation_time": 2.0}),
            self.outcome("firms expect another supply within 10 years", {"expectation_time": 10.0}),
            self.outcome("firms expect no growth of supply at the start", {"expected_growth_at_start": 0.0}),
            self.outcome("firms expect 1% growth of supply at the start", {"expected_growth_at_start": 0.01}),
        ]

    @cached_property
    def leftover_parameters(self) -> dict[str, Any]:
        """Market trend lowered by a common term until all need together follows expected supply to 2050.

        The baseline lets market need follow expected supply and puts the growth of public services and tasks on top.
        Here they take their part of that supply. No such switch exists in the model; a common term in the trend of
        output does the same.
        """
        trend = self.parameters.values("trend_output_growth")
        last, first = YEARS[-1], 2024
        supply = total(self.baseline, "expected_labour_supply", last) / total(
            self.baseline, "expected_labour_supply", first
        )
        wanted = total(self.baseline, "labour_needed", first) * supply
        low, high = -0.05, 0.05
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            parameters = {"expected_supply_weight": 0.0, "trend_output_growth": trend + middle}
            if total(ks.run("baseline", parameters=parameters), "labour_needed", last) > wanted:
                high = middle
            else:
                low = middle
        return {"expected_supply_weight": 0.0, "trend_output_growth": trend + (low + high) / 2}

    @cached_property
    def ranges(self) -> list[Outcome]:
        """The low and the high end of single parameters, all sections at once."""
        told = (
            ("reference_tightness", "reference tightness", "0, the slack years", "as at the start"),
            ("normal_duration", "normal duration of a vacancy", "low", "high"),
            ("wage_response", "wage response", "", ""),
            ("wage_elasticity_of_demand", "wage elasticity of demand", "low", "high"),
            ("wage_attraction", "wage attraction", "", ""),
            ("participation_elasticity", "participation elasticity", "", ""),
            ("labour_per_unit", "labour per home", "", ""),
            ("task_volume", "volume of all tasks", "low", "high"),
        )
        out = []
        for name, label, *ends in told:
            for end, words in zip(("low", "high"), ends, strict=True):
                value = getattr(self.parameters, end)(name)
                shown = words
                if not shown:
                    shown = f"{value.sel(task='homes').item() if 'task' in value.dims else value.item():g}"
                out.append(self.outcome(f"{label}: {shown}", {name: value if value.dims else value.item()}))
        for growth in (0.0, 0.003, 0.006):
            value = self.parameters.values("residual_service_growth").copy()
            value.loc[{"sector": "Q"}] = growth
            out.append(
                self.outcome(
                    f"growth of care beyond ageing: {100 * growth:g}% a year", {"residual_service_growth": value}
                )
            )
        return out

    @cached_property
    def populations(self) -> list[Outcome]:
        """The population variants, the forecast first."""
        return [self.outcome(name, population=name) for name in ks.populations()["name"]]

    def spread(self, *groups: list[Outcome]) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest need gap over some groups, by year."""
        gaps = np.array([each.gap for group in groups for each in group])
        return gaps.min(axis=0), gaps.max(axis=0)
