"""The runs behind the tables: the baseline, and what it becomes under other closures, values and futures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import krapte_sd as ks
from krapte_sd import forecast
from krapte_sd.scenarios import read_scenario
from krapte_sd.simulation import DEFAULT_STEP, load_model

YEARS = (2030, 2040, 2050)
FIRST = 2024
MORE_MIGRANTS = 20_000.0
"""Persons a year, to see what migration alone does."""
DELAYS = (1.0, 2.0, 5.0, 10.0)
"""Years in which firms come to expect another labour supply; the third is the baseline."""
ROOM = (0.0, 0.5, 1.0)
EARLY = {2025.0: "2024Q4", 2025.5: "2025Q2"}
"""Times after the start for which vacancies per 100 unemployed have been published, and the quarter that ends there."""


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
                "**baseline**: wage growth follows tightness, room 0.5: half of what public need and tasks add beyond "
                "expected supply comes on top",
                self.baseline,
            ),
            self.shortage("room 0: market need follows expected supply, the rest comes on top", self.room[0.0]),
            self.shortage("room 1: need as a whole follows expected supply", self.room[1.0]),
            self.outcome("market need: on its own trend", own),
            self.outcome("market need: on its own trend, wages do not react", {**own, "wage_response": 0.0}),
            self.outcome("wages: do not react", {"wage_response": 0.0}),
            self.outcome("wages: the level follows tightness (proportional)", proportional),
            self.outcome("firms expect another supply within 2 years", {"expectation_time": 2.0}),
            self.outcome("firms expect another supply within 10 years", {"expectation_time": 10.0}),
            self.outcome("firms expect no growth of supply at the start", {"expected_growth_at_start": 0.0}),
            self.outcome("firms expect 1% growth of supply at the start", {"expected_growth_at_start": 0.01}),
        ]

    @cached_property
    def room(self) -> dict[float, Any]:
        """Runs in which the market makes room for nothing and for everything."""
        return {share: ks.run("baseline", parameters={"market_makes_room": share}) for share in (0.0, 1.0)}

    @cached_property
    def divisions(self) -> dict[str, Any]:
        """The baseline by province and by labour-market region."""
        return {name: ks.run("baseline", regions=name) for name in ("province", "arbeidsmarktregio")}

    @cached_property
    def need_like_supply(self) -> Outcome:
        """Need as a whole follows expected supply, and firms expect no growth that they have not seen yet."""
        return self.outcome("", {"market_makes_room": 1.0, "expected_growth_at_start": 0.0})

    def early_tightness(self, share: float | None = None) -> dict[float, float]:
        """Vacancies per 100 unemployed by time in `EARLY`; `share`: for what the market makes room."""
        chosen = read_scenario("baseline").changed(parameters=None if share is None else {"market_makes_room": share})
        model = forecast.model_for(chosen)
        program = model.program((*forecast.STATES, *forecast.BY_COHORT), forecast.FLOWS)
        stop = int(max(EARLY)) + 1
        result = program.run(model.inputs(program.inputs, FIRST, stop), FIRST, stop, DEFAULT_STEP, "rk4", DEFAULT_STEP)
        saved = result.saved["tightness"].reshape(len(result.times), -1).sum(axis=1)
        return {time: float(saved[np.flatnonzero(result.times == time)[0]]) for time in EARLY}

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
            ("labour_per_unit", "labour per home", *self.full_time_years_per_home),
            ("task_volume", "volume of all tasks", "low", "high"),
        )
        out = []
        for name, label, *ends in told:
            for end, words in zip(("low", "high"), ends, strict=True):
                value = getattr(self.parameters, end)(name)
                shown = words or f"{value.item():g}"
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

    @property
    def full_time_years_per_home(self) -> list[str]:
        """Ends of the range of labour per home in full-time years, of which the table holds persons."""
        tables = self.parameters
        persons = [getattr(tables, end)("labour_per_unit").sel(task="homes") for end in ("low", "high")]
        share = tables.values("task_share").sel(task="homes")
        per_fte = float((share * tables.values("hours_per_fte") / tables.values("hours_per_worker")).sum())
        return [f"{float(each) / per_fte:.2g} full-time years" for each in persons]

    @cached_property
    def populations(self) -> list[Outcome]:
        """The population variants, the forecast first."""
        return [self.outcome(name, population=name) for name in ks.populations()["name"]]

    @cached_property
    def populations_by_room(self) -> list[tuple[Outcome, Outcome]]:
        """The same with a market that makes room for nothing and for everything."""
        return [
            tuple(self.outcome(name, {"market_makes_room": share}, population=name) for share in (0.0, 1.0))
            for name in ks.populations()["name"]
        ]

    @cached_property
    def migration(self) -> dict[float, list[float]]:
        """Change of the need gap of the last year by `MORE_MIGRANTS`, by delay of expectations and room in `ROOM`."""
        more = self.parameters.values("net_migration_assumed") + MORE_MIGRANTS
        out = {}
        for delay in DELAYS:
            changed = [{"expectation_time": delay, "market_makes_room": room} for room in ROOM]
            runs = [
                (ks.run("baseline", parameters=c), ks.run("baseline", parameters={**c, "net_migration_assumed": more}))
                for c in changed
            ]
            out[delay] = [total(b, "need_gap", YEARS[-1]) - total(a, "need_gap", YEARS[-1]) for a, b in runs]
        return out

    def spread(self, *groups: list[Outcome]) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest need gap over some groups, by year."""
        gaps = np.array([each.gap for group in groups for each in group])
        return gaps.min(axis=0), gaps.max(axis=0)
